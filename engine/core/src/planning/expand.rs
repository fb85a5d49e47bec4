//! How many instances there are: `for_each` and `when`, which must be known while planning.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::Each;
use super::walk::{Walk, addresses_in};
use crate::model::address::ResourceAddress;
use crate::model::diagnostic::{Diagnostic, Span};
use crate::model::expression::{Expression, Node, Place};
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Partial, Value};

/// The most instances of one block. A choice of this project.
const MAX_INSTANCES: usize = 100_000;

/// The instances of a block, and the resources that decided it.
pub(super) struct Expansion {
    pub keys: Keys,
    pub waits_for: BTreeSet<ResourceAddress>,
}

/// The instances of a block.
pub(super) enum Keys {
    /// They cannot be told: a question is open, or a problem was reported.
    Unusable,
    /// None: `when` is false.
    Absent,
    /// One, without a key.
    Single,
    /// One for each key, in order.
    Many(Vec<Each>),
}

/// Expands a block in a module instance.
pub(super) fn expand(
    walk: &mut Walk<'_, '_>,
    at: usize,
    for_each: Option<&Expression>,
    when: Option<&Expression>,
    place: Place,
) -> Expansion {
    let mut waits_for = BTreeSet::new();
    if let Some(when) = when {
        match condition(walk, at, when, &mut waits_for) {
            None => return Expansion { keys: Keys::Unusable, waits_for },
            Some(false) => return Expansion { keys: Keys::Absent, waits_for },
            Some(true) => {}
        }
    }
    let Some(expression) = for_each else { return Expansion { keys: Keys::Single, waits_for } };
    match instances(walk, at, expression, place, &mut waits_for) {
        Some(instances) => Expansion { keys: Keys::Many(instances), waits_for },
        None => Expansion { keys: Keys::Unusable, waits_for },
    }
}

/// Whether a block is part of the stack; `None` when that cannot be told.
fn condition(
    walk: &mut Walk<'_, '_>,
    at: usize,
    when: &Expression,
    waits_for: &mut BTreeSet<ResourceAddress>,
) -> Option<bool> {
    let (known, open) = walk.known(when, at);
    waits_for.extend(addresses_in(&open).into_iter().cloned());
    if !known.is_usable {
        return None;
    }
    let converted = match known.value {
        Value::Hole(hole) => {
            walk.draft.problems.push(not_known("when", &hole, when.span()));
            return None;
        }
        value => crate::language::convert::convert(value, &Type::Bool),
    };
    match converted {
        Ok(Value::Bool(holds)) => Some(holds),
        other => {
            let why = other.err().map_or_else(|| "must be a truth value, not null".to_owned(), |(_, why)| why);
            let problem = Diagnostic::error("wrong-type", "a value has the wrong type", format!("`when` {why}"));
            walk.draft.problems.push(problem.at(when.span()));
            None
        }
    }
}

fn instances(
    walk: &mut Walk<'_, '_>,
    at: usize,
    expression: &Expression,
    place: Place,
    waits_for: &mut BTreeSet<ResourceAddress>,
) -> Option<Vec<Each>> {
    let (known, open) = walk.known(expression, at);
    waits_for.extend(addresses_in(&open).into_iter().cloned());
    if !known.is_usable {
        return None;
    }
    let span = expression.span().or(place.0);
    let entries = match entries(&known.value, &open) {
        Ok(entries) => entries,
        Err(problem) => {
            walk.draft.problems.push(problem.at(span));
            return None;
        }
    };
    if entries.len() > MAX_INSTANCES {
        let detail = format!("`for_each` asks for {} instances; there may be {MAX_INSTANCES}", entries.len());
        walk.draft
            .problems
            .push(Diagnostic::error("too-many-instances", "a block has too many instances", detail).at(span));
        return None;
    }
    Some(entries)
}

/// One `each` for every element. `known` tells the keys; the values are those of `open`, so that references stay references.
fn entries(known: &Partial, open: &Partial) -> Result<Vec<Each>, Diagnostic> {
    match known {
        Value::Map(entries) => Ok(entries
            .iter()
            .map(|(key, value)| each(key, open_value(open, key).unwrap_or_else(|| value.clone())))
            .collect()),
        Value::List(items) => {
            let mut keys = BTreeMap::new();
            for (index, item) in items.iter().enumerate() {
                let key = key_of(item)?;
                if let Some(first) = keys.insert(key.clone(), index) {
                    let detail = format!("the key {key:?} occurs twice in `for_each`, at {first} and at {index}");
                    return Err(Diagnostic::error("repeated-key", "a `for_each` key occurs twice", detail)
                        .help("remove one, or write `toset(…)` when repetition does not matter"));
                }
            }
            Ok(keys.keys().map(|key| each(key, Value::string(key))).collect())
        }
        Value::Hole(hole) => Err(not_known("for_each", hole, None)),
        other => {
            let detail = format!("`for_each` is a list, a set or a map, not {}", other.type_name());
            Err(Diagnostic::error("wrong-type", "a value has the wrong type", detail))
        }
    }
}

fn each(key: &str, value: Partial) -> Each {
    Each { key: key.to_owned(), key_value: Value::string(key), value }
}

/// The value of an entry with its references.
fn open_value(open: &Partial, key: &str) -> Option<Partial> {
    match open {
        Value::Map(entries) => entries.get(key).cloned(),
        Value::Hole(hole) => {
            let index = Expression::literal(Value::string(key));
            let residual = Expression::new(Node::Index(Box::new(hole.residual.clone()), Box::new(index)));
            let hole = Hole { residual, ty: Type::Any, prefix: String::new(), origins: hole.origins.clone() };
            Some(Value::Hole(Box::new(hole)))
        }
        _ => None,
    }
}

fn key_of(item: &Partial) -> Result<String, Diagnostic> {
    match item {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Hole(hole) => Err(not_known("for_each", hole, None)),
        other => {
            let detail =
                format!("the elements of a `for_each` list become keys and must be texts, not {}", other.type_name());
            Err(Diagnostic::error("invalid-key", "a `for_each` key is not a text", detail)
                .help("write a map whose keys are texts"))
        }
    }
}

/// The error of a value that must be known while planning.
pub(super) fn not_known(what: &str, hole: &Hole, span: Option<Span>) -> Diagnostic {
    let waits_for = |(_, awaits): &(_, &Awaits)| !matches!(awaits, Awaits::Sealed(_));
    let names: Vec<String> = hole.origins.iter().filter(waits_for).map(|(origin, _)| format!("`{origin}`")).collect();
    if names.is_empty() || hole.is_secret() {
        let detail = format!("`{what}` would show a secret: it depends on {}", all_origins(hole));
        return Diagnostic::error("secret-shown", "a secret would be shown", detail)
            .at(span)
            .help("decide it by something that is no secret");
    }
    let detail = format!("`{what}` must be known while planning, and it waits for {}", names.join(", "));
    Diagnostic::error("not-known-yet", "a value is known only after apply", detail)
        .at(span)
        .help("decide it by variables or names in the stack, or apply first with `--target` what it waits for")
}

fn all_origins(hole: &Hole) -> String {
    hole.origins.keys().map(|origin| format!("`{origin}`")).collect::<Vec<_>>().join(", ")
}
