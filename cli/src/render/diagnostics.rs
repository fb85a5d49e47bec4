//! Problems on the screen: each with its place, the source line, an underline and what to do; and the same as JSON.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Renderer, Snippet};
use serde_json::json;
use siac_core::model::diagnostic::{Diagnostic, Label, Severity, SourceFile, SourceMap, Span};

use super::style::Style;
use crate::sanitise;

/// All problems as text, each followed by an empty line, and at the end how many there are. Nothing when there are none.
pub fn diagnostics(diagnostics: &[Diagnostic], sources: &SourceMap, style: &Style) -> String {
    let mut text = String::new();
    for problem in diagnostics {
        text.push_str(&diagnostic(problem, sources, style));
        text.push_str("\n\n");
    }
    if let Some(tally) = tally(diagnostics) {
        text.push_str(&tally);
        text.push('\n');
    }
    text
}

/// One problem as text, without a line break at its end.
pub fn diagnostic(problem: &Diagnostic, sources: &SourceMap, style: &Style) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(safe_line(&problem.summary)).id(problem.code);
    let group = Group::with_title(title).elements(snippets(problem, sources)).elements(messages(problem));
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = match style.width {
        Some(width) => renderer.term_width(width),
        None => renderer,
    };
    renderer.render(&[group])
}

/// `2 errors, 1 warning`; nothing when there are none.
fn tally(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity| diagnostics.iter().filter(|problem| problem.severity == severity).count();
    let words = |count, word| (count > 0).then(|| super::words::counted(count, word));
    let parts: Vec<String> = [words(count(Severity::Error), "error"), words(count(Severity::Warning), "warning")]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn safe_line(text: &str) -> String {
    sanitise::break_commands(&sanitise::line(text))
}

/// What is said below the source: the matter, the resource, the remedy.
fn messages(problem: &Diagnostic) -> Vec<Element<'static>> {
    let mut messages = Vec::new();
    if !problem.detail.is_empty() {
        messages.push(Level::NOTE.no_name().message(sanitise::block(&problem.detail)).into());
    }
    if let Some(address) = &problem.address {
        messages.push(Level::NOTE.with_name("resource").message(safe_line(&address.to_string())).into());
    }
    if let Some(help) = &problem.help {
        messages.push(Level::HELP.message(sanitise::block(help)).into());
    }
    messages
}

/// One snippet for each file that labels point into; the file of the first label comes first.
fn snippets(problem: &Diagnostic, sources: &SourceMap) -> Vec<Snippet<'static, Annotation<'static>>> {
    let mut files: Vec<u32> = Vec::new();
    for label in &problem.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let primary = problem.labels.first().map(|label| label.span);
    let snippet = |file| Some(snippet(sources.file(file)?, labels_in(file, &problem.labels), primary));
    files.into_iter().filter_map(snippet).collect()
}

fn labels_in(file: u32, labels: &[Label]) -> Vec<&Label> {
    labels.iter().filter(|label| label.span.file == file).collect()
}

fn snippet(file: &SourceFile, labels: Vec<&Label>, primary: Option<Span>) -> Snippet<'static, Annotation<'static>> {
    let ranges: Vec<Range<usize>> = labels.iter().map(|label| within(&file.text, label.span)).collect();
    let window = window(&file.text, &ranges);
    let first_line = file.text[..window.start].matches('\n').count() + 1;
    let text = &file.text[window.clone()];
    let annotations = labels.iter().zip(&ranges).map(|(label, range)| {
        let start = safe_source(&text[..range.start - window.start]).len();
        let end = safe_source(&text[..range.end - window.start]).len();
        let kind = if Some(label.span) == primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let words = (!label.text.is_empty()).then(|| safe_line(&label.text));
        kind.span(start..end).label(words)
    });
    Snippet::source(safe_source(text)).path(safe_line(&file.path)).line_start(first_line).annotations(annotations)
}

/// The span as a range that certainly lies within the text, on character boundaries.
fn within(text: &str, span: Span) -> Range<usize> {
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.ceil_char_boundary(span.end as usize);
    start..end.max(start)
}

/// The whole lines that the ranges touch.
fn window(text: &str, ranges: &[Range<usize>]) -> Range<usize> {
    let start = ranges.iter().map(|range| range.start).min().unwrap_or(0);
    let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    line_start..line_end
}

