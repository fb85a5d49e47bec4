//! Keeping one release alive: each of its processes is started again when it ends, as its policy says, until the release is to go.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use super::instance::{Instance, ending};
use super::log::Scribe;
use super::protocol::{Release, Restart};
use super::status::{Health, ProcessState, ProcessStatus};
use super::switchboard::Switchboard;
use super::upstream::{Backend, Upstream};
use crate::process::{Identity, now};

/// A process that ran this long has not failed at once.
const STEADY: Duration = Duration::from_secs(60);
/// This many failures in a row make a service failing.
const FAILING: u32 = 3;
/// The longest pause before a restart.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a process that never became ready may take to stop.
pub const BRIEF: Duration = Duration::from_secs(1);

/// How one process of a release is at the moment.
#[derive(Debug, Clone)]
pub struct Slot {
    /// The process, while there is one.
    pub child: Option<Identity>,
    /// Whether it serves, or will soon.
    pub health: Health,
    /// What there is to say of it.
    pub process: ProcessStatus,
}

impl Slot {
    fn new() -> Self {
        let process = ProcessStatus {
            pid: None,
            state: ProcessState::Starting,
            since: now(),
            restarts: 0,
            last_exit: None,
            memory: None,
        };
        Self { child: None, health: Health::Running, process }
    }

    /// It does something else from now on.
    fn turn(&mut self, state: ProcessState) {
        self.process.state = state;
        self.process.since = now();
        self.process.pid = self.child.as_ref().map(|child| child.pid);
    }
}

/// What a release's processes are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    /// Run, and be started again.
    Stay,
    /// Finish what they have begun.
    Finish,
    /// End, within this time.
    Go(Duration),
}

/// A release that is kept alive.
pub struct Keeper {
    /// What is kept.
    pub release: Arc<Release>,
    /// How the front sees it.
    pub upstream: Arc<Upstream>,
    /// How its processes are.
    pub slots: watch::Receiver<Vec<Slot>>,
    scribe: Scribe,
    wish: watch::Sender<Wish>,
    tasks: JoinSet<()>,
}

impl Keeper {
    /// Starts a release. The second answer ends when every process is ready, or with the reason why one of them is not.
    pub fn start(release: Release, scribe: Scribe, board: &Arc<Switchboard>) -> (Self, JoinHandle<Result<(), String>>) {
        let (release, upstream) = (Arc::new(release.clone()), Upstream::new(&release));
        let (announce, slots) = watch::channel(vec![Slot::new(); release.processes]);
        let wish = watch::channel(Wish::Stay).0;
        let (ready, begun) = mpsc::channel(release.processes);
        let mut tasks = JoinSet::new();
        for index in 0..release.processes {
            let keeping = Keeping {
                release: Arc::clone(&release),
                upstream: Arc::clone(&upstream),
                scribe: scribe.clone(),
                slots: announce.clone(),
                index,
                board: Arc::clone(board),
                wish: wish.subscribe(),
            };
            tasks.spawn(keeping.keep(ready.clone()));
        }
        let readiness = tokio::spawn(all_ready(begun, release.processes));
        (Self { release, upstream, slots, scribe, wish, tasks }, readiness)
    }

    /// Lets connections end, then stops the processes; each within this grace. Returns when they are gone.
    ///
    /// Whoever divides new connections must have taken this release's share away before.
    pub async fn finish(mut self, grace: Duration) {
        self.wish.send_replace(Wish::Finish);
        self.upstream.close_idle();
        let _ = timeout(grace, self.upstream.drained()).await;
        self.wish.send_replace(Wish::Go(grace));
        while self.tasks.join_next().await.is_some() {}
    }

    /// Whether it serves: none of its processes keeps failing.
    pub fn health(&self) -> Health {
        let fails = self.slots.borrow().iter().any(|slot| slot.health == Health::Failing);
        if fails { Health::Failing } else { Health::Running }
    }

    /// The last lines of its processes, after a reason.
    pub fn with_last_lines(&self, why: &str) -> String {
        self.scribe.after(why)
    }
}

/// Ends well when so many processes have become ready.
async fn all_ready(mut begun: mpsc::Receiver<Result<(), String>>, count: usize) -> Result<(), String> {
    for _ in 0..count {
        begun.recv().await.unwrap_or_else(|| Err("it was given up".to_owned()))?;
    }
    Ok(())
}

/// The task of one process.
struct Keeping {
    release: Arc<Release>,
    upstream: Arc<Upstream>,
    scribe: Scribe,
    slots: watch::Sender<Vec<Slot>>,
    index: usize,
    board: Arc<Switchboard>,
    wish: watch::Receiver<Wish>,
}

