//! Real `kill -9` of the binary at random moments: nothing is lost, nothing happens twice.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::sandbox::{Sandbox, eventually, signal};

const RESOURCES: usize = 200;
const KILLS: usize = 20;

const STACK: &str = r#"
[stack]
name = "kills"

[resource.local_command.effect]
for_each = "${toset([for n in range(200) : tostring(n)])}"
create = "sleep 0.02; echo ${each.key} >> effects.log"
"#;

/// A small generator, so that a failing seed can be run again with `SIAC_TEST_SEED`.
pub fn seed() -> u64 {
    let given = std::env::var("SIAC_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let clock = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64);
    given.unwrap_or_else(clock)
}

/// The next number.
pub fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn killed_applies_lose_nothing_and_repeat_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", STACK);
    let mut seed = seed();
    println!("SIAC_TEST_SEED={seed}");
    let mut hits = 0;
    for _ in 0..KILLS {
        let mut child = sandbox.start(&["apply", "stack.toml", "--auto-approve"]);
        std::thread::sleep(Duration::from_millis(100 + next(&mut seed) % 500));
        hits += usize::from(child.try_wait().expect("the child can be asked").is_none());
        signal(child.id(), "KILL");
        child.wait().expect("the child ends");
    }
    assert!(hits > 0, "no kill hit a running apply");
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);

    let log = sandbox.read("effects.log");
    let effects: Vec<&str> = log.lines().collect();
    let distinct: BTreeSet<&str> = effects.iter().copied().collect();
    assert_eq!(effects.len(), distinct.len(), "an effect ran twice");
    assert_eq!(distinct.len(), RESOURCES, "an effect was lost");
    let listed = sandbox.succeed(&["state", "list", "--stack", "stack.toml"]);
    assert_eq!(listed.stdout.lines().count(), RESOURCES);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]);
}

#[test]
fn an_interrupt_finishes_what_runs_and_a_second_one_stops_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", &STACK.replace("sleep 0.02", "sleep 1.5").replace("200", "30"));
    for interrupts in [1, 2] {
        let mut child = sandbox.start(&["apply", "stack.toml", "--auto-approve"]);
        assert!(eventually(Duration::from_secs(20), || sandbox.project().join(".siac/run").is_dir()), "nothing began");
        std::thread::sleep(Duration::from_millis(600));
        for _ in 0..interrupts {
            signal(child.id(), "INT");
            std::thread::sleep(Duration::from_millis(200));
        }
        let status = child.wait().expect("the child ends");
        assert_eq!(status.code(), Some(130), "after {interrupts} interrupts");
    }
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    let log = sandbox.read("effects.log");
    assert_eq!(log.lines().count(), 30, "{log}");
    assert_eq!(log.lines().collect::<BTreeSet<_>>().len(), 30, "{log}");
}
