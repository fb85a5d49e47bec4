//! `aws_cloudwatch_metric_alarm`.

mod attributes;
mod queries;

use async_trait::async_trait;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder as Put;
use aws_sdk_cloudwatch::types::{
    AlarmType, ComparisonOperator, Dimension, MetricAlarm as Shown, StandardUnit, Statistic, Tag,
};
use siac_core::model::schema::RecoveryClass;
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::marks::Tags;
use crate::seen::{Seen, Told, filled, texts};

/// The kind.
pub struct MetricAlarm;

#[async_trait]
impl Kind for MetricAlarm {
    fn describe(&self) -> Described {
        Described::new("an alarm on a metric, or on an expression of metrics", RecoveryClass::Put, attributes::all())
            .named("alarm_name", 255)
            .tagged()
            .needs(&[
                "cloudwatch:DeleteAlarms",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:ListTagsForResource",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        attributes::check(check);
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("alarm_name")
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let call = aws.cloudwatch().describe_alarms().alarm_names(remote).alarm_types(AlarmType::MetricAlarm);
        let answer = call.send().await.of("cloudwatch:DescribeAlarms")?;
        let Some(alarm) = answer.metric_alarms().iter().find(|alarm| alarm.alarm_name() == Some(remote)) else {
            return Ok(None);
        };
        let call = aws.cloudwatch().list_tags_for_resource().set_resource_arn(alarm.alarm_arn().map(str::to_owned));
        let Some(tags) = call.send().await.of("cloudwatch:ListTagsForResource").or_absent()? else { return Ok(None) };
        let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
        Ok(Some(shown(alarm, remembered).tags(tags.tags().iter().filter_map(pair))))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let name = task.inputs.need("alarm_name")?;
        put(task, name).set_tags(Some(tags(task.tags()))).send().await.of("cloudwatch:PutMetricAlarm")?;
        Ok(name.to_owned())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        if !task.differing(seen).is_empty() {
            // Putting an alarm again leaves its tags alone, and takes away every setting that is not named.
            put(task, remote).send().await.of("cloudwatch:PutMetricAlarm")?;
        }
        retag(task, remote, seen).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.cloudwatch()
            .delete_alarms()
            .alarm_names(remote)
            .send()
            .await
            .of("cloudwatch:DeleteAlarms")
            .absent_on(&["ResourceNotFound"])
            .or_gone()
    }
}

fn tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The alarm as it is wanted, its tags left out.
fn put(task: &Task<'_>, name: &str) -> Put {
    let inputs = task.inputs;
    let call = task.aws.cloudwatch().put_metric_alarm().alarm_name(name);
    let call = call
        .set_alarm_description(inputs.owned("alarm_description"))
        .set_actions_enabled(inputs.flag("actions_enabled"))
        .set_alarm_actions(inputs.texts("alarm_actions"))
        .set_ok_actions(inputs.texts("ok_actions"))
        .set_insufficient_data_actions(inputs.texts("insufficient_data_actions"))
        .set_comparison_operator(inputs.text("comparison_operator").map(ComparisonOperator::from))
        .set_evaluation_periods(inputs.int("evaluation_periods"))
        .set_datapoints_to_alarm(inputs.int("datapoints_to_alarm"))
        .set_threshold(inputs.float("threshold"))
        .set_threshold_metric_id(inputs.owned("threshold_metric_id"))
        .set_treat_missing_data(inputs.owned("treat_missing_data"))
        .set_evaluate_low_sample_count_percentile(inputs.owned("evaluate_low_sample_count_percentiles"));
    measuring(call, inputs)
}

/// What the alarm measures: one metric, or queries.
fn measuring(call: Put, inputs: Fields<'_>) -> Put {
    let metrics: Vec<_> = inputs.objects("metric_query").into_iter().map(queries::query).collect();
    call.set_namespace(inputs.owned("namespace"))
        .set_metric_name(inputs.owned("metric_name"))
        .set_dimensions(inputs.map("dimensions").map(dimensions))
        .set_statistic(inputs.text("statistic").map(Statistic::from))
        .set_extended_statistic(inputs.owned("extended_statistic"))
        .set_period(inputs.int("period"))
        .set_unit(inputs.text("unit").map(StandardUnit::from))
        .set_metrics(Some(metrics).filter(|metrics| !metrics.is_empty()))
}

/// Dimensions as CloudWatch takes them.
fn dimensions(entries: Tags) -> Vec<Dimension> {
    entries.into_iter().map(|(name, value)| Dimension::builder().name(name).value(value).build()).collect()
}

/// Dimensions as a map; null when there are none.
fn shown_dimensions(dimensions: &[Dimension]) -> Known {
    let entry = |it: &Dimension| Some((it.name()?.to_owned(), Value::string(it.value()?)));
    match dimensions.is_empty() {
        true => Value::Null,
        false => Value::Map(dimensions.iter().filter_map(entry).collect()),
    }
}

fn shown(alarm: &Shown, remembered: Option<&Object>) -> Seen {
    let settings = Seen::new()
        .input("alarm_name", alarm.alarm_name())
        .input("alarm_description", filled(alarm.alarm_description()))
        .input("actions_enabled", alarm.actions_enabled().unwrap_or(true))
        .input("alarm_actions", texts(alarm.alarm_actions()))
        .input("ok_actions", texts(alarm.ok_actions()))
        .input("insufficient_data_actions", texts(alarm.insufficient_data_actions()))
        .input("comparison_operator", alarm.comparison_operator().map(ComparisonOperator::as_str))
        .input("evaluation_periods", alarm.evaluation_periods())
        .input("datapoints_to_alarm", alarm.datapoints_to_alarm())
        .input("threshold", alarm.threshold().filter(|_| alarm.threshold_metric_id().is_none()))
        .input("threshold_metric_id", filled(alarm.threshold_metric_id()))
        .input("treat_missing_data", filled(alarm.treat_missing_data().or(Some("missing"))))
        .input("evaluate_low_sample_count_percentiles", filled(alarm.evaluate_low_sample_count_percentile()));
    settings
        .input("namespace", filled(alarm.namespace()))
        .input("metric_name", filled(alarm.metric_name()))
        .input("dimensions", shown_dimensions(alarm.dimensions()))
        .input("statistic", alarm.statistic().filter(|_| alarm.extended_statistic().is_none()).map(Statistic::as_str))
        .input("extended_statistic", filled(alarm.extended_statistic()))
        .input("period", alarm.period().filter(|period| *period > 0))
        .input("unit", alarm.unit().map(StandardUnit::as_str).told())
        .input("metric_query", queries::shown(alarm.metrics(), &queries::written(remembered)))
        .output("arn", alarm.alarm_arn())
}

async fn retag(task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
    let retagging = task.retagging(seen);
    let arn = task.aws.arn("cloudwatch", &format!("alarm:{remote}"));
    if !retagging.set.is_empty() {
        let call = task.aws.cloudwatch().tag_resource().resource_arn(&arn).set_tags(Some(tags(retagging.set)));
        call.send().await.of("cloudwatch:TagResource")?;
    }
    if !retagging.removed.is_empty() {
        let call = task.aws.cloudwatch().untag_resource().resource_arn(&arn).set_tag_keys(Some(retagging.removed));
        call.send().await.of("cloudwatch:UntagResource")?;
    }
    Ok(())
}
