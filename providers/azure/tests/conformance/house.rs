//! A subscription on the double, a state in memory, and the runs of siac between them.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use siac_arm_double::Double;
use siac_core::model::address::ResourceAddress;
use siac_core::model::event::{Event, EventSink, StopRequested};
use siac_core::model::path::Path;
use siac_core::model::plan::{Action, Change};
use siac_core::model::snapshot::{Snapshot, Status};
use siac_core::planning::Options;
use siac_core::ports::{Catalogue, Catalogues, Clock, Provider};
use siac_engine::executor::PARALLELISM;
use siac_engine::site::Site;
use siac_engine::stop::Stop;
use siac_engine::store::{Leaving, Parts, Purpose, Session, Store, Wait, Writer};
use siac_engine::use_cases::Failed;
use siac_engine::use_cases::applying::{Order, apply};
use siac_engine::use_cases::loading::{LoadedStack, StackChoice, load};
use siac_engine::use_cases::planning::{Planned, Terms, Wish, plan};
use siac_engine::use_cases::settling::{Locked, lock};
use siac_provider_azure::{AzureProvider, Pace};
use siac_state_backends::local::LocalDirectory;
use siac_test_kit::chance::SeededEntropy;
use siac_test_kit::keys::CheapKey;

/// Everything that outlives a run.
pub struct House {
    /// The subscription.
    pub double: Double,
    folder: tempfile::TempDir,
    state: tempfile::TempDir,
    entropy: Arc<SeededEntropy>,
    /// What `[provider.azure]` says besides subscription and endpoint.
    pub provider: String,
    /// What `[provider.azure]` says is the subscription.
    pub subscription: String,
    /// Where siac is told that ARM is; the double, unless something stands in front of it.
    pub endpoint: String,
}

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// What the plan did, with the paths that differed.
    pub changes: Vec<String>,
    /// What the plan did, by address.
    pub actions: Vec<(ResourceAddress, Action)>,
    /// How the deployment ended; `None` when there was nothing to do.
    pub status: Option<Status>,
    /// What went wrong.
    pub failures: Vec<String>,
    /// What is remembered at its end.
    pub snapshot: Snapshot,
}

/// What a run is to do.
#[derive(Clone, Copy)]
pub enum Goal<'a> {
    /// What this stack wants.
    Stack(&'a str),
    /// Nothing is to be left.
    Nothing,
    /// Only to settle what an earlier run left.
    Recover,
}

impl House {
    /// An empty subscription, and no state.
    pub fn new() -> Self {
        Self::seeded(7)
    }

