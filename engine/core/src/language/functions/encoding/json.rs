//! JSON with exact numbers.

use super::map;
use crate::model::value::{Partial, Value};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 128;

/// The value as compact JSON, as Terraform writes it: `<`, `>`, `&` and the two line separators of Unicode escaped. Holes and secrets,
/// which the caller has excluded, become null.
pub(in crate::language::functions) fn json(value: &Partial) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Partial, out: &mut String) {
    match value {
        Value::Null | Value::Secret(_) | Value::Hole(_) => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => write_text(text, out),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write(item, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (at, (key, item)) in entries.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                write_text(key, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

pub(super) fn write_text(text: &str, out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Reads a JSON document; numbers keep every digit.
pub(super) fn parse(text: &str) -> Result<Partial, String> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.refused("expected the end"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn refused(&self, why: &str) -> String {
        let line = self.text.as_bytes()[..self.at].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("this is not JSON: {why} at byte {}, line {line}", self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn value(&mut self, depth: usize) -> Result<Partial, String> {
        self.space();
        if depth > MAX_DEPTH {
            return Err(self.refused("nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Partial, String> {
        let words = [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))];
        let rest = &self.text.as_bytes()[self.at..];
        let found = words.into_iter().find(|(word, _)| rest.starts_with(word.as_bytes()));
        let (word, value) = found.ok_or_else(|| self.refused("expected a value"))?;
        self.at += word.len();
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Partial, String> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Value::List(items));
            }
            if !self.take(b',') {
                return Err(self.refused("expected `,` or `]`"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Partial, String> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.take(b'}') {
            return Ok(map(entries));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.refused("expected a key in quotes"));
            }
            let key = self.string()?;
            if !self.take(b':') {
                return Err(self.refused("expected `:`"));
            }
            entries.push((key, self.value(depth + 1)?));
            if self.take(b'}') {
                return Ok(map(entries));
            }
            if !self.take(b',') {
                return Err(self.refused("expected `,` or `}`"));
            }
        }
    }

    /// The text up to its closing quote; its escapes are left to serde_json.
    fn string(&mut self) -> Result<String, String> {
        let (bytes, start) = (self.text.as_bytes(), self.at);
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                None => return Err(self.refused("a text without its closing quote")),
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
        let quoted = self.text.get(start..=end).ok_or_else(|| self.refused("a broken escape"))?;
        let text = serde_json::from_str(quoted).map_err(|_| self.refused("a text with a broken escape"))?;
        self.at = end + 1;
        Ok(text)
    }

    fn number(&mut self) -> Result<Partial, String> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(rest.len());
        let digits = rest[..end].strip_prefix('-').unwrap_or(&rest[..end]);
        let leading_zero = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
        let point = digits.find('.').is_some_and(|at| !digits[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
        if leading_zero || point || !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.refused("a broken number"));
        }
        let number =
            rest[..end].parse().map_err(|error: crate::model::number::NumberError| self.refused(&error.to_string()))?;
        self.at += end;
        Ok(Value::Number(number))
    }
}
