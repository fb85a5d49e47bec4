//! Caring for the state: keys, labels, moves, lost folders, and who holds the lock.

use std::fs;
use std::time::Duration;

use super::sandbox::{Sandbox, eventually, signal};

const STACK: &str =
    "[stack]\nname = \"kept\"\n\n[flag.loud]\ndefault = false\n\n[resource.local_value.a]\ninput = \"${flag.loud}\"\n";

fn deployed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", STACK);
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    sandbox
}

#[test]
fn keys_change_and_everything_still_opens() {
    let sandbox = deployed();
    sandbox.succeed(&["key", "rotate", "stack.toml", "--to", "key-file:../home/new.key"]);
    sandbox.fail(1, &["plan", "stack.toml"]);
    sandbox.write("stack.toml", &format!("{STACK}\n[state]\nkey = \"key-file:../home/new.key\"\n"));
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]).says("opened 1 snapshot");
}

#[test]
fn a_label_names_a_snapshot_and_pruning_keeps_it() {
    let sandbox = deployed();
    sandbox.succeed(&["snapshot", "label", "1", "good", "stack.toml"]);
    for loud in ["true", "false", "true"] {
        sandbox.succeed(&["apply", "stack.toml", "--auto-approve", "--flag", &format!("loud={loud}")]);
    }
    sandbox.succeed(&["snapshot", "prune", "stack.toml", "--keep", "1", "--auto-approve"]);
    sandbox.succeed(&["rollback", "--to", "good", "stack.toml", "--auto-approve"]);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    sandbox.succeed(&["snapshot", "verify", "--stack", "stack.toml"]);
}

#[test]
fn a_flag_that_nobody_declared_is_refused() {
    let sandbox = deployed();
    sandbox.fail(1, &["plan", "stack.toml", "--flag", "lou=true"]).says("did you mean `loud`?");
}

#[test]
fn drift_is_looked_for_with_the_values_that_the_stack_needs() {
    let sandbox = Sandbox::new();
    let stack = "[stack]\nname = \"kept\"\n[variable.text]\ntype = \"string\"\n[resource.local_file.a]\npath = \"a.txt\"\ncontent = \"${var.text}\"\n";
    sandbox.write("stack.toml", stack);
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve", "--var", "text=hello"]);
    sandbox.write("values.toml", "text = \"hello\"\n");
    let drift = ["drift", "stack.toml", "--detailed-exitcode"];
    sandbox.fail(1, &drift).says("text");
    sandbox.succeed(&[&drift[..], &["--var-file", "values.toml"]].concat());
    sandbox.write("a.txt", "changed by hand");
    sandbox.fail(2, &[&drift[..], &["--var", "text=hello"]].concat()).says("changed by hand");
}

#[test]
fn going_back_passes_over_what_was_undone() {
    let sandbox = deployed();
    let content = |text: &str| format!("{STACK}\n[resource.local_file.f]\npath = \"f.txt\"\ncontent = \"{text}\"\n");
    for text in ["one", "two"] {
        sandbox.write("stack.toml", &content(text));
        sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    }
    let failing = format!(
        "{}\n[resource.local_command.bad]\ncreate = \"exit 1\"\ndepends_on = [\"local_file.f\"]\n",
        content("three")
    );
    sandbox.write("stack.toml", &failing);
    sandbox.fail(13, &["apply", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("f.txt"), "two");
    sandbox.succeed(&["rollback", "--to", "previous", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("f.txt"), "one");
}

#[test]
fn what_is_remembered_can_be_renamed_and_forgotten() {
    let sandbox = deployed();
    sandbox.succeed(&["state", "mv", "local_value.a", "local_value.b", "stack.toml", "--auto-approve"]);
    sandbox.write("stack.toml", &STACK.replace("local_value.a", "local_value.b"));
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    sandbox.succeed(&["state", "rm", "local_value.b", "--stack", "stack.toml", "--auto-approve"]);
    sandbox.succeed(&["plan", "stack.toml"]).says("1 to add");
}

#[test]
fn a_state_that_went_back_is_only_taken_on_purpose() {
    let sandbox = deployed();
    fs::remove_dir_all(sandbox.project().join(".siac")).expect("the state can go");
    sandbox.fail(1, &["plan", "stack.toml"]).says("--accept-rollback");
    sandbox.succeed(&["plan", "stack.toml", "--accept-rollback"]).says("1 to add");
}

#[test]
fn one_run_at_a_time_and_the_other_hears_who() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", "[stack]\nname = \"slow\"\n\n[resource.local_command.slow]\ncreate = \"sleep 3\"\n");
    let mut first = sandbox.start(&["apply", "stack.toml", "--auto-approve"]);
    let begun = || sandbox.project().join(".siac/run").is_dir();
    assert!(eventually(Duration::from_secs(20), begun), "the first run never began");
    sandbox.fail(11, &["apply", "stack.toml", "--auto-approve"]).says("apply");
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve", "--lock-timeout", "30s"]).says("No changes");
    assert!(first.wait().expect("the first run ends").success());
}

