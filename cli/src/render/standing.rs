//! Where a stack stands: who holds the lock, what is deployed, what is pending, and whether everything needed is there.

use jiff::Timestamp;
use siac_core::model::identity::{DeploymentId, SnapshotId};
use siac_core::model::snapshot::Status;

use super::history::{ID_DIGITS, status_words};
use super::page::{Line, Page};
use super::style::{Role, Style};
use super::words::{age, span};

/// Who holds the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockHolder {
    /// `user@host`, or what CI calls its actor.
    pub who: String,
    /// The machine.
    pub host: String,
    /// The process there.
    pub process: Option<u32>,
    /// The run, as CI names it; empty elsewhere.
    pub run: String,
    /// For what, as in "apply".
    pub purpose: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// When another run may take over, in words; `None` where the store itself knows whether the holder lives.
    pub expires: Option<String>,
}

/// Whether a stack is locked, and what HEAD says besides. All of it is readable without a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockStatus {
    /// The stack.
    pub stack: String,
    /// Who holds the lock; `None` when it is free.
    pub holder: Option<LockHolder>,
    /// Whether that run lives; `None` when there is none, or nobody can tell.
    pub holder_lives: Option<bool>,
    /// How often the lock was taken.
    pub epoch: u64,
    /// The serial of the latest snapshot; 0 before the first.
    pub serial: u64,
    /// Whether an earlier run left something to recover.
    pub dirty: bool,
}

impl LockStatus {
    /// Whether its holder is certainly gone without having given it back.
    pub fn is_left(&self) -> bool {
        self.holder.is_some() && self.holder_lives == Some(false)
    }
}

/// The lines that name a holder, for messages: who, since when, for what, from which run, and when it expires.
pub fn holder_lines(holder: &LockHolder) -> Vec<String> {
    let process = holder.process.map_or(String::new(), |process| format!(", process {process}"));
    let mut lines = vec![
        format!("{} on {}{process}", holder.who, holder.host),
        format!("since {}, for {}", holder.since, holder.purpose),
    ];
    if !holder.run.is_empty() {
        lines.push(format!("run {}", holder.run));
    }
    lines.extend(holder.expires.as_ref().map(|expires| format!("expires {expires}")));
    lines
}

/// Whether the lock is held, and by whom.
pub fn lock(status: &LockStatus, style: &Style) -> String {
    let mut page = Page::new();
    let line = Line::new(0).text("the lock of ").piece(Role::Strong, &status.stack);
    match &status.holder {
        None => page.push(line.piece(Role::Good, " is free")),
        Some(holder) => {
            let words = if status.is_left() { " was left by a run that is gone" } else { " is held" };
            page.push(line.piece(Role::Warning, words));
            page.extend(holder_lines(holder).into_iter().map(|text| Line::prose(2, 2).text(text)));
        }
    }
    if status.is_left() {
        page.push(
            Line::prose(2, 2)
                .text("the next plan or apply takes it over and settles what that run left; so does `siac recover`"),
        );
    }
    page.push(
        Line::new(0)
            .piece(Role::Faint, format!("taken {}; latest snapshot {}", counted_times(status.epoch), status.serial)),
    );
    if status.dirty {
        page.push(
            Line::prose(0, 2)
                .piece(Role::Warning, "an earlier run was cut off")
                .text("; the next plan or apply recovers first"),
        );
    }
    page.write(style)
}

fn counted_times(times: u64) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

/// The latest snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// Its serial.
    pub serial: u64,
    /// Its id.
    pub id: SnapshotId,
    /// How its deployment ended.
    pub status: Status,
    /// When, RFC 3339.
    pub time: String,
    /// Who deployed it.
    pub who: String,
    /// What was done.
    pub summary: String,
    /// What it is called.
    pub label: Option<String>,
    /// The deployment that made it.
    pub deployment: Option<DeploymentId>,
}

/// Where a stack stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The stack file, and how it was chosen.
    pub file: String,
    /// The environment that the stack names.
    pub environment: Option<String>,
    /// The lock and HEAD.
    pub lock: LockStatus,
    /// The latest snapshot; `None` before the first.
    pub latest: Option<Latest>,
    /// How many resources are remembered.
    pub resources: Option<usize>,
    /// The pending plan's summary line, and whether it is stale; `None` when none is pending.
    pub pending: Option<(String, bool)>,
    /// Addresses whose last call has an unknown outcome.
    pub unsettled: Vec<String>,
}