    /// The same, whose state is another one than that of other seeds.
    pub fn seeded(seed: u64) -> Self {
        let double = Double::start();
        let house = Self {
            endpoint: double.endpoint(),
            double,
            folder: tempfile::tempdir().unwrap(),
            state: tempfile::tempdir().unwrap(),
            entropy: Arc::new(SeededEntropy::new(seed)),
            provider: String::new(),
            subscription: Double::SUBSCRIPTION.to_owned(),
        };
        house.write("app/host.json", "{ \"version\": \"2.0\" }");
        house.write("app2/host.json", "{ \"version\": \"2.0\", \"extensions\": {} }");
        house
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, content: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn site(&self) -> Site {
        let catalogue: Arc<dyn Catalogue> = Arc::new(AzureProvider::new());
        let connect = move |plugin: &str| -> Option<Arc<dyn Provider>> {
            (plugin == "azure").then(|| Arc::new(AzureProvider::with(Arc::new(Known), PACE)) as Arc<dyn Provider>)
        };
        Site {
            root: self.folder.path().to_owned(),
            catalogues: Catalogues::new([catalogue]),
            connect: Arc::new(connect),
            secret_stores: Vec::new(),
            redact: Arc::new(str::to_owned),
            clock: Arc::new(HastyClock::default()),
            entropy: self.entropy.clone(),
            version: env!("CARGO_PKG_VERSION"),
            who: "test@house".to_owned(),
        }
    }

    fn store(&self) -> Store {
        let folder = LocalDirectory::open(self.state.path(), true).expect("a folder of one's own");
        Store::open(Parts {
            stack: STACK.to_owned(),
            backend: "folder".to_owned(),
            register: Arc::new(folder.clone()),
            blobs: Arc::new(folder),
            keys: vec![Arc::new(CheapKey::named("test"))],
            clock: Arc::new(HastyClock::default()),
            entropy: self.entropy.clone(),
            writer: Writer::default(),
            witness: None,
            accept_rollback: false,
        })
    }

    fn load(&self, site: &Site, resources: &str) -> Result<LoadedStack, String> {
        let provider = format!(
            "[provider.azure]\nsubscription_id = \"{}\"\nendpoint = \"{endpoint}\"\nendpoints = {{ apps = \"{endpoint}/scm\", vaults = \"{endpoint}/kv\" }}\n{}\n",
            self.subscription,
            self.provider,
            endpoint = self.endpoint,
        );
        self.write("stack.toml", &format!("[stack]\nname = \"{STACK}\"\n\n{provider}\n{resources}\n"));
        let choice = StackChoice { entry: "stack.toml".to_owned(), ..StackChoice::default() };
        load(site, &choice).map_err(|failed| explained(&failed))
    }

    /// Runs siac to its end.
    ///
    /// # Errors
    /// When the run came to no end of its own.
    pub async fn run(&self, goal: Goal<'_>) -> Result<Report, String> {
        self.run_as(goal, true).await
    }

    /// Only plans.
    ///
    /// # Errors
    /// As [`House::run`].
    pub async fn plan(&self, resources: &str) -> Result<Report, String> {
        self.run_as(Goal::Stack(resources), false).await
    }

    /// A run that dies when something else has happened; `None` when it did.
    pub async fn run_until(
        &self,
        goal: Goal<'_>,
        meanwhile: impl Future<Output = ()>,
    ) -> Option<Result<Report, String>> {
        tokio::select! {
            ended = self.run_as(goal, true) => Some(ended),
            () = meanwhile => None,
        }
    }

    async fn run_as(&self, goal: Goal<'_>, applies: bool) -> Result<Report, String> {
        let (site, store) = (self.site(), self.store());
        let loaded = match goal {
            Goal::Stack(resources) => Some(self.load(&site, resources)?),
            _ => None,
        };
        let wait = Wait { timeout: Duration::from_secs(60), ..Wait::default() };
        let locked = lock(&site, &store, Purpose::Apply, &wait, &mut Deaf, Stop::never()).await;
        let Locked { session, start, .. } = locked.map_err(told)?;
        let wish = match (&loaded, goal) {
            (_, Goal::Recover) => return idle(session, start.snapshot, Vec::new(), Vec::new()).await,
            (Some(loaded), _) => Wish::Stack(loaded),
            (None, _) => Wish::Nothing,
        };
        let artifacts = Arc::new(session.artifacts());
        let terms = Terms { on_failure: None, artifacts, is_untrusted: false, stop: Stop::never() };
        let planned = plan(&site, &start, wish, &Options::default(), terms, &mut Deaf).await;
        let Planned { plan, artifacts, world, .. } = match planned {
            Ok(planned) => planned,
            Err(failed) => {
                session.release(Leaving::Clean).await.map_err(told)?;
                return Err(explained(&failed));
            }
        };
        let actions = plan.changes.iter().map(|change| (change.address.clone(), change.action)).collect();
        let changes = plan.changes.iter().map(in_words).collect();
        if plan.is_empty() || !applies {
            return idle(session, start.snapshot, actions, changes).await;
        }
        let order = Order { plan, artifacts, parallelism: PARALLELISM };
        let applied = apply(&site, session, start, order, world, &mut Deaf, Stop::never()).await.map_err(told)?;
        let failures = applied.failures.iter().map(|failure| format!("{}: {}", failure.address, failure.why)).collect();
        let published = applied.published.ok_or_else(|| format!("left open: {:?}", applied.open))?;
        Ok(Report { changes, actions, status: Some(applied.status), failures, snapshot: published.snapshot })
    }
}

async fn idle(
    session: Session,
    snapshot: Snapshot,
    actions: Vec<(ResourceAddress, Action)>,
    changes: Vec<String>,
) -> Result<Report, String> {
    session.release(Leaving::Clean).await.map_err(told)?;
    Ok(Report { changes, actions, status: None, failures: Vec::new(), snapshot })
}

fn in_words(change: &Change) -> String {
    let nothing = siac_core::model::value::Value::Null;
    let (before, after) = (change.before.as_ref().unwrap_or(&nothing), change.after.as_ref().unwrap_or(&nothing));
    let differ = siac_core::planning::compare::differences(before, after);
    let one = |path: &Path| format!("{path}: {:?} -> {:?}", before.at(path), after.at(path));
    let paths: Vec<String> = differ.iter().filter(|_| change.before.is_some()).map(one).collect();
    format!("{} {:?} {}", change.address, change.action, paths.join("; "))
}

fn explained(failed: &Failed) -> String {
    match failed {
        Failed::Problems { diagnostics, .. } => {
            diagnostics.iter().map(|it| format!("{}: {}", it.code, it.detail)).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The name of the stack.
pub const STACK: &str = "test";

/// The double asks nobody to wait, and accepts no request late.
const PACE: Pace = Pace {
    request: Duration::from_secs(20),
    poll: Duration::from_millis(5),
    drain: Duration::ZERO,
    visibility: Duration::from_millis(5),
};

/// Gives the token that the double takes.
#[derive(Debug)]
struct Known;

#[async_trait]
impl TokenCredential for Known {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let forever = OffsetDateTime::now_utc() + Duration::from_secs(3_600);
        Ok(AccessToken::new(Double::TOKEN, forever))
    }
}

struct Deaf;

impl EventSink for Deaf {
    fn emit(&mut self, _: &Event) -> ControlFlow<StopRequested> {
        ControlFlow::Continue(())
    }
}

/// The clock of this machine, but for the drain and for waits between attempts: the double accepts no request late, and is ready at once.
#[derive(Debug)]
struct HastyClock(Instant);

impl Default for HastyClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for HastyClock {
    fn now(&self) -> String {
        "2030-01-01T00:00:00.000Z".to_owned()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        // How long a provider may think before a plan is shown is a limit, too.
        let is_a_limit = duration > Duration::from_secs(100) || duration == Duration::from_secs(30);
        let hasty = if is_a_limit { duration } else { duration.min(Duration::from_millis(20)) };
        tokio::time::sleep(hasty).await;
    }
}
