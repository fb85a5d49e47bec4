//! `aws_lambda_event_source_mapping`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::operation::get_event_source_mapping::GetEventSourceMappingOutput as Shown;
use aws_sdk_lambda::types::{
    DestinationConfig, EventSourcePosition, Filter, FilterCriteria, FunctionResponseType, OnFailure, ScalingConfig,
};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use super::{bare_name, retag, role_is_new};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::{Seen, Told, object, texts};
use crate::settings::object_type;
use crate::wait::{Standing, until};

/// The kind. AWS knows it by a UUID of its own.
pub struct EventSourceMapping;

/// How long a mapping may take to come, change and go. A choice of this project; AWS names minutes.
const WORKING: Duration = Duration::from_secs(8 * 60);

#[async_trait]
impl Kind for EventSourceMapping {
    fn describe(&self) -> Described {
        Described::new("what feeds a function from a queue or a stream", RecoveryClass::Tag, attributes())
            .tagged()
            .settles(Duration::from_secs(15), Duration::from_secs(10 * 60))
            .imported_by("its UUID")
            .needs(&[
                "lambda:CreateEventSourceMapping",
                "lambda:DeleteEventSourceMapping",
                "lambda:GetEventSourceMapping",
                "lambda:ListEventSourceMappings",
                "lambda:ListTags",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:UpdateEventSourceMapping",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        let source = check.text("event_source_arn").unwrap_or_default();
        let is_stream = [":kinesis:", ":dynamodb:"].iter().any(|service| source.contains(service));
        let is_queue = source.contains(":sqs:");
        if is_stream && !check.has("starting_position") {
            check.refuse("a stream needs `starting_position`", "write `LATEST` or `TRIM_HORIZON`");
        }
        let of_streams = [
            "starting_position",
            "parallelization_factor",
            "bisect_batch_on_function_error",
            "tumbling_window_in_seconds",
        ];
        for name in of_streams.into_iter().filter(|_| is_queue) {
            let is_set = check.get(name).is_some_and(|value| value.as_bool() != Some(false));
            if is_set {
                check.refuse(format!("`{name}` is for streams, and the source is a queue"), "remove it");
            }
        }
        // `CreateEventSourceMapping` in the Lambda API reference.
        let is_large = check.int("batch_size").is_some_and(|size| size > 10) && is_queue;
        if is_large
            && check.int("maximum_batching_window_in_seconds").is_none_or(|window| window < 1)
            && !source.ends_with(".fifo")
        {
            check.refuse(
                "batches of more than 10 messages need a window",
                "set `maximum_batching_window_in_seconds` to at least 1",
            );
        }
        if is_queue && source.ends_with(".fifo") && check.int("batch_size").is_some_and(|size| size > 10) {
            check.refuse("a FIFO queue gives at most 10 messages at once", "lower `batch_size`");
        }
    }

    /// A function has one mapping of a source.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let function = task.inputs.need("function_name")?;
        let call = task.aws.lambda().list_event_source_mappings().function_name(function);
        let call = call.set_event_source_arn(task.inputs.owned("event_source_arn"));
        let mut pages = call.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = page.of("lambda:ListEventSourceMappings").or_absent()? else { break };
            let live = page.event_source_mappings().iter().filter(|it| it.state() != Some("Deleting"));
            found.extend(live.filter_map(|it| it.uuid()).map(str::to_owned));
        }
        Ok(found)
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(mapping) = got(aws, remote).await?.filter(|it| it.state() != Some("Deleting")) else {
            return Ok(None);
        };
        let arn = aws.arn("lambda", &format!("event-source-mapping:{remote}"));
        let call = aws.lambda().list_tags().resource(&arn);
        let tags =
            call.send().await.of("lambda:ListTags").or_absent()?.and_then(|answer| answer.tags).unwrap_or_default();
        let written = remembered.and_then(|it| it.inputs.get("function_name")).and_then(Partial::as_str);
        Ok(Some(shown(&mapping, written).output("uuid", remote).output("arn", arn).tags(tags)))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let inputs = task.inputs;
        let call = task.aws.lambda().create_event_source_mapping().function_name(inputs.need("function_name")?);
        let call = call
            .set_event_source_arn(inputs.owned("event_source_arn"))
            .set_enabled(inputs.flag("enabled"))
            .set_batch_size(inputs.int("batch_size"))
            .set_maximum_batching_window_in_seconds(inputs.int("maximum_batching_window_in_seconds"))
            .set_starting_position(inputs.text("starting_position").map(EventSourcePosition::from))
            .set_parallelization_factor(inputs.int("parallelization_factor"))
            .set_maximum_retry_attempts(inputs.int("maximum_retry_attempts"))
            .set_maximum_record_age_in_seconds(inputs.int("maximum_record_age_in_seconds"))
            .set_bisect_batch_on_function_error(inputs.flag("bisect_batch_on_function_error").filter(|on| *on))
            .set_tumbling_window_in_seconds(inputs.int("tumbling_window_in_seconds"))
            .set_function_response_types(responses(inputs))
            .set_filter_criteria(filters(inputs))
            .set_scaling_config(scaling(inputs))
            .set_destination_config(destination(inputs))
            .set_kms_key_arn(inputs.owned("kms_key_arn"))
            .set_tags(Some(task.tags().into_iter().collect()));
        let made = call.send().await.of("lambda:CreateEventSourceMapping").exists_on("ResourceConflictException");
        let made = made.map_err(|failure| match role_is_new(&failure) {
            true => Fault::NotYet { what: format!("the function's role may not read the source ({})", failure.why()) }
                .into(),
            false => failure,
        });
        Ok(made?.uuid().unwrap_or_default().to_owned())
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        steady(task.aws, remote).await
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        steady(task.aws, remote).await?;
        if !task.differing(seen).is_empty() {
            let inputs = task.inputs;
            let call = task
                .aws
                .lambda()
                .update_event_source_mapping()
                .uuid(remote)
                .set_function_name(inputs.owned("function_name"));
            let call = call
                .set_enabled(inputs.flag("enabled"))
                .set_batch_size(inputs.int("batch_size"))
                .set_maximum_batching_window_in_seconds(inputs.int("maximum_batching_window_in_seconds"))
                .set_parallelization_factor(inputs.int("parallelization_factor"))
                .set_maximum_retry_attempts(inputs.int("maximum_retry_attempts"))
                .set_maximum_record_age_in_seconds(inputs.int("maximum_record_age_in_seconds"))
                .set_bisect_batch_on_function_error(inputs.flag("bisect_batch_on_function_error").filter(|on| *on))
                .set_tumbling_window_in_seconds(inputs.int("tumbling_window_in_seconds"))
                // Empty parts take away what there was.
                .set_function_response_types(Some(responses(inputs).unwrap_or_default()))
                .filter_criteria(
                    filters(inputs).unwrap_or_else(|| FilterCriteria::builder().set_filters(Some(Vec::new())).build()),
                )
                .scaling_config(scaling(inputs).unwrap_or_else(|| ScalingConfig::builder().build()))
                .set_destination_config(destination(inputs))
                .set_kms_key_arn(inputs.owned("kms_key_arn"));
            call.send()
                .await
                .of("lambda:UpdateEventSourceMapping")
                .busy_on(&["ResourceInUseException", "ResourceConflictException"])?;
        }
        let arn = task.aws.arn("lambda", &format!("event-source-mapping:{remote}"));
        retag(task, &arn, task.retagging(seen)).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let deleted = aws.lambda().delete_event_source_mapping().uuid(remote).send().await;
        // While it goes, it is in use.
        let deleted = deleted
            .of("lambda:DeleteEventSourceMapping")
            .busy_on(&["ResourceInUseException", "ResourceConflictException"]);
        deleted.or_gone()?;
        until(WORKING, || async {
            Ok(match got(aws, remote).await? {
                None => Standing::Ready(()),
                Some(mapping) => Standing::Waiting(mapping.state().unwrap_or("going").to_owned()),
            })
        })
        .await
    }
}

