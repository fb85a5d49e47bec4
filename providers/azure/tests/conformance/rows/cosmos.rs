//! Cosmos DB.

use super::{GROUP, Row};

const ACCOUNT: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_cosmosdb_account.data]
name = "data-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
"#;

const DATABASE: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_cosmosdb_account.data]
name = "data-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"

[resource.azure_cosmosdb_sql_database.shop]
name = "shop"
account_id = "${azure_cosmosdb_account.data.id}"
"#;

pub const ROWS: &[Row] = &[
    Row {
        around: GROUP,
        body: r#"name = "items-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope""#,
        updated: r#"name = "items-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "West Europe"
consistency_level = "BoundedStaleness"
max_interval_in_seconds = 10
max_staleness_prefix = 200
local_auth_enabled = true
automatic_failover_enabled = true
geo_locations = [{ location = "westeurope", failover_priority = 0, zone_redundant = true }, { location = "northeurope", failover_priority = 1 }]
ip_rules = ["203.0.113.0/24"]
backup = { type = "Continuous", tier = "Continuous7Days" }
identity = { type = "SystemAssigned" }"#,
        replaced: r#"name = "items-of-test"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
capabilities = ["EnableServerless"]"#,
        meddling: r#"{ "properties": { "disableLocalAuth": true, "ipRules": [] } }"#,
        made_by: "PUT .*/databaseAccounts/items-of-test$",
        ..Row::of("azure_cosmosdb_account")
    },
    Row {
        around: ACCOUNT,
        body: r#"name = "shop"
account_id = "${azure_cosmosdb_account.data.id}"
throughput = 400"#,
        updated: r#"name = "shop"
account_id = "${azure_cosmosdb_account.data.id}"
throughput = 600"#,
        replaced: r#"name = "store"
account_id = "${azure_cosmosdb_account.data.id}""#,
        not_provable: "a database says nothing else in its document: its throughput is a resource of its own",
        made_by: "PUT .*/sqlDatabases/shop$",
        ..Row::of("azure_cosmosdb_sql_database")
    },
    Row {
        around: DATABASE,
        body: r#"name = "orders"
sql_database_id = "${azure_cosmosdb_sql_database.shop.id}"
partition_key_paths = ["/customer"]
autoscale_max_throughput = 1000
unique_keys = [{ paths = ["/number"] }]"#,
        updated: r#"name = "orders"
sql_database_id = "${azure_cosmosdb_sql_database.shop.id}"
partition_key_paths = ["/customer"]
autoscale_max_throughput = 4000
unique_keys = [{ paths = ["/number"] }]
default_ttl = 3600
indexing_policy = { indexing_mode = "consistent", included_paths = [{ path = "/*" }], excluded_paths = [{ path = "/notes/?" }], composite_indexes = [[{ path = "/customer", order = "ascending" }, { path = "/date", order = "descending" }]] }"#,
        replaced: r#"name = "orders"
sql_database_id = "${azure_cosmosdb_sql_database.shop.id}"
partition_key_paths = ["/tenant", "/customer"]
partition_key_kind = "MultiHash""#,
        meddling: r#"{ "properties": { "resource": { "defaultTtl": 60 } } }"#,
        made_by: "PUT .*/containers/orders$",
        ..Row::of("azure_cosmosdb_sql_container")
    },
];
