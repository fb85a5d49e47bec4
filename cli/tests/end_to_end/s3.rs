//! State in S3, as far as an emulator goes: everything that works on this machine works there.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use siac_emulators::{Emulator, Rule};

use super::sandbox::{Sandbox, eventually, signal};

/// A project whose state is in a bucket of its own.
struct Project {
    sandbox: Sandbox,
    emulator: Emulator,
    bucket: String,
}

/// The tables that keep the lock; `None` leaves it to the bucket.
const LOCKS: [Option<&str>; 2] = [None, Some("locks")];

const FILE: &str = "[resource.local_file.greeting]\npath = \"greeting.txt\"\ncontent = \"WORDS\"\n";

/// Effects that take their time and are counted.
const EFFECTS: &str = r#"
[resource.local_command.effect]
for_each = "${toset([for n in range(40) : tostring(n)])}"
create = "sleep 0.2; echo ${each.key} >> effects.log"
"#;

impl Project {
    fn new(emulator: Emulator, lock_table: Option<&str>, resources: &str) -> Self {
        let bucket = emulator.unique("cli");
        let mut sandbox = Sandbox::new();
        sandbox.environment =
            emulator.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        sandbox.environment.push(("SIAC_PASSPHRASE".to_owned(), "correct horse battery staple".to_owned()));
        let project = Self { sandbox, emulator, bucket };
        project.write(lock_table, resources);
        project
    }

    /// With bucket and table as `siac init` makes them.
    fn prepared(lock_table: Option<&str>, resources: &str) -> Self {
        let project = Self::new(Emulator::start_blocking(), lock_table, resources);
        project.prepare(lock_table);
        project
    }

    fn prepare(&self, lock_table: Option<&str>) {
        let mut arguments = vec!["init", "--backend", "s3", "--bucket", &self.bucket];
        lock_table.iter().for_each(|table| arguments.extend(["--lock-table", table]));
        self.sandbox.succeed(&arguments).says("Write this into your stack");
    }

    fn write(&self, lock_table: Option<&str>, resources: &str) {
        let table = lock_table.map(|table| format!("lock_table = {table:?}\n")).unwrap_or_default();
        let bucket = &self.bucket;
        let state = format!(
            "[stack]\nname = \"shop\"\n\n[state]\nbackend = \"s3\"\nbucket = {bucket:?}\nprefix = \"prod\"\n{table}"
        );
        self.sandbox.write("stack.toml", &format!("{state}\n{resources}"));
    }

    fn without(&mut self, variable: &str) {
        self.sandbox.environment.retain(|(name, _)| name != variable);
    }
}

fn assert_each_effect_once(sandbox: &Sandbox) {
    let log = sandbox.read("effects.log");
    let distinct: BTreeSet<&str> = log.lines().collect();
    assert_eq!((log.lines().count(), distinct.len()), (40, 40), "{log}");
}

#[test]
fn a_state_in_a_bucket_is_applied_planned_rolled_back_and_destroyed() {
    for lock_table in LOCKS {
        let project = Project::prepared(lock_table, &FILE.replace("WORDS", "hello"));
        let sandbox = &project.sandbox;
        sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
        sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
        project.write(lock_table, &FILE.replace("WORDS", "goodbye"));
        sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
        assert_eq!(sandbox.read("greeting.txt"), "goodbye");
        sandbox.succeed(&["rollback", "--to", "previous", "--stack", "stack.toml", "--auto-approve"]);
        assert_eq!(sandbox.read("greeting.txt"), "hello");
        project.write(lock_table, &FILE.replace("WORDS", "hello"));
        sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
        sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]);
        sandbox.succeed(&["doctor", "stack.toml"]);
        sandbox.succeed(&["snapshot", "prune", "--keep", "1", "--stack", "stack.toml", "--auto-approve"]);
        sandbox.succeed(&["destroy", "stack.toml", "--auto-approve"]);
        let seen = project.emulator.proxy();
        assert!(seen.count("^s3.PutObject PUT /.*/prod/shop/snap/") >= 4, "{:#?}", seen.seen());
        assert_eq!(seen.count("^dynamodb.UpdateItem") > 0, lock_table.is_some());
        let announced = usize::from(lock_table.is_some());
        let heads = seen.count("^s3.PutObject PUT /.*/prod/shop/HEAD");
        assert!(if lock_table.is_some() { heads == announced } else { heads > 8 }, "{heads} writes of HEAD");
    }
}

