//! Desired × remembered × observed → plan. Deterministic and without I/O: what planning needs to know, it asks.
//!
//! [`plan`] evaluates and compares in one walk, in an order in which everything comes after what it needs. It starts from scratch every time
//! it is called: first with no answers, then with those to the questions that it asked, until none is left. It asks as much as it can
//! at once, so that the usual plan takes two calls.
//!
//! An expression is evaluated in two stages. First with every resource attribute a hole: that is what a record keeps as configured, and what
//! a rollback evaluates again. Then the holes are filled with what is known: the recorded outputs of what stays, the planned ones of
//! what changes. What remains a hole is known after apply.

mod artifacts;
mod assemble;
pub mod compare;
mod components;
mod data;
mod decide;
mod draft;
mod drift;
mod expand;
pub mod expansion;
mod graph;
mod ignore;
mod instance;
mod leaving;
mod leftovers;
pub mod lint;
mod modules;
mod moves;
pub mod normalise;
mod order;
mod outputs;
mod paths;
mod prior;
mod providers;
pub mod questions;
mod refresh;
mod rename;
mod replace;
pub mod request;
mod rollback;
mod scope;
mod secrets;
mod steps;
mod targets;
mod trigger;
mod undo;
mod walk;

#[cfg(test)]
mod tests;

pub use request::{Goal, Options, Outcome, Request};

use crate::model::address::ResourceAddress;
use crate::model::diagnostic::Diagnostic;
use crate::model::plan::{OutputChange, Plan, PlanMode};
use draft::Draft;
use modules::Modules;
use questions::Answers;
use steps::Patience;
use targets::Selection;

/// Plans, or says what must be known first, or why there is no plan.
///
/// Pure: the same request and answers give the same outcome, to the byte.
pub fn plan(request: &Request<'_>, answers: &Answers) -> Outcome {
    let mut draft = Draft::new(request, answers);
    draft.ask_beforehand();
    let plan = decide(&mut draft).and_then(|decided| finish(&mut draft, decided));
    let questions = std::mem::take(&mut draft.asked).questions();
    match plan {
        _ if !questions.is_empty() => Outcome::Asks(questions),
        Some(plan) if !draft.problems.has_errors() => {
            debug_assert_eq!(lint::check(&plan, request.snapshot), Vec::<String>::new());
            Outcome::Done(Box::new(plan), draft.problems)
        }
        _ => Outcome::Refused(draft.problems),
    }
}

/// What was decided about the instances, and by what.
struct Decided<'a> {
    /// The stack, evaluated; `None` when the plan does not come from one.
    modules: Option<Modules<'a>>,
    selection: Selection<'a>,
}

/// Decides about everything that is wanted and everything that is remembered.
fn decide<'a>(draft: &mut Draft<'a>) -> Option<Decided<'a>> {
    let request = draft.request;
    let (modules, selection) = match (request.mode(), request.goal) {
        (PlanMode::RefreshOnly, _) => {
            let selection = Selection::of_patterns(request);
            refresh::decide(draft, &selection);
            return Some(Decided { modules: None, selection });
        }
        (PlanMode::Apply, Goal::Stack(stack)) => {
            let (modules, selection) = walk::walk(draft, stack)?;
            (Some(modules), selection)
        }
        (PlanMode::Rollback { .. }, Goal::Snapshot(kept)) => (None, rollback::walk(draft, kept)?),
        _ => (None, Selection::of_records(request, request.snapshot)),
    };
    // Building takes time: what is refused anyway is refused now.
    if draft.problems.has_errors() && draft.asked.gives_up_builds() {
        return None;
    }
    leaving::decide(draft, &selection, modules.as_ref());
    Some(Decided { modules, selection })
}

/// Makes the plan of what was decided; nothing while questions are open or when there are errors.
fn finish<'a>(draft: &mut Draft<'a>, decided: Decided<'a>) -> Option<Plan> {
    let Decided { modules, selection } = decided;
    let outputs = outputs(draft, modules.as_ref());
    let providers = providers::pins(draft, modules.as_ref());
    targets::refuse_unmatched(draft);
    replace::propagate(draft);
    let leftovers = leftovers::leftovers(draft, &selection);
    if !draft.asked.is_empty() || draft.problems.has_errors() {
        return None;
    }
    targets::note_partial(draft, &selection);
    targets::note_unused_imports(draft);
    let drift = drift::drift(draft);
    let outputs_change = outputs.iter().any(|output| output.before != output.after);
    let with_quiet = outputs_change || steps::is_loud(draft, &leftovers);
    let numbered = |patience| order::number(steps::propose(draft, &leftovers, with_quiet, patience));
    let steps = match numbered(Patience::UntilUpdated).or_else(|_| numbered(Patience::UntilGone)) {
        Ok(steps) => steps,
        Err(stuck) => {
            draft.problems.push(steps_wait_for_each_other(&stuck));
            return None;
        }
    };
    let changes = assemble::changes(draft, &leftovers, with_quiet);
    Some(assemble::plan(draft, assemble::Parts { changes, steps, drift, outputs, providers }))
}

fn outputs<'a>(draft: &mut Draft<'a>, modules: Option<&Modules<'a>>) -> Vec<OutputChange> {
    let request = draft.request;
    let wanted = match (request.mode(), request.goal, modules) {
        (PlanMode::Apply, _, Some(modules)) => walk::outputs(modules),
        (PlanMode::Rollback { .. }, Goal::Snapshot(kept), _) => rollback::outputs(kept),
        (PlanMode::Destroy, ..) if request.options.targets.is_empty() && request.options.excludes.is_empty() => {
            Vec::new()
        }
        _ => rollback::outputs(request.snapshot),
    };
    let untold = modules.map(components::untold).unwrap_or_default();
    let untold: Vec<String> = untold.iter().map(ToString::to_string).collect();
    outputs::changes(draft, &wanted, &untold)
}

fn steps_wait_for_each_other(stuck: &[ResourceAddress]) -> Diagnostic {
    let names: Vec<String> = stuck.iter().map(ToString::to_string).collect();
    let detail = format!("these can only be changed each after another of them: {}", names.join(", "));
    Diagnostic::error("steps-in-a-circle", "no order of steps is possible", detail)
        .help("change them in two applies: first with `--target` one of them, then all")
}
