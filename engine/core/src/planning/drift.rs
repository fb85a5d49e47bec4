//! What changed outside siac, where it matters to the plan.

use std::collections::{BTreeSet, HashSet};

use super::compare::differences;
use super::draft::Draft;
use super::instance::{Course, Instance};
use super::prior::{Prior, Sight};
use crate::model::address::ResourceAddress;
use crate::model::path::Path;
use crate::model::plan::{Drift, PlanMode, Reason};
use crate::model::schema::KindSchema;
use crate::model::snapshot::Object;
use crate::model::value::{Origin, Partial};

/// The drift that matters, in order of address. Marks the changes that only put it right.
pub(super) fn drift(draft: &mut Draft<'_>) -> Vec<Drift> {
    let mentioned = attributes_used_by_changes(draft);
    let mut found = Vec::new();
    let mut marked = Vec::new();
    for (address, prior) in draft.priors.iter() {
        let (Some(remembered), Some(instance)) = (prior.remembered.as_deref(), draft.instance(address)) else {
            continue;
        };
        let drift = match relevance(draft, instance, prior, remembered, &mentioned) {
            Relevance::None => continue,
            Relevance::Caused => {
                marked.push(address.clone());
                entry(address, remembered, prior, instance.kind())
            }
            Relevance::Seen => entry(address, remembered, prior, instance.kind()),
        };
        found.push(drift);
    }
    for address in marked {
        if let Some(&at) = draft.by_address.get(&address) {
            draft.instances[at].reasons.push(Reason::Drifted);
        }
    }
    found
}

/// How much a drift has to do with the plan.
enum Relevance {
    None,
    /// It belongs to the picture.
    Seen,
    /// A change of the very resource puts it right.
    Caused,
}

fn relevance(
    draft: &Draft<'_>,
    instance: &Instance<'_>,
    prior: &Prior<'_>,
    remembered: &Object,
    mentioned: &HashSet<(&ResourceAddress, &str)>,
) -> Relevance {
    let is_everything = draft.request.mode() == PlanMode::RefreshOnly;
    match &prior.sight {
        Sight::Gone if instance.course == Course::Create || is_everything => Relevance::Seen,
        Sight::Changed(_) if is_everything && instance.course != Course::Keep => Relevance::Seen,
        Sight::Changed(seen) if instance.becoming.is_some() => {
            let inputs = differences(&remembered.inputs, &seen.inputs);
            let puts_right =
                |path: &Path| instance.changed.iter().any(|changed| path.covers(changed) || changed.covers(path));
            if inputs.iter().any(puts_right) {
                return Relevance::Caused;
            }
            let outputs = differences(&remembered.outputs, &seen.outputs);
            let is_used = |path: &Path| path.root().is_some_and(|root| mentioned.contains(&(&instance.address, root)));
            if inputs.iter().chain(&outputs).any(is_used) { Relevance::Seen } else { Relevance::None }
        }
        _ => Relevance::None,
    }
}

/// The attributes that the wishes of changing resources refer to.
fn attributes_used_by_changes<'d>(draft: &'d Draft<'_>) -> HashSet<(&'d ResourceAddress, &'d str)> {
    let has_drift = draft.priors.iter().any(|(_, prior)| matches!(prior.sight, Sight::Changed(_)));
    let changing = draft.instances.iter().filter(|instance| has_drift && instance.course.acts());
    let wishes = changing.filter_map(|instance| instance.becoming.as_ref()).map(|becoming| &becoming.configured);
    let origins = wishes.flat_map(Partial::holes).flat_map(|hole| hole.origins.keys());
    let attribute = |origin: &'d Origin| match origin {
        Origin::Attribute(address, path) => Some((address, path.root()?)),
        Origin::Secret(_) => None,
    };
    origins.filter_map(attribute).collect()
}

fn entry(address: &ResourceAddress, remembered: &Object, prior: &Prior<'_>, kind: Option<&KindSchema>) -> Drift {
    Drift {
        address: address.clone(),
        remembered: remembered.attributes(),
        observed: prior.current().map(Object::attributes),
        sensitive: sensitive(kind),
    }
}

/// The attributes that are never shown.
pub(super) fn sensitive(kind: Option<&KindSchema>) -> BTreeSet<String> {
    let attributes = kind.into_iter().flat_map(|kind| &kind.attributes);
    attributes.filter(|(_, attribute)| attribute.sensitive).map(|(name, _)| (*name).to_owned()).collect()
}
