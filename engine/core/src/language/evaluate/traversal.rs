//! Names, attributes, indices and splats.

use std::borrow::Cow;

use super::halt::{Halt, all};
use super::residual::{origins, type_of};
use super::{Evaluator, Outcome, secret};
use crate::language::scope::Lookup;
use crate::model::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::model::expression::{Expression, Node, Step};
use crate::model::path::Segment;
use crate::model::types::Type;
use crate::model::value::{Partial, Value};

/// One step into a value, with its index evaluated, and where it is written.
struct Link {
    step: LinkStep,
    span: Option<Span>,
}

enum LinkStep {
    Attribute(String),
    Index(Partial),
}

/// What a step into a value leads to.
enum Child<'v> {
    /// A part of the value.
    Part(&'v Partial),
    /// What had to be made: a part of a secret.
    Made(Partial),
    /// Not known yet.
    Open,
}

impl Link {
    /// The step as a path segment, when it is known and no secret.
    fn segment(&self) -> Option<Segment> {
        match &self.step {
            LinkStep::Attribute(name) => Some(Segment::Key(name.clone())),
            LinkStep::Index(Value::String(key)) => Some(Segment::Key(key.clone())),
            LinkStep::Index(Value::Number(index)) => index.as_usize().map(Segment::Index),
            LinkStep::Index(_) => None,
        }
    }

    fn node(&self, of: Expression) -> Node {
        match &self.step {
            LinkStep::Attribute(name) => Node::Attribute(Box::new(of), name.clone()),
            LinkStep::Index(index) => Node::Index(Box::new(of), Box::new(Expression::from_partial(index))),
        }
    }
}

impl Evaluator<'_> {
    /// A name and everything that is looked up in what it leads to.
    pub(super) fn traversal(&mut self, expression: &Expression) -> Outcome {
        let mut chain = Vec::new();
        let mut base = expression;
        while let Node::Attribute(of, _) | Node::Index(of, _) = &base.node {
            chain.push(base);
            base = of;
        }
        let links = all(chain.iter().rev().map(|link| self.link(link)))?;
        let Node::Name(name) = &base.node else {
            let value = self.evaluate(base)?;
            return self.walk(Cow::Owned(value), &links);
        };
        if let Some((_, value)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            // Cloned as late as possible: only what the steps lead to is needed.
            let (value, walked) = descend(Cow::Borrowed(value), &links)?;
            let value = value.into_owned();
            return self.walk(Cow::Owned(value), &links[walked..]);
        }
        self.lookup(name, base.span(), &links)
    }

    fn link(&mut self, expression: &Expression) -> Result<Link, Halt> {
        let after = |of: &Expression| {
            let (whole, of) = (expression.span()?, of.span());
            let start = of.map_or(whole.start, |of| of.end.clamp(whole.start, whole.end));
            Some(Span { start, ..whole })
        };
        match &expression.node {
            Node::Attribute(of, name) => Ok(Link { step: LinkStep::Attribute(name.clone()), span: after(of) }),
            Node::Index(of, index) => Ok(Link { step: LinkStep::Index(self.evaluate(index)?), span: after(of) }),
            _ => Ok(Link { step: LinkStep::Index(Value::Null), span: expression.span() }),
        }
    }

    fn lookup(&mut self, root: &str, span: Option<Span>, links: &[Link]) -> Outcome {
        let steps: Vec<Segment> = links.iter().map_while(Link::segment).collect();
        let scope = self.scope;
        match scope.lookup(root, &steps) {
            Lookup::Found { value, consumed } => {
                let rest = &links[consumed.min(links.len())..];
                let (value, walked) = descend(value, rest)?;
                self.walk(Cow::Owned(value.into_owned()), &rest[walked..])
            }
            Lookup::Missing { detail, candidates } => {
                let whole = links.iter().take(steps.len()).filter_map(|link| link.span).next_back();
                let span = span.map(|span| Span { end: whole.map_or(span.end, |last| last.end), ..span });
                Err(missing(&detail, root, &steps, &candidates, span))
            }
        }
    }

    /// Takes steps into a value; what is not known yet leaves a hole.
    fn walk(&mut self, value: Cow<'_, Partial>, links: &[Link]) -> Outcome {
        let (value, walked) = descend(value, links)?;
        let Some(link) = links.get(walked) else { return Ok(value.into_owned()) };
        let node = link.node(Expression::from_partial(&value));
        let index = match &link.step {
            LinkStep::Index(index) => Some(index),
            LinkStep::Attribute(_) => None,
        };
        let origins = origins([value.as_ref()].into_iter().chain(index));
        let opened = self.hole(node, part_type(&type_of(&value), &link.step), String::new(), origins, link.span)?;
        self.walk(Cow::Owned(opened), &links[walked + 1..])
    }

    /// `of[*].a.b`
    pub(super) fn splat(&mut self, of: &Expression, steps: &[Step], span: Option<Span>) -> Outcome {
        let value = self.evaluate(of)?;
        let links = all(steps.iter().map(|step| match step {
            Step::Attribute(name) => Ok(Link { step: LinkStep::Attribute(name.clone()), span }),
            Step::Index(index) => Ok(Link { step: LinkStep::Index(self.evaluate(index)?), span: index.span() }),
        }))?;
        self.splat_value(value, &links, span)
    }

    fn splat_value(&mut self, value: Partial, links: &[Link], span: Option<Span>) -> Outcome {
        match value {
            Value::Null => Ok(Value::List(Vec::new())),
            Value::List(items) => {
                self.budget.spend(items.len(), span)?;
                let items = all(items.iter().map(|item| self.walk(Cow::Borrowed(item), links)))?;
                self.budget.measured(Value::List(items), span)
            }
            Value::Secret(hidden) => {
                let inner = self.splat_value(hidden.expose().clone(), links, span).map_err(Halt::withheld)?;
                if inner.holes().is_empty() {
                    Ok(secret(&inner))
                } else {
                    self.open_splat(&Value::Secret(hidden), links, span)
                }
            }
            Value::Hole(_) => self.open_splat(&value, links, span),
            single => Ok(Value::List(vec![self.walk(Cow::Owned(single), links)?])),
        }
    }

    fn open_splat(&mut self, value: &Partial, links: &[Link], span: Option<Span>) -> Outcome {
        let step = |link: &Link| match &link.step {
            LinkStep::Attribute(name) => Step::Attribute(name.clone()),
            LinkStep::Index(index) => Step::Index(Expression::from_partial(index)),
        };
        let node = Node::Splat(Box::new(Expression::from_partial(value)), links.iter().map(step).collect());
        let indices = links.iter().filter_map(|link| match &link.step {
            LinkStep::Index(index) => Some(index),
            LinkStep::Attribute(_) => None,
        });
        let origins = origins([value].into_iter().chain(indices));
        self.hole(node, Type::list(Type::Any), String::new(), origins, span)
    }
}

