//! Secrets that others keep in AWS.

use siac_core::model::stack::SecretSource;
use siac_core::ports::{Fault, SecretStore};
use siac_emulators::{Emulator, Rule};
use siac_state_backends::aws::secrets::AwsSecrets;

use super::{access, config};

fn source(text: &str) -> SecretSource {
    let (scheme, reference) = text.split_once(':').expect("a scheme");
    SecretSource { scheme: scheme.to_owned(), reference: reference.to_owned() }
}

#[tokio::test]
async fn secrets_come_with_their_versions() {
    let emulator = Emulator::start().await;
    let config = config(&emulator.endpoint(), emulator.account());
    let manager = aws_sdk_secretsmanager::Client::new(&config);
    let json = r#"{"user":"app","password":"first"}"#;
    let made = manager.create_secret().name("prod/db").secret_string(json).send().await.expect("a secret");
    let arn = made.arn().expect("it has an ARN").to_owned();
    let parameters = aws_sdk_ssm::Client::new(&config);
    let put = |value: &str| {
        let kind = aws_sdk_ssm::types::ParameterType::SecureString;
        parameters.put_parameter().name("/prod/token").value(value).r#type(kind).overwrite(true).send()
    };
    put("one").await.expect("a parameter");
    let store = AwsSecrets::new(access(&emulator.endpoint(), emulator.account()));
    let whole = store.fetch(&source("aws-secretsmanager:prod/db")).await.expect("it is there");
    assert_eq!(whole.value.expose(), json);
    let entry = store.fetch(&source(&format!("aws-secretsmanager:{arn}#password"))).await.expect("it is there");
    assert_eq!(entry.value.expose(), "first");
    assert!(entry.version.is_some() && entry.version == whole.version);
    let token = store.fetch(&source("aws-ssm:/prod/token")).await.expect("it is there");
    assert_eq!((token.value.expose().as_str(), token.version.as_deref()), ("one", Some("1")));
    put("two").await.expect("a parameter");
    let token = store.fetch(&source("aws-ssm:/prod/token")).await.expect("it is there");
    assert_eq!((token.value.expose().as_str(), token.version.as_deref()), ("two", Some("2")));
    manager.put_secret_value().secret_id("prod/db").secret_string("plain").send().await.expect("a new value");
    let plain = store.fetch(&source("aws-secretsmanager:prod/db")).await.expect("it is there");
    assert_ne!(plain.version, whole.version);
    let fault = store.fetch(&source("aws-secretsmanager:prod/db#password")).await.expect_err("it is no JSON any more");
    assert!(fault.to_string().contains("no JSON") && !fault.to_string().contains("plain"), "{fault}");
}

#[tokio::test]
async fn what_is_missing_or_forbidden_is_named_and_patience_is_asked_for() {
    let emulator = Emulator::start().await;
    let store = AwsSecrets::new(access(&emulator.endpoint(), emulator.account()));
    for (name, remedy) in
        [("aws-secretsmanager:none/such", "no such secret"), ("aws-ssm:/none/such", "no such parameter")]
    {
        let fault = store.fetch(&source(name)).await.expect_err("there is none");
        let (_, reference) = name.split_once(':').expect("a scheme");
        assert!(fault.to_string().contains(reference) && fault.to_string().contains(remedy), "{fault}");
        assert!(matches!(fault, Fault::Rejected { .. }));
    }
    emulator.proxy().add(Rule::on("GetParameter").throttles().first(1));
    let fault = store.fetch(&source("aws-ssm:/none/such")).await.expect_err("it is busy");
    assert!(matches!(fault, Fault::Transient { .. }), "{fault}");
}
