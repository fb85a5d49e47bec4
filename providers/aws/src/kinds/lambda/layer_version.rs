//! `aws_lambda_layer_version`.

use async_trait::async_trait;
use aws_sdk_lambda::operation::get_layer_version::GetLayerVersionOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, LayerVersionContentInput, LayerVersionContentOutput, Runtime};
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Fault, Planned};

use super::function::code;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Evidence, Kind, Task};
use crate::marks::{signed, unsigned};
use crate::seen::{Seen, Told, filled, texts};

/// Where the content comes from.
const SOURCES: [&str; 4] = ["filename", "s3_bucket", "s3_key", "s3_object_version"];

/// The kind. AWS knows it by its ARN; it carries no tags, so its mark is in its description.
pub struct LayerVersion;

#[async_trait]
impl Kind for LayerVersion {
    fn describe(&self) -> Described {
        let attributes = [itself(), code(), outputs()].concat();
        let mut described = Described::new("a version of a layer", RecoveryClass::Tag, attributes)
            .imported_by("the ARN of the version")
            .needs(&[
                "lambda:DeleteLayerVersion",
                "lambda:GetLayerVersion",
                "lambda:ListLayerVersions",
                "lambda:PublishLayerVersion",
                "s3:GetObject",
                "s3:PutObject",
            ]);
        described.evidence = Evidence::Tags;
        described
    }

    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        by_schema(schema, prior.map(|prior| sourced(prior, desired)).as_ref(), desired)
    }

    fn validate(&self, check: &mut Check<'_>) {
        let is_from_bucket = !check.has("filename") && check.has("s3_bucket");
        if !check.has("filename") && !is_from_bucket {
            check.refuse("a layer needs a `filename` or an `s3_bucket`", "name the folder with its content");
        }
        if is_from_bucket && !check.has("s3_key") {
            check.refuse("`s3_bucket` needs an `s3_key`", "name the archive in the bucket");
        }
        // `CompatibleRuntimes` and `CompatibleArchitectures` in the Lambda service model.
        for (name, most) in [("compatible_runtimes", 15), ("compatible_architectures", 2)] {
            if check.get(name).and_then(Partial::as_list).is_some_and(|all| all.len() > most) {
                check.refuse(format!("`{name}` has more than {most} entries"), "name fewer; none means all");
            }
        }
    }

    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (layer, op) = (task.inputs.need("layer_name")?, task.call.op.to_string());
        let mut pages = task.aws.lambda().list_layer_versions().layer_name(layer).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let Some(page) = page.of("lambda:ListLayerVersions").or_absent()? else { break };
            let versions = page.layer_versions().iter();
            let ours = versions.filter(|it| unsigned(it.description()).1.get("siac-op") == Some(&op));
            found.extend(ours.filter_map(|it| it.layer_version_arn().map(str::to_owned)));
        }
        Ok(found)
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (layer, version) = parts(remote)?;
        let call = aws.lambda().get_layer_version().layer_name(bare(layer)).version_number(version);
        let Some(answer) = call.send().await.of("lambda:GetLayerVersion").or_absent()? else { return Ok(None) };
        let before = |name: &str| remembered.and_then(|object| object.inputs.get(name)).and_then(Partial::as_str);
        let name = before("layer_name").filter(|name| bare(name) == bare(layer)).unwrap_or(bare(layer));
        let seen = shown(&answer).input("layer_name", name).output("arn", remote).output("layer_arn", layer);
        let digest = answer.content().and_then(LayerVersionContentOutput::code_sha256);
        let reference = digest.and_then(|digest| code::reference(digest, before("filename")?));
        Ok(Some(match reference {
            Some(reference) => seen.input("filename", reference),
            None => seen,
        }))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let inputs = task.inputs;
        let runtimes = inputs.texts("compatible_runtimes");
        let processors = inputs.texts("compatible_architectures");
        let call = task.aws.lambda().publish_layer_version().layer_name(inputs.need("layer_name")?);
        let call = call
            .content(content(task).await?)
            .description(signed(inputs.text("description"), task.call))
            .set_compatible_runtimes(runtimes.map(|all| all.iter().map(|it| Runtime::from(it.as_str())).collect()))
            .set_compatible_architectures(
                processors.map(|all| all.iter().map(|it| Architecture::from(it.as_str())).collect()),
            )
            .set_license_info(inputs.owned("license_info"));
        let answer = call.send().await.of("lambda:PublishLayerVersion")?;
        Ok(answer.layer_version_arn().unwrap_or_default().to_owned())
    }

    async fn change(&self, _: &Task<'_>, _: &str, _: &Seen) -> Result<(), Fault> {
        // What can change in place is known to siac alone: whether the version stays, and where its content came from.
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, object: &Object) -> Result<(), Fault> {
        if object.inputs.get("skip_destroy").and_then(Partial::as_bool) == Some(true) {
            return Ok(());
        }
        let (layer, version) = parts(remote)?;
        let call = aws.lambda().delete_layer_version().layer_name(bare(layer)).version_number(version);
        call.send().await.of("lambda:DeleteLayerVersion").or_gone()
    }
}

fn text(description: &'static str) -> Attribute {
    Attribute::optional(Type::String, description)
}

