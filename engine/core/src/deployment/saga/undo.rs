//! Taking back: which steps, in which order, and what stays when one cannot be taken back.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::address::ResourceAddress;
use crate::model::event::{Fact, Intent};
use crate::model::identity::OpId;
use crate::model::plan::{Deposed, Operation, StepId, Undo};
use crate::model::value::Origin;

use super::{Deployment, Failure, Phase, State};

impl Deployment {
    /// The fact that begins the undo, once a step has failed, the plan says so, and nothing is underway any more. Given once.
    pub fn begin_undo(&mut self) -> Option<Fact> {
        let is_due = self.phase == Phase::Failing && self.rolls_back() && self.underway == 0 && !self.is_stopped;
        if !is_due {
            return None;
        }
        self.underway += 1;
        let because = self.failures.first().map(|failure| format!("{}: {}", failure.address, failure.why));
        Some(Fact::UndoBegan { because: because.unwrap_or_default() })
    }

    /// Turns what was done into what is to be taken back; steps that never started are dropped.
    pub(super) fn enter_undo(&mut self) {
        self.phase = Phase::Undoing;
        self.ready.clear();
        for id in self.step_ids() {
            match self.state(id) {
                State::Waiting(_) | State::Started => self.set(id, State::Nothing),
                State::Done | State::Unfinished => self.set(id, State::UndoWaiting(0)),
                _ => {}
            }
        }
        let touched = |state| matches!(state, State::UndoWaiting(_) | State::Kept);
        for id in self.step_ids().filter(|id| matches!(self.state(*id), State::UndoWaiting(_))).collect::<Vec<_>>() {
            let waiting_for = self.needed_by[id.0 as usize].iter().filter(|by| touched(self.state(**by))).count();
            self.set(id, State::UndoWaiting(waiting_for));
        }
        self.followers = self.followers();
        self.keep_what_cannot_be_undone();
        for id in self.step_ids().rev() {
            self.undo_when_free(id);
        }
    }

    /// The updates whose old attributes name a resource, by that resource.
    fn followers(&self) -> BTreeMap<ResourceAddress, Vec<StepId>> {
        let mut followers: BTreeMap<ResourceAddress, Vec<StepId>> = BTreeMap::new();
        for (id, object) in &self.before {
            if !matches!(self.step(*id).operation, Operation::Update { .. }) {
                continue;
            }
            let origins = object.configured.origins().into_keys();
            let named: BTreeSet<_> = origins.filter_map(into_address).collect();
            named.into_iter().for_each(|address| followers.entry(address).or_default().push(*id));
        }
        followers
    }

    fn keep_what_cannot_be_undone(&mut self) {
        for id in self.step_ids() {
            let is_impossible = matches!(self.step(id).undo, Undo::Impossible { .. });
            match self.state(id) {
                State::UndoWaiting(_) if is_impossible => self.keep(id),
                // Kept before the undo began: its outcome is not known.
                State::Kept => self.keep(id),
                _ => {}
            }
        }
    }

    /// A step stays, and with it everything it needs.
    fn keep(&mut self, id: StepId) {
        let mut staying = vec![id];
        while let Some(id) = staying.pop() {
            self.set(id, State::Kept);
            let needs = self.step(id).needs.clone();
            staying.extend(needs.into_iter().filter(|need| matches!(self.state(*need), State::UndoWaiting(_))));
        }
    }

    fn undo_when_free(&mut self, id: StepId) {
        if self.state(id) != State::UndoWaiting(0) {
            return;
        }
        if self.step(id).undo == Undo::Nothing {
            return self.undone(id);
        }
        self.set(id, State::Undoing);
        self.enqueue(id);
    }

    /// A step was taken back: what it needed comes closer to its turn.
    pub(super) fn undone(&mut self, id: StepId) {
        if self.state(id) == State::Following {
            return self.set(id, State::Undone);
        }
        let mut undone = vec![id];
        while let Some(id) = undone.pop() {
            self.set(id, State::Undone);
            for need in self.step(id).needs.clone() {
                let State::UndoWaiting(unmet) = self.state(need) else { continue };
                self.set(need, State::UndoWaiting(unmet.saturating_sub(1)));
                match unmet <= 1 && self.step(need).undo == Undo::Nothing {
                    true => undone.push(need),
                    false => self.undo_when_free(need),
                }
            }
        }
    }

    /// A step could not be taken back: it stays, and with it everything it needs.
    pub(super) fn not_undone(&mut self, id: StepId, why: String) {
        let address = self.step(id).address.clone();
        self.failures.push(Failure { step: id, address, undoing: true, why });
        self.keep(id);
    }

    /// A resource has a new identity: updates that were restored with its passing one are restored once more.
    pub(super) fn created_again(&mut self, intent: &Intent) {
        self.recreated.insert(intent.address.clone());
        if intent.deposed.is_some() {
            self.aside.insert(intent.address.clone(), intent.op);
        }
        for id in self.followers.remove(&intent.address).unwrap_or_default() {
            if self.state(id) == State::Undone {
                self.set(id, State::Following);
                self.enqueue(id);
            }
        }
    }

    /// The deposed object that a delete means.
    pub(super) fn deposed(&self, id: StepId) -> Option<OpId> {
        match &self.step(id).operation {
            Operation::Delete { deposed: Some(Deposed::Left(op)) } => Some(*op),
            Operation::Delete { deposed: Some(Deposed::ByThisPlan) } => self.aside.get(&self.step(id).address).copied(),
            _ => None,
        }
    }
}

fn into_address(origin: Origin) -> Option<ResourceAddress> {
    match origin {
        Origin::Attribute(address, _) => Some(address),
        Origin::Secret(_) => None,
    }
}
