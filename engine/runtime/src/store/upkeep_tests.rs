//! Labels, pruning, verifying and changing keys.

use std::sync::Arc;

use siac_core::model::snapshot::Status;
use siac_core::ports::KeyProvider;

use super::memory::{Client, Memory, TestKey};
use super::tests::{acquire, deploy, facts, wait};
use super::*;
use crate::journal::Journal;

fn name(text: &str) -> SnapshotName {
    text.parse().unwrap()
}

fn key(key: u8) -> Arc<dyn KeyProvider> {
    Arc::new(TestKey(key))
}

/// A deployment of a resource that is made from an artifact.
async fn deploy_code(store: &Store, code: &[u8]) -> Published {
    let mut session = acquire(store).await.unwrap();
    let digest = session.put_artifact(code).await.unwrap();
    session.append(&facts(&["begun"])).await.unwrap();
    session.append(&facts(&["done"])).await.unwrap();
    session.publish(samples::snapshot_with_artifact(&digest)).await.unwrap()
}

async fn with_three_deployments() -> (Memory, Store) {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    for code in [b"one", b"two", b"six"] {
        deploy_code(&store, code).await;
    }
    (memory, store)
}

async fn problems(store: &Store) -> Vec<String> {
    store.verify_all().await.unwrap().problems
}

async fn rotate(store: &Store, to: &[u8]) -> Result<usize, StoreError> {
    let keys: Vec<_> = to.iter().map(|byte| key(*byte)).collect();
    let wait = Wait { timeout: std::time::Duration::from_secs(300), takeover: Takeover::Automatic };
    store.rotate(&keys, &wait, &mut |_| {}).await
}

// Labels.

