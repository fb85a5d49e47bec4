//! Places in documents, and documents over documents.

use serde_json::{Map, Value as Json};

/// What stands at a dotted path; null counts as nothing. Letter case does not matter, as for ARM.
pub fn at<'a>(document: &'a Json, path: &str) -> Option<&'a Json> {
    let step = |value: &'a Json, part: &str| match value {
        Json::Array(items) => items.get(part.parse::<usize>().ok()?),
        Json::Object(entries) => entries.iter().find(|(key, _)| key.eq_ignore_ascii_case(part)).map(|(_, value)| value),
        _ => None,
    };
    path.split('.').try_fold(document, step).filter(|value| !value.is_null())
}

/// Puts a value at a dotted path.
pub fn put(document: &mut Json, path: &str, value: Json) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    if !document.is_object() {
        *document = Json::Object(Map::new());
    }
    let Some(entries) = document.as_object_mut() else { return };
    match rest {
        None => drop(entries.insert(first.to_owned(), value)),
        Some(rest) => put(entries.entry(first).or_insert(Json::Null), rest, value),
    }
}

/// Takes away what stands at a dotted path.
pub fn remove(document: &mut Json, path: &str) {
    let mut parts: Vec<&str> = path.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let found = parts.into_iter().try_fold(document, |value, part| value.as_object_mut()?.get_mut(part));
    if let Some(Json::Object(entries)) = found {
        entries.remove(last);
    }
}

/// One document over another: a merge patch, null takes away.
pub fn overlay(document: &mut Json, upper: &Json) {
    let (Json::Object(entries), Json::Object(upper)) = (&mut *document, upper) else {
        *document = upper.clone();
        return;
    };
    for (key, value) in upper {
        let own = entries.keys().find(|own| own.eq_ignore_ascii_case(key)).cloned().unwrap_or_else(|| key.clone());
        match value {
            Json::Null => drop(entries.remove(&own)),
            value => overlay(entries.entry(own).or_insert(Json::Null), value),
        }
    }
}

/// The same value with every `{word}` in its texts replaced.
pub fn filled(template: &Json, words: &impl Fn(&str) -> Option<String>) -> Json {
    match template {
        Json::String(text) => Json::String(filled_text(text, words)),
        Json::Array(items) => Json::Array(items.iter().map(|item| filled(item, words)).collect()),
        Json::Object(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), filled(value, words))).collect())
        }
        other => other.clone(),
    }
}

fn filled_text(text: &str, words: &impl Fn(&str) -> Option<String>) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((word, after)) = after.split_once('}') else { break };
        done.push_str(before);
        done.push_str(&words(word).unwrap_or_else(|| format!("{{{word}}}")));
        rest = after;
    }
    done + rest
}
