//! Taking the lock.

use std::time::Duration;

use siac_core::model::identity::{SnapshotId, StackUuid};
use siac_core::ports::{Hold, Register, WrappedKey, random_16};

use super::head::{FORMAT, Head, Holder, Lease, Purpose};
use super::keys::Keyring;
use super::objects::Sealer;
use super::register::{Current, SwapFault};
use super::session::Session;
use super::{CREATED_BY, Store, StoreError, process};

/// How often a waiting run looks whether the lock is free.
const POLL: Duration = Duration::from_millis(500);

/// How often it asks a store for a lease that HEAD says someone has. When it is given back, HEAD says so; only its end is not seen. A choice of this
/// project: a twelfth of the lease.
const ASK: Duration = Duration::from_secs(5);

/// Whether a holder that shows no sign of life loses the lock by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Takeover {
    /// After the time that its lease names; at once when it was a process of this machine that has ended.
    #[default]
    Automatic,
    /// Only by `siac lock release`.
    Manual,
}

/// How long to wait for the lock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wait {
    /// At most so long; zero asks once.
    pub timeout: Duration,
    /// Whether a silent holder is taken over.
    pub takeover: Takeover,
}

/// What a waiting run knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Who holds the lock; `None` when the store only knows that someone does.
    pub holder: Option<Holder>,
    /// For how long was waited.
    pub waited: Duration,
    /// After how much more silence of the holder it is taken over; `None` when it is not.
    pub expires: Option<Duration>,
}

/// How long the same signs of life have been seen, on the waiter's own clock: no two clocks are compared.
#[derive(Debug, Default)]
struct Watch {
    seen: Option<(u64, u64, Duration)>,
    /// When the store was last asked for the lease of a holder.
    asked: Option<Duration>,
}

impl Watch {
    /// For how long this HEAD's signs have been the same.
    fn silence(&mut self, head: &Head, now: Duration) -> Duration {
        let signs = (head.epoch, head.lease.beat);
        match self.seen {
            Some((epoch, beat, since)) if (epoch, beat) == signs => now.saturating_sub(since),
            _ => {
                self.seen = Some((signs.0, signs.1, now));
                Duration::ZERO
            }
        }
    }

    /// Whether it is time to ask the store for the lease of a holder, which is then asked.
    fn asks(&mut self, now: Duration) -> bool {
        let is_time = self.asked.is_none_or(|asked| now.saturating_sub(asked) >= ASK);
        if is_time {
            self.asked = Some(now);
        }
        is_time
    }
}

/// What to do about a HEAD that was just read.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// Take it.
    Take,
    /// Take it from a holder that is gone, although the store does not know yet.
    Break,
    /// Wait; `Some` says after how much more silence it is taken.
    Wait(Option<Duration>),
}

/// How it is found out whether a holder lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vigil {
    /// The store knows: it refuses while the holder lives, and lets go of it only when it is dead.
    Certain,
    /// The store refuses until the holder has been silent for too long.
    Leased,
    /// Whoever waits watches.
    Watched,
}

impl Vigil {
    fn of(register: &dyn Register) -> Self {
        match (register.patience(), register.keeps_others_out()) {
            (None, _) => Self::Certain,
            (Some(_), true) => Self::Leased,
            (Some(_), false) => Self::Watched,
        }
    }
}

fn decide(head: Option<&Head>, vigil: Vigil, takeover: Takeover, watch: &mut Watch, now: Duration) -> Turn {
    let Some(head) = head.filter(|head| head.holder.is_some()) else { return Turn::Take };
    let Some(patience) = head.patience().filter(|_| vigil != Vigil::Certain) else { return Turn::Take };
    let left = patience.saturating_sub(watch.silence(head, now));
    let is_gone = || head.holder.as_ref().is_some_and(Holder::has_ended);
    match takeover {
        Takeover::Manual => Turn::Wait(None),
        Takeover::Automatic if is_gone() => Turn::Break,
        Takeover::Automatic if vigil == Vigil::Leased => {
            if watch.asks(now) {
                Turn::Take
            } else {
                Turn::Wait(None)
            }
        }
        Takeover::Automatic if left.is_zero() => Turn::Take,
        Takeover::Automatic => Turn::Wait(Some(left)),
    }
}

/// A data key that was drawn for a HEAD with these keys.
struct Drawn {
    beside: Vec<WrappedKey>,
    sealer: Sealer,
}

