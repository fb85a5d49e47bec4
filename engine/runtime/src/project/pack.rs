//! Folders as archives whose bytes depend on nothing but names, contents and whether a file can be executed.

use std::io::{Cursor, Write};
use std::path::Path;

use siac_core::model::identity::Digest;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::glob::Glob;
use super::{MOST_FILES, Project, Unreachable, read_regular};

/// The largest artifact, in bytes before compression. A choice of this project, above what any function service accepts.
pub const LARGEST_ARTIFACT: u64 = 512 * 1024 * 1024;

/// The file that says what of a folder is left out: one glob pattern a line, `#` begins a comment.
const IGNORE_FILE: &str = ".siacignore";

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

/// A folder as a zip archive: sorted, with fixed times and normalised modes.
pub(super) fn folder(project: &Project, place: &Path, path: &str) -> Result<Packed, Unreachable> {
    let ignored = Ignored::of(place, path)?;
    let mut files = Vec::new();
    project.walk(place, &mut |name, real| {
        if !ignored.matches(name) {
            files.push((name.to_owned(), real.to_owned()));
        }
        match files.len() > MOST_FILES {
            true => Err(Unreachable::Refused(format!("`{path}` has more than {MOST_FILES} files"))),
            false => Ok(()),
        }
    })?;
    files.sort();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut room = LARGEST_ARTIFACT;
    for (name, real) in files {
        let bytes = read_regular(&real, &name, room)?;
        room -= bytes.len() as u64;
        let written = archive.start_file(name.as_str(), options(&real)).map_err(std::io::Error::from);
        let written = written.and_then(|()| archive.write_all(&bytes));
        written.map_err(|error| Unreachable::Refused(format!("`{name}` cannot be packed: {error}")))?;
    }
    let archive = archive.finish();
    let archive = archive.map_err(|error| Unreachable::Refused(format!("`{path}` cannot be packed: {error}")))?;
    Ok(Packed::new(archive.into_inner()))
}

fn options(real: &Path) -> SimpleFileOptions {
    let mode = if is_executable(real) { 0o755 } else { 0o644 };
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    options.last_modified_time(DateTime::default()).unix_permissions(mode)
}

#[cfg(unix)]
fn is_executable(real: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(real).is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}

/// What an ignore file leaves out. A pattern without `/` means that name anywhere; a folder that matches is left out with all it holds.
struct Ignored(Vec<Glob>);

impl Ignored {
    fn of(place: &Path, path: &str) -> Result<Self, Unreachable> {
        let file = place.join(IGNORE_FILE);
        if !file.is_file() {
            return Ok(Self(Vec::new()));
        }
        let shown = format!("{path}/{IGNORE_FILE}");
        let text = read_regular(&file, &shown, 1024 * 1024)?;
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let globs = lines.map(|line| {
            let pattern = line.trim_start_matches('/').trim_end_matches('/');
            let anywhere = !line.trim_end_matches('/').contains('/');
            Glob::new(&if anywhere { format!("**/{pattern}") } else { pattern.to_owned() })
        });
        let globs: Result<_, String> = globs.collect();
        globs.map(Self).map_err(|why| Unreachable::Refused(format!("{shown}: {why}")))
    }

    fn matches(&self, name: &str) -> bool {
        let folders = name.match_indices('/').map(|(at, _)| &name[..at]);
        let mut candidates = folders.chain([name]);
        candidates.any(|candidate| self.0.iter().any(|glob| glob.matches(candidate)))
    }
}
