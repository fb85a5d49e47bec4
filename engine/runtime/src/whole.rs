//! The arrows joined: text to stack, stack to plan, plan to facts, facts to snapshot; on the fake cloud, with secrets of every kind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::language::load::{self, GivenVariables};
use siac_core::model::diagnostic::SourceMap;
use siac_core::model::event::Silence;
use siac_core::model::identity::{DeploymentId, Digest};
use siac_core::model::plan::Plan;
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::Status;
use siac_core::model::stack::{SecretSource, Stack};
use siac_core::model::value::{Known, Value};
use siac_core::planning::questions::Answers;
use siac_core::planning::{Goal, Options, Outcome, Request, plan};
use siac_core::ports::{Fault, FetchedSecret, SecretStore};
use siac_test_kit::cloud::mishap::{Mishap, Mishaps};
use siac_test_kit::cloud::{Cloud, CloudVerb};
use siac_test_kit::process::{Life, Process, live};

use crate::answering::Inquiry;
use crate::executor::{Executed, Execution, execute};
use crate::stop::Stop;
use crate::trial::{MemoryJournal, Trial, address};
use crate::world::World;

/// The value of every secret, for now.
struct Vault(Mutex<String>);

#[async_trait]
impl SecretStore for Vault {
    fn schemes(&self) -> &'static [&'static str] {
        &["env"]
    }

    async fn fetch(&self, _: &SecretSource) -> Result<FetchedSecret, Fault> {
        Ok(FetchedSecret { value: Secret::new(self.0.lock().unwrap().clone()), version: None })
    }
}

/// A trial with a stack instead of plans made by hand.
struct Whole {
    trial: Trial,
    vault: Arc<Vault>,
}

impl Whole {
    fn new() -> Self {
        Self { trial: Trial::new(), vault: Arc::new(Vault(Mutex::new("hunter2".to_owned()))) }
    }

    fn plan(&self, stack: &Stack) -> Plan {
        self.within(|process| async move { self.planned(Goal::Stack(stack), &process).await.0 })
    }

    fn apply(&mut self, goal: Goal<'_>) -> Executed {
        let whole = &*self;
        let executed = whole.within(|process| async move {
            let (plan, world) = whole.planned(goal, &process).await;
            let mut journal = MemoryJournal(whole.trial.paper.clone());
            let execution = Execution::new(DeploymentId([1; 16]), Digest([0; 32]));
            let (base, stop) = (whole.trial.snapshot.clone(), Stop::never());
            execute(plan, base, Arc::new(world), &mut journal, &mut Silence, stop, &execution).await
        });
        self.trial.snapshot = executed.snapshot.clone();
        self.trial.cloud.assert_matches(&self.trial.snapshot);
        executed
    }

    fn within<T, F: Future<Output = T>>(&self, run: impl FnOnce(Arc<Process>) -> F) -> T {
        let process = Process::new(&self.trial.network);
        match live(&process, Duration::from_secs(86_400), run(process.clone())) {
            Life::Finished(end) => end,
            Life::Died => panic!("the run died"),
            Life::Hung => panic!("the run hung"),
        }
    }

    async fn planned(&self, goal: Goal<'_>, process: &Arc<Process>) -> (Plan, World) {
        let world = (*self.trial.world(process)).clone();
        let mut inquiry = Inquiry::new(world, Arc::new(self.trial.snapshot.clone()));
        inquiry.sources.push(self.vault.clone());
        let (catalogues, sources, options) = (self.trial.cloud.catalogues(), SourceMap::default(), Options::default());
        let snapshot = inquiry.snapshot.clone();
        let request = Request {
            goal,
            snapshot: &snapshot,
            base_id: None,
            catalogues: &catalogues,
            sources: &sources,
            options: &options,
        };
        let mut answers = Answers::default();
        loop {
            match plan(&request, &answers) {
                Outcome::Asks(questions) => inquiry.answer(questions, &mut answers, &mut Silence).await,
                Outcome::Refused(diagnostics) => panic!("{diagnostics:#?}"),
                Outcome::Done(plan, _) => return (*plan, inquiry.world),
            }
        }
    }
}

fn stack(text: &str) -> Stack {
    let text = format!("[stack]\nname = \"trial\"\n{text}");
    let loaded = load::load(&load::Request {
        entry: "trial.toml",
        files: &BTreeMap::from([("trial.toml".to_owned(), Ok(Arc::from(text.as_str())))]),
        variables: &GivenVariables::default(),
        environment: None,
        realised_by: &BTreeMap::new(),
        version: "0.1.0",
        catalogues: &Cloud::new().catalogues(),
    });
    assert!(!loaded.diagnostics.has_errors(), "{:#?}", loaded.diagnostics);
    loaded.stack.unwrap()
}

/// Secrets from outside, secrets that the cloud makes, and everything that can be made of them.
const SECRETS: &str = r#"
[secret.pw]
from = "env:PW"

[resource.fake_secret.a]
name = "a"

[resource.fake_token.plain]
name = "plain"
link = "${secret.pw}"

[resource.fake_put.made]
name = "made-of-${fake_secret.a.id}"
link = "db://${fake_secret.a.id}:${secret.pw}@${upper(fake_secret.a.value)}"

[resource.fake_name.chained]
name = "chained"
link = "${fake_put.made.link}/x"
size = "${length(secret.pw)}"

[output.url]
value = "${fake_put.made.link}"
sensitive = true

