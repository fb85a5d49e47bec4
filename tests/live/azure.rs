//! The two stacks on Azure, with a subscription of yours.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::sandbox::{Sandbox, eventually, project, signal};

const REST: &str = "stacks/azure-rest-api.toml";
const WEBSOCKET: &str = "stacks/azure-websocket.toml";

/// How long a new app, or a new release of it, may take to answer. A choice of this project.
const PATIENCE: Duration = Duration::from_secs(600);

/// Variables by which credentials and the subscription are found.
const PASSED_ON: [&str; 10] = [
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CONFIG_DIR",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID",
    "AZURE_TOKEN_CREDENTIALS",
];

/// A stack that is destroyed in the end, whatever happens.
struct Deployed {
    sandbox: Sandbox,
    stack: &'static str,
}

impl Deployed {
    /// The project, when a test against Azure is asked for.
    fn of(stack: &'static str) -> Option<Self> {
        if std::env::var("SIAC_LIVE_AZURE").is_ok_and(|asked| asked == "1") {
            return Some(Self { sandbox: asked(), stack });
        }
        println!("left out: SIAC_LIVE_AZURE=1 asks for it");
        None
    }

    fn apply(&self, more: &[&str]) {
        self.sandbox.succeed(&[&["apply", self.stack, "--auto-approve"][..], more].concat());
    }

    fn assert_settled(&self, more: &[&str]) {
        self.sandbox.succeed(&[&["plan", self.stack][..], more].concat()).says("No changes");
        self.sandbox.succeed(&[&["drift", self.stack, "--detailed-exitcode"][..], more].concat());
    }

    fn output(&self, name: &str) -> String {
        let told = self.sandbox.succeed(&["output", "--stack", self.stack, name]).stdout;
        told.split('"').nth(1).expect("an output that is a text").to_owned()
    }

    fn rewrite(&self, path: &str, from: &str, to: &str) {
        let text = self.sandbox.read(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.sandbox.write(path, &text.replace(from, to));
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        let destroyed = self.sandbox.run(&["destroy", self.stack, "--auto-approve"]);
        println!("{}", destroyed.all());
    }
}

/// A project with a login, and a name that nobody has.
fn asked() -> Sandbox {
    let mut sandbox = project();
    let set = |name: &str| std::env::var(name).ok().map(|value| (name.to_owned(), value));
    sandbox.environment.extend(PASSED_ON.iter().filter_map(|name| set(name)));
    let (_, subscription) = set("AZURE_SUBSCRIPTION_ID").expect("AZURE_SUBSCRIPTION_ID names the subscription");
    let login = std::env::var("AZURE_CONFIG_DIR")
        .unwrap_or_else(|_| format!("{}/.azure", std::env::var("HOME").unwrap_or_default()));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    let mut name = String::from("siac");
    write!(name, "{now:08x}").expect("a text takes more");
    let location = std::env::var("SIAC_LIVE_AZURE_LOCATION").unwrap_or_else(|_| "westeurope".to_owned());
    let own = [
        ("AZURE_CONFIG_DIR", login),
        ("SIAC_VAR_subscription", subscription),
        ("SIAC_VAR_name", name),
        ("SIAC_VAR_location", location),
    ];
    sandbox.environment.extend(own.map(|(name, value)| (name.to_owned(), value)));
    sandbox
}

/// What a GET request is answered with; empty when it is not answered well.
fn get(url: &str) -> String {
    let asked = Command::new("curl").args(["--silent", "--fail", "--max-time", "60", url]).output();
    String::from_utf8_lossy(&asked.expect("curl runs").stdout).into_owned()
}

#[track_caller]
fn assert_answers(url: &str, words: &str) {
    assert!(eventually(PATIENCE, || get(url).contains(words)), "{url} does not answer with {words:?}: {}", get(url));
}

#[test]
fn the_rest_api_lives_on_azure() {
    let Some(api) = Deployed::of(REST) else { return };
    api.apply(&[]);
    let url = api.output("url");
    assert_answers(&url, "hello from Azure");
    api.assert_settled(&[]);
    api.rewrite("services/rest-api/server.js", "status: 'ok'", "status: 'better'");
    let changed = ["--var", "greeting=moin"];
    api.apply(&changed);
    assert_answers(&url, "moin");
    assert_answers(&format!("{url}/health"), "better");
    api.assert_settled(&changed);
    api.sandbox.succeed(&["rollback", "--to", "1", "--stack", REST, "--auto-approve"]);
    assert_answers(&url, "hello from Azure");
    assert_answers(&format!("{url}/health"), "ok");
    api.sandbox.succeed(&["destroy", REST, "--auto-approve"]);
}

/// Says something in the room and prints what is heard there.
const TALK: &str = r"
const socket = new WebSocket(process.argv[1]);
socket.onopen = () => socket.send('hello');
socket.onmessage = ({ data }) => { console.log(data); process.exit(0); };
socket.onerror = ({ message }) => { console.error(message); process.exit(1); };
setTimeout(() => process.exit(1), 30000);
";

#[test]
fn the_chat_room_is_heard_on_azure_after_a_killed_run() {
    let Some(room) = Deployed::of(WEBSOCKET) else { return };
    let mut child = room.sandbox.start(&["apply", WEBSOCKET, "--auto-approve"]);
    // Web PubSub takes a minute or more: its operation outlives this run.
    std::thread::sleep(Duration::from_secs(30));
    assert!(child.try_wait().expect("the child can be asked").is_none(), "the apply was over before it was killed");
    signal(child.id(), "KILL");
    child.wait().expect("the child ends");
    room.apply(&[]);
    room.assert_settled(&[]);
    let url = format!("{}?name=ann", room.output("url"));
    let heard = || {
        let talked = Command::new("node").args(["-e", TALK, &url]).output().expect("node runs");
        String::from_utf8_lossy(&talked.stdout).into_owned()
    };
    let words = r#""from":"ann","text":"hello""#;
    assert!(eventually(PATIENCE, || heard().contains(words)), "nothing is heard in the room: {}", heard());
    room.sandbox.succeed(&["destroy", WEBSOCKET, "--auto-approve"]);
}
