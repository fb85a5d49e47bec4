//! The words in which a provider says what becomes of a component: texts and documents over values that may be known only after apply.
//!
//! Each word builds the expression that a stack would write and evaluates it as far as it can be known; what remains is a hole, evaluated again
//! when its origins have values. So a policy that names an identifier of the cloud is written like one that does not.
//!
//! ```
//! use siac_core::model::value::Value;
//! use siac_core::serverless::vocabulary::{json, list, text};
//!
//! let name = Value::string("jobs");
//! let resource = text("arn:aws:logs:*:*:log-group:{}:*", [name]);
//! let policy = json(Value::map([("Resource", list([resource]))]));
//! assert_eq!(policy, Value::string(r#"{"Resource":["arn:aws:logs:*:*:log-group:jobs:*"]}"#));
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::language::evaluate::evaluate;
use crate::language::scope::{FileAnswer, FileQuestion, Lookup, Scope};
use crate::model::expression::{Expression, Node};
use crate::model::path::Segment;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};

/// A text in which each `{}` is one of the values, in order: a text, a number or a truth value, perhaps known only after apply.
pub fn text(template: &str, values: impl IntoIterator<Item = Partial>) -> Partial {
    let mut values = values.into_iter();
    let mut parts = Vec::new();
    for (at, literal) in template.split("{}").enumerate() {
        if at > 0 {
            add(&mut parts, values.next().unwrap_or_else(|| Value::string("{}")));
        }
        add(&mut parts, Value::string(literal));
    }
    debug_assert!(values.next().is_none(), "{template:?} has a place for every value");
    expression(Node::Template, parts)
}

/// Adds a part to a text; texts that stand side by side are one, so that what is recorded has one spelling.
fn add(parts: &mut Vec<Partial>, part: Partial) {
    match (parts.last_mut(), part) {
        (_, Value::String(text)) if text.is_empty() => {}
        (Some(Value::String(before)), Value::String(text)) => before.push_str(&text),
        (_, part) => parts.push(part),
    }
}

/// The JSON document of a value, in one spelling.
pub fn json(value: Partial) -> Partial {
    call("jsonencode", [value])
}

/// What a function of the stack language makes of its arguments: `call("base64encode", [value])`.
pub fn call(function: &str, arguments: impl IntoIterator<Item = Partial>) -> Partial {
    let name = function.to_owned();
    expression(|arguments| Node::Call { name, arguments, spread: false }, arguments.into_iter().collect())
}

/// A list of values.
pub fn list(items: impl IntoIterator<Item = Partial>) -> Partial {
    Value::List(items.into_iter().collect())
}

/// A list of texts.
pub fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Partial {
    list(items.into_iter().map(Value::string))
}

fn expression(node: impl FnOnce(Vec<Expression>) -> Node, parts: Vec<Partial>) -> Partial {
    let expression = Expression::new(node(parts.iter().map(Expression::from_partial).collect()));
    let origins: BTreeMap<Origin, Awaits> = parts.iter().flat_map(Partial::origins).collect();
    let scope = Parts(origins);
    let evaluation = evaluate(&expression, &scope);
    match evaluation.diagnostics.has_errors() {
        // It fails again where the component is planned, and is told there.
        true => {
            Value::Hole(Box::new(Hole { residual: expression, ty: Type::Any, prefix: String::new(), origins: scope.0 }))
        }
        false => evaluation.value,
    }
}

/// What the parts of an expression wait for. Nothing has a name here.
struct Parts(BTreeMap<Origin, Awaits>);

impl Scope for Parts {
    fn lookup(&self, root: &str, _: &[Segment]) -> Lookup<'_> {
        Lookup::Missing { detail: format!("there is nothing named `{root}` in a realisation"), candidates: Vec::new() }
    }

    fn origin(&self, origin: &Origin) -> Option<Cow<'_, Partial>> {
        let awaits = self.0.get(origin)?;
        Some(Cow::Owned(Value::Hole(Box::new(Hole::of(origin.clone(), Type::Any, awaits.clone())))))
    }

    fn file(&self, _: &FileQuestion) -> FileAnswer {
        FileAnswer::Refused("a realisation reads no files".to_owned())
    }

    fn folder(&self) -> &str {
        ""
    }
}
