//! How siac says no: every problem at once, each with its place, cause and remedy.

use serde::{Deserialize, Serialize};

use super::address::ResourceAddress;

/// A range of bytes in one source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The file's index in the [`SourceMap`].
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// One file that was read, kept for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as the user would write it.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// Where each line begins, in bytes: plans ask for the places of thousands of resources.
    lines: Vec<usize>,
}

/// All files that spans refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and answers with its index.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> u32 {
        let text: String = text.into();
        let lines = [0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.files.push(SourceFile { path: path.into(), text, lines });
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    /// The file of a span.
    pub fn file(&self, index: u32) -> Option<&SourceFile> {
        self.files.get(index as usize)
    }

    /// Line and column, from one, of where a span starts; columns count characters.
    pub fn position(&self, span: Span) -> Option<(usize, usize)> {
        let file = self.file(span.file)?;
        let start = span.start as usize;
        let line = file.lines.partition_point(|&begin| begin <= start);
        let before = file.text.get(*file.lines.get(line.checked_sub(1)?)?..start)?;
        Some((line, before.chars().count() + 1))
    }

    /// `path:line:column` of a span, or the path alone when the span lies outside.
    pub fn locate(&self, span: Span) -> String {
        let path = self.file(span.file).map_or("?", |file| &file.path);
        match self.position(span) {
            Some((line, column)) => format!("{path}:{line}:{column}"),
            None => path.to_owned(),
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing can be planned.
    Error,
    /// Something is probably not meant.
    Warning,
}

/// A place and what to say there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What to write under it; may be empty.
    pub text: String,
}

/// One problem: a fixed summary, what it means here, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable, searchable name in kebab case, for instance `unknown-key`.
    pub code: &'static str,
    /// The same words for every problem of this code; lower case, no full stop.
    pub summary: String,
    /// What is the matter in this very case.
    pub detail: String,
    /// Where; the first is the main place.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// The resource it is about.
    pub address: Option<Box<ResourceAddress>>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(code: &'static str, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            summary: summary.into(),
            detail: detail.into(),
            labels: Vec::new(),
            help: None,
            address: None,
        }
    }

    /// A warning without a place.
    pub fn warning(code: &'static str, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, summary, detail) }
    }

    /// The same problem at a place.
    #[must_use]
    pub fn at(self, span: Option<Span>) -> Self {
        self.label(span, "")
    }

    /// The same problem with one more labelled place.
    #[must_use]
    pub fn label(mut self, span: Option<Span>, text: impl Into<String>) -> Self {
        self.labels.extend(span.map(|span| Label { span, text: text.into() }));
        self
    }

    /// The same problem with a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same problem of a resource.
    #[must_use]
    pub fn about(mut self, address: &ResourceAddress) -> Self {
        self.address = Some(Box::new(address.clone()));
        self
    }
}

/// Problems, collected rather than thrown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(others);
    }

    /// Whether any is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order of file, place and code, without repetition.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        let place = |diagnostic: &Diagnostic| diagnostic.labels.first().map(|label| label.span);
        self.0
            .sort_by(|a, b| (a.severity, place(a), a.code, &a.detail).cmp(&(b.severity, place(b), b.code, &b.detail)));
        self.0.dedup();
        self.0
    }

    /// Each of them, in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

/// The candidate nearest to what was written, when it is near enough to be a slip of the finger.
pub fn did_you_mean<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (written.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(written, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, substitutions and swaps of neighbours lead from one word to the other.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substitution = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substitution.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_found_and_far_ones_are_not() {
        assert_eq!(did_you_mean("conetnt", ["content", "path"]), Some("content"));
        assert_eq!(did_you_mean("zzz", ["content", "path"]), None);
    }

    #[test]
    fn positions_count_lines_and_characters() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.toml", "é = 1\nb = 2\n");
        assert_eq!(sources.locate(Span { file, start: 7, end: 8 }), "a.toml:2:1");
        assert_eq!(sources.locate(Span { file, start: 3, end: 4 }), "a.toml:1:3");
    }
}
