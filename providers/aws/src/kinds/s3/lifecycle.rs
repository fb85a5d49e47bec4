//! `aws_s3_bucket_lifecycle_configuration`.

use async_trait::async_trait;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, NoncurrentVersionTransition, Tag, Transition,
    TransitionStorageClass,
};
use siac_core::model::schema::{Attribute, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use super::bucket_attribute;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, Told, object, raised};
use crate::settings::object_type;

/// The kind. AWS knows it by the bucket's name.
pub struct Lifecycle;

#[async_trait]
impl Kind for Lifecycle {
    fn describe(&self) -> Described {
        let attributes = [
            ("bucket", bucket_attribute()),
            (
                "rule",
                Attribute::required(
                    Type::list(rule_type()),
                    "what becomes of which objects, and when; `status` is `Enabled` or `Disabled`",
                ),
            ),
        ];
        Described::new("what becomes of a bucket's objects with time", RecoveryClass::Put, attributes)
            .setting()
            .unique("bucket")
            .imported_by("the bucket's name")
            .needs(&["s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"])
    }

    fn validate(&self, check: &mut Check<'_>) {
        let rules = check.get("rule").and_then(Partial::as_list).unwrap_or_default();
        // `PutBucketLifecycleConfiguration` in the S3 API reference.
        if rules.len() > 1_000 {
            check.refuse("a bucket has at most 1,000 lifecycle rules", "write fewer");
        }
        for rule in rules {
            let text = |name: &str| rule.get(name).and_then(Partial::as_str);
            if text("status").is_some_and(|status| !["Enabled", "Disabled"].contains(&status)) {
                check.refuse("a rule's `status` is `Enabled` or `Disabled`", "write one of them");
            }
            if text("id").is_some_and(|id| id.is_empty() || id.len() > 255) {
                check.refuse("a rule's `id` has 1 to 255 characters", "write another one");
            }
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("bucket")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.s3().get_bucket_lifecycle_configuration().bucket(remote).send().await;
        let answer = answer.of("s3:GetLifecycleConfiguration").or_absent()?;
        let seen = |rules: Vec<LifecycleRule>| {
            Seen::new().input("bucket", remote).input("rule", rules.iter().map(shown).collect::<Vec<Known>>())
        };
        Ok(answer.and_then(|answer| answer.rules).map(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let bucket = task.inputs.need("bucket")?;
        let rules: Vec<_> = task.inputs.objects("rule").into_iter().map(rule).collect::<Result<_, Fault>>()?;
        let configuration = built(BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build())?;
        let call =
            task.aws.s3().put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(configuration);
        call.send().await.of("s3:PutLifecycleConfiguration")?;
        Ok(bucket.to_owned())
    }

    async fn change(&self, task: &Task<'_>, _: &str, _: &Seen) -> Result<(), Fault> {
        Ok(self.make(task).await.map(drop)?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.s3().delete_bucket_lifecycle().bucket(remote).send().await.of("s3:PutLifecycleConfiguration").or_gone()
    }
}

fn rule_type() -> Type {
    let number = |name: &'static str| (name, Type::Number, false);
    let tag = object_type(&[("key", Type::String, true), ("value", Type::String, true)]);
    let filter = object_type(&[
        ("prefix", Type::String, false),
        ("tag", tag, false),
        number("object_size_greater_than"),
        number("object_size_less_than"),
    ]);
    let expiration = object_type(&[number("days"), ("expired_object_delete_marker", Type::Bool, false)]);
    let transition = object_type(&[number("days"), ("storage_class", Type::String, true)]);
    let noncurrent = [number("noncurrent_days"), number("newer_noncurrent_versions")];
    let [days, newer] = noncurrent.clone();
    let noncurrent_transition = object_type(&[days, newer, ("storage_class", Type::String, true)]);
    object_type(&[
        ("id", Type::String, true),
        ("status", Type::String, true),
        ("filter", filter, false),
        ("expiration", expiration, false),
        ("transition", Type::list(transition), false),
        ("noncurrent_version_expiration", object_type(&noncurrent), false),
        ("noncurrent_version_transition", Type::list(noncurrent_transition), false),
        ("abort_incomplete_multipart_upload", object_type(&[("days_after_initiation", Type::Number, true)]), false),
    ])
}

fn rule(fields: Fields<'_>) -> Result<LifecycleRule, Fault> {
    let transitions: Vec<Transition> = fields.objects("transition").into_iter().map(transition).collect();
    let noncurrent: Vec<_> =
        fields.objects("noncurrent_version_transition").into_iter().map(noncurrent_transition).collect();
    let abort = fields.object("abort_incomplete_multipart_upload").map(|it| {
        AbortIncompleteMultipartUpload::builder().set_days_after_initiation(it.int("days_after_initiation")).build()
    });
    let superseded = fields.object("noncurrent_version_expiration").map(|it| {
        NoncurrentVersionExpiration::builder()
            .set_noncurrent_days(it.int("noncurrent_days"))
            .set_newer_noncurrent_versions(it.int("newer_noncurrent_versions"))
            .build()
    });
    let rule = LifecycleRule::builder()
        .id(fields.need("id")?)
        .status(ExpirationStatus::from(fields.need("status")?))
        .filter(filter(fields.object("filter"))?)
        .set_expiration(fields.object("expiration").map(expiration))
        .set_transitions((!transitions.is_empty()).then_some(transitions))
        .set_noncurrent_version_expiration(superseded)
        .set_noncurrent_version_transitions((!noncurrent.is_empty()).then_some(noncurrent))
        .set_abort_incomplete_multipart_upload(abort);
    built(rule.build())
}

/// A rule without a filter is for all objects, and says so with an empty prefix.
fn filter(fields: Option<Fields<'_>>) -> Result<LifecycleRuleFilter, Fault> {
    let filter = LifecycleRuleFilter::builder();
    let Some(fields) = fields else { return Ok(filter.prefix("").build()) };
    let tag = |it: Fields<'_>| built(Tag::builder().key(it.need("key")?).value(it.need("value")?).build());
    let filter = filter.set_prefix(fields.owned("prefix")).set_tag(fields.object("tag").map(tag).transpose()?);
    let filter = filter.set_object_size_greater_than(fields.int("object_size_greater_than"));
    Ok(filter.set_object_size_less_than(fields.int("object_size_less_than")).build())
}

fn expiration(fields: Fields<'_>) -> LifecycleExpiration {
    let expiration = LifecycleExpiration::builder().set_days(fields.int("days"));
    expiration.set_expired_object_delete_marker(fields.flag("expired_object_delete_marker")).build()
}

fn transition(fields: Fields<'_>) -> Transition {
    let class = fields.text("storage_class").map(TransitionStorageClass::from);
    Transition::builder().set_days(fields.int("days")).set_storage_class(class).build()
}

fn noncurrent_transition(fields: Fields<'_>) -> NoncurrentVersionTransition {
    let class = fields.text("storage_class").map(TransitionStorageClass::from);
    NoncurrentVersionTransition::builder()
        .set_noncurrent_days(fields.int("noncurrent_days"))
        .set_newer_noncurrent_versions(fields.int("newer_noncurrent_versions"))
        .set_storage_class(class)
        .build()
}

fn shown(rule: &LifecycleRule) -> Known {
    let expiration = rule.expiration().map(|it| {
        object([
            ("days", it.days().told()),
            ("expired_object_delete_marker", raised(it.expired_object_delete_marker())),
        ])
    });
    let transition = |it: &Transition| {
        object([("days", it.days().told()), ("storage_class", it.storage_class().map(|class| class.as_str()).told())])
    };
    let noncurrent = |it: &NoncurrentVersionTransition| {
        object([
            ("noncurrent_days", it.noncurrent_days().told()),
            ("newer_noncurrent_versions", it.newer_noncurrent_versions().told()),
            ("storage_class", it.storage_class().map(|class| class.as_str()).told()),
        ])
    };
    let superseded = rule.noncurrent_version_expiration().map(|it| {
        object([
            ("noncurrent_days", it.noncurrent_days().told()),
            ("newer_noncurrent_versions", it.newer_noncurrent_versions().told()),
        ])
    });
    let abort = rule.abort_incomplete_multipart_upload();
    let abort = abort.map(|it| object([("days_after_initiation", it.days_after_initiation().told())]));
    object([
        ("id", rule.id().told()),
        ("status", rule.status().as_str().told()),
        ("filter", rule.filter().map(shown_filter).told()),
        ("expiration", expiration.told()),
        ("transition", listed(rule.transitions().iter().map(transition).collect())),
        ("noncurrent_version_expiration", superseded.told()),
        (
            "noncurrent_version_transition",
            listed(rule.noncurrent_version_transitions().iter().map(noncurrent).collect()),
        ),
        ("abort_incomplete_multipart_upload", abort.told()),
    ])
}

fn shown_filter(filter: &LifecycleRuleFilter) -> Known {
    let tag = filter.tag().map(|tag| object([("key", tag.key().told()), ("value", tag.value().told())]));
    object([
        ("prefix", filter.prefix().filter(|prefix| !prefix.is_empty()).told()),
        ("tag", tag.told()),
        ("object_size_greater_than", filter.object_size_greater_than().told()),
        ("object_size_less_than", filter.object_size_less_than().told()),
    ])
}

fn listed(items: Vec<Known>) -> Known {
    if items.is_empty() { Value::Null } else { Value::List(items) }
}
