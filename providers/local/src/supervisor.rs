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
mod socket;

use std::collections::BTreeSet;
use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use siac_core::model::identity::OpId;
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::durable::{self, Existing};
use crate::process::{Identity, leave_session, memory_of, memory_of_groups, now};
use front::{Counts, Front, Target};
use keeper::{Keeper, State};
pub(crate) use leftovers::{MARK, end as end_leftovers};
pub(crate) use log::numbered;
use log::{Log, Scribe};
pub(crate) use protocol::{
    Health, LogFile, ProcessState, ProcessStatus, Release, ReleaseStatus, Reply, Request, Restart, Status, ask,
    recorded,
};
pub(crate) use socket::is_listening;

/// How long a supervisor waits for the lock: somebody may only be looking whether it is held.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// How long a supervisor without a service waits to be given one.
const IDLE: Duration = Duration::from_secs(10);
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
    let _lock = lock(folder)?;
    leftovers::end(folder);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let supervisor = Supervisor::new(folder);
        supervisor.save()?;
        let control = socket::listen(folder)?;
        supervisor.serve(control).await;
        io::Result::Ok(())
    })?;
    // A status without a supervisor would tell of processes to end; there are none.
    fs::remove_file(folder.join("control")).and_then(|()| fs::remove_file(protocol::status_path(folder)))
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

/// A release that was replaced and still serves its last connections.
struct Leaving {
    op: OpId,
    digest: Option<String>,
    state: watch::Receiver<State>,
    counts: Arc<Counts>,
    done: JoinHandle<()>,
}

/// A service: the socket, the release behind it, and those on their way out.
struct Supervisor {
    folder: PathBuf,
    since: u64,
    front: Option<Front>,
    current: Option<(Keeper, JoinHandle<()>)>,
    leaving: Vec<Leaving>,
    targets: watch::Sender<Option<Target>>,
}

impl Supervisor {
    fn new(folder: &Path) -> Self {
        let targets = watch::channel(None).0;
        Self { folder: folder.to_owned(), since: now(), front: None, current: None, leaving: Vec::new(), targets }
    }

