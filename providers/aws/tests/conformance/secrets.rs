//! What is secret stays so, on its way through siac and when something goes wrong.

use siac_core::model::address::Mode;
use siac_core::model::snapshot::Status;
use siac_emulators::Rule;

use crate::house::{Goal, House, Report};

/// A secret that somebody else keeps, and what a stack makes of it.
const COPIES: &str = r#"
    [data.aws_secretsmanager_secret_version.source]
    secret_id = "source"

    [resource.aws_secretsmanager_secret.copy]
    name = "copy"
    recovery_window_in_days = 0

    [resource.aws_secretsmanager_secret_version.copy]
    secret_id = "${aws_secretsmanager_secret.copy.id}"
    secret_string = "${data.aws_secretsmanager_secret_version.source.secret_string}"

    [resource.aws_ssm_parameter.copy]
    name = "/copy"
    type = "SecureString"
    value = "${data.aws_secretsmanager_secret_version.source.secret_string}"
"#;

/// What every value of these tests holds, and nothing else does.
const CANARY: &str = "canary";

/// A run that went well, and shows nothing.
#[track_caller]
fn complete(report: Result<Report, String>) {
    let report = report.unwrap();
    assert!(!format!("{report:?}").contains(CANARY), "{report:?}");
    assert_eq!(report.status, Some(Status::Complete), "{:?}", report.failures);
}

fn values(house: &House) -> Vec<String> {
    let answers = house.emulator.call(&serde_json::json!([
        ["secretsmanager", "get_secret_value", { "SecretId": "copy" }],
        ["ssm", "get_parameter", { "Name": "/copy", "WithDecryption": true }],
    ]));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    vec![text(&answers[0]["SecretString"]), text(&answers[1]["Parameter"]["Value"])]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_carried_and_nobody_sees_them() {
    let house = House::new().await;
    house.meddle("secretsmanager", "create_secret", r#"{"Name": "source", "SecretString": "canary-one"}"#);
    complete(house.run(Goal::Stack(COPIES)).await);
    assert_eq!(values(&house), ["canary-one", "canary-one"]);
    assert!(house.plan(COPIES).await.unwrap().actions.is_empty(), "a second plan is empty");

    let theirs = r#"{"Name": "/copy", "Value": "canary-theirs", "Type": "SecureString", "Overwrite": true}"#;
    house.meddle("ssm", "put_parameter", theirs);
    let drift = house.plan(COPIES).await.unwrap();
    let managed = drift.actions.iter().filter(|(address, _)| address.mode == Mode::Managed);
    assert_eq!(managed.count(), 1, "a changed value is drift: {drift:?}");
    assert!(!format!("{drift:?}").contains(CANARY), "{drift:?}");
    complete(house.run(Goal::Stack(COPIES)).await);
    assert_eq!(values(&house), ["canary-one", "canary-one"]);

    house.meddle("secretsmanager", "put_secret_value", r#"{"SecretId": "source", "SecretString": "canary-two"}"#);
    complete(house.run(Goal::Stack(COPIES)).await);
    assert_eq!(values(&house), ["canary-two", "canary-two"]);
    complete(house.run(Goal::Nothing).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_repeats_a_secret_is_not_repeated() {
    let house = House::new().await;
    house.meddle("secretsmanager", "create_secret", r#"{"Name": "source", "SecretString": "canary-one"}"#);
    for call in ["ssm.PutParameter ", "secretsmanager.PutSecretValue "] {
        let repeats = Rule::on(call).fails(400, "ValidationException", "canary-one is no value");
        house.emulator.proxy().add(repeats.first(1));
        let report = house.run(Goal::Stack(COPIES)).await.unwrap();
        assert_ne!(report.status, Some(Status::Complete));
        let failures = report.failures.join("\n");
        assert!(failures.contains("(sensitive) is no value"), "{failures}");
        assert!(!format!("{report:?}").contains(CANARY), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_waits_for_its_end_is_explained() {
    let house = House::new().await;
    let secret = "[resource.aws_secretsmanager_secret.it]\nname = \"waits\"\nrecovery_window_in_days = 7\n";
    complete(house.run(Goal::Stack(secret)).await);
    complete(house.run(Goal::Nothing).await);
    let report = house.run(Goal::Stack(secret)).await.unwrap();
    let why = report.failures.join("\n");
    assert_ne!(report.status, Some(Status::Complete));
    assert!(why.contains("a secret `waits` was deleted, can be restored until"), "{why}");
    assert!(why.contains("restore-secret --secret-id waits"), "{why}");

    house.meddle("secretsmanager", "restore_secret", r#"{"SecretId": "waits"}"#);
    let again = format!("{secret}\n[[import]]\nto = \"aws_secretsmanager_secret.it\"\nid = \"waits\"\n");
    let report = house.run(Goal::Stack(&again)).await.unwrap();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert!(house.plan(secret).await.unwrap().actions.is_empty(), "what was restored is as it is wanted");
}
