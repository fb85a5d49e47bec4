//! Settles what an earlier run left open. It neither continues that run nor takes it back: it finds out what is true.
//!
//! A create is settled by its kind's recovery class: repeated where repeating has the effect of one, otherwise looked for. An update is
//! looked at. A delete is repeated, because deleting what is gone is success. Whatever could still arrive late is waited for first.
//! What nobody can tell stays unknown, and is never done again in silence.

use std::collections::VecDeque;
use std::sync::Arc;

use siac_core::deployment::resolve::{Resolved, resolve};
use siac_core::deployment::{Call, Ledger, OpenCall};
use siac_core::model::event::{Event, EventSink, Fact, Intent, Outcome, Progress, Verb};
use siac_core::model::identity::OpId;
use siac_core::model::schema::RecoveryClass;
use siac_core::model::snapshot::{Object, Snapshot};
use siac_core::model::value::{Known, Partial, Value};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::calling::{Ended, LeftOpen, News, Operation, Patience, Saving, Surroundings};
use crate::executor::{PARALLELISM, Unwritten};
use crate::journal::{Journal, JournalFault};
use crate::stop::Stop;
use crate::world::World;

/// What is true after an interrupted run.
#[derive(Debug)]
pub struct Recovered {
    /// The world as it is by all that is durable.
    pub snapshot: Snapshot,
    /// How many calls were open.
    pub found: usize,
    /// Calls whose outcome nobody can tell, earlier ones included; the snapshot remembers them as unsettled.
    pub unknown: Vec<Intent>,
    /// Calls that could not be settled now, and why. While there are any, nothing may be planned or published.
    pub open: Vec<(Intent, String)>,
    /// Outcomes that the journal did not take.
    pub unwritten: Option<Unwritten>,
}

impl Recovered {
    /// Whether everything is settled, so that the snapshot may be published and planned from.
    pub fn is_settled(&self) -> bool {
        self.open.is_empty() && self.unwritten.is_none()
    }
}

/// Settles the calls that the facts of unmerged epochs leave open, and appends the outcomes to this run's journal.
///
/// `base` is the published snapshot and `facts` everything that was journaled since, oldest first.
pub async fn recover<'f>(
    base: Snapshot,
    facts: impl IntoIterator<Item = &'f Fact>,
    world: Arc<World>,
    journal: &mut dyn Journal,
    sink: &mut dyn EventSink,
    mut stop: Stop,
    patience: Patience,
) -> Recovered {
    let ledger = Ledger::replay(base, facts);
    let found = ledger.open.len();
    if found > 0 {
        // Recovery does not end because a listener wants to: what is open must be settled before anything else.
        let _ = sink.emit(&Event::Progress(Progress::Recovering { open: found }));
        // What is open is told anew, so that listeners know which resources the outcomes are of.
        for open in ledger.open.values() {
            let _ = sink.emit(&Event::Fact(Fact::Intended(Box::new(open.intent.clone()))));
        }
    }
    let (mut bench, inbox) = Bench::new(ledger, world, journal, patience);
    let lost = tokio::select! {
        biased;
        lost = bench.settle_all(inbox, journal, sink) => lost,
        () = stop.now() => None,
    };
    bench.close(found, lost)
}

/// The channels on which running operations report.
struct Inbox {
    news: mpsc::UnboundedReceiver<News>,
    savings: mpsc::UnboundedReceiver<Saving>,
}

/// Where open calls are settled.
struct Bench {
    ledger: Ledger,
    around: Surroundings,
    waiting: VecDeque<OpId>,
    running: JoinSet<(OpId, Ended)>,
    left: Vec<(OpId, String)>,
}

impl Bench {
    fn new(ledger: Ledger, world: Arc<World>, journal: &dyn Journal, patience: Patience) -> (Self, Inbox) {
        let (news_sender, news) = mpsc::unbounded_channel();
        let (savings_sender, savings) = mpsc::unbounded_channel();
        let key = ledger.snapshot.stack_secret.clone();
        let fence = journal.fence();
        let around = Surroundings { world, key, fence, news: news_sender, savings: savings_sender, patience };
        let waiting = ledger.open.keys().copied().collect();
        (Self { ledger, around, waiting, running: JoinSet::new(), left: Vec::new() }, Inbox { news, savings })
    }

    /// Settles everything, a few at a time; ends early with the facts that the journal did not take.
    async fn settle_all(
        &mut self,
        mut inbox: Inbox,
        journal: &mut dyn Journal,
        sink: &mut dyn EventSink,
    ) -> Option<Unwritten> {
        loop {
            self.fill();
            if self.running.is_empty() {
                return None;
            }
            let facts = tokio::select! {
                biased;
                Some(saving) = inbox.savings.recv() => match save(saving, journal).await {
                    Ok(fact) => vec![fact],
                    Err(fault) => return Some(Unwritten { fault, facts: Vec::new() }),
                },
                Some(ended) = self.running.join_next() => {
                    let facts = ended.map_or_else(|_| Vec::new(), |(op, ended)| self.outcome(op, ended));
                    if let Err(fault) = append(&facts, journal).await {
                        return Some(Unwritten { fault, facts });
                    }
                    facts
                }
                Some(News::Progress(progress)) = inbox.news.recv() => {
                    let _ = sink.emit(&Event::Progress(progress));
                    Vec::new()
                }
            };
            for fact in facts {
                self.ledger.evolve(&fact);
                let _ = sink.emit(&Event::Fact(fact));
            }
        }
    }

