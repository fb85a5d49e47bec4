//! What the tests of this crate share: a fake world, plans made by hand, and a journal in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::model::address::ResourceAddress;
use siac_core::model::event::{Event, EventSink, Fact, Progress, StopRequested};
use siac_core::model::identity::{DeploymentId, Digest, StackUuid};
use siac_core::model::path::Path;
use siac_core::model::plan::{Base, Becoming, Operation, Plan, PlanMode, Step, StepId, Undo};
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::Snapshot;
use siac_core::model::stack::{Lifecycle, OnFailure};
use siac_core::model::types::Type;
use siac_core::model::value::{Awaits, Hole, Origin, Partial, Value};
use siac_core::ports::{Artifacts, Fault};
use siac_test_kit::chance::SeededEntropy;
use siac_test_kit::clock::VirtualClock;
use siac_test_kit::cloud::Cloud;
use siac_test_kit::network::{Network, Strike};
use siac_test_kit::process::{Life, Process, live};

use crate::calling::Patience;
use crate::executor::{Executed, Execution, execute};
use crate::journal::{Fence, Journal, JournalFault};
use crate::recovery::{Recovered, recover};
use crate::stop::{Stop, StopSwitch, stop_switch};
use crate::world::World;

/// A cloud, a network, a journal, and what is remembered.
pub(crate) struct Trial {
    pub cloud: Arc<Cloud>,
    pub network: Arc<Network>,
    pub paper: Arc<Paper>,
    pub snapshot: Snapshot,
    pub parallelism: usize,
    entropy: Arc<SeededEntropy>,
}

/// What all journals write on.
#[derive(Default)]
pub(crate) struct Paper {
    /// Durable batches, in order.
    pub batches: Mutex<Vec<Vec<Fact>>>,
    /// After so many batches, appends fail.
    pub fails_after: AtomicUsize,
    /// So many appends fail then.
    pub failures: AtomicUsize,
    /// Whether another run has taken over.
    pub is_fenced: AtomicBool,
    /// Whether the holder may still call.
    pub may_not_call: AtomicBool,
}

impl Trial {
    pub fn new() -> Self {
        let clock = Arc::new(VirtualClock::default());
        Self {
            cloud: Cloud::new(),
            network: Network::new(clock),
            paper: Arc::default(),
            snapshot: Snapshot { stack_secret: Secret::new([7; 32]), ..Snapshot::empty("trial") },
            parallelism: 10,
            entropy: Arc::new(SeededEntropy::new(1)),
        }
    }

    /// Carries a plan out; its snapshot is remembered when the run was not killed.
    pub fn execute(&mut self, plan: Plan) -> Executed {
        match self.execute_struck(plan, []) {
            Life::Finished(executed) => executed,
            Life::Died => panic!("the run died"),
            Life::Hung => panic!("the run hung"),
        }
    }

    pub fn execute_struck(&mut self, plan: Plan, strikes: impl IntoIterator<Item = (usize, Strike)>) -> Life<Executed> {
        self.execute_while(plan, strikes, |_| std::future::pending())
    }

    /// Carries a plan out while something else goes on that may stop it.
    pub fn execute_while<F: Future<Output = ()>>(
        &mut self,
        plan: Plan,
        strikes: impl IntoIterator<Item = (usize, Strike)>,
        meanwhile: impl FnOnce(StopSwitch) -> F,
    ) -> Life<Executed> {
        self.network.arm(strikes);
        let process = Process::new(&self.network);
        let world = self.world(&process);
        let (switch, stop) = stop_switch();
        let mut journal = MemoryJournal(self.paper.clone());
        let mut execution = Execution::new(DeploymentId([1; 16]), Digest::of(b"plan"));
        execution.parallelism = self.parallelism;
        let base = self.snapshot.clone();
        let life = live(&process, Duration::from_secs(86_400), async {
            let mut heard = Heard::default();
            let run = execute(plan, base, world, &mut journal, &mut heard, stop, &execution);
            let meanwhile = async {
                meanwhile(switch).await;
                std::future::pending::<()>().await;
            };
            tokio::select! {
                executed = run => executed,
                () = meanwhile => unreachable!("it waits for ever"),
            }
        });
        if let Life::Finished(executed) = &life {
            self.snapshot = executed.snapshot.clone();
        }
        life
    }

    /// Settles what is open in the journal; the snapshot is what a publish would hold.
    pub fn recover(&mut self) -> Recovered {
        self.network.arm([]);
        let process = Process::new(&self.network);
        let world = self.world(&process);
        let facts: Vec<Fact> = self.paper.facts();
        let mut journal = MemoryJournal(self.paper.clone());
        let base = self.snapshot.clone();
        let life = live(&process, Duration::from_secs(86_400), async {
            let mut heard = Heard::default();
            let (stop, patience) = (Stop::never(), Patience::default());
            recover(base, &facts, world, &mut journal, &mut heard, stop, patience).await
        });
        match life {
            Life::Finished(recovered) => recovered,
            Life::Died => panic!("the recovery died"),
            Life::Hung => panic!("the recovery hung"),
        }
    }

