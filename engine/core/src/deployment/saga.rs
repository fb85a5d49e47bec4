//! The aggregate that one apply is: which step may be done next, and what has become of each.
//!
//! Commands ([`Deployment::start`], [`Deployment::begin_undo`]) decide and answer with facts or calls to be; [`Deployment::evolve`]
//! takes in what has happened. A step is done when its fact is taken in, never before, so that what needs it starts from what is durable.

mod start;
mod undo;

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::model::address::ResourceAddress;
use crate::model::event::{Bookkeeping, Fact, Intent, Outcome, Verb};
use crate::model::identity::OpId;
use crate::model::plan::{Operation, Plan, Step, StepId};
use crate::model::snapshot::{Object, OutputRecord, Snapshot, Status};
use crate::model::stack::OnFailure;

use super::fold::Ledger;
use super::resolve::{Secrets, resolve_output};

pub use start::{Call, Refused, Start};

/// One apply.
#[derive(Debug)]
pub struct Deployment {
    plan: Plan,
    ledger: Ledger,
    states: Vec<State>,
    needed_by: Vec<Vec<StepId>>,
    /// What may start, by provider instance.
    ready: BTreeMap<String, BinaryHeap<Turn>>,
    /// Decisions whose end is not durable yet.
    underway: usize,
    phase: Phase,
    is_stopped: bool,
    failures: Vec<Failure>,
    /// What an object was before the step that changed or deleted it.
    before: BTreeMap<StepId, Object>,
    /// The objects that this plan set aside, by address.
    aside: BTreeMap<ResourceAddress, OpId>,
    /// Updates to be restored once more when a resource that their old attributes name was created again.
    followers: BTreeMap<ResourceAddress, Vec<StepId>>,
    /// Resources that the undo has made anew, so that they have new identities.
    recreated: BTreeSet<ResourceAddress>,
}

/// Something that may start now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// The step.
    pub step: StepId,
    /// Whether it is taken back rather than done.
    pub undoing: bool,
}

/// A step that was not done, or not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step.
    pub step: StepId,
    /// Its resource.
    pub address: ResourceAddress,
    /// Whether it was being taken back.
    pub undoing: bool,
    /// What the provider said, or why it was not asked; no secrets.
    pub why: String,
}

/// What has become of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many of the steps that it needs are not done.
    Waiting(usize),
    /// It may start, or has started.
    Started,
    /// It was done.
    Done,
    /// It failed, and left something behind that can be taken back.
    Unfinished,
    /// It was not done, and nothing of it is left.
    Nothing,
    /// So many of the steps that needed it are not taken back.
    UndoWaiting(usize),
    /// It may be taken back, or is being taken back.
    Undoing,
    /// It was taken back.
    Undone,
    /// It was taken back, and is once more because what its attributes name has a new identity.
    Following,
    /// It stays: it cannot be taken back, or something that needs it stays.
    Kept,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Steps are done.
    Forward,
    /// A step failed; nothing starts until those underway have ended.
    Failing,
    /// What was done is taken back.
    Undoing,
}

/// A place in the queue: the longest remaining path first, then the smaller step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    weight: u64,
    earlier: std::cmp::Reverse<StepId>,
}

impl Deployment {
    /// A deployment that is about to begin. The plan must have been made from this snapshot, and its steps need only smaller ones.
    pub fn new(plan: Plan, snapshot: Snapshot) -> Self {
        let mut deployment = Self {
            ledger: Ledger::new(snapshot),
            states: plan.steps.iter().map(|step| State::Waiting(step.needs.len())).collect(),
            needed_by: dependents(&plan.steps),
            ready: BTreeMap::new(),
            underway: 0,
            phase: Phase::Forward,
            is_stopped: false,
            failures: Vec::new(),
            before: BTreeMap::new(),
            aside: BTreeMap::new(),
            followers: BTreeMap::new(),
            recreated: BTreeSet::new(),
            plan,
        };
        for id in deployment.step_ids() {
            if deployment.state(id) == State::Waiting(0) {
                deployment.set(id, State::Started);
                deployment.enqueue(id);
            }
        }
        deployment
    }

    /// The world as it is by all that is durable.
    pub fn snapshot(&self) -> &Snapshot {
        &self.ledger.snapshot
    }

