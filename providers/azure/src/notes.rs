//! What siac sent beside what Azure shows of it: the same in other words, or changed by someone.
//!
//! Services answer in their own words: they spell regions out, fill in defaults, reorder lists, and never show what was only to be written.
//! No table could list all of that. So what a service shows right after siac's own write is what that write means, and is noted with the
//! object; later only a departure from it is drift. A service that shows nothing of a change has not made it, and that is not noted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};

/// What is kept with an object: what only this provider understands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Whether the object was adopted as it was, so that it says more than any stack did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// What is shown, by place, where that is not what was sent; null where nothing is shown.
    #[serde(default)]
    pub shown: BTreeMap<String, Known>,
}

impl Notes {
    /// Those kept with an object.
    pub fn read(private: &[u8]) -> Self {
        serde_json::from_slice(private).unwrap_or_default()
    }

    /// As they are kept.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Notes how Azure shows an attribute that was just sent. `before` is what it showed before, of an object that was changed.
    pub fn take(&mut self, name: &str, ty: &Type, sent: &Known, shown: Option<&Known>, before: Option<&Known>) {
        note(&mut self.shown, name, ty, Some(sent), shown, before);
    }

    /// An attribute as the stack would have written it, from what Azure shows. `None` when it cannot be seen.
    pub fn told(&self, name: &str, ty: &Type, remembered: &Partial, shown: Option<&Known>) -> Option<Known> {
        self.tell(name, ty, remembered, shown)
    }

    fn tell(&self, place: &str, ty: &Type, remembered: &Partial, shown: Option<&Known>) -> Option<Known> {
        let noted = self.shown.get(place);
        if noted == shown && noted.is_some() || noted == Some(&Value::Null) && shown.is_none() {
            return remembered.close();
        }
        let Some(shown) = shown else {
            // A sealed value that is not shown cannot be compared; a plain one is gone.
            return remembered.holes().is_empty().then_some(Value::Null);
        };
        match (remembered, shown) {
            (Value::Map(_), Value::Map(entries)) => self.tell_entries(place, ty, remembered, entries),
            (Value::List(before), Value::List(now)) if before.len() == now.len() => {
                let element = element(ty);
                let now = aligned(before, now);
                let told = before.iter().zip(now).enumerate();
                let told =
                    told.map(|(at, (before, now))| self.tell(&format!("{place}/{at}"), element, before, Some(now)));
                told.collect::<Option<Vec<Known>>>().map(Value::List)
            }
            (Value::Hole(_), shown) => Some(secret(shown.clone())),
            (remembered, shown) if is_same(remembered, shown) => remembered.close(),
            (_, shown) => Some(shown.clone()),
        }
    }

