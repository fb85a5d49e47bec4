//! An update that is under way: a release that is started, and then takes over at once or step by step.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::front::Front;
use super::instance::probe;
use super::keeper::{Keeper, Slot};
use super::protocol::{Reply, Traffic};
use super::status::Shift;
use super::upstream::{Tally, Upstream};
use crate::process::now;

/// So many answers of 500 and above are put down to chance. A choice of this project.
const LEAST_FAILURES: u64 = 5;
/// By so many percentage points a new release may fail more often than the present one. A choice of this project.
const MARGIN: u64 = 5;
/// So many probes in a row must fail before a release does. A choice of this project.
const UNWELL: u32 = 2;

/// A release that is to take over.
pub struct Rollout {
    /// The release.
    pub keeper: Keeper,
    /// The new address, when it moves.
    pub front: Option<Front>,
    /// Who wants to know how it ends.
    pub asked: Vec<oneshot::Sender<Reply>>,
    /// Its steps, when it takes over step by step.
    pub stage: Stage,
    /// What is waited for; it ends well, or with the reason why the release is refused.
    waiting: JoinHandle<Result<(), String>>,
    since: u64,
    /// What the present releases had been given when the first step began.
    present: Vec<(Arc<Upstream>, Tally)>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its processes become ready.
    Starting,
    /// It stands the step of this index.
    Baking(usize),
}

impl Rollout {
    /// A release whose processes are being started.
    pub fn new(keeper: Keeper, readiness: JoinHandle<Result<(), String>>, front: Option<Front>) -> Self {
        let (asked, present) = (Vec::new(), Vec::new());
        Self { keeper, front, asked, stage: Stage::Starting, waiting: readiness, since: now(), present }
    }

    /// Returns when what is waited for has ended. It must not be called again before the next step has begun.
    pub async fn outcome(&mut self) -> Result<(), String> {
        (&mut self.waiting).await.unwrap_or_else(|_| Err("it was given up".to_owned()))
    }

    /// The share, in percent, of the step that comes next, if there is one.
    pub fn next_step(&self) -> Option<(usize, u8)> {
        let Traffic::Canary { steps, .. } = &self.keeper.release.traffic else { return None };
        let index = match self.stage {
            Stage::Starting => 0,
            Stage::Baking(index) => index + 1,
        };
        Some((index, *steps.get(index)?))
    }

    /// The share, in percent, that it has now.
    pub fn weight(&self) -> u8 {
        match (&self.keeper.release.traffic, self.stage) {
            (Traffic::Canary { steps, .. }, Stage::Baking(index)) => steps.get(index).copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// Begins a step. Its share must have been given to it.
    pub fn bake(&mut self, index: usize, present: impl Iterator<Item = Arc<Upstream>>) {
        let Traffic::Canary { bake, .. } = self.keeper.release.traffic else { return };
        if self.stage == Stage::Starting {
            self.present = present.map(|upstream| (Arc::clone(&upstream), upstream.tally())).collect();
        }
        (self.stage, self.since) = (Stage::Baking(index), now());
        let trial = Trial {
            release: Arc::clone(&self.keeper.upstream),
            slots: self.keeper.slots.clone(),
            health: self.keeper.release.health.clone(),
            began: self.keeper.upstream.tally(),
            present: self.present.clone(),
        };
        self.waiting = tokio::spawn(trial.stand(bake));
    }

    /// What there is to say of it.
    pub fn shift(&self) -> Shift {
        let steps = match &self.keeper.release.traffic {
            Traffic::Canary { steps, .. } => steps.clone(),
            _ => Vec::new(),
        };
        let step = match self.stage {
            Stage::Starting => 0,
            Stage::Baking(index) => index + 1,
        };
        Shift { op: self.keeper.release.op, steps, step, since: self.since }
    }

    /// Gives it up; whoever divides new connections must have taken its share away. What was waited for is waited for no more.
    pub fn give_up(self) -> (Keeper, Vec<oneshot::Sender<Reply>>) {
        self.waiting.abort();
        (self.keeper, self.asked)
    }
}

/// A release that is watched during one step.
struct Trial {
    release: Arc<Upstream>,
    slots: watch::Receiver<Vec<Slot>>,
    health: Option<String>,
    began: Tally,
    present: Vec<(Arc<Upstream>, Tally)>,
}

impl Trial {
    /// Ends well when the release has stood its time, or with the reason why it has not.
    async fn stand(mut self, bake: Duration) -> Result<(), String> {
        let deadline = Instant::now() + bake;
        let pause = (bake / 10).clamp(Duration::from_millis(50), Duration::from_secs(5));
        let mut unwell = 0;
        loop {
            let next = (Instant::now() + pause).min(deadline.max(Instant::now()));
            tokio::select! {
                why = fall(&mut self.slots) => return Err(why),
                () = sleep_until(next) => {}
            }
            match self.is_well().await {
                Ok(()) => unwell = 0,
                Err(why) if unwell + 1 >= UNWELL => return Err(format!("its probe failed: {why}")),
                Err(_) => unwell += 1,
            }
            self.compare()?;
            if unwell == 0 && Instant::now() >= deadline {
                return Ok(());
            }
        }
    }

    async fn is_well(&self) -> Result<(), String> {
        for port in self.release.ports() {
            probe(port, self.health.as_deref()).await?;
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), String> {
        let own = self.release.tally().since(self.began);
        let others = self.present.iter().map(|(upstream, began)| upstream.tally().since(*began));
        let present = others.fold(Tally::default(), |sum, tally| Tally {
            taken: sum.taken + tally.taken,
            failed: sum.failed + tally.failed,
        });
        if !fails_more(own, present) {
            return Ok(());
        }
        let told = |tally: Tally| format!("{} of {} requests", tally.failed, tally.taken);
        Err(format!("it answered {} with 500 or above, the release before it {}", told(own), told(present)))
    }
}

/// Returns, with the reason, when a process of a new release has ended.
async fn fall(slots: &mut watch::Receiver<Vec<Slot>>) -> String {
    let exit = |slots: &Vec<Slot>| slots.iter().find_map(|slot| slot.process.last_exit.clone());
    match slots.wait_for(|slots| exit(slots).is_some()).await {
        Ok(slots) => format!("a process of it ended {}", exit(&slots).unwrap_or_default()),
        Err(_) => "it was given up".to_owned(),
    }
}

/// Whether a release fails more often than the one before it, by more than chance and the margin allow.
fn fails_more(own: Tally, present: Tally) -> bool {
    let others = present.taken.max(1);
    own.failed >= LEAST_FAILURES && own.failed * 100 * others > own.taken * (present.failed * 100 + MARGIN * others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_fails_when_it_fails_more_often_than_the_one_before_it() {
        let tally = |taken, failed| Tally { taken, failed };
        for (own, present, fails) in [
            (tally(4, 4), tally(0, 0), false),
            (tally(5, 5), tally(0, 0), true),
            (tally(100, 5), tally(0, 0), false),
            (tally(99, 5), tally(0, 0), true),
            (tally(100, 15), tally(900, 90), false),
            (tally(100, 16), tally(900, 90), true),
            (tally(100, 100), tally(10, 10), false),
        ] {
            assert_eq!(fails_more(own, present), fails, "{own:?} beside {present:?}");
        }
    }
}