impl Keeping {
    async fn keep(mut self, ready: mpsc::Sender<Result<(), String>>) {
        let mut gone = self.wish.clone();
        let first = tokio::select! {
            first = self.attempt(self.scribe.clone()) => first,
            _ = gone.wait_for(|wish| *wish >= Wish::Finish) => Err("it was told to go".to_owned()),
        };
        let is_ready = first.as_ref().map(|_| ()).map_err(Clone::clone);
        // Whoever wanted to know may have given up.
        let _ = ready.send(is_ready).await;
        drop(ready);
        match first {
            Ok(instance) => self.keep_on(instance).await,
            Err(_) => self.ended(),
        }
    }

    async fn keep_on(&mut self, mut instance: Instance) {
        let (mut failures, mut since) = (0, Instant::now());
        let mut is_first = true;
        while let Some(status) = self.serve(&mut instance, is_first).await {
            failures = if since.elapsed() >= STEADY { 1 } else { failures + 1 };
            self.scribe.note(&format!("siac: the process ended {}", ending(status)));
            match self.start_again(status, failures).await {
                Some((again, failed)) => (instance, failures) = (again, failed),
                None => return self.ended(),
            }
            (since, is_first) = (Instant::now(), false);
        }
        let grace = match *self.wish.borrow() {
            Wish::Go(grace) => grace,
            _ => BRIEF,
        };
        instance.stop(grace).await;
        self.ended();
    }

    /// Lets a process take connections until it ends; `None` when it is to go while it still runs.
    async fn serve(&mut self, instance: &mut Instance, is_first: bool) -> Option<Option<ExitStatus>> {
        let backend = Backend::new(instance.port);
        self.upstream.add(Arc::clone(&backend));
        self.change(|slot| {
            slot.child.clone_from(&instance.identity);
            slot.health = Health::Running;
            slot.process.restarts += u32::from(!is_first);
            slot.turn(ProcessState::Ready);
        });
        let status = self.served(instance).await;
        let open = backend.open();
        self.upstream.remove(&backend);
        if let Some(status) = status {
            self.change(|slot| slot.process.last_exit = Some(exit(status, open)));
        }
        status
    }

    async fn served(&mut self, instance: &mut Instance) -> Option<Option<ExitStatus>> {
        let mut wish = Wish::Stay;
        loop {
            tokio::select! {
                status = instance.wait() => return Some(status),
                changed = self.wish.wait_for(|now| *now > wish) => match changed.map(|wish| *wish) {
                    Ok(Wish::Finish) => wish = Wish::Finish,
                    _ => return None,
                },
            }
            self.change(|slot| slot.turn(ProcessState::Leaving));
        }
    }

    /// A new process that is ready, and how many have failed in a row; `None` when there is to be none and the release goes.
    async fn start_again(&mut self, status: Option<ExitStatus>, mut failures: u32) -> Option<(Instance, u32)> {
        let mut gone = self.wish.clone();
        let gone = gone.wait_for(|wish| *wish >= Wish::Finish);
        let again = async {
            let comes_back = may_restart(self.release.restart, status);
            self.fallen(failures, comes_back);
            if !comes_back {
                return std::future::pending().await;
            }
            loop {
                sleep(pause(failures)).await;
                match self.attempt(self.scribe.afresh()).await {
                    Ok(instance) => return (instance, failures),
                    Err(why) => self.scribe.note(&format!("siac: the process did not come back: {why}")),
                }
                failures += 1;
                self.fallen(failures, true);
            }
        };
        tokio::select! {
            again = again => Some(again),
            _ = gone => None,
        }
    }

    async fn attempt(&self, scribe: Scribe) -> Result<Instance, String> {
        let mut instance = Instance::start(&self.release, scribe).await?;
        // Whoever kills this supervisor now must know whom else to end.
        self.change(|slot| {
            slot.child.clone_from(&instance.identity);
            slot.turn(ProcessState::Starting);
        });
        match instance.become_ready(&self.release).await {
            Ok(()) => Ok(instance),
            Err(why) => {
                instance.stop(BRIEF).await;
                Err(why)
            }
        }
    }

    fn fallen(&self, failures: u32, comes_back: bool) {
        self.change(|slot| {
            slot.child = None;
            slot.health = if comes_back && failures < FAILING { Health::Running } else { Health::Failing };
            slot.turn(if comes_back { ProcessState::Pausing } else { ProcessState::Ended });
        });
    }

    fn ended(&self) {
        self.change(|slot| {
            slot.child = None;
            slot.turn(ProcessState::Ended);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Slot)) {
        self.slots.send_modify(|slots| change(&mut slots[self.index]));
        self.board.ring();
    }
}

/// How a process ended, and what became of its connections.
fn exit(status: Option<ExitStatus>, open: u64) -> String {
    match open {
        0 => ending(status),
        1 => format!("{}, with 1 connection open", ending(status)),
        _ => format!("{}, with {open} connections open", ending(status)),
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