fn attributes() -> Vec<(&'static str, Attribute)> {
    let number = |description, least, most| {
        Attribute::optional_computed(Type::Number, description).rule(Rule::Between(least, most))
    };
    let filter = object_type(&[("filter", Type::list(object_type(&[("pattern", Type::String, true)])), false)]);
    let failure = object_type(&[("destination_arn", Type::String, true)]);
    // The bounds are those of `CreateEventSourceMapping` in the Lambda API reference.
    vec![
        (
            "event_source_arn",
            Attribute::required(Type::String, "the ARN of the queue or stream").immutable().rule(limits::arn()),
        ),
        ("function_name", Attribute::required(Type::String, "the function, or its alias or version: a name or an ARN")),
        ("enabled", Attribute::optional(Type::Bool, "whether it feeds").default(Value::Bool(true))),
        ("batch_size", number("how many messages come at once, at most", 1, 10_000)),
        ("maximum_batching_window_in_seconds", number("how long messages are gathered", 0, 300)),
        (
            "starting_position",
            Attribute::optional(Type::String, "where in a stream it begins")
                .immutable()
                .rule(Rule::OneOf(&["LATEST", "TRIM_HORIZON"])),
        ),
        ("parallelization_factor", number("how many batches of a shard are handled at once", 1, 10)),
        (
            "maximum_retry_attempts",
            number("how often a failing batch of a stream is tried again; -1 is for ever", -1, 10_000),
        ),
        ("maximum_record_age_in_seconds", number("how old a record of a stream may be; -1 is any age", -1, 604_800)),
        (
            "bisect_batch_on_function_error",
            Attribute::optional(Type::Bool, "whether a failing batch of a stream is halved")
                .default(Value::Bool(false)),
        ),
        ("tumbling_window_in_seconds", number("the window over which a stream's function adds up", 0, 900)),
        (
            "function_response_types",
            Attribute::optional(Type::set(Type::String), "whether the function tells which messages failed")
                .rule(Rule::OneOf(&["ReportBatchItemFailures"])),
        ),
        ("filter_criteria", Attribute::optional(filter, "which messages come: `filter = [{ pattern = \"…\" }]`")),
        (
            "scaling_config",
            Attribute::optional(
                object_type(&[("maximum_concurrency", Type::Number, false)]),
                "how many run at once for a queue: `maximum_concurrency`, 2 to 1,000",
            ),
        ),
        (
            "destination_config",
            Attribute::optional(
                object_type(&[("on_failure", failure, false)]),
                "where records go that could not be handled",
            ),
        ),
        ("kms_key_arn", Attribute::optional(Type::String, "the key that encrypts the filters").rule(limits::arn())),
        ("uuid", Attribute::computed(Type::String, "what AWS calls it").stays()),
        ("arn", Attribute::computed(Type::String, "its ARN").stays()),
        ("function_arn", Attribute::computed(Type::String, "the ARN of what it feeds").follows(&["function_name"])),
        ("state", Attribute::computed(Type::String, "how it stands")),
    ]
}

