//! What becomes of the stack's outputs.

use std::borrow::Cow;
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
    pub name: Cow<'o, str>,
    /// The residual over resources.
    pub configured: Partial,
    pub sensitive: bool,
    /// Whether nobody declared it: it is sensitive as soon as it holds a secret.
    pub is_implied: bool,
    /// False when it cannot be told yet.
    pub is_usable: bool,
    pub folder: &'o str,
    pub place: Place,
}

/// The changes of all outputs, in order of name.
///
/// Outputs whose names begin with one of `untold`, up to a `.` or `[`, stay as they are recorded.
pub(super) fn changes(draft: &mut Draft<'_>, wanted: &[Wanted<'_>], untold: &[String]) -> Vec<OutputChange> {
    let before = &draft.request.snapshot.outputs;
    let is_untold = |name: &str| {
        untold.iter().any(|beginning| name.strip_prefix(beginning).is_some_and(|rest| rest.starts_with(['.', '['])))
    };
    let stay = before.iter().filter(|(name, _)| is_untold(name));
    let mut after: BTreeMap<&str, OutputRecord> = stay.map(|(name, it)| (name.as_str(), it.clone())).collect();
    for output in wanted {
        if let Some(record) = record(draft, output) {
            after.insert(&output.name, record);
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
    let before = draft.request.snapshot.outputs.get(&*wanted.name);
    if !wanted.is_usable {
        return before.cloned();
    }
    if depends_on_left_out(draft, &wanted.configured) {
        return before.cloned();
    }
    let configured = draft.fill_data(wanted.configured.clone(), wanted.folder, None);
    let value = draft.fill(&configured.value, wanted.folder, None);
    if !configured.is_usable || !value.is_usable {
        return None;
    }
    let holds_secret = value.value.holes().iter().any(|hole| hole.is_secret());
    if holds_secret && !wanted.sensitive && !wanted.is_implied {
        draft.problems.push(shows_a_secret(wanted));
    }
    let configured = match before {
        Some(before) if draft.means_the_same(&before.configured, &configured.value) => before.configured.clone(),
        _ => configured.value,
    };
    let sensitive = wanted.sensitive || (holds_secret && wanted.is_implied);
    Some(OutputRecord { configured, value: value.value, sensitive })
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
