//! The stacks on AWS, with an account of yours: what the emulator forgives or has not got.

use std::process::Command;
use std::time::Duration;

use super::sandbox::{Sandbox, eventually, project, signal};

const REST: &str = "stacks/aws-rest-api.toml";
const WEBSOCKET: &str = "stacks/aws-websocket.toml";

/// How long a new API, or a new release of it, may take to answer. A choice of this project.
const PATIENCE: Duration = Duration::from_secs(120);

/// Variables by which credentials are found.
const PASSED_ON: [&str; 12] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// A stack that is destroyed in the end, whatever happens.
struct Deployed {
    sandbox: Sandbox,
    stack: &'static str,
}

impl Deployed {
    /// The project, when a test against AWS is asked for.
    fn of(stack: &'static str) -> Option<Self> {
        if std::env::var("SIAC_LIVE_AWS").is_ok_and(|asked| asked == "1") {
            return Some(Self { sandbox: asked(), stack });
        }
        println!("left out: SIAC_LIVE_AWS=1 asks for it");
        None
    }

    /// The same with a stack of the test's own.
    fn written(stack: &'static str, text: &str) -> Option<Self> {
        let deployed = Self::of(stack)?;
        deployed.sandbox.write(stack, text);
        Some(deployed)
    }

    fn apply(&self, more: &[&str]) {
        self.sandbox.succeed(&[&["apply", self.stack, "--auto-approve"][..], more].concat());
    }

    fn assert_settled(&self, more: &[&str]) {
        self.sandbox.succeed(&[&["plan", self.stack][..], more].concat()).says("No changes");
        self.sandbox.succeed(&[&["drift", self.stack, "--detailed-exitcode"][..], more].concat());
    }

    fn output(&self, name: &str) -> String {
        self.sandbox.succeed(&["output", name, self.stack, "--raw"]).stdout.trim().to_owned()
    }

    fn destroy(&self) {
        self.sandbox.succeed(&["destroy", self.stack, "--auto-approve"]);
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        let destroyed = self.sandbox.run(&["destroy", self.stack, "--auto-approve"]);
        println!("{}", destroyed.all());
    }
}

/// A project with a login.
fn asked() -> Sandbox {
    let mut sandbox = project();
    let set = |name: &str| std::env::var(name).ok().map(|value| (name.to_owned(), value));
    sandbox.environment.extend(PASSED_ON.iter().filter_map(|name| set(name)));
    let home = std::env::var("HOME").unwrap_or_default();
    for (name, file) in [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")] {
        if set(name).is_none() {
            sandbox.environment.push((name.to_owned(), format!("{home}/.aws/{file}")));
        }
    }
    // Tokens of single sign-on lie in the home.
    let tokens = format!("{home}/.aws/sso");
    if std::path::Path::new(&tokens).is_dir() {
        std::fs::create_dir_all(sandbox.home().join(".aws")).expect("a folder");
        std::os::unix::fs::symlink(tokens, sandbox.home().join(".aws/sso")).expect("a link");
    }
    sandbox
}

/// The status that a request is answered with, and the answer.
fn get(url: &str) -> String {
    let asked =
        Command::new("curl").args(["--silent", "--max-time", "30", "--write-out", " %{http_code}", url]).output();
    String::from_utf8_lossy(&asked.expect("curl runs").stdout).into_owned()
}

#[track_caller]
fn assert_answers(url: &str, words: &str) {
    assert!(eventually(PATIENCE, || get(url).contains(words)), "{url} does not answer with {words:?}: {}", get(url));
}

