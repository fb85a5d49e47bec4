//! Secrets, parameters, keys, certificates and domain names.

use super::Row;

/// An HTTP API with a stage, at a domain name of its own.
const SERVED: &str = r#"
    [resource.aws_acm_certificate.around]
    domain_name = "api.{u}.example.com"

    [resource.aws_apigatewayv2_domain_name.around]
    domain_name = "api.{u}.example.com"
    domain_name_configuration = { certificate_arn = "${aws_acm_certificate.around.arn}" }

    [resource.aws_acm_certificate.other]
    domain_name = "other.{u}.example.com"

    [resource.aws_apigatewayv2_domain_name.other]
    domain_name = "other.{u}.example.com"
    domain_name_configuration = { certificate_arn = "${aws_acm_certificate.other.arn}" }

    [resource.aws_apigatewayv2_api.around]
    name = "t-around"
    protocol_type = "HTTP"

    [resource.aws_apigatewayv2_stage.one]
    api_id = "${aws_apigatewayv2_api.around.id}"
    name = "one"

    [resource.aws_apigatewayv2_stage.two]
    api_id = "${aws_apigatewayv2_api.around.id}"
    name = "two"
"#;

const CERTIFICATES: &str = r#"
    [resource.aws_acm_certificate.one]
    domain_name = "it.{u}.example.com"

    [resource.aws_acm_certificate.two]
    domain_name = "it.{u}.example.com"
"#;

const KEYS: &str = r#"
    [resource.aws_kms_key.one]

    [resource.aws_kms_key.two]

    [resource.aws_kms_alias.around]
    name = "alias/t-around"
    target_key_id = "${aws_kms_key.one.key_id}"
"#;

/// Two secrets with values, and one for what is tried.
const SECRETS: &str = r#"
    [resource.aws_secretsmanager_secret.one]
    name = "t-one"
    recovery_window_in_days = 0

    [resource.aws_secretsmanager_secret_version.one]
    secret_id = "${aws_secretsmanager_secret.one.id}"
    secret_string = "hunter2-one"

    [data.aws_secretsmanager_secret_version.one]
    secret_id = "${aws_secretsmanager_secret_version.one.secret_id}"

    [resource.aws_secretsmanager_secret.two]
    name = "t-two"
    recovery_window_in_days = 0

    [resource.aws_secretsmanager_secret_version.two]
    secret_id = "${aws_secretsmanager_secret.two.id}"
    secret_string = "hunter2-two"

    [data.aws_secretsmanager_secret_version.two]
    secret_id = "${aws_secretsmanager_secret_version.two.secret_id}"

    [resource.aws_secretsmanager_secret.around]
    name = "t-around"
    recovery_window_in_days = 0
"#;

const ZONE: &str = r#"
    [resource.aws_route53_zone.around]
    name = "{u}.example.com"
"#;

