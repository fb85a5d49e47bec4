//! One command, run in a folder: bounded in time, its output kept, and nothing of it left when it ends.
//!
//! The command runs in a process group whose leader watches over it: the leader holds the other end of a pipe that closes with siac, and
//! kills the group then. So nothing survives siac, however it ends, but what leaves the group on purpose.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, PipeReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::site::Redact;
use crate::stop::{Stop, StopLevel};

/// How long a build that is told to stop may take before it is killed. A choice of this project.
const GRACE: Duration = Duration::from_secs(2);

/// How long what left the group may hold the output open. A choice of this project.
const LINGER: Duration = Duration::from_secs(2);

/// How many of the last lines are shown when a build fails. A choice of this project.
const TAIL: usize = 20;

/// The longest line that is shown, in characters. A choice of this project.
const LONGEST_SHOWN: usize = 400;

/// The longest line that is taken as one, in bytes. A choice of this project.
const LONGEST_LINE: u64 = 64 * 1024;

/// The most output that is kept, in bytes; its beginning. A choice of this project.
const LARGEST_LOG: usize = 16 << 20;

/// What to run, and how.
pub(super) struct Job {
    pub command: String,
    pub folder: PathBuf,
    pub environment: BTreeMap<OsString, OsString>,
    /// Where the output is kept.
    pub log: PathBuf,
    /// Takes secrets out of the output.
    pub redact: Redact,
    /// How long it may take.
    pub limit: Duration,
}

/// How a command ended that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// It could not be started, or its output could not be kept.
    NotRun(String),
    /// It failed by itself: how, and the last lines of its output.
    Ended(String, Vec<String>),
    /// It took too long; the last lines of its output.
    TooLong(Vec<String>),
    /// It was stopped on request.
    Stopped,
}

/// Runs a command to its end, or until it is stopped.
pub(super) async fn run(job: Job, mut stop: Stop) -> Result<(), Failed> {
    if stop.level() > StopLevel::No {
        return Err(Failed::Stopped);
    }
    let not_run = |error: io::Error| Failed::NotRun(error.to_string());
    let (output, ended) = Output::collect(&job).map_err(not_run)?;
    let mut group = Group::start(&job, output.writer).map_err(not_run)?;
    let end = tokio::select! {
        status = group.command.wait() => End::Status(status.map_err(not_run)?),
        () = sleep(job.limit) => End::TooLong,
        _ = stop.raised() => End::Stopped,
    };
    if !matches!(end, End::Status(_)) {
        group.stop(&mut stop).await;
    }
    group.end().await;
    // Whoever left the group may write on; nobody waits for it.
    let _ = timeout(LINGER, ended).await;
    let tail = || lock(&output.tail).iter().cloned().collect();
    match end {
        End::Status(status) if status.success() => Ok(()),
        End::Status(status) => Err(Failed::Ended(told(status), tail())),
        End::TooLong => Err(Failed::TooLong(tail())),
        End::Stopped => Err(Failed::Stopped),
    }
}

enum End {
    Status(ExitStatus),
    TooLong,
    Stopped,
}

fn told(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended in an unknown way".to_owned(),
    }
}

/// A command, and the process that watches over it and all that it starts.
struct Group {
    /// The leader; it kills the group when its input closes.
    leader: Child,
    command: Child,
}

impl Group {
    fn start(job: &Job, output: io::PipeWriter) -> io::Result<Self> {
        let mut watch = Command::new("/bin/sh");
        watch.args(["-c", "trap '' TERM; read -r _; kill -KILL 0"]).env_clear().process_group(0);
        let leader = watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let group = leader.id().and_then(|id| i32::try_from(id).ok()).unwrap_or(0);
        let mut command = Command::new("/bin/sh");
        // A list of commands ends with the first that fails.
        command.args(["-e", "-c", &job.command]).current_dir(&job.folder).env_clear().envs(&job.environment);
        command.process_group(group).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        match command.spawn() {
            Ok(command) => Ok(Self { leader, command }),
            Err(error) => Err(error),
        }
    }

    fn signal(&self, signal: Signal) {
        // Nobody has waited for the leader, so that the number is still its own.
        if let Some(group) = self.leader.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            // A group that is gone already is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Asks the command to stop, and waits a little.
    async fn stop(&mut self, stop: &mut Stop) {
        self.signal(Signal::TERM);
        tokio::select! {
            _ = self.command.wait() => {}
            () = sleep(GRACE) => {}
            () = stop.now() => {}
        }
    }

    /// Kills whatever is left.
    async fn end(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.leader.wait().await;
        let _ = self.command.wait().await;
    }
}

/// The output of a command on its way to a file.
struct Output {
    writer: io::PipeWriter,
    tail: Arc<Mutex<VecDeque<String>>>,
}

impl Output {
    /// Begins to collect. The receiver hears when nobody writes any more.
    fn collect(job: &Job) -> io::Result<(Self, oneshot::Receiver<()>)> {
        let (reader, writer) = io::pipe()?;
        let mut log = Log { file: private_file(&job.log)?, room: LARGEST_LOG, redact: job.redact.clone() };
        log.line(&format!("$ {}", job.command))?;
        let tail: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let (sender, ended) = oneshot::channel();
        let kept = tail.clone();
        std::thread::Builder::new().name("build output".to_owned()).spawn(move || {
            read(reader, &mut log, &kept);
            // Nobody may be waiting any more.
            let _ = sender.send(());
        })?;
        Ok((Self { writer, tail }, ended))
    }
}

/// Reads lines until nobody writes any more. A line that cannot be kept is still read, or the build would wait for ever.
fn read(reader: PipeReader, log: &mut Log, tail: &Mutex<VecDeque<String>>) {
    let mut reader = BufReader::new(reader);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&bytes);
                let _ = log.line(text.trim_end()).map(|line| keep(tail, &line));
            }
        }
    }
}

fn keep(tail: &Mutex<VecDeque<String>>, line: &str) {
    // What a progress display has overwritten is not shown.
    let line = line.rsplit('\r').next().unwrap_or_default();
    if line.trim().is_empty() {
        return;
    }
    let mut tail = lock(tail);
    if tail.len() == TAIL {
        tail.pop_front();
    }
    tail.push_back(line.chars().take(LONGEST_SHOWN).collect());
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Log {
    file: File,
    /// How many bytes may still be written.
    room: usize,
    redact: Redact,
}

impl Log {
    /// Writes a line without secrets, and answers with it.
    fn line(&mut self, text: &str) -> io::Result<String> {
        let line = (self.redact)(text);
        let size = line.len() + 1;
        match self.room.checked_sub(size) {
            Some(room) => {
                self.room = room;
                writeln!(self.file, "{line}")?;
            }
            None if self.room > 0 => {
                self.room = 0;
                writeln!(self.file, "(more is not kept)")?;
            }
            None => {}
        }
        Ok(line)
    }
}

/// A new, empty file for its owner only.
fn private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}
