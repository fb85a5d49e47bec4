//! The linter finds what is wrong, and nothing else.

use super::*;
use crate::model::plan::{Plan, StepId, Undo};
use crate::planning::lint;

fn sample() -> (Snapshot, Plan) {
    let mut world = World::new();
    let before = "[resource.toy_thing.a]\nname = \"x\"\n[resource.toy_value.b]\ninput = \"${toy_thing.a.id}\"\n[resource.toy_value.c]\ninput = \"${toy_value.b.output}\"\n";
    let snapshot = deployed(&mut world, before);
    let after = "[resource.toy_thing.a]\nname = \"y\"\n[resource.toy_value.d]\ninput = \"${toy_thing.a.id}\"\n";
    let plan = world.plan(&world.load(after), &snapshot);
    (snapshot, plan)
}

/// What the linter says of a plan that was tampered with.
fn broken(tamper: impl FnOnce(&mut Plan)) -> String {
    let (snapshot, mut plan) = sample();
    assert_eq!(lint::check(&plan, &snapshot), Vec::<String>::new());
    tamper(&mut plan);
    lint::check(&plan, &snapshot).join("\n")
}

fn at(plan: &Plan, line: &str) -> usize {
    steps(plan).iter().position(|step| step == line).unwrap()
}

#[test]
fn needs_are_smaller_sorted_and_enough() {
    assert!(broken(|plan| plan.steps[0].needs.push(StepId(3))).contains("a step needs smaller ones"));
    let without = broken(|plan| {
        let create = at(plan, "create toy_value.d");
        plan.steps[create].needs.clear();
    });
    assert!(without.contains("what a step sends is there by then"), "{without}");
    let early = broken(|plan| {
        let delete = at(plan, "delete toy_thing.a");
        plan.steps[delete].needs.clear();
    });
    assert!(early.contains("what others depend on goes after them"), "{early}");
    assert!(broken(|plan| plan.steps[0].weight = 0).contains("a step weighs as much"));
}

#[test]
fn changes_and_steps_belong_together() {
    assert!(broken(|plan| drop(plan.changes.remove(0))).contains("a step that acts belongs to a change"));
    let incomplete = broken(|plan| drop(plan.steps.pop()));
    assert!(incomplete.contains("a change has its steps"), "{incomplete}");
    assert!(broken(|plan| plan.changes.reverse()).contains("changes stand in order"));
    assert!(broken(|plan| plan.providers.clear()).contains("a step's provider is pinned"));
}

#[test]
fn every_step_has_its_undo_and_its_subject() {
    assert!(broken(|plan| plan.steps[0].undo = Undo::Nothing).contains("the undo that fits it"));
    let impossible = |plan: &mut Plan| plan.steps[0].undo = Undo::Impossible { why: "it holds data".to_owned() };
    assert!(broken(impossible).contains("the point of no return"));
    let (_, plan) = sample();
    let nowhere = lint::check(&plan, &Snapshot::empty("toys")).join("\n");
    assert!(nowhere.contains("a step finds what it is about"), "{nowhere}");
}
