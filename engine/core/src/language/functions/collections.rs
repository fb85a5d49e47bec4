//! Lists, sets and maps. Elements are passed on without looking at them where that is possible.

use std::borrow::Cow;

use super::{Answer, Arguments, Wrong, wrong};
use crate::model::value::{Partial, Value};
use unicode_segmentation::UnicodeSegmentation;

pub(super) fn coalesce(arguments: &Arguments<'_>) -> Answer {
    for value in arguments.rest(0) {
        match arguments.look(value)? {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            _ => return Ok(value.clone()),
        }
    }
    wrong("every argument is null or empty")
}

pub(super) fn concat(arguments: &Arguments<'_>) -> Answer {
    let mut all = Vec::new();
    for (at, list) in arguments.rest(0).iter().enumerate() {
        all.extend_from_slice(arguments.items_of(list, at)?);
    }
    Ok(Value::List(all))
}

pub(super) fn keys(arguments: &Arguments<'_>) -> Answer {
    Ok(Value::List(arguments.entries(0)?.keys().map(Value::string).collect()))
}

pub(super) fn values(arguments: &Arguments<'_>) -> Answer {
    Ok(Value::List(arguments.entries(0)?.values().cloned().collect()))
}

pub(super) fn length(arguments: &Arguments<'_>) -> Answer {
    let length = match arguments.value(0)? {
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        Value::String(text) => text.graphemes(true).count(),
        other => {
            let detail = format!("a {} has no length", other.type_name());
            return Err(Wrong::Argument(0, detail));
        }
    };
    Ok(Value::number(length))
}

pub(super) fn lookup(arguments: &Arguments<'_>) -> Answer {
    let entries: Cow<'_, _> = arguments.entries(0)?;
    let key = arguments.text(1)?;
    match entries.get(key.as_ref()) {
        Some(value) => Ok(value.clone()),
        None if arguments.has(2) => Ok(arguments.raw(2).clone()),
        None => wrong(format!("there is no key `{key}`, and no default is given")),
    }
}

pub(super) fn merge(arguments: &Arguments<'_>) -> Answer {
    let mut all: std::collections::BTreeMap<String, Partial> = Default::default();
    for (at, map) in arguments.rest(0).iter().enumerate() {
        match arguments.look(map)? {
            Value::Null => {}
            map => all.extend(arguments.entries_of(map, at)?.clone()),
        }
    }
    Ok(Value::Map(all))
}
