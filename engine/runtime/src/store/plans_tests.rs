//! Plans in files.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use siac_core::model::identity::Digest;
use siac_core::model::plan::{Base, Plan};

use super::memory::{Client, Memory};
use super::tests::deploy;
use super::*;

/// The sample plan, made from a published snapshot.
fn plan(from: Option<&Published>) -> Plan {
    let base = Base {
        uuid: from.map(|from| from.snapshot.uuid),
        serial: from.map_or(0, |from| from.snapshot.serial),
        snapshot: from.map(|from| from.id),
    };
    Plan { base, ..samples::plan() }
}

fn artifacts() -> BTreeMap<Digest, Vec<u8>> {
    let one = |bytes: &[u8]| (Digest::of(bytes), bytes.to_vec());
    BTreeMap::from([one(b"code"), one(b"not needed")])
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_kept_for_its_owner_with_the_artifacts_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan/pending.siac");
    let store = Client::new("ann").open(&Memory::default());
    let published = deploy(&store, &[2]).await.unwrap();
    store.save_plan(&path, &plan(Some(&published)), &artifacts()).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let saved = store.open_plan(&path).await.unwrap();
    assert_eq!(saved.plan, plan(Some(&published)));
    assert_eq!(saved.artifacts.values().collect::<Vec<_>>(), [b"code"]);
    store.discard_plan(&path).unwrap();
    assert!(matches!(store.open_plan(&path).await, Err(StoreError::File { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_plan_before_the_first_deployment_is_kept_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.siac");
    let store = Client::new("ann").open(&Memory::default());
    store.save_plan(&path, &plan(None), &artifacts()).await.unwrap();
    assert_eq!(store.open_plan(&path).await.unwrap().plan, plan(None));
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_another_state_or_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.siac");
    let store = Client::new("ann").open(&Memory::default());
    let published = deploy(&store, &[2]).await.unwrap();
    store.save_plan(&path, &plan(Some(&published)), &artifacts()).await.unwrap();

    let other = Client::new("bob").open(&Memory::default());
    deploy(&other, &[2]).await.unwrap();
    assert!(matches!(other.open_plan(&path).await, Err(StoreError::Refused(_))));
    let nothing = Client::new("eve").open(&Memory::default());
    assert!(nothing.open_plan(&path).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_changed_plan_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.siac");
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let published = deploy(&store, &[2]).await.unwrap();
    store.save_plan(&path, &plan(Some(&published)), &artifacts()).await.unwrap();
    let stranger = Client { keys: vec![9], ..Client::new("eve") }.open(&memory);
    assert!(matches!(stranger.open_plan(&path).await, Err(StoreError::NoKey { .. })));
    let bytes = std::fs::read(&path).unwrap();
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        std::fs::write(&path, changed).unwrap();
        assert!(store.open_plan(&path).await.is_err(), "byte {at}");
    }
}
