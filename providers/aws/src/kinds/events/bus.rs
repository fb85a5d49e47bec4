//! `aws_cloudwatch_event_bus`.

use async_trait::async_trait;
use aws_sdk_eventbridge::types::{IncludeDetail, Level, LogConfig};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Known;
use siac_core::ports::Fault;

use super::{DEFAULT_BUS, dead_letter_type, dead_letters, retag, shown_arn, shown_dead_letters, tags, tags_of};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, Told, filled, object};
use crate::settings::object_type;

/// The kind.
pub struct Bus;

#[async_trait]
impl Kind for Bus {
    fn describe(&self) -> Described {
        let log = object_type(&[("include_detail", Type::String, false), ("level", Type::String, false)]);
        let attributes = [
            (
                "name",
                // `EventBusName` in the EventBridge service model.
                Attribute::optional_computed(Type::String, "its name, unique in the region; made when none is given")
                    .immutable()
                    .rule(Rule::Length(1, 256))
                    .rule(Rule::Matches("[/._A-Za-z0-9-]+", "letters, digits and `/._-`")),
            ),
            (
                "event_source_name",
                // `EventSourceName`.
                Attribute::optional(Type::String, "the partner's source that it is for")
                    .immutable()
                    .rule(Rule::Matches(r"aws\.partner(/[._A-Za-z0-9-]+){2,}", "a name such as `aws.partner/a/b`")),
            ),
            (
                "description",
                // `EventBusDescription`.
                Attribute::optional(Type::String, "what it is for").rule(Rule::Length(0, 512)),
            ),
            (
                "kms_key_identifier",
                // `KmsKeyIdentifier`.
                Attribute::optional(Type::String, "the key that encrypts its events: id, ARN or alias")
                    .rule(Rule::Length(1, 2048)),
            ),
            (
                "dead_letter_config",
                Attribute::optional(dead_letter_type(), "the queue for events that cannot be encrypted or delivered"),
            ),
            (
                "log_config",
                Attribute::optional_computed(
                    log,
                    "what it logs: `level` `OFF`, `ERROR`, `INFO` or `TRACE`, `include_detail` `NONE` or `FULL`",
                ),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
        ];
        Described::new("an event bus", RecoveryClass::Name, attributes).named("name", 256).tagged().needs(&[
            "events:CreateEventBus",
            "events:DeleteEventBus",
            "events:DescribeEventBus",
            "events:ListTagsForResource",
            "events:TagResource",
            "events:UntagResource",
            "events:UpdateEventBus",
        ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        // `CreateEventBus` in the EventBridge API reference.
        let name = check.text("name");
        if name == Some(DEFAULT_BUS) {
            check.refuse("every account has the bus `default` already", "use it as it is, or choose another name");
        }
        if !check.has("event_source_name") && name.is_some_and(|name| name.contains('/')) {
            check.refuse("only the bus of a partner's source has `/` in its name", "choose another name");
        }
        if let (Some(name), Some(source)) = (name, check.text("event_source_name"))
            && name != source
        {
            check.refuse("the bus of a partner's source has the source's name", format!("call it `{source}`"));
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("name")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.events().describe_event_bus().name(remote).send().await;
        let Some(bus) = answer.of("events:DescribeEventBus").or_absent()? else { return Ok(None) };
        let Some(tags) = tags_of(aws, bus.arn().unwrap_or_default()).await? else { return Ok(None) };
        let source = bus.name().filter(|name| name.starts_with("aws.partner/"));
        let seen = Seen::new()
            .input("name", bus.name())
            .input("event_source_name", source)
            .input("description", filled(bus.description()))
            .input("kms_key_identifier", filled(bus.kms_key_identifier()))
            .input("dead_letter_config", shown_dead_letters(bus.dead_letter_config()))
            .input("log_config", bus.log_config().map(shown_log).told())
            .output("arn", bus.arn())
            .tags(tags);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (name, inputs) = (task.inputs.need("name")?, task.inputs);
        let call = task.aws.events().create_event_bus().name(name).set_tags(Some(tags(task.tags())?));
        call.set_event_source_name(inputs.owned("event_source_name"))
            .set_description(inputs.owned("description"))
            .set_kms_key_identifier(inputs.owned("kms_key_identifier"))
            .set_dead_letter_config(inputs.object("dead_letter_config").map(dead_letters))
            .set_log_config(inputs.object("log_config").map(log))
            .send()
            .await
            .of("events:CreateEventBus")?;
        Ok(name.to_owned())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        if !task.differing(seen).is_empty() {
            let inputs = task.inputs;
            // What is left out stays as it is, so what is not wanted any more is set to nothing.
            let queue = inputs.object("dead_letter_config").unwrap_or(Fields(&Known::Null));
            let call = task.aws.events().update_event_bus().name(remote).dead_letter_config(dead_letters(queue));
            call.description(inputs.text("description").unwrap_or_default())
                .kms_key_identifier(inputs.text("kms_key_identifier").unwrap_or_default())
                .set_log_config(inputs.object("log_config").map(log))
                .send()
                .await
                .of("events:UpdateEventBus")?;
        }
        retag(task, shown_arn(seen), seen).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.events().delete_event_bus().name(remote).send().await.of("events:DeleteEventBus").or_gone()
    }
}

fn log(fields: Fields<'_>) -> LogConfig {
    LogConfig::builder()
        .set_include_detail(fields.text("include_detail").map(IncludeDetail::from))
        .set_level(fields.text("level").map(Level::from))
        .build()
}

fn shown_log(config: &LogConfig) -> Known {
    object([
        ("include_detail", config.include_detail().map(IncludeDetail::as_str).told()),
        ("level", config.level().map(Level::as_str).told()),
    ])
}
