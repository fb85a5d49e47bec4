//! The emulator, its proxy and the check of requests, asked by a client that is not ours.

use std::process::Command;

use serde_json::{Value, json};
use siac_emulators::{Emulator, Gate, Moto, Rule, python};

/// What each call is answered: an error code, or `ok`.
fn call(endpoint: &str, emulator: &Emulator, calls: &Value) -> Vec<String> {
    let output = Command::new(python())
        .args(["-c", include_str!("calls.py"), endpoint, emulator.account(), &calls.to_string()])
        .output()
        .expect("the installed Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn through(emulator: &Emulator, calls: &Value) -> Vec<String> {
    call(&emulator.endpoint(), emulator, calls)
}

fn table(name: &str) -> Value {
    json!(["dynamodb", "create_table", {
        "TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "k", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "k", "AttributeType": "S" }],
    }])
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// A request of every protocol that is as it should be: JSON, query, XML, REST with JSON, CBOR.
fn good(emulator: &Emulator) -> Value {
    let bucket = emulator.unique("good");
    json!([
        ["s3", "create_bucket", { "Bucket": bucket }],
        ["s3", "put_bucket_versioning", { "Bucket": bucket, "VersioningConfiguration": { "Status": "Enabled" } }],
        ["s3", "put_object", { "Bucket": bucket, "Key": "a/b c", "Body": "x", "IfNoneMatch": "*", "Metadata": { "a": "b" } }],
        ["s3", "put_bucket_lifecycle_configuration", { "Bucket": bucket, "LifecycleConfiguration": { "Rules": [
            { "ID": "r", "Status": "Enabled", "Filter": { "Prefix": "p/" }, "Expiration": { "Days": 3 } },
        ] } }],
        ["s3", "get_object", { "Bucket": bucket, "Key": "a/b c" }],
        ["s3", "head_object", { "Bucket": bucket, "Key": "a/b c" }],
        ["s3", "list_objects_v2", { "Bucket": bucket, "Prefix": "a/" }],
        table("good"),
        ["dynamodb", "put_item", { "TableName": "good", "Item": { "k": { "S": "1" } } }],
        ["iam", "create_role", { "RoleName": "good", "AssumeRolePolicyDocument": TRUST, "Tags": [{ "Key": "a", "Value": "b" }] }],
        ["iam", "get_role", { "RoleName": "good" }],
        ["sns", "create_topic", { "Name": "good", "Attributes": { "DisplayName": "Good" } }],
        ["sqs", "create_queue", { "QueueName": "good", "Attributes": { "VisibilityTimeout": "30" } }],
        ["apigatewayv2", "create_api", { "Name": "good", "ProtocolType": "HTTP" }],
        ["cloudwatch", "put_metric_alarm", {
            "AlarmName": "good", "MetricName": "m", "Namespace": "n", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.5,
            "Statistic": "Sum", "ComparisonOperator": "GreaterThanThreshold",
        }],
        ["kms", "list_keys", {}],
        ["sts", "get_caller_identity", {}],
    ])
}

/// What the cloud would refuse, and what is to be said of it.
fn bad() -> Vec<(Value, &'static str)> {
    vec![
        (json!(["dynamodb", "put_item", { "Item": {} }]), "TableName is required"),
        (json!(["kms", "encrypt", { "KeyId": "", "Plaintext": "eA==" }]), "KeyId has 0 characters"),
        (json!(["lambda", "create_function", { "FunctionName": "a b", "Role": "r", "Code": {} }]), "does not match"),
        (
            json!(["lambda", "create_function", {
                "FunctionName": "a", "Role": "arn:aws:iam::1:role/r", "Code": {}, "MemorySize": 64,
            }]),
            "MemorySize has 64",
        ),
        (
            json!(["iam", "create_role", { "RoleName": "good", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 5 }]),
            "MaxSessionDuration has 5",
        ),
        (json!(["sns", "create_topic", {}]), "Name is required"),
        (
            json!(["s3", "put_bucket_versioning", { "Bucket": "b", "VersioningConfiguration": { "Status": "On" } }]),
            "none of its values",
        ),
        (json!(["apigatewayv2", "create_api", { "Name": "bad", "ProtocolType": "FTP" }]), "none of its values"),
        (
            json!(["cloudwatch", "put_metric_alarm", { "AlarmName": "bad", "ComparisonOperator": "More", "EvaluationPeriods": 0 }]),
            "none of its values",
        ),
    ]
}

#[tokio::test]
async fn requests_of_every_protocol_are_understood() {
    let emulator = Emulator::start().await;
    for (answer, request) in
        through(&emulator, &good(&emulator)).iter().zip(good(&emulator).as_array().expect("a list"))
    {
        assert_eq!(answer, "ok", "{request}");
    }
    assert_eq!(emulator.take_malformed(), Vec::<String>::new());
    assert_eq!(emulator.proxy().count("^s3.PutObject PUT /good-.*/a/b%20c"), 1, "{:#?}", emulator.proxy().seen());
}

#[tokio::test]
async fn malformed_requests_are_refused_and_told() {
    let emulator = Emulator::start().await;
    for (request, expected) in bad() {
        let answers = through(&emulator, &json!([request]));
        assert_ne!(answers, ["ok"], "{request}");
        let told = emulator.take_malformed();
        assert!(told.len() == 1 && told[0].contains(expected), "{request}: {told:?}");
    }
}

#[tokio::test]
async fn a_malformed_request_fails_its_test() {
    let emulator = Emulator::start().await;
    through(&emulator, &json!([["sns", "create_topic", {}]]));
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(emulator)));
    let said = *dropped.expect_err("it fails").downcast::<String>().expect("it says why");
    assert!(said.contains("sns.CreateTopic") && said.contains("Name is required"), "{said}");
}

