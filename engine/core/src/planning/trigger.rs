//! `replace_triggered_by`: a change elsewhere that asks for a new object here.

use super::decide::Wish;
use super::draft::Draft;
use super::instance::{Course, Instance};
use crate::model::address::{Mode, ResourceAddress};
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
    let mut segments = segments.into_iter().peekable();
    let mut next_key = || match segments.next() {
        Some(Segment::Key(key)) => Some(key),
        _ => None,
    };
    let (kind, name) = (next_key()?, next_key()?);
    let block = ResourceAddress { scope: wish.address.scope.clone(), mode: Mode::Managed, kind, name, key: None };
    let mut instances = draft.by_block.get(&block).cloned().unwrap_or_default();
    if let Some(Segment::Key(key)) = segments.peek() {
        let keyed = instances.iter().copied().find(|&at| draft.instances[at].address.key.as_ref() == Some(key));
        if let Some(at) = keyed {
            instances = vec![at];
            segments.next();
        }
    }
    Some(Trigger { instances, attribute: Path(segments.collect()) })
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
