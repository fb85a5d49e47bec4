//! Properties as Cloud Control writes them: read, compared with what is wanted, and changed.

use serde_json::{Map, Value as Json, json};
use siac_core::model::number::Number;
use siac_core::model::value::{Known, Partial, Value};

use crate::fields::exposed;

/// A value as JSON, secrets included: only for what is sent.
pub fn to_json(value: &Known) -> Json {
    match exposed(value) {
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => json_number(number),
        Value::String(text) => Json::String(text.clone()),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => {
            let set = entries.iter().filter(|(_, value)| !exposed(value).is_null());
            Json::Object(set.map(|(key, value)| (key.clone(), to_json(value))).collect())
        }
        _ => Json::Null,
    }
}

fn json_number(number: &Number) -> Json {
    let whole = number.as_i64().map(Json::from);
    whole.unwrap_or_else(|| serde_json::Number::from_f64(number.to_f64()).map_or(Json::Null, Json::Number))
}

/// JSON as a value.
pub fn from_json(json: &Json) -> Known {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number.to_string().parse().map_or(Value::Null, Value::Number),
        Json::String(text) => Value::string(text),
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(entries) => {
            Value::Map(entries.iter().map(|(key, value)| (key.clone(), from_json(value))).collect())
        }
    }
}

/// What is shown, as far as somebody wants something there: what AWS adds is no drift, and neither is another order of a list.
pub fn projected(wanted: &Partial, shown: &Json) -> Known {
    match (wanted, shown) {
        (Value::Map(wanted), Json::Object(shown)) => {
            let there = |(key, wanted): (&String, &Partial)| Some((key.clone(), projected(wanted, shown.get(key)?)));
            Value::Map(wanted.iter().filter_map(there).collect())
        }
        (Value::List(wanted), Json::Array(shown)) if wanted.len() == shown.len() => {
            Value::List(in_order(wanted, shown).unwrap_or_else(|| by_index(wanted, shown)))
        }
        (_, shown) => from_json(shown),
    }
}

/// The elements in the order in which they are wanted, when each is there.
fn in_order(wanted: &[Partial], shown: &[Json]) -> Option<Vec<Known>> {
    let mut left: Vec<&Json> = shown.iter().collect();
    let found = |wanted: &Partial| {
        let known = wanted.close()?;
        let at = left.iter().position(|shown| projected(wanted, shown) == known)?;
        left.remove(at);
        Some(known)
    };
    wanted.iter().map(found).collect()
}

fn by_index(wanted: &[Partial], shown: &[Json]) -> Vec<Known> {
    wanted.iter().zip(shown).map(|(wanted, shown)| projected(wanted, shown)).collect()
}

/// The steps of a place.
pub fn steps(place: &str) -> Vec<&str> {
    place.split('/').collect()
}

/// Whether something stands at a place.
pub fn stands_at<H>(value: &Value<H>, steps: &[&str]) -> bool {
    match (steps, value) {
        (_, Value::Null) => false,
        ([], _) => true,
        (["*", rest @ ..], Value::List(items)) => items.iter().any(|item| stands_at(item, rest)),
        ([name, rest @ ..], Value::Map(entries)) => entries.get(*name).is_some_and(|value| stands_at(value, rest)),
        _ => false,
    }
}

/// Everything that stands at a place.
pub fn all_at<'a, H>(value: Option<&'a Value<H>>, steps: &[&str]) -> Vec<&'a Value<H>> {
    match (steps, value) {
        (_, None | Some(Value::Null)) => Vec::new(),
        ([], Some(value)) => vec![value],
        (["*", rest @ ..], Some(Value::List(items))) => {
            items.iter().flat_map(|item| all_at(Some(item), rest)).collect()
        }
        ([name, rest @ ..], Some(Value::Map(entries))) => all_at(entries.get(*name), rest),
        _ => Vec::new(),
    }
}

/// Takes away what stands at a place.
pub fn remove(json: &mut Json, steps: &[&str]) {
    match (steps, json) {
        ([name], Json::Object(entries)) => drop(entries.remove(*name)),
        (["*", rest @ ..], Json::Array(items)) => items.iter_mut().for_each(|item| remove(item, rest)),
        ([name, rest @ ..], Json::Object(entries)) => {
            entries.get_mut(*name).into_iter().for_each(|it| remove(it, rest))
        }
        _ => {}
    }
}

