//! An account on the emulator, a state in memory, and the runs of siac between them.

use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use siac_core::model::address::ResourceAddress;
use siac_core::model::event::{Event, EventSink, Progress, StopRequested};
use siac_core::model::path::Path;
use siac_core::model::plan::{Action, Change};
use siac_core::model::snapshot::{Snapshot, Status};
use siac_core::planning::Options;
use siac_core::ports::{Catalogue, Catalogues, Clock, Provider};
use siac_emulators::{Emulator, Moto, Proxy};
use siac_engine::executor::PARALLELISM;
use siac_engine::site::Site;
use siac_engine::stop::Stop;
use siac_engine::store::{Leaving, Parts, Purpose, Session, SnapshotName, Store, Wait, Writer};
use siac_engine::use_cases::Failed;
use siac_engine::use_cases::applying::{Order, apply};
use siac_engine::use_cases::loading::{LoadedStack, StackChoice, load};
use siac_engine::use_cases::planning::{Planned, Terms, Wish, plan};
use siac_engine::use_cases::settling::{Locked, lock};
use siac_provider_aws::AwsProvider;
use siac_test_kit::chance::SeededEntropy;
use siac_test_kit::keys::CheapKey;

use crate::memory::Memory;

/// Everything that outlives a run.
pub struct House {
    /// The account.
    pub emulator: Emulator,
    /// Another emulator, and the services that it stands for, as the provider's `endpoints` name them.
    moto: Option<(Moto, &'static [&'static str])>,
    folder: tempfile::TempDir,
    state: Memory,
    entropy: Arc<SeededEntropy>,
    /// What `[provider.aws]` says besides region and endpoint.
    pub provider: String,
    /// The name of the stack.
    pub name: &'static str,
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
    /// What it waited for, and what it tried again: `ADDRESS: WHY`.
    pub waits: Vec<String>,
    /// What is remembered at its end.
    pub snapshot: Snapshot,
}

