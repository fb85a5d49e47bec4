//! What an undo would do, step by step, and from where on there is none.

use siac_core::model::plan::{Operation, Plan, Step, StepId, Undo};
use siac_core::model::stack::OnFailure;

use crate::render::page::{Line, Page};
use crate::render::style::Role;

/// One line when some step cannot be undone.
pub(super) fn hint(plan: &Plan) -> Page {
    let mut page = Page::new();
    if let Some((id, step)) = plan.point_of_no_return.and_then(|id| Some((id, plan.step(id)?))) {
        let text =
            format!("step {}, {}, cannot be undone; `--undo` shows what can be", number(id), operation_words(step));
        page.push(Line::prose(0, 2).piece(Role::Warning, "note: ").text(text));
    }
    page
}

/// Every step and its undo, in order.
pub(in crate::render) fn steps(plan: &Plan) -> Page {
    let mut page = Page::new();
    if plan.steps.is_empty() {
        return page;
    }
    page.push(Line::prose(0, 2).text(match plan.on_failure {
        OnFailure::Rollback => "Undo: when a step fails, the steps done before are taken back, the last one first.",
        OnFailure::Halt => {
            "Undo: `on_failure` is halt, so that nothing is taken back; with `--on-failure rollback` it would be:"
        }
    }));
    let digits = plan.steps.len().to_string().len();
    for (at, step) in plan.steps.iter().enumerate() {
        if plan.point_of_no_return.is_some_and(|id| id.0 as usize == at) {
            page.push(
                Line::prose(2, 2).piece(Role::Warning, "point of no return: what follows cannot be undone as a whole"),
            );
        }
        page.append(entry(at, digits, step));
    }
    page
}

fn entry(at: usize, digits: usize, step: &Step) -> Page {
    let mut page = Page::new();
    page.push(
        Line::prose(2, digits + 2)
            .piece(Role::Faint, format!("{:>digits$}", at + 1))
            .text(format!("  {}", operation_words(step))),
    );
    let (role, words) = undo_words(&step.undo);
    page.push(Line::prose(digits + 4, 6).piece(Role::Faint, "undo: ").piece(role, words));
    page
}

fn number(id: StepId) -> u64 {
    u64::from(id.0) + 1
}

/// What a step does, with its address.
fn operation_words(step: &Step) -> String {
    let address = &step.address;
    match &step.operation {
        Operation::Create { .. } => format!("create {address}"),
        Operation::Update { .. } => format!("update {address}"),
        Operation::Delete { deposed: None } => format!("delete {address}"),
        Operation::Delete { deposed: Some(_) } => format!("delete the old object of {address}"),
        Operation::Read { .. } => format!("read {address}"),
        Operation::Import { id, .. } => format!("import `{id}` as {address}"),
        Operation::Depose => format!("set the object of {address} aside"),
        Operation::Move { from } => format!("rename {from} to {address}"),
        Operation::Forget { .. } => format!("forget {address}"),
        Operation::Record { .. } => format!("record {address}"),
        Operation::Lost => format!("drop what is remembered of {address}"),
    }
}

fn undo_words(undo: &Undo) -> (Role, String) {
    match undo {
        Undo::Nothing => (Role::Faint, "nothing to do".to_owned()),
        Undo::DeleteCreated => (Role::Plain, "delete what was created".to_owned()),
        Undo::Restore => (Role::Plain, "update back to the attributes before".to_owned()),
        Undo::Recreate => (Role::Plain, "create it again, under a new identity".to_owned()),
        Undo::Reinstate => (Role::Plain, "put the old object back in its place".to_owned()),
        Undo::Impossible { why } => (Role::Removed, format!("impossible: {why}")),
    }
}
