//! Web apps, slots, and function apps off Flex Consumption.

use super::Row;

const PLAN: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_service_plan.always]
name = "always"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
sku = "B1"
"#;

const PREMIUM: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_service_plan.premium]
name = "premium"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
sku = "EP1"

[resource.azure_function_app.app]
name = "jobs"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
service_plan_id = "${azure_service_plan.premium.id}"
hosting = "plan"
runtime = { name = "node", version = "22" }
app_settings = { FUNCTIONS_EXTENSION_VERSION = "~4", FUNCTIONS_WORKER_RUNTIME = "node" }
"#;

const PREMIUM_PLAN: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_service_plan.premium]
name = "premium"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
sku = "EP1"
"#;

pub const ROWS: &[Row] = &[
    Row {
        around: PLAN,
        body: r#"name = "chat"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
service_plan_id = "${azure_service_plan.always.id}"
runtime = { name = "node", version = "22-lts" }
websockets_enabled = true
package = "app""#,
        updated: r#"name = "chat"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
service_plan_id = "${azure_service_plan.always.id}"
runtime = { name = "node", version = "24-lts" }
app_command_line = "node server.js"
websockets_enabled = true
always_on = true
health_check_path = "/health"
worker_count = 2
identity = { type = "SystemAssigned" }
cors = { allowed_origins = ["https://example.org"] }
app_settings = { GREETING = "hello" }
package = "app2""#,
        replaced: r#"name = "talk"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
service_plan_id = "${azure_service_plan.always.id}""#,
        meddling: r#"{ "properties": { "httpsOnly": false } }"#,
        made_by: "PUT .*/sites/chat$",
        ..Row::of("azure_app_service")
    },
    Row {
        name: "Elastic Premium",
        around: PREMIUM_PLAN,
        body: r#"name = "jobs"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
service_plan_id = "${azure_service_plan.premium.id}"
hosting = "plan"
runtime = { name = "node", version = "22" }
app_settings = { FUNCTIONS_EXTENSION_VERSION = "~4", FUNCTIONS_WORKER_RUNTIME = "node" }
package = "app""#,
        updated: r#"name = "jobs"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
service_plan_id = "${azure_service_plan.premium.id}"
hosting = "plan"
runtime = { name = "python", version = "3.13" }
app_settings = { FUNCTIONS_EXTENSION_VERSION = "~4", FUNCTIONS_WORKER_RUNTIME = "python" }
package = "app2""#,
        replaced: r#"name = "tasks"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
service_plan_id = "${azure_service_plan.premium.id}"
hosting = "plan""#,
        meddling: r#"{ "properties": { "publicNetworkAccess": "Disabled" } }"#,
        made_by: "PUT .*/sites/jobs$",
        ..Row::of("azure_function_app")
    },
    Row {
        around: PREMIUM,
        body: r#"name = "next"
function_app_id = "${azure_function_app.app.id}"
location = "westeurope"
runtime = { name = "node", version = "22" }
app_settings = { FUNCTIONS_EXTENSION_VERSION = "~4", FUNCTIONS_WORKER_RUNTIME = "node" }
package = "app""#,
        updated: r#"name = "next"
function_app_id = "${azure_function_app.app.id}"
location = "West Europe"
runtime = { name = "node", version = "24" }
app_settings = { FUNCTIONS_EXTENSION_VERSION = "~4", FUNCTIONS_WORKER_RUNTIME = "node", MORE = "yes" }
package = "app2""#,
        replaced: r#"name = "later"
function_app_id = "${azure_function_app.app.id}"
location = "westeurope""#,
        meddling: r#"{ "properties": { "httpsOnly": false } }"#,
        made_by: "PUT .*/slots/next$",
        ..Row::of("azure_function_app_slot")
    },
];
