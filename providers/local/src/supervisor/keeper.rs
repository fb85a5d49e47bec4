//! Keeping one release alive: its child is started again when it ends, as its policy says, until the release is to go.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::front::{Counts, Target};
use super::instance::{Instance, ending};
use super::log::Scribe;
use super::protocol::{Health, ProcessState, ProcessStatus, Release, Restart};
use crate::process::{Identity, now};

/// A child that ran this long has not failed at once.
const STEADY: Duration = Duration::from_secs(60);
/// This many failures in a row make a service failing.
const FAILING: u32 = 3;
/// The longest pause before a restart.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How a release is at the moment.
#[derive(Clone)]
pub struct State {
    /// Its child, while there is one.
    pub child: Option<Identity>,
    /// Whether it serves.
    pub health: Health,
    /// Where connections go, while its child is ready.
    pub target: Option<Target>,
    /// What there is to say of its child.
    pub process: ProcessStatus,
}

impl State {
    /// Its child does something else from now on.
    fn turn(&mut self, state: ProcessState) {
        self.process.state = state;
        self.process.since = now();
        self.process.pid = self.child.as_ref().map(|child| child.pid);
    }
}

/// A release that is kept alive.
pub struct Keeper {
    /// What is kept.
    pub release: Release,
    /// How it is.
    pub state: watch::Receiver<State>,
    /// What it has been given.
    pub counts: Arc<Counts>,
    go: Option<oneshot::Sender<()>>,
    done: JoinHandle<()>,
}

impl Keeper {
    /// Starts a release and waits until it is ready. Fails with the reason; nothing of it is left then.
    pub async fn start(release: Release, scribe: Scribe) -> Result<Self, String> {
        let mut instance = Instance::start(&release, scribe.clone()).await?;
        if let Err(why) = instance.become_ready(&release).await {
            instance.stop(Duration::from_secs(1)).await;
            return Err(why);
        }
        let (token, drained) = mpsc::channel(1);
        let counts = Arc::new(Counts::default());
        let target = Target { port: instance.port, counts: Arc::clone(&counts), token };
        let (announce, state) = watch::channel(State {
            child: instance.identity.clone(),
            health: Health::Running,
            process: begun(&instance),
            target: Some(target.clone()),
        });
        let (go, gone) = oneshot::channel();
        let keeping = Keeping { release: release.clone(), scribe, announce, target, drained };
        let done = tokio::spawn(keeping.keep(instance, gone));
        Ok(Self { release, state, counts, go: Some(go), done })
    }

    /// Lets connections end, then stops the child; each within the release's grace. Returns when it is gone.
    ///
    /// Whoever passes connections on must have dropped this release's target before.
    pub async fn finish(mut self) {
        if let Some(go) = self.go.take() {
            // When nobody listens any more it is gone already.
            let _ = go.send(());
        }
        let _ = self.done.await;
    }
}

/// A process that has just become ready for the first time.
fn begun(instance: &Instance) -> ProcessStatus {
    let pid = instance.identity.as_ref().map(|identity| identity.pid);
    ProcessStatus { pid, state: ProcessState::Ready, since: now(), restarts: 0, last_exit: None, memory: None }
}

/// The keeper's task.
struct Keeping {
    release: Release,
    scribe: Scribe,
    announce: watch::Sender<State>,
    target: Target,
    drained: mpsc::Receiver<()>,
}

impl Keeping {
    async fn keep(self, mut instance: Instance, mut gone: oneshot::Receiver<()>) {
        let (mut failures, mut since) = (0, Instant::now());
        loop {
            let status = tokio::select! {
                status = instance.wait() => status,
                _ = &mut gone => return self.let_go(Some(instance)).await,
            };
            failures = if since.elapsed() >= STEADY { 1 } else { failures + 1 };
            self.scribe.note(&format!("siac: the process ended {}", ending(status)));
            let open = self.target.counts.open();
            self.announce.send_modify(|state| state.process.last_exit = Some(exit(status, open)));
            self.fallen(failures, may_restart(self.release.restart, status));
            instance = tokio::select! {
                Some(again) = self.start_again(status, &mut failures) => again,
                _ = &mut gone => return self.let_go(None).await,
            };
            since = Instant::now();
            self.risen(&instance);
        }
    }

