//! When two values are the same, as far as that can be known.

use std::cell::Cell;

use crate::model::value::{Hole, Partial, Value};

/// Whether two values are equal; `None` when that is not known yet. Says through `touched` whether a secret was compared.
///
/// Every part is compared, even after a difference was found, so that it does not depend on what is known whether a secret is touched.
pub(crate) fn equal(left: &Partial, right: &Partial, touched: &Cell<bool>) -> Option<bool> {
    match (left, right) {
        (Value::Hole(a), Value::Hole(b)) if a == b && !a.is_secret() => Some(true),
        (Value::Hole(hole), other) | (other, Value::Hole(hole)) => if_told_apart(hole, other),
        (Value::Secret(_), _) | (_, Value::Secret(_)) => {
            touched.set(true);
            Some(super::expose(left) == super::expose(right))
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => every(a.iter().zip(b), touched),
        (Value::Map(a), Value::Map(b)) if a.keys().eq(b.keys()) => every(a.values().zip(b.values()), touched),
        _ => Some(left == right),
    }
}

/// Whether all pairs are equal. A difference decides unless a secret hole is among the pairs: the answer would be a secret.
fn every<'v>(pairs: impl Iterator<Item = (&'v Partial, &'v Partial)>, touched: &Cell<bool>) -> Option<bool> {
    let (mut same, mut open, mut sealed) = (true, false, false);
    for (left, right) in pairs {
        match equal(left, right, touched) {
            Some(answer) => same &= answer,
            None => {
                open = true;
                sealed |= [left, right].into_iter().flat_map(|value| value.holes()).any(|hole| hole.is_secret());
            }
        }
    }
    match open {
        false => Some(same),
        true if same || sealed => None,
        true => Some(false),
    }
}

/// A known prefix tells a hole from what does not start with it, and from everything that is no text.
fn if_told_apart(hole: &Hole, other: &Partial) -> Option<bool> {
    if hole.is_secret() || hole.prefix.is_empty() {
        return None;
    }
    match other {
        Value::Hole(_) | Value::Secret(_) => None,
        Value::String(text) if text.starts_with(&hole.prefix) => None,
        _ => Some(false),
    }
}
