//! A plan on the screen: the headline first, then what changes and why, then the outputs, and the headline again.

pub(super) mod undo;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

use siac_core::model::plan::{Action, Change, Counts, Drift, Note, OutputChange, Plan, PlanMode};
use siac_core::model::snapshot::OutputRecord;
use siac_core::model::value::{Partial, Value};

use super::compare::{Manner, attributes};
use super::page::{Line, Page};
use super::style::{Role, Style};
use super::words::counted;
use crate::arguments::{Detail, ViewOptions};

pub use wording::{action_words, reason_words, symbol};

/// Attributes that are shown even when they do not change, so that the reader knows what is meant.
const CONTEXT: [&str; 3] = ["id", "name", "tags"];
/// The most addresses that the headline names, unless everything is asked for.
const MOST_NAMED: usize = 20;

/// What of a plan is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View {
    /// How much.
    pub detail: Detail,
    /// Also what an undo would do.
    pub undo: bool,
}

impl From<&ViewOptions> for View {
    fn from(options: &ViewOptions) -> Self {
        Self { detail: options.detail, undo: options.undo }
    }
}

/// The whole plan as text.
pub fn plan(plan: &Plan, style: &Style, view: View) -> String {
    page(plan, style, view).write(style)
}

/// `Plan: 3 to add, 1 to change, 0 to destroy.`, and what else there is to count.
pub fn summary_line(plan: &Plan) -> String {
    let Counts { add, change, destroy, forget, read, import, .. } = plan.counts();
    let moved = plan.changes.iter().filter(|change| change.moved_from.is_some()).count();
    let mut parts = vec![format!("{add} to add"), format!("{change} to change"), format!("{destroy} to destroy")];
    for (count, words) in [(import, "to import"), (moved, "to move"), (forget, "to forget"), (read, "to read")] {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    format!("Plan: {}.", parts.join(", "))
}

fn page(plan: &Plan, style: &Style, view: View) -> Page {
    let mut page = Page::new();
    page.push(heading(plan));
    if plan.is_empty() {
        page.push(Line::new(0).piece(Role::Good, "No changes.").text(" ").text(nothing_to_do(plan.mode)));
        page.section(drift(&plan.drift, style, view));
        page.section(notes(&plan.notes));
        return page;
    }
    page.append(headline(plan, view));
    page.section(drift(&plan.drift, style, view));
    page.section(legend(&plan.changes));
    page.section(changes(plan, style, view));
    page.section(outputs(&plan.outputs, style, view));
    page.section(notes(&plan.notes));
    page.section(if view.undo { undo::steps(plan) } else { undo::hint(plan) });
    page.section(closing(plan, view));
    page
}

/// Which stack, from where, and what was asked for.
pub(super) fn heading(plan: &Plan) -> Line {
    let from = match plan.base.serial {
        0 => ", never deployed before".to_owned(),
        serial => format!(", now at snapshot {serial}"),
    };
    let line = Line::prose(0, 2).text("stack ").piece(Role::Strong, &plan.stack).text(from);
    match plan.mode {
        PlanMode::Apply => line,
        PlanMode::Destroy => line.text("; everything it made is destroyed"),
        PlanMode::RefreshOnly => line.text("; only what is remembered is brought up to date"),
        PlanMode::Rollback { to } => line.text(format!("; back to snapshot {to}, as a new snapshot")),
    }
}

pub(super) fn nothing_to_do(mode: PlanMode) -> String {
    match mode {
        PlanMode::Apply => "The world is as the stack wants it.".to_owned(),
        PlanMode::Destroy => "There is nothing to destroy.".to_owned(),
        PlanMode::RefreshOnly => "The world is as it is remembered.".to_owned(),
        PlanMode::Rollback { to } => format!("The world is as snapshot {to} remembers it."),
    }
}

/// The counts, and by name what is destroyed and replaced.
pub(super) fn headline(plan: &Plan, view: View) -> Page {
    let mut page = Page::new();
    page.push(Line::prose(0, 2).piece(Role::Strong, summary_line(plan)));
    page.append(losses(plan, view));
    page
}

/// The headline again, the other way round, for readers who begin at the bottom.
fn closing(plan: &Plan, view: View) -> Page {
    let mut page = losses(plan, view);
    page.push(Line::prose(0, 2).piece(Role::Strong, summary_line(plan)));
    page
}

/// By name what is destroyed and replaced.
fn losses(plan: &Plan, view: View) -> Page {
    let mut page = Page::new();
    let replaced = [Action::ReplaceDestroyFirst, Action::ReplaceCreateFirst];
    page.extend(named("destroyed: ", Role::Removed, &plan.changes, &[Action::Delete], view));
    page.extend(named("replaced:  ", Role::Changed, &plan.changes, &replaced, view));
    page
}

fn named(title: &str, role: Role, changes: &[Change], actions: &[Action], view: View) -> Option<Line> {
    let all: Vec<String> = changes
        .iter()
        .filter(|change| actions.contains(&change.action))
        .map(|change| change.address.to_string())
        .collect();
    if all.is_empty() {
        return None;
    }
    let most = if view.detail == Detail::Full { all.len() } else { MOST_NAMED };
    let mut text = all.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > most {
        text.push_str(&format!(" and {} more", all.len() - most));
    }
    Some(Line::prose(2, 2).piece(role, title).text(text))
}

/// What the symbols that are in use mean.
pub(super) fn legend(changes: &[Change]) -> Page {
    let mut page = Page::new();
    let used: BTreeSet<Action> = changes.iter().map(|change| change.action).collect();
    let explained: Vec<Action> = used.into_iter().filter(|action| *action != Action::Record).collect();
    if explained.is_empty() {
        return page;
    }
    page.push(Line::new(0).text("Symbols:"));
    for action in explained {
        let (mark, role) = symbol(action);
        page.push(Line::new(2).piece(role, format!("{mark:>3}")).text(" ").text(wording::legend(action)));
    }
    page
}

fn changes(plan: &Plan, style: &Style, view: View) -> Page {
    let mut page = Page::new();
    for change in &plan.changes {
        if view.detail != Detail::Summary {
            page.gap();
        }
        page.append(self::change(change, style, view));
    }
    if plan.unchanged > 0 {
        page.gap();
        let stay = if plan.unchanged == 1 { "stays as it is" } else { "stay as they are" };
        page.push(Line::new(0).piece(Role::Faint, format!("{} {stay}.", counted(plan.unchanged, "resource"))));
    }
    page
}

pub(super) fn change(change: &Change, style: &Style, view: View) -> Page {
    let mut page = Page::new();
    let (mark, role) = symbol(change.action);
    let line =
        Line::prose(0, 6).piece(role, format!("{mark:>3}")).text(" ").piece(Role::Strong, change.address.to_string());
    page.push(line.text(" ").text(action_words(change)));
    if view.detail == Detail::Summary {
        return page;
    }
    page.extend(reason_lines(change, view));
    let manner = Manner {
        detail: view.detail,
        width: style.width,
        replace: &change.replace_paths,
        sensitive: &change.sensitive,
        context: &CONTEXT,
        marks: true,
        noun: "attribute",
    };
    match change.action {
        Action::Forget => {}
        Action::Record if change.before == change.after => {}
        _ => page.append(attributes(change.before.as_ref(), change.after.as_ref(), 6, manner)),
    }
    page
}

/// Why, and where that is written.
fn reason_lines(change: &Change, view: View) -> Vec<Line> {
    let goes = matches!(change.action, Action::Delete | Action::ReplaceDestroyFirst | Action::ReplaceCreateFirst);
    let place = change.place.as_ref().filter(|_| goes || view.detail == Detail::Full);
    let mut lines: Vec<Line> = change
        .reasons
        .iter()
        .map(|reason| Line::prose(6, 2).text("because ").text(reason_words(reason, change)))
        .collect();
    if let Some(place) = place {
        match lines.last_mut() {
            Some(last) => last.push(Role::Faint, format!(" ({place})")),
            None => lines.push(Line::new(6).piece(Role::Faint, format!("declared at {place}"))),
        }
    }
    lines
}

/// What changed outside siac.
pub(super) fn drift(drift: &[Drift], style: &Style, view: View) -> Page {
    let mut page = Page::new();
    if drift.is_empty() {
        return page;
    }
    page.push(Line::prose(0, 2).piece(Role::Warning, "Changed outside siac").text(" since it was last looked at:"));
    for found in drift {
        page.append(drifted(found, style, view));
    }
    page
}

/// One thing that changed outside siac.
fn drifted(found: &Drift, style: &Style, view: View) -> Page {
    let mut page = Page::new();
    let address = found.address.to_string();
    let Some(observed) = &found.observed else {
        page.push(Line::new(0).piece(Role::Removed, "  -").text(" ").piece(Role::Strong, address).text(" is gone"));
        return page;
    };
    page.push(Line::new(0).piece(Role::Changed, "  ~").text(" ").piece(Role::Strong, address).text(" changed"));
    if view.detail != Detail::Summary {
        let manner = Manner {
            detail: view.detail,
            width: style.width,
            replace: &[],
            sensitive: &found.sensitive,
            context: &[],
            marks: true,
            noun: "attribute",
        };
        page.append(attributes(Some(&found.remembered), Some(observed), 6, manner));
    }
    page
}

pub(super) fn outputs(outputs: &[OutputChange], style: &Style, view: View) -> Page {
    let mut page = Page::new();
    let differs = |output: &&OutputChange| {
        let value = |record: &Option<OutputRecord>| record.as_ref().map(|record| record.value.clone());
        view.detail == Detail::Full || value(&output.before) != value(&output.after)
    };
    let shown: Vec<&OutputChange> = outputs.iter().filter(differs).collect();
    if shown.is_empty() || view.detail == Detail::Summary {
        return page;
    }
    page.push(Line::new(0).text("Outputs:"));
    let before = values(&shown, |output| output.before.as_ref());
    let after = values(&shown, |output| output.after.as_ref());
    let is_sensitive = |record: &Option<OutputRecord>| record.as_ref().is_some_and(|record| record.sensitive);
    let sensitive: BTreeSet<String> = shown
        .iter()
        .filter(|output| is_sensitive(&output.before) || is_sensitive(&output.after))
        .map(|output| output.name.clone())
        .collect();
    let manner = Manner {
        detail: view.detail,
        width: style.width,
        replace: &[],
        sensitive: &sensitive,
        context: &[],
        marks: true,
        noun: "output",
    };
    page.append(attributes(Some(&before), Some(&after), 2, manner));
    page
}

fn values(outputs: &[&OutputChange], side: impl Fn(&OutputChange) -> Option<&OutputRecord>) -> Partial {
    let entry = |output: &&OutputChange| Some((output.name.clone(), side(output)?.value.clone()));
    Value::Map(outputs.iter().filter_map(entry).collect::<BTreeMap<_, _>>())
}

pub(super) fn notes(notes: &[Note]) -> Page {
    let mut page = Page::new();
    for note in notes {
        page.gap();
        for (at, text) in note.text.lines().enumerate() {
            let mut line = Line::prose(0, 2);
            if at == 0 {
                line.push(Role::Warning, "note: ");
            }
            if let Some(address) = note.address.as_ref().filter(|_| at == 0) {
                line.push(Role::Strong, address.to_string());
                line.push(Role::Plain, ": ");
            }
            page.push(line.text(text));
        }
    }
    page
}
