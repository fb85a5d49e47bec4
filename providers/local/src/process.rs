//! Processes of this machine: who they are, whether they live, how they end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use siac_core::ports::Fault;

/// The environment variables that every process gets from siac's own; nothing else is passed on.
const INHERITED: [&str; 7] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER", "SHELL"];

/// How many files a process of ours may have open that has many. A choice of this project.
const MANY_FILES: u64 = 65_536;

/// A process that is still the same one when it is looked at again: numbers are reused, a start time is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its number.
    pub pid: i32,
    /// When it started, in the words of the kernel.
    pub started: String,
    /// Which start of the machine that counts from; empty where start times are absolute.
    pub boot: String,
}

impl Identity {
    /// The process of this number; `None` when it is gone, or dead and not yet buried.
    pub fn of(pid: i32) -> Option<Self> {
        Some(Self { pid, started: start_of(pid)?, boot: boot() })
    }

    /// This very process.
    pub fn own() -> Option<Self> {
        i32::try_from(std::process::id()).ok().and_then(Self::of)
    }

    /// Whether it lives.
    pub fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }

    /// Sends a signal to it when it lives.
    pub fn signal(&self, signal: Signal) {
        if let (true, Some(pid)) = (self.is_alive(), Pid::from_raw(self.pid)) {
            // It may die at any moment; then there is nothing left to tell it.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Sends a signal to the process group that it leads.
    pub fn signal_group(&self, signal: Signal) {
        if self.is_alive() {
            signal_group(self.pid, signal);
        }
    }
}

/// Sends a signal to a process group. The caller knows that its leader lives or has only just ended, so that its number is not yet reused.
pub fn signal_group(leader: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(leader) {
        // A group without members is what the caller wants.
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

#[cfg(target_os = "linux")]
fn start_of(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program may hold spaces and parentheses; what counts follows the last one.
    let fields: Vec<&str> = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().collect();
    let (state, start) = (fields.first()?, fields.get(19)?);
    (!matches!(*state, "Z" | "X" | "x")).then(|| (*start).to_owned())
}

#[cfg(not(target_os = "linux"))]
fn start_of(pid: i32) -> Option<String> {
    let asked = Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8(asked.stdout).ok()?;
    let (state, start) = text.trim().split_once(char::is_whitespace)?;
    (!state.starts_with('Z')).then(|| start.trim().to_owned())
}

/// The memory that the members of these process groups hold, in bytes, by leader. Groups of which nothing is known are left out.
#[cfg(target_os = "linux")]
pub fn memory_of_groups(leaders: &BTreeSet<i32>) -> BTreeMap<i32, u64> {
    let mut held = BTreeMap::new();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        if let Some((group, bytes)) = group_of(pid).filter(|group| leaders.contains(group)).zip(memory_of(pid)) {
            *held.entry(group).or_default() += bytes;
        }
    }
    held
}

#[cfg(target_os = "linux")]
fn group_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.get(stat.rfind(')')? + 1..)?.split_whitespace().nth(2)?.parse().ok()
}

/// The memory that a process holds, in bytes; `None` when it is gone.
#[cfg(target_os = "linux")]
pub fn memory_of(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    resident.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// The memory that the members of these process groups hold, in bytes, by leader. Groups of which nothing is known are left out.
#[cfg(not(target_os = "linux"))]
pub fn memory_of_groups(leaders: &BTreeSet<i32>) -> BTreeMap<i32, u64> {
    let asked = Command::new("ps").args(["-A", "-o", "pgid=,rss="]).output();
    let text = asked.ok().and_then(|asked| String::from_utf8(asked.stdout).ok()).unwrap_or_default();
    let mut held = BTreeMap::new();
    for (group, kilobytes) in text.lines().filter_map(|line| line.trim().split_once(char::is_whitespace)) {
        if let (Ok(group), Ok(kilobytes)) = (group.parse(), kilobytes.trim().parse::<u64>())
            && leaders.contains(&group)
        {
            *held.entry(group).or_default() += kilobytes << 10;
        }
    }
    held
}

/// The memory that a process holds, in bytes; `None` when it is gone.
#[cfg(not(target_os = "linux"))]
pub fn memory_of(pid: i32) -> Option<u64> {
    let asked = Command::new("ps").args(["-o", "rss=", "-p", &pid.to_string()]).output().ok()?;
    String::from_utf8(asked.stdout).ok()?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// The present moment, in milliseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// The part of siac's own environment that is passed on.
pub fn inherited_environment() -> impl Iterator<Item = (String, String)> {
    INHERITED.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
}

/// Starts siac's own program again as `word FOLDER`, with nothing of ours but a pipe to its standard input.
///
/// It leaves our session itself, first of all; a stray signal before that finds it before it has done anything.
pub fn start_detached(program: &Path, word: &str, folder: &Path) -> Result<Child, Fault> {
    let started = Command::new(program)
        .arg(word)
        .arg(folder)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_clear()
        .spawn();
    started.map_err(|error| Fault::transient(format!("cannot start `{} {word}`: {error}", program.display())))
}

/// Leaves the session of whoever started this process, so that their terminal and their death do not reach it.
pub fn leave_session() -> io::Result<()> {
    match rustix::process::setsid() {
        Ok(_) => Ok(()),
        // A process that leads its group has left already.
        Err(error) if error == rustix::io::Errno::PERM => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Allows this process as many open files as it may allow itself, up to what a front of tens of thousands of connections needs.
///
/// What it starts inherits that. Many systems begin with 1,024, which 500 connections that are passed on use up.
pub fn open_many_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(MANY_FILES, |maximum| maximum.min(MANY_FILES));
    if current.is_some_and(|current| current < wanted) {
        // With fewer it works as well, until they are used up.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

/// A text with every one of these secrets replaced. Secrets shorter than four bytes would tear ordinary words apart and stay.
pub fn scrub(text: &str, secrets: &[String]) -> String {
    let mut longest_first: Vec<&String> = secrets.iter().filter(|secret| secret.len() >= 4).collect();
    longest_first.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    longest_first.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "(sensitive value)"))
}

/// The end of a text: at most this many lines and bytes.
pub fn tail(text: &str, lines: usize, bytes: usize) -> String {
    let mut start = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let kept: Vec<&str> = text[start..].trim_end().lines().collect();
    kept[kept.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn a_process_is_known_by_its_start() {
        let own = Identity::own().unwrap();
        assert!(own.is_alive());
        let other = Identity { started: "1".to_owned(), ..own };
        assert!(!other.is_alive());
    }

    #[test]
    fn memory_is_told_for_a_process_and_its_group() {
        let own = Identity::own().unwrap().pid;
        let mut child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        let leader = i32::try_from(child.id()).unwrap();
        let held = memory_of_groups(&BTreeSet::from([leader]));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(memory_of(own).unwrap() > 100 << 10);
        assert_eq!(held.keys().collect::<Vec<_>>(), [&leader]);
    }

    #[test]
    fn the_dead_do_not_live() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let identity = Identity::of(i32::try_from(child.id()).unwrap()).unwrap();
        assert!(identity.is_alive());
        child.kill().unwrap();
        while identity.is_alive() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.wait().unwrap();
    }

    #[test]
    fn secrets_are_scrubbed_the_longest_first() {
        let secrets = ["pass".to_owned(), "password1".to_owned(), "ab".to_owned()];
        assert_eq!(scrub("password1 ab pass", &secrets), "(sensitive value) ab (sensitive value)");
    }

    #[test]
    fn a_tail_keeps_whole_characters() {
        assert_eq!(tail("a\nb\nc\n", 2, 100), "b\nc");
        assert_eq!(tail("äöü", 5, 3), "ü");
    }
}
