//! Two values side by side: what is new, what goes, what changes, and how much stays.

mod items;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use siac_core::model::path::Path;
use siac_core::model::value::{Partial, Value};

use super::page::{Line, Page};
use super::style::Role;
use super::value::{SENSITIVE, aligned, aligned_outputs, artifact, inline, is_multi_line, json, quoted_pair};
use super::words::counted;
use crate::arguments::Detail;

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It stays.
    Same,
    /// It is new.
    Added,
    /// It becomes another.
    Changed,
    /// It goes.
    Removed,
}

impl Mark {
    fn symbol(self) -> &'static str {
        match self {
            Self::Same => " ",
            Self::Added => "+",
            Self::Changed => "~",
            Self::Removed => "-",
        }
    }

    fn role(self) -> Role {
        match self {
            Self::Same => Role::Plain,
            Self::Added => Role::Added,
            Self::Changed => Role::Changed,
            Self::Removed => Role::Removed,
        }
    }
}

/// How comparisons are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// How much is shown.
    pub detail: Detail,
    /// How many columns there are.
    pub width: Option<usize>,
    /// Where a change needs a new object.
    pub replace: &'a [Path],
    /// Top-level attributes that are never shown.
    pub sensitive: &'a BTreeSet<String>,
    /// Unchanged attributes that are shown all the same.
    pub context: &'a [&'a str],
    /// Whether a column of marks says what becomes of each value.
    pub marks: bool,
    /// What an entry at the top is called, in the singular.
    pub noun: &'a str,
}

/// The most lines of a text, or elements of a collection, that are shown whole unless everything is asked for.
const MOST_SHOWN: usize = 60;

/// The entries that say which element of a list an object is.
const NAMES: [&str; 3] = ["id", "name", "key"];

/// A place where a value is written.
#[derive(Debug, Clone)]
struct Slot {
    /// The column of the mark.
    indent: usize,
    /// What stands before the value, with its `=`.
    label: String,
    /// Where the value is; `None` inside documents that are one value to the provider.
    path: Option<Path>,
    /// What stands behind the value: a comma in lists, a parenthesis around documents.
    close: String,
}

impl Slot {
    /// The place of an entry of the value written here.
    fn entry(&self, label: &str, name: &str) -> Self {
        let path = self.path.as_ref().map(|path| path.key(name));
        Self { indent: self.indent + 4, label: format!("{label} = "), path, close: String::new() }
    }

    /// The place of an element of the value written here.
    fn element(&self, index: usize) -> Self {
        let path = self.path.as_ref().map(|path| path.index(index));
        Self { indent: self.indent + 4, label: String::new(), path, close: ",".to_owned() }
    }

    /// Whether this is the place of an element of a list.
    fn is_element(&self) -> bool {
        self.label.is_empty()
    }

    /// The place of the document inside the text written here.
    fn document(&self) -> Self {
        Self {
            label: format!("{}jsonencode(", self.label),
            path: None,
            close: format!("){}", self.close),
            ..self.clone()
        }
    }
}

/// Draws the attributes of an object before and after, the marks in column `indent`. What is `null` counts as not there.
pub fn attributes(before: Option<&Partial>, after: Option<&Partial>, indent: usize, manner: Manner<'_>) -> Page {
    let mut drawing = Drawing { page: Page::new(), manner };
    drawing.attributes(before, after, indent);
    drawing.page
}

struct Drawing<'a> {
    page: Page,
    manner: Manner<'a>,
}

fn present(value: Option<&Partial>, name: &str) -> Option<Partial> {
    value.and_then(|value| value.get(name)).filter(|value| !value.is_null()).cloned()
}

fn names(values: [Option<&Partial>; 2]) -> BTreeSet<&String> {
    values.into_iter().flatten().filter_map(Value::as_map).flat_map(BTreeMap::keys).collect()
}

