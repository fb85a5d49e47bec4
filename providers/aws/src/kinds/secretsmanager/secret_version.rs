//! `aws_secretsmanager_secret_version`.

use async_trait::async_trait;
use aws_sdk_secretsmanager::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use siac_core::model::schema::{Attribute, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Partial;
use siac_core::ports::Fault;

use super::sealed;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, texts};

/// The most bytes of a value. Source: `SecretStringType` in the Secrets Manager service model.
const LONGEST: usize = 65_536;

/// The label of the version that is used.
const CURRENT: &str = "AWSCURRENT";

/// The label of the version that was used before; AWS moves it whenever another one is used.
const PREVIOUS: &str = "AWSPREVIOUS";

/// The kind. siac knows it by `SECRET|VERSION`, the version being the operation that made it.
pub struct SecretVersion;

#[async_trait]
impl Kind for SecretVersion {
    fn describe(&self) -> Described {
        let attributes = [
            ("secret_id", Attribute::required(Type::String, "the secret: its ARN or name").immutable()),
            ("secret_string", Attribute::optional(Type::String, "the value, a text").immutable().sensitive()),
            ("secret_binary", Attribute::optional(Type::String, "the value, bytes in base64").immutable().sensitive()),
            (
                "version_stages",
                Attribute::optional_computed(
                    Type::set(Type::String),
                    "its labels; `AWSCURRENT`, which a new version gets when nothing is said, is on the one in use",
                ),
            ),
            ("version_id", Attribute::computed(Type::String, "the id of the version").stays()),
            ("arn", Attribute::computed(Type::String, "the ARN of the secret").stays()),
        ];
        Described::new("a value of a secret; a changed value is another version", RecoveryClass::Token, attributes)
            .imported_by("`SECRET|VERSION`")
            .needs(&[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        check.exactly_one(&["secret_string", "secret_binary"]);
        let stages = check.get("version_stages").and_then(Partial::as_list).unwrap_or_default();
        if stages.iter().any(|stage| stage.as_str() == Some(PREVIOUS)) {
            check.refuse(format!("`{PREVIOUS}` is a label that AWS moves itself"), "remove it");
        }
        let size = check.text("secret_string").map(str::len);
        let bytes = check.text("secret_binary").map(|text| STANDARD.decode(text));
        if matches!(bytes, Some(Err(_))) {
            check.refuse("`secret_binary` is not base64", "write it with `base64encode(…)`, or use `secret_string`");
        }
        let size = size.or_else(|| bytes?.ok().map(|bytes| bytes.len()));
        if size.is_some_and(|size| size > LONGEST) {
            check.refuse(format!("the value has more than {LONGEST} bytes"), "keep it in a bucket, and its key here");
        }
    }

    /// The version that this operation made has the operation's name.
    fn remote(&self, task: &Task<'_>) -> Option<String> {
        Some(format!("{}|{}", task.inputs.text("secret_id")?, task.token()))
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (secret, version) = parts(remote)?;
        let answer = aws.secretsmanager().describe_secret().secret_id(secret).send().await;
        let Some(answer) = answer.of("secretsmanager:DescribeSecret").or_absent()? else { return Ok(None) };
        if answer.deleted_date().is_some() {
            return Ok(None);
        }
        // A version without labels is as good as gone: AWS deletes it when it likes.
        let stages = answer.version_ids_to_stages().and_then(|versions| versions.get(version));
        let Some(stages) = stages.filter(|stages| !stages.is_empty()) else { return Ok(None) };
        let seen = Seen::new()
            .input("secret_id", secret)
            .input("version_stages", texts(&lasting(stages)))
            .output("version_id", version)
            .output("arn", answer.arn());
        // The value of a version never changes, so that it is not asked for again.
        Ok(Some(if remembered.is_some() { seen } else { with_value(aws, secret, version, seen).await? }))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let secret = task.inputs.need("secret_id")?;
        let bytes = task.inputs.text("secret_binary").map(|text| STANDARD.decode(text)).transpose();
        let bytes = bytes.map_err(|_| Fault::rejected("`secret_binary` is not base64"))?;
        let call = task.aws.secretsmanager().put_secret_value().secret_id(secret).client_request_token(task.token());
        let call = call
            .set_secret_string(task.inputs.owned("secret_string"))
            .set_secret_binary(bytes.map(Blob::new))
            .set_version_stages(task.inputs.texts("version_stages"));
        call.send().await.of("secretsmanager:PutSecretValue")?;
        Ok(format!("{secret}|{}", task.token()))
    }

    /// Moves labels; a label that another version has is taken from it.
    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        let (secret, version) = parts(remote)?;
        let Some(wanted) = task.inputs.texts("version_stages") else { return Ok(()) };
        let answer = task.aws.secretsmanager().describe_secret().secret_id(secret).send().await;
        let versions = answer.of("secretsmanager:DescribeSecret")?.version_ids_to_stages.unwrap_or_default();
        let holder = |stage: &str| {
            let holds = |stages: &Vec<String>| stages.iter().any(|other| other == stage);
            versions.iter().find(|(_, stages)| holds(stages)).map(|(id, _)| id.clone())
        };
        for stage in &wanted {
            let from = holder(stage).filter(|from| from != version);
            if from.is_some() || holder(stage).is_none() {
                relabel(task.aws, secret, stage, from, Some(version)).await?;
            }
        }
        let has = versions.get(version).map(|stages: &Vec<String>| lasting(stages)).unwrap_or_default();
        for stage in has.into_iter().filter(|stage| !wanted.contains(stage)) {
            taken(task.aws, secret, version, &stage).await?;
        }
        Ok(())
    }

    /// Versions cannot be deleted: it loses its labels. The one in use stays until another one is, or the secret is deleted.
    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (secret, version) = parts(remote)?;
        let answer = aws.secretsmanager().describe_secret().secret_id(secret).send().await;
        let Some(answer) = answer.of("secretsmanager:DescribeSecret").or_absent()? else { return Ok(()) };
        let stages = answer.version_ids_to_stages().and_then(|versions| versions.get(version)).cloned();
        for stage in stages.unwrap_or_default() {
            if answer.deleted_date().is_none() {
                taken(aws, secret, version, &stage).await?;
            }
        }
        Ok(())
    }
}