async fn got(aws: &Account, uuid: &str) -> Result<Option<Shown>, Fault> {
    aws.lambda().get_event_source_mapping().uuid(uuid).send().await.of("lambda:GetEventSourceMapping").or_absent()
}

/// Waits until it is at rest.
async fn steady(aws: &Account, uuid: &str) -> Result<(), Fault> {
    until(WORKING, || async {
        let mapping = got(aws, uuid).await?;
        Ok(match mapping.as_ref().and_then(|mapping| mapping.state()) {
            Some("Enabled" | "Disabled") => Standing::Ready(()),
            other => Standing::Waiting(other.unwrap_or("not visible").to_owned()),
        })
    })
    .await
}

fn responses(inputs: Fields<'_>) -> Option<Vec<FunctionResponseType>> {
    inputs
        .texts("function_response_types")
        .map(|all| all.iter().map(|it| FunctionResponseType::from(it.as_str())).collect())
}

fn filters(inputs: Fields<'_>) -> Option<FilterCriteria> {
    let filters = inputs.object("filter_criteria")?.objects("filter");
    let filters = filters.into_iter().map(|it| Filter::builder().set_pattern(it.owned("pattern")).build()).collect();
    Some(FilterCriteria::builder().set_filters(Some(filters)).build())
}

fn scaling(inputs: Fields<'_>) -> Option<ScalingConfig> {
    let most = inputs.object("scaling_config")?.int("maximum_concurrency");
    Some(ScalingConfig::builder().set_maximum_concurrency(most).build())
}

