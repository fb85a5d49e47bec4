//! From decisions and steps to the plan that people read and the machine carries out.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::drift::sensitive;
use super::ignore;
use super::instance::{Course, Instance};
use super::leaving::located;
use super::leftovers::Leftover;
use super::prior::Prior;
use super::request::Goal;
use super::steps::is_sealed_data;
use crate::model::address::{Mode, ResourceAddress};
use crate::model::identity::Digest;
use crate::model::path::Path;
use crate::model::plan::{Action, Base, Change, Operation, Plan, Reason, Step, StepId, Undo};
use crate::model::snapshot::{Object, artifact_digest};
use crate::model::stack::SecretSource;
use crate::model::value::{Origin, Partial};

/// What happens to each resource, in order of address; those that stay are left out.
pub(super) fn changes(draft: &Draft<'_>, leftovers: &[Leftover<'_>], with_quiet: bool) -> Vec<Change> {
    let mut changes: Vec<Change> =
        draft.instances.iter().filter_map(|instance| change(draft, instance, with_quiet)).collect();
    changes.extend(leftovers.iter().map(leftover_change));
    changes.sort_by(|a, b| (&a.address, a.deposed).cmp(&(&b.address, b.deposed)));
    changes
}

fn change(draft: &Draft<'_>, instance: &Instance<'_>, with_quiet: bool) -> Option<Change> {
    let prior = draft.priors.get(&instance.address);
    let moved_from = prior.filter(|prior| *prior.from != instance.address).map(|prior| prior.from.clone());
    let action = action(instance, with_quiet).or_else(|| moved_from.is_some().then_some(Action::Record))?;
    let current = draft.current(instance);
    let is_gone = prior.is_some_and(Prior::is_lost) && action == Action::Forget;
    let before = match is_gone {
        true => prior.and_then(|prior| prior.remembered.as_deref()),
        false => current,
    };
    let after =
        (!matches!(action, Action::Delete | Action::Forget)).then(|| with_origins(instance, instance.whole(current)));
    Some(Change {
        address: instance.address.clone(),
        moved_from,
        action,
        reasons: instance.reasons.clone(),
        before: before.filter(|_| instance.address.mode == Mode::Managed).map(Object::attributes),
        after,
        replace_paths: instance.replace_paths.clone(),
        sensitive: sensitive(instance.kind()),
        deposed: None,
        importing: instance.adopted.as_ref().map(|(id, _)| id.clone()),
        place: located(draft.request.sources, instance.place),
    })
}

/// The attributes, with what artifacts are made from now: that may change though the object stays as it is.
fn with_origins(instance: &Instance<'_>, whole: Partial) -> Partial {
    let kind = instance.kind().filter(|_| matches!(instance.course, Course::Record { .. }));
    let attributes = kind.into_iter().flat_map(|kind| &kind.attributes).filter(|(_, attribute)| attribute.artifact);
    let origin = |(name, _): (&&str, _)| Some((Path::attribute(*name), instance.inputs.get(name)?.clone()));
    attributes.filter_map(origin).fold(whole, |whole, (path, now)| ignore::with(whole, &path, Some(now)))
}

fn action(instance: &Instance<'_>, with_quiet: bool) -> Option<Action> {
    match instance.course {
        Course::Keep if with_quiet && is_sealed_data(instance) => Some(Action::Read),
        Course::Keep | Course::Record { quiet: true } | Course::Forget { quiet: true } => None,
        Course::Spare | Course::Record { quiet: false } => Some(Action::Record),
        Course::Create => Some(Action::Create),
        Course::Update => Some(Action::Update),
        Course::DestroyFirst => Some(Action::ReplaceDestroyFirst),
        Course::CreateFirst => Some(Action::ReplaceCreateFirst),
        Course::Delete => Some(Action::Delete),
        Course::Forget { quiet: false } => Some(Action::Forget),
        Course::Read => Some(Action::Read),
    }
}

fn leftover_change(leftover: &Leftover<'_>) -> Change {
    let (action, reason) = match leftover.is_gone {
        true => (Action::Forget, Reason::Vanished),
        false => (Action::Delete, Reason::LeftBehind),
    };
    Change {
        address: leftover.address.clone(),
        moved_from: None,
        action,
        reasons: vec![reason],
        before: Some(leftover.object.attributes()),
        after: None,
        replace_paths: Vec::new(),
        sensitive: sensitive(leftover.offer.map(|offer| offer.kind)),
        deposed: Some(leftover.op),
        importing: None,
        place: None,
    }
}