impl Drawing<'_> {
    fn attributes(&mut self, before: Option<&Partial>, after: Option<&Partial>, indent: usize) {
        let is_change = before.is_some() && after.is_some();
        let mut hidden = 0;
        let mut shown = Vec::new();
        for name in names([before, after]) {
            let (old, new) = (present(before, name), present(after, name));
            match (&old, &new) {
                (None, None) => {}
                _ if is_change && old == new && !self.keeps(name) => hidden += 1,
                _ => shown.push((name, old, new)),
            }
        }
        let shown_names = shown.iter().map(|(name, ..)| name.as_str());
        let labels = match self.manner.noun {
            "output" => aligned_outputs(shown_names),
            _ => aligned(shown_names),
        };
        for ((name, old, new), label) in shown.iter().zip(labels) {
            let slot = Slot {
                indent,
                label: format!("{label} = "),
                path: Some(Path::attribute(name.as_str())),
                close: String::new(),
            };
            match self.manner.sensitive.contains(name.as_str()) {
                true => self.veiled(&slot, old.as_ref(), new.as_ref()),
                false => self.either(&slot, old.as_ref(), new.as_ref()),
            }
        }
        self.hidden(indent, hidden, self.manner.noun);
    }

    fn keeps(&self, name: &str) -> bool {
        self.manner.detail == Detail::Full || self.manner.context.contains(&name)
    }

    /// A value that is never shown: only what becomes of it.
    fn veiled(&mut self, slot: &Slot, before: Option<&Partial>, after: Option<&Partial>) {
        let mark = match (before, after) {
            (None, _) => Mark::Added,
            (_, None) => Mark::Removed,
            (old, new) if old == new => Mark::Same,
            _ => Mark::Changed,
        };
        let line = self.line(slot, mark).text(SENSITIVE);
        self.end(line, slot, mark);
    }

    fn either(&mut self, slot: &Slot, before: Option<&Partial>, after: Option<&Partial>) {
        match (before, after) {
            (None, None) => {}
            (None, Some(new)) => self.whole(slot, Mark::Added, new),
            (Some(old), None) => self.whole(slot, Mark::Removed, old),
            (Some(old), Some(new)) if old == new => self.whole(slot, Mark::Same, new),
            (Some(old), Some(new)) => self.change(slot, old, new),
        }
    }

    fn line(&self, slot: &Slot, mark: Mark) -> Line {
        let line = Line::new(slot.indent);
        let line = if self.manner.marks { line.piece(mark.role(), mark.symbol()).text(" ") } else { line };
        line.text(&slot.label)
    }

    /// How many columns the mark of a line takes.
    fn gutter(&self) -> usize {
        if self.manner.marks { 2 } else { 0 }
    }

    /// Ends a line that holds a whole value.
    fn end(&mut self, line: Line, slot: &Slot, mark: Mark) {
        let line = line.text(&slot.close);
        let covers = |path: &Path| self.manner.replace.iter().any(|cause| cause.covers(path) || path.covers(cause));
        let forces = mark != Mark::Same && slot.path.as_ref().is_some_and(covers);
        self.push(line, forces);
    }

    fn push(&mut self, mut line: Line, forces: bool) {
        if forces {
            line.push(Role::Removed, " # forces replacement");
        }
        self.page.push(line);
    }

    /// Begins a value of several lines.
    fn open(&mut self, slot: &Slot, mark: Mark, bracket: &str) {
        let forces = mark != Mark::Same && slot.path.as_ref().is_some_and(|path| self.manner.replace.contains(path));
        let line = self.line(slot, mark).text(bracket);
        self.push(line, forces);
    }

    fn close(&mut self, slot: &Slot, bracket: &str) {
        self.page.push(Line::new(slot.indent + self.gutter()).text(bracket).text(&slot.close));
    }

    fn hidden(&mut self, indent: usize, count: usize, what: &str) {
        if count > 0 {
            let words = format!("# {} hidden", counted(count, &format!("unchanged {what}")));
            self.page.push(Line::new(indent + self.gutter()).piece(Role::Faint, words));
        }
    }

    fn left_out(&mut self, indent: usize, count: usize, what: &str) {
        if count > 0 {
            let words = format!("# {}; `--detail full` shows them", counted(count, &format!("more {what}")));
            self.page.push(Line::new(indent + self.gutter()).piece(Role::Faint, words));
        }
    }

    fn most_shown(&self) -> usize {
        if self.manner.detail == Detail::Full { usize::MAX } else { MOST_SHOWN }
    }

    /// A value that is new, goes or stays.
    fn whole(&mut self, slot: &Slot, mark: Mark, value: &Partial) {
        if let Some(text) = inline(value, self.manner.detail) {
            let line = self.line(slot, mark).text(text);
            return self.end(line, slot, mark);
        }
        match value {
            Value::List(items) => self.whole_list(slot, mark, items),
            Value::Map(entries) => self.whole_map(slot, mark, entries),
            Value::String(text) => match json(text) {
                Some(document) => self.whole(&slot.document(), mark, &document),
                None => self.whole_text(slot, mark, text),
            },
            // Every other value fits on one line.
            _ => {}
        }
    }

    fn whole_list(&mut self, slot: &Slot, mark: Mark, items: &[Partial]) {
        self.open(slot, mark, "[");
        for (at, item) in items.iter().enumerate().take(self.most_shown()) {
            self.whole(&slot.element(at), mark, item);
        }
        self.left_out(slot.indent + 4, items.len().saturating_sub(self.most_shown()), "element");
        self.close(slot, "]");
    }

    fn whole_map(&mut self, slot: &Slot, mark: Mark, entries: &BTreeMap<String, Partial>) {
        self.open(slot, mark, "{");
        let labels = aligned(entries.keys().map(String::as_str).take(self.most_shown()));
        for ((name, value), label) in entries.iter().zip(labels) {
            self.whole(&slot.entry(&label, name), mark, value);
        }
        self.left_out(slot.indent + 4, entries.len().saturating_sub(self.most_shown()), "entry");
        self.close(slot, "}");
    }

    /// A value that becomes another.
    fn change(&mut self, slot: &Slot, before: &Partial, after: &Partial) {
        match (before, after) {
            (Value::Map(old), Value::Map(new)) if !old.is_empty() && !new.is_empty() => self.map_change(slot, old, new),
            (Value::List(old), Value::List(new)) if !old.is_empty() && !new.is_empty() => {
                self.list_change(slot, old, new)
            }
            (Value::String(old), Value::String(new)) => self.string_change(slot, old, new),
            _ => self.arrow(slot, before, after),
        }
    }

    fn map_change(&mut self, slot: &Slot, before: &BTreeMap<String, Partial>, after: &BTreeMap<String, Partial>) {
        self.open(slot, Mark::Changed, "{");
        let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let names_it = |name: &str| slot.is_element() && NAMES.contains(&name);
        let is_shown = |name: &&String| {
            self.manner.detail == Detail::Full || names_it(name) || before.get(*name) != after.get(*name)
        };
        let shown: Vec<&String> = all.iter().copied().filter(is_shown).collect();
        let labels = aligned(shown.iter().map(|name| name.as_str()));
        for (name, label) in shown.iter().zip(labels) {
            self.either(&slot.entry(&label, name), before.get(*name), after.get(*name));
        }
        self.hidden(slot.indent + 4, all.len() - shown.len(), "entry");
        self.close(slot, "}");
    }

    fn string_change(&mut self, slot: &Slot, before: &str, after: &str) {
        let detail = self.manner.detail;
        if let (Some(old), Some(new)) = (artifact(before, detail), artifact(after, detail)) {
            return self.arrow_line(slot, old, new);
        }
        if let (Some(old), Some(new)) = (json(before), json(after))
            && old != new
        {
            return self.change(&slot.document(), &old, &new);
        }
        if is_multi_line(before) || is_multi_line(after) {
            return self.text_change(slot, before, after);
        }
        let (old, new) = quoted_pair(before, after, detail);
        self.arrow_line(slot, old, new);
    }

    /// Two values of which at least one has no parts.
    fn arrow(&mut self, slot: &Slot, before: &Partial, after: &Partial) {
        match (inline(before, self.manner.detail), inline(after, self.manner.detail)) {
            (Some(old), Some(new)) if old == new && old == SENSITIVE => {
                let line = self.line(slot, Mark::Changed).text(new);
                self.end(line, slot, Mark::Changed);
            }
            (Some(old), Some(new)) => self.arrow_line(slot, old, new),
            _ => {
                self.whole(slot, Mark::Removed, before);
                self.whole(slot, Mark::Added, after);
            }
        }
    }

    fn arrow_line(&mut self, slot: &Slot, before: String, after: String) {
        let line = self.line(slot, Mark::Changed).text(before);
        let arrow = Line::new(slot.indent + 4).piece(Role::Changed, "-> ").text(after);
        let columns = slot.indent + line.width() + 1 + arrow.width();
        if self.manner.width.is_some_and(|width| columns > width) {
            self.page.push(line);
            return self.end(arrow, slot, Mark::Changed);
        }
        let mut line = line.text(" ");
        line.join(arrow);
        self.end(line, slot, Mark::Changed);
    }
}