    fn tell_entries(
        &self,
        place: &str,
        ty: &Type,
        remembered: &Partial,
        shown: &BTreeMap<String, Known>,
    ) -> Option<Known> {
        let mut told = BTreeMap::new();
        for (key, before) in remembered.as_map()?.iter().filter(|(_, before)| !before.is_null()) {
            let entry = self.tell(&below(place, key), entry_type(ty, key), before, entry(shown, key))?;
            told.insert(key.clone(), entry);
        }
        // Keys of a map are the stack's own, so that one more is drift; fields that it leaves open are nobody's concern.
        if matches!(ty, Type::Map(_)) {
            let is_new = |key: &String| !told.contains_key(key) && !self.shown.contains_key(&below(place, key));
            let surplus: Vec<_> = shown.iter().filter(|(key, _)| is_new(key)).collect();
            told.extend(surplus.into_iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        Some(Value::Map(told))
    }
}

fn note(
    notes: &mut BTreeMap<String, Known>,
    place: &str,
    ty: &Type,
    sent: Option<&Known>,
    shown: Option<&Known>,
    before: Option<&Known>,
) {
    let departs = match (sent, shown) {
        (Some(Value::Secret(_)), _) | (None | Some(Value::Null), None) => None,
        (Some(_), None) => Some(Value::Null),
        // That something is there is all that is noted of a secret.
        (None, Some(Value::Secret(_))) => Some(Value::string("(secret)")),
        (Some(Value::Map(sent)), Some(Value::Map(shown))) => {
            let surplus = shown.keys().filter(|key| matches!(ty, Type::Map(_)) && !sent.contains_key(*key));
            for key in sent.keys().chain(surplus) {
                let before = before.and_then(|before| before.get(key));
                note(notes, &below(place, key), entry_type(ty, key), sent.get(key), entry(shown, key), before);
            }
            None
        }
        (Some(Value::List(sent)), Some(Value::List(shown))) if sent.len() == shown.len() => {
            for (at, (sent, shown)) in sent.iter().zip(aligned(sent, shown)).enumerate() {
                note(notes, &format!("{place}/{at}"), element(ty), Some(sent), Some(shown), None);
            }
            None
        }
        (Some(sent), Some(shown)) if is_same(sent, shown) => None,
        (_, Some(shown)) => Some(shown.clone()),
    };
    // What is shown as it was before the change does not show the change.
    let is_stale = before.is_some() && before == departs.as_ref();
    if let Some(shown) = departs.filter(|_| !is_stale) {
        notes.insert(place.to_owned(), shown);
    }
}

/// Whether a sent value and a shown one are the same: ids of resources in whatever case.
fn is_same<H: PartialEq>(sent: &Value<H>, shown: &Known) -> bool {
    match (sent, shown) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b || (is_id(a) && a.eq_ignore_ascii_case(b)),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        _ => false,
    }
}

fn is_id(text: &str) -> bool {
    let lower = text.get(..15).unwrap_or(text).to_ascii_lowercase();
    lower.starts_with("/subscriptions/") || lower.starts_with("/providers/")
}

/// Items in the order of those that they stand for, where services reorder them: found by `name`, `key` or `id`, or by being equal.
fn aligned<'a, H: PartialEq>(before: &[Value<H>], now: &'a [Known]) -> Vec<&'a Known> {
    let mut left: Vec<&Known> = now.iter().collect();
    let mut found = Vec::with_capacity(now.len());
    for item in before {
        let at = left.iter().position(|candidate| is_same(item, candidate) || has_same_name(item, candidate));
        found.push(at.map(|at| left.remove(at)));
    }
    let mut left = left.into_iter();
    found.into_iter().filter_map(|item| item.or_else(|| left.next())).collect()
}

fn has_same_name<H>(a: &Value<H>, b: &Known) -> bool {
    ["name", "key", "id"].iter().any(|key| {
        matches!((a.get(key), b.get(key)), (Some(Value::String(a)), Some(Value::String(b))) if a.eq_ignore_ascii_case(b))
    })
}

fn entry<'a>(entries: &'a BTreeMap<String, Known>, key: &str) -> Option<&'a Known> {
    let exact = entries.get(key);
    let found =
        exact.or_else(|| entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value));
    found.filter(|value| !value.is_null())
}

fn entry_type<'a>(ty: &'a Type, key: &str) -> &'a Type {
    match ty {
        Type::Object(fields) => fields.get(key).map_or(&Type::Any, |field| &field.ty),
        Type::Map(element) => element,
        _ => &Type::Any,
    }
}

fn element(ty: &Type) -> &Type {
    match ty {
        Type::List(element) | Type::Set(element) => element,
        _ => &Type::Any,
    }
}

