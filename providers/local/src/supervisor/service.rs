//! A service: its address, the releases that share it, the one that is to take over, and those on their way out.

mod address;
mod telling;

use std::sync::Arc;
use std::time::Duration;

use siac_core::model::identity::OpId;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::front::{Closed, Front};
use super::keeper::{BRIEF, Keeper, Slot};
use super::log::{Log, Scribe};
use super::protocol::{Release, Reply, Traffic};
use super::rollout::{Rollout, Stage};
use super::status::Health;
use super::switchboard::Switchboard;
use super::upstream::Upstream;
use crate::process::now;

/// How long a supervisor without a service waits to be given one.
const IDLE: Duration = Duration::from_secs(10);

/// A release that takes connections, and how many of the new ones, in percent.
struct Serving {
    keeper: Keeper,
    weight: u8,
}

/// A release that was replaced and still serves its last connections.
struct Leaving {
    release: Arc<Release>,
    upstream: Arc<Upstream>,
    slots: watch::Receiver<Vec<Slot>>,
    done: JoinHandle<()>,
}

/// What a service has waited for.
pub enum News {
    /// The update under way has come this far.
    Outcome(Result<(), String>),
    /// There is nothing more to keep.
    Over,
}

/// A service.
pub struct Service {
    since: u64,
    /// Where new connections go.
    pub board: Arc<Switchboard>,
    front: Option<Front>,
    closed: Option<Closed>,
    /// The older one first, where there are two.
    serving: Vec<Serving>,
    rollout: Option<Rollout>,
    leaving: Vec<Leaving>,
    /// The latest operation that was refused, and why: asked once more, it is answered the same.
    refused: Option<(OpId, String)>,
    /// Who waits for the service to stop; `None` while it is not to.
    stopping: Option<Vec<oneshot::Sender<Reply>>>,
}

