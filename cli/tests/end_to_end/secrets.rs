//! The canary: a secret is nowhere but where the stack sends it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use super::sandbox::{Run, Sandbox};

const CANARY: &str = "canary-7f3a\"b/91 \u{e9}";

const STACK: &str = r#"
[stack]
name = "canary"

[secret.token]
from = "env:CANARY"

[resource.local_file.holder]
path = "out/holder.txt"
content = "token=${secret.token}"

[resource.random_password.made]
length = 24

[resource.local_command.user]
create = "printenv TOKEN MADE > out/printed.txt; echo $TOKEN >&2; exit ${var.code}"
environment = { TOKEN = "${secret.token}", MADE = "${random_password.made.result}" }
depends_on = ["local_file.holder"]

[component.api]
kind = "rest-api"
source = "service"
entry = "server.js"
environment = { TOKEN = "${secret.token}", MADE = "made:${random_password.made.result}" }
health = { path = "/health" }

[variable.code]
type = "number"
default = 0

[output.token]
value = "${secret.token}"
sensitive = true

[output.made]
value = "${random_password.made.result}"
sensitive = true
"#;

/// It answers with what it was given, and tries to write it into its log.
const SERVER: &str = r#"
const { TOKEN, MADE } = process.env;
console.log("given", TOKEN, MADE);
require("node:http").createServer((_, response) => response.end(TOKEN)).listen(process.env.PORT);
"#;

fn spellings(secret: &str) -> Vec<Vec<u8>> {
    use base64::Engine;
    let json = serde_json::to_string(secret).expect("text is JSON");
    let url: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    vec![
        secret.as_bytes().to_vec(),
        json.trim_matches('"').as_bytes().to_vec(),
        base64::engine::general_purpose::STANDARD.encode(secret).into_bytes(),
        url.into_bytes(),
    ]
}

/// The body of what a server answers.
fn body(url: &str) -> String {
    let address = url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("it can be asked");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("it answers");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or(text)
}

fn assert_silent(what: &str, bytes: &[u8], secret: &str) {
    for spelling in spellings(secret) {
        let found = bytes.windows(spelling.len()).any(|window| window == spelling);
        assert!(!found, "{what} holds the secret as {:?}", String::from_utf8_lossy(&spelling));
    }
}

fn assert_files_silent(folder: &Path, secret: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true if path.ends_with("out") => {}
            true => assert_files_silent(&path, secret),
            false => assert_silent(&path.display().to_string(), &fs::read(&path).unwrap_or_default(), secret),
        }
    }
}

fn hush(run: Run, secrets: &[&str]) {
    for secret in secrets {
        assert_silent("standard output", run.stdout.as_bytes(), secret);
        assert_silent("standard error", run.stderr.as_bytes(), secret);
    }
}

#[test]
fn no_screen_file_or_stream_holds_a_secret() {
    let mut sandbox = Sandbox::new();
    sandbox.environment.push(("CANARY".into(), CANARY.into()));
    sandbox.write("stack.toml", STACK);
    sandbox.write("service/server.js", SERVER);
    fs::create_dir_all(sandbox.project().join("out")).expect("a folder");
    hush(sandbox.run(&["plan", "stack.toml", "--out", "plan.siac", "--undo"]), &[CANARY]);
    hush(sandbox.run(&["show", "plan.siac"]), &[CANARY]);
    hush(sandbox.fail(13, &["apply", "stack.toml", "--auto-approve", "--var", "code=1"]), &[CANARY]);
    hush(sandbox.succeed(&["apply", "stack.toml", "--auto-approve", "--json"]), &[CANARY]);
    let printed = sandbox.read("out/printed.txt");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], CANARY, "the command did receive the secret");
    let made = lines[1].to_owned();
    assert_eq!(made.chars().count(), 24);
    let secrets = [CANARY, made.as_str()];
    let url = sandbox.succeed(&["output", "component.api.url", "--raw", "--stack", "stack.toml"]).stdout;
    assert_eq!(body(url.trim()), CANARY, "the component did receive the secret");
    let commands: [&[&str]; 14] = [
        &["plan", "stack.toml"],
        &["output", "--stack", "stack.toml"],
        &["state", "list", "--stack", "stack.toml"],
        &["state", "show", "local_file.holder", "--stack", "stack.toml"],
        &["state", "show", "random_password.made", "--stack", "stack.toml"],
        &["state", "show", "component.api.local_service.server", "--stack", "stack.toml"],
        &["component", "show", "api", "stack.toml"],
        &["component", "list", "stack.toml"],
        &["status", "stack.toml"],
        &["logs", "api", "--tail", "all", "stack.toml"],
        &["show", "--stack", "stack.toml"],
        &["history", "--stack", "stack.toml"],
        &["graph", "stack.toml"],
        &["doctor", "--stack", "stack.toml"],
    ];
    for arguments in commands {
        hush(sandbox.run(arguments), &secrets);
    }
    for secret in secrets {
        assert_files_silent(sandbox.everything(), secret);
    }
}
