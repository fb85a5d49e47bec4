//! Reading the attributes that a call brings. The engine has checked them against the schema; what is still wrong is refused, never a panic.

use std::collections::BTreeMap;
use std::time::Duration;

use siac_core::model::schema::Rule;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

/// The value inside a secret, however deep; anything else as it is. The caller hands it to its consumer and nowhere else.
pub fn exposed(value: &Known) -> &Known {
    match value {
        Value::Secret(secret) => exposed(secret.expose()),
        other => other,
    }
}

/// An attribute that is set.
fn attribute<'a>(inputs: &'a Known, name: &str) -> Option<&'a Known> {
    exposed(inputs).get(name).map(exposed).filter(|value| !value.is_null())
}

/// A text.
pub fn text<'a>(inputs: &'a Known, name: &str) -> Option<&'a str> {
    attribute(inputs, name)?.as_str()
}

/// A text that must be there.
pub fn needed_text<'a>(inputs: &'a Known, name: &str) -> Result<&'a str, Fault> {
    text(inputs, name).ok_or_else(|| Fault::rejected(format!("the attribute `{name}` is missing; set it to a text")))
}

/// A truth value; false when it is not set.
pub fn flag(inputs: &Known, name: &str) -> bool {
    attribute(inputs, name).and_then(Known::as_bool).unwrap_or(false)
}

/// A size or count.
pub fn size(inputs: &Known, name: &str) -> Option<usize> {
    attribute(inputs, name)?.as_number()?.as_usize()
}

/// A list of texts.
pub fn texts(value: &Known) -> Option<Vec<String>> {
    exposed(value).as_list()?.iter().map(|item| exposed(item).as_str().map(str::to_owned)).collect()
}

/// A map to texts; empty when it is not set. Entries that are null are left out.
pub fn text_map(inputs: &Known, name: &str) -> BTreeMap<String, String> {
    let entries = attribute(inputs, name).and_then(Known::as_map);
    let texts = entries
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), exposed(value).as_str()?.to_owned())));
    texts.collect()
}

/// The texts of all secrets inside a value, for scrubbing what might repeat them.
pub fn secret_texts(value: &Known) -> Vec<String> {
    fn collect(value: &Known, inside: bool, found: &mut Vec<String>) {
        match value {
            Value::Secret(secret) => collect(secret.expose(), true, found),
            Value::List(items) => items.iter().for_each(|item| collect(item, inside, found)),
            Value::Map(entries) => entries.values().for_each(|item| collect(item, inside, found)),
            Value::String(text) if inside && !text.is_empty() => found.push(text.clone()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(value, false, &mut found);
    found
}

/// Whether any part of a value is a secret.
pub fn holds_secret(value: &Known) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(items) => items.iter().any(holds_secret),
        Value::Map(entries) => entries.values().any(holds_secret),
        _ => false,
    }
}

/// What is remembered of the attributes, without those that are sealed wholly or in part.
pub fn visible(remembered: &Partial) -> BTreeMap<String, Known> {
    let entries = remembered.as_map().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), value.close()?))).collect()
}

/// Whether what is remembered of an attribute is sealed, wholly or in part.
pub fn is_sealed(remembered: &Partial, name: &str) -> bool {
    remembered.get(name).is_some_and(|value| value.close().is_none_or(|value| holds_secret(&value)))
}

/// A value as secret as another one is.
pub fn as_secret(value: Known, secret: bool) -> Known {
    match secret {
        true => Value::Secret(siac_core::model::secret::Secret::new(value)),
        false => value,
    }
}

/// The rule for durations.
pub fn duration_rule() -> Rule {
    Rule::Matches("[0-9]{1,6}(ms|s|m|h)", "a duration such as `500ms`, `30s`, `5m` or `1h`")
}

/// A duration as the stack writes it.
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let milliseconds = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(milliseconds)?))
}

/// A duration that is an attribute.
pub fn needed_duration(inputs: &Known, name: &str, otherwise: Duration) -> Result<Duration, Fault> {
    let Some(text) = text(inputs, name) else { return Ok(otherwise) };
    duration(text).ok_or_else(|| Fault::rejected(format!("`{name}` is no duration; write one such as `30s` or `5m`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use siac_core::model::secret::Secret;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(duration("2h"), Some(Duration::from_secs(7_200)));
        assert_eq!(duration("30"), None);
        assert_eq!(duration("s"), None);
        assert_eq!(duration("-1s"), None);
    }

    #[test]
    fn secrets_are_seen_wherever_they_stand() {
        let secret = Value::Secret(Secret::new(Value::string("hunter2")));
        let inputs: Known = Value::map([("environment", Value::map([("A", secret), ("B", Value::string("b"))]))]);
        assert_eq!(secret_texts(&inputs), ["hunter2"]);
        assert_eq!(text_map(&inputs, "environment")["A"], "hunter2");
        assert!(holds_secret(&inputs));
    }
}
