//! App Configuration.

use super::{GROUP, Row};

const STORE: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_app_configuration.settings]
name = "settings-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
purge_on_delete = true
"#;

pub const ROWS: &[Row] = &[
    Row {
        around: GROUP,
        body: r#"name = "config-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
purge_on_delete = true"#,
        updated: r#"name = "config-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
purge_on_delete = true
local_auth_enabled = true
data_plane_proxy_mode = "Local"
identity = { type = "SystemAssigned" }"#,
        replaced: r#"name = "config-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
purge_on_delete = true
soft_delete_retention_days = 1"#,
        meddling: r#"{ "properties": { "dataPlaneProxy": { "authenticationMode": "Pass-through" } } }"#,
        made_by: "PUT .*/configurationStores/config-of-test$",
        ..Row::of("azure_app_configuration")
    },
    Row {
        around: STORE,
        body: r#"configuration_store_id = "${azure_app_configuration.settings.id}"
key = "app/greeting"
value = "hello""#,
        updated: r#"configuration_store_id = "${azure_app_configuration.settings.id}"
key = "app/greeting"
value = "hello again"
content_type = "text/plain"
tags = { team = "web" }"#,
        replaced: r#"configuration_store_id = "${azure_app_configuration.settings.id}"
key = ".appconfig.featureflag/beta"
label = "production"
value = "{\"id\":\"beta\",\"enabled\":true}"
content_type = "application/vnd.microsoft.appconfig.ff+json;charset=utf-8""#,
        meddling: r#"{ "properties": { "value": "goodbye" } }"#,
        made_by: "PUT .*/keyValues/app~2Fgreeting$",
        ..Row::of("azure_app_configuration_key_value")
    },
];
