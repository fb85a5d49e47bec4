//! From decisions to steps: which calls, and which of them must come before which.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::draft::Draft;
use super::instance::{Course, Instance, View};
use super::leftovers::Leftover;
use super::order::Proposed;
use super::prior::Prior;
use super::refresh::as_remembered;
use super::undo::undo;
use crate::model::address::ResourceAddress;
use crate::model::plan::{Deposed, Operation};
use crate::model::schema::KindSchema;
use crate::model::snapshot::Object;

/// A resource that stays as it is passes on what it waits for; beyond this many steps, one step of its own stands for all of them, so
/// that many steps before it and many behind it do not multiply.
const MAX_PASSED_ON: usize = 16;

/// Where the steps of an instance are.
#[derive(Debug, Clone, Copy, Default)]
struct Handles {
    /// After it, what depends on the instance may go on.
    ready: Option<usize>,
    /// It makes the old object go.
    delete: Option<usize>,
}

/// Steps in the making.
struct Builder<'d, 'a> {
    draft: &'d Draft<'a>,
    steps: Vec<Proposed>,
    handles: Vec<Handles>,
    /// For each instance: the steps that what depends on it waits for.
    frontiers: Vec<Rc<[usize]>>,
    /// The move to an address, and the move away from one.
    arrivals: HashMap<&'d ResourceAddress, usize>,
    departures: HashMap<&'d ResourceAddress, usize>,
    with_quiet: bool,
    patience: Patience,
}

/// How strictly deletions wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until what depends on the object has turned away from it.
    UntilUpdated,
    /// Only until what depends on the object and goes too is gone: where waiting longer closes a circle.
    UntilGone,
}

/// Whether the decisions ask for any step that is worth a plan.
pub(super) fn is_loud(draft: &Draft<'_>, leftovers: &[Leftover<'_>]) -> bool {
    let is_loud = |instance: &Instance<'_>| {
        !matches!(
            instance.course,
            Course::Keep | Course::Spare | Course::Record { quiet: true } | Course::Forget { quiet: true }
        )
    };
    !leftovers.is_empty()
        || draft.instances.iter().any(is_loud)
        || draft.priors.iter().any(|(address, prior)| address != prior.from)
}

/// Whether a data source was read while planning and its answer has sealed parts: whoever sends them needs them again during apply.
pub(super) fn is_sealed_data(instance: &Instance<'_>) -> bool {
    matches!(&instance.view, View::Data(value) if !value.holes().is_empty())
}

