//! Loading a stack, and evaluating expressions.

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use siac_benchmarks::{SIZES, stack};
use siac_core::language::evaluate::evaluate;
use siac_core::language::parse_expression::parse_text;
use siac_core::language::parse_expression::placement::Placement;
use siac_core::language::scope::{FileAnswer, FileQuestion, Lookup, Scope};
use siac_core::model::expression::Expression;
use siac_core::model::path::Segment;
use siac_core::model::value::{Origin, Partial, Value};

fn load(criterion: &mut Criterion) {
    let catalogues = stack::catalogues();
    let mut group = criterion.benchmark_group("load");
    for size in SIZES {
        let text: Arc<str> = stack::text(size).into();
        group.throughput(Throughput::Elements(size as u64)).sample_size(10);
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| stack::load(black_box(&text), &catalogues));
        });
    }
}

/// One list, known.
struct Numbers(Partial);

impl Scope for Numbers {
    fn lookup(&self, _: &str, _: &[Segment]) -> Lookup<'_> {
        Lookup::Found { value: Cow::Borrowed(&self.0), consumed: 1 }
    }

    fn origin(&self, _: &Origin) -> Option<Cow<'_, Partial>> {
        None
    }

    fn file(&self, _: &FileQuestion) -> FileAnswer {
        FileAnswer::Missing
    }

    fn folder(&self) -> &str {
        ""
    }
}

fn parsed(text: &str) -> Expression {
    parse_text(text, &Placement::linear(0, 0, text.len() as u32)).expect("the expression has no mistake")
}

fn expressions(criterion: &mut Criterion) {
    let scope = Numbers(Value::List((0..1_000_i64).map(Value::number).collect()));
    let mut group = criterion.benchmark_group("evaluate");
    for (name, text) in [
        ("template", "number ${var.numbers[7]} of ${length(var.numbers)}"),
        ("loop over 1000", "${[for number in var.numbers : number * 2 if number > 500]}"),
    ] {
        let expression = parsed(text);
        let evaluation = evaluate(&expression, &scope);
        assert!(!evaluation.diagnostics.has_errors(), "{:?}", evaluation.diagnostics);
        group.bench_function(name, |bencher| bencher.iter(|| evaluate(black_box(&expression), &scope)));
    }
}

criterion_group!(benches, load, expressions);
criterion_main!(benches);
