//! Values made to fit a type, by Terraform's rules: numbers, truth values and texts into each other, lists and sets, maps and objects.

use std::collections::BTreeMap;

use crate::model::path::Path;
use crate::model::types::{Field, Type};
use crate::model::value::{Hole, Partial, Value};

/// Why a value does not fit: where in it, and what is wrong there.
pub type Misfit = (Path, String);

/// The value as one of this type. `null` fits every type; a hole fits unless its type can never become this one.
///
/// # Errors
/// When some part of the value cannot be converted.
pub fn convert(value: Partial, ty: &Type) -> Result<Partial, Misfit> {
    convert_at(value, ty, &Path::default())
}

fn convert_at(value: Partial, ty: &Type, at: &Path) -> Result<Partial, Misfit> {
    match (value, ty) {
        (value, Type::Any) | (value @ Value::Null, _) => Ok(value),
        (Value::Hole(hole), ty) => hole_as(hole, ty, at),
        (Value::Secret(secret), ty) => {
            let inner = convert_at(secret.expose().clone(), ty, at)?;
            Ok(Value::Secret(crate::model::secret::Secret::new(inner)))
        }
        (value, Type::String) => text(value, at),
        (value, Type::Number) => number(value, at),
        (value, Type::Bool) => truth(value, at),
        (Value::List(items), Type::List(element)) => elements(items, element, at).map(Value::List),
        (Value::List(items), Type::Set(element)) => {
            elements(items, element, at).map(|items| Value::List(as_set(items)))
        }
        (Value::Map(entries), Type::Map(element)) => {
            let entry = |(key, value)| {
                let path = at.key(&key);
                Ok((key, convert_at(value, element, &path)?))
            };
            entries.into_iter().map(entry).collect::<Result<_, Misfit>>().map(Value::Map)
        }
        (Value::Map(entries), Type::Object(fields)) => object(entries, fields, at),
        (value, ty) => Err(misfit(&value, ty, at)),
    }
}

fn misfit(value: &Partial, ty: &Type, at: &Path) -> Misfit {
    (at.clone(), format!("expected {ty}, found {}", value.type_name()))
}

fn hole_as(mut hole: Box<Hole>, ty: &Type, at: &Path) -> Result<Partial, Misfit> {
    if !may_become(&hole.ty, ty) {
        return Err((at.clone(), format!("expected {ty}, found {} that is known after apply", hole.ty)));
    }
    if hole.ty == Type::Any {
        hole.ty = ty.clone();
    }
    Ok(Value::Hole(hole))
}

fn may_become(from: &Type, to: &Type) -> bool {
    let is_simple = |ty: &Type| matches!(ty, Type::Bool | Type::Number | Type::String);
    let is_sequence = |ty: &Type| matches!(ty, Type::List(_) | Type::Set(_));
    let is_mapping = |ty: &Type| matches!(ty, Type::Map(_) | Type::Object(_));
    match (from, to) {
        (Type::Any, _) | (_, Type::Any) => true,
        (Type::Bool, Type::Number) | (Type::Number, Type::Bool) => false,
        (from, to) => {
            (is_simple(from) && is_simple(to))
                || (is_sequence(from) && is_sequence(to))
                || (is_mapping(from) && is_mapping(to))
        }
    }
}

fn text(value: Partial, at: &Path) -> Result<Partial, Misfit> {
    match value {
        Value::String(text) => Ok(Value::String(text)),
        Value::Number(number) => Ok(Value::String(number.to_string())),
        Value::Bool(value) => Ok(Value::String(value.to_string())),
        value => Err(misfit(&value, &Type::String, at)),
    }
}

fn number(value: Partial, at: &Path) -> Result<Partial, Misfit> {
    match value {
        Value::Number(number) => Ok(Value::Number(number)),
        Value::String(text) => match text.trim().parse() {
            Ok(number) => Ok(Value::Number(number)),
            Err(_) => Err((at.clone(), "expected number, found a text that is not one".to_owned())),
        },
        value => Err(misfit(&value, &Type::Number, at)),
    }
}

fn truth(value: Partial, at: &Path) -> Result<Partial, Misfit> {
    match value {
        Value::Bool(value) => Ok(Value::Bool(value)),
        Value::String(text) if text == "true" => Ok(Value::Bool(true)),
        Value::String(text) if text == "false" => Ok(Value::Bool(false)),
        value => Err(misfit(&value, &Type::Bool, at)),
    }
}

fn elements(items: Vec<Partial>, element: &Type, at: &Path) -> Result<Vec<Partial>, Misfit> {
    items.into_iter().enumerate().map(|(index, item)| convert_at(item, element, &at.index(index))).collect()
}

fn object(
    mut entries: BTreeMap<String, Partial>,
    fields: &BTreeMap<String, Field>,
    at: &Path,
) -> Result<Partial, Misfit> {
    let mut converted = BTreeMap::new();
    for (name, field) in fields {
        let value = match entries.remove(name) {
            Some(value) => convert_at(value, &field.ty, &at.key(name))?,
            None if field.optional => Value::Null,
            None => return Err((at.clone(), format!("the attribute `{name}` is missing"))),
        };
        converted.insert(name.clone(), value);
    }
    match entries.keys().next() {
        Some(extra) => Err((at.key(extra), format!("there is no attribute `{extra}`"))),
        None => Ok(Value::Map(converted)),
    }
}

/// The elements of a set: each once, in order of their JSON text; holes last, in the order given.
pub fn as_set(items: Vec<Partial>) -> Vec<Partial> {
    let (mut known, mut rest): (Vec<(String, Partial)>, Vec<Partial>) = (Vec::new(), Vec::new());
    for item in items {
        match item.close().and_then(|item| serde_json::to_string(&item).ok()) {
            Some(text) => known.push((text, item)),
            None if rest.contains(&item) => {}
            None => rest.push(item),
        }
    }
    known.sort_by(|(a, _), (b, _)| a.cmp(b));
    known.dedup_by(|(a, _), (b, _)| a == b);
    known.into_iter().map(|(_, item)| item).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