/// The rows.
pub const ROWS: &[Row] = &[
    Row {
        body: r#"
            domain_name = "{u}.example.com"
            subject_alternative_names = ["*.{u}.example.com", "{u}.example.org"]
            tags = { team = "a" }
        "#,
        updated: r#"
            domain_name = "{u}.example.com"
            subject_alternative_names = ["{u}.example.org", "*.{u}.example.com"]
            options = { export = "ENABLED" }
            tags = { team = "b", part = "front" }
        "#,
        replaced: r#"
            domain_name = "other.{u}.example.com"
        "#,
        meddling: &[
            (
                "acm",
                "remove_tags_from_certificate",
                r#"{"CertificateArn": "{remote}", "Tags": [{"Key": "part"}, {"Key": "owner"}]}"#,
            ),
            (
                "acm",
                "update_certificate_options",
                r#"{"CertificateArn": "{remote}", "Options": {"Export": "DISABLED"}}"#,
            ),
        ],
        made_by: "acm.RequestCertificate ",
        ..Row::of("aws_acm_certificate")
    },
    Row {
        around: CERTIFICATES,
        body: r#"
            certificate_arn = "${aws_acm_certificate.one.arn}"
        "#,
        replaced: r#"
            certificate_arn = "${aws_acm_certificate.two.arn}"
        "#,
        made_by: "acm.DescribeCertificate ",
        is_left: true,
        not_provable: "it is only a wait: nothing of it can be changed in place or by others",
        ..Row::of("aws_acm_certificate_validation")
    },
    Row {
        around: SERVED,
        body: r#"
            domain_name = "${aws_apigatewayv2_domain_name.around.id}"
            api_id = "${aws_apigatewayv2_api.around.id}"
            stage = "${aws_apigatewayv2_stage.one.id}"
            api_mapping_key = "v1"
        "#,
        updated: r#"
            domain_name = "${aws_apigatewayv2_domain_name.around.id}"
            api_id = "${aws_apigatewayv2_api.around.id}"
            stage = "${aws_apigatewayv2_stage.two.id}"
            api_mapping_key = "v2/all"
        "#,
        replaced: r#"
            domain_name = "${aws_apigatewayv2_domain_name.other.id}"
            api_id = "${aws_apigatewayv2_api.around.id}"
            stage = "${aws_apigatewayv2_stage.two.id}"
        "#,
        meddling: &[(
            "apigatewayv2",
            "update_api_mapping",
            r#"{"DomainName": "{domain_name}", "ApiMappingId": "{id}", "ApiId": "{api_id}", "Stage": "one"}"#,
        )],
        made_by: "apigatewayv2.CreateApiMapping ",
        ..Row::of("aws_apigatewayv2_api_mapping")
    },
    Row {
        around: CERTIFICATES,
        body: r#"
            domain_name = "it.{u}.example.com"
            domain_name_configuration = { certificate_arn = "${aws_acm_certificate.one.arn}", endpoint_type = "REGIONAL", security_policy = "TLS_1_2" }
            tags = { team = "a" }
        "#,
        updated: r#"
            domain_name = "it.{u}.example.com"
            domain_name_configuration = { certificate_arn = "${aws_acm_certificate.two.arn}" }
            mutual_tls_authentication = { truststore_uri = "s3://t/trusted.pem" }
            tags = { team = "b", part = "front" }
        "#,
        replaced: r#"
            domain_name = "other.{u}.example.com"
            domain_name_configuration = { certificate_arn = "${aws_acm_certificate.two.arn}" }
        "#,
        meddling: &[(
            "apigatewayv2",
            "update_domain_name",
            r#"{"DomainName": "{remote}", "MutualTlsAuthentication": {"TruststoreUri": "s3://t/other.pem"}}"#,
        )],
        made_by: "apigatewayv2.CreateDomainName ",
        ..Row::of("aws_apigatewayv2_domain_name")
    },
    Row {
        around: KEYS,
        body: r#"
            name = "alias/t-it"
            target_key_id = "${aws_kms_key.one.key_id}"
        "#,
        updated: r#"
            name = "alias/t-it"
            target_key_id = "${aws_kms_key.two.key_id}"
        "#,
        replaced: r#"
            name = "alias/t-other"
            target_key_id = "${aws_kms_key.two.key_id}"
        "#,
        meddling: &[("kms", "update_alias", r#"{"AliasName": "{remote}", "TargetKeyId": "alias/t-around"}"#)],
        made_by: "kms.CreateAlias ",
        ..Row::of("aws_kms_alias")
    },
    Row {
        body: r#"
            description = "one"
            deletion_window_in_days = 7
            tags = { team = "a" }
        "#,
        updated: r#"
            description = "two"
            deletion_window_in_days = 8
            enable_key_rotation = true
            rotation_period_in_days = 180
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::{account}:root" }, Action = ["kms:*"], Resource = "*" }] })}'
            tags = { team = "b", part = "data" }
        "#,
        replaced: r#"
            customer_master_key_spec = "HMAC_256"
            key_usage = "GENERATE_VERIFY_MAC"
            deletion_window_in_days = 7
            is_enabled = false
        "#,
        meddling: &[
            ("kms", "disable_key", r#"{"KeyId": "{remote}"}"#),
            ("kms", "disable_key_rotation", r#"{"KeyId": "{remote}"}"#),
            ("kms", "update_key_description", r#"{"KeyId": "{remote}", "Description": "theirs"}"#),
            ("kms", "untag_resource", r#"{"KeyId": "{remote}", "TagKeys": ["part", "owner"]}"#),
            (
                "kms",
                "put_key_policy",
                r#"{"KeyId": "{remote}", "PolicyName": "default", "Policy": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"}"#,
            ),
        ],
        made_by: "kms.CreateKey ",
        ..Row::of("aws_kms_key")
    },
    Row {
        around: ZONE,
        body: r#"
            zone_id = "${aws_route53_zone.around.zone_id}"
            name = "*.{u}.example.com"
            type = "TXT"
            ttl = 300
            records = ["v=spf1 -all", "one two"]
        "#,
        updated: r#"
            zone_id = "${aws_route53_zone.around.zone_id}"
            name = "*.{u}.example.com"
            type = "TXT"
            ttl = 60
            records = ["one two"]
        "#,
        replaced: r#"
            zone_id = "${aws_route53_zone.around.zone_id}"
            name = "www.{u}.example.com"
            type = "A"
            set_identifier = "here"
            weighted_routing_policy = { weight = 10 }
            alias = { name = "d-1.execute-api.us-east-1.amazonaws.com", zone_id = "Z1UJRXOUMOOFQ8", evaluate_target_health = true }
        "#,
        meddling: &[(
            "route53",
            "change_resource_record_sets",
            r#"{"HostedZoneId": "{zone_id}", "ChangeBatch": {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {"Name": "{name}", "Type": "TXT", "TTL": 5, "ResourceRecords": [{"Value": "\"theirs\""}]}}]}}"#,
        )],
        made_by: "route53.ChangeResourceRecordSets ",
        ..Row::of("aws_route53_record")
    },
    Row {
        body: r#"
            name = "{u}.example.com"
            comment = "one"
            tags = { team = "a" }
        "#,
        updated: r#"
            name = "{u}.example.com"
            comment = "two"
            tags = { team = "b", part = "front" }
        "#,
        replaced: r#"
            name = "other.{u}.example.com"
        "#,
        meddling: &[
            ("route53", "update_hosted_zone_comment", r#"{"Id": "{remote}", "Comment": "theirs"}"#),
            (
                "route53",
                "change_tags_for_resource",
                r#"{"ResourceType": "hostedzone", "ResourceId": "{remote}", "RemoveTagKeys": ["part", "owner"]}"#,
            ),
        ],
        made_by: "route53.CreateHostedZone ",
        ..Row::of("aws_route53_zone")
    },
    Row {
        body: r#"
            description = "one"
            recovery_window_in_days = 0
            tags = { team = "a" }
        "#,
        updated: r#"
            description = "two"
            recovery_window_in_days = 7
            policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::{account}:root" }, Action = "secretsmanager:GetSecretValue", Resource = "*" }] })}'
            tags = { team = "b", part = "data" }
        "#,
        replaced: r#"
            name = "t/other"
        "#,
        meddling: &[
            ("secretsmanager", "update_secret", r#"{"SecretId": "{remote}", "Description": "theirs"}"#),
            ("secretsmanager", "untag_resource", r#"{"SecretId": "{remote}", "TagKeys": ["part", "owner"]}"#),
            ("secretsmanager", "delete_resource_policy", r#"{"SecretId": "{remote}"}"#),
        ],
        made_by: "secretsmanager.CreateSecret ",
        ..Row::of("aws_secretsmanager_secret")
    },
    Row {
        around: SECRETS,
        body: r#"
            secret_id = "${aws_secretsmanager_secret.around.id}"
            secret_string = "${data.aws_secretsmanager_secret_version.one.secret_string}"
        "#,
        updated: r#"
            secret_id = "${aws_secretsmanager_secret.around.id}"
            secret_string = "${data.aws_secretsmanager_secret_version.one.secret_string}"
            version_stages = ["AWSCURRENT", "blue"]
        "#,
        replaced: r#"
            secret_id = "${aws_secretsmanager_secret.around.id}"
            secret_string = "${data.aws_secretsmanager_secret_version.two.secret_string}"
        "#,
        meddling: &[
            (
                "secretsmanager",
                "update_secret_version_stage",
                r#"{"SecretId": "{secret_id}", "VersionStage": "blue", "RemoveFromVersionId": "{version_id}"}"#,
            ),
            ("secretsmanager", "put_secret_value", r#"{"SecretId": "{secret_id}", "SecretString": "theirs"}"#),
        ],
        made_by: "secretsmanager.PutSecretValue ",
        is_left: true,
        ..Row::of("aws_secretsmanager_secret_version")
    },
    Row {
        body: r#"
            name = "/t/it"
            type = "SecureString"
            value = "hunter2-one"
            description = "one"
            tags = { team = "a" }
        "#,
        updated: r#"
            name = "/t/it"
            type = "SecureString"
            value = "hunter2-two"
            description = "two"
            tier = "Advanced"
            tags = { team = "b", part = "data" }
        "#,
        replaced: r#"
            name = "/t/it"
            type = "String"
            insecure_value = "plain"
        "#,
        meddling: &[
            (
                "ssm",
                "put_parameter",
                r#"{"Name": "{remote}", "Value": "theirs", "Type": "SecureString", "Overwrite": true, "Tier": "Advanced"}"#,
            ),
            (
                "ssm",
                "remove_tags_from_resource",
                r#"{"ResourceType": "Parameter", "ResourceId": "{remote}", "TagKeys": ["part", "owner"]}"#,
            ),
        ],
        made_by: "ssm.PutParameter ",
        ..Row::of("aws_ssm_parameter")
    },
];
