//! Reading a table entry by entry: each is taken once, and what is left over is an unknown key.

use crate::language::tree::{Entry, Item, Node, Table};
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean};

/// A table that is being read.
pub(super) struct Fields<'a> {
    table: Table,
    /// What the table is, for messages: "the `[stack]` table".
    what: String,
    /// Where the table begins.
    pub(super) span: Span,
    known: Vec<&'static str>,
    problems: &'a mut Diagnostics,
}

impl<'a> Fields<'a> {
    pub(super) fn new(entry: Entry, what: impl Into<String>, problems: &'a mut Diagnostics) -> Self {
        let what = what.into();
        let span = entry.key;
        let table = match entry.item.node {
            Node::Table(table) => table,
            other => {
                wrong_type(problems, &what, "a table", &other, entry.item.span);
                Table::default()
            }
        };
        Self { table, what, span, known: Vec::new(), problems }
    }

    /// Says what is wrong with the table.
    pub(super) fn problem(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    pub(super) fn problems(&mut self) -> &mut Diagnostics {
        self.problems
    }

    pub(super) fn item(&mut self, name: &'static str) -> Option<Item> {
        self.known.push(name);
        self.table.0.remove(name).map(|entry| entry.item)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<(String, Span)> {
        let item = self.item(name)?;
        match item.node {
            Node::Text(text, _) => Some((text, item.span)),
            other => self.refuse(name, "a text", &other, item.span),
        }
    }

    pub(super) fn required_text(&mut self, name: &'static str) -> Option<(String, Span)> {
        let present = self.table.0.contains_key(name);
        if !present {
            self.known.push(name);
            self.missing(name);
        }
        self.text(name)
    }

    pub(super) fn bool(&mut self, name: &'static str) -> Option<bool> {
        let item = self.item(name)?;
        match item.node {
            Node::Bool(value) => Some(value),
            other => self.refuse(name, "true or false", &other, item.span),
        }
    }

    /// A list of items; one item alone counts as a list of it.
    pub(super) fn list(&mut self, name: &'static str) -> Vec<Item> {
        match self.item(name) {
            None => Vec::new(),
            Some(Item { node: Node::List(items), .. }) => items,
            Some(item) => vec![item],
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, name: &'static str) -> Vec<(String, Span)> {
        let mut texts = Vec::new();
        for item in self.list(name) {
            match item.node {
                Node::Text(text, _) => texts.push((text, item.span)),
                other => drop(self.refuse::<()>(name, "a list of texts", &other, item.span)),
            }
        }
        texts
    }

    pub(super) fn missing(&mut self, name: &str) {
        let detail = format!("{} has no `{name}`", self.what);
        let problem = Diagnostic::error("missing-key", "a key is missing", detail).at(Some(self.span));
        self.problems.push(problem.help(format!("add `{name} = …`")));
    }

    fn refuse<T>(&mut self, name: &str, wanted: &str, found: &Node, span: Span) -> Option<T> {
        wrong_type(self.problems, &format!("`{name}`"), wanted, found, span);
        None
    }

    /// Everything that was not taken.
    pub(super) fn rest(self) -> Table {
        self.table
    }

    /// Refuses everything that was not taken.
    pub(super) fn end(self) {
        for (name, entry) in &self.table.0 {
            let suggestion = did_you_mean(name, self.known.iter().copied());
            self.problems.push(unknown_key(name, entry.key, &self.what, &self.known, suggestion));
        }
    }
}

pub(super) fn wrong_type(problems: &mut Diagnostics, what: &str, wanted: &str, found: &Node, span: Span) {
    let detail = format!("{what} is {wanted}; {} stands here", found.described());
    problems.push(Diagnostic::error("wrong-type", "a value has the wrong type", detail).at(Some(span)));
}

pub(super) fn unknown_key(name: &str, span: Span, what: &str, known: &[&str], suggestion: Option<&str>) -> Diagnostic {
    let detail = format!("{what} has no key `{name}`");
    let help = match suggestion {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it takes: {}", listed(known)),
    };
    Diagnostic::error("unknown-key", "a key is not known", detail).at(Some(span)).help(help)
}

/// Names in order, separated by commas.
pub(super) fn listed(names: &[&str]) -> String {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.join(", ")
}

/// The entries of a table of tables, for instance every `[secret.NAME]`; names are checked.
pub(super) fn named(table: &mut Table, section: &str, problems: &mut Diagnostics) -> Vec<(String, Entry)> {
    let Some(entry) = table.0.remove(section) else { return Vec::new() };
    match entry.item.node {
        Node::Table(entries) => {
            entries.0.into_iter().filter(|(name, entry)| is_name(name, entry.key, problems)).collect()
        }
        other => {
            wrong_type(
                problems,
                &format!("`{section}`"),
                &format!("made of tables `[{section}.NAME]`"),
                &other,
                entry.item.span,
            );
            Vec::new()
        }
    }
}

fn is_name(name: &str, span: Span, problems: &mut Diagnostics) -> bool {
    match crate::model::address::check_name(name) {
        Ok(()) => true,
        Err(why) => {
            problems.push(
                Diagnostic::error("invalid-name", "a name cannot be used", format!("{name:?}: {why}")).at(Some(span)),
            );
            false
        }
    }
}
