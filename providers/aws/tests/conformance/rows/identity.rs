//! Roles, and logs.

use super::Row;

/// The rows.
pub const ROWS: &[Row] = &[
    Row {
        body: r#"
            retention_in_days = 7
            tags = { team = "a", part = "logs" }
        "#,
        updated: r#"
            retention_in_days = 14
            tags = { team = "b" }
        "#,
        replaced: r#"
            name = "/t/{u}"
            log_group_class = "INFREQUENT_ACCESS"
        "#,
        meddling: &[
            ("logs", "put_retention_policy", r#"{"logGroupName": "{remote}", "retentionInDays": 1}"#),
            ("logs", "tag_log_group", r#"{"logGroupName": "{remote}", "tags": {"team": "c", "more": "d"}}"#),
        ],
        made_by: "logs.CreateLogGroup ",
        ..Row::of("aws_cloudwatch_log_group")
    },
    Row {
        body: r#"
            assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'
            description = "one"
        "#,
        updated: r#"
            assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole"], Principal = { Service = ["lambda.amazonaws.com", "edgelambda.amazonaws.com"] } }] })}'
            description = "two"
            max_session_duration = 7200
            permissions_boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
            tags = { team = "a" }
        "#,
        replaced: r#"
            path = "/other/"
            assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'
        "#,
        meddling: &[
            ("iam", "update_role", r#"{"RoleName": "{remote}", "Description": "three", "MaxSessionDuration": 3600}"#),
            ("iam", "tag_role", r#"{"RoleName": "{remote}", "Tags": [{"Key": "team", "Value": "b"}]}"#),
        ],
        made_by: "iam.CreateRole ",
        ..Row::of("aws_iam_role")
    },
    Row {
        around: r#"
            [resource.aws_iam_role.around]
            assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'
        "#,
        body: r#"
            role = "${aws_iam_role.around.name}"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })}'
        "#,
        updated: r#"
            role = "${aws_iam_role.around.name}"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = "*" }] })}'
        "#,
        replaced: r#"
            name = "other"
            role = "${aws_iam_role.around.name}"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })}'
        "#,
        meddling: &[(
            "iam",
            "put_role_policy",
            r#"{"RoleName": "{role}", "PolicyName": "{name}", "PolicyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"}"#,
        )],
        made_by: "iam.PutRolePolicy ",
        ..Row::of("aws_iam_role_policy")
    },
    Row {
        body: r#"
            description = "one"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })}'
            tags = { team = "a" }
        "#,
        updated: r#"
            description = "one"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["s3:PutObject", "s3:GetObject"], Resource = "*" }] })}'
            tags = { team = "b" }
        "#,
        replaced: r#"
            path = "/other/"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Action = "s3:GetObject", Resource = "*" }] })}'
        "#,
        meddling: &[
            (
                "iam",
                "create_policy_version",
                r#"{"PolicyArn": "{remote}", "SetAsDefault": true, "PolicyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"}"#,
            ),
            ("iam", "tag_policy", r#"{"PolicyArn": "{remote}", "Tags": [{"Key": "team", "Value": "c"}]}"#),
        ],
        made_by: "iam.CreatePolicy ",
        ..Row::of("aws_iam_policy")
    },
    Row {
        around: r#"
            [resource.aws_iam_role.around]
            assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'

            [resource.aws_iam_policy.around]
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })}'
        "#,
        body: r#"
            role = "${aws_iam_role.around.name}"
            policy_arn = "${aws_iam_policy.around.arn}"
        "#,
        replaced: r#"
            role = "${aws_iam_role.around.name}"
            policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        "#,
        made_by: "iam.AttachRolePolicy ",
        not_provable: "an attachment has nothing that can be changed, by siac or by others: it is there, or it is not",
        ..Row::of("aws_iam_role_policy_attachment")
    },
];
