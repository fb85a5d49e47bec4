//! `aws_s3_object`.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ServerSideEncryption, StorageClass};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::{Object, artifact_digest};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial};
use siac_core::ports::Fault;

use super::bucket::empty;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Evidence, Kind, Task};
use crate::marks::{RESERVED, Tags};
use crate::seen::{Seen, Told, filled};

/// The kind. AWS knows it by `BUCKET/KEY`. Its marks are metadata: an object has room for ten tags only, and they cost.
pub struct S3Object;

/// The attributes that say what it holds.
const CONTENTS: [&str; 3] = ["source", "content", "content_base64"];

/// The hard limit of an upload: 5 GB, the most that one call takes, at 3 MB/s. A choice of this project.
const UPLOADING: Duration = Duration::from_secs(30 * 60);

#[async_trait]
impl Kind for S3Object {
    fn describe(&self) -> Described {
        let text = |description| Attribute::optional(Type::String, description);
        let attributes = [
            ("bucket", Attribute::required(Type::String, "the bucket's name").immutable()),
            (
                "key",
                // "Naming Amazon S3 objects" in the S3 User Guide.
                Attribute::required(Type::String, "its name in the bucket").immutable().rule(Rule::Length(1, 1_024)),
            ),
            ("source", text("a file of the project; or a folder, which becomes a zip archive").artifact()),
            ("content", text("what it holds, as text")),
            ("content_base64", text("what it holds, in base64")),
            ("content_type", Attribute::optional_computed(Type::String, "its media type")),
            ("cache_control", text("how it may be cached")),
            ("content_disposition", text("how it is to be shown")),
            ("content_encoding", text("how it is encoded")),
            ("content_language", text("the language it is in")),
            ("metadata", Attribute::optional(Type::map(Type::String), "what is written beside it, keys in lower case")),
            ("storage_class", Attribute::optional_computed(Type::String, "its storage class")),
            (
                "server_side_encryption",
                Attribute::optional_computed(Type::String, "how it is encrypted: `AES256`, `aws:kms`, `aws:kms:dsse`"),
            ),
            ("kms_key_id", Attribute::optional_computed(Type::String, "the ARN of the key that encrypts it")),
            ("etag", Attribute::computed(Type::String, "what tells this content from others")),
            ("version_id", Attribute::computed(Type::String, "the version, in a bucket that keeps versions")),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
        ];
        let mut described =
            Described::new("an object in a bucket", RecoveryClass::Put, attributes).imported_by("`BUCKET/KEY`").needs(
                &["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:ListBucketVersions", "s3:PutObject"],
            );
        described.evidence = Evidence::Tags;
        described.schema.timeout = UPLOADING + Duration::from_secs(60);
        described
    }

