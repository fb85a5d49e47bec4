//! What an alarm measures when it is more than one metric: queries, and expressions of them.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::{Metric, MetricDataQuery, MetricStat, StandardUnit};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};

use super::{dimensions, shown_dimensions};
use crate::fields::Fields;
use crate::kind::Check;
use crate::seen::{Told, filled, object, raised};
use crate::settings::object_type;

/// The most queries of an alarm. Source: "Metric math" under "Creating an alarm" in the CloudWatch User Guide: 10 metrics; the API
/// reference allows 20 entries.
const MOST: usize = 20;

/// What a query looks like.
pub fn query_type() -> Type {
    let metric = object_type(&[
        ("metric_name", Type::String, true),
        ("namespace", Type::String, false),
        ("period", Type::Number, true),
        ("stat", Type::String, true),
        ("unit", Type::String, false),
        ("dimensions", Type::map(Type::String), false),
    ]);
    object_type(&[
        ("id", Type::String, true),
        ("metric", metric, false),
        ("expression", Type::String, false),
        ("label", Type::String, false),
        ("period", Type::Number, false),
        ("return_data", Type::Bool, false),
        ("account_id", Type::String, false),
    ])
}

/// What CloudWatch would refuse. Source: `MetricDataQuery` in the CloudWatch API reference.
pub fn check(check: &mut Check<'_>) {
    let Some(queries) = check.get("metric_query").and_then(Partial::as_list) else { return };
    if queries.len() > MOST {
        check.refuse(format!("an alarm has at most {MOST} queries"), "write fewer");
    }
    let mut ids = BTreeSet::new();
    for query in queries {
        let set = |name: &str| query.get(name).is_some_and(|value| !value.is_null());
        let id = query.get("id").and_then(Partial::as_str).unwrap_or("?");
        if set("metric") == set("expression") {
            check.refuse(format!("the query `{id}` needs a `metric` or an `expression`, and not both"), "keep one");
        }
        if id != "?" && !id.starts_with(|c: char| c.is_ascii_lowercase()) {
            check.refuse(format!("the `id` `{id}` does not begin with a lower-case letter"), "choose another one");
        }
        if id != "?" && !ids.insert(id) {
            check.refuse(format!("two queries have the `id` `{id}`"), "give each its own");
        }
    }
    returned_once(check, queries);
}

/// One query is compared; where a band stands for the threshold, the band is returned, too.
fn returned_once(check: &mut Check<'_>, queries: &[Partial]) {
    let flags = queries.iter().map(|query| query.get("return_data"));
    if flags.clone().any(|flag| flag.is_some_and(|flag| !flag.holes().is_empty())) {
        return;
    }
    let returned = flags.filter(|flag| flag.and_then(Partial::as_bool) == Some(true)).count();
    let wanted = if check.has("threshold_metric_id") { 1..=2 } else { 1..=1 };
    if !wanted.contains(&returned) {
        check.refuse(format!("{returned} queries have `return_data = true`"), "set it on the one that is compared");
    }
}

/// A query as CloudWatch takes it.
pub fn query(fields: Fields<'_>) -> MetricDataQuery {
    MetricDataQuery::builder()
        .set_id(fields.owned("id"))
        .set_metric_stat(fields.object("metric").map(measured))
        .set_expression(fields.owned("expression"))
        .set_label(fields.owned("label"))
        .set_period(fields.int("period"))
        .return_data(fields.is("return_data"))
        .set_account_id(fields.owned("account_id"))
        .build()
}

fn measured(fields: Fields<'_>) -> MetricStat {
    let metric = Metric::builder()
        .set_metric_name(fields.owned("metric_name"))
        .set_namespace(fields.owned("namespace"))
        .set_dimensions(fields.map("dimensions").map(dimensions));
    MetricStat::builder()
        .metric(metric.build())
        .set_period(fields.int("period"))
        .set_stat(fields.owned("stat"))
        .set_unit(fields.text("unit").map(StandardUnit::from))
        .build()
}

/// The ids of queries, in the order in which they were written.
pub fn written(remembered: Option<&Object>) -> Vec<&str> {
    let queries = remembered.and_then(|it| it.inputs.get("metric_query")).and_then(Partial::as_list);
    queries.into_iter().flatten().filter_map(|it| it.get("id")?.as_str()).collect()
}

/// The queries as they are, in the order of these ids; null when there are none.
pub fn shown(queries: &[MetricDataQuery], ids: &[&str]) -> Known {
    let place = |query: &MetricDataQuery| ids.iter().position(|id| query.id() == Some(id)).unwrap_or(ids.len());
    let mut queries: Vec<&MetricDataQuery> = queries.iter().collect();
    queries.sort_by_key(|query| place(query));
    match queries.is_empty() {
        true => Value::Null,
        false => queries.into_iter().map(shown_query).collect::<Vec<Known>>().told(),
    }
}

fn shown_query(query: &MetricDataQuery) -> Known {
    object([
        ("id", query.id().told()),
        ("metric", query.metric_stat().map(shown_metric).told()),
        ("expression", filled(query.expression())),
        ("label", filled(query.label())),
        ("period", query.period().told()),
        ("return_data", raised(query.return_data())),
        ("account_id", filled(query.account_id())),
    ])
}

fn shown_metric(stat: &MetricStat) -> Known {
    let metric = stat.metric();
    object([
        ("metric_name", metric.and_then(Metric::metric_name).told()),
        ("namespace", metric.and_then(Metric::namespace).told()),
        ("dimensions", metric.map(|metric| shown_dimensions(metric.dimensions())).told()),
        ("period", stat.period().told()),
        ("stat", stat.stat().told()),
        ("unit", stat.unit().map(StandardUnit::as_str).told()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: &str) -> MetricDataQuery {
        MetricDataQuery::builder().id(id).expression("1").return_data(false).build()
    }

    #[test]
    fn queries_are_told_in_the_order_in_which_they_were_written() {
        let shown = shown(&[named("a"), named("b")], &["b", "a"]);
        let ids: Vec<&str> = shown.as_list().unwrap().iter().filter_map(|it| it.get("id")?.as_str()).collect();
        assert_eq!(ids, ["b", "a"]);
    }
}
