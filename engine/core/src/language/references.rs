//! What an expression refers to, without evaluating it: the edges of the graph.

use crate::model::diagnostic::Span;
use crate::model::expression::{Expression, For, Node, Step};
use crate::model::path::Segment;
use crate::model::value::Value;

/// A traversal: a root name and the steps after it that are plain to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The root: `var`, `local`, a kind, `module` …
    pub root: String,
    /// The static steps after it; they end where an index is computed.
    pub steps: Vec<Segment>,
    /// Where it is written.
    pub span: Option<Span>,
}

/// Every reference of an expression, names bound by `for` left out, in order.
pub fn references(expression: &Expression) -> Vec<Reference> {
    let mut collector = Collector { bound: Vec::new(), found: Vec::new() };
    collector.visit(expression);
    collector.found
}

struct Collector<'a> {
    bound: Vec<&'a str>,
    found: Vec<Reference>,
}

impl<'a> Collector<'a> {
    fn visit(&mut self, expression: &'a Expression) {
        match &expression.node {
            Node::Literal(_) | Node::Origin(_) => {}
            Node::Name(_) | Node::Attribute(..) | Node::Index(..) => self.traversal(expression),
            Node::Splat(of, steps) => {
                self.visit(of);
                steps.iter().for_each(|step| self.step(step));
            }
            Node::Template(parts) | Node::List(parts) => parts.iter().for_each(|part| self.visit(part)),
            Node::Object(entries) => entries.iter().for_each(|(key, value)| {
                self.visit(key);
                self.visit(value);
            }),
            Node::Unary(_, of) => self.visit(of),
            Node::Binary(left, _, right) => [left, right].into_iter().for_each(|part| self.visit(part)),
            Node::Conditional(condition, then, otherwise) => {
                [condition, then, otherwise].into_iter().for_each(|part| self.visit(part));
            }
            Node::Call { arguments, .. } => arguments.iter().for_each(|argument| self.visit(argument)),
            Node::For(form) => self.form(form),
        }
    }

    fn step(&mut self, step: &'a Step) {
        if let Step::Index(index) = step {
            self.visit(index);
        }
    }

    fn form(&mut self, form: &'a For) {
        self.visit(&form.collection);
        let outside = self.bound.len();
        self.bound.extend(form.key_name.as_deref());
        self.bound.push(&form.value_name);
        let parts = form.key.iter().chain([&form.value]).chain(&form.condition);
        parts.for_each(|part| self.visit(part));
        self.bound.truncate(outside);
    }

    /// Walks down to the root, visiting computed indices on the way; steps beyond a computed one are not static.
    fn traversal(&mut self, expression: &'a Expression) {
        let (mut at, mut steps) = (expression, Vec::new());
        loop {
            match &at.node {
                Node::Attribute(of, name) => {
                    steps.push(Segment::Key(name.clone()));
                    at = of;
                }
                Node::Index(of, index) => {
                    match literal_step(index) {
                        Some(step) => steps.push(step),
                        None => {
                            steps.clear();
                            self.visit(index);
                        }
                    }
                    at = of;
                }
                Node::Name(name) if self.bound.contains(&name.as_str()) => return,
                Node::Name(name) => {
                    steps.reverse();
                    self.found.push(Reference { root: name.clone(), steps, span: expression.span().or(at.span()) });
                    return;
                }
                _ => return self.visit(at),
            }
        }
    }
}

/// An index that is written out.
pub fn literal_step(index: &Expression) -> Option<Segment> {
    match &index.node {
        Node::Literal(Value::String(key)) => Some(Segment::Key(key.clone())),
        Node::Literal(Value::Number(number)) => number.as_usize().map(Segment::Index),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::parse_expression::parse_bare;
    use crate::language::parse_expression::placement::Placement;
    use crate::model::path::Path;

    fn found(text: &str) -> Vec<String> {
        let expression = parse_bare(text, &Placement::linear(0, 0, text.len() as u32)).unwrap();
        let written = |reference: Reference| format!("{} {}", reference.root, Path(reference.steps));
        references(&expression).into_iter().map(written).collect()
    }

    #[test]
    fn references_are_found_wherever_they_stand() {
        assert_eq!(found("a_b.c.d[0].e + f(g.h)"), ["a_b c.d[0].e", "g h"]);
        assert_eq!(found("a.b[var.k].c"), ["var k", "a b"]);
        assert_eq!(found("a.b[*].c"), ["a b"]);
        assert_eq!(found("x.y ? local.a : \"${local.b}\""), ["x y", "local a", "local b"]);
    }

    #[test]
    fn names_bound_by_for_are_no_references() {
        assert_eq!(found("[for k, v in local.m : \"${k}${v.x}${var.y}\" if v.ok]"), ["local m", "var y"]);
        assert_eq!(found("[for v in v.list : v]"), ["v list"]);
    }
}
