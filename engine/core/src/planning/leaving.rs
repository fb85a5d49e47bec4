//! What is remembered and no longer wanted.

use std::collections::{HashMap, HashSet};

use super::components;
use super::decide::{protected, unsettled};
use super::draft::Draft;
use super::instance::{Course, Instance, View};
use super::modules::{Expanded, Modules};
use super::prior::Prior;
use super::request::{Goal, Request};
use super::targets::Selection;
use crate::model::address::{Mode, ResourceAddress};
use crate::model::diagnostic::{Diagnostic, SourceMap};
use crate::model::expression::Place;
use crate::model::plan::{PlanMode, Reason};
use crate::model::snapshot::Object;
use crate::model::stack::Removed;
use crate::model::value::Value;

/// Whether objects that hold data are spared.
pub(super) fn spares_data(request: &Request<'_>) -> bool {
    matches!(request.mode(), PlanMode::Rollback { .. }) && !request.options.allow_data_loss
}

/// Decides about everything that is remembered and was not wanted.
pub(super) fn decide<'a>(draft: &mut Draft<'a>, selection: &Selection<'_>, modules: Option<&Modules<'a>>) {
    let blocks = modules.map(declared_blocks).unwrap_or_default();
    let untold = modules.map(components::untold).unwrap_or_default();
    let addresses: Vec<ResourceAddress> =
        draft.priors.addresses().filter(|address| !draft.by_address.contains_key(*address)).cloned().collect();
    for address in addresses {
        let Some(object) = draft.priors.get(&address).and_then(|prior| prior.remembered.clone()) else { continue };
        let course = match address.mode {
            Mode::Data => (Course::Forget { quiet: true }, Vec::new()),
            Mode::Managed if !selection.contains(&address, None) => (Course::Keep, Vec::new()),
            Mode::Managed if untold.iter().any(|it| it.matches(&address)) => (Course::Keep, Vec::new()),
            Mode::Managed => course(draft, &address, &object, &blocks),
        };
        let instance = leaving(draft, address, &object, course);
        draft.add(instance);
    }
    keep_what_is_needed(draft);
    refuse_still_wanted(draft);
}

fn leaving<'a>(
    draft: &Draft<'a>,
    address: ResourceAddress,
    object: &Object,
    (course, reasons): (Course, Vec<Reason>),
) -> Instance<'a> {
    let view =
        if draft.priors.get(&address).is_some_and(Prior::is_not_yet_seen) { View::Unusable } else { View::Current };
    Instance {
        offer: draft.offer(&object.provider, &address),
        provider: object.provider.clone(),
        address,
        course,
        reasons,
        replace_paths: Vec::new(),
        changed: Vec::new(),
        inputs: Value::Null,
        outputs: Value::Null,
        becoming: None,
        links: Vec::new(),
        adopted: None,
        place: Place::default(),
        view,
    }
}

/// The blocks that a stack declares: without any keys.
type Blocks = HashSet<ResourceAddress>;

fn declared_blocks(modules: &Modules<'_>) -> Blocks {
    let mut blocks = Blocks::new();
    for instance in &modules.instances {
        blocks.extend(instance.expanded.iter().flat_map(Expanded::addresses).cloned().map(without_keys));
        for declaration in &modules.stack.modules[instance.module].resources {
            blocks.insert(without_keys(ResourceAddress {
                scope: instance.scope.clone(),
                mode: declaration.mode,
                kind: declaration.kind.clone(),
                name: declaration.name.clone(),
                key: None,
            }));
        }
    }
    blocks
}

fn without_keys(mut address: ResourceAddress) -> ResourceAddress {
    address.key = None;
    address.scope.iter_mut().for_each(|step| step.key = None);
    address
}

fn course(draft: &mut Draft<'_>, address: &ResourceAddress, object: &Object, blocks: &Blocks) -> (Course, Vec<Reason>) {
    if draft.request.snapshot.unsettled.values().any(|intent| intent.address == *address) {
        draft.problems.push(unsettled(address));
    }
    if draft.priors.get(address).is_some_and(Prior::is_lost) {
        return (Course::Forget { quiet: false }, vec![Reason::Vanished]);
    }
    let removed = removal(draft.request, address);
    if removed.is_some_and(|removed| !removed.destroy) {
        return (Course::Forget { quiet: false }, vec![reason(draft.request, address, removed, blocks)]);
    }
    let offer = draft.offer(&object.provider, address);
    if offer.is_none() {
        draft.problems.push(nobody_to_delete_it(address));
    }
    if offer.is_some_and(|offer| offer.kind.data_bearing) && spares_data(draft.request) {
        let text = format!(
            "{address} holds data and is kept, although the snapshot does not have it; `--allow-data-loss` would delete it"
        );
        draft.note("holds-data", text, Some(address));
        return (Course::Spare, vec![Reason::HoldsData]);
    }
    if object.lifecycle.prevent_destroy {
        draft.problems.push(protected(address, &[], &[]));
    }
    (Course::Delete, vec![reason(draft.request, address, removed, blocks)])
}

