//! hcl-edit's tree → our own, smaller one.

use std::ops::Range;

use hcl_edit::expr::{
    self, BinaryOperator as HclBinary, Expression as Hcl, ObjectKey, Traversal, TraversalOperator,
    UnaryOperator as HclUnary,
};
use hcl_edit::template::{Element, Interpolation};
use hcl_edit::{Decorated, Formatted, Ident, Number as HclNumber, Span as _};

use super::MAX_DEPTH;
use super::placement::Placement;
use crate::model::diagnostic::{Diagnostic, Span};
use crate::model::expression::{BinaryOperator, Expression, For, Node, Step, UnaryOperator};
use crate::model::number::Number;
use crate::model::value::Value;

/// The name that stands for the element in a loop that a splat within a splat becomes; nobody can write it.
const ELEMENT: &str = "[*]";

/// Turns one parsed text into an expression, knowing where the text stands.
pub(super) struct Lowering<'p> {
    placement: &'p Placement,
}

type Lowered = Result<Expression, Diagnostic>;

impl<'p> Lowering<'p> {
    pub(super) fn new(placement: &'p Placement) -> Self {
        Self { placement }
    }

    fn place(&self, range: Option<Range<usize>>) -> Span {
        range.map_or(self.placement.whole(), |range| self.placement.span(range))
    }

    fn refuse(&self, code: &'static str, summary: &str, detail: &str, range: Option<Range<usize>>) -> Diagnostic {
        Diagnostic::error(code, summary, detail).at(Some(self.place(range)))
    }

