//! The policy of the guide: enough for both stacks, and nothing in it that their kinds do not declare.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use siac_core::model::address::Mode;
use siac_emulators::Emulator;
use siac_provider_aws::AwsProvider;

use super::account::Account;

const GUIDE: &str = include_str!("../../../../docs/guides/aws.md");

const STACKS: [(&str, &str); 2] = [
    ("stacks/aws-rest-api.toml", include_str!("../../../../stacks/aws-rest-api.toml")),
    ("stacks/aws-websocket.toml", include_str!("../../../../stacks/aws-websocket.toml")),
];

/// The policy under a heading of the guide.
fn policy(heading: &str) -> Json {
    let section = GUIDE.split(heading).nth(1).unwrap_or_else(|| panic!("the guide has no {heading}"));
    let text = section.split("```json").nth(1).and_then(|rest| rest.split("```").next()).expect("a policy");
    serde_json::from_str(text).expect("the guide's policy is JSON")
}

/// The actions of a statement, be it one or many.
fn actions(statement: &Json) -> Vec<String> {
    let one = statement["Action"].as_str().map(str::to_owned);
    let many = statement["Action"].as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned);
    one.into_iter().chain(many).collect()
}

fn statements(policy: &Json) -> &Vec<Json> {
    policy["Statement"].as_array().expect("statements")
}

/// What the kinds of the stacks declare to need.
fn declared() -> BTreeSet<String> {
    let provider = AwsProvider::new();
    let tables = STACKS.iter().flat_map(|(_, text)| text.lines().filter_map(|line| line.strip_prefix('[')));
    let kinds = tables.filter_map(|table| {
        let mut words = table.split('.');
        let mode = match words.next()? {
            "resource" => Mode::Managed,
            "data" => Mode::Data,
            _ => return None,
        };
        Some((mode, words.next()?.to_owned()))
    });
    let described = |(mode, kind): (Mode, String)| provider.described(mode, &kind).expect("a kind").actions;
    kinds.flat_map(described).map(|action| (*action).to_owned()).collect()
}

#[test]
fn the_policy_asks_for_nothing_that_no_kind_declares() {
    let declared = declared();
    let asked: BTreeSet<String> = statements(&policy("## Permissions")).iter().flat_map(actions).collect();
    assert!(asked.len() > 40, "{asked:?}");
    assert_eq!(asked.difference(&declared).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(asked.iter().all(|action| !action.contains('*')), "{asked:?}");
}

/// The policy as it is written for this account.
fn here(policy: &Json, emulator: &Emulator) -> String {
    let text = policy.to_string().replace("123456789012", emulator.account());
    text.replace("eu-central-1", emulator.region())
}

#[test]
fn the_policy_is_enough_for_both_stacks_and_looking_needs_less() {
    let emulator = Emulator::strict_blocking();
    let whole = policy("## Permissions");
    let runner = emulator.user("runner", &here(&whole, &emulator));
    let mut looks = whole.clone();
    for statement in looks["Statement"].as_array_mut().expect("statements") {
        let is_look = |action: &String| {
            let call = action.split(':').nth(1).unwrap_or_default();
            ["Get", "List", "Describe", "GET"].iter().any(|begin| call.starts_with(begin))
        };
        let kept: Vec<String> = actions(statement).into_iter().filter(is_look).collect();
        statement["Action"] = if kept.is_empty() { json!("sts:GetCallerIdentity") } else { json!(kept) };
    }
    let looker = emulator.user("looker", &here(&looks, &emulator));

    let mut account = Account::on(emulator).acting_as(&runner);
    for (stack, _) in STACKS {
        account.applied(&["apply", stack]);
        account.applied(&["apply", stack, "--var", "release=2"]);
        account.applied(&["rollback", "--to", "previous", "--stack", stack]);
        account = account.acting_as(&looker);
        account.sandbox.succeed(&["plan", stack]).says("No changes");
        account
            .sandbox
            .fail(13, &["apply", stack, "--auto-approve", "--var", "release=3"])
            .says("allow `lambda:Update");
        account = account.acting_as(&runner);
        account.applied(&["destroy", stack]);
    }
    let left: Vec<String> = account.left().into_iter().filter(|line| !line.starts_with("iam users")).collect();
    assert_eq!(left, Vec::<String>::new());
}
