//! Queues and topics.

use super::Row;

const TOPIC_AND_QUEUE: &str = r#"
    [resource.aws_sns_topic.around]

    [resource.aws_sqs_queue.around]
"#;

/// The rows.
pub const ROWS: &[Row] = &[
    Row {
        around: r#"
            [resource.aws_sqs_queue.dead]
            name = "t-dead"
        "#,
        body: r#"
            visibility_timeout_seconds = 60
            redrive_policy = '${jsonencode({ maxReceiveCount = 3, deadLetterTargetArn = aws_sqs_queue.dead.arn })}'
            tags = { team = "a" }
        "#,
        updated: r#"
            visibility_timeout_seconds = 90
            message_retention_seconds = 600
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::{account}:root" }, Action = "sqs:SendMessage", Resource = "*" }] })}'
            tags = { team = "b", part = "jobs" }
        "#,
        replaced: r#"
            name = "t-other.fifo"
            fifo_queue = true
            content_based_deduplication = true
        "#,
        meddling: &[
            (
                "sqs",
                "set_queue_attributes",
                r#"{"QueueUrl": "{remote}", "Attributes": {"VisibilityTimeout": "5", "DelaySeconds": "7"}}"#,
            ),
            ("sqs", "untag_queue", r#"{"QueueUrl": "{remote}", "TagKeys": ["part", "owner"]}"#),
        ],
        made_by: "sqs.CreateQueue ",
        ..Row::of("aws_sqs_queue")
    },
    Row {
        around: r#"
            [resource.aws_sqs_queue.around]

            [resource.aws_sqs_queue.other]
        "#,
        body: r#"
            queue_url = "${aws_sqs_queue.around.url}"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = aws_sqs_queue.around.arn }] })}'
        "#,
        updated: r#"
            queue_url = "${aws_sqs_queue.around.url}"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "sqs:*", Resource = aws_sqs_queue.around.arn }] })}'
        "#,
        replaced: r#"
            queue_url = "${aws_sqs_queue.other.url}"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "sqs:*", Resource = aws_sqs_queue.other.arn }] })}'
        "#,
        meddling: &[(
            "sqs",
            "set_queue_attributes",
            r#"{"QueueUrl": "{remote}", "Attributes": {"Policy": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"}}"#,
        )],
        made_by: "sqs.SetQueueAttributes ",
        ..Row::of("aws_sqs_queue_policy")
    },
    Row {
        body: r#"
            display_name = "one"
            tags = { team = "a" }
        "#,
        updated: r#"
            display_name = "two"
            delivery_policy = '${jsonencode({ http = { defaultHealthyRetryPolicy = { numRetries = 4, minDelayTarget = 1, maxDelayTarget = 9 } } })}'
            tags = { team = "b" }
        "#,
        replaced: r#"
            name = "t-other.fifo"
            fifo_topic = true
        "#,
        meddling: &[
            (
                "sns",
                "set_topic_attributes",
                r#"{"TopicArn": "{remote}", "AttributeName": "DisplayName", "AttributeValue": "three"}"#,
            ),
            ("sns", "tag_resource", r#"{"ResourceArn": "{remote}", "Tags": [{"Key": "more", "Value": "x"}]}"#),
        ],
        made_by: "sns.CreateTopic ",
        ..Row::of("aws_sns_topic")
    },
    Row {
        around: TOPIC_AND_QUEUE,
        body: r#"
            topic_arn = "${aws_sns_topic.around.arn}"
            protocol = "sqs"
            endpoint = "${aws_sqs_queue.around.arn}"
        "#,
        updated: r#"
            topic_arn = "${aws_sns_topic.around.arn}"
            protocol = "sqs"
            endpoint = "${aws_sqs_queue.around.arn}"
            raw_message_delivery = true
            filter_policy = '${jsonencode({ kind = ["a"] })}'
        "#,
        replaced: r#"
            topic_arn = "${aws_sns_topic.around.arn}"
            protocol = "email"
            endpoint = "someone@example.com"
        "#,
        meddling: &[(
            "sns",
            "set_subscription_attributes",
            r#"{"SubscriptionArn": "{remote}", "AttributeName": "RawMessageDelivery", "AttributeValue": "false"}"#,
        )],
        made_by: "sns.Subscribe ",
        ..Row::of("aws_sns_topic_subscription")
    },
];