#[tokio::test]
async fn trouble_is_made_where_it_is_asked_for_and_no_longer() {
    let emulator = Emulator::start().await;
    assert_eq!(through(&emulator, &json!([table("trouble")])), ["ok"]);
    let put = |key: &str| {
        json!(["dynamodb", "put_item", {
            "TableName": "trouble", "Item": { "k": { "S": key } }, "ConditionExpression": "attribute_not_exists(k)",
        }])
    };
    let proxy = emulator.proxy();
    proxy.add(Rule::on("^dynamodb.PutItem").throttles().first(2));
    assert_eq!(
        through(&emulator, &json!([put("a"), put("a"), put("a")])),
        ["ThrottlingException", "ThrottlingException", "ok"]
    );
    proxy.clear();
    proxy.add(Rule::on("^dynamodb.PutItem").loses_request().after(1).first(1));
    proxy.add(Rule::on("^dynamodb.PutItem").loses_answer().after(1).first(1));
    let answers = through(&emulator, &json!([put("b"), put("c"), put("d"), put("c"), put("d")]));
    assert_eq!(answers[0], "ok");
    assert_eq!(answers[1], "ConnectionClosedError", "the request was lost");
    assert_eq!(answers[2], "ConnectionClosedError", "the answer was lost");
    assert_eq!(answers[3..], ["ok", "ConditionalCheckFailedException"], "only the second had its effect");
    let troubled = proxy.seen().iter().filter(|seen| seen.is_troubled).count();
    assert_eq!(troubled, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_at_a_gate() {
    let emulator = Emulator::start().await;
    let gate = Gate::closed();
    emulator.proxy().add(Rule::on("^s3.CreateBucket").holds_request(&gate));
    let bucket = emulator.unique("late");
    let (endpoint, listed) = (emulator.endpoint(), json!([["s3", "create_bucket", { "Bucket": bucket }]]));
    std::thread::scope(|scope| {
        let late = scope.spawn(|| call(&endpoint, &emulator, &listed));
        while emulator.proxy().count("^s3.CreateBucket") == 0 {
            std::thread::yield_now();
        }
        let head = json!([["s3", "head_bucket", { "Bucket": bucket }]]);
        assert_eq!(through(&emulator, &head), ["404"], "it has not arrived");
        gate.open();
        assert_eq!(late.join().expect("the call ends"), ["ok"]);
        assert_eq!(through(&emulator, &head), ["ok"]);
    });
}

#[tokio::test]
async fn accounts_are_told_apart_listed_and_emptied() {
    let (one, other) = (Emulator::start().await, Emulator::start().await);
    through(&one, &good(&one));
    let left = one.left().await;
    for expected in ["dynamodb tables good", "iam roles good", "iam roles good", "apigatewayv2 apis good"] {
        assert!(left.iter().any(|line| line == expected), "{expected} is missing in {left:#?}");
    }
    assert_eq!(other.left().await, Vec::<String>::new());
    one.reset().await;
    assert_eq!(one.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn moto_has_what_ministack_has_not() {
    let moto = Moto::start().await;
    let calls = json!([
        ["application-autoscaling", "register_scalable_target", {
            "ServiceNamespace": "lambda", "ResourceId": "function:f:prod", "ScalableDimension": "lambda:function:ProvisionedConcurrency",
            "MinCapacity": 1, "MaxCapacity": 3,
        }],
        ["application-autoscaling", "describe_scalable_targets", { "ServiceNamespace": "lambda" }],
    ]);
    let output = Command::new(python())
        .args(["-c", include_str!("calls.py"), &moto.endpoint(), moto.account(), &calls.to_string()])
        .output()
        .expect("the installed Python starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ok\nok\n", "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(moto.proxy().count("^application-autoscaling.RegisterScalableTarget"), 1);
}

#[tokio::test]
async fn a_user_may_do_what_its_policy_says() {
    let emulator = Emulator::strict().await;
    let allowed = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*" },
    ] });
    let user = emulator.user("lister", &allowed.to_string());
    let calls = json!([["s3", "list_buckets", {}], ["sns", "list_topics", {}]]);
    let output = Command::new(python())
        .args(["-c", include_str!("calls.py"), &emulator.endpoint(), &user.access_key_id, &calls.to_string()])
        .env("SIAC_TEST_SECRET", &user.secret_access_key)
        .output()
        .expect("the installed Python starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ok\nAuthorizationError\n");
}

#[tokio::test]
async fn a_strict_emulator_knows_who_asks() {
    let emulator = Emulator::strict().await;
    let stranger = Command::new(python())
        .args(["-c", include_str!("calls.py"), &emulator.endpoint(), "AKIASTRANGER"])
        .arg(json!([["s3", "list_buckets", {}]]).to_string())
        .output()
        .expect("the installed Python starts");
    assert_eq!(String::from_utf8_lossy(&stranger.stdout).trim(), "InvalidAccessKeyId");
    assert_eq!(through(&emulator, &json!([["s3", "list_buckets", {}]])), ["ok"]);
}

/// Runs only as a process of its own, started by the test below: starts an emulator, says where, and is killed.
#[test]
fn owner() {
    let Ok(file) = std::env::var("SIAC_TEST_OWNER") else { return };
    let emulator = Emulator::start_blocking();
    std::fs::write(file, emulator.upstream()).expect("a file");
    std::thread::park();
}

#[test]
fn an_emulator_ends_with_its_test_however_that_ends() {
    let file = std::env::temp_dir().join(format!("siac-emulator-owner-{}", std::process::id()));
    let program = std::env::current_exe().expect("this program");
    let mut owner = Command::new(program)
        .args(["--exact", "owner"])
        .env("SIAC_TEST_OWNER", &file)
        .spawn()
        .expect("the program starts");
    let address = loop {
        match std::fs::read_to_string(&file).ok().filter(|text| !text.is_empty()) {
            Some(text) => break text.trim_start_matches("http://").to_owned(),
            None => assert!(owner.try_wait().expect("it can be asked").is_none(), "the owner ended early"),
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    assert!(std::net::TcpStream::connect(&address).is_ok());
    owner.kill().expect("it can be killed");
    owner.wait().expect("it ends");
    while std::net::TcpStream::connect(&address).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::fs::remove_file(file).expect("the file is there");
}
