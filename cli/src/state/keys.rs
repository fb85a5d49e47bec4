//! The keys that open a state.

use std::path::Path;
use std::sync::Arc;

use siac_core::model::secret::Secret;
use siac_core::ports::KeyProvider;
use siac_state_backends::key_file::KeyFile;
use siac_state_backends::passphrase::Passphrase;

use super::{StateTable, own_folder, text};
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
pub(super) fn key(table: &StateTable, project: &Project, own: OwnKey) -> Result<Arc<dyn KeyProvider>, Failure> {
    match text(table, "key")? {
        Some(spec) => named_key(spec, table, project),
        None => match std::env::var(PASSPHRASE) {
            Ok(passphrase) => Ok(Arc::new(Passphrase::new(Secret::new(passphrase), PASSPHRASE))),
            Err(_) => own_key(own),
        },
    }
}

/// A key by its name: `passphrase:env:NAME`, `key-file:PATH`, or one of a cloud, which is reached as the `[state]` table says.
///
/// # Errors
/// When the name means no key, or the key is not to be had.
pub fn named_key(spec: &str, table: &StateTable, project: &Project) -> Result<Arc<dyn KeyProvider>, Failure> {
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
    if let Some((prefix, _, open)) = OF_CLOUDS.iter().find(|(prefix, ..)| spec.starts_with(prefix)) {
        return open(&spec[prefix.len()..], table);
    }
    let clouds: String = OF_CLOUDS.iter().map(|(_, form, _)| format!(" or `{form}`")).collect();
    Err(Failure::new(format!("{spec:?} names no key that this build of siac knows"))
        .help(format!("write `passphrase:env:NAME` or `key-file:PATH`{clouds}")))
}

/// Finds a key by what follows the prefix.
type OpenKey = fn(&str, &StateTable) -> Result<Arc<dyn KeyProvider>, Failure>;

/// The keys of clouds that this build has: what their names begin with, their form, and how to find them.
const OF_CLOUDS: &[(&str, &str, OpenKey)] = &[
    #[cfg(feature = "aws")]
    ("aws-kms:", "aws-kms:KEY", aws_kms),
    #[cfg(feature = "azure")]
    ("azure-key-vault:", "azure-key-vault:VAULT/KEY", azure_key_vault),
];

/// Region, profile and role are those of the state's place when that is in AWS, too; its endpoint never is the key's.
#[cfg(feature = "aws")]
fn aws_kms(key: &str, table: &StateTable) -> Result<Arc<dyn KeyProvider>, Failure> {
    use siac_state_backends::aws::access::Access;
    use siac_state_backends::aws::kms::KmsKey;
    let access = match text(table, "backend")? {
        Some("s3") => Access { endpoint: None, ..super::backend::s3::access(table)? },
        _ => Access::default(),
    };
    Ok(Arc::new(KmsKey::new(key, access)))
}

#[cfg(feature = "azure")]
fn azure_key_vault(key: &str, _: &StateTable) -> Result<Arc<dyn KeyProvider>, Failure> {
    use siac_state_backends::azure::{VaultOptions, credential, key_vault::VaultKey};
    let credential = credential().map_err(|why| Failure::new(format!("the key {key}: {why}")))?;
    let key =
        VaultKey::new(key, credential, VaultOptions::default()).map_err(|fault| Failure::new(fault.to_string()))?;
    Ok(Arc::new(key))
}

/// A key that a state is to be sealed with from now on. A key file that is missing is made.
///
/// # Errors
/// As [`named_key`], and when the key file cannot be made.
pub fn new_key(spec: &str, table: &StateTable, project: &Project) -> Result<Arc<dyn KeyProvider>, Failure> {
    if let Some(path) = spec.strip_prefix("key-file:").map(|path| project.root.join(path)).filter(|path| !path.exists())
    {
        let key = KeyFile::create(&path).map_err(|fault| Failure::new(fault.to_string()))?;
        announce(&path);
        return Ok(Arc::new(key));
    }
    named_key(spec, table, project)
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