/// Why the lock was not taken.
enum NotTaken {
    Later,
    Failed(StoreError),
}

impl Store {
    /// Takes the lock, waiting for it as told. `on_wait` hears who holds it, again and again.
    ///
    /// Fails with [`StoreError::Held`] when the time is over, with [`StoreError::OtherKeys`] when the configured keys are not those that
    /// the state is sealed for.
    pub async fn acquire(
        &self,
        purpose: Purpose,
        wait: &Wait,
        on_wait: &mut (dyn FnMut(&Waiting) + Send),
    ) -> Result<Session, StoreError> {
        let (current, sealer, took_over) = self.take_when_free(purpose, wait, on_wait).await?;
        Session::begin(self.clone(), sealer, current, took_over).await
    }

    async fn take_when_free(
        &self,
        purpose: Purpose,
        wait: &Wait,
        on_wait: &mut (dyn FnMut(&Waiting) + Send),
    ) -> Result<(Current, Sealer, Option<Holder>), StoreError> {
        let clock = &self.parts.clock;
        let vigil = Vigil::of(&*self.parts.register);
        let (started, mut watch, mut drawn, mut gone) = (clock.monotonic(), Watch::default(), None, None);
        loop {
            let current = self.read_head().await?;
            let head = current.as_ref().map(|current| &current.head);
            let holder = head.and_then(|head| head.holder.clone());
            let now = clock.monotonic();
            let mut expires = None;
            match decide(head, vigil, wait.takeover, &mut watch, now) {
                Turn::Wait(left) => expires = left,
                Turn::Break => {
                    if self.break_held(current.as_ref()).await? {
                        gone = holder;
                        continue;
                    }
                }
                Turn::Take => match self.take(current.as_ref(), purpose, &mut drawn).await {
                    Ok((taken, sealer)) => return Ok((taken, sealer, holder.or(gone))),
                    Err(NotTaken::Failed(error)) => return Err(error),
                    Err(NotTaken::Later) => {}
                },
            }
            let waited = clock.monotonic().saturating_sub(started);
            if waited >= wait.timeout {
                return Err(StoreError::Held { holder: holder.map(Box::new), waited });
            }
            on_wait(&Waiting { holder, waited, expires });
            clock.sleep(POLL.min(wait.timeout - waited)).await;
        }
    }

    /// Writes itself into HEAD.
    async fn take(
        &self,
        current: Option<&Current>,
        purpose: Purpose,
        drawn: &mut Option<Drawn>,
    ) -> Result<(Current, Sealer), NotTaken> {
        let head = current.map(|current| &current.head);
        let sealer = self.draw_sealer_once(head, drawn).await.map_err(NotTaken::Failed)?;
        let mine = self.claim(head, &sealer, purpose);
        match self.swap(current, mine, &sealer.key, Hold::Take).await {
            Ok(taken) => Ok((taken, sealer)),
            Err(SwapFault::Lost | SwapFault::Held) => Err(NotTaken::Later),
            Err(SwapFault::Other(error)) => Err(NotTaken::Failed(error)),
        }
    }

    /// A data key for this run: that of an earlier attempt as long as HEAD has the same keys. Whoever waits asks often, and wrapping may be a
    /// call of a cloud each time.
    async fn draw_sealer_once(&self, head: Option<&Head>, drawn: &mut Option<Drawn>) -> Result<Sealer, StoreError> {
        let known = head.map(|head| head.keys.clone()).unwrap_or_default();
        if let Some(Drawn { sealer, .. }) = drawn.as_ref().filter(|drawn| !known.is_empty() && drawn.beside == known) {
            return Ok(sealer.clone());
        }
        let sealer = self.draw_sealer(head).await?;
        *drawn = Some(Drawn { beside: known, sealer: sealer.clone() });
        Ok(sealer)
    }

    /// A data key for this run, before anything is done that needs one.
    pub(super) async fn draw_sealer(&self, head: Option<&Head>) -> Result<Sealer, StoreError> {
        let known = head.map_or(&[][..], |head| &head.keys);
        if !known.is_empty() && !self.changes_keys {
            self.keyring.agree_with(known)?;
        }
        let uuid = head.map_or_else(|| StackUuid(random_16(&*self.parts.entropy)), |head| head.stack_uuid);
        let key = Keyring::draw(&*self.parts.entropy);
        let recipients = self.keyring.wrap(&uuid, &key, known).await?;
        Ok(Sealer { uuid, key, recipients })
    }

