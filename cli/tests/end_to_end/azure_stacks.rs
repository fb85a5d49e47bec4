//! The stacks on Azure from their first plan to their end, through the binary, against the double of Azure Resource Manager. What was
//! deployed is started as Azure would start it, and answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;
use siac_emulators::Azurite;

use super::azure_project::AzureProject;
use super::azure_roles::assert_allowed;

const REST: &str = "stacks/azure-rest-api.toml";
const WEBSOCKET: &str = "stacks/azure-websocket.toml";

#[test]
fn the_rest_api_lives_through_changes_a_rollback_drift_and_its_end() {
    let azure = AzureProject::new();
    azure.succeed(&["validate", REST]);
    azure.succeed(&["plan", REST]).says("9 to add");
    azure.succeed(&["apply", REST, "--auto-approve"]).says("https://example123-api.azurewebsites.net");
    an_empty_plan_only_looks(&azure);
    let first = azure.double.package("example123-api");
    {
        let host = azure.host("rest-api", "example123-api");
        assert_eq!(host.get("/"), json!({ "greeting": "hello from Azure", "notes": 0 }));
        let posted = host.ask("POST", "/notes", &[("content-type", "application/json")], r#"{"text":"milk"}"#);
        assert_eq!(posted.status, 201, "{posted:?}");
        assert_eq!(host.get("/notes")[0]["text"], "milk");
    }

    azure.rewrite("services/rest-api/server.js", "status: 'ok'", "status: 'better'");
    let changed = ["apply", REST, "--auto-approve", "--var", "greeting=good day"];
    azure.succeed(&changed).says("1 to change");
    assert_ne!(azure.double.package("example123-api"), first);
    {
        let host = azure.host("rest-api", "example123-api");
        assert_eq!(
            (host.get("/health"), host.get("/")["greeting"].clone()),
            (json!({ "status": "better" }), json!("good day"))
        );
    }

    let back = ["rollback", "--to", "previous", "--stack", REST, "--auto-approve"];
    azure.succeed(&back);
    assert_eq!(azure.double.package("example123-api"), first, "the very bytes that ran before");
    assert_eq!(azure.host("rest-api", "example123-api").get("/")["greeting"], "hello from Azure");

    drifts_and_is_mended(&azure);
    azure.succeed(&["destroy", REST, "--auto-approve"]);
    assert_eq!(azure.double.left(), Vec::<String>::new());
    assert_allowed(&azure);
}

/// A plan of nothing asks for each of the nine resources once, for the two places that an app keeps the rest of itself in, for the account that
/// tells where its container is, for a token and for the subscription.
fn an_empty_plan_only_looks(azure: &AzureProject) {
    let before = azure.double.exchanges().len();
    azure.succeed(&["plan", REST]).says("No changes");
    let asked: Vec<String> = azure.double.exchanges().split_off(before).into_iter().map(|it| it.what).collect();
    let is_look = |what: &String| what.starts_with("GET ") || what.ends_with("/config/appsettings/list");
    assert!(asked.iter().all(is_look), "{asked:#?}");
    assert_eq!(asked.len(), 9 + 2 + 1 + 2, "{asked:#?}");
}

/// Somebody changes a setting in the portal, and deletes the container.
fn drifts_and_is_mended(azure: &AzureProject) {
    azure.rewrite("services/rest-api/server.js", "status: 'better'", "status: 'ok'");
    azure.succeed(&["plan", REST]).says("No changes");
    let settings = azure.id("rest-api", "Microsoft.Web/sites/example123-api/config/appsettings");
    azure.double.tamper(&settings, &json!({ "properties": { "GREETING": "hello from the portal" } }));
    azure.double.vanish(
        &azure.id(
            "rest-api",
            "Microsoft.Storage/storageAccounts/example123store/blobServices/default/containers/packages",
        ),
    );
    let seen = azure.fail(2, &["drift", REST, "--detailed-exitcode"]);
    seen.says("azure_function_app.api").says("GREETING").says("azure_storage_container.packages");
    azure.succeed(&["apply", REST, "--auto-approve"]);
    assert_eq!(azure.host("rest-api", "example123-api").get("/")["greeting"], "hello from Azure");
    azure.succeed(&["plan", REST]).says("No changes");
}

#[test]
fn the_chat_room_lives_with_its_state_in_a_container() {
    let (mut azure, azurite) = (AzureProject::new(), Azurite::start());
    state_in(&mut azure, &azurite);
    azure.succeed(&["validate", WEBSOCKET]);
    azure.succeed(&["apply", WEBSOCKET, "--auto-approve"]).says("wss://example123-front.webpubsub.azure.com");
    azure.succeed(&["plan", WEBSOCKET]).says("No changes");
    let key = azure.settings("websocket", "example123-events")["WEB_PUBSUB_KEY"].clone();
    the_room_answers(&azure, &key);

    azure.rewrite("services/azure-websocket/index.mjs", "|| 'guest'", "|| 'stranger'");
    azure.succeed(&["apply", WEBSOCKET, "--auto-approve", "--var", "release=2", "--var", "size=Standard_S1"]);
    let host = azure.host("websocket", "example123-events");
    assert_eq!(host.get("/health")["release"], "2");
    azure.succeed(&["rollback", "--to", "previous", "--stack", WEBSOCKET, "--auto-approve"]);
    let host = azure.host("websocket", "example123-events");
    assert_eq!(host.get("/health")["release"], "1");

    azure.succeed(&["destroy", WEBSOCKET, "--auto-approve"]);
    assert_eq!(azure.double.left(), Vec::<String>::new());
    assert_allowed(&azure);
    assert!(azurite.proxy().count("PUT /devstoreaccount1/.*/azure-websocket%2Fsnap%2F") >= 4);
}

fn state_in(azure: &mut AzureProject, azurite: &Azurite) {
    let secrets = [("AZURE_STORAGE_KEY", azurite.key()), ("SIAC_PASSPHRASE", "correct horse battery staple")];
    azure.environment.extend(secrets.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let (account, container, endpoint) = (azurite.account(), azurite.container(), azurite.endpoint());
    azure.succeed(&[
        "init",
        "--backend",
        "azure-blob",
        "--account",
        account,
        "--container",
        container,
        "--endpoint",
        &endpoint,
    ]);
    let state = format!(
        "[state]\nbackend = \"azure-blob\"\naccount = {account:?}\ncontainer = {container:?}\nendpoint = {endpoint:?}\n\n"
    );
    azure.rewrite(WEBSOCKET, "[variable.subscription]", &format!("{state}[variable.subscription]"));
}

/// Web PubSub asks whether it may deliver events, tells of a connection, and of what is said there.
fn the_room_answers(azure: &AzureProject, key: &str) {
    let (front, heard) = web_pubsub();
    let identity = azure.double.environment().into_iter().filter(|(name, _)| name.starts_with("IDENTITY_"));
    let front = [("WEB_PUBSUB_ENDPOINT", front)];
    let more: Vec<(&str, String)> = identity.chain(front).collect();
    let host = azure.host_with("websocket", "example123-events", &more);

    let allowed = host.ask("OPTIONS", "/events", &[("webhook-request-origin", "127.0.0.1")], "");
    assert_eq!((allowed.status, allowed.headers["webhook-allowed-origin"].as_str()), (200, "127.0.0.1"));
    let stranger = host.ask("OPTIONS", "/events", &[("webhook-request-origin", "evil.example.com")], "");
    assert_eq!((stranger.status, stranger.headers.contains_key("webhook-allowed-origin")), (403, false));

    let connect = event("azure.webpubsub.sys.connect", &signature(key, "c1"));
    let joined = host.ask("POST", "/events", &borrowed(&connect), r#"{"query":{"name":["ann"]}}"#);
    assert_eq!((joined.status, joined.body.as_str()), (200, r#"{"userId":"ann","groups":["room"]}"#));
    let forged = event("azure.webpubsub.sys.connect", "sha256=00");
    assert_eq!(host.ask("POST", "/events", &borrowed(&forged), "{}").status, 401);

    let said = event("azure.webpubsub.user.message", &signature(key, "c1"));
    assert_eq!(host.ask("POST", "/events", &borrowed(&said), "hello").status, 204);
    let request = heard.join().expect("a message is sent to the room");
    assert!(request.starts_with("POST /api/hubs/events/groups/room/:send?api-version="), "{request}");
    assert!(request.to_ascii_lowercase().contains("authorization: bearer ey"), "{request}");
    assert!(request.ends_with(r#"{"from":"ann","text":"hello","release":"1"}"#), "{request}");
}

fn event(kind: &str, signature: &str) -> [(&'static str, String); 5] {
    [
        ("ce-specversion", "1.0".to_owned()),
        ("ce-type", kind.to_owned()),
        ("ce-connectionId", "c1".to_owned()),
        ("ce-userId", "ann".to_owned()),
        ("ce-signature", signature.to_owned()),
    ]
}

fn borrowed<'a>(headers: &'a [(&'static str, String); 5]) -> Vec<(&'a str, &'a str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// What Web PubSub puts beside an event, made by other hands than the room's.
fn signature(key: &str, connection: &str) -> String {
    const SIGN: &str = "import hashlib, hmac, sys; print('sha256=' + hmac.new(sys.argv[1].encode(), sys.argv[2].encode(), hashlib.sha256).hexdigest())";
    let signed = std::process::Command::new("python3").args(["-c", SIGN, key, connection]).output();
    String::from_utf8(signed.expect("python3 runs").stdout).expect("hexadecimal digits").trim().to_owned()
}

/// A Web PubSub that takes one message: where it is, and what it was sent.
fn web_pubsub() -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout can be set");
        let mut reader = BufReader::new(&stream);
        let (mut text, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a request");
            if line.trim().is_empty() {
                break;
            }
            let pair = line.to_ascii_lowercase();
            length = pair.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap_or(0));
            text += &line;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        (&stream).write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").expect("an answer");
        text + &String::from_utf8_lossy(&body)
    });
    (place, heard)
}