#[test]
fn a_living_holder_keeps_its_lock_and_a_dead_one_does_not() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "stack.toml",
        "[stack]\nname = \"held\"\n\n[resource.local_command.slow]\ncreate = \"sleep 1; echo x >> log\"\n",
    );
    let mut holder = sandbox.start(&["apply", "stack.toml", "--auto-approve"]);
    let begun = || sandbox.project().join(".siac/run").is_dir();
    assert!(eventually(Duration::from_secs(20), begun), "the holder never began");
    assert!(signal(holder.id(), "STOP"));
    sandbox.fail(11, &["lock", "release", "stack.toml", "--auto-approve"]).says(&holder.id().to_string());
    sandbox.succeed(&["lock", "status", "stack.toml"]).says("is held");
    assert!(signal(holder.id(), "KILL"));
    holder.wait().expect("the holder ends");
    sandbox.succeed(&["lock", "status", "stack.toml"]).says("was left by a run that is gone").says("siac recover");
    sandbox.succeed(&["status", "stack.toml"]).says("left by a run that is gone");
    let doctor = sandbox.succeed(&["doctor", "stack.toml"]);
    doctor.says("left by a run that is gone").says("1 call of an earlier run is not settled: local_command.slow");
    sandbox.succeed(&["lock", "release", "stack.toml", "--auto-approve"]);
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("log"), "x\n", "the command ran once");
}

#[test]
fn an_outcome_that_nobody_can_tell_is_asked_for_and_never_repeated() {
    let sandbox = Sandbox::new();
    let stack =
        "[stack]\nname = \"doubt\"\n\n[resource.local_command.migrate]\ncreate = \"echo begun >> log; sleep 2\"\n";
    sandbox.write("stack.toml", stack);
    let mut holder = sandbox.start(&["apply", "stack.toml", "--auto-approve"]);
    assert!(eventually(Duration::from_secs(20), || !sandbox.read("log").is_empty()), "the command never began");
    assert!(signal(holder.id(), "KILL"));
    holder.wait().expect("the run ends");
    // The runner, too: what a power cut does.
    for pid in sandbox.processes() {
        assert!(signal(pid, "KILL"));
    }
    sandbox.fail(18, &["recover", "stack.toml"]).says("siac recover --absent local_command.migrate");
    sandbox.succeed(&["doctor", "stack.toml"]).says("siac recover --absent local_command.migrate");
    assert_ne!(sandbox.run(&["apply", "stack.toml", "--auto-approve"]).code, 0, "nothing is done before somebody says");
    assert_eq!(sandbox.read("log"), "begun\n");
    sandbox.succeed(&["recover", "stack.toml", "--absent", "local_command.migrate"]);
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("log"), "begun\nbegun\n");
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
}