    fn check_depth(&self, depth: usize, range: Option<Range<usize>>) -> Result<(), Diagnostic> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        let detail = format!("an expression may be nested {MAX_DEPTH} levels deep");
        let help = "give the inner parts names of their own in [locals]";
        Err(self.refuse("expression-too-deep", "an expression is nested too deeply", &detail, range).help(help))
    }

    pub(super) fn template<'t>(
        &self,
        elements: impl Iterator<Item = &'t Element>,
        depth: usize,
        whole: Span,
    ) -> Lowered {
        self.check_depth(depth, None)?;
        let elements: Vec<&Element> = elements.collect();
        if let [Element::Interpolation(interpolation)] = elements[..] {
            return self.expression(&interpolation.expr, depth);
        }
        let part = |element: &&Element| match element {
            Element::Literal(text) => Ok(Expression::literal(Value::string(text.as_str()))),
            Element::Interpolation(interpolation) => self.expression(&interpolation.expr, depth + 1),
            Element::Directive(_) => Err(self.directive(element)),
        };
        let mut parts: Vec<Expression> = elements.iter().map(part).collect::<Result<_, _>>()?;
        strip(&elements, &mut parts);
        let text = |part: &Expression| matches!(&part.node, Node::Literal(Value::String(_)));
        match parts.len() {
            0 => Ok(Expression::literal(Value::string("")).at(whole)),
            1 if text(&parts[0]) => Ok(parts.remove(0).at(whole)),
            _ => Ok(Expression::new(Node::Template(parts)).at(whole)),
        }
    }

    fn directive(&self, element: &Element) -> Diagnostic {
        let detail = "`%{` directives are not part of this language";
        self.refuse("template-directive", "a template directive is not supported", detail, element.span())
            .help("use `${condition ? a : b}` or `${join(\"\", [for x in list : x])}`; write `%%{` for a literal `%{`")
    }

    pub(super) fn expression(&self, hcl: &Hcl, depth: usize) -> Lowered {
        self.check_depth(depth, hcl.span())?;
        let node = match hcl {
            Hcl::Parenthesis(inner) => return self.expression(inner.inner(), depth),
            Hcl::Traversal(traversal) => return self.traversal(traversal, depth),
            Hcl::StringTemplate(parts) => return self.template(parts.iter(), depth, self.place(hcl.span())),
            Hcl::HeredocTemplate(doc) => return self.template(doc.template.iter(), depth, self.place(hcl.span())),
            Hcl::Null(_) => Node::Literal(Value::Null),
            Hcl::Bool(value) => Node::Literal(Value::Bool(*value.value())),
            Hcl::Number(number) => Node::Literal(Value::Number(self.number(number)?)),
            Hcl::String(text) => Node::Literal(Value::string(text.as_str())),
            Hcl::Variable(name) => Node::Name(name.as_str().to_owned()),
            Hcl::Array(items) => Node::List(self.all(items.iter(), depth + 1)?),
            Hcl::Object(object) => self.object(object, depth + 1)?,
            Hcl::Conditional(parts) => self.conditional(parts, depth + 1)?,
            Hcl::FuncCall(call) => self.call(call, depth + 1)?,
            Hcl::UnaryOp(operation) => self.unary(operation, depth + 1)?,
            Hcl::BinaryOp(operation) => self.binary(operation, depth + 1)?,
            Hcl::ForExpr(loops) => self.for_expression(loops, depth + 1)?,
        };
        Ok(Expression::new(node).at(self.place(hcl.span())))
    }

    fn boxed(&self, hcl: &Hcl, depth: usize) -> Result<Box<Expression>, Diagnostic> {
        self.expression(hcl, depth).map(Box::new)
    }

    fn all<'h>(&self, items: impl Iterator<Item = &'h Hcl>, depth: usize) -> Result<Vec<Expression>, Diagnostic> {
        items.map(|item| self.expression(item, depth)).collect()
    }

    /// The number as it was written; hcl-edit itself rounds.
    fn number(&self, number: &Formatted<HclNumber>) -> Result<Number, Diagnostic> {
        let written = number.as_repr().map_or_else(|| number.value().to_string(), |text| text.to_string());
        let text: String = written.chars().filter(|c| !c.is_whitespace()).collect();
        text.parse().map_err(|error: crate::model::number::NumberError| {
            self.refuse("invalid-number", "a number cannot be read", &error.to_string(), number.span())
        })
    }

    fn object(&self, object: &expr::Object, depth: usize) -> Result<Node, Diagnostic> {
        let entry = |(key, value): (&ObjectKey, &expr::ObjectValue)| {
            let key = match key {
                ObjectKey::Ident(name) => Expression::literal(Value::string(name.as_str())).at(self.place(name.span())),
                ObjectKey::Expression(key) => self.expression(key, depth)?,
            };
            Ok((key, self.expression(value.expr(), depth)?))
        };
        object.iter().map(entry).collect::<Result<_, _>>().map(Node::Object)
    }

    fn conditional(&self, parts: &expr::Conditional, depth: usize) -> Result<Node, Diagnostic> {
        let condition = self.boxed(&parts.cond_expr, depth)?;
        Ok(Node::Conditional(condition, self.boxed(&parts.true_expr, depth)?, self.boxed(&parts.false_expr, depth)?))
    }

    fn call(&self, call: &expr::FuncCall, depth: usize) -> Result<Node, Diagnostic> {
        if call.name.is_namespaced() {
            let detail = "functions of providers (`name::name`) do not exist here";
            return Err(self.refuse("unknown-function", "there is no such function", detail, call.name.name.span()));
        }
        let arguments = self.all(call.args.iter(), depth)?;
        Ok(Node::Call { name: call.name.name.as_str().to_owned(), arguments, spread: call.args.expand_final() })
    }

    fn unary(&self, operation: &expr::UnaryOp, depth: usize) -> Result<Node, Diagnostic> {
        let operator = match operation.operator.value() {
            HclUnary::Not => UnaryOperator::Not,
            HclUnary::Neg => UnaryOperator::Negate,
        };
        Ok(Node::Unary(operator, self.boxed(&operation.expr, depth)?))
    }

    fn binary(&self, operation: &expr::BinaryOp, depth: usize) -> Result<Node, Diagnostic> {
        let (left, right) = (self.boxed(&operation.lhs_expr, depth)?, self.boxed(&operation.rhs_expr, depth)?);
        Ok(Node::Binary(left, binary_operator(*operation.operator.value()), right))
    }

    fn for_expression(&self, hcl: &expr::ForExpr, depth: usize) -> Result<Node, Diagnostic> {
        let name = |ident: &Decorated<Ident>| ident.as_str().to_owned();
        Ok(Node::For(Box::new(For {
            key_name: hcl.intro.key_var.as_ref().map(name),
            value_name: name(&hcl.intro.value_var),
            collection: self.expression(&hcl.intro.collection_expr, depth)?,
            key: hcl.key_expr.as_ref().map(|key| self.expression(key, depth)).transpose()?,
            value: self.expression(&hcl.value_expr, depth)?,
            condition: hcl.cond.as_ref().map(|cond| self.expression(&cond.expr, depth)).transpose()?,
            grouping: hcl.grouping,
        })))
    }

    fn traversal(&self, traversal: &Traversal, depth: usize) -> Lowered {
        let operators = &traversal.operators;
        self.check_depth(depth + operators.len() * 2, traversal.span())?;
        let root = self.expression(&traversal.expr, depth + operators.len())?;
        self.steps(root, operators, depth, self.place(traversal.expr.span()))
    }

    /// Applies traversal operators from left to right; a splat takes those that belong to it along.
    fn steps(
        &self,
        mut of: Expression,
        operators: &[Decorated<TraversalOperator>],
        depth: usize,
        start: Span,
    ) -> Lowered {
        let mut rest = operators.iter().enumerate();
        while let Some((at, operator)) = rest.next() {
            let end = self.place(operator.span());
            let span = Span { end: end.end.max(start.end), ..start };
            let depth = depth + operators.len() - at;
            let node = match operator.value() {
                TraversalOperator::GetAttr(name) => Node::Attribute(Box::new(of), name.as_str().to_owned()),
                TraversalOperator::LegacyIndex(index) => {
                    let index = Expression::literal(Value::number(*index.value())).at(end);
                    Node::Index(Box::new(of), Box::new(index))
                }
                TraversalOperator::Index(index) => Node::Index(Box::new(of), self.boxed(index, depth)?),
                TraversalOperator::AttrSplat(_) => {
                    let (steps, taken) = attribute_steps(&operators[at + 1..]);
                    rest.by_ref().take(taken).for_each(|_| {});
                    Node::Splat(Box::new(of), steps)
                }
                TraversalOperator::FullSplat(_) => {
                    return self.full_splat(of, &operators[at + 1..], depth, span);
                }
            };
            of = Expression::new(node).at(span);
        }
        Ok(of)
    }

    /// `of[*]` and everything after it; a further splat in there turns it into a loop.
    fn full_splat(&self, of: Expression, after: &[Decorated<TraversalOperator>], depth: usize, span: Span) -> Lowered {
        let is_splat = |operator: &TraversalOperator| {
            matches!(operator, TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_))
        };
        if !after.iter().any(|operator| is_splat(operator.value())) {
            let steps = after.iter().map(|operator| self.step(operator.value(), depth)).collect::<Result<_, _>>()?;
            let end = after.last().map_or(span, |operator| self.place(operator.span()));
            let span = Span { end: end.end.max(span.end), ..span };
            return Ok(Expression::new(Node::Splat(Box::new(of), steps)).at(span));
        }
        let element = Expression::new(Node::Name(ELEMENT.to_owned())).at(span);
        let value = self.steps(element, after, depth, span)?;
        let collection = Expression::new(Node::Splat(Box::new(of), Vec::new())).at(span);
        let value_name = ELEMENT.to_owned();
        let each = For { key_name: None, value_name, collection, key: None, value, condition: None, grouping: false };
        Ok(Expression::new(Node::For(Box::new(each))).at(span))
    }

    fn step(&self, operator: &TraversalOperator, depth: usize) -> Result<Step, Diagnostic> {
        Ok(match operator {
            TraversalOperator::GetAttr(name) => Step::Attribute(name.as_str().to_owned()),
            TraversalOperator::Index(index) => Step::Index(self.expression(index, depth)?),
            TraversalOperator::LegacyIndex(index) => Step::Index(Expression::literal(Value::number(*index.value()))),
            // The caller has looked: there is no further splat.
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => Step::Attribute(String::new()),
        })
    }
}

