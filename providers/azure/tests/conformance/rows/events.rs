//! Event Grid.

use super::{GROUP, Row};

const TOPIC: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_eventgrid_topic.news]
name = "news"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"

[resource.azure_storage_account.data]
name = "datastore"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"

[resource.azure_servicebus_namespace.bus]
name = "bus-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"

[resource.azure_servicebus_queue.work]
name = "work"
namespace_id = "${azure_servicebus_namespace.bus.id}"
"#;

pub const ROWS: &[Row] = &[
    Row {
        around: GROUP,
        body: r#"name = "orders"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope""#,
        updated: r#"name = "orders"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
local_auth_enabled = true
inbound_ip_rules = [{ ip_mask = "203.0.113.0/24", action = "Allow" }]
identity = { type = "SystemAssigned" }"#,
        replaced: r#"name = "orders"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
input_schema = "EventGridSchema""#,
        meddling: r#"{ "properties": { "publicNetworkAccess": "Disabled" } }"#,
        made_by: "PUT .*/topics/orders$",
        ..Row::of("azure_eventgrid_topic")
    },
    Row {
        around: TOPIC,
        body: r#"name = "reader"
scope = "${azure_eventgrid_topic.news.id}"
service_bus_queue_endpoint_id = "${azure_servicebus_queue.work.id}""#,
        updated: r#"name = "reader"
scope = "${azure_eventgrid_topic.news.id}"
storage_queue_endpoint = { storage_account_id = "${azure_storage_account.data.id}", queue_name = "events" }
included_event_types = ["order.placed"]
subject_begins_with = "orders/"
advanced_filters = [{ operator_type = "NumberGreaterThan", key = "data.total", value = 100 }, { operator_type = "StringIn", key = "data.country", values = ["DE", "FR"] }]
max_delivery_attempts = 5
event_time_to_live = 60
storage_blob_dead_letter_destination = { storage_account_id = "${azure_storage_account.data.id}", container_name = "dead" }"#,
        replaced: r#"name = "reader"
scope = "${azure_eventgrid_topic.news.id}"
webhook_endpoint = { url = "https://example.org/events?code=hunter2", max_events_per_batch = 10, preferred_batch_size_in_kilobytes = 64 }
event_delivery_schema = "EventGridSchema""#,
        meddling: r#"{ "properties": { "filter": { "subjectBeginsWith": "payments/" } } }"#,
        made_by: "PUT .*/eventSubscriptions/reader$",
        ..Row::of("azure_eventgrid_event_subscription")
    },
];