#[tokio::test(start_paused = true)]
async fn a_label_names_a_snapshot_and_moves() {
    let (_, store) = with_three_deployments().await;
    let labelled = acquire(&store).await.unwrap().label(&name("2"), Some("good")).await.unwrap();
    assert_eq!((labelled.snapshot.serial, labelled.snapshot.status), (4, Status::Edited));
    assert_eq!(labelled.snapshot.records, store.find(&name("3")).await.unwrap().snapshot.records);
    let found = store.find(&name("good")).await.unwrap().snapshot;
    assert_eq!((found.serial, found.label.as_deref()), (2, Some("good")));
    assert_eq!(store.find(&name("previous")).await.unwrap().snapshot.serial, 2, "labelling is no deployment");

    acquire(&store).await.unwrap().label(&name("latest"), Some("good")).await.unwrap();
    assert_eq!(store.find(&name("good")).await.unwrap().snapshot.serial, 4);
    acquire(&store).await.unwrap().label(&name("good"), None).await.unwrap();
    assert!(matches!(store.find(&name("good")).await, Err(StoreError::NoSnapshot { .. })));
    assert_eq!(problems(&store).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_labelled_gives_the_lock_back() {
    let (_, store) = with_three_deployments().await;
    let unknown = acquire(&store).await.unwrap().label(&name("9"), Some("good")).await;
    assert!(matches!(unknown, Err(StoreError::NoSnapshot { .. })));
    let bad = acquire(&store).await.unwrap().label(&name("1"), Some("latest")).await;
    assert!(matches!(bad, Err(StoreError::Refused(_))));
    assert_eq!(store.lock_status().await.unwrap().unwrap().holder, None);
}

#[tokio::test(start_paused = true)]
async fn an_edit_never_drops_what_is_not_settled() {
    let (_, store) = with_three_deployments().await;
    let mut session = acquire(&store).await.unwrap();
    session.append(&facts(&["intent"])).await.unwrap();
    session.release(Leaving::Dirty).await.unwrap();
    let refused = acquire(&store).await.unwrap().label(&name("1"), Some("good")).await.unwrap_err();
    assert!(refused.to_string().contains("siac recover"), "{refused}");
    let keep = Keep { last: 1, labelled: true };
    assert!(matches!(acquire(&store).await.unwrap().prune(keep).await, Err(StoreError::Refused(_))));
    assert_eq!(acquire(&store).await.unwrap().unmerged(), facts(&["intent"]));
}

// Pruning.

#[tokio::test(start_paused = true)]
async fn pruning_keeps_the_history_and_what_is_wanted() {
    let (memory, store) = with_three_deployments().await;
    acquire(&store).await.unwrap().label(&name("1"), Some("first")).await.unwrap();
    let keep = Keep { last: 2, labelled: true };
    let pruned = acquire(&store).await.unwrap().prune(keep).await.unwrap();
    assert_eq!((pruned.snapshots, pruned.artifacts), (1, 1));
    assert!(pruned.leftovers > 0, "journals that snapshots hold");
    let history = store.history().await.unwrap();
    let marks: Vec<bool> = history.iter().map(|entry| entry.pruned).collect();
    assert_eq!(marks, [false, true, false, false, false]);
    assert_eq!(store.find(&name("2")).await.unwrap_err(), StoreError::Pruned(2));
    assert_eq!(store.find(&name("first")).await.unwrap().snapshot.serial, 1);
    let verified = store.verify_all().await.unwrap();
    assert_eq!((verified.problems, verified.pruned, verified.artifacts), (vec![], 1, 2));

    let again = acquire(&store).await.unwrap().prune(keep).await.unwrap();
    assert_eq!(again.artifacts, 0);
    assert!(memory.names().iter().any(|name| name.starts_with("wal/0000000000000001/")), "a seal or last object stays");
}

#[tokio::test(start_paused = true)]
async fn pruning_that_dies_anywhere_loses_nothing_that_is_kept() {
    let keep = Keep { last: 1, labelled: true };
    let (quiet, store) = with_three_deployments().await;
    let before = quiet.operations();
    acquire(&store).await.unwrap().prune(keep).await.unwrap();
    for operation in before..quiet.operations() {
        let (memory, store) = with_three_deployments().await;
        memory.dead_from(Some(operation));
        if let Ok(session) = acquire(&store).await {
            let _ = session.prune(keep).await;
        }
        memory.dead_from(None);
        let other = Client::new("bob").open(&memory);
        assert_eq!(problems(&other).await, Vec::<String>::new(), "dead from {operation}");
        wait(&other, 100).await.unwrap().prune(keep).await.unwrap();
        assert_eq!(problems(&other).await, Vec::<String>::new(), "dead from {operation}, then again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sleeping_holder_stays_fenced_after_pruning() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    deploy(&store, &[2]).await.unwrap();
    let mut ann = acquire(&store).await.unwrap();
    ann.append(&facts(&["a"])).await.unwrap();
    ann.stop_heart();
    let bob = Client::new("bob").open(&memory);
    let mut session = wait(&bob, 100).await.unwrap();
    session.publish(samples::snapshot_of(&[2, 4])).await.unwrap();
    acquire(&bob).await.unwrap().prune(Keep { last: 1, labelled: false }).await.unwrap();
    assert_eq!(ann.append(&facts(&["late"])).await, Err(crate::journal::JournalFault::Fenced));
}

// Verifying.

#[tokio::test(start_paused = true)]
async fn verifying_tells_everything_that_is_wrong() {
    let (memory, store) = with_three_deployments().await;
    let healthy = store.verify_all().await.unwrap();
    assert_eq!((healthy.snapshots, healthy.artifacts, healthy.problems.len()), (3, 3, 0));
    let snapshot = memory.names().into_iter().find(|name| name.starts_with("snap/0000000000000001")).unwrap();
    let artifact = memory.names().into_iter().find(|name| name.starts_with("artifacts/")).unwrap();
    memory.change(&snapshot, |bytes| *bytes.last_mut().unwrap() ^= 1);
    memory.remove(&artifact);
    assert!((1..=2).contains(&problems(&store).await.len()));
    assert!(problems(&store).await[0].contains(&snapshot));
}

#[tokio::test(start_paused = true)]
async fn an_empty_store_is_in_order() {
    let store = Client::new("ann").open(&Memory::default());
    assert_eq!(store.verify_all().await.unwrap(), Verified::default());
}

// Keys.

#[tokio::test(start_paused = true)]
async fn after_a_rotation_only_the_new_keys_open_anything() {
    let (memory, store) = with_three_deployments().await;
    let ids: Vec<_> = store.history().await.unwrap().iter().map(|entry| entry.id).collect();
    rotate(&store, &[2, 3]).await.unwrap();
    for keys in [vec![2], vec![3]] {
        let new = Client { keys, ..Client::new("bob") }.open(&memory);
        assert_eq!(problems(&new).await, Vec::<String>::new());
        assert_eq!(new.history().await.unwrap().iter().map(|entry| entry.id).collect::<Vec<_>>(), ids);
    }
    assert!(matches!(Client::new("eve").open(&memory).latest().await, Err(StoreError::NoKey { .. })));
    let both = Client { keys: vec![2, 3], ..Client::new("bob") }.open(&memory);
    deploy(&both, &[2]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_rotation_that_dies_anywhere_leaves_a_key_that_opens_everything() {
    let (quiet, store) = with_three_deployments().await;
    let before = quiet.operations();
    rotate(&store, &[2]).await.unwrap();
    for operation in before..quiet.operations() {
        let (memory, store) = with_three_deployments().await;
        memory.dead_from(Some(operation));
        let _ = rotate(&store, &[2]).await;
        memory.dead_from(None);
        let mut readable = Vec::new();
        for key in [1, 2] {
            let single = Client { keys: vec![key], ..Client::new("bob") }.open(&memory);
            if matches!(single.verify_all().await, Ok(verified) if verified.problems.is_empty()) {
                readable.push(key);
            }
        }
        assert!(!readable.is_empty(), "dead from {operation}: no key opens everything");
        let again = Client { keys: vec![1, 2], ..Client::new("eve") }.open(&memory);
        rotate(&again, &[2]).await.unwrap_or_else(|error| panic!("dead from {operation}: {error}"));
        let new = Client { keys: vec![2], ..Client::new("bob") }.open(&memory);
        assert_eq!(problems(&new).await, Vec::<String>::new(), "dead from {operation}");
        assert!(Client::new("old").open(&memory).latest().await.is_err(), "dead from {operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_settled_survives_a_rotation() {
    let (memory, store) = with_three_deployments().await;
    let mut session = acquire(&store).await.unwrap();
    session.append(&facts(&["intent"])).await.unwrap();
    session.release(Leaving::Dirty).await.unwrap();
    rotate(&store, &[2]).await.unwrap();
    let new = Client { keys: vec![2], ..Client::new("bob") }.open(&memory);
    assert!(new.lock_status().await.unwrap().unwrap().dirty);
    assert_eq!(acquire(&new).await.unwrap().unmerged(), facts(&["intent"]));
}

#[tokio::test(start_paused = true)]
async fn there_is_nothing_to_rotate_before_the_first_state() {
    let store = Client::new("ann").open(&Memory::default());
    assert!(matches!(rotate(&store, &[2]).await, Err(StoreError::Refused(_))));
}