/// Lays one document over another; what both have is laid over in turn.
pub fn lay_over(below: &mut Map<String, Json>, above: Map<String, Json>) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Json::Object(below)), Json::Object(above)) => lay_over(below, above),
            (_, value) => drop(below.insert(key, value)),
        }
    }
}

/// The steps of a JSON patch that make `shown` what is wanted: only what differs is touched, and only what was wanted before is taken away.
pub fn patch(shown: &Map<String, Json>, wanted: &Map<String, Json>, before: &Map<String, Json>) -> Vec<Json> {
    let mut found = Vec::new();
    differ("", shown, wanted, before, &mut found);
    found
}

fn differ(
    at: &str,
    shown: &Map<String, Json>,
    wanted: &Map<String, Json>,
    before: &Map<String, Json>,
    found: &mut Vec<Json>,
) {
    for (key, value) in wanted {
        let path = pointer(at, key);
        match (shown.get(key), value) {
            (Some(Json::Object(shown)), Json::Object(wanted)) => {
                let nothing = Map::new();
                let before = before.get(key).and_then(Json::as_object).unwrap_or(&nothing);
                differ(&path, shown, wanted, before, found);
            }
            (Some(now), wanted) if is_alike(now, wanted) => {}
            (_, value) => found.push(json!({ "op": "add", "path": path, "value": value })),
        }
    }
    let surplus = before.keys().filter(|key| !wanted.contains_key(*key) && shown.contains_key(*key));
    found.extend(surplus.map(|key| json!({ "op": "remove", "path": pointer(at, key) })));
}

fn is_alike(now: &Json, wanted: &Json) -> bool {
    let wanted = from_json(wanted);
    projected(&wanted.open(), now) == wanted
}

/// A key below a JSON pointer.
fn pointer(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: Json) -> Map<String, Json> {
        json.as_object().cloned().unwrap()
    }

    #[test]
    fn only_what_is_wanted_is_compared() {
        let wanted = from_json(&json!({ "A": 1, "L": [{ "x": 1 }, { "x": 2 }], "gone": "y" })).open();
        let shown = json!({ "A": 1, "B": 2, "L": [{ "x": 2, "more": 0 }, { "x": 1 }] });
        assert_eq!(projected(&wanted, &shown), from_json(&json!({ "A": 1, "L": [{ "x": 1 }, { "x": 2 }] })));
        let other = json!({ "A": 1, "L": [{ "x": 2 }, { "x": 3 }] });
        assert_eq!(projected(&wanted, &other), from_json(&json!({ "A": 1, "L": [{ "x": 2 }, { "x": 3 }] })));
    }

    #[test]
    fn a_patch_touches_what_differs() {
        let shown = object(json!({ "A": { "a": 1, "theirs": 2 }, "L": [1, 2], "old": 1, "x/y": 1 }));
        let wanted = object(json!({ "A": { "a": 2 }, "L": [2, 1], "new": [], "x/y": 2 }));
        let before = object(json!({ "A": { "a": 1 }, "old": 1, "never": 1 }));
        assert_eq!(
            patch(&shown, &wanted, &before),
            [
                json!({ "op": "add", "path": "/A/a", "value": 2 }),
                json!({ "op": "add", "path": "/new", "value": [] }),
                json!({ "op": "add", "path": "/x~1y", "value": 2 }),
                json!({ "op": "remove", "path": "/old" }),
            ]
        );
    }

    #[test]
    fn places_may_lie_in_every_element_of_a_list() {
        let mut json = json!({ "L": [{ "a": 1, "b": 2 }, { "b": 3 }], "A": { "b": 1 } });
        assert!(stands_at(&from_json(&json), &steps("L/*/a")));
        assert_eq!(all_at(Some(&from_json(&json)), &steps("L/*/b")).len(), 2);
        remove(&mut json, &steps("L/*/b"));
        remove(&mut json, &steps("A/b"));
        assert_eq!(json, json!({ "L": [{ "a": 1 }, {}], "A": {} }));
        assert!(!stands_at(&from_json(&json), &steps("L/*/b")));
    }
}
