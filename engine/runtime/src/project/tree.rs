//! A folder as a list of its files and links, each under the path that it has inside.
//!
//! A link that leads to something inside the folder stays a link, relative and so that it leads there wherever the folder is put. One that
//! leads elsewhere within the bounds is followed: what it leads to stands in its place. One that leads beyond them is refused.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::ignored::{Ignored, Stage};
use super::{DEEPEST, MOST_ENTRIES, MOST_FILES, Unreachable, names, unreadable};

/// A file or link of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it is inside the folder, with `/`.
    pub path: String,
    /// What it is.
    pub what: What,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A regular file.
    File {
        /// Where its content is.
        real: PathBuf,
        /// Whether its owner may execute it.
        is_executable: bool,
    },
    /// A link to something inside the folder.
    Link {
        /// The way there from the folder that the link is in.
        target: String,
    },
}

/// How a folder is walked.
pub(crate) struct Walk<'a> {
    /// The folder, resolved.
    pub start: &'a Path,
    /// The folder that links may not leave, resolved.
    pub bounds: &'a Path,
    /// What the folder is called in messages; empty for none.
    pub shown: &'a str,
    /// What is left out.
    pub ignored: &'a Ignored,
    /// What for.
    pub stage: Stage,
}

impl Walk<'_> {
    /// The files and links of the folder, sorted by path.
    ///
    /// # Errors
    /// When something cannot be read, is neither file, folder nor link, or leads out; or when there is too much of it.
    pub fn entries(&self) -> Result<Vec<Entry>, Unreachable> {
        let mut walked = Walked { entries: Vec::new(), left: MOST_ENTRIES };
        self.below(self.start, "", DEEPEST, &mut walked)?;
        walked.entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(walked.entries)
    }

    fn below(&self, folder: &Path, prefix: &str, depth: usize, walked: &mut Walked) -> Result<(), Unreachable> {
        let shown = self.shown(prefix);
        let too_deep =
            || refused(format!("`{shown}` lies more than {DEEPEST} folders deep; a link may lead in a circle"));
        let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
        for name in names(folder, &shown)? {
            let too_many = || refused(format!("`{shown}` is beyond {MOST_ENTRIES} files; a link may lead in a circle"));
            walked.left = walked.left.checked_sub(1).ok_or_else(too_many)?;
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            if !self.ignored.leaves_out(self.stage, &path) {
                self.visit(&folder.join(&name), path, depth, walked)?;
            }
        }
        Ok(())
    }

    fn visit(&self, place: &Path, path: String, depth: usize, walked: &mut Walked) -> Result<(), Unreachable> {
        let shown = self.shown(&path);
        let metadata = fs::symlink_metadata(place).map_err(|error| unreadable(&shown, &error))?;
        if metadata.is_dir() {
            return self.below(place, &path, depth, walked);
        }
        if !metadata.is_symlink() {
            return walked.add(path, file(place, &metadata, &shown)?, self.shown);
        }
        match self.link(place, &path, &shown)? {
            Leads::Inside(target) => walked.add(path, What::Link { target }, self.shown),
            Leads::Elsewhere(real) => {
                let metadata = fs::metadata(&real).map_err(|error| unreadable(&shown, &error))?;
                match metadata.is_dir() {
                    true => self.below(&real, &path, depth, walked),
                    false => walked.add(path, file(&real, &metadata, &shown)?, self.shown),
                }
            }
        }
    }

    /// Where a link leads.
    fn link(&self, place: &Path, path: &str, shown: &str) -> Result<Leads, Unreachable> {
        let target = fs::read_link(place).map_err(|error| unreadable(shown, &error))?;
        let written = target.to_str().filter(|target| stays_inside(path, target)).map(str::to_owned);
        let leads_out = || refused(format!("`{shown}` is a link that leads out, to `{}`", target.display()));
        match (place.canonicalize(), written) {
            // It leads nowhere yet, and not out: it may lead somewhere when the files are used.
            (Err(_), Some(written)) => Ok(Leads::Inside(written)),
            (Err(_), None) => Err(leads_out()),
            (Ok(real), written) => match real.strip_prefix(self.start) {
                Ok(inside) => {
                    let inside = inside
                        .to_str()
                        .ok_or_else(|| refused(format!("the name of `{}` is not UTF-8", real.display())))?;
                    Ok(Leads::Inside(written.unwrap_or_else(|| way(path, inside))))
                }
                Err(_) if real.starts_with(self.bounds) => Ok(Leads::Elsewhere(real)),
                Err(_) => Err(leads_out()),
            },
        }
    }

    fn shown(&self, path: &str) -> String {
        match (self.shown, path) {
            (shown, "") => shown.to_owned(),
            ("", path) => path.to_owned(),
            (shown, path) => format!("{shown}/{path}"),
        }
    }
}

/// What was found so far, and how much more is looked at.
struct Walked {
    entries: Vec<Entry>,
    left: usize,
}

