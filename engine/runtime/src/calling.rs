//! One provider operation, from its durable intent to its outcome: attempts, hard timeouts, retries, and the doubt in between.

mod attempt;
mod bounds;
mod checkpoint;
mod looking;
mod patience;

use std::sync::Arc;
use std::time::Duration;

use siac_core::deployment::Call as PlannedCall;
use siac_core::deployment::seal::{Sealer, StackSecret, fingerprint};
use siac_core::model::event::{Outcome, Progress, Verb};
use siac_core::model::schema::{KindSchema, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::value::Known;
use siac_core::ports::{Fault, Observed, Provider};
use tokio::sync::mpsc;

use crate::journal::Fence;
use crate::world::World;

use checkpoint::CheckpointDesk;

pub(crate) use bounds::Bounds;
pub(crate) use checkpoint::Saving;
pub(crate) use looking::{NoFence, NothingToSave};
pub use patience::Patience;

/// News from a running operation.
#[derive(Debug)]
pub(crate) enum News {
    /// The service that offers this kind asks for less.
    Throttled {
        /// The provider instance.
        provider: String,
        /// The kind.
        kind: String,
    },
    /// Something for the screen.
    Progress(Progress),
}

/// An operation whose intent is durable.
pub(crate) struct Operation {
    call: PlannedCall,
    provider: Arc<dyn Provider>,
    kind: KindSchema,
    key: StackSecret,
    desk: Arc<CheckpointDesk>,
    bounds: Bounds,
    news: mpsc::UnboundedSender<News>,
}

/// What all operations of a run share.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub world: Arc<World>,
    pub key: StackSecret,
    pub fence: Arc<dyn Fence>,
    pub news: mpsc::UnboundedSender<News>,
    pub savings: mpsc::UnboundedSender<Saving>,
    pub patience: Patience,
}

/// How an operation ended: with an outcome, or left open for the next run to settle, and why.
pub(crate) type Ended = Result<Outcome, LeftOpen>;

/// The outcome is not known and could not be settled by this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOpen(pub String);

/// What an ambiguous attempt came to.
enum Doubt {
    /// It is settled.
    Settled(Ended),
    /// Nothing of it exists, and nothing of it can arrive any more: it may be tried anew.
    Dispelled,
    /// Repeating the very same call settles it.
    Repeat,
}

impl Operation {
    /// An operation; fails with a sentence when this run has no provider for it.
    pub fn new(call: PlannedCall, checkpoint: Option<Vec<u8>>, around: Surroundings) -> Result<Self, String> {
        let intent = &call.intent;
        let provider = around.world.provider(&intent.provider)?.clone();
        let kind = around.world.kind(&intent.provider, &intent.address)?.clone();
        let desk = Arc::new(CheckpointDesk::new(intent, checkpoint, around.savings, around.news.clone()));
        let Surroundings { world, key, fence, news, patience, .. } = around;
        let bounds = Bounds { world, fence, patience, limit: kind.timeout };
        Ok(Self { call, provider, kind, key, desk, bounds, news })
    }

    /// Carries the operation out. An attempt whose answer is lost is settled by the kind's recovery class before anything else.
    pub async fn carry_out(&self, mut in_doubt: bool) -> Ended {
        let started = self.bounds.world.clock.monotonic();
        let mut attempt = 1;
        loop {
            if !self.bounds.fence.may_call() {
                return barred(in_doubt);
            }
            let fault = match self.attempt().await {
                Ok(outcome) => return Ok(outcome),
                Err(fault) => fault,
            };
            match &fault {
                Fault::Partial { observed, why } => return Ok(self.partial((**observed).clone(), why)),
                Fault::Unknowable { why } => return Ok(unknown(why)),
                Fault::Rejected { why } if in_doubt => return self.last_look(why).await,
                Fault::Rejected { why } => return Ok(Outcome::Failed { why: why.clone() }),
                Fault::Ambiguous { why } => match self.settle_doubt(why).await {
                    Doubt::Settled(ended) => return ended,
                    Doubt::Dispelled => in_doubt = false,
                    Doubt::Repeat => in_doubt = true,
                },
                Fault::Transient { .. } | Fault::NotYet { .. } => {}
            }
            let Some(wait) = self.bounds.wait(attempt, started, &fault) else {
                let why = format!("{fault} (given up after {attempt} attempts)");
                return if in_doubt { self.last_look(&why).await } else { Ok(Outcome::Failed { why }) };
            };
            attempt += 1;
            self.announce_retry(&fault, wait, attempt);
            self.bounds.world.clock.sleep(wait).await;
        }
    }

