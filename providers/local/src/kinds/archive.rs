//! `local_archive`: a folder of the project as a zip archive whose bytes depend on nothing but its files.

use std::path::Path;

use async_trait::async_trait;
use siac_core::model::identity::Digest;
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass};
use siac_core::model::snapshot::{Object, artifact_digest, artifact_reference};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Fault, Observed, Planned, Verdict};

use super::file::{Made, artifact, delete_made, look, made, put};
use crate::attributes::{needed_text, visible};
use crate::durable::{self, Existing};
use crate::kind::{Kind, blocking, schema};
use crate::machine::Machine;

/// The kind.
pub struct LocalArchive;

/// The permissions of an archive.
const MODE: u32 = 0o644;

#[async_trait]
impl Kind for LocalArchive {
    fn schema(&self) -> KindSchema {
        let attributes = [
            (
                "path",
                Attribute::required(Type::String, "where the archive is, relative to the project root").immutable(),
            ),
            ("source", Attribute::required(Type::String, "the folder of the project that is packed").artifact()),
            (
                "overwrite",
                Attribute::optional(Type::Bool, "whether a file that siac did not make may be replaced")
                    .default(Value::Bool(false)),
            ),
            (
                "sha256",
                Attribute::computed(Type::String, "SHA-256 of the archive, in hexadecimal").follows(&["source"]),
            ),
            ("size", Attribute::computed(Type::Number, "its size in bytes").follows(&["source"])),
            ("id", Attribute::computed(Type::String, "the path as written").stays()),
        ];
        KindSchema {
            unique: Some("path"),
            ..schema("a deterministic zip archive of a folder", RecoveryClass::Put, attributes)
        }
    }

    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = by_schema(schema, prior, desired);
        // An artifact is named by the digest of its very bytes, and these are what is written.
        let digest = planned.inputs.get("source").and_then(Value::as_str).and_then(artifact_digest);
        let path = planned.inputs.get("path").cloned();
        if let (true, Value::Map(outputs)) = (planned.verdict != Verdict::Keep, &mut planned.outputs) {
            outputs.extend(digest.map(|digest| ("sha256".to_owned(), Value::string(digest.to_string()))));
            outputs.extend(path.map(|path| ("id".to_owned(), path)));
        }
        planned
    }

    async fn read(&self, machine: &Machine, object: &Object) -> Result<Option<Observed>, Fault> {
        let (path, object) = (machine.resolve(&object.remote)?, object.clone());
        blocking(move || observe(&path, &object)).await
    }

    async fn create(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        let path = machine.resolve(needed_text(inputs, "path")?)?;
        let (bytes, inputs) = (artifact(call, inputs).await?, inputs.clone());
        blocking(move || {
            let folders =
                durable::make_parents(&path).map_err(|error| durable::fault("make folders for", &path, &error))?;
            put(&path, &bytes, &inputs).inspect_err(|_| durable::remove_empty(&folders))?;
            answer(&inputs, &bytes, folders)
        })
        .await
    }

    async fn update(&self, machine: &Machine, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        let (path, made) = (machine.resolve(&object.remote)?, made(object));
        let (bytes, inputs) = (artifact(call, inputs).await?, inputs.clone());
        blocking(move || {
            durable::make_parents(&path)
                .and_then(|_| durable::write_file(&path, &bytes, MODE, Existing::Replace))
                .map_err(|error| durable::fault("write", &path, &error))?;
            answer(&inputs, &bytes, made.folders)
        })
        .await
    }

    async fn delete(&self, machine: &Machine, _: &Call, object: &Object) -> Result<(), Fault> {
        let (path, made) = (machine.resolve(&object.remote)?, made(object));
        blocking(move || delete_made(&path, &made)).await
    }

    async fn find(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        let path = machine.resolve(needed_text(inputs, "path")?)?;
        let bytes = artifact(call, inputs).await?;
        let is_ours = matches!(look(&path)?, Some((there, _)) if there == bytes);
        if is_ours { Ok(vec![answer(inputs, &bytes, Vec::new())?]) } else { Ok(Vec::new()) }
    }
}

fn answer(inputs: &Known, bytes: &[u8], folders: Vec<std::path::PathBuf>) -> Result<Observed, Fault> {
    let path = needed_text(inputs, "path")?;
    let made = Made { sha256: Digest::of(bytes).to_string(), folders };
    Ok(Observed {
        remote: path.to_owned(),
        inputs: inputs.clone(),
        outputs: outputs(path, &made.sha256, bytes.len()),
        private: serde_json::to_vec(&made).unwrap_or_default(),
    })
}

fn outputs(path: &str, sha256: &str, size: usize) -> Known {
    Value::map([("sha256", Value::string(sha256)), ("size", Value::number(size)), ("id", Value::string(path))])
}

fn observe(path: &Path, object: &Object) -> Result<Option<Observed>, Fault> {
    let Some((bytes, _)) = look(path)? else { return Ok(None) };
    let digest = Digest::of(&bytes);
    let mut inputs = visible(&object.inputs);
    if digest.to_string() != made(object).sha256 {
        inputs.insert("source".to_owned(), Value::String(artifact_reference(&digest)));
    }
    Ok(Some(Observed {
        remote: object.remote.clone(),
        inputs: Value::Map(inputs),
        outputs: outputs(&object.remote, &digest.to_string(), bytes.len()),
        private: object.private.clone(),
    }))
}