/// Takes as many steps as are known; answers with what they lead to and how many they were.
fn descend<'v>(mut value: Cow<'v, Partial>, links: &[Link]) -> Result<(Cow<'v, Partial>, usize), Halt> {
    for (at, link) in links.iter().enumerate() {
        let next = match &value {
            Cow::Borrowed(value) => child(value, link)?.map(Cow::Borrowed, Cow::Owned),
            Cow::Owned(value) => child(value, link)?.map(|part| Cow::Owned(part.clone()), Cow::Owned),
        };
        match next {
            Some(next) => value = next,
            None => return Ok((value, at)),
        }
    }
    Ok((value, links.len()))
}

impl<'v> Child<'v> {
    fn map<T>(self, part: impl FnOnce(&'v Partial) -> T, made: impl FnOnce(Partial) -> T) -> Option<T> {
        match self {
            Child::Part(value) => Some(part(value)),
            Child::Made(value) => Some(made(value)),
            Child::Open => None,
        }
    }
}

fn child<'v>(value: &'v Partial, link: &Link) -> Result<Child<'v>, Halt> {
    let index = match &link.step {
        LinkStep::Attribute(name) => return member(value, name, true, link.span),
        LinkStep::Index(index) => index,
    };
    match index {
        Value::Hole(_) if value.is_null() => Err(no_part(value, link.span)),
        Value::Hole(_) => Ok(Child::Open),
        Value::Secret(hidden) => {
            let open = Link { step: LinkStep::Index(hidden.expose().clone()), span: link.span };
            let found = match child(value, &open) {
                Ok(Child::Open) => return Ok(Child::Open),
                Ok(found) => found.map(|part| part.clone(), |made| made),
                Err(_) => return Err(withheld(link.span)),
            };
            let found = found.unwrap_or_default();
            // A hole under a secret index: not until it is filled can the result be a secret.
            if found.holes().is_empty() { Ok(Child::Made(secret(&found))) } else { Ok(Child::Open) }
        }
        Value::String(key) => member(value, key, false, link.span),
        Value::Number(number) => match (value, number.as_usize()) {
            (Value::List(items), at) => at
                .and_then(|at| items.get(at))
                .map(Child::Part)
                .ok_or_else(|| out_of_range(items.len(), &number.to_string(), link.span)),
            _ => member(value, &number.to_string(), false, link.span),
        },
        other => {
            let detail = format!("an index is a number or a text, not {}", other.type_name());
            Err(Halt::new("wrong-type", "a value has the wrong type", detail, link.span))
        }
    }
}

