//! Where the project is, and which stack is meant.

use std::path::{Component, Path, PathBuf};

use crate::failure::Failure;

/// A project: the folder that stack files may read below, and where siac keeps what belongs to this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The nearest folder upwards with `.git` or `siac.toml`, else the stack file's own.
    pub root: PathBuf,
}

/// A stack file of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackFile {
    /// The project it belongs to.
    pub project: Project,
    /// Its path relative to the project root, with `/`.
    pub entry: String,
    /// Its path as it was named.
    pub shown: String,
}

impl Project {
    /// The project around a folder.
    pub fn around(folder: &Path) -> Self {
        let is_root = |folder: &&Path| folder.join(".git").exists() || folder.join("siac.toml").is_file();
        Self { root: folder.ancestors().find(is_root).unwrap_or(folder).to_owned() }
    }

    /// Where siac keeps what belongs to this machine: state, releases, running services.
    pub fn own_folder(&self) -> PathBuf {
        self.root.join(".siac")
    }

    /// The stack files where they usually are: below `stacks/`, and `stack.toml`.
    pub fn usual_stack_files(&self) -> Vec<StackFile> {
        let mut names = toml_files(&self.root.join("stacks"));
        names.extend(self.root.join("stack.toml").to_str().map(str::to_owned));
        let files = names.iter().filter_map(|name| StackFile::named(name).ok());
        let shown = |file: StackFile| StackFile { shown: file.entry.clone(), ..file };
        files.map(shown).filter(|file| file.project == *self).collect()
    }

    /// A path below the root, relative to it and with `/`; `None` when it lies elsewhere.
    pub fn relative(&self, path: &Path) -> Option<String> {
        let below = path.strip_prefix(&self.root).ok()?;
        let parts = below.components().map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        });
        Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
    }
}

impl StackFile {
    /// The stack file of this name.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be looked at.
    pub fn named(name: &str) -> Result<Self, Failure> {
        let absent = |why: String| {
            Failure::new(format!("the stack file `{name}` cannot be used: {why}")).help(
                "name a stack file, for instance `siac plan stacks/production.toml`; `siac init` writes a first one",
            )
        };
        let path = Path::new(name).canonicalize().map_err(|error| absent(reason(&error)))?;
        if !path.is_file() {
            return Err(absent("it is not a file".to_owned()));
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        let project = Project::around(folder);
        let entry = project.relative(&path).ok_or_else(|| absent("its path is not plain text".to_owned()))?;
        Ok(Self { project, entry, shown: name.to_owned() })
    }

    /// The only stack file below `stacks/` of the present folder, or `stack.toml` in it.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn only() -> Result<Self, Failure> {
        let mut candidates = toml_files(Path::new("stacks"));
        if Path::new("stack.toml").is_file() {
            candidates.push("stack.toml".to_owned());
        }
        match candidates.as_slice() {
            [one] => Self::named(one),
            [] => Err(Failure::new("no stack was named, and there is none in `stacks/`").help(
                "name a stack file, for instance `siac plan stacks/production.toml`; `siac init` writes a first one",
            )),
            many => Err(Failure::new(format!("no stack was named, and there are several: {}", many.join(", ")))
                .help(format!("name one of them, for instance `--stack {}`", many[0]))),
        }
    }
}

fn toml_files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "toml"));
    let mut names: Vec<String> = files.filter_map(|path| path.to_str().map(str::to_owned)).collect();
    names.sort();
    names
}

/// An I/O error in a few words.
pub fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_the_nearest_marked_folder() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/stacks");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(folder.path().join("a/siac.toml"), "").unwrap();
        assert_eq!(Project::around(&deep).root, folder.path().join("a"));
        let project = Project::around(&deep);
        assert_eq!(project.relative(&deep.join("x.toml")).as_deref(), Some("b/stacks/x.toml"));
        assert_eq!(project.relative(Path::new("/elsewhere")), None);
    }
}
