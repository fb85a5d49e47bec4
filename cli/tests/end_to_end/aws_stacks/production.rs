//! The stack of a whole production: planned, applied, called, released through its gate, brought back, removed.

use std::time::Duration;

use serde_json::json;

use super::account::Account;
use crate::sandbox::eventually;

const STACK: &str = "stacks/production.toml";

/// Alarms on expressions: the emulator forgets the expressions, so that they differ at the next look.
const FORGOTTEN: &str = "aws_cloudwatch_metric_alarm.errors";

/// An account with what production presupposes: a bucket for its state, and the token.
fn account() -> Account {
    let account = Account::new();
    account.state_in_s3();
    let token = json!({ "Name": "api-token", "SecretString": "correct-horse-battery-staple" });
    let token = account.ask("secretsmanager", "create_secret", &token)["ARN"].as_str().expect("an ARN").to_owned();
    let (number, bucket) = (account.emulator.account().to_owned(), account.state_bucket());
    let probe = format!("{}/_aws/execute-api", account.emulator.upstream());
    account
        .with("SIAC_VAR_account", &number)
        .with("SIAC_VAR_region", "us-east-1")
        .with("SIAC_VAR_state_bucket", &bucket)
        .with("SIAC_VAR_token_secret", &token)
        .with("SIAC_VAR_probe", &probe)
        .with("SIAC_VAR_alarm_email", "ops@example.com")
}

#[test]
fn production_is_deployed_released_brought_back_and_removed() {
    let account = account();
    let sandbox = &account.sandbox;
    sandbox.succeed(&["validate", STACK]).says("is valid");
    sandbox.fail(1, &["validate", STACK, "--var", "account=12"]).says("an account has twelve digits");
    account.applied(&["apply", STACK]).says("62 added");
    sandbox.succeed(&["plan", STACK, "--exclude", FORGOTTEN]).says("No changes");

    let api = account.output(STACK, "api");
    assert_eq!(account.call(&api, "GET", "/health", ""), (200, json!({ "status": "ok", "release": "1" })));
    assert_eq!(account.call(&api, "POST", "/items", r#"{"name":"one"}"#).0, 401, "only who knows the token");
    let token = [("authorization", "Bearer correct-horse-battery-staple")];
    assert_eq!(account.call_with(&api, "POST", "/items", r#"{"name":"one"}"#, &token).0, 201);
    let counted = || {
        let key = json!({ "TableName": "semantest-production-counts", "Key": { "id": { "S": "count item added" } } });
        account.ask("dynamodb", "get_item", &key)["Item"]["events"]["N"] == "1"
    };
    assert!(eventually(Duration::from_secs(60), counted), "the event went over bus and queue to the worker");

    // A release that does not answer never goes live.
    let code = "services/aws-rest-api/index.mjs";
    let text = sandbox.read(code);
    sandbox.write(code, &text.replace("reply(200, { status: 'ok'", "reply(500, { status: 'broken'"));
    let sends = account.emulator.proxy().count("^lambda.UpdateAlias .*/aliases/live");
    sandbox
        .fail(13, &["apply", STACK, "--auto-approve", "--exclude", FORGOTTEN, "--var", "release=2"])
        .says("HTTP 500");
    assert_eq!(account.emulator.proxy().count("^lambda.UpdateAlias .*/aliases/live"), sends, "live never moved");
    assert_eq!(account.call(&api, "GET", "/health", "").1["release"], "1");

    sandbox.write(code, &text);
    account.applied(&["apply", STACK, "--exclude", FORGOTTEN, "--var", "release=3"]);
    assert_eq!(account.call(&api, "GET", "/health", "").1["release"], "3");
    account.applied(&["rollback", "--to", "previous", "--stack", STACK]);
    assert_eq!(account.call(&api, "GET", "/health", "").1["release"], "1");

    account.applied(&["apply", STACK, "--flag", "chat=false"]);
    assert_eq!(account.output(STACK, "version"), "1");
    let apis = account.ask("apigatewayv2", "get_apis", &json!({}))["Items"].as_array().map_or(0, Vec::len);
    assert_eq!(apis, 1, "the chat room is switched off");

    sandbox.fail(1, &["destroy", STACK, "--auto-approve"]).says("prevent_destroy");
}

/// What another environment says.
const STAGING: &str =
    "[stack]\nenvironment = \"staging\"\n\n[resource.aws_dynamodb_table.items.lifecycle]\nprevent_destroy = false\n";

#[test]
fn another_environment_is_a_file_of_its_own_and_smaller() {
    let account = account();
    let stack = account.extended("production.toml", STAGING);
    account.applied(&["apply", &stack]);
    let function = json!({ "FunctionName": "semantest-staging-api" });
    let told = account.ask("lambda", "get_function_configuration", &function);
    assert_eq!(told["MemorySize"], 512);
    account.applied(&["destroy", &stack]);
    let left: Vec<String> = account.left().into_iter().filter(|line| !line.contains("api-token")).collect();
    assert_eq!(left, Vec::<String>::new());
}
