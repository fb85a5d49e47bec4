//! The last lines of an apply: how it ended, what failed, the outputs, and the way back.

use std::collections::BTreeMap;

use siac_core::model::plan::PlanMode;
use siac_core::model::snapshot::{OutputRecord, Status};

use super::history::ID_DIGITS;
use super::page::{Line, Page};
use super::style::{Role, Style};
use super::words::{counted, elapsed, first_line};
use crate::progress::Tally;

/// How a deployment ended.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// What was asked for.
    pub mode: PlanMode,
    /// How it ended.
    pub status: Status,
    /// What was done.
    pub tally: &'a Tally,
    /// The outputs now.
    pub outputs: &'a BTreeMap<String, OutputRecord>,
    /// The serial before; 0 when there was none.
    pub before: u64,
    /// Whether some call has an outcome that nobody can tell.
    pub unsettled: bool,
}

/// The last lines of an apply.
pub fn ending(ending: &Ending<'_>, style: &Style) -> String {
    let mut page = Page::new();
    page.push(headline(ending));
    page.extend(failures(ending.tally));
    if let Some((serial, id)) = &ending.tally.published {
        let id: String = id.chars().take(ID_DIGITS).collect();
        page.push(
            Line::new(0)
                .text("snapshot ")
                .piece(Role::Strong, serial.to_string())
                .text(format!(" ({id}) is published")),
        );
    }
    page.section(advice(ending));
    if !ending.outputs.is_empty() && ending.status == Status::Complete {
        let mut outputs = Page::new();
        outputs.push(Line::new(0).text("Outputs:"));
        outputs.append(super::outputs::page(ending.outputs, 2, style));
        page.section(outputs);
    }
    page.write(style)
}

fn headline(ending: &Ending<'_>) -> Line {
    let what = match ending.mode {
        PlanMode::Apply => "Apply",
        PlanMode::Destroy => "Destroy",
        PlanMode::RefreshOnly => "Refresh",
        PlanMode::Rollback { .. } => "Rollback",
    };
    let time = elapsed(ending.tally.elapsed);
    let done = done(ending.tally);
    let line = Line::prose(0, 2);
    match ending.status {
        Status::Complete | Status::Edited => {
            line.piece(Role::Good, format!("{what} complete:")).text(format!(" {done} [{time}]."))
        }
        Status::RolledBack => {
            let undone = counted(ending.tally.undone, "step");
            line.piece(Role::Bad, format!("{what} failed;"))
                .text(format!(" everything it did was undone ({undone}) [{time}]."))
        }
        Status::UndoIncomplete => line.piece(Role::Bad, format!("{what} failed,")).text(format!(
            " and not everything it did could be undone: {done}, {} undone [{time}].",
            ending.tally.undone
        )),
        Status::Halted => line
            .piece(Role::Bad, format!("{what} failed;"))
            .text(format!(" what was done is kept, as `on_failure` is halt: {done} [{time}].")),
        Status::Interrupted => line
            .piece(Role::Warning, format!("{what} interrupted;"))
            .text(format!(" what was done is recorded: {done} [{time}].")),
    }
}

fn done(tally: &Tally) -> String {
    let mut text = format!("{} added, {} changed, {} destroyed", tally.added, tally.changed, tally.destroyed);
    if tally.imported > 0 {
        text.push_str(&format!(", {} imported", tally.imported));
    }
    text
}

fn failures(tally: &Tally) -> Vec<Line> {
    tally.failures.iter().flat_map(failure).collect()
}

/// What failed, and below it whatever else the provider said, line by line.
fn failure(failure: &crate::progress::Failure) -> Vec<Line> {
    let why = first_line(&failure.why);
    let words = match failure.unknown {
        true => format!(": the outcome of {} is not known: {why}", failure.doing),
        false => format!(": {} failed: {why}", failure.doing),
    };
    let head = Line::prose(2, 2).piece(Role::Strong, failure.address.to_string()).text(words);
    let more = failure.why.lines().skip(1).map(|line| Line::new(6).piece(Role::Faint, line));
    std::iter::once(head).chain(more).collect()
}

/// What to do next: the command stands on its own line.
fn advice(ending: &Ending<'_>) -> Page {
    let mut page = Page::new();
    let (words, command) = match ending.status {
        _ if ending.unsettled => {
            ("Nobody can tell whether a call happened. Look, then say so:", "siac recover --help".to_owned())
        }
        Status::Complete if ending.before > 0 && ending.tally.published.is_some() => {
            ("To go back:", format!("siac rollback --to {}", ending.before))
        }
        Status::UndoIncomplete | Status::Halted | Status::Interrupted => {
            ("To see what is left to do:", "siac plan".to_owned())
        }
        _ => return page,
    };
    page.push(Line::prose(0, 2).text(words));
    page.push(Line::new(2).piece(Role::Strong, command));
    page
}
