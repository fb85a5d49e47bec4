//! Service Bus and SignalR.

use super::{GROUP, Row};

const NAMESPACE: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_servicebus_namespace.bus]
name = "bus-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
"#;

const TOPIC: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_servicebus_namespace.bus]
name = "bus-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"

[resource.azure_servicebus_topic.news]
name = "news"
namespace_id = "${azure_servicebus_namespace.bus.id}"
"#;

pub const ROWS: &[Row] = &[
    Row {
        around: GROUP,
        body: "name = \"signals\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nsku = \"Free_F1\"",
        updated: "name = \"signals\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\ncapacity = 2\nlocal_auth_enabled = true\nservice_mode = \"Serverless\"\nserverless_connection_timeout = 60\ncors_allowed_origins = [\"https://example.org\"]\nidentity = { type = \"SystemAssigned\" }\nupstream_endpoints = [{ url_template = \"https://example.org/{event}\", hub_pattern = \"chat\", category_pattern = \"messages\", auth = { type = \"ManagedIdentity\", managed_identity = { resource = \"api://example\" } } }]",
        replaced: "name = \"signals\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"northeurope\"",
        meddling: r#"{ "properties": { "features": [{ "flag": "EnableMessagingLogs", "value": "true" }, { "flag": "ServiceMode", "value": "Classic" }] } }"#,
        made_by: "PUT .*/signalR/signals$",
        ..Row::of("azure_signalr")
    },
    Row {
        around: GROUP,
        body: "name = \"messages\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nsku = \"Basic\"",
        updated: "name = \"messages\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nlocal_auth_enabled = true\nminimum_tls_version = \"1.3\"\nidentity = { type = \"SystemAssigned\" }",
        replaced: "name = \"messages\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nsku = \"Premium\"\ncapacity = 1\npremium_messaging_partitions = 1",
        meddling: r#"{ "properties": { "minimumTlsVersion": "1.0" } }"#,
        made_by: "PUT .*/namespaces/messages$",
        ..Row::of("azure_servicebus_namespace")
    },
    Row {
        around: NAMESPACE,
        body: "name = \"work\"\nnamespace_id = \"${azure_servicebus_namespace.bus.id}\"\nlock_duration = \"PT60S\"",
        updated: "name = \"work\"\nnamespace_id = \"${azure_servicebus_namespace.bus.id}\"\nlock_duration = \"PT2M\"\nmax_delivery_count = 3\ndefault_message_ttl = \"P14D\"\ndead_lettering_on_message_expiration = true\nmax_size_in_megabytes = 2048",
        replaced: "name = \"work\"\nnamespace_id = \"${azure_servicebus_namespace.bus.id}\"\nrequires_session = true",
        meddling: r#"{ "properties": { "maxDeliveryCount": 99, "status": "Disabled" } }"#,
        made_by: "PUT .*/queues/work$",
        ..Row::of("azure_servicebus_queue")
    },
    Row {
        around: NAMESPACE,
        body: "name = \"events\"\nnamespace_id = \"${azure_servicebus_namespace.bus.id}\"",
        updated: "name = \"events\"\nnamespace_id = \"${azure_servicebus_namespace.bus.id}\"\nsupport_ordering = true\ndefault_message_ttl = \"P1D\"",
        replaced: "name = \"events\"\nnamespace_id = \"${azure_servicebus_namespace.bus.id}\"\nrequires_duplicate_detection = true\nduplicate_detection_history_time_window = \"PT5M\"",
        meddling: r#"{ "properties": { "supportOrdering": false } }"#,
        made_by: "PUT .*/topics/events$",
        ..Row::of("azure_servicebus_topic")
    },
    Row {
        around: TOPIC,
        body: "name = \"reader\"\ntopic_id = \"${azure_servicebus_topic.news.id}\"",
        updated: "name = \"reader\"\ntopic_id = \"${azure_servicebus_topic.news.id}\"\nmax_delivery_count = 5\nlock_duration = \"PT30S\"\ndead_lettering_on_message_expiration = true",
        replaced: "name = \"listener\"\ntopic_id = \"${azure_servicebus_topic.news.id}\"",
        meddling: r#"{ "properties": { "lockDuration": "PT5M" } }"#,
        made_by: "PUT .*/subscriptions/reader$",
        ..Row::of("azure_servicebus_subscription")
    },
];
