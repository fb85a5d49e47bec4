//! `aws_s3_bucket_server_side_encryption_configuration`.

use async_trait::async_trait;
use aws_sdk_s3::types::{
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use siac_core::model::schema::{Attribute, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Known;
use siac_core::ports::Fault;

use super::bucket_attribute;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::fields::Fields;
use crate::kind::{Described, Kind, Task};
use crate::seen::{Seen, Told, object, raised};
use crate::settings::object_type;

/// The kind. AWS knows it by the bucket's name.
pub struct Encryption;

#[async_trait]
impl Kind for Encryption {
    fn describe(&self) -> Described {
        let by_default =
            object_type(&[("sse_algorithm", Type::String, true), ("kms_master_key_id", Type::String, false)]);
        let rule = object_type(&[
            ("apply_server_side_encryption_by_default", by_default, false),
            ("bucket_key_enabled", Type::Bool, false),
        ]);
        let attributes = [
            ("bucket", bucket_attribute()),
            (
                "rule",
                Attribute::required(
                    Type::list(rule),
                    "one rule: the algorithm (`AES256`, `aws:kms`, `aws:kms:dsse`), the key, and whether the bucket has a key of its own",
                ),
            ),
        ];
        Described::new("how a bucket's objects are encrypted", RecoveryClass::Put, attributes)
            .setting()
            .unique("bucket")
            .imported_by("the bucket's name")
            .needs(&["s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"])
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("bucket")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.s3().get_bucket_encryption().bucket(remote).send().await;
        let answer = answer.of("s3:GetEncryptionConfiguration").or_absent()?;
        let rules = answer.and_then(|answer| answer.server_side_encryption_configuration).map(|it| it.rules);
        let seen = |rules: Vec<ServerSideEncryptionRule>| {
            Seen::new().input("bucket", remote).input("rule", rules.iter().map(shown).collect::<Vec<Known>>())
        };
        Ok(rules.map(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let bucket = task.inputs.need("bucket")?;
        let rules: Vec<_> = task.inputs.objects("rule").into_iter().map(rule).collect::<Result<_, Fault>>()?;
        let configuration = built(ServerSideEncryptionConfiguration::builder().set_rules(Some(rules)).build())?;
        let call =
            task.aws.s3().put_bucket_encryption().bucket(bucket).server_side_encryption_configuration(configuration);
        call.send().await.of("s3:PutEncryptionConfiguration")?;
        Ok(bucket.to_owned())
    }

    async fn change(&self, task: &Task<'_>, _: &str, _: &Seen) -> Result<(), Fault> {
        Ok(self.make(task).await.map(drop)?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        // What is left is what every bucket has: keys of S3.
        aws.s3().delete_bucket_encryption().bucket(remote).send().await.of("s3:PutEncryptionConfiguration").or_gone()
    }
}

fn rule(fields: Fields<'_>) -> Result<ServerSideEncryptionRule, Fault> {
    let by_default = fields.object("apply_server_side_encryption_by_default").map(|it| {
        let algorithm = ServerSideEncryption::from(it.need("sse_algorithm")?);
        let by_default = ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm);
        built(by_default.set_kms_master_key_id(it.owned("kms_master_key_id")).build())
    });
    let rule = ServerSideEncryptionRule::builder().set_apply_server_side_encryption_by_default(by_default.transpose()?);
    Ok(rule.set_bucket_key_enabled(fields.flag("bucket_key_enabled")).build())
}

fn shown(rule: &ServerSideEncryptionRule) -> Known {
    let by_default = rule.apply_server_side_encryption_by_default().map(|it| {
        let key = it.kms_master_key_id().filter(|key| !key.is_empty());
        object([("sse_algorithm", it.sse_algorithm().as_str().told()), ("kms_master_key_id", key.told())])
    });
    object([
        ("apply_server_side_encryption_by_default", by_default.told()),
        ("bucket_key_enabled", raised(rule.bucket_key_enabled())),
    ])
}