    fn risen(&self, instance: &Instance) {
        self.announce.send_modify(|state| {
            state.child = instance.identity.clone();
            state.health = Health::Running;
            state.target = Some(Target { port: instance.port, ..self.target.clone() });
            state.process.restarts += 1;
            state.turn(ProcessState::Ready);
        });
    }

    fn fallen(&self, failures: u32, comes_back: bool) {
        self.announce.send_modify(|state| {
            state.child = None;
            state.health = if comes_back && failures < FAILING { Health::Running } else { Health::Failing };
            state.target = None;
            state.turn(if comes_back { ProcessState::Pausing } else { ProcessState::Ended });
        });
    }

    /// A new child that is ready; never returns when there is to be none.
    async fn start_again(&self, status: Option<ExitStatus>, failures: &mut u32) -> Option<Instance> {
        if !may_restart(self.release.restart, status) {
            return std::future::pending().await;
        }
        loop {
            sleep(pause(*failures)).await;
            match self.attempt().await {
                Ok(instance) => return Some(instance),
                Err(why) => self.scribe.note(&format!("siac: the process did not come back: {why}")),
            }
            *failures += 1;
            self.fallen(*failures, true);
        }
    }

    async fn attempt(&self) -> Result<Instance, String> {
        let mut instance = Instance::start(&self.release, self.scribe.afresh()).await?;
        // Whoever kills this supervisor now must know whom else to end.
        self.announce.send_modify(|state| {
            state.child = instance.identity.clone();
            state.turn(ProcessState::Starting);
        });
        match instance.become_ready(&self.release).await {
            Ok(()) => Ok(instance),
            Err(why) => {
                instance.stop(Duration::from_secs(1)).await;
                Err(why)
            }
        }
    }

    /// Waits for connections to end, then stops the child.
    async fn let_go(self, instance: Option<Instance>) {
        let Self { release, announce, target, mut drained, .. } = self;
        announce.send_modify(|state| {
            state.target = None;
            state.turn(ProcessState::Leaving);
        });
        drop(target);
        // Nothing is ever sent: the channel closes when the last connection lets go of its token.
        let _ = timeout(release.grace, drained.recv()).await;
        if let Some(instance) = instance {
            instance.stop(release.grace).await;
        }
        announce.send_modify(|state| {
            state.child = None;
            state.turn(ProcessState::Ended);
        });
    }
}

/// How a process ended, and what became of its connections.
fn exit(status: Option<ExitStatus>, open: u64) -> String {
    match open {
        0 => ending(status),
        1 => format!("{}; the connection that was open to it broke", ending(status)),
        _ => format!("{}; the {open} connections that were open to it broke", ending(status)),
    }
}

fn may_restart(policy: Restart, status: Option<ExitStatus>) -> bool {
    match policy {
        Restart::Always => true,
        Restart::OnFailure => status.is_none_or(|status| !status.success()),
        Restart::Never => false,
    }
}

/// One second after the first failure, twice as long after each further one.
fn pause(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.saturating_sub(1).min(5)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        let pauses: Vec<u64> = [1, 2, 3, 6, 40].map(|failures| pause(failures).as_secs()).to_vec();
        assert_eq!(pauses, [1, 2, 4, 30, 30]);
    }

    #[test]
    fn a_policy_looks_at_how_the_child_ended() {
        use std::os::unix::process::ExitStatusExt;
        let (well, badly) = (Some(ExitStatus::from_raw(0)), Some(ExitStatus::from_raw(256)));
        assert!(may_restart(Restart::Always, well) && may_restart(Restart::OnFailure, badly));
        assert!(!may_restart(Restart::OnFailure, well) && !may_restart(Restart::Never, badly));
    }
}
