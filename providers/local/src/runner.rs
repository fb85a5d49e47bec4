//! The detached runner: carries out one command exactly once, and records how it ended.
//!
//! A run has a folder of its own, named after its operation. The runner holds the folder's lock while it lives, claims the folder before it
//! starts the command, and writes the exit before it lets go. So whoever looks later sees one of four things: no claim, and nothing has
//! happened; an exit; a claim and a held lock, and the end is worth waiting for; or a claim that nobody holds, and nobody can tell.

pub(crate) mod capture;

use std::collections::BTreeMap;
use std::fs::{self, TryLockError};
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::durable::{self, Existing};
use crate::process::{Identity, leave_session, signal_group};
use capture::{Captured, Part};

/// The most of a command's standard output that is kept, in bytes; its beginning. A choice of this project.
const MAX_OUTPUT: usize = 64 << 10;
/// The most of a command's standard error that is kept, in bytes; its end. A choice of this project.
const MAX_ERRORS: usize = 8 << 10;
/// The largest job that is read, in bytes. A choice of this project.
const MAX_JOB: u64 = 16 << 20;
/// How long a command that was told to stop may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How long what the command left running may hold its output open.
const LINGER: Duration = Duration::from_secs(1);

/// What to run. It travels through a pipe and is written nowhere, for it may hold secrets.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// How long it may take.
    pub limit: Duration,
    /// Texts that must not be recorded.
    pub secrets: Vec<String>,
}

/// How a command ended. Written once, never changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exit {
    /// The version of this record: 1.
    pub format: u32,
    /// Why it never started; nothing happened then.
    pub not_started: Option<String>,
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether it took too long and was stopped.
    pub timed_out: bool,
    /// The beginning of its standard output.
    pub output: String,
    /// The end of its standard error.
    pub errors: String,
}

/// What is to be seen of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody has claimed it: nothing has happened.
    Unclaimed,
    /// A runner is at it.
    Running,
    /// It ended.
    Finished(Box<Exit>),
    /// It was claimed, and its runner died without a word.
    Lost,
}

fn lock_path(folder: &Path) -> PathBuf {
    folder.join("lock")
}

fn claim_path(folder: &Path) -> PathBuf {
    folder.join("claim.json")
}

fn exit_path(folder: &Path) -> PathBuf {
    folder.join("exit.json")
}

/// Looks at a run.
pub(crate) fn standing(folder: &Path) -> io::Result<Standing> {
    if let Some(exit) = recorded(folder)? {
        return Ok(Standing::Finished(Box::new(exit)));
    }
    // A claim is made under the lock, so that a claim without a held lock means a dead runner.
    if !claim_path(folder).exists() {
        return Ok(Standing::Unclaimed);
    }
    match durable::private_file(&lock_path(folder))?.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(Standing::Running),
        Err(TryLockError::Error(error)) => Err(error),
        // It may have ended between the two looks.
        Ok(()) => Ok(recorded(folder)?.map_or(Standing::Lost, |exit| Standing::Finished(Box::new(exit)))),
    }
}

