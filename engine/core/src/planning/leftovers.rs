//! Objects that unfinished replacements left to be deleted.

use super::draft::Draft;
use super::instance::Course;
use super::leaving::spares_data;
use super::prior::Offer;
use super::questions::ResourceAnswer;
use super::targets::Selection;
use crate::model::address::ResourceAddress;
use crate::model::identity::OpId;
use crate::model::plan::PlanMode;
use crate::model::snapshot::Object;

/// One of them.
pub(super) struct Leftover<'a> {
    pub address: ResourceAddress,
    pub op: OpId,
    pub object: &'a Object,
    pub offer: Option<Offer<'a>>,
    /// Whether it is gone, so that it is only forgotten.
    pub is_gone: bool,
}

/// All that this plan deletes or forgets, in order of address.
pub(super) fn leftovers<'a>(draft: &mut Draft<'a>, selection: &Selection<'_>) -> Vec<Leftover<'a>> {
    let mut found = Vec::new();
    let mut spared = Vec::new();
    for (address, prior) in draft.priors.iter() {
        let is_forgotten = draft
            .instance(address)
            .is_some_and(|it| matches!(it.course, Course::Forget { quiet: false }) && !prior.is_lost());
        if is_forgotten || !selection.contains(address, None) {
            continue;
        }
        for (op, object) in &prior.record.deposed {
            let answer = draft.answers.resources.get(&(prior.from.clone(), Some(*op)));
            let is_gone = draft.request.looks() && matches!(answer, Some(ResourceAnswer::Gone));
            let offer = draft.offer(&object.provider, address);
            let holds_data = offer.is_some_and(|offer| offer.kind.data_bearing);
            if holds_data && spares_data(draft.request) && !is_gone {
                spared.push(address.clone());
            } else if is_gone || draft.request.mode() != PlanMode::RefreshOnly {
                found.push(Leftover { address: address.clone(), op: *op, object, offer, is_gone });
            }
        }
    }
    for address in spared {
        let text = format!("an object that was {address} holds data and is kept; `--allow-data-loss` would delete it");
        draft.note("holds-data", text, Some(&address));
    }
    found
}