/// What a run is to do.
pub enum Goal<'a> {
    /// What these resources want.
    Stack(&'a str),
    /// What a whole stack file wants, in the folder `stacks`.
    Whole(&'a str),
    /// What the snapshot of this serial remembers.
    Rollback(u64),
    /// Nothing is to be left.
    Nothing,
    /// Only to settle what an earlier run left.
    Recover,
}

impl House {
    /// An empty account, and no state.
    pub async fn new() -> Self {
        let house = Self {
            emulator: Emulator::start().await,
            moto: None,
            folder: tempfile::tempdir().unwrap(),
            state: Memory::default(),
            entropy: Arc::new(SeededEntropy::new(7)),
            provider: String::new(),
            name: "test",
        };
        house.write("code/index.mjs", "export const handler = async () => ({ statusCode: 200, body: 'one' });\n");
        house.write("more/index.mjs", "export const handler = async () => ({ statusCode: 200, body: 'two' });\n");
        house
    }

    /// An empty account of which Moto serves a part; all of it is on the usual emulator when that part is empty.
    pub async fn with_moto(services: &'static [&'static str]) -> Self {
        let mut house = Self::new().await;
        if !services.is_empty() {
            house.moto = Some((Moto::start().await, services));
        }
        house
    }

    /// The Moto that serves this, when it does.
    fn moto(&self, service: &str) -> Option<&Moto> {
        let plain = service.replace('-', "");
        self.moto.as_ref().filter(|(_, services)| services.contains(&plain.as_str())).map(|(moto, _)| moto)
    }

    /// The proxy in front of what serves these requests, a pattern that begins with the service: `sqs.CreateQueue `, `^sqs[.](Set|Tag)`.
    pub fn proxy(&self, requests: &str) -> &Proxy {
        let pattern = requests.trim_start_matches('^');
        let end = pattern.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(pattern.len());
        self.moto(&pattern[..end]).map_or_else(|| self.emulator.proxy(), Moto::proxy)
    }

    /// What there is in the account.
    pub async fn left(&self) -> Vec<String> {
        let mut left = self.emulator.left().await;
        if let Some(moto) = self.moto("application-autoscaling") {
            left.extend(scaled(moto));
        }
        left
    }

    /// A text in which `{u}` stands for something that no other account has.
    pub fn own(&self, text: &str) -> String {
        text.replace("{u}", &self.emulator.unique("t")).replace("{account}", self.emulator.account())
    }

    /// Loses the state.
    pub fn forget(&mut self) {
        self.state = Memory::default();
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, content: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn site(&self) -> Site {
        let credentials = self.emulator.credentials();
        let keys = Credentials::new(credentials.access_key_id, credentials.secret_access_key, None, None, "tests");
        let keys = SharedCredentialsProvider::new(keys);
        let catalogue: Arc<dyn Catalogue> = Arc::new(AwsProvider::new());
        let connect = move |plugin: &str| -> Option<Arc<dyn Provider>> {
            (plugin == "aws").then(|| Arc::new(AwsProvider::new().with_credentials(keys.clone())) as Arc<dyn Provider>)
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
        Store::open(Parts {
            stack: self.name.to_owned(),
            backend: "memory".to_owned(),
            register: Arc::new(self.state.clone()),
            blobs: Arc::new(self.state.clone()),
            keys: vec![Arc::new(CheapKey::named("test"))],
            clock: Arc::new(HastyClock::default()),
            entropy: self.entropy.clone(),
            writer: Writer::default(),
            witness: None,
            accept_rollback: false,
        })
    }

    /// Resources in a stack of their own.
    fn load(&self, site: &Site, resources: &str) -> Result<LoadedStack, String> {
        let (name, more) = (self.name, &self.provider);
        let text = format!("[stack]\nname = \"{name}\"\n\n[provider.aws]\n{more}\n{resources}\n");
        self.load_whole(site, "stack.toml", &text)
    }

    /// A stack file, its provider pointed at the emulator.
    fn load_whole(&self, site: &Site, entry: &str, text: &str) -> Result<LoadedStack, String> {
        let (region, endpoint) = (self.emulator.region(), self.emulator.endpoint());
        let others = self.moto.iter().flat_map(|(moto, services)| services.iter().map(|it| (*it, moto.endpoint())));
        let others: Vec<String> = others.map(|(service, endpoint)| format!("{service} = \"{endpoint}\"")).collect();
        let others = others.join(", ");
        let pointed =
            format!("[provider.aws]\nregion = \"{region}\"\nendpoint = \"{endpoint}\"\nendpoints = {{ {others} }}\n");
        self.write(entry, &self.own(text).replace("[provider.aws]\n", &pointed));
        let choice = StackChoice { entry: entry.to_owned(), ..StackChoice::default() };
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
            Goal::Whole(text) => Some(self.load_whole(&site, "stacks/stack.toml", text)?),
            _ => None,
        };
        let wait = Wait { timeout: Duration::from_secs(60), ..Wait::default() };
        let locked = lock(&site, &store, Purpose::Apply, &wait, &mut Ear::default(), Stop::never()).await;
        let Locked { session, start, .. } = locked.map_err(told)?;
        let kept = match goal {
            Goal::Rollback(serial) => Some(store.find(&SnapshotName::Serial(serial)).await.map_err(told)?),
            Goal::Recover => return idle(session, start.snapshot, Vec::new(), Vec::new()).await,
            _ => None,
        };
        let wish = match (&loaded, &kept) {
            (Some(loaded), _) => Wish::Stack(loaded),
            (_, Some(kept)) => Wish::Snapshot(&kept.snapshot),
            _ => Wish::Nothing,
        };
        let artifacts = Arc::new(session.artifacts());
        let terms = Terms { on_failure: None, artifacts, is_untrusted: false, stop: Stop::never() };
        let planned = plan(&site, &start, wish, &Options::default(), terms, &mut Ear::default()).await;
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
        let mut ear = Ear::default();
        let applied = apply(&site, session, start, order, world, &mut ear, Stop::never()).await.map_err(told)?;
        let failures = applied.failures.iter().map(|failure| format!("{}: {}", failure.address, failure.why)).collect();
        let published = applied.published.ok_or_else(|| format!("left open: {:?}", applied.open))?;
        let (status, snapshot) = (Some(applied.status), published.snapshot);
        Ok(Report { changes, actions, status, failures, waits: ear.waits, snapshot })
    }

    /// Calls AWS as somebody else would, with a client that is not siac's: service, call in snake case, arguments as JSON.
    pub fn meddle(&self, service: &str, call: &str, arguments: &str) {
        if let Some(moto) = self.moto(service) {
            let arguments: serde_json::Value = serde_json::from_str(&self.own(arguments)).expect("arguments are JSON");
            moto.call(&serde_json::json!([[service, call, arguments]]));
            return;
        }
        let script = "import json, sys, botocore.session\n\
            from botocore.config import Config\n\
            service, call, arguments, endpoint, account, region = sys.argv[1:]\n\
            client = botocore.session.get_session().create_client(service, region_name=region, endpoint_url=endpoint,\n\
            \x20   aws_access_key_id=account, aws_secret_access_key='test', config=Config(s3={'addressing_style': 'path'}))\n\
            getattr(client, call)(**json.loads(arguments))\n";
        let output = Command::new(siac_emulators::python())
            .args(["-c", script, service, call, &self.own(arguments), &self.emulator.upstream()])
            .args([self.emulator.account(), self.emulator.region()])
            .stdin(Stdio::null())
            .output()
            .expect("the installed Python starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{service}.{call} {arguments}: {said}");
    }
}

/// What application auto scaling knows.
fn scaled(moto: &Moto) -> Vec<String> {
    let place = serde_json::json!({ "ServiceNamespace": "lambda" });
    let answers = moto.call(&serde_json::json!([
        ["application-autoscaling", "describe_scalable_targets", place],
        ["application-autoscaling", "describe_scaling_policies", place],
    ]));
    let all = |index: usize, list: &str| answers[index][list].as_array().cloned().unwrap_or_default();
    [all(0, "ScalableTargets"), all(1, "ScalingPolicies")].concat().iter().map(ToString::to_string).collect()
}

async fn idle(
    session: Session,
    snapshot: Snapshot,
    actions: Vec<(ResourceAddress, Action)>,
    changes: Vec<String>,
) -> Result<Report, String> {
    session.release(Leaving::Clean).await.map_err(told)?;
    Ok(Report { changes, actions, status: None, failures: Vec::new(), waits: Vec::new(), snapshot })
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

/// Hears what a run waits for.
#[derive(Default)]
struct Ear {
    waits: Vec<String>,
}

impl EventSink for Ear {
    fn emit(&mut self, event: &Event) -> ControlFlow<StopRequested> {
        let Event::Progress(progress) = event else { return ControlFlow::Continue(()) };
        if let Progress::Waiting { address, standing: why } | Progress::Retrying { address, why, .. } = progress {
            self.waits.push(format!("{address}: {why}"));
        }
        ControlFlow::Continue(())
    }
}

/// The clock of this machine, but for the drain and the lag of tags: the emulator accepts no request late and hides nothing.
#[derive(Debug)]
struct HastyClock(Instant);

impl Default for HastyClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

/// What is not waited for: the drain of every kind, and the lag of an index of tags.
const SKIPPED: [Duration; 2] = [siac_provider_aws::kind::DRAIN, Duration::from_secs(10)];

#[async_trait]
impl Clock for HastyClock {
    fn now(&self) -> String {
        "2030-01-01T00:00:00.000Z".to_owned()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(if SKIPPED.contains(&duration) { Duration::ZERO } else { duration }).await;
    }
}
