//! Data: what siac reads and does not manage.

use siac_core::model::address::ResourceAddress;
use siac_core::model::snapshot::Status;

use crate::house::{Goal, House};

const FUNCTION: &str = r#"
    [resource.aws_iam_role.it]
    assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'

    [resource.aws_lambda_function.it]
    function_name = "t-read"
    role = "${aws_iam_role.it.arn}"
    filename = "code"
    handler = "index.handler"
    runtime = "nodejs24.x"
    publish = true

    [resource.aws_lambda_alias.it]
    name = "live"
    function_name = "${aws_lambda_function.it.function_name}"
    function_version = "${aws_lambda_function.it.version}"
"#;

const READ: &str = r#"
    [data.aws_lambda_function.it]
    function_name = "t-read"
    qualifier = "live"

    [resource.aws_cloudwatch_log_group.it]
    name = "/t/read"
    tags = { arn = "${data.aws_lambda_function.it.arn}", qualified = "${data.aws_lambda_function.it.qualified_arn}", runtime = "${data.aws_lambda_function.it.runtime}", version = "${data.aws_lambda_function.it.version}" }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_is_read_by_its_alias() {
    let house = House::new().await;
    let made = house.run(Goal::Stack(FUNCTION)).await.unwrap();
    assert_eq!((made.status, made.failures), (Some(Status::Complete), Vec::new()));
    let report = house.run(Goal::Stack(&format!("{FUNCTION}\n{READ}"))).await.unwrap();
    assert_eq!((report.status, report.failures), (Some(Status::Complete), Vec::new()));
    let group = ResourceAddress::managed("aws_cloudwatch_log_group", "it");
    let tags = report.snapshot.object(&group).unwrap().inputs.get("tags").unwrap().clone();
    let tag = |name: &str| tags.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let arn = format!("arn:aws:lambda:us-east-1:{}:function:t-read", house.emulator.account());
    assert_eq!((tag("arn"), tag("qualified")), (arn.clone(), format!("{arn}:live")));
    assert_eq!((tag("runtime"), tag("version")), ("nodejs24.x".to_owned(), "1".to_owned()));
    assert_eq!(house.run(Goal::Nothing).await.unwrap().status, Some(Status::Complete));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_is_not_there_is_named() {
    let house = House::new().await;
    let refused = house.plan(READ).await.unwrap_err();
    assert!(refused.contains("there is no function `t-read:live` in account"), "{refused}");
}
