//! Components on this machine: applied, changed, broken, rolled back, shown.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::sandbox::{Run, Sandbox, eventually};

/// A server without dependencies, unchanged from how it would run anywhere: it listens on PORT and nothing else.
const SERVER: &str = r#"
const http = require("node:http");
const { GREETING = "hello", NODE_ENV, NODE_OPTIONS = "" } = process.env;
http
  .createServer((request, response) => {
    response.setHeader("content-type", "text/plain");
    response.end(request.url === "/health" ? "ok" : `${GREETING} ${NODE_ENV} ${NODE_OPTIONS}`);
  })
  .listen(process.env.PORT);
"#;

const STACK: &str = r#"
[stack]
name = "shop"
environment = "prod"

[variable.greeting]
type = "string"
default = "one"

[component.api]
kind = "rest-api"
source = "../services/api"
entry = "server.js"
memory = 256
environment = { GREETING = "${var.greeting}" }
health = { path = "/health" }

[output.where]
value = "${component.api.url}"
"#;

fn project(stack: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("stacks/shop.toml", stack);
    sandbox.write("services/api/server.js", SERVER);
    sandbox
}

const APPLY: [&str; 3] = ["apply", "stacks/shop.toml", "--auto-approve"];

/// The body of a GET request to an output of the stack; nothing when nobody answers.
fn get(sandbox: &Sandbox, output: &str, path: &str) -> Option<String> {
    let url = sandbox.run(&["output", output, "--raw", "--stack", "stacks/shop.toml"]).stdout;
    let address = url.trim().strip_prefix("http://")?.to_owned();
    let mut stream = TcpStream::connect(&address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

#[track_caller]
fn assert_says(sandbox: &Sandbox, output: &str, words: &str) {
    let said = get(sandbox, output, "/").unwrap_or_default();
    assert!(said.contains(words), "expected {words:?} in {said:?}");
}

#[track_caller]
fn assert_gone(sandbox: &Sandbox) {
    assert!(eventually(Duration::from_secs(20), || sandbox.processes().is_empty()), "nothing is left running");
}

#[test]
fn a_component_is_applied_changed_broken_and_rolled_back() {
    let sandbox = project(STACK);
    sandbox.succeed(&APPLY).says("component.api.local_service.server: created").says("component.api.health_url");
    assert_says(&sandbox, "component.api.url", "one production --max-old-space-size=256");
    assert_says(&sandbox, "where", "one production");
    sandbox.succeed(&["plan", "stacks/shop.toml"]).says("No changes");

    sandbox.succeed(&["apply", "stacks/shop.toml", "--auto-approve", "--var", "greeting=two"]);
    assert_says(&sandbox, "where", "two production");

    sandbox.write("services/api/server.js", "throw new Error('a broken release');\n");
    sandbox.fail(13, &APPLY).says("a broken release");
    assert_says(&sandbox, "where", "two production");

    // The project is gone: what was deployed is kept.
    fs::remove_dir_all(sandbox.project().join("services")).expect("it can be deleted");
    sandbox.succeed(&["rollback", "--to", "1", "--stack", "stacks/shop.toml", "--auto-approve"]);
    assert_says(&sandbox, "component.api.url", "one production");
    sandbox.succeed(&["destroy", "stacks/shop.toml", "--auto-approve"]);
    assert_gone(&sandbox);
}

#[test]
fn what_a_build_makes_is_run_and_found_again_when_the_project_is_gone() {
    let sandbox =
        project(&STACK.replace("entry = \"server.js\"", "build = \"mkdir -p dist && cp server.js dist/main.js\""));
    sandbox.write("services/api/package.json", r#"{ "main": "dist/main.js", "engines": { "node": ">=18" } }"#);
    sandbox.succeed(&APPLY);
    assert_says(&sandbox, "where", "one production");
    sandbox.succeed(&["plan", "stacks/shop.toml"]).says("No changes");
    sandbox.write("services/api/server.js", &SERVER.replace("${GREETING} ", "${GREETING}, again, "));
    sandbox.succeed(&APPLY);
    assert_says(&sandbox, "where", "one, again, production");
    fs::remove_dir_all(sandbox.project().join("services")).expect("it can be deleted");
    sandbox.succeed(&["rollback", "--to", "previous", "--stack", "stacks/shop.toml", "--auto-approve"]);
    assert_says(&sandbox, "where", "one production");
    sandbox.succeed(&["destroy", "stacks/shop.toml", "--auto-approve"]);
    assert_gone(&sandbox);
}

#[test]
fn components_in_modules_have_instances_overrides_and_names_of_their_own() {
    let stack = r#"
[stack]
name = "shop"
environment = "dev"
[module.shop]
source = "../modules/shop"
regions = ["eu", "us"]
[output.eu]
value = "${module.shop.eu}"
"#;
    let module = r#"
[variable.regions]
type = "list(string)"
[component.api]
kind = "rest-api"
for_each = "${var.regions}"
source = "../../services/api"
entry = "server.js"
environment = { GREETING = "hello ${each.key}" }
[component.api.override.local_service.server]
environment = { NODE_OPTIONS = "--no-warnings" }
stop_grace = "1s"
[output.eu]
value = '${component.api["eu"].url}'
"#;
    let sandbox = project(stack);
    sandbox.write("modules/shop/module.toml", module);
    sandbox.succeed(&APPLY).says(r#"module.shop.component.api["us"].local_service.server"#);
    assert_says(&sandbox, "eu", "hello eu development --no-warnings");
    assert_says(&sandbox, r#"module.shop.component.api["us"].url"#, "hello us development");
    let list = sandbox.succeed(&["component", "list", "stacks/shop.toml"]);
    list.says(r#"module.shop.component.api["eu"]"#).says("http://127.0.0.1:");
    sandbox.write("stacks/shop.toml", &stack.replace(r#"["eu", "us"]"#, r#"["eu"]"#));
    sandbox.succeed(&APPLY).says(r#"module.shop.component.api["us"].local_service.server: destroyed"#);
    assert_says(&sandbox, "eu", "hello eu");
    sandbox.succeed(&["destroy", "stacks/shop.toml", "--auto-approve"]);
    assert_gone(&sandbox);
}

#[test]
fn a_target_may_be_a_component() {
    let stack = format!("{STACK}\n[resource.local_file.note]\npath = \"out/note.txt\"\ncontent = \"x\"\n");
    let sandbox = project(&stack);
    sandbox.succeed(&["apply", "stacks/shop.toml", "--auto-approve", "--target", "component.api"]);
    assert!(!sandbox.project().join("out/note.txt").exists());
    assert_says(&sandbox, "component.api.url", "one");
    sandbox.succeed(&["plan", "stacks/shop.toml"]).says("local_file.note will be created");
    sandbox.succeed(&["plan", "stacks/shop.toml", "--exclude", "local_file.note"]).says("No changes");
    sandbox.succeed(&["destroy", "stacks/shop.toml", "--auto-approve"]);
    assert_gone(&sandbox);
}

#[test]
fn what_a_component_becomes_is_shown_as_a_stack_that_could_be_written() {
    let stack = format!(
        "{STACK}\n[secret.key]\nfrom = \"env:NONE\"\n[component.realtime]\nkind = \"websocket\"\nprofile = \"server\"\n\
         source = \"../services/api\"\nentry = \"server.js\"\nbuild = \"never run this\"\n\
         environment = {{ KEY = \"${{secret.key}}\", API = \"${{component.api.url}}/v1\" }}\n"
    );
    let sandbox = project(&stack);
    let shown = sandbox.succeed(&["component", "show", "realtime", "stacks/shop.toml"]);
    let expected = r#"# component.realtime: websocket, realised by local
[resource.local_service.server]
command     = ["node", "server.js"]
environment = { API = "${component.api.local_service.server.url}/v1", KEY = "${secret.key}", NODE_ENV = "production" }
host        = "127.0.0.1"
port        = 0
protocol    = "http"
source      = { build = "never run this", path = "../services/api", runtime = "nodejs24" }

[output.url]
value = '${replace(local_service.server.url, "http://", "ws://")}'
"#;
    assert_eq!(shown.stdout, expected);
    // What is shown can be written.
    let api = sandbox.succeed(&["component", "show", "api", "stacks/shop.toml"]).stdout;
    let plain = STACK.split("[component.api]").next().expect("it begins");
    sandbox.write("stacks/plain.toml", &format!("{plain}\n{api}"));
    sandbox.succeed(&["validate", "stacks/plain.toml"]);
    let json = sandbox.succeed(&["component", "show", "api", "stacks/shop.toml", "--json"]).stdout;
    assert!(json.contains(r#""url":"${local_service.server.url}""#), "{json}");
    sandbox.fail(1, &["component", "show", "apu", "stacks/shop.toml"]).says("did you mean `component.api`?");
    sandbox.fail(1, &["component", "show", "api", "stacks/shop.toml", "--provider", "nobody"]).says("nobody");
    let kinds = sandbox.succeed(&["component", "list", "--kinds"]);
    kinds.says("rest-api").says("websocket").says("local");
    sandbox.succeed(&["component", "list", "stacks/shop.toml"]).says("not deployed");
}

/// What validation says of a component with these fields.
fn refused(fields: &str) -> Run {
    let sandbox =
        project(&format!("[stack]\nname = \"shop\"\n[component.api]\nsource = \"../services/api\"\n{fields}\n"));
    sandbox.write("services/old/package.json", r#"{ "engines": { "node": "^18" }, "main": "index.js" }"#);
    sandbox.write("services/old/index.js", "");
    sandbox.fail(1, &["validate", "stacks/shop.toml"])
}

#[test]
fn validation_says_what_cannot_be_and_what_to_do_instead() {
    let auth = "auth = { jwt = { issuer = \"https://a\", audience = [\"b\"] } }";
    refused(&format!("kind = \"rest-api\"\nentry = \"server.js\"\n{auth}"))
        .says("nobody checks tokens on this machine");
    refused("kind = \"rest-api\"\nhandler = \"server.main\"").says("write `entry`");
    refused("kind = \"websocket\"\nprofile = \"events\"\nhandlers = { message = \"server.on\" }")
        .says("`profile = \"server\"`");
    refused("kind = \"queue\"").says("this version has no component `queue`").says("broker");
    refused("kind = \"rest-apo\"").says("did you mean `rest-api`?");
    refused("kind = \"rest-api\"\nentry = \"sever.js\"").says("no file `sever.js`");
    refused("kind = \"rest-api\"\nentry = \"server.js\"\nmemmory = 1").says("did you mean `memory`?");
    refused("kind = \"rest-api\"\nentry = \"server.js\"\nlocal = { prt = 1 }").says("did you mean `port`?");
    refused("kind = \"rest-api\"\nentry = \"server.js\"\nbuild = \"npm ci\"").says("package-lock.json");
    refused("kind = \"rest-api\"\nentry = \"server.js\"\nprovider = \"locl\"").says("did you mean `local`?");
    refused("kind = \"rest-api\"\n[output.a]\nvalue = \"${component.api.ulr}\"").says("nothing says which file starts");
    refused("kind = \"rest-api\"\nentry = \"server.js\"\n[output.a]\nvalue = \"${component.api.ulr}\"").says("`url`");
    let sandbox =
        project("[stack]\nname = \"shop\"\n[component.old]\nkind = \"rest-api\"\nsource = \"../services/old\"\n");
    sandbox.write("services/old/package.json", r#"{ "engines": { "node": "^18" }, "main": "index.js" }"#);
    sandbox.write("services/old/index.js", "");
    sandbox.fail(1, &["validate", "stacks/shop.toml"]).says("package.json wants Node.js ^18");
}