impl Latest {
    /// `complete, 2026-11-20T12:00:00.000Z by ada@host: 1 added`
    fn words(&self, when: &str) -> String {
        let label = self.label.as_ref().map(|label| format!(", {label:?}")).unwrap_or_default();
        format!("{}{label}, {when} by {}: {}", status_words(self.status), self.who, self.summary)
    }

    /// What it is in words, with its time as it is recorded.
    pub fn dated_words(&self) -> String {
        format!("{}, {}: {}", self.time, status_words(self.status), self.summary)
    }
}

/// Where a stack stands, in a few lines; `now` tells how long ago things happened.
pub fn standing(standing: &Standing, now: Timestamp, style: &Style) -> String {
    let mut page = Page::new();
    let mut fact = |name: &str, role: Role, value: String| {
        page.push(Line::prose(0, 12).piece(Role::Faint, format!("{name:<12}")).piece(role, value));
    };
    let environment = standing.environment.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    fact("stack", Role::Strong, format!("{}{environment}", standing.lock.stack));
    fact("file", Role::Plain, standing.file.clone());
    fact("snapshot", Role::Plain, snapshot_words(standing, now));
    if let Some(deployment) = standing.latest.as_ref().and_then(|latest| latest.deployment) {
        fact("deployment", Role::Plain, deployment.to_string()[..ID_DIGITS].to_owned());
    }
    if let Some(resources) = standing.resources {
        fact("resources", Role::Plain, resources.to_string());
    }
    match &standing.lock.holder {
        None => fact("lock", Role::Good, "free".to_owned()),
        Some(holder) => {
            let words = if standing.lock.is_left() { "left by a run that is gone:" } else { "held by" };
            fact("lock", Role::Warning, format!("{words} {}", holder_lines(holder).join("; ")));
        }
    }
    match &standing.pending {
        None => fact("plan", Role::Plain, "none pending".to_owned()),
        Some((summary, false)) => fact("plan", Role::Plain, format!("pending: {summary} `siac apply` applies it")),
        Some((summary, true)) => fact("plan", Role::Warning, format!("pending, but stale: {summary} Plan again")),
    }
    if standing.lock.dirty || standing.lock.is_left() {
        fact("recovery", Role::Warning, "an earlier run was cut off; the next plan or apply recovers first".to_owned());
    }
    for address in &standing.unsettled {
        fact(
            "unsettled",
            Role::Bad,
            format!("{address}: whether the last call happened is not known; see `siac recover --help`"),
        );
    }
    page.write(style)
}

/// `12 (3f9c1a2b), complete, 2h05m ago by ada@host: 1 added`
fn snapshot_words(standing: &Standing, now: Timestamp) -> String {
    let Some(latest) = &standing.latest else {
        return if standing.lock.serial == 0 { "never deployed".to_owned() } else { standing.lock.serial.to_string() };
    };
    let when = age(&latest.time, now).map_or_else(|| latest.time.clone(), |age| format!("{} ago", span(age)));
    format!("{} ({}), {}", latest.serial, &latest.id.to_string()[..ID_DIGITS], latest.words(&when))
}

/// How one check of `siac doctor` went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, with something to know.
    Warning,
    /// It does not work.
    Bad,
}

/// One check of `siac doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// How it went.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// Every check on a line, remedies below.
pub fn checks(checks: &[Check], style: &Style) -> String {
    let mut page = Page::new();
    let width = checks.iter().map(|check| check.what.chars().count()).max().unwrap_or(0);
    for check in checks {
        let (role, word) = match check.health {
            Health::Good => (Role::Good, "good   "),
            Health::Warning => (Role::Warning, "warning"),
            Health::Bad => (Role::Bad, "bad    "),
        };
        let head = format!("{:<width$}", check.what);
        page.push(
            Line::prose(0, 9).piece(role, word).text("  ").piece(Role::Strong, head).text(format!("  {}", check.found)),
        );
        page.extend(check.remedy.as_ref().map(|remedy| Line::prose(9, 2).text(remedy)));
    }
    page.write(style)
}