/// The steps of all decisions. With `with_quiet`, what nobody needs to hear of is recorded too.
pub(super) fn propose(
    draft: &Draft<'_>,
    leftovers: &[Leftover<'_>],
    with_quiet: bool,
    patience: Patience,
) -> Vec<Proposed> {
    let mut builder = Builder {
        draft,
        steps: Vec::new(),
        handles: Vec::with_capacity(draft.instances.len()),
        frontiers: Vec::with_capacity(draft.instances.len()),
        arrivals: HashMap::new(),
        departures: HashMap::new(),
        with_quiet,
        patience,
    };
    builder.moves();
    for instance in &draft.instances {
        builder.instance(instance);
    }
    let last: Vec<usize> = leftovers.iter().map(|leftover| builder.leftover(leftover)).collect();
    builder.order_deletions(leftovers, &last);
    builder.steps
}

impl<'d> Builder<'d, '_> {
    fn push(
        &mut self,
        address: &ResourceAddress,
        provider: &str,
        kind: Option<&KindSchema>,
        operation: Operation,
        needs: &[usize],
    ) -> usize {
        let typical = match operation {
            Operation::Create { .. }
            | Operation::Update { .. }
            | Operation::Delete { .. }
            | Operation::Read { .. }
            | Operation::Import { .. } => kind.map_or(0, |kind| kind.typical.as_millis() as u64),
            _ => 0,
        };
        let moves = [self.arrivals.get(address), self.departures.get(address)].into_iter().flatten();
        let needs = needs.iter().chain(moves).copied().collect();
        let undo = undo(&operation, kind);
        let address = address.clone();
        self.steps.push(Proposed { address, provider: provider.to_owned(), operation, undo, needs, typical });
        self.steps.len() - 1
    }

    /// A record moves only when the one at its new address has moved away.
    fn moves(&mut self) {
        let moved: Vec<(&'d ResourceAddress, &'d Prior<'_>)> =
            self.draft.priors.iter().filter(|(address, prior)| *address != prior.from).collect();
        let first = self.steps.len();
        for (to, prior) in &moved {
            let provider = prior.record.object.iter().chain(prior.record.deposed.values()).next();
            let provider = provider.map_or("", |object| &object.provider);
            let operation = Operation::Move { from: prior.from.clone() };
            let at = self.push(to, provider, None, operation, &[]);
            self.departures.insert(prior.from, at);
        }
        for (offset, (to, _)) in moved.iter().enumerate() {
            if let Some(&departure) = self.departures.get(to) {
                self.steps[first + offset].needs.push(departure);
            }
            self.arrivals.insert(to, first + offset);
        }
    }

    fn instance(&mut self, instance: &'d Instance<'_>) {
        let awaited = self.awaited(instance);
        let mut handles = self.steps_of(instance, &awaited);
        handles.ready = handles.ready.or_else(|| self.barrier(instance, &awaited));
        let arrival = self.arrivals.get(&instance.address).copied();
        self.frontiers.push(match (handles.ready, arrival) {
            (Some(step), _) => Rc::from([step]),
            (None, Some(arrival)) => awaited.iter().copied().chain([arrival]).collect(),
            (None, None) => awaited,
        });
        self.handles.push(handles);
    }

    /// The steps that an instance waits for.
    fn awaited(&self, instance: &Instance<'_>) -> Rc<[usize]> {
        match instance.links.as_slice() {
            [] => Rc::from([]),
            [only] => self.frontiers[*only].clone(),
            links => {
                let all: BTreeSet<usize> = links.iter().flat_map(|&at| self.frontiers[at].iter().copied()).collect();
                all.into_iter().collect()
            }
        }
    }

    /// One step that stands for the many that a resource passes on.
    fn barrier(&mut self, instance: &'d Instance<'_>, awaited: &[usize]) -> Option<usize> {
        if awaited.len() <= MAX_PASSED_ON || instance.course != Course::Keep {
            return None;
        }
        let object = self.draft.priors.get(&instance.address)?.remembered.as_deref()?;
        Some(self.record(instance, object, as_remembered(object), awaited))
    }

    fn record(
        &mut self,
        instance: &Instance<'_>,
        object: &Object,
        becoming: crate::model::plan::Becoming,
        awaited: &[usize],
    ) -> usize {
        let operation = Operation::Record { inputs: object.inputs.clone(), outputs: object.outputs.clone(), becoming };
        self.push(&instance.address, &instance.provider, instance.kind(), operation, awaited)
    }

    fn steps_of(&mut self, instance: &'d Instance<'_>, awaited: &[usize]) -> Handles {
        let call = |builder: &mut Self, operation: Operation, needs: &[usize]| {
            builder.push(&instance.address, &instance.provider, instance.kind(), operation, needs)
        };
        let Some(becoming) = &instance.becoming else { return self.steps_of_leaving(instance) };
        let (inputs, becoming) = (instance.inputs.clone(), becoming.clone());
        match instance.course {
            Course::Keep if self.with_quiet && is_sealed_data(instance) => {
                Handles { ready: Some(call(self, Operation::Read { inputs, becoming }, awaited)), delete: None }
            }
            Course::Record { .. } if instance.adopted.is_some() => {
                Handles { ready: self.import(instance, awaited), delete: None }
            }
            Course::Record { quiet } if !quiet || self.with_quiet => {
                let outputs = self.draft.current(instance).map(|object| object.outputs.clone()).unwrap_or_default();
                let operation = Operation::Record { inputs, outputs, becoming };
                Handles { ready: Some(call(self, operation, awaited)), delete: None }
            }
            Course::Read => {
                Handles { ready: Some(call(self, Operation::Read { inputs, becoming }, awaited)), delete: None }
            }
            Course::Create => {
                let mut needs = awaited.to_vec();
                if self.draft.priors.get(&instance.address).is_some_and(Prior::is_lost) {
                    needs.push(self.on_what_there_is(instance, Operation::Lost, &[]));
                }
                Handles { ready: Some(call(self, Operation::Create { inputs, becoming }, &needs)), delete: None }
            }
            Course::Update => {
                let needs: Vec<usize> = awaited.iter().copied().chain(self.import(instance, awaited)).collect();
                Handles { ready: Some(call(self, Operation::Update { inputs, becoming }, &needs)), delete: None }
            }
            Course::DestroyFirst => {
                let delete = self.on_what_there_is(instance, Operation::Delete { deposed: None }, &[]);
                let needs: Vec<usize> = awaited.iter().copied().chain([delete]).collect();
                let create = call(self, Operation::Create { inputs, becoming }, &needs);
                Handles { ready: Some(create), delete: Some(delete) }
            }
            Course::CreateFirst => {
                let depose = self.on_what_there_is(instance, Operation::Depose, awaited);
                let needs: Vec<usize> = awaited.iter().copied().chain([depose]).collect();
                let create = call(self, Operation::Create { inputs, becoming }, &needs);
                let operation = Operation::Delete { deposed: Some(Deposed::ByThisPlan) };
                let delete = self.on_what_there_is(instance, operation, &[create]);
                Handles { ready: Some(create), delete: Some(delete) }
            }
            Course::Forget { .. } => self.steps_of_leaving(instance),
            Course::Keep | Course::Spare | Course::Record { .. } | Course::Delete => Handles::default(),
        }
    }

    /// A step about the object that there is, of the provider instance that it belongs to.
    fn on_what_there_is(&mut self, instance: &Instance<'_>, operation: Operation, needs: &[usize]) -> usize {
        let object = self.draft.priors.get(&instance.address).and_then(|prior| prior.remembered.as_deref());
        let provider = object.map_or(&instance.provider, |object| &object.provider);
        self.push(&instance.address, provider, instance.kind(), operation, needs)
    }

    fn import(&mut self, instance: &Instance<'_>, awaited: &[usize]) -> Option<usize> {
        let (id, _) = instance.adopted.as_ref()?;
        let becoming = instance.becoming.clone()?;
        let operation = Operation::Import { id: id.clone(), inputs: instance.inputs.clone(), becoming };
        Some(self.push(&instance.address, &instance.provider, instance.kind(), operation, awaited))
    }

    fn steps_of_leaving(&mut self, instance: &Instance<'_>) -> Handles {
        let is_lost = self.draft.priors.get(&instance.address).is_some_and(Prior::is_lost);
        let operation = match instance.course {
            Course::Delete => Operation::Delete { deposed: None },
            Course::Forget { quiet: true } if !self.with_quiet => return Handles::default(),
            Course::Forget { .. } if is_lost => Operation::Lost,
            Course::Forget { .. } => Operation::Forget { deposed: None },
            _ => return Handles::default(),
        };
        let is_delete = instance.course == Course::Delete;
        let at = self.on_what_there_is(instance, operation, &[]);
        Handles { ready: None, delete: is_delete.then_some(at) }
    }

    fn leftover(&mut self, leftover: &Leftover<'_>) -> usize {
        let operation = match leftover.is_gone {
            true => Operation::Forget { deposed: Some(leftover.op) },
            false => Operation::Delete { deposed: Some(Deposed::Left(leftover.op)) },
        };
        let kind = leftover.offer.map(|offer| offer.kind);
        self.push(&leftover.address, &leftover.object.provider, kind, operation, &[])
    }

    /// An object goes only after everything that is recorded to depend on it has gone, or has turned to its replacement.
    fn order_deletions(&mut self, leftovers: &[Leftover<'_>], last: &[usize]) {
        let draft = self.draft;
        let doomed = draft.instances.iter().zip(&self.handles).filter(|(_, handles)| handles.delete.is_some());
        let doomed: HashSet<&ResourceAddress> =
            doomed.map(|(instance, _)| &instance.address).chain(leftovers.iter().map(|it| &it.address)).collect();
        if doomed.is_empty() {
            return;
        }
        let mut dependents: HashMap<&ResourceAddress, Vec<usize>> = HashMap::new();
        for (at, instance) in draft.instances.iter().enumerate() {
            let object = draft.priors.get(&instance.address).and_then(Prior::current);
            for address in object.into_iter().flat_map(|object| &object.dependencies) {
                if doomed.contains(address) && *address != instance.address {
                    dependents.entry(address).or_default().push(at);
                }
            }
        }
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for (at, instance) in draft.instances.iter().enumerate() {
            let Some(delete) = self.handles[at].delete else { continue };
            for &dependent in dependents.get(&instance.address).into_iter().flatten() {
                let handles = self.handles[dependent];
                edges.extend(handles.delete.map(|needed| (delete, needed)));
                let is_patient = self.patience == Patience::UntilUpdated || instance.course == Course::CreateFirst;
                if is_patient && instance.course != Course::DestroyFirst {
                    edges.extend(handles.ready.map(|needed| (delete, needed)));
                }
            }
        }
        for (leftover, &delete) in leftovers.iter().zip(last) {
            for address in &leftover.object.dependencies {
                let needed = draft.by_address.get(address).copied();
                // What is destroyed to be made anew cannot wait for those that wait for it.
                let needed = needed.filter(|&at| draft.instances[at].course != Course::DestroyFirst);
                edges.extend(needed.and_then(|at| self.handles[at].delete).map(|needed| (needed, delete)));
            }
            for &dependent in dependents.get(&leftover.address).into_iter().flatten() {
                let handles = self.handles[dependent];
                edges.extend(handles.ready.into_iter().chain(handles.delete).map(|needed| (delete, needed)));
            }
        }
        for (step, needed) in edges {
            self.steps[step].needs.push(needed);
        }
    }
}
