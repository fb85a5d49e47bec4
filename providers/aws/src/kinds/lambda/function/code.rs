//! The code of a function: an archive from the project, one in a bucket, or an image.

use aws_sdk_lambda::operation::update_function_code::builders::UpdateFunctionCodeFluentBuilder;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, FunctionCode, FunctionConfiguration};
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use siac_core::model::identity::Digest;
use siac_core::model::snapshot::{artifact_digest, artifact_reference};
use siac_core::model::value::Partial;
use siac_core::ports::Fault;

use crate::failure::Answer;
use crate::fields::Fields;
use crate::kind::Task;
use crate::kinds::s3::object::slow;

/// The largest archive that is sent directly, in bytes. Source: "Lambda quotas" in the Lambda Developer Guide, 50 MB.
const MOST_DIRECT: usize = 50 * 1024 * 1024;

/// Where code is uploaded to in a bucket when no key is given; what has the same digest is uploaded once.
const FOLDER: &str = "siac";

/// Where the code is now.
#[derive(Default)]
pub struct Place {
    /// The archive itself, when it is sent directly.
    pub archive: Option<Vec<u8>>,
    /// The bucket that it is in.
    pub bucket: Option<String>,
    /// Its key there.
    pub key: Option<String>,
    /// The version of the object.
    pub version: Option<String>,
    /// The container image.
    pub image: Option<String>,
}

/// The reference of the code as the function has it, spelled as remembered where that is what it has. `None` where it is not of the project.
pub fn shown(function: &FunctionConfiguration, remembered: Option<&str>) -> Option<String> {
    reference(function.code_sha256()?, remembered?)
}

/// The reference of the code of a digest that Lambda tells in base64, spelled as remembered where that is what it is.
pub fn reference(sha256: &str, remembered: &str) -> Option<String> {
    let bytes = STANDARD.decode(sha256).ok()?;
    let digest = Digest(bytes.try_into().ok()?);
    match artifact_digest(remembered) == Some(digest) {
        true => Some(remembered.to_owned()),
        false => Some(artifact_reference(&digest)),
    }
}

/// Whether the code comes from elsewhere than before. Lambda does not tell where it came from.
pub fn place_changed(task: &Task<'_>) -> bool {
    let before = |name: &str| task.object.and_then(|object| object.inputs.get(name)).and_then(Partial::as_str);
    let is_in_project = task.inputs.text("filename").is_some();
    let names = ["s3_bucket", "s3_key", "s3_object_version"];
    !is_in_project && names.iter().any(|name| task.inputs.text(name) != before(name))
}

/// The code for a new function.
pub async fn uploaded(task: &Task<'_>) -> Result<FunctionCode, Fault> {
    let Place { archive, bucket, key, version, image } = placed(task).await?;
    let code = FunctionCode::builder().set_zip_file(archive.map(Blob::new)).set_s3_bucket(bucket).set_s3_key(key);
    Ok(code.set_s3_object_version(version).set_image_uri(image).build())
}

/// A change of the code.
pub async fn updating(task: &Task<'_>, remote: &str) -> Result<UpdateFunctionCodeFluentBuilder, Fault> {
    let Place { archive, bucket, key, version, image } = placed(task).await?;
    let call =
        task.aws.lambda().update_function_code().function_name(remote).set_architectures(architectures(task.inputs));
    let call = call.set_zip_file(archive.map(Blob::new)).set_s3_bucket(bucket).set_s3_key(key);
    Ok(call.set_s3_object_version(version).set_image_uri(image))
}

/// The processor.
pub fn architectures(inputs: Fields<'_>) -> Option<Vec<Architecture>> {
    inputs.texts("architectures").map(|all| all.iter().map(|it| Architecture::from(it.as_str())).collect())
}

/// The code of a function or layer, uploaded to a bucket where it goes through one.
pub async fn placed(task: &Task<'_>) -> Result<Place, Fault> {
    let inputs = task.inputs;
    let Some(reference) = inputs.text("filename") else {
        return Ok(Place {
            bucket: inputs.owned("s3_bucket"),
            key: inputs.owned("s3_key"),
            version: inputs.owned("s3_object_version"),
            image: inputs.owned("image_uri"),
            archive: None,
        });
    };
    let digest = artifact_digest(reference).ok_or_else(|| Fault::rejected("`filename` names no artifact"))?;
    let archive = task.call.artifacts.fetch(&digest).await?;
    check_archive(&archive)?;
    match inputs.text("s3_bucket") {
        Some(bucket) => through(task, bucket, &digest, archive).await,
        None => {
            check_size(archive.len())?;
            Ok(Place { archive: Some(archive), ..Place::default() })
        }
    }
}

/// Refuses what Lambda does not take in a call.
fn check_size(bytes: usize) -> Result<(), Fault> {
    match bytes <= MOST_DIRECT {
        true => Ok(()),
        false => Err(Fault::rejected(format!(
            "the code has {} MB, and Lambda takes 50 MB directly (\"Lambda quotas\"); name a bucket to upload it to with `s3_bucket`",
            bytes.div_ceil(1024 * 1024)
        ))),
    }
}

/// A zip archive begins with the signature of its first entry, or of its end when it has none.
fn check_archive(bytes: &[u8]) -> Result<(), Fault> {
    match bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        true => Ok(()),
        false => Err(Fault::rejected("`filename` is a file that is no zip archive; name the folder that holds it")),
    }
}

/// Uploads the code to a bucket, under its digest when no key is given. What it uploads stays there: other stacks may have the same.
async fn through(task: &Task<'_>, bucket: &str, digest: &Digest, archive: Vec<u8>) -> Result<Place, Fault> {
    let key = task.inputs.owned("s3_key").unwrap_or_else(|| format!("{FOLDER}/{digest}.zip"));
    let call = task.aws.s3().put_object().bucket(bucket).key(&key).body(ByteStream::from(archive));
    let call = call.content_type("application/zip").customize().config_override(slow());
    let answer = call.send().await.of("s3:PutObject")?;
    let version = answer.version_id().filter(|version| *version != "null").map(str::to_owned);
    Ok(Place { bucket: Some(bucket.to_owned()), key: Some(key), version, ..Place::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_for_a_call_asks_for_a_bucket() {
        assert_eq!(check_size(MOST_DIRECT), Ok(()));
        let why = check_size(MOST_DIRECT + 1).unwrap_err().to_string();
        assert!(why.starts_with("the code has 51 MB, and Lambda takes 50 MB directly"), "{why}");
        assert!(why.ends_with("name a bucket to upload it to with `s3_bucket`"), "{why}");
    }

    #[test]
    fn code_is_an_archive() {
        assert_eq!(check_archive(b"PK\x03\x04 and more"), Ok(()));
        assert!(check_archive(b"export const handler").is_err());
    }
}
