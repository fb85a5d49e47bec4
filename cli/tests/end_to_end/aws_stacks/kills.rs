//! Real `kill -9` of the binary at random moments of every change of the REST stack: the next run converges, and the account's own
//! lists show each object once.

use serde_json::{Value as Json, json};
use std::time::Duration;

use super::account::Account;
use crate::crashes::{next, seed};
use crate::sandbox::{eventually, signal};

const STACK: &str = "stacks/aws-rest-api.toml";

/// How often each of the four changes is killed. After a kill the next run may have to wait until a request that was on its way can no
/// longer arrive, so that more of them take minutes. A choice of this project.
const KILLS: usize = 2;

/// Starts a change and kills it when a random number of its requests, fewer than `of`, has passed; again and again.
fn kill(account: &Account, seed: &mut u64, arguments: &[&str], of: u64) -> usize {
    let mut hits = 0;
    for _ in 0..KILLS {
        let proxy = account.emulator.proxy();
        let reached = proxy.seen().len() + usize::try_from(next(seed) % of).expect("a small number");
        let mut child = account.sandbox.start(&[arguments, &["--auto-approve"]].concat());
        let mut is_over = false;
        let at_the_moment = || {
            is_over = child.try_wait().expect("the child can be asked").is_some();
            is_over || proxy.seen().len() > reached
        };
        assert!(eventually(Duration::from_secs(120), at_the_moment), "siac hangs");
        std::thread::sleep(Duration::from_millis(next(seed) % 30));
        hits += usize::from(!is_over);
        signal(child.id(), "KILL");
        child.wait().expect("the child ends");
    }
    hits
}

/// Everything that the stack made, by the account's own lists, without what is named by chance.
fn inventory(account: &Account) -> Vec<String> {
    let mut lines: Vec<String> = account.left().iter().map(|line| without_chance(line)).collect();
    for api in items(&account.ask("apigatewayv2", "get_apis", &json!({})), "Items") {
        let of = json!({ "ApiId": api["ApiId"] });
        let parts = [("get_routes", "RouteKey"), ("get_integrations", "IntegrationType"), ("get_stages", "StageName")];
        for (call, name) in parts {
            let parts = items(&account.ask("apigatewayv2", call, &of), "Items");
            lines.extend(parts.iter().map(|part| format!("{call} {}", part[name])));
        }
    }
    for function in items(&account.ask("lambda", "list_functions", &json!({})), "Functions") {
        let of = json!({ "FunctionName": function["FunctionName"] });
        let aliases = items(&account.ask("lambda", "list_aliases", &of), "Aliases");
        lines.extend(aliases.iter().map(|alias| format!("alias {} of {}", alias["Name"], alias["FunctionVersion"])));
        let name = function["FunctionName"].as_str().expect("a name");
        lines.extend(account.versions(name).iter().map(|version| format!("version {}", version["Version"])));
        let of = json!({ "FunctionName": name, "Qualifier": "live" });
        let policy = account.ask("lambda", "get_policy", &of);
        let policy: Json = serde_json::from_str(policy["Policy"].as_str().expect("a policy")).expect("JSON");
        lines.extend(items(&policy, "Statement").iter().map(|statement| format!("statement {}", statement["Sid"])));
    }
    for role in items(&account.ask("iam", "list_roles", &json!({})), "Roles") {
        let of = json!({ "RoleName": role["RoleName"] });
        lines.push(format!("policies {}", account.ask("iam", "list_role_policies", &of)["PolicyNames"]));
    }
    lines.sort();
    lines
}

fn items(answer: &Json, list: &str) -> Vec<Json> {
    answer[list].as_array().cloned().unwrap_or_default()
}

/// Without the eight digits at the end of a name that siac chose.
fn without_chance(line: &str) -> String {
    match line.rsplit_once('-') {
        Some((rest, end)) if end.len() == 8 && end.chars().all(|c| c.is_ascii_hexdigit()) => format!("{rest}-…"),
        _ => line.to_owned(),
    }
}

#[test]
fn whenever_siac_is_killed_the_next_run_finds_everything_once() {
    let undisturbed = Account::new();
    let requests = |account: &Account| account.emulator.proxy().seen().len() as u64;
    undisturbed.applied(&["apply", STACK]);
    let (first, of_apply) = (inventory(&undisturbed), requests(&undisturbed));
    undisturbed.applied(&["apply", STACK, "--var", "release=2"]);
    let (second, of_change) = (inventory(&undisturbed), requests(&undisturbed) - of_apply);
    assert!(first.len() > 14 && second.len() == first.len() + 1, "{first:#?} {second:#?}");

    let account = Account::new();
    let mut seed = seed();
    println!("SIAC_TEST_SEED={seed}");
    let mut hits = kill(&account, &mut seed, &["apply", STACK], of_apply);
    account.applied(&["apply", STACK]);
    assert_eq!(inventory(&account), first);
    account.sandbox.succeed(&["snapshot", "label", "latest", "first", "--stack", STACK]);

    let change = ["apply", STACK, "--var", "release=2"];
    hits += kill(&account, &mut seed, &change, of_change);
    account.applied(&change);
    assert_eq!(inventory(&account), second);

    let back = ["rollback", "--to", "first", "--stack", STACK];
    hits += kill(&account, &mut seed, &back, of_change);
    account.applied(&back);
    let moved: Vec<String> = second.iter().map(|line| line.replace("of \"2\"", "of \"1\"")).collect();
    assert_eq!(inventory(&account), moved, "only the alias has moved");
    account.sandbox.succeed(&["plan", STACK]).says("No changes");

    hits += kill(&account, &mut seed, &["destroy", STACK], of_apply);
    account.applied(&["destroy", STACK]);
    assert_eq!(account.left(), Vec::<String>::new());
    account.sandbox.succeed(&["snapshot", "verify", "--stack", STACK]);
    println!("{hits} of {} kills hit a running siac", 4 * KILLS);
    assert!(hits > 0, "every kill came too late");
}
