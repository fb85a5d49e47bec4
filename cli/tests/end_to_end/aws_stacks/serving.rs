//! Deployed, called, changed, brought back by an alias, found out when it is broken, removed.

use serde_json::json;
use siac_emulators::{Gate, Rule};
use std::time::Duration;

use super::account::Account;
use super::websocket::Socket;
use crate::sandbox::eventually;

const FUNCTION: &str = "aws-rest-api-development";

/// What a release calls itself, asked over HTTP.
fn release(account: &Account, api: &str) -> String {
    let (status, health) = account.call(api, "GET", "/health", "");
    assert_eq!((status, &health["status"]), (200, &json!("ok")), "{health}");
    health["release"].as_str().expect("a release").to_owned()
}

fn alias(account: &Account) -> serde_json::Value {
    account.ask("lambda", "get_alias", &json!({ "FunctionName": FUNCTION, "Name": "live" }))
}

/// Changes the code of the service.
fn edit(account: &Account, file: &str, from: &str, to: &str) {
    let text = account.sandbox.read(file);
    assert!(text.contains(from), "{file} has no {from}");
    account.sandbox.write(file, &text.replace(from, to));
}

#[test]
fn a_rest_api_with_its_state_in_s3_lives_from_plan_to_destroy() {
    let account = Account::new();
    let stack = account.extended("aws-rest-api.toml", &account.state_in_s3());
    let (stack, sandbox, proxy) = (stack.as_str(), &account.sandbox, account.emulator.proxy());
    sandbox.succeed(&["validate", stack]).says("is valid");
    sandbox.succeed(&["plan", stack]).says("Plan: 14 to add, 0 to change, 0 to destroy");
    assert_eq!(account.left(), Vec::<String>::new(), "a plan makes nothing");

    // What needs nothing of the table does not wait for it.
    let gate = Gate::closed();
    proxy.add(Rule::on("^dynamodb.CreateTable ").holds_request(&gate));
    let child = sandbox.start(&["apply", stack, "--auto-approve"]);
    let others = ["^iam.CreateRole ", "^logs.CreateLogGroup ", "^apigatewayv2.CreateStage "];
    let all_are_here = || others.iter().all(|what| proxy.count(what) == 1);
    assert!(eventually(Duration::from_secs(60), all_are_here), "{:#?}", proxy.seen());
    gate.open();
    let applied = child.wait_with_output().expect("the child ends");
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    proxy.clear();
    sandbox.succeed(&["plan", stack]).says("No changes");

    let api = account.output(stack, "api");
    assert_eq!(release(&account, &api), "1");
    let (status, made) = account.call(&api, "POST", "/items", r#"{"name":"one"}"#);
    assert_eq!((status, &made["name"]), (201, &json!("one")));
    let id = made["id"].as_str().expect("an id");
    assert_eq!(account.call(&api, "GET", &format!("/items/{id}"), ""), (200, made.clone()));

    edit(&account, "services/aws-rest-api/index.mjs", "status: 'ok',", "status: 'ok', code: 'new',");
    account.applied(&["apply", stack, "--var", "release=2"]).says("Plan: 0 to add, 2 to change, 0 to destroy");
    assert_eq!(release(&account, &api), "2");
    assert_eq!(account.call(&api, "GET", "/health", "").1["code"], "new");

    let (versions, before) = (account.versions(FUNCTION), alias(&account));
    assert_eq!((versions.len(), &before["FunctionVersion"]), (2, &json!("2")));
    account.applied(&["rollback", "--to", "previous", "--stack", stack]);
    assert_eq!(release(&account, &api), "1", "the code of before answers");
    assert_eq!(account.call(&api, "GET", "/health", "").1.get("code"), None);
    assert_eq!(account.versions(FUNCTION), versions, "the versions are the same objects");
    assert_eq!(alias(&account)["FunctionVersion"], "1", "and only the alias has moved");
    let (status, found) = account.call(&api, "GET", &format!("/items/{id}"), "");
    assert_eq!((status, found), (200, made), "what was stored is still there");

    edit(&account, "services/aws-rest-api/index.mjs", " code: 'new',", "");
    sandbox.succeed(&["plan", stack]).says("No changes");
    account.ask("lambda", "update_function_configuration", &json!({ "FunctionName": FUNCTION, "MemorySize": 512 }));
    sandbox.succeed(&["drift", stack]).says("~ memory_size          = 256 -> 512");
    account.applied(&["apply", stack]).says("because it changed outside siac");
    sandbox.succeed(&["plan", stack]).says("No changes");

    account.applied(&["destroy", stack]).says("14 destroyed");
    assert_eq!(account.left(), Vec::<String>::new());
}

#[test]
fn a_chat_room_is_spoken_to_changed_brought_back_and_removed() {
    let account = Account::new();
    let (stack, sandbox) = ("stacks/aws-websocket.toml", &account.sandbox);
    let callback = format!("callback={}/_aws/execute-api", account.emulator.upstream());
    let with = |arguments: &[&str]| account.applied(&[arguments, &["--var", &callback]].concat());
    with(&["apply", stack]);
    let api = account.output(stack, "api");
    talk(&account, &api, "1");
    with(&["apply", stack, "--var", "release=2"]);
    talk(&account, &api, "2");
    let versions = account.versions("aws-websocket-development");
    account.applied(&["rollback", "--to", "previous", "--stack", stack]);
    talk(&account, &api, "1");
    assert_eq!(account.versions("aws-websocket-development"), versions, "the versions are the same objects");
    sandbox.succeed(&["plan", stack, "--var", &callback]).says("No changes");
    with(&["destroy", stack]);
    assert_eq!(account.left(), Vec::<String>::new());
}

/// Two are in the room; what one says both hear, from this release.
fn talk(account: &Account, api: &str, release: &str) {
    let url = format!("{}/_aws/execute-api/{api}/live", account.emulator.upstream());
    let (mut one, mut other) = (Socket::open(&url), Socket::open(&url));
    one.send(r#"{"action":"say","text":"hello"}"#);
    let heard = other.receive();
    assert_eq!((&heard["text"], &heard["release"]), (&json!("hello"), &json!(release)));
    // The speaker hears it too, and is answered; in any order.
    let mine = [one.receive(), one.receive()];
    assert!(mine.contains(&heard) && mine.iter().any(|it| it["delivered"] == 2), "{mine:?}");
}

/// A release must answer at its health check, or it is taken back.
const PROVED: &str = r#"
[variable.url]
type = "string"

[resource.local_command.healthy]
create      = ["node", "stacks/checks/answers.mjs"]
update      = ["node", "stacks/checks/answers.mjs"]
triggers    = { version = "${aws_lambda_alias.live.function_version}" }
environment = { URL = "${var.url}/${aws_apigatewayv2_api.api.id}/$default/health", WITHIN = "3" }
depends_on  = ["aws_apigatewayv2_route.api", "aws_apigatewayv2_stage.default", "aws_lambda_permission.api"]
"#;

#[test]
fn a_release_that_is_not_healthy_is_taken_back_by_itself() {
    let account = Account::new();
    let stack = account.extended("aws-rest-api.toml", PROVED);
    let (stack, sandbox) = (stack.as_str(), &account.sandbox);
    let url = format!("url={}/_aws/execute-api", account.emulator.upstream());
    let apply = ["apply", stack, "--auto-approve", "--var", &url];
    sandbox.succeed(&apply);
    let api = account.output(stack, "api");
    assert_eq!(release(&account, &api), "1");

    edit(&account, "services/aws-rest-api/index.mjs", "reply(200, { status: 'ok'", "reply(500, { status: 'broken'");
    sandbox.fail(13, &apply).says("HTTP 500").says("local_command.healthy");
    assert_eq!(release(&account, &api), "1", "the release of before answers again");
    assert_eq!(alias(&account)["FunctionVersion"], "1");
    assert_eq!(account.versions(FUNCTION).len(), 2, "the broken one is kept, and nobody calls it");

    edit(&account, "services/aws-rest-api/index.mjs", "reply(500, { status: 'broken'", "reply(200, { status: 'ok'");
    sandbox.succeed(&["plan", stack, "--var", &url]).says("No changes");
    sandbox.succeed(&["apply", stack, "--auto-approve", "--var", &url, "--var", "release=3"]);
    assert_eq!((release(&account, &api), alias(&account)["FunctionVersion"].clone()), ("3".to_owned(), json!("3")));
    account.applied(&["destroy", stack, "--var", &url]);
    assert_eq!(account.left(), Vec::<String>::new());
}
