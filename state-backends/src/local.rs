//! State in a folder of this machine.
//!
//! The kernel knows whether a holder lives: the lock is a lock on a file that is never deleted, and a process that ends in any way gives it
//! back. Everything is written beside its place, synced, and moved there as a whole.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::model::identity::{Digest, hex};
use siac_core::ports::{Blobs, Hold, Put, Register, StoreFault, Version};

use crate::names;

/// The largest object that is read, in bytes. A choice of this project: four times the largest artifact.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// How often, and after which pause, a lock that somebody has is tried again: far longer than it takes to look. A choice of this project.
const LOOKS: u32 = 3;
const LOOK: Duration = Duration::from_millis(3);

/// The state of one stack in a folder.
#[derive(Clone)]
pub struct LocalDirectory {
    folder: Arc<PathBuf>,
    /// The open lock file, while this is the holder.
    held: Arc<Mutex<Option<File>>>,
}

impl LocalDirectory {
    /// The state in this folder, which is made when it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made or written to, others may write to it, or it lies on a network file system, where locks cannot be
    /// trusted; `allow_network` takes the risk.
    pub fn open(folder: impl Into<PathBuf>, allow_network: bool) -> Result<Self, StoreFault> {
        let folder = folder.into();
        let fault = |error: io::Error| failed("open the state folder", &folder, &error);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(fault)?;
        let mode = fs::metadata(&folder).map_err(fault)?.mode();
        if mode & 0o022 != 0 {
            return Err(StoreFault::Failed(format!(
                "others on this machine can write to the state folder {0}; run `chmod 700 {0}`",
                folder.display()
            )));
        }
        if !allow_network {
            refuse_network(&folder)?;
        }
        Ok(Self { folder: Arc::new(folder), held: Arc::new(Mutex::new(None)) })
    }

    /// Runs file operations where they do not hold up the rest.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let this = self.clone();
        let joined = tokio::task::spawn_blocking(move || work(&this)).await;
        joined.unwrap_or_else(|_| Err(StoreFault::Ambiguous("the file operation ended early".to_owned())))
    }

    fn held(&self) -> MutexGuard<'_, Option<File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn head(&self) -> PathBuf {
        self.folder.join("HEAD")
    }

    fn read_head(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault> {
        let content = read(&self.head())?;
        Ok(content.map(|content| {
            let version = Version(Digest::of(&content).to_string());
            (content, version)
        }))
    }

    fn lock_file(&self, name: &str) -> Result<File, StoreFault> {
        let path = self.folder.join(name);
        private()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| failed("open the lock file", &path, &error))
    }

    /// The lock that says who the holder is, when it is free.
    fn take(&self) -> Result<File, StoreFault> {
        let file = self.lock_file("lock")?;
        let mut looks = 0;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                // Somebody may only be looking whether it is held.
                Err(TryLockError::WouldBlock) if looks < LOOKS => std::thread::sleep(LOOK),
                Err(TryLockError::WouldBlock) => return Err(StoreFault::Held),
                Err(TryLockError::Error(error)) => return Err(self.unlockable(&error)),
            }
            looks += 1;
        }
    }

    fn unlockable(&self, error: &io::Error) -> StoreFault {
        failed("lock", &self.folder.join("lock"), error)
    }

    /// Whether somebody has the lock. Looking takes a share of it for a moment, which [`Self::take`] waits out.
    fn look(&self) -> Result<bool, StoreFault> {
        let path = self.folder.join("lock");
        match private().read(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("open the lock file", &path, &error)),
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => Ok(false),
                Err(TryLockError::WouldBlock) => Ok(true),
                Err(TryLockError::Error(error)) => Err(self.unlockable(&error)),
            },
        }
    }

    fn swap(&self, expected: Option<&Version>, content: &[u8], hold: Hold) -> Result<Version, StoreFault> {
        let mut held = self.held();
        let taken = match (hold, held.is_some()) {
            (Hold::Take | Hold::Break, false) => Some(self.take()?),
            _ => None,
        };
        // A second, short lock makes reading, comparing and writing one step among processes.
        let step = self.lock_file("step")?;
        step.lock().map_err(|error| failed("lock", &self.folder.join("step"), &error))?;
        let present = self.read_head()?.map(|(_, version)| version);
        if present.as_ref() != expected {
            return Err(StoreFault::Conflict);
        }
        replace(&self.head(), content)?;
        match hold {
            Hold::Take => *held = taken.or_else(|| held.take()),
            Hold::Keep => {}
            Hold::Release | Hold::Break => *held = None,
        }
        Ok(Version(Digest::of(content).to_string()))
    }

    fn place(&self, name: &str) -> Result<PathBuf, StoreFault> {
        names::check(name)?;
        Ok(self.folder.join(name))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<Put, StoreFault> {
        let path = self.place(name)?;
        let folder = folder_of(&path)?;
        make_folder(folder)?;
        let beside = beside(&path, bytes)?;
        let linked = fs::hard_link(&beside, &path);
        let _ = fs::remove_file(&beside);
        match linked {
            Ok(()) => sync_folder(folder).map(|()| Put::Created),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Put::Exists),
            Err(error) => Err(failed("write", &path, &error)),
        }
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, StoreFault> {
        let (folder, _) = prefix.rsplit_once('/').unwrap_or(("", prefix));
        let mut names = Vec::new();
        collect(&self.folder.join(folder), folder, &mut names)?;
        names.retain(|name| name.starts_with(prefix) && !["HEAD", "lock", "step"].contains(&name.as_str()));
        names.sort();
        Ok(names)
    }
}

