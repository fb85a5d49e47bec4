//! Many random worlds. A failing one prints its seed; `SIAC_SEED=…` lives that one alone, `SIAC_SEEDS=…` that many.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use siac_crash_matrix::seeds::{Tally, live_one};

/// How many worlds there are when nobody says otherwise, and after what time no further one begins.
const WORLDS: u64 = 3_000;
const ENOUGH: Duration = Duration::from_secs(25);

fn number_from(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}")))
}

/// Providers panic on purpose here, and nobody wants to read of it a thousand times.
fn hush_expected_panics() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_expected = panic.payload_as_str().is_some_and(|text| text.contains("as it was told"));
        if !is_expected {
            loud(panic);
        }
    }));
}

/// Lives worlds on a few threads; answers with what happened and in how many.
fn live_many(wanted: Option<u64>) -> (Tally, u64) {
    let (began, next, all) = (Instant::now(), AtomicU64::new(0), Mutex::new((Tally::default(), 0)));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let is_over = wanted.is_none() && began.elapsed() > ENOUGH;
            if seed >= wanted.unwrap_or(WORLDS) || is_over {
                return;
            }
            let mut tally = live_one(seed);
            let remedy = format!("seed {seed}, live it again with SIAC_SEED={seed}: ");
            tally.wrong.iter_mut().for_each(|line| line.insert_str(0, &remedy));
            let mut all = all.lock().expect("no thread panics with the tally");
            all.0.add(tally);
            all.1 += 1;
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    all.into_inner().expect("no thread panicked")
}

#[test]
fn random_worlds_end_with_the_truth() {
    hush_expected_panics();
    if let Some(seed) = number_from("SIAC_SEED") {
        let tally = live_one(seed);
        assert!(tally.wrong.is_empty(), "seed {seed}:\n{}", tally.wrong.join("\n"));
        return;
    }
    let began = Instant::now();
    let (tally, lived) = live_many(number_from("SIAC_SEEDS"));
    println!("{lived} random worlds in {:.1} s, {} violations", began.elapsed().as_secs_f64(), tally.wrong.len());
    println!("runs in bad weather: {:?}; calls of dead runs settled: {}", tally.ends, tally.settled);
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n"));
    assert!(lived > 20, "only {lived} worlds were lived in {:?}", began.elapsed());
    for end in ["killed", "complete", "rolledback", "halted"] {
        assert!(tally.ends.contains_key(end), "no run was {end}: the weather is too good");
    }
    assert!(tally.settled > 0, "no run left anything to settle");
}

#[test]
fn a_seed_lives_the_same_world_twice() {
    hush_expected_panics();
    for seed in 0..5 {
        assert_eq!(live_one(seed), live_one(seed), "seed {seed}");
    }
}
