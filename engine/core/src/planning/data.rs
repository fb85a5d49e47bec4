//! Data sources: read while planning when everything they need is there, else during apply.

use super::decide::{Prepared, Wish, prepare, unusable};
use super::draft::Draft;
use super::instance::{Course, Instance, View};
use super::questions::DataAnswer;
use crate::model::diagnostic::Diagnostic;
use crate::model::event::Observation;
use crate::model::plan::{Becoming, Reason};
use crate::model::snapshot::overlay;
use crate::model::stack::Lifecycle;
use crate::model::value::{Partial, Value};

/// When data are read.
enum Reading {
    /// They were, and answered this.
    Done(Box<Partial>),
    /// During apply.
    Later(Option<Reason>),
    /// A question is open, or a problem was reported.
    Unusable,
}

/// Decides about a data source.
pub(super) fn decide<'a>(draft: &mut Draft<'a>, mut wish: Wish<'a>) {
    let Some(prepared) = prepare(draft, &mut wish) else { return };
    match reading(draft, &wish, &prepared) {
        Reading::Unusable => unusable(draft, &wish, prepared.links),
        Reading::Later(reason) => add(draft, wish, prepared, Course::Read, reason, View::Planned),
        Reading::Done(value) => add(draft, wish, prepared, Course::Keep, None, View::Data(value)),
    }
}

fn reading(draft: &mut Draft<'_>, wish: &Wish<'_>, prepared: &Prepared<'_>) -> Reading {
    if prepared.desired.is_unknown() || prepared.links.iter().any(|&at| draft.instances[at].course.acts()) {
        return Reading::Later(Some(Reason::WaitsForApply));
    }
    if draft.request.options.offline {
        return offline(draft, wish);
    }
    match draft.answers.data.get(&wish.address) {
        Some((inputs, answer)) if *inputs == prepared.desired => answered(draft, wish, &prepared.desired, answer),
        _ => {
            draft.asked.data.insert(wish.address.clone(), (wish.provider.clone(), prepared.desired.clone()));
            Reading::Unusable
        }
    }
}

fn answered(draft: &mut Draft<'_>, wish: &Wish<'_>, desired: &Partial, answer: &DataAnswer) -> Reading {
    match answer {
        DataAnswer::Read(observation) => Reading::Done(Box::new(everything(desired, observation))),
        DataAnswer::NotLooked => offline(draft, wish),
        DataAnswer::Failed(why) => {
            let detail = format!("{} could not be read: {why}", wish.address);
            let problem = Diagnostic::error("data-failed", "data could not be read", detail);
            draft.problems.push(problem.at(wish.place.0).about(&wish.address));
            Reading::Unusable
        }
    }
}

fn everything(desired: &Partial, observation: &Observation) -> Partial {
    overlay(desired, &observation.outputs)
}

fn offline(draft: &mut Draft<'_>, wish: &Wish<'_>) -> Reading {
    let text = format!("{} is read during apply, because nobody may look now", wish.address);
    draft.note("read-during-apply", text, Some(&wish.address));
    Reading::Later(None)
}

fn add<'a>(
    draft: &mut Draft<'a>,
    wish: Wish<'a>,
    prepared: Prepared<'a>,
    course: Course,
    reason: Option<Reason>,
    view: View,
) {
    let becoming = Becoming {
        configured: prepared.configured,
        dependencies: prepared.dependencies,
        lifecycle: Lifecycle::default(),
        schema_version: prepared.offer.kind.version,
    };
    draft.add(Instance {
        address: wish.address,
        provider: wish.provider,
        offer: Some(prepared.offer),
        course,
        reasons: reason.into_iter().collect(),
        replace_paths: Vec::new(),
        changed: Vec::new(),
        inputs: prepared.desired,
        outputs: Value::Map(Default::default()),
        becoming: Some(becoming),
        links: prepared.links,
        adopted: None,
        place: wish.place,
        view,
    });
}
