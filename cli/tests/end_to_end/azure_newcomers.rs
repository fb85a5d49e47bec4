//! What goes wrong on the first day on Azure: each is told in words that help, and leaves nothing behind.

use serde_json::json;
use siac_arm_double::{Double, Trouble};

use super::azure_project::AzureProject;
use super::sandbox::Run;

const REST: &str = "stacks/azure-rest-api.toml";

fn project() -> AzureProject {
    let azure = AzureProject::new();
    azure.rewrite(REST, "build        = \"npm ci --omit=dev\"\n", "");
    azure
}

/// An apply that fails and is undone; what it said.
fn refused(azure: &AzureProject, stack: &str) -> Run {
    let run = azure.fail(13, &["apply", stack, "--auto-approve"]);
    assert_eq!(azure.double.left(), Vec::<String>::new(), "{}", run.all());
    run
}

#[test]
fn whoever_has_not_signed_in_is_told_how() {
    let mut azure = project();
    azure.environment.retain(|(name, _)| !name.starts_with("IDENTITY_"));
    azure.environment.push(("AZURE_TOKEN_CREDENTIALS".to_owned(), "dev".to_owned()));
    let run = azure.fail(1, &["plan", REST]);
    run.says("run `az login`").says("AZURE_CLIENT_SECRET").says("the login of `az`: ");
    azure.environment.push(("GITHUB_ACTIONS".to_owned(), "true".to_owned()));
    azure.fail(1, &["plan", REST]).says("id-token: write");
    azure.rewrite(REST, "sku                 = \"FC1\"", "skuu                = \"FC1\"");
    // What is wrong with the stack is told all the same.
    azure.fail(1, &["plan", REST]).says("skuu");
}

#[test]
fn another_subscription_is_refused() {
    let azure = project();
    let other = "subscription=00000000-0000-0000-0000-000000000009";
    azure.fail(1, &["plan", REST, "--var", other]).says("there is no subscription").says("az account list");
    azure.fail(1, &["plan", REST, "--var", "subscription=production"]).says("a subscription is an id of 36 characters");
    azure.succeed(&["apply", REST, "--auto-approve"]);
    azure.fail(1, &["plan", REST, "--var", other]).says("there is no subscription");
}

#[test]
fn a_missing_role_is_named() {
    let azure = project();
    let message = "The client 'ci' with object id '7' does not have authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over scope '/subscriptions/1' or the scope is invalid. If access was recently granted, please refresh your credentials.";
    let body = json!({ "error": { "code": "AuthorizationFailed", "message": message } });
    azure.double.trouble(Trouble::on("PUT .*/roleAssignments/", 403, "AuthorizationFailed").body(body).times(100));
    let run = refused(&azure, REST);
    run.says("azure_role_assignment.packages").says("Microsoft.Authorization/roleAssignments/write");
    run.says("give the identity that siac runs as a role");
}

#[test]
fn a_name_that_someone_else_has_is_told_before_anything_is_made() {
    let azure = project();
    azure.double.take_name("Microsoft.Storage/storageAccounts", "example123store");
    let run = azure.fail(1, &["apply", REST, "--auto-approve"]);
    run.says("azure_storage_account.main").says("example123store").says("choose another");
    assert_eq!(azure.double.count("PUT "), 0);
}

#[test]
fn a_policy_that_refuses_is_named() {
    let azure = project();
    let body = json!({ "error": { "code": "RequestDisallowedByPolicy", "target": "example123store",
        "message": "Resource 'example123store' was disallowed by policy. Reasons: 'accounts need a tag costCentre'.",
        "additionalInfo": [{ "type": "PolicyViolation", "info": {
            "policyDefinitionDisplayName": "Require a tag on resources", "policyAssignmentDisplayName": "tags of the platform team" } }] } });
    azure
        .double
        .trouble(Trouble::on("PUT .*/storageAccounts/", 403, "RequestDisallowedByPolicy").body(body).times(100));
    let run = refused(&azure, REST);
    run.says("tags of the platform team").says("costCentre").says("exemption");
}

#[test]
fn what_azure_would_refuse_is_told_without_asking_it() {
    let azure = project();
    let mistakes = [
        ("default = \"westeurope\"", "default = \"west-europe\"", "az account list-locations"),
        ("name = \"node\"", "name = \"nodejs\"", "one of node, python"),
        ("\"Storage Blob Data Owner\"", "\"Storage Blob Data Ovner\"", "write `Storage Blob Data Owner`"),
        ("NODE_ENV ", "WEBSITE_RUN_FROM_PACKAGE ", "`WEBSITE_RUN_FROM_PACKAGE` is refused on Flex Consumption"),
    ];
    for (right, wrong, words) in mistakes {
        azure.rewrite(REST, right, wrong);
        azure.fail(1, &["validate", REST]).says(words);
        azure.rewrite(REST, wrong, right);
    }
    assert_eq!(azure.double.exchanges(), []);
}

/// A stack of a vault alone.
fn vault(azure: &AzureProject) -> &'static str {
    let endpoint = azure.double.endpoint();
    let stack = format!(
        "[stack]\nname = \"vault\"\n\n[provider.azure]\nsubscription_id = \"{}\"\nendpoint = \"{endpoint}\"\nendpoints = {{ vaults = \"{endpoint}/kv\" }}\n\n[resource.azure_resource_group.main]\nname = \"vault\"\nlocation = \"westeurope\"\n\n[resource.azure_key_vault.main]\nname = \"example123vault\"\nresource_group_name = \"${{azure_resource_group.main.name}}\"\nlocation = \"westeurope\"\n",
        Double::SUBSCRIPTION
    );
    azure.write("stacks/vault.toml", &stack);
    "stacks/vault.toml"
}

#[test]
fn a_state_in_the_wrong_place_makes_nothing_twice_and_is_asked_for() {
    let azure = project();
    let stack = vault(&azure);
    azure.succeed(&["apply", stack, "--auto-approve"]);
    azure.rewrite(stack, "[provider.azure]", "[state]\nbackend = \"local\"\npath = \"elsewhere\"\n\n[provider.azure]");
    let run = azure.fail(13, &["apply", stack, "--auto-approve"]);
    run.says("azure_resource_group.main of this very stack").says("siac state migrate");
    assert_eq!(azure.double.left().len(), 2, "{:#?}", azure.double.left());
}

#[test]
fn a_vault_that_was_deleted_keeps_its_name() {
    let azure = project();
    let stack = vault(&azure);
    azure.succeed(&["apply", stack, "--auto-approve"]);
    azure.succeed(&["destroy", stack, "--auto-approve"]);
    assert!(azure.double.is_kept("Microsoft.KeyVault/vaults", "example123vault"));
    // What this stack deleted is its own to bring back.
    azure.succeed(&["apply", stack, "--auto-approve"]);
    azure.succeed(&["destroy", stack, "--auto-approve"]);
    // Another stack, or a state that was lost, must say so.
    azure.rewrite(stack, "name = \"vault\"\n\n[provider", "name = \"another\"\n\n[provider");
    let run = azure.fail(1, &["plan", stack]);
    run.says("azure_key_vault.main").says("example123vault").says("recover = true");
}
