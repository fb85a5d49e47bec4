//! Front Door.

use super::{GROUP, Row};

const PROFILE: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_front_door_profile.front]
name = "front"
resource_group_name = "${azure_resource_group.rg.name}"
"#;

const ORIGINS: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_front_door_profile.front]
name = "front"
resource_group_name = "${azure_resource_group.rg.name}"

[resource.azure_front_door_origin_group.apps]
name = "apps"
profile_id = "${azure_front_door_profile.front.id}"
"#;

const HOST: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_front_door_profile.front]
name = "front"
resource_group_name = "${azure_resource_group.rg.name}"

[resource.azure_front_door_origin_group.apps]
name = "apps"
profile_id = "${azure_front_door_profile.front.id}"

[resource.azure_front_door_origin.stable]
name = "stable"
origin_group_id = "${azure_front_door_origin_group.apps.id}"
host_name = "stable.example.org"
weight = 900

[resource.azure_front_door_origin.next]
name = "next"
origin_group_id = "${azure_front_door_origin_group.apps.id}"
host_name = "next.example.org"
weight = 100

[resource.azure_front_door_endpoint.www]
name = "www-of-test"
profile_id = "${azure_front_door_profile.front.id}"
"#;

pub const ROWS: &[Row] = &[
    Row {
        around: GROUP,
        body: r#"name = "edge"
resource_group_name = "${azure_resource_group.rg.name}""#,
        updated: r#"name = "edge"
resource_group_name = "${azure_resource_group.rg.name}"
response_timeout_seconds = 60
tags = { team = "web" }"#,
        replaced: r#"name = "edge"
resource_group_name = "${azure_resource_group.rg.name}"
sku = "Premium_AzureFrontDoor""#,
        meddling: r#"{ "properties": { "originResponseTimeoutSeconds": 240 } }"#,
        made_by: "PUT .*/profiles/edge$",
        ..Row::of("azure_front_door_profile")
    },
    Row {
        around: PROFILE,
        body: r#"name = "shop-of-test"
profile_id = "${azure_front_door_profile.front.id}""#,
        updated: r#"name = "shop-of-test"
profile_id = "${azure_front_door_profile.front.id}"
enabled = false"#,
        replaced: r#"name = "shop-of-test"
profile_id = "${azure_front_door_profile.front.id}"
domain_name_label_scope = "NoReuse""#,
        meddling: r#"{ "properties": { "enabledState": "Enabled" } }"#,
        made_by: "PUT .*/afdEndpoints/shop-of-test$",
        ..Row::of("azure_front_door_endpoint")
    },
    Row {
        around: PROFILE,
        body: r#"name = "backends"
profile_id = "${azure_front_door_profile.front.id}""#,
        updated: r#"name = "backends"
profile_id = "${azure_front_door_profile.front.id}"
additional_latency_in_milliseconds = 500
session_affinity_enabled = true
health_probe = { interval_in_seconds = 30, protocol = "Https", path = "/health", request_type = "GET" }"#,
        replaced: r#"name = "others"
profile_id = "${azure_front_door_profile.front.id}""#,
        meddling: r#"{ "properties": { "healthProbeSettings": { "probePath": "/" } } }"#,
        made_by: "PUT .*/originGroups/backends$",
        ..Row::of("azure_front_door_origin_group")
    },
    Row {
        around: ORIGINS,
        body: r#"name = "blue"
origin_group_id = "${azure_front_door_origin_group.apps.id}"
host_name = "blue.example.org"
weight = 1000"#,
        updated: r#"name = "blue"
origin_group_id = "${azure_front_door_origin_group.apps.id}"
host_name = "blue.example.org"
origin_host_header = "blue.example.org"
weight = 900"#,
        replaced: r#"name = "green"
origin_group_id = "${azure_front_door_origin_group.apps.id}"
host_name = "green.example.org""#,
        meddling: r#"{ "properties": { "weight": 1, "enabledState": "Disabled" } }"#,
        made_by: "PUT .*/origins/blue$",
        ..Row::of("azure_front_door_origin")
    },
    Row {
        around: HOST,
        body: r#"name = "all"
endpoint_id = "${azure_front_door_endpoint.www.id}"
origin_group_id = "${azure_front_door_origin_group.apps.id}"
origin_ids = ["${azure_front_door_origin.stable.id}", "${azure_front_door_origin.next.id}"]"#,
        updated: r#"name = "all"
endpoint_id = "${azure_front_door_endpoint.www.id}"
origin_group_id = "${azure_front_door_origin_group.apps.id}"
origin_ids = ["${azure_front_door_origin.stable.id}", "${azure_front_door_origin.next.id}"]
patterns_to_match = ["/api/*"]
forwarding_protocol = "MatchRequest"
cache = { query_string_caching_behavior = "UseQueryString", compression_settings = { is_compression_enabled = true, content_types_to_compress = ["text/html"] } }"#,
        replaced: r#"name = "some"
endpoint_id = "${azure_front_door_endpoint.www.id}"
origin_group_id = "${azure_front_door_origin_group.apps.id}"
origin_ids = ["${azure_front_door_origin.stable.id}", "${azure_front_door_origin.next.id}"]"#,
        meddling: r#"{ "properties": { "httpsRedirect": "Disabled" } }"#,
        made_by: "PUT .*/routes/all$",
        ..Row::of("azure_front_door_route")
    },
];
