//! What is set of a table by calls of its own: expiry, backups, tags.

use aws_sdk_dynamodb::types::{
    PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, SseStatus, TableDescription, Tag,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Sorted, built};
use crate::fields::Fields;
use crate::kind::Task;
use crate::marks::Tags;
use crate::seen::{Seen, Told, object};

/// What is seen of a table beyond its description; `None` when it is gone meanwhile.
pub async fn look(
    aws: &Account,
    remote: &str,
    arn: &str,
    seen: Seen,
    remembered: Option<&Object>,
) -> Result<Option<Seen>, Fault> {
    let Some(ttl) = expiry(aws, remote).await? else { return Ok(None) };
    let ttl = as_written(ttl, remembered);
    let Some(recovery) = recovery(aws, remote).await? else { return Ok(None) };
    let mut tags = Tags::new();
    let mut next = None;
    loop {
        let call = aws.dynamodb().list_tags_of_resource().resource_arn(arn).set_next_token(next);
        let Some(page) = call.send().await.of("dynamodb:ListTagsOfResource").or_absent()? else { return Ok(None) };
        tags.extend(page.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    Ok(Some(seen.input("ttl", ttl).input("point_in_time_recovery", recovery).tags(tags)))
}

async fn expiry(aws: &Account, remote: &str) -> Result<Option<Known>, Fault> {
    let call = aws.dynamodb().describe_time_to_live().table_name(remote);
    let Some(answer) = call.send().await.of("dynamodb:DescribeTimeToLive").or_absent()? else { return Ok(None) };
    let ttl = answer.time_to_live_description();
    let is_on = |status: &TimeToLiveStatus| matches!(status, TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling);
    let on = ttl.filter(|ttl| ttl.time_to_live_status().is_some_and(is_on));
    let shown = |ttl: &aws_sdk_dynamodb::types::TimeToLiveDescription| {
        object([("attribute_name", ttl.attribute_name().told()), ("enabled", true.told())])
    };
    Ok(Some(on.map_or(Value::Null, shown)))
}

/// The expiry in the words of the stack, which may leave out `enabled`, or name an attribute that is not used yet.
fn as_written(now: Known, remembered: Option<&Object>) -> Known {
    let before = remembered.and_then(|object| object.inputs.get("ttl")).and_then(Partial::close);
    let Some(before) = before else { return now };
    match (Fields(&before).flag("enabled"), Fields(&now).text("attribute_name")) {
        (Some(false), None) => before,
        (None, Some(attribute)) => object([("attribute_name", attribute.told())]),
        _ => now,
    }
}

async fn recovery(aws: &Account, remote: &str) -> Result<Option<Known>, Fault> {
    let call = aws.dynamodb().describe_continuous_backups().table_name(remote);
    let answer = call
        .send()
        .await
        .of("dynamodb:DescribeContinuousBackups")
        .absent_on(&["TableNotFoundException"])
        .or_absent()?;
    let Some(answer) = answer else { return Ok(None) };
    let backups = answer.continuous_backups_description();
    let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description());
    let is_on = recovery.and_then(|it| it.point_in_time_recovery_status()) == Some(&PointInTimeRecoveryStatus::Enabled);
    let days = recovery.and_then(|it| it.recovery_period_in_days()).filter(|_| is_on);
    Ok(Some(object([("enabled", is_on.told()), ("recovery_period_in_days", days.told())])))
}

/// What a table says of its encryption; null while it is DynamoDB's own.
pub fn shown_encryption(table: &TableDescription) -> Known {
    let encryption =
        table.sse_description().filter(|sse| matches!(sse.status(), Some(SseStatus::Enabled | SseStatus::Updating)));
    encryption
        .map_or(Value::Null, |sse| object([("enabled", true.told()), ("kms_key_arn", sse.kms_master_key_arn().told())]))
}

/// Puts expiry and backups as they are wanted.
pub async fn settle(task: &Task<'_>, remote: &str) -> Result<(), Fault> {
    let Some(ttl) = expiry(task.aws, remote).await? else { return Err(gone(remote)) };
    let wanted = task.inputs.object("ttl").filter(|ttl| ttl.flag("enabled") != Some(false));
    let (before, after) = (Fields(&ttl).owned("attribute_name"), wanted.and_then(|ttl| ttl.owned("attribute_name")));
    if let (Some(before), true) = (&before, before != after) {
        expire(task, remote, before, false).await?;
    }
    if let (Some(after), true) = (&after, before != after) {
        expire(task, remote, after, true).await?;
    }
    let Some(recovery) = recovery(task.aws, remote).await? else { return Err(gone(remote)) };
    match task.inputs.object("point_in_time_recovery") {
        Some(wanted) if differs(Fields(&recovery), wanted) => back_up(task, remote, wanted).await,
        _ => Ok(()),
    }
}

fn gone(remote: &str) -> Fault {
    Fault::rejected(format!("`{remote}` is gone; plan again"))
}

fn differs(now: Fields<'_>, wanted: Fields<'_>) -> bool {
    let days = |fields: Fields<'_>| fields.int::<i64>("recovery_period_in_days");
    now.is("enabled") != wanted.is("enabled") || days(wanted).is_some_and(|wanted| days(now) != Some(wanted))
}

async fn expire(task: &Task<'_>, remote: &str, attribute: &str, enabled: bool) -> Result<(), Fault> {
    let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(enabled);
    let call =
        task.aws.dynamodb().update_time_to_live().table_name(remote).time_to_live_specification(built(ttl.build())?);
    call.send().await.of("dynamodb:UpdateTimeToLive")?;
    Ok(())
}

async fn back_up(task: &Task<'_>, remote: &str, wanted: Fields<'_>) -> Result<(), Fault> {
    let recovery = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(wanted.is("enabled"));
    let recovery = built(recovery.set_recovery_period_in_days(wanted.int("recovery_period_in_days")).build())?;
    let call = task.aws.dynamodb().update_continuous_backups().table_name(remote);
    let call = call.point_in_time_recovery_specification(recovery);
    // A new table cannot be told at once.
    call.send().await.of("dynamodb:UpdateContinuousBackups").busy_on(&["ContinuousBackupsUnavailableException"])?;
    Ok(())
}

/// Tags as DynamoDB takes them.
pub fn tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    tags.into_iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}

/// Puts tags as they are wanted.
pub async fn retag(task: &Task<'_>, seen: &Seen) -> Result<(), Fault> {
    let retagging = task.retagging(seen);
    let arn = seen.outputs.get("arn").and_then(Known::as_str).unwrap_or_default();
    if !retagging.set.is_empty() {
        let call = task.aws.dynamodb().tag_resource().resource_arn(arn).set_tags(Some(tags(retagging.set)?));
        call.send().await.of("dynamodb:TagResource")?;
    }
    if !retagging.removed.is_empty() {
        let call = task.aws.dynamodb().untag_resource().resource_arn(arn).set_tag_keys(Some(retagging.removed));
        call.send().await.of("dynamodb:UntagResource")?;
    }
    Ok(())
}
