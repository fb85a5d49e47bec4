//! A plan as one self-contained web page: no script, nothing loaded, readable on a phone, printable.

mod drawing;

use siac_core::model::plan::Plan;

use super::page::{Line, Page};
use super::plan::{View, change, drift, heading, headline, legend, notes, nothing_to_do, outputs, undo};
use super::style::{Role, Style};
use crate::arguments::Detail;

const HEAD: &str = include_str!("html/head.html");

/// The page. `detail` says how much of each change it shows.
pub fn plan(plan: &Plan, detail: Detail) -> String {
    let view = View { detail, undo: true };
    let style = Style::plain();
    let mut html = HEAD.replace("TITLE", &escaped(&format!("plan of {}", plan.stack)));
    html.push_str(&format!("<h1>{}</h1>\n", line(&heading(plan))));
    match plan.is_empty() {
        true => html.push_str(&format!("<p><b>No changes.</b> {}</p>\n", escaped(&nothing_to_do(plan.mode)))),
        false => html.push_str(&block(&headline(plan, view))),
    }
    section("Changed outside siac", &drift(&plan.drift, &style, view), &mut html);
    section("Symbols", &tail(&legend(&plan.changes)), &mut html);
    if !plan.changes.is_empty() {
        html.push_str("<h2>Changes</h2>\n");
        plan.changes.iter().for_each(|one| html.push_str(&folding(&change(one, &style, view))));
    }
    section("Outputs", &tail(&outputs(&plan.outputs, &style, view)), &mut html);
    section("Notes", &notes(&plan.notes), &mut html);
    section("Undo", &undo::steps(plan), &mut html);
    html.push_str(&drawing::section(plan));
    html.push_str("</main></body></html>\n");
    html
}

/// The text with what HTML would take as markup escaped. It is harmless on a screen already, or becomes so here.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in crate::sanitise::line(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

fn class(role: Role) -> &'static str {
    match role {
        Role::Plain => "",
        Role::Strong => "strong",
        Role::Faint => "faint",
        Role::Added => "added",
        Role::Changed => "changed",
        Role::Removed => "removed",
        Role::Read => "read",
        Role::Good => "good",
        Role::Warning => "warning",
        Role::Bad => "bad",
    }
}

/// One line without its indentation.
fn line(line: &Line) -> String {
    let piece = |(role, text): (Role, String)| match class(role) {
        "" => escaped(&text),
        class => format!("<span class=\"{class}\">{}</span>", escaped(&text)),
    };
    line.harmless_pieces().into_iter().map(piece).collect()
}

fn block(page: &Page) -> String {
    lines_block(page.lines())
}

fn lines_block(lines: &[Line]) -> String {
    let text: String = lines.iter().map(|one| format!("{}{}\n", " ".repeat(one.indent()), line(one))).collect();
    format!("<pre>{text}</pre>\n")
}

/// A change that can be folded away: its first line stays.
fn folding(page: &Page) -> String {
    match page.lines() {
        [] => String::new(),
        [only] => format!("<p class=\"change\">{}</p>\n", line(only)),
        [first, rest @ ..] => {
            format!("<details open><summary>{}</summary>\n{}</details>\n", line(first), lines_block(rest))
        }
    }
}

fn section(title: &str, page: &Page, html: &mut String) {
    if !page.is_empty() {
        html.push_str(&format!("<h2>{title}</h2>\n{}", block(page)));
    }
}

/// The page without its first line, which is the title here.
fn tail(page: &Page) -> Page {
    let mut rest = Page::new();
    rest.extend(page.lines().iter().skip(1).cloned());
    rest
}
