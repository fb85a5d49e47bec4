//! What goes into an artifact, and the identity that it has.

use std::fs::{self, File};
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use sha2::{Digest as _, Sha256};
use siac_core::model::identity::Digest;
use siac_core::model::recipe::{Architecture, Recipe};

use super::host;
use crate::project::ignored::{IGNORE_FILE, Ignored, Stage};
use crate::project::pack::refuse_overlap;
use crate::project::tree::{Entry, Walk, What};
use crate::project::{Project, Unreachable};

/// What an identity begins with, so that one of another kind or version is another.
const FORMAT: &[u8] = b"siac artifact identity 1";

/// The version of what is bundled and how; a change of it makes everything new.
const BUNDLER: &str = "siac bundle 1";

/// The most threads that read a tree. A choice of this project: beyond them the disk decides.
const MOST_THREADS: usize = 8;

/// What goes into an artifact.
pub(super) struct Source {
    ignored: Ignored,
    entries: Vec<Entry>,
}

impl Source {
    /// What a recipe takes from the project.
    ///
    /// # Errors
    /// When the folder is not there, cannot be read or leads out of the project; or when the recipe adds what is there already.
    pub fn of(project: &Project, recipe: &Recipe) -> Result<Self, Unreachable> {
        let place = project.locate(&recipe.path)?;
        if !place.is_dir() {
            let why = format!("`{}` is not a folder, and a recipe takes one", recipe.path);
            return Err(Unreachable::Refused(why));
        }
        Self::at(&place, project.root(), recipe)
    }

    /// What a recipe takes from a copy.
    pub fn copy(place: &Path, recipe: &Recipe) -> Result<Self, Unreachable> {
        Self::at(place, place, recipe)
    }

    fn at(place: &Path, bounds: &Path, recipe: &Recipe) -> Result<Self, Unreachable> {
        let ignored = Ignored::of(place, &recipe.path)?;
        let stage = if recipe.build.is_some() { Stage::Source } else { Stage::Direct };
        let walk = Walk { start: place, bounds, shown: &recipe.path, ignored: &ignored, stage };
        let entries = walk.entries()?;
        refuse_overlap(&entries, &recipe.add)?;
        Ok(Self { ignored, entries })
    }

    /// The files and links, sorted.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The identity of what the recipe makes of it: the same wherever and whenever it is made of the same.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn identity(&self, recipe: &Recipe, host: &Architecture) -> Result<Digest, Unreachable> {
        let mut hash = Fields(Sha256::new());
        hash.field(FORMAT);
        hash.field(BUNDLER.as_bytes());
        hash.optional(recipe.build.as_deref());
        hash.optional(recipe.runtime.as_deref());
        hash.optional(architecture(recipe, host).map(|it| it.to_string()).as_deref());
        hash.number(recipe.add.len());
        for (path, text) in &recipe.add {
            hash.field(path.as_bytes());
            hash.field(text.as_bytes());
        }
        // It says what is bundled, and may leave itself out.
        hash.field(&self.ignored.text);
        for (entry, digest) in self.entries.iter().zip(digests(&self.entries)?) {
            hash.entry(entry, digest);
        }
        Ok(Digest(hash.0.finalize().into()))
    }

    /// Copies everything into an empty folder.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn copy_to(&self, folder: &Path) -> io::Result<()> {
        let mut made = PathBuf::new();
        for entry in &self.entries {
            let to = folder.join(&entry.path);
            let parent = to.parent().unwrap_or(folder);
            if parent != made {
                fs::create_dir_all(parent)?;
                made = parent.to_owned();
            }
            match &entry.what {
                What::File { real, .. } => drop(fs::copy(real, &to)?),
                What::Link { target } => std::os::unix::fs::symlink(target, &to)?,
            }
        }
        // It is looked at again for what is bundled, even where it leaves itself out.
        match self.ignored.text.as_slice() {
            [] => Ok(()),
            text => fs::write(folder.join(IGNORE_FILE), text),
        }
    }
}

/// The machines that an artifact is made for; none for one that is packed as it is and says nothing of them.
pub(super) fn architecture(recipe: &Recipe, host: &Architecture) -> Option<Architecture> {
    let matters = recipe.build.is_some() || recipe.architecture.is_some();
    matters.then(|| host::resolved(recipe.architecture.as_ref(), host))
}

/// A digest of fields, each with its length, so that no two lists of them are the same bytes.
struct Fields(Sha256);

impl Fields {
    fn number(&mut self, number: usize) {
        self.0.update((number as u64).to_le_bytes());
    }

    fn field(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.update(bytes);
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.update([u8::from(text.is_some())]);
        self.field(text.unwrap_or_default().as_bytes());
    }

    fn entry(&mut self, entry: &Entry, digest: Option<Digest>) {
        self.field(entry.path.as_bytes());
        match (&entry.what, digest) {
            (What::Link { target }, _) => self.field(format!("link {target}").as_bytes()),
            (What::File { is_executable, .. }, digest) => {
                self.field(if *is_executable { b"program" } else { b"file" });
                self.0.update(digest.map(|digest| digest.0).unwrap_or_default());
            }
        }
    }
}

/// The digests of all files, read by several threads; none for links.
fn digests(entries: &[Entry]) -> Result<Vec<Option<Digest>>, Unreachable> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS).min(entries.len());
    let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let found = Mutex::new(vec![Ok(None); entries.len()]);
    let work = || {
        while !has_failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(entry) = entries.get(at) else { return };
            let digest = digest(entry);
            has_failed.fetch_or(digest.is_err(), Ordering::Relaxed);
            found.lock().unwrap_or_else(PoisonError::into_inner)[at] = digest;
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    found.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
}

fn digest(entry: &Entry) -> Result<Option<Digest>, Unreachable> {
    let What::File { real, .. } = &entry.what else { return Ok(None) };
    let read = || -> io::Result<Digest> {
        let mut file = File::open(real)?;
        let (mut hash, mut buffer) = (Sha256::new(), [0; 64 * 1024]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Digest(hash.finalize().into())),
                count => hash.update(&buffer[..count]),
            }
        }
    };
    let unreadable = |error| Unreachable::Refused(format!("`{}` cannot be read: {error}", entry.path));
    read().map(Some).map_err(unreadable)
}
