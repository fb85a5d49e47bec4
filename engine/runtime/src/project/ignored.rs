//! What of a folder is left out when it is packed, or goes into a build.

use std::path::Path;

use super::glob::Glob;
use super::{Unreachable, read_regular};

/// The file that says what of a folder is left out: one glob pattern a line, `#` begins a comment. What follows a line `[source]` is left
/// out only of what goes into a build, what follows `[bundle]` only of what comes out of it.
pub(crate) const IGNORE_FILE: &str = ".siacignore";

/// The largest ignore file, in bytes. A choice of this project.
const LARGEST: u64 = 1024 * 1024;

/// What package managers keep in `node_modules` for themselves: caches, and notes of which some hold times.
const PRIVATE: [&str; 8] = [
    ".cache",
    ".vite",
    ".vite-temp",
    ".package-lock.json",
    ".yarn-integrity",
    ".yarn-state.yml",
    ".modules.yaml",
    ".pnpm-workspace-state-v1.json",
];

/// What a folder is walked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is an artifact as it is.
    Plain,
    /// It is what a recipe without a build packs.
    Direct,
    /// It goes into a build.
    Source,
    /// It came out of a build.
    Bundle,
}

/// What an ignore file leaves out. A pattern without `/` means that name anywhere; a folder that matches is left out with all it holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ignored {
    always: Vec<Glob>,
    source: Vec<Glob>,
    bundle: Vec<Glob>,
    /// The file's bytes; empty when there is none.
    pub text: Vec<u8>,
}

impl Ignored {
    /// What the ignore file of a folder says; nothing when it has none.
    pub fn of(place: &Path, path: &str) -> Result<Self, Unreachable> {
        let file = place.join(IGNORE_FILE);
        if !file.is_file() {
            return Ok(Self::default());
        }
        let shown = if path.is_empty() { IGNORE_FILE.to_owned() } else { format!("{path}/{IGNORE_FILE}") };
        let text = read_regular(&file, &shown, LARGEST)?;
        Self::read(text).map_err(|why| Unreachable::Refused(format!("{shown}: {why}")))
    }

    fn read(text: Vec<u8>) -> Result<Self, String> {
        let mut ignored = Self::default();
        let mut section = &mut ignored.always;
        for line in String::from_utf8_lossy(&text).lines().map(str::trim) {
            match line {
                "[source]" => section = &mut ignored.source,
                "[bundle]" => section = &mut ignored.bundle,
                line if line.is_empty() || line.starts_with('#') => {}
                line => section.push(pattern(line)?),
            }
        }
        Ok(Self { text, ..ignored })
    }

    /// Whether a file or folder is left out; of a folder that is, nothing below is asked for.
    pub fn leaves_out(&self, stage: Stage, path: &str) -> bool {
        let sections: &[&Vec<Glob>] = match stage {
            Stage::Plain | Stage::Direct => &[&self.always, &self.source, &self.bundle],
            Stage::Source => &[&self.always, &self.source],
            Stage::Bundle => &[&self.always, &self.bundle],
        };
        is_of_no_use(stage, path) || sections.iter().any(|globs| globs.iter().any(|glob| glob.matches(path)))
    }
}

fn pattern(line: &str) -> Result<Glob, String> {
    let pattern = line.trim_start_matches('/').trim_end_matches('/');
    let is_anywhere = !line.trim_end_matches('/').contains('/');
    Glob::new(&if is_anywhere { format!("**/{pattern}") } else { pattern.to_owned() })
}

/// What nobody would want there: installed packages in what a build installs them in, and what package managers keep for themselves.
fn is_of_no_use(stage: Stage, path: &str) -> bool {
    let mut names = path.rsplit('/');
    let (name, parent) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    match stage {
        Stage::Plain => false,
        Stage::Source => name == "node_modules",
        // A file of npm's settings may hold what logs in to a registry.
        Stage::Direct | Stage::Bundle => {
            matches!(name, ".npmrc" | ".DS_Store") || (parent == "node_modules" && PRIVATE.contains(&name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_for_what_goes_in_and_what_comes_out() {
        let text = "# tests\ntest/\n[source]\ndist\n[bundle]\n/src\n*.map\n";
        let ignored = Ignored::read(text.as_bytes().to_vec()).unwrap();
        let left_out = |path: &str| {
            let stages = [Stage::Plain, Stage::Direct, Stage::Source, Stage::Bundle];
            stages.map(|stage| ignored.leaves_out(stage, path))
        };
        assert_eq!(left_out("a/test"), [true; 4]);
        assert_eq!(left_out("dist"), [true, true, true, false]);
        assert_eq!(left_out("src"), [true, true, false, true]);
        assert_eq!(left_out("lib/src"), [false; 4]);
        assert_eq!(left_out("lib/a.map"), [true, true, false, true]);
    }

    #[test]
    fn what_package_managers_keep_for_themselves_is_not_bundled() {
        let ignored = Ignored::default();
        let bundled = |path: &str| !ignored.leaves_out(Stage::Bundle, path);
        assert!(!bundled("packages/a/node_modules/.cache"));
        assert!(!bundled(".npmrc"));
        assert!(bundled("node_modules/.bin"));
        assert!(bundled("node_modules/.prisma"));
        assert!(bundled(".cache"));
        assert!(ignored.leaves_out(Stage::Source, "packages/a/node_modules"));
        assert!(!ignored.leaves_out(Stage::Source, ".npmrc"));
        assert!(!ignored.leaves_out(Stage::Plain, "node_modules/.cache"));
    }
}
