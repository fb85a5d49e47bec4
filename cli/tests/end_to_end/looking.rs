//! Looking at a real service: while it runs, crashes, and has lost its supervisor; its log, and where it answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::sandbox::{Run, Sandbox, eventually, signal};

const STACK: &str = r#"
[stack]
name        = "shop"
environment = "prod"

[variable.greeting]
type = "string"

[secret.token]
from = "env:SHOP_TOKEN"

[resource.local_service.api]
source      = "api"
command     = ["node", "server.js"]
port        = 0
environment = { GREETING = "${var.greeting}", TOKEN = "${secret.token}" }
health      = { path = "/", within = "20s" }
stop_grace  = "2s"

[resource.local_file.note]
path    = "note.txt"
content = "nothing runs here"
"#;

/// Says who asks, and ends with 3 when it is asked to.
const SERVER: &str = r#"
console.log(`begins with ${process.env.TOKEN}`)
require('node:http').createServer((request, response) => {
  if (request.url !== '/') console.log(`asked for ${request.url}`)
  if (request.url === '/die') process.exit(3)
  response.end(process.env.GREETING)
}).listen(process.env.PORT, process.env.HOST)
"#;

/// A project whose service runs. What is needed to apply is taken away again.
fn deployed() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.write("stacks/shop.toml", STACK);
    sandbox.write("stacks/api/server.js", SERVER);
    sandbox.environment = vec![("SHOP_TOKEN".into(), "hunter2-canary".into())];
    sandbox.succeed(&["apply", "--auto-approve", "--var", "greeting=hello"]);
    sandbox.environment.clear();
    sandbox
}

/// The lines of this type of a stream of JSON.
fn lines(run: &Run, kind: &str) -> Vec<serde_json::Value> {
    let lines = run.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    lines.filter(|line| line["type"] == kind).collect()
}

fn service(sandbox: &Sandbox) -> serde_json::Value {
    lines(&sandbox.succeed(&["status", "api", "--json"]), "service").remove(0)
}

fn ask(sandbox: &Sandbox, path: &str) {
    let url = sandbox.succeed(&["open", "api", "--print"]).stdout;
    let mut stream = TcpStream::connect(url.trim().strip_prefix("http://").expect("a URL")).expect("it answers");
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let _ = stream.read_to_string(&mut String::new());
}

#[test]
fn what_runs_is_seen_without_the_values_that_it_was_made_with() {
    let sandbox = deployed();
    let run = sandbox.succeed(&["status", "--detailed-exitcode"]);
    run.says("shop (production)").says("snapshot    1 (").says("local_service.api  healthy").says("1 process");
    run.says("http://127.0.0.1:").says("1 service, and it is healthy");
    let seen = service(&sandbox);
    assert_eq!(seen["health"], "healthy", "{seen}");
    assert_eq!(seen["releases"][0]["name"].as_str().map(str::len), Some(64), "{seen}");
    assert!(seen["readings"]["memory"]["value"].as_u64() > Some(1 << 20), "{seen}");
    assert_eq!(seen["readings"]["memory"]["unit"], "bytes");
    sandbox.succeed(&["status", "stacks/shop.toml", "local_file.note"]).says("something that runs");
    sandbox.fail(1, &["status", "apj"]).says("did you mean `api`?");
}

#[test]
fn a_deployment_is_found_with_its_outcome() {
    let sandbox = deployed();
    let history = sandbox.succeed(&["history", "--json"]);
    let id = lines(&history, "history")[0]["entries"][0]["deployment"].as_str().expect("an id").to_owned();
    sandbox.succeed(&["status", "--deployment", &id[..8]]).says("complete").says("2 added");
    let line = &lines(&sandbox.succeed(&["status", "--deployment", &id, "--json"]), "history")[0];
    assert_eq!(
        (&line["entries"][0]["status"], line["entries"].as_array().map(Vec::len)),
        (&"complete".into(), Some(1))
    );
    sandbox.fail(1, &["status", "--deployment", "00000000"]).says("no deployment that has ended");
}

#[test]
fn a_crash_is_seen_with_its_reason_and_what_to_type() {
    let sandbox = deployed();
    for restarts in 1..=2 {
        let is_back = || service(&sandbox)["readings"]["restarts"]["value"] == restarts;
        ask(&sandbox, "/die");
        assert!(eventually(Duration::from_secs(20), is_back), "{}", service(&sandbox));
    }
    let run = sandbox.fail(19, &["status", "--detailed-exitcode"]);
    run.says("degraded")
        .says("exit code 3")
        .says("siac logs local_service.api --tail 50")
        .says("1 of 1 service not healthy");
    sandbox.succeed(&["logs", "api"]).says("siac: the process ended with exit code 3").says("asked for /die");
}

#[test]
fn a_service_that_lost_its_supervisor_is_gone_and_an_apply_brings_it_back() {
    let mut sandbox = deployed();
    let supervisor = service(&sandbox)["readings"]["supervisor"]["value"].as_str().expect("a number").to_owned();
    assert!(signal(supervisor.parse().expect("a number"), "KILL"));
    let is_gone = || service(&sandbox)["health"] == "gone";
    assert!(eventually(Duration::from_secs(10), is_gone), "{}", service(&sandbox));
    sandbox.succeed(&["status"]).says("its supervisor was killed").says("siac apply stacks/shop.toml");
    let doctor = sandbox.succeed(&["doctor"]);
    doctor.says("local_service.api of the stack shop has lost its supervisor").says("of it still runs");
    sandbox.environment = vec![("SHOP_TOKEN".into(), "hunter2-canary".into())];
    sandbox.succeed(&["apply", "--auto-approve", "--var", "greeting=hello"]);
    assert_eq!(service(&sandbox)["health"], "healthy");
}

