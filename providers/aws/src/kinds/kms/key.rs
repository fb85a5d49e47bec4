//! `aws_kms_key`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_kms::types::{KeyMetadata, KeySpec, KeyState, KeyUsageType, OriginType, Tag};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::marks::Tags;
use crate::seen::{Seen, filled};

/// The spec of keys that can be rotated. Source: "Rotating AWS KMS keys" in the KMS Developer Guide.
const SYMMETRIC: &str = "SYMMETRIC_DEFAULT";

/// Source: `KeySpec` in the KMS service model.
const SPECS: &[&str] = &[
    SYMMETRIC,
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
];

/// The kind. AWS knows it by its id.
pub struct Key;

#[async_trait]
impl Kind for Key {
    fn describe(&self) -> Described {
        Described::new("a key", RecoveryClass::Tag, attributes())
            .tagged()
            .policies(&["policy"])
            .holds_data()
            .settles(Duration::from_secs(1), Duration::from_secs(180))
            .imported_by("its id")
            .needs(&[
                "kms:CreateKey",
                "kms:DescribeKey",
                "kms:DisableKey",
                "kms:DisableKeyRotation",
                "kms:EnableKey",
                "kms:EnableKeyRotation",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:ListKeys",
                "kms:ListResourceTags",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        // "Resource quotas" in the KMS Developer Guide: key policy document size.
        limits::document(check, "policy", 32_768, "AWS KMS quotas: key policy document size");
        let spec = check.text("customer_master_key_spec").unwrap_or(SYMMETRIC);
        if check.flag("enable_key_rotation") == Some(true) && spec != SYMMETRIC {
            check.refuse(
                format!("a key of spec `{spec}` cannot be rotated"),
                "remove `enable_key_rotation`; make another key and move its alias when it is time",
            );
        }
        if check.has("rotation_period_in_days") && check.flag("enable_key_rotation") == Some(false) {
            check.refuse("`rotation_period_in_days` is for a key that is rotated", "set `enable_key_rotation = true`");
        }
        if let (Some(usage), Some(spec)) = (check.text("key_usage"), check.text("customer_master_key_spec")) {
            let (usage, fits) = (usage.to_owned(), usage_fits(usage, spec));
            if !fits {
                check.refuse(format!("a key for `{usage}` has another spec"), "see `KeyUsage` in AWS's `CreateKey`");
            }
        }
    }

    /// Every key that carries a mark of the call. KMS lists no tags, so that each key is asked for its own.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let op = task.call.op.to_string();
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = task.aws.kms().list_keys().limit(1_000).set_marker(next).send().await.of("kms:ListKeys")?;
            for id in page.keys().iter().filter_map(|key| key.key_id()) {
                let is_ours = tags_of(task.aws, id).await?.is_some_and(|tags| tags.get("siac-op") == Some(&op));
                found.extend(is_ours.then(|| id.to_owned()));
            }
            next = page.next_marker.filter(|_| page.truncated);
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(key) = living(aws, remote).await? else { return Ok(None) };
        let Some(tags) = tags_of(aws, remote).await? else { return Ok(None) };
        let policy = aws.kms().get_key_policy().key_id(remote).send().await.of("kms:GetKeyPolicy")?;
        let is_symmetric = key.key_spec() == Some(&KeySpec::SymmetricDefault);
        let rotation = match is_symmetric && key.origin() == Some(&OriginType::AwsKms) {
            true => {
                let call = aws.kms().get_key_rotation_status().key_id(remote);
                Some(call.send().await.of("kms:GetKeyRotationStatus")?)
            }
            false => None,
        };
        let is_rotated = rotation.as_ref().is_some_and(|rotation| rotation.key_rotation_enabled());
        let seen = Seen::new()
            .input("description", filled(key.description()))
            .input("key_usage", key.key_usage().map(KeyUsageType::as_str))
            .input("customer_master_key_spec", key.key_spec().map(KeySpec::as_str))
            .input("multi_region", key.multi_region().unwrap_or(false))
            .input("policy", policy.policy())
            .input("is_enabled", key.enabled())
            .input("enable_key_rotation", is_rotated)
            .input(
                "rotation_period_in_days",
                rotation.filter(|_| is_rotated).and_then(|rotation| rotation.rotation_period_in_days()),
            )
            .output("key_id", key.key_id())
            .output("arn", key.arn())
            .tags(tags);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let inputs = task.inputs;
        let call = task.aws.kms().create_key().set_tags(Some(tags(task.tags())?));
        let call = call
            .set_description(inputs.owned("description"))
            .set_key_usage(inputs.text("key_usage").map(KeyUsageType::from))
            .set_key_spec(inputs.text("customer_master_key_spec").map(KeySpec::from))
            .set_policy(inputs.owned("policy"))
            .set_multi_region(inputs.flag("multi_region"))
            .set_bypass_policy_lockout_safety_check(inputs.flag("bypass_policy_lockout_safety_check"));
        // A principal that was made a moment ago is not known yet, and AWS tells that and nonsense by one code.
        let answer = call.send().await.of("kms:CreateKey");
        let answer = answer.not_yet_on(&["MalformedPolicyDocumentException"], "its policy is not taken")?;
        let id = answer.key_metadata().map(|key| key.key_id().to_owned());
        Ok(id.ok_or_else(|| Fault::ambiguous("`kms:CreateKey` was answered without a key"))?)
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        rotate(task, remote).await?;
        let is_wanted = task.inputs.flag("is_enabled").unwrap_or(true);
        let Some(key) = living(task.aws, remote).await? else { return Ok(()) };
        match (key.enabled(), is_wanted) {
            (false, true) => enable(task.aws, remote).await,
            (true, false) => {
                task.aws.kms().disable_key().key_id(remote).send().await.of("kms:DisableKey")?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let (kms, differing) = (task.aws.kms(), task.differing(seen));
        if differing.any(&["description"]) {
            let call = kms.update_key_description().key_id(remote);
            let call = call.description(task.inputs.text("description").unwrap_or_default());
            call.send().await.of("kms:UpdateKeyDescription")?;
        }
        if let (true, Some(policy)) = (differing.any(&["policy"]), task.inputs.text("policy")) {
            let call = kms.put_key_policy().key_id(remote).policy(policy);
            let call =
                call.set_bypass_policy_lockout_safety_check(task.inputs.flag("bypass_policy_lockout_safety_check"));
            let answer = call.send().await.of("kms:PutKeyPolicy");
            answer.not_yet_on(&["MalformedPolicyDocumentException"], "its policy is not taken")?;
        }
        let retagging = task.retagging(seen);
        if !retagging.set.is_empty() {
            let call = kms.tag_resource().key_id(remote).set_tags(Some(tags(retagging.set)?));
            call.send().await.of("kms:TagResource")?;
        }
        if !retagging.removed.is_empty() {
            let call = kms.untag_resource().key_id(remote).set_tag_keys(Some(retagging.removed));
            call.send().await.of("kms:UntagResource")?;
        }
        Ok(())
    }

    /// A key is never deleted at once: it waits, and what it encrypted can be read no more.
    async fn remove(&self, aws: &Account, remote: &str, object: &Object) -> Result<(), Fault> {
        if living(aws, remote).await?.is_none() {
            return Ok(());
        }
        let days = object.inputs.get("deletion_window_in_days").and_then(Partial::as_number);
        let days = days.and_then(|days| i32::try_from(days.as_i64()?).ok());
        let call = aws.kms().schedule_key_deletion().key_id(remote).set_pending_window_in_days(days);
        call.send().await.of("kms:ScheduleKeyDeletion").or_gone()
    }
}

fn attributes() -> Vec<(&'static str, Attribute)> {
    let flag = |description, value| Attribute::optional(Type::Bool, description).default(Value::Bool(value));
    let word = |description, value| Attribute::optional(Type::String, description).default(Value::string(value));
    vec![
        // `DescriptionType` in the KMS service model.
        ("description", Attribute::optional(Type::String, "what it is for").rule(Rule::Length(0, 8_192))),
        (
            "key_usage",
            word("what it does", "ENCRYPT_DECRYPT").immutable().rule(Rule::OneOf(&[
                "ENCRYPT_DECRYPT",
                "SIGN_VERIFY",
                "GENERATE_VERIFY_MAC",
                "KEY_AGREEMENT",
            ])),
        ),
        ("customer_master_key_spec", word("what kind of key it is", SYMMETRIC).immutable().rule(Rule::OneOf(SPECS))),
        (
            "policy",
            Attribute::optional_computed(Type::String, "who may use it: an IAM policy, as JSON; otherwise the account"),
        ),
        (
            "bypass_policy_lockout_safety_check",
            flag("whether a policy is taken that shuts out who sets it", false).write_only(),
        ),
        (
            "deletion_window_in_days",
            // `ScheduleKeyDeletion` in the KMS API reference.
            Attribute::optional(Type::Number, "for how many days its deletion can be taken back")
                .default(Value::number(30_i64))
                .rule(Rule::Between(7, 30))
                .write_only(),
        ),
        ("is_enabled", flag("whether it can be used", true)),
        ("enable_key_rotation", flag("whether AWS makes new material for it from time to time", false)),
        (
            "rotation_period_in_days",
            // `RotationPeriodInDaysType` in the KMS service model.
            Attribute::optional_computed(Type::Number, "how often it is rotated").rule(Rule::Between(90, 2_560)),
        ),
        ("multi_region", flag("whether other regions may have copies of it", false).immutable()),
        ("key_id", Attribute::computed(Type::String, "its id").stays()),
        ("arn", Attribute::computed(Type::String, "its ARN").stays()),
    ]
}

/// Whether a key of a spec can be for a use. Source: `CreateKey` in the KMS API reference.
fn usage_fits(usage: &str, spec: &str) -> bool {
    match usage {
        "GENERATE_VERIFY_MAC" => spec.starts_with("HMAC_"),
        "SIGN_VERIFY" => spec != SYMMETRIC && !spec.starts_with("HMAC_"),
        "KEY_AGREEMENT" => spec.starts_with("ECC_NIST_P") || spec == "SM2",
        _ => spec == SYMMETRIC || spec.starts_with("RSA_") || spec == "SM2",
    }
}

/// A key that does not wait for its end.
async fn living(aws: &Account, id: &str) -> Result<Option<KeyMetadata>, Fault> {
    let answer = aws.kms().describe_key().key_id(id).send().await.of("kms:DescribeKey").or_absent()?;
    let key = answer.and_then(|answer| answer.key_metadata);
    let waits = |key: &KeyMetadata| {
        matches!(key.key_state(), Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion))
    };
    Ok(key.filter(|key| !waits(key)))
}

async fn tags_of(aws: &Account, id: &str) -> Result<Option<Tags>, Fault> {
    // A key has at most 50 tags, which is the size of one page. Source: `ListResourceTags` in the KMS API reference.
    let answer = aws.kms().list_resource_tags().key_id(id).limit(50).send().await;
    let answer = match answer.of("kms:ListResourceTags") {
        // Keys of AWS and of others in the account are none of ours.
        Err(failure) if failure.code() == "AccessDeniedException" => return Ok(None),
        answer => answer.or_absent()?,
    };
    let all = answer.map(|answer| answer.tags.unwrap_or_default());
    Ok(all.map(|tags| tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect()))
}

/// Rotation can be set only while a key is enabled.
async fn rotate(task: &Task<'_>, remote: &str) -> Result<(), Fault> {
    let (kms, inputs) = (task.aws.kms(), task.inputs);
    if inputs.text("customer_master_key_spec").is_some_and(|spec| spec != SYMMETRIC) {
        return Ok(());
    }
    let is_wanted = inputs.is("enable_key_rotation");
    if !is_wanted && task.object.is_none() {
        return Ok(());
    }
    let now = kms.get_key_rotation_status().key_id(remote).send().await.of("kms:GetKeyRotationStatus")?;
    let period = inputs.int::<i32>("rotation_period_in_days").filter(|_| is_wanted);
    let is_other_period = period.is_some_and(|period| now.rotation_period_in_days() != Some(period));
    if now.key_rotation_enabled() == is_wanted && !is_other_period {
        return Ok(());
    }
    if living(task.aws, remote).await?.is_some_and(|key| !key.enabled()) {
        enable(task.aws, remote).await?;
    }
    if is_wanted {
        let call = kms.enable_key_rotation().key_id(remote).set_rotation_period_in_days(period);
        call.send().await.of("kms:EnableKeyRotation")?;
    } else {
        kms.disable_key_rotation().key_id(remote).send().await.of("kms:DisableKeyRotation")?;
    }
    Ok(())
}

async fn enable(aws: &Account, remote: &str) -> Result<(), Fault> {
    aws.kms().enable_key().key_id(remote).send().await.of("kms:EnableKey")?;
    Ok(())
}

fn tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    tags.into_iter().map(|(key, value)| built(Tag::builder().tag_key(key).tag_value(value).build())).collect()
}
