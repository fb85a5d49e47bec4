//! What goes wrong on the first day: each gives a clear answer and loses nothing.

use std::net::TcpListener;
use std::process::Command;

use super::sandbox::Sandbox;

const STACK: &str = "[stack]\nname = \"first\"\n\n[resource.local_file.a]\npath = \"a.txt\"\ncontent = \"a\"\n";

#[test]
fn a_typo_is_pointed_at() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", &STACK.replace("content", "conetnt"));
    let run = sandbox.fail(1, &["plan", "stack.toml"]);
    run.says("stack.toml").says("conetnt").says("content").says("6");
}

#[test]
fn every_mistake_is_told_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "stack.toml",
        &format!("{STACK}\n[resource.local_file.b]\npath = 1\ncontent = \"${{local_file.nope.id}}\"\nbogus = 2\n"),
    );
    sandbox.fail(1, &["validate", "stack.toml"]).says("bogus").says("nope");
}

#[test]
fn a_cycle_is_printed_as_the_path_that_closes() {
    let sandbox = Sandbox::new();
    let cycle = "[stack]\nname = \"c\"\n[resource.local_value.a]\ninput = \"${local_value.b.output}\"\n[resource.local_value.b]\ninput = \"${local_value.a.output}\"\n";
    sandbox.write("stack.toml", cycle);
    sandbox.fail(1, &["validate", "stack.toml"]).says("local_value.a").says("local_value.b");
}

#[test]
fn a_huge_file_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", &format!("{STACK}# {}\n", "x".repeat(50 * 1024 * 1024)));
    sandbox.fail(1, &["plan", "stack.toml"]).says("stack.toml");
}

#[test]
fn windows_line_endings_and_a_path_with_spaces_are_fine() {
    let sandbox = Sandbox::named("my first project");
    sandbox.write("stack.toml", &STACK.replace('\n', "\r\n"));
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("a.txt"), "a");
}

#[test]
fn without_a_terminal_nothing_is_applied_unasked() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", STACK);
    sandbox.fail(16, &["apply", "stack.toml"]).says("--auto-approve");
    assert_eq!(sandbox.read("a.txt"), "");
}

#[test]
fn a_wrong_passphrase_says_so_and_loses_nothing() {
    let mut sandbox = Sandbox::new();
    let stack = STACK.replace("\n\n[resource", "\n\n[state]\nkey = \"passphrase:env:SIAC_PASSPHRASE\"\n\n[resource");
    sandbox.write("stack.toml", &stack);
    sandbox.fail(1, &["plan", "stack.toml"]).says("SIAC_PASSPHRASE");
    sandbox.environment.push(("SIAC_PASSPHRASE".into(), "right horse battery".into()));
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    sandbox.environment.pop();
    sandbox.environment.push(("SIAC_PASSPHRASE".into(), "wrong horse battery".into()));
    sandbox.fail(1, &["plan", "stack.toml"]).says("passphrase");
    sandbox.environment.pop();
    sandbox.environment.push(("SIAC_PASSPHRASE".into(), "right horse battery".into()));
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
}

#[test]
fn in_ci_a_missing_key_is_an_error() {
    let mut sandbox = Sandbox::new();
    sandbox.environment.push(("CI".into(), "true".into()));
    sandbox.write("stack.toml", STACK);
    sandbox.fail(1, &["plan", "stack.toml"]).says("key");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let sandbox = Sandbox::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    sandbox.write("app/server.js", "require('http').createServer((q, r) => r.end('ok')).listen(process.env.PORT)\n");
    let service = format!(
        "[stack]\nname = \"p\"\n[resource.local_service.s]\nsource = \"app\"\ncommand = [\"node\", \"server.js\"]\nport = {port}\n"
    );
    sandbox.write("stack.toml", &service);
    sandbox.fail(13, &["apply", "stack.toml", "--auto-approve"]).says(&port.to_string());
    assert_eq!(sandbox.processes(), Vec::<u32>::new());
}

#[test]
fn a_missing_program_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("app/server.js", "");
    sandbox.write("stack.toml", "[stack]\nname = \"p\"\n[resource.local_service.s]\nsource = \"app\"\ncommand = [\"node-that-is-missing\", \"server.js\"]\nport = 0\n");
    sandbox.fail(13, &["apply", "stack.toml", "--auto-approve"]).says("node-that-is-missing");
}

#[test]
fn a_full_disk_stops_the_apply_and_loses_nothing() {
    let sandbox = Sandbox::new();
    let mounted = |on: &str| {
        Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=192k", "none", on])
            .output()
            .is_ok_and(|o| o.status.success())
    };
    let state = sandbox.project().join(".siac");
    std::fs::create_dir_all(&state).expect("a folder");
    if !mounted(&state.to_string_lossy()) {
        println!("skipped: this machine lets nobody mount a small file system");
        return;
    }
    let many = "\n[resource.local_value.v]\nfor_each = \"${toset([for n in range(400) : tostring(n)])}\"\ninput = \"${join(\"\", [for n in range(200) : sha256(\"${each.key}-${n}\")])}\"\n";
    let many = many.replace(
        "input = \"${join(\"\", [for n in range(200) : sha256(\"${each.key}-${n}\")])}\"",
        "input = '${join(\"\", [for n in range(200) : sha256(\"${each.key}-${n}\")])}'",
    );
    sandbox.write("stack.toml", &(STACK.to_owned() + &many));
    let run = sandbox.run(&["apply", "stack.toml", "--auto-approve"]);
    let _ = Command::new("umount").arg(&state).output();
    assert_ne!(run.code, 0);
    run.says("space");
}

#[test]
fn an_unknown_provider_is_explained() {
    let sandbox = Sandbox::new();
    sandbox.write("stack.toml", "[stack]\nname = \"c\"\n[resource.gcp_pubsub_topic.jobs]\nname = \"jobs\"\n");
    sandbox.fail(1, &["validate", "stack.toml"]).says("gcp");
}
