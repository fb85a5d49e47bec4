//! Many random worlds. A failing one prints its seed; `SIAC_SEED=…` lives that one alone, `SIAC_SEEDS=…` that many.

use std::time::{Duration, Instant};

use siac_crash_matrix::seeds::live_one;

/// How many worlds there are when nobody says otherwise, and the most time they may take.
const WORLDS: u64 = 3_000;
const ENOUGH: Duration = Duration::from_secs(25);

fn number_from(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}")))
}

#[test]
fn random_worlds_end_with_the_truth() {
    if let Some(seed) = number_from("SIAC_SEED") {
        let wrong = live_one(seed);
        assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
        return;
    }
    let (wanted, began) = (number_from("SIAC_SEEDS"), Instant::now());
    let mut lived = 0;
    for seed in 0..wanted.unwrap_or(WORLDS) {
        if wanted.is_none() && began.elapsed() > ENOUGH {
            break;
        }
        let wrong = live_one(seed);
        assert!(wrong.is_empty(), "seed {seed}, live it again with SIAC_SEED={seed}:\n{}", wrong.join("\n"));
        lived += 1;
    }
    println!("{lived} random worlds in {:.1} s, no violation", began.elapsed().as_secs_f64());
    assert!(lived > 50, "only {lived} worlds were lived in {:?}", began.elapsed());
}