impl Service {
    /// A service without a release.
    pub fn new() -> Self {
        Self {
            since: now(),
            board: Switchboard::new(),
            front: None,
            closed: None,
            serving: Vec::new(),
            rollout: None,
            leaving: Vec::new(),
            refused: None,
            stopping: None,
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// Makes a release the one that serves, and answers once it is, or with the reason why it is not; then everything is as it was.
    pub async fn apply(&mut self, release: Release, answer: oneshot::Sender<Reply>) {
        // Whoever asked may be dead; what was done stays done, and the next one asks again.
        if self.is_stopping() {
            let _ = answer.send(Reply::Stopped);
        } else if self.newest().is_some_and(|newest| newest.keeper.release.op == release.op) {
            let _ = answer.send(self.told());
        } else if let Some(rollout) = self.rollout.as_mut().filter(|rollout| rollout.keeper.release.op == release.op) {
            rollout.asked.push(answer);
        } else if let Some((_, why)) = self.refused.as_ref().filter(|(op, _)| *op == release.op) {
            let _ = answer.send(Reply::Refused { why: why.clone(), serving: !self.serving.is_empty() });
        } else {
            self.begin(release, answer).await;
        }
    }

    fn newest(&self) -> Option<&Serving> {
        self.serving.last()
    }

    async fn begin(&mut self, release: Release, answer: oneshot::Sender<Reply>) {
        if let Some(rollout) = self.rollout.take() {
            self.withdraw(rollout, "a later update took its place", true).await;
        }
        let op = release.op;
        let opened = match self.open_front(&release).await {
            Ok(front) => open_log(&release).map(|scribe| (front, scribe)),
            Err(why) => Err(why),
        };
        match opened {
            Ok((front, scribe)) => {
                let (keeper, readiness) = Keeper::start(release, scribe, &self.board);
                let mut rollout = Rollout::new(keeper, readiness, front);
                rollout.asked.push(answer);
                self.rollout = Some(rollout);
            }
            Err(why) => self.refuse(op, why, [answer]),
        }
    }

    /// Returns when something has happened that the service itself waits for.
    pub async fn news(&mut self) -> News {
        match &mut self.rollout {
            _ if self.stopping.is_some() => emptied(&mut self.leaving).await,
            Some(rollout) => return News::Outcome(rollout.outcome().await),
            None if self.serving.is_empty() => sleep(IDLE).await,
            None => std::future::pending().await,
        }
        News::Over
    }

    /// Goes on with the update under way, after what it was waiting for.
    pub async fn advance(&mut self, outcome: Result<(), String>) {
        let Some(mut rollout) = self.rollout.take() else { return };
        if let Err(why) = outcome {
            let why = match rollout.stage {
                Stage::Starting => why,
                Stage::Baking(_) => rollout.keeper.with_last_lines(&why),
            };
            return self.withdraw(rollout, &why, false).await;
        }
        let moves = match rollout.stage {
            Stage::Starting => self.move_to(&mut rollout).await,
            Stage::Baking(_) => Ok(false),
        };
        match moves {
            Err(why) => self.withdraw(rollout, &why, false).await,
            Ok(has_moved) if has_moved || !self.can_compare() => self.complete(rollout),
            Ok(_) => match rollout.next_step() {
                Some((index, weight)) => self.step(rollout, index, weight),
                None => self.complete(rollout),
            },
        }
    }

    /// Whether there is a release that a new one can be measured by.
    fn can_compare(&self) -> bool {
        self.newest().is_some_and(|newest| newest.keeper.health() == Health::Running)
    }

    fn step(&mut self, mut rollout: Rollout, index: usize, weight: u8) {
        let rest = self
            .serving
            .iter()
            .map(|it| (Arc::clone(&it.keeper.upstream), u32::from(it.weight) * u32::from(100 - weight)));
        let own = (Arc::clone(&rollout.keeper.upstream), u32::from(weight) * 100);
        self.board.divide(rest.chain([own]));
        rollout.bake(index, self.serving.iter().map(|it| Arc::clone(&it.keeper.upstream)));
        self.rollout = Some(rollout);
    }

    /// Gives all new connections to the releases that serve.
    fn divide(&self) {
        self.board.divide(self.serving.iter().map(|it| (Arc::clone(&it.keeper.upstream), u32::from(it.weight))));
    }

    fn complete(&mut self, rollout: Rollout) {
        let Rollout { keeper, asked, .. } = rollout;
        let before = match keeper.release.traffic {
            Traffic::Fixed { share } if !self.serving.is_empty() => {
                let replaced = self.serving.split_off(1);
                self.serving[0].weight = 100 - share;
                self.serving.push(Serving { keeper, weight: share });
                replaced
            }
            _ => std::mem::replace(&mut self.serving, vec![Serving { keeper, weight: 100 }]),
        };
        self.divide();
        before.into_iter().for_each(|serving| self.release(serving));
        for answer in asked {
            let _ = answer.send(self.told());
        }
    }

    /// Takes a release back that is not to serve after all.
    async fn withdraw(&mut self, mut rollout: Rollout, why: &str, is_replaced: bool) {
        self.divide();
        if let Some(front) = rollout.front.take() {
            front.close().await;
        }
        let op = rollout.keeper.release.op;
        let grace = match rollout.stage {
            Stage::Starting => BRIEF,
            Stage::Baking(_) => rollout.keeper.release.grace,
        };
        let (keeper, asked) = rollout.give_up();
        self.let_go(keeper, grace);
        if is_replaced {
            for answer in asked {
                let _ = answer.send(Reply::Refused { why: why.to_owned(), serving: true });
            }
        } else {
            self.refuse(op, why.to_owned(), asked);
        }
    }

    fn refuse(&mut self, op: OpId, why: String, asked: impl IntoIterator<Item = oneshot::Sender<Reply>>) {
        let serving = !self.serving.is_empty();
        for answer in asked {
            let _ = answer.send(Reply::Refused { why: why.clone(), serving });
        }
        self.refused = Some((op, why));
        if !serving {
            // Without a release there is nothing to keep.
            self.stopping.get_or_insert_default();
        }
    }

    fn release(&mut self, serving: Serving) {
        let grace = serving.keeper.release.grace;
        self.let_go(serving.keeper, grace);
    }

    fn let_go(&mut self, keeper: Keeper, grace: Duration) {
        self.leaving.retain(|leaving| !leaving.done.is_finished());
        self.leaving.push(Leaving {
            release: Arc::clone(&keeper.release),
            upstream: Arc::clone(&keeper.upstream),
            slots: keeper.slots.clone(),
            done: tokio::spawn(keeper.finish(grace)),
        });
    }

    /// Closes the socket and lets every release go.
    pub async fn stop(&mut self, answer: Option<oneshot::Sender<Reply>>) {
        self.stopping.get_or_insert_default().extend(answer);
        if let Some(front) = self.front.take() {
            self.closed = Some(front.close().await);
        }
        self.board.divide([]);
        if let Some(rollout) = self.rollout.take() {
            self.withdraw(rollout, "the service was stopped", true).await;
        }
        std::mem::take(&mut self.serving).into_iter().for_each(|serving| self.release(serving));
    }

    /// Lets the last answers leave, and tells whoever has asked that it is over.
    pub async fn end(self) {
        if let Some(closed) = self.closed {
            closed.flushed().await;
        }
        for answer in self.stopping.into_iter().flatten() {
            let _ = answer.send(Reply::Stopped);
        }
    }

    fn told(&self) -> Reply {
        Reply::Status(Box::new(self.status().measured()))
    }
}

/// Returns when every process of these has ended.
async fn emptied(leaving: &mut Vec<Leaving>) {
    loop {
        leaving.retain(|leaving| !leaving.done.is_finished());
        let Some(first) = leaving.first_mut() else { return };
        // It ends in any case.
        let _ = (&mut first.done).await;
    }
}

/// The log of a release, to be written.
fn open_log(release: &Release) -> Result<Scribe, String> {
    let log = Log::open(&release.log).map(|log| Scribe::new(log, &release.secrets));
    log.map_err(|error| format!("cannot open the log `{}`: {error}", release.log.path.display()))
}
