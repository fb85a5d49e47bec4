//! The code of functions: the same to the byte wherever it is packed, seen when it drifts, sent through a bucket, kept in versions.

use siac_core::model::snapshot::{Snapshot, Status};
use siac_core::model::value::Partial;
use siac_emulators::Rule;

use crate::house::{Goal, House, Report};

const ROLE: &str = r#"
    [resource.aws_iam_role.it]
    assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'
"#;

const BUCKET: &str = r#"
    [resource.aws_s3_bucket.it]
    bucket = "{u}"
    force_destroy = true
"#;

/// A function with these attributes more.
fn function(more: &str) -> String {
    format!(
        "{ROLE}\n[resource.aws_lambda_function.it]\nfunction_name = \"it\"\nrole = \"${{aws_iam_role.it.arn}}\"\n\
         handler = \"index.handler\"\nruntime = \"nodejs24.x\"\n{more}\n"
    )
}

#[track_caller]
fn complete(report: Result<Report, String>) -> Snapshot {
    let report = report.unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?} {:#?}", report.failures, report.changes);
    report.snapshot
}

/// An attribute of the function, or of the alias.
fn shown(snapshot: &Snapshot, address: &str, name: &str) -> String {
    let object = snapshot.object(&address.parse().unwrap()).unwrap();
    object.attributes().get(name).and_then(Partial::as_str).unwrap_or_default().to_owned()
}

fn digest(snapshot: &Snapshot) -> String {
    shown(snapshot, "aws_lambda_function.it", "code_sha256")
}

async fn leaves_nothing(house: &House) {
    complete(house.run(Goal::Nothing).await);
    assert_eq!(house.emulator.left().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_is_the_same_everywhere_and_drift_of_it_is_repaired() {
    let (one, other) = (House::new().await, House::new().await);
    let archive = r#"
        [resource.aws_s3_object.it]
        bucket = "${aws_s3_bucket.it.bucket}"
        key = "theirs.zip"
        source = "more"
    "#;
    let stack = [&function("filename = \"code\""), BUCKET, archive].concat();
    let first = complete(one.run(Goal::Stack(&stack)).await);
    let second = complete(other.run(Goal::Stack(&function("filename = \"code\""))).await);
    assert_eq!(digest(&first), digest(&second), "the archive depends on nothing but the files");

    let theirs = r#"{"FunctionName": "it", "S3Bucket": "{u}", "S3Key": "theirs.zip"}"#;
    one.meddle("lambda", "update_function_code", theirs);
    let repaired = one.run(Goal::Stack(&stack)).await.unwrap();
    assert!(repaired.changes[0].contains("filename"), "{:?}", repaired.changes);
    assert_eq!(digest(&repaired.snapshot), digest(&first));
    assert!(one.plan(&stack).await.unwrap().actions.is_empty());
    leaves_nothing(&one).await;
    leaves_nothing(&other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_goes_through_a_bucket_under_its_digest() {
    let house = House::new().await;
    let uploads = "s3.PutObject PUT /[^/]+/siac/[0-9a-f]{64}.zip";
    house.emulator.proxy().add(Rule::on(uploads).loses_answer().first(1));
    let stack = [&function("filename = \"code\"\ns3_bucket = \"${aws_s3_bucket.it.bucket}\""), BUCKET].concat();
    let first = complete(house.run(Goal::Stack(&stack)).await);
    assert_eq!(house.emulator.proxy().count("lambda.CreateFunction "), 1);
    assert!(house.plan(&stack).await.unwrap().actions.is_empty());

    house.write("code/index.mjs", "export const handler = async () => 'new';\n");
    let second = complete(house.run(Goal::Stack(&stack)).await);
    assert_ne!(digest(&first), digest(&second));
    assert!(house.plan(&stack).await.unwrap().actions.is_empty());
    assert_eq!(house.emulator.proxy().count(uploads), 3, "one whose answer was lost, and one for each code");
    leaves_nothing(&house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_stay_and_an_alias_moves_between_them() {
    let house = House::new().await;
    let alias = |version: &str, routing: &str| {
        format!(
            "{}\n[resource.aws_lambda_alias.it]\nname = \"live\"\nfunction_name = \"${{aws_lambda_function.it.function_name}}\"\n\
             function_version = \"{version}\"\n{routing}\n",
            function("filename = \"code\"\npublish = true")
        )
    };
    let own = "${aws_lambda_function.it.version}";
    let first = complete(house.run(Goal::Stack(&alias(own, ""))).await);
    assert_eq!(shown(&first, "aws_lambda_alias.it", "function_version"), "1");

    house.write("code/index.mjs", "export const handler = async () => 'new';\n");
    let canary = alias(own, "routing_config = { additional_version_weights = { \"1\" = 0.25 } }");
    let second = complete(house.run(Goal::Stack(&canary)).await);
    assert_eq!(shown(&second, "aws_lambda_alias.it", "function_version"), "2");
    house.meddle("lambda", "update_alias", r#"{"FunctionName": "it", "Name": "live", "RoutingConfig": {}}"#);
    let repaired = house.run(Goal::Stack(&canary)).await.unwrap();
    assert!(repaired.changes[0].contains("routing_config"), "{:?}", repaired.changes);
    assert!(house.plan(&canary).await.unwrap().actions.is_empty());

    let back = complete(house.run(Goal::Rollback(first.serial)).await);
    assert_eq!(shown(&back, "aws_lambda_alias.it", "function_version"), "1");
    assert_eq!(digest(&back), digest(&first));
    assert_eq!(house.emulator.proxy().count("lambda.PublishVersion "), 2, "nothing is published to go back");
    leaves_nothing(&house).await;
}
