//! The detached supervisor: one process per service, which owns the public socket and keeps a release alive behind it.
//!
//! It holds the lock of the service's folder while it lives, so that there are never two, and whoever finds the lock free knows that the
//! service is gone. It starts with nothing to do and is told everything over its control socket; it ends when it has been told to stop,
//! or when it has nothing to keep. What it must not know of: stacks, plans, state.

mod front;
mod instance;
mod keeper;
mod leftovers;
mod log;
mod port;
mod protocol;
mod rollout;
mod service;
mod socket;
mod status;
mod switchboard;
mod upstream;

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::durable;
use crate::process::{leave_session, open_many_files};
pub(crate) use leftovers::{MARK, end as end_leftovers, marked_in};
pub(crate) use log::numbered;
pub(crate) use protocol::{Cors, LogFile, Protocol, Release, Reply, Request, Restart, Rules, Traffic, ask};
use service::{News, Service};
pub(crate) use socket::is_listening;
#[cfg(test)]
pub(crate) use status::Shift;
pub(crate) use status::{FORMAT, Health, ProcessState, ProcessStatus, ReleaseStatus, Status, recorded};

/// How long a supervisor waits for the lock: somebody may only be looking whether it is held.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// How long a service may take to end when the machine goes down.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// The detached process: supervises the service of `folder` until it is told to stop.
///
/// Fails, without having done anything, when another supervisor lives there.
pub fn main(folder: &Path) -> ExitCode {
    match supervise(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Whether a supervisor lives in a folder.
pub(crate) fn is_held(folder: &Path) -> io::Result<bool> {
    match fs::File::open(lock_path(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        Ok(lock) => match lock.try_lock() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        },
    }
}

fn lock_path(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// Takes a folder's lock. The folder must exist; one that was removed meanwhile is not made again.
fn lock(folder: &Path) -> io::Result<fs::File> {
    let file = durable::private_file(&lock_path(folder))?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // Who listens is a supervisor and here to stay; waiting for its end would make a second one that nobody needs.
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_PATIENCE && !is_listening(folder) => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn supervise(folder: &Path) -> io::Result<()> {
    leave_session()?;
    open_many_files();
    let _lock = lock(folder)?;
    leftovers::end(folder);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let service = Service::new();
        status::write(folder, &service.status())?;
        let control = socket::listen(folder)?;
        let (told, statuses) = watch::channel(service.status());
        let writing = tokio::spawn(status::keep_written(folder.to_owned(), statuses));
        serve(service, control, told).await;
        // Nothing is to be written once the record is removed.
        let _ = writing.await;
        io::Result::Ok(())
    })?;
    // A status without a supervisor would tell of processes to end; there are none.
    fs::remove_file(folder.join("control")).and_then(|()| fs::remove_file(status::status_path(folder)))
}

/// Keeps a service until it is over.
async fn serve(mut service: Service, control: UnixListener, told: watch::Sender<Status>) {
    let (ask, mut asked) = mpsc::channel(16);
    let listening = tokio::spawn(listen(control, ask));
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate()).ok(), signal(SignalKind::interrupt()).ok());
    let mut changes = service.board.listen();
    loop {
        tokio::select! {
            Some((request, answer)) = asked.recv() => match request {
                Request::Apply(release) => service.apply(*release, answer).await,
                Request::Stop => service.stop(Some(answer)).await,
                // Whoever asked may be dead.
                Request::Status => drop(answer.send(Reply::Status(Box::new(service.status().measured())))),
            },
            news = service.news() => match news {
                News::Outcome(outcome) => service.advance(outcome).await,
                News::Over => break,
            },
            Ok(()) = changes.changed() => drop(told.send_replace(service.status())),
            () = arrival(&mut terminate) => break,
            () = arrival(&mut interrupt) => break,
        }
    }
    let _ = timeout(SHUTDOWN, shut_down(service)).await;
    // Answers that are on their way get a moment to leave.
    sleep(Duration::from_millis(20)).await;
    listening.abort();
}

async fn shut_down(mut service: Service) {
    service.stop(None).await;
    while !matches!(service.news().await, News::Over) {}
    service.end().await;
}

/// A question and where its answer goes.
type Asked = (Request, oneshot::Sender<Reply>);

/// Reads one question from each connection and answers it.
async fn listen(control: UnixListener, asked: mpsc::Sender<Asked>) {
    loop {
        match control.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(converse(stream, asked.clone()));
            }
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn converse(mut stream: UnixStream, asked: mpsc::Sender<Asked>) {
    let Ok(request) = protocol::receive(&mut stream).await else { return };
    let (answer, answered) = oneshot::channel();
    if asked.send((request, answer)).await.is_err() {
        return;
    }
    if let Ok(reply) = answered.await {
        // Whoever asked may be dead; what was done stays done, and the next one asks again.
        let _ = protocol::send(&mut stream, &reply).await;
    }
}

async fn arrival(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
