//! `local_file`, managed and as data.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::identity::Digest;
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass, Rule};
use siac_core::model::snapshot::{Object, artifact_digest, artifact_reference};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Fault, Observed, Planned, Verdict};

use crate::attributes::{as_secret, flag, holds_secret, is_sealed, needed_text, text, visible};
use crate::durable::{self, Existing};
use crate::kind::{Data, Kind, blocking, schema};
use crate::machine::Machine;

/// The attributes that say what a file holds; exactly one is set.
const CONTENTS: [&str; 3] = ["content", "content_base64", "source"];

/// The largest file that is read as data or imported, in bytes. A choice of this project.
const MAX_READ: u64 = 64 << 20;

/// The kind.
pub struct LocalFile;

/// What is kept with a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// SHA-256 of what was written, in hexadecimal.
    pub sha256: String,
    /// The folders that were made for it, outermost first.
    #[serde(default)]
    pub folders: Vec<PathBuf>,
}

/// The rule for modes.
pub fn mode_rule() -> Rule {
    Rule::Matches("0[0-7]{3}", "four octal digits that start with 0, such as `0644`")
}

#[async_trait]
impl Kind for LocalFile {
    fn schema(&self) -> KindSchema {
        let attributes = [
            ("path", Attribute::required(Type::String, "where it is, relative to the project root").immutable()),
            ("content", Attribute::optional(Type::String, "what it holds, as text")),
            ("content_base64", Attribute::optional(Type::String, "what it holds, in base64")),
            ("source", Attribute::optional(Type::String, "a file of the project that is copied").artifact()),
            (
                "mode",
                Attribute::optional(Type::String, "its permissions, in octal")
                    .default(Value::string("0644"))
                    .rule(mode_rule()),
            ),
            (
                "overwrite",
                Attribute::optional(Type::Bool, "whether a file that siac did not make may be replaced")
                    .default(Value::Bool(false)),
            ),
            (
                "sha256",
                Attribute::computed(Type::String, "SHA-256 of what it holds, in hexadecimal").follows(&[
                    "content",
                    "content_base64",
                    "source",
                ]),
            ),
            ("id", Attribute::computed(Type::String, "the path as written").stays()),
        ];
        KindSchema { unique: Some("path"), ..schema("a file on this machine", RecoveryClass::Put, attributes) }
    }

    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = by_schema(schema, prior, desired);
        if planned.verdict == Verdict::Keep {
            return planned;
        }
        let digest =
            planned.inputs.close().filter(|inputs| !holds_secret(inputs)).and_then(|inputs| digest_beforehand(&inputs));
        let path = planned.inputs.get("path").cloned();
        if let Value::Map(outputs) = &mut planned.outputs {
            outputs.extend(digest.map(|digest| ("sha256".to_owned(), Value::string(digest))));
            outputs.extend(path.map(|path| ("id".to_owned(), path)));
        }
        planned
    }

    fn validate(&self, desired: &Partial) -> Diagnostics {
        let set = CONTENTS.iter().filter(|name| desired.get(name).is_some_and(|value| !value.is_null())).count();
        let mut diagnostics = Diagnostics::new();
        if set != 1 {
            let detail = format!("{set} of `content`, `content_base64` and `source` are set");
            let help = "set exactly one of them; an empty file has `content = \"\"`";
            diagnostics.push(Diagnostic::error("file-content", "a file needs one content", detail).help(help));
        }
        diagnostics
    }

    async fn read(&self, machine: &Machine, object: &Object) -> Result<Option<Observed>, Fault> {
        let path = machine.resolve(&object.remote)?;
        let object = object.clone();
        blocking(move || observe(&path, &object)).await
    }

    async fn create(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        let path = machine.resolve(needed_text(inputs, "path")?)?;
        let (bytes, inputs) = (contents(call, inputs).await?, inputs.clone());
        blocking(move || {
            let folders =
                durable::make_parents(&path).map_err(|error| durable::fault("make folders for", &path, &error))?;
            let made = Made { sha256: Digest::of(&bytes).to_string(), folders };
            let written = put(&path, &bytes, &inputs);
            written.inspect_err(|_| durable::remove_empty(&made.folders))?;
            answer(&inputs, &made)
        })
        .await
    }

    async fn update(&self, machine: &Machine, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        let path = machine.resolve(&object.remote)?;
        let (bytes, inputs) = (contents(call, inputs).await?, inputs.clone());
        let made = Made { sha256: Digest::of(&bytes).to_string(), ..made(object) };
        blocking(move || {
            let mode = mode(&inputs)?;
            durable::make_parents(&path)
                .and_then(|_| durable::write_file(&path, &bytes, mode, Existing::Replace))
                .map_err(|error| durable::fault("write", &path, &error))?;
            answer(&inputs, &made)
        })
        .await
    }

    async fn delete(&self, machine: &Machine, _: &Call, object: &Object) -> Result<(), Fault> {
        let (path, made) = (machine.resolve(&object.remote)?, made(object));
        blocking(move || delete_made(&path, &made)).await
    }

    async fn find(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        let path = machine.resolve(needed_text(inputs, "path")?)?;
        let bytes = contents(call, inputs).await?;
        let made = Made { sha256: Digest::of(&bytes).to_string(), folders: Vec::new() };
        let is_ours = matches!(look(&path)?, Some((there, _)) if there == bytes);
        if is_ours { Ok(vec![answer(inputs, &made)?]) } else { Ok(Vec::new()) }
    }

    async fn import(&self, machine: &Machine, _: &Call, id: &str) -> Result<Observed, Fault> {
        let path = machine.resolve(id)?;
        let missing = || Fault::rejected(format!("there is no file `{id}`; a `local_file` is imported by its path"));
        let (bytes, mode) = blocking(move || look(&path)).await?.ok_or_else(missing)?;
        let made = Made { sha256: Digest::of(&bytes).to_string(), folders: Vec::new() };
        let content = match String::from_utf8(bytes) {
            Ok(text) => ("content", Value::String(text)),
            Err(error) => ("content_base64", Value::String(STANDARD.encode(error.into_bytes()))),
        };
        answer(&Value::map([("path", Value::string(id)), content, ("mode", mode_value(mode))]), &made)
    }
}

