//! Values as a reader of stack files would write them.

use siac_core::model::address::{AddressPattern, check_name};
use siac_core::model::identity::Digest;
use siac_core::model::path::Segment;
use siac_core::model::snapshot::{artifact_digest, artifact_identity};
use siac_core::model::value::{Hole, Partial, Value};
use unicode_width::UnicodeWidthStr;

use crate::arguments::Detail;
use crate::sanitise;

/// What stands for a value that must not be shown.
pub const SENSITIVE: &str = "(sensitive value)";
/// What stands for a value that the provider decides during apply.
pub const UNKNOWN: &str = "(known after apply)";

/// The widest list or map that is written on one line, in columns.
const INLINE_COLUMNS: usize = 60;
/// The longest text that is written whole on one line, in characters, unless everything is asked for.
const INLINE_CHARACTERS: usize = 240;
/// How much of a digest is shown, in hexadecimal digits, unless everything is asked for.
const SHOWN_DIGITS: usize = 8;
/// How much of a longer text is shown, in characters.
const SHOWN_CHARACTERS: usize = 160;

/// The value on one line, when it fits there: scalars, texts of one line, holes, and short collections of them.
pub fn inline(value: &Partial, detail: Detail) -> Option<String> {
    match value {
        Value::List(items) => inline_list(items),
        Value::Map(entries) if entries.is_empty() => Some("{}".to_owned()),
        Value::Map(_) => None,
        Value::String(text) if artifact(text, detail).is_some() => artifact(text, detail),
        Value::String(text) if is_multi_line(text) || (text.len() > INLINE_COLUMNS && json(text).is_some()) => None,
        Value::String(text) => Some(quoted_text(text, detail)),
        Value::Null => Some("null".to_owned()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Secret(_) => Some(SENSITIVE.to_owned()),
        Value::Hole(hole) => Some(hole_text(hole)),
    }
}

fn inline_list(items: &[Partial]) -> Option<String> {
    let mut line = String::from("[");
    for (at, item) in items.iter().enumerate() {
        if matches!(item, Value::List(_) | Value::Map(_)) {
            return None;
        }
        let comma = if at == 0 { "" } else { ", " };
        line = line + comma + &inline(item, Detail::Full)?;
        if line.width() > INLINE_COLUMNS {
            return None;
        }
    }
    Some(line + "]")
}

/// What is known of a hole: nothing when it is secret, the prefix when there is one.
fn hole_text(hole: &Hole) -> String {
    if hole.is_secret() {
        return SENSITIVE.to_owned();
    }
    match hole.prefix.as_str() {
        "" => UNKNOWN.to_owned(),
        prefix => format!("\"{}…\" {UNKNOWN}", escaped(prefix)),
    }
}

/// An artifact's reference in words: which one it is, and what it was built from. Nothing for any other text.
pub fn artifact(text: &str, detail: Detail) -> Option<String> {
    let digest = artifact_digest(text)?;
    let built = artifact_identity(text).map(|identity| format!(" (built from {})", shortened(&identity, detail)));
    Some(format!("artifact {}{}", shortened(&digest, detail), built.unwrap_or_default()))
}

/// The beginning of a digest, enough to tell a few apart.
fn shortened(digest: &Digest, detail: Detail) -> String {
    let digest = digest.to_string();
    if detail == Detail::Full { digest } else { format!("{}…", &digest[..SHOWN_DIGITS]) }
}

/// Whether a text has more than one line; a line break at the very end makes no second one.
pub fn is_multi_line(text: &str) -> bool {
    text.strip_suffix('\n').unwrap_or(text).contains('\n')
}

/// The text in quotes, with escapes for quotes, backslashes, line breaks and tabs.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => safe.push_str("\\\""),
            '\\' => safe.push_str("\\\\"),
            c => crate::sanitise::push(&mut safe, c),
        }
    }
    safe
}

fn quoted_text(text: &str, detail: Detail) -> String {
    let characters = text.chars().count();
    if detail == Detail::Full || characters <= INLINE_CHARACTERS {
        return quoted(text);
    }
    let shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
    format!("\"{}…\" ({characters} characters)", escaped(&shown))
}

