//! What befalls a stack: strangers, throttling, refusals, registrations, operations that fail.

use serde_json::json;
use siac_arm_double::{Double, Trouble};
use siac_core::model::address::ResourceAddress;
use siac_core::model::plan::Action;
use siac_core::model::snapshot::Status;
use siac_core::ports::Catalogue;
use siac_provider_azure::AzureProvider;

use crate::house::{Goal, House};
use crate::suite::{did, nothing};

const GROUP: &str = r#"
[resource.azure_resource.group]
type = "Microsoft.Resources/resourceGroups@2024-11-01"
name = "rg"
location = "westeurope"
"#;

const MAPS: &str = r#"
[resource.azure_resource.group]
type = "Microsoft.Resources/resourceGroups@2024-11-01"
name = "rg"
location = "westeurope"

[resource.azure_resource.it]
type = "Microsoft.Maps/accounts@2023-06-01"
parent = "${azure_resource.group.id}"
name = "it"
location = "westeurope"
body.sku.name = "G2"
"#;

const NETWORK: &str = r#"
[resource.azure_resource.group]
type = "Microsoft.Resources/resourceGroups@2024-11-01"
name = "rg"
location = "westeurope"

[resource.azure_resource.it]
type = "Microsoft.Network/virtualNetworks@2024-05-01"
parent = "${azure_resource.group.id}"
name = "it"
location = "westeurope"
body.properties.addressSpace.addressPrefixes = ["10.0.0.0/16"]
"#;

fn id(below: &str) -> String {
    format!("/subscriptions/{}/resourceGroups/rg{below}", Double::SUBSCRIPTION)
}

fn it() -> ResourceAddress {
    ResourceAddress::managed("azure_resource", "it")
}

/// A run that fails; what it said.
pub async fn refused(house: &House, stack: &str) -> String {
    let report = house.run(Goal::Stack(stack)).await.unwrap();
    assert_ne!(report.status, Some(Status::Complete), "{:?}", report.changes);
    report.failures.join("\n")
}

