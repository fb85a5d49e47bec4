//! `aws_sns_topic_subscription`.

use async_trait::async_trait;
use siac_core::model::schema::{Attribute, Normalisation, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::{Seen, filled};

/// The kind. AWS knows it by its ARN.
pub struct Subscription;

/// The texts among the attributes, as SNS calls them.
const TEXTS: [(&str, &str); 5] = [
    ("filter_policy", "FilterPolicy"),
    ("filter_policy_scope", "FilterPolicyScope"),
    ("delivery_policy", "DeliveryPolicy"),
    ("redrive_policy", "RedrivePolicy"),
    ("subscription_role_arn", "SubscriptionRoleArn"),
];

#[async_trait]
impl Kind for Subscription {
    fn describe(&self) -> Described {
        let json = |description| Attribute::optional(Type::String, description).normalised(Normalisation::Json);
        let attributes = [
            ("topic_arn", Attribute::required(Type::String, "the ARN of the topic").immutable().rule(limits::arn())),
            (
                "protocol",
                // `Subscribe` in the SNS API reference.
                Attribute::required(Type::String, "how messages are delivered").immutable().rule(Rule::OneOf(&[
                    "application",
                    "email",
                    "email-json",
                    "firehose",
                    "http",
                    "https",
                    "lambda",
                    "sms",
                    "sqs",
                ])),
            ),
            (
                "endpoint",
                Attribute::required(Type::String, "where messages are delivered: an ARN, URL, address or number")
                    .immutable(),
            ),
            (
                "raw_message_delivery",
                Attribute::optional(Type::Bool, "whether messages come as they are").default(Value::Bool(false)),
            ),
            ("filter_policy", json("which messages are delivered, as JSON")),
            (
                "filter_policy_scope",
                Attribute::optional_computed(Type::String, "what the filter looks at")
                    .rule(Rule::OneOf(&["MessageAttributes", "MessageBody"])),
            ),
            ("delivery_policy", json("how deliveries over HTTP are tried again, as JSON")),
            ("redrive_policy", json("where messages go that could not be delivered, as JSON")),
            (
                "subscription_role_arn",
                Attribute::optional(Type::String, "the role for deliveries to Firehose").rule(limits::arn()),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN, the same as `id`").stays()),
            ("pending_confirmation", Attribute::computed(Type::Bool, "whether the receiver has yet to confirm it")),
            ("owner_id", Attribute::computed(Type::String, "the account it belongs to").stays()),
        ];
        Described::new("a subscription to a topic", RecoveryClass::Put, attributes).imported_by("its ARN").needs(&[
            "sns:GetSubscriptionAttributes",
            "sns:ListSubscriptionsByTopic",
            "sns:SetSubscriptionAttributes",
            "sns:Subscribe",
            "sns:Unsubscribe",
        ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        for name in ["filter_policy", "delivery_policy", "redrive_policy"] {
            check.json(name);
        }
        if check.text("protocol") == Some("firehose") && !check.has("subscription_role_arn") {
            check.refuse(
                "deliveries to Firehose need `subscription_role_arn`",
                "name a role that may write to the stream",
            );
        }
    }

    /// A topic has one subscription of an endpoint.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (protocol, endpoint) = (task.inputs.text("protocol"), task.inputs.text("endpoint"));
        let mut pages = task
            .aws
            .sns()
            .list_subscriptions_by_topic()
            .topic_arn(task.inputs.need("topic_arn")?)
            .into_paginator()
            .send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = page.of("sns:ListSubscriptionsByTopic").or_absent()? else { break };
            let ours = page.subscriptions().iter().filter(|it| it.protocol() == protocol && it.endpoint() == endpoint);
            // What is not confirmed is listed without an ARN.
            found.extend(
                ours.filter_map(|it| it.subscription_arn()).filter(|arn| arn.starts_with("arn:")).map(str::to_owned),
            );
        }
        Ok(found)
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let call = aws.sns().get_subscription_attributes().subscription_arn(remote);
        let Some(answer) = call.send().await.of("sns:GetSubscriptionAttributes").or_absent()? else { return Ok(None) };
        let get = |name: &str| answer.attributes().and_then(|all| all.get(name)).map(String::as_str);
        let mut seen = Seen::new()
            .input("topic_arn", get("TopicArn"))
            .input("protocol", get("Protocol"))
            .input("endpoint", get("Endpoint"))
            .input("raw_message_delivery", get("RawMessageDelivery") == Some("true"))
            .output("arn", remote)
            .output("owner_id", get("Owner"))
            .output("pending_confirmation", get("PendingConfirmation") == Some("true"));
        for (name, there) in TEXTS {
            seen = seen.input(name, filled(get(there)));
        }
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let texts = TEXTS.into_iter().filter_map(|(name, there)| Some((there.to_owned(), task.inputs.owned(name)?)));
        let raw = task.inputs.is("raw_message_delivery").then(|| ("RawMessageDelivery".to_owned(), "true".to_owned()));
        let call = task
            .aws
            .sns()
            .subscribe()
            .topic_arn(task.inputs.need("topic_arn")?)
            .protocol(task.inputs.need("protocol")?);
        let call = call.endpoint(task.inputs.need("endpoint")?).return_subscription_arn(true);
        let answer = call.set_attributes(Some(texts.chain(raw).collect())).send().await.of("sns:Subscribe")?;
        Ok(answer.subscription_arn().unwrap_or_default().to_owned())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let differing = task.differing(seen);
        for (name, there) in TEXTS.into_iter().filter(|(name, _)| differing.any(&[name])) {
            // An empty filter lets everything through; other attributes are taken away by an empty text.
            let nothing = if there == "FilterPolicy" { "{}" } else { "" };
            set(task, remote, there, task.inputs.text(name).unwrap_or(nothing)).await?;
        }
        if differing.any(&["raw_message_delivery"]) {
            set(task, remote, "RawMessageDelivery", &task.inputs.is("raw_message_delivery").to_string()).await?;
        }
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.sns().unsubscribe().subscription_arn(remote).send().await.of("sns:Unsubscribe").or_gone()
    }
}

async fn set(task: &Task<'_>, remote: &str, name: &str, value: &str) -> Result<(), Fault> {
    let call = task.aws.sns().set_subscription_attributes().subscription_arn(remote);
    call.attribute_name(name).attribute_value(value).send().await.of("sns:SetSubscriptionAttributes")?;
    Ok(())
}
