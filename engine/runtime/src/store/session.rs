//! The time with the lock.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use siac_core::model::event::Fact;
use siac_core::model::identity::StackUuid;
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::{HistoryEntry, Snapshot};
use siac_core::ports::{Clock, Hold, Put, random_32};
use tokio::sync::Mutex;
use tokio::task::AbortHandle;

use super::envelope::Kind;
use super::formats::{self, Entry};
use super::head::{Head, Holder, Lease};
use super::journal::{Writing, Written};
use super::objects::{Place, Sealer};
use super::register::{Current, SwapFault};
use super::snapshots::{self, Published};
use super::{Store, StoreError, files, rescue};
use crate::journal::{Fence, JournalFault};

/// How a holder leaves without publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// Nothing was done, or nothing that the journal does not tell to its end.
    Clean,
    /// Something may be half done; the next holder settles it.
    Dirty,
}

/// The time with the lock of one stack. It ends with [`Session::publish`] or [`Session::release`]; when it is dropped instead, others
/// take over once they miss the signs of life.
pub struct Session {
    pub(super) store: Store,
    pub(super) sealer: Sealer,
    pub(super) writing: Writing,
    pub(super) liveness: Arc<Liveness>,
    head: Arc<Mutex<Current>>,
    epoch: u64,
    base: Option<Published>,
    stack_secret: Secret<[u8; 32]>,
    unmerged: Vec<Fact>,
    /// Whether an earlier journal says something that only a snapshot may take over.
    owes: bool,
    /// Files whose facts are among the unmerged ones.
    rescued: Vec<PathBuf>,
    took_over: Option<Holder>,
    /// A publishing of which nobody knows whether it happened.
    attempted: Option<Published>,
    closed_at: Duration,
    heart: Option<Heart>,
    over: bool,
}

impl Session {
    /// Begins the time with the lock: closes the journals of earlier holders, reads them, and shows signs of life meanwhile.
    pub(super) async fn begin(
        store: Store,
        sealer: Sealer,
        current: Current,
        took_over: Option<Holder>,
    ) -> Result<Self, StoreError> {
        let liveness = Arc::new(Liveness::new(Arc::clone(&store.parts.clock), current.head.patience()));
        let first = current.head.clone();
        let head = Arc::new(Mutex::new(current));
        let heart = Heart::start(&store, &sealer, &head, &liveness);
        let mut session = Self {
            writing: Writing::after(first.snapshot_id),
            epoch: first.epoch,
            closed_at: store.parts.clock.monotonic(),
            store,
            sealer,
            liveness,
            head,
            base: None,
            stack_secret: Secret::new([0; 32]),
            unmerged: Vec::new(),
            owes: false,
            rescued: Vec::new(),
            took_over,
            attempted: None,
            heart,
            over: false,
        };
        match session.read_what_is_there(&first).await {
            Ok(()) => Ok(session),
            Err(error) => {
                // What cannot be read must not keep others from the lock. That it could not be given back is the lesser trouble.
                let leaving = if first.dirty { Leaving::Dirty } else { Leaving::Clean };
                let _ = session.leave(leaving, first.wal_merged_epoch).await;
                Err(error)
            }
        }
    }

    async fn read_what_is_there(&mut self, head: &Head) -> Result<(), StoreError> {
        self.store.witness.note(head)?;
        let mut stack_secret = None;
        let mut rescued = self.store.rescued(head.stack_uuid).await?;
        for epoch in head.wal_merged_epoch + 1..head.epoch {
            let Written { mut facts, stack_secret: born, .. } =
                self.store.close_journal(&self.sealer, epoch, head.epoch).await?;
            for file in rescued.extract_if(.., |file| file.epoch == epoch) {
                rescue::add(&mut facts, file.facts);
                self.rescued.push(file.path);
            }
            self.owes |= !facts.is_empty() || born.is_some();
            self.unmerged.extend(facts);
            stack_secret = stack_secret.or(born);
        }
        self.closed_at = self.store.parts.clock.monotonic();
        self.base = self.store.published(head).await?;
        self.store.refuse_higher_serials(head.serial).await?;
        self.settle_stack_secret(stack_secret).await
    }

