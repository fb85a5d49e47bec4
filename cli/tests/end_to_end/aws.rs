//! Keys, secrets and permissions of AWS, as far as an emulator goes.

use serde_json::json;
use siac_emulators::Emulator;

use super::sandbox::Sandbox;

fn sandbox(emulator: &Emulator) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.environment = emulator.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    sandbox
}

#[test]
fn a_state_is_sealed_with_a_key_of_the_service() {
    let emulator = Emulator::start_blocking();
    let sandbox = sandbox(&emulator);
    let answers = emulator.call(&json!([["kms", "create_key", {}]]));
    let key = answers[0]["KeyMetadata"]["Arn"].as_str().expect("a key");
    let bucket = emulator.unique("kms");
    sandbox.succeed(&["init", "--backend", "s3", "--bucket", &bucket]);
    let stack = format!(
        "[stack]\nname = \"shop\"\n\n[state]\nbackend = \"s3\"\nbucket = {bucket:?}\nkey = \"aws-kms:{key}\"\n\n[resource.local_file.a]\npath = \"a.txt\"\ncontent = \"x\"\n"
    );
    sandbox.write("stack.toml", &stack);
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    emulator.call(&json!([["kms", "disable_key", { "KeyId": key }]]));
    sandbox.fail(1, &["plan", "stack.toml"]).says("cannot be opened");
    emulator.call(&json!([["kms", "enable_key", { "KeyId": key }]]));
    let rotated = ["key", "rotate", "--stack", "stack.toml", "--to", "passphrase:env:OTHER"];
    let mut command = sandbox.command(&rotated);
    let rotated = command.env("OTHER", "correct horse battery staple").output().expect("the binary runs");
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
}

#[test]
fn secrets_come_from_the_services_and_are_shown_nowhere() {
    let emulator = Emulator::start_blocking();
    let sandbox = sandbox(&emulator);
    let made = emulator.call(&json!([
        ["secretsmanager", "create_secret", { "Name": "prod/db", "SecretString": r#"{"password":"correct-horse-battery"}"# }],
        ["ssm", "put_parameter", { "Name": "/prod/token", "Value": "staple-of-gold", "Type": "SecureString" }],
    ]));
    assert!(made[0]["ARN"].is_string(), "{made}");
    sandbox.write(
        "stack.toml",
        "[stack]\nname = \"shop\"\n\n[secret.password]\nfrom = \"aws-secretsmanager:prod/db#password\"\n\n[secret.token]\nfrom = \"aws-ssm:/prod/token\"\n\n[resource.local_file.a]\npath = \"a.txt\"\ncontent = \"${secret.password} ${secret.token}\"\n",
    );
    let applied = sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("a.txt"), "correct-horse-battery staple-of-gold");
    assert!(!applied.all().contains("correct-horse") && !applied.all().contains("staple-of"), "{}", applied.all());
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
    emulator.call(&json!([["ssm", "put_parameter", {
        "Name": "/prod/token", "Value": "staple-of-iron", "Type": "SecureString", "Overwrite": true,
    }]]));
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    assert_eq!(sandbox.read("a.txt"), "correct-horse-battery staple-of-iron");
    let stack = sandbox.read("stack.toml").replace("#password", "#pasword");
    sandbox.write("stack.toml", &stack);
    sandbox.fail(1, &["plan", "stack.toml"]).says("no entry `pasword`; it has password");
}

/// The policies of the guide, by the heading that they stand under.
fn policy(heading: &str, emulator: &Emulator, bucket: &str) -> serde_json::Value {
    let guide = include_str!("../../../docs/guides/state-on-aws.md");
    let section = guide.split(heading).nth(1).unwrap_or_else(|| panic!("the guide has no {heading}"));
    let text = section.split("```json").nth(1).and_then(|rest| rest.split("```").next()).expect("a policy");
    let text = text.replace("acme-state", bucket).replace("111122223333", emulator.account());
    let text = text.replace("eu-west-1", emulator.region());
    serde_json::from_str(&text).expect("the guide's policy is JSON")
}

#[test]
fn the_permissions_of_the_guide_are_enough_and_reach_no_other_prefix() {
    let emulator = Emulator::strict_blocking();
    let bucket = emulator.unique("guide");
    let mut sandbox = sandbox(&emulator);
    sandbox.environment.push(("SIAC_PASSPHRASE".to_owned(), "correct horse battery staple".to_owned()));
    let act_as = |sandbox: &mut Sandbox, headings: &[&str], name: &str| {
        let statements = headings.iter().flat_map(|heading| {
            let policy = policy(heading, &emulator, &bucket);
            policy["Statement"].as_array().expect("statements").clone()
        });
        let policy = json!({ "Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>() });
        let credentials = emulator.user(name, &policy.to_string());
        for (name, value) in &mut sandbox.environment {
            match name.as_str() {
                "AWS_ACCESS_KEY_ID" => value.clone_from(&credentials.access_key_id),
                "AWS_SECRET_ACCESS_KEY" => value.clone_from(&credentials.secret_access_key),
                _ => {}
            }
        }
    };
    let stack = |rest: &str| {
        format!(
            "[stack]\nname = \"shop\"\n\n[state]\nbackend = \"s3\"\nbucket = {bucket:?}\n{rest}\n[resource.local_file.a]\npath = \"a.txt\"\ncontent = \"x\"\n"
        )
    };
    act_as(&mut sandbox, &["### To make the place"], "founder");
    let init = ["init", "--backend", "s3", "--bucket", &bucket, "--lock-table", "acme-locks"];
    sandbox.succeed(&init);
    sandbox.succeed(&init);
    sandbox.write("stack.toml", &stack("prefix = \"prod\"\n"));
    sandbox.fail(1, &["apply", "stack.toml", "--auto-approve"]).says("AccessDenied");

    act_as(&mut sandbox, &["### To work with a state in S3"], "runner");
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    sandbox.succeed(&["snapshot", "prune", "--keep", "1", "--stack", "stack.toml", "--auto-approve"]);
    sandbox.write("stack.toml", &stack("prefix = \"other\"\n"));
    sandbox.fail(1, &["apply", "stack.toml", "--auto-approve"]).says("AccessDenied").says("permissions");

    sandbox.write("stack.toml", &stack("prefix = \"prod\"\nlock_table = \"acme-locks\"\n").replace("shop", "locked"));
    sandbox.fail(1, &["apply", "stack.toml", "--auto-approve"]).says("AccessDenied");
    act_as(&mut sandbox, &["### To work with a state in S3", "### With a lock table"], "locker");
    sandbox.succeed(&["apply", "stack.toml", "--auto-approve"]);
    sandbox.succeed(&["plan", "stack.toml"]).says("No changes");
}
