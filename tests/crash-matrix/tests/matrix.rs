//! The crash matrix: each exchange of each scenario × killed before, killed after, killed in flight, answer lost.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use siac_crash_matrix::matrix::{HEAD, Row, strike_each, strike_each_twice};
use siac_crash_matrix::scenario::{self, Scenario};
use siac_test_kit::network::Strike;

/// Each scenario's row, found by a few threads.
fn side_by_side(scenarios: &[Scenario], find: impl Fn(&Scenario) -> Row + Sync) -> Vec<Row> {
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(scenario) = scenarios.get(at) else { return };
            let row = find(scenario);
            rows.lock().expect("no thread panics with the rows").insert(at, row);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    rows.into_inner().expect("no thread panicked").into_values().collect()
}

fn show(rows: &[Row]) {
    println!("{HEAD}");
    rows.iter().for_each(|row| println!("{row}"));
}

fn judge(rows: &[Row]) {
    show(rows);
    for row in rows {
        row.violations.iter().take(8).for_each(|line| println!("{}: {line}", row.name));
    }
    let violations: usize = rows.iter().map(|row| row.violations.len()).sum();
    assert_eq!(violations, 0, "the matrix found what must not be; see above");
    assert!(rows.iter().all(|row| row.runs > 0), "every scenario has something to strike");
}

#[test]
fn every_step_of_every_scenario() {
    judge(&side_by_side(&scenario::all(), strike_each));
}

#[test]
fn a_run_killed_and_its_recovery_killed_too() {
    // Killed before an exchange is killed after the one before it: one of the two is enough here.
    let firsts = [Strike::After, Strike::InFlight(Duration::from_secs(20))];
    judge(&side_by_side(&scenario::small(), |small| strike_each_twice(small, &firsts, &[Strike::After])));
}

#[test]
fn a_world_that_breaks_its_promises_is_found_out() {
    let rows = side_by_side(&scenario::broken(), strike_each);
    show(&rows);
    let blind: Vec<_> = rows.iter().filter(|row| row.violations.is_empty()).map(|row| row.name).collect();
    assert!(blind.is_empty(), "the matrix sees nothing wrong where {blind:?}");
    let words = ["orphan", "duplicate", "phantom", "repeated"];
    for row in rows {
        let named = row.violations.iter().any(|line| words.iter().any(|word| line.contains(word)));
        assert!(named, "{}: {:?}", row.name, row.violations.first());
    }
}