    pub fn world(&self, process: &Arc<Process>) -> Arc<World> {
        Arc::new(World {
            stack: "trial".to_owned(),
            uuid: StackUuid([2; 16]),
            providers: BTreeMap::from([("fake".to_owned(), self.cloud.provider(process))]),
            secrets: BTreeMap::new(),
            artifacts: Arc::new(NoArtifacts),
            clock: self.network.clock().clone(),
            entropy: self.entropy.clone(),
        })
    }
}

impl Paper {
    pub fn facts(&self) -> Vec<Fact> {
        self.batches.lock().unwrap().concat()
    }

    pub fn appends(&self) -> usize {
        self.batches.lock().unwrap().len()
    }
}

pub(crate) struct MemoryJournal(pub Arc<Paper>);

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(&mut self, facts: &[Fact]) -> Result<(), JournalFault> {
        tokio::time::sleep(Duration::from_millis(4)).await;
        if self.0.is_fenced.load(Ordering::SeqCst) {
            return Err(JournalFault::Fenced);
        }
        let fails_now = self.0.appends() >= self.0.fails_after.load(Ordering::SeqCst);
        let failures = self.0.failures.load(Ordering::SeqCst);
        if fails_now && failures > 0 {
            self.0.failures.store(failures - 1, Ordering::SeqCst);
            return Err(JournalFault::Failed("no space is left".to_owned()));
        }
        self.0.batches.lock().unwrap().push(facts.to_vec());
        Ok(())
    }

    fn fence(&self) -> Arc<dyn Fence> {
        self.0.clone()
    }
}

impl Fence for Paper {
    fn may_call(&self) -> bool {
        !self.may_not_call.load(Ordering::SeqCst)
    }
}

/// Listens, and remembers what is fleeting.
#[derive(Default)]
struct Heard(Vec<Progress>);

impl EventSink for Heard {
    fn emit(&mut self, event: &Event) -> ControlFlow<StopRequested> {
        if let Event::Progress(progress) = event {
            self.0.push(progress.clone());
        }
        ControlFlow::Continue(())
    }
}

struct NoArtifacts;

#[async_trait]
impl Artifacts for NoArtifacts {
    async fn fetch(&self, digest: &Digest) -> Result<Vec<u8>, Fault> {
        Err(Fault::rejected(format!("there is no artifact {digest}")))
    }
}

pub(crate) fn address(kind: &str, name: &str) -> ResourceAddress {
    ResourceAddress::managed(kind, name)
}

/// Attributes of a fake resource.
pub(crate) fn inputs(name: &str, size: i64) -> Partial {
    Value::map([("name", Value::string(name)), ("size", Value::number(size))])
}

/// The same, and a link to the identity of another resource.
pub(crate) fn linked(name: &str, to: &ResourceAddress) -> Partial {
    let origin = Origin::Attribute(to.clone(), Path::attribute("id"));
    let hole = Value::Hole(Box::new(Hole::of(origin, Type::String, Awaits::Apply)));
    Value::map([("name", Value::string(name)), ("link", hole)])
}

pub(crate) fn create(kind: &str, name: &str, inputs: Partial, needs: &[u32]) -> Step {
    let operation = Operation::Create { becoming: becoming(&inputs), inputs };
    step(kind, name, operation, needs, Undo::DeleteCreated)
}

pub(crate) fn update(kind: &str, name: &str, inputs: Partial, needs: &[u32]) -> Step {
    let operation = Operation::Update { becoming: becoming(&inputs), inputs };
    step(kind, name, operation, needs, Undo::Restore)
}

pub(crate) fn delete(kind: &str, name: &str, needs: &[u32]) -> Step {
    step(kind, name, Operation::Delete { deposed: None }, needs, Undo::Recreate)
}

fn step(kind: &str, name: &str, operation: Operation, needs: &[u32], undo: Undo) -> Step {
    let needs = needs.iter().map(|need| StepId(*need)).collect();
    Step { address: address(kind, name), provider: "fake".to_owned(), operation, needs, undo, weight: 1 }
}

fn becoming(configured: &Partial) -> Becoming {
    Becoming {
        configured: configured.clone(),
        dependencies: Vec::new(),
        lifecycle: Lifecycle::default(),
        schema_version: 1,
    }
}

pub(crate) fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        stack: "trial".to_owned(),
        base: Base { uuid: None, serial: 0, snapshot: None },
        mode: PlanMode::Apply,
        configuration: None,
        on_failure: OnFailure::Rollback,
        providers: BTreeMap::new(),
        secrets: BTreeMap::new(),
        artifacts: BTreeSet::new(),
        changes: Vec::new(),
        unchanged: 0,
        drift: Vec::new(),
        outputs: Vec::new(),
        steps,
        point_of_no_return: None,
        notes: Vec::new(),
    }
}