    /// HEAD with this run as its holder.
    fn claim(&self, head: Option<&Head>, sealer: &Sealer, purpose: Purpose) -> Head {
        let writer = &self.parts.writer;
        let holder = Holder {
            who: writer.who.clone(),
            host: writer.host.clone(),
            process: writer.process,
            run: writer.run.clone(),
            purpose,
            since: self.parts.clock.now(),
            mark: self.parts.register.patience().and_then(|_| process::own_mark()),
        };
        let duration = self.parts.register.patience().map_or(0, |patience| patience.as_secs().max(1));
        let fresh = self.unborn(sealer);
        let before = head.cloned().unwrap_or(fresh);
        Head {
            epoch: before.epoch + 1,
            holder: Some(holder),
            lease: Lease { beat: 0, duration },
            keys: sealer.recipients.clone(),
            ..before
        }
    }

    /// HEAD before the first.
    fn unborn(&self, sealer: &Sealer) -> Head {
        Head {
            format: FORMAT,
            created_by: CREATED_BY.to_owned(),
            stack_uuid: sealer.uuid,
            stack_name: self.parts.stack.clone(),
            epoch: 0,
            holder: None,
            lease: Lease::default(),
            serial: 0,
            snapshot_id: None::<SnapshotId>,
            prev_hash: None,
            wal_merged_epoch: 0,
            dirty: false,
            writer_nonce: siac_core::model::identity::OpId([0; 16]),
            keys: Vec::new(),
            moved_to: None,
        }
    }

    /// Takes the lock away from whoever has it. The former holder is fenced: it can start nothing more once the next run has closed its
    /// journal. Answers with the former holder.
    ///
    /// Fails with [`StoreError::Held`] where the store knows for certain that the holder lives.
    pub async fn break_lock(&self) -> Result<Option<Holder>, StoreError> {
        let Some(current) = self.read_head().await? else { return Ok(None) };
        let Some(holder) = current.head.holder.clone() else { return Ok(None) };
        match self.write_broken(&current).await {
            Ok(()) => Ok(Some(holder)),
            Err(SwapFault::Other(error)) => Err(error),
            Err(SwapFault::Lost) => Err(StoreError::Refused("the lock changed hands meanwhile; look again".into())),
            Err(SwapFault::Held) => Err(StoreError::Held { holder: Some(Box::new(holder)), waited: Duration::ZERO }),
        }
    }

    /// Takes the lock from a holder that is gone; whether nobody else was faster.
    async fn break_held(&self, current: Option<&Current>) -> Result<bool, StoreError> {
        let Some(current) = current else { return Ok(false) };
        match self.write_broken(current).await {
            Ok(()) => Ok(true),
            Err(SwapFault::Lost | SwapFault::Held) => Ok(false),
            Err(SwapFault::Other(error)) => Err(error),
        }
    }

    /// Writes a HEAD that nobody holds.
    async fn write_broken(&self, current: &Current) -> Result<(), SwapFault> {
        let sealer = self.draw_sealer(Some(&current.head)).await?;
        let broken = Head {
            epoch: current.head.epoch + 1,
            holder: None,
            dirty: true,
            keys: sealer.recipients.clone(),
            ..current.head.clone()
        };
        self.swap(Some(current), broken, &sealer.key, Hold::Break).await.map(drop)
    }

