//! Alerts, and whom they tell.

use super::{GROUP, Row};

const WATCHED: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_web_pubsub.front]
name = "front"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"

[resource.azure_action_group.staff]
name = "staff"
resource_group_name = "${azure_resource_group.rg.name}"
short_name = "staff"
"#;

pub const ROWS: &[Row] = &[
    Row {
        around: GROUP,
        body: "name = \"on-duty\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nshort_name = \"duty\"\nemail_receivers = [{ name = \"ann\", email_address = \"ann@example.org\" }]",
        updated: "name = \"on-duty\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nshort_name = \"duty\"\nemail_receivers = [{ name = \"ann\", email_address = \"ann@example.org\", use_common_alert_schema = true }]\nwebhook_receivers = [{ name = \"hook\", service_uri = \"https://example.org/alerts\", use_common_alert_schema = true }]",
        replaced: "name = \"off-duty\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nshort_name = \"duty\"",
        meddling: r#"{ "properties": { "enabled": false, "emailReceivers": [{ "name": "eve", "emailAddress": "eve@example.org" }] } }"#,
        made_by: "PUT .*/actionGroups/on-duty$",
        ..Row::of("azure_action_group")
    },
    Row {
        around: WATCHED,
        body: "name = \"busy\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nscopes = [\"${azure_web_pubsub.front.id}\"]\ncriteria = [{ metric_namespace = \"Microsoft.SignalRService/WebPubSub\", metric_name = \"ConnectionCount\", aggregation = \"Maximum\", operator = \"GreaterThan\", threshold = 900 }]",
        updated: "name = \"busy\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nscopes = [\"${azure_web_pubsub.front.id}\"]\nseverity = 1\ndescription = \"many connections\"\nwindow_size = \"PT15M\"\nfrequency = \"PT5M\"\ncriteria = [{ name = \"load\", metric_namespace = \"Microsoft.SignalRService/WebPubSub\", metric_name = \"ServerLoad\", aggregation = \"Average\", operator = \"GreaterThan\", alert_sensitivity = \"Medium\", evaluation_failure_count = 3, dimensions = [{ name = \"Hub\", operator = \"Include\", values = [\"chat\"] }] }]\nactions = [{ action_group_id = \"${azure_action_group.staff.id}\", webhook_properties = { team = \"web\" } }]",
        replaced: "name = \"quiet\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nscopes = [\"${azure_web_pubsub.front.id}\"]\ncriteria = [{ metric_namespace = \"Microsoft.SignalRService/WebPubSub\", metric_name = \"ConnectionCount\", aggregation = \"Maximum\", operator = \"LessThan\", threshold = 1 }]",
        meddling: r#"{ "properties": { "severity": 4, "enabled": false } }"#,
        made_by: "PUT .*/metricAlerts/busy$",
        ..Row::of("azure_metric_alert")
    },
];