/// SHA-256 of what a file will hold. An artifact is named by the digest of its very bytes.
fn digest_beforehand(inputs: &Known) -> Option<String> {
    let digest = match (text(inputs, "content"), text(inputs, "content_base64")) {
        (Some(content), _) => Digest::of(content.as_bytes()),
        (None, Some(encoded)) => Digest::of(&STANDARD.decode(encoded).ok()?),
        (None, None) => artifact_digest(text(inputs, "source")?)?,
    };
    Some(digest.to_string())
}

/// The bytes that a file is to hold.
async fn contents(call: &Call, inputs: &Known) -> Result<Vec<u8>, Fault> {
    if let Some(content) = text(inputs, "content") {
        return Ok(content.as_bytes().to_owned());
    }
    if let Some(encoded) = text(inputs, "content_base64") {
        return STANDARD
            .decode(encoded)
            .map_err(|error| Fault::rejected(format!("`content_base64` is not base64: {error}")));
    }
    artifact(call, inputs).await
}

/// The bytes of the artifact that `source` names.
pub async fn artifact(call: &Call, inputs: &Known) -> Result<Vec<u8>, Fault> {
    let digest = artifact_digest(needed_text(inputs, "source")?);
    let digest =
        digest.ok_or_else(|| Fault::rejected("`source` names no artifact; set it to a path of the project"))?;
    call.artifacts.fetch(&digest).await
}

fn mode(inputs: &Known) -> Result<u32, Fault> {
    let text = text(inputs, "mode").unwrap_or("0644");
    u32::from_str_radix(text, 8).map_err(|_| Fault::rejected(format!("the mode `{text}` is not octal, such as `0644`")))
}

fn mode_value(mode: u32) -> Known {
    Value::String(format!("{:04o}", mode & 0o777))
}

/// Puts a new file in place. One that already holds exactly these bytes is taken over: an earlier attempt of ours may have made it.
pub fn put(path: &Path, bytes: &[u8], inputs: &Known) -> Result<(), Fault> {
    let mode = mode(inputs)?;
    let existing = if flag(inputs, "overwrite") { Existing::Replace } else { Existing::Keep };
    match durable::write_file(path, bytes, mode, existing) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => take_over(path, bytes, mode),
        other => other.map_err(|error| durable::fault("write", path, &error)),
    }
}

fn take_over(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Fault> {
    match look(path)? {
        Some((there, _)) if there == bytes => fs::set_permissions(path, Permissions::from_mode(mode))
            .map_err(|error| durable::fault("change the permissions of", path, &error)),
        _ => Err(Fault::rejected(format!(
            "`{}` exists and siac did not make it; import it, choose another path, or set `overwrite = true` to replace it",
            path.display()
        ))),
    }
}

/// The bytes and the mode of a file; `None` when there is no regular file.
pub fn look(path: &Path) -> Result<Option<(Vec<u8>, u32)>, Fault> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Ok(None),
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(durable::fault("look at", path, &error)),
    };
    if metadata.len() > MAX_READ {
        return Err(Fault::rejected(format!(
            "`{}` is larger than {MAX_READ} bytes, the most that is read",
            path.display()
        )));
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Some((bytes, metadata.permissions().mode()))),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(durable::fault("read", path, &error)),
    }
}

/// Whether a path leads to nothing.
pub fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What is kept with an object.
pub fn made(object: &Object) -> Made {
    serde_json::from_slice(&object.private).unwrap_or_default()
}

