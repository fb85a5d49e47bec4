//! JSON, YAML, CSV, base64 and URLs.

mod json;
mod yaml;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Answer, Arguments, Wrong, bounded, wrong};
use crate::model::value::{Partial, Value};

pub(super) use json::json;

/// The longest text that is decoded, in bytes: decoded values take many times as much. A choice of this project.
const MAX_ENCODED: usize = 8 * 1024 * 1024;

fn encoded<'a>(arguments: &Arguments<'a>) -> Result<std::borrow::Cow<'a, str>, Wrong> {
    let text = arguments.text(0)?;
    match text.len() <= MAX_ENCODED {
        true => Ok(text),
        false => Err(Wrong::Argument(0, format!("at most {} MiB can be decoded", MAX_ENCODED >> 20))),
    }
}

pub(super) fn jsonencode(arguments: &Arguments<'_>) -> Answer {
    let value = arguments.whole(arguments.raw(0))?;
    Ok(Value::String(json(&value)))
}

pub(super) fn jsondecode(arguments: &Arguments<'_>) -> Answer {
    json::parse(&encoded(arguments)?).map_err(|why| Wrong::Argument(0, why))
}

pub(super) fn yamlencode(arguments: &Arguments<'_>) -> Answer {
    let value = arguments.whole(arguments.raw(0))?;
    Ok(Value::String(yaml::write(&value)))
}

pub(super) fn yamldecode(arguments: &Arguments<'_>) -> Answer {
    yaml::parse(&encoded(arguments)?).map_err(|why| Wrong::Argument(0, why))
}

pub(super) fn csvdecode(arguments: &Arguments<'_>) -> Answer {
    let text = encoded(arguments)?;
    let refused = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        Wrong::Argument(0, format!("the table cannot be read at line {line}"))
    };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().map_err(refused)?.iter().map(str::to_owned).collect();
    let row_size = 64 + header.iter().map(|name| name.len() + 64).sum::<usize>();
    let mut unique = header.clone();
    unique.sort();
    unique.dedup();
    if unique.len() < header.len() {
        return Err(Wrong::Argument(0, "two columns have the same name".to_owned()));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(refused)?;
        rows.push(Value::map(header.iter().zip(record.iter()).map(|(name, cell)| (name, Value::string(cell)))));
        bounded(rows.len().saturating_mul(row_size))?;
    }
    Ok(Value::List(rows))
}

pub(super) fn base64encode(arguments: &Arguments<'_>) -> Answer {
    Ok(Value::String(BASE64.encode(arguments.text(0)?.as_bytes())))
}

fn base64_bytes(text: &str) -> Result<Vec<u8>, Wrong> {
    BASE64.decode(text).map_err(|_| Wrong::Argument(0, "this is not base64".to_owned()))
}

pub(super) fn base64decode(arguments: &Arguments<'_>) -> Answer {
    let bytes = base64_bytes(&arguments.text(0)?)?;
    let text = String::from_utf8(bytes);
    text.map(Value::String).map_err(|_| Wrong::Argument(0, "the decoded bytes are not UTF-8 text".to_owned()))
}

/// The encodings of text that are known, by their IANA names.
enum Charset {
    Utf8,
    Utf16Le,
    Utf16Be,
}

fn charset(arguments: &Arguments<'_>) -> Result<Charset, Wrong> {
    match arguments.text(1)?.to_ascii_uppercase().as_str() {
        "UTF-8" => Ok(Charset::Utf8),
        "UTF-16LE" => Ok(Charset::Utf16Le),
        "UTF-16BE" => Ok(Charset::Utf16Be),
        _ => Err(Wrong::Argument(1, "the encodings are UTF-8, UTF-16LE and UTF-16BE".to_owned())),
    }
}

pub(super) fn textencodebase64(arguments: &Arguments<'_>) -> Answer {
    let text = arguments.text(0)?;
    let bytes: Vec<u8> = match charset(arguments)? {
        Charset::Utf8 => text.as_bytes().to_vec(),
        Charset::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Charset::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    };
    Ok(Value::String(BASE64.encode(bytes)))
}

pub(super) fn textdecodebase64(arguments: &Arguments<'_>) -> Answer {
    let bytes = base64_bytes(&arguments.text(0)?)?;
    let refused = || Wrong::Argument(0, "the decoded bytes are no text in this encoding".to_owned());
    let units = |unit: fn([u8; 2]) -> u16| -> Result<String, Wrong> {
        let (pairs, odd) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16(&units).ok().filter(|_| odd.is_empty()).ok_or_else(refused)
    };
    let text = match charset(arguments)? {
        Charset::Utf8 => String::from_utf8(bytes.clone()).map_err(|_| refused())?,
        Charset::Utf16Le => units(u16::from_le_bytes)?,
        Charset::Utf16Be => units(u16::from_be_bytes)?,
    };
    Ok(Value::String(text))
}

/// What a query string holds as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b' ');

pub(super) fn urlencode(arguments: &Arguments<'_>) -> Answer {
    let encoded = utf8_percent_encode(&arguments.text(0)?, QUERY).to_string();
    Ok(Value::String(encoded.replace(' ', "+")))
}

pub(super) fn urldecode(arguments: &Arguments<'_>) -> Answer {
    let text = arguments.text(0)?.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8();
    let decoded = decoded.map_err(|_| Wrong::Argument(0, "the decoded bytes are not UTF-8 text".to_owned()))?;
    Ok(Value::string(decoded.into_owned()))
}

/// The entries of a decoded map, the later of two with one key winning.
fn map(entries: Vec<(String, Partial)>) -> Partial {
    Value::Map(entries.into_iter().collect::<BTreeMap<_, _>>())
}

pub(super) fn base64_of(bytes: &[u8]) -> Answer {
    match bounded(bytes.len().saturating_mul(2)) {
        Ok(()) => Ok(Value::String(BASE64.encode(bytes))),
        Err(_) => wrong("the result would be too large"),
    }
}
