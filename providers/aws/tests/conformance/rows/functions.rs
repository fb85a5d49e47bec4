//! Functions and what belongs to them.

use super::Row;

const FUNCTION: &str = r#"
    [resource.aws_iam_role.around]
    assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'

    [resource.aws_lambda_function.around]
    role = "${aws_iam_role.around.arn}"
    filename = "code"
    handler = "index.handler"
    runtime = "nodejs24.x"
    publish = true

    [resource.aws_lambda_alias.around]
    name = "around"
    function_name = "${aws_lambda_function.around.function_name}"
    function_version = "${aws_lambda_function.around.version}"
"#;

const QUEUE: &str = r#"
    [resource.aws_iam_role.around]
    assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'

    [resource.aws_lambda_function.around]
    role = "${aws_iam_role.around.arn}"
    filename = "code"
    handler = "index.handler"
    runtime = "nodejs24.x"

    [resource.aws_sqs_queue.around]

    [resource.aws_sqs_queue.other]
"#;

const WHAT_A_FUNCTION_NEEDS: &str = r#"
    [resource.aws_iam_role.around]
    assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'

    [resource.aws_sqs_queue.dead]

    [resource.aws_lambda_layer_version.around]
    layer_name = "around"
    filename = "code"
"#;

/// The rows.
pub const ROWS: &[Row] = &[
    Row {
        around: WHAT_A_FUNCTION_NEEDS,
        body: r#"
            role = "${aws_iam_role.around.arn}"
            filename = "code"
            handler = "index.handler"
            runtime = "nodejs24.x"
            publish = true
            environment = { variables = { LEVEL = "one" } }
            tags = { team = "a" }
        "#,
        updated: r#"
            role = "${aws_iam_role.around.arn}"
            filename = "more"
            handler = "index.handler"
            runtime = "nodejs22.x"
            publish = true
            memory_size = 256
            timeout = 10
            description = "two"
            environment = { variables = { LEVEL = "two", MORE = "more" } }
            logging_config = { log_format = "JSON" }
            tracing_config = { mode = "Active" }
            ephemeral_storage = { size = 1024 }
            reserved_concurrent_executions = 5
            layers = ["${aws_lambda_layer_version.around.arn}"]
            dead_letter_config = { target_arn = "${aws_sqs_queue.dead.arn}" }
            vpc_config = { subnet_ids = ["subnet-0b", "subnet-0a"], security_group_ids = ["sg-0a"] }
            tags = { team = "b" }
        "#,
        replaced: r#"
            function_name = "t-other"
            role = "${aws_iam_role.around.arn}"
            filename = "code"
            handler = "index.handler"
            runtime = "nodejs24.x"
        "#,
        meddling: &[
            (
                "lambda",
                "update_function_configuration",
                r#"{"FunctionName": "{remote}", "MemorySize": 512, "Environment": {"Variables": {"LEVEL": "three"}}}"#,
            ),
            (
                "lambda",
                "put_function_concurrency",
                r#"{"FunctionName": "{remote}", "ReservedConcurrentExecutions": 1}"#,
            ),
            ("lambda", "tag_resource", r#"{"Resource": "{arn}", "Tags": {"team": "c"}}"#),
        ],
        made_by: "lambda.CreateFunction ",
        ..Row::of("aws_lambda_function")
    },
    Row {
        around: FUNCTION,
        body: r#"
            name = "live"
            function_name = "${aws_lambda_function.around.function_name}"
            function_version = "${aws_lambda_function.around.version}"
        "#,
        updated: r#"
            name = "live"
            function_name = "${aws_lambda_function.around.function_name}"
            function_version = "$LATEST"
            description = "two"
        "#,
        replaced: r#"
            name = "other"
            function_name = "${aws_lambda_function.around.arn}"
            function_version = "${aws_lambda_function.around.version}"
        "#,
        meddling: &[(
            "lambda",
            "update_alias",
            r#"{"FunctionName": "{function_name}", "Name": "{name}", "FunctionVersion": "1"}"#,
        )],
        made_by: "lambda.CreateAlias ",
        ..Row::of("aws_lambda_alias")
    },
    Row {
        around: FUNCTION,
        body: r#"
            function_name = "${aws_lambda_function.around.function_name}"
            qualifier = "${aws_lambda_alias.around.name}"
            action = "lambda:InvokeFunction"
            principal = "apigateway.amazonaws.com"
            source_arn = "arn:aws:execute-api:us-east-1:{account}:api/*/*"
        "#,
        replaced: r#"
            function_name = "${aws_lambda_function.around.function_name}"
            action = "lambda:InvokeFunction"
            principal = "{account}"
        "#,
        made_by: "lambda.AddPermission ",
        not_provable: "a statement is never changed: every change makes a new one",
        ..Row::of("aws_lambda_permission")
    },
    Row {
        around: FUNCTION,
        body: r#"
            function_name = "${aws_lambda_function.around.function_name}"
            authorization_type = "NONE"
        "#,
        updated: r#"
            function_name = "${aws_lambda_function.around.function_name}"
            authorization_type = "AWS_IAM"
            invoke_mode = "RESPONSE_STREAM"
            cors = { allow_origins = ["https://example.com"], allow_methods = ["GET", "POST"], max_age = 60 }
        "#,
        replaced: r#"
            function_name = "${aws_lambda_function.around.function_name}"
            qualifier = "${aws_lambda_alias.around.name}"
            authorization_type = "AWS_IAM"
        "#,
        meddling: &[(
            "lambda",
            "update_function_url_config",
            r#"{"FunctionName": "{function_name}", "AuthType": "NONE"}"#,
        )],
        made_by: "lambda.CreateFunctionUrlConfig ",
        ..Row::of("aws_lambda_function_url")
    },
    Row {
        around: QUEUE,
        body: r#"
            event_source_arn = "${aws_sqs_queue.around.arn}"
            function_name = "${aws_lambda_function.around.arn}"
            batch_size = 5
        "#,
        updated: r#"
            event_source_arn = "${aws_sqs_queue.around.arn}"
            function_name = "${aws_lambda_function.around.arn}"
            batch_size = 10
            enabled = false
            function_response_types = ["ReportBatchItemFailures"]
        "#,
        replaced: r#"
            event_source_arn = "${aws_sqs_queue.other.arn}"
            function_name = "${aws_lambda_function.around.arn}"
        "#,
        meddling: &[("lambda", "update_event_source_mapping", r#"{"UUID": "{remote}", "BatchSize": 1}"#)],
        made_by: "lambda.CreateEventSourceMapping ",
        ..Row::of("aws_lambda_event_source_mapping")
    },
    Row {
        body: r#"
            layer_name = "t-layer"
            filename = "code"
            description = "one"
            compatible_runtimes = ["nodejs24.x", "nodejs22.x"]
            compatible_architectures = ["x86_64"]
            license_info = "MIT"
        "#,
        replaced: r#"
            layer_name = "t-layer"
            filename = "more"
            description = "two"
            compatible_runtimes = ["nodejs24.x"]
        "#,
        made_by: "lambda.PublishLayerVersion ",
        not_provable: "a version of a layer is never changed, by siac or by others: every change makes a new one",
        ..Row::of("aws_lambda_layer_version")
    },
    Row {
        around: FUNCTION,
        body: r#"
            function_name = "${aws_lambda_function.around.function_name}"
            qualifier = "${aws_lambda_alias.around.name}"
            provisioned_concurrent_executions = 2
        "#,
        updated: r#"
            function_name = "${aws_lambda_function.around.function_name}"
            qualifier = "${aws_lambda_alias.around.name}"
            provisioned_concurrent_executions = 3
        "#,
        replaced: r#"
            function_name = "${aws_lambda_function.around.function_name}"
            qualifier = "${aws_lambda_function.around.version}"
            provisioned_concurrent_executions = 3
        "#,
        meddling: &[(
            "lambda",
            "put_provisioned_concurrency_config",
            r#"{"FunctionName": "{function_name}", "Qualifier": "{qualifier}", "ProvisionedConcurrentExecutions": 9}"#,
        )],
        made_by: "lambda.PutProvisionedConcurrencyConfig ",
        ..Row::of("aws_lambda_provisioned_concurrency_config")
    },
];
