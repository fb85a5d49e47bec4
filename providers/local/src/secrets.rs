//! Secrets from the environment and from files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use siac_core::model::secret::Secret;
use siac_core::model::stack::SecretSource;
use siac_core::ports::{Fault, FetchedSecret, SecretStore};

/// The largest secret file, in bytes. A choice of this project.
const MAX_SIZE: u64 = 1 << 20;

/// The schemes `env:NAME` and `file:PATH`. Neither has versions.
pub struct LocalSecrets {
    root: PathBuf,
}

impl LocalSecrets {
    /// The store for a project; relative paths start at its root.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// What a person should know of a source before it is used: a file that others on this machine can read.
    pub fn warning(&self, source: &SecretSource) -> Option<String> {
        let path = self.root.join(&source.reference);
        let mode = (source.scheme == "file").then(|| fs::metadata(&path).ok())??.permissions().mode();
        let advice =
            format!("others on this machine can read the secret file `{0}`; run\n  chmod 600 '{0}'", path.display());
        (mode & 0o077 != 0).then_some(advice)
    }
}

#[async_trait]
impl SecretStore for LocalSecrets {
    fn schemes(&self) -> &'static [&'static str] {
        &["env", "file"]
    }

    async fn fetch(&self, source: &SecretSource) -> Result<FetchedSecret, Fault> {
        let value = match source.scheme.as_str() {
            "env" => from_environment(&source.reference)?,
            "file" => from_file(&self.root.join(&source.reference))?,
            other => {
                return Err(Fault::rejected(format!(
                    "`{other}` is no source of secrets on this machine; use `env:NAME` or `file:PATH`"
                )));
            }
        };
        Ok(FetchedSecret { value, version: None })
    }
}

fn from_environment(name: &str) -> Result<Secret<String>, Fault> {
    match std::env::var(name) {
        Ok(value) => Ok(Secret::new(value)),
        Err(std::env::VarError::NotPresent) => {
            Err(Fault::rejected(format!("the environment variable `{name}` is not set; set it and run siac again")))
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Fault::rejected(format!("the environment variable `{name}` is not UTF-8 text")))
        }
    }
}

/// The content of a file without the line end that editors put at its end.
fn from_file(path: &Path) -> Result<Secret<String>, Fault> {
    let cannot = |why: String| Fault::rejected(format!("cannot read the secret file `{}`: {why}", path.display()));
    let metadata = fs::metadata(path).map_err(|error| cannot(error.to_string()))?;
    match metadata.len() {
        _ if !metadata.is_file() => return Err(cannot("it is no regular file".to_owned())),
        size if size > MAX_SIZE => return Err(cannot(format!("it has {size} bytes; at most {MAX_SIZE} are read"))),
        _ => {}
    }
    let mut text = fs::read_to_string(path).map_err(|error| cannot(error.to_string()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    fn source(scheme: &str, reference: &str) -> SecretSource {
        SecretSource { scheme: scheme.to_owned(), reference: reference.to_owned() }
    }

    #[tokio::test]
    async fn a_file_loses_its_last_line_end_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalSecrets::new(folder.path());
        for (content, secret) in [("a b\n", "a b"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a ")] {
            fs::write(folder.path().join("pw"), content).unwrap();
            assert_eq!(store.fetch(&source("file", "pw")).await.unwrap().value.expose(), secret);
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let store = LocalSecrets::new("/nowhere");
        for (scheme, reference) in [("env", "SIAC_NO_SUCH_SECRET"), ("file", "no-such-file"), ("vault", "x")] {
            let fault = store.fetch(&source(scheme, reference)).await.unwrap_err();
            let named = if scheme == "vault" { scheme } else { reference };
            assert!(fault.to_string().contains(named), "{fault}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_worth_a_word() {
        let folder = tempfile::tempdir().unwrap();
        let (store, path) = (LocalSecrets::new(folder.path()), folder.path().join("pw"));
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(store.warning(&source("file", "pw")).unwrap().contains("chmod 600"));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(store.warning(&source("file", "pw")), None);
    }
}