/// Source text made harmless: line breaks and tabs stay. The text of a prefix is the prefix of the text.
fn safe_source(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => safe.push(c),
            '\r' => {}
            '[' if safe.ends_with("##") || safe.ends_with("##vso") => safe.push_str("\\x5b"),
            c => sanitise::push(&mut safe, c),
        }
    }
    safe
}

/// One problem as a JSON object: `severity`, `code`, `summary`, `detail`, `help`, `address` and `labels`; lines and columns from one.
pub fn to_json(problem: &Diagnostic, sources: &SourceMap) -> serde_json::Value {
    let labels: Vec<_> = problem.labels.iter().map(|label| label_json(label, sources)).collect();
    json!({
        "severity": problem.severity,
        "code": problem.code,
        "summary": problem.summary,
        "detail": problem.detail,
        "help": problem.help,
        "address": problem.address,
        "labels": labels,
    })
}

fn label_json(label: &Label, sources: &SourceMap) -> serde_json::Value {
    let start = sources.position(label.span);
    let end = sources.position(Span { start: label.span.end, ..label.span });
    json!({
        "path": sources.file(label.span.file).map(|file| &file.path),
        "line": start.map(|(line, _)| line),
        "column": start.map(|(_, column)| column),
        "end_line": end.map(|(line, _)| line),
        "end_column": end.map(|(_, column)| column),
        "text": label.text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> SourceMap {
        let mut sources = SourceMap::default();
        sources.add("stacks/a.toml", text);
        sources
    }

    fn span(start: u32, end: u32) -> Option<Span> {
        Some(Span { file: 0, start, end })
    }

    #[test]
    fn a_problem_shows_its_place_its_cause_and_its_remedy() {
        let sources = sources("[resource.local_file.a]\nconetnt = \"x\"\n");
        let problem =
            Diagnostic::error("unknown-key", "this key is not known here", "`local_file` has no attribute `conetnt`")
                .at(span(24, 31))
                .help("did you mean `content`?");
        let expected = "\
error[unknown-key]: this key is not known here
 --> stacks/a.toml:2:1
  |
2 | conetnt = \"x\"
  | ^^^^^^^
  |
  = `local_file` has no attribute `conetnt`
  = help: did you mean `content`?

1 error
";
        assert_eq!(diagnostics(&[problem], &sources, &Style::plain()), expected);
    }

    #[test]
    fn hostile_sources_stay_on_the_page() {
        let text = "a = \"\x1b[2J\u{202e}\" # é\r\nb = 1\r\n";
        let problem = Diagnostic::error("bad", "bad\n::error::x", "::error::detail\x1b").label(span(0, 1), "\x07");
        let sources = sources(text);
        let shown = diagnostic(&problem, &sources, &Style::plain());
        assert!(shown.chars().all(|c| c == '\n' || sanitise::is_harmless(c)), "{shown:?}");
        assert!(shown.contains("\\x1b[2J\\u{202e}\" # é"), "{shown}");
        assert!(shown.lines().all(|line| sanitise::command_places(line).is_empty()), "{shown}");
    }

    #[test]
    fn the_underline_stays_under_its_word_behind_an_escape() {
        let sources = sources("\u{9b}\u{9b}b = 1");
        let problem = Diagnostic::error("bad", "bad", "").at(span(4, 5));
        let shown = diagnostic(&problem, &sources, &Style::plain());
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[3].find("b = 1"), lines[4].find('^'), "{shown}");
    }

    #[test]
    fn impossible_spans_do_no_harm() {
        let sources = sources("é");
        for (start, end) in [(0, 1), (1, 9), (50, 60), (2, 2)] {
            let problem = Diagnostic::warning("w", "w", "d").at(span(start, end));
            assert!(diagnostic(&problem, &sources, &Style::plain()).contains("stacks/a.toml"));
        }
        let nowhere = Diagnostic::error("e", "e", "d").at(Some(Span { file: 7, start: 0, end: 1 }));
        assert!(diagnostic(&nowhere, &sources, &Style::plain()).contains("error[e]: e"));
        assert!(diagnostics(&[], &sources, &Style::plain()).is_empty());
    }

    #[test]
    fn the_json_form_has_lines_and_columns_from_one() {
        let sources = sources("a = 1\nbb = 2\n");
        let problem = Diagnostic::error("x", "s", "d").label(span(6, 8), "here");
        let value = to_json(&problem, &sources);
        assert_eq!(value["severity"], "error");
        assert_eq!(value["labels"][0]["line"], 2);
        assert_eq!(value["labels"][0]["column"], 1);
        assert_eq!(value["labels"][0]["end_column"], 3);
    }
}