/// A role that is not usable at once, a function that takes its time, an API that calls it with a permission only.
#[test]
fn the_rest_api_lives_on_aws() {
    let Some(api) = Deployed::of(REST) else { return };
    api.apply(&[]);
    let health = format!("{}/health", api.output("url"));
    assert_answers(&health, r#""release":"1""#);
    api.assert_settled(&[]);
    api.apply(&["--var", "release=2"]);
    assert_answers(&health, r#""release":"2""#);
    api.sandbox.succeed(&["rollback", "--to", "previous", "--stack", REST, "--auto-approve"]);
    assert_answers(&health, r#""release":"1""#);
    api.sandbox.succeed(&["plan", REST, "--target", "aws_lambda_permission.api"]).says("No changes");
    api.assert_settled(&[]);
    api.destroy();
}

/// Without the permission nobody may call the function, whatever the emulator says.
#[test]
fn an_api_needs_its_permission_on_aws() {
    let Some(api) = Deployed::of(REST) else { return };
    api.apply(&["--exclude", "aws_lambda_permission.api"]);
    let health = format!("{}/health", api.output("url"));
    assert_answers(&health, " 500");
    api.apply(&[]);
    assert_answers(&health, r#""release":"1""#);
    api.destroy();
}

#[test]
fn what_a_killed_run_left_is_settled_on_aws() {
    let Some(api) = Deployed::of(REST) else { return };
    for seconds in [2, 5, 9] {
        let mut child = api.sandbox.start(&["apply", REST, "--auto-approve"]);
        std::thread::sleep(Duration::from_secs(seconds));
        signal(child.id(), "KILL");
        child.wait().expect("the child ends");
    }
    api.apply(&[]);
    api.assert_settled(&[]);
    assert_answers(&format!("{}/health", api.output("url")), r#""release":"1""#);
    api.destroy();
}

/// Says something in the room and prints what is heard there.
const TALK: &str = r#"
const socket = new WebSocket(process.argv[1]);
socket.onopen = () => socket.send(JSON.stringify({ action: 'say', text: 'hello' }));
socket.onmessage = ({ data }) => { if (data.includes('"text"')) { console.log(data); process.exit(0); } };
socket.onerror = ({ message }) => { console.error(message); process.exit(1); };
setTimeout(() => process.exit(1), 30000);
"#;

#[test]
fn the_chat_room_is_heard_on_aws() {
    let Some(room) = Deployed::of(WEBSOCKET) else { return };
    room.apply(&[]);
    let url = room.output("url");
    let heard = || {
        let talked = Command::new("node").args(["-e", TALK, &url]).output().expect("node runs");
        String::from_utf8_lossy(&talked.stdout).into_owned()
    };
    assert!(eventually(PATIENCE, || heard().contains(r#""text":"hello""#)), "nothing is heard: {}", heard());
    room.assert_settled(&[]);
    room.destroy();
}

/// Names that are not free at once, tables and indexes that take their time, settings that AWS fills in.
const SLOW: &str = r#"
[stack]
name = "siac-live-slow"

[variable.delay]
type    = "number"
default = 0

[provider.aws]

[resource.aws_sqs_queue.jobs]
name                       = "siac-live-jobs"
delay_seconds              = "${var.delay}"

[resource.aws_dynamodb_table.items]
name                   = "siac-live-items"
hash_key               = "id"
attribute              = [{ name = "id", type = "S" }, { name = "owner", type = "S" }]
global_secondary_index = [{ name = "by-owner", hash_key = "owner", projection_type = "ALL" }]
ttl                    = { attribute_name = "expires", enabled = true }

[resource.aws_cloudwatch_metric_alarm.rate]
alarm_name          = "siac-live-rate"
comparison_operator = "GreaterThanThreshold"
threshold           = 0.01
evaluation_periods  = 1
metric_query = [
  { id = "rate", expression = "errors / invocations", return_data = true },
  { id = "errors", metric = { namespace = "AWS/Lambda", metric_name = "Errors", stat = "Sum", period = 60 } },
  { id = "invocations", metric = { namespace = "AWS/Lambda", metric_name = "Invocations", stat = "Sum", period = 60 } },
]
"#;

#[test]
fn what_takes_its_time_is_waited_for_on_aws() {
    let Some(slow) = Deployed::written("slow.toml", SLOW) else { return };
    slow.apply(&[]);
    slow.assert_settled(&[]);
    slow.apply(&["--var", "delay=5"]);
    slow.assert_settled(&["--var", "delay=5"]);
    slow.destroy();
    // The name of the queue is free again after a minute only.
    slow.apply(&[]);
    slow.assert_settled(&[]);
    slow.destroy();
}

#[test]
fn other_endpoints_of_aws_answer() {
    for setting in ["use_fips", "use_dualstack"] {
        let text = format!(
            "[stack]\nname = \"siac-live-{}\"\n\n[provider.aws]\n{setting} = true\n\n[data.aws_caller_identity.me]\n\n[output.account]\nvalue = \"${{data.aws_caller_identity.me.account_id}}\"\n",
            setting.replace('_', "-")
        );
        let Some(asking) = Deployed::written("endpoints.toml", &text) else { return };
        asking.apply(&[]);
        assert_eq!(asking.output("account").len(), 12);
    }
}
