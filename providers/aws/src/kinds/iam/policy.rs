//! `aws_iam_policy`.

use async_trait::async_trait;
use aws_sdk_iam::types::{PolicyVersion, Tag};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use super::{decoded, name_rule};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::marks::Tags;
use crate::seen::{Seen, filled};

/// The most versions of a policy that IAM keeps. Source: "IAM and AWS STS quotas", versions per managed policy.
const MOST_VERSIONS: usize = 5;

/// The kind. AWS knows it by its ARN.
pub struct Policy;

#[async_trait]
impl Kind for Policy {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "name",
                // `policyNameType` in the IAM service model.
                Attribute::optional_computed(Type::String, "its name, unique in the account; made when none is given")
                    .immutable()
                    .rule(Rule::Length(1, 128))
                    .rule(name_rule()),
            ),
            (
                "path",
                // `policyPathType`.
                Attribute::optional(Type::String, "the path of its ARN")
                    .default(Value::string("/"))
                    .immutable()
                    .rule(Rule::Length(1, 512))
                    .rule(Rule::Matches("(/[A-Za-z0-9.,+@=_-]+)*/", "a path that begins and ends with `/`")),
            ),
            ("policy", Attribute::required(Type::String, "what it allows: an IAM policy, as JSON")),
            (
                "description",
                // `policyDescriptionType`.
                Attribute::optional(Type::String, "what it is for").immutable().rule(Rule::Length(0, 1_000)),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN, the same as `id`").stays()),
            ("policy_id", Attribute::computed(Type::String, "what tells it from others that had the name").stays()),
        ];
        Described::new("a managed policy", RecoveryClass::Name, attributes)
            .named("name", 128)
            .tagged()
            .policies(&["policy"])
            .imported_by("its ARN")
            .needs(&[
                "iam:CreatePolicy",
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:GetPolicy",
                "iam:GetPolicyVersion",
                "iam:ListPolicyVersions",
                "iam:TagPolicy",
                "iam:UntagPolicy",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        limits::document(check, "policy", 6_144, "IAM and AWS STS quotas: managed policy size");
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        let (path, name) = (task.inputs.text("path").unwrap_or("/"), task.inputs.text("name")?);
        Some(task.aws.global_arn("iam", &format!("policy{path}{name}")))
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let answer = aws.iam().get_policy().policy_arn(remote).send().await.of("iam:GetPolicy").or_absent()?;
        let Some(policy) = answer.and_then(|answer| answer.policy) else { return Ok(None) };
        let version = policy.default_version_id().unwrap_or("v1");
        let call = aws.iam().get_policy_version().policy_arn(remote).version_id(version);
        let Some(answer) = call.send().await.of("iam:GetPolicyVersion").or_absent()? else { return Ok(None) };
        let document = answer.policy_version().and_then(PolicyVersion::document);
        let seen = Seen::new()
            .input("name", policy.policy_name())
            .input("path", policy.path())
            .input("policy", document.map(decoded).transpose()?)
            .input("description", filled(policy.description()))
            .output("arn", remote)
            .output("policy_id", policy.policy_id())
            .tags(policy.tags().iter().map(|tag| (tag.key(), tag.value())));
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let call = task.aws.iam().create_policy().policy_name(task.inputs.need("name")?);
        let answer = call
            .set_path(task.inputs.owned("path"))
            .policy_document(task.inputs.need("policy")?)
            .set_description(task.inputs.owned("description"))
            .set_tags(Some(tags(task.tags())?))
            .send()
            .await
            .of("iam:CreatePolicy")?;
        Ok(answer.policy().and_then(|policy| policy.arn()).unwrap_or_default().to_owned())
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        if task.differing(seen).any(&["policy"]) {
            make_room(task.aws, remote).await?;
            let call = task.aws.iam().create_policy_version().policy_arn(remote).set_as_default(true);
            let call = call.policy_document(task.inputs.need("policy")?);
            call.send().await.of("iam:CreatePolicyVersion")?;
        }
        retag(task, remote, seen).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        for version in spare_versions(aws, remote).await? {
            delete_version(aws, remote, &version).await?;
        }
        aws.iam().delete_policy().policy_arn(remote).send().await.of("iam:DeletePolicy").or_gone()
    }
}

/// The versions that are not in force, the newest first; none when the policy is gone.
async fn spare_versions(aws: &Account, remote: &str) -> Result<Vec<String>, Fault> {
    let answer = aws.iam().list_policy_versions().policy_arn(remote).send().await;
    let answer = answer.of("iam:ListPolicyVersions").or_absent()?;
    let versions = answer.iter().flat_map(|answer| answer.versions());
    let mut spare: Vec<String> = versions
        .filter(|version| !version.is_default_version())
        .filter_map(|version| version.version_id().map(str::to_owned))
        .collect();
    spare.sort_by_key(|id| std::cmp::Reverse(number(id)));
    Ok(spare)
}

/// The number in `v12`.
fn number(version: &str) -> u64 {
    version.trim_start_matches('v').split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Deletes the oldest versions when there would be too many with another one.
async fn make_room(aws: &Account, remote: &str) -> Result<(), Fault> {
    // One is in force, and one is to come.
    for version in spare_versions(aws, remote).await?.iter().skip(MOST_VERSIONS - 2) {
        delete_version(aws, remote, version).await?;
    }
    Ok(())
}

async fn delete_version(aws: &Account, remote: &str, version: &str) -> Result<(), Fault> {
    let call = aws.iam().delete_policy_version().policy_arn(remote).version_id(version);
    call.send().await.of("iam:DeletePolicyVersion").or_gone()
}

/// Tags as IAM takes them.
fn tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    tags.into_iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}

async fn retag(task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
    let retagging = task.retagging(seen);
    if !retagging.set.is_empty() {
        let call = task.aws.iam().tag_policy().policy_arn(remote).set_tags(Some(tags(retagging.set)?));
        call.send().await.of("iam:TagPolicy")?;
    }
    if !retagging.removed.is_empty() {
        let call = task.aws.iam().untag_policy().policy_arn(remote).set_tag_keys(Some(retagging.removed));
        call.send().await.of("iam:UntagPolicy")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(number("v10") > number("v9"));
        assert_eq!(number("v3.draft"), 3);
    }
}
