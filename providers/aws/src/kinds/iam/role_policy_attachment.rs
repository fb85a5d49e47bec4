//! `aws_iam_role_policy_attachment`.

use async_trait::async_trait;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use super::name_rule;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Described, Kind, Task};
use crate::limits;
use crate::seen::Seen;

/// The kind. AWS knows it by `ROLE/POLICY_ARN`.
pub struct RolePolicyAttachment;

#[async_trait]
impl Kind for RolePolicyAttachment {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "role",
                // `roleNameType` in the IAM service model.
                Attribute::required(Type::String, "the name of the role")
                    .immutable()
                    .rule(Rule::Length(1, 64))
                    .rule(name_rule()),
            ),
            (
                "policy_arn",
                Attribute::required(Type::String, "the ARN of the managed policy").immutable().rule(limits::arn()),
            ),
        ];
        Described::new("that a role has a managed policy", RecoveryClass::Put, attributes)
            .imported_by("`ROLE/POLICY_ARN`")
            .needs(&["iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:ListAttachedRolePolicies"])
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        Some(format!("{}/{}", task.inputs.text("role")?, task.inputs.text("policy_arn")?))
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (role, arn) = parts(remote)?;
        // A role has at most 25 managed policies ("IAM and AWS STS quotas"), and a page has 100.
        let answer = aws.iam().list_attached_role_policies().role_name(role).send().await;
        let answer = answer.of("iam:ListAttachedRolePolicies").or_absent()?;
        let policies = answer.iter().flat_map(|answer| answer.attached_policies());
        let is_attached = policies.into_iter().any(|policy| policy.policy_arn() == Some(arn));
        Ok(is_attached.then(|| Seen::new().input("role", role).input("policy_arn", arn)))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (role, arn) = (task.inputs.need("role")?, task.inputs.need("policy_arn")?);
        let call = task.aws.iam().attach_role_policy().role_name(role).policy_arn(arn);
        call.send().await.of("iam:AttachRolePolicy")?;
        Ok(format!("{role}/{arn}"))
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (role, arn) = parts(remote)?;
        let call = aws.iam().detach_role_policy().role_name(role).policy_arn(arn);
        call.send().await.of("iam:DetachRolePolicy").or_gone()
    }
}

/// The role and the policy; the name of a role has no `/`.
fn parts(remote: &str) -> Result<(&str, &str), Fault> {
    remote.split_once('/').ok_or_else(|| Fault::rejected(format!("`{remote}` is not `ROLE/POLICY_ARN`")))
}
