//! The keys that open a state.

use std::path::Path;
use std::sync::Arc;

use siac_core::model::secret::Secret;
use siac_core::ports::KeyProvider;
use siac_state_backends::key_file::KeyFile;
use siac_state_backends::passphrase::Passphrase;

use super::own_folder;
use crate::failure::Failure;
use crate::project::Project;

/// The variable that holds the passphrase where the stack names no key.
const PASSPHRASE: &str = "SIAC_PASSPHRASE";

/// What becomes of a state that nobody named a key for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnKey {
    /// It is sealed with the key file of this user, which is made when it is missing.
    Made,
    /// It is sealed with the key file of this user, which must be there.
    Present,
    /// It is shared: a key that only this user has would keep the others out.
    None,
}

/// The key that a `[state]` table names, else the passphrase of the environment, else the key file of this user.
pub(super) fn key(spec: Option<&str>, project: &Project, own: OwnKey) -> Result<Arc<dyn KeyProvider>, Failure> {
    match spec {
        Some(spec) => named_key(spec, project),
        None => match std::env::var(PASSPHRASE) {
            Ok(passphrase) => Ok(Arc::new(Passphrase::new(Secret::new(passphrase), PASSPHRASE))),
            Err(_) => own_key(own),
        },
    }
}

/// A key by its name: `passphrase:env:NAME`, `key-file:PATH`, `azure-key-vault:VAULT/KEY`.
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
    #[cfg(feature = "azure")]
    if let Some(name) = spec.strip_prefix("azure-key-vault:") {
        return vault_key(name);
    }
    Err(Failure::new(format!("{spec:?} names no key that this build of siac knows"))
        .help("write `passphrase:env:NAME`, `key-file:PATH` or `azure-key-vault:VAULT/KEY`"))
}

#[cfg(feature = "azure")]
fn vault_key(name: &str) -> Result<Arc<dyn KeyProvider>, Failure> {
    use siac_state_backends::azure::{VaultOptions, credential, key_vault::VaultKey};
    let credential = credential().map_err(|why| Failure::new(format!("the key {name}: {why}")))?;
    let key =
        VaultKey::new(name, credential, VaultOptions::default()).map_err(|fault| Failure::new(fault.to_string()))?;
    Ok(Arc::new(key))
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
fn own_key(own: OwnKey) -> Result<Arc<dyn KeyProvider>, Failure> {
    let configured = "set `key` in `[state]`, for instance `key = \"passphrase:env:SIAC_PASSPHRASE\"`, or the environment variable SIAC_PASSPHRASE";
    let missing = |why: &str| Failure::new(format!("there is no key to seal the state with: {why}")).help(configured);
    if own == OwnKey::None {
        return Err(missing("none is configured, and a state that others share needs one that they have, too"));
    }
    let path =
        own_folder("XDG_CONFIG_HOME", ".config").ok_or_else(|| missing("HOME is not set"))?.join("siac/siac.key");
    if path.exists() {
        return Ok(Arc::new(KeyFile::open(&path).map_err(|fault| Failure::new(fault.to_string()))?));
    }
    if std::env::var_os("CI").is_some_and(|ci| !ci.is_empty()) {
        return Err(missing("no key is configured, and in CI none is made"));
    }
    if own == OwnKey::Present {
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
