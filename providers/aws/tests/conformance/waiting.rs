//! What a run waits for, and that it says so; and that a service that asks for less slows nobody else.

use siac_core::model::snapshot::Status;
use siac_emulators::Rule;

use crate::house::{Goal, House, Report};

const FUNCTION: &str = r#"
    [resource.aws_iam_role.it]
    assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'

    [resource.aws_lambda_function.it]
    role = "${aws_iam_role.it.arn}"
    filename = "code"
    handler = "index.handler"
    runtime = "nodejs24.x"
"#;

#[track_caller]
fn complete(report: Result<Report, String>) -> Report {
    let report = report.unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?}", report.failures);
    report
}

/// Whether something was waited for in these words.
#[track_caller]
fn assert_waited(report: &Report, address: &str, words: &str) {
    let is_told = report.waits.iter().any(|wait| wait.starts_with(address) && wait.contains(words));
    assert!(is_told, "nobody was told that {address} waits for {words:?}: {:#?}", report.waits);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttling_and_new_roles_are_outlasted_and_told() {
    let house = House::new().await;
    let proxy = house.emulator.proxy();
    proxy.add(Rule::on("iam.CreateRole ").throttles().first(2));
    let unusable = "The role defined for the function cannot be assumed by Lambda.";
    proxy.add(Rule::on("lambda.CreateFunction ").fails(400, "InvalidParameterValueException", unusable).first(2));
    let report = complete(house.run(Goal::Stack(FUNCTION)).await);
    assert_eq!(proxy.count("iam.CreateRole "), 3);
    assert_eq!(proxy.count("lambda.CreateFunction "), 3);
    assert_waited(&report, "aws_iam_role.it", "`iam:CreateRole` was answered with ThrottlingException");
    assert_waited(&report, "aws_lambda_function.it", "Lambda cannot use the role arn:aws:iam::");
    complete(house.run(Goal::Nothing).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_is_not_ready_says_how_it_stands() {
    let house = House::new().await;
    let (proxy, looks) = (house.emulator.proxy(), "lambda.GetFunction ");
    proxy.add(Rule::on(looks).retells(&[("\"State\": \"Active\"", "\"State\": \"Pending\"")]).first(2));
    let made = complete(house.run(Goal::Stack(FUNCTION)).await);
    assert_waited(&made, "aws_lambda_function.it", "Pending");
    // The plan looks, the update looks, and then it waits.
    let busy = [
        ("\"State\": \"Pending\"", "\"State\": \"Active\""),
        ("\"LastUpdateStatus\": \"Successful\"", "\"LastUpdateStatus\": \"InProgress\""),
    ];
    proxy.add(Rule::on(looks).retells(&busy).first(4));
    let changed = complete(house.run(Goal::Stack(&format!("{FUNCTION}\n    memory_size = 256\n"))).await);
    assert_waited(&changed, "aws_lambda_function.it", "taking over the last change");
    complete(house.run(Goal::Nothing).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_looking_does_not_end_a_wait() {
    let house = House::new().await;
    // The first look is the one that sees whether the function can be used.
    house.emulator.proxy().add(Rule::on("lambda.GetFunction ").throttles().first(2));
    let report = complete(house.run(Goal::Stack(FUNCTION)).await);
    assert_waited(&report, "aws_lambda_function.it", "`lambda:GetFunction` was answered with ThrottlingException");
    assert_eq!(house.emulator.proxy().count("lambda.CreateFunction "), 1);
    complete(house.run(Goal::Nothing).await);
}

/// As many topics as there are places for calls, less one for the queues.
const TOPICS: usize = siac_engine::executor::PARALLELISM - 1;

/// Queues that are made meanwhile.
const QUEUES: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_asks_for_less_slows_only_itself() {
    let house = House::new().await;
    let proxy = house.emulator.proxy();
    proxy.add(Rule::on("sns.CreateTopic ").throttles());
    let all = |kind: &str, number| {
        let names: Vec<String> = (0..number).map(|number| format!("\"{number}\"")).collect();
        format!("[resource.{kind}.it]\nfor_each = [{}]\n", names.join(", "))
    };
    let stack = all("aws_sns_topic", TOPICS) + &all("aws_sqs_queue", QUEUES);
    let relenting = async {
        // Every queue is made while not a single topic is.
        proxy.arrival("sqs.CreateQueue ", QUEUES).await;
        proxy.clear();
    };
    let (report, ()) = tokio::join!(house.run(Goal::Stack(&stack)), relenting);
    let report = complete(report);
    assert!(report.waits.iter().all(|wait| wait.starts_with("aws_sns_topic.")), "{:#?}", report.waits);
    assert_eq!(proxy.count("sqs.CreateQueue "), QUEUES, "no queue is asked for twice");
    complete(house.run(Goal::Nothing).await);
    assert_eq!(house.emulator.left().await, Vec::<String>::new());
}
