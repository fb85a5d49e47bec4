//! Values → the types they are asked for, after Terraform's rules.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::language::evaluate::{expose, holds_secret, scalar_text, secret};
use crate::model::expression::{Expression, Node};
use crate::model::path::{Path, Segment};
use crate::model::types::{Field, Type};
use crate::model::value::{Hole, Partial, Value};

/// Why a value does not fit: where in it, and what is wrong there.
pub type Misfit = (Path, String);

/// The value as this type: texts, numbers and truth values become each other where nothing is lost, the elements of a set are sorted and
/// single, optional attributes that are missing become null. Null is of every type.
///
/// A hole that may have another type is converted once it is filled.
///
/// # Errors
/// The path of the part that cannot be converted, and why. No secret is quoted.
pub fn convert(value: Partial, ty: &Type) -> Result<Partial, Misfit> {
    convert_at(value, ty, &mut Vec::new()).map_err(|(path, why)| (Path(path), why))
}

type Failure = (Vec<Segment>, String);

fn convert_at(value: Partial, ty: &Type, at: &mut Vec<Segment>) -> Result<Partial, Failure> {
    match (value, ty) {
        (value, Type::Any) => Ok(value),
        (Value::Null, _) => Ok(Value::Null),
        (Value::Hole(hole), _) => open(hole, ty, at),
        (Value::Secret(hidden), _) => match convert_at(hidden.expose().clone(), ty, at) {
            Ok(converted) => Ok(secret(&converted)),
            Err((path, _)) => Err((path, format!("expected {ty}; the secret is none and is not shown"))),
        },
        (value, Type::Bool | Type::Number | Type::String) => scalar(value, ty, at),
        (Value::List(items), Type::List(element)) => Ok(Value::List(elements(items, element, at)?)),
        (Value::List(items), Type::Set(element)) => Ok(set_of(elements(items, element, at)?)),
        (Value::Map(entries), Type::Map(element)) => map(entries, element, at),
        (Value::Map(entries), Type::Object(fields)) => object(entries, fields, at),
        (value, ty) => Err((at.clone(), refusal(&value, ty))),
    }
}

fn scalar(value: Partial, ty: &Type, at: &[Segment]) -> Result<Partial, Failure> {
    let converted = match (&value, ty) {
        (Value::Bool(_), Type::Bool) | (Value::Number(_), Type::Number) | (Value::String(_), Type::String) => {
            return Ok(value);
        }
        (Value::String(text), Type::Bool) => truth_in(text).map(Value::Bool),
        (Value::String(text), Type::Number) => text.parse().ok().map(Value::Number),
        (other, Type::String) => scalar_text(other).map(Value::String),
        _ => None,
    };
    converted.ok_or_else(|| (at.to_vec(), refusal(&value, ty)))
}

