//! The plan's own linter: what every plan promises, checked without knowing how it was made.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::assemble::inputs;
use crate::model::address::ResourceAddress;
use crate::model::plan::{Action, Change, Deposed, Operation, Plan, Reason, Step, StepId, Undo};
use crate::model::snapshot::Snapshot;
use crate::model::value::{Awaits, Origin};

/// What is wrong with a plan that was made from a snapshot; empty when nothing is. Each line names a promise and who breaks it.
pub fn check(plan: &Plan, snapshot: &Snapshot) -> Vec<String> {
    let lint = Lint::new(plan, snapshot);
    let mut broken = Vec::new();
    for (number, step) in plan.steps.iter().enumerate() {
        lint.needs(number, step, &mut broken);
        lint.undo(number, step, &mut broken);
        lint.holes(number, step, &mut broken);
        lint.subject(number, step, &mut broken);
    }
    lint.deletions(&mut broken);
    for change in &plan.changes {
        lint.change(change, &mut broken);
    }
    lint.whole(&mut broken);
    broken
}

struct Lint<'p> {
    plan: &'p Plan,
    snapshot: &'p Snapshot,
    /// The steps of each address, in order.
    steps: HashMap<&'p ResourceAddress, Vec<usize>>,
    /// Where records are that this plan moves, by their new address.
    former: BTreeMap<&'p ResourceAddress, &'p ResourceAddress>,
}

impl<'p> Lint<'p> {
    fn new(plan: &'p Plan, snapshot: &'p Snapshot) -> Self {
        let mut steps: HashMap<&ResourceAddress, Vec<usize>> = HashMap::new();
        let mut former = BTreeMap::new();
        for (number, step) in plan.steps.iter().enumerate() {
            steps.entry(&step.address).or_default().push(number);
            if let Operation::Move { from } = &step.operation {
                former.insert(&step.address, from);
            }
        }
        Self { plan, snapshot, steps, former }
    }

    fn needs(&self, number: usize, step: &Step, broken: &mut Vec<String>) {
        let is_sorted = step.needs.windows(2).all(|pair| pair[0] < pair[1]);
        if !is_sorted || step.needs.iter().any(|needed| needed.0 as usize >= number) {
            broken.push(format!("a step needs smaller ones, each once: {}", self.name(number)));
        }
        let weighs_less = |needed: &&StepId| self.plan.step(**needed).is_some_and(|it| it.weight < step.weight);
        if let Some(needed) = step.needs.iter().find(weighs_less) {
            let needed = self.name(needed.0 as usize);
            broken.push(format!("a step weighs as much as what waits for it: {needed} and {}", self.name(number)));
        }
    }

    fn undo(&self, number: usize, step: &Step, broken: &mut Vec<String>) {
        let fits = match (&step.operation, &step.undo) {
            (Operation::Create { .. }, undo) => *undo == Undo::DeleteCreated,
            (Operation::Update { .. }, undo) => *undo == Undo::Restore,
            (Operation::Delete { deposed: Some(Deposed::Left(_)) }, undo) => *undo == Undo::Nothing,
            (Operation::Delete { .. }, undo) => matches!(undo, Undo::Recreate | Undo::Impossible { .. }),
            (Operation::Depose, undo) => *undo == Undo::Reinstate,
            (_, undo) => *undo == Undo::Nothing,
        };
        if !fits {
            broken.push(format!("a step is taken back by the undo that fits it: {}", self.name(number)));
        }
    }

    /// What a step sends is there when it is sent: made by a step that it needs, or recorded and not about to change.
    fn holes(&self, number: usize, step: &Step, broken: &mut Vec<String>) {
        let Some(inputs) = inputs(&step.operation) else { return };
        for (origin, awaits) in inputs.origins() {
            let Origin::Attribute(address, _) = &origin else { continue };
            let makers: Vec<usize> = self.makers(address).filter(|&maker| maker != number).collect();
            let is_made = makers.iter().any(|&maker| self.does_need(number, maker));
            let is_recorded = self.snapshot.object(self.former.get(address).copied().unwrap_or(address)).is_some();
            let is_there = match awaits {
                Awaits::Sealed(_) => is_made || is_recorded,
                Awaits::Apply | Awaits::ApplySecret => is_made,
            };
            if !is_there {
                broken.push(format!("what a step sends is there by then: {} waits for {origin}", self.name(number)));
            }
        }
    }

