//! The canonical layout of stack files: what is written stays, only the space around it changes.
//!
//! Keys that stand together have their `=` in one column, and so have the comments behind them; tables are one blank line apart;
//! nothing is reordered, and no comment is lost. Formatting what is formatted changes nothing.

use toml_edit::{DocumentMut, Item, KeyMut, Table, Value};

/// Why a text cannot be formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unformattable {
    /// What is wrong, in the parser's words.
    pub why: String,
    /// The byte range in question, when there is one.
    pub at: Option<std::ops::Range<usize>>,
}

/// The text in its canonical layout.
///
/// Fails on text that is not TOML. The result always means what the text meant: it is read again and compared before it is returned.
pub fn format(text: &str) -> Result<String, Unformattable> {
    let unix = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut document = parse(&unix)?;
    let before = meaning(document.as_table());
    lay_out(document.as_table_mut(), true);
    let trailing = tidy(&format!("{}\n", document.trailing().as_str().unwrap_or_default()), true);
    document.set_trailing(trailing);
    let result = finish(&document.to_string());
    match parse(&result) {
        Ok(after) if meaning(after.as_table()) == before => Ok(result),
        _ => {
            Err(Unformattable { why: "the text cannot be laid out without changing its meaning".to_owned(), at: None })
        }
    }
}

fn parse(text: &str) -> Result<DocumentMut, Unformattable> {
    text.parse()
        .map_err(|error: toml_edit::TomlError| Unformattable { why: error.message().to_owned(), at: error.span() })
}

/// Every key and value without the space around them, in order.
fn meaning(table: &Table) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    collect_meaning(table, "", &mut entries);
    entries
}

fn collect_meaning(table: &Table, path: &str, entries: &mut Vec<(String, String)>) {
    for (key, item) in table {
        let path = format!("{path}.{key:?}");
        match item {
            Item::Table(inner) => {
                entries.push((path.clone(), "table".to_owned()));
                collect_meaning(inner, &path, entries);
            }
            Item::ArrayOfTables(tables) => tables.iter().enumerate().for_each(|(at, inner)| {
                entries.push((format!("{path}[{at}]"), "table".to_owned()));
                collect_meaning(inner, &format!("{path}[{at}]"), entries);
            }),
            Item::Value(value) => entries.push((path, value.clone().decorated("", "").to_string())),
            Item::None => {}
        }
    }
}

/// Lays out a table's own keys, then the tables inside it.
fn lay_out(table: &mut Table, is_first: bool) {
    let mut rows = Vec::new();
    collect_rows(table, 0, &mut rows);
    let columns = columns(&rows);
    let mut at = 0;
    place_rows(table, 0, &columns, &mut at);
    let has_rows = !rows.is_empty();
    for (position, (_, item)) in table.iter_mut().enumerate() {
        let first = is_first && !has_rows && position == 0;
        match item {
            Item::Table(inner) if !inner.is_dotted() => lay_out_below(inner, first),
            Item::ArrayOfTables(tables) => {
                tables.iter_mut().enumerate().for_each(|(at, inner)| lay_out_below(inner, first && at == 0))
            }
            _ => {}
        }
    }
}

fn lay_out_below(table: &mut Table, is_first: bool) {
    let prefix = tidy(table.decor().prefix().and_then(|raw| raw.as_str()).unwrap_or_default(), false);
    let suffix = comment(table.decor().suffix().and_then(|raw| raw.as_str()).unwrap_or_default());
    let separator = if is_first { "" } else { "\n" };
    table.decor_mut().set_prefix(format!("{separator}{prefix}"));
    table.decor_mut().set_suffix(if suffix.is_empty() { suffix } else { format!(" {suffix}") });
    lay_out(table, is_first && table.is_implicit());
}

/// One key of a table and what its layout depends on.
struct Row {
    /// The width of the key, dots included.
    key: usize,
    /// The width of the value; `None` when it takes several lines.
    value: Option<usize>,
    /// Whether a comment or an empty line parts it from the key before.
    parted: bool,
}

/// Where `=` and the comment of a row go.
#[derive(Clone, Copy)]
struct Columns {
    key: usize,
    value: usize,
}

/// Rows in the order in which they are written; dotted keys count with their whole path.
fn collect_rows(table: &Table, before: usize, rows: &mut Vec<Row>) {
    for (name, item) in table {
        let Some(key) = table.key(name) else { continue };
        let width = before + key.display_repr().chars().count();
        match item {
            Item::Value(value) => {
                let prefix = key.leaf_decor().prefix().and_then(|raw| raw.as_str()).unwrap_or_default();
                let text = value.clone().decorated("", "").to_string();
                let value = (!text.contains('\n')).then(|| text.chars().count());
                rows.push(Row { key: width, value, parted: prefix.contains('\n') || prefix.contains('#') });
            }
            Item::Table(inner) if inner.is_dotted() => collect_rows(inner, width + 1, rows),
            _ => {}
        }
    }
}

