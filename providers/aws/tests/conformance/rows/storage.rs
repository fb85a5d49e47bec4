//! Buckets and what is in them.

use super::Row;

const BUCKETS: &str = r#"
    [resource.aws_s3_bucket.around]
    bucket = "{u}-a"
    force_destroy = true

    [resource.aws_s3_bucket.other]
    bucket = "{u}-b"
    force_destroy = true
"#;

/// The rows.
pub const ROWS: &[Row] = &[
    Row {
        body: r#"
            bucket = "{u}"
            tags = { team = "a" }
        "#,
        updated: r#"
            bucket = "{u}"
            force_destroy = true
            tags = { team = "b", part = "files" }
        "#,
        replaced: r#"
            bucket = "{u}-other"
        "#,
        meddling: &[(
            "s3",
            "put_bucket_tagging",
            r#"{"Bucket": "{remote}", "Tagging": {"TagSet": [{"Key": "team", "Value": "c"}]}}"#,
        )],
        made_by: "s3.CreateBucket ",
        ..Row::of("aws_s3_bucket")
    },
    Row {
        around: BUCKETS,
        body: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            versioning_configuration = { status = "Enabled" }
        "#,
        updated: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            versioning_configuration = { status = "Suspended" }
        "#,
        replaced: r#"
            bucket = "${aws_s3_bucket.other.bucket}"
            versioning_configuration = { status = "Enabled" }
        "#,
        meddling: &[(
            "s3",
            "put_bucket_versioning",
            r#"{"Bucket": "{remote}", "VersioningConfiguration": {"Status": "Enabled"}}"#,
        )],
        made_by: "s3.PutBucketVersioning ",
        ..Row::of("aws_s3_bucket_versioning")
    },
    Row {
        around: BUCKETS,
        body: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            rule = [{ apply_server_side_encryption_by_default = { sse_algorithm = "AES256" } }]
        "#,
        updated: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            rule = [{ apply_server_side_encryption_by_default = { sse_algorithm = "AES256" }, bucket_key_enabled = true }]
        "#,
        replaced: r#"
            bucket = "${aws_s3_bucket.other.bucket}"
            rule = [{ apply_server_side_encryption_by_default = { sse_algorithm = "AES256" }, bucket_key_enabled = false }]
        "#,
        meddling: &[(
            "s3",
            "put_bucket_encryption",
            r#"{"Bucket": "{remote}", "ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:aws:kms:us-east-1:{account}:key/k"}}]}}"#,
        )],
        made_by: "s3.PutBucketEncryption ",
        ..Row::of("aws_s3_bucket_server_side_encryption_configuration")
    },
    Row {
        around: BUCKETS,
        body: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            block_public_acls = true
            block_public_policy = true
        "#,
        updated: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            block_public_acls = true
            block_public_policy = true
            ignore_public_acls = true
            restrict_public_buckets = true
        "#,
        replaced: r#"
            bucket = "${aws_s3_bucket.other.bucket}"
            block_public_acls = true
        "#,
        meddling: &[(
            "s3",
            "put_public_access_block",
            r#"{"Bucket": "{remote}", "PublicAccessBlockConfiguration": {"BlockPublicAcls": true}}"#,
        )],
        made_by: "s3.PutPublicAccessBlock ",
        ..Row::of("aws_s3_bucket_public_access_block")
    },
    Row {
        around: BUCKETS,
        body: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.around.arn, "${aws_s3_bucket.around.arn}/*"], Condition = { Bool = { "aws:SecureTransport" = "false" } } }] })}'
        "#,
        updated: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::{account}:root" }, Action = "s3:GetObject", Resource = "${aws_s3_bucket.around.arn}/*" }] })}'
        "#,
        replaced: r#"
            bucket = "${aws_s3_bucket.other.bucket}"
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::{account}:root" }, Action = "s3:GetObject", Resource = "${aws_s3_bucket.other.arn}/*" }] })}'
        "#,
        meddling: &[(
            "s3",
            "put_bucket_policy",
            r#"{"Bucket": "{remote}", "Policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"{account}\"},\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::{remote}/*\"}]}"}"#,
        )],
        made_by: "s3.PutBucketPolicy ",
        ..Row::of("aws_s3_bucket_policy")
    },
    Row {
        around: BUCKETS,
        body: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            rule = [{ id = "old", status = "Enabled", expiration = { days = 30 } }]
        "#,
        updated: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            rule = [
                { id = "old", status = "Enabled", filter = { prefix = "logs/" }, expiration = { days = 60 }, noncurrent_version_expiration = { noncurrent_days = 7 } },
                { id = "parts", status = "Enabled", abort_incomplete_multipart_upload = { days_after_initiation = 3 } },
            ]
        "#,
        replaced: r#"
            bucket = "${aws_s3_bucket.other.bucket}"
            rule = [{ id = "cold", status = "Disabled", transition = [{ days = 30, storage_class = "STANDARD_IA" }] }]
        "#,
        meddling: &[(
            "s3",
            "put_bucket_lifecycle_configuration",
            r#"{"Bucket": "{remote}", "LifecycleConfiguration": {"Rules": [{"ID": "old", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}}"#,
        )],
        made_by: "s3.PutBucketLifecycleConfiguration ",
        ..Row::of("aws_s3_bucket_lifecycle_configuration")
    },
    Row {
        around: BUCKETS,
        body: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            key = "a/b.txt"
            content = "one"
            content_type = "text/plain"
        "#,
        updated: r#"
            bucket = "${aws_s3_bucket.around.bucket}"
            key = "a/b.txt"
            source = "code/index.mjs"
            content_type = "text/javascript"
            cache_control = "max-age=60"
            metadata = { origin = "tests" }
        "#,
        replaced: r#"
            bucket = "${aws_s3_bucket.other.bucket}"
            key = "a/c.zip"
            source = "code"
        "#,
        meddling: &[("s3", "put_object", r#"{"Bucket": "{bucket}", "Key": "{key}", "Body": "three"}"#)],
        made_by: "s3.PutObject ",
        ..Row::of("aws_s3_object")
    },
];
