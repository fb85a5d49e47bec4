//! Looking for what no stack accounts for on this machine: supervisors without an owner, folders without a supervisor, processes that
//! were left, releases that nobody uses.
//!
//! Stacks may keep their state elsewhere, so of a supervisor that lives one can only suspect that nobody needs it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use siac_core::model::finding::{Accounts, Certainty, Finding};
use siac_core::model::value::Value;

use crate::kinds::service::unused_releases;
use crate::machine::Machine;
use crate::supervisor::{self, Status, is_listening, marked_in, recorded};

/// A folder that has no status may be that of a service which is only just being made; after this time it is not. A choice of this
/// project: longer than a supervisor may take to come to life.
const BIRTH: Duration = Duration::from_secs(60);

/// Everything that is not in order.
pub fn examine(machine: &Machine, accounts: &Accounts) -> Vec<Finding> {
    let mut marked = marked_in(&machine.root);
    let mut found = Vec::new();
    for folder in folders(&machine.services()) {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { continue };
        let processes = marked.remove(name).unwrap_or_default();
        let owner = accounts.owners.get(name).map(String::as_str);
        let service = Service { name, folder: &folder, owner, status: recorded(&folder), processes };
        found.extend(match supervisor::is_held(&folder) {
            Ok(true) => service.supervised(accounts),
            Ok(false) => service.abandoned(machine),
            Err(error) => {
                Some(finding("service", format!("`{}` cannot be looked at: {error}", folder.display()), None))
            }
        });
    }
    found.extend(marked.iter().map(|(name, processes)| stray(name, processes)));
    found.extend(releases(machine));
    found
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn finding(what: &str, found: String, remedy: Option<String>) -> Finding {
    Finding { what: what.to_owned(), certainty: Certainty::Certain, found, remedy }
}

/// A folder of a service, and what is known of it.
struct Service<'a> {
    name: &'a str,
    folder: &'a Path,
    owner: Option<&'a str>,
    status: Option<Status>,
    /// The processes that carry its mark.
    processes: BTreeSet<i32>,
}

impl Service<'_> {
    /// Its supervisor lives.
    fn supervised(&self, accounts: &Accounts) -> Option<Finding> {
        match self.owner {
            None => Some(self.orphan(accounts)),
            Some(_) if is_listening(self.folder) => None,
            Some(owner) => {
                let remedy = self.supervisor().map(|pid| format!("end it with `kill -9 {pid}`, then `siac apply`"));
                Some(finding("service", format!("the supervisor of {owner} lives and does not listen"), remedy))
            }
        }
    }

    fn supervisor(&self) -> Option<i32> {
        self.status.as_ref()?.supervisor.as_ref().map(|process| process.pid)
    }

    /// Nobody who was asked knows of it.
    fn orphan(&self, accounts: &Accounts) -> Finding {
        let process = self.supervisor().map(|pid| format!(" (supervisor {pid})")).unwrap_or_default();
        let log = self.status.as_ref().and_then(|status| status.shown.get("log_path")).and_then(Value::as_str);
        let log = log.map(|log| format!(", which logs to {log},")).unwrap_or_default();
        let asked = match accounts.read.as_slice() {
            [] => "no stack of this project could be read".to_owned(),
            read => format!("no stack that was read remembers it: {}", read.join(", ")),
        };
        let unread = match accounts.unread.as_slice() {
            [] => String::new(),
            unread => format!("; not read: {}", unread.join("; ")),
        };
        let remedy = match (accounts.is_moving, self.supervisor()) {
            (true, _) => "a run is at work or was cut off, and may account for it: run `siac recover` first".to_owned(),
            (false, Some(pid)) => format!("when no stack elsewhere made it, end it and its program with `kill {pid}`"),
            (false, None) => "wait a moment and look again".to_owned(),
        };
        Finding {
            what: "service".to_owned(),
            certainty: Certainty::Suspected,
            found: format!("the service {}{process}{log} belongs to nobody; {asked}{unread}", self.name),
            remedy: Some(remedy),
        }
    }

    /// No supervisor lives.
    fn abandoned(&self, machine: &Machine) -> Option<Finding> {
        let is_young = || {
            let modified = fs::metadata(self.folder).and_then(|metadata| metadata.modified()).ok();
            modified.and_then(|time| time.elapsed().ok()).is_none_or(|age| age < BIRTH)
        };
        if self.status.is_none() && is_young() {
            return None;
        }
        let left = left_running(&self.processes);
        if let Some(owner) = self.owner {
            let found =
                format!("{owner} has lost its supervisor: it was killed, or the machine was started again{left}");
            return Some(finding(
                "service",
                found,
                Some("`siac apply` starts it again and ends what is left".to_owned()),
            ));
        }
        let folder = self.folder.strip_prefix(&machine.root).unwrap_or(self.folder);
        let what = if self.folder.join("control").exists() { "its stale socket" } else { "what it wrote down" };
        let found = format!("`{}` is left of a service that is gone, with {what}{left}", folder.display());
        let remedy = match self.processes.is_empty() {
            true => "the next service that is made here clears it away".to_owned(),
            false => format!(
                "end what is left with `{}`; the next service that is made here clears the folder away",
                kill(&self.processes)
            ),
        };
        Some(finding("service", found, Some(remedy)))
    }
}

