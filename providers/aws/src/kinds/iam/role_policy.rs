//! `aws_iam_role_policy`.

use async_trait::async_trait;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use super::{decoded, name_rule};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::Seen;

/// The kind. AWS knows it by `ROLE:NAME`.
pub struct RolePolicy;

#[async_trait]
impl Kind for RolePolicy {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "name",
                // `policyNameType` in the IAM service model.
                Attribute::optional_computed(Type::String, "its name, unique in the role; made when none is given")
                    .immutable()
                    .rule(Rule::Length(1, 128))
                    .rule(name_rule()),
            ),
            ("role", Attribute::required(Type::String, "the name of the role it is a part of").immutable()),
            ("policy", Attribute::required(Type::String, "what the role may do: an IAM policy, as JSON")),
        ];
        Described::new("an inline policy of an IAM role", RecoveryClass::Put, attributes)
            .named("name", 128)
            .policies(&["policy"])
            .imported_by("`ROLE:NAME`")
            .needs(&["iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:PutRolePolicy"])
    }

    fn validate(&self, check: &mut Check<'_>) {
        limits::document(check, "policy", 10_240, "IAM and AWS STS quotas: aggregate role policy size");
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        Some(format!("{}:{}", task.inputs.text("role")?, task.inputs.text("name")?))
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (role, name) = parts(remote)?;
        let call = aws.iam().get_role_policy().role_name(role).policy_name(name);
        let Some(answer) = call.send().await.of("iam:GetRolePolicy").or_absent()? else { return Ok(None) };
        let seen = Seen::new()
            .input("role", answer.role_name())
            .input("name", answer.policy_name())
            .input("policy", decoded(answer.policy_document())?);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("`role` and `name` are needed"))?;
        self.put(task, &remote).await?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        Ok(self.put(task, remote).await?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (role, name) = parts(remote)?;
        let call = aws.iam().delete_role_policy().role_name(role).policy_name(name);
        call.send().await.of("iam:DeleteRolePolicy").or_gone()
    }
}

impl RolePolicy {
    async fn put(&self, task: &Task<'_>, remote: &str) -> Result<(), Failure> {
        let (role, name) = parts(remote)?;
        let call = task.aws.iam().put_role_policy().role_name(role).policy_name(name);
        call.policy_document(task.inputs.need("policy")?).send().await.of("iam:PutRolePolicy")?;
        Ok(())
    }
}

fn parts(remote: &str) -> Result<(&str, &str), Fault> {
    remote.split_once(':').ok_or_else(|| Fault::rejected(format!("`{remote}` is not `ROLE:NAME`")))
}
