//! TOML text → tree: values with the place of every key and value, nothing interpreted yet.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::parse_expression::placement::Placement;
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::model::number::Number;

/// The largest file that is parsed, in bytes. A choice of this project: a thousand times what people write.
pub const MAX_FILE: usize = 8 * 1024 * 1024;

/// The most places of one file that are said not to be TOML: more of them follow from the first, or the file is something else. A choice of
/// this project.
const MAX_ERRORS: usize = 5;

/// A table: entries by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table(pub BTreeMap<String, Entry>);

/// One entry of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where the key stands.
    pub key: Span,
    /// The value.
    pub item: Item,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub node: Node,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A truth value.
    Bool(bool),
    /// A number, exact.
    Number(Number),
    /// Text, with the place of each of its characters. Dates and times are text, as written.
    Text(String, Placement),
    /// Values in order.
    List(Vec<Item>),
    /// Values by name.
    Table(Table),
}

impl Node {
    /// What it is, with an article.
    pub fn described(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(..) => "a text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads a whole file. What can be read is returned even when something cannot.
pub fn parse(file: u32, text: &str) -> (Table, Diagnostics) {
    let mut reader = Reader { file, text, problems: Diagnostics::new() };
    if text.len() > MAX_FILE {
        reader.problems.push(too_large(text.len()));
        return (Table::default(), reader.problems);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors.iter().take(MAX_ERRORS) {
        reader.problems.push(reader.syntax_error(error));
    }
    if let Some(next) = errors.get(MAX_ERRORS) {
        reader.problems.push(reader.many_more(errors.len() - MAX_ERRORS, next));
    }
    let table = reader.table(table.get_ref());
    (table, reader.problems)
}

fn too_large(size: usize) -> Diagnostic {
    let detail = format!("a stack file has at most {MAX_FILE} bytes; this one has {size}");
    Diagnostic::error("file-too-large", "a stack file is too large", detail)
        .help("split it with `extends` or modules, and keep data in files of their own")
}

struct Reader<'a> {
    file: u32,
    text: &'a str,
    problems: Diagnostics,
}

impl Reader<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        let clamp = |at: usize| u32::try_from(at.min(self.text.len())).unwrap_or(u32::MAX);
        Span { file: self.file, start: clamp(range.start), end: clamp(range.end) }
    }

    fn syntax_error(&self, error: &toml::de::Error) -> Diagnostic {
        let span = error.span().map(|range| self.span(range));
        Diagnostic::error("invalid-toml", "the file is not TOML here", error.message().replace('\n', ", ")).at(span)
    }

    fn many_more(&self, count: usize, next: &toml::de::Error) -> Diagnostic {
        let span = next.span().map(|range| self.span(range));
        let detail = format!("and so it is in {count} more {}", if count == 1 { "place" } else { "places" });
        Diagnostic::error("invalid-toml", "the file is not TOML here", detail)
            .at(span)
            .help("mend the first, and look again; or is this no stack file?")
    }

    fn table(&mut self, table: &DeTable<'_>) -> Table {
        let entries = table.iter().map(|(key, value)| {
            let entry = Entry { key: self.span(key.span()), item: self.item(value) };
            (key.get_ref().to_string(), entry)
        });
        Table(entries.collect())
    }

    fn item(&mut self, value: &Spanned<DeValue<'_>>) -> Item {
        let span = self.span(value.span());
        Item { node: self.node(value.get_ref(), span), span }
    }

    fn node(&mut self, value: &DeValue<'_>, span: Span) -> Node {
        match value {
            DeValue::String(text) => Node::Text(text.to_string(), self.placement(text, span)),
            DeValue::Boolean(value) => Node::Bool(*value),
            DeValue::Datetime(moment) => Node::Text(moment.to_string(), Placement::opaque(span)),
            DeValue::Integer(integer) => self.integer(integer.as_str(), integer.radix(), span),
            DeValue::Float(float) => self.number(float.as_str(), span),
            DeValue::Array(items) => self.list(items),
            DeValue::Table(table) => Node::Table(self.table(table)),
        }
    }

    fn list(&mut self, items: &DeArray<'_>) -> Node {
        Node::List(items.iter().map(|item| self.item(item)).collect())
    }

    fn integer(&mut self, digits: &str, radix: u32, span: Span) -> Node {
        match radix {
            10 => self.number(digits, span),
            _ => match u128::from_str_radix(digits, radix) {
                Ok(value) => self.number(&value.to_string(), span),
                Err(_) => self.no_number(span, "a hexadecimal, octal or binary number has at most 128 bits"),
            },
        }
    }

    fn number(&mut self, text: &str, span: Span) -> Node {
        match text.trim_start_matches('+').parse() {
            Ok(number) => Node::Number(number),
            Err(error) => self.no_number(span, &format!("{error}")),
        }
    }

    fn no_number(&mut self, span: Span, why: &str) -> Node {
        let problem = Diagnostic::error("invalid-number", "a number cannot be used", why).at(Some(span));
        self.problems.push(problem);
        Node::Number(Number::from(0_i64))
    }

