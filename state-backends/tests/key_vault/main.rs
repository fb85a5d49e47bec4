//! Keys and secrets of Azure Key Vault, through Microsoft's own clients, against a double that behaves as the REST reference says.
#![cfg(feature = "azure")]

mod double;

use std::collections::BTreeMap;

use siac_core::model::identity::StackUuid;
use siac_core::model::secret::Secret;
use siac_core::model::stack::SecretSource;
use siac_core::ports::{Fault, KeyFault, KeyProvider, SecretStore};
use siac_state_backends::azure::key_vault::{METHOD, VaultKey};
use siac_state_backends::azure::secrets::VaultSecrets;

use double::{Vault, shape};

const STACK: StackUuid = StackUuid([7; 16]);

fn key(vault: &Vault, name: &str) -> VaultKey {
    VaultKey::new(name, vault.credential(), vault.options()).expect("it is a key of a vault")
}

#[tokio::test]
async fn a_key_opens_what_it_wrapped_for_the_same_stack_and_nothing_else() {
    let vault = Vault::new("acme");
    vault.add_key("state");
    vault.add_key("other");
    let (mine, data) = (key(&vault, "acme/state"), Secret::new([9; 32]));
    let wrapped = mine.wrap(&STACK, &data, &[]).await.expect("it is wrapped");
    assert_eq!((wrapped.method.as_str(), wrapped.key_id.as_str()), (METHOD, "acme.vault.azure.net/state"));
    assert_eq!(mine.describe(), (wrapped.method.clone(), wrapped.key_id.clone()));
    assert!(key(&vault, "acme/state").unwrap(&STACK, &wrapped).await.expect("it opens") == data);
    let elsewhere = mine.unwrap(&StackUuid([8; 16]), &wrapped).await;
    assert!(matches!(elsewhere, Err(KeyFault::WrongKey(_))), "{elsewhere:?}");
    let other = key(&vault, "acme/other").unwrap(&STACK, &wrapped).await;
    assert!(matches!(other, Err(KeyFault::Unavailable(_) | KeyFault::WrongKey(_))), "{other:?}");
    assert!(!vault.heard().contains("CQkJ"), "the data key itself never travels, not even wrapped by the vault alone");
}

#[tokio::test]
async fn a_state_opens_after_the_vaults_key_was_rotated() {
    let vault = Vault::new("acme");
    vault.add_key("state");
    let (mine, data) = (key(&vault, "acme/state"), Secret::new([9; 32]));
    let before = mine.wrap(&STACK, &data, &[]).await.expect("it is wrapped");
    vault.add_key("state");
    let after = mine.wrap(&STACK, &data, &[]).await.expect("it is wrapped");
    assert_ne!(before.params["version"], after.params["version"]);
    for wrapped in [before, after] {
        assert!(mine.unwrap(&STACK, &wrapped).await.expect("it opens") == data);
    }
}

#[tokio::test]
async fn what_is_changed_in_a_wrapping_does_not_open_and_is_not_asked_of_the_vault_when_it_is_absurd() {
    let vault = Vault::new("acme");
    vault.add_key("state");
    let mine = key(&vault, "acme/state");
    let wrapped = mine.wrap(&STACK, &Secret::new([9; 32]), &[]).await.expect("it is wrapped");
    let asked = vault.requests();
    for (name, value) in
        [("version", "../../secrets/x"), ("version", ""), ("kek", "not base64!"), ("kek", &"A".repeat(4096))]
    {
        let mut changed = wrapped.clone();
        changed.params.insert(name.to_owned(), value.to_owned());
        assert!(matches!(mine.unwrap(&STACK, &changed).await, Err(KeyFault::Refused(_))), "{name} = {value}");
    }
    assert_eq!(vault.requests(), asked, "nothing absurd is sent");
    let mut forged = wrapped.clone();
    forged.params.insert("kek".to_owned(), forged.params["kek"].chars().rev().collect::<String>().replace('=', "A"));
    assert!(mine.unwrap(&STACK, &forged).await.is_err());
}