    /// The stack's secret is that of the snapshot, or of an unmerged journal; the very first holder draws it.
    async fn settle_stack_secret(&mut self, born: Option<Secret<[u8; 32]>>) -> Result<(), StoreError> {
        let published = self.base.as_ref().map(|base| base.snapshot.stack_secret.clone());
        if let Some(stack_secret) = published.or(born) {
            self.stack_secret = stack_secret;
            return Ok(());
        }
        self.stack_secret = Secret::new(random_32(&*self.store.parts.entropy));
        let entry = Entry::Born { stack_secret: self.stack_secret.clone() };
        match self.write_entry(entry).await {
            Ok(()) => Ok(()),
            Err(JournalFault::Fenced) => Err(self.fenced().await),
            Err(JournalFault::Failed(why)) => Err(StoreError::Refused(why)),
        }
    }

    /// The identity of the stack's state.
    pub fn uuid(&self) -> StackUuid {
        self.sealer.uuid
    }

    /// The number of this time with the lock.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The snapshot that counts; `None` before the first.
    pub fn base(&self) -> Option<&Published> {
        self.base.as_ref()
    }

    /// The key of fingerprints and artifact names.
    pub fn stack_secret(&self) -> &Secret<[u8; 32]> {
        &self.stack_secret
    }

    /// What earlier holders did and no snapshot holds yet, in order.
    pub fn unmerged(&self) -> &[Fact] {
        &self.unmerged
    }

    /// Whose lock was taken over, when it was not given back.
    pub fn took_over(&self) -> Option<&Holder> {
        self.took_over.as_ref()
    }

    /// How long earlier holders have been unable to make an intent durable; what they sent before may still arrive for a while.
    pub fn closed_for(&self) -> Duration {
        self.store.parts.clock.monotonic().saturating_sub(self.closed_at)
    }

