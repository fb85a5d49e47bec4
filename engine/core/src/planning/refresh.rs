//! `--refresh-only`: nothing is wanted but to remember what there is.

use super::draft::Draft;
use super::instance::{Course, Instance, View};
use super::prior::Sight;
use super::targets::Selection;
use crate::model::address::ResourceAddress;
use crate::model::expression::Place;
use crate::model::plan::{Becoming, Reason};
use crate::model::snapshot::Object;
use crate::model::value::Value;

/// Records what was seen of everything that is remembered.
pub(super) fn decide<'a>(draft: &mut Draft<'a>, selection: &Selection<'_>) {
    let addresses: Vec<ResourceAddress> = draft.priors.addresses().cloned().collect();
    for address in addresses {
        let Some(prior) = draft.priors.get(&address) else { continue };
        let Some(remembered) = prior.remembered.clone() else { continue };
        let is_selected = selection.contains(&address, None);
        let (course, reasons) = match &prior.sight {
            Sight::Changed(_) if is_selected => (Course::Record { quiet: false }, vec![Reason::Drifted]),
            Sight::Gone if is_selected => (Course::Forget { quiet: false }, vec![Reason::Vanished]),
            _ => (Course::Keep, Vec::new()),
        };
        let view = if prior.is_not_yet_seen() { View::Unusable } else { View::Current };
        let inputs = prior.current().map(|object| object.inputs.clone()).unwrap_or(Value::Null);
        let instance = Instance {
            offer: draft.offer(&remembered.provider, &address),
            provider: remembered.provider.clone(),
            address,
            course,
            reasons,
            replace_paths: Vec::new(),
            changed: Vec::new(),
            inputs,
            outputs: Value::Null,
            becoming: Some(as_remembered(&remembered)),
            links: Vec::new(),
            adopted: None,
            place: Place::default(),
            view,
        };
        draft.add(instance);
    }
}

/// What the record says already.
pub(super) fn as_remembered(object: &Object) -> Becoming {
    Becoming {
        configured: object.configured.clone(),
        dependencies: object.dependencies.clone(),
        lifecycle: object.lifecycle.clone(),
        schema_version: object.schema_version,
    }
}