/// The entry of a map, or the element of a list when the key is its number.
fn member<'v>(value: &'v Partial, key: &str, attribute: bool, span: Option<Span>) -> Result<Child<'v>, Halt> {
    match value {
        Value::Hole(_) => Ok(Child::Open),
        Value::Secret(hidden) => match member(hidden.expose(), key, attribute, span) {
            Ok(found) => Ok(found.map(|part| Child::Made(secret(part)), Child::Made).unwrap_or(Child::Open)),
            Err(_) => Err(withheld(span)),
        },
        Value::Map(entries) => {
            entries.get(key).map(Child::Part).ok_or_else(|| no_entry(entries.keys(), key, attribute, span))
        }
        Value::List(items) => match key.parse::<usize>() {
            Ok(at) => items.get(at).map(Child::Part).ok_or_else(|| out_of_range(items.len(), key, span)),
            Err(_) => {
                let detail = format!("a list has no attribute `{key}`");
                Err(Halt::new("no-such-attribute", "a value has no such part", detail, span)
                    .help(format!("write `[*].{key}` for the `{key}` of each element")))
            }
        },
        other => Err(no_part(other, span)),
    }
}

fn withheld(span: Option<Span>) -> Halt {
    let detail = "there is no such part in a secret value; its content is not shown";
    Halt::new("no-such-attribute", "a value has no such part", detail, span)
}

fn no_part(value: &Partial, span: Option<Span>) -> Halt {
    let detail = match value {
        Value::Null => "null has no parts; a resource that is not part of the stack reads as null".to_owned(),
        other => format!("a {} has no parts", other.type_name()),
    };
    Halt::new("no-such-attribute", "a value has no such part", detail, span)
}

fn out_of_range(length: usize, index: &str, span: Option<Span>) -> Halt {
    let detail = match length {
        0 => format!("the list is empty, so there is no element {index}"),
        _ => format!("there is no element {index}: the list has {length}, numbered from 0 to {}", length - 1),
    };
    Halt::new("no-such-element", "a list has no such element", detail, span)
}

fn no_entry<'k>(keys: impl Iterator<Item = &'k String>, key: &str, attribute: bool, span: Option<Span>) -> Halt {
    let keys: Vec<&str> = keys.map(String::as_str).collect();
    let what = if attribute { "attribute" } else { "key" };
    let detail = format!("there is no {what} `{key}`; available: {}", listed(&keys));
    let halt = Halt::new("no-such-attribute", "a value has no such part", detail, span);
    match did_you_mean(key, keys) {
        Some(near) => halt.help(format!("did you mean `{near}`?")),
        None => halt,
    }
}

fn missing(detail: &str, root: &str, steps: &[Segment], candidates: &[String], span: Option<Span>) -> Halt {
    let diagnostic = Diagnostic::error("unknown-reference", "a reference leads to nothing", detail).at(span);
    let names = candidates.iter().map(String::as_str);
    let written = steps.iter().map(|step| match step {
        Segment::Key(key) => key.clone(),
        Segment::Index(index) => index.to_string(),
    });
    let near =
        written.chain([root.to_owned()]).find_map(|written| did_you_mean(&written, names.clone()).map(str::to_owned));
    Halt::problem(match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if candidates.is_empty() => diagnostic,
        None => diagnostic.help(format!("available: {}", listed(&names.collect::<Vec<_>>()))),
    })
}

/// Names in a row, cut where it gets long.
pub(super) fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    match names.len() {
        0 => "nothing".to_owned(),
        n if n > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), n - SHOWN),
        _ => names.join(", "),
    }
}

/// The type of a part of a value of a type.
fn part_type(ty: &Type, step: &LinkStep) -> Type {
    match (ty, step) {
        (Type::List(element) | Type::Set(element) | Type::Map(element), _) => (**element).clone(),
        (Type::Object(fields), LinkStep::Attribute(name)) => {
            fields.get(name).map_or(Type::Any, |field| field.ty.clone())
        }
        (Type::Object(fields), LinkStep::Index(Value::String(name))) => {
            fields.get(name).map_or(Type::Any, |field| field.ty.clone())
        }
        _ => Type::Any,
    }
}
