//! State in Azure Blob Storage, as far as an emulator goes: everything that works on this machine works there.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use siac_emulators::{Azurite, Rule};

use super::sandbox::{Sandbox, eventually, signal};

/// A project whose state is in a container of its own, and the container.
fn project(resources: &str) -> (Sandbox, Azurite) {
    let azurite = Azurite::start();
    let mut sandbox = Sandbox::new();
    sandbox.environment = vec![
        ("AZURE_STORAGE_KEY".to_owned(), azurite.key().to_owned()),
        ("SIAC_PASSPHRASE".to_owned(), "correct horse battery staple".to_owned()),
    ];
    let (account, container, endpoint) = (azurite.account(), azurite.container(), azurite.endpoint());
    let state = format!(
        "[stack]\nname = \"shop\"\n\n[state]\nbackend = \"azure-blob\"\naccount = {account:?}\ncontainer = {container:?}\nprefix = \"team\"\nendpoint = {endpoint:?}\n"
    );
    sandbox.write("stack.toml", &format!("{state}\n{resources}"));
    let place = ["--account", account, "--container", container, "--endpoint", &endpoint];
    let init = [&["init", "--backend", "azure-blob"][..], &place].concat();
    sandbox.succeed(&init).says("made:      container").says("not done:").says("az storage account");
    (sandbox, azurite)
}

const FILE: &str = "[resource.local_file.greeting]\npath = \"greeting.txt\"\ncontent = \"WORDS\"\n";

/// Effects that take their time and are counted.
const EFFECTS: &str = r#"
[resource.local_command.effect]
for_each = "${toset([for n in range(40) : tostring(n)])}"
create = "sleep 0.2; echo ${each.key} >> effects.log"
"#;

fn assert_each_effect_once(sandbox: &Sandbox) {
    let log = sandbox.read("effects.log");
    let distinct: BTreeSet<&str> = log.lines().collect();
    assert_eq!((log.lines().count(), distinct.len()), (40, 40), "{log}");
}

#[test]
fn a_state_in_a_container_is_applied_planned_rolled_back_and_destroyed() {
    let (sandbox, azurite) = project(&FILE.replace("WORDS", "hello"));
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    let first = sandbox.read("stack.toml");
    sandbox.write("stack.toml", &first.replace("hello", "goodbye"));
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("greeting.txt"), "goodbye");
    sandbox.succeed(&["rollback", "--to", "previous", "--stack", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("greeting.txt"), "hello");
    sandbox.write("stack.toml", &first);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]);
    sandbox.succeed(&["lock", "status", "--stack", "stack.toml"]);
    sandbox.succeed(&["destroy", "stack.toml", "--auto-approve"]);
    assert!(
        azurite.proxy().count("PUT /devstoreaccount1/.*/team%2Fshop%2Fsnap%2F") >= 4,
        "{:#?}",
        azurite.proxy().seen()
    );
}

#[test]
fn killed_applies_lose_nothing_and_repeat_nothing() {
    let (sandbox, _azurite) = project(EFFECTS);
    for round in 0..3 {
        let before = sandbox.read("effects.log").lines().count();
        let mut child = sandbox.start(&["apply", "stack.toml", "--auto-approve"]);
        let has_begun = || sandbox.read("effects.log").lines().count() > before;
        assert!(eventually(Duration::from_secs(60), has_begun), "nothing began in round {round}");
        signal(child.id(), "KILL");
        child.wait().expect("the child ends");
        sandbox.succeed(&["lock", "status", "--stack", "stack.toml"]).says("left by a run that is gone");
    }
    // Its lease holds for a minute, and on another machine nobody could tell; who wants to look first may.
    let stack = sandbox.read("stack.toml");
    sandbox.write("stack.toml", &stack.replace("[state]", "[state]\ntakeover = \"manual\""));
    sandbox.fail(11, &["apply", "stack.toml", "--auto-approve"]).says("the state is locked by");
    sandbox.succeed(&["lock", "release", "--stack", "stack.toml", "--auto-approve"]).says("the lock was taken from");
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_each_effect_once(&sandbox);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]);
}

#[test]
fn a_lease_that_is_lost_in_the_middle_of_an_apply_fences_it_and_loses_nothing() {
    let (sandbox, _azurite) = project(EFFECTS);
    let child = sandbox.start(&["apply", "stack.toml", "--auto-approve"]);
    assert!(eventually(Duration::from_secs(60), || !sandbox.read("effects.log").is_empty()), "nothing began");
    sandbox.succeed(&["lock", "release", "--stack", "stack.toml", "--auto-approve"]);
    let output = child.wait_with_output().expect("the child ends");
    assert_eq!(output.status.code(), Some(17), "{}", String::from_utf8_lossy(&output.stderr));
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_each_effect_once(&sandbox);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
}

#[test]
fn what_the_service_refuses_is_explained() {
    let (mut sandbox, azurite) = project(&FILE.replace("WORDS", "hello"));
    azurite.proxy().add(Rule::on("HEAD").fails(403, "AuthorizationPermissionMismatch", "Not authorized.").first(1));
    sandbox.fail(1, &["plan", "stack.toml"]).says("Storage Blob Data Contributor");
    sandbox.environment[0].1 = "bm90IHRoZSBrZXk=".to_owned();
    sandbox.fail(1, &["plan", "stack.toml"]).says("AZURE_STORAGE_KEY");
    sandbox.environment[0].1 = "not base64!".to_owned();
    sandbox.fail(1, &["plan", "stack.toml"]).says("az storage account keys list");
    sandbox.environment[0].1 = azurite.key().to_owned();
    let elsewhere = sandbox.read("stack.toml").replace(azurite.container(), "nowhere");
    sandbox.write("stack.toml", &elsewhere);
    sandbox.fail(1, &["plan", "stack.toml"]).says("siac init --backend azure-blob");
    sandbox.environment.pop();
    sandbox.fail(1, &["plan", "stack.toml"]).says("set `key` in `[state]`");
}

#[test]
fn a_run_asks_little_of_the_store_and_no_more_than_the_roles_of_the_guide_allow() {
    let (sandbox, azurite) = project(&FILE.replace("WORDS", "hello"));
    let seen = |arguments: &[&str]| {
        let (before, begun) = (azurite.proxy().seen().len(), Instant::now());
        sandbox.succeed(arguments);
        let took = begun.elapsed();
        let requests: Vec<String> = azurite.proxy().seen().drain(before..).map(|seen| seen.what).collect();
        println!("azure-blob: {}: {} requests, {took:.2?}", arguments[0], requests.len());
        requests
    };
    let reads = |request: &String| request.starts_with("? GET ") || request.starts_with("? HEAD ");
    let apply = ["apply", "stack.toml", "--auto-approve"];
    let first = seen(&apply);
    let plan = seen(&["plan", "stack.toml"]);
    sandbox.write("stack.toml", &sandbox.read("stack.toml").replace("hello", "goodbye"));
    let change = seen(&apply);
    assert!(plan.len() <= 3 && change.len() <= 15 && first.len() <= 18, "{first:#?} {plan:#?} {change:#?}");
    assert!(!first.iter().chain(&change).any(|request| request.starts_with("? DELETE ")), "{change:#?}");
    for looking in [&["plan"][..], &["status"], &["history"], &["output"], &["state", "list"], &["snapshot", "verify"]]
    {
        let arguments = match looking {
            ["plan" | "status"] => [looking, &["stack.toml"]].concat(),
            _ => [looking, &["--stack", "stack.toml"]].concat(),
        };
        let requests = seen(&arguments);
        assert!(requests.iter().all(reads), "{looking:?} {requests:#?}");
    }
}