fn nobody_to_delete_it(address: &ResourceAddress) -> Diagnostic {
    let detail =
        format!("{address} would be deleted, and no provider of this build offers the kind `{}`", address.kind);
    Diagnostic::error("unknown-kind", "a kind is not known", detail).about(address).help(
        "build siac with the feature of its provider; or let it go with a `[[removed]]` entry and `destroy = false`",
    )
}

fn removal<'a>(request: &Request<'a>, address: &ResourceAddress) -> Option<&'a Removed> {
    match request.goal {
        Goal::Stack(stack) if !request.options.destroy => {
            stack.removed.iter().find(|removed| address.is_matched_by(&removed.from))
        }
        _ => None,
    }
}

fn reason(request: &Request<'_>, address: &ResourceAddress, removed: Option<&Removed>, blocks: &Blocks) -> Reason {
    match (request.mode(), removed) {
        (PlanMode::Destroy, _) => Reason::Destroying,
        (_, Some(removed)) => Reason::Removed(located(request.sources, removed.place)),
        _ if blocks.contains(&without_keys(address.clone())) => Reason::NotAnInstance,
        _ => Reason::NotDeclared,
    }
}

/// `path:line` of a place.
pub(super) fn located(sources: &SourceMap, place: Place) -> Option<String> {
    let span = place.0?;
    let path = &sources.file(span.file)?.path;
    let (line, _) = sources.position(span)?;
    Some(format!("{path}:{line}"))
}

/// What something that stays is recorded to depend on stays too.
fn keep_what_is_needed(draft: &mut Draft<'_>) {
    let is_kept = |instance: &Instance<'_>| {
        matches!(instance.course, Course::Keep | Course::Spare) && instance.becoming.is_none()
            || instance.course == Course::Spare
    };
    let mut pending: Vec<usize> = (0..draft.instances.len()).filter(|&at| is_kept(&draft.instances[at])).collect();
    while let Some(at) = pending.pop() {
        let address = draft.instances[at].address.clone();
        let dependencies =
            draft.priors.get(&address).and_then(Prior::current).map(|object| object.dependencies.clone());
        for needed in dependencies.into_iter().flatten() {
            let Some(&index) = draft.by_address.get(&needed) else { continue };
            if draft.instances[index].course != Course::Delete {
                continue;
            }
            let holds_data = draft.instances[at].course == Course::Spare;
            draft.instances[index].course = if holds_data { Course::Spare } else { Course::Keep };
            draft.instances[index].reasons = if holds_data { vec![Reason::HoldsData] } else { Vec::new() };
            draft.note(
                "still-needed",
                format!("{needed} is kept, because {address} stays and depends on it"),
                Some(&needed),
            );
            pending.push(index);
        }
    }
}

/// A resource that is moved away, removed or gone must not be declared any more.
fn refuse_still_wanted(draft: &mut Draft<'_>) {
    let Goal::Stack(stack) = draft.request.goal else { return };
    if draft.request.options.destroy {
        return;
    }
    let mut problems = Vec::new();
    for removed in &stack.removed {
        let block = removed.from.clone().with_key(None);
        let instances = draft.by_block.get(&block).into_iter().flatten().map(|&at| &draft.instances[at]);
        let mut wanted = instances.filter(|it| it.becoming.is_some() && it.address.is_matched_by(&removed.from));
        if let Some(instance) = wanted.next() {
            let detail = format!("{} is declared, and a `[[removed]]` entry lets it go", instance.address);
            problems.push(
                Diagnostic::error("removed-and-declared", "a removed resource is declared", detail)
                    .at(removed.place.0)
                    .label(instance.place.0, "declared here")
                    .help("delete the declaration or the entry"),
            );
        }
    }
    let moved: HashMap<&ResourceAddress, &ResourceAddress> =
        draft.priors.iter().filter(|(to, prior)| *to != prior.from).map(|(to, prior)| (prior.from, to)).collect();
    for (from, to) in moved_and_wanted(draft, &moved) {
        let place = stack.moved.iter().find(|entry| from.is_matched_by(&entry.from)).map(|entry| entry.place);
        let detail = format!("{from} becomes {to}, and {from} is still declared");
        problems.push(
            Diagnostic::error("moved-and-declared", "a moved resource is still declared", detail)
                .at(place.unwrap_or_default().0)
                .help("delete the old declaration, or the `[[moved]]` entry"),
        );
    }
    draft.problems.extend(problems);
}

fn moved_and_wanted<'p>(
    draft: &Draft<'_>,
    moved: &HashMap<&'p ResourceAddress, &'p ResourceAddress>,
) -> Vec<(ResourceAddress, ResourceAddress)> {
    let is_new = |from: &ResourceAddress| {
        draft.instance(from).is_some_and(|it| it.becoming.is_some()) && draft.priors.get(from).is_none()
    };
    let mut pairs: Vec<_> =
        moved.iter().filter(|(from, _)| is_new(from)).map(|(a, b)| ((*a).clone(), (*b).clone())).collect();
    pairs.sort();
    pairs
}
