//! Ending what a supervisor that was killed has left running.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::status::recorded;
use crate::process::Identity;

/// The variable by which every child carries the name of its service.
pub const MARK: &str = "SIAC_SERVICE";

/// How long leftovers may take to stop before they are killed.
const GRACE: Duration = Duration::from_secs(2);

/// Ends what is left of a service. The caller holds the folder's lock, so that no supervisor lives there.
pub fn end(folder: &Path) {
    let left = || {
        let mut left = recorded(folder).map(|status| status.children).unwrap_or_default();
        left.extend(marked(folder));
        left.retain(Identity::is_alive);
        left
    };
    let tell = |signal| {
        left().iter().for_each(|process| {
            process.signal_group(signal);
            process.signal(signal);
        })
    };
    tell(Signal::TERM);
    let start = Instant::now();
    while !left().is_empty() && start.elapsed() < GRACE {
        sleep(Duration::from_millis(20));
    }
    tell(Signal::KILL);
}

/// The processes that carry the service's name in their environment, where the system shows it.
fn marked(folder: &Path) -> Vec<Identity> {
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    processes().filter(|pid| mark_of(*pid).as_deref() == Some(name)).filter_map(Identity::of).collect()
}

/// The processes that carry the mark of a service and work below this folder, by service, where the system shows it. Every project marks its
/// services; those of others are none of ours.
pub fn marked_in(folder: &Path) -> BTreeMap<String, BTreeSet<i32>> {
    let is_below =
        |pid: &i32| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|place| place.starts_with(folder));
    let mut marked: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
    for pid in processes().filter(is_below) {
        if let Some(name) = mark_of(pid) {
            marked.entry(name).or_default().insert(pid);
        }
    }
    marked
}

fn processes() -> impl Iterator<Item = i32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The name of the service that a process belongs to.
fn mark_of(pid: i32) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut names = environment
        .split(|byte| *byte == 0)
        .filter_map(|entry| entry.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="));
    names.next().and_then(|name| String::from_utf8(name.to_vec()).ok())
}
