//! `aws_s3_bucket_versioning`.

use async_trait::async_trait;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use siac_core::model::schema::{Attribute, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Partial;
use siac_core::ports::Fault;

use super::bucket_attribute;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, Told, object};
use crate::settings::object_type;

/// The kind. AWS knows it by the bucket's name.
pub struct Versioning;

#[async_trait]
impl Kind for Versioning {
    fn describe(&self) -> Described {
        let configuration = object_type(&[("status", Type::String, true)]);
        let attributes = [
            ("bucket", bucket_attribute()),
            ("versioning_configuration", Attribute::required(configuration, "`status`: `Enabled` or `Suspended`")),
        ];
        Described::new("whether a bucket keeps old versions of objects", RecoveryClass::Put, attributes)
            .setting()
            .unique("bucket")
            .imported_by("the bucket's name")
            .needs(&["s3:GetBucketVersioning", "s3:PutBucketVersioning"])
    }

    fn validate(&self, check: &mut Check<'_>) {
        let status = check.get("versioning_configuration").and_then(|it| it.get("status")).and_then(Partial::as_str);
        if status.is_some_and(|status| !["Enabled", "Suspended"].contains(&status)) {
            check.refuse("a bucket's versioning is `Enabled` or `Suspended`", "write one of them");
        }
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.s3().get_bucket_versioning().bucket(remote).send().await;
        let Some(answer) = answer.of("s3:GetBucketVersioning").or_absent()? else { return Ok(None) };
        // A bucket that never had versions says nothing.
        let status = |status: &BucketVersioningStatus| object([("status", status.as_str().told())]);
        Ok(answer.status().map(|it| Seen::new().input("bucket", remote).input("versioning_configuration", status(it))))
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("bucket")
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (bucket, wanted) = (task.inputs.need("bucket")?, task.inputs.object("versioning_configuration"));
        put(task.aws, bucket, wanted.and_then(|it| it.text("status")).unwrap_or("Suspended")).await?;
        Ok(bucket.to_owned())
    }

    async fn change(&self, task: &Task<'_>, _: &str, _: &Seen) -> Result<(), Fault> {
        Ok(self.make(task).await.map(drop)?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        // Versioning cannot be taken back, only suspended.
        put(aws, remote, "Suspended").await.or_gone()
    }
}

async fn put(aws: &Account, bucket: &str, status: &str) -> Result<(), Failure> {
    let configuration = VersioningConfiguration::builder().status(BucketVersioningStatus::from(status)).build();
    let call = aws.s3().put_bucket_versioning().bucket(bucket).versioning_configuration(configuration);
    call.send().await.of("s3:PutBucketVersioning").map(drop)
}
