//! `local_directory`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Call, Fault, Observed};

use super::file::{is_absent, mode_rule};
use crate::attributes::{flag, needed_text, text, visible};
use crate::durable;
use crate::kind::{Kind, blocking, schema};
use crate::machine::Machine;

/// The kind.
pub struct LocalDirectory;

/// What is kept with a folder: a checkpoint before it is made, then the record's private bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    /// Whether it was there before; then it is not ours to delete.
    existed: bool,
    /// The folders that were made above it, outermost first.
    above: Vec<PathBuf>,
}

#[async_trait]
impl Kind for LocalDirectory {
    fn schema(&self) -> KindSchema {
        let attributes = [
            ("path", Attribute::required(Type::String, "where it is, relative to the project root").immutable()),
            (
                "mode",
                Attribute::optional(Type::String, "its permissions, in octal")
                    .default(Value::string("0755"))
                    .rule(mode_rule()),
            ),
            (
                "force_destroy",
                Attribute::optional(
                    Type::Bool,
                    "whether it is deleted with everything in it; otherwise only when it is empty",
                )
                .default(Value::Bool(false)),
            ),
            ("id", Attribute::computed(Type::String, "the path as written").stays()),
        ];
        KindSchema { unique: Some("path"), ..schema("a folder on this machine", RecoveryClass::Put, attributes) }
    }

    async fn read(&self, machine: &Machine, object: &Object) -> Result<Option<Observed>, Fault> {
        let path = machine.resolve(&object.remote)?;
        let Some(mode) = look(&path)? else { return Ok(None) };
        let mut inputs = visible(&object.inputs);
        inputs.insert("mode".to_owned(), Value::String(mode));
        answer(&Value::Map(inputs), object.private.clone()).map(Some)
    }

    async fn create(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        let path = machine.resolve(needed_text(inputs, "path")?)?;
        // Whether it was there before must be known for good before it is made: afterwards nobody can tell.
        let private = match &call.resume {
            Some(earlier) => earlier.clone(),
            None => {
                let private = serde_json::to_vec(&foresee(&path)).unwrap_or_default();
                call.checkpoint.save(private.clone()).await?;
                private
            }
        };
        let inputs = inputs.clone();
        blocking(move || {
            make(&path, &inputs)?;
            answer(&inputs, private)
        })
        .await
    }

    async fn update(&self, machine: &Machine, _: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        let (path, inputs, private) = (machine.resolve(&object.remote)?, inputs.clone(), object.private.clone());
        blocking(move || {
            make(&path, &inputs)?;
            answer(&inputs, private)
        })
        .await
    }

    async fn delete(&self, machine: &Machine, _: &Call, object: &Object) -> Result<(), Fault> {
        let path = machine.resolve(&object.remote)?;
        let made: Made = serde_json::from_slice(&object.private).unwrap_or_default();
        let force = flag(&Value::Map(visible(&object.inputs)), "force_destroy");
        blocking(move || match made.existed {
            true => Ok(()),
            false => remove(&path, force).inspect(|()| durable::remove_empty(&made.above)),
        })
        .await
    }

    async fn find(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        let path = machine.resolve(needed_text(inputs, "path")?)?;
        match (&call.resume, look(&path)?) {
            (Some(private), Some(_)) => Ok(vec![answer(inputs, private.clone())?]),
            _ => Ok(Vec::new()),
        }
    }

    async fn import(&self, machine: &Machine, _: &Call, id: &str) -> Result<Observed, Fault> {
        let path = machine.resolve(id)?;
        let missing =
            || Fault::rejected(format!("there is no folder `{id}`; a `local_directory` is imported by its path"));
        let mode = look(&path)?.ok_or_else(missing)?;
        let private = serde_json::to_vec(&Made::default()).unwrap_or_default();
        answer(&Value::map([("path", Value::string(id)), ("mode", Value::String(mode))]), private)
    }
}

fn foresee(path: &Path) -> Made {
    let missing = path.ancestors().skip(1).take_while(|folder| !folder.exists()).map(Path::to_owned);
    let mut above: Vec<PathBuf> = missing.collect();
    above.reverse();
    Made { existed: path.exists(), above }
}

/// The mode of a folder; `None` when there is none.
fn look(path: &Path) -> Result<Option<String>, Fault> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(Some(format!("{:04o}", metadata.permissions().mode() & 0o777))),
        Ok(_) => Ok(None),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(durable::fault("look at", path, &error)),
    }
}

fn make(path: &Path, inputs: &Known) -> Result<(), Fault> {
    let mode = text(inputs, "mode").unwrap_or("0755");
    let mode = u32::from_str_radix(mode, 8).map_err(|_| Fault::rejected(format!("the mode `{mode}` is not octal")))?;
    durable::make_parents(path)
        .and_then(|_| fs::create_dir_all(path))
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
        .and_then(|()| path.parent().map_or(Ok(()), durable::sync_folder))
        .map_err(|error| durable::fault("make the folder", path, &error))
}

fn remove(path: &Path, force: bool) -> Result<(), Fault> {
    let removed = if force { fs::remove_dir_all(path) } else { fs::remove_dir(path) };
    match removed {
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => Err(Fault::rejected(format!(
            "the folder `{}` is not empty, so it is not deleted; empty it, or set `force_destroy = true` and apply before you remove it",
            path.display()
        ))),
        other => other
            .and_then(|()| path.parent().map_or(Ok(()), durable::sync_folder))
            .map_err(|error| durable::fault("delete the folder", path, &error)),
    }
}

fn answer(inputs: &Known, private: Vec<u8>) -> Result<Observed, Fault> {
    let path = needed_text(inputs, "path")?;
    let outputs = Value::map([("id", Value::string(path))]);
    Ok(Observed { remote: path.to_owned(), inputs: inputs.clone(), outputs, private })
}
