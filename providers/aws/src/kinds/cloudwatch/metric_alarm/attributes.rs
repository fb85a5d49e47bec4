//! What an alarm takes, and within which limits.

use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};

use super::queries;
use crate::kind::Check;

/// How an alarm compares. `ComparisonOperator` in the CloudWatch service model.
const OPERATORS: &[&str] = &[
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
];

/// Units of measure. `StandardUnit` in the CloudWatch service model.
const UNITS: &[&str] = &[
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// What names the one metric of an alarm, and what excludes queries.
const OF_ONE_METRIC: [&str; 7] =
    ["metric_name", "namespace", "dimensions", "period", "statistic", "extended_statistic", "unit"];

/// The attributes.
pub fn all() -> Vec<(&'static str, Attribute)> {
    [itself(), evaluation(), metric(), actions()].concat()
}

fn text(description: &'static str) -> Attribute {
    Attribute::optional(Type::String, description)
}

fn itself() -> Vec<(&'static str, Attribute)> {
    vec![
        (
            "alarm_name",
            // `AlarmName` in the CloudWatch service model.
            Attribute::optional_computed(Type::String, "its name, unique in the region; made when none is given")
                .immutable()
                .rule(Rule::Length(1, 255)),
        ),
        // `AlarmDescription`.
        ("alarm_description", text("what it is for").rule(Rule::Length(0, 1024))),
        ("arn", Attribute::computed(Type::String, "its ARN").stays()),
    ]
}

fn evaluation() -> Vec<(&'static str, Attribute)> {
    let number = |description| Attribute::optional(Type::Number, description);
    vec![
        (
            "comparison_operator",
            Attribute::required(Type::String, "how the value is compared with the threshold")
                .rule(Rule::OneOf(OPERATORS)),
        ),
        (
            "evaluation_periods",
            // `EvaluationPeriods`; a week of ten-second periods is the most that an alarm may look at.
            Attribute::required(Type::Number, "over how many periods the value is compared")
                .rule(Rule::Between(1, 60_480)),
        ),
        (
            "datapoints_to_alarm",
            number("how many of these periods must be beyond the threshold; all when not set")
                .rule(Rule::Between(1, 60_480)),
        ),
        ("threshold", number("the value to compare with, in the unit of the metric")),
        ("threshold_metric_id", text("the `id` of the query whose band stands for a threshold")),
        (
            "treat_missing_data",
            text("what a period without data means").default(Value::string("missing")).rule(Rule::OneOf(&[
                "missing",
                "ignore",
                "breaching",
                "notBreaching",
            ])),
        ),
        (
            "evaluate_low_sample_count_percentiles",
            text("whether percentiles of few samples count").rule(Rule::OneOf(&["evaluate", "ignore"])),
        ),
    ]
}

fn metric() -> Vec<(&'static str, Attribute)> {
    vec![
        // `MetricName` and `Namespace`.
        ("metric_name", text("the name of the metric").rule(Rule::Length(1, 255))),
        (
            "namespace",
            text("the namespace of the metric, for instance `AWS/Lambda`")
                .rule(Rule::Length(1, 255))
                .rule(Rule::Matches("[^:].*", "a namespace that does not begin with `:`")),
        ),
        ("dimensions", Attribute::optional(Type::map(Type::String), "the dimensions of the metric")),
        (
            "statistic",
            text("what the values of a period come to").rule(Rule::OneOf(&[
                "SampleCount",
                "Average",
                "Sum",
                "Minimum",
                "Maximum",
            ])),
        ),
        (
            "extended_statistic",
            // `PutMetricAlarm` in the CloudWatch API reference.
            text("a percentile or another statistic of a period, for instance `p99`").rule(Rule::Matches(
                r"(p|tm|tc|ts|wm|tm|iqm)[0-9]{0,2}(\.[0-9]+)?|p100|IQM|(PR|TM|TC|TS|WM)\(.+\)",
                "a statistic such as `p99`, `tm90` or `PR(:300)`",
            )),
        ),
        ("period", Attribute::optional(Type::Number, "the length of a period, in seconds")),
        ("unit", text("the unit of the values that count; any when not set").rule(Rule::OneOf(UNITS))),
        (
            "metric_query",
            Attribute::optional(
                Type::list(queries::query_type()),
                "metrics and expressions of them, each with an `id`; the one with `return_data` is compared",
            ),
        ),
    ]
}

fn actions() -> Vec<(&'static str, Attribute)> {
    let actions = |description| {
        // `ResourceName` in the CloudWatch service model.
        Attribute::optional(Type::set(Type::String), description).rule(Rule::Length(1, 1024))
    };
    vec![
        (
            "actions_enabled",
            Attribute::optional(Type::Bool, "whether its actions are carried out").default(Value::Bool(true)),
        ),
        ("alarm_actions", actions("the ARNs of what is told when it goes off")),
        ("ok_actions", actions("the ARNs of what is told when all is well again")),
        ("insufficient_data_actions", actions("the ARNs of what is told when data are missing")),
    ]
}

/// What CloudWatch would refuse. Source: `PutMetricAlarm` in the CloudWatch API reference.
pub fn check(check: &mut Check<'_>) {
    check.exactly_one(&["metric_name", "metric_query"]);
    if check.has("metric_query") {
        queries::check(check);
        for name in OF_ONE_METRIC.into_iter().filter(|name| check.has(name)).collect::<Vec<_>>() {
            if name != "metric_name" {
                check.refuse(format!("`{name}` has no meaning beside `metric_query`"), "write it into a query");
            }
        }
    } else if check.has("metric_name") {
        one_metric(check);
    }
    thresholds(check);
    actions_fit(check);
}

fn one_metric(check: &mut Check<'_>) {
    check.exactly_one(&["statistic", "extended_statistic"]);
    for name in ["namespace", "period"] {
        if !check.has(name) {
            check.refuse(format!("`{name}` is needed beside `metric_name`"), "set it");
        }
    }
    // `Dimensions` in the CloudWatch service model.
    if check.get("dimensions").and_then(Partial::as_map).is_some_and(|all| all.len() > 30) {
        check.refuse("a metric has at most 30 dimensions", "name fewer");
    }
    let Some(period) = check.int("period") else { return };
    if ![10, 20, 30].contains(&period) && (period < 60 || period % 60 != 0) {
        check.refuse(format!("a period of {period} s cannot be had"), "write 10, 20, 30 or a multiple of 60");
    }
    let most = if period < 3_600 { 86_400 } else { 604_800 };
    if check.int("evaluation_periods").is_some_and(|periods| periods.saturating_mul(period) > most) {
        check.refuse(
            format!("the periods together are longer than {most} s"),
            "a day is the most, and a week where a period is an hour or longer",
        );
    }
}

fn thresholds(check: &mut Check<'_>) {
    check.exactly_one(&["threshold", "threshold_metric_id"]);
    if let (Some(some), Some(all)) = (check.int("datapoints_to_alarm"), check.int("evaluation_periods"))
        && some > all
    {
        check.refuse(
            format!("{some} of {all} periods cannot be beyond the threshold"),
            "`datapoints_to_alarm` is at most `evaluation_periods`",
        );
    }
}

/// At most five actions of a kind.
fn actions_fit(check: &mut Check<'_>) {
    for name in ["alarm_actions", "ok_actions", "insufficient_data_actions"] {
        if check.get(name).and_then(Partial::as_list).is_some_and(|all| all.len() > 5) {
            check.refuse(format!("`{name}` has more than 5 entries"), "tell one topic, and let it tell the others");
        }
    }
}
