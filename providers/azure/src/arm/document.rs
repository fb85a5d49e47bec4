//! Places in JSON documents, as dotted paths: `properties.siteConfig.cors`. Numbers index lists.

use serde_json::{Map, Value as Json};

/// The entry of an object by its name; services do not always keep the case of letters.
pub fn child<'a>(document: &'a Json, name: &str) -> Option<&'a Json> {
    let entries = document.as_object()?;
    let exact = entries.get(name);
    exact.or_else(|| entries.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// What stands at a path; null counts as nothing.
pub fn at<'a>(document: &'a Json, path: &str) -> Option<&'a Json> {
    let step = |value: &'a Json, part: &str| match value {
        Json::Array(items) => items.get(part.parse::<usize>().ok()?),
        value => child(value, part),
    };
    path.split('.').filter(|part| !part.is_empty()).try_fold(document, step).filter(|value| !value.is_null())
}

/// Puts a value at a path, making the objects that lead there.
pub fn put(document: &mut Json, path: &str, value: Json) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    if !document.is_object() {
        *document = Json::Object(Map::new());
    }
    let Some(entries) = document.as_object_mut() else { return };
    match rest {
        None => drop(entries.insert(first.to_owned(), value)),
        Some(rest) => put(entries.entry(first).or_insert_with(|| Json::Object(Map::new())), rest, value),
    }
}

/// Takes away what stands at a path.
pub fn remove(document: &mut Json, path: &str) {
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let parent = parent.split('.').filter(|part| !part.is_empty());
    let found = parent.into_iter().try_fold(document, |value, part| value.as_object_mut()?.get_mut(part));
    if let Some(Json::Object(entries)) = found {
        entries.remove(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_found_made_and_cleared() {
        let mut document = json!({ "Properties": { "a": [{ "b": 1 }], "c": null } });
        assert_eq!(at(&document, "properties.a.0.b"), Some(&json!(1)));
        assert_eq!(at(&document, "properties.c"), None);
        put(&mut document, "sku.name", json!("S1"));
        assert_eq!(at(&document, "sku"), Some(&json!({ "name": "S1" })));
        remove(&mut document, "sku.name");
        assert_eq!(at(&document, "sku"), Some(&json!({})));
        remove(&mut document, "nothing.here");
    }
}
