//! `aws_sqs_queue`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use siac_core::model::schema::{Attribute, Normalisation, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use super::{Attributes, attributes, set};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::{Seen, Told, filled};
use crate::wait::{Standing, until};

/// The kind. AWS knows it by its URL.
pub struct Queue;

/// How an attribute is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Number,
    Flag,
    Text,
}

/// The attributes as SQS calls them.
const ATTRIBUTES: [(&str, Name, Form); 16] = [
    ("visibility_timeout_seconds", Name::VisibilityTimeout, Form::Number),
    ("message_retention_seconds", Name::MessageRetentionPeriod, Form::Number),
    ("max_message_size", Name::MaximumMessageSize, Form::Number),
    ("delay_seconds", Name::DelaySeconds, Form::Number),
    ("receive_wait_time_seconds", Name::ReceiveMessageWaitTimeSeconds, Form::Number),
    ("policy", Name::Policy, Form::Text),
    ("redrive_policy", Name::RedrivePolicy, Form::Text),
    ("redrive_allow_policy", Name::RedriveAllowPolicy, Form::Text),
    ("fifo_queue", Name::FifoQueue, Form::Flag),
    ("content_based_deduplication", Name::ContentBasedDeduplication, Form::Flag),
    ("deduplication_scope", Name::DeduplicationScope, Form::Text),
    ("fifo_throughput_limit", Name::FifoThroughputLimit, Form::Text),
    ("kms_master_key_id", Name::KmsMasterKeyId, Form::Text),
    ("kms_data_key_reuse_period_seconds", Name::KmsDataKeyReusePeriodSeconds, Form::Number),
    ("sqs_managed_sse_enabled", Name::SqsManagedSseEnabled, Form::Flag),
    ("arn", Name::QueueArn, Form::Text),
];

/// How long a change may take to be seen everywhere. Source: `SetQueueAttributes` in the SQS API reference.
const SPREADING: Duration = Duration::from_secs(90);

