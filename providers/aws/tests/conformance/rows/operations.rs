//! What watches, and what makes things happen: alarms, dashboards, events.

use super::Row;

const BUS_AND_QUEUE: &str = r#"
    [resource.aws_cloudwatch_event_bus.around]

    [resource.aws_cloudwatch_event_rule.around]
    event_bus_name = "${aws_cloudwatch_event_bus.around.name}"
    event_pattern = '{ "source": ["shop"] }'

    [resource.aws_sqs_queue.around]

    [resource.aws_sqs_queue.other]
"#;

/// The rows.
pub const ROWS: &[Row] = &[
    Row {
        around: r#"
            [resource.aws_sns_topic.around]
        "#,
        body: r#"
            alarm_description = "one"
            namespace = "AWS/Lambda"
            metric_name = "Errors"
            dimensions = { FunctionName = "api" }
            statistic = "Sum"
            period = 60
            evaluation_periods = 1
            comparison_operator = "GreaterThanThreshold"
            threshold = 0.5
            tags = { team = "a" }
        "#,
        updated: r#"
            alarm_description = "two"
            namespace = "AWS/Lambda"
            metric_name = "Errors"
            dimensions = { FunctionName = "api", Resource = "api:live" }
            statistic = "Maximum"
            period = 300
            evaluation_periods = 3
            datapoints_to_alarm = 2
            comparison_operator = "GreaterThanOrEqualToThreshold"
            threshold = 3
            treat_missing_data = "notBreaching"
            unit = "Count"
            alarm_actions = ["${aws_sns_topic.around.arn}"]
            ok_actions = ["${aws_sns_topic.around.arn}"]
            tags = { team = "b" }
        "#,
        replaced: r#"
            alarm_name = "t-other"
            namespace = "AWS/ApiGateway"
            metric_name = "Latency"
            extended_statistic = "p99"
            period = 60
            evaluation_periods = 1
            comparison_operator = "GreaterThanThreshold"
            threshold = 800
        "#,
        meddling: &[
            ("cloudwatch", "disable_alarm_actions", r#"{"AlarmNames": ["{remote}"]}"#),
            ("cloudwatch", "tag_resource", r#"{"ResourceARN": "{arn}", "Tags": [{"Key": "team", "Value": "c"}]}"#),
        ],
        made_by: "cloudwatch.PutMetricAlarm ",
        ..Row::of("aws_cloudwatch_metric_alarm")
    },
    Row {
        body: r#"
            dashboard_body = '${jsonencode({ widgets = [{ type = "text", x = 0, y = 0, width = 6, height = 3, properties = { markdown = "one" } }] })}'
        "#,
        updated: r#"
            dashboard_body = '${jsonencode({ widgets = [{ type = "text", x = 0, y = 0, width = 12, height = 3, properties = { markdown = "two" } }] })}'
        "#,
        replaced: r#"
            dashboard_name = "t-other"
            dashboard_body = '${jsonencode({ widgets = [] })}'
        "#,
        meddling: &[(
            "cloudwatch",
            "put_dashboard",
            r#"{"DashboardName": "{remote}", "DashboardBody": "{\"widgets\": []}"}"#,
        )],
        made_by: "cloudwatch.PutDashboard ",
        ..Row::of("aws_cloudwatch_dashboard")
    },
    Row {
        around: r#"
            [resource.aws_sqs_queue.around]
        "#,
        body: r#"
            description = "one"
            tags = { team = "a" }
        "#,
        updated: r#"
            description = "two"
            dead_letter_config = { arn = "${aws_sqs_queue.around.arn}" }
            log_config = { level = "ERROR", include_detail = "NONE" }
            tags = { team = "b" }
        "#,
        replaced: r#"
            name = "t-other"
        "#,
        meddling: &[
            ("events", "update_event_bus", r#"{"Name": "{remote}", "Description": "three"}"#),
            ("events", "tag_resource", r#"{"ResourceARN": "{arn}", "Tags": [{"Key": "team", "Value": "c"}]}"#),
        ],
        made_by: "events.CreateEventBus ",
        ..Row::of("aws_cloudwatch_event_bus")
    },
    Row {
        around: r#"
            [resource.aws_cloudwatch_event_bus.around]
        "#,
        body: r#"
            event_bus_name = "${aws_cloudwatch_event_bus.around.name}"
            event_pattern = '${jsonencode({ source = ["shop"] })}'
            description = "one"
            tags = { team = "a" }
        "#,
        updated: r#"
            event_bus_name = "${aws_cloudwatch_event_bus.around.name}"
            event_pattern = '${jsonencode({ source = ["shop"], detail-type = ["paid", "sent"] })}'
            description = "two"
            state = "DISABLED"
            tags = { team = "b" }
        "#,
        replaced: r#"
            schedule_expression = "rate(5 minutes)"
        "#,
        meddling: &[
            (
                "events",
                "put_rule",
                r#"{"Name": "{name}", "EventBusName": "{event_bus_name}", "EventPattern": "{\"source\": [\"other\"]}"}"#,
            ),
            ("events", "tag_resource", r#"{"ResourceARN": "{arn}", "Tags": [{"Key": "more", "Value": "x"}]}"#),
        ],
        made_by: "events.PutRule ",
        ..Row::of("aws_cloudwatch_event_rule")
    },
    Row {
        around: BUS_AND_QUEUE,
        body: r#"
            rule = "${aws_cloudwatch_event_rule.around.name}"
            event_bus_name = "${aws_cloudwatch_event_bus.around.name}"
            arn = "${aws_sqs_queue.around.arn}"
            input = '${jsonencode({ n = 1 })}'
        "#,
        updated: r#"
            rule = "${aws_cloudwatch_event_rule.around.name}"
            event_bus_name = "${aws_cloudwatch_event_bus.around.name}"
            arn = "${aws_sqs_queue.other.arn}"
            input_transformer = { input_paths = { what = "$.detail-type" }, input_template = '{"what": <what>}' }
            retry_policy = { maximum_event_age_in_seconds = 600, maximum_retry_attempts = 3 }
            dead_letter_config = { arn = "${aws_sqs_queue.around.arn}" }
        "#,
        replaced: r#"
            target_id = "other"
            rule = "${aws_cloudwatch_event_rule.around.name}"
            event_bus_name = "${aws_cloudwatch_event_bus.around.name}"
            arn = "${aws_sqs_queue.around.arn}"
            input_path = "$.detail"
        "#,
        meddling: &[(
            "events",
            "put_targets",
            r#"{"Rule": "{rule}", "EventBusName": "{event_bus_name}", "Targets": [{"Id": "{target_id}", "Arn": "{arn}", "Input": "{}"}]}"#,
        )],
        made_by: "events.PutTargets ",
        ..Row::of("aws_cloudwatch_event_target")
    },
    Row {
        around: r#"
            [resource.aws_iam_role.around]
            assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "scheduler.amazonaws.com" } }] })}'

            [resource.aws_sqs_queue.around]
        "#,
        body: r#"
            schedule_expression = "rate(1 hour)"
            flexible_time_window = { mode = "OFF" }
            target = { arn = "${aws_sqs_queue.around.arn}", role_arn = "${aws_iam_role.around.arn}" }
        "#,
        updated: r#"
            schedule_expression = "cron(0 3 * * ? *)"
            schedule_expression_timezone = "Europe/Berlin"
            description = "two"
            start_date = "2030-01-01T00:00:00Z"
            flexible_time_window = { mode = "FLEXIBLE", maximum_window_in_minutes = 15 }
            target = { arn = "${aws_sqs_queue.around.arn}", role_arn = "${aws_iam_role.around.arn}", input = "two", retry_policy = { maximum_retry_attempts = 3 } }
        "#,
        replaced: r#"
            name = "t-other"
            schedule_expression = "at(2031-01-01T00:00:00)"
            flexible_time_window = { mode = "OFF" }
            action_after_completion = "DELETE"
            target = { arn = "${aws_sqs_queue.around.arn}", role_arn = "${aws_iam_role.around.arn}" }
        "#,
        meddling: &[(
            "scheduler",
            "update_schedule",
            r#"{"Name": "{name}", "ScheduleExpression": "rate(1 minute)", "State": "DISABLED", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": "arn:aws:sqs:us-east-1:{account}:other", "RoleArn": "arn:aws:iam::{account}:role/other"}}"#,
        )],
        made_by: "scheduler.CreateSchedule ",
        ..Row::of("aws_scheduler_schedule")
    },
];
