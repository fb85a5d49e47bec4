//! Whose an object is, and what AWS says when it does not do as asked.

use siac_core::model::snapshot::Status;
use siac_emulators::Rule;

use crate::house::{Goal, House, Report};

const TRUST: &str = r#"assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'"#;

fn role() -> String {
    format!("[resource.aws_iam_role.it]\nname = \"taken\"\n{TRUST}\n")
}

fn a_stranger_makes_the_role(house: &House) {
    let trust = r#"{\"Version\":\"2012-10-17\",\"Statement\":[]}"#;
    let arguments =
        format!(r#"{{"RoleName": "taken", "AssumeRolePolicyDocument": "{trust}", "Description": "theirs"}}"#);
    house.meddle("iam", "create_role", &arguments);
}

/// The only failure of a run.
fn failure(report: Report) -> String {
    assert_ne!(report.status, Some(Status::Complete));
    report.failures.join("\n")
}

#[track_caller]
fn complete(report: Result<Report, String>) {
    let report = report.unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?}", report.failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_object_is_not_touched_unless_asked_for() {
    let mut house = House::new().await;
    a_stranger_makes_the_role(&house);
    let why = failure(house.run(Goal::Stack(&role())).await.unwrap());
    assert!(why.contains("`taken` exists already, and siac did not make it"), "{why}");
    assert!(why.contains("[[import]] to = \"aws_iam_role.it\", id = \"taken\""), "{why}");
    assert_eq!(house.emulator.proxy().count("iam.(Update|Tag|Delete)"), 0, "it was left alone");

    house.provider = "adopt = \"always\"".to_owned();
    complete(house.run(Goal::Stack(&role())).await);
    let again = house.plan(&role()).await.unwrap();
    assert!(again.actions.is_empty(), "what was adopted is as it is wanted: {:?}", again.changes);
    complete(house.run(Goal::Nothing).await);
    assert_eq!(house.emulator.left().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_stacks_object_is_named_with_its_owner() {
    let mut house = House::new().await;
    complete(house.run(Goal::Stack(&role())).await);
    house.forget();
    house.name = "other";
    let why = failure(house.run(Goal::Stack(&role())).await.unwrap());
    assert!(why.contains("it belongs to aws_iam_role.it of the stack `test`"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_on_the_way_is_recorded_with_what_there_is() {
    let house = House::new().await;
    let group = "[resource.aws_cloudwatch_log_group.it]\nname = \"g\"\nretention_in_days = 7\n";
    let denied = Rule::on("logs.PutRetentionPolicy ").fails(400, "AccessDeniedException", "you may not");
    house.emulator.proxy().add(denied);
    let why = failure(house.run(Goal::Stack(group)).await.unwrap());
    assert!(why.contains("allow `logs:PutRetentionPolicy` to the identity that siac runs as"), "{why}");
    assert!(why.contains("(request proxy-request)"), "the request's id is kept: {why}");
    assert_eq!(house.emulator.left().await, Vec::<String>::new(), "what was half made was taken back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_allowed_accounts_are_acted_on() {
    let mut house = House::new().await;
    house.provider = "allowed_account_ids = [\"999999999999\"]".to_owned();
    let refused = house.run(Goal::Stack(&role())).await.unwrap_err();
    assert!(refused.contains("`allowed_account_ids` allows only 999999999999"), "{refused}");
    assert_eq!(house.emulator.proxy().count("iam."), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn default_tags_that_change_are_drift() {
    let mut house = House::new().await;
    house.provider = "default_tags = { team = \"a\" }".to_owned();
    complete(house.run(Goal::Stack(&role())).await);
    house.provider = "default_tags = { team = \"b\", more = \"c\" }".to_owned();
    complete(house.run(Goal::Stack(&role())).await);
    assert!(house.plan(&role()).await.unwrap().actions.is_empty(), "the new tags are written");
    complete(house.run(Goal::Nothing).await);
}
