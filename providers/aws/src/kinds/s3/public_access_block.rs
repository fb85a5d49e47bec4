//! `aws_s3_bucket_public_access_block`.

use async_trait::async_trait;
use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use siac_core::model::schema::{Attribute, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use super::bucket_attribute;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Described, Kind, Task};
use crate::seen::Seen;

/// The kind. AWS knows it by the bucket's name.
pub struct PublicAccessBlock;

#[async_trait]
impl Kind for PublicAccessBlock {
    fn describe(&self) -> Described {
        let flag = |description| Attribute::optional(Type::Bool, description).default(Value::Bool(false));
        let attributes = [
            ("bucket", bucket_attribute()),
            ("block_public_acls", flag("whether access lists that open it to everybody are refused")),
            ("block_public_policy", flag("whether policies that open it to everybody are refused")),
            ("ignore_public_acls", flag("whether access lists that open it to everybody count for nothing")),
            (
                "restrict_public_buckets",
                flag("whether only this account and AWS's services get in, whatever the policy says"),
            ),
        ];
        Described::new("what keeps a bucket from being open to everybody", RecoveryClass::Put, attributes)
            .setting()
            .unique("bucket")
            .imported_by("the bucket's name")
            .needs(&["s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"])
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("bucket")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.s3().get_public_access_block().bucket(remote).send().await;
        let answer = answer.of("s3:GetBucketPublicAccessBlock").or_absent()?;
        let seen = |it: PublicAccessBlockConfiguration| {
            Seen::new()
                .input("bucket", remote)
                .input("block_public_acls", it.block_public_acls().unwrap_or(false))
                .input("block_public_policy", it.block_public_policy().unwrap_or(false))
                .input("ignore_public_acls", it.ignore_public_acls().unwrap_or(false))
                .input("restrict_public_buckets", it.restrict_public_buckets().unwrap_or(false))
        };
        Ok(answer.and_then(|answer| answer.public_access_block_configuration).map(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (bucket, inputs) = (task.inputs.need("bucket")?, task.inputs);
        let configuration = PublicAccessBlockConfiguration::builder()
            .block_public_acls(inputs.is("block_public_acls"))
            .block_public_policy(inputs.is("block_public_policy"))
            .ignore_public_acls(inputs.is("ignore_public_acls"))
            .restrict_public_buckets(inputs.is("restrict_public_buckets"));
        let call = task.aws.s3().put_public_access_block().bucket(bucket);
        let call = call.public_access_block_configuration(configuration.build());
        call.send().await.of("s3:PutBucketPublicAccessBlock")?;
        Ok(bucket.to_owned())
    }

    async fn change(&self, task: &Task<'_>, _: &str, _: &Seen) -> Result<(), Fault> {
        Ok(self.make(task).await.map(drop)?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.s3().delete_public_access_block().bucket(remote).send().await.of("s3:PutBucketPublicAccessBlock").or_gone()
    }
}
