//! The folder of one service: whether a supervisor lives there, how one comes to life, and what is left of one that was killed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use siac_core::model::identity::OpId;
use siac_core::ports::Fault;
use tokio::time::{Instant, sleep, timeout};

use crate::durable;
use crate::machine::Machine;
use crate::process::start_detached;
use crate::supervisor::{self, Reply, Request, Status, ask, recorded};

/// How long a supervisor may take to say how it is.
const STATUS: Duration = Duration::from_secs(10);
/// How long a supervisor may hold its lock without answering.
const DYING: Duration = Duration::from_secs(2);
/// How long a supervisor may take to listen.
const START: Duration = Duration::from_secs(20);

/// Whether a supervisor lives in a folder.
pub fn is_held(folder: &Path) -> Result<bool, Fault> {
    supervisor::is_held(folder)
        .map_err(|error| Fault::transient(format!("cannot look at `{}`: {error}", folder.display())))
}

/// What the supervisor of a folder says of itself; `None` when none lives there.
pub async fn living(folder: &Path) -> Result<Option<Status>, Fault> {
    let start = Instant::now();
    while is_held(folder)? {
        match status(folder).await {
            Ok(status) => return Ok(Some(status)),
            // One that is coming to life or dying holds the lock and does not answer.
            Err(_) if start.elapsed() < DYING => sleep(Duration::from_millis(20)).await,
            Err(error) => {
                return Err(Fault::transient(format!(
                    "the supervisor in `{}` does not answer: {error}",
                    folder.display()
                )));
            }
        }
    }
    Ok(None)
}

async fn status(folder: &Path) -> io::Result<Status> {
    match timeout(STATUS, ask(folder, &Request::Status)).await?? {
        Reply::Status(status) => Ok(*status),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Sees to it that a supervisor listens in a folder.
pub async fn ensure_supervisor(machine: &Machine, folder: &Path) -> Result<(), Fault> {
    if is_held(folder)? && supervisor::is_listening(folder) {
        return Ok(());
    }
    durable::private_folder(folder).map_err(|error| durable::fault("make the folder", folder, &error))?;
    let mut child = start_detached(&machine.program, "__supervisor", folder)?;
    // It is told nothing by this pipe; everything goes over its socket.
    drop(child.stdin.take());
    let start = Instant::now();
    while !supervisor::is_listening(folder) {
        let is_over = matches!(child.try_wait(), Ok(Some(_)));
        if (is_over && !is_held(folder)?) || start.elapsed() > START {
            let remedy = "see whether the disk is full and the folder can be written";
            return Err(Fault::transient(format!("no supervisor came to life in `{}`; {remedy}", folder.display())));
        }
        sleep(Duration::from_millis(10)).await;
    }
    // While siac lives, the supervisor is its child; somebody must take note of its end.
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// Waits until no supervisor lives in a folder. One that has come late is told to stop, one that does not end is killed.
pub async fn await_end(folder: &Path) -> Result<(), Fault> {
    let start = Instant::now();
    while is_held(folder)? {
        if start.elapsed() > Duration::from_secs(1) && supervisor::is_listening(folder) {
            // Whether it has heard shows in the lock.
            let _ = timeout(Duration::from_secs(1), ask(folder, &Request::Stop)).await;
        }
        let stubborn = recorded(folder).filter(|_| start.elapsed() > Duration::from_secs(15));
        if let Some(supervisor) = stubborn.and_then(|status| status.supervisor) {
            supervisor.signal(Signal::KILL);
        }
        if start.elapsed() > Duration::from_secs(30) {
            return Err(Fault::ambiguous(format!("the supervisor in `{}` does not end", folder.display())));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Removes the folder of a service whose supervisor is gone, with whatever that has left running.
pub fn remove(folder: &Path) -> Result<(), Fault> {
    supervisor::end_leftovers(folder);
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(durable::fault("delete the folder", folder, &error))
        }
        _ => Ok(()),
    }
}

/// Removes what supervisors that were killed have left behind. A service without a supervisor is gone, as far as anybody can tell.
pub fn bury_the_dead(machine: &Machine, own: &OpId) {
    let folders = fs::read_dir(machine.services()).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_dead = |folder: &PathBuf| {
        // One that has written nothing down yet is only just being born.
        recorded(folder).is_some()
            && !folder.ends_with(own.to_string())
            && matches!(supervisor::is_held(folder), Ok(false))
    };
    for folder in folders.filter(is_dead) {
        // What cannot be removed now is removed another time.
        let _ = remove(&folder);
    }
}