    /// Starts as many as may run at once.
    fn fill(&mut self) {
        while self.running.len() < PARALLELISM {
            let Some(op) = self.waiting.pop_front() else { return };
            let Some(open) = self.ledger.open.get(&op).cloned() else { continue };
            let (call, is_as_sent) = self.call_again(&open);
            match Operation::new(call, open.checkpoint, self.around.clone()) {
                Ok(operation) => {
                    self.running.spawn(async move { (op, settle(operation, is_as_sent).await) });
                }
                Err(why) => self.left.push((op, why)),
            }
        }
    }

    /// The call as it was made, and whether its inputs are those that were sent: secrets may have changed since.
    fn call_again(&self, open: &OpenCall) -> (Call, bool) {
        let snapshot = &self.ledger.snapshot;
        let intent = open.intent.clone();
        let object = remembered(snapshot, &intent);
        let resolved = resolve(&intent.inputs, snapshot, &self.around.world.secrets).ok();
        let is_as_sent = resolved.as_ref().is_some_and(|resolved| resolved.stored == intent.inputs);
        let inputs = resolved.unwrap_or_else(|| without_holes(&intent.inputs));
        (Call { intent, inputs, object }, is_as_sent)
    }

    fn outcome(&mut self, op: OpId, ended: Ended) -> Vec<Fact> {
        match ended {
            Ok(outcome) => vec![Fact::Settled { op, outcome: Box::new(outcome) }],
            Err(LeftOpen(why)) => {
                self.left.push((op, why));
                Vec::new()
            }
        }
    }

    fn close(self, found: usize, unwritten: Option<Unwritten>) -> Recovered {
        let why = |op: &OpId| {
            let left = self.left.iter().find(|(left, _)| left == op);
            left.map_or_else(|| "recovery was stopped".to_owned(), |(_, why)| why.clone())
        };
        let open = self.ledger.open.iter().map(|(op, open)| (open.intent.clone(), why(op))).collect();
        let unknown = self.ledger.snapshot.unsettled.values().cloned().collect();
        Recovered { snapshot: self.ledger.snapshot, found, unknown, open, unwritten }
    }
}

/// What became of one open call.
async fn settle(operation: Operation, is_as_sent: bool) -> Ended {
    use RecoveryClass::{Name, Nothing, Put, Tag, Token};
    let (verb, class) = operation.kind_of_call();
    let why = "the run that made this call ended before its answer was recorded";
    if operation.can_resume() && is_as_sent {
        return operation.carry_out(true).await;
    }
    match (verb, class) {
        // Looking and adopting leave nothing behind.
        (Verb::Read | Verb::Import, _) => Ok(Outcome::Failed { why: why.to_owned() }),
        (Verb::Create, Token) if is_as_sent => operation.carry_out(true).await,
        (Verb::Create, Put) if is_as_sent => {
            operation.drain().await;
            operation.carry_out(true).await
        }
        (Verb::Create, Token | Put | Name | Tag) => Ok(operation.found_after_drain().await?.unwrap_or(Outcome::Absent)),
        (Verb::Create, Nothing) => Ok(Outcome::Unknown { why: why.to_owned() }),
        (Verb::Update, _) => operation.true_state_after_drain(why).await,
        (Verb::Delete, Token | Tag) => operation.carry_out(true).await,
        (Verb::Delete, Name | Put) => {
            operation.drain().await;
            operation.carry_out(true).await
        }
        (Verb::Delete, Nothing) => operation.look_after_drain(why).await,
    }
}

async fn save(saving: Saving, journal: &mut dyn Journal) -> Result<Fact, JournalFault> {
    let fact = Fact::Checkpointed { op: saving.op, data: saving.data };
    append(std::slice::from_ref(&fact), journal).await?;
    // An operation that no longer waits does not mind.
    let _ = saving.done.send(());
    Ok(fact)
}

/// Recovery appends little; a journal that refuses it once is given one more chance.
async fn append(facts: &[Fact], journal: &mut dyn Journal) -> Result<(), JournalFault> {
    if facts.is_empty() {
        return Ok(());
    }
    match journal.append(facts).await {
        Err(JournalFault::Failed(_)) => journal.append(facts).await,
        settled => settled,
    }
}

/// The object that an open call is about.
fn remembered(snapshot: &Snapshot, intent: &Intent) -> Option<Object> {
    let record = snapshot.records.get(&intent.address)?;
    match (intent.verb, intent.deposed) {
        (Verb::Create | Verb::Import, _) => None,
        (_, Some(op)) => record.deposed.get(&op).cloned(),
        (_, None) => record.object.clone(),
    }
}

/// What can be said of inputs whose secrets are not to be had: enough to look for an object, never to make one.
fn without_holes(inputs: &Partial) -> Resolved {
    let known: Result<Known, std::convert::Infallible> = inputs.try_fill(&mut |_| Ok(Value::Null));
    Resolved { known: known.unwrap_or_else(|never| match never {}), stored: inputs.clone() }
}

#[cfg(test)]
mod tests;
