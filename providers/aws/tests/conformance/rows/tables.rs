//! Tables.

use super::Row;

/// The rows.
pub const ROWS: &[Row] = &[Row {
    body: r#"
        hash_key = "id"
        attribute = [{ name = "id", type = "S" }]
        ttl = { attribute_name = "expires" }
    "#,
    updated: r#"
        hash_key = "id"
        attribute = [{ name = "id", type = "S" }, { name = "owner", type = "S" }, { name = "at", type = "N" }]
        ttl = { attribute_name = "expires" }
        billing_mode = "PROVISIONED"
        read_capacity = 2
        write_capacity = 3
        global_secondary_index = [
            { name = "by-owner", hash_key = "owner", range_key = "at", projection_type = "INCLUDE", non_key_attributes = ["b", "a"], read_capacity = 1, write_capacity = 1 },
        ]
        point_in_time_recovery = { enabled = true }
        stream_enabled = true
        stream_view_type = "NEW_IMAGE"
        tags = { team = "a" }
    "#,
    replaced: r#"
        hash_key = "id"
        range_key = "at"
        attribute = [{ name = "at", type = "N" }, { name = "id", type = "S" }]
        local_secondary_index = [{ name = "other", range_key = "at", projection_type = "KEYS_ONLY" }]
    "#,
    meddling: &[
        (
            "dynamodb",
            "update_time_to_live",
            r#"{"TableName": "{remote}", "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": false}}"#,
        ),
        (
            "dynamodb",
            "update_table",
            r#"{"TableName": "{remote}", "ProvisionedThroughput": {"ReadCapacityUnits": 9, "WriteCapacityUnits": 9}}"#,
        ),
        ("dynamodb", "tag_resource", r#"{"ResourceArn": "{arn}", "Tags": [{"Key": "team", "Value": "b"}]}"#),
    ],
    made_by: "dynamodb.CreateTable ",
    ..Row::of("aws_dynamodb_table")
}];
