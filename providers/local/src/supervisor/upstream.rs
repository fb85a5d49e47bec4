//! A release as the front sees it: the processes that take connections, and what they have been given.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use siac_core::model::identity::OpId;
use tokio::sync::watch;
use tokio::time::sleep;

use super::front::Pool;
use super::protocol::{Release, Rules};

/// Between the breaking of its connections and the report of a process's death less time passes. A choice of this project.
const REPORT: Duration = Duration::from_millis(50);

/// A release to which connections are passed on.
pub struct Upstream {
    /// The operation that asked for it.
    pub op: OpId,
    /// How the front treats what goes to it.
    pub rules: Rules,
    ready: Mutex<Vec<Arc<Backend>>>,
    open: watch::Sender<u64>,
    taken: AtomicU64,
    failed: AtomicU64,
}

/// A process that takes connections.
pub struct Backend {
    /// Its port on the loopback interface.
    pub port: u16,
    /// Connections to it that wait for the next request.
    pub pool: Pool,
    open: AtomicU64,
    last_chosen: AtomicU64,
}

/// How many requests a release has answered, and how many of the answers were failures of the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests, or connections where requests are not understood.
    pub taken: u64,
    /// Answers of 500 and above, those of the front included.
    pub failed: u64,
}

impl Tally {
    /// What came after an earlier tally.
    pub fn since(self, earlier: Self) -> Self {
        Self { taken: self.taken.saturating_sub(earlier.taken), failed: self.failed.saturating_sub(earlier.failed) }
    }
}

impl Backend {
    /// A process that listens on a port.
    pub fn new(port: u16) -> Arc<Self> {
        Arc::new(Self { port, pool: Pool::default(), open: AtomicU64::new(0), last_chosen: AtomicU64::new(0) })
    }

    /// How many connections or requests it has at the moment.
    pub fn open(&self) -> u64 {
        self.open.load(Relaxed)
    }
}

impl Upstream {
    /// A release without a process that takes connections.
    pub fn new(release: &Release) -> Arc<Self> {
        Arc::new(Self {
            op: release.op,
            rules: release.rules.clone(),
            ready: Mutex::default(),
            open: watch::channel(0).0,
            taken: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    fn ready(&self) -> MutexGuard<'_, Vec<Arc<Backend>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process takes connections from now on.
    pub fn add(&self, backend: Arc<Backend>) {
        self.ready().push(backend);
    }

    /// A process takes no connections any more.
    pub fn remove(&self, backend: &Arc<Backend>) {
        self.ready().retain(|ready| !Arc::ptr_eq(ready, backend));
        backend.pool.close();
    }

    /// No process keeps connections for later requests any more.
    pub fn close_idle(&self) {
        self.ready().iter().for_each(|backend| backend.pool.close());
    }

    /// Whether a process other than these takes connections.
    pub fn has_other(&self, avoid: &[Arc<Backend>]) -> bool {
        self.ready().iter().any(|backend| is_other(backend, avoid))
    }

    /// The ports of the processes that take connections.
    pub fn ports(&self) -> Vec<u16> {
        self.ready().iter().map(|backend| backend.port).collect()
    }

    /// A way to the process with the fewest connections, and among those the one that was chosen least recently; not one of these.
    pub fn enter(self: &Arc<Self>, avoid: &[Arc<Backend>]) -> Option<Passage> {
        let ready = self.ready();
        let mut there = ready.iter().filter(|backend| is_other(backend, avoid));
        let first = there.next()?;
        let load = |backend: &Backend| (backend.open(), backend.last_chosen.load(Relaxed));
        let backend = there.fold(first, |best, other| if load(other) < load(best) { other } else { best });
        let turn = ready.iter().map(|backend| backend.last_chosen.load(Relaxed)).max().unwrap_or(0);
        backend.last_chosen.store(turn + 1, Relaxed);
        backend.open.fetch_add(1, Relaxed);
        self.open.send_modify(|open| *open += 1);
        Some(Passage { upstream: Arc::clone(self), backend: Arc::clone(backend) })
    }

    /// Returns when nothing is under way any more.
    pub async fn drained(&self) {
        // The sender lives as long as this release does.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// How many connections or requests are under way.
    pub fn open(&self) -> u64 {
        *self.open.borrow()
    }

    /// What it was given so far.
    pub fn tally(&self) -> Tally {
        Tally { taken: self.taken.load(Relaxed), failed: self.failed.load(Relaxed) }
    }

    /// Counts a connection, or a request and how it ended.
    pub fn count(&self, has_failed: bool) {
        self.taken.fetch_add(1, Relaxed);
        self.failed.fetch_add(u64::from(has_failed), Relaxed);
    }
}

fn is_other(backend: &Arc<Backend>, avoid: &[Arc<Backend>]) -> bool {
    !avoid.iter().any(|avoided| Arc::ptr_eq(avoided, backend))
}

/// A connection or request that is under way at a process; it is counted for as long as this is held.
pub struct Passage {
    /// The release.
    pub upstream: Arc<Upstream>,
    /// The process.
    pub backend: Arc<Backend>,
}

impl Passage {
    /// Its connection broke. It counts for a moment longer: when the process has died, that is seen by then.
    pub fn broke(self) {
        tokio::spawn(async move {
            sleep(REPORT).await;
            drop(self);
        });
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.backend.open.fetch_sub(1, Relaxed);
        self.upstream.open.send_modify(|open| *open -= 1);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::supervisor::protocol::tests::release;

    /// A release with a process on each of these ports.
    pub fn upstream(op: u8, ports: &[u16]) -> Arc<Upstream> {
        let upstream = Upstream::new(&release(op));
        ports.iter().for_each(|port| upstream.add(Backend::new(*port)));
        upstream
    }

    #[test]
    fn the_process_with_the_fewest_connections_comes_first_and_then_the_one_that_has_waited_longest() {
        let upstream = upstream(1, &[1, 2, 3]);
        let held: Vec<Passage> = (0..3).filter_map(|_| upstream.enter(&[])).collect();
        assert_eq!(held.iter().map(|passage| passage.backend.port).collect::<Vec<_>>(), [1, 2, 3]);
        drop(held.into_iter().nth(1));
        let ports: Vec<u16> = (0..4).filter_map(|_| upstream.enter(&[])).map(|passage| passage.backend.port).collect();
        assert_eq!(ports, [1, 2, 3, 1], "one after the other when all are free");
        let all = upstream.ready().clone();
        assert_eq!(upstream.enter(&all[..2]).unwrap().backend.port, 3);
        assert!(upstream.enter(&all).is_none() && upstream.has_other(&all[1..]) && !upstream.has_other(&all));
        assert_eq!(upstream.open(), 0);
    }

    #[tokio::test]
    async fn a_release_has_drained_when_its_last_passage_is_dropped() {
        let upstream = upstream(1, &[1]);
        let passage = upstream.enter(&[]).unwrap();
        let waiting = tokio::spawn({
            let upstream = Arc::clone(&upstream);
            async move { upstream.drained().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(passage);
        waiting.await.unwrap();
    }
}
