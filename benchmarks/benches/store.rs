//! Sealing and opening a snapshot, and appending to a journal on the disk.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use siac_benchmarks::remember::remembered;
use siac_benchmarks::{SIZES, sealing, stack};
use siac_core::model::event::Fact;
use siac_core::model::plan::Plan;
use siac_core::model::snapshot::Snapshot;
use siac_core::planning::Options;
use siac_engine::journal::Journal;
use tokio::runtime::{Builder, Runtime};

fn plan(size: usize) -> Box<Plan> {
    let catalogues = stack::catalogues();
    let (stack, loaded) = stack::loaded(size, &catalogues);
    stack::planned(&stack, &loaded, &Snapshot::empty(stack::NAME), &catalogues, &Options::default())
}

fn snapshots(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot");
    for size in SIZES {
        let snapshot = remembered(&plan(size));
        let sealed = sealing::seal(&snapshot);
        group.throughput(Throughput::Elements(size as u64)).sample_size(10);
        group.bench_function(BenchmarkId::new("seal", size), |bencher| {
            bencher.iter(|| sealing::seal(black_box(&snapshot)))
        });
        group.bench_function(BenchmarkId::new("open", size), |bencher| {
            bencher.iter(|| sealing::open(black_box(&sealed)))
        });
    }
}

/// One append makes so many facts durable: one, and what gathers while ten calls are under way.
fn appends(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().build().expect("a runtime can be built");
    let facts = sealing::facts(&plan(100));
    let mut group = criterion.benchmark_group("append");
    for batch in [1, 20] {
        group.throughput(Throughput::Elements(batch as u64)).sample_size(20);
        group.bench_function(BenchmarkId::from_parameter(batch), |bencher| {
            bencher.iter_custom(|times| append(&runtime, &facts[..batch], times));
        });
    }
}

fn append(runtime: &Runtime, facts: &[Fact], times: u64) -> Duration {
    let folder = tempfile::tempdir().expect("a folder can be made");
    runtime.block_on(async {
        let mut session = sealing::session(folder.path()).await;
        let started = Instant::now();
        for _ in 0..times {
            session.append(facts).await.expect("the journal takes facts");
        }
        started.elapsed()
    })
}

criterion_group!(benches, snapshots, appends);
criterion_main!(benches);
