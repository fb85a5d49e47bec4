//! `aws_secretsmanager_secret`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::Tag;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::marks::Tags;
use crate::seen::{Seen, filled};

/// For how many days a deleted secret can be restored, when the stack does not say. Source: `DeleteSecret` in the API reference.
const USUAL_WINDOW: i64 = 30;

/// The kind. siac knows it by its name.
pub struct SecretOfManager;

#[async_trait]
impl Kind for SecretOfManager {
    fn describe(&self) -> Described {
        let attributes = [
            (
                "name",
                // `NameType` and its description in the Secrets Manager service model.
                Attribute::optional_computed(Type::String, "its name, unique in the region; made when none is given")
                    .immutable()
                    .rule(Rule::Length(1, 512))
                    .rule(Rule::Matches(r"[A-Za-z0-9/_+=.@-]+", "letters, digits and `/_+=.@-`")),
            ),
            // `DescriptionType` in the service model.
            ("description", Attribute::optional(Type::String, "what it is for").rule(Rule::Length(0, 2_048))),
            (
                "kms_key_id",
                Attribute::optional(Type::String, "the key that encrypts it: id, ARN or alias; otherwise AWS's own"),
            ),
            ("policy", Attribute::optional(Type::String, "who else may use it: an IAM policy, as JSON")),
            (
                "recovery_window_in_days",
                Attribute::optional(
                    Type::Number,
                    "for how many days it can be restored after its deletion, 7 to 30; 0 deletes it at once and for good",
                )
                .default(Value::number(USUAL_WINDOW))
                .write_only(),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
        ];
        Described::new("a secret; its value is an `aws_secretsmanager_secret_version`", RecoveryClass::Name, attributes)
            .named("name", 512)
            .tagged()
            .policies(&["policy"])
            .holds_data()
            .settles(Duration::from_millis(600), Duration::from_secs(120))
            .needs(&[
                "secretsmanager:CreateSecret",
                "secretsmanager:DeleteResourcePolicy",
                "secretsmanager:DeleteSecret",
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetResourcePolicy",
                "secretsmanager:PutResourcePolicy",
                "secretsmanager:TagResource",
                "secretsmanager:UntagResource",
                "secretsmanager:UpdateSecret",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        // `NonEmptyResourcePolicyType` in the service model.
        limits::document(check, "policy", 20_480, "Secrets Manager: resource-based policy");
        // `DeleteSecret` in the API reference.
        let window = check.int("recovery_window_in_days").unwrap_or(USUAL_WINDOW);
        if window != 0 && !(7..=30).contains(&window) {
            check.refuse(
                format!("a deleted secret cannot be kept for {window} days"),
                "write 7 to 30, or 0 to delete it at once",
            );
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("name")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(secret) = shown(aws, remote).await? else { return Ok(None) };
        if secret.deleted_date().is_some() {
            return Ok(None);
        }
        let policy = aws.secretsmanager().get_resource_policy().secret_id(remote).send().await;
        let Some(policy) = policy.of("secretsmanager:GetResourcePolicy").or_absent()? else { return Ok(None) };
        let seen = Seen::new()
            .input("name", secret.name())
            .input("description", filled(secret.description()))
            .input("kms_key_id", filled(secret.kms_key_id()))
            .input("policy", filled(policy.resource_policy()))
            .output("id", secret.arn())
            .output("arn", secret.arn())
            .tags(secret.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default()))));
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let name = task.inputs.need("name")?;
        let call = task.aws.secretsmanager().create_secret().name(name).set_tags(Some(tags(task.tags())));
        let call = call
            .set_description(task.inputs.owned("description"))
            .set_kms_key_id(task.inputs.owned("kms_key_id"))
            .client_request_token(task.token());
        let made = call.send().await.of("secretsmanager:CreateSecret");
        match made {
            Ok(_) => Ok(name.to_owned()),
            Err(failure) => Err(waiting_for_its_end(task, name).await?.map_or(failure, Failure::from)),
        }
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        let manager = task.aws.secretsmanager();
        match task.inputs.text("policy") {
            Some(policy) => {
                let call = manager.put_resource_policy().secret_id(remote).resource_policy(policy);
                let call = call.send().await.of("secretsmanager:PutResourcePolicy");
                // A role that was made a moment ago is no principal yet, and AWS tells that and nonsense by one code.
                let what = "its policy is not taken";
                call.not_yet_on(&["MalformedPolicyDocumentException"], what).map_err(Fault::from).map(drop)
            }
            // A new secret has no policy.
            None if task.object.is_none() => Ok(()),
            None => {
                let call = manager.delete_resource_policy().secret_id(remote);
                call.send().await.of("secretsmanager:DeleteResourcePolicy").or_gone()
            }
        }
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let manager = task.aws.secretsmanager();
        if task.differing(seen).any(&["description", "kms_key_id"]) {
            let call = manager.update_secret().secret_id(remote).client_request_token(task.token());
            // An empty key is AWS's own.
            let call = call
                .description(task.inputs.text("description").unwrap_or_default())
                .kms_key_id(task.inputs.text("kms_key_id").unwrap_or_default());
            call.send().await.of("secretsmanager:UpdateSecret")?;
        }
        let retagging = task.retagging(seen);
        if !retagging.set.is_empty() {
            let call = manager.tag_resource().secret_id(remote).set_tags(Some(tags(retagging.set)));
            call.send().await.of("secretsmanager:TagResource")?;
        }
        if !retagging.removed.is_empty() {
            let call = manager.untag_resource().secret_id(remote).set_tag_keys(Some(retagging.removed));
            call.send().await.of("secretsmanager:UntagResource")?;
        }
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, object: &Object) -> Result<(), Fault> {
        let days = object.inputs.get("recovery_window_in_days").and_then(Partial::as_number);
        let days = days.and_then(|days| days.as_i64()).unwrap_or(USUAL_WINDOW);
        let call = aws.secretsmanager().delete_secret().secret_id(remote);
        let call = match days {
            0 => call.force_delete_without_recovery(true),
            days => call.recovery_window_in_days(days),
        };
        let Err(failure) = call.send().await.of("secretsmanager:DeleteSecret") else { return Ok(()) };
        // Deleting what waits for its end is refused with the code of every other mistake.
        match shown(aws, remote).await? {
            Some(secret) if secret.deleted_date().is_none() => Err(failure.into()),
            _ => Ok(()),
        }
    }
}

/// A secret, whether it lives or waits for its end.
async fn shown(aws: &Account, name: &str) -> Result<Option<DescribeSecretOutput>, Fault> {
    aws.secretsmanager().describe_secret().secret_id(name).send().await.of("secretsmanager:DescribeSecret").or_absent()
}

/// Why a name cannot be had, when a deleted secret that can still be restored has it.
async fn waiting_for_its_end(task: &Task<'_>, name: &str) -> Result<Option<Fault>, Fault> {
    let until = shown(task.aws, name).await?.and_then(|secret| secret.deleted_date);
    Ok(until.map(|until| {
        let address = &task.call.address;
        Fault::rejected(format!(
            "a secret `{name}` was deleted, can be restored until {until}, and has the name until then; choose another name, or restore it with \
            `aws secretsmanager restore-secret --secret-id {name}` and adopt it: [[import]] to = \"{address}\", id = \"{name}\"; \
            `recovery_window_in_days = 0` deletes a secret at once"
        ))
    }))
}

fn tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
