//! The one task that owns the deployment, the journal's queue and the sink.
//!
//! For each thing that happens it does four things in this order: decide, journal, evolve, emit. Calls run beside it and know nothing of it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use siac_core::deployment::{Call, Deployment, Start, Task};
use siac_core::model::event::{Event, EventSink, Fact, Outcome, Progress};
use siac_core::model::identity::OpId;
use siac_core::model::plan::Step;
use siac_core::model::snapshot::Status;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};

use crate::calling::{Ended, LeftOpen, News, Operation, Saving, Surroundings};
use crate::journal::{Fence, JournalFault};
use crate::stop::{Stop, StopLevel};
use crate::world::World;

use super::scribe::Written;
use super::throttle::{Seat, Service, Throttle};
use super::{Executed, Execution, Unwritten};

/// How long the journal is waited for after everything was asked to stop at once.
const GRACE: Duration = Duration::from_secs(2);

/// The two ends of the scribe's queue.
type Queue = (mpsc::UnboundedSender<Vec<Fact>>, mpsc::UnboundedReceiver<Written>);

/// Where the journal stands.
enum Ink {
    /// Nothing is being written.
    Dry,
    /// A batch is being written.
    Wet,
    /// Nothing can be written any more.
    Spilt(JournalFault),
}

pub(super) struct Dispatcher<'a> {
    deployment: Deployment,
    around: Surroundings,
    throttle: Throttle,
    calls: JoinSet<(OpId, Seat, Ended)>,
    /// Decided calls whose intent is not durable yet.
    intended: BTreeMap<OpId, (Call, Seat)>,
    /// Facts that the next batch carries.
    pending: Vec<Fact>,
    /// Who waits for checkpoints to become durable, by operation.
    savers: BTreeMap<OpId, Vec<oneshot::Sender<()>>>,
    ink: Ink,
    queue: Queue,
    news: mpsc::UnboundedReceiver<News>,
    savings: mpsc::UnboundedReceiver<Saving>,
    sink: &'a mut dyn EventSink,
    stop: Stop,
    /// Why no further call may be made, once that is so.
    barred: Option<&'static str>,
    /// Why calls were left open, by operation.
    left: BTreeMap<OpId, String>,
    is_finished: bool,
}

impl<'a> Dispatcher<'a> {
    pub fn new(
        deployment: Deployment,
        world: Arc<World>,
        fence: Arc<dyn Fence>,
        execution: &Execution,
        sink: &'a mut dyn EventSink,
        stop: Stop,
        queue: Queue,
    ) -> Self {
        let (news_sender, news) = mpsc::unbounded_channel();
        let (savings_sender, savings) = mpsc::unbounded_channel();
        let key = deployment.snapshot().stack_secret.clone();
        let patience = execution.patience;
        let around = Surroundings { world, key, fence, news: news_sender, savings: savings_sender, patience };
        let pending = vec![beginning(&deployment, execution)];
        Self {
            deployment,
            around,
            throttle: Throttle::new(execution.parallelism),
            calls: JoinSet::new(),
            intended: BTreeMap::new(),
            pending,
            savers: BTreeMap::new(),
            ink: Ink::Dry,
            queue,
            news,
            savings,
            sink,
            stop,
            barred: None,
            left: BTreeMap::new(),
            is_finished: false,
        }
    }

    pub async fn run(mut self) -> Executed {
        loop {
            self.decide();
            self.journal();
            if self.is_still() {
                break;
            }
            tokio::select! {
                biased;
                level = self.stop.raised() => self.halt(level),
                Some(written) = self.queue.1.recv() => self.take_in(written),
                Some(ended) = self.calls.join_next() => self.settle(ended),
                Some(saving) = self.savings.recv() => self.checkpoint(saving),
                Some(news) = self.news.recv() => self.hear(news),
            }
            self.gather().await;
        }
        self.calls.abort_all();
        self.dry().await;
        self.close()
    }