    fn validate(&self, check: &mut Check<'_>) {
        check.exactly_one(&CONTENTS);
        let metadata = check.get("metadata").and_then(Partial::as_map);
        for key in metadata.into_iter().flat_map(|entries| entries.keys()) {
            if key.starts_with(RESERVED) || key.chars().any(char::is_uppercase) {
                check.refuse(
                    format!("`{key}` cannot be a key of metadata"),
                    "write lower-case letters, without `siac-` before them",
                );
            }
        }
        if check.text("content_base64").is_some_and(|text| STANDARD.decode(text).is_err()) {
            check.refuse("`content_base64` is not base64", "write it with `base64encode(…)`, or use `content`");
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        Some(format!("{}/{}", task.inputs.text("bucket")?, task.inputs.text("key")?))
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (bucket, key) = parts(remote)?;
        let head = aws.s3().head_object().bucket(bucket).key(key).send().await.of("s3:GetObject").or_absent()?;
        let Some(head) = head else { return Ok(None) };
        let metadata = head.metadata().cloned().unwrap_or_default();
        let (marks, own): (Tags, Tags) = metadata.into_iter().partition(|(key, _)| key.starts_with(RESERVED));
        let etag = head.e_tag().map(|etag| etag.trim_matches('"'));
        let mut seen = Seen::new()
            .input("bucket", bucket)
            .input("key", key)
            .input("content_type", head.content_type())
            .input("cache_control", filled(head.cache_control()))
            .input("content_disposition", filled(head.content_disposition()))
            // What the SDK adds while it sends is no encoding of the content.
            .input("content_encoding", filled(head.content_encoding().filter(|it| *it != "aws-chunked")))
            .input("content_language", filled(head.content_language()))
            .input("metadata", if own.is_empty() { Known::Null } else { own.told() })
            .input("storage_class", head.storage_class().map_or("STANDARD", StorageClass::as_str))
            .input("server_side_encryption", head.server_side_encryption().map(ServerSideEncryption::as_str))
            .input("kms_key_id", head.ssekms_key_id())
            .output("etag", etag)
            .output("version_id", filled(head.version_id().filter(|version| *version != "null")))
            .output("arn", format!("arn:{}:s3:::{remote}", aws.partition()))
            .tags(marks);
        if let Some(name) = changed_content(remembered, etag) {
            seen = seen.input(name, format!("changed outside siac: ETag {}", etag.unwrap_or("?")));
        }
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("`bucket` and `key` are needed"))?;
        put(task, &remote, task.marks()).await?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let marks = seen.tags.clone().filter(|marks| !marks.is_empty());
        Ok(put(task, remote, marks.unwrap_or_else(|| task.marks())).await?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (bucket, key) = parts(remote)?;
        empty(aws, bucket, Some(key)).await
    }
}

fn parts(remote: &str) -> Result<(&str, &str), Fault> {
    remote.split_once('/').ok_or_else(|| Fault::rejected(format!("`{remote}` is not `BUCKET/KEY`")))
}

/// The attribute that says what the object held, when it holds something else now.
fn changed_content(remembered: Option<&Object>, etag: Option<&str>) -> Option<&'static str> {
    let object = remembered?;
    let before = object.outputs.get("etag").and_then(Partial::as_str)?;
    let form = CONTENTS.into_iter().find(|name| object.inputs.get(name).is_some_and(|value| !value.is_null()));
    if Some(before) == etag { None } else { form }
}

/// What is to be uploaded.
async fn content(task: &Task<'_>) -> Result<Vec<u8>, Fault> {
    if let Some(text) = task.inputs.text("content") {
        return Ok(text.as_bytes().to_vec());
    }
    if let Some(text) = task.inputs.text("content_base64") {
        return STANDARD.decode(text).map_err(|_| Fault::rejected("`content_base64` is not base64"));
    }
    let reference = task.inputs.need("source")?;
    let digest = artifact_digest(reference).ok_or_else(|| Fault::rejected("`source` names no artifact"))?;
    task.call.artifacts.fetch(&digest).await
}

async fn put(task: &Task<'_>, remote: &str, marks: Tags) -> Result<(), Failure> {
    let (bucket, key) = parts(remote)?;
    let inputs = task.inputs;
    let mut metadata: HashMap<String, String> = inputs.map("metadata").unwrap_or_default().into_iter().collect();
    metadata.extend(marks);
    let call = task.aws.s3().put_object().bucket(bucket).key(key).set_metadata(Some(metadata));
    let call = call
        .body(ByteStream::from(content(task).await?))
        .set_content_type(inputs.owned("content_type"))
        .set_cache_control(inputs.owned("cache_control"))
        .set_content_disposition(inputs.owned("content_disposition"))
        .set_content_encoding(inputs.owned("content_encoding"))
        .set_content_language(inputs.owned("content_language"))
        .set_storage_class(inputs.text("storage_class").map(StorageClass::from))
        .set_server_side_encryption(inputs.text("server_side_encryption").map(ServerSideEncryption::from))
        .set_ssekms_key_id(inputs.owned("kms_key_id"));
    call.customize().config_override(slow()).send().await.of("s3:PutObject")?;
    Ok(())
}

/// An upload takes as long as it takes.
pub fn slow() -> aws_sdk_s3::config::Builder {
    let timeouts = aws_sdk_s3::config::timeout::TimeoutConfig::builder().operation_attempt_timeout(UPLOADING);
    aws_sdk_s3::config::Builder::new().timeout_config(timeouts.build())
}
