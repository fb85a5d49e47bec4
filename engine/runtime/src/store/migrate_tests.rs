//! A state goes to another place, whatever happens on the way.

use siac_core::model::snapshot::Snapshot;

use super::memory::{Client, Memory};
use super::tests::{acquire, facts};
use super::*;
use crate::journal::Journal;

const PATIENT: Wait = Wait { timeout: std::time::Duration::from_secs(300), takeover: Takeover::Automatic };

/// A state of one deployment with an artifact, and an epoch that nobody has merged.
async fn lived_in() -> Memory {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let mut session = acquire(&store).await.unwrap();
    let digest = session.put_artifact(b"code").await.unwrap();
    session.append(&facts(&["begun"])).await.unwrap();
    session.publish(samples::snapshot_with_artifact(&digest)).await.unwrap();
    let mut session = acquire(&store).await.unwrap();
    session.append(&facts(&["intent"])).await.unwrap();
    session.release(Leaving::Dirty).await.unwrap();
    memory
}

fn at(place: &str, memory: &Memory) -> Store {
    let store = Client::new("ann").open(memory);
    Store { parts: Parts { backend: place.to_owned(), ..(*store.parts).clone() }.into(), ..store }
}

async fn migrate(from: &Memory, to: &Memory) -> Result<Migrated, StoreError> {
    at("old", from).migrate(&at("new", to), &PATIENT, &mut |_| {}).await
}

/// Whether runs can take the state of a place.
async fn is_open(memory: &Memory) -> bool {
    let head = at("any", memory).read_any_head().await.unwrap();
    head.is_some_and(|current| current.head.moved_to.is_none())
}

async fn assert_went(from: &Memory, to: &Memory) {
    let Err(StoreError::Moved { to: told }) = acquire(&at("old", from)).await.map(drop) else { panic!("it was taken") };
    assert_eq!(told, "new");
    let arrived = at("new", to);
    assert_eq!(arrived.verify_all().await.unwrap().problems, Vec::<String>::new());
    let mut session = acquire(&arrived).await.unwrap();
    assert_eq!(session.unmerged(), facts(&["intent"]), "what was open is open there");
    let published = session.publish(Snapshot::empty("shop")).await.unwrap();
    assert_eq!(published.snapshot.serial, 2);
    assert!(to.names().iter().any(|name| name.starts_with("artifacts/")));
}

#[tokio::test(start_paused = true)]
async fn everything_goes_and_goes_on_there() {
    let (from, to) = (lived_in().await, Memory::default());
    let before = from.names();
    let migrated = migrate(&from, &to).await.unwrap();
    assert!(before.iter().all(|name| from.names().contains(name)), "the old place keeps what it had");
    assert_eq!(migrated.copied, from.names().len());
    assert_eq!((migrated.verified.snapshots, migrated.verified.artifacts), (1, 1));
    assert_went(&from, &to).await;
}

#[tokio::test(start_paused = true)]
async fn doing_it_again_changes_nothing() {
    let (from, to) = (lived_in().await, Memory::default());
    migrate(&from, &to).await.unwrap();
    let before = (from.everything(), to.everything());
    let again = migrate(&from, &to).await.unwrap();
    assert_eq!((again.copied, again.verified.snapshots), (0, 1));
    assert_eq!((from.everything(), to.everything()), before);
}

#[tokio::test(start_paused = true)]
async fn it_is_interrupted_anywhere_and_finished_later() {
    let mut moments = 0;
    for is_old_place_lost in [true, false] {
        for moment in 0.. {
            let (from, to) = (lived_in().await, Memory::default());
            let lost = if is_old_place_lost { &from } else { &to };
            lost.dead_from(Some(lost.operations() + moment));
            let first = migrate(&from, &to).await;
            lost.dead_from(None);
            let open = [is_open(&from).await, is_open(&to).await];
            assert_ne!(open, [true, true], "after {moment} operations both places can be written to");
            migrate(&from, &to).await.unwrap_or_else(|error| panic!("after {moment} operations: {error}"));
            assert_went(&from, &to).await;
            moments += 1;
            if first.is_ok() {
                break;
            }
        }
    }
    assert!(moments > 20, "{moments} moments were tried");
}

#[tokio::test(start_paused = true)]
async fn a_place_that_holds_something_is_left_alone() {
    let (from, other) = (lived_in().await, lived_in().await);
    let before = other.everything();
    assert!(matches!(migrate(&from, &other).await, Err(StoreError::Refused(why)) if why.contains("already")));
    let strewn = Memory::default();
    let name = from.names().into_iter().find(|name| name.starts_with("snap/")).unwrap();
    strewn.insert(&name, b"something else");
    assert!(matches!(migrate(&from, &strewn).await, Err(StoreError::Refused(why)) if why.contains(&name)));
    assert!(is_open(&from).await && other.everything() == before);
    assert!(acquire(&at("old", &from)).await.is_ok(), "the lock was given back");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_open_there_keeps_the_state_here() {
    let from = lived_in().await;
    let name = from.names().into_iter().find(|name| name.starts_with("artifacts/")).unwrap();
    from.change(&name, |bytes| *bytes.last_mut().unwrap() ^= 1);
    let Err(StoreError::Damaged(why)) = migrate(&from, &Memory::default()).await else { panic!("it went") };
    assert!(why.contains(&name) && why.contains("stays where it is"), "{why}");
    assert!(is_open(&from).await);
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_and_goes_nowhere_else_meanwhile() {
    let (from, to) = (lived_in().await, Memory::default());
    migrate(&from, &to).await.unwrap();
    let elsewhere = at("old", &from).migrate(&at("third", &Memory::default()), &PATIENT, &mut |_| {}).await;
    assert!(matches!(elsewhere, Err(StoreError::Moved { to }) if to == "new"));
    acquire(&at("new", &to)).await.unwrap().publish(Snapshot::empty("shop")).await.unwrap();
    at("new", &to).migrate(&at("old", &from), &PATIENT, &mut |_| {}).await.unwrap();
    assert!(!is_open(&to).await);
    let history = at("old", &from).history().await.unwrap();
    assert_eq!(history.len(), 2);
    assert!(acquire(&at("old", &from)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_from_nowhere_or_to_where_it_is() {
    let from = lived_in().await;
    let same = at("old", &from).migrate(&at("old", &from), &PATIENT, &mut |_| {}).await;
    assert!(matches!(same, Err(StoreError::Refused(_))));
    assert!(matches!(migrate(&Memory::default(), &from).await, Err(StoreError::Refused(_))));
}
