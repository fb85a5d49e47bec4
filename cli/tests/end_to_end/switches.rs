//! A canary as people see it: in the plan, refused and rolled back, and going on while siac is killed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::sandbox::{Sandbox, eventually, signal};

const STACK: &str = r#"
[stack]
name = "canaries"

[variable.word]
type = "string"

[variable.status]
type    = "number"
default = 200

[variable.bake]
type = "string"

[secret.token]
from = "env:CANARY_TOKEN"

[resource.local_file.note]
path    = "note.txt"
content = "${var.word}"

[resource.local_service.api]
source      = "api"
command     = ["node", "server.js"]
port        = 0
protocol    = "http"
environment = { WORD = "${var.word}", STATUS = "${var.status}", TOKEN = "${secret.token}" }
health      = { path = "/health", within = "20s" }
stop_grace  = "2s"
traffic     = { strategy = "canary", steps = [50, 100], bake = "${var.bake}" }

[output.url]
value = "${local_service.api.url}"
"#;

const SERVER: &str = r#"
require('node:http').createServer((request, response) => {
  response.writeHead(request.url === '/health' ? 200 : Number(process.env.STATUS)).end(process.env.WORD)
}).listen(process.env.PORT, process.env.HOST)
"#;

/// A project whose first release runs, and where it answers.
fn deployed() -> (Sandbox, String) {
    let mut sandbox = Sandbox::new();
    sandbox.write("stack.toml", STACK);
    sandbox.write("api/server.js", SERVER);
    sandbox.environment = vec![("CANARY_TOKEN".into(), "hunter2".into())];
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve", "--var", "word=one", "--var", "bake=2s"]);
    let told = sandbox.succeed(&["output", "url", "--stack", "stack.toml"]).stdout;
    let address = told.split_once("http://").expect("a URL").1.trim().trim_matches('"').to_owned();
    (sandbox, address)
}

/// The body of an answer, on a connection of its own.
fn ask(address: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    write!(stream, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let body = answer.split_once("\r\n\r\n")?.1;
    Some(body.lines().find(|line| line.len() > 1).unwrap_or(body).to_owned())
}

fn is_served_alone(address: &str, word: &str) -> bool {
    (0..4).all(|_| ask(address).is_some_and(|body| body == word))
}

#[test]
fn a_canary_is_planned_refused_and_rolled_back() {
    let (sandbox, address) = deployed();
    let wanted = ["--var", "word=two", "--var", "status=500", "--var", "bake=20s"];
    let planned = sandbox.succeed(&[&["plan", "stack.toml"], wanted.as_slice()].concat());
    planned.says("canary: 50 %, 100 % of new connections, 20s each");
    let mut applying = sandbox.start(&[&["apply", "stack.toml", "--auto-approve"], wanted.as_slice()].concat());
    let is_over = eventually(Duration::from_secs(60), || {
        let _ = ask(&address);
        applying.try_wait().expect("the child can be asked").is_some()
    });
    assert!(is_over, "the canary was never refused");
    let output = applying.wait_with_output().expect("it has ended");
    assert_eq!(output.status.code(), Some(13), "everything is undone");
    assert!(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).contains("with 500 or above"));
    assert!(is_served_alone(&address, "one"));
    assert_eq!(sandbox.read("note.txt"), "one");
    sandbox.succeed(&["plan", "stack.toml", "--var", "word=one", "--var", "bake=2s"]).says("No changes");
}

#[test]
fn a_canary_goes_on_while_siac_is_killed_and_the_next_run_learns_how_it_ended() {
    let (sandbox, address) = deployed();
    let wanted = ["apply", "stack.toml", "--auto-approve", "--var", "word=two", "--var", "bake=1500ms"];
    let mut child = sandbox.start(&wanted);
    let is_baking = || ask(&address).is_some_and(|body| body == "two");
    assert!(eventually(Duration::from_secs(60), is_baking), "the canary never got a share");
    signal(child.id(), "KILL");
    child.wait().expect("the child ends");
    let apply = sandbox.succeed(&wanted);
    apply.says("ecover");
    assert!(is_served_alone(&address, "two"));
    sandbox.succeed(&["plan", "stack.toml", "--var", "word=two", "--var", "bake=1500ms"]).says("No changes");
    sandbox.succeed(&["destroy", "stack.toml", "--auto-approve", "--var", "word=two", "--var", "bake=1s"]);
    assert!(ask(&address).is_none());
}