    /// The steps after which an address has other attributes.
    fn makers<'s>(&'s self, address: &ResourceAddress) -> impl Iterator<Item = usize> + use<'s> {
        let makes = |number: &usize| {
            matches!(
                self.plan.steps[*number].operation,
                Operation::Create { .. }
                    | Operation::Update { .. }
                    | Operation::Read { .. }
                    | Operation::Import { .. }
                    | Operation::Record { .. }
            )
        };
        self.steps.get(address).into_iter().flatten().copied().filter(makes)
    }

    fn does_need(&self, number: usize, needed: usize) -> bool {
        self.plan.steps[number].needs.iter().any(|it| it.0 as usize == needed)
    }

    /// What a step is about exists, or does not exist, when it begins.
    fn subject(&self, number: usize, step: &Step, broken: &mut Vec<String>) {
        let from = self.former.get(&step.address).copied().unwrap_or(&step.address);
        let record = self.snapshot.records.get(from);
        let has_object = record.is_some_and(|record| record.object.is_some());
        let earlier = |wanted: fn(&Operation) -> bool| {
            let steps = self.steps.get(&step.address).into_iter().flatten();
            steps.copied().any(|it| it < number && wanted(&self.plan.steps[it].operation))
        };
        let went =
            earlier(|it| matches!(it, Operation::Delete { deposed: None } | Operation::Depose | Operation::Lost));
        let holds = match &step.operation {
            Operation::Create { .. } => !has_object || went,
            Operation::Update { .. } => has_object || earlier(|it| matches!(it, Operation::Import { .. })),
            Operation::Delete { deposed: Some(Deposed::Left(op)) } | Operation::Forget { deposed: Some(op) } => {
                record.is_some_and(|record| record.deposed.contains_key(op))
            }
            Operation::Delete { deposed: Some(Deposed::ByThisPlan) } => earlier(|it| matches!(it, Operation::Depose)),
            Operation::Delete { deposed: None } | Operation::Depose | Operation::Lost => has_object,
            Operation::Forget { deposed: None } => record.is_some(),
            Operation::Record { .. } => has_object,
            Operation::Import { .. } => !has_object,
            Operation::Move { from } => self.snapshot.records.contains_key(from),
            Operation::Read { .. } => true,
        };
        if !holds {
            broken.push(format!("a step finds what it is about: {}", self.name(number)));
        }
    }

    /// An object goes after what is recorded to depend on it.
    fn deletions(&self, broken: &mut Vec<String>) {
        let mut deletes: HashMap<&ResourceAddress, usize> = HashMap::new();
        for (number, step) in self.plan.steps.iter().enumerate() {
            if matches!(step.operation, Operation::Delete { deposed: None | Some(Deposed::ByThisPlan) }) {
                deletes.insert(&step.address, number);
            }
        }
        let present: BTreeMap<&ResourceAddress, &ResourceAddress> =
            self.former.iter().map(|(to, from)| (*from, *to)).collect();
        for (from, record) in &self.snapshot.records {
            let dependent = present.get(from).copied().unwrap_or(from);
            let (Some(object), Some(&first)) = (&record.object, deletes.get(dependent)) else { continue };
            for needed in &object.dependencies {
                let needed = present.get(needed).copied().unwrap_or(needed);
                let Some(&then) = deletes.get(needed).filter(|_| needed != dependent) else { continue };
                if !self.does_need(then, first) {
                    broken.push(format!("what others depend on goes after them: {needed} before {dependent}"));
                }
            }
        }
    }

    /// A change has the steps that carry it out.
    fn change(&self, change: &Change, broken: &mut Vec<String>) {
        let operations: Vec<&Operation> =
            self.steps.get(&change.address).into_iter().flatten().map(|&it| &self.plan.steps[it].operation).collect();
        let has = |wanted: fn(&Operation) -> bool| operations.iter().any(|operation| wanted(operation));
        let creates = has(|it| matches!(it, Operation::Create { .. }));
        let deletes = has(|it| matches!(it, Operation::Delete { deposed: None }));
        let leaves = has(|it| matches!(it, Operation::Forget { .. } | Operation::Lost));
        let holds = match (change.action, change.deposed) {
            (Action::Delete, Some(op)) => {
                operations.iter().any(|it| **it == Operation::Delete { deposed: Some(Deposed::Left(op)) })
            }
            (Action::Create, _) => creates,
            (Action::Update, _) => has(|it| matches!(it, Operation::Update { .. })),
            (Action::ReplaceDestroyFirst, _) => creates && deletes,
            (Action::ReplaceCreateFirst, _) => {
                let goes = has(|it| matches!(it, Operation::Delete { deposed: Some(Deposed::ByThisPlan) }));
                creates && goes && has(|it| matches!(it, Operation::Depose))
            }
            (Action::Delete, None) => deletes,
            (Action::Forget, _) => leaves,
            (Action::Read, _) => has(|it| matches!(it, Operation::Read { .. })),
            (Action::Record, _) => !operations.is_empty() || change.reasons.contains(&Reason::HoldsData),
        };
        if !holds {
            broken.push(format!("a change has its steps: {} {:?}", change.address, change.action));
        }
    }

    /// What concerns the plan as a whole.
    fn whole(&self, broken: &mut Vec<String>) {
        let told: BTreeSet<&ResourceAddress> = self.plan.changes.iter().map(|change| &change.address).collect();
        let calls = |step: &&Step| {
            !matches!(step.operation, Operation::Record { .. } | Operation::Forget { .. } | Operation::Move { .. })
        };
        for step in self.plan.steps.iter().filter(calls).filter(|step| !told.contains(&step.address)) {
            broken.push(format!("a step that acts belongs to a change: {}", step.address));
        }
        let keys = |change: &Change| (change.address.clone(), change.deposed);
        if self.plan.changes.windows(2).any(|pair| keys(&pair[0]) >= keys(&pair[1])) {
            broken.push("changes stand in order of address, each once".to_owned());
        }
        if self.plan.outputs.windows(2).any(|pair| pair[0].name >= pair[1].name) {
            broken.push("outputs stand in order of name, each once".to_owned());
        }
        let first = self.plan.steps.iter().position(|step| matches!(step.undo, Undo::Impossible { .. }));
        if first != self.plan.point_of_no_return.map(|id| id.0 as usize) {
            broken.push("the point of no return is the first step that cannot be undone".to_owned());
        }
        let missing = self.plan.steps.iter().find(|step| !self.plan.providers.contains_key(&step.provider));
        if let Some(step) = missing {
            broken.push(format!("a step's provider is pinned: {} of {}", step.provider, step.address));
        }
    }

    fn name(&self, number: usize) -> String {
        match self.plan.steps.get(number) {
            Some(step) => format!("step {number} ({})", step.address),
            None => format!("step {number}, which there is not"),
        }
    }
}
