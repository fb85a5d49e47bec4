//! Work grows with what there is to do, and no faster: ten times the resources, about ten times the work.

use std::fmt::Write;
use std::sync::Arc;

use siac_crash_matrix::house::{House, Storage, Wish, stack};
use siac_crash_matrix::recipe::Report;
use siac_engine::use_cases::loading::LoadedStack;

/// What ten times the resources may cost, in times. Small runs share a little more per journal append than large ones, so that a linear
/// growth shows as up to 13 or so; a step that looks at everything for each resource would show as 100.
const LINEAR: f64 = 15.0;

/// What one run cost.
#[derive(Debug, Clone, Copy)]
struct Work {
    journal_appends: usize,
    facts: usize,
    cloud_calls: usize,
    store_exchanges: usize,
    journal_bytes: usize,
    allocations: u64,
    allocated_bytes: u64,
}

/// A tree: each resource refers to the one of half its number.
fn tree(count: usize, size: usize) -> Arc<LoadedStack> {
    let mut text = String::new();
    for number in 1..=count {
        // Writing to a string never fails.
        let _ = writeln!(text, "[resource.fake_token.r{number}]\nname = \"n{number}\"\nsize = {size}");
        if number > 1 {
            let _ = writeln!(text, "link = \"${{fake_token.r{}.id}}\"", number / 2);
        }
    }
    stack(&text)
}

fn measure(house: &House, wish: &Wish) -> (Report, Work) {
    let (bytes_before, calls_before) = (house.journal_bytes(), house.cloud.log().len());
    let mut report = None;
    let allocated = allocation_counter::measure(|| report = Some(house.run_well(wish)));
    let report = report.expect("the run was run").expect("the run goes well");
    let trace = house.trace();
    let work = Work {
        journal_appends: trace.iter().filter(|site| site.request.starts_with("put_new wal/")).count(),
        facts: report.facts,
        cloud_calls: house.cloud.log().len() - calls_before,
        store_exchanges: trace.iter().filter(|site| site.place != "cloud").count(),
        journal_bytes: house.journal_bytes() - bytes_before,
        allocations: allocated.count_total,
        allocated_bytes: allocated.bytes_total,
    };
    (report, work)
}

/// Creates, looks again, changes everything, changes one, deletes everything.
fn lives(count: usize) -> Vec<(&'static str, Work)> {
    let house = House::new(Storage::Local, 1);
    let small = Wish::Stack(tree(count, 1));
    let large = Wish::Stack(tree(count, 2));
    let mut works = Vec::new();
    for (name, wish, changes) in [
        ("create", &small, count),
        ("nothing", &small, 0),
        ("update", &large, count),
        ("delete", &Wish::Nothing, count),
    ] {
        let (report, work) = measure(&house, wish);
        assert_eq!(report.actions.len(), changes, "{name}: {:?}", report.failures);
        works.push((name, work));
    }
    assert!(house.cloud.objects().is_empty());
    works
}

fn ratio(small: usize, large: usize) -> f64 {
    large as f64 / small.max(1) as f64
}

#[test]
fn ten_times_the_resources_are_ten_times_the_work() {
    let (hundred, thousand) = (lives(100), lives(1_000));
    println!("{:8} {:>28} {:>9} {:>9} {:>9}", "run", "what", "100", "1,000", "ratio");
    let mut steep = Vec::new();
    for ((name, small), (_, large)) in hundred.iter().zip(&thousand) {
        let counted = |what: &'static str, small: usize, large: usize| (what, small, large);
        let small_allocations = usize::try_from(small.allocations).unwrap_or(usize::MAX);
        let large_allocations = usize::try_from(large.allocations).unwrap_or(usize::MAX);
        let small_bytes = usize::try_from(small.allocated_bytes).unwrap_or(usize::MAX);
        let large_bytes = usize::try_from(large.allocated_bytes).unwrap_or(usize::MAX);
        let rows = [
            counted("journal appends", small.journal_appends, large.journal_appends),
            counted("facts", small.facts, large.facts),
            counted("cloud calls", small.cloud_calls, large.cloud_calls),
            counted("store exchanges", small.store_exchanges, large.store_exchanges),
            counted("journal bytes", small.journal_bytes, large.journal_bytes),
            counted("allocations", small_allocations, large_allocations),
            counted("allocated bytes", small_bytes, large_bytes),
        ];
        for (what, small, large) in rows {
            let ratio = ratio(small, large);
            println!("{name:8} {what:>28} {small:>9} {large:>9} {ratio:>9.1}");
            if ratio > LINEAR && large > 1_000 {
                steep.push(format!("{name}: {what} grows {ratio:.1} times"));
            }
        }
    }
    assert!(steep.is_empty(), "work grows faster than what there is to do: {steep:#?}");
}