/// The object after a write. A digest is as secret as what it was taken of.
pub fn answer(inputs: &Known, made: &Made) -> Result<Observed, Fault> {
    let path = needed_text(inputs, "path")?;
    let secret = CONTENTS.iter().filter_map(|name| inputs.get(name)).any(holds_secret);
    let digest = as_secret(Value::string(&made.sha256), secret);
    Ok(Observed {
        remote: path.to_owned(),
        inputs: inputs.clone(),
        outputs: Value::map([("sha256", digest), ("id", Value::string(path))]),
        private: serde_json::to_vec(made).unwrap_or_default(),
    })
}

/// The object as it stands there now, told in the terms in which it was asked for.
fn observe(path: &Path, object: &Object) -> Result<Option<Observed>, Fault> {
    let Some((bytes, mode)) = look(path)? else { return Ok(None) };
    let digest = Digest::of(&bytes);
    let is_as_made = digest.to_string() == made(object).sha256;
    let mut inputs = visible(&object.inputs);
    inputs.insert("mode".to_owned(), mode_value(mode));
    let remembered = |name: &&&str| object.inputs.get(name).is_some_and(|value| !value.is_null());
    let form = CONTENTS.iter().find(remembered).copied().unwrap_or("content");
    let secret = is_sealed(&object.inputs, form);
    if !is_as_made {
        inputs.insert(form.to_owned(), as_secret(in_form(form, bytes, &digest), secret));
    }
    let outputs = Value::map([
        ("sha256", as_secret(Value::string(digest.to_string()), secret)),
        ("id", Value::string(&object.remote)),
    ]);
    let inputs = Value::Map(inputs);
    Ok(Some(Observed { remote: object.remote.clone(), inputs, outputs, private: object.private.clone() }))
}

fn in_form(form: &str, bytes: Vec<u8>, digest: &Digest) -> Known {
    match form {
        "content" => Value::String(String::from_utf8_lossy(&bytes).into_owned()),
        "content_base64" => Value::String(STANDARD.encode(&bytes)),
        _ => Value::String(artifact_reference(digest)),
    }
}

/// Deletes a file that still holds what siac wrote, and the folders made for it.
pub fn delete_made(path: &Path, made: &Made) -> Result<(), Fault> {
    if let Some((bytes, _)) = look(path)? {
        if Digest::of(&bytes).to_string() != made.sha256 {
            return Err(Fault::rejected(format!(
                "`{}` no longer holds what siac wrote, so it is not deleted; delete it by hand, or let siac forget it",
                path.display()
            )));
        }
        match fs::remove_file(path) {
            Err(error) if !is_absent(&error) => return Err(durable::fault("delete", path, &error)),
            _ => path
                .parent()
                .map_or(Ok(()), durable::sync_folder)
                // Whoever deleted the last file in the folder deletes the folder too.
                .or_else(|error| if is_absent(&error) { Ok(()) } else { Err(error) })
                .map_err(|error| durable::fault("delete", path, &error))?,
        }
    }
    durable::remove_empty(&made.folders);
    Ok(())
}

/// The data source.
pub struct LocalFileData;

#[async_trait]
impl Data for LocalFileData {
    fn schema(&self) -> KindSchema {
        let attributes = [
            ("path", Attribute::required(Type::String, "where it is, relative to the project root")),
            (
                "must_exist",
                Attribute::optional(Type::Bool, "whether a missing file is an error").default(Value::Bool(true)),
            ),
            ("exists", Attribute::computed(Type::Bool, "whether there is such a file")),
            ("content", Attribute::computed(Type::String, "what it holds, when that is UTF-8 text")),
            ("content_base64", Attribute::computed(Type::String, "what it holds, in base64")),
            ("sha256", Attribute::computed(Type::String, "SHA-256 of what it holds, in hexadecimal")),
            ("size", Attribute::computed(Type::Number, "its size in bytes")),
            ("id", Attribute::computed(Type::String, "the path as written")),
        ];
        schema("a file on this machine, only read", RecoveryClass::Put, attributes)
    }

    async fn read(&self, machine: &Machine, inputs: &Known) -> Result<Known, Fault> {
        let written = needed_text(inputs, "path")?.to_owned();
        let path = machine.resolve(&written)?;
        let must_exist = flag(inputs, "must_exist");
        blocking(move || match look(&path)? {
            None if must_exist => Err(Fault::rejected(format!(
                "there is no file `{written}`; make it, or set `must_exist = false` and ask for `exists`"
            ))),
            found => Ok(data(&written, found.map(|(bytes, _)| bytes))),
        })
        .await
    }
}

fn data(path: &str, bytes: Option<Vec<u8>>) -> Known {
    let mut answer =
        BTreeMap::from([("exists".to_owned(), Value::Bool(bytes.is_some())), ("id".to_owned(), Value::string(path))]);
    if let Some(bytes) = bytes {
        answer.insert("sha256".to_owned(), Value::string(Digest::of(&bytes).to_string()));
        answer.insert("size".to_owned(), Value::number(bytes.len()));
        answer.insert("content_base64".to_owned(), Value::String(STANDARD.encode(&bytes)));
        answer.insert("content".to_owned(), String::from_utf8(bytes).map_or(Value::Null, Value::String));
    }
    Value::Map(answer)
}