    /// The facts' ledger, open calls included.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Gives up the aggregate for its ledger and its failures.
    pub fn into_parts(self) -> (Ledger, Vec<Failure>) {
        (self.ledger, self.failures)
    }

    /// The plan that is carried out.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The step behind a number of this plan.
    pub fn step(&self, id: StepId) -> &Step {
        &self.plan.steps[id.0 as usize]
    }

    /// What went wrong so far, in order.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Takes the next thing to start that there is room for: of each provider instance, only the first in its queue is asked about. The
    /// caller must start it.
    pub fn next(&mut self, has_room: impl Fn(&Step) -> bool) -> Option<Task> {
        if self.is_stopped || self.phase == Phase::Failing {
            return None;
        }
        let first = |turns: &BinaryHeap<Turn>| turns.peek().copied().filter(|turn| has_room(self.step(turn.earlier.0)));
        let open = self.ready.iter().filter_map(|(provider, turns)| Some((first(turns)?, provider)));
        let provider = open.max()?.1.clone();
        let turn = self.ready.get_mut(&provider)?.pop()?;
        Some(Task { step: turn.earlier.0, undoing: self.phase == Phase::Undoing })
    }

    /// Starts nothing from now on; what is underway still counts.
    pub fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Takes in what has become durable.
    pub fn evolve(&mut self, fact: &Fact) {
        match fact {
            Fact::Intended(intent) => {
                self.remember(intent.step, intent.undoing, &intent.address, intent.deposed);
                self.ledger.evolve(fact);
            }
            Fact::Settled { op, outcome } => {
                let intent = self.ledger.open.get(op).map(|open| open.intent.clone());
                self.ledger.evolve(fact);
                if let Some(intent) = intent {
                    self.settled(&intent, outcome);
                }
            }
            Fact::Noted { step: Some(step), undoing, address, bookkeeping } => {
                self.remember(*step, *undoing, address, None);
                if **bookkeeping == Bookkeeping::Deposed {
                    self.aside.extend(self.snapshot().object(address).map(|object| (address.clone(), object.op)));
                }
                self.ledger.evolve(fact);
                self.underway -= 1;
                self.succeeded(*step, *undoing);
            }
            Fact::UndoBegan { .. } => {
                self.underway -= 1;
                self.enter_undo();
            }
            _ => self.ledger.evolve(fact),
        }
    }

    /// How the deployment ended; `None` while anything is underway or may still start.
    pub fn status(&self) -> Option<Status> {
        let may_start = !self.is_stopped && self.phase != Phase::Failing && self.ready.values().any(|t| !t.is_empty());
        let must_undo = !self.is_stopped && self.phase == Phase::Failing && self.rolls_back();
        if self.underway > 0 || may_start || must_undo {
            return None;
        }
        let is_done = |state: &State| *state == State::Done;
        Some(match self.phase {
            Phase::Forward if self.states.iter().all(is_done) => Status::Complete,
            Phase::Failing if !self.rolls_back() => Status::Halted,
            Phase::Undoing
                if self
                    .states
                    .iter()
                    .any(|state| matches!(state, State::UndoWaiting(_) | State::Undoing | State::Following)) =>
            {
                Status::Interrupted
            }
            Phase::Undoing if self.states.contains(&State::Kept) => Status::UndoIncomplete,
            Phase::Undoing => Status::RolledBack,
            Phase::Forward | Phase::Failing => Status::Interrupted,
        })
    }

    /// The stack's outputs, given how the deployment ended; an output that cannot be had now stays as it was.
    pub fn outputs(&self, status: Status, secrets: &Secrets) -> BTreeMap<String, OutputRecord> {
        let went_on = matches!(status, Status::Complete | Status::Halted | Status::Interrupted | Status::Edited);
        let mut outputs = BTreeMap::new();
        for change in &self.plan.outputs {
            let now = |record: &OutputRecord| resolve_output(record, self.snapshot(), secrets).ok();
            let after = change.after.as_ref().filter(|_| went_on).and_then(now);
            let is_dropped = change.after.is_none() && status == Status::Complete;
            let before = change.before.as_ref().filter(|_| !is_dropped);
            let kept = || before.map(|record| now(record).unwrap_or_else(|| record.clone()));
            outputs.extend(after.or_else(kept).map(|record| (change.name.clone(), record)));
        }
        outputs
    }

