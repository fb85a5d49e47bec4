//! Releases: artifacts unpacked once, by digest, so that going back finds the very files again.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Cursor, Read};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use siac_core::model::identity::Digest;
use siac_core::ports::{Call, Fault};
use zip::ZipArchive;
use zip::read::ZipFile;

use crate::durable;
use crate::kind::blocking;
use crate::machine::Machine;
use crate::supervisor::recorded;

/// The most that an archive may hold, in bytes and in entries. Choices of this project.
const MAX_BYTES: u64 = 2 << 30;
const MAX_ENTRIES: usize = 200_000;
/// A release that nobody uses is kept this long, so that one that was just unpacked is not taken away before it is started.
const IDLE: Duration = Duration::from_secs(3_600);

/// The folder of an artifact's files; unpacked now when it is not there yet.
pub async fn unpacked(machine: &Machine, call: &Call, digest: &Digest) -> Result<PathBuf, Fault> {
    let folder = machine.releases().join(digest.to_string());
    // Touched, so that it counts as in use from now on.
    let touched = File::open(&folder).and_then(|folder| folder.set_modified(SystemTime::now()));
    if touched.is_ok() {
        return Ok(folder);
    }
    let bytes = call.artifacts.fetch(digest).await?;
    let place = folder.clone();
    blocking(move || {
        unpack(bytes, &place)?;
        Ok(place)
    })
    .await
}

fn unpack(bytes: Vec<u8>, folder: &Path) -> Result<(), Fault> {
    let cannot = |error: io::Error| durable::fault("unpack a release into", folder, &error);
    let releases = folder.parent().ok_or_else(|| Fault::rejected("a release has no folder"))?;
    durable::private_folder(releases).map_err(cannot)?;
    let temporary = tempfile::Builder::new().prefix(".new-").tempdir_in(releases).map_err(cannot)?;
    extract(bytes, temporary.path()).map_err(cannot)?;
    match fs::rename(temporary.path(), folder) {
        Ok(()) => {
            // It has moved; there is nothing left to remove.
            let _ = temporary.keep();
            durable::sync_folder(releases).map_err(cannot)
        }
        // Somebody else has unpacked the same files meanwhile.
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(cannot(error)),
    }
}

fn malformed(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

fn extract(bytes: Vec<u8>, folder: &Path) -> io::Result<()> {
    let broken = |error: zip::result::ZipError| malformed(format!("`source` is no folder that siac packed: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > MAX_ENTRIES {
        return Err(malformed(format!("it has {} entries; at most {MAX_ENTRIES} are unpacked", archive.len())));
    }
    let mut left = MAX_BYTES;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken)?;
        let name = entry
            .enclosed_name()
            .ok_or_else(|| malformed(format!("the entry {:?} leads out of the folder", entry.name())))?;
        left -= place(&mut entry, &name, folder, left)?;
    }
    Ok(())
}

/// Puts one entry in its place and answers with its size.
fn place(entry: &mut ZipFile<'_, Cursor<Vec<u8>>>, name: &Path, folder: &Path, limit: u64) -> io::Result<u64> {
    let path = folder.join(name);
    if entry.is_dir() {
        return fs::create_dir_all(path).map(|()| 0);
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    if entry.is_symlink() {
        return place_link(entry, name, &path);
    }
    let mode = entry.unix_mode().unwrap_or(0o644) & 0o777;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
    let size = io::copy(&mut entry.take(limit + 1), &mut file)?;
    if size > limit {
        return Err(malformed(format!("it holds more than {MAX_BYTES} bytes")));
    }
    file.sync_all()?;
    Ok(size)
}

fn place_link(entry: &mut ZipFile<'_, Cursor<Vec<u8>>>, name: &Path, path: &Path) -> io::Result<u64> {
    let mut target = String::new();
    entry.take(4_096).read_to_string(&mut target)?;
    if !stays_inside(name, Path::new(&target)) {
        return Err(malformed(format!("the link `{}` leads out of the folder", name.display())));
    }
    symlink(&target, path).map(|()| target.len() as u64)
}

/// Whether a link at `name` to `target` stays inside the folder that `name` is relative to.
fn stays_inside(name: &Path, target: &Path) -> bool {
    let mut depth = name.components().count().saturating_sub(1);
    target.components().all(|component| match component {
        Component::Normal(_) => {
            depth += 1;
            true
        }
        Component::CurDir => true,
        Component::ParentDir if depth > 0 => {
            depth -= 1;
            true
        }
        _ => false,
    })
}

/// Removes releases that no service uses and nobody has asked for in a while.
pub fn prune(machine: &Machine) {
    for release in unused(machine) {
        // What cannot be removed now is removed another time.
        let _ = fs::remove_dir_all(release);
    }
}

/// The releases that no service uses and nobody has asked for in a while.
pub fn unused(machine: &Machine) -> Vec<PathBuf> {
    let services = fs::read_dir(machine.services()).into_iter().flatten().flatten();
    let used: BTreeSet<String> =
        services.filter_map(|entry| recorded(&entry.path())).flat_map(|status| status.digests).collect();
    let releases = fs::read_dir(machine.releases()).into_iter().flatten().flatten();
    let is_unused = |entry: &fs::DirEntry| {
        let is_used = entry.file_name().to_str().is_none_or(|name| used.contains(name));
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        !is_used && age.is_some_and(|age| age > IDLE)
    };
    releases.filter(is_unused).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_may_not_lead_out() {
        for (name, target, inside) in [
            ("a", "b", true),
            ("a/b", "../c", true),
            ("a", "../c", false),
            ("a/b", "/etc/passwd", false),
            ("a/b", "../../c", false),
        ] {
            assert_eq!(stays_inside(Path::new(name), Path::new(target)), inside, "{name} -> {target}");
        }
    }

    #[test]
    fn what_is_no_archive_is_refused_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let fault = unpack(b"no archive".to_vec(), &folder.path().join("releases/x")).unwrap_err();
        assert!(fault.to_string().contains("no folder that siac packed"), "{fault}");
        assert_eq!(fs::read_dir(folder.path().join("releases")).unwrap().count(), 0);
    }

    #[test]
    fn an_entry_that_leads_out_is_refused() {
        use std::io::Write;
        let folder = tempfile::tempdir().unwrap();
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("../../out", zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(b"x").unwrap();
        let bytes = archive.finish().unwrap().into_inner();
        assert!(unpack(bytes, &folder.path().join("releases/x")).is_err());
        assert!(!folder.path().join("out").exists());
    }
}
