//! What runs, what is done and what waits, and the words for it.

mod builds;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use siac_core::model::address::ResourceAddress;
use siac_core::model::event::{Bookkeeping, Event, Fact, Intent, Outcome, Progress, Verb};
use siac_core::model::identity::OpId;
use siac_core::model::plan::{Plan, StepId};

use crate::render::page::{Line, Page, clipped};
use crate::render::style::Role;
use crate::render::words::{counted, elapsed, first_line};
use builds::Builds;

/// How long a call runs before it is mentioned again, and then again.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most running calls that the table lists.
const MOST_ROWS: usize = 12;

/// What was done, for the last lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Objects created.
    pub added: usize,
    /// Objects changed in place.
    pub changed: usize,
    /// Objects deleted.
    pub destroyed: usize,
    /// Objects adopted.
    pub imported: usize,
    /// Steps taken back.
    pub undone: usize,
    /// What failed, in order.
    pub failures: Vec<Failure>,
    /// The snapshot that was published last: its serial and id.
    pub published: Option<(u64, String)>,
    /// How long it took.
    pub elapsed: Duration,
}

/// One call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which resource.
    pub address: ResourceAddress,
    /// What was tried, as in "creating".
    pub doing: &'static str,
    /// What the provider said.
    pub why: String,
    /// Whether nobody can tell if it happened.
    pub unknown: bool,
}

struct Running {
    address: ResourceAddress,
    verb: Verb,
    undoing: bool,
    since: Instant,
    mentioned: Instant,
    step: StepId,
}

/// Listens to events and remembers what is needed to talk about them.
pub struct Tracker {
    began: Instant,
    running: BTreeMap<OpId, Running>,
    /// The steps that are not done, by the length of the longest chain behind them.
    ahead: BTreeSet<(u64, StepId)>,
    weights: BTreeMap<StepId, u64>,
    builds: Builds,
    doing: Option<String>,
    lock_holder: Option<String>,
    tally: Tally,
}

fn doing(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "creating",
        Verb::Update => "updating",
        Verb::Delete => "destroying",
        Verb::Read => "reading",
        Verb::Import => "importing",
    }
}

fn done(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Delete => "destroyed",
        Verb::Read => "read",
        Verb::Import => "imported",
    }
}

fn about(address: &ResourceAddress) -> Line {
    Line::new(0).piece(Role::Strong, address.to_string()).text(": ")
}

fn undo_word(undoing: bool) -> &'static str {
    if undoing { "undo: " } else { "" }
}

fn one(line: Line) -> Page {
    let mut page = Page::new();
    page.push(line);
    page
}

impl Tracker {
    /// Nothing has happened yet.
    pub fn new(plan: Option<&Plan>, now: Instant) -> Self {
        let steps = plan.map_or(&[][..], |plan| &plan.steps);
        let numbered = steps.iter().zip(0_u32..).map(|(step, at)| (StepId(at), step.weight));
        let weights: BTreeMap<StepId, u64> = numbered.collect();
        Self {
            began: now,
            running: BTreeMap::new(),
            ahead: weights.iter().map(|(step, weight)| (*weight, *step)).collect(),
            weights,
            builds: Builds::default(),
            doing: None,
            lock_holder: None,
            tally: Tally::default(),
        }
    }

    /// What was counted until now.
    pub fn tally(&self, now: Instant) -> Tally {
        Tally { elapsed: now.duration_since(self.began), ..self.tally.clone() }
    }

    /// Hears one event, and answers with the lines to print.
    pub fn hear(&mut self, event: &Event, now: Instant) -> Page {
        match event {
            Event::Fact(fact) => self.fact(fact, now),
            Event::Progress(progress) => self.progress(progress, now),
        }
    }

    fn fact(&mut self, fact: &Fact, now: Instant) -> Page {
        match fact {
            Fact::Intended(intent) => self.intended(intent, now),
            Fact::Settled { op, outcome } => self.settled(*op, outcome, now),
            Fact::Noted { step, undoing, address, bookkeeping } => {
                step.iter().for_each(|step| self.step_done(*step));
                noted(address, *undoing, bookkeeping)
            }
            Fact::UndoBegan { because } => {
                let line =
                    Line::prose(0, 2).piece(Role::Bad, "a step failed").text(format!(": {}", first_line(because)));
                let mut page = one(line);
                page.push(Line::new(0).text("undoing what was done"));
                page
            }
            Fact::Started { .. } => {
                self.doing = None;
                Page::new()
            }
            Fact::Checkpointed { .. } | Fact::Finished { .. } => Page::new(),
        }
    }