fn left_running(processes: &BTreeSet<i32>) -> String {
    match processes.len() {
        0 => String::new(),
        1 => format!("; process {} of it still runs", numbers(processes)),
        _ => format!("; processes {} of it still run", numbers(processes)),
    }
}

fn numbers(processes: &BTreeSet<i32>) -> String {
    processes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn kill(processes: &BTreeSet<i32>) -> String {
    format!("kill {}", numbers(processes))
}

/// Processes of this project's services that have neither folder nor supervisor.
fn stray(name: &str, processes: &BTreeSet<i32>) -> Finding {
    let found = format!("the service {name} is gone{}", left_running(processes));
    finding("process", found, Some(format!("`{}`", kill(processes))))
}

fn releases(machine: &Machine) -> Option<Finding> {
    let count = unused_releases(machine).len();
    let words = match count {
        0 => return None,
        1 => "1 release that no service uses is".to_owned(),
        count => format!("{count} releases that no service uses are"),
    };
    let found = format!("{words} kept in `.siac/releases`; cleared away when a service is made or changed");
    Some(finding("releases", found, None))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn machine(root: &Path) -> Machine {
        Machine { root: root.to_owned(), state: root.join(".siac"), program: PathBuf::new() }
    }

    fn status(folder: &Path) {
        let written = r#"{"format":2,"supervisor":null,"children":[],"op":null,"port":80,"health":"running","digests":[],
            "shown":{"log_path":".siac/logs/shop/api.log"}}"#;
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("status.json"), written).unwrap();
    }

    #[test]
    fn a_folder_without_a_supervisor_is_certain_and_one_that_is_being_born_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let machine = machine(root.path());
        status(&machine.services().join("0a"));
        fs::write(machine.services().join("0a/control"), "").unwrap();
        status(&machine.services().join("0b"));
        fs::create_dir_all(machine.services().join("0c")).unwrap();
        let owners = BTreeMap::from([("0b".to_owned(), "local_service.b of the stack shop".to_owned())]);
        let found = examine(&machine, &Accounts { owners, ..Accounts::default() });
        let [left, lost] = found.as_slice() else { panic!("{found:?}") };
        assert!(left.found.contains(".siac/services/0a` is left") && left.found.contains("stale socket"), "{left:?}");
        assert!(lost.found.contains("local_service.b of the stack shop has lost its supervisor"), "{lost:?}");
        assert!(lost.remedy.as_ref().is_some_and(|remedy| remedy.contains("siac apply")));
        assert!(found.iter().all(|finding| finding.certainty == Certainty::Certain));
    }

    #[test]
    fn a_supervisor_without_an_owner_is_only_suspected() {
        let root = tempfile::tempdir().unwrap();
        let machine = machine(root.path());
        let folder = machine.services().join("0a");
        status(&folder);
        let lock = fs::File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let accounts =
            Accounts { read: vec!["shop".into()], unread: vec!["far: kept elsewhere".into()], ..Accounts::default() };
        let found = examine(&machine, &accounts);
        let [orphan] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(orphan.certainty, Certainty::Suspected);
        assert!(orphan.found.contains("remembers it: shop; not read: far: kept elsewhere"), "{orphan:?}");
        assert!(orphan.found.contains("logs to .siac/logs/shop/api.log"), "{orphan:?}");
        let moving = examine(&machine, &Accounts { is_moving: true, ..accounts });
        assert!(moving[0].remedy.as_ref().is_some_and(|remedy| remedy.contains("siac recover")), "{moving:?}");
    }
}