fn destination(inputs: Fields<'_>) -> Option<DestinationConfig> {
    let failure = inputs.object("destination_config")?.object("on_failure")?;
    let failure = OnFailure::builder().set_destination(failure.owned("destination_arn")).build();
    Some(DestinationConfig::builder().on_failure(failure).build())
}

/// The function as it was written, when that is the one that is fed.
fn fed(arn: &str, written: Option<&str>) -> String {
    let qualifier =
        |reference: &str| match reference.rsplit_once(":function:").map_or(reference, |(_, name)| name).split_once(':')
        {
            Some((_, qualifier)) => qualifier.to_owned(),
            None => String::new(),
        };
    let is_same = |written: &&str| bare_name(written) == bare_name(arn) && qualifier(written) == qualifier(arn);
    written.filter(is_same).unwrap_or(arn).to_owned()
}

fn shown(mapping: &Shown, written: Option<&str>) -> Seen {
    let is_on = !matches!(mapping.state(), Some("Disabled" | "Disabling"));
    let filters = mapping.filter_criteria().map(|it| it.filters()).unwrap_or_default();
    let filters: Vec<Known> = filters.iter().map(|it| object([("pattern", it.pattern().told())])).collect();
    let most = mapping.scaling_config().and_then(|it| it.maximum_concurrency());
    let failure = mapping
        .destination_config()
        .and_then(|it| it.on_failure())
        .and_then(|it| it.destination())
        .filter(|it| !it.is_empty());
    let responses: Vec<&str> = mapping.function_response_types().iter().map(FunctionResponseType::as_str).collect();
    Seen::new()
        .input("event_source_arn", mapping.event_source_arn())
        .input("function_name", fed(mapping.function_arn().unwrap_or_default(), written))
        .input("enabled", is_on)
        .input("batch_size", mapping.batch_size())
        .input("maximum_batching_window_in_seconds", mapping.maximum_batching_window_in_seconds())
        .input("starting_position", mapping.starting_position().map(EventSourcePosition::as_str))
        .input("parallelization_factor", mapping.parallelization_factor())
        .input("maximum_retry_attempts", mapping.maximum_retry_attempts())
        .input("maximum_record_age_in_seconds", mapping.maximum_record_age_in_seconds())
        .input("bisect_batch_on_function_error", mapping.bisect_batch_on_function_error().unwrap_or(false))
        .input("tumbling_window_in_seconds", mapping.tumbling_window_in_seconds())
        .input("function_response_types", texts(&responses))
        .input(
            "filter_criteria",
            if filters.is_empty() { Value::Null } else { object([("filter", Value::List(filters))]) },
        )
        .input("scaling_config", most.map(|most| object([("maximum_concurrency", most.told())])))
        .input(
            "destination_config",
            failure.map(|arn| object([("on_failure", object([("destination_arn", arn.told())]))])),
        )
        .input("kms_key_arn", mapping.kms_key_arn())
        .output("function_arn", mapping.function_arn())
        .output("state", mapping.state())
}

#[cfg(test)]
mod tests {
    use super::fed;

    #[test]
    fn what_is_fed_is_told_as_it_was_written() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:api:live";
        assert_eq!(fed(arn, Some("api:live")), "api:live");
        assert_eq!(fed(arn, Some("api")), arn);
        assert_eq!(fed(arn, None), arn);
    }
}
