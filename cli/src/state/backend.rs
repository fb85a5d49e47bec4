//! The backends of this build, and what each is told.

#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "aws")]
pub(super) mod s3;

use std::path::PathBuf;
use std::sync::Arc;

use siac_core::model::diagnostic::did_you_mean;
use siac_core::model::value::Value;
use siac_core::ports::{Blobs, Register};
use siac_state_backends::local::LocalDirectory;

use super::keys::OwnKey;
use super::{StateChoice, StateTable, text};
use crate::failure::Failure;
use crate::project::Project;

/// The keys of a `[state]` table that every backend understands.
const COMMON: [&str; 3] = ["backend", "key", "takeover"];

/// The backends that siac knows, whether or not this build has them.
const KNOWN: [&str; 3] = ["azure-blob", "local", "s3"];

/// Those of this build.
const PRESENT: &[Backend] = &[
    LOCAL,
    #[cfg(feature = "azure")]
    azure::BLOB,
    #[cfg(feature = "aws")]
    s3::S3,
];

/// A kind of place for states.
pub struct Backend {
    name: &'static str,
    /// The keys of a `[state]` table that only this one understands.
    settings: &'static [&'static str],
    /// The place of a stack; nothing is read from it yet.
    pub open: fn(&Project, &StateChoice<'_>) -> Result<Place, Failure>,
    /// Makes what all stacks there need, and tells what was made and what is left to do.
    pub prepare: fn(&StateTable) -> Result<Vec<String>, Failure>,
}

/// Where the state of one stack is.
pub struct Place {
    /// What names it, without any secret.
    pub name: String,
    /// Its register.
    pub register: Arc<dyn Register>,
    /// Its objects.
    pub blobs: Arc<dyn Blobs>,
    /// What it is sealed with when no key is named.
    pub own_key: OwnKey,
}

/// The backend of this name, or the local one.
///
/// # Errors
/// When this build has none of that name.
pub fn named(name: Option<&str>) -> Result<&'static Backend, Failure> {
    let name = name.unwrap_or(LOCAL.name);
    if let Some(backend) = PRESENT.iter().find(|backend| backend.name == name) {
        return Ok(backend);
    }
    let names = PRESENT.iter().map(|backend| format!("{:?}", backend.name)).collect::<Vec<_>>().join(", ");
    let what = if KNOWN.contains(&name) { "this build of siac has no" } else { "there is no" };
    let help = match did_you_mean(name, PRESENT.iter().map(|backend| backend.name)) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("set `backend` in `[state]` to one of: {names}"),
    };
    Err(Failure::new(format!("{what} state backend `{name}`")).help(help))
}

impl Backend {
    /// Refuses keys that this backend does not understand.
    ///
    /// # Errors
    /// When there is one.
    pub fn check(&self, settings: &StateTable) -> Result<(), Failure> {
        let known: Vec<&str> = self.settings.iter().chain(&COMMON).copied().collect();
        let Some(unknown) = settings.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
        let help = match did_you_mean(unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("for `{}` it takes: {}", self.name, known.join(", ")),
        };
        Err(Failure::new(format!("`[state]` has no key `{unknown}`")).help(help))
    }
}

const LOCAL: Backend = Backend { name: "local", settings: &["allow_network", "path"], open: local, prepare: nothing };

fn nothing(_: &StateTable) -> Result<Vec<String>, Failure> {
    Ok(vec!["a state on this machine needs no preparation".to_owned()])
}

fn local(project: &Project, choice: &StateChoice<'_>) -> Result<Place, Failure> {
    let folder = folder(project, choice)?;
    let allow_network = matches!(choice.settings.get("allow_network"), Some(Value::Bool(true)));
    let directory = LocalDirectory::open(&folder, allow_network).map_err(|fault| Failure::new(fault.to_string()))?;
    Ok(Place {
        name: folder.display().to_string(),
        register: Arc::new(directory.clone()),
        blobs: Arc::new(directory),
        own_key: if folder.join("HEAD").exists() { OwnKey::Present } else { OwnKey::Made },
    })
}

/// The folder of the stack's state: below `path`, or below `.siac/state` of the project.
pub fn folder(project: &Project, choice: &StateChoice<'_>) -> Result<PathBuf, Failure> {
    let base = match text(choice.settings, "path")? {
        Some(path) => project.root.join(path),
        None => project.own_folder().join("state"),
    };
    Ok(base.join(choice.stack))
}
