//! What becomes of the stack's outputs.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::walk::addresses_in;
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::Place;
use crate::model::plan::OutputChange;
use crate::model::snapshot::OutputRecord;
use crate::model::value::Partial;

/// An output as it is wanted.
pub(super) struct Wanted<'o> {
    pub name: &'o str,
    /// The residual over resources.
    pub configured: Partial,
    pub sensitive: bool,
    /// False when it cannot be told yet.
    pub is_usable: bool,
    pub folder: &'o str,
    pub place: Place,
}

/// The changes of all outputs, in order of name.
pub(super) fn changes(draft: &mut Draft<'_>, wanted: &[Wanted<'_>]) -> Vec<OutputChange> {
    let before = &draft.request.snapshot.outputs;
    let mut after: BTreeMap<&str, OutputRecord> = BTreeMap::new();
    for output in wanted {
        if let Some(record) = record(draft, output) {
            after.insert(output.name, record);
        }
    }
    let mut names: Vec<&str> = before.keys().map(String::as_str).chain(after.keys().copied()).collect();
    names.sort_unstable();
    names.dedup();
    let change = |name: &str| OutputChange {
        name: name.to_owned(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    };
    names.into_iter().map(change).collect()
}

fn record(draft: &mut Draft<'_>, wanted: &Wanted<'_>) -> Option<OutputRecord> {
    if !wanted.is_usable {
        return None;
    }
    let before = draft.request.snapshot.outputs.get(wanted.name);
    if depends_on_left_out(draft, &wanted.configured) {
        return before.cloned();
    }
    let configured = draft.fill_data(wanted.configured.clone(), wanted.folder, None);
    let value = draft.fill(&configured.value, wanted.folder, None);
    if !configured.is_usable || !value.is_usable {
        return None;
    }
    if !wanted.sensitive && value.value.holes().iter().any(|hole| hole.is_secret()) {
        draft.problems.push(shows_a_secret(wanted));
    }
    let configured = match before {
        Some(before) if draft.means_the_same(&before.configured, &configured.value) => before.configured.clone(),
        _ => configured.value,
    };
    Some(OutputRecord { configured, value: value.value, sensitive: wanted.sensitive })
}

/// Whether an output refers to something that does not exist and that this plan leaves out.
fn depends_on_left_out(draft: &Draft<'_>, configured: &Partial) -> bool {
    addresses_in(configured).iter().any(|address| {
        let is_untouched = draft.instance(address).is_none_or(|it| it.becoming.is_none() && !it.is_unusable());
        is_untouched && draft.priors.get(address).is_none_or(|prior| prior.current().is_none())
    })
}

fn shows_a_secret(wanted: &Wanted<'_>) -> Diagnostic {
    let detail = format!("the output `{}` depends on a secret", wanted.name);
    Diagnostic::error("secret-shown", "a secret would be shown", detail)
        .at(wanted.place.0)
        .help("add `sensitive = true` to the output; it is kept sealed then, and never shown unasked")
}
