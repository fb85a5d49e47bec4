//! Real `kill -9` of the binary in the middle of the REST stack on Azure: nothing is orphaned, nothing is made twice, and the next run arrives.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, SystemTime};

use super::azure_project::AzureProject;
use super::sandbox::{eventually, signal};

const REST: &str = "stacks/azure-rest-api.toml";
const WEBSOCKET: &str = "stacks/azure-websocket.toml";
const APPLY: [&str; 3] = ["apply", REST, "--auto-approve"];

/// How many projects are killed at the same time. Most of their time is the wait for requests that may still be on their way.
const PROJECTS: u64 = 4;

/// How often each of them is killed.
const KILLS: usize = 2;

/// How many requests a first apply sends at least, and a rollback of nearly everything.
const FIRST: u64 = 45;
const CHANGE: u64 = 35;

/// How long a run may take to come as far as it is let.
const PATIENCE: Duration = Duration::from_secs(300);

/// A small generator, so that a failing seed can be run again with `SIAC_TEST_SEED`.
struct Moments(u64);

impl Moments {
    fn new(number: u64) -> Self {
        let given = std::env::var("SIAC_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let clock =
            || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |time| time.subsec_nanos().into());
        let seed: u64 = given.unwrap_or_else(clock);
        println!("SIAC_TEST_SEED={seed}");
        Self(seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Lets a run go on until the subscription has been asked so often, and a moment longer, and kills it. Whether it was still running.
fn killed(azure: &AzureProject, arguments: &[&str], requests: u64, moment: Duration) -> bool {
    let end = azure.double.exchanges().len() + usize::try_from(requests).expect("a small number");
    let mut child = azure.start(arguments);
    let is_over = || azure.double.exchanges().len() >= end;
    let mut has_ended = false;
    eventually(PATIENCE, || {
        has_ended = child.try_wait().expect("the child can be asked").is_some();
        has_ended || is_over()
    });
    thread::sleep(moment);
    let was_running = child.try_wait().expect("the child can be asked").is_none();
    signal(child.id(), "KILL");
    child.wait().expect("the child ends");
    was_running
}

fn project() -> AzureProject {
    let azure = AzureProject::new();
    azure.rewrite(REST, "build        = \"npm ci --omit=dev\"\n", "");
    azure
}

/// The state and the subscription hold the same, each once, and there is nothing to do.
fn assert_settled(azure: &AzureProject, stack: &str, resources: usize) {
    azure.succeed(&["plan", stack]).says("No changes");
    azure.succeed(&["snapshot", "verify", "--stack", stack]);
    let listed = azure.succeed(&["state", "list", "--stack", stack]).stdout;
    let left = azure.double.left();
    let distinct: BTreeSet<String> = left.iter().map(|id| id.to_ascii_lowercase()).collect();
    assert_eq!(
        (listed.lines().count(), left.len(), distinct.len()),
        (resources, resources, resources),
        "{listed}\n{left:#?}"
    );
}

/// The outcome of a step in every project, at the same time.
fn in_parallel(number: u64, life: impl Fn(u64) + Sync) {
    thread::scope(|scope| {
        let running: Vec<_> = (0..number)
            .map(|number| {
                scope.spawn({
                    let life = &life;
                    move || life(number)
                })
            })
            .collect();
        for thread in running {
            thread.join().expect("every project arrives");
        }
    });
}

#[test]
fn killed_applies_and_rollbacks_arrive_with_the_next_run() {
    in_parallel(PROJECTS, |number| match number % 2 {
        0 => killed_applies(Moments::new(number)),
        _ => killed_rollbacks(Moments::new(number)),
    });
}

fn killed_applies(mut moments: Moments) {
    let azure = project();
    let hits = (0..KILLS)
        .filter(|_| killed(&azure, &APPLY, 1 + moments.below(FIRST), Duration::from_millis(moments.below(30))))
        .count();
    assert!(hits > 0, "no kill hit a running apply");
    azure.succeed(&APPLY);
    assert_settled(&azure, REST, 9);
    azure.succeed(&["destroy", REST, "--auto-approve"]);
    assert_eq!(azure.double.left(), Vec::<String>::new());
}

fn killed_rollbacks(mut moments: Moments) {
    let azure = project();
    azure.succeed(&APPLY);
    let first = azure.double.package("example123-api");
    let (stack, server) = (azure.read(REST), azure.read("services/rest-api/server.js"));
    let location = "location            = \"${var.location}\"\n";
    azure.rewrite(REST, location, &format!("{location}tags                = {{ team = \"web\" }}\n"));
    azure.rewrite(REST, "default = \"hello from Azure\"", "default = \"good day\"");
    azure.rewrite("services/rest-api/server.js", "status: 'ok'", "status: 'better'");
    azure.succeed(&APPLY);
    assert_ne!(azure.double.package("example123-api"), first);

    let back = ["rollback", "--to", "1", "--stack", REST, "--auto-approve"];
    let asked = azure.double.exchanges().len();
    let hits = (0..KILLS)
        .filter(|_| killed(&azure, &back, 1 + moments.below(CHANGE), Duration::from_millis(moments.below(30))))
        .count();
    assert!(hits > 0, "no kill hit a running rollback: {} requests", azure.double.exchanges().len() - asked);
    azure.succeed(&back);
    assert_eq!(azure.double.package("example123-api"), first);
    azure.write(REST, &stack);
    azure.write("services/rest-api/server.js", &server);
    assert_settled(&azure, REST, 9);
}

#[test]
fn operations_that_outlive_a_killed_run_are_followed_by_the_next() {
    let azure = project();
    azure.double.hold(true);
    let mut child = azure.start(&["apply", WEBSOCKET, "--auto-approve"]);
    // One is told of by where its result will be, the other by a status.
    let made = ["storageAccounts/example123store$", "webPubSub/example123-front$"];
    let told = ["GET .*Microsoft.Storage/.*/operationResults/", "GET .*Microsoft.SignalRService/.*/operationStatuses/"];
    let counts = |patterns: [&str; 2]| patterns.map(|pattern| azure.double.count(pattern));
    let puts = || counts(made.map(|made| format!("PUT .*/{made}")).each_ref().map(String::as_str));
    let is_followed = || puts() == [1, 1] && counts(told).iter().all(|looks| *looks > 1);
    assert!(eventually(PATIENCE, is_followed), "{:#?}", azure.double.exchanges());
    signal(child.id(), "KILL");
    child.wait().expect("the child ends");
    azure.double.hold(false);
    let looked = counts(told);
    let next = azure.succeed(&["apply", WEBSOCKET, "--auto-approve"]);
    assert_eq!(puts(), [1, 1], "{}", next.all());
    assert!(counts(told).iter().zip(looked).all(|(now, then)| *now > then), "the same operations are looked at again");
    assert_settled(&azure, WEBSOCKET, 10);
    azure.succeed(&["destroy", WEBSOCKET, "--auto-approve"]);
    assert_eq!(azure.double.left(), Vec::<String>::new());
}
