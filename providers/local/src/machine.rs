//! Where on this machine a project keeps its things, and how its paths are read.

use std::path::{Component, Path, PathBuf};

use siac_core::model::identity::OpId;
use siac_core::ports::Fault;

/// A project on this machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The project root, absolute.
    pub root: PathBuf,
    /// The folder `.siac` of the project, absolute.
    pub state: PathBuf,
    /// The program that is started again for runners and supervisors.
    pub program: PathBuf,
}

impl Machine {
    /// The absolute path that a stack means: relative to the project root, and not leaving it, or absolute as written.
    pub fn resolve(&self, written: &str) -> Result<PathBuf, Fault> {
        if written.is_empty() || written.contains('\0') {
            return Err(Fault::rejected(format!("{written:?} is not a path; write one relative to the project root")));
        }
        let path = self.root.join(written);
        if Path::new(written).is_relative() {
            self.keep_inside(written, &path)?;
        }
        match lexically(&path).starts_with(&self.state) {
            true => Err(Fault::rejected(format!(
                "`{written}` lies in the folder that siac keeps for itself; choose another path"
            ))),
            false => Ok(path),
        }
    }

    fn keep_inside(&self, written: &str, path: &Path) -> Result<(), Fault> {
        let leaves = || {
            Fault::rejected(format!(
                "`{written}` leads out of the project; write an absolute path if that is what you mean"
            ))
        };
        if !lexically(path).starts_with(&self.root) {
            return Err(leaves());
        }
        // A link in between must not lead out either. What does not exist yet cannot be a link.
        let existing = path.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(path);
        let real = |folder: &Path| folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        if real(existing).starts_with(real(&self.root)) { Ok(()) } else { Err(leaves()) }
    }

    /// The folder of one run of a command.
    pub fn run(&self, op: &OpId) -> PathBuf {
        self.state.join("run").join(op.to_string())
    }

    /// The folder of all services.
    pub fn services(&self) -> PathBuf {
        self.state.join("services")
    }

    /// The folder of unpacked releases.
    pub fn releases(&self) -> PathBuf {
        self.state.join("releases")
    }

    /// The folder of log files.
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }
}

/// A path without `.` and `..`, as it is written: links are not looked at.
fn lexically(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut so_far, component| {
        match component {
            Component::ParentDir => {
                so_far.pop();
            }
            Component::CurDir => {}
            other => so_far.push(other),
        }
        so_far
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(root: &Path) -> Machine {
        Machine { root: root.to_owned(), state: root.join(".siac"), program: PathBuf::new() }
    }

    #[test]
    fn relative_paths_stay_inside_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let machine = machine(folder.path());
        assert_eq!(machine.resolve("a/../b c").unwrap(), folder.path().join("a/../b c"));
        assert!(machine.resolve("../x").is_err());
        assert!(machine.resolve("a/../../x").is_err());
        assert!(machine.resolve(".siac/HEAD").is_err());
        assert!(machine.resolve("").is_err());
        assert_eq!(machine.resolve("/elsewhere/x").unwrap(), PathBuf::from("/elsewhere/x"));
    }

    #[test]
    fn a_link_does_not_lead_out_of_the_project() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        assert!(machine(folder.path()).resolve("link/x").is_err());
    }
}
