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
    let durability = Durability::of(archive.len());
    let mut extraction = Extraction { folder, left: MAX_BYTES, links: BTreeSet::new(), durability };
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken)?;
        let name = entry
            .enclosed_name()
            .ok_or_else(|| malformed(format!("the entry {:?} leads out of the folder", entry.name())))?;
        extraction.place(&mut entry, name)?;
    }
    durability.conclude(folder)
}

/// How what is unpacked is made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// Each file by itself.
    Each,
    /// All at the end, with the rest of the file system.
    Together,
}

impl Durability {
    /// From so many files on, waiting for each takes longer than waiting for everything. Installed packages have tens of thousands.
    const MANY: usize = 256;

    fn of(files: usize) -> Self {
        if cfg!(target_os = "linux") && files >= Self::MANY { Self::Together } else { Self::Each }
    }

    fn conclude(self, folder: &Path) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if self == Self::Together {
            rustix::fs::syncfs(File::open(folder)?)?;
        }
        let _ = folder;
        Ok(())
    }
}

/// An archive on its way into a folder.
struct Extraction<'a> {
    folder: &'a Path,
    /// How many bytes may still be written.
    left: u64,
    /// The links that were made.
    links: BTreeSet<PathBuf>,
    durability: Durability,
}

impl Extraction<'_> {
    /// Puts one entry in its place.
    fn place(&mut self, entry: &mut ZipFile<'_, Cursor<Vec<u8>>>, name: PathBuf) -> io::Result<()> {
        // What lies behind a link could be anywhere.
        if name.ancestors().any(|folder| self.links.contains(folder)) {
            return Err(malformed(format!("the entry `{}` lies behind a link", name.display())));
        }
        let path = self.folder.join(&name);
        if entry.is_dir() {
            return fs::create_dir_all(path);
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match entry.is_symlink() {
            true => self.link(entry, name, &path),
            false => self.file(entry, &path),
        }
    }

    fn file(&mut self, entry: &mut ZipFile<'_, Cursor<Vec<u8>>>, path: &Path) -> io::Result<()> {
        let mode = entry.unix_mode().unwrap_or(0o644) & 0o777;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        let size = io::copy(&mut entry.take(self.left + 1), &mut file)?;
        let too_much = || malformed(format!("it holds more than {MAX_BYTES} bytes"));
        self.left = self.left.checked_sub(size).ok_or_else(too_much)?;
        match self.durability {
            Durability::Each => file.sync_all(),
            Durability::Together => Ok(()),
        }
    }

    fn link(&mut self, entry: &mut ZipFile<'_, Cursor<Vec<u8>>>, name: PathBuf, path: &Path) -> io::Result<()> {
        let mut target = String::new();
        entry.take(4_096).read_to_string(&mut target)?;
        if !stays_inside(&name, Path::new(&target)) {
            return Err(malformed(format!("the link `{}` leads out of the folder", name.display())));
        }
        symlink(&target, path)?;
        self.links.insert(name);
        Ok(())
    }
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

    /// An archive of files and links, which have a target.
    fn archive(entries: &[(&str, Option<&str>)]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for (name, target) in entries {
            match target {
                Some(target) => archive.add_symlink(name, target, options).unwrap(),
                None => archive.start_file(name, options.unix_permissions(0o755)).unwrap(),
            }
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn links_survive_and_nothing_is_written_through_them() {
        let folder = tempfile::tempdir().unwrap();
        let release = folder.path().join("releases/x");
        let sound = [("node_modules/.bin/tool", Some("../tool/cli.js")), ("node_modules/tool/cli.js", None)];
        unpack(archive(&sound), &release).unwrap();
        let link = release.join("node_modules/.bin/tool");
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("../tool/cli.js"));
        assert!(fs::metadata(link).unwrap().is_file());
        let hostile = [("here", Some(".")), ("here/up", Some("..")), ("up/evil", None)];
        let fault = unpack(archive(&hostile), &folder.path().join("releases/y")).unwrap_err();
        assert!(fault.to_string().contains("lies behind a link"), "{fault}");
        assert!(!folder.path().join("releases/evil").exists() && !folder.path().join("evil").exists());
    }

    #[test]
    fn many_files_are_unpacked_as_few_are() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..Durability::MANY).map(|at| format!("lib/{at}.js")).collect();
        let entries: Vec<(&str, Option<&str>)> = names.iter().map(|name| (name.as_str(), None)).collect();
        let release = folder.path().join("releases/x");
        unpack(archive(&entries), &release).unwrap();
        assert_eq!(fs::read_dir(release.join("lib")).unwrap().count(), Durability::MANY);
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
