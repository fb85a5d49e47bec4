//! `aws_s3_bucket`.

use async_trait::async_trait;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, Delete, ObjectIdentifier, ObjectLockEnabled, Tag, Tagging,
};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::kind::{Check, Described, Kind, Task};
use crate::marks::Tags;
use crate::seen::Seen;

/// The kind.
pub struct Bucket;

#[async_trait]
impl Kind for Bucket {
    fn describe(&self) -> Described {
        let text = |description| Attribute::computed(Type::String, description).stays();
        let attributes = [
            (
                "bucket",
                // "Bucket naming rules" in the S3 User Guide.
                Attribute::optional_computed(Type::String, "its name, unique in the world; made when none is given")
                    .immutable()
                    .rule(Rule::Length(3, 63))
                    .rule(Rule::Matches("[a-z0-9][a-z0-9.-]*[a-z0-9]", "lower-case letters, digits, `.` and `-`")),
            ),
            (
                "force_destroy",
                Attribute::optional(Type::Bool, "whether deleting it deletes all it holds")
                    .default(Value::Bool(false))
                    .write_only(),
            ),
            (
                "object_lock_enabled",
                Attribute::optional(Type::Bool, "whether objects can be locked")
                    .default(Value::Bool(false))
                    .immutable(),
            ),
            ("arn", text("its ARN")),
            ("region", text("the region it lies in")),
            ("bucket_domain_name", text("its domain name")),
            ("bucket_regional_domain_name", text("its domain name in the region")),
        ];
        Described::new("a bucket", RecoveryClass::Name, attributes)
            .named("bucket", 63)
            .tagged()
            .takes_over()
            .holds_data()
            .needs(&[
                "s3:CreateBucket",
                "s3:DeleteBucket",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketTagging",
                "s3:ListBucket",
                "s3:ListBucketVersions",
                "s3:PutBucketObjectLockConfiguration",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:TagResource",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        let Some(name) = check.text("bucket") else { return };
        let is_address = name.parse::<std::net::Ipv4Addr>().is_ok();
        if name.contains("..") || is_address || name.starts_with("xn--") || name.ends_with("-s3alias") {
            check.refuse(
                format!("`{name}` cannot be the name of a bucket"),
                "see \"Bucket naming rules\" in the S3 User Guide",
            );
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("bucket")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let head = aws.s3().head_bucket().bucket(remote).send().await.of("s3:ListBucket");
        let Some(head) = head.map_err(|failure| foreign(remote, failure)).or_absent()? else { return Ok(None) };
        let tagging =
            aws.s3().get_bucket_tagging().bucket(remote).send().await.of("s3:GetBucketTagging").or_absent()?;
        let tags = tagging.map(|tagging| tagging.tag_set).unwrap_or_default();
        let lock = aws.s3().get_object_lock_configuration().bucket(remote).send().await;
        let lock = lock
            .of("s3:GetBucketObjectLockConfiguration")
            .absent_on(&["ObjectLockConfigurationNotFoundError"])
            .or_absent()?;
        let lock = lock.and_then(|lock| lock.object_lock_configuration).and_then(|lock| lock.object_lock_enabled);
        let suffix = aws.dns_suffix();
        let seen = Seen::new()
            .input("bucket", remote)
            .input("object_lock_enabled", lock == Some(ObjectLockEnabled::Enabled))
            .output("arn", format!("arn:{}:s3:::{remote}", aws.partition()))
            .output("region", head.bucket_region().unwrap_or(&aws.region))
            .output("bucket_domain_name", format!("{remote}.s3.{suffix}"))
            .output("bucket_regional_domain_name", format!("{remote}.s3.{}.{suffix}", aws.region))
            .tags(tags.iter().map(|tag| (tag.key(), tag.value())));
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let name = task.inputs.need("bucket")?;
        // The oldest region is the only one that has no name here.
        let place =
            Some(task.aws.region.as_str()).filter(|region| *region != "us-east-1").map(BucketLocationConstraint::from);
        let configuration =
            CreateBucketConfiguration::builder().set_location_constraint(place).set_tags(Some(tags(task.tags())?));
        let call = task.aws.s3().create_bucket().bucket(name).create_bucket_configuration(configuration.build());
        let call = call.set_object_lock_enabled_for_bucket(task.inputs.flag("object_lock_enabled").filter(|on| *on));
        call.send().await.of("s3:CreateBucket")?;
        Ok(name.to_owned())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let retagging = task.retagging(seen);
        if retagging.is_empty() {
            return Ok(());
        }
        // Tags are written all at once, and AWS's own must not be.
        let mut all = seen.tags.clone().unwrap_or_default();
        all.retain(|key, _| !retagging.removed.contains(key) && !key.starts_with("aws:"));
        all.extend(retagging.set);
        let tagging = built(Tagging::builder().set_tag_set(Some(tags(all)?)).build())?;
        task.aws.s3().put_bucket_tagging().bucket(remote).tagging(tagging).send().await.of("s3:PutBucketTagging")?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, object: &Object) -> Result<(), Fault> {
        if object.inputs.get("force_destroy").and_then(Partial::as_bool) == Some(true) {
            empty(aws, remote, None).await?;
        }
        let deleted = aws.s3().delete_bucket().bucket(remote).send().await.of("s3:DeleteBucket");
        deleted.map_err(|failure| full(remote, failure)).or_gone()
    }
}

fn tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    tags.into_iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}

fn foreign(remote: &str, failure: Failure) -> Failure {
    match failure.status() {
        403 => Fault::rejected(format!(
            "the bucket `{remote}` belongs to another account, or siac may not see it ({}); names are unique in the world: choose another, or allow `s3:ListBucket`",
            failure.why()
        ))
        .into(),
        _ => failure,
    }
}

fn full(remote: &str, failure: Failure) -> Failure {
    match failure.code() {
        "BucketNotEmpty" => Fault::rejected(format!(
            "the bucket `{remote}` still holds objects; empty it, or set `force_destroy = true` and apply that first"
        ))
        .into(),
        _ => failure,
    }
}

/// Deletes every version of everything, or of one key.
pub async fn empty(aws: &Account, bucket: &str, key: Option<&str>) -> Result<(), Fault> {
    loop {
        // What was deleted is not listed again, so the first page is the next one.
        let call = aws.s3().list_object_versions().bucket(bucket).set_prefix(key.map(str::to_owned));
        let Some(page) = call.send().await.of("s3:ListBucketVersions").or_absent()? else { return Ok(()) };
        let versions = page.versions().iter().map(|it| (it.key(), it.version_id()));
        let markers = page.delete_markers().iter().map(|it| (it.key(), it.version_id()));
        let all = versions.chain(markers).filter(|(name, _)| key.is_none() || *name == key);
        let all: Vec<ObjectIdentifier> =
            all.map(|(name, version)| identified(name, version)).collect::<Result<_, Fault>>()?;
        if all.is_empty() {
            return Ok(());
        }
        delete(aws, bucket, all).await?;
    }
}

async fn delete(aws: &Account, bucket: &str, all: Vec<ObjectIdentifier>) -> Result<(), Fault> {
    let delete = built(Delete::builder().set_objects(Some(all)).quiet(true).build())?;
    let answer = aws.s3().delete_objects().bucket(bucket).delete(delete).send().await.of("s3:DeleteObject")?;
    match answer.errors().first() {
        None => Ok(()),
        Some(error) => {
            let why = error.message().or(error.code()).unwrap_or("no reason is given");
            Err(Fault::rejected(format!("`{}` cannot be deleted: {why}", error.key().unwrap_or("?"))))
        }
    }
}

fn identified(key: Option<&str>, version: Option<&str>) -> Result<ObjectIdentifier, Fault> {
    let identifier = ObjectIdentifier::builder().key(key.unwrap_or_default());
    built(identifier.set_version_id(version.map(str::to_owned)).build())
}
