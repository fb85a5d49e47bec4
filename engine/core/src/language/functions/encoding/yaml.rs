//! YAML 1.2, bounded: aliases cannot be made to multiply.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::json::write_text;
use crate::language::evaluate::scalar_text;
use crate::model::value::{Partial, Value};

/// The most that a document may come to once its aliases are replaced: bytes, counting 64 for each part.
const MAX_DECODED: usize = 64 * 1024 * 1024;

/// The value in YAML's block style, texts and keys in quotes.
pub(super) fn write(value: &Partial) -> String {
    let mut out = String::new();
    write_block(value, 0, &mut out);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn write_block(value: &Partial, depth: usize, out: &mut String) {
    match value {
        Value::List(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                indent(if at == 0 && out.ends_with("- ") { 0 } else { depth }, out);
                out.push_str("- ");
                write_item(item, depth + 1, out);
            }
        }
        Value::Map(entries) if !entries.is_empty() => {
            for (at, (key, item)) in entries.iter().enumerate() {
                indent(if at == 0 && out.ends_with("- ") { 0 } else { depth }, out);
                write_quoted(key, out);
                out.push(':');
                match item {
                    Value::List(items) if !items.is_empty() => {
                        out.push('\n');
                        write_block(item, depth, out);
                    }
                    Value::Map(entries) if !entries.is_empty() => {
                        out.push('\n');
                        write_block(item, depth + 1, out);
                    }
                    flat => {
                        out.push(' ');
                        write_flat(flat, out);
                    }
                }
            }
        }
        flat => write_flat(flat, out),
    }
}

fn write_item(item: &Partial, depth: usize, out: &mut String) {
    let is_block = match item {
        Value::List(items) => !items.is_empty(),
        Value::Map(entries) => !entries.is_empty(),
        _ => false,
    };
    if is_block { write_block(item, depth, out) } else { write_flat(item, out) }
}

fn write_flat(value: &Partial, out: &mut String) {
    match value {
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
        Value::String(text) => write_quoted(text, out),
        other => out.push_str(&scalar_text(other).unwrap_or_else(|| "null".to_owned())),
    }
    out.push('\n');
}

/// A text in quotes; YAML, unlike JSON, takes no control character as it is.
fn write_quoted(text: &str, out: &mut String) {
    use std::fmt::Write;
    let mut quoted = String::new();
    write_text(text, &mut quoted);
    for c in quoted.chars() {
        match c {
            c if c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    (0..depth).for_each(|_| out.push_str("  "));
}

/// Reads one YAML document.
pub(super) fn parse(text: &str) -> Result<Partial, String> {
    let left = Cell::new(MAX_DECODED);
    let refused = |error: serde_yaml_ng::Error| match error.location() {
        Some(place) => format!("this is not YAML that can be used, line {}: {error}", place.line()),
        None => format!("this is not YAML that can be used: {error}"),
    };
    let mut documents = serde_yaml_ng::Deserializer::from_str(text);
    let Some(first) = documents.next() else { return Ok(Value::Null) };
    let value = Node(&left).deserialize(first).map_err(refused)?;
    match documents.next() {
        Some(_) => Err("there is more than one YAML document".to_owned()),
        None => Ok(value),
    }
}

/// Reads one node and counts what it comes to.
struct Node<'c>(&'c Cell<usize>);

impl Node<'_> {
    fn count<E: de::Error>(&self, bytes: usize) -> Result<(), E> {
        let left = self.0.get().checked_sub(bytes.saturating_add(64));
        self.0.set(left.ok_or_else(|| E::custom("the document is too large once its aliases are replaced"))?);
        Ok(())
    }

    fn number<E: de::Error>(&self, text: &str) -> Result<Partial, E> {
        self.count(0)?;
        text.parse().map(Value::Number).map_err(|_| E::custom(format!("`{text}` is not a number that can be used")))
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Partial;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Partial, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Partial;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Partial, E> {
        self.count(0).map(|()| Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Partial, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Partial, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Partial, E> {
        self.count(0).map(|()| Value::Bool(truth))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Partial, E> {
        self.count(0).map(|()| Value::number(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Partial, E> {
        self.count(0).map(|()| Value::number(number))
    }

    fn visit_i128<E: de::Error>(self, number: i128) -> Result<Partial, E> {
        self.number(&number.to_string())
    }

    fn visit_u128<E: de::Error>(self, number: u128) -> Result<Partial, E> {
        self.number(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Partial, E> {
        self.number(&number.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Partial, E> {
        self.count(text.len()).map(|()| Value::string(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Partial, A::Error> {
        self.count(0)?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Node(self.0))? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Partial, A::Error> {
        self.count(0)?;
        let mut entries = BTreeMap::new();
        while let Some(key) = access.next_key_seed(Node(self.0))? {
            let key = scalar_text(&key).ok_or_else(|| de::Error::custom("the key of a map is a text"))?;
            let value = access.next_value_seed(Node(self.0))?;
            if entries.insert(key.clone(), value).is_some() {
                return Err(de::Error::custom(format!("the key `{key}` occurs twice")));
            }
        }
        merged(entries).map(Value::Map).map_err(de::Error::custom)
    }
}

/// `<<: *other` takes over the entries that are not there yet.
fn merged(mut entries: BTreeMap<String, Partial>) -> Result<BTreeMap<String, Partial>, &'static str> {
    let sources = match entries.remove("<<") {
        None => return Ok(entries),
        Some(Value::List(sources)) => sources,
        Some(single) => vec![single],
    };
    for source in sources {
        let Value::Map(source) = source else { return Err("`<<` takes a map or a list of maps") };
        for (key, value) in source {
            entries.entry(key).or_insert(value);
        }
    }
    Ok(entries)
}