#[test]
fn killed_applies_lose_nothing_and_repeat_nothing() {
    for lock_table in LOCKS {
        let project = Project::prepared(lock_table, EFFECTS);
        let sandbox = &project.sandbox;
        for round in 0..3 {
            let before = sandbox.read("effects.log").lines().count();
            let mut child = sandbox.start(&["apply", "stack.toml", "--auto-approve"]);
            let has_begun = || sandbox.read("effects.log").lines().count() > before;
            assert!(eventually(Duration::from_secs(120), has_begun), "nothing began in round {round}");
            signal(child.id(), "KILL");
            child.wait().expect("the child ends");
            sandbox.succeed(&["lock", "status", "--stack", "stack.toml"]).says("left by a run that is gone");
        }
        // On another machine nobody could tell; and who wants to look first may.
        let stack = sandbox.read("stack.toml");
        sandbox.write("stack.toml", &stack.replace("[state]", "[state]\ntakeover = \"manual\""));
        let apply = ["apply", "stack.toml", "--auto-approve"];
        sandbox.fail(11, &apply).says("the state is locked by").says("(apply, since");
        sandbox
            .succeed(&["lock", "release", "--stack", "stack.toml", "--auto-approve"])
            .says("the lock was taken from");
        sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
        assert_each_effect_once(sandbox);
        sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
        sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]);
    }
}

#[test]
fn a_holder_that_was_paused_is_fenced_when_it_wakes() {
    for lock_table in LOCKS {
        let project = Project::prepared(lock_table, EFFECTS);
        let sandbox = &project.sandbox;
        let child = sandbox.start(&["apply", "stack.toml", "--auto-approve"]);
        let has_begun = || !sandbox.read("effects.log").is_empty();
        assert!(eventually(Duration::from_secs(120), has_begun), "nothing began");
        signal(child.id(), "STOP");
        sandbox.succeed(&["lock", "release", "--stack", "stack.toml", "--auto-approve"]);
        sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
        signal(child.id(), "CONT");
        let output = child.wait_with_output().expect("the child ends");
        assert_eq!(output.status.code(), Some(17), "{}", String::from_utf8_lossy(&output.stderr));
        assert_each_effect_once(sandbox);
        sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
        sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]);
    }
}

#[test]
fn lost_answers_and_requests_are_survived_wherever_they_are_lost() {
    for lock_table in LOCKS {
        let project = Project::prepared(lock_table, &FILE.replace("WORDS", "start"));
        let (sandbox, proxy) = (&project.sandbox, project.emulator.proxy());
        let writes = if lock_table.is_some() { "^dynamodb.UpdateItem" } else { "^s3.PutObject PUT .*/HEAD" };
        let mut round = 0;
        for written in [writes, "^s3.PutObject PUT .*/wal/", "^s3.PutObject PUT .*/snap/"] {
            for is_carried_out in [true, false] {
                for number in 0..3 {
                    round += 1;
                    project.write(lock_table, &FILE.replace("WORDS", &format!("round {round}")));
                    let rule = Rule::on(written).after(number).first(1);
                    proxy.clear();
                    proxy.add(if is_carried_out { rule.loses_answer() } else { rule.loses_request() });
                    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
                    assert_eq!(sandbox.read("greeting.txt"), format!("round {round}"));
                }
            }
        }
        proxy.clear();
        assert!(proxy.seen().iter().filter(|seen| seen.is_troubled).count() >= 12, "trouble was made");
        let history = sandbox.succeed(&["snapshot", "list", "--json", "--stack", "stack.toml"]).stdout;
        assert_eq!(history.matches("\"serial\"").count(), round, "{history}");
        sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]);
    }
}

#[test]
fn what_is_missing_is_named_with_what_to_type_next() {
    let mut project = Project::new(Emulator::start_blocking(), Some("locks"), &FILE.replace("WORDS", "hello"));
    let plan = ["plan", "stack.toml"];
    project.sandbox.fail(1, &plan).says("--lock-table locks");
    project.write(None, &FILE.replace("WORDS", "hello"));
    project.sandbox.fail(1, &plan).says(&format!("siac init --backend s3 --bucket {}", project.bucket));
    project.prepare(None);
    project.without("SIAC_PASSPHRASE");
    project.sandbox.fail(1, &plan).says("set `key` in `[state]`");
    project.sandbox.environment.push(("SIAC_PASSPHRASE".to_owned(), "correct horse battery staple".to_owned()));
    project.sandbox.succeed(&plan);
    project.without("AWS_REGION");
    project.sandbox.fail(1, &plan).says("set AWS_REGION");
    project.sandbox.environment.push(("AWS_REGION".to_owned(), "us-east-1".to_owned()));
    project.without("AWS_ACCESS_KEY_ID");
    project.sandbox.fail(1, &plan).says("no AWS credentials are found").says("AWS_PROFILE");
    let stack = project.sandbox.read("stack.toml");
    project.sandbox.write("stack.toml", &stack.replace("bucket =", "buckets ="));
    project.sandbox.fail(1, &plan).says("did you mean `bucket`?");
}