/// A run that makes everything.
pub async fn made(house: &House, stack: &str) {
    let report = house.run(Goal::Stack(stack)).await.unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?}", report.failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_resource_is_never_touched() {
    let house = House::new();
    made(&house, GROUP).await;
    let theirs = json!({ "location": "westeurope", "sku": { "name": "G2" }, "tags": { "owner": "someone" } });
    house.double.plant(&id("/providers/Microsoft.Maps/accounts/it"), &theirs);
    let why = refused(&house, MAPS).await;
    assert!(why.contains("siac did not make it; import it"), "{why}");
    assert_eq!(house.double.count("(PUT|DELETE|PATCH) .*/accounts/it$"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_stack_has_is_left_to_it() {
    let mut house = House::new();
    made(&house, GROUP).await;
    let marks = json!({ "siac-state": "ffffffffffffffffffffffffffffffff", "siac-addr": "azure_resource.maps", "siac-stack": "other", "siac-op": "00" });
    let theirs = json!({ "location": "westeurope", "sku": { "name": "G2" }, "tags": marks });
    house.double.plant(&id("/providers/Microsoft.Maps/accounts/it"), &theirs);
    house.provider = "adopt = \"always\"".to_owned();
    let why = refused(&house, MAPS).await;
    assert!(why.contains("is azure_resource.maps of the stack `other`"), "{why}");
    assert_eq!(house.double.count("(PUT|DELETE|PATCH) .*/accounts/it$"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_for_it_takes_over_what_is_there() {
    let mut house = House::new();
    made(&house, GROUP).await;
    let theirs = json!({ "location": "westeurope", "sku": { "name": "G2" } });
    house.double.plant(&id("/providers/Microsoft.Maps/accounts/it"), &theirs);
    house.provider = "adopt = \"always\"".to_owned();
    did(house.run(Goal::Stack(MAPS)).await, &it(), Some(Action::Create)).unwrap();
    nothing(house.plan(MAPS).await).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resource_that_is_gone_is_made_anew() {
    let house = House::new();
    made(&house, MAPS).await;
    house.double.vanish(&id("/providers/Microsoft.Maps/accounts/it"));
    did(house.run(Goal::Stack(MAPS)).await, &it(), Some(Action::Create)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttling_is_waited_out() {
    let house = House::new();
    house
        .double
        .trouble(Trouble::on("PUT .*/accounts/it$", 429, "SubscriptionRequestsThrottled").times(3).retry_after(0));
    house.double.trouble(Trouble::on("PUT .*/resourceGroups/rg$", 503, "ServiceUnavailable").times(1));
    made(&house, MAPS).await;
    assert_eq!(house.double.count("PUT .*/accounts/it$"), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_the_service_after_the_effect_makes_nothing_twice() {
    let house = House::new();
    house.double.trouble(Trouble::on("PUT .*/accounts/it$", 500, "InternalServerError").after_effect());
    made(&house, MAPS).await;
    nothing(house.plan(MAPS).await).unwrap();
    let report = house.run(Goal::Nothing).await.unwrap();
    assert_eq!((report.status, house.double.left()), (Some(Status::Complete), Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_was_overtaken_is_made_on_what_is_there_now() {
    let house = House::new();
    made(&house, NETWORK).await;
    let changed = NETWORK.replace("10.0.0.0/16", "10.9.0.0/16");
    house.double.trouble(Trouble::on("PUT .*/virtualNetworks/it$", 412, "PreconditionFailed"));
    did(house.run(Goal::Stack(&changed)).await, &it(), Some(Action::Update)).unwrap();
    nothing(house.plan(&changed).await).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parent_that_is_not_visible_yet_is_waited_for() {
    let house = House::new();
    house.double.trouble(Trouble::on("PUT .*/accounts/it$", 404, "ResourceGroupNotFound").times(2));
    made(&house, MAPS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_group_is_explained() {
    let house = House::new();
    let alone = r#"
[resource.azure_resource.it]
type = "Microsoft.Maps/accounts@2023-06-01"
parent = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/missing"
name = "it"
location = "westeurope"
body.sku.name = "G2"
"#;
    let why = refused(&house, alone).await;
    assert!(
        why.contains("Resource group 'missing' could not be found") && why.contains("make the resource group first"),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registration_is_asked_for_or_done() {
    let mut house = House::new();
    house.double.unregister("Microsoft.Maps");
    let why = refused(&house, MAPS).await;
    assert!(why.contains("az provider register") && why.contains("register_providers"), "{why}");
    house.provider = "register_providers = true".to_owned();
    made(&house, MAPS).await;
    assert_eq!(house.double.count("POST .*/providers/Microsoft.Maps/register$"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_refuses_is_named() {
    let house = House::new();
    made(&house, GROUP).await;
    let body = json!({ "error": { "code": "RequestDisallowedByPolicy", "message": "Resource 'it' was disallowed by policy.",
        "additionalInfo": [{ "type": "PolicyViolation", "info": { "policyAssignmentDisplayName": "only what is approved" } }] } });
    house.double.trouble(Trouble::on("PUT .*/accounts/it$", 403, "").body(body));
    let why = refused(&house, MAPS).await;
    assert!(why.contains("refused by the policy only what is approved") && why.contains("correlation "), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_that_an_operation_meets_leaves_nothing_unknown() {
    let house = House::new();
    made(&house, GROUP).await;
    house.double.fail_next_operation("QuotaExceeded", "no more networks");
    let why = refused(&house, NETWORK).await;
    assert!(why.contains("QuotaExceeded: no more networks") && why.contains("Quotas"), "{why}");
    // The rollback took away what the failed operation had left.
    assert_eq!(house.double.left(), [id("")]);
    made(&house, NETWORK).await;
    nothing(house.plan(NETWORK).await).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_whose_status_is_forgotten_is_told_by_its_resource() {
    let house = House::new();
    house.double.hold(true);
    let forgotten = async {
        while house.double.count("GET .*/operationStatuses/") == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        house.double.forget_operations();
        house.double.tamper(
            &id("/providers/Microsoft.Network/virtualNetworks/it"),
            &json!({ "properties": { "provisioningState": "Succeeded" } }),
        );
        std::future::pending::<()>().await;
    };
    let ended = house.run_until(Goal::Stack(NETWORK), forgotten).await.unwrap().unwrap();
    assert_eq!(ended.status, Some(Status::Complete), "{:?}", ended.failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_of_one_operation_carry_one_identity() {
    let house = House::new();
    house.double.trouble(Trouble::on("PUT .*/accounts/it$", 429, "TooManyRequests").times(1));
    made(&house, MAPS).await;
    let puts = house
        .double
        .exchanges()
        .into_iter()
        .filter(|exchange| exchange.what.starts_with("PUT") && exchange.what.ends_with("/accounts/it"));
    let identities: Vec<_> = puts.map(|exchange| exchange.client_request).collect();
    assert_eq!(identities.len(), 2);
    assert!(identities[0].is_some() && identities[0] == identities[1], "{identities:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_reach_azure_and_nothing_else() {
    let house = House::new();
    let stack = format!(
        "{GROUP}\n[resource.azure_resource.it]\ntype = \"Microsoft.App/managedEnvironments@2024-03-01\"\nparent = \"${{azure_resource.group.id}}\"\nname = \"it\"\nlocation = \"westeurope\"\nsensitive_body.properties.appLogsConfiguration.logAnalyticsConfiguration.sharedKey = \"hunter2\"\n"
    );
    made(&house, &stack).await;
    let document = house.double.document(&id("/providers/Microsoft.App/managedEnvironments/it")).unwrap();
    let key = &document["properties"]["appLogsConfiguration"]["logAnalyticsConfiguration"]["sharedKey"];
    assert_eq!(key, "hunter2");
    nothing(house.plan(&stack).await).unwrap();
    did(house.run(Goal::Stack(&stack.replace("hunter2", "hunter3"))).await, &it(), Some(Action::Update)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_is_set_and_never_deleted() {
    let house = House::new();
    let stack = format!(
        "{GROUP}\n[resource.azure_resource.account]\ntype = \"Microsoft.Storage/storageAccounts@2024-01-01\"\nparent = \"${{azure_resource.group.id}}\"\nname = \"data1\"\nlocation = \"westeurope\"\nbody = {{ kind = \"StorageV2\", sku = {{ name = \"Standard_LRS\" }} }}\n\n[resource.azure_resource.it]\ntype = \"Microsoft.Storage/storageAccounts/blobServices@2024-01-01\"\nparent = \"${{azure_resource.account.id}}\"\nname = \"default\"\nsetting = true\nbody.properties.deleteRetentionPolicy = {{ enabled = true, days = 7 }}\n"
    );
    made(&house, &stack).await;
    nothing(house.plan(&stack).await).unwrap();
    let report = house.run(Goal::Nothing).await.unwrap();
    assert_eq!((report.status, house.double.left()), (Some(Status::Complete), Vec::new()), "{:?}", report.failures);
    assert_eq!(house.double.count("DELETE .*/blobServices/default$"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_are_read_while_planning() {
    let house = House::new();
    made(&house, GROUP).await;
    let stack = format!(
        "{GROUP}\n[data.azure_client_config.me]\n\n[data.azure_subscription.this]\n\n[data.azure_resource.group]\ntype = \"Microsoft.Resources/resourceGroups@2024-11-01\"\nname = \"rg\"\nresponse_export_values = {{ state = \"properties.provisioningState\" }}\n\n[data.azure_resource.none]\ntype = \"Microsoft.Resources/resourceGroups@2024-11-01\"\nname = \"none\"\nmust_exist = false\n\n[output.told]\nvalue = \"${{data.azure_subscription.this.state}} ${{data.azure_resource.group.output.state}} ${{data.azure_resource.none.exists}} ${{data.azure_client_config.me.subscription_id}}\"\n"
    );
    let report = house.run(Goal::Stack(&stack)).await.unwrap();
    let told = &report.snapshot.outputs["told"].value;
    assert_eq!(told.as_str(), Some(format!("Enabled Succeeded false {}", Double::SUBSCRIPTION).as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_holds_what_others_made_is_not_deleted() {
    let house = House::new();
    let group = "[resource.azure_resource_group.rg]\nname = \"rg\"\nlocation = \"westeurope\"\n";
    made(&house, group).await;
    house.double.plant(&id("/providers/Microsoft.Maps/accounts/theirs"), &json!({ "location": "westeurope" }));
    let report = house.run(Goal::Nothing).await.unwrap();
    assert!(report.failures.join("\n").contains("/accounts/theirs"), "{:?}", report.failures);
    made(&house, &format!("{group}delete_contents = true\n")).await;
    let report = house.run(Goal::Nothing).await.unwrap();
    assert_eq!((report.status, house.double.left()), (Some(Status::Complete), Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_that_this_stack_deleted_is_brought_back() {
    let house = House::new();
    let group = "[resource.azure_resource_group.rg]\nname = \"rg\"\nlocation = \"westeurope\"\n";
    let vault = format!(
        "{group}[resource.azure_key_vault.it]\nname = \"vault-of-test\"\nresource_group_name = \"${{azure_resource_group.rg.name}}\"\nlocation = \"westeurope\"\n"
    );
    made(&house, &vault).await;
    made(&house, group).await;
    assert!(house.double.is_kept("Microsoft.KeyVault/vaults", "vault-of-test"));
    made(&house, &vault).await;
    nothing(house.plan(&vault).await).unwrap();
    assert!(!house.double.is_kept("Microsoft.KeyVault/vaults", "vault-of-test"));
}

const ACCOUNT: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"

[resource.azure_storage_account.it]
name = "taken"
resource_group_name = "${azure_resource_group.rg.name}"
location = "westeurope"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_someone_else_has_is_told_before_the_plan_is_shown() {
    let house = House::new();
    house.double.take_name("Microsoft.Storage/storageAccounts", "taken");
    let why = house.plan(ACCOUNT).await.unwrap_err();
    assert!(why.contains("azure_storage_account.it: the name `taken` cannot be had"), "{why}");
    assert_eq!(house.double.count("^(PUT|PATCH|DELETE) "), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_asked_for_as_each_service_wants_it() {
    let kinds = [
        ("azure_cosmosdb_account", "Microsoft.DocumentDB/databaseAccounts"),
        ("azure_app_configuration", "Microsoft.AppConfiguration/configurationStores"),
        ("azure_servicebus_namespace", "Microsoft.ServiceBus/namespaces"),
        ("azure_signalr", "Microsoft.SignalRService/signalR"),
        ("azure_app_service", "Microsoft.Web/sites"),
    ];
    for (kind, ty) in kinds {
        let house = House::new();
        house.double.take_name(ty, "taken-name");
        let plan = if kind == "azure_app_service" { "service_plan_id = \"/subscriptions/x\"" } else { "" };
        let stack = ACCOUNT.replace("azure_storage_account", kind).replace("\"taken\"", "\"taken-name\"");
        let why = house.plan(&format!("{stack}{plan}\n")).await.unwrap_err();
        assert!(why.contains(&format!("{kind}.it: the name `taken-name` cannot be had")), "{why}");
        assert_eq!(house.double.count("^(PUT|PATCH|DELETE) "), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_this_stack_deleted_is_brought_back_and_a_strangers_is_not() {
    let house = House::new();
    let stack =
        ACCOUNT.replace("azure_storage_account", "azure_app_configuration").replace("\"taken\"", "\"kept-store\"");
    made(&house, &stack).await;
    house.run(Goal::Nothing).await.unwrap();
    made(&house, &stack).await;
    house.run(Goal::Nothing).await.unwrap();
    let mut stranger = House::seeded(8);
    stranger.endpoint = house.double.endpoint();
    made(&stranger, GROUP).await;
    let why = stranger.plan(&stack).await.unwrap_err();
    assert!(why.contains("a deleted store is called `kept-store`") && why.contains("az appconfig purge"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_taken_after_the_plan_was_shown_is_not_put() {
    let house = House::new();
    house.double.take_name("Microsoft.Storage/storageAccounts", "taken");
    let still_free = Trouble::on("POST .*/checkNameAvailability$", 200, "").body(json!({ "nameAvailable": true }));
    house.double.trouble(still_free);
    let why = refused(&house, ACCOUNT).await;
    assert!(why.contains("the name `taken` cannot be had"), "{why}");
    assert_eq!(house.double.count("PUT .*/storageAccounts/taken$"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_this_stack_has_already_is_not_asked_for() {
    let house = House::new();
    made(&house, ACCOUNT).await;
    let asked = house.double.count("POST .*/checkNameAvailability$");
    nothing(house.plan(ACCOUNT).await).unwrap();
    // It is replaced under its name: the old one goes first.
    let moved = ACCOUNT.replacen("name = \"rg\"", "name = \"rg2\"", 1);
    let report = house.run(Goal::Stack(&moved)).await.unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?}", report.failures);
    assert_eq!(house.double.count("POST .*/checkNameAvailability$"), asked + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_is_deployed_once_and_a_failed_one_is_told() {
    let house = House::new();
    let app = |more: &str| {
        format!(
            "[resource.azure_resource_group.rg]\nname = \"rg\"\nlocation = \"westeurope\"\n[resource.azure_service_plan.flex]\nname = \"flex\"\nresource_group_name = \"${{azure_resource_group.rg.name}}\"\nlocation = \"westeurope\"\n[resource.azure_function_app.it]\nname = \"functions\"\nresource_group_name = \"${{azure_resource_group.rg.name}}\"\nlocation = \"westeurope\"\nservice_plan_id = \"${{azure_service_plan.flex.id}}\"\ndeployment = {{ container_url = \"https://x.blob.core.windows.net/p\" }}\n{more}\n"
        )
    };
    made(&house, &app("package = \"app\"")).await;
    let first = house.double.package("functions").unwrap();
    assert!(first.starts_with(b"PK"));
    made(&house, &app("package = \"app\"\napp_settings = { A = \"1\" }")).await;
    assert_eq!(house.double.count("POST /scm/functions/api/publish"), 1);
    house.double.fail_next_deployment("the host does not start");
    let why = refused(&house, &app("package = \"app2\"\napp_settings = { A = \"1\" }")).await;
    assert!(why.contains("the package was not deployed: the host does not start"), "{why}");
    assert_ne!(house.double.package("functions").unwrap(), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_static_website_is_set_repaired_and_taken_back() {
    let house = House::new();
    let with = format!("{ACCOUNT}static_website = {{ index_document = \"index.html\" }}\n");
    made(&house, &with).await;
    nothing(house.plan(&with).await).unwrap();
    let service = id("/providers/Microsoft.Storage/storageAccounts/taken/blobServices/default");
    let website = || house.double.document(&service).unwrap()["properties"]["staticWebsite"].clone();
    assert_eq!(website(), json!({ "enabled": true, "indexDocument": "index.html" }));
    house.double.tamper(&service, &json!({ "properties": { "staticWebsite": { "enabled": false } } }));
    made(&house, &with).await;
    assert_eq!(website()["enabled"], json!(true));
    made(&house, ACCOUNT).await;
    assert_eq!(website()["enabled"], json!(false));
    let retention = house.double.document(&service).unwrap()["properties"]["deleteRetentionPolicy"].clone();
    assert_eq!(retention, json!({ "enabled": false }), "what else is set there stays");
}

/// Wishes that services refuse, and what is told of each before anything is asked of them.
const REFUSED: [(&str, &str, &str); 12] = [
    ("azure_servicebus_namespace", "sku = \"Standard\"\ncapacity = 1", "are Premium's"),
    ("azure_servicebus_namespace", "sku = \"Premium\"\ncapacity = 3", "`capacity` is 3"),
    ("azure_cosmosdb_account", "consistency_level = \"BoundedStaleness\"", "BoundedStaleness has no bounds"),
    ("azure_cosmosdb_sql_database", "account_id = \"/subscriptions/x\"\nthroughput = 450", "`throughput` is 450"),
    (
        "azure_cosmosdb_sql_database",
        "account_id = \"/subscriptions/x\"\nthroughput = 400\nautoscale_max_throughput = 1000",
        "are both set",
    ),
    ("azure_eventgrid_event_subscription", "scope = \"/subscriptions/x\"", "it says nowhere where events go"),
    (
        "azure_eventgrid_event_subscription",
        "scope = \"/subscriptions/x\"\neventhub_endpoint_id = \"/subscriptions/x\"\nwebhook_endpoint = { url = \"https://example.org\" }",
        "in several ways",
    ),
    (
        "azure_metric_alert",
        "scopes = [\"/subscriptions/x\"]\ncriteria = [{ metric_namespace = \"n\", metric_name = \"m\", aggregation = \"Average\", operator = \"GreaterThan\" }]",
        "either `threshold` or `alert_sensitivity`",
    ),
    (
        "azure_metric_alert",
        "scopes = [\"/subscriptions/x\", \"/subscriptions/y\"]\ncriteria = [{ metric_namespace = \"n\", metric_name = \"m\", aggregation = \"Mean\", operator = \"GreaterThan\", threshold = 1 }]",
        "`criteria[0].aggregation` is `Mean`",
    ),
    (
        "azure_front_door_route",
        "endpoint_id = \"/subscriptions/x\"\norigin_group_id = \"/subscriptions/x\"\nsupported_protocols = [\"Https\"]",
        "needs both Http and Https",
    ),
    (
        "azure_app_service",
        "service_plan_id = \"/subscriptions/x\"\ncors = { allowed_origins = [\"*\"], support_credentials = true }",
        "browsers refuse",
    ),
    (
        "azure_function_app",
        "service_plan_id = \"/subscriptions/x\"\nhosting = \"plan\"\ndeployment = { container_url = \"https://x\" }",
        "are Flex Consumption's",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_services_refuse_is_told_before_they_are_asked() {
    let house = House::new();
    let schemas = AzureProvider::new();
    for (kind, body, told) in REFUSED {
        let known = &Catalogue::schema(&schemas).resources[kind].attributes;
        let usual = [("resource_group_name", "rg"), ("location", "westeurope"), ("name", "it-is-it")];
        let usual = usual.iter().filter(|(name, _)| known.get(name).is_some_and(|it| it.default.is_none()));
        let usual: String = usual.map(|(name, value)| format!("{name} = \"{value}\"\n")).collect();
        let why = house.plan(&format!("[resource.{kind}.it]\n{usual}{body}\n")).await.unwrap_err();
        assert!(why.contains(told), "{kind}: {why}");
        assert!(!why.contains("unknown"), "{kind}: {why}");
    }
}