    /// What is called, and how it is recovered.
    pub fn kind_of_call(&self) -> (Verb, RecoveryClass) {
        (self.call.intent.verb, self.call.intent.class)
    }

    /// Whether the provider left something with which the very same call can be resumed.
    pub fn can_resume(&self) -> bool {
        self.desk.last().is_some()
    }

    /// What an attempt without an answer came to, by the kind's recovery class.
    async fn settle_doubt(&self, why: &str) -> Doubt {
        use RecoveryClass::{Name, Nothing, Put, Tag, Token};
        if self.can_resume() {
            return Doubt::Repeat;
        }
        match (self.call.intent.verb, self.call.intent.class) {
            (Verb::Read | Verb::Import, _) => Doubt::Dispelled,
            // A token makes two of one; a delete by an identity that is never given again is done when it is done.
            (Verb::Create, Token) | (Verb::Delete, Token | Tag) => Doubt::Repeat,
            // Repeating has the effect of one, as long as the first cannot arrive after what comes next.
            (Verb::Create, Put) | (Verb::Delete, Name | Put) | (Verb::Update, Token | Put | Name | Tag) => {
                self.drain().await;
                Doubt::Repeat
            }
            (Verb::Create, Name | Tag) => match self.found_after_drain().await {
                Ok(Some(outcome)) => Doubt::Settled(Ok(outcome)),
                Ok(None) => Doubt::Dispelled,
                Err(open) => Doubt::Settled(Err(open)),
            },
            (Verb::Create, Nothing) => Doubt::Settled(Ok(unknown(why))),
            (Verb::Update | Verb::Delete, Nothing) => Doubt::Settled(self.look_after_drain(why).await),
        }
    }

    /// The last resort of a call that was repeated in vain: wait until nothing of it can arrive any more, then look.
    async fn last_look(&self, why: &str) -> Ended {
        match self.call.intent.verb {
            Verb::Create => Ok(match self.found_after_drain().await? {
                Some(outcome) => outcome,
                None => Outcome::Failed { why: why.to_owned() },
            }),
            Verb::Update | Verb::Delete => self.look_after_drain(why).await,
            Verb::Read | Verb::Import => Ok(Outcome::Failed { why: why.to_owned() }),
        }
    }

    /// Waits until a request that was sent can no longer arrive.
    pub async fn drain(&self) {
        let drain = self.kind.drain;
        if !drain.is_zero() {
            let milliseconds = u64::try_from(drain.as_millis()).unwrap_or(u64::MAX);
            self.tell(Progress::Draining { milliseconds });
            self.bounds.world.clock.sleep(drain).await;
        }
    }

    /// After the drain: the object that this create made, if it made one.
    pub async fn found_after_drain(&self) -> Result<Option<Outcome>, LeftOpen> {
        self.drain().await;
        let mut hits = match self.found().await {
            Err(Fault::Unknowable { why }) => return Ok(Some(unknown(&why))),
            hits => hits.map_err(|fault| LeftOpen(fault.to_string()))?,
        };
        if self.call.intent.class == RecoveryClass::Tag {
            hits = self.stable(hits).await?;
        }
        let mut hits = hits.into_iter();
        let Some(ours) = hits.next() else { return Ok(None) };
        for surplus in hits {
            self.remove_surplus(&surplus).await?;
        }
        Ok(Some(Outcome::Present(self.sealer().after_call(&self.call.inputs, ours))))
    }