    /// Refuses a store that holds snapshots beyond what HEAD names: HEAD is an old one. One serial more may be what an interrupted
    /// publishing left.
    pub(super) async fn refuse_higher_serials(&self, serial: u64) -> Result<(), StoreError> {
        if self.parts.accept_rollback {
            return Ok(());
        }
        let names = self.list(super::snapshots::FOLDER).await?;
        let highest =
            names.iter().filter_map(|name| super::snapshots::parse_name(name)).map(|(serial, _)| serial).max();
        match highest {
            Some(highest) if highest > serial + 1 => {
                let (seen, found) = (format!("a snapshot of serial {highest}"), format!("a HEAD of serial {serial}"));
                Err(StoreError::RolledBack { seen, found })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(epoch: u64, beat: u64) -> Head {
        let holder = Holder {
            who: "a".into(),
            host: "b".into(),
            process: 1,
            run: "c".into(),
            purpose: Purpose::Apply,
            since: String::new(),
            mark: process::own_mark(),
        };
        Head {
            format: FORMAT,
            created_by: String::new(),
            stack_uuid: StackUuid([0; 16]),
            stack_name: String::new(),
            epoch,
            holder: Some(holder),
            lease: Lease { beat, duration: 60 },
            serial: 0,
            snapshot_id: None,
            prev_hash: None,
            wal_merged_epoch: 0,
            dirty: false,
            writer_nonce: siac_core::model::identity::OpId([0; 16]),
            keys: Vec::new(),
            moved_to: None,
        }
    }

    fn turn(watch: &mut Watch, head: &Head, seconds: u64) -> Turn {
        decide(Some(head), Vigil::Watched, Takeover::Automatic, watch, Duration::from_secs(seconds))
    }

    #[test]
    fn only_unbroken_silence_counts() {
        let mut watch = Watch::default();
        assert_eq!(turn(&mut watch, &held(1, 0), 1_000), Turn::Wait(Some(Duration::from_secs(60))));
        assert_eq!(turn(&mut watch, &held(1, 0), 1_059), Turn::Wait(Some(Duration::from_secs(1))));
        assert_eq!(turn(&mut watch, &held(1, 1), 1_061), Turn::Wait(Some(Duration::from_secs(60))));
        assert_eq!(turn(&mut watch, &held(2, 1), 1_121), Turn::Wait(Some(Duration::from_secs(60))));
        assert_eq!(turn(&mut watch, &held(2, 1), 1_181), Turn::Take);
    }

    #[test]
    fn a_holder_of_this_machine_that_has_ended_is_not_waited_for() {
        // No process was started before the machine was.
        let ended = process::own_mark()
            .expect("this is Linux with a /proc")
            .rsplit_once(' ')
            .map(|(mark, _)| format!("{mark} 0"));
        let left_by = |mark: &Option<String>| {
            let holder = held(1, 0).holder.map(|holder| Holder { mark: mark.clone(), ..holder });
            Head { holder, ..held(1, 0) }
        };
        let ask = |mark: &Option<String>, vigil, takeover| {
            decide(Some(&left_by(mark)), vigil, takeover, &mut Watch::default(), Duration::ZERO)
        };
        for vigil in [Vigil::Watched, Vigil::Leased] {
            assert_eq!(ask(&ended, vigil, Takeover::Automatic), Turn::Break);
            assert_eq!(ask(&ended, vigil, Takeover::Manual), Turn::Wait(None));
            assert_ne!(ask(&process::own_mark(), vigil, Takeover::Automatic), Turn::Break);
            assert_ne!(ask(&None, vigil, Takeover::Automatic), Turn::Break);
        }
    }

    #[test]
    fn a_free_lock_is_taken_and_a_manual_one_never() {
        let mut watch = Watch::default();
        let free = Head { holder: None, ..held(1, 0) };
        assert_eq!(turn(&mut watch, &free, 0), Turn::Take);
        let mut ask = |vigil, takeover| decide(Some(&held(1, 0)), vigil, takeover, &mut watch, Duration::ZERO);
        assert_eq!(ask(Vigil::Watched, Takeover::Manual), Turn::Wait(None));
        assert_eq!(ask(Vigil::Leased, Takeover::Manual), Turn::Wait(None));
        assert_eq!(ask(Vigil::Leased, Takeover::Automatic), Turn::Take);
        assert_eq!(ask(Vigil::Certain, Takeover::Manual), Turn::Take);
    }

    #[test]
    fn the_lease_of_a_holder_is_asked_for_now_and_then_and_a_free_one_at_once() {
        let mut watch = Watch::default();
        let mut ask = |head: &Head, milliseconds| {
            decide(Some(head), Vigil::Leased, Takeover::Automatic, &mut watch, Duration::from_millis(milliseconds))
        };
        assert_eq!(ask(&held(1, 0), 1_000), Turn::Take);
        assert_eq!(ask(&held(1, 0), 1_500), Turn::Wait(None));
        assert_eq!(ask(&held(1, 1), 5_999), Turn::Wait(None));
        assert_eq!(ask(&held(1, 1), 6_000), Turn::Take);
        assert_eq!(ask(&Head { holder: None, ..held(1, 1) }, 6_500), Turn::Take);
    }
}