/// Two texts of one line, each in quotes; of long ones only what surrounds their difference.
pub fn quoted_pair(before: &str, after: &str, detail: Detail) -> (String, String) {
    let characters = before.chars().count().max(after.chars().count());
    if detail == Detail::Full || characters <= INLINE_CHARACTERS {
        return (quoted(before), quoted(after));
    }
    let same = before.chars().zip(after.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(20);
    (excerpt(before, from), excerpt(after, from))
}

fn excerpt(text: &str, from: usize) -> String {
    let shown: String = text.chars().skip(from).take(SHOWN_CHARACTERS).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if text.chars().count() > from + SHOWN_CHARACTERS { "…" } else { "" };
    format!("\"{before}{}{after}\"", escaped(&shown))
}

/// A key of a map as one would write it: bare when it is a name, else in quotes.
pub fn key(name: &str) -> String {
    if check_name(name).is_ok() { name.to_owned() } else { quoted(name) }
}

/// The keys, with spaces behind the shorter ones so that what follows is aligned; very long keys align nothing.
pub fn aligned<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    padded(names.into_iter().map(key).collect())
}

/// The names of outputs, aligned. Those of components have a form of their own, which needs no quotes.
pub fn aligned_outputs<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let is_of_component = |name: &str| {
        let scope = name.rsplit_once('.').and_then(|(scope, _)| scope.parse::<AddressPattern>().ok());
        matches!(scope, Some(AddressPattern::Within(_)))
    };
    let label = |name: &str| if is_of_component(name) { sanitise::line(name).into() } else { key(name) };
    padded(names.into_iter().map(label).collect())
}

/// The labels, with spaces behind the shorter ones.
fn padded(keys: Vec<String>) -> Vec<String> {
    const WIDEST: usize = 40;
    let width = keys.iter().map(|key| key.width()).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let pad = |key: &String| format!("{key}{}", " ".repeat(width.saturating_sub(key.width())));
    keys.iter().map(pad).collect()
}

/// The document in a text, when it is a JSON object or array that can be shown without loss.
pub fn json(text: &str) -> Option<Partial> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    // The parser rounds what a double cannot hold; such a document is better shown as the text it is.
    numbers_in(text).iter().all(|written| exact_number(written).is_some()).then(|| from_json(&document))
}

/// Every number in a JSON text, as it is written.
fn numbers_in(text: &str) -> Vec<&str> {
    let mut numbers = Vec::new();
    let (mut in_string, mut escaped, mut start) = (false, false, None);
    for (at, c) in text.char_indices() {
        let is_part = !in_string
            && (c.is_ascii_digit() || matches!(c, '-' | '+' | '.') || (start.is_some() && matches!(c, 'e' | 'E')));
        match (start, is_part) {
            (None, true) => start = Some(at),
            (Some(begin), false) => {
                numbers.push(&text[begin..at]);
                start = None;
            }
            _ => {}
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
    }
    numbers
}

/// The number as JSON, when reading and writing it changes nothing.
fn exact_number(written: &str) -> Option<serde_json::Value> {
    let number: serde_json::Value = serde_json::from_str(written).ok()?;
    let again = number.to_string();
    (again == written).then_some(number)
}

fn from_json(document: &serde_json::Value) -> Partial {
    match document {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match number.to_string().parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::string(number.to_string()),
        },
        serde_json::Value::String(text) => Value::string(text),
        serde_json::Value::Array(items) => Value::List(items.iter().map(from_json).collect()),
        serde_json::Value::Object(entries) => Value::map(entries.iter().map(|(key, value)| (key, from_json(value)))),
    }
}

/// The value as JSON for machines: secrets and holes as `null`, numbers that most readers would round as text.
pub fn plain_json(value: &Partial) -> serde_json::Value {
    match value {
        Value::Null | Value::Secret(_) | Value::Hole(_) => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => {
            let written = number.to_string();
            exact_number(&written).unwrap_or_else(|| written.into())
        }
        Value::String(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(plain_json).collect(),
        Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), plain_json(value))).collect(),
    }
}

