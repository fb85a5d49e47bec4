//! `aws_kms_alias`.

use async_trait::async_trait;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::Seen;

/// The kind. AWS knows it by its name.
pub struct Alias;

#[async_trait]
impl Kind for Alias {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "name",
                // `AliasNameType` in the KMS service model.
                Attribute::required(Type::String, "its name, which begins with `alias/`")
                    .immutable()
                    .rule(Rule::Length(7, 256))
                    .rule(Rule::Matches("alias/[a-zA-Z0-9/_-]+", "`alias/` and letters, digits and `/_-`")),
            ),
            (
                "target_key_id",
                // "Key identifiers" in the KMS Developer Guide. An ARN would mean the same, and could not be told from another key.
                Attribute::required(Type::String, "the `key_id` of the key").rule(Rule::Matches(
                    "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}",
                    "the id of a key, such as the `key_id` of an `aws_kms_key`, and no ARN",
                )),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            ("target_key_arn", Attribute::computed(Type::String, "the ARN of the key").follows(&["target_key_id"])),
        ];
        Described::new("a name for a key", RecoveryClass::Name, attributes).unique("name").needs(&[
            "kms:CreateAlias",
            "kms:DeleteAlias",
            "kms:DescribeKey",
            "kms:UpdateAlias",
        ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        // `CreateAlias` in the KMS API reference.
        if check.text("name").is_some_and(|name| name.starts_with("alias/aws/")) {
            check.refuse("aliases that begin with `alias/aws/` are AWS's own", "choose another name");
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("name")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.kms().describe_key().key_id(remote).send().await.of("kms:DescribeKey").or_absent()?;
        let Some(key) = answer.and_then(|answer| answer.key_metadata) else { return Ok(None) };
        let seen = Seen::new()
            .input("name", remote)
            .input("target_key_id", key.key_id())
            .output("arn", aws.arn("kms", remote))
            .output("target_key_arn", key.arn());
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let name = task.inputs.need("name")?;
        let call = task.aws.kms().create_alias().alias_name(name).target_key_id(task.inputs.need("target_key_id")?);
        call.send().await.of("kms:CreateAlias")?;
        Ok(name.to_owned())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        let call = task.aws.kms().update_alias().alias_name(remote).target_key_id(task.inputs.need("target_key_id")?);
        call.send().await.of("kms:UpdateAlias")?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        aws.kms().delete_alias().alias_name(remote).send().await.of("kms:DeleteAlias").or_gone()
    }
}
