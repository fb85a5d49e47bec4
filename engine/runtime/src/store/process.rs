//! What tells one process apart from every other, of this machine and of others, now and later; and whether it has ended.
//!
//! A number is not enough: numbers are used again, and each container counts its own. The kernel's boot id names the machine since it was started,
//! two namespaces say whose numbers and whose clock are meant, and the moment of its start tells a process from an earlier one of its number.
//! All of them are of Linux (proc(5), namespaces(7)); elsewhere nobody can tell, and nothing is claimed.

use std::fs;
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// What a process is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    /// Boot id, namespace of process numbers, namespace of time: where the other two mean something.
    realm: String,
    number: i32,
    /// In clock ticks since the machine was started.
    started: u64,
}

impl Mark {
    fn own() -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let space = |name: &str| Some(fs::read_link(Path::new("/proc/self/ns").join(name)).ok()?.display().to_string());
        let stat = Stat::read("self").ok()??;
        // A /proc of another namespace counts otherwise than this process is counted.
        let is_own = u32::try_from(stat.number).is_ok_and(|number| number == std::process::id());
        let realm = format!("{}/{}/{}", boot.trim(), space("pid")?, space("time").unwrap_or_default());
        is_own.then_some(Self { realm, number: stat.number, started: stat.started })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.rsplitn(3, ' ');
        let (started, number) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Self { realm: words.next()?.to_owned(), number, started })
    }

    fn text(&self) -> String {
        format!("{} {} {}", self.realm, self.number, self.started)
    }
}

/// What /proc says of a process.
struct Stat {
    number: i32,
    started: u64,
    /// It has ended, and its parent has not asked how.
    is_remains: bool,
}

impl Stat {
    /// Of a process by its number; `None` when it does not say.
    fn read(name: &str) -> std::io::Result<Option<Self>> {
        Ok(Self::parse(&fs::read_to_string(Path::new("/proc").join(name).join("stat"))?))
    }

    fn parse(text: &str) -> Option<Self> {
        let number = text.split(' ').next()?.parse().ok()?;
        // The name, in parentheses, may hold anything; fields are counted after it, the third being the first.
        let fields: Vec<&str> = text.rsplit_once(") ")?.1.split_ascii_whitespace().collect();
        let threads: u32 = fields.get(17)?.parse().ok()?;
        // Where the first thread ends early, others may go on.
        let is_remains = matches!(*fields.first()?, "Z" | "X") && threads <= 1;
        Some(Self { number, started: fields.get(19)?.parse().ok()?, is_remains })
    }
}

/// What this process is known by, for [`has_ended`]; `None` where it cannot be told apart for certain.
pub(super) fn own_mark() -> Option<String> {
    Mark::own().map(|mark| mark.text())
}

/// Whether the process of this mark was one of this machine and is known to have ended. False where nobody can tell.
pub(super) fn has_ended(mark: &str) -> bool {
    let (Some(there), Some(here)) = (Mark::parse(mark), Mark::own()) else { return false };
    if there.realm != here.realm || there.number <= 0 {
        return false;
    }
    let Some(process) = Pid::from_raw(there.number) else { return false };
    // Asked first, because /proc may hide the processes of others.
    match (test_kill_process(process), Stat::read(&there.number.to_string())) {
        (Err(Errno::SRCH), _) => true,
        (_, Ok(Some(stat))) => stat.started != there.started || stat.is_remains,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn mark_of(number: u32) -> Mark {
        let stat = Stat::read(&number.to_string()).expect("it can be read").expect("it is understood");
        Mark { number: stat.number, started: stat.started, ..Mark::own().expect("this is Linux with a /proc") }
    }

    #[test]
    fn a_mark_is_read_as_it_is_written() {
        let mark = Mark { realm: "a boot/pid:[1]/time:[2]".into(), number: 4711, started: 99 };
        assert_eq!(Mark::parse(&mark.text()), Some(mark));
        for malformed in ["", "x", "1 2", "realm 1 x", "realm x 1"] {
            assert_eq!(Mark::parse(malformed), None, "{malformed:?}");
            assert!(!has_ended(malformed));
        }
    }

    #[test]
    fn names_with_parentheses_are_understood() {
        let stat = "7 (a) Z 1 (b) S 1 7 7 0 -1 4194304 1 1 0 0 1 1 1 1 20 0 4 0 815 1 1";
        let stat = Stat::parse(stat).expect("it is understood");
        assert_eq!((stat.number, stat.started, stat.is_remains), (7, 815, false));
        let dead = "7 (a) Z 1 7 7 0 -1 4194304 1 1 0 0 1 1 1 1 20 0 1 0 815 1 1";
        assert!(Stat::parse(dead).expect("it is understood").is_remains);
        let led = "7 (a) Z 1 7 7 0 -1 4194304 1 1 0 0 1 1 1 1 20 0 4 0 815 1 1";
        assert!(!Stat::parse(led).expect("it is understood").is_remains, "its other threads go on");
    }

    #[test]
    fn only_a_process_of_here_that_has_ended_has_ended() {
        assert!(!has_ended(&own_mark().expect("this is Linux with a /proc")));
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep starts");
        let mark = mark_of(child.id());
        assert!(!has_ended(&mark.text()), "it lives");
        assert!(has_ended(&Mark { started: mark.started + 1, ..mark.clone() }.text()), "its number was used again");
        let elsewhere = Mark { realm: mark.realm.replace("pid:", "pid:1"), ..mark.clone() };
        child.kill().expect("it can be killed");
        while !has_ended(&mark.text()) {
            std::thread::yield_now();
        }
        child.wait().expect("it ends");
        assert!(has_ended(&mark.text()), "nothing remains of it");
        assert!(!has_ended(&elsewhere.text()), "who can tell of another machine?");
        for number in [0, -1] {
            assert!(!has_ended(&Mark { number, ..mark.clone() }.text()), "that is a group");
        }
    }
}