impl Walked {
    fn add(&mut self, path: String, what: What, shown: &str) -> Result<(), Unreachable> {
        self.entries.push(Entry { path, what });
        match self.entries.len() > MOST_FILES {
            true => Err(refused(format!("`{shown}` has more than {MOST_FILES} files"))),
            false => Ok(()),
        }
    }
}

enum Leads {
    /// To something in the folder, by this way.
    Inside(String),
    /// To this, outside the folder and inside the bounds.
    Elsewhere(PathBuf),
}

fn file(real: &Path, metadata: &fs::Metadata, shown: &str) -> Result<What, Unreachable> {
    match metadata.is_file() {
        true => Ok(What::File { real: real.to_owned(), is_executable: is_executable(metadata) }),
        // Anything else could block or never end.
        false => Err(refused(format!("`{shown}` is not a regular file"))),
    }
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

fn refused(why: String) -> Unreachable {
    Unreachable::Refused(why)
}

/// Whether a link at `path` to `target` stays, as it is written, inside the folder that `path` is relative to.
fn stays_inside(path: &str, target: &str) -> bool {
    let mut depth = path.split('/').count() - 1;
    Path::new(target).components().all(|component| match component {
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

/// The way from the folder of `path` to `target`, both relative to the same folder.
fn way(path: &str, target: &str) -> String {
    let folder: Vec<&str> = path.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect();
    let target: Vec<&str> = target.split('/').filter(|part| !part.is_empty()).collect();
    let shared = folder.iter().zip(&target).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", folder.len() - shared);
    let way: Vec<&str> = up.chain(target[shared..].iter().copied()).collect();
    if way.is_empty() { ".".to_owned() } else { way.join("/") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A folder with a project in it, and in that a folder `app`.
    fn app() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("project");
        fs::create_dir_all(root.join("app/lib")).unwrap();
        fs::create_dir_all(root.join("shared/deep")).unwrap();
        fs::write(root.join("app/lib/a.js"), "a").unwrap();
        fs::write(root.join("shared/deep/b.js"), "b").unwrap();
        fs::write(root.join("../secret"), "secret").unwrap();
        (folder, root)
    }

    fn walked(root: &Path) -> Result<Vec<String>, String> {
        let start = root.join("app");
        let ignored = Ignored::default();
        let walk = Walk { start: &start, bounds: root, shown: "app", ignored: &ignored, stage: Stage::Direct };
        let told = |entry: Entry| match entry.what {
            What::File { is_executable: false, .. } => entry.path,
            What::File { is_executable: true, .. } => format!("{}*", entry.path),
            What::Link { target } => format!("{} -> {target}", entry.path),
        };
        let entries = walk.entries().map_err(|unreachable| unreachable.to_string())?;
        Ok(entries.into_iter().map(told).collect())
    }

    #[test]
    fn links_inside_stay_links_and_lead_there_from_anywhere() {
        let (_folder, root) = app();
        let app = root.join("app");
        symlink("lib/a.js", app.join("kept")).unwrap();
        symlink("../lib/../lib", app.join("lib/self")).unwrap();
        symlink("not/there", app.join("dangling")).unwrap();
        symlink(app.join("lib/a.js"), app.join("absolute")).unwrap();
        symlink("../../app/lib/a.js", app.join("lib/roundabout")).unwrap();
        symlink(&app, app.join("lib/up")).unwrap();
        fs::set_permissions(app.join("lib/a.js"), fs::Permissions::from_mode(0o755)).unwrap();
        let expected = [
            "absolute -> lib/a.js",
            "dangling -> not/there",
            "kept -> lib/a.js",
            "lib/a.js*",
            "lib/roundabout -> a.js",
            "lib/self -> ../lib/../lib",
            "lib/up -> ..",
        ];
        assert_eq!(walked(&root).unwrap(), expected);
    }

    #[test]
    fn links_elsewhere_in_the_bounds_are_followed() {
        let (_folder, root) = app();
        symlink("../shared", root.join("app/shared")).unwrap();
        symlink("../shared/deep/b.js", root.join("app/b.js")).unwrap();
        assert_eq!(walked(&root).unwrap(), ["b.js", "lib/a.js", "shared/deep/b.js"]);
        symlink("../..", root.join("shared/deep/around")).unwrap();
        assert!(walked(&root).unwrap_err().contains("folders deep"));
    }

    #[test]
    fn links_that_lead_out_are_refused() {
        for target in ["../../secret", "/etc/passwd", "../../nowhere"] {
            let (_folder, root) = app();
            symlink(target, root.join("app/out")).unwrap();
            let why = walked(&root).unwrap_err();
            assert!(why.contains("`app/out` is a link that leads out"), "{why}");
        }
    }

    #[test]
    fn ways_go_up_no_further_than_they_must() {
        for (path, target, expected) in
            [("a", "b", "b"), ("a/b", "a/c", "c"), ("a/b/c", "d", "../../d"), ("a/b", "a", "."), ("a", "", ".")]
        {
            assert_eq!(way(path, target), expected, "{path} to {target}");
        }
    }
}