/// The truth value that a text stands for.
pub(crate) fn truth_in(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn elements(items: Vec<Partial>, element: &Type, at: &mut Vec<Segment>) -> Result<Vec<Partial>, Failure> {
    let convert = |(index, item)| below(Segment::Index(index), item, element, at);
    items.into_iter().enumerate().map(convert).collect()
}

fn map(entries: BTreeMap<String, Partial>, element: &Type, at: &mut Vec<Segment>) -> Result<Partial, Failure> {
    let convert = |(key, item): (String, Partial)| {
        let converted = below(Segment::Key(key.clone()), item, element, at)?;
        Ok((key, converted))
    };
    entries.into_iter().map(convert).collect::<Result<_, _>>().map(Value::Map)
}

fn object(
    mut entries: BTreeMap<String, Partial>,
    fields: &BTreeMap<String, Field>,
    at: &mut Vec<Segment>,
) -> Result<Partial, Failure> {
    let mut converted = BTreeMap::new();
    for (name, field) in fields {
        let value = match entries.remove(name) {
            Some(value) => below(Segment::Key(name.clone()), value, &field.ty, at)?,
            None if field.optional => Value::Null,
            None => return Err((at.clone(), format!("the attribute `{name}` is missing"))),
        };
        converted.insert(name.clone(), value);
    }
    match entries.into_keys().next() {
        Some(extra) => {
            let why = format!("there is no attribute `{extra}`");
            Err(([at.as_slice(), &[Segment::Key(extra)]].concat(), why))
        }
        None => Ok(Value::Map(converted)),
    }
}

fn below(segment: Segment, value: Partial, ty: &Type, at: &mut Vec<Segment>) -> Result<Partial, Failure> {
    at.push(segment);
    let converted = convert_at(value, ty, at);
    at.pop();
    converted
}

/// The elements as a set: sorted and without repetition. While some are not known, neither is the set, unless it has only one.
pub(crate) fn set_of(mut items: Vec<Partial>) -> Partial {
    if items.len() < 2 {
        return Value::List(items);
    }
    if items.iter().any(|item| !item.holes().is_empty()) {
        let list = Value::List(items);
        let origins = list.origins();
        let node = call("toset", Expression::from_partial(&list));
        let ty = Type::set(Type::Any);
        return Value::Hole(Box::new(Hole { residual: Expression::new(node), ty, prefix: String::new(), origins }));
    }
    let is_secret = items.iter().any(holds_secret);
    if is_secret {
        items = items.iter().map(expose).collect();
    }
    items.sort_by(order);
    items.dedup_by(|a, b| order(a, b) == Ordering::Equal);
    let set = Value::List(items);
    if is_secret { secret(&set) } else { set }
}

/// A total order of values without holes and secrets: null, truth values, numbers, texts, lists, maps.
pub(crate) fn order(left: &Partial, right: &Partial) -> Ordering {
    fn rank(value: &Partial) -> u8 {
        match value {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Number(_) => 2,
            Value::String(_) => 3,
            Value::List(_) => 4,
            Value::Map(_) => 5,
            Value::Secret(_) | Value::Hole(_) => 6,
        }
    }
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::List(a), Value::List(b)) => {
            let first = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Map(a), Value::Map(b)) => {
            let pair =
                |((k, a), (l, b)): ((&String, &Partial), (&String, &Partial))| k.cmp(l).then_with(|| order(a, b));
            let first = a.iter().zip(b).map(pair).find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        _ => rank(left).cmp(&rank(right)),
    }
}

fn call(name: &str, argument: Expression) -> Node {
    Node::Call { name: name.to_owned(), arguments: vec![argument], spread: false }
}

/// The conversion of a hole is part of its residual.
fn open(hole: Box<Hole>, ty: &Type, at: &[Segment]) -> Result<Partial, Failure> {
    let function = match (&hole.ty, ty) {
        (have, want) if have == want => return Ok(Value::Hole(hole)),
        (Type::Any | Type::Bool | Type::Number, Type::String) => "tostring",
        (Type::Any | Type::String, Type::Number) => "tonumber",
        (Type::Any | Type::String, Type::Bool) => "tobool",
        (Type::Any | Type::List(_), Type::Set(_)) => "toset",
        (Type::Any | Type::Set(_), Type::List(_)) => "tolist",
        (Type::Set(_), Type::Set(_)) | (Type::List(_), Type::List(_)) => return Ok(retyped(hole, ty)),
        (Type::Any | Type::Map(_) | Type::Object(_), Type::Map(_) | Type::Object(_)) => return Ok(retyped(hole, ty)),
        (have, want) => return Err((at.to_vec(), format!("expected {want}, found {have} that is known after apply"))),
    };
    let residual = Expression { node: call(function, hole.residual.clone()), place: hole.residual.place };
    let prefix = if *ty == Type::String { hole.prefix } else { String::new() };
    Ok(Value::Hole(Box::new(Hole { residual, ty: ty.clone(), prefix, origins: hole.origins })))
}

