//! A key in a file that only its owner may read.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use siac_core::model::identity::{Digest, StackUuid};
use siac_core::model::secret::Secret;
use siac_core::ports::{DataKey, KeyFault, KeyProvider, WrappedKey};

use crate::wrapping::{self, decode};

/// The method's name in wrapped keys.
pub const METHOD: &str = "key-file";

/// The first line of a key file.
const HEADER: &str = "siac key, version 1. Who has it can open the state. Keep a copy where you keep your passwords.";

/// A key of 256 bits in a file.
pub struct KeyFile {
    key: Secret<[u8; 32]>,
    key_id: String,
    path: PathBuf,
}

impl KeyFile {
    /// Reads a key file.
    ///
    /// # Errors
    /// When there is none, it is no key file, or others on this machine may read it.
    pub fn open(path: &Path) -> Result<Self, KeyFault> {
        let unavailable = |error: &io::Error| KeyFault::Unavailable(cannot_read(path, error));
        let file = OpenOptions::new().read(true).open(path).map_err(|error| unavailable(&error))?;
        let mode = file.metadata().map_err(|error| unavailable(&error))?.mode();
        if mode & 0o077 != 0 {
            return Err(KeyFault::Refused(format!(
                "others on this machine can read the key file {0}; run `chmod 600 {0}`",
                path.display()
            )));
        }
        let mut text = String::new();
        file.take(4096).read_to_string(&mut text).map_err(|error| unavailable(&error))?;
        let key = text.lines().nth(1).and_then(|line| decode::<32>(line.trim()));
        let key = key.ok_or_else(|| KeyFault::Refused(format!("{} is not a key file of siac", path.display())))?;
        Ok(Self::new(Secret::new(key), path))
    }

    /// Makes a key file with a fresh key. A file that exists is never overwritten.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn create(path: &Path) -> Result<Self, KeyFault> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)
            .map_err(|error| KeyFault::Unavailable(format!("the kernel gives no random numbers: {error}")))?;
        let key = Secret::new(key);
        write(path, &format!("{HEADER}\n{}\n", STANDARD.encode(key.expose()))).map_err(|error| {
            KeyFault::Unavailable(format!("the key file {} cannot be made: {error}", path.display()))
        })?;
        Ok(Self::new(key, path))
    }

    fn new(key: Secret<[u8; 32]>, path: &Path) -> Self {
        // The id tells keys apart and tells nothing of the key: 64 bits of a digest of a digest.
        let digest = Digest::of(&Digest::of(key.expose()).0);
        Self { key, key_id: digest.to_string()[..16].to_owned(), path: path.to_owned() }
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::File::open(folder)?.sync_all()
}

fn cannot_read(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!("there is no key file {}; put a copy of it there, or name another key in `[state]`", path.display())
        }
        _ => format!("the key file {} cannot be read: {error}", path.display()),
    }
}

#[async_trait]
impl KeyProvider for KeyFile {
    fn describe(&self) -> (String, String) {
        (METHOD.to_owned(), self.key_id.clone())
    }

    async fn wrap(&self, stack: &StackUuid, key: &DataKey, _: &[WrappedKey]) -> Result<WrappedKey, KeyFault> {
        wrapping::wrap(&self.key, self.describe(), stack, key, Default::default())
    }

    async fn unwrap(&self, stack: &StackUuid, key: &WrappedKey) -> Result<DataKey, KeyFault> {
        let wrong = format!("the key file {} is not the one that the state is sealed with", self.path.display());
        wrapping::unwrap(&self.key, stack, key, &wrong)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const STACK: StackUuid = StackUuid([7; 16]);

    #[tokio::test]
    async fn a_key_file_opens_what_it_wrapped_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/a.key");
        let made = KeyFile::create(&path).unwrap();
        let data = Secret::new([9; 32]);
        let wrapped = made.wrap(&STACK, &data, &[]).await.unwrap();
        let read = KeyFile::open(&path).unwrap();
        assert_eq!(read.describe(), made.describe());
        assert!(read.unwrap(&STACK, &wrapped).await.unwrap() == data);
        assert!(read.unwrap(&StackUuid([8; 16]), &wrapped).await.is_err());
        let other = KeyFile::create(&folder.path().join("b.key")).unwrap();
        assert!(matches!(other.unwrap(&STACK, &wrapped).await, Err(KeyFault::WrongKey(_))));
    }

    #[test]
    fn a_key_file_is_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        KeyFile::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(KeyFile::create(&path).is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let Err(fault) = KeyFile::open(&path) else { panic!("a readable key was taken") };
        assert!(fault.to_string().contains("chmod 600"), "{fault}");
    }

    #[test]
    fn what_is_no_key_file_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        assert!(matches!(KeyFile::open(&path), Err(KeyFault::Unavailable(_))));
        write(&path, "hello\nworld\n").unwrap();
        assert!(matches!(KeyFile::open(&path), Err(KeyFault::Refused(_))));
    }
}