    /// Takes in what has ended in the same moment, so that one append carries all of it.
    async fn gather(&mut self) {
        tokio::task::yield_now().await;
        while let Some(ended) = self.calls.try_join_next() {
            self.settle(ended);
        }
    }

    /// Whether nothing is in motion any more, or nothing is to be waited for.
    fn is_still(&self) -> bool {
        let is_written = match self.ink {
            Ink::Dry => self.pending.is_empty(),
            Ink::Wet => false,
            Ink::Spilt(_) => true,
        };
        (is_written && self.calls.is_empty()) || self.stop.level() == StopLevel::Now
    }

    /// Starts whatever may start and has room; ends the deployment when nothing is left to do.
    fn decide(&mut self) {
        if !self.around.fence.may_call() {
            self.bar("this run may have lost the lock");
        }
        while let Some(task) = self.next() {
            self.start(task);
        }
        self.pending.extend(self.deployment.begin_undo());
        let is_idle = self.pending.is_empty() && self.calls.is_empty() && matches!(self.ink, Ink::Dry);
        if let Some(status) = self.deployment.status().filter(|_| is_idle && !self.is_finished) {
            let outputs = self.deployment.outputs(status, &self.around.world.secrets);
            let outputs = (outputs != self.deployment.snapshot().outputs).then_some(outputs);
            self.pending.push(Fact::Finished { status, outputs });
        }
    }

    fn next(&mut self) -> Option<Task> {
        let (throttle, world) = (&self.throttle, &self.around.world);
        let typical =
            |step: &Step| world.kind(&step.provider, &step.address).map_or(Duration::MAX, |kind| kind.typical);
        self.deployment.next(|step| throttle.has_room(Service::of(&step.provider, &step.address.kind), typical(step)))
    }

    fn start(&mut self, task: Task) {
        let world = &self.around.world;
        let step = self.deployment.step(task.step);
        let kind = world.kind(&step.provider, &step.address).ok();
        let typical = kind.map_or(Duration::MAX, |kind| kind.typical);
        match self.deployment.start(task, world.new_op(), kind, &world.secrets) {
            Ok(Start::Call(call)) => {
                let seat = self.throttle.enter(Service::of(&call.intent.provider, &call.intent.address.kind), typical);
                self.pending.push(Fact::Intended(Box::new(call.intent.clone())));
                self.intended.insert(call.intent.op, (*call, seat));
            }
            Ok(Start::Note(fact)) => self.pending.push(fact),
            // A refusal is among the deployment's failures.
            Ok(Start::Nothing) | Err(_) => {}
        }
    }

    /// Hands the scribe everything that has gathered, unless it is still writing.
    fn journal(&mut self) {
        if matches!(self.ink, Ink::Dry) && !self.pending.is_empty() {
            self.ink = Ink::Wet;
            // The scribe lives as long as this task.
            let _ = self.queue.0.send(std::mem::take(&mut self.pending));
        }
    }

    fn take_in(&mut self, written: Written) {
        match written {
            Written::Durable(facts) => {
                self.ink = Ink::Dry;
                facts.into_iter().for_each(|fact| self.evolve(fact));
            }
            Written::Ailing(why) => {
                self.bar("the journal could not be written");
                self.emit(&Event::Progress(Progress::JournalFailing { why }));
            }
            Written::Lost(facts, fault) => {
                self.ink = Ink::Spilt(fault);
                self.pending.splice(0..0, facts);
                self.savers.clear();
                self.bar("the journal could not be written");
            }
        }
    }

    /// A fact is durable: it counts from now on, and is told.
    fn evolve(&mut self, fact: Fact) {
        self.deployment.evolve(&fact);
        match &fact {
            Fact::Intended(intent) => self.launch(intent.op),
            Fact::Checkpointed { op, .. } => {
                for done in self.savers.remove(op).into_iter().flatten() {
                    // An operation that no longer waits does not mind.
                    let _ = done.send(());
                }
            }
            Fact::Finished { .. } => self.is_finished = true,
            _ => {}
        }
        self.emit(&Event::Fact(fact));
    }