    fn intended(&mut self, intent: &Intent, now: Instant) -> Page {
        self.doing = None;
        let Intent { address, verb, undoing, step, .. } = intent;
        let running = Running {
            address: address.clone(),
            verb: *verb,
            undoing: *undoing,
            since: now,
            mentioned: now,
            step: *step,
        };
        self.running.insert(intent.op, running);
        one(about(address).text(format!("{}{}…", undo_word(*undoing), doing(*verb))))
    }

    fn settled(&mut self, op: OpId, outcome: &Outcome, now: Instant) -> Page {
        let Some(call) = self.running.remove(&op) else { return settled_elsewhere(op, outcome) };
        if !call.undoing {
            self.step_done(call.step);
        }
        self.count(&call, outcome);
        let time = elapsed(now.duration_since(call.since));
        let (doing, done, undo) = (doing(call.verb), done(call.verb), undo_word(call.undoing));
        let line = about(&call.address).text(undo);
        one(match outcome {
            Outcome::Present(seen) if call.verb == Verb::Read || seen.remote.is_empty() => {
                line.piece(Role::Good, done).text(format!(" [{time}]"))
            }
            Outcome::Present(seen) => {
                line.piece(Role::Good, done).text(format!(" [{time}] (id {})", clipped(&seen.remote, 80)))
            }
            Outcome::Absent => line.piece(Role::Good, done).text(format!(" [{time}]")),
            Outcome::Failed { why } => {
                line.piece(Role::Bad, format!("{doing} failed")).text(format!(" [{time}]: {}", first_line(why)))
            }
            Outcome::Partial { why, .. } => {
                line.piece(Role::Bad, format!("{doing} did not finish")).text(format!(" [{time}]: {}", first_line(why)))
            }
            Outcome::Unknown { why } => line
                .piece(Role::Bad, format!("the outcome of {doing} is not known"))
                .text(format!(" [{time}]: {}", first_line(why))),
        })
    }

    fn count(&mut self, call: &Running, outcome: &Outcome) {
        let failure = |why: &String, unknown| Failure {
            address: call.address.clone(),
            doing: doing(call.verb),
            why: why.clone(),
            unknown,
        };
        match outcome {
            Outcome::Failed { why } | Outcome::Partial { why, .. } => self.tally.failures.push(failure(why, false)),
            Outcome::Unknown { why } => self.tally.failures.push(failure(why, true)),
            _ if call.undoing => self.tally.undone += 1,
            _ => match call.verb {
                Verb::Create => self.tally.added += 1,
                Verb::Update => self.tally.changed += 1,
                Verb::Delete => self.tally.destroyed += 1,
                Verb::Import => self.tally.imported += 1,
                Verb::Read => {}
            },
        }
    }

    fn step_done(&mut self, step: StepId) {
        if let Some(weight) = self.weights.get(&step) {
            self.ahead.remove(&(*weight, step));
        }
    }

    fn progress(&mut self, progress: &Progress, now: Instant) -> Page {
        match progress {
            Progress::BuildBegan { identity, source, command } => self.builds.began(*identity, source, command, now),
            Progress::BuildAwaited { source, .. } => builds::awaited(source),
            Progress::BuildEnded { identity, source, is_made } => self.builds.ended(*identity, source, *is_made, now),
            Progress::Answering { questions } => {
                self.doing = Some(format!("looking at {}", counted(*questions, "thing")));
                Page::new()
            }
            Progress::WaitingForLock { holder } => self.waiting(holder),
            Progress::Recovering { open } => {
                let text = format!("an earlier run left {} open; settling them first", counted(*open, "call"));
                one(Line::prose(0, 2).piece(Role::Warning, "recovering: ").text(text))
            }
            Progress::Draining { milliseconds } => {
                let time = elapsed(Duration::from_millis(*milliseconds));
                self.doing = Some(format!("waiting {time} until requests of the earlier run can no longer arrive"));
                one(Line::prose(0, 2)
                    .text(format!("waiting {time} until requests of the earlier run can no longer arrive")))
            }
            Progress::Waiting { address, standing } => one(about(address).text(format!("waiting, {standing}"))),
            Progress::Retrying { address, why, after, attempt } => {
                let time = elapsed(Duration::from_millis(*after));
                one(about(address)
                    .piece(Role::Warning, "trying again")
                    .text(format!(" in {time}, attempt {attempt}: {why}")))
            }
            Progress::JournalFailing { why } => {
                let text = format!("the state cannot be written, so no new steps start; trying again: {why}");
                one(Line::prose(0, 2).piece(Role::Warning, "journal: ").text(text))
            }
            Progress::Stopping { running } => {
                let text = match running {
                    0 => "no new steps start".to_owned(),
                    _ => format!(
                        "no new steps start; {} to finish. A second interrupt stops at once",
                        counted(*running, "running call")
                    ),
                };
                one(Line::prose(0, 2).piece(Role::Warning, "stopping: ").text(text))
            }
            Progress::Published { serial, id } => {
                self.tally.published = Some((*serial, id.clone()));
                Page::new()
            }
        }
    }

