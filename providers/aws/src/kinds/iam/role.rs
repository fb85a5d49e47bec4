//! `aws_iam_role`.

use async_trait::async_trait;
use aws_sdk_iam::types::Tag;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::ports::Fault;

use super::{decoded, name_rule};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::marks::Tags;
use crate::seen::{Seen, filled};

/// The kind.
pub struct Role;

#[async_trait]
impl Kind for Role {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "name",
                // 64 characters: `roleNameType` in the IAM service model.
                Attribute::optional_computed(Type::String, "its name, unique in the account; made when none is given")
                    .immutable()
                    .rule(Rule::Length(1, 64))
                    .rule(name_rule()),
            ),
            (
                "path",
                Attribute::optional(Type::String, "the path of its ARN")
                    .default(Value::string("/"))
                    .immutable()
                    .rule(Rule::Length(1, 512))
                    .rule(Rule::Matches("/|/[!-~]+/", "a path that begins and ends with `/`")),
            ),
            (
                "assume_role_policy",
                Attribute::required(Type::String, "who may take it on: an IAM trust policy, as JSON"),
            ),
            (
                "description",
                // `roleDescriptionType`.
                Attribute::optional(Type::String, "what it is for").rule(Rule::Length(0, 1000)),
            ),
            (
                "max_session_duration",
                // `roleMaxSessionDurationType`.
                Attribute::optional(Type::Number, "the longest session, in seconds")
                    .default(Value::number(3_600_i64))
                    .rule(Rule::Between(3_600, 43_200)),
            ),
            (
                "permissions_boundary",
                Attribute::optional(Type::String, "the ARN of the policy that bounds what it may do")
                    .rule(limits::arn()),
            ),
            (
                "force_detach_policies",
                Attribute::optional(
                    Type::Bool,
                    "whether policies that others attached are detached when it is deleted",
                )
                .default(Value::Bool(false))
                .write_only(),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            ("unique_id", Attribute::computed(Type::String, "what tells it from others that had the name").stays()),
            ("create_date", Attribute::computed(Type::String, "when it was made").stays()),
        ];
        Described::new("an IAM role", RecoveryClass::Name, attributes)
            .named("name", 64)
            .tagged()
            .policies(&["assume_role_policy"])
            .needs(&[
                "iam:CreateRole",
                "iam:DeleteRole",
                "iam:DeleteRolePermissionsBoundary",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:GetRole",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
                "iam:PutRolePermissionsBoundary",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        limits::document(
            check,
            "assume_role_policy",
            4_096,
            "IAM and AWS STS quotas: role trust policy length, at most",
        );
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("name")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(answer) = aws.iam().get_role().role_name(remote).send().await.of("iam:GetRole").or_absent()? else {
            return Ok(None);
        };
        let Some(role) = answer.role() else { return Ok(None) };
        let boundary = role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
        let seen = Seen::new()
            .input("name", role.role_name())
            .input("path", role.path())
            .input("assume_role_policy", role.assume_role_policy_document().map(decoded).transpose()?)
            .input("description", filled(role.description()))
            .input("max_session_duration", role.max_session_duration().unwrap_or(3_600))
            .input("permissions_boundary", boundary)
            .output("arn", role.arn())
            .output("unique_id", role.role_id())
            .output("create_date", role.create_date().to_string())
            .tags(role.tags().iter().map(|tag| (tag.key(), tag.value())));
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let name = task.inputs.need("name")?;
        let call = task.aws.iam().create_role().role_name(name).set_path(task.inputs.owned("path"));
        call.assume_role_policy_document(task.inputs.need("assume_role_policy")?)
            .set_description(task.inputs.owned("description"))
            .set_max_session_duration(task.inputs.int("max_session_duration"))
            .set_permissions_boundary(task.inputs.owned("permissions_boundary"))
            .set_tags(Some(tags(task.tags())?))
            .send()
            .await
            .of("iam:CreateRole")?;
        Ok(name.to_owned())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let (iam, differing) = (task.aws.iam(), task.differing(seen));
        if differing.any(&["description", "max_session_duration"]) {
            let call =
                iam.update_role().role_name(remote).description(task.inputs.text("description").unwrap_or_default());
            let call = call.set_max_session_duration(task.inputs.int("max_session_duration"));
            call.send().await.of("iam:UpdateRole")?;
        }
        if differing.any(&["assume_role_policy"]) {
            let call = iam.update_assume_role_policy().role_name(remote);
            let call = call.policy_document(task.inputs.need("assume_role_policy")?);
            call.send().await.of("iam:UpdateAssumeRolePolicy")?;
        }
        if differing.any(&["permissions_boundary"]) {
            bound(task, remote).await?;
        }
        retag(task, remote, seen).await
    }

    async fn remove(&self, aws: &Account, remote: &str, object: &Object) -> Result<(), Fault> {
        if object.inputs.get("force_detach_policies").and_then(Partial::as_bool) == Some(true) {
            detach(aws, remote).await?;
        }
        aws.iam().delete_role().role_name(remote).send().await.of("iam:DeleteRole").or_gone()
    }
}

/// Tags as IAM takes them.
fn tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    tags.into_iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}

async fn bound(task: &Task<'_>, remote: &str) -> Result<(), Fault> {
    let iam = task.aws.iam();
    match task.inputs.text("permissions_boundary") {
        Some(arn) => {
            let call = iam.put_role_permissions_boundary().role_name(remote).permissions_boundary(arn);
            call.send().await.of("iam:PutRolePermissionsBoundary")?;
            Ok(())
        }
        None => {
            let call = iam.delete_role_permissions_boundary().role_name(remote);
            call.send().await.of("iam:DeleteRolePermissionsBoundary").or_gone()
        }
    }
}

async fn retag(task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
    let retagging = task.retagging(seen);
    if !retagging.set.is_empty() {
        let call = task.aws.iam().tag_role().role_name(remote).set_tags(Some(tags(retagging.set)?));
        call.send().await.of("iam:TagRole")?;
    }
    if !retagging.removed.is_empty() {
        let call = task.aws.iam().untag_role().role_name(remote).set_tag_keys(Some(retagging.removed));
        call.send().await.of("iam:UntagRole")?;
    }
    Ok(())
}

/// Takes from a role what others have given it.
async fn detach(aws: &Account, remote: &str) -> Result<(), Fault> {
    let iam = aws.iam();
    let attached = iam.list_attached_role_policies().role_name(remote).send().await;
    let Some(attached) = attached.of("iam:ListAttachedRolePolicies").or_absent()? else { return Ok(()) };
    for policy in attached.attached_policies() {
        let call = iam.detach_role_policy().role_name(remote).set_policy_arn(policy.policy_arn().map(str::to_owned));
        call.send().await.of("iam:DetachRolePolicy").or_gone()?;
    }
    let inline = iam.list_role_policies().role_name(remote).send().await.of("iam:ListRolePolicies")?;
    for name in inline.policy_names() {
        let call = iam.delete_role_policy().role_name(remote).policy_name(name);
        call.send().await.of("iam:DeleteRolePolicy").or_gone()?;
    }
    Ok(())
}
