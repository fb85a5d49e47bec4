//! A world with one stack, and the runs of siac in it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use siac_core::language::early::early;
use siac_core::language::load::{self, GivenVariables};
use siac_core::language::scope::Files;
use siac_core::model::snapshot::Snapshot;
use siac_engine::site::{Connect, Site as Place};
use siac_engine::store::{Parts, Store, Writer};
use siac_engine::use_cases::loading::LoadedStack;
use siac_test_kit::chance::SeededEntropy;
use siac_test_kit::clock::VirtualClock;
use siac_test_kit::cloud::{Cloud, PLUGIN};
use siac_test_kit::keys::CheapKey;
use siac_test_kit::network::{Network, Site, Strike};
use siac_test_kit::process::{Life, Process, live};
use siac_test_kit::store::MemoryStore;

use crate::recipe::{self, Report};

/// The longest a run may take, in virtual time.
const LIMIT: Duration = Duration::from_secs(6 * 3_600);

/// Everything that outlives a run.
pub struct House {
    /// The cloud.
    pub cloud: Arc<Cloud>,
    /// What lies between the runs and the world.
    pub network: Arc<Network>,
    storage: Arc<MemoryStore>,
    clock: Arc<VirtualClock>,
    entropy: Arc<SeededEntropy>,
}

/// What a run is to do.
#[derive(Debug, Clone)]
pub enum Wish {
    /// Make the world as this stack wants it.
    Stack(Arc<LoadedStack>),
    /// Make the world as the snapshot of this serial remembers it.
    Rollback(u64),
    /// Delete everything.
    Nothing,
    /// Only settle what an earlier run left, and publish what is true.
    Recover,
}

/// How a run ended.
pub type End = Life<Result<Report, String>>;

/// Where the state is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// On this machine, where a dead holder is known to be dead.
    Local,
    /// Elsewhere, where holders give signs of life.
    Remote,
    /// Where journals are said to be kept, and are not: only to show that the matrix notices.
    Forgetful,
}

impl House {
    /// An empty world; the seed decides every random number in it.
    pub fn new(storage: Storage, seed: u64) -> Self {
        let clock = Arc::new(VirtualClock::default());
        let storage = match storage {
            Storage::Local => MemoryStore::local(),
            Storage::Remote => MemoryStore::remote(Duration::from_secs(60)),
            Storage::Forgetful => MemoryStore::forgetting("wal/"),
        };
        let network = Network::new(clock.clone());
        Self { cloud: Cloud::new(), network, storage, clock, entropy: Arc::new(SeededEntropy::new(seed)) }
    }

    /// The same world over another, empty cloud.
    #[must_use]
    pub fn over(self, cloud: Arc<Cloud>) -> Self {
        Self { cloud, ..self }
    }

    /// Another world in which everything is as it is here, once everything on its way has arrived.
    #[must_use]
    pub fn fork(&self) -> Self {
        self.network.settle();
        let clock = Arc::new(self.clock.fork());
        Self {
            cloud: self.cloud.fork(),
            network: Network::new(clock.clone()),
            storage: self.storage.fork(),
            clock,
            entropy: Arc::new(self.entropy.fork()),
        }
    }

    /// A run that is struck in this way.
    pub fn run(&self, wish: &Wish, strikes: impl IntoIterator<Item = (usize, Strike)>) -> End {
        self.network.arm(strikes);
        let process = Process::new(&self.network);
        let (place, store) = (self.place(&process), self.store(&process));
        live(&process, LIMIT, recipe::run(&place, &store, wish))
    }

    /// A run that nothing happens to.
    ///
    /// # Errors
    /// When it does not end, or not well.
    pub fn run_well(&self, wish: &Wish) -> Result<Report, String> {
        match self.run(wish, []) {
            Life::Finished(report) => report,
            Life::Died => Err("the run died, and nobody killed it".to_owned()),
            Life::Hung => Err("the run hung".to_owned()),
        }
    }

    /// What the last run asked of the world.
    pub fn trace(&self) -> Vec<Site> {
        self.network.trace()
    }

    /// The bytes of all journals.
    pub fn journal_bytes(&self) -> usize {
        self.storage.sizes().iter().filter(|(name, _)| name.starts_with("wal/")).map(|(_, size)| size).sum()
    }

    /// What the cloud and the state disagree about, once everything on its way has arrived.
    pub fn violations(&self, snapshot: &Snapshot) -> Vec<String> {
        self.network.settle();
        let mut wrong = self.cloud.violations(snapshot);
        wrong.extend(self.cloud.repeated_operations().iter().map(|op| format!("repeated: {op} made two objects")));
        wrong
    }

    fn store(&self, process: &Arc<Process>) -> Store {
        Store::open(Parts {
            stack: STACK.to_owned(),
            backend: "memory".to_owned(),
            register: self.storage.register(process),
            blobs: self.storage.blobs(process),
            keys: vec![Arc::new(CheapKey::named("test"))],
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            writer: Writer { who: WHO.to_owned(), ..Writer::default() },
            witness: None,
            accept_rollback: false,
        })
    }

    fn place(&self, process: &Arc<Process>) -> Place {
        let provider = self.cloud.provider(process);
        let connect: Connect = Arc::new(move |plugin| (plugin == PLUGIN).then(|| Arc::clone(&provider)));
        Place {
            root: PathBuf::from(env!("CARGO_MANIFEST_DIR")),
            catalogues: self.cloud.catalogues(),
            connect,
            secret_stores: Vec::new(),
            redact: Arc::new(str::to_owned),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            version: env!("CARGO_PKG_VERSION"),
            who: WHO.to_owned(),
        }
    }
}

/// Who runs it.
const WHO: &str = "test@house";

/// The name of the stack.
pub const STACK: &str = "test";

/// A stack from the tables of its resources.
///
/// # Panics
/// When the text has problems.
pub fn stack(resources: &str) -> Arc<LoadedStack> {
    let text = format!("[stack]\nname = \"{STACK}\"\n{resources}");
    let files = BTreeMap::from([("test.toml".to_owned(), Ok(Arc::from(text.as_str())))]);
    let loaded = load::load(&load::Request {
        entry: "test.toml",
        files: &files,
        variables: &GivenVariables::default(),
        environment: None,
        realised_by: &BTreeMap::new(),
        version: env!("CARGO_PKG_VERSION"),
        catalogues: &Cloud::new().catalogues(),
    });
    assert!(!loaded.diagnostics.has_errors(), "{:#?}\n{text}", loaded.diagnostics);
    let stack = loaded.stack.expect("a stack without errors is loaded");
    let early = early(&stack, &Files::new());
    Arc::new(LoadedStack { stack, early, warnings: loaded.diagnostics, sources: loaded.sources })
}