/// How many managed resources stay as they are.
pub(super) fn unchanged(draft: &Draft<'_>, changes: &[Change]) -> usize {
    let changing: BTreeSet<&ResourceAddress> =
        changes.iter().filter(|change| change.deposed.is_none()).map(|change| &change.address).collect();
    let stays = |instance: &&Instance<'_>| {
        instance.address.mode == Mode::Managed
            && !changing.contains(&instance.address)
            && draft.current(instance).is_some()
    };
    draft.instances.iter().filter(stays).count()
}

/// The snapshot that the plan is made from.
pub(super) fn base(draft: &Draft<'_>) -> Base {
    let snapshot = draft.request.snapshot;
    let is_deployed = snapshot.serial > 0;
    Base { uuid: is_deployed.then_some(snapshot.uuid), serial: snapshot.serial, snapshot: draft.request.base_id }
}

/// The first step that cannot be undone.
pub(super) fn point_of_no_return(steps: &[Step]) -> Option<StepId> {
    let first = steps.iter().position(|step| matches!(step.undo, Undo::Impossible { .. }))?;
    u32::try_from(first).ok().map(StepId)
}

/// The attributes that a step sends.
pub(super) fn inputs(operation: &Operation) -> Option<&Partial> {
    match operation {
        Operation::Create { inputs, .. }
        | Operation::Update { inputs, .. }
        | Operation::Read { inputs, .. }
        | Operation::Import { inputs, .. }
        | Operation::Record { inputs, .. } => Some(inputs),
        _ => None,
    }
}

/// Everything that the steps send, and everything that undoing them would send.
fn sent<'p>(draft: &'p Draft<'_>, steps: &'p [Step]) -> Vec<&'p Partial> {
    let mut values: Vec<&Partial> = steps.iter().filter_map(|step| inputs(&step.operation)).collect();
    let touches = |operation: &Operation| {
        matches!(operation, Operation::Update { .. } | Operation::Delete { .. } | Operation::Depose)
    };
    for step in steps.iter().filter(|step| touches(&step.operation)) {
        let object = draft.priors.get(&step.address).and_then(|prior| prior.remembered.as_deref());
        values.extend(object.map(|object| &object.inputs));
    }
    values
}

/// The artifacts that are needed to carry the steps out and to take them back.
pub(super) fn artifacts(draft: &Draft<'_>, steps: &[Step]) -> BTreeSet<Digest> {
    let mut digests = BTreeSet::new();
    for value in sent(draft, steps) {
        value.visit_leaves(&mut |_, leaf| digests.extend(leaf.as_str().and_then(artifact_digest)));
    }
    digests
}

/// The secrets that are declared, and those that are needed to take the steps back.
pub(super) fn secrets(draft: &Draft<'_>, steps: &[Step]) -> BTreeMap<String, SecretSource> {
    let mut secrets = draft.secrets.clone();
    let remembered: [Option<&BTreeMap<String, SecretSource>>; 2] = [
        Some(&draft.request.snapshot.secrets),
        match draft.request.goal {
            Goal::Snapshot(kept) => Some(&kept.secrets),
            _ => None,
        },
    ];
    for value in sent(draft, steps) {
        for origin in value.holes().into_iter().flat_map(|hole| hole.origins.keys()) {
            let Origin::Secret(name) = origin else { continue };
            let source = remembered.iter().flatten().find_map(|secrets| secrets.get(name));
            if let (Some(source), false) = (source, secrets.contains_key(name)) {
                secrets.insert(name.clone(), source.clone());
            }
        }
    }
    secrets
}

/// The plan without its parts that need thought.
pub(super) struct Parts {
    pub changes: Vec<Change>,
    pub steps: Vec<Step>,
    pub drift: Vec<crate::model::plan::Drift>,
    pub outputs: Vec<crate::model::plan::OutputChange>,
    pub providers: BTreeMap<String, crate::model::snapshot::ProviderPin>,
}

/// Puts the plan together.
pub(super) fn plan(draft: &Draft<'_>, parts: Parts) -> Plan {
    let stack = match draft.request.goal {
        Goal::Stack(stack) => Some(stack),
        Goal::Snapshot(_) | Goal::Nothing => None,
    };
    Plan {
        stack: stack.map_or(&draft.request.snapshot.stack, |stack| &stack.name).clone(),
        base: base(draft),
        mode: draft.request.mode(),
        configuration: stack.and_then(|stack| stack.configuration),
        on_failure: stack.map(|stack| stack.on_failure).unwrap_or_default(),
        providers: parts.providers,
        secrets: secrets(draft, &parts.steps),
        artifacts: artifacts(draft, &parts.steps),
        unchanged: unchanged(draft, &parts.changes),
        changes: parts.changes,
        drift: parts.drift,
        outputs: parts.outputs,
        point_of_no_return: point_of_no_return(&parts.steps),
        steps: parts.steps,
        notes: draft.notes.clone(),
    }
}
