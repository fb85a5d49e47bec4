//! What AWS shows, spelled as it was written, wherever both mean the same; and where it differs.

use std::collections::{BTreeMap, BTreeSet};

use siac_core::model::schema::{KindSchema, Normalisation};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};

use crate::fields::exposed;
use crate::policy;

/// The attributes as they were seen, spelled like those that are remembered.
pub fn spelled_like(
    schema: &KindSchema,
    policies: &[&str],
    remembered: &Partial,
    seen: BTreeMap<String, Known>,
) -> BTreeMap<String, Known> {
    let spelled = |(name, now): (String, Known)| {
        let ty = schema.attributes.get(name.as_str()).map(|attribute| &attribute.ty).unwrap_or(&Type::Any);
        let before = remembered.get(&name).and_then(Partial::close);
        let now = match before {
            Some(before) if policies.contains(&name.as_str()) && is_same_policy(&before, &now) => before,
            Some(before) => alike(ty, &before, now),
            None => in_order(ty, now),
        };
        (name, now)
    };
    seen.into_iter().map(spelled).collect()
}

fn is_same_policy(a: &Known, b: &Known) -> bool {
    matches!((exposed(a).as_str(), exposed(b).as_str()), (Some(a), Some(b)) if policy::is_same(a, b))
}

/// The same value; sets in the order in which they were written.
fn alike(ty: &Type, before: &Known, now: Known) -> Known {
    match (ty, before, now) {
        (Type::Set(_), Value::List(old), Value::List(new)) => match sorted(old.clone()) == sorted(new.clone()) {
            true => Value::List(old.clone()),
            false => Value::List(sorted(new)),
        },
        (Type::List(element), Value::List(old), Value::List(new)) if old.len() == new.len() => {
            Value::List(old.iter().zip(new).map(|(old, new)| alike(element, old, new)).collect())
        }
        (Type::Object(fields), Value::Map(old), Value::Map(new)) => {
            let field = |(name, new): (String, Known)| match (fields.get(&name), old.get(&name)) {
                (Some(field), Some(old)) => (name, alike(&field.ty, old, new)),
                _ => (name, new),
            };
            let mut entries: BTreeMap<String, Known> = new.into_iter().map(field).collect();
            // What is not told of an object is what was spelled out as nothing.
            for (name, value) in old.iter().filter(|(_, value)| is_nothing(value)) {
                entries.entry(name.clone()).or_insert_with(|| value.clone());
            }
            Value::Map(entries)
        }
        // The service shows nothing where a collection is empty.
        (_, Value::List(old), Value::Null) if old.is_empty() => before.clone(),
        (_, Value::Map(old), Value::Null) if old.is_empty() => before.clone(),
        (ty, _, now) => in_order(ty, now),
    }
}

/// Whether a value inside an object says no more than its absence would.
fn is_nothing(value: &Known) -> bool {
    match exposed(value) {
        Value::Null | Value::Bool(false) => true,
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

fn in_order(ty: &Type, value: Known) -> Known {
    match (ty, value) {
        (Type::Set(_), Value::List(items)) => Value::List(sorted(items)),
        (_, value) => value,
    }
}

/// The order in which the engine keeps sets.
fn sorted(mut items: Vec<Known>) -> Vec<Known> {
    items.sort_by_cached_key(|item| serde_json::to_string(item).unwrap_or_default());
    items.dedup();
    items
}

/// The attributes that are not as they are wanted. What the stack leaves open and the service decides is as wanted.
pub fn differing(
    schema: &KindSchema,
    policies: &[&str],
    wanted: &Known,
    seen: &BTreeMap<String, Known>,
) -> BTreeSet<String> {
    let differs = |(name, now): &(&String, &Known)| {
        let Some(attribute) = schema.attributes.get(name.as_str()) else { return false };
        let wanted = exposed(wanted).get(name).unwrap_or(&Value::Null);
        match exposed(wanted) {
            Value::Null if attribute.is_computed() => false,
            text if policies.contains(&name.as_str()) && is_same_policy(text, now) => false,
            text if attribute.normalisation == Normalisation::Json && is_same_json(text, now) => false,
            value => !is_as_wanted(&attribute.ty, value, now, attribute.is_computed()),
        }
    };
    seen.iter().filter(differs).map(|(name, _)| name.clone()).collect()
}

fn is_same_json(a: &Known, b: &Known) -> bool {
    let parsed = |value: &Known| serde_json::from_str::<serde_json::Value>(exposed(value).as_str()?).ok();
    matches!((parsed(a), parsed(b)), (Some(a), Some(b)) if a == b)
}

fn is_as_wanted(ty: &Type, wanted: &Known, now: &Known, is_open: bool) -> bool {
    match (ty, exposed(wanted), exposed(now)) {
        (Type::Set(_), Value::List(wanted), Value::List(now)) => sorted(plain(wanted)) == sorted(plain(now)),
        (_, Value::List(wanted), Value::List(now)) => {
            let element = if let Type::List(element) = ty { element } else { &Type::Any };
            wanted.len() == now.len() && wanted.iter().zip(now).all(|(a, b)| is_as_wanted(element, a, b, is_open))
        }
        (_, Value::Map(wanted), Value::Map(now)) => {
            let names: BTreeSet<&String> = wanted.keys().chain(now.keys()).collect();
            names.into_iter().all(|name| {
                let (a, b) = (wanted.get(name).unwrap_or(&Value::Null), now.get(name).unwrap_or(&Value::Null));
                let ty = if let Type::Object(fields) = ty { fields.get(name).map(|field| &field.ty) } else { None };
                let is_no_difference = is_nothing(a) && is_nothing(b);
                is_no_difference || (is_open && a.is_null()) || is_as_wanted(ty.unwrap_or(&Type::Any), a, b, is_open)
            })
        }
        // The service shows nothing where nothing of a collection is left.
        (_, Value::List(items), Value::Null) | (_, Value::Null, Value::List(items)) => items.is_empty(),
        (_, Value::Map(entries), Value::Null) | (_, Value::Null, Value::Map(entries)) => entries.is_empty(),
        (_, wanted, now) => wanted == now,
    }
}

fn plain(items: &[Known]) -> Vec<Known> {
    items.iter().map(|item| exposed(item).clone()).collect()
}

/// A wish in which what the service decided stands for what the stack leaves open inside objects.
pub fn completed(schema: &KindSchema, remembered: &Partial, desired: &Partial) -> Partial {
    let Value::Map(mut entries) = desired.clone() else { return desired.clone() };
    for (name, attribute) in &schema.attributes {
        let is_open = attribute.is_computed() && attribute.is_settable();
        if let (true, Some(Value::Map(wanted)), Some(Value::Map(decided))) =
            (is_open, entries.get_mut(*name), remembered.get(name))
        {
            for (field, value) in decided {
                let entry = wanted.entry(field.clone()).or_default();
                if entry.is_null() {
                    entry.clone_from(value);
                }
            }
        }
    }
    Value::Map(entries)
}

/// A wish in which policies that mean the same are spelled as remembered.
pub fn with_policies_as(policies: &[&str], remembered: &Partial, desired: Partial) -> Partial {
    let Value::Map(mut entries) = desired else { return desired };
    for name in policies {
        if let (Some(Value::String(wanted)), Some(Value::String(before))) = (entries.get(*name), remembered.get(name))
            && policy::is_same(wanted, before)
        {
            entries.insert((*name).to_owned(), Value::String(before.clone()));
        }
    }
    Value::Map(entries)
}
