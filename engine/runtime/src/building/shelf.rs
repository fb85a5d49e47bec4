//! The artifacts that were made on this machine, so that what was made once is not made again.
//!
//! The shelf belongs to the project and is a matter of speed alone: what a deployment uses is kept in the state store.
//!
//! ```text
//! .siac/builds/made/IDENTITY.json     which artifact was made from that identity; its time says when it was last used
//! .siac/builds/bundles/DIGEST.zip     the artifact
//! .siac/builds/logs/IDENTITY.log      what the build said
//! .siac/builds/work/IDENTITY/         a build that runs, or was killed
//! .siac/builds/locks/NN.lock          held by who builds
//! ```

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use siac_core::model::identity::{Digest, hex};

use crate::project::{Packed, Project};

/// How long an artifact that nobody uses stays, unless the user says otherwise. A choice of this project.
pub const IDLE: Duration = Duration::from_secs(30 * 24 * 3_600);

/// How much the shelf holds, in bytes: what was not used for longest goes first. A choice of this project.
pub const CAPACITY: u64 = 2 << 30;

/// How long what is no longer named stays: another run may just be about to name it. A choice of this project.
const HOUR: Duration = Duration::from_secs(3_600);

/// Where artifacts are made and kept on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    folder: PathBuf,
}

/// One artifact on the shelf, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Label {
    /// The version of this record: 1.
    format: u32,
    digest: Digest,
    /// The folder that it was made from, relative to the project root.
    source: String,
    #[serde(default)]
    build: Option<String>,
}

/// One artifact on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What it was made from.
    pub identity: Digest,
    /// The artifact.
    pub digest: Digest,
    /// The folder that it was made from, relative to the project root.
    pub source: String,
    /// The command that made it.
    pub build: Option<String>,
    /// Its size, in bytes.
    pub size: u64,
    /// When it was last used.
    pub used: SystemTime,
}

/// What was taken off the shelf.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleared {
    /// How many artifacts.
    pub artifacts: usize,
    /// How much room that made, in bytes.
    pub bytes: u64,
}

impl Shelf {
    /// The shelf of a project. Nothing is made before something is put on it.
    pub fn of(project: &Project) -> Self {
        Self { folder: project.root().join(".siac/builds") }
    }

    /// Where the output of the build of an identity is kept.
    pub(super) fn log(&self, identity: &Digest) -> PathBuf {
        self.folder.join("logs").join(format!("{identity}.log"))
    }

    /// Where an identity is built.
    pub(super) fn work(&self, identity: &Digest) -> PathBuf {
        self.folder.join("work").join(identity.to_string())
    }

    fn label(&self, identity: &Digest) -> PathBuf {
        self.folder.join("made").join(format!("{identity}.json"))
    }

    fn bundle(&self, digest: &Digest) -> PathBuf {
        self.folder.join("bundles").join(format!("{digest}.zip"))
    }

    /// Makes the folders that are written to.
    pub(super) fn prepare(&self) -> io::Result<()> {
        let folders = ["made", "bundles", "logs", "work", "locks"];
        folders.iter().try_for_each(|folder| private_folder(&self.folder.join(folder)))
    }

    /// The artifact that was made from an identity, when it is here and sound. It counts as used now.
    pub(super) fn find(&self, identity: &Digest) -> Option<Packed> {
        let place = self.label(identity);
        let label = read(&place)?;
        let bytes = fs::read(self.bundle(&label.digest)).ok()?;
        if Digest::of(&bytes) != label.digest {
            // Damaged: it is made again.
            let _ = fs::remove_file(place);
            return None;
        }
        // Whether that succeeds only decides how soon it is thrown away.
        let _ = File::open(&place).and_then(|label| label.set_modified(SystemTime::now()));
        Some(Packed { digest: label.digest, bytes })
    }

    /// Puts an artifact on the shelf: `written` is a file in [`Shelf::folder`] that holds it.
    pub(super) fn put(
        &self,
        identity: &Digest,
        digest: Digest,
        written: &Path,
        source: &str,
        build: Option<&str>,
    ) -> io::Result<()> {
        fs::rename(written, self.bundle(&digest))?;
        let label = Label { format: 1, digest, source: source.to_owned(), build: build.map(str::to_owned) };
        let place = self.label(identity);
        let draft = place.with_extension("new");
        fs::write(&draft, serde_json::to_vec(&label)?)?;
        fs::rename(draft, place)
    }

