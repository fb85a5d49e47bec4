//! `replace_triggered_by`: a change elsewhere that asks for a new object here.

use super::decide::Wish;
use super::draft::Draft;
use super::instance::{Course, Instance};
use crate::model::address::{AddressPattern, Mode, ResourceAddress, ScopeKind, ScopeStep};
use crate::model::path::{Path, Segment};

/// What one entry names: instances, and perhaps an attribute of them.
struct Trigger {
    instances: Vec<usize>,
    attribute: Path,
}

/// The instances that the entries of a wish name.
pub(super) fn addresses(draft: &Draft<'_>, wish: &Wish<'_>) -> Vec<ResourceAddress> {
    let entries = wish.lifecycle.replace_triggered_by.iter().filter_map(|entry| trigger(draft, wish, entry));
    entries.flat_map(|entry| entry.instances).map(|at| draft.instances[at].address.clone()).collect()
}

/// The entries whose resources change in this plan.
pub(super) fn pulled(draft: &Draft<'_>, wish: &Wish<'_>) -> Vec<String> {
    let is_pulled = |entry: &&String| {
        let Some(trigger) = trigger(draft, wish, entry) else { return false };
        trigger.instances.iter().any(|&at| changes(draft, &draft.instances[at], &trigger.attribute))
    };
    wish.lifecycle.replace_triggered_by.iter().filter(is_pulled).cloned().collect()
}

fn trigger(draft: &Draft<'_>, wish: &Wish<'_>, entry: &str) -> Option<Trigger> {
    let Path(segments) = entry.parse().ok()?;
    let scope = &wish.address.scope;
    if let [Segment::Key(word), rest @ ..] = segments.as_slice()
        && word == "component"
    {
        return of_component(draft, scope, rest);
    }
    let is_part = scope.last().is_some_and(|step| step.kind == ScopeKind::Component);
    // A part of a component names other parts of it, or what stands beside the component.
    let beside = scope.split_last().filter(|_| is_part).map(|(_, around)| around);
    let own = of_resource(draft, scope, &segments)?;
    match beside.filter(|_| own.instances.is_empty()) {
        Some(around) => of_resource(draft, around, &segments),
        None => Some(own),
    }
}

/// `KIND.NAME` and what follows.
fn of_resource(draft: &Draft<'_>, scope: &[ScopeStep], segments: &[Segment]) -> Option<Trigger> {
    let [Segment::Key(kind), Segment::Key(name), rest @ ..] = segments else { return None };
    let (kind, name) = (kind.clone(), name.clone());
    let block = ResourceAddress { scope: scope.to_vec(), mode: Mode::Managed, kind, name, key: None };
    let instances = draft.by_block.get(&block).cloned().unwrap_or_default();
    let Some(Segment::Key(key)) = rest.first() else {
        return Some(Trigger { instances, attribute: Path(rest.to_vec()) });
    };
    match instances.iter().find(|&&at| draft.instances[at].address.key.as_ref() == Some(key)) {
        Some(&at) => Some(Trigger { instances: vec![at], attribute: Path(rest[1..].to_vec()) }),
        None => Some(Trigger { instances, attribute: Path(rest.to_vec()) }),
    }
}

/// `NAME`, `NAME["key"]`, and what follows: the whole component, or one resource of it.
fn of_component(draft: &Draft<'_>, scope: &[ScopeStep], segments: &[Segment]) -> Option<Trigger> {
    let (Segment::Key(name), mut rest) = segments.split_first()? else { return None };
    let within = |key: Option<&String>| {
        let step = ScopeStep { kind: ScopeKind::Component, name: name.clone(), key: key.cloned() };
        AddressPattern::Within(scope.iter().cloned().chain([step]).collect())
    };
    let all = |pattern: &AddressPattern| -> Vec<usize> {
        (0..draft.instances.len()).filter(|&at| pattern.matches(&draft.instances[at].address)).collect()
    };
    let mut instances = all(&within(None));
    if let Some((Segment::Key(key), after)) = rest.split_first() {
        let keyed = all(&within(Some(key)));
        if !keyed.is_empty() {
            (instances, rest) = (keyed, after);
        }
    }
    let [Segment::Key(kind), Segment::Key(name), attribute @ ..] = rest else {
        return Some(Trigger { instances, attribute: Path(rest.to_vec()) });
    };
    instances.retain(|&at| draft.instances[at].address.kind == *kind && draft.instances[at].address.name == *name);
    Some(Trigger { instances, attribute: Path(attribute.to_vec()) })
}

/// Whether an instance, or one attribute of it, will be another than it is now.
fn changes(draft: &Draft<'_>, instance: &Instance<'_>, attribute: &Path) -> bool {
    if attribute.0.is_empty() {
        return instance.course.acts() && instance.course != Course::Read;
    }
    let current = draft.current(instance);
    let before = current.and_then(|object| crate::model::snapshot::Object::attributes(object).at(attribute).cloned());
    let after = instance.at(attribute, current).map(std::borrow::Cow::into_owned);
    before.unwrap_or_default() != after.unwrap_or_default()
}