/// Where the parts of a value are that plain JSON cannot show, each as a path of keys and indices.
pub fn blanks(value: &Partial, wanted: impl Fn(&Hole) -> bool, secrets: bool) -> Vec<Vec<serde_json::Value>> {
    let mut places = Vec::new();
    value.visit_leaves(&mut |path, leaf| {
        let is_wanted = match leaf {
            Value::Hole(hole) => wanted(hole),
            Value::Secret(_) => secrets,
            _ => false,
        };
        if is_wanted {
            places.push(path.0.iter().map(segment_json).collect());
        }
    });
    places
}

fn segment_json(segment: &Segment) -> serde_json::Value {
    match segment {
        Segment::Index(index) => (*index).into(),
        Segment::Key(key) => key.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use siac_core::model::secret::Secret;
    use siac_core::model::types::Type;
    use siac_core::model::value::{Awaits, Origin};

    use super::*;

    fn hole(awaits: Awaits, prefix: &str) -> Partial {
        let mut hole = Hole::of(Origin::Secret("pw".into()), Type::String, awaits);
        hole.prefix = prefix.to_owned();
        Value::Hole(Box::new(hole))
    }

    fn shown(value: &Partial) -> String {
        inline(value, Detail::Normal).unwrap()
    }

    #[test]
    fn holes_say_what_is_known_and_secrets_say_nothing() {
        assert_eq!(shown(&hole(Awaits::Apply, "")), "(known after apply)");
        assert_eq!(shown(&hole(Awaits::Apply, "a-")), "\"a-…\" (known after apply)");
        assert_eq!(shown(&hole(Awaits::ApplySecret, "hunter")), "(sensitive value)");
        assert_eq!(shown(&Value::Secret(Secret::new(Value::string("hunter2")))), "(sensitive value)");
    }

    #[test]
    fn texts_are_quoted_so_that_nothing_is_ambiguous() {
        assert_eq!(shown(&Value::string("a\"b\\x1b\x1b\n")), r#""a\"b\\x1b\x1b\n""#);
        assert!(inline(&Value::string("a\nb"), Detail::Normal).is_none());
        let long = "x".repeat(5000);
        assert!(shown(&Value::string(&long)).ends_with("x…\" (5000 characters)"));
        assert_eq!(inline(&Value::string(&long), Detail::Full).unwrap().len(), 5002);
    }

    #[test]
    fn artifacts_are_told_by_the_beginning_of_their_digests() {
        let (digest, identity) = ("3f9c".repeat(16), "71ab".repeat(16));
        assert_eq!(shown(&Value::string(format!("artifact:{digest}"))), "artifact 3f9c3f9c…");
        let built = Value::string(format!("artifact:{digest};built:{identity}"));
        assert_eq!(shown(&built), "artifact 3f9c3f9c… (built from 71ab71ab…)");
        assert_eq!(inline(&built, Detail::Full).unwrap(), format!("artifact {digest} (built from {identity})"));
        assert_eq!(shown(&Value::string("artifact:of nature")), "\"artifact:of nature\"");
    }

    #[test]
    fn long_pairs_show_their_difference() {
        let (before, after) = (format!("{}a", "x".repeat(500)), format!("{}b", "x".repeat(500)));
        let (before, after) = quoted_pair(&before, &after, Detail::Normal);
        assert_eq!((before.as_str(), after.as_str()), ("\"…xxxxxxxxxxxxxxxxxxxxa\"", "\"…xxxxxxxxxxxxxxxxxxxxb\""));
    }

    #[test]
    fn json_that_would_be_rounded_is_left_as_text() {
        assert!(json(r#"{"a": [1, 2.5, "x"]}"#).is_some());
        assert!(json(r#"{"a": 1.2345678901234567890123}"#).is_none());
        assert!(json(r#"{"a": 1e3}"#).is_none());
        assert!(json(r#"{"a": "1e3 \" 1e3", "b": [-1,2]}"#).is_some());
        assert!(json("{not json").is_none());
        assert!(json("12").is_none());
    }

    #[test]
    fn numbers_for_machines_are_never_rounded() {
        assert_eq!(plain_json(&Value::Number("1.50".parse().unwrap())), serde_json::json!("1.50"));
        assert_eq!(plain_json(&Value::number(7_i64)), serde_json::json!(7));
    }
}