#[tokio::test]
async fn what_the_vault_refuses_is_explained() {
    let vault = Vault::new("acme");
    vault.add_key("state");
    let data = Secret::new([9; 32]);
    let missing = key(&vault, "acme/nothing").wrap(&STACK, &data, &[]).await.expect_err("there is no such key");
    assert!(missing.to_string().contains("KeyNotFound") && missing.to_string().contains("its name"), "{missing}");
    vault.refuse(403, "Forbidden");
    let forbidden = key(&vault, "acme/state").wrap(&STACK, &data, &[]).await.expect_err("it is forbidden");
    assert!(matches!(&forbidden, KeyFault::Unavailable(why) if why.contains("access control")), "{forbidden}");
    assert!(VaultKey::new("acme", vault.credential(), vault.options()).is_err());
}

fn secrets(vault: &Vault) -> VaultSecrets {
    let credential = vault.credential();
    VaultSecrets::new(move || Ok(credential.clone()), vault.options())
}

fn source(reference: &str) -> SecretSource {
    SecretSource { scheme: "azure-key-vault".into(), reference: reference.into() }
}

#[tokio::test]
async fn a_secret_is_read_with_its_version() {
    let vault = Vault::new("acme");
    let first = vault.add_secret("database-url", "postgres://one");
    let second = vault.add_secret("database-url", "postgres://two");
    let store = secrets(&vault);
    assert_eq!(store.schemes(), ["azure-key-vault"]);
    let newest = store.fetch(&source("acme/database-url")).await.expect("it is there");
    assert_eq!((newest.value.expose().as_str(), newest.version.as_deref()), ("postgres://two", Some(second.as_str())));
    let older = store.fetch(&source(&format!("acme/database-url/{first}"))).await.expect("it is there");
    assert_eq!((older.value.expose().as_str(), older.version.as_deref()), ("postgres://one", Some(first.as_str())));
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_says_why_and_shows_nothing() {
    let vault = Vault::new("acme");
    vault.add_secret("password", "hunter2 hunter2");
    let store = secrets(&vault);
    for (reference, word) in [("acme/none", "SecretNotFound"), ("password", "VAULT/NAME"), ("acme/a/b/c", "VAULT/NAME")]
    {
        let fault = store.fetch(&source(reference)).await.expect_err("it cannot be read");
        assert!(matches!(&fault, Fault::Rejected { why } if why.contains(word)), "{reference}: {fault}");
    }
    vault.refuse(429, "TooManyRequests");
    let busy = store.fetch(&source("acme/password")).await.expect_err("the vault is busy");
    assert!(matches!(busy, Fault::Transient { .. }), "{busy}");
    assert!(!format!("{busy:?}").contains("hunter2"));
}

/// The double has the form of the examples in Microsoft's REST specification: which fields an answer has, and of what kind.
#[tokio::test]
async fn the_double_answers_in_the_form_of_the_reference() {
    let vault = Vault::new("myvault");
    let version = vault.add_key("sdktestkey");
    let body = r#"{"alg":"RSA-OAEP-256","value":"ovQIlbB0DgWhZA7sgkPxbg9H-Ly-VlNGPSgGrrZvlIo"}"#;
    let path = format!("/keys/sdktestkey/{version}/wrapkey");
    let (status, wrapped) = vault.ask("POST", &path, body);
    assert_eq!(status, 200);
    assert_eq!(shape(&wrapped), BTreeMap::from([("kid", "address"), ("value", "text")]));
    assert_eq!(wrapped["kid"], format!("https://myvault.vault.azure.net/keys/sdktestkey/{version}"));
    let again = format!(r#"{{"alg":"RSA-OAEP-256","value":{}}}"#, wrapped["value"]);
    let (status, opened) = vault.ask("POST", &format!("/keys/sdktestkey/{version}/unwrapkey"), &again);
    assert_eq!((status, opened["value"].as_str()), (200, Some("ovQIlbB0DgWhZA7sgkPxbg9H-Ly-VlNGPSgGrrZvlIo")));
    let version = vault.add_secret("mysecretname", "mysecretvalue");
    let (status, secret) = vault.ask("GET", &format!("/secrets/mysecretname/{version}"), "");
    assert_eq!(status, 200);
    assert_eq!(shape(&secret), BTreeMap::from([("attributes", "object"), ("id", "address"), ("value", "text")]));
    let (status, error) = vault.ask("GET", "/secrets/none", "");
    assert_eq!((status, error["error"]["code"].as_str()), (404, Some("SecretNotFound")));
    assert_eq!(vault.ask("POST", &path, r#"{"alg":"RSA-OAEP-256","value":"=="}"#).0, 400);
}
