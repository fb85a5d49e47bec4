//! `aws_sns_topic`.

use async_trait::async_trait;
use aws_sdk_sns::types::Tag;
use siac_core::model::schema::{Attribute, Normalisation, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::marks::Tags;
use crate::seen::{Seen, filled};

/// The kind. AWS knows it by its ARN.
pub struct Topic;

/// The texts among the attributes, as SNS calls them.
const TEXTS: [(&str, &str); 5] = [
    ("display_name", "DisplayName"),
    ("policy", "Policy"),
    ("delivery_policy", "DeliveryPolicy"),
    ("kms_master_key_id", "KmsMasterKeyId"),
    ("tracing_config", "TracingConfig"),
];

#[async_trait]
impl Kind for Topic {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "name",
                // `CreateTopic` in the SNS API reference.
                Attribute::optional_computed(
                    Type::String,
                    "its name, unique in the region; made when none is given; `….fifo` for a FIFO topic",
                )
                .immutable()
                .rule(Rule::Length(1, 256))
                .rule(Rule::Matches(r"[A-Za-z0-9_-]+(\.fifo)?", "letters, digits, `_` and `-`")),
            ),
            ("display_name", Attribute::optional(Type::String, "its name in text messages").rule(Rule::Length(0, 100))),
            ("policy", Attribute::optional_computed(Type::String, "who may use it: an IAM policy, as JSON")),
            (
                "delivery_policy",
                Attribute::optional(Type::String, "how deliveries over HTTP are tried again, as JSON")
                    .normalised(Normalisation::Json),
            ),
            (
                "kms_master_key_id",
                Attribute::optional(Type::String, "the key that encrypts messages: id, ARN or alias"),
            ),
            (
                "tracing_config",
                Attribute::optional_computed(Type::String, "how requests are traced")
                    .rule(Rule::OneOf(&["PassThrough", "Active"])),
            ),
            (
                "fifo_topic",
                Attribute::optional(Type::Bool, "whether it keeps the order of messages")
                    .default(Value::Bool(false))
                    .immutable(),
            ),
            (
                "content_based_deduplication",
                Attribute::optional(Type::Bool, "whether equal messages are one, in a FIFO topic")
                    .default(Value::Bool(false)),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN, the same as `id`").stays()),
            ("owner", Attribute::computed(Type::String, "the account it belongs to").stays()),
        ];
        Described::new("a topic", RecoveryClass::Name, attributes)
            .named("name", 256)
            .tagged()
            .policies(&["policy"])
            .takes_over()
            .imported_by("its ARN")
            .needs(&[
                "sns:CreateTopic",
                "sns:DeleteTopic",
                "sns:GetTopicAttributes",
                "sns:ListTagsForResource",
                "sns:SetTopicAttributes",
                "sns:TagResource",
                "sns:UntagResource",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        limits::document(check, "policy", 30_720, "Amazon SNS quotas: topic policy size");
        check.json("delivery_policy");
        let is_fifo = check.flag("fifo_topic") == Some(true);
        if let Some(name) = check.text("name")
            && is_fifo != name.ends_with(".fifo")
        {
            check.refuse("the name of a FIFO topic ends with `.fifo`, and no other does", "choose another name");
        }
        if is_fifo && !check.has("name") {
            check.refuse("a FIFO topic needs a `name` that ends with `.fifo`", "write one");
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        Some(task.aws.arn("sns", task.inputs.text("name")?))
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let call = aws.sns().get_topic_attributes().topic_arn(remote);
        let Some(answer) = call.send().await.of("sns:GetTopicAttributes").or_absent()? else { return Ok(None) };
        let call = aws.sns().list_tags_for_resource().resource_arn(remote);
        let Some(tags) = call.send().await.of("sns:ListTagsForResource").or_absent()? else { return Ok(None) };
        let get = |name: &str| answer.attributes().and_then(|all| all.get(name)).map(String::as_str);
        let mut seen =
            Seen::new().input("name", remote.rsplit(':').next()).output("arn", remote).output("owner", get("Owner"));
        for (name, there) in TEXTS {
            seen = seen.input(name, filled(get(there)));
        }
        let seen = seen
            .input("fifo_topic", get("FifoTopic") == Some("true"))
            .input("content_based_deduplication", get("ContentBasedDeduplication") == Some("true"))
            .tags(tags.tags().iter().map(|tag| (tag.key(), tag.value())));
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let texts = TEXTS.into_iter().filter_map(|(name, there)| Some((there, task.inputs.owned(name)?)));
        let flags = [("fifo_topic", "FifoTopic"), ("content_based_deduplication", "ContentBasedDeduplication")];
        let flags =
            flags.into_iter().filter(|(name, _)| task.inputs.is(name)).map(|(_, there)| (there, "true".to_owned()));
        let attributes = texts.chain(flags).map(|(there, value)| (there.to_owned(), value)).collect();
        let call = task.aws.sns().create_topic().name(task.inputs.need("name")?).set_attributes(Some(attributes));
        let answer = call.set_tags(Some(tags(task.tags())?)).send().await.of("sns:CreateTopic")?;
        Ok(answer.topic_arn().unwrap_or_default().to_owned())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let differing = task.differing(seen);
        for (name, there) in TEXTS.into_iter().filter(|(name, _)| differing.any(&[name])) {
            let value = task.inputs.text(name).unwrap_or_default();
            set(task, remote, there, value).await?;
        }
        if differing.any(&["content_based_deduplication"]) {
            let value = task.inputs.is("content_based_deduplication").to_string();
            set(task, remote, "ContentBasedDeduplication", &value).await?;
        }
        retag(task, remote, seen).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.sns().delete_topic().topic_arn(remote).send().await.of("sns:DeleteTopic").or_gone()
    }
}

fn tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    tags.into_iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}

async fn set(task: &Task<'_>, remote: &str, name: &str, value: &str) -> Result<(), Fault> {
    let call = task.aws.sns().set_topic_attributes().topic_arn(remote).attribute_name(name).attribute_value(value);
    call.send().await.of("sns:SetTopicAttributes")?;
    Ok(())
}

async fn retag(task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
    let retagging = task.retagging(seen);
    if !retagging.set.is_empty() {
        let call = task.aws.sns().tag_resource().resource_arn(remote).set_tags(Some(tags(retagging.set)?));
        call.send().await.of("sns:TagResource")?;
    }
    if !retagging.removed.is_empty() {
        let call = task.aws.sns().untag_resource().resource_arn(remote).set_tag_keys(Some(retagging.removed));
        call.send().await.of("sns:UntagResource")?;
    }
    Ok(())
}
