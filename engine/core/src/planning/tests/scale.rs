//! Work grows with what there is, N log N at worst.

use std::fmt::Write;

use super::*;
use crate::planning::questions::Answers;
use crate::planning::{Goal, Request, plan};

/// A chain of ten, and everything else fanned out behind it.
fn chain_and_fan(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        let needed = if n < 10 { n.saturating_sub(1) } else { n % 10 };
        let _ = match n {
            0 => write!(text, "[resource.toy_value.r0]\ninput = \"seed\"\n"),
            _ => write!(text, "[resource.toy_value.r{n}]\ninput = \"${{toy_value.r{needed}.output}}-{n}\"\n"),
        };
    }
    text
}

#[test]
#[ignore]
fn timing() {
    for count in [2500, 10000] {
        let world = World::new();
        let loaded = world.load(&chain_and_fan(count));
        let snapshot = Snapshot::empty("toys");
        let options = Options::default();
        let request = Request {
            goal: Goal::Stack(&loaded.stack),
            snapshot: &snapshot,
            base_id: None,
            catalogues: &world.catalogues,
            sources: &loaded.sources,
            options: &options,
        };
        for _ in 0..3 {
            let start = cpu();
            let outcome = plan(&request, &Answers::default());
            println!("create {count}: {:?}", (cpu() - start) / 1000);
            drop(outcome);
        }
        let p = world.plan(&loaded, &snapshot);
        let mut world = world;
        let next = world.apply(&p, &snapshot);
        let options = Options { refresh: false, ..Options::default() };
        let request = Request {
            goal: Goal::Stack(&loaded.stack),
            snapshot: &next,
            base_id: None,
            catalogues: &world.catalogues,
            sources: &loaded.sources,
            options: &options,
        };
        for _ in 0..3 {
            let start = cpu();
            let outcome = plan(&request, &Answers::default());
            println!("same {count}: {:?} {}", (cpu() - start) / 1000, world::done(outcome).is_empty());
        }
    }
}

/// Nanoseconds of this thread.
fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}