    /// A file of the shelf's folder to write an artifact into.
    pub(super) fn draft(&self, identity: &Digest) -> PathBuf {
        self.folder.join("bundles").join(format!("{identity}.new"))
    }

    /// The right to build an identity, when nobody has it. Given back when dropped, by whatever ends the process too.
    pub(super) fn claim(&self, identity: &Digest) -> io::Result<Option<Claim>> {
        // One lock for many identities, so that lock files need not be removed: that cannot be done safely.
        let path = self.folder.join("locks").join(format!("{}.lock", hex(&identity.0[..1])));
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Claim(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Removes what killed builds left. The caller holds the claim on `own`.
    pub(super) fn sweep(&self, own: &Digest) -> io::Result<()> {
        for entry in entries(&self.folder.join("work")) {
            let identity = entry.file_name().to_str().and_then(|name| name.parse::<Digest>().ok());
            let is_own = identity == Some(*own);
            let claim = match identity {
                Some(identity) if !is_own => self.claim(&identity)?,
                _ => None,
            };
            if is_own {
                fs::remove_dir_all(entry.path())?;
            } else if identity.is_none() || claim.is_some() {
                // What cannot be removed now is removed another time.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }

    /// Everything on the shelf, what was used last first.
    pub fn made(&self) -> Vec<Made> {
        let labels = entries(&self.folder.join("made"));
        let mut made: Vec<Made> = labels.iter().filter_map(|entry| self.described(&entry.path())).collect();
        made.sort_by(|a, b| (b.used, a.identity).cmp(&(a.used, b.identity)));
        made
    }

    fn described(&self, path: &Path) -> Option<Made> {
        let identity = path.file_stem()?.to_str()?.parse().ok()?;
        let label = read(path)?;
        let used = fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
        let size = fs::metadata(self.bundle(&label.digest)).map_or(0, |metadata| metadata.len());
        Some(Made { identity, digest: label.digest, source: label.source, build: label.build, size, used })
    }

    /// Takes away what was not used for `idle`, and then what was not used for longest until the rest fits into `capacity` bytes.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn clear(&self, idle: Duration, capacity: u64, now: SystemTime) -> io::Result<Cleared> {
        let is_idle = |time: SystemTime, idle: Duration| now.duration_since(time).is_ok_and(|age| age >= idle);
        let (mut kept, mut room) = (BTreeSet::new(), capacity);
        let mut cleared = Cleared::default();
        for made in self.made() {
            let fits = kept.contains(&made.digest) || made.size <= room;
            if is_idle(made.used, idle) || !fits {
                remove(&self.label(&made.identity))?;
                remove(&self.log(&made.identity))?;
                cleared.artifacts += 1;
            } else if kept.insert(made.digest) {
                room -= made.size;
            }
        }
        for entry in entries(&self.folder.join("bundles")) {
            let Ok(metadata) = entry.metadata() else { continue };
            let digest = entry.path().file_stem().and_then(|stem| stem.to_str()?.parse::<Digest>().ok());
            let is_new = metadata.modified().is_ok_and(|time| !is_idle(time, HOUR)) && !idle.is_zero();
            if !digest.is_some_and(|digest| kept.contains(&digest)) && !is_new {
                remove(&entry.path())?;
                cleared.bytes += metadata.len();
            }
        }
        self.clear_logs(|time| is_idle(time, idle))?;
        Ok(cleared)
    }

    fn clear_logs(&self, is_old: impl Fn(SystemTime) -> bool) -> io::Result<()> {
        for entry in entries(&self.folder.join("logs")) {
            if entry.metadata().and_then(|metadata| metadata.modified()).is_ok_and(&is_old) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// The right to build.
pub(super) struct Claim(#[expect(dead_code, reason = "it is held, not used")] File);

fn entries(folder: &Path) -> Vec<fs::DirEntry> {
    fs::read_dir(folder).into_iter().flatten().flatten().collect()
}

fn read(path: &Path) -> Option<Label> {
    let label: Label = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (label.format == 1).then_some(label)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a folder for its owner only: sources and what is made of them are nobody else's business.
fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