fn collect(folder: &Path, name: &str, names: &mut Vec<String>) -> Result<(), StoreFault> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("list", folder, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| failed("list", folder, &error))?;
        let Ok(part) = entry.file_name().into_string() else { continue };
        // What starts with a dot is being written, or was left by a crash.
        if part.starts_with('.') {
            continue;
        }
        let name = if name.is_empty() { part } else { format!("{name}/{part}") };
        let kind = entry.file_type().map_err(|error| failed("list", folder, &error))?;
        match kind.is_dir() {
            true => collect(&entry.path(), &name, names)?,
            false => names.push(name),
        }
    }
    Ok(())
}

/// Files for their owner only; a link in the last place is not followed.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    options
}

/// Reads a whole file; `None` when there is none. What is looked at and what is read is one open file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreFault> {
    let fault = |error: io::Error| failed("read", path, &error);
    // A pipe that someone laid there would otherwise keep the reader waiting.
    let waitless = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut file = match private().read(true).custom_flags(waitless.bits().cast_signed()).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(error)),
    };
    let metadata = file.metadata().map_err(fault)?;
    if !metadata.is_file() {
        return Err(StoreFault::Failed(format!("{} is not a regular file", path.display())));
    }
    if metadata.len() > LARGEST {
        return Err(StoreFault::Failed(format!("{} is larger than 1 GiB", path.display())));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(fault)?;
    Ok(Some(bytes))
}

/// A new file with this content beside its place, synced.
fn beside(path: &Path, bytes: &[u8]) -> Result<PathBuf, StoreFault> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| StoreFault::Failed(format!("the kernel gives no random numbers: {error}")))?;
    let beside = folder_of(path)?.join(format!(".{}", hex(&random)));
    let fill = || -> io::Result<()> {
        let mut file = private().write(true).create_new(true).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    fill().map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed("write", path, &error)
    })?;
    Ok(beside)
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreFault> {
    let beside = beside(path, bytes)?;
    fs::rename(&beside, path).map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed("write", path, &error)
    })?;
    sync_folder(folder_of(path)?)
}

fn folder_of(path: &Path) -> Result<&Path, StoreFault> {
    path.parent().ok_or_else(|| StoreFault::Failed(format!("{} lies in no folder", path.display())))
}

/// Makes a folder and those above it. Each is synced into the one above: a journal must not vanish with its folder.
fn make_folder(folder: &Path) -> Result<(), StoreFault> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder)?;
    make_folder(above)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed("make the folder", folder, &error)),
        _ => sync_folder(above),
    }
}

/// The entry of a new file is durable only once its folder is. That it happened is certain, that it stays is not.
fn sync_folder(folder: &Path) -> Result<(), StoreFault> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| StoreFault::Ambiguous(format!("the folder {} cannot be synced: {error}", folder.display())))
}

/// What cannot be done where, why, and what to do about it.
fn failed(what: &str, path: &Path, error: &io::Error) -> StoreFault {
    let remedy = match error.kind() {
        _ if rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP) => {
            "; it is a symbolic link, which is not followed here: put the file itself there"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; make space and try again"
        }
        io::ErrorKind::PermissionDenied => {
            "; give your user the right to, or set `path` in `[state]` to another folder"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; the file system is read-only: set `path` in `[state]` to another folder"
        }
        _ => "",
    };
    StoreFault::Failed(format!("cannot {what} {}: {error}{remedy}", path.display()))
}

/// File systems whose locks do not reach across machines, by their magic numbers in Linux's `magic.h`: NFS, SMB, CIFS, SMB2, AFS,
/// Ceph, 9P, Coda.
#[cfg(target_os = "linux")]
fn refuse_network(folder: &Path) -> Result<(), StoreFault> {
    const NETWORK: [i64; 8] =
        [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x5346_414f, 0x00c3_6400, 0x0102_1997, 0x7375_7245];
    let Ok(status) = rustix::fs::statfs(folder) else { return Ok(()) };
    #[allow(clippy::unnecessary_cast, reason = "the field's type differs between architectures")]
    match NETWORK.contains(&(status.f_type as i64)) {
        false => Ok(()),
        true => Err(StoreFault::Failed(format!(
            "the state folder {} lies on a network file system, where locks cannot be trusted; keep the state on this machine, or set `allow_network = true` in `[state]`",
            folder.display()
        ))),
    }
}

#[cfg(not(target_os = "linux"))]
fn refuse_network(_: &Path) -> Result<(), StoreFault> {
    Ok(())
}

#[async_trait]
impl Register for LocalDirectory {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault> {
        self.work(Self::read_head).await
    }

    async fn cas(&self, expected: Option<&Version>, content: Vec<u8>, hold: Hold) -> Result<Version, StoreFault> {
        let expected = expected.cloned();
        self.work(move |this| this.swap(expected.as_ref(), &content, hold)).await
    }

    fn patience(&self) -> Option<Duration> {
        None
    }

    async fn is_held(&self) -> Result<Option<bool>, StoreFault> {
        self.work(Self::look).await.map(Some)
    }
}

#[async_trait]
impl Blobs for LocalDirectory {
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFault> {
        let path = self.place(name)?;
        self.work(move |_| read(&path)).await
    }

    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, StoreFault> {
        let name = name.to_owned();
        self.work(move |this| this.put(&name, &bytes)).await
    }

    async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreFault> {
        let path = self.place(name)?;
        self.work(move |_| replace(&path, &bytes)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreFault> {
        let prefix = prefix.to_owned();
        self.work(move |this| this.names(&prefix)).await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreFault> {
        let path = self.place(name)?;
        self.work(move |_| match fs::remove_file(&path) {
            Ok(()) => sync_folder(folder_of(&path)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("delete", &path, &error)),
        })
        .await
    }
}
