//! Planning: from nothing, and when nothing changed.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use siac_benchmarks::remember::remembered;
use siac_benchmarks::{SIZES, stack};
use siac_core::model::snapshot::Snapshot;
use siac_core::planning::Options;

fn planning(criterion: &mut Criterion) {
    let catalogues = stack::catalogues();
    let empty = Snapshot::empty(stack::NAME);
    let looking = Options::default();
    let offline = Options { offline: true, ..Options::default() };
    let mut group = criterion.benchmark_group("plan");
    for size in SIZES {
        let (stack, loaded) = stack::loaded(size, &catalogues);
        let snapshot = remembered(&stack::planned(&stack, &loaded, &empty, &catalogues, &looking));
        let situations = [
            ("nothing remembered", &empty, &looking),
            ("unchanged", &snapshot, &looking),
            ("unchanged, offline", &snapshot, &offline),
        ];
        group.throughput(Throughput::Elements(size as u64)).sample_size(10);
        for (name, snapshot, options) in situations {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| stack::planned(&stack, &loaded, black_box(snapshot), &catalogues, options));
            });
        }
    }
}

criterion_group!(benches, planning);
criterion_main!(benches);
