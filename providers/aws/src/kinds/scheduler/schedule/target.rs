//! What a schedule calls.

use std::collections::BTreeMap;

use aws_sdk_scheduler::types::{
    DeadLetterConfig, EventBridgeParameters, KinesisParameters, RetryPolicy, SqsParameters, Target,
};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use crate::failure::built;
use crate::fields::Fields;
use crate::kind::Check;
use crate::seen::{Told, filled, object};
use crate::settings::object_type;

/// How long and how often a call is tried again unless a schedule says otherwise: a day, in seconds, and 185 times. Source: "Configuring
/// retry policy" in the EventBridge Scheduler User Guide.
const USUAL_RETRIES: [(&str, i64); 2] = [("maximum_event_age_in_seconds", 86_400), ("maximum_retry_attempts", 185)];

/// What a target looks like.
pub fn target_type() -> Type {
    let retries = object_type(&[
        ("maximum_event_age_in_seconds", Type::Number, false),
        ("maximum_retry_attempts", Type::Number, false),
    ]);
    let event = object_type(&[("detail_type", Type::String, true), ("source", Type::String, true)]);
    object_type(&[
        ("arn", Type::String, true),
        ("role_arn", Type::String, true),
        ("input", Type::String, false),
        ("retry_policy", retries, false),
        ("dead_letter_config", object_type(&[("arn", Type::String, true)]), false),
        ("sqs_parameters", object_type(&[("message_group_id", Type::String, true)]), false),
        ("eventbridge_parameters", event, false),
        ("kinesis_parameters", object_type(&[("partition_key", Type::String, true)]), false),
    ])
}

/// What the service would refuse. Source: `RetryPolicy` in the EventBridge Scheduler service model.
pub fn check(check: &mut Check<'_>) {
    let policy = check.get("target").and_then(|target| target.get("retry_policy"));
    let number = |name: &str| policy?.get(name)?.as_number()?.as_i64();
    if number("maximum_event_age_in_seconds").is_some_and(|age| !(60..=86_400).contains(&age)) {
        check.refuse("`maximum_event_age_in_seconds` is between 60 and 86400", "write a number of seconds");
    }
    if number("maximum_retry_attempts").is_some_and(|attempts| !(0..=185).contains(&attempts)) {
        check.refuse("`maximum_retry_attempts` is between 0 and 185", "write a smaller number");
    }
}

/// The wish, with the one spelling of its retries: the usual ones are left out, others are whole.
///
/// The service shows what is usual where nothing was said, and cannot be told from somebody who said so.
pub fn spelled_out(desired: &Partial) -> Partial {
    let Value::Map(mut entries) = desired.clone() else { return desired.clone() };
    if let Some(Value::Map(target)) = entries.get_mut("target")
        && let Some(Value::Map(policy)) = target.remove("retry_policy")
        && let Some(whole) = whole(policy)
    {
        target.insert("retry_policy".to_owned(), Value::Map(whole));
    }
    Value::Map(entries)
}

/// A retry policy with both numbers; `None` when they are the usual ones.
fn whole<H: Clone + PartialEq>(mut policy: BTreeMap<String, Value<H>>) -> Option<BTreeMap<String, Value<H>>> {
    for (name, usual) in USUAL_RETRIES {
        let entry = policy.entry(name.to_owned()).or_insert(Value::Null);
        if entry.is_null() {
            *entry = Value::number(usual);
        }
    }
    let is_usual = USUAL_RETRIES.iter().all(|(name, usual)| policy.get(*name) == Some(&Value::number(*usual)));
    (!is_usual).then_some(policy)
}

/// The target as it is wanted.
pub fn target(inputs: Fields<'_>) -> Result<Target, Fault> {
    let fields = inputs.object("target").unwrap_or(Fields(&Known::Null));
    let target = Target::builder().arn(fields.need("arn")?).role_arn(fields.need("role_arn")?);
    let target = target
        .set_input(fields.owned("input"))
        .set_retry_policy(fields.object("retry_policy").map(retries))
        .set_dead_letter_config(fields.object("dead_letter_config").map(dead_letters))
        .set_sqs_parameters(fields.object("sqs_parameters").map(sqs))
        .set_event_bridge_parameters(fields.object("eventbridge_parameters").map(event).transpose()?)
        .set_kinesis_parameters(fields.object("kinesis_parameters").map(kinesis).transpose()?);
    built(target.build())
}

fn retries(fields: Fields<'_>) -> RetryPolicy {
    RetryPolicy::builder()
        .set_maximum_event_age_in_seconds(fields.int("maximum_event_age_in_seconds"))
        .set_maximum_retry_attempts(fields.int("maximum_retry_attempts"))
        .build()
}

fn dead_letters(fields: Fields<'_>) -> DeadLetterConfig {
    DeadLetterConfig::builder().set_arn(fields.owned("arn")).build()
}

fn sqs(fields: Fields<'_>) -> SqsParameters {
    SqsParameters::builder().set_message_group_id(fields.owned("message_group_id")).build()
}

fn event(fields: Fields<'_>) -> Result<EventBridgeParameters, Fault> {
    let event = EventBridgeParameters::builder().detail_type(fields.need("detail_type")?);
    built(event.source(fields.need("source")?).build())
}

fn kinesis(fields: Fields<'_>) -> Result<KinesisParameters, Fault> {
    built(KinesisParameters::builder().partition_key(fields.need("partition_key")?).build())
}

/// The target as it is.
pub fn shown(target: &Target) -> Known {
    let dead_letters = target.dead_letter_config().and_then(DeadLetterConfig::arn);
    let group = target.sqs_parameters().and_then(SqsParameters::message_group_id);
    let event = target.event_bridge_parameters();
    let key = target.kinesis_parameters().map(KinesisParameters::partition_key);
    object([
        ("arn", target.arn().told()),
        ("role_arn", target.role_arn().told()),
        ("input", filled(target.input())),
        ("retry_policy", target.retry_policy().map_or(Value::Null, shown_retries)),
        ("dead_letter_config", object([("arn", dead_letters.told())])),
        ("sqs_parameters", object([("message_group_id", group.told())])),
        (
            "eventbridge_parameters",
            object([
                ("detail_type", event.map(EventBridgeParameters::detail_type).told()),
                ("source", event.map(EventBridgeParameters::source).told()),
            ]),
        ),
        ("kinesis_parameters", object([("partition_key", key.told())])),
    ])
}

fn shown_retries(policy: &RetryPolicy) -> Known {
    let numbers = [policy.maximum_event_age_in_seconds(), policy.maximum_retry_attempts()];
    let entries = USUAL_RETRIES.iter().zip(numbers).map(|((name, _), number)| ((*name).to_owned(), number.told()));
    whole(entries.collect()).map_or(Value::Null, Value::Map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(policy: Partial) -> Partial {
        Value::map([("target", Value::map([("arn", Value::string("a")), ("retry_policy", policy)]))])
    }

    #[test]
    fn retries_have_one_spelling() {
        let number = |value: i64| Partial::number(value);
        let usual = Value::map([("maximum_retry_attempts", number(185))]);
        assert_eq!(spelled_out(&wish(usual)), Value::map([("target", Value::map([("arn", Value::string("a"))]))]));
        let few = Value::map([("maximum_retry_attempts", number(3))]);
        let whole =
            Value::map([("maximum_retry_attempts", number(3)), ("maximum_event_age_in_seconds", number(86_400))]);
        assert_eq!(spelled_out(&wish(few)), wish(whole));
    }
}