    async fn serve(mut self, control: UnixListener) {
        let (ask, mut asked) = mpsc::channel(16);
        let listening = tokio::spawn(listen(control, ask));
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate()).ok(), signal(SignalKind::interrupt()).ok());
        loop {
            let is_idle = self.current.is_none();
            tokio::select! {
                Some((request, answer)) = asked.recv() => {
                    let reply = self.answer(request).await;
                    let is_over = matches!(reply, Reply::Stopped | Reply::Refused { serving: false, .. });
                    let _ = answer.send(reply);
                    if is_over {
                        break;
                    }
                }
                () = change(self.current.as_mut()) => {
                    // What cannot be written now is written at the next change; asking tells the truth meanwhile.
                    let _ = self.save();
                }
                () = arrival(&mut terminate) => break,
                () = arrival(&mut interrupt) => break,
                () = sleep(IDLE), if is_idle => break,
            }
        }
        let _ = timeout(SHUTDOWN, self.stop()).await;
        // Answers that are on their way get a moment to leave.
        sleep(Duration::from_millis(20)).await;
        listening.abort();
    }

    async fn answer(&mut self, request: Request) -> Reply {
        match request {
            Request::Status => Reply::Status(Box::new(self.measured_status())),
            Request::Stop => {
                self.stop().await;
                Reply::Stopped
            }
            Request::Apply(release) => match self.apply(*release).await {
                Ok(()) => Reply::Status(Box::new(self.status())),
                Err(why) => Reply::Refused { why, serving: self.current.is_some() },
            },
        }
    }

    /// Makes a release the one that serves. Fails with the reason, and then everything is as it was.
    async fn apply(&mut self, release: Release) -> Result<(), String> {
        if self.current.as_ref().is_some_and(|(keeper, _)| keeper.release.op == release.op) {
            return Ok(());
        }
        let next = self.open_front(&release).await?;
        let scribe = Log::open(&release.log).map(|log| Scribe::new(log, &release.secrets));
        let scribe = scribe.map_err(|error| format!("cannot open the log `{}`: {error}", release.log.path.display()));
        let keeper = match scribe {
            Ok(scribe) => Keeper::start(release, scribe).await,
            Err(why) => Err(why),
        };
        match keeper {
            Ok(keeper) => self.switch(keeper, next).await,
            Err(why) => {
                if let Some(front) = next {
                    front.close().await;
                }
                Err(why)
            }
        }
    }

    /// Takes a new address before anything else is done; `None` when it is the present one, or can only be taken once that is given up.
    async fn open_front(&self, release: &Release) -> Result<Option<Front>, String> {
        let wanted = (release.host.clone(), release.port);
        match &self.front {
            Some(front) if front.wanted == wanted || front.port == release.port => Ok(None),
            _ => self.listen(&wanted).await.map(Some),
        }
    }

    async fn listen(&self, (host, port): &(String, u16)) -> Result<Front, String> {
        Front::listen(host, *port, self.targets.subscribe()).await.map_err(|error| unavailable(host, *port, &error))
    }

    /// Sends new connections to another release and lets the present one go.
    async fn switch(&mut self, keeper: Keeper, next: Option<Front>) -> Result<(), String> {
        let wanted = (keeper.release.host.clone(), keeper.release.port);
        match next {
            Some(front) => self.replace_front(front).await,
            None if self.front.as_ref().is_some_and(|front| front.wanted != wanted) => {
                if let Err(why) = self.move_front(&wanted).await {
                    keeper.finish().await;
                    return Err(why);
                }
            }
            None => {}
        }
        self.targets.send_replace(keeper.state.borrow().target.clone());
        let forward = tokio::spawn(forward(keeper.state.clone(), self.targets.clone()));
        if let Some((before, forwarding)) = self.current.replace((keeper, forward)) {
            forwarding.abort();
            self.let_go(before);
        }
        // It serves, whether that can be written down or not; whoever asks is told.
        let _ = self.save();
        Ok(())
    }

    async fn replace_front(&mut self, front: Front) {
        if let Some(before) = self.front.replace(front) {
            before.close().await;
        }
    }

    /// Listens on another address of the same port, which the present socket may stand in the way of.
    async fn move_front(&mut self, wanted: &(String, u16)) -> Result<(), String> {
        let Some(before) = self.front.take() else { return Ok(()) };
        let old = before.wanted.clone();
        before.close().await;
        match self.listen(wanted).await {
            Ok(front) => {
                self.front = Some(front);
                Ok(())
            }
            Err(why) => {
                self.front = Some(self.listen(&old).await?);
                Err(why)
            }
        }
    }

    fn let_go(&mut self, keeper: Keeper) {
        self.leaving.retain(|leaving| !leaving.done.is_finished());
        self.leaving.push(Leaving {
            op: keeper.release.op,
            digest: keeper.release.digest.clone(),
            state: keeper.state.clone(),
            counts: Arc::clone(&keeper.counts),
            done: tokio::spawn(keeper.finish()),
        });
    }

    /// Closes the socket and ends every child, the present one gracefully.
    async fn stop(&mut self) {
        if let Some(front) = self.front.take() {
            front.close().await;
        }
        self.targets.send_replace(None);
        if let Some((keeper, forwarding)) = self.current.take() {
            forwarding.abort();
            keeper.finish().await;
        }
        for leaving in self.leaving.drain(..) {
            leaving.done.abort();
        }
    }

    fn status(&self) -> Status {
        let state = self.current.as_ref().map(|(keeper, _)| keeper.state.borrow().clone());
        let release = self.current.as_ref().map(|(keeper, _)| &keeper.release);
        let leaving = || self.leaving.iter().filter(|leaving| !leaving.done.is_finished());
        let digests: BTreeSet<String> = release
            .and_then(|release| release.digest.clone())
            .into_iter()
            .chain(leaving().filter_map(|it| it.digest.clone()))
            .collect();
        let children = leaving().filter_map(|leaving| leaving.state.borrow().child.clone());
        Status {
            format: protocol::FORMAT,
            supervisor: Identity::own(),
            since: self.since,
            memory: None,
            children: state.iter().filter_map(|state| state.child.clone()).chain(children).collect(),
            op: release.map(|release| release.op),
            port: self.front.as_ref().map_or(0, |front| front.port),
            health: state.as_ref().map_or(Health::Failing, |state| state.health),
            digests: digests.into_iter().collect(),
            shown: release.map(|release| release.shown.clone()).unwrap_or_default(),
            releases: self.releases(),
        }
    }

    /// The status with what is only measured when somebody asks.
    fn measured_status(&self) -> Status {
        let mut status = self.status();
        status.memory = status.supervisor.as_ref().and_then(|own| memory_of(own.pid));
        let processes = || status.releases.iter().flat_map(|release| &release.processes);
        let held = memory_of_groups(&processes().filter_map(|process| process.pid).collect());
        for process in status.releases.iter_mut().flat_map(|release| &mut release.processes) {
            process.memory = process.pid.and_then(|pid| held.get(&pid).copied());
        }
        status
    }

    fn releases(&self) -> Vec<ReleaseStatus> {
        let told =
            |op, digest: &Option<String>, weight, state: &watch::Receiver<State>, counts: &Counts| ReleaseStatus {
                op,
                digest: digest.clone(),
                weight,
                processes: vec![state.borrow().process.clone()],
                connections: counts.open(),
                requests: counts.taken(),
            };
        let current = self
            .current
            .iter()
            .map(|(keeper, _)| told(keeper.release.op, &keeper.release.digest, 100, &keeper.state, &keeper.counts));
        let leaving = self.leaving.iter().filter(|leaving| !leaving.done.is_finished());
        current.chain(leaving.map(|it| told(it.op, &it.digest, 0, &it.state, &it.counts))).collect()
    }

    fn save(&self) -> io::Result<()> {
        let bytes = serde_json::to_vec(&self.status())?;
        durable::write_file(&protocol::status_path(&self.folder), &bytes, 0o600, Existing::Replace)
    }
}

/// Passes on where a release's child is, for as long as the release serves.
async fn forward(mut state: watch::Receiver<State>, targets: watch::Sender<Option<Target>>) {
    while state.changed().await.is_ok() {
        let target = state.borrow_and_update().target.clone();
        targets.send_replace(target);
    }
}

/// Returns when the state of the present release has changed.
async fn change(current: Option<&mut (Keeper, JoinHandle<()>)>) {
    let changed = match current {
        Some((keeper, _)) => keeper.state.changed().await.is_ok(),
        None => false,
    };
    if !changed {
        std::future::pending().await
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

/// Why an address cannot be listened on.
fn unavailable(host: &str, port: u16, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let holder = port::holder(port).map_or_else(String::new, |holder| format!(" by {holder}"));
            format!("port {port} on {host} is already in use{holder}; stop that process, or choose another `port`")
        }
        io::ErrorKind::PermissionDenied => format!("this user may not listen on port {port}; choose a port above 1023"),
        _ => format!("cannot listen on {host}, port {port}: {error}; look at `host` and `port`"),
    }
}
