//! The typed kinds.

use super::{GROUP, Row};

const ACCOUNT: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_storage_account.data]
name = "datastore"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
"#;

const WORKSPACE: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_log_analytics_workspace.logs]
name = "logs"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
"#;

const APP: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_storage_account.data]
name = "datastore"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"

[resource.azure_storage_container.packages]
name = "packages"
storage_account_id = "${azure_storage_account.data.id}"

[resource.azure_service_plan.flex]
name = "flex"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
"#;

const PRINCIPAL: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_user_assigned_identity.app]
name = "app"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
"#;

const PUBSUB: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_web_pubsub.front]
name = "front"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
"#;

const VAULT: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_key_vault.keys]
name = "keys-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
purge_on_delete = true
"#;

pub const ROWS: &[Row] = &[
    Row {
        body: "name = \"mine\"\nlocation = \"westeurope\"\ntags = { a = \"1\" }",
        updated: "name = \"mine\"\nlocation = \"West Europe\"\ntags = { a = \"2\" }",
        replaced: "name = \"other\"\nlocation = \"westeurope\"",
        meddling: r#"{ "tags": { "a": "9" } }"#,
        made_by: "PUT .*/resourceGroups/mine$",
        ..Row::of("azure_resource_group")
    },
    Row {
        around: GROUP,
        body: "name = \"mystore1\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"",
        updated: "name = \"mystore1\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nsku = \"Standard_ZRS\"\naccess_tier = \"Cool\"\nshared_key_access = true\nstatic_website = { index_document = \"index.html\", error_404_document = \"404.html\" }\nnetwork_rules = { default_action = \"Deny\", bypass = \"AzureServices\", ip_rules = [{ value = \"203.0.113.0/24\" }] }",
        replaced: "name = \"mystore2\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nhierarchical_namespace = true",
        meddling: r#"{ "properties": { "minimumTlsVersion": "TLS1_0", "networkAcls": { "defaultAction": "Allow" } } }"#,
        made_by: "PUT .*/storageAccounts/mystore1$",
        ..Row::of("azure_storage_account")
    },
    Row {
        around: ACCOUNT,
        body: "name = \"packages\"\nstorage_account_id = \"${azure_storage_account.data.id}\"",
        updated: "name = \"packages\"\nstorage_account_id = \"${azure_storage_account.data.id}\"\nmetadata = { team = \"web\" }",
        replaced: "name = \"releases\"\nstorage_account_id = \"${azure_storage_account.data.id}\"",
        meddling: r#"{ "properties": { "publicAccess": "Blob" } }"#,
        made_by: "PUT .*/containers/packages$",
        ..Row::of("azure_storage_container")
    },
    Row {
        around: GROUP,
        body: "name = \"it\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nsku = \"B1\"",
        updated: "name = \"it\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nsku = \"S1\"\nworker_count = 2",
        replaced: "name = \"it\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nsku = \"FC1\"",
        meddling: r#"{ "sku": { "capacity": 7 } }"#,
        made_by: "PUT .*/serverfarms/it$",
        ..Row::of("azure_service_plan")
    },
    Row {
        around: APP,
        body: "name = \"functions\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nservice_plan_id = \"${azure_service_plan.flex.id}\"\nruntime = { name = \"node\", version = \"22\" }\ndeployment = { container_url = \"${azure_storage_container.packages.url}\" }\nidentity = { type = \"SystemAssigned\" }\napp_settings = { GREETING = \"hello\" }\npackage = \"app\"",
        updated: "name = \"functions\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nservice_plan_id = \"${azure_service_plan.flex.id}\"\nruntime = { name = \"node\", version = \"22\" }\ndeployment = { container_url = \"${azure_storage_container.packages.url}\" }\nidentity = { type = \"SystemAssigned\" }\napp_settings = { GREETING = \"hello again\", MORE = \"yes\" }\ncors = { allowed_origins = [\"https://example.org\"], support_credentials = true }\nalways_ready = [{ name = \"http\", instance_count = 1 }]\ninstance_memory_mb = 512\nmaximum_instance_count = 10\npackage = \"app2\"",
        replaced: "name = \"functions2\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nservice_plan_id = \"${azure_service_plan.flex.id}\"\nruntime = { name = \"node\", version = \"22\" }\ndeployment = { container_url = \"${azure_storage_container.packages.url}\" }",
        meddling: r#"{ "properties": { "httpsOnly": false } }"#,
        made_by: "PUT .*/sites/functions$",
        ..Row::of("azure_function_app")
    },
    Row {
        around: GROUP,
        body: "name = \"it-is\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"",
        updated: "name = \"it-is\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\ntags = { team = \"web\" }",
        replaced: "name = \"it-is\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"northeurope\"",
        meddling: r#"{ "tags": { "team": "others" } }"#,
        made_by: "PUT .*/userAssignedIdentities/it-is$",
        ..Row::of("azure_user_assigned_identity")
    },
    Row {
        around: PRINCIPAL,
        body: "scope = \"${azure_resource_group.rg.id}\"\nrole = \"Reader\"\nprincipal_id = \"${azure_user_assigned_identity.app.principal_id}\"",
        updated: "scope = \"${azure_resource_group.rg.id}\"\nrole = \"Reader\"\nprincipal_id = \"${azure_user_assigned_identity.app.principal_id}\"\ndescription = \"to look\"",
        replaced: "scope = \"${azure_resource_group.rg.id}\"\nrole = \"Contributor\"\nprincipal_id = \"${azure_user_assigned_identity.app.principal_id}\"",
        meddling: r#"{ "properties": { "description": "to meddle" } }"#,
        made_by: "PUT .*/roleAssignments/.*$",
        ..Row::of("azure_role_assignment")
    },
    Row {
        around: GROUP,
        body: "name = \"workspace\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"",
        updated: "name = \"workspace\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nretention_in_days = 60\ndaily_quota_gb = 1",
        replaced: "name = \"workspace\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"northeurope\"",
        meddling: r#"{ "properties": { "retentionInDays": 730 } }"#,
        made_by: "PUT .*/workspaces/workspace$",
        ..Row::of("azure_log_analytics_workspace")
    },
    Row {
        around: WORKSPACE,
        body: "name = \"insights\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nworkspace_id = \"${azure_log_analytics_workspace.logs.id}\"",
        updated: "name = \"insights\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nworkspace_id = \"${azure_log_analytics_workspace.logs.id}\"\nlocal_auth_enabled = false\nretention_in_days = 30",
        replaced: "name = \"insights\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nworkspace_id = \"${azure_log_analytics_workspace.logs.id}\"\napplication_type = \"other\"",
        meddling: r#"{ "properties": { "DisableLocalAuth": false } }"#,
        made_by: "PUT .*/components/insights$",
        ..Row::of("azure_application_insights")
    },
    Row {
        around: GROUP,
        body: "name = \"sockets\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\nsku = \"Free_F1\"",
        updated: "name = \"sockets\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\ncapacity = 2\nlocal_auth_enabled = true\nidentity = { type = \"SystemAssigned\" }",
        replaced: "name = \"sockets\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"northeurope\"",
        meddling: r#"{ "properties": { "disableLocalAuth": true } }"#,
        made_by: "PUT .*/webPubSub/sockets$",
        ..Row::of("azure_web_pubsub")
    },
    Row {
        around: PUBSUB,
        body: "name = \"chat\"\nweb_pubsub_id = \"${azure_web_pubsub.front.id}\"",
        updated: "name = \"chat\"\nweb_pubsub_id = \"${azure_web_pubsub.front.id}\"\nkeep_alive_interval = 30\nevent_handlers = [{ url_template = \"https://example.org/events\", user_event_pattern = \"*\", system_events = [\"connect\", \"disconnected\"], auth = { type = \"ManagedIdentity\", managed_identity = { resource = \"api://example\" } } }]",
        replaced: "name = \"talk\"\nweb_pubsub_id = \"${azure_web_pubsub.front.id}\"",
        meddling: r#"{ "properties": { "anonymousConnectPolicy": "allow" } }"#,
        made_by: "PUT .*/hubs/chat$",
        ..Row::of("azure_web_pubsub_hub")
    },
    Row {
        around: GROUP,
        body: "name = \"vault-of-test\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\npurge_on_delete = true",
        updated: "name = \"vault-of-test\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\npurge_on_delete = true\nnetwork_rules = { default_action = \"Deny\", bypass = \"AzureServices\" }",
        replaced: "name = \"vault-of-test\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\npurge_on_delete = true\nsoft_delete_retention_days = 7",
        meddling: r#"{ "properties": { "enableRbacAuthorization": false } }"#,
        made_by: "PUT .*/vaults/vault-of-test$",
        ..Row::of("azure_key_vault")
    },
    Row {
        around: VAULT,
        body: "name = \"password\"\nkey_vault_id = \"${azure_key_vault.keys.id}\"\nvalue = \"hunter2\"",
        updated: "name = \"password\"\nkey_vault_id = \"${azure_key_vault.keys.id}\"\nvalue = \"hunter3\"\ncontent_type = \"text/plain\"",
        replaced: "name = \"passphrase\"\nkey_vault_id = \"${azure_key_vault.keys.id}\"\nvalue = \"hunter3\"",
        meddling: r#"{ "properties": { "contentType": "something else" } }"#,
        made_by: "PUT .*/secrets/password$",
        ..Row::of("azure_key_vault_secret")
    },
];
