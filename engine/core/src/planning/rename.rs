//! Values, expressions and objects under the addresses that moves give them.

use std::borrow::Cow;

use super::moves::Renames;
use crate::model::address::ResourceAddress;
use crate::model::expression::{Expression, For, Node, Step};
use crate::model::snapshot::Object;
use crate::model::value::{Hole, Never, Origin, Partial, Value};

/// The object with today's addresses.
pub(super) fn object<'a>(object: &'a Object, renames: &Renames) -> Cow<'a, Object> {
    if renames.is_empty() {
        return Cow::Borrowed(object);
    }
    let mut dependencies: Vec<ResourceAddress> =
        object.dependencies.iter().map(|address| renames.get(address).unwrap_or(address).clone()).collect();
    dependencies.sort();
    Cow::Owned(Object {
        configured: value(&object.configured, renames),
        inputs: value(&object.inputs, renames),
        outputs: value(&object.outputs, renames),
        dependencies,
        ..object.clone()
    })
}

/// The value with today's addresses in its holes.
pub(super) fn value(value: &Partial, renames: &Renames) -> Partial {
    if renames.is_empty() || value.holes().is_empty() {
        return value.clone();
    }
    let renamed: Result<Partial, Never> =
        value.try_fill(&mut |hole| Ok(Value::Hole(Box::new(renamed_hole(hole, renames)))));
    renamed.unwrap_or_else(|never| match never {})
}

fn renamed_hole(hole: &Hole, renames: &Renames) -> Hole {
    let origins = hole.origins.iter().map(|(origin, awaits)| (renamed_origin(origin, renames), awaits.clone()));
    Hole { residual: expression(&hole.residual, renames), origins: origins.collect(), ..hole.clone() }
}

fn renamed_origin(origin: &Origin, renames: &Renames) -> Origin {
    match origin {
        Origin::Attribute(address, path) => {
            Origin::Attribute(renames.get(address).unwrap_or(address).clone(), path.clone())
        }
        Origin::Secret(name) => Origin::Secret(name.clone()),
    }
}

fn expression(from: &Expression, renames: &Renames) -> Expression {
    let one = |part: &Expression| expression(part, renames);
    let boxed = |part: &Expression| Box::new(expression(part, renames));
    let node = match &from.node {
        Node::Literal(_) | Node::Name(_) => from.node.clone(),
        Node::Origin(origin) => Node::Origin(renamed_origin(origin, renames)),
        Node::Attribute(of, name) => Node::Attribute(boxed(of), name.clone()),
        Node::Index(of, index) => Node::Index(boxed(of), boxed(index)),
        Node::Splat(of, steps) => {
            Node::Splat(boxed(of), steps.iter().map(|step| renamed_step(step, renames)).collect())
        }
        Node::Template(parts) => Node::Template(parts.iter().map(one).collect()),
        Node::List(items) => Node::List(items.iter().map(one).collect()),
        Node::Object(entries) => Node::Object(entries.iter().map(|(key, value)| (one(key), one(value))).collect()),
        Node::Unary(operator, of) => Node::Unary(*operator, boxed(of)),
        Node::Binary(left, operator, right) => Node::Binary(boxed(left), *operator, boxed(right)),
        Node::Conditional(condition, then, otherwise) => {
            Node::Conditional(boxed(condition), boxed(then), boxed(otherwise))
        }
        Node::Call { name, arguments, spread } => {
            Node::Call { name: name.clone(), arguments: arguments.iter().map(one).collect(), spread: *spread }
        }
        Node::For(each) => Node::For(Box::new(For {
            key_name: each.key_name.clone(),
            value_name: each.value_name.clone(),
            collection: one(&each.collection),
            key: each.key.as_ref().map(one),
            value: one(&each.value),
            condition: each.condition.as_ref().map(one),
            grouping: each.grouping,
        })),
    };
    Expression { node, place: from.place }
}

fn renamed_step(step: &Step, renames: &Renames) -> Step {
    match step {
        Step::Attribute(name) => Step::Attribute(name.clone()),
        Step::Index(index) => Step::Index(expression(index, renames)),
    }
}
