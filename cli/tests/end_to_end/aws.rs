//! Keys, secrets and permissions of AWS, as far as an emulator goes.

use serde_json::json;
use siac_emulators::{Credentials, Emulator};

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

/// A project on an emulator that enforces policies, and who works in it.
struct Guarded {
    emulator: Emulator,
    bucket: String,
    sandbox: Sandbox,
}

impl Guarded {
    /// With bucket and table, which someone made who may do no more than that.
    fn new() -> Self {
        let emulator = Emulator::strict_blocking();
        let (bucket, mut sandbox) = (emulator.unique("guide"), sandbox(&emulator));
        sandbox.environment.push(("SIAC_PASSPHRASE".to_owned(), "correct horse battery staple".to_owned()));
        let mut guarded = Self { emulator, bucket, sandbox };
        guarded.act_as("founder", &["### To make the place"], &[]);
        let init = ["init", "--backend", "s3", "--bucket", &guarded.bucket, "--lock-table", "acme-locks"];
        guarded.sandbox.succeed(&init).says("made:      its policy allows TLS only");
        guarded.sandbox.succeed(&init).says("is there:  its policy allows TLS only");
        guarded
    }

    /// Becomes someone who may do what the guide says under these headings, with these words replaced, and nothing else.
    fn act_as(&mut self, name: &str, headings: &[&str], replaced: &[(&str, &str)]) -> Credentials {
        let statements = headings.iter().flat_map(|heading| {
            let policy = policy(heading, &self.emulator, &self.bucket);
            policy["Statement"].as_array().expect("statements").clone()
        });
        let policy = json!({ "Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>() }).to_string();
        let policy = replaced.iter().fold(policy, |policy, (from, to)| policy.replace(from, to));
        let credentials = self.emulator.user(name, &policy);
        self.set("AWS_ACCESS_KEY_ID", &credentials.access_key_id);
        self.set("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key);
        credentials
    }

    fn set(&mut self, name: &str, value: &str) {
        self.sandbox.environment.retain(|(present, _)| present != name);
        self.sandbox.environment.push((name.to_owned(), value.to_owned()));
    }

    /// A stack `shop` with these settings of its state and one file.
    fn stack(&self, settings: &str, words: &str) {
        let bucket = &self.bucket;
        let stack = format!(
            "[stack]\nname = \"shop\"\n\n[state]\nbackend = \"s3\"\nbucket = {bucket:?}\n{settings}\n[resource.local_file.a]\npath = \"a.txt\"\ncontent = \"{words}\"\n\n[output.words]\nvalue = \"${{local_file.a.content}}\"\n"
        );
        self.sandbox.write("stack.toml", &stack);
    }
}

const APPLY: [&str; 3] = ["apply", "stack.toml", "--auto-approve"];
const PLAN: [&str; 2] = ["plan", "stack.toml"];

/// What the policy of someone who works with a state in S3 is called in the guide.
const WORK: &str = "### To work with a state in S3";

#[test]
fn the_permissions_of_the_guide_are_enough_and_reach_no_other_prefix() {
    let mut guarded = Guarded::new();
    guarded.stack("prefix = \"prod\"\n", "x");
    guarded.sandbox.fail(1, &APPLY).says("AccessDenied");
    guarded.act_as("runner", &[WORK], &[]);
    guarded.sandbox.succeed(&APPLY);
    guarded.sandbox.succeed(&["snapshot", "prune", "--keep", "1", "--stack", "stack.toml", "--auto-approve"]);
    guarded.stack("prefix = \"other\"\n", "x");
    guarded.sandbox.fail(1, &APPLY).says("AccessDenied").says("permissions");

    guarded.stack("prefix = \"locked\"\nlock_table = \"acme-locks\"\n", "x");
    guarded.act_as("lockless", &[WORK], &[("/prod/", "/locked/")]);
    guarded.sandbox.fail(1, &APPLY).says("AccessDenied");
    guarded.act_as("locker", &[WORK, "### With a lock table"], &[("/prod/", "/locked/")]);
    guarded.sandbox.succeed(&APPLY);
    guarded.sandbox.succeed(&PLAN).says("No changes");
    let other_items = [("guide-", "else-"), (":::else-", ":::guide-"), ("/prod/", "/locked/")];
    guarded.act_as("neighbour", &[WORK, "### With a lock table"], &other_items);
    guarded.sandbox.fail(1, &PLAN).says("AccessDenied").says("acme-locks");
}

#[test]
fn whoever_may_only_look_sees_everything_and_begins_nothing() {
    let mut guarded = Guarded::new();
    guarded.stack("prefix = \"prod\"\n", "first");
    guarded.act_as("runner", &[WORK], &[]);
    guarded.sandbox.succeed(&APPLY);
    let looker = guarded.act_as("looker", &["### To look only"], &[]);
    guarded.sandbox.succeed(&PLAN).says("No changes");
    for looking in [&["history"][..], &["output"], &["state", "list"], &["snapshot", "verify"], &["lock", "status"]] {
        guarded.sandbox.succeed(&[looking, &["--stack", "stack.toml"]].concat());
    }
    guarded.stack("prefix = \"prod\"\n", "second");
    guarded.sandbox.succeed(&PLAN).says("second");
    guarded.sandbox.fail(1, &APPLY).says("AccessDenied");
    assert_eq!(guarded.sandbox.read("a.txt"), "first", "nothing was begun");
    let key = "prod/shop/HEAD";
    let put = json!([["s3", "put_object", { "Bucket": guarded.bucket, "Key": key, "Body": "mine" }]]);
    assert!(guarded.emulator.call_as(&looker, &put).is_err_and(|why| why.contains("AccessDenied")));
    guarded.act_as("next", &[WORK], &[]);
    guarded.sandbox.succeed(&APPLY);
    assert_eq!(guarded.sandbox.read("a.txt"), "second", "the lock was never taken");
}

#[test]
fn the_buckets_policy_refuses_what_other_tools_would_do_to_head() {
    let mut guarded = Guarded::new();
    guarded.stack("prefix = \"prod\"\n", "x");
    let runner = guarded.act_as("runner", &[WORK], &[]);
    guarded.sandbox.succeed(&APPLY);
    let object = json!({ "Bucket": guarded.bucket, "Key": "prod/shop/HEAD" });
    let put = json!({ "Bucket": guarded.bucket, "Key": "prod/shop/HEAD", "Body": "mine" });
    for call in [json!(["s3", "put_object", put]), json!(["s3", "delete_object", object])] {
        let refused = guarded.emulator.call_as(&runner, &json!([call])).expect_err("it is under no condition");
        assert!(refused.contains("explicit deny in a resource-based policy"), "{refused}");
    }
    guarded.emulator.call_as(&runner, &json!([["s3", "get_object", object]])).expect("reading needs no condition");
    guarded.sandbox.succeed(&PLAN).says("No changes");
    // What does not pass the proxy has come without TLS.
    guarded.set("AWS_ENDPOINT_URL", &guarded.emulator.upstream());
    guarded.sandbox.fail(1, &PLAN).says("AccessDenied").says("explicit deny in a resource-based policy");
}

#[test]
fn the_permissions_for_keys_and_secrets_are_enough() {
    let mut guarded = Guarded::new();
    let made = guarded.emulator.call(&json!([
        ["kms", "create_key", {}],
        ["secretsmanager", "create_secret", { "Name": "prod/db", "SecretString": "correct-horse-battery" }],
        ["ssm", "put_parameter", { "Name": "/prod/token", "Value": "staple-of-gold", "Type": "SecureString" }],
    ]));
    let key = made[0]["KeyMetadata"]["KeyId"].as_str().expect("a key");
    let sealed = format!("prefix = \"prod\"\nkey = \"aws-kms:{key}\"\n");
    guarded.stack(&sealed, "${secret.password} ${secret.token}");
    let secrets = "\n[secret.password]\nfrom = \"aws-secretsmanager:prod/db\"\n\n[secret.token]\nfrom = \"aws-ssm:/prod/token\"\n";
    let stack = guarded.sandbox.read("stack.toml").split("\n[output").next().expect("a stack").to_owned();
    guarded.sandbox.write("stack.toml", &format!("{stack}{secrets}"));
    let this_key = [("1234abcd-12ab-34cd-56ef-1234567890ab", key)];
    let (sealing, reading) = ("### With a key of AWS KMS", "### To read secrets");
    guarded.act_as("keyless", &[WORK, reading], &[]);
    guarded.sandbox.fail(1, &APPLY).says("AccessDenied").says("kms:");
    guarded.act_as("uninformed", &[WORK, sealing], &this_key);
    guarded.sandbox.fail(1, &APPLY).says("AccessDenied").says("prod");
    let runner = guarded.act_as("runner", &[WORK, sealing, reading], &this_key);
    guarded.sandbox.succeed(&APPLY);
    assert_eq!(guarded.sandbox.read("a.txt"), "correct-horse-battery staple-of-gold");
    guarded.sandbox.succeed(&PLAN).says("No changes");
    let nameless = json!([["kms", "encrypt", { "KeyId": key, "Plaintext": "x" }]]);
    let refused = guarded.emulator.call_as(&runner, &nameless).expect_err("it names no stack");
    assert!(refused.contains("AccessDenied"), "{refused}");
}