    /// There is something that only a snapshot may take over: leaving must not call this epoch's journal merged.
    pub(super) fn owe(&mut self) {
        self.owes = true;
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Publishes the next snapshot and gives the lock back, in one compare-and-swap.
    ///
    /// Stack, uuid, serial, parent, time, history and the stack's secret are set here; `who` when it is empty. Fails with
    /// [`StoreError::Inconsistent`] when the snapshot contradicts itself, and with [`StoreError::Fenced`] when another run took over; then
    /// nothing is published. After any other failure it may be tried again; when the first attempt turns out to have happened, the answer is
    /// what that one published.
    pub async fn publish(&mut self, snapshot: Snapshot) -> Result<Published, StoreError> {
        let history = self.base.as_ref().map(Published::history).unwrap_or_default();
        self.publish_with(snapshot, history, After::Leave).await
    }

    /// Publishes the next snapshot and goes on in a new epoch, in one compare-and-swap: after a recovery, before the plan that follows.
    pub async fn publish_and_continue(&mut self, snapshot: Snapshot) -> Result<Published, StoreError> {
        let history = self.base.as_ref().map(Published::history).unwrap_or_default();
        self.publish_with(snapshot, history, After::Continue).await
    }

    /// Publishes with a history of its own: labels are changed, and contents marked as pruned.
    pub(super) async fn publish_with(
        &mut self,
        snapshot: Snapshot,
        history: Vec<HistoryEntry>,
        after: After,
    ) -> Result<Published, StoreError> {
        // First: a sign of life after that attempt would take its HEAD for someone else's.
        if let Some(published) = self.settle_attempt().await? {
            return Ok(published);
        }
        self.check_standing().await?;
        let snapshot = self.complete(snapshot, history);
        let broken = snapshot.check();
        if !broken.is_empty() {
            return Err(StoreError::Inconsistent(broken));
        }
        let published = self.upload(snapshot).await?;
        if let Err(error) = self.move_head(&published, after).await {
            self.attempted = Some(published);
            return Err(error);
        }
        // The snapshot counts. A note that could not be written is worth no failure now.
        let _ = self.store.witness.note(&self.head.lock().await.head);
        // Nor could a file that stays: its epoch is merged, and it is passed over.
        self.rescued.drain(..).for_each(|path| drop(files::remove(&path)));
        self.base = Some(published.clone());
        self.unmerged.clear();
        self.owes = false;
        Ok(published)
    }

    /// What an earlier attempt published, when it did. The lock went with it: this session is over.
    async fn settle_attempt(&mut self) -> Result<Option<Published>, StoreError> {
        let Some(attempted) = self.attempted.take() else { return Ok(None) };
        let head = match self.store.read_any_head().await {
            Ok(current) => current.map(|current| current.head),
            Err(error) => {
                self.attempted = Some(attempted);
                return Err(error);
            }
        };
        let happened = head.is_some_and(|head| head.snapshot_id == Some(attempted.id));
        if happened {
            self.end();
        }
        Ok(happened.then_some(attempted))
    }

    fn complete(&self, snapshot: Snapshot, history: Vec<HistoryEntry>) -> Snapshot {
        let parts = &self.store.parts;
        Snapshot {
            stack: parts.stack.clone(),
            uuid: self.sealer.uuid,
            serial: self.base.as_ref().map_or(0, |base| base.snapshot.serial) + 1,
            parent: self.base.as_ref().map(|base| base.id),
            time: parts.clock.now(),
            stack_secret: self.stack_secret.clone(),
            history,
            who: if snapshot.who.is_empty() { parts.writer.who.clone() } else { snapshot.who },
            ..snapshot
        }
    }

    /// Writes the snapshot's object; until HEAD names it, it is nothing but garbage.
    async fn upload(&self, snapshot: Snapshot) -> Result<Published, StoreError> {
        let payload = formats::write_snapshot(&snapshot).map_err(StoreError::content("the new snapshot"))?;
        let place = Place {
            kind: Kind::Snapshot,
            epoch: self.epoch,
            serial: snapshot.serial,
            parent: snapshot.parent,
            wal_base: self.epoch,
        };
        let sealed = self.store.seal(&self.sealer, &place, &payload)?;
        let name = snapshots::object_name(snapshot.serial, &sealed.id);
        match self.store.put(&name, &sealed.bytes).await {
            Ok(Put::Created | Put::Exists) => Ok(Published { snapshot, id: sealed.id }),
            Err(fault) => Err(StoreError::backend("writing the snapshot")(fault)),
        }
    }

    async fn move_head(&mut self, published: &Published, after: After) -> Result<(), StoreError> {
        let (serial, id, epoch) = (published.snapshot.serial, published.id, self.epoch);
        let step = |head: Head| Head {
            serial,
            snapshot_id: Some(id),
            wal_merged_epoch: epoch,
            dirty: false,
            epoch: if after == After::Continue { epoch + 1 } else { epoch },
            holder: if after == After::Continue { head.holder } else { None },
            ..head
        };
        let hold = if after == After::Continue { Hold::Keep } else { Hold::Release };
        self.change_head(step, hold).await?;
        match after {
            After::Leave => self.end(),
            After::Continue => {
                self.epoch += 1;
                self.writing = Writing::after(Some(id));
            }
        }
        Ok(())
    }

    /// Gives the lock back without publishing. What the journal holds is read by the next holder.
    pub async fn release(mut self, leaving: Leaving) -> Result<(), StoreError> {
        if self.settle_attempt().await?.is_some() {
            return Ok(());
        }
        self.check_standing().await?;
        let (leaving, merged) = self.what_is_left(leaving).await;
        self.leave(leaving, merged).await
    }

    /// What the next holder must know of this epoch: whether something may be half done, and up to which epoch the journals are merged.
    async fn what_is_left(&self, leaving: Leaving) -> (Leaving, u64) {
        let head = &self.head.lock().await.head;
        let nothing_happened = !self.owes && self.writing.is_empty() && leaving == Leaving::Clean;
        let merged = if nothing_happened { head.epoch } else { head.wal_merged_epoch };
        (if head.dirty && self.owes { Leaving::Dirty } else { leaving }, merged)
    }

    /// Gives the lock back for good: the state goes on at another place, and nobody takes it here any more.
    pub(super) async fn move_away(mut self, to: &str) -> Result<(), StoreError> {
        self.check_standing().await?;
        let (leaving, merged) = self.what_is_left(Leaving::Clean).await;
        let (dirty, to) = (leaving == Leaving::Dirty, Some(to.to_owned()));
        let step = |head: Head| Head { holder: None, dirty, wal_merged_epoch: merged, moved_to: to, ..head };
        let left = self.change_head(step, Hold::Release).await;
        self.end();
        left
    }

    async fn leave(&mut self, leaving: Leaving, merged: u64) -> Result<(), StoreError> {
        let dirty = leaving == Leaving::Dirty;
        let step = |head: Head| Head { holder: None, dirty, wal_merged_epoch: merged, ..head };
        let left = self.change_head(step, Hold::Release).await;
        self.end();
        left
    }

    fn end(&mut self) {
        self.over = true;
        self.heart = None;
        self.liveness.lose();
    }

    /// As if this machine were suspended.
    #[cfg(test)]
    pub(super) fn stop_heart(&mut self) {
        self.heart = None;
    }

    /// The newest epoch whose journal is part of a snapshot.
    pub(super) async fn merged_epoch(&self) -> u64 {
        self.head.lock().await.head.wal_merged_epoch
    }

    pub(super) async fn check_standing(&self) -> Result<(), StoreError> {
        match (self.over, self.liveness.is_lost()) {
            (true, _) => Err(StoreError::Over),
            (_, true) => Err(self.fenced().await),
            _ => Ok(()),
        }
    }

    /// Changes HEAD, unless another run did.
    pub(super) async fn change_head(&self, step: impl FnOnce(Head) -> Head, hold: Hold) -> Result<(), StoreError> {
        let mut current = self.head.lock().await;
        let next = step(current.head.clone());
        match self.store.swap(Some(&current), next, &self.sealer.key, hold).await {
            Ok(written) => {
                *current = written;
                Ok(())
            }
            Err(SwapFault::Other(error)) => Err(error),
            Err(SwapFault::Lost | SwapFault::Held) => {
                drop(current);
                self.liveness.lose();
                Err(self.fenced().await)
            }
        }
    }

    /// That another run took over, and who it is when that can be told.
    async fn fenced(&self) -> StoreError {
        let head = self.store.read_any_head().await.ok().flatten();
        StoreError::Fenced { by: head.and_then(|current| current.head.holder).map(Box::new) }
    }
}

/// What becomes of the lock after publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Leave,
    Continue,
}

