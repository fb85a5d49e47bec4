//! EventBridge: buses, rules and targets.

pub mod bus;
pub mod rule;
pub mod target;

use aws_sdk_eventbridge::types::{DeadLetterConfig, Tag};
use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Sorted, built};
use crate::fields::Fields;
use crate::kind::Task;
use crate::marks::Tags;
use crate::seen::{Seen, Told, object};
use crate::settings::object_type;

/// The bus that every account has.
const DEFAULT_BUS: &str = "default";

/// The bus that a rule or target belongs to. `EventBusNameOrArn` in the EventBridge service model.
fn bus_attribute() -> Attribute {
    Attribute::optional(Type::String, "the name or ARN of the bus")
        .default(Value::string(DEFAULT_BUS))
        .immutable()
        .rule(Rule::Length(1, 1_600))
        .rule(Rule::Matches(r"(arn:.*:event-bus/)?[/._A-Za-z0-9-]+", "the name or ARN of an event bus"))
}

/// Letters of rules and targets. `RuleName` and `TargetId` in the EventBridge service model.
fn name_rules(attribute: Attribute) -> Attribute {
    attribute.rule(Rule::Length(1, 64)).rule(Rule::Matches("[._A-Za-z0-9-]+", "letters, digits and `._-`"))
}

/// Where events go that cannot be delivered, as an attribute is typed.
fn dead_letter_type() -> Type {
    object_type(&[("arn", Type::String, false)])
}

fn dead_letters(fields: Fields<'_>) -> DeadLetterConfig {
    DeadLetterConfig::builder().set_arn(fields.owned("arn")).build()
}

fn shown_dead_letters(config: Option<&DeadLetterConfig>) -> Known {
    object([("arn", config.and_then(DeadLetterConfig::arn).told())])
}

/// Tags as EventBridge takes them.
fn tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    tags.into_iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}

/// The tags of a bus or a rule; `None` when it is gone.
async fn tags_of(aws: &Account, arn: &str) -> Result<Option<Tags>, Fault> {
    let answer = aws.events().list_tags_for_resource().resource_arn(arn).send().await;
    let answer = answer.of("events:ListTagsForResource").or_absent()?;
    let pair = |tag: &Tag| (tag.key().to_owned(), tag.value().to_owned());
    Ok(answer.map(|answer| answer.tags().iter().map(pair).collect()))
}

/// Puts the tags of a bus or a rule as they are wanted.
async fn retag(task: &Task<'_>, arn: &str, seen: &Seen) -> Result<(), Fault> {
    let retagging = task.retagging(seen);
    if !retagging.set.is_empty() {
        let call = task.aws.events().tag_resource().resource_arn(arn).set_tags(Some(tags(retagging.set)?));
        call.send().await.of("events:TagResource")?;
    }
    if !retagging.removed.is_empty() {
        let call = task.aws.events().untag_resource().resource_arn(arn).set_tag_keys(Some(retagging.removed));
        call.send().await.of("events:UntagResource")?;
    }
    Ok(())
}

/// An attribute of an object as it was seen.
fn shown_arn(seen: &Seen) -> &str {
    seen.outputs.get("arn").and_then(Known::as_str).unwrap_or_default()
}