fn recorded(folder: &Path) -> io::Result<Option<Exit>> {
    match fs::read(exit_path(folder)) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The detached process: reads its job from standard input, claims `folder`, runs the command and records its exit there.
///
/// Fails, without having done anything, when the folder is claimed already or the job did not arrive whole.
pub fn main(folder: &Path) -> ExitCode {
    match claim_and_run(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn claim_and_run(folder: &Path) -> io::Result<()> {
    leave_session()?;
    let mut job = Vec::new();
    io::stdin().take(MAX_JOB).read_to_end(&mut job)?;
    let job: Job = serde_json::from_slice(&job)?;
    let lock = durable::private_file(&lock_path(folder))?;
    // Another runner of this operation may be at it. Once it is done, or dead before it began, the claim below says which.
    lock.lock()?;
    let claim = serde_json::to_vec(&Identity::own())?;
    durable::write_file(&claim_path(folder), &claim, 0o600, Existing::Keep)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = runtime.block_on(run(&job));
    record(folder, &exit)
}

/// Writes the exit down. Without it nobody could tell what happened, so a full disk is waited for.
fn record(folder: &Path, exit: &Exit) -> io::Result<()> {
    let bytes = serde_json::to_vec(exit)?;
    let mut written = durable::write_file(&exit_path(folder), &bytes, 0o600, Existing::Keep);
    for _ in 0..60 {
        if written.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
        written = durable::write_file(&exit_path(folder), &bytes, 0o600, Existing::Keep);
    }
    written
}

async fn run(job: &Job) -> Exit {
    // Before the command is there: whoever stops this runner finds it ready to pass that on.
    let stops = Stops::listen();
    match start(job) {
        Ok(child) => attend(child, job, stops).await,
        Err(why) => Exit { format: 1, not_started: Some(why), ..Exit::default() },
    }
}

/// What asks this runner to stop its command.
struct Stops {
    terminate: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
}

impl Stops {
    fn listen() -> Self {
        Self { terminate: signal(SignalKind::terminate()).ok(), interrupt: signal(SignalKind::interrupt()).ok() }
    }

    async fn arrival(&mut self) {
        tokio::select! {
            () = arrival(&mut self.terminate) => {}
            () = arrival(&mut self.interrupt) => {}
        }
    }
}

fn start(job: &Job) -> Result<Child, String> {
    let (program, arguments) =
        job.argv.split_first().ok_or("the command is empty; write a program and its arguments")?;
    if !job.folder.is_dir() {
        return Err(format!(
            "there is no folder `{}` to run in; make it, or change `working_directory`",
            job.folder.display()
        ));
    }
    let started = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(&job.environment)
        .current_dir(&job.folder)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    started.map_err(|error| format!("cannot start `{program}`: {error}; {}", missing_program(program, &error)))
}

/// What to do about a program that does not start.
pub(crate) fn missing_program(program: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("install `{program}`, or put the folder it is in on PATH"),
        io::ErrorKind::PermissionDenied => format!("make `{program}` executable"),
        _ => "look at the command".to_owned(),
    }
}

async fn attend(mut child: Child, job: &Job, stops: Stops) -> Exit {
    let group = child.id().and_then(|pid| i32::try_from(pid).ok());
    let output = Captured::new(Part::Beginning(MAX_OUTPUT), &job.secrets);
    let errors = Captured::new(Part::End(MAX_ERRORS), &job.secrets);
    let readers = [
        tokio::spawn(output.clone().follow(child.stdout.take())),
        tokio::spawn(errors.clone().follow(child.stderr.take())),
    ];
    let (status, timed_out) = wait(&mut child, group, job.limit, stops).await;
    for reader in readers {
        // What the command left running in the background may hold its output open; it is not waited for.
        let _ = timeout(LINGER, reader).await;
    }
    Exit {
        format: 1,
        not_started: None,
        code: status.and_then(|status| status.code()),
        signal: status.and_then(|status| status.signal()),
        timed_out,
        output: output.text(&job.secrets),
        errors: errors.text(&job.secrets),
    }
}

/// Waits for the command to end, passing on what asks it to stop: the limit, or a signal to this runner.
async fn wait(child: &mut Child, group: Option<i32>, limit: Duration, mut stops: Stops) -> (Option<ExitStatus>, bool) {
    let tell = |signal| {
        if let Some(group) = group {
            signal_group(group, signal);
        }
    };
    let timed_out = tokio::select! {
        status = child.wait() => return (status.ok(), false),
        () = sleep(limit) => true,
        () = stops.arrival() => false,
    };
    tell(Signal::TERM);
    if let Ok(status) = timeout(GRACE, child.wait()).await {
        return (status.ok(), timed_out);
    }
    tell(Signal::KILL);
    (child.wait().await.ok(), timed_out)
}

async fn arrival(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
