//! Writing so that a crash leaves the old or the new, never something in between.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use siac_core::ports::Fault;

/// What to do when the file exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Fail with [`io::ErrorKind::AlreadyExists`].
    Keep,
    /// Put the new one in its place, in one move.
    Replace,
}

/// Writes a file whole: under another name, made durable, then renamed. The folder must exist.
pub fn write_file(path: &Path, bytes: &[u8], mode: u32, existing: Existing) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::Builder::new().prefix(".siac-new-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    match existing {
        Existing::Keep => file.persist_noclobber(path)?,
        Existing::Replace => file.persist(path)?,
    };
    sync_folder(folder)
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder that only this user can enter, and what is missing above it.
pub fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Opens a file, making it when it is missing, that only this user can read.
pub fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)
}

/// Makes the folders that are missing above a path and answers with them, outermost first.
pub fn make_parents(path: &Path) -> io::Result<Vec<PathBuf>> {
    let Some(parent) = path.parent() else { return Ok(Vec::new()) };
    let missing: Vec<PathBuf> = parent.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    fs::create_dir_all(parent)?;
    for folder in missing.iter().filter_map(|folder| folder.parent()) {
        sync_folder(folder)?;
    }
    Ok(missing.into_iter().rev().collect())
}

/// Removes folders that were made along the way, innermost first, as far as they are empty.
pub fn remove_empty(folders: &[PathBuf]) {
    // One that is not empty, or gone, is left as it is, and so are those around it.
    let _ = folders.iter().rev().try_for_each(fs::remove_dir);
}

/// Why a file operation failed, in words: `verb` and the path say what was tried.
pub fn fault(verb: &str, path: &Path, error: &io::Error) -> Fault {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => "change its permissions or choose another path",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space and apply again",
        io::ErrorKind::ReadOnlyFilesystem => "choose a path that can be written",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a part of the path is a file; choose another path"
        }
        io::ErrorKind::IsADirectory => "a folder stands there; choose another path",
        io::ErrorKind::NotFound => "a part of the path does not exist",
        _ => "look at the path and apply again",
    };
    Fault::rejected(format!("cannot {verb} `{}`: {error}; {remedy}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_file(&path, b"one", 0o640, Existing::Keep).unwrap();
        let second = write_file(&path, b"two", 0o640, Existing::Keep).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write_file(&path, b"two", 0o600, Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn made_folders_are_removed_while_they_are_empty() {
        let folder = tempfile::tempdir().unwrap();
        let made = make_parents(&folder.path().join("a/b/c")).unwrap();
        assert_eq!(made, [folder.path().join("a"), folder.path().join("a/b")]);
        fs::write(folder.path().join("a/stays"), "").unwrap();
        remove_empty(&made);
        assert!(folder.path().join("a").exists() && !folder.path().join("a/b").exists());
    }
}