/// What a holder knows of its own standing without asking.
pub(super) struct Liveness {
    clock: Arc<dyn Clock>,
    patience: Option<Duration>,
    lost: AtomicBool,
    /// When the last accepted sign of life was sent, in milliseconds of the clock.
    accepted: AtomicU64,
}

impl Liveness {
    fn new(clock: Arc<dyn Clock>, patience: Option<Duration>) -> Self {
        let accepted = AtomicU64::new(milliseconds(clock.monotonic()));
        Self { clock, patience, lost: AtomicBool::new(false), accepted }
    }

    /// Another run took over, or the lock was given back.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    fn accept(&self, sent: Duration) {
        self.accepted.store(milliseconds(sent), Ordering::SeqCst);
    }
}

impl Fence for Liveness {
    /// No call starts when the last accepted sign of life is older than half of what others wait for.
    fn may_call(&self) -> bool {
        let silent_for = || milliseconds(self.clock.monotonic()).saturating_sub(self.accepted.load(Ordering::SeqCst));
        let is_heard = |patience: Duration| silent_for() <= milliseconds(patience / 2);
        !self.is_lost() && self.patience.is_none_or(is_heard)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Shows signs of life until it is dropped. A store that knows itself whether the holder lives needs none.
struct Heart(AbortHandle);

impl Heart {
    fn start(store: &Store, sealer: &Sealer, head: &Arc<Mutex<Current>>, liveness: &Arc<Liveness>) -> Option<Self> {
        let patience = liveness.patience?;
        let (store, sealer) = (store.clone(), sealer.clone());
        let (head, liveness) = (Arc::clone(head), Arc::clone(liveness));
        let beating = tokio::spawn(async move {
            let mut pause = patience / 4;
            while !liveness.is_lost() {
                store.parts.clock.sleep(pause).await;
                pause = match beat(&store, &sealer, &head, &liveness).await {
                    true => patience / 4,
                    false => patience / 30,
                };
            }
        });
        Some(Self(beating.abort_handle()))
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One sign of life; whether it was accepted.
async fn beat(store: &Store, sealer: &Sealer, head: &Mutex<Current>, liveness: &Liveness) -> bool {
    let mut current = head.lock().await;
    let sent = store.parts.clock.monotonic();
    let lease = Lease { beat: current.head.lease.beat + 1, ..current.head.lease };
    let next = Head { lease, ..current.head.clone() };
    match store.swap(Some(&current), next, &sealer.key, Hold::Keep).await {
        Ok(written) => {
            *current = written;
            liveness.accept(sent);
            true
        }
        Err(SwapFault::Lost | SwapFault::Held) => {
            liveness.lose();
            false
        }
        // Nothing is known of others: the age of the last accepted sign decides.
        Err(SwapFault::Other(_)) => false,
    }
}
