//! Lists, sets and maps. Elements are passed on without looking at them where that is possible.

use std::collections::BTreeMap;

use unicode_segmentation::UnicodeSegmentation;

use super::numbers::finite;
use super::{Answer, Arguments, Wrong, bounded, wrong};
use crate::language::convert::{order, set_of};
use crate::model::number::Number;
use crate::model::types::Type;
use crate::model::value::{Partial, Value};

/// The most elements of a `range` or a `setproduct`. A choice of this project.
const MAX_ELEMENTS: usize = 100_000;

fn list(items: impl IntoIterator<Item = Partial>) -> Answer {
    Ok(Value::List(items.into_iter().collect()))
}

pub(super) fn alltrue(arguments: &Arguments<'_>) -> Answer {
    for item in arguments.items(0)? {
        if !arguments.truth_of(item, 0)? {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

pub(super) fn anytrue(arguments: &Arguments<'_>) -> Answer {
    for item in arguments.items(0)? {
        if arguments.truth_of(item, 0)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn chunklist(arguments: &Arguments<'_>) -> Answer {
    let items = arguments.items(0)?;
    match arguments.size(1)? {
        0 if items.is_empty() => Ok(Value::List(Vec::new())),
        0 => list([Value::List(items.to_vec())]),
        size => list(items.chunks(size).map(|chunk| Value::List(chunk.to_vec()))),
    }
}

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

pub(super) fn coalescelist(arguments: &Arguments<'_>) -> Answer {
    for (at, value) in arguments.rest(0).iter().enumerate() {
        match arguments.look(value)? {
            Value::Null => {}
            _ if arguments.items_of(value, at)?.is_empty() => {}
            _ => return Ok(value.clone()),
        }
    }
    wrong("every argument is null or empty")
}

pub(super) fn compact(arguments: &Arguments<'_>) -> Answer {
    let mut kept = Vec::new();
    for item in arguments.items(0)? {
        let is_kept = match arguments.look(item)? {
            Value::Null => false,
            _ => !arguments.text_of(item, 0)?.is_empty(),
        };
        if is_kept {
            kept.push(item.clone());
        }
    }
    Ok(Value::List(kept))
}

pub(super) fn concat(arguments: &Arguments<'_>) -> Answer {
    let mut all = Vec::new();
    for (at, items) in arguments.rest(0).iter().enumerate() {
        all.extend_from_slice(arguments.items_of(items, at)?);
    }
    Ok(Value::List(all))
}

pub(super) fn contains(arguments: &Arguments<'_>) -> Answer {
    for item in arguments.items(0)? {
        if arguments.same(item, arguments.raw(1))? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn distinct(arguments: &Arguments<'_>) -> Answer {
    let whole = arguments.whole(arguments.raw(0))?;
    let items = arguments.items_of(&whole, 0)?;
    let mut places: Vec<usize> = (0..items.len()).collect();
    places.sort_by(|a, b| order(&items[*a], &items[*b]).then(a.cmp(b)));
    places.dedup_by(|later, earlier| order(&items[*later], &items[*earlier]).is_eq());
    places.sort_unstable();
    list(places.into_iter().map(|at| items[at].clone()))
}

pub(super) fn element(arguments: &Arguments<'_>) -> Answer {
    let items = arguments.items(0)?;
    let at = arguments.size(1)?;
    match items.len() {
        0 => wrong("an empty list has no elements"),
        length => Ok(items[at % length].clone()),
    }
}

pub(super) fn flatten(arguments: &Arguments<'_>) -> Answer {
    let mut flat = Vec::new();
    flatten_into(arguments, arguments.items(0)?, &mut flat)?;
    Ok(Value::List(flat))
}

fn flatten_into(arguments: &Arguments<'_>, items: &[Partial], flat: &mut Vec<Partial>) -> Result<(), Wrong> {
    for item in items {
        let is_scalar = matches!(item, Value::Hole(hole)
            if !hole.is_secret() && matches!(hole.ty, Type::String | Type::Number | Type::Bool));
        match item {
            hole if is_scalar => flat.push(hole.clone()),
            item => match arguments.look(item)? {
                Value::List(inner) => flatten_into(arguments, inner, flat)?,
                other => flat.push(other.clone()),
            },
        }
    }
    Ok(())
}

pub(super) fn index(arguments: &Arguments<'_>) -> Answer {
    for (at, item) in arguments.items(0)?.iter().enumerate() {
        if arguments.same(item, arguments.raw(1))? {
            return Ok(Value::number(at));
        }
    }
    wrong("the list does not have this element")
}

pub(super) fn keys(arguments: &Arguments<'_>) -> Answer {
    list(arguments.entries(0)?.keys().map(Value::string))
}

pub(super) fn values(arguments: &Arguments<'_>) -> Answer {
    list(arguments.entries(0)?.values().cloned())
}

pub(super) fn length(arguments: &Arguments<'_>) -> Answer {
    let length = match arguments.value(0)? {
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        Value::String(text) => text.graphemes(true).count(),
        other => return Err(Wrong::Argument(0, format!("a {} has no length", other.type_name()))),
    };
    Ok(Value::number(length))
}

pub(super) fn lookup(arguments: &Arguments<'_>) -> Answer {
    let entries = arguments.entries(0)?;
    let key = arguments.text(1)?;
    match entries.get(key.as_ref()) {
        Some(value) => Ok(value.clone()),
        None if arguments.has(2) => Ok(arguments.raw(2).clone()),
        None => wrong(format!("there is no key `{key}`, and no default is given")),
    }
}

pub(super) fn matchkeys(arguments: &Arguments<'_>) -> Answer {
    let (values, keys, wanted) = (arguments.items(0)?, arguments.items(1)?, arguments.items(2)?);
    if values.len() != keys.len() {
        return wrong("the lists of values and keys have different lengths");
    }
    let mut found = Vec::new();
    for (value, key) in values.iter().zip(keys) {
        for want in wanted {
            if arguments.same(key, want)? {
                found.push(value.clone());
                break;
            }
        }
    }
    Ok(Value::List(found))
}

pub(super) fn merge(arguments: &Arguments<'_>) -> Answer {
    let mut all: BTreeMap<String, Partial> = BTreeMap::new();
    for (at, map) in arguments.rest(0).iter().enumerate() {
        match arguments.look(map)? {
            Value::Null => {}
            map => all.extend(arguments.entries_of(map, at)?.clone()),
        }
    }
    Ok(Value::Map(all))
}

pub(super) fn one(arguments: &Arguments<'_>) -> Answer {
    match arguments.items(0)? {
        [] => Ok(Value::Null),
        [only] => Ok(only.clone()),
        items => wrong(format!("the list has {} elements, not one or none", items.len())),
    }
}

pub(super) fn range(arguments: &Arguments<'_>) -> Answer {
    let first = arguments.number(0)?;
    let (start, limit) = match arguments.has(1) {
        true => (first, arguments.number(1)?),
        false => (Number::from(0_i64), first),
    };
    let step = match arguments.has(2) {
        true => arguments.number(2)?,
        false => Number::from(if start <= limit { 1_i64 } else { -1 }),
    };
    let (mut at, limit, step) = (start.decimal().clone(), limit.decimal(), step.decimal());
    let rises = bigdecimal::Signed::is_positive(step);
    if bigdecimal::Zero::is_zero(step) || rises != (at <= *limit) && at != *limit {
        return wrong("the step never leads from the start to the limit");
    }
    let mut numbers = Vec::new();
    while if rises { at < *limit } else { at > *limit } {
        if numbers.len() == MAX_ELEMENTS {
            return wrong(format!("a range has at most {MAX_ELEMENTS} elements"));
        }
        numbers.push(finite(at.clone())?);
        at += step;
    }
    Ok(Value::List(numbers))
}

pub(super) fn reverse(arguments: &Arguments<'_>) -> Answer {
    list(arguments.items(0)?.iter().rev().cloned())
}

fn sets(arguments: &Arguments<'_>) -> Result<Vec<Vec<Partial>>, Wrong> {
    let set = |(at, value): (usize, &Partial)| {
        let whole = arguments.whole(value)?;
        arguments.items_of(&whole, at).map(<[_]>::to_vec)
    };
    arguments.rest(0).iter().enumerate().map(set).collect()
}

fn sorted(mut items: Vec<Partial>) -> Vec<Partial> {
    items.sort_by(order);
    items
}

fn has(sorted: &[Partial], item: &Partial) -> bool {
    sorted.binary_search_by(|other| order(other, item)).is_ok()
}

pub(super) fn setunion(arguments: &Arguments<'_>) -> Answer {
    Ok(set_of(sets(arguments)?.concat()))
}

pub(super) fn setintersection(arguments: &Arguments<'_>) -> Answer {
    let mut sets = sets(arguments)?.into_iter();
    let mut common = sets.next().unwrap_or_default();
    for set in sets {
        let set = sorted(set);
        common.retain(|item| has(&set, item));
    }
    Ok(set_of(common))
}

pub(super) fn setsubtract(arguments: &Arguments<'_>) -> Answer {
    let mut sets = sets(arguments)?.into_iter();
    let (mut left, taken) = (sets.next().unwrap_or_default(), sorted(sets.next().unwrap_or_default()));
    left.retain(|item| !has(&taken, item));
    Ok(set_of(left))
}

pub(super) fn setproduct(arguments: &Arguments<'_>) -> Answer {
    let lists: Vec<&[Partial]> = arguments
        .rest(0)
        .iter()
        .enumerate()
        .map(|(at, items)| arguments.items_of(items, at))
        .collect::<Result<_, _>>()?;
    let count = lists.iter().map(|items| items.len()).fold(1_usize, usize::saturating_mul);
    if count > MAX_ELEMENTS {
        return wrong(format!("the product has more than {MAX_ELEMENTS} elements"));
    }
    let largest = lists.iter().flat_map(|items| items.iter()).map(crate::language::evaluate::size_of).max();
    bounded(count.saturating_mul(lists.len()).saturating_mul(largest.unwrap_or_default()))?;
    let combination = |at: usize| {
        let mut rest = at;
        let mut picked: Vec<Partial> = Vec::with_capacity(lists.len());
        for items in lists.iter().rev() {
            picked.push(items[rest % items.len()].clone());
            rest /= items.len();
        }
        picked.reverse();
        Value::List(picked)
    };
    list((0..count).map(combination))
}

pub(super) fn slice(arguments: &Arguments<'_>) -> Answer {
    let items = arguments.items(0)?;
    let (start, end) = (arguments.size(1)?, arguments.size(2)?);
    match items.get(start..end) {
        Some(part) => Ok(Value::List(part.to_vec())),
        None => wrong(format!("the list has {} elements, so there is no slice from {start} to {end}", items.len())),
    }
}

pub(super) fn sort(arguments: &Arguments<'_>) -> Answer {
    let mut texts = arguments.texts(0)?;
    texts.sort();
    list(texts.into_iter().map(Value::string))
}

pub(super) fn sum(arguments: &Arguments<'_>) -> Answer {
    let items = arguments.items(0)?;
    if items.is_empty() {
        return wrong("an empty list has no sum");
    }
    let mut total = bigdecimal::BigDecimal::from(0);
    for item in items {
        total += arguments.number_of(item, 0)?.decimal();
    }
    finite(total)
}

pub(super) fn transpose(arguments: &Arguments<'_>) -> Answer {
    let mut turned: BTreeMap<String, Vec<Partial>> = BTreeMap::new();
    for (key, items) in arguments.entries(0)?.iter() {
        for item in arguments.items_of(items, 0)? {
            turned.entry(arguments.text_of(item, 0)?.into_owned()).or_default().push(Value::string(key));
        }
    }
    Ok(Value::Map(turned.into_iter().map(|(key, items)| (key, Value::List(items))).collect()))
}

pub(super) fn zipmap(arguments: &Arguments<'_>) -> Answer {
    let (keys, values) = (arguments.texts(0)?, arguments.items(1)?);
    if keys.len() != values.len() {
        return wrong(format!("there are {} keys and {} values", keys.len(), values.len()));
    }
    Ok(Value::map(keys.into_iter().map(std::borrow::Cow::into_owned).zip(values.iter().cloned())))
}