fn retyped(hole: Box<Hole>, ty: &Type) -> Partial {
    Value::Hole(Box::new(Hole { ty: ty.clone(), ..*hole }))
}

fn refusal(value: &Partial, ty: &Type) -> String {
    match (value, ty) {
        (Value::String(_), Type::Number) => "expected number, found a text that is not one".to_owned(),
        _ => format!("expected {ty}, found {}", value.type_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::value::{Awaits, Origin};

    fn fit(value: Partial, ty: Type) -> Result<Partial, Misfit> {
        convert(value, &ty)
    }

    #[test]
    fn simple_values_become_each_other_where_that_is_certain() {
        assert_eq!(fit(Value::string("1.50"), Type::Number).unwrap(), Value::Number("1.50".parse().unwrap()));
        assert_eq!(fit(Value::number(3_i64), Type::String).unwrap(), Value::string("3"));
        assert_eq!(fit(Value::string("true"), Type::Bool).unwrap(), Value::Bool(true));
        assert!(fit(Value::string("yes"), Type::Bool).is_err());
        assert!(fit(Value::Bool(true), Type::Number).is_err());
    }

    #[test]
    fn sets_are_sorted_and_have_no_repetition() {
        let items = Value::List(vec![Value::string("b"), Value::string("a"), Value::string("b")]);
        let expected = Value::List(vec![Value::string("a"), Value::string("b")]);
        assert_eq!(fit(items, Type::set(Type::String)).unwrap(), expected);
    }

    #[test]
    fn a_misfit_says_where_it_is() {
        let value = Value::map([("a", Value::List(vec![Value::number(1_i64), Value::List(vec![])]))]);
        let (path, why) = fit(value, Type::map(Type::list(Type::Number))).unwrap_err();
        assert_eq!((path.to_string().as_str(), why.as_str()), ("a[1]", "expected number, found list"));
    }

    #[test]
    fn objects_fill_what_is_optional_and_refuse_what_they_lack() {
        let fields = |optional| Type::Object(BTreeMap::from([("a".to_owned(), Field { ty: Type::String, optional })]));
        assert_eq!(fit(Value::map::<&str>([]), fields(true)).unwrap(), Value::map([("a", Value::Null)]));
        assert!(fit(Value::map::<&str>([]), fields(false)).is_err());
        assert!(fit(Value::map([("b", Value::Null)]), fields(true)).is_err());
    }

    #[test]
    fn holes_carry_their_conversion_along() {
        let hole = |ty| Value::Hole(Box::new(Hole::of(Origin::Secret("s".into()), ty, Awaits::Apply)));
        assert_eq!(fit(hole(Type::String), Type::String).unwrap(), hole(Type::String));
        let Value::Hole(converted) = fit(hole(Type::Any), Type::Number).unwrap() else { panic!("no hole") };
        assert_eq!(converted.ty, Type::Number);
        assert!(matches!(converted.residual.node, Node::Call { ref name, .. } if name == "tonumber"));
        assert!(fit(hole(Type::list(Type::Any)), Type::String).is_err());
    }

    #[test]
    fn a_set_of_what_is_not_known_is_not_known() {
        let hole = Value::Hole(Box::new(Hole::of(Origin::Secret("s".into()), Type::String, Awaits::Apply)));
        let one = Value::List(vec![hole.clone()]);
        assert_eq!(fit(one.clone(), Type::set(Type::String)).unwrap(), one);
        let two = Value::List(vec![hole, Value::string("a")]);
        assert!(matches!(fit(two, Type::set(Type::String)).unwrap(), Value::Hole(_)));
    }

    #[test]
    fn secrets_stay_secret_and_are_not_quoted() {
        let hidden = secret(&Value::string("hunter2"));
        let (_, why) = fit(hidden.clone(), Type::Number).unwrap_err();
        assert!(!why.contains("hunter2"));
        assert_eq!(fit(hidden.clone(), Type::String).unwrap(), hidden);
    }
}
