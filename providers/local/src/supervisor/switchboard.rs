//! Which release a new connection goes to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use siac_core::model::identity::OpId;
use tokio::sync::watch;
use tokio::time::timeout;

use super::upstream::{Backend, Passage, Upstream};

/// How long a connection waits for a process that is being started again.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The releases that share new connections. The front reads it, the supervisor changes it.
pub struct Switchboard {
    shares: Mutex<Vec<Share>>,
    changed: watch::Sender<()>,
}

/// A release and how much of the new connections it gets.
struct Share {
    upstream: Arc<Upstream>,
    /// In any unit that all shares have in common.
    weight: u32,
    /// How far it is behind its due.
    due: i64,
}

impl Switchboard {
    /// A switchboard without a release.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { shares: Mutex::default(), changed: watch::channel(()).0 })
    }

    /// Divides new connections among these releases from now on.
    pub fn divide(&self, shares: impl IntoIterator<Item = (Arc<Upstream>, u32)>) {
        *self.shares() = shares.into_iter().map(|(upstream, weight)| Share { upstream, weight, due: 0 }).collect();
        self.ring();
    }

    /// Tells whoever waits that something has changed: shares, processes, anything that is told of.
    pub fn ring(&self) {
        self.changed.send_replace(());
    }

    /// Is told of every change.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn shares(&self) -> MutexGuard<'_, Vec<Share>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A release, while it has a share.
    pub fn sharing(&self, op: OpId) -> Option<Arc<Upstream>> {
        let shares = self.shares();
        let sharing = shares.iter().find(|share| share.weight > 0 && share.upstream.op == op);
        sharing.map(|share| Arc::clone(&share.upstream))
    }

    /// The release that the next connection should go to, whether one of its processes is ready or not.
    pub fn next(&self) -> Option<Arc<Upstream>> {
        turn(self.shares().iter_mut().filter(|share| share.weight > 0))
    }

    /// The same, waiting a while for a first release.
    pub async fn next_soon(&self) -> Option<Arc<Upstream>> {
        self.soon(|| self.next()).await
    }

    /// A way to a process: of the release that a connection stays with while that has a share, otherwise of one by its share; not one
    /// of these. `None` when no process is ready.
    pub fn enter(&self, stays_with: Option<OpId>, avoid: &[Arc<Backend>]) -> Option<Passage> {
        let mut shares = self.shares();
        let stays = shares.iter().find(|share| share.weight > 0 && Some(share.upstream.op) == stays_with);
        if let Some(passage) = stays.and_then(|share| share.upstream.enter(avoid)) {
            return Some(passage);
        }
        let can_serve = |share: &&mut Share| share.weight > 0 && share.upstream.has_other(avoid);
        turn(shares.iter_mut().filter(can_serve))?.enter(avoid)
    }

    /// The same, waiting a while for a process to become ready.
    pub async fn enter_soon(&self, stays_with: Option<OpId>, avoid: &[Arc<Backend>]) -> Option<Passage> {
        self.soon(|| self.enter(stays_with, avoid)).await
    }

    async fn soon<T>(&self, look: impl Fn() -> Option<T>) -> Option<T> {
        let mut changes = self.listen();
        let looking = async {
            loop {
                if let Some(found) = look() {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        timeout(PATIENCE, looking).await.ok().flatten()
    }
}

/// Takes turns so that every release gets its share of any long row of connections, evenly spread.
fn turn<'a>(shares: impl Iterator<Item = &'a mut Share>) -> Option<Arc<Upstream>> {
    let mut total = 0;
    let mut first: Option<&mut Share> = None;
    for share in shares {
        total += i64::from(share.weight);
        share.due += i64::from(share.weight);
        match &first {
            Some(best) if best.due >= share.due => {}
            _ => first = Some(share),
        }
    }
    let chosen = first?;
    chosen.due -= total;
    Some(Arc::clone(&chosen.upstream))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::upstream::tests::upstream;

    fn ports(board: &Switchboard, count: usize, stays_with: Option<OpId>) -> Vec<u16> {
        (0..count).filter_map(|_| board.enter(stays_with, &[])).map(|passage| passage.backend.port).collect()
    }

    #[test]
    fn every_release_gets_its_share() {
        let board = Switchboard::new();
        board.divide([(upstream(1, &[1]), 80), (upstream(2, &[2]), 20)]);
        let ports = ports(&board, 100, None);
        assert_eq!(ports.iter().filter(|port| **port == 2).count(), 20);
        assert_eq!(ports[..10].iter().filter(|port| **port == 2).count(), 2, "also of a short row");
    }

    #[test]
    fn a_connection_stays_with_its_release_while_that_has_a_share_and_a_process() {
        let (board, new) = (Switchboard::new(), upstream(2, &[2]));
        board.divide([(upstream(1, &[1]), 90), (Arc::clone(&new), 10)]);
        assert_eq!(ports(&board, 3, Some(OpId([2; 16]))), [2, 2, 2]);
        board.divide([(upstream(1, &[1]), 100), (Arc::clone(&new), 0)]);
        assert_eq!(ports(&board, 2, Some(OpId([2; 16]))), [1, 1], "it has no share");
        board.divide([(upstream(1, &[]), 90), (new, 10)]);
        assert_eq!(ports(&board, 2, Some(OpId([1; 16]))), [2, 2], "it has no process");
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_process_waits_for_one_and_not_for_ever() {
        let (board, release) = (Switchboard::new(), upstream(1, &[]));
        board.divide([(Arc::clone(&release), 100)]);
        assert!(board.enter_soon(None, &[]).await.is_none());
        let waiting = tokio::spawn({
            let board = Arc::clone(&board);
            async move { board.enter_soon(None, &[]).await.map(|passage| passage.backend.port) }
        });
        tokio::task::yield_now().await;
        release.add(Backend::new(9));
        board.ring();
        assert_eq!(waiting.await.unwrap(), Some(9));
    }
}
