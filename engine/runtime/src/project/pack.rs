//! Folders as archives whose bytes depend on nothing but names, contents and whether a file can be executed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, Write};
use std::path::Path;

use siac_core::model::identity::Digest;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::ignored::{Ignored, Stage};
use super::tree::{Entry, Walk, What};
use super::{Project, Unreachable};

/// The largest artifact, in bytes before compression. A choice of this project, above what any function service accepts.
pub const LARGEST_ARTIFACT: u64 = 512 * 1024 * 1024;

/// An artifact's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// A file as it is, or a folder as a zip archive.
    pub bytes: Vec<u8>,
}

impl Packed {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::of(&bytes), bytes }
    }
}

/// A folder as a zip archive.
pub(super) fn folder(project: &Project, place: &Path, path: &str) -> Result<Packed, Unreachable> {
    let ignored = Ignored::of(place, path)?;
    let walk = Walk { start: place, bounds: project.root(), shown: path, ignored: &ignored, stage: Stage::Plain };
    let archive = archive(&walk.entries()?, &BTreeMap::new(), Cursor::new(Vec::new()))?;
    Ok(Packed::new(archive.into_inner()))
}

/// Writes a zip archive of some files and links, which are sorted, and of texts that are added: with fixed times and normalised modes.
///
/// # Errors
/// When a file cannot be read, all are too large, or one of the texts has the path of a file.
pub(crate) fn archive<W: Write + Seek>(
    entries: &[Entry],
    add: &BTreeMap<String, String>,
    into: W,
) -> Result<W, Unreachable> {
    refuse_overlap(entries, add)?;
    let mut added = add.iter().peekable();
    let mut archive = Archive { zip: ZipWriter::new(into), room: LARGEST_ARTIFACT };
    for entry in entries {
        while let Some((path, text)) = added.next_if(|(path, _)| **path < entry.path) {
            archive.text(path, text)?;
        }
        archive.entry(entry)?;
    }
    for (path, text) in added {
        archive.text(path, text)?;
    }
    archive.zip.finish().map_err(|error| Unreachable::Refused(format!("the archive cannot be finished: {error}")))
}

/// Refuses texts that would stand in the place of a file, or where a folder is.
pub(crate) fn refuse_overlap(entries: &[Entry], add: &BTreeMap<String, String>) -> Result<(), Unreachable> {
    let is_below = |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let overlap = |a: &str, b: &str| a == b || is_below(a, b) || is_below(b, a);
    for path in add.keys() {
        if let Some(entry) = entries.iter().find(|entry| overlap(&entry.path, path)) {
            return Err(Unreachable::Refused(format!(
                "`add` has `{path}`, and `{}` is there already; call one of them otherwise",
                entry.path
            )));
        }
    }
    Ok(())
}

struct Archive<W: Write + Seek> {
    zip: ZipWriter<W>,
    /// How many bytes may still be added.
    room: u64,
}

impl<W: Write + Seek> Archive<W> {
    fn entry(&mut self, entry: &Entry) -> Result<(), Unreachable> {
        match &entry.what {
            What::File { real, is_executable } => self.file(&entry.path, real, *is_executable),
            What::Link { target } => {
                let linked = self.zip.add_symlink(&entry.path, target, options(0o777));
                linked.map_err(|error| cannot(&entry.path, &error.into()))
            }
        }
    }

    fn file(&mut self, path: &str, real: &Path, is_executable: bool) -> Result<(), Unreachable> {
        let mode = if is_executable { 0o755 } else { 0o644 };
        let room = self.room;
        let mut copy = || {
            let file = File::open(real)?;
            self.zip.start_file(path, options(mode))?;
            io::copy(&mut file.take(room + 1), &mut self.zip)
        };
        let size = copy().map_err(|error| cannot(path, &error))?;
        self.takes(path, size)
    }

    fn text(&mut self, path: &str, text: &str) -> Result<(), Unreachable> {
        self.takes(path, text.len() as u64)?;
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        let written = self.zip.start_file(path, options(mode)).map_err(io::Error::from);
        written.and_then(|()| self.zip.write_all(text.as_bytes())).map_err(|error| cannot(path, &error))
    }

    fn takes(&mut self, path: &str, size: u64) -> Result<(), Unreachable> {
        let too_large = || {
            let most = LARGEST_ARTIFACT / 1024 / 1024;
            Unreachable::Refused(format!("with `{path}` the artifact is larger than {most} MiB"))
        };
        self.room = self.room.checked_sub(size).ok_or_else(too_large)?;
        Ok(())
    }
}

fn options(mode: u32) -> SimpleFileOptions {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    options.last_modified_time(DateTime::default()).unix_permissions(mode)
}

fn cannot(path: &str, error: &io::Error) -> Unreachable {
    Unreachable::Refused(format!("`{path}` cannot be packed: {error}"))
}