    /// Where the characters of a decoded text stand; the whole, when that cannot be told.
    fn placement(&self, decoded: &str, span: Span) -> Placement {
        let raw = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let (quote, body) = opening(raw);
        let start = span.start + u32::try_from(body).unwrap_or(0);
        let content = raw.get(body..raw.len().saturating_sub(quote.len())).unwrap_or_default();
        if content == decoded {
            return Placement::linear(self.file, start, span.end);
        }
        match escapes(content, start, decoded.len()) {
            Some(runs) if quote.starts_with('"') => Placement::mapped(span, runs),
            _ => Placement::opaque(span),
        }
    }
}

/// The quotes that open a text, and where its content begins: a line break right after three quotes does not count.
fn opening(raw: &str) -> (&str, usize) {
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| raw.starts_with(quote)).unwrap_or("");
    let after = raw.get(quote.len()..).unwrap_or_default();
    let line_break = match quote.len() {
        3 if after.starts_with("\r\n") => 2,
        3 if after.starts_with('\n') => 1,
        _ => 0,
    };
    (quote, quote.len() + line_break)
}

/// The runs between escapes: from each offset of the decoded text on, the offset in the file. `None` when the lengths do not agree.
fn escapes(content: &str, start: u32, decoded: usize) -> Option<Vec<(usize, u32)>> {
    let mut runs = vec![(0, start)];
    let (mut read, mut written) = (0, 0);
    while let Some(found) = content[read..].find('\\') {
        written += found;
        read += found;
        let (taken, given) = escape(&content[read..])?;
        runs.push((written, offset(start, read)?));
        read += taken;
        written += given;
        runs.push((written, offset(start, read)?));
    }
    (written + content.len() - read == decoded).then_some(runs)
}

fn offset(start: u32, read: usize) -> Option<u32> {
    start.checked_add(u32::try_from(read).ok()?)
}

/// How many bytes an escape takes in the file, and how many it gives in the text.
fn escape(text: &str) -> Option<(usize, usize)> {
    let code = |digits: usize| {
        let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
        Some((2 + digits, char::from_u32(code)?.len_utf8()))
    };
    match text.as_bytes().get(1)? {
        b'u' => code(4),
        b'U' => code(8),
        b'x' => code(2),
        b' ' | b'\t' | b'\r' | b'\n' => Some((text.len() - text[1..].trim_start().len(), 0)),
        byte if byte.is_ascii() => Some((2, 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(source: &str) -> (String, Placement) {
        let (table, problems) = parse(0, source);
        assert!(problems.is_empty(), "{problems:?}");
        match &table.0["a"].item.node {
            Node::Text(text, placement) => (text.clone(), placement.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn places_survive_escapes_and_line_continuations() {
        for source in [
            r#"a = "x\"${y}""#,
            "a = \"\"\"\nx\\\n   ${y}\"\"\"",
            "a = 'x${y}'",
            "a = '''\n\nx${y}'''",
            r#"a = "\u00e9${y}""#,
        ] {
            let (text, placement) = text_of(source);
            let at = text.find('y').unwrap();
            let span = placement.span(at..at + 1);
            assert_eq!(&source[span.start as usize..span.end as usize], "y", "{source}");
        }
    }

    #[test]
    fn numbers_are_exact_and_dates_are_text() {
        let (table, problems) =
            parse(0, "a = 9007199254740993\nb = 1.50\nc = 0xff\nd = 1979-05-27T07:32:00Z\ne = 1_000\n");
        assert!(problems.is_empty(), "{problems:?}");
        let number = |name: &str| match &table.0[name].item.node {
            Node::Number(number) => number.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!([number("a"), number("b"), number("c"), number("e")], ["9007199254740993", "1.50", "255", "1000"]);
        assert!(matches!(&table.0["d"].item.node, Node::Text(text, _) if text == "1979-05-27T07:32:00Z"));
    }

    #[test]
    fn every_syntax_error_is_told() {
        let (table, problems) = parse(0, "a = \nb = 1\nc = [1\nd = 2\n");
        assert!(problems.iter().count() >= 2, "{problems:?}");
        assert!(table.0.contains_key("b"));
    }

    #[test]
    fn hostile_depth_is_an_error() {
        for text in [
            format!("{}a = 1", "a.".repeat(100_000)),
            format!("a = {}", "[".repeat(100_000)),
            format!("[{}a]", "a.".repeat(100_000)),
        ] {
            assert!(parse(0, &text).1.has_errors());
        }
        assert!(parse(0, &"#".repeat(MAX_FILE + 1)).1.has_errors());
        assert!(parse(0, "a = inf").1.has_errors());
    }

    proptest! {
        #[test]
        fn arbitrary_texts_never_panic(text in "[-a-z0-9 .,\"'\\[\\]{}=#\\\\\r\n]{0,80}") {
            let _ = parse(0, &text);
        }

        #[test]
        fn arbitrary_strings_never_panic(text in "\\PC{0,40}") {
            let _ = parse(0, &format!("a = \"{text}\""));
            let _ = parse(0, &text);
        }
    }
}
