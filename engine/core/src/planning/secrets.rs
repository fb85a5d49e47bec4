//! Which secrets a plan may refer to, and what may be told of them today.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::request::{Goal, Request};
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::Place;
use crate::model::identity::Fingerprint;
use crate::model::plan::PlanMode;
use crate::model::snapshot::Snapshot;
use crate::model::stack::SecretSource;
use crate::model::value::{Awaits, Origin};

/// The secrets that the goal declares. Destruction and refresh need none.
pub(super) fn declared(request: &Request<'_>) -> BTreeMap<String, SecretSource> {
    match (request.mode(), request.goal) {
        (PlanMode::Apply, Goal::Stack(stack)) => {
            stack.secrets.iter().map(|(name, declaration)| (name.clone(), declaration.source.clone())).collect()
        }
        (PlanMode::Rollback { .. }, Goal::Snapshot(kept)) => kept.secrets.clone(),
        (PlanMode::RefreshOnly, _) => request.snapshot.secrets.clone(),
        _ => BTreeMap::new(),
    }
}

/// Asks for the secrets of which nothing is known, and takes the fingerprints of the others.
pub(super) fn look_up(draft: &mut Draft<'_>) {
    if draft.request.mode() == PlanMode::RefreshOnly {
        draft.fingerprints = recorded(draft.request.snapshot);
        return;
    }
    for (name, source) in draft.secrets.clone() {
        match draft.answers.secrets.get(&name) {
            None => drop(draft.asked.secrets.insert(name, source)),
            Some(Ok(fingerprint)) => drop(draft.fingerprints.insert(name, fingerprint.clone())),
            Some(Err(why)) => without(draft, name, &source, why),
        }
    }
    if let (PlanMode::Rollback { .. }, Goal::Snapshot(kept)) = (draft.request.mode(), draft.request.goal) {
        note_changed(draft, kept);
    }
}

/// A secret that cannot be had: offline, what was recorded of it stands in.
fn without(draft: &mut Draft<'_>, name: String, source: &SecretSource, why: &str) {
    let remembered = recorded(draft.request.snapshot).remove(&name).filter(|_| draft.request.options.offline);
    if let Some(fingerprint) = remembered {
        draft.note(
            "secret-not-looked-at",
            format!("the secret `{name}` is taken to be what it was; nobody may look now"),
            None,
        );
        draft.fingerprints.insert(name, fingerprint);
        return;
    }
    let place = match draft.request.goal {
        Goal::Stack(stack) => stack.secrets.get(&name).map(|declaration| declaration.place).unwrap_or_default(),
        _ => Place::default(),
    };
    let detail = format!("the secret `{name}` cannot be had from {}:{}: {why}", source.scheme, source.reference);
    draft.problems.push(Diagnostic::error("missing-secret", "a secret cannot be had", detail).at(place.0));
}

/// The fingerprints that the inputs of a snapshot's objects hold.
fn recorded(snapshot: &Snapshot) -> BTreeMap<String, Fingerprint> {
    let objects = snapshot.records.values().filter_map(|record| record.object.as_ref());
    let origins = objects.flat_map(|object| object.inputs.origins());
    let sealed = origins.filter_map(|(origin, awaits)| match (origin, awaits) {
        (Origin::Secret(name), Awaits::Sealed(fingerprint)) => Some((name, fingerprint)),
        _ => None,
    });
    sealed.collect()
}

/// Says which secrets are not what they were in a kept snapshot: a rollback gives today's values.
fn note_changed(draft: &mut Draft<'_>, kept: &Snapshot) {
    let then = recorded(kept);
    let changed: BTreeSet<&String> = then
        .iter()
        .filter(|(name, fingerprint)| {
            draft.fingerprints.get(*name).is_some_and(|today| today.digest != fingerprint.digest)
        })
        .map(|(name, _)| name)
        .collect();
    for name in changed {
        let text =
            format!("the secret `{name}` is another today than in snapshot {}; today's value is used", kept.serial);
        draft.note("secret-of-today", text, None);
    }
}
