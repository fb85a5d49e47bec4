//! `aws_cloudwatch_log_group`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::types::{LogGroup as Shown, LogGroupClass};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::marks::Tags;
use crate::seen::Seen;

/// The days for which logs may be kept. Source: `PutRetentionPolicy` in the CloudWatch Logs API reference.
const RETENTIONS: [i64; 23] =
    [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The kind.
pub struct LogGroup;

#[async_trait]
impl Kind for LogGroup {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "name",
                // `LogGroupName` in the CloudWatch Logs service model.
                Attribute::optional_computed(Type::String, "its name, unique in the region; made when none is given")
                    .immutable()
                    .rule(Rule::Length(1, 512))
                    .rule(Rule::Matches(r"[.\-_/#A-Za-z0-9]+", "letters, digits and `.-_/#`")),
            ),
            (
                "retention_in_days",
                Attribute::optional(Type::Number, "for how many days logs are kept; 0 is for ever")
                    .default(Value::number(0_i64)),
            ),
            (
                "kms_key_id",
                Attribute::optional(Type::String, "the ARN of the key that encrypts it").rule(limits::arn()),
            ),
            (
                "log_group_class",
                Attribute::optional_computed(Type::String, "the class: what can be done with its logs, and the price")
                    .immutable()
                    .rule(Rule::OneOf(&["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"])),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN, without `:*`").stays()),
        ];
        Described::new("a group of log streams", RecoveryClass::Name, attributes)
            .named("name", 512)
            .tagged()
            .holds_data()
            .settles(Duration::from_millis(600), Duration::from_secs(120))
            .needs(&[
                "logs:AssociateKmsKey",
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:DeleteRetentionPolicy",
                "logs:DescribeLogGroups",
                "logs:DisassociateKmsKey",
                "logs:ListTagsForResource",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
                "logs:UntagResource",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        if let Some(days) = check.int("retention_in_days").filter(|days| !RETENTIONS.contains(days)) {
            let allowed = RETENTIONS.map(|days| days.to_string()).join(", ");
            check.refuse(
                format!("logs cannot be kept for {days} days"),
                format!("write one of {allowed}; 0 is for ever"),
            );
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("name")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(group) = shown(aws, remote).await? else { return Ok(None) };
        let arn = aws.arn("logs", &format!("log-group:{remote}"));
        let call = aws.logs().list_tags_for_resource().resource_arn(&arn);
        let Some(tags) = call.send().await.of("logs:ListTagsForResource").or_absent()? else { return Ok(None) };
        let seen = Seen::new()
            .input("name", remote)
            .input("retention_in_days", group.retention_in_days().unwrap_or(0))
            .input("kms_key_id", group.kms_key_id())
            .input("log_group_class", group.log_group_class().map_or("STANDARD", LogGroupClass::as_str))
            .output("arn", arn)
            .tags(tags.tags().into_iter().flatten());
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let name = task.inputs.need("name")?;
        let call =
            task.aws.logs().create_log_group().log_group_name(name).set_tags(Some(task.tags().into_iter().collect()));
        let call = call.set_kms_key_id(task.inputs.owned("kms_key_id"));
        let call = call.set_log_group_class(task.inputs.text("log_group_class").map(LogGroupClass::from));
        call.send().await.of("logs:CreateLogGroup")?;
        Ok(name.to_owned())
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        let logs = task.aws.logs();
        match task.inputs.int::<i32>("retention_in_days").unwrap_or(0) {
            // A new group keeps its logs for ever.
            0 if task.object.is_none() => Ok(()),
            0 => {
                let call = logs.delete_retention_policy().log_group_name(remote);
                call.send().await.of("logs:DeleteRetentionPolicy").or_gone()
            }
            days => {
                let call = logs.put_retention_policy().log_group_name(remote).retention_in_days(days);
                call.send().await.of("logs:PutRetentionPolicy").map_err(Fault::from).map(drop)
            }
        }
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        if task.differing(seen).any(&["kms_key_id"]) {
            encrypt(task, remote).await?;
        }
        retag(task, remote, seen).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.logs().delete_log_group().log_group_name(remote).send().await.of("logs:DeleteLogGroup").or_gone()
    }
}

/// The group of exactly this name. A prefix may have many pages of others, but the shortest name comes first.
async fn shown(aws: &Account, name: &str) -> Result<Option<Shown>, Fault> {
    let call = aws.logs().describe_log_groups().log_group_name_prefix(name);
    let Some(answer) = call.send().await.of("logs:DescribeLogGroups").or_absent()? else { return Ok(None) };
    Ok(answer.log_groups().iter().find(|group| group.log_group_name() == Some(name)).cloned())
}

async fn encrypt(task: &Task<'_>, remote: &str) -> Result<(), Fault> {
    let logs = task.aws.logs();
    match task.inputs.text("kms_key_id") {
        Some(key) => {
            let call = logs.associate_kms_key().log_group_name(remote).kms_key_id(key);
            call.send().await.of("logs:AssociateKmsKey")?;
        }
        None => {
            let call = logs.disassociate_kms_key().log_group_name(remote);
            call.send().await.of("logs:DisassociateKmsKey")?;
        }
    }
    Ok(())
}

async fn retag(task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
    let retagging = task.retagging(seen);
    let arn = task.aws.arn("logs", &format!("log-group:{remote}"));
    if !retagging.set.is_empty() {
        let tags: Tags = retagging.set;
        let call = task.aws.logs().tag_resource().resource_arn(&arn).set_tags(Some(tags.into_iter().collect()));
        call.send().await.of("logs:TagResource")?;
    }
    if !retagging.removed.is_empty() {
        let call = task.aws.logs().untag_resource().resource_arn(&arn).set_tag_keys(Some(retagging.removed));
        call.send().await.of("logs:UntagResource")?;
    }
    Ok(())
}
