//! Who siac is and where it works, as a configuration says it: regions, profiles, roles, endpoints.

use serde_json::json;
use siac_emulators::Emulator;

use super::account::Account;

#[test]
fn one_stack_works_in_two_regions() {
    let account = Account::new();
    account.sandbox.write(
        "two.toml",
        r#"
[stack]
name = "two"

[provider.aws]

[provider.ireland]
plugin = "aws"
region = "eu-west-1"

[resource.aws_sqs_queue.here]
name = "jobs"

[resource.aws_sqs_queue.there]
provider = "ireland"
name     = "jobs"

[output.arns]
value = ["${aws_sqs_queue.here.arn}", "${aws_sqs_queue.there.arn}"]
"#,
    );
    account.applied(&["apply", "two.toml"]);
    let number = account.emulator.account();
    let told = account.sandbox.succeed(&["output", "arns", "two.toml", "--json"]).stdout;
    for region in ["us-east-1", "eu-west-1"] {
        assert!(told.contains(&format!("arn:aws:sqs:{region}:{number}:jobs")), "{told}");
    }
    account.sandbox.succeed(&["plan", "two.toml"]).says("No changes");
    account.applied(&["destroy", "two.toml"]).says("2 destroyed");
    assert_eq!(account.left(), Vec::<String>::new());
}

#[test]
fn a_profile_says_who_siac_is_and_single_services_may_be_elsewhere() {
    let account = Account::new();
    let keys = account.emulator.credentials();
    let config = format!(
        "[profile work]\nregion = us-east-1\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        keys.access_key_id, keys.secret_access_key
    );
    account.sandbox.write("aws.config", &config);
    let path = account.sandbox.project().join("aws.config").to_string_lossy().into_owned();
    let endpoint = account.emulator.endpoint();
    let stack = format!(
        "[stack]\nname = \"q\"\n\n[provider.aws]\nprofile = \"work\"\nendpoints = {{ sts = {endpoint:?}, sqs = {endpoint:?} }}\n\n[resource.aws_sqs_queue.jobs]\nname = \"jobs\"\n"
    );
    account.sandbox.write("q.toml", &stack);
    let account = account
        .with("AWS_CONFIG_FILE", &path)
        .without("AWS_ENDPOINT_URL")
        .without("AWS_REGION")
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY");
    account.applied(&["apply", "q.toml"]);
    assert_eq!(
        account.left(),
        [format!("sqs queues http://localhost:{}/{}/jobs", port(&account), account.emulator.account())]
    );
    account.applied(&["destroy", "q.toml"]);
}

fn port(account: &Account) -> String {
    account.emulator.upstream().rsplit(':').next().unwrap_or_default().to_owned()
}

/// What the role may do: queues, and nothing else.
const QUEUES: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}"#;

#[test]
fn a_role_is_taken_on_and_bounds_what_siac_may_do() {
    let emulator = Emulator::strict_blocking();
    let number = emulator.account().to_owned();
    let role = format!("arn:aws:iam::{number}:role/deploy");
    let user = emulator.user("person", &json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role }] }).to_string());
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{number}:root") } }] });
    emulator.call(&json!([
        ["iam", "create_role", { "RoleName": "deploy", "AssumeRolePolicyDocument": trust.to_string() }],
        ["iam", "put_role_policy", { "RoleName": "deploy", "PolicyName": "queues", "PolicyDocument": QUEUES }],
    ]));
    let account = Account::on(emulator).acting_as(&user);
    let stack = |more: &str, kind: &str| {
        format!("[stack]\nname = \"q\"\n\n[provider.aws]\n{more}\n[resource.{kind}.jobs]\nname = \"jobs\"\n")
    };
    let assume = format!("assume_role = {{ role_arn = {role:?}, session_name = \"tests\" }}\n");
    account.sandbox.write("q.toml", &stack("", "aws_sqs_queue"));
    account.sandbox.fail(13, &["apply", "q.toml", "--auto-approve"]).says("allow `sqs:");
    account.sandbox.write("q.toml", &stack(&assume, "aws_sqs_queue"));
    account.applied(&["apply", "q.toml"]);
    account.sandbox.write("q.toml", &stack(&assume, "aws_sns_topic"));
    account.sandbox.fail(13, &["apply", "q.toml", "--auto-approve"]).says("allow `sns:");
    account.sandbox.write("q.toml", &stack(&assume, "aws_sqs_queue"));
    account.applied(&["destroy", "q.toml"]);
}