fn below(place: &str, key: &str) -> String {
    format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn secret(value: Known) -> Known {
    match value {
        Value::Null | Value::Secret(_) => value,
        value => Value::Secret(siac_core::model::secret::Secret::new(value)),
    }
}

/// Whether everything that is wanted stands in what there is, which may say more.
pub fn covers(there: &Partial, wanted: &Partial) -> bool {
    match (there, wanted) {
        (_, Value::Null) => true,
        (Value::Map(there), Value::Map(wanted)) => {
            wanted.iter().all(|(key, wanted)| covers(there.get(key).unwrap_or(&Value::Null), wanted))
        }
        (Value::List(there), Value::List(wanted)) => {
            there.len() == wanted.len() && there.iter().zip(wanted).all(|(there, wanted)| covers(there, wanted))
        }
        (Value::String(a), Value::String(b)) => a == b || (is_id(a) && a.eq_ignore_ascii_case(b)),
        (there, wanted) => there == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: serde_json::Value) -> Known {
        serde_json::from_value(json).unwrap()
    }

    fn told(notes: &Notes, sent: &Known, shown: &Known) -> Option<Known> {
        notes.told("body", &Type::Any, &sent.open(), Some(shown))
    }

    #[test]
    fn what_is_shown_after_a_write_is_what_the_write_means() {
        let sent = value(serde_json::json!({ "location": "westeurope", "size": 1, "password": "p", "open": null }));
        let shown = value(serde_json::json!({ "location": "West Europe", "size": 1, "extra": true }));
        let mut notes = Notes::default();
        notes.take("body", &Type::Any, &sent, Some(&shown), None);
        let expected = value(serde_json::json!({ "location": "westeurope", "size": 1, "password": "p" }));
        assert_eq!(told(&notes, &sent, &shown), Some(expected));
        let drifted = value(serde_json::json!({ "location": "North Europe", "size": 2 }));
        let expected = value(serde_json::json!({ "location": "North Europe", "size": 2, "password": "p" }));
        assert_eq!(told(&notes, &sent, &drifted), Some(expected));
    }

    #[test]
    fn what_was_shown_and_is_gone_is_drift() {
        let sent = value(serde_json::json!({ "a": 1 }));
        let gone = value(serde_json::json!({}));
        assert_eq!(told(&Notes::default(), &sent, &gone), Some(value(serde_json::json!({ "a": null }))));
    }

    #[test]
    fn a_change_that_is_not_shown_is_not_taken_for_made() {
        let (sent, shown) = (value(serde_json::json!({ "tier": "new" })), value(serde_json::json!({ "tier": "old" })));
        let mut notes = Notes::default();
        notes.take("body", &Type::Any, &sent, Some(&shown), Some(&shown));
        assert_eq!(told(&notes, &sent, &shown), Some(shown));
    }

    #[test]
    fn reordered_lists_and_ids_in_other_letters_are_the_same() {
        let sent = value(serde_json::json!([{ "name": "a", "v": 1 }, { "name": "b", "id": "/subscriptions/A" }]));
        let shown = value(serde_json::json!([{ "name": "b", "id": "/subscriptions/a" }, { "name": "a", "v": 1 }]));
        assert_eq!(told(&Notes::default(), &sent, &shown), Some(sent));
    }

    #[test]
    fn keys_of_maps_are_the_stacks_own() {
        let sent = value(serde_json::json!({ "A": "1" }));
        let shown = value(serde_json::json!({ "A": "1", "B": "2" }));
        let ty = Type::map(Type::String);
        let notes = Notes::default();
        assert_eq!(notes.told("settings", &ty, &sent.open(), Some(&shown)), Some(shown.clone()));
        let mut notes = Notes::default();
        notes.take("settings", &ty, &sent, Some(&shown), None);
        assert_eq!(notes.told("settings", &ty, &sent.open(), Some(&shown)), Some(sent));
    }

    #[test]
    fn an_adopted_object_may_say_more_than_the_stack() {
        let there = value(serde_json::json!({ "a": { "b": 1, "c": 2 } })).open();
        assert!(covers(&there, &value(serde_json::json!({ "a": { "b": 1 } })).open()));
        assert!(!covers(&there, &value(serde_json::json!({ "a": { "b": 2 } })).open()));
    }
}