#[test]
fn a_store_that_ignores_conditions_is_noticed() {
    let project = Project::new(Emulator::start_blocking(), None, &FILE.replace("WORDS", "hello"));
    project.emulator.proxy().add(Rule::on("^s3.PutObject").strips(&["if-match"]));
    project
        .sandbox
        .fail(1, &["init", "--backend", "s3", "--bucket", &project.bucket])
        .says("cannot hold a state")
        .says("If-Match");
    project.sandbox.fail(1, &["apply", "stack.toml", "--auto-approve"]).says("cannot hold a state");
    assert_eq!(project.sandbox.read("greeting.txt"), "", "nothing was begun");
}

#[test]
fn a_state_goes_to_another_place_and_back_and_the_old_one_says_so() {
    let project = Project::prepared(Some("locks"), &FILE.replace("WORDS", "hello"));
    let (sandbox, bucket) = (&project.sandbox, project.bucket.as_str());
    let in_the_bucket = sandbox.read("stack.toml");
    let resources = FILE.replace("WORDS", "hello");
    let here = format!("[stack]\nname = \"shop\"\n\n{resources}");
    sandbox.write("stack.toml", &here);
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    fn migrate<'a>(to: &[&'a str]) -> Vec<&'a str> {
        [&["state", "migrate", "stack.toml", "--auto-approve"][..], to].concat()
    }
    let to_bucket = migrate(&["--to", "s3", "--bucket", bucket, "--prefix", "prod", "--lock-table", "locks"]);
    sandbox.succeed(&to_bucket).says("Write this into the stack").says("lock_table = \"locks\"");
    sandbox.fail(1, &["apply", "stack.toml", "--auto-approve"]).says("the state was brought to s3://");
    sandbox.succeed(&to_bucket);
    sandbox.write("stack.toml", &in_the_bucket);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    let elsewhere = migrate(&["--to", "s3", "--bucket", bucket, "--prefix", "next"]);
    sandbox.succeed(&elsewhere);
    sandbox.fail(1, &["plan", "stack.toml"]).says("/next/shop");
    let next = in_the_bucket.replace("\"prod\"", "\"next\"").replace("lock_table = \"locks\"\n", "");
    sandbox.write("stack.toml", &next);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    sandbox.succeed(&migrate(&["--to", "local"]));
    sandbox.write("stack.toml", &here);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]);
    sandbox.succeed(&["destroy", "stack.toml", "--auto-approve"]);
}

#[test]
fn a_store_that_speaks_like_s3_is_named_by_its_endpoint() {
    let mut project = Project::new(Emulator::start_blocking(), None, &FILE.replace("WORDS", "hello"));
    project.without("AWS_ENDPOINT_URL");
    let endpoint = project.emulator.endpoint();
    let place = ["init", "--backend", "s3", "--bucket", &project.bucket, "--endpoint", &endpoint];
    project.sandbox.succeed(&place).says("conditional writes are kept").says(&format!("endpoint = {endpoint:?}"));
    let stack = project.sandbox.read("stack.toml");
    let stack = stack.replace("[state]", &format!("[state]\nendpoint = {endpoint:?}"));
    project.sandbox.write("stack.toml", &stack);
    project.sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    project.sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    project.emulator.proxy().add(Rule::on("^s3.GetObject").fails(503, "SlowDown", "Reduce your request rate").first(2));
    project.sandbox.succeed(&["destroy", "stack.toml", "--auto-approve"]);
    project.sandbox.write("stack.toml", &stack.replace(&endpoint, "http://127.0.0.1:9"));
    project.sandbox.fail(1, &["plan", "stack.toml"]).says("cannot be read").says("127.0.0.1:9");
}

#[test]
fn a_run_asks_little_of_the_store() {
    for lock_table in LOCKS {
        let project = Project::prepared(lock_table, &FILE.replace("WORDS", "hello"));
        let cost = |arguments: &[&str]| {
            let (before, begun) = (project.emulator.proxy().seen().len(), Instant::now());
            project.sandbox.succeed(arguments);
            let took = begun.elapsed();
            let requests = project.emulator.proxy().seen().len() - before;
            println!("{}: {}: {requests} requests, {took:.2?}", lock_table.unwrap_or("s3 alone"), arguments[0]);
            requests
        };
        let apply = ["apply", "stack.toml", "--auto-approve"];
        let first = cost(&apply);
        let plan = cost(&["plan", "stack.toml"]);
        project.write(lock_table, &FILE.replace("WORDS", "goodbye"));
        let change = cost(&apply);
        assert!(plan <= 3 && change <= 12 && first <= 40, "plan {plan}, change {change}, first apply {first}");
    }
}
