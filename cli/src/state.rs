//! The store that a `[state]` table names, and the keys that open it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use siac_core::model::diagnostic::did_you_mean;
use siac_core::model::secret::Secret;
use siac_core::model::value::{Known, Value};
use siac_core::ports::KeyProvider;
use siac_engine::site::Site;
use siac_engine::store::{Parts, Store, Takeover, Writer};
use siac_state_backends::key_file::KeyFile;
use siac_state_backends::local::LocalDirectory;
use siac_state_backends::passphrase::Passphrase;

use crate::failure::Failure;
use crate::project::Project;

/// The keys of a `[state]` table that this build understands.
const SETTINGS: [&str; 5] = ["allow_network", "backend", "key", "path", "takeover"];

/// The variable that holds the passphrase where the stack names no key.
const PASSPHRASE: &str = "SIAC_PASSPHRASE";

/// What a `[state]` table says.
pub struct StateChoice<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// The table.
    pub settings: &'a BTreeMap<String, Known>,
    /// Whether an older state than the one seen is taken.
    pub accept_rollback: bool,
}

/// Opens the store of a stack; nothing is read from it yet.
///
/// # Errors
/// When the table names something that this build does not have, or no key is to be had.
pub fn store(site: &Site, project: &Project, choice: &StateChoice<'_>) -> Result<Store, Failure> {
    check_settings(choice.settings)?;
    let folder = folder(project, choice)?;
    let allow_network = matches!(choice.settings.get("allow_network"), Some(Value::Bool(true)));
    hide_from_git(project);
    let directory = LocalDirectory::open(&folder, allow_network).map_err(|fault| Failure::new(fault.to_string()))?;
    let is_new = !folder.join("HEAD").exists();
    let key = key(text(choice.settings, "key")?, project, is_new)?;
    let store = Store::open(Parts {
        stack: choice.stack.to_owned(),
        backend: folder.display().to_string(),
        register: Arc::new(directory.clone()),
        blobs: Arc::new(directory),
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
pub fn takeover(settings: &BTreeMap<String, Known>) -> Result<Takeover, Failure> {
    match text(settings, "takeover")? {
        None | Some("automatic") => Ok(Takeover::Automatic),
        Some("manual") => Ok(Takeover::Manual),
        Some(other) => {
            Err(Failure::new(format!("`takeover` in `[state]` is \"automatic\" or \"manual\", not {other:?}")))
        }
    }
}

fn check_settings(settings: &BTreeMap<String, Known>) -> Result<(), Failure> {
    match text(settings, "backend")? {
        None | Some("local") => {}
        Some(backend @ ("s3" | "azure-blob")) => {
            return Err(Failure::new(format!("this build of siac has no state backend `{backend}`"))
                .help("keep the state on this machine: remove `backend` from `[state]`, or set it to \"local\""));
        }
        Some(other) => {
            return Err(Failure::new(format!("there is no state backend `{other}`")).help("the backend is \"local\""));
        }
    }
    match settings.keys().find(|name| !SETTINGS.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let help = match did_you_mean(unknown, SETTINGS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it takes: {}", SETTINGS.join(", ")),
            };
            Err(Failure::new(format!("`[state]` has no key `{unknown}`")).help(help))
        }
    }
}

fn text<'a>(settings: &'a BTreeMap<String, Known>, name: &str) -> Result<Option<&'a str>, Failure> {
    match settings.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Failure::new(format!("`{name}` in `[state]` is a text, not a {}", other.type_name()))),
    }
}

/// The folder of the stack's state: below `path`, or below `.siac/state` of the project.
fn folder(project: &Project, choice: &StateChoice<'_>) -> Result<PathBuf, Failure> {
    let base = match text(choice.settings, "path")? {
        Some(path) => project.root.join(path),
        None => project.own_folder().join("state"),
    };
    Ok(base.join(choice.stack))
}

/// The key that a `[state]` table names, else the passphrase of the environment, else the key file of this user.
fn key(spec: Option<&str>, project: &Project, is_new: bool) -> Result<Arc<dyn KeyProvider>, Failure> {
    match spec {
        Some(spec) => named_key(spec, project),
        None => match std::env::var(PASSPHRASE) {
            Ok(passphrase) => Ok(Arc::new(Passphrase::new(Secret::new(passphrase), PASSPHRASE))),
            Err(_) => own_key(is_new),
        },
    }
}

/// A key by its name: `passphrase:env:NAME` or `key-file:PATH`.
///
/// # Errors
/// When the name means no key, or the key is not to be had.
pub fn named_key(spec: &str, project: &Project) -> Result<Arc<dyn KeyProvider>, Failure> {
    if let Some(name) = spec.strip_prefix("passphrase:env:") {
        let passphrase = std::env::var(name).map_err(|_| {
            Failure::new(format!(
                "the state is sealed with a passphrase from the environment variable {name}, which is not set"
            ))
            .help(format!("set it: `export {name}=…`"))
        })?;
        return Ok(Arc::new(Passphrase::new(Secret::new(passphrase), name)));
    }
    if let Some(path) = spec.strip_prefix("key-file:") {
        let path = project.root.join(path);
        return Ok(Arc::new(KeyFile::open(&path).map_err(|fault| Failure::new(fault.to_string()))?));
    }
    Err(Failure::new(format!("{spec:?} names no key that this build of siac knows"))
        .help("write `passphrase:env:NAME` or `key-file:PATH`"))
}

/// A key that a state is to be sealed with from now on. A key file that is missing is made.
///
/// # Errors
/// As [`named_key`], and when the key file cannot be made.
pub fn new_key(spec: &str, project: &Project) -> Result<Arc<dyn KeyProvider>, Failure> {
    if let Some(path) = spec.strip_prefix("key-file:").map(|path| project.root.join(path)).filter(|path| !path.exists())
    {
        let key = KeyFile::create(&path).map_err(|fault| Failure::new(fault.to_string()))?;
        announce(&path);
        return Ok(Arc::new(key));
    }
    named_key(spec, project)
}

/// The key file of this user. It is made on first use, where no state exists yet and a person is at work.
fn own_key(is_new: bool) -> Result<Arc<dyn KeyProvider>, Failure> {
    let configured = "set `key` in `[state]`, for instance `key = \"passphrase:env:SIAC_PASSPHRASE\"`, or the environment variable SIAC_PASSPHRASE";
    let missing = |why: &str| Failure::new(format!("there is no key to seal the state with: {why}")).help(configured);
    let path =
        own_folder("XDG_CONFIG_HOME", ".config").ok_or_else(|| missing("HOME is not set"))?.join("siac/siac.key");
    if path.exists() {
        return Ok(Arc::new(KeyFile::open(&path).map_err(|fault| Failure::new(fault.to_string()))?));
    }
    if std::env::var_os("CI").is_some_and(|ci| !ci.is_empty()) {
        return Err(missing("no key is configured, and in CI none is made"));
    }
    if !is_new {
        return Err(Failure::new(format!(
            "the key file {} is missing, and the state is sealed with it",
            path.display()
        ))
        .help("put a copy of it there; without it nobody can open the state"));
    }
    let key = KeyFile::create(&path).map_err(|fault| Failure::new(fault.to_string()))?;
    announce(&path);
    Ok(Arc::new(key))
}

fn announce(path: &Path) {
    eprintln!(
        "siac seals its state with a new key: {}\n  keep a copy where you keep your passwords; without it nobody can open the state",
        path.display()
    );
}

/// A folder of this user: from the variable, else below home.
fn own_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let given = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(below_home)))
}