#[async_trait]
impl Kind for Queue {
    fn describe(&self) -> Described {
        // The bounds are those of `SetQueueAttributes` in the SQS API reference.
        let seconds = |description, usual: i64, most: i64| {
            Attribute::optional(Type::Number, description).default(Value::number(usual)).rule(Rule::Between(0, most))
        };
        let decided = |ty, description| Attribute::optional_computed(ty, description);
        let json = |description| Attribute::optional(Type::String, description).normalised(Normalisation::Json);
        let attributes = [
            (
                "name",
                // `CreateQueue` in the SQS API reference.
                decided(
                    Type::String,
                    "its name, unique in the region; made when none is given; `….fifo` for a FIFO queue",
                )
                .immutable()
                .rule(Rule::Length(1, 80))
                .rule(Rule::Matches(r"[A-Za-z0-9_-]+(\.fifo)?", "letters, digits, `_` and `-`")),
            ),
            (
                "visibility_timeout_seconds",
                seconds("for how long a received message is hidden from others", 30, 43_200),
            ),
            (
                "message_retention_seconds",
                seconds("for how long a message is kept", 345_600, 1_209_600).rule(Rule::Between(60, 1_209_600)),
            ),
            ("delay_seconds", seconds("for how long a new message is hidden", 0, 900)),
            ("receive_wait_time_seconds", seconds("for how long a receiver waits for a message", 0, 20)),
            (
                "max_message_size",
                decided(Type::Number, "the largest message, in bytes").rule(Rule::Between(1_024, 1_048_576)),
            ),
            ("policy", decided(Type::String, "who may use it: an IAM policy, as JSON")),
            (
                "redrive_policy",
                json("where messages go that nobody could handle, as JSON: `deadLetterTargetArn`, `maxReceiveCount`"),
            ),
            ("redrive_allow_policy", json("whose messages may come here, as JSON")),
            (
                "fifo_queue",
                Attribute::optional(Type::Bool, "whether it keeps the order of messages")
                    .default(Value::Bool(false))
                    .immutable(),
            ),
            (
                "content_based_deduplication",
                Attribute::optional(Type::Bool, "whether equal messages are one, in a FIFO queue")
                    .default(Value::Bool(false)),
            ),
            (
                "deduplication_scope",
                decided(Type::String, "among which messages equal ones are one")
                    .rule(Rule::OneOf(&["messageGroup", "queue"])),
            ),
            (
                "fifo_throughput_limit",
                decided(Type::String, "what the limit of throughput counts")
                    .rule(Rule::OneOf(&["perQueue", "perMessageGroupId"])),
            ),
            (
                "kms_master_key_id",
                Attribute::optional(Type::String, "the key that encrypts messages: id, ARN or alias"),
            ),
            (
                "kms_data_key_reuse_period_seconds",
                decided(Type::Number, "for how long a data key is used again").rule(Rule::Between(60, 86_400)),
            ),
            ("sqs_managed_sse_enabled", decided(Type::Bool, "whether SQS encrypts messages with its own key")),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            ("url", Attribute::computed(Type::String, "its URL, the same as `id`").stays()),
        ];
        Described::new("a queue", RecoveryClass::Name, attributes)
            .named("name", 80)
            .tagged()
            .policies(&["policy"])
            .takes_over()
            .holds_data()
            .settles(Duration::from_secs(1), Duration::from_secs(240))
            .imported_by("its URL")
            .needs(&[
                "sqs:CreateQueue",
                "sqs:DeleteQueue",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ListQueueTags",
                "sqs:SetQueueAttributes",
                "sqs:TagQueue",
                "sqs:UntagQueue",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        limits::document(check, "policy", 20_480, "Amazon SQS policy quotas");
        check.json("redrive_policy");
        check.json("redrive_allow_policy");
        let (is_fifo, name) = (check.flag("fifo_queue") == Some(true), check.text("name"));
        if is_fifo
            && !name.is_some_and(|name| name.ends_with(".fifo"))
            && check.get("name").is_none_or(|_| name.is_some())
        {
            check.refuse("the name of a FIFO queue ends with `.fifo`", "write such a `name`");
        }
        if !is_fifo && name.is_some_and(|name| name.ends_with(".fifo")) {
            check.refuse(
                "only the name of a FIFO queue ends with `.fifo`",
                "set `fifo_queue = true`, or choose another name",
            );
        }
        if !is_fifo && check.flag("content_based_deduplication") == Some(true) {
            check.refuse("`content_based_deduplication` is for FIFO queues", "set `fifo_queue = true`");
        }
        if check.has("kms_master_key_id") && check.flag("sqs_managed_sse_enabled") == Some(true) {
            check.refuse("`kms_master_key_id` and `sqs_managed_sse_enabled` exclude each other", "keep one of them");
        }
    }

    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let call = task.aws.sqs().get_queue_url().queue_name(task.inputs.need("name")?);
        let answer = call.send().await.of("sqs:GetQueueUrl").or_absent()?;
        Ok(answer.and_then(|answer| answer.queue_url().map(str::to_owned)).into_iter().collect())
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(attributes) = attributes(aws, remote).await? else { return Ok(None) };
        let call = aws.sqs().list_queue_tags().queue_url(remote);
        let Some(tags) = call.send().await.of("sqs:ListQueueTags").or_absent()? else { return Ok(None) };
        let mut seen = Seen::new().input("name", remote.rsplit('/').next()).output("url", remote);
        for (name, there, form) in &ATTRIBUTES {
            let value = read(*form, attributes.get(there).map(String::as_str));
            seen = if *name == "arn" { seen.output(name, value) } else { seen.input(name, value) };
        }
        Ok(Some(seen.tags(tags.tags().into_iter().flatten())))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let call = task.aws.sqs().create_queue().queue_name(task.inputs.need("name")?);
        let call = call.set_attributes(Some(written(task.inputs, |_| true)));
        let call = call.set_tags(Some(task.tags().into_iter().collect()));
        // A name can be used again a minute after its queue was deleted.
        let answer = call.send().await.of("sqs:CreateQueue").busy_on(&["QueueDeletedRecently"])?;
        Ok(answer.queue_url().unwrap_or_default().to_owned())
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        until(SPREADING, || async {
            let Some(seen) = self.look(task.aws, remote, None).await? else {
                return Ok(Standing::Waiting("not visible".to_owned()));
            };
            Ok(match task.differing(&seen).is_empty() {
                true => Standing::Ready(()),
                false => Standing::Waiting("spreading".to_owned()),
            })
        })
        .await
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let differing = task.differing(seen);
        let mut changed = written(task.inputs, |name| differing.any(&[name]));
        // What is no longer wanted is taken away by an empty text.
        let gone = ATTRIBUTES.iter().filter(|(name, ..)| differing.any(&[name]) && task.inputs.get(name).is_none());
        changed.extend(gone.map(|(_, there, _)| (there.clone(), String::new())));
        set(task.aws, remote, changed).await?;
        let retagging = task.retagging(seen);
        if !retagging.set.is_empty() {
            let call = task.aws.sqs().tag_queue().queue_url(remote).set_tags(Some(retagging.set.into_iter().collect()));
            call.send().await.of("sqs:TagQueue")?;
        }
        if !retagging.removed.is_empty() {
            let call = task.aws.sqs().untag_queue().queue_url(remote).set_tag_keys(Some(retagging.removed));
            call.send().await.of("sqs:UntagQueue")?;
        }
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.sqs().delete_queue().queue_url(remote).send().await.of("sqs:DeleteQueue").or_gone()
    }
}

/// An attribute as it is read: a flag that is not told is not raised.
fn read(form: Form, text: Option<&str>) -> Known {
    match form {
        Form::Number => text.and_then(|text| text.parse::<i64>().ok()).told(),
        Form::Flag => Value::Bool(text == Some("true")),
        Form::Text => filled(text),
    }
}

/// The attributes that are set, as SQS writes them.
fn written(inputs: Fields<'_>, wanted: impl Fn(&str) -> bool) -> Attributes {
    let is_fifo = inputs.is("fifo_queue");
    let mut attributes = Attributes::new();
    for (name, there, form) in ATTRIBUTES.iter().filter(|(name, ..)| *name != "arn" && wanted(name)) {
        let text = match form {
            Form::Number => inputs.int::<i64>(name).map(|number| number.to_string()),
            // A queue that is not FIFO must not even be told that it is not.
            Form::Flag => inputs
                .flag(name)
                .filter(|flag| *flag || is_fifo || *name == "sqs_managed_sse_enabled")
                .map(|flag| flag.to_string()),
            Form::Text => inputs.owned(name),
        };
        attributes.extend(text.map(|text| (there.clone(), text)));
    }
    attributes
}