    /// Tag indexes lag: looks again until two looks agree.
    async fn stable(&self, mut hits: Vec<Observed>) -> Result<Vec<Observed>, LeftOpen> {
        loop {
            self.bounds.world.clock.sleep(self.bounds.patience.index_lag).await;
            let again = self.find().await?;
            let agree = hits.len() == again.len() && hits.iter().zip(&again).all(|(a, b)| a.remote == b.remote);
            if agree {
                return Ok(again);
            }
            hits = again;
        }
    }

    /// After the drain: what became of an object that was to be changed or deleted.
    pub async fn look_after_drain(&self, why: &str) -> Ended {
        self.drain().await;
        let Some(remembered) = &self.call.object else { return Ok(unknown(why)) };
        let Some(observed) = self.look(remembered).await? else { return Ok(Outcome::Absent) };
        Ok(match self.call.intent.verb {
            Verb::Update if self.shows_what_was_sent(remembered, &observed) => {
                Outcome::Present(self.sealer().after_call(&self.call.inputs, observed))
            }
            Verb::Update if self.call.intent.class == RecoveryClass::Nothing => unknown(why),
            _ => Outcome::Failed { why: why.to_owned() },
        })
    }

    /// After the drain: an object that may have been changed, as it is, whether it shows what was sent or not.
    pub async fn true_state_after_drain(&self, why: &str) -> Ended {
        self.drain().await;
        let Some(remembered) = &self.call.object else { return Ok(unknown(why)) };
        let Some(observed) = self.look(remembered).await? else { return Ok(Outcome::Absent) };
        Ok(match self.shows_what_was_sent(remembered, &observed) {
            true => Outcome::Present(self.sealer().after_call(&self.call.inputs, observed)),
            false => {
                Outcome::Partial { observation: self.sealer().after_read(remembered, observed), why: why.to_owned() }
            }
        })
    }

    /// Whether the object shows everything that this call was to change. What the provider cannot show is no evidence.
    fn shows_what_was_sent(&self, remembered: &Object, observed: &Observed) -> bool {
        let digest = |value: &Known| fingerprint(&self.key, value);
        let shows = |name: &String, sent: &Known| match observed.inputs.get(name) {
            Some(seen) => digest(seen) == digest(sent),
            None => self.call.inputs.stored.get(name) == remembered.inputs.get(name),
        };
        let mut sent = self.call.inputs.known.as_map().into_iter().flatten().filter(|(_, value)| !value.is_null());
        sent.all(|(name, value)| shows(name, value))
    }

    fn partial(&self, observed: Observed, why: &str) -> Outcome {
        let observation = self.sealer().after_call(&self.call.inputs, observed);
        Outcome::Partial { observation, why: why.to_owned() }
    }

    pub fn sealer(&self) -> Sealer<'_> {
        Sealer { kind: &self.kind, address: &self.call.intent.address, key: &self.key }
    }

    fn announce_retry(&self, fault: &Fault, wait: Duration, attempt: u32) {
        if let Fault::Transient { throttled: true, .. } = fault {
            // A closed channel means that nobody listens any more; the operation goes on.
            let (provider, kind) = (self.call.intent.provider.clone(), self.call.intent.address.kind.clone());
            let _ = self.news.send(News::Throttled { provider, kind });
        }
        let after = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let address = self.call.intent.address.clone();
        self.tell(Progress::Retrying { address, why: fault.to_string(), after, attempt });
    }

    fn tell(&self, progress: Progress) {
        let _ = self.news.send(News::Progress(progress));
    }
}

/// No call may start: one that was never sent has failed, one in doubt is left to the next holder.
fn barred(in_doubt: bool) -> Ended {
    let why = "this run may have lost the lock, so that no further call was started".to_owned();
    if in_doubt { Err(LeftOpen(why)) } else { Ok(Outcome::Failed { why }) }
}

fn unknown(why: &str) -> Outcome {
    Outcome::Unknown { why: why.to_owned() }
}
