//! Work grows with what there is, N log N at worst; nothing grows with the length of a chain.

use std::fmt::Write;

use super::*;
use crate::model::plan::Operation;

#[test]
fn a_long_chain_behind_something_unknown_stays_flat() {
    const LENGTH: usize = 1_000;
    let mut world = World::new();
    let mut text = String::from("[resource.toy_thing.r0]\nname = \"seed\"\n");
    let _ = write!(text, "[resource.toy_value.r1]\ninput = \"${{toy_thing.r0.id}}\"\n");
    for n in 2..LENGTH {
        let _ = write!(text, "[resource.toy_value.r{n}]\ninput = \"${{toy_value.r{}.output}}.\"\n", n - 1);
    }
    let loaded = world.load(&text);
    let plan = world.plan(&loaded, &Snapshot::empty("toys"));
    let largest = plan.steps.iter().map(|step| serde_json::to_string(&step.operation).unwrap().len()).max();
    assert!(largest < Some(2_000), "{largest:?}");
    assert!(plan.steps.iter().all(|step| step.needs.len() <= 1));
    assert_eq!(plan.steps[0].weight, 10 * LENGTH as u64);
    let next = world.apply(&plan, &Snapshot::empty("toys"));
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn a_wide_fan_needs_one_step_each() {
    let world = World::new();
    let mut text = String::from("[resource.toy_thing.hub]\nname = \"hub\"\n");
    for n in 0..1_000 {
        let _ = write!(text, "[resource.toy_value.r{n}]\ninput = \"${{toy_thing.hub.id}}-{n}\"\n");
    }
    let plan = world.plan(&world.load(&text), &Snapshot::empty("toys"));
    assert_eq!(plan.steps.iter().map(|step| step.needs.len()).sum::<usize>(), 1_000);
    assert!(matches!(plan.steps[0].operation, Operation::Create { .. }));
}