#[test]
fn a_log_is_told_followed_and_ended_by_an_interrupt() {
    let sandbox = deployed();
    let told = sandbox.succeed(&["logs", "api"]);
    assert_eq!(told.stdout, "begins with (sensitive value)\n", "the secret was replaced when it was written");
    sandbox.fail(1, &["logs", "local_file.note"]).says("keeps a log");
    let stamped = sandbox.succeed(&["logs", "api", "--since", "1h", "--timestamps"]).stdout;
    assert!(stamped.starts_with("20") && stamped.contains("Z begins with"), "{stamped}");
    assert_eq!(sandbox.succeed(&["logs", "--tail", "0"]).stdout, "");

    let mut following = sandbox.start(&["logs", "--follow", "--tail", "1", "--json"]);
    let mut lines = BufReader::new(following.stdout.take().expect("its output")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("begins with")));
    ask(&sandbox, "/new");
    let line = lines.find(|line| line.contains("asked for /new")).expect("it is heard");
    let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((&line["type"], &line["address"]), (&"log".into(), &"local_service.api".into()));
    assert!(signal(following.id(), "INT"));
    assert_eq!(following.wait().expect("it ends").code(), Some(0));
    assert!(lines.last().is_some_and(|line| line.contains("\"exit_code\":0")));
}

#[test]
fn where_it_answers_is_printed_where_nobody_sees_a_browser() {
    let sandbox = deployed();
    let url = sandbox.succeed(&["open", "api"]).stdout;
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(sandbox.succeed(&["open", "local_service.api", "stacks/shop.toml", "--print"]).stdout, url);
    sandbox.fail(1, &["open", "local_file.note"]).says("has no `url`");
}

#[test]
fn a_supervisor_that_no_stack_remembers_is_suspected_and_a_folder_that_is_left_is_certain() {
    let sandbox = deployed();
    let quiet = sandbox.succeed(&["doctor"]).all();
    assert!(!quiet.contains("warning"), "{quiet}");
    let seen = service(&sandbox);
    let supervisor = seen["readings"]["supervisor"]["value"].as_str().expect("a number");
    sandbox.succeed(&["state", "rm", "local_service.api", "--auto-approve"]);
    let suspects = sandbox.succeed(&["doctor"]);
    suspects.says("perhaps: the service").says("remembers it: shop").says(&format!("`kill {supervisor}`"));
    assert!(signal(supervisor.parse().expect("a number"), "KILL"));
    let is_left =
        || sandbox.run(&["doctor"]).all().contains("is left of a service that is gone, with its stale socket");
    assert!(eventually(Duration::from_secs(10), is_left), "{}", sandbox.run(&["doctor"]).all());
    sandbox.succeed(&["doctor"]).says("of it still runs").says("end what is left with `kill ");
}

#[test]
fn every_stack_of_a_project_is_asked_before_somebody_is_suspected() {
    let sandbox = deployed();
    sandbox.write("stacks/other.toml", "[stack]\nname = \"other\"\n");
    let run = sandbox.succeed(&["doctor", "stacks/other.toml"]);
    assert!(!run.all().contains("perhaps"), "{}", run.all());
    std::fs::remove_file(sandbox.project().join("stacks/shop.toml")).expect("a stack file can go");
    let run = sandbox.succeed(&["doctor", "stacks/other.toml"]);
    assert!(!run.all().contains("perhaps"), "its state is still there: {}", run.all());
}

const COMPONENTS: &str = r#"
[stack]
name = "shop"

[component.api]
kind     = "rest-api"
provider = "local"
source   = "api"
entry    = "server.js"
scaling  = { min = 2, max = 2 }

[component.feed]
kind     = "websocket"
provider = "local"
profile  = "server"
source   = "api"
entry    = "server.js"
for_each = '${toset(["eu", "us"])}'
"#;

#[test]
fn components_are_meant_by_their_names() {
    let sandbox = Sandbox::new();
    sandbox.write("stacks/shop.toml", COMPONENTS);
    sandbox.write("stacks/api/server.js", SERVER);
    sandbox.write("stacks/api/package.json", "{ \"name\": \"api\", \"version\": \"1.0.0\" }");
    sandbox.succeed(&["apply", "--auto-approve"]);
    let run = sandbox.succeed(&["status"]);
    run.says("component.api.local_service.server  healthy").says("2 processes").says("3 services, and all are healthy");
    assert_eq!(lines(&sandbox.succeed(&["status", "feed", "--json"]), "service").len(), 2);
    let one = &lines(&sandbox.succeed(&["status", r#"feed["eu"]"#, "--json"]), "service")[0];
    assert_eq!(one["address"], r#"component.feed["eu"].local_service.server"#);
    assert!(sandbox.succeed(&["open", "api", "--print"]).stdout.starts_with("http://"));
    let socket = sandbox.succeed(&["open", r#"component.feed["us"]"#, "--print"]).stdout;
    assert!(socket.starts_with("ws://"), "{socket}");
    assert_eq!(sandbox.succeed(&["open", r#"feed["us"]"#]).stdout, socket.replace("ws://", "http://"));
    sandbox.fail(1, &["open", "feed"]).says("answers at several places").says(r#"component.feed["eu"]"#);
    sandbox.fail(1, &["logs", "feeed"]).says("did you mean `feed`?");
    sandbox.succeed(&["logs"]).says("api        | begins with").says("feed[\"eu\"] | begins with");
}