[output.id]
value = "${fake_name.chained.id}"
"#;

#[test]
fn a_second_plan_is_empty_with_secrets_of_every_kind() {
    let (mut whole, stack) = (Whole::new(), stack(SECRETS));
    let executed = whole.apply(Goal::Stack(&stack));
    assert_eq!(executed.status, Status::Complete, "{:?}", executed.failures);
    let again = whole.plan(&stack);
    assert!(again.is_empty(), "{:#?}", (again.changes, again.steps, again.outputs));
    let chained = whole.trial.cloud.object(&address("fake_name", "chained")).unwrap();
    let a = whole.trial.snapshot.object(&address("fake_secret", "a")).unwrap().remote.clone();
    let link = format!("db://{a}:hunter2@{}/x", format!("hunter2-{a}").to_uppercase());
    assert_eq!(chained.attributes["link"], Known::string(link));
    assert_eq!(chained.attributes["size"], Value::number(7_i64));
}

#[test]
fn no_fact_holds_a_secret_of_the_stack() {
    let (mut whole, stack) = (Whole::new(), stack(SECRETS));
    whole.apply(Goal::Stack(&stack));
    let facts = format!("{:?}", whole.trial.paper.facts());
    assert!(!facts.to_lowercase().contains("hunter2"), "{facts}");
}

#[test]
fn another_value_of_a_secret_is_a_change_of_what_uses_it_and_of_nothing_else() {
    let (mut whole, stack) = (Whole::new(), stack(SECRETS));
    whole.apply(Goal::Stack(&stack));
    *whole.vault.0.lock().unwrap() = "letmein".to_owned();
    let changed = whole.plan(&stack).changes;
    let names: Vec<_> = changed.iter().map(|change| change.address.name.as_str()).collect();
    assert_eq!(names, ["chained", "made", "plain"]);
    assert_eq!(whole.apply(Goal::Stack(&stack)).status, Status::Complete);
    assert!(whole.plan(&stack).is_empty());
    let plain = whole.trial.cloud.object(&address("fake_token", "plain")).unwrap();
    assert_eq!(plain.attributes["link"], Known::string("letmein"));
}

#[test]
fn a_sealed_attribute_that_was_meddled_with_is_put_right() {
    let (mut whole, stack) = (Whole::new(), stack(SECRETS));
    whole.apply(Goal::Stack(&stack));
    let plain = whole.trial.snapshot.object(&address("fake_token", "plain")).unwrap().remote.clone();
    whole.trial.cloud.meddle("fake_token", &plain, "link", Known::string("meddled"));
    let changes = whole.plan(&stack).changes;
    assert_eq!(changes.len(), 1, "{changes:#?}");
    whole.apply(Goal::Stack(&stack));
    let plain = whole.trial.cloud.object(&address("fake_token", "plain")).unwrap();
    assert_eq!(plain.attributes["link"], Known::string("hunter2"));
    assert!(whole.plan(&stack).is_empty());
}

#[test]
fn a_move_takes_secrets_along_and_changes_nothing() {
    let mut whole = Whole::new();
    whole.apply(Goal::Stack(&stack(SECRETS)));
    let moved = SECRETS.replace("fake_secret.a", "fake_secret.b");
    let moved = stack(&format!("{moved}\n[[moved]]\nfrom = \"fake_secret.a\"\nto = \"fake_secret.b\"\n"));
    let calls = whole.trial.cloud.log().len();
    assert_eq!(whole.apply(Goal::Stack(&moved)).status, Status::Complete);
    let log = whole.trial.cloud.log();
    assert!(log[calls..].iter().all(|entry| entry.verb == CloudVerb::Read), "{:#?}", &log[calls..]);
    assert!(whole.plan(&moved).is_empty());
}

#[test]
fn a_failed_change_is_rolled_back_and_the_old_stack_still_plans_empty() {
    let (mut whole, before) = (Whole::new(), stack(SECRETS));
    whole.apply(Goal::Stack(&before));
    let records = whole.trial.snapshot.records.len();
    let after = SECRETS.replace("name = \"made-of-", "name = \"remade-of-").replace("secret.pw}/x", "secret.pw}/y");
    let after = stack(&format!("{after}\n[resource.fake_token.last]\nname = \"${{fake_name.chained.id}}\"\n"));
    let last = address("fake_token", "last");
    whole.trial.cloud.set_mishaps(Mishaps::script().then(&last, CloudVerb::Create, 0, Mishap::Rejected, 1));
    let executed = whole.apply(Goal::Stack(&after));
    assert_eq!(executed.status, Status::RolledBack, "{:?}", executed.failures);
    assert_eq!(whole.trial.snapshot.records.len(), records);
    let again = whole.plan(&before);
    assert!(again.is_empty(), "{:#?}", (again.changes, again.steps, again.outputs));
}

#[test]
fn a_rollback_wants_the_same_again() {
    let (mut whole, before) = (Whole::new(), stack(SECRETS));
    whole.apply(Goal::Stack(&before));
    let kept = whole.trial.snapshot.clone();
    whole.apply(Goal::Nothing);
    assert!(whole.trial.cloud.objects().is_empty());
    assert_eq!(whole.apply(Goal::Snapshot(&kept)).status, Status::Complete);
    let again = whole.plan(&before);
    assert!(again.is_empty(), "{:#?}", (again.changes, again.steps, again.outputs));
}
