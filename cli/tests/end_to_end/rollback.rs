//! Plan, apply, change, drift, and the way back.

use std::fs;

use super::sandbox::Sandbox;

fn stack(text: &str) -> String {
    format!(
        "[stack]\nname = \"pages\"\n\n[resource.local_file.page]\npath = \"out/page.txt\"\ncontent = \"{text}\"\n\n[resource.local_value.copy]\ninput = \"${{local_file.page.sha256}}\"\n"
    )
}

#[test]
fn a_second_plan_is_empty_and_a_change_is_seen() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", &stack("one"));
    sandbox.succeed(&["plan", "stack.toml"]).says("Plan: 2 to add, 0 to change, 0 to destroy.");
    sandbox.succeed(&["apply", "--auto-approve"]);
    assert_eq!(sandbox.read("out/page.txt"), "one");
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    assert_eq!(sandbox.run(&["plan", "stack.toml", "--detailed-exitcode"]).code, 0);
    sandbox.write("stack.toml", &stack("two"));
    assert_eq!(sandbox.run(&["plan", "stack.toml", "--detailed-exitcode"]).code, 2);
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("out/page.txt"), "two");
}

#[test]
fn rollback_publishes_a_new_snapshot_with_the_old_content() {
    let sandbox = Sandbox::new();
    for text in ["one", "two"] {
        sandbox.write("stack.toml", &stack(text));
        sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    }
    sandbox.succeed(&["rollback", "--to", "1", "--stack", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("out/page.txt"), "one");
    let history = sandbox.succeed(&["history", "--stack", "stack.toml"]).stdout;
    assert!(history.contains('3'), "{history}");
    sandbox.succeed(&["rollback", "--to", "previous", "--stack", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("out/page.txt"), "two");
}

#[test]
fn rollback_restores_files_whose_source_is_gone() {
    let sandbox = Sandbox::new();
    let text =
        "[stack]\nname = \"code\"\n\n[resource.local_archive.bundle]\nsource = \"app\"\npath = \"out/app.zip\"\n";
    sandbox.write("stack.toml", text);
    sandbox.write("app/index.js", "console.log(1)\n");
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    let first = fs::read(sandbox.project().join("out/app.zip")).expect("the archive");
    sandbox.write("app/index.js", "console.log(2)\n");
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_ne!(fs::read(sandbox.project().join("out/app.zip")).expect("the archive"), first);
    fs::remove_dir_all(sandbox.project().join("app")).expect("the source can go");
    sandbox.succeed(&["rollback", "--to", "1", "--stack", "stack.toml", "--auto-approve"]);
    assert_eq!(fs::read(sandbox.project().join("out/app.zip")).expect("the archive"), first);
}

#[test]
fn a_failed_apply_takes_back_what_it_did() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", &stack("one"));
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    let broken = "\n[resource.local_command.broken]\ncreate = \"exit 3\"\ndepends_on = [\"local_file.page\"]\n";
    sandbox.write("stack.toml", &(stack("two") + broken));
    sandbox.fail(13, &["apply", "stack.toml", "--auto-approve"]).says("local_command.broken");
    assert_eq!(sandbox.read("out/page.txt"), "one");
    sandbox.write("stack.toml", &stack("one"));
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
}

#[test]
fn what_changed_outside_is_seen_and_put_right() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", &stack("one"));
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    sandbox.write("out/page.txt", "tampered");
    sandbox.succeed(&["plan", "stack.toml"]).says("local_file.page");
    sandbox.succeed(&["apply", "--auto-approve"]);
    assert_eq!(sandbox.read("out/page.txt"), "one");
    fs::remove_file(sandbox.project().join("out/page.txt")).expect("the file can go");
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("out/page.txt"), "one");
}

#[test]
fn a_kept_plan_applies_once_and_only_to_what_it_was_made_from() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", &stack("one"));
    sandbox.succeed(&["plan", "stack.toml", "--out", "saved.siac"]);
    sandbox.succeed(&["apply", "saved.siac", "--auto-approve"]);
    sandbox.fail(12, &["apply", "saved.siac", "--auto-approve"]);
    sandbox.write("stack.toml", &stack("two"));
    sandbox.succeed(&["plan", "stack.toml"]);
    sandbox.write("stack.toml", &stack("three"));
    sandbox.fail(12, &["apply", "--auto-approve"]);
    assert_eq!(sandbox.read("out/page.txt"), "one");
}

#[test]
fn destroy_leaves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", &stack("one"));
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    sandbox.succeed(&["destroy", "stack.toml", "--auto-approve"]);
    assert!(!sandbox.project().join("out/page.txt").exists());
    assert_eq!(sandbox.succeed(&["state", "list", "--stack", "stack.toml"]).stdout, "");
}
