//! The store that a `[state]` table names, and the keys that open it.

mod backend;
mod keys;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use siac_core::model::value::{Known, Value};
use siac_engine::site::Site;
use siac_engine::store::{Parts, Store, Takeover, Writer};

pub use keys::{named_key, new_key};

use crate::failure::Failure;
use crate::project::Project;

/// The keys of a `[state]` table and what they are set to.
pub type StateTable = BTreeMap<String, Known>;

/// What a `[state]` table says.
pub struct StateChoice<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// The table.
    pub settings: &'a StateTable,
    /// Whether an older state than the one seen is taken.
    pub accept_rollback: bool,
}

/// Opens the store of a stack; nothing is read from it yet.
///
/// # Errors
/// When the table names something that this build does not have, or no key is to be had.
pub fn store(site: &Site, project: &Project, choice: &StateChoice<'_>) -> Result<Store, Failure> {
    let backend = backend::named(text(choice.settings, "backend")?)?;
    backend.check(choice.settings)?;
    hide_from_git(project);
    let place = (backend.open)(project, choice)?;
    let key = keys::key(choice.settings, project, place.own_key)?;
    let store = Store::open(Parts {
        stack: choice.stack.to_owned(),
        backend: place.name,
        register: place.register,
        blobs: place.blobs,
        keys: vec![key],
        clock: site.clock.clone(),
        entropy: site.entropy.clone(),
        writer: Writer {
            who: site.who.clone(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            process: std::process::id(),
            run: std::env::var("GITHUB_RUN_ID").unwrap_or_default(),
        },
        witness: own_folder("XDG_STATE_HOME", ".local/state").map(|folder| folder.join("siac/witness")),
        accept_rollback: choice.accept_rollback,
    });
    Ok(store.with_rescue(rescue_folders()))
}

/// Makes a place for states where it is not there yet. Answers with what was made, and what is left to do.
///
/// # Errors
/// When this build has no such backend, the settings name no place, or it cannot be made.
pub fn prepare(backend: &str, settings: &StateTable) -> Result<Vec<String>, Failure> {
    let backend = backend::named(Some(backend))?;
    backend.check(settings)?;
    (backend.prepare)(settings)
}

/// Whether a stack has a state in a folder of this machine; `None` when it is kept elsewhere, or nobody can tell. Nothing is made.
pub fn is_begun(project: &Project, choice: &StateChoice<'_>) -> Option<bool> {
    let backend = text(choice.settings, "backend").ok()?.unwrap_or("local");
    let folder = backend::folder(project, choice).ok().filter(|_| backend == "local")?;
    Some(folder.join("HEAD").exists())
}

/// The names of the stacks that have their state where a stack has it that says nothing.
pub fn usual_stacks(project: &Project) -> Vec<String> {
    let folders = std::fs::read_dir(project.own_folder().join("state")).into_iter().flatten().flatten();
    let begun = folders.filter(|entry| entry.path().join("HEAD").exists());
    let mut names: Vec<String> = begun.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// What siac keeps in a project belongs to this machine, and into no repository.
fn hide_from_git(project: &Project) {
    use std::io::Write;
    let own = project.own_folder();
    let made = std::fs::DirBuilder::new().recursive(true).create(&own);
    let ignore =
        made.and_then(|()| std::fs::OpenOptions::new().write(true).create_new(true).open(own.join(".gitignore")));
    // A courtesy: that it cannot be done says nothing about the state, whose own folder is opened next.
    let _ = ignore.and_then(|mut file| file.write_all(b"*\n"));
}

/// Where the outcomes of calls go that the state itself does not take: other places, maybe other disks.
fn rescue_folders() -> Vec<PathBuf> {
    let own = own_folder("XDG_STATE_HOME", ".local/state").map(|folder| folder.join("siac/rescue"));
    own.into_iter().chain([std::env::temp_dir().join("siac-rescue")]).collect()
}

/// Whether a silent holder loses the lock by itself.
///
/// # Errors
/// When the setting is neither `automatic` nor `manual`.
pub fn takeover(settings: &StateTable) -> Result<Takeover, Failure> {
    match text(settings, "takeover")? {
        None | Some("automatic") => Ok(Takeover::Automatic),
        Some("manual") => Ok(Takeover::Manual),
        Some(other) => {
            Err(Failure::new(format!("`takeover` in `[state]` is \"automatic\" or \"manual\", not {other:?}")))
        }
    }
}

fn text<'a>(settings: &'a StateTable, name: &str) -> Result<Option<&'a str>, Failure> {
    match settings.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Failure::new(format!("`{name}` in `[state]` is a text, not a {}", other.type_name()))),
    }
}

/// A folder of this user: from the variable, else below home.
fn own_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let given = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(below_home)))
}
