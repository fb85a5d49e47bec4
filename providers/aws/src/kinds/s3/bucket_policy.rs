//! `aws_s3_bucket_policy`.

use async_trait::async_trait;
use siac_core::model::schema::{Attribute, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use super::bucket_attribute;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::{Seen, filled};

/// The kind. AWS knows it by the bucket's name.
pub struct BucketPolicy;

#[async_trait]
impl Kind for BucketPolicy {
    fn describe(&self) -> Described {
        let attributes = [
            ("bucket", bucket_attribute()),
            ("policy", Attribute::required(Type::String, "who may use the bucket: an IAM policy, as JSON")),
        ];
        Described::new("the policy of a bucket", RecoveryClass::Put, attributes)
            .unique("bucket")
            .policies(&["policy"])
            .imported_by("the bucket's name")
            .needs(&["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"])
    }

    fn validate(&self, check: &mut Check<'_>) {
        limits::document(check, "policy", 20_480, "Bucket policies in the S3 User Guide: 20 KB");
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("bucket")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.s3().get_bucket_policy().bucket(remote).send().await.of("s3:GetBucketPolicy").or_absent()?;
        let seen = |it: String| Seen::new().input("bucket", remote).input("policy", filled(Some(&it)));
        Ok(answer.and_then(|answer| answer.policy).map(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let bucket = task.inputs.need("bucket")?;
        let call = task.aws.s3().put_bucket_policy().bucket(bucket).policy(task.inputs.need("policy")?);
        call.send().await.of("s3:PutBucketPolicy")?;
        Ok(bucket.to_owned())
    }

    async fn change(&self, task: &Task<'_>, _: &str, _: &Seen) -> Result<(), Fault> {
        Ok(self.make(task).await.map(drop)?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.s3().delete_bucket_policy().bucket(remote).send().await.of("s3:DeleteBucketPolicy").or_gone()
    }
}