fn parts(remote: &str) -> Result<(&str, &str), Fault> {
    remote.rsplit_once('|').ok_or_else(|| Fault::rejected(format!("`{remote}` is not `SECRET|VERSION`")))
}

/// The labels that AWS does not move by itself.
fn lasting(stages: &[String]) -> Vec<String> {
    stages.iter().filter(|stage| *stage != PREVIOUS).cloned().collect()
}

/// Takes a label away. The one of the version in use can only be moved.
async fn taken(aws: &Account, secret: &str, version: &str, stage: &str) -> Result<(), Fault> {
    match stage {
        CURRENT => Ok(()),
        stage => relabel(aws, secret, stage, Some(version.to_owned()), None).await,
    }
}

async fn relabel(
    aws: &Account,
    secret: &str,
    stage: &str,
    from: Option<String>,
    to: Option<&str>,
) -> Result<(), Fault> {
    let call = aws.secretsmanager().update_secret_version_stage().secret_id(secret).version_stage(stage);
    let call = call.set_remove_from_version_id(from).set_move_to_version_id(to.map(str::to_owned));
    call.send().await.of("secretsmanager:UpdateSecretVersionStage").or_gone()
}

/// With the value, where we may see it: what is adopted is compared with it, and nothing else is done with it.
async fn with_value(aws: &Account, secret: &str, version: &str, seen: Seen) -> Result<Seen, Fault> {
    let call = aws.secretsmanager().get_secret_value().secret_id(secret).version_id(version);
    let answer = match call.send().await.of("secretsmanager:GetSecretValue") {
        Err(failure) if failure.code() == "AccessDeniedException" => return Ok(seen),
        answer => answer.or_absent()?,
    };
    Ok(match answer.map(|answer| (answer.secret_string, answer.secret_binary)) {
        Some((Some(text), _)) => seen.input("secret_string", sealed(text)),
        Some((_, Some(bytes))) => seen.input("secret_binary", sealed(STANDARD.encode(bytes))),
        _ => seen,
    })
}