    /// Tells of each holder once.
    fn waiting(&mut self, holder: &str) -> Page {
        let mut page = Page::new();
        self.doing = Some("waiting for the lock".to_owned());
        if self.lock_holder.as_deref() != Some(holder) {
            page.push(Line::new(0).piece(Role::Warning, "waiting for the lock").text(", which someone else holds:"));
            page.extend(holder.lines().map(|line| Line::prose(2, 2).text(line)));
            self.lock_holder = Some(holder.to_owned());
        }
        page
    }

    /// The lines about calls that were not mentioned for ten seconds.
    pub fn still_running(&mut self, now: Instant) -> Page {
        let mut page = self.builds.still_running(now);
        for call in self.running.values_mut().filter(|call| now.duration_since(call.mentioned) >= PATIENCE) {
            call.mentioned = now;
            let time = elapsed(now.duration_since(call.since));
            let words = format!("{}still {}… [{time} elapsed]", undo_word(call.undoing), doing(call.verb));
            page.push(about(&call.address).text(words));
        }
        page
    }

    /// The table of what runs, and below it how far the whole is.
    pub fn table(&self, now: Instant, width: usize) -> Page {
        let mut page = self.builds.table(now, width);
        let mut rows: Vec<&Running> = self.running.values().collect();
        rows.sort_by_key(|call| call.since);
        for call in rows.iter().take(MOST_ROWS) {
            let time = elapsed(now.duration_since(call.since));
            let words = format!("{}{}…", undo_word(call.undoing), doing(call.verb));
            let room = width.saturating_sub(words.len() + time.len() + 8);
            let line = Line::new(2).piece(Role::Strong, clipped(&call.address.to_string(), room));
            page.push(line.text(format!(": {words} ")).piece(Role::Faint, format!("[{time}]")));
        }
        if rows.len() > MOST_ROWS {
            page.push(Line::new(2).piece(Role::Faint, format!("and {} more", rows.len() - MOST_ROWS)));
        }
        page.push(Line::new(0).piece(Role::Faint, clipped(&self.bottom_line(now), width.saturating_sub(1))));
        page
    }

    fn bottom_line(&self, now: Instant) -> String {
        let time = elapsed(now.duration_since(self.began));
        if let Some(doing) = &self.doing {
            return format!("{doing} [{time}]");
        }
        let (all, running) = (self.weights.len(), self.running.len());
        if all == 0 {
            return format!("working [{time}]");
        }
        let waiting = self.ahead.len().saturating_sub(running);
        let left = self.ahead.last().map_or(0, |(weight, _)| *weight);
        let estimate = match left {
            1000.. => format!(", about {} left", elapsed(Duration::from_millis(left))),
            _ => String::new(),
        };
        format!(
            "{} of {all} steps done, {running} running, {waiting} waiting [{time}{estimate}]",
            all - self.ahead.len()
        )
    }
}

fn noted(address: &ResourceAddress, undoing: bool, bookkeeping: &Bookkeeping) -> Page {
    let words = match bookkeeping {
        Bookkeeping::Deposed => "the old object is set aside".to_owned(),
        Bookkeeping::Reinstated { .. } => "the old object is back in its place".to_owned(),
        Bookkeeping::Moved { from } => format!("was {from}"),
        Bookkeeping::Lost => "is gone, and no longer remembered".to_owned(),
        Bookkeeping::Forgotten { .. } => "forgotten; the object is left alone".to_owned(),
        // Nothing that anyone would see changes.
        Bookkeeping::Recorded { .. } | Bookkeeping::Restored { .. } => return Page::new(),
    };
    one(about(address).text(undo_word(undoing)).text(words))
}

/// A call of an earlier run, settled by recovery or by the user.
fn settled_elsewhere(op: OpId, outcome: &Outcome) -> Page {
    let id = op.to_string();
    let words = match outcome {
        Outcome::Present(seen) => format!("happened (id {})", clipped(&seen.remote, 80)),
        Outcome::Absent => "left nothing behind".to_owned(),
        Outcome::Failed { why } => format!("failed: {why}"),
        Outcome::Partial { why, .. } => format!("did not finish: {why}"),
        Outcome::Unknown { why } => format!("has an unknown outcome: {why}"),
    };
    one(Line::prose(0, 2).text(format!("call {} of an earlier run {words}", &id[..8.min(id.len())])))
}
