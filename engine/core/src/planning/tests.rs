//! Whole plans, from stack files to steps, in a world of toys.

mod builds;
mod changes;
mod components;
mod expressions;
mod linting;
mod properties;
mod scale;
mod world;
mod world_changes;

use crate::model::snapshot::Snapshot;
use crate::planning::Options;
use world::{World, lines, steps};

/// Applies a stack in an empty world.
fn deployed(world: &mut World, text: &str) -> Snapshot {
    let loaded = world.load(text);
    let plan = world.plan(&loaded, &Snapshot::empty("toys"));
    let snapshot = world.apply(&plan, &Snapshot::empty("toys"));
    let again = world.plan(&loaded, &snapshot);
    assert!(again.is_empty(), "a second plan is empty: {:?} {:?}", lines(&again), again.outputs);
    snapshot
}

fn targets(addresses: &[&str]) -> Options {
    Options { targets: addresses.iter().map(|it| it.parse().unwrap()).collect(), ..Options::default() }
}
