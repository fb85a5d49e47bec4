//! Ending what a supervisor that was killed has left running.

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
    let mark = format!("{MARK}={name}");
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let carries = |pid: &i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
    };
    pids.filter(carries).filter_map(Identity::of).collect()
}
