//! The log file of a service: lines without secrets, each with the moment it was written, rotated by size.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use super::protocol::LogFile;
use crate::durable;
use crate::moment;
use crate::process::{now, scrub};

/// The longest line that is written as one, in bytes. A choice of this project.
const MAX_LINE: u64 = 16 << 10;
/// How many of a child's last lines are kept at hand.
const TAIL: usize = 20;

/// A log file that is being written.
pub struct Log {
    rule: LogFile,
    file: File,
    size: u64,
}

impl Log {
    /// Opens a log file, making it and its folder when they are missing.
    pub fn open(rule: &LogFile) -> io::Result<Self> {
        if let Some(folder) = rule.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = durable::private_file(&rule.path)?;
        let size = file.metadata()?.len();
        Ok(Self { rule: rule.clone(), file, size })
    }

    /// Writes a line with the moment before it, in one piece, so that who reads meanwhile sees whole lines.
    fn write(&mut self, line: &str) -> io::Result<()> {
        let line = format!("{} {line}\n", moment::text_of(now()));
        if self.size > 0 && self.size + line.len() as u64 > self.rule.max_bytes {
            self.rotate()?;
        }
        self.size += line.len() as u64;
        self.file.write_all(line.as_bytes())
    }

    /// `log` becomes `log.1`, `log.1` becomes `log.2`, and the oldest is dropped.
    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..self.rule.keep).rev() {
            rename_if_there(&numbered(&self.rule.path, number), &numbered(&self.rule.path, number + 1))?;
        }
        match self.rule.keep {
            0 => fs::remove_file(&self.rule.path)?,
            _ => rename_if_there(&self.rule.path, &numbered(&self.rule.path, 1))?,
        }
        *self = Self::open(&self.rule)?;
        Ok(())
    }
}

/// The name of an older file of a log, 1 for the newest of them.
pub fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes what one child says, and remembers its last lines.
#[derive(Clone)]
pub struct Scribe {
    log: Arc<Mutex<Log>>,
    last: Arc<Mutex<VecDeque<String>>>,
    secrets: Arc<Vec<String>>,
}

impl Scribe {
    /// A scribe for a child that may know these secrets.
    pub fn new(log: Log, secrets: &[String]) -> Self {
        Self { log: Arc::new(Mutex::new(log)), last: Arc::default(), secrets: Arc::new(secrets.to_vec()) }
    }

    /// The same log, for another child.
    pub fn afresh(&self) -> Self {
        Self { last: Arc::default(), ..self.clone() }
    }

    /// Writes one line of the supervisor's own.
    pub fn note(&self, line: &str) {
        // A full disk must not stop the service; the lines are lost then.
        let _ = self.log.lock().unwrap_or_else(PoisonError::into_inner).write(line);
    }

    /// Writes a stream to its end.
    pub async fn follow(self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(stream) = stream else { return };
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while let Ok(read) = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line).await {
            if read == 0 {
                break;
            }
            self.line(&line);
            line.clear();
        }
    }

    fn line(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let text = scrub(text.trim_end_matches(['\n', '\r']), &self.secrets);
        self.note(&text);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.push_back(text);
        if last.len() > TAIL {
            last.pop_front();
        }
    }

    /// The last lines of the child, after a reason.
    pub fn after(&self, why: &str) -> String {
        match self.tail() {
            last if last.is_empty() => format!("{why}; it said nothing"),
            last => format!("{why}; its last lines:\n{last}"),
        }
    }

    fn tail(&self) -> String {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_log_rotates_and_keeps_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/a.log");
        let log = Log::open(&LogFile { path: path.clone(), max_bytes: 120, keep: 2 }).unwrap();
        let scribe = Scribe::new(log, &["hunter2".to_owned()]);
        let lines: String = (0..20).map(|n| format!("line {n} hunter2\n")).collect();
        scribe.clone().follow(Some(lines.as_bytes())).await;
        assert!(scribe.tail().ends_with("line 19 (sensitive value)"), "{}", scribe.tail());
        let names = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(names, 3, "the log and two old ones");
        for name in ["a.log", "a.log.1", "a.log.2"] {
            let text = fs::read_to_string(path.with_file_name(name)).unwrap();
            assert!(text.len() <= 120 && !text.contains("hunter2"), "{name}: {text}");
            assert!(text.lines().all(|line| moment::split(line).0.is_some()), "{name}: {text}");
        }
    }
}