/// Neighbours share their columns; a blank line, a comment or a value of several lines parts them.
fn columns(rows: &[Row]) -> Vec<Columns> {
    let mut columns = Vec::with_capacity(rows.len());
    let mut start = 0;
    for end in 1..=rows.len() {
        let parts = end == rows.len() || rows[end].parted || rows[end - 1].value.is_none() || rows[end].value.is_none();
        if parts {
            let group = &rows[start..end];
            let key = group.iter().map(|row| row.key).max().unwrap_or_default();
            let value = group.iter().filter_map(|row| row.value).max().unwrap_or_default();
            columns.extend(group.iter().map(|_| Columns { key, value }));
            start = end;
        }
    }
    columns
}

fn place_rows(table: &mut Table, before: usize, columns: &[Columns], at: &mut usize) {
    for (key, item) in table.iter_mut() {
        let width = before + key.display_repr().chars().count();
        match item {
            Item::Value(value) => {
                place(key, width, value, columns[*at], *at == 0);
                *at += 1;
            }
            Item::Table(inner) if inner.is_dotted() => place_rows(inner, width + 1, columns, at),
            _ => {}
        }
    }
}

fn place(mut key: KeyMut<'_>, width: usize, value: &mut Value, columns: Columns, is_first: bool) {
    let decor = key.leaf_decor_mut();
    let prefix = tidy(decor.prefix().and_then(|raw| raw.as_str()).unwrap_or_default(), !is_first);
    decor.set_prefix(prefix);
    decor.set_suffix(" ".repeat(columns.key.saturating_sub(width) + 1));
    let said = comment(value.decor().suffix().and_then(|raw| raw.as_str()).unwrap_or_default());
    let text = value.clone().decorated("", "").to_string();
    let last_line = text.rsplit('\n').next().unwrap_or_default().chars().count();
    let target = if text.contains('\n') { last_line } else { columns.value };
    let suffix =
        if said.is_empty() { said } else { format!("{}{said}", " ".repeat(target - last_line.min(target) + 1)) };
    value.decor_mut().set_prefix(" ");
    value.decor_mut().set_suffix(suffix);
}

/// Comments before something, each on a line of its own; runs of empty lines become one, and leading ones only stay where asked.
fn tidy(text: &str, keep_leading_blank: bool) -> String {
    let mut lines: Vec<&str> = text.split('\n').map(str::trim).collect();
    // What follows the last line break is the space before the key itself.
    lines.pop();
    lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
    if !keep_leading_blank && lines.first().is_some_and(|line| line.is_empty()) {
        lines.remove(0);
    }
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}

/// The comment in what follows a value or header.
fn comment(text: &str) -> String {
    text.trim().to_owned()
}

/// No space at the ends of lines outside texts, and one line break at the end.
fn finish(text: &str) -> String {
    let trimmed = text.trim_end_matches('\n');
    if trimmed.trim().is_empty() { String::new() } else { format!("{}\n", trimmed.trim_start_matches('\n')) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_are_aligned_and_comments_kept() {
        let text = "# head\n\n\n[stack]\nname='a' # who\nenvironment   =  \"dev\"   # where\n\n\n\n# why\nsiac=\">=0.1\"\n[a]\nx.y = 1\nlonger = [\n  1,\n  2,\n]\nz=2\n\n\n\n# end\n";
        let expected = "# head\n\n[stack]\nname        = 'a'   # who\nenvironment = \"dev\" # where\n\n# why\nsiac = \">=0.1\"\n\n[a]\nx.y = 1\nlonger = [\n  1,\n  2,\n]\nz = 2\n\n# end\n";
        assert_eq!(format(text).unwrap(), expected);
        assert_eq!(format(expected).unwrap(), expected);
    }

    #[test]
    fn windows_line_endings_become_plain_ones() {
        assert_eq!(format("\u{feff}[a]\r\nb = 1\r\n").unwrap(), "[a]\nb = 1\n");
    }

    #[test]
    fn what_is_not_toml_is_left_alone() {
        assert!(format("a = ").is_err());
        assert_eq!(format("").unwrap(), "");
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(String::new()),
            Just("  # a comment  ".to_owned()),
            ("[a-e]{1,3}", 0..3usize).prop_map(|(name, space)| format!(
                "{name}{}=  \"x\"{}",
                " ".repeat(space),
                " ".repeat(space)
            )),
            "[a-e]{1,3}".prop_map(|name| format!("{name}=1#said")),
            "[a-e]{1,3}".prop_map(|name| format!("{name}.z  = [1,\n 2 # two\n]")),
            "[a-e]{1,3}".prop_map(|name| format!("  [{name}.t] # table")),
            "[a-e]{1,3}".prop_map(|name| format!("[[{name}l]]")),
            "[a-e]{1,3}".prop_map(|name| format!("{name} = '''\n  text  \n\n'''")),
        ]
    }

    proptest! {
        #[test]
        fn formatting_is_idempotent(lines in proptest::collection::vec(line(), 0..12)) {
            if let Ok(once) = format(&lines.join("\n")) {
                prop_assert_eq!(format(&once).unwrap(), once);
            }
        }

        #[test]
        fn formatting_never_panics(text in "\\PC{0,60}") {
            let _ = format(&text);
        }
    }
}
