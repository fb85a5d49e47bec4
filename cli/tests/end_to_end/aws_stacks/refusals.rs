//! A newcomer's first day: what is wrong is told in words that help.

use siac_emulators::{Emulator, Rule};

use super::account::Account;

const QUEUE: &str = "[stack]\nname = \"q\"\n\n[provider.aws]\n\n[resource.aws_sqs_queue.jobs]\nname = \"jobs\"\n";

/// An account, and a project with one small stack.
fn newcomer() -> Account {
    let account = Account::new();
    account.sandbox.write("q.toml", QUEUE);
    account
}

const PLAN: [&str; 2] = ["plan", "q.toml"];

#[test]
fn whoever_is_nobody_or_nowhere_is_told_what_to_set() {
    let account = newcomer().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    let told = account.sandbox.fail(1, &PLAN);
    told.says("no AWS credentials are found").says("AWS_PROFILE").says("aws sso login");
    assert_eq!(told.stderr.lines().count(), 1, "one line says it:\n{}", told.stderr);
    account.with("AWS_PROFILE", "nope").sandbox.fail(1, &PLAN).says("the profile `nope` gives no AWS credentials");

    let account = newcomer().without("AWS_REGION");
    account.sandbox.fail(1, &PLAN).says("no region is set").says("AWS_REGION");
    let account = newcomer().with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    account.sandbox.fail(1, &PLAN).says("AWS cannot be reached in `us-east-1`").says("endpoint");
}

#[test]
fn whoever_is_somebody_else_is_stopped_before_anything_is_looked_at() {
    let account = newcomer();
    account
        .sandbox
        .write("q.toml", &QUEUE.replace("[provider.aws]", "[provider.aws]\nallowed_account_ids = [\"999999999999\"]"));
    let number = account.emulator.account().to_owned();
    account.sandbox.fail(1, &PLAN).says(&number).says("`allowed_account_ids` allows only 999999999999");

    account.sandbox.write("q.toml", QUEUE);
    account.applied(&["apply", "q.toml"]);
    let account = account.with("AWS_ACCESS_KEY_ID", "222222222222");
    account.sandbox.fail(1, &PLAN).says("acts on account 222222222222").says(&format!("deployed to account {number}"));
    let account = account.with("AWS_ACCESS_KEY_ID", &number).with("AWS_REGION", "eu-west-1");
    account.sandbox.fail(1, &PLAN).says("in eu-west-1").says("go back to the credentials and the settings of");
}

#[test]
fn credentials_that_expire_while_siac_works_cost_nothing() {
    let account = Account::new();
    let stack = "stacks/aws-rest-api.toml";
    let expired = |on: &str| {
        Rule::on(on).fails(403, "ExpiredTokenException", "The security token included in the request is expired")
    };
    account.emulator.proxy().add(expired("^sts."));
    account.sandbox.fail(1, &["plan", stack]).says("ExpiredTokenException").says("sign in again");
    account.emulator.proxy().clear();

    // From the function on nothing is answered any more, not even what would undo.
    account.emulator.proxy().add(expired("^(lambda|iam.Delete|iam.Get|apigatewayv2.(Delete|Get)|dynamodb.De|logs.De)"));
    let failed = account.sandbox.fail(14, &["apply", stack, "--auto-approve"]);
    failed.says("ExpiredTokenException").says("sign in again");
    account.emulator.proxy().clear();
    account.applied(&["apply", stack]);
    account.sandbox.succeed(&["plan", stack]).says("No changes");
    account.applied(&["destroy", stack]);
    assert_eq!(account.left(), Vec::<String>::new());
}

#[test]
fn a_permission_that_is_missing_is_named_and_what_was_done_is_undone() {
    let emulator = Emulator::strict_blocking();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"lambda:CreateFunction","Resource":"*"}]}"#;
    let credentials = emulator.user("newcomer", policy);
    let account = Account::on(emulator).acting_as(&credentials);
    let stack = "stacks/aws-rest-api.toml";
    account.sandbox.fail(13, &["apply", stack, "--auto-approve"]).says("allow `lambda:CreateFunction`");
    let left: Vec<String> = account.left().into_iter().filter(|line| !line.starts_with("iam users")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_name_that_is_taken_is_told_with_whose_it_is() {
    let (owner, account) = (Account::new(), newcomer());
    let bucket = owner.emulator.unique("taken");
    let stack = QUEUE.replace("[resource.", &format!("[resource.aws_s3_bucket.b]\nbucket = {bucket:?}\n\n[resource."));
    owner.sandbox.write("q.toml", &stack);
    owner.applied(&["apply", "q.toml"]);
    account.sandbox.write("q.toml", &stack);
    let failed = account.sandbox.fail(13, &["apply", "q.toml", "--auto-approve"]);
    failed.says(&format!("the bucket `{bucket}` belongs to another account")).says("names are unique in the world");
    assert_eq!(account.left(), Vec::<String>::new(), "the queue is undone");

    // In one's own account a queue that another stack made is not taken over.
    owner.sandbox.write("other.toml", &QUEUE.replace("name = \"q\"", "name = \"other\""));
    let failed = owner.sandbox.fail(13, &["apply", "other.toml", "--auto-approve"]);
    failed.says("[[import]]");
}