    fn rolls_back(&self) -> bool {
        self.plan.on_failure == OnFailure::Rollback
    }

    fn step_ids(&self) -> impl DoubleEndedIterator<Item = StepId> + use<> {
        (0..self.plan.steps.len()).map(|at| StepId(u32::try_from(at).unwrap_or(u32::MAX)))
    }

    fn state(&self, id: StepId) -> State {
        self.states[id.0 as usize]
    }

    fn set(&mut self, id: StepId, state: State) {
        self.states[id.0 as usize] = state;
    }

    fn enqueue(&mut self, id: StepId) {
        let step = &self.plan.steps[id.0 as usize];
        let weight = if self.phase == Phase::Undoing { u64::from(id.0) } else { step.weight };
        let turn = Turn { weight, earlier: std::cmp::Reverse(id) };
        match self.ready.get_mut(&step.provider) {
            Some(turns) => turns.push(turn),
            None => drop(self.ready.insert(step.provider.clone(), BinaryHeap::from([turn]))),
        }
    }

    /// Keeps what an object was before a step touches it.
    fn remember(&mut self, step: StepId, undoing: bool, address: &ResourceAddress, deposed: Option<OpId>) {
        if undoing {
            return;
        }
        let address = match &self.step(step).operation {
            Operation::Move { from } => from,
            _ => address,
        };
        let Some(record) = self.ledger.snapshot.records.get(address) else { return };
        let object = deposed.map_or(record.object.as_ref(), |op| record.deposed.get(&op));
        self.before.extend(object.cloned().map(|object| (step, object)));
    }

    fn settled(&mut self, intent: &Intent, outcome: &Outcome) {
        self.underway -= 1;
        let why = match outcome {
            Outcome::Present(_) | Outcome::Absent => None,
            Outcome::Failed { why } | Outcome::Partial { why, .. } | Outcome::Unknown { why } => Some(why.clone()),
        };
        // Data that are gone, or an object that vanished before it could be changed: the step has not done its work.
        let vanished = *outcome == Outcome::Absent && intent.verb != Verb::Delete;
        let why = why.or_else(|| vanished.then(|| "the object is gone".to_owned()));
        match (why, intent.undoing) {
            (None, undoing) => {
                if undoing && intent.verb == Verb::Create {
                    self.created_again(intent);
                }
                self.succeeded(intent.step, undoing);
            }
            (Some(why), true) => self.not_undone(intent.step, why),
            (Some(why), false) => {
                let left = match outcome {
                    Outcome::Partial { .. } => State::Unfinished,
                    Outcome::Unknown { .. } => State::Kept,
                    _ => State::Nothing,
                };
                self.failed(intent.step, left, why);
            }
        }
    }

    fn succeeded(&mut self, step: StepId, undoing: bool) {
        match undoing {
            true => self.undone(step),
            false => self.done(step),
        }
    }

    fn done(&mut self, step: StepId) {
        self.set(step, State::Done);
        for at in 0..self.needed_by[step.0 as usize].len() {
            let dependent = self.needed_by[step.0 as usize][at];
            if let State::Waiting(unmet) = self.state(dependent) {
                let unmet = unmet.saturating_sub(1);
                self.set(dependent, if unmet == 0 { State::Started } else { State::Waiting(unmet) });
                if unmet == 0 {
                    self.enqueue(dependent);
                }
            }
        }
    }

    fn failed(&mut self, step: StepId, left: State, why: String) {
        self.set(step, left);
        let address = self.step(step).address.clone();
        self.failures.push(Failure { step, address, undoing: false, why });
        if self.phase == Phase::Forward {
            self.phase = Phase::Failing;
        }
    }
}

/// For each step, the steps that need it.
fn dependents(steps: &[Step]) -> Vec<Vec<StepId>> {
    let mut needed_by = vec![Vec::new(); steps.len()];
    for (at, step) in steps.iter().enumerate() {
        for need in &step.needs {
            if let Some(dependents) = needed_by.get_mut(need.0 as usize) {
                dependents.push(StepId(u32::try_from(at).unwrap_or(u32::MAX)));
            }
        }
    }
    needed_by
}

#[cfg(test)]
mod tests;
