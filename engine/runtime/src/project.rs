//! The files of a project: read below its root and nowhere else.
//!
//! Paths come from stack files, which may be hostile: every one is resolved, links included, and must stay below the root; only regular
//! files are read, and only up to a size.

mod glob;
pub(crate) mod ignored;
pub(crate) mod pack;
pub(crate) mod tree;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use siac_core::language::scope::{FileAnswer, FileQuestion};

use glob::Glob;

pub use pack::Packed;

/// The largest file that is read into an expression, in bytes. A choice of this project.
pub const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// The most files that one listing or one artifact may have. A choice of this project.
pub const MOST_FILES: usize = 100_000;

/// The deepest folder that is entered. A choice of this project; it also ends links that lead in circles.
const DEEPEST: usize = 64;

/// The most files and folders that are looked at in one go, matching or not. A choice of this project.
const MOST_ENTRIES: usize = 1_000_000;

/// A folder whose files a stack may read.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

/// Why a path of a stack file leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// There is no such file.
    #[error("there is no `{0}` in the project")]
    Missing(String),
    /// It may not, or cannot, be read.
    #[error("{0}")]
    Refused(String),
}

impl Project {
    /// The project below this folder. Fails when there is no such folder.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        match root.is_dir() {
            true => Ok(Self { root }),
            false => Err(io::Error::new(io::ErrorKind::NotADirectory, "the project root is not a folder")),
        }
    }

    /// The project's root, resolved.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Answers a question of an expression.
    pub fn answer(&self, question: &FileQuestion) -> FileAnswer {
        let answer = match question {
            FileQuestion::Read(path) => self.read(path).map(|bytes| FileAnswer::Content(Arc::new(bytes))),
            FileQuestion::List { folder, pattern } => {
                self.list(folder, pattern).map(|paths| FileAnswer::Paths(Arc::new(paths)))
            }
        };
        answer.unwrap_or_else(|unreachable| match unreachable {
            Unreachable::Missing(_) => FileAnswer::Missing,
            Unreachable::Refused(why) => FileAnswer::Refused(why),
        })
    }

    /// The content of a file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Unreachable> {
        read_regular(&self.locate(path)?, path, LARGEST_FILE)
    }

    /// The files below a folder that match a pattern, sorted, relative to the folder, with `/`.
    pub fn list(&self, folder: &str, pattern: &str) -> Result<Vec<String>, Unreachable> {
        let glob = Glob::new(pattern).map_err(Unreachable::Refused)?;
        let place = self.locate(folder)?;
        if !place.is_dir() {
            return Err(Unreachable::Refused(format!("`{folder}` is not a folder")));
        }
        let mut found = Vec::new();
        self.walk(&place, &mut |path, _| {
            if glob.matches(path) {
                found.push(path.to_owned());
            }
            match found.len() > MOST_FILES {
                true => Err(Unreachable::Refused(format!("`{folder}` has more than {MOST_FILES} matching files"))),
                false => Ok(()),
            }
        })?;
        found.sort();
        Ok(found)
    }

    /// A file or folder as an artifact: its bytes, and their digest.
    pub fn pack(&self, path: &str) -> Result<Packed, Unreachable> {
        let place = self.locate(path)?;
        match place.is_dir() {
            true => pack::folder(self, &place, path),
            false => Ok(Packed::new(read_regular(&place, path, pack::LARGEST_ARTIFACT)?)),
        }
    }

    /// The real place of a path relative to the root.
    pub(crate) fn locate(&self, path: &str) -> Result<PathBuf, Unreachable> {
        let relative = Path::new(path);
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !relative.components().all(is_plain) {
            return Err(Unreachable::Refused(format!("`{path}` leads out of the project")));
        }
        self.resolve(&self.root.join(relative), path)
    }

    fn resolve(&self, place: &Path, path: &str) -> Result<PathBuf, Unreachable> {
        let real = place.canonicalize().map_err(|error| unreadable(path, &error))?;
        match real.starts_with(&self.root) {
            true => Ok(real),
            false => Err(Unreachable::Refused(format!("`{path}` is a link that leads out of the project"))),
        }
    }

    /// Visits every file below a folder, links resolved; `visit` gets the path relative to the start, and the real one.
    fn walk(&self, start: &Path, visit: &mut Visit<'_>) -> Result<(), Unreachable> {
        let mut left = MOST_ENTRIES;
        self.walk_below(start, "", DEEPEST, &mut left, visit)
    }

    fn walk_below(
        &self,
        folder: &Path,
        prefix: &str,
        depth: usize,
        left: &mut usize,
        visit: &mut Visit<'_>,
    ) -> Result<(), Unreachable> {
        let too_much = |what| Unreachable::Refused(format!("`{prefix}` {what}; a link may lead in a circle"));
        let depth = depth.checked_sub(1).ok_or_else(|| too_much(format!("lies more than {DEEPEST} folders deep")))?;
        for name in names(folder, prefix)? {
            *left = left.checked_sub(1).ok_or_else(|| too_much(format!("is beyond {MOST_ENTRIES} files")))?;
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            let real = self.resolve(&folder.join(&name), &path)?;
            match real.is_dir() {
                true => self.walk_below(&real, &path, depth, left, visit)?,
                false => visit(&path, &real)?,
            }
        }
        Ok(())
    }
}

/// What is done with each file of a walk.
type Visit<'a> = dyn FnMut(&str, &Path) -> Result<(), Unreachable> + 'a;

/// The names in a folder, sorted, without what belongs to version control and to siac.
fn names(folder: &Path, path: &str) -> Result<Vec<String>, Unreachable> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(path, &error))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unreadable(path, &error))?.file_name();
        let name = name.into_string().map_err(|name| {
            Unreachable::Refused(format!("the name of `{}` in `{path}` is not UTF-8", name.to_string_lossy()))
        })?;
        if name != ".git" && name != ".siac" {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Reads a regular file. Anything else could block or never end.
fn read_regular(place: &Path, path: &str, largest: u64) -> Result<Vec<u8>, Unreachable> {
    let metadata = fs::metadata(place).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(Unreachable::Refused(format!("`{path}` is not a regular file")));
    }
    let file = File::open(place).map_err(|error| unreadable(path, &error))?;
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    match bytes.len() as u64 > largest {
        true => Err(Unreachable::Refused(format!("`{path}` is larger than {} MiB", largest / 1024 / 1024))),
        false => Ok(bytes),
    }
}

fn unreadable(path: &str, error: &io::Error) -> Unreachable {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Unreachable::Missing(path.to_owned()),
        _ => Unreachable::Refused(format!("`{path}` cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests;
