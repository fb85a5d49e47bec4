//! The example stacks run: planned, applied, planned again (empty), destroyed.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::sandbox::{eventually, free_port, project, repository};

/// The status line and body of a GET request; `None` when nobody answers.
fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

#[test]
fn the_quickstart_serves_changes_breaks_and_goes_back() {
    let sandbox = project();
    let port = free_port();
    let var = format!("port={port}");
    let websocket_var = format!("websocket_port={}", free_port());
    let apply = ["apply", "stacks/quickstart.toml", "--auto-approve", "--var", &var, "--var", &websocket_var];
    sandbox.succeed(&apply).says(&port.to_string());
    let answers = |what: &str| get(port, "/").is_some_and(|text| text.contains(what));
    assert!(answers("200"), "the service answers");
    sandbox.succeed(&["plan", "stacks/quickstart.toml", "--var", &var, "--var", &websocket_var]).says("No changes");

    let server = fs::read_dir(sandbox.project().join("services/rest-api")).expect("the sample").flatten();
    let server = server.map(|entry| entry.path()).find(|path| path.ends_with("server.js")).expect("a server");
    let original = fs::read_to_string(&server).expect("its text");
    fs::write(&server, format!("// changed\n{original}")).expect("it can change");
    sandbox.succeed(&apply);
    assert!(answers("200"), "the new release answers");

    fs::write(&server, "throw new Error('broken release')\n").expect("it can break");
    sandbox.fail(13, &apply).says("broken release");
    assert!(answers("200"), "the old release still answers");

    sandbox.succeed(&["rollback", "--to", "1", "--stack", "stacks/quickstart.toml", "--auto-approve"]);
    assert!(answers("200"), "the first release answers");
    sandbox.succeed(&["destroy", "stacks/quickstart.toml", "--auto-approve"]);
    assert!(eventually(Duration::from_secs(10), || get(port, "/").is_none()), "nothing answers");
    assert!(eventually(Duration::from_secs(10), || sandbox.processes().is_empty()), "nothing is left running");
}

#[test]
fn every_example_applies_and_a_second_plan_is_empty() {
    let examples = fs::read_dir(repository().join("stacks/examples")).expect("there are examples").flatten();
    let mut names: Vec<String> = examples
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.retain(|name| name.ends_with(".toml"));
    names.sort();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        let mut sandbox = project();
        sandbox.environment.push(("EXAMPLE_TOKEN".into(), "an example token".into()));
        let stack = format!("stacks/examples/{name}");
        println!("{stack}");
        sandbox.succeed(&["apply", &stack, "--auto-approve"]);
        sandbox.succeed(&["plan", &stack]).says("No changes");
        sandbox.succeed(&["destroy", &stack, "--auto-approve"]);
    }
}