fn itself() -> Vec<(&'static str, Attribute)> {
    vec![
        (
            "layer_name",
            // `LayerName` in the Lambda service model.
            Attribute::required(Type::String, "the name or ARN of the layer; it is made with its first version")
                .immutable()
                .rule(Rule::Length(1, 140))
                .rule(Rule::Matches("(arn:.*:layer:)?[a-zA-Z0-9_-]+", "letters, digits, `_` and `-`")),
        ),
        // 256 characters in the service model, less the mark.
        ("description", text("what it is for").immutable().rule(Rule::Length(0, 170))),
        (
            "compatible_runtimes",
            Attribute::optional(Type::set(Type::String), "the runtimes that it is for, at most 15").immutable(),
        ),
        (
            "compatible_architectures",
            Attribute::optional(Type::set(Type::String), "the processors that it is for")
                .immutable()
                .rule(Rule::OneOf(&["x86_64", "arm64"])),
        ),
        // `LicenseInfo`.
        (
            "license_info",
            text("its licence: an SPDX identifier, a URL or the text").immutable().rule(Rule::Length(0, 512)),
        ),
        (
            "skip_destroy",
            Attribute::optional(Type::Bool, "whether the version stays when siac lets go of it")
                .default(Value::Bool(false))
                .write_only(),
        ),
    ]
}

fn code() -> Vec<(&'static str, Attribute)> {
    vec![
        (
            "filename",
            text("its content: a folder of the project, which becomes a zip archive, or an archive; with `s3_bucket` it is uploaded there first")
                .artifact()
                .immutable(),
        ),
        ("s3_bucket", text("the bucket that the content is in, or is uploaded to").immutable()),
        ("s3_key", text("the key of the content in the bucket").immutable()),
        ("s3_object_version", text("the version of the content in the bucket").immutable()),
    ]
}

fn outputs() -> Vec<(&'static str, Attribute)> {
    let computed = |ty: Type, description| Attribute::computed(ty, description).stays();
    vec![
        ("arn", computed(Type::String, "the ARN of the version, the same as `id`")),
        ("layer_arn", computed(Type::String, "the ARN of the layer")),
        ("version", computed(Type::Number, "its number")),
        ("created_date", computed(Type::String, "when it was made")),
        ("code_sha256", computed(Type::String, "the digest of its content, in base64")),
        ("source_code_size", computed(Type::Number, "the size of its content, in bytes")),
    ]
}

/// The content for a new version.
async fn content(task: &Task<'_>) -> Result<LayerVersionContentInput, Fault> {
    let place = code::placed(task).await?;
    Ok(LayerVersionContentInput::builder()
        .set_zip_file(place.archive.map(Blob::new))
        .set_s3_bucket(place.bucket)
        .set_s3_key(place.key)
        .set_s3_object_version(place.version)
        .build())
}

fn shown(answer: &GetLayerVersionOutput) -> Seen {
    let (description, marks) = unsigned(answer.description());
    let runtimes: Vec<&str> = answer.compatible_runtimes().iter().map(Runtime::as_str).collect();
    let processors: Vec<&str> = answer.compatible_architectures().iter().map(Architecture::as_str).collect();
    let content = answer.content();
    Seen::new()
        .input("description", description.told())
        .input("compatible_runtimes", texts(&runtimes))
        .input("compatible_architectures", texts(&processors))
        .input("license_info", filled(answer.license_info()))
        .output("version", answer.version())
        .output("created_date", answer.created_date())
        .output("code_sha256", content.and_then(LayerVersionContentOutput::code_sha256))
        .output("source_code_size", content.map(LayerVersionContentOutput::code_size))
        .tags(marks)
}

/// The layer's ARN and the version's number.
fn parts(remote: &str) -> Result<(&str, i64), Fault> {
    let parts = remote.rsplit_once(':').and_then(|(layer, version)| Some((layer, version.parse().ok()?)));
    parts.ok_or_else(|| Fault::rejected(format!("`{remote}` is not the ARN of a version of a layer")))
}

/// The name of a layer, from its name or its ARN.
fn bare(layer: &str) -> &str {
    layer.rsplit(':').next().unwrap_or(layer)
}

/// The object, with the source of its content as it is wanted where it can be that one: Lambda tells the digest, and not the source.
fn sourced(prior: &Object, desired: &Partial) -> Object {
    let mut prior = prior.clone();
    let digest = prior.outputs.get("code_sha256").and_then(Partial::as_str).map(str::to_owned);
    let is_known = SOURCES.iter().any(|name| prior.inputs.get(name).is_some_and(|value| !value.is_null()));
    let Value::Map(inputs) = &mut prior.inputs else { return prior };
    for name in SOURCES.iter().filter(|_| !is_known) {
        let wanted = desired.get(name).filter(|value| !value.is_null());
        let file = wanted.and_then(Partial::as_str).filter(|_| *name == "filename");
        let is_other = file.is_some_and(|file| {
            let same = digest.as_deref().and_then(|digest| code::reference(digest, file));
            same.as_deref() != Some(file)
        });
        if let (Some(wanted), false) = (wanted, is_other) {
            inputs.insert((*name).to_owned(), wanted.clone());
        }
    }
    prior
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn versions_are_named_by_their_arn() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:layer:tools";
        assert_eq!(parts(&format!("{arn}:12")).unwrap(), (arn, 12));
        assert!(parts(arn).is_err());
    }
}
