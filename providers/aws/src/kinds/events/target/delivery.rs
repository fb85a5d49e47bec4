//! How events are delivered to a target, and what it is given.

use std::collections::HashMap;

use aws_sdk_eventbridge::types::{
    HttpParameters, InputTransformer, KinesisParameters, RetryPolicy, SqsParameters, Target,
};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use super::super::{dead_letters, shown_dead_letters};
use crate::failure::built;
use crate::fields::Fields;
use crate::kind::Check;
use crate::seen::{Seen, Told, filled, object, texts};
use crate::settings::object_type;

/// What the target is given, made of parts of the event.
pub fn transformer_type() -> Type {
    object_type(&[("input_paths", Type::map(Type::String), false), ("input_template", Type::String, true)])
}

/// How long, in seconds, and how often a delivery is tried.
pub fn retry_type() -> Type {
    object_type(&[
        ("maximum_event_age_in_seconds", Type::Number, false),
        ("maximum_retry_attempts", Type::Number, false),
    ])
}

/// What a FIFO queue needs.
pub fn sqs_type() -> Type {
    object_type(&[("message_group_id", Type::String, true)])
}

/// What a stream needs.
pub fn kinesis_type() -> Type {
    object_type(&[("partition_key_path", Type::String, true)])
}

/// What an HTTP endpoint takes.
pub fn http_type() -> Type {
    object_type(&[
        ("path_parameter_values", Type::list(Type::String), false),
        ("header_parameters", Type::map(Type::String), false),
        ("query_string_parameters", Type::map(Type::String), false),
    ])
}

/// What EventBridge would refuse. Source: `RetryPolicy` and `InputTransformer` in the EventBridge service model.
pub fn check(check: &mut Check<'_>) {
    let number = |name: &str| check.get("retry_policy")?.get(name)?.as_number()?.as_i64();
    let (age, attempts) = (number("maximum_event_age_in_seconds"), number("maximum_retry_attempts"));
    if age.is_some_and(|age| !(60..=86_400).contains(&age)) {
        check.refuse("`maximum_event_age_in_seconds` is between 60 and 86400", "write a number of seconds");
    }
    if attempts.is_some_and(|attempts| !(0..=185).contains(&attempts)) {
        check.refuse("`maximum_retry_attempts` is between 0 and 185", "write a smaller number");
    }
    let template = check.get("input_transformer").and_then(|it| it.get("input_template")).and_then(Partial::as_str);
    if template.is_some_and(|text| text.is_empty() || text.chars().count() > 8_192) {
        check.refuse("`input_template` has between 1 and 8192 characters", "shorten it");
    }
}

/// The target as it is wanted.
pub fn target(inputs: Fields<'_>, id: &str) -> Result<Target, Fault> {
    let target = Target::builder().id(id).arn(inputs.need("arn")?).set_role_arn(inputs.owned("role_arn"));
    let target = target
        .set_input(inputs.owned("input"))
        .set_input_path(inputs.owned("input_path"))
        .set_input_transformer(inputs.object("input_transformer").map(transformer).transpose()?)
        .set_retry_policy(inputs.object("retry_policy").map(retry))
        .set_dead_letter_config(inputs.object("dead_letter_config").map(dead_letters))
        .set_sqs_parameters(inputs.object("sqs_target").map(sqs))
        .set_kinesis_parameters(inputs.object("kinesis_target").map(kinesis).transpose()?)
        .set_http_parameters(inputs.object("http_target").map(http));
    built(target.build())
}

fn transformer(fields: Fields<'_>) -> Result<InputTransformer, Fault> {
    let paths = fields.map("input_paths").map(|paths| paths.into_iter().collect());
    let template = fields.need("input_template")?;
    built(InputTransformer::builder().set_input_paths_map(paths).input_template(template).build())
}

fn retry(fields: Fields<'_>) -> RetryPolicy {
    RetryPolicy::builder()
        .set_maximum_event_age_in_seconds(fields.int("maximum_event_age_in_seconds"))
        .set_maximum_retry_attempts(fields.int("maximum_retry_attempts"))
        .build()
}

fn sqs(fields: Fields<'_>) -> SqsParameters {
    SqsParameters::builder().set_message_group_id(fields.owned("message_group_id")).build()
}

fn kinesis(fields: Fields<'_>) -> Result<KinesisParameters, Fault> {
    built(KinesisParameters::builder().partition_key_path(fields.need("partition_key_path")?).build())
}

fn http(fields: Fields<'_>) -> HttpParameters {
    let map = |name: &str| fields.map(name).map(|entries| entries.into_iter().collect());
    HttpParameters::builder()
        .set_path_parameter_values(fields.texts("path_parameter_values"))
        .set_header_parameters(map("header_parameters"))
        .set_query_string_parameters(map("query_string_parameters"))
        .build()
}

/// The target as it is.
pub fn shown(target: &Target) -> Seen {
    let sqs = target.sqs_parameters().and_then(SqsParameters::message_group_id);
    let kinesis = target.kinesis_parameters().map(KinesisParameters::partition_key_path);
    Seen::new()
        .input("arn", target.arn())
        .input("role_arn", filled(target.role_arn()))
        .input("input", filled(target.input()))
        .input("input_path", filled(target.input_path()))
        .input("input_transformer", target.input_transformer().map(shown_transformer).told())
        .input("retry_policy", target.retry_policy().map(shown_retry).told())
        .input("dead_letter_config", shown_dead_letters(target.dead_letter_config()))
        .input("sqs_target", object([("message_group_id", sqs.told())]))
        .input("kinesis_target", object([("partition_key_path", kinesis.told())]))
        .input("http_target", target.http_parameters().map(shown_http).told())
}

fn shown_transformer(transformer: &InputTransformer) -> Known {
    object([
        ("input_paths", map(transformer.input_paths_map())),
        ("input_template", transformer.input_template().told()),
    ])
}

fn shown_retry(policy: &RetryPolicy) -> Known {
    object([
        ("maximum_event_age_in_seconds", policy.maximum_event_age_in_seconds().told()),
        ("maximum_retry_attempts", policy.maximum_retry_attempts().told()),
    ])
}

fn shown_http(parameters: &HttpParameters) -> Known {
    object([
        ("path_parameter_values", texts(parameters.path_parameter_values())),
        ("header_parameters", map(parameters.header_parameters())),
        ("query_string_parameters", map(parameters.query_string_parameters())),
    ])
}

/// Texts by key; null when there are none.
fn map(entries: Option<&HashMap<String, String>>) -> Known {
    let entries = entries.into_iter().flatten().map(|(key, value)| (key.clone(), Value::string(value)));
    let entries = entries.collect::<std::collections::BTreeMap<_, _>>();
    if entries.is_empty() { Value::Null } else { Value::Map(entries) }
}
