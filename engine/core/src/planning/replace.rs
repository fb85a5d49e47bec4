//! Replacement before destruction, and what it asks of others.

use super::draft::Draft;
use super::instance::{Course, Instance};
use super::prior::Prior;
use crate::model::address::ResourceAddress;
use crate::model::diagnostic::Diagnostic;
use crate::model::plan::Reason;

/// Lets everything that is replaced, and that a replacement before destruction depends on, be replaced before destruction too; then
/// refuses the replacements whose objects would have the same fixed name.
pub(super) fn propagate(draft: &mut Draft<'_>) {
    for at in (0..draft.instances.len()).rev() {
        if draft.instances[at].course != Course::CreateFirst {
            continue;
        }
        let follower = draft.instances[at].address.clone();
        for needed in needed(draft, at) {
            let instance = &mut draft.instances[needed];
            if instance.course == Course::DestroyFirst {
                instance.course = Course::CreateFirst;
                instance.reasons.push(Reason::Follows(follower.clone()));
            }
        }
    }
    let clashes: Vec<Diagnostic> = draft.instances.iter().filter_map(|instance| clash(draft, instance)).collect();
    draft.problems.extend(clashes);
}

/// What an instance depends on, by its wish and by its record.
fn needed(draft: &Draft<'_>, at: usize) -> Vec<usize> {
    let instance = &draft.instances[at];
    let recorded = draft.priors.get(&instance.address).and_then(Prior::current);
    let recorded = recorded.into_iter().flat_map(|object| &object.dependencies);
    let recorded = recorded.filter_map(|address| draft.by_address.get(address).copied());
    instance.links.iter().copied().chain(recorded).collect()
}

fn clash(draft: &Draft<'_>, instance: &Instance<'_>) -> Option<Diagnostic> {
    if instance.course != Course::CreateFirst {
        return None;
    }
    let unique = instance.kind()?.unique?;
    let before = draft.current(instance)?.inputs.get(unique)?;
    let after = instance.inputs.get(unique)?;
    (before == after && !before.is_null())
        .then(|| both_would_exist(&instance.address, unique, &instance.reasons).at(instance.place.0))
}

fn both_would_exist(address: &ResourceAddress, unique: &str, reasons: &[Reason]) -> Diagnostic {
    let because = reasons.iter().find_map(|reason| match reason {
        Reason::Follows(follower) => Some(format!(", because {follower} is and depends on it")),
        _ => None,
    });
    let detail = format!(
        "{address} is replaced before the old object is destroyed{}, and both would have the same `{unique}`",
        because.unwrap_or_default()
    );
    Diagnostic::error("unique-name", "two objects would have the same name", detail)
        .about(address)
        .help(format!("let `{unique}` change with the replacement, or give up `create_before_destroy`"))
}