/// The attribute accesses directly after `.*`, which belong to it, and how many they are.
fn attribute_steps(after: &[Decorated<TraversalOperator>]) -> (Vec<Step>, usize) {
    let name = |operator: &Decorated<TraversalOperator>| match operator.value() {
        TraversalOperator::GetAttr(name) => Some(Step::Attribute(name.as_str().to_owned())),
        _ => None,
    };
    let steps: Vec<Step> = after.iter().map_while(name).collect();
    let taken = steps.len();
    (steps, taken)
}

fn binary_operator(hcl: HclBinary) -> BinaryOperator {
    match hcl {
        HclBinary::Eq => BinaryOperator::Equal,
        HclBinary::NotEq => BinaryOperator::NotEqual,
        HclBinary::LessEq => BinaryOperator::LessOrEqual,
        HclBinary::GreaterEq => BinaryOperator::GreaterOrEqual,
        HclBinary::Less => BinaryOperator::Less,
        HclBinary::Greater => BinaryOperator::Greater,
        HclBinary::Plus => BinaryOperator::Add,
        HclBinary::Minus => BinaryOperator::Subtract,
        HclBinary::Mul => BinaryOperator::Multiply,
        HclBinary::Div => BinaryOperator::Divide,
        HclBinary::Mod => BinaryOperator::Modulo,
        HclBinary::And => BinaryOperator::And,
        HclBinary::Or => BinaryOperator::Or,
    }
}

/// `${~` and `~}` take the white space of the neighbouring text away.
fn strip(elements: &[&Element], parts: &mut [Expression]) {
    let mut trim = |at: usize, trimmed: fn(&str) -> &str| {
        let (Some(Element::Literal(_)), Some(part)) = (elements.get(at), parts.get_mut(at)) else { return };
        if let Node::Literal(Value::String(text)) = &mut part.node {
            *text = trimmed(text).to_owned();
        }
    };
    for (at, element) in elements.iter().enumerate() {
        let Element::Interpolation(Interpolation { strip, .. }) = element else { continue };
        if strip.strip_start() && at > 0 {
            trim(at - 1, str::trim_end);
        }
        if strip.strip_end() {
            trim(at + 1, str::trim_start);
        }
    }
}
