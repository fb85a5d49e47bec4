//! What Azure refuses or delays, and what siac makes of it: waits, or words that say what to do.

use std::time::Duration;

use serde_json::json;
use siac_arm_double::{Double, Trouble};
use siac_core::model::snapshot::Status;
use siac_emulators::{Gate, Proxy, Rule};

use crate::house::{Goal, House};
use crate::stories::{made, refused};
use crate::suite::nothing;

const GROUP: &str = "[resource.azure_resource_group.rg]\nname = \"rg\"\nlocation = \"westeurope\"\n";

/// A resource in the group.
fn with(kind: &str, body: &str) -> String {
    format!(
        "{GROUP}\n[resource.{kind}.it]\nresource_group_name = \"${{azure_resource_group.rg.name}}\"\nlocation = \"westeurope\"\n{body}\n"
    )
}

fn id(below: &str) -> String {
    format!("/subscriptions/{}/resourceGroups/rg{below}", Double::SUBSCRIPTION)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_principal_that_is_not_known_everywhere_yet_is_waited_for() {
    let house = House::new();
    let stack = with("azure_user_assigned_identity", "name = \"app\"")
        + "\n[resource.azure_role_assignment.it]\nscope = \"${azure_resource_group.rg.id}\"\nrole = \"Reader\"\nprincipal_id = \"${azure_user_assigned_identity.it.principal_id}\"\n";
    house.double.trouble(Trouble::on("PUT .*/roleAssignments/", 400, "PrincipalNotFound").times(4));
    made(&house, &stack).await;
    assert_eq!(house.double.count("PUT .*/roleAssignments/"), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_somebody_else_gave_is_left_to_them() {
    let house = House::new();
    let identity = with("azure_user_assigned_identity", "name = \"app\"");
    made(&house, &identity).await;
    let role = "\n[resource.azure_role_assignment.it]\nscope = \"${azure_resource_group.rg.id}\"\nrole = \"Reader\"\nprincipal_id = \"${azure_user_assigned_identity.it.principal_id}\"\n";
    house.double.trouble(Trouble::on("PUT .*/roleAssignments/", 409, "RoleAssignmentExists"));
    let why = refused(&house, &(identity + role)).await;
    assert!(why.contains("import that assignment, or remove it"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_that_somebody_else_deleted_is_told_before_the_plan_is_shown() {
    let house = House::new();
    let theirs = json!({ "location": "westeurope", "properties": { "tenantId": "t", "sku": { "name": "standard", "family": "A" } } });
    made(&house, GROUP).await;
    house.double.plant(&id("/providers/Microsoft.KeyVault/vaults/vault-of-all"), &theirs);
    house.double.delete(&id("/providers/Microsoft.KeyVault/vaults/vault-of-all"));
    let vault = with("azure_key_vault", "name = \"vault-of-all\"");
    let why = house.plan(&vault).await.unwrap_err();
    assert!(why.contains("a deleted vault is called `vault-of-all`") && why.contains("az keyvault purge"), "{why}");
    made(&house, &with("azure_key_vault", "name = \"vault-of-all\"\nrecover = true")).await;
    assert!(!house.double.is_kept("Microsoft.KeyVault/vaults", "vault-of-all"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_with_purge_protection_is_deleted_and_kept() {
    let house = House::new();
    let body = "name = \"vault-of-all\"\npurge_protection = true\npurge_on_delete = true";
    made(&house, &with("azure_key_vault", body)).await;
    let report = house.run(Goal::Nothing).await.unwrap();
    let why = report.failures.join("\n");
    assert!(why.contains("it is deleted, and kept as its purge protection says"), "{why}");
    assert!(house.double.is_kept("Microsoft.KeyVault/vaults", "vault-of-all"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lock_keeps_is_not_deleted() {
    let house = House::new();
    made(&house, &with("azure_user_assigned_identity", "name = \"app\"")).await;
    house.double.trouble(Trouble::on("DELETE .*/userAssignedIdentities/app$", 409, "ScopeLocked").times(9));
    let report = house.run(Goal::Nothing).await.unwrap();
    assert!(report.failures.join("\n").contains("remove the lock"), "{:?}", report.failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_someone_made_meanwhile_is_not_overwritten_unseen() {
    let mut house = House::new();
    let proxy = Proxy::plain(house.double.address());
    house.endpoint = proxy.endpoint();
    made(&house, &with("azure_log_analytics_workspace", "name = \"logs\"")).await;
    let gate = Gate::closed();
    proxy.add(Rule::on("PUT .*/workspaces/logs\\?").holds_request(&gate).first(1));
    let changed = with("azure_log_analytics_workspace", "name = \"logs\"\nretention_in_days = 60");
    let others = json!({ "properties": { "features": { "enableDataExport": true } } });
    let meddling = async {
        proxy.arrival("PUT .*/workspaces/logs\\?", 2).await;
        house.double.tamper(&id("/providers/Microsoft.OperationalInsights/workspaces/logs"), &others);
        gate.open();
        std::future::pending::<()>().await;
    };
    let report = house.run_until(Goal::Stack(&changed), meddling).await.unwrap().unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?}", report.failures);
    let refused = house.double.exchanges().into_iter().filter(|exchange| exchange.status == 412).count();
    let document = house.double.document(&id("/providers/Microsoft.OperationalInsights/workspaces/logs")).unwrap();
    assert_eq!((refused, &document["properties"]["retentionInDays"]), (1, &json!(60)));
    assert_eq!(document["properties"]["features"]["enableDataExport"], json!(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_refused_is_asked_for_anew() {
    let house = House::new();
    house.double.trouble(Trouble::on("PUT .*/resourceGroups/rg$", 401, "ExpiredAuthenticationToken"));
    made(&house, GROUP).await;
    assert_eq!(house.double.count("PUT .*/resourceGroups/rg$"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_belongs_to_one_subscription() {
    let mut house = House::new();
    made(&house, GROUP).await;
    let other = "00000000-0000-0000-0000-000000000002";
    house.double.add_subscription(other);
    house.subscription = other.to_owned();
    let why = house.run(Goal::Stack(GROUP)).await.unwrap_err();
    assert!(why.contains(&format!("acts on subscription {other}, while this stack was deployed to")), "{why}");
    house.provider = format!("allowed_subscription_ids = [\"{}\"]", Double::SUBSCRIPTION);
    let why = house.run(Goal::Stack(GROUP)).await.unwrap_err();
    assert!(why.contains("is not among `allowed_subscription_ids`"), "{why}");
    assert_eq!(house.double.count(&format!("^(PUT|PATCH|DELETE) .*{other}")), 0);
}

/// Every third write loses its answer, every write is slow, and ARM asks for less again and again: the stack is made all the same, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_is_made_once_on_a_bad_day() {
    let mut house = House::new();
    let proxy = Proxy::plain(house.double.address());
    house.endpoint = proxy.endpoint();
    let stack = with("azure_storage_account", "name = \"datastore1\"")
        + "\n[resource.azure_storage_container.it]\nname = \"box\"\nstorage_account_id = \"${azure_storage_account.it.id}\"\n"
        + "\n[resource.azure_web_pubsub.it]\nname = \"sockets\"\nresource_group_name = \"${azure_resource_group.rg.name}\"\nlocation = \"westeurope\"\n"
        + "\n[resource.azure_web_pubsub_hub.it]\nname = \"chat\"\nweb_pubsub_id = \"${azure_web_pubsub.it.id}\"\n";
    for lost in 0..3 {
        proxy.add(Rule::on("^. PUT ").after(lost * 2).loses_answer().first(1));
    }
    proxy.add(Rule::on("^. PUT ").delays(Duration::from_millis(20)));
    for pattern in ["PUT .*/containers/box$", "GET .*/webPubSub/sockets$", "PUT .*/hubs/chat$"] {
        house.double.trouble(Trouble::on(pattern, 429, "TooManyRequests").times(2).retry_after(0));
    }
    let report = house.run(Goal::Stack(&stack)).await.unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?}", report.failures);
    nothing(house.plan(&stack).await).unwrap();
    // Three answers were lost, and four writes were refused.
    assert!(house.double.count("^PUT ") >= 5 + 4, "{}", house.double.count("^PUT "));
    assert_eq!(house.double.left().len(), 5);
    let report = house.run(Goal::Nothing).await.unwrap();
    assert_eq!((report.status, house.double.left()), (Some(Status::Complete), Vec::new()), "{:?}", report.failures);
}