    /// An intent is durable: the call may be made.
    fn launch(&mut self, op: OpId) {
        let Some((call, seat)) = self.intended.remove(&op) else { return };
        let operation = match self.barred {
            None => Operation::new(call, None, self.around.clone()),
            Some(why) => Err(format!("not started: {why}")),
        };
        match operation {
            Ok(operation) => {
                self.calls.spawn(async move { (op, seat, operation.carry_out(false).await) });
            }
            Err(why) => self.ended(op, &seat, Outcome::Failed { why }),
        }
    }

    fn settle(&mut self, ended: Result<(OpId, Seat, Ended), JoinError>) {
        match ended {
            Ok((op, seat, Ok(outcome))) => self.ended(op, &seat, outcome),
            // Left to the next run: its intent stays open, and nothing more is done here.
            Ok((op, seat, Err(LeftOpen(why)))) => {
                self.throttle.leave(&seat, false);
                self.left.insert(op, why);
                self.deployment.stop();
            }
            // Panics of providers are caught in the attempt; this one is a defect of ours, and its intent stays open too.
            Err(_) => self.deployment.stop(),
        }
    }

    fn ended(&mut self, op: OpId, seat: &Seat, outcome: Outcome) {
        self.throttle.leave(seat, matches!(outcome, Outcome::Present(_) | Outcome::Absent));
        self.pending.push(Fact::Settled { op, outcome: Box::new(outcome) });
    }

    fn checkpoint(&mut self, saving: Saving) {
        // Dropping the sender tells the operation that its checkpoint is not durable.
        if !matches!(self.ink, Ink::Spilt(_)) {
            self.savers.entry(saving.op).or_default().push(saving.done);
            self.pending.push(Fact::Checkpointed { op: saving.op, data: saving.data });
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Throttled { provider, kind } => self.throttle.throttled(Service::of(&provider, &kind)),
            News::Progress(progress) => self.emit(&Event::Progress(progress)),
        }
    }

    fn halt(&mut self, level: StopLevel) {
        self.deployment.stop();
        if level == StopLevel::Now {
            self.bar("the run was stopped");
        }
        self.emit(&Event::Progress(Progress::Stopping { running: self.throttle.running() }));
    }

    /// No further call is made; what runs is waited for.
    fn bar(&mut self, why: &'static str) {
        self.barred.get_or_insert(why);
        self.deployment.stop();
    }

    fn emit(&mut self, event: &Event) {
        if let ControlFlow::Break(_) = self.sink.emit(event) {
            self.deployment.stop();
        }
    }

    /// Waits a little for the journal to take what is left.
    async fn dry(&mut self) {
        let clock = self.around.world.clock.clone();
        let mut grace = clock.sleep(GRACE);
        loop {
            self.journal();
            if !matches!(self.ink, Ink::Wet) {
                return;
            }
            tokio::select! {
                biased;
                Some(written) = self.queue.1.recv() => self.take_in(written),
                () = &mut grace => return,
            }
        }
    }

    fn close(self) -> Executed {
        let status = if self.is_finished { self.deployment.snapshot().status } else { Status::Interrupted };
        let (ledger, failures) = self.deployment.into_parts();
        let why = |op| self.left.get(op).map_or("the run was stopped while the call was under way", String::as_str);
        let open = ledger.open.iter().map(|(op, open)| (open.intent.clone(), why(op).to_owned())).collect();
        let unwritten = match self.ink {
            Ink::Spilt(fault) => Some(Unwritten { fault, facts: self.pending }),
            _ => None,
        };
        let unknown = ledger.snapshot.unsettled.values().cloned().collect();
        Executed { snapshot: ledger.snapshot, status, failures, unknown, open, unwritten }
    }
}

fn beginning(deployment: &Deployment, execution: &Execution) -> Fact {
    let plan = deployment.plan();
    Fact::Started {
        deployment: execution.deployment,
        plan: execution.plan_digest,
        mode: plan.mode,
        providers: plan.providers.clone(),
        secrets: plan.secrets.clone(),
    }
}
