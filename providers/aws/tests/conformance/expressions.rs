//! Alarms on expressions of metrics.

use siac_core::model::address::ResourceAddress;
use siac_core::model::plan::Action;
use siac_core::model::snapshot::Status;

use crate::house::{Goal, House};

/// An alarm on the part of calls that fail.
fn alarm(threshold: &str) -> String {
    format!(
        r#"
        [resource.aws_cloudwatch_metric_alarm.it]
        alarm_name = "t-share"
        comparison_operator = "GreaterThanThreshold"
        evaluation_periods = 5
        datapoints_to_alarm = 3
        threshold = {threshold}
        treat_missing_data = "notBreaching"
        metric_query = [
            {{ id = "share", expression = "100 * errors / calls", label = "failures in %", return_data = true }},
            {{ id = "errors", metric = {{ namespace = "AWS/Lambda", metric_name = "Errors", period = 60, stat = "Sum", dimensions = {{ FunctionName = "api" }} }} }},
            {{ id = "calls", metric = {{ namespace = "AWS/Lambda", metric_name = "Invocations", period = 60, stat = "Sum", unit = "Count" }}, return_data = false }},
        ]
        "#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_may_watch_an_expression() {
    let house = House::new().await;
    let address = ResourceAddress::managed("aws_cloudwatch_metric_alarm", "it");
    let made = house.run(Goal::Stack(&alarm("0.5"))).await.unwrap();
    assert_eq!((made.status, &made.failures), (Some(Status::Complete), &Vec::new()));
    let again = house.plan(&alarm("0.5")).await.unwrap();
    assert!(again.actions.is_empty(), "{:?}", again.changes);
    let changed = house.run(Goal::Stack(&alarm("2"))).await.unwrap();
    assert_eq!((changed.status, changed.actions), (Some(Status::Complete), vec![(address.clone(), Action::Update)]));
    assert!(house.plan(&alarm("2")).await.unwrap().actions.is_empty());
    // Somebody else compares something else.
    house.meddle(
        "cloudwatch",
        "put_metric_alarm",
        r#"{"AlarmName": "t-share", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 5, "Threshold": 2.0,
            "Metrics": [{"Id": "share", "Expression": "errors * 2", "ReturnData": true},
                {"Id": "errors", "MetricStat": {"Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}, "ReturnData": false}]}"#,
    );
    let repaired = house.run(Goal::Stack(&alarm("2"))).await.unwrap();
    assert_eq!((repaired.status, repaired.actions), (Some(Status::Complete), vec![(address, Action::Update)]));
    assert!(house.plan(&alarm("2")).await.unwrap().actions.is_empty());
    assert_eq!(house.run(Goal::Nothing).await.unwrap().status, Some(Status::Complete));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cloudwatch_would_refuse_is_refused_first() {
    let house = House::new().await;
    let twice = alarm("1").replace("id = \"calls\"", "id = \"errors\"");
    let refused = house.plan(&twice).await.unwrap_err();
    assert!(refused.contains("two queries have the `id` `errors`"), "{refused}");
    let both = alarm("1").replace("threshold = 1", "threshold = 1\nperiod = 60");
    let refused = house.plan(&both).await.unwrap_err();
    assert!(refused.contains("`period` has no meaning beside `metric_query`"), "{refused}");
    let none = alarm("1").replace("return_data = true", "return_data = false");
    let refused = house.plan(&none).await.unwrap_err();
    assert!(refused.contains("0 queries have `return_data = true`"), "{refused}");
}
