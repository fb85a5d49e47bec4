use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::model::event::Fact;
use siac_core::model::identity::OpId;
use siac_core::model::snapshot::{Snapshot, Status};
use siac_core::ports::{Hold, StoreFault, Version};

use super::memory::{Client, Memory, Trouble};
use super::samples::{self, CANARY};
use super::*;
use crate::journal::{Journal, JournalFault};

pub(super) fn fact(text: &str) -> Fact {
    Fact::UndoBegan { because: text.into() }
}

pub(super) fn facts(texts: &[&str]) -> Vec<Fact> {
    texts.iter().map(|text| fact(text)).collect()
}

pub(super) async fn acquire(store: &Store) -> Result<Session, StoreError> {
    wait(store, 0).await
}

pub(super) async fn wait(store: &Store, seconds: u64) -> Result<Session, StoreError> {
    let wait = Wait { timeout: Duration::from_secs(seconds), takeover: Takeover::Automatic };
    store.acquire(Purpose::Apply, &wait, &mut |_| {}).await
}

async fn sleep(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// One deployment from beginning to end.
pub(super) async fn deploy(store: &Store, operations: &[u8]) -> Result<Published, StoreError> {
    let mut session = wait(store, 300).await?;
    session.append(&facts(&["begun"])).await.map_err(|fault| StoreError::Refused(fault.to_string()))?;
    session.publish(samples::snapshot_of(operations)).await
}

#[tokio::test(start_paused = true)]
async fn what_is_published_is_read_and_the_lock_is_free() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    assert_eq!(store.latest().await.unwrap(), None);
    let first = deploy(&store, &[2]).await.unwrap();
    assert_eq!(first.snapshot.serial, 1);
    assert_eq!(store.latest().await.unwrap().unwrap().id, first.id);
    assert_eq!(store.lock_status().await.unwrap().unwrap().holder, None);

    let other = Client::new("bob").open(&memory);
    let second = deploy(&other, &[2, 4]).await.unwrap();
    assert_eq!((second.snapshot.serial, second.snapshot.parent), (2, Some(first.id)));
    assert_eq!(second.snapshot.uuid, first.snapshot.uuid);
    assert_eq!(second.snapshot.stack_secret, first.snapshot.stack_secret);
    assert_eq!(second.snapshot.history, vec![first.entry()]);
    assert_eq!(second.snapshot.who, "bob");
    assert_eq!(store.find(&SnapshotName::Serial(1)).await.unwrap().snapshot.records.len(), 1);
    assert_eq!(store.history().await.unwrap().len(), 2);
}

/// A register that shows an old content once, as it is to whoever has read it just before it changed.
struct OutOfDate {
    old: Memory,
    now: Memory,
    was_read: AtomicBool,
}

#[async_trait]
impl Register for OutOfDate {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault> {
        let memory = if self.was_read.swap(true, Ordering::SeqCst) { &self.now } else { &self.old };
        memory.read().await
    }

    async fn cas(&self, expected: Option<&Version>, content: Vec<u8>, hold: Hold) -> Result<Version, StoreFault> {
        self.now.cas(expected, content, hold).await
    }

    fn patience(&self) -> Option<Duration> {
        self.now.patience()
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_while_another_run_of_the_machine_publishes_is_not_told_of_an_old_copy() {
    let (folder, memory) = (tempfile::tempdir().unwrap(), Memory::default());
    let client = Client { witness: Some(folder.path().to_owned()), ..Client::new("ann") };
    let store = client.open(&memory);
    deploy(&store, &[2]).await.unwrap();
    let old = memory.copy();
    deploy(&store, &[2, 4]).await.unwrap();
    let register = OutOfDate { old, now: memory.clone(), was_read: AtomicBool::new(false) };
    let parts = Parts { register: Arc::new(register), ..(*store.parts).clone() };
    let reader = Store { parts: parts.into(), ..store };
    assert_eq!(reader.read_head().await.unwrap().unwrap().head.serial, 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_stored_shows_a_secret() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let mut session = acquire(&store).await.unwrap();
    session.append(&samples::facts()).await.unwrap();
    session.put_artifact(CANARY.as_bytes()).await.unwrap();
    session.publish(samples::snapshot_of(&[2])).await.unwrap();
    let everything = memory.everything();
    assert!(!everything.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
}

#[tokio::test(start_paused = true)]
async fn one_holds_the_lock_and_others_hear_who_it_is() {
    let memory = Memory::default();
    let ann = acquire(&Client::new("ann").open(&memory)).await.unwrap();
    let mut heard = Vec::new();
    let wait = Wait { timeout: Duration::from_secs(500), takeover: Takeover::Automatic };
    let bob = Client::new("bob").open(&memory);
    let refused = bob.acquire(Purpose::Apply, &wait, &mut |waiting| heard.push(waiting.clone())).await.err().unwrap();
    assert!(matches!(&refused, StoreError::Held { holder: Some(holder), .. } if holder.who == "ann"), "{refused}");
    assert!(heard.iter().all(|waiting| waiting.holder.as_ref().is_some_and(|holder| holder.who == "ann")));
    assert!(heard.len() > 100);
    ann.release(Leaving::Clean).await.unwrap();
    acquire(&bob).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_silent_holder_is_taken_over_and_fenced() {
    let memory = Memory::default();
    let ann_store = Client::new("ann").open(&memory);
    deploy(&ann_store, &[2]).await.unwrap();
    let mut ann = acquire(&ann_store).await.unwrap();
    let fence = ann.fence();
    ann.append(&facts(&["intent"])).await.unwrap();
    assert!(fence.may_call());

    // Ann's machine is suspended: no more signs of life.
    ann.stop_heart();
    let bob_store = Client::new("bob").open(&memory);
    let mut bob = wait(&bob_store, 100).await.unwrap();
    assert_eq!(bob.took_over().unwrap().who, "ann");
    assert_eq!(bob.unmerged(), facts(&["intent"]));

    assert!(!fence.may_call());
    assert_eq!(ann.append(&facts(&["late"])).await, Err(JournalFault::Fenced));
    let error = ann.publish(samples::snapshot_of(&[2, 6])).await.unwrap_err();
    assert!(matches!(&error, StoreError::Fenced { by: Some(by) } if by.who == "bob"), "{error}");
    bob.publish(samples::snapshot_of(&[2, 4])).await.unwrap();
    assert_eq!(ann_store.latest().await.unwrap().unwrap().snapshot.records.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_paused_holder_that_wakes_can_make_no_intent_durable() {
    let memory = Memory::default();
    let mut ann = acquire(&Client::new("ann").open(&memory)).await.unwrap();
    ann.stop_heart();
    let bob = wait(&Client::new("bob").open(&memory), 100).await.unwrap();
    // Ann believes what she believed before.
    assert_eq!(ann.append(&facts(&["late"])).await, Err(JournalFault::Fenced));
    assert!(bob.unmerged().is_empty());
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_keep_the_lock() {
    let memory = Memory::default();
    let ann = acquire(&Client::new("ann").open(&memory)).await.unwrap();
    sleep(1_000).await;
    assert!(ann.fence().may_call());
    let refused = wait(&Client::new("bob").open(&memory), 200).await;
    assert!(matches!(refused, Err(StoreError::Held { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_cannot_be_heard_starts_nothing() {
    let memory = Memory::default();
    let ann = acquire(&Client::new("ann").open(&memory)).await.unwrap();
    let fence = ann.fence();
    memory.dead_from(Some(0));
    sleep(29).await;
    assert!(fence.may_call());
    sleep(25).await;
    assert!(!fence.may_call());
    memory.dead_from(None);
    sleep(25).await;
    assert!(fence.may_call(), "nobody took over meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_broken_lock_fences_its_holder() {
    let memory = Memory::default();
    let ann_store = Client::new("ann").open(&memory);
    let mut ann = acquire(&ann_store).await.unwrap();
    let bob_store = Client::new("bob").open(&memory);
    assert_eq!(bob_store.break_lock().await.unwrap().unwrap().who, "ann");
    assert_eq!(bob_store.break_lock().await.unwrap(), None);
    assert!(bob_store.lock_status().await.unwrap().unwrap().dirty);
    assert!(matches!(ann.publish(samples::snapshot_of(&[2])).await, Err(StoreError::Fenced { .. })));
    sleep(30).await;
    assert!(!ann.fence().may_call());
    deploy(&bob_store, &[4]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_first_runs_make_one_state() {
    let memory = Memory::default();
    let (ann, bob) = (Client::new("ann").open(&memory), Client::new("bob").open(&memory));
    let (first, second) = tokio::join!(deploy(&ann, &[2]), deploy(&bob, &[4]));
    let (first, second) = (first.unwrap().snapshot, second.unwrap().snapshot);
    assert_eq!(first.uuid, second.uuid);
    assert_eq!(first.stack_secret, second.stack_secret);
    assert_eq!(first.serial + second.serial, 3);
}

#[tokio::test(start_paused = true)]
async fn the_stack_secret_outlives_a_first_run_that_died() {
    let memory = Memory::default();
    let ann = acquire(&Client::new("ann").open(&memory)).await.unwrap();
    let secret = ann.stack_secret().clone();
    drop(ann);
    let bob = wait(&Client::new("bob").open(&memory), 100).await.unwrap();
    assert_eq!(bob.stack_secret(), &secret);
    bob.release(Leaving::Clean).await.unwrap();
    assert_eq!(acquire(&Client::new("eve").open(&memory)).await.unwrap().stack_secret(), &secret);
}

#[tokio::test(start_paused = true)]
async fn facts_stay_until_a_snapshot_holds_them() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let mut one = acquire(&store).await.unwrap();
    one.append(&facts(&["a", "b"])).await.unwrap();
    one.append(&facts(&["c"])).await.unwrap();
    assert_eq!(store.unmerged().await.unwrap(), facts(&["a", "b", "c"]), "whoever only looks sees them, too");
    one.release(Leaving::Dirty).await.unwrap();
    assert!(store.lock_status().await.unwrap().unwrap().dirty);
    assert_eq!(store.unmerged().await.unwrap(), facts(&["a", "b", "c"]));
    let two = acquire(&store).await.unwrap();
    assert_eq!(two.unmerged(), facts(&["a", "b", "c"]));
    two.release(Leaving::Clean).await.unwrap();
    assert!(store.lock_status().await.unwrap().unwrap().dirty, "it still is");

    let mut three = acquire(&store).await.unwrap();
    three.append(&facts(&["d"])).await.unwrap();
    three.publish_and_continue(samples::snapshot_of(&[2])).await.unwrap();
    assert!(three.unmerged().is_empty() && store.unmerged().await.unwrap().is_empty());
    three.append(&facts(&["e"])).await.unwrap();
    drop(three);
    let four = wait(&store, 100).await.unwrap();
    assert_eq!(four.unmerged(), facts(&["e"]));
    assert_eq!(four.base().unwrap().snapshot.serial, 1);
}

#[tokio::test(start_paused = true)]
async fn a_clean_session_leaves_nothing_to_close() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    deploy(&store, &[2]).await.unwrap();
    for _ in 0..5 {
        acquire(&store).await.unwrap().release(Leaving::Clean).await.unwrap();
    }
    let head = store.lock_status().await.unwrap().unwrap();
    assert_eq!(head.wal_merged_epoch, head.epoch);
    assert!(matches!(acquire(&store).await.unwrap().publish(Snapshot::empty("")).await.unwrap().snapshot.serial, 2));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_contradicts_itself_is_not_published() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let mut session = acquire(&store).await.unwrap();
    let mut twins = samples::snapshot_of(&[2, 4]);
    for record in twins.records.values_mut() {
        record.object.as_mut().unwrap().op = OpId([9; 16]);
    }
    assert!(matches!(session.publish(twins).await, Err(StoreError::Inconsistent(_))));
    assert_eq!(store.latest().await.unwrap(), None);
    session.publish(samples::snapshot_of(&[2])).await.unwrap();
    assert_eq!(session.publish(samples::snapshot_of(&[2])).await.unwrap_err(), StoreError::Over);
}

#[tokio::test(start_paused = true)]
async fn any_one_trouble_of_the_store_is_survived() {
    let quiet = Memory::default();
    let store = Client::new("ann").open(&quiet);
    let expected = [deploy(&store, &[2]).await.unwrap(), deploy(&store, &[2, 4]).await.unwrap()];
    for trouble in [Trouble::Refused, Trouble::LostRequest, Trouble::LostAnswer] {
        for operation in 0..quiet.operations() {
            let memory = Memory::default();
            memory.trouble_at(operation, trouble);
            let store = Client::new("ann").open(&memory);
            for (expected, operations) in expected.iter().zip([&[2][..], &[2, 4]]) {
                let told = format!("{trouble:?} at {operation}");
                let published = deploy(&store, operations).await.unwrap_or_else(|error| panic!("{told}: {error}"));
                assert_eq!(published.snapshot.records, expected.snapshot.records, "{told}");
                assert_eq!(published.snapshot.serial, expected.snapshot.serial, "{told}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_moment_loses_nothing() {
    let quiet = Memory::default();
    let store = Client::new("ann").open(&quiet);
    deploy(&store, &[2]).await.unwrap();
    for operation in 0..quiet.operations() {
        let memory = Memory::default();
        memory.dead_from(Some(operation));
        let outcome = deploy(&Client::new("ann").open(&memory), &[2]).await;
        memory.dead_from(None);
        let store = Client::new("bob").open(&memory);
        let session = wait(&store, 100).await.unwrap_or_else(|error| panic!("dead from {operation}: {error}"));
        let was_published = session.base().is_some();
        assert!(was_published || outcome.is_err(), "dead from {operation}");
        assert!(!was_published || session.unmerged().is_empty(), "dead from {operation}");
        session.release(Leaving::Clean).await.unwrap();
        deploy(&store, &[2, 4]).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn facts_that_could_not_be_written_can_be_appended_again() {
    for trouble in [Trouble::Full, Trouble::LostAnswer] {
        let memory = Memory::default();
        let store = Client::new("ann").open(&memory);
        deploy(&store, &[2]).await.unwrap();
        let mut session = acquire(&store).await.unwrap();
        // The write goes wrong, and so does every attempt after it.
        let next = memory.operations();
        memory.trouble_at(next, trouble);
        memory.dead_from(Some(next + 1));
        let failed = session.append(&facts(&["a", "b"])).await;
        assert!(matches!(failed, Err(JournalFault::Failed(_))), "{failed:?}");
        memory.dead_from(None);
        session.append(&facts(&["a", "b", "c"])).await.unwrap();
        session.append(&facts(&["d"])).await.unwrap();
        drop(session);
        let after = wait(&store, 100).await.unwrap();
        assert_eq!(after.unmerged(), facts(&["a", "b", "c", "d"]), "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_store_says_so_and_keeps_what_it_had() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let first = deploy(&store, &[2]).await.unwrap();
    let mut session = acquire(&store).await.unwrap();
    memory.trouble_at(memory.operations(), Trouble::Full);
    let error = session.publish(samples::snapshot_of(&[2, 4])).await.unwrap_err();
    assert!(error.to_string().contains("no space left"), "{error}");
    assert_eq!(store.latest().await.unwrap().unwrap().id, first.id);
    session.publish(samples::snapshot_of(&[2, 4])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_publishing_whose_answer_was_lost_for_long_is_known_again() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let before = memory.operations();
    let mut rehearsal = acquire(&store).await.unwrap();
    let begun = memory.operations() - before;
    rehearsal.publish(samples::snapshot_of(&[2])).await.unwrap();

    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let mut session = acquire(&store).await.unwrap();
    // The upload goes well, HEAD is written, and then the network is gone for minutes.
    let head = begun + 1;
    memory.trouble_at(head, Trouble::LostAnswer);
    memory.dead_from(Some(head + 1));
    assert!(matches!(session.publish(samples::snapshot_of(&[2])).await, Err(StoreError::Backend { .. })));
    memory.dead_from(None);
    sleep(100).await;
    let published = session.publish(samples::snapshot_of(&[2])).await.unwrap();
    assert_eq!(published.snapshot.serial, 1);
    assert_eq!(store.latest().await.unwrap().unwrap().id, published.id);
    acquire(&store).await.unwrap();
}

// Keys.

#[tokio::test(start_paused = true)]
async fn a_wrong_key_opens_nothing_and_says_what_would() {
    let memory = Memory::default();
    deploy(&Client::new("ann").open(&memory), &[2]).await.unwrap();
    let stranger = Client { keys: vec![7], ..Client::new("eve") }.open(&memory);
    let error = stranger.latest().await.unwrap_err();
    assert!(matches!(&error, StoreError::NoKey { needed, .. } if needed == &["test 1"]), "{error}");
    assert!(acquire(&stranger).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn keys_change_only_by_rotation() {
    let memory = Memory::default();
    deploy(&Client::new("ann").open(&memory), &[2]).await.unwrap();
    let more = Client { keys: vec![1, 2], ..Client::new("bob") }.open(&memory);
    assert!(more.latest().await.unwrap().is_some());
    let error = acquire(&more).await.err().unwrap();
    assert!(matches!(error, StoreError::OtherKeys { .. }), "{error}");
    let none = Client { keys: vec![], ..Client::new("eve") }.open(&Memory::default());
    assert_eq!(acquire(&none).await.err(), Some(StoreError::KeyCount(0)));
}

// Tampering.

#[tokio::test(start_paused = true)]
async fn damage_is_noticed_wherever_it_is() {
    let healthy = Memory::default();
    let store = Client::new("ann").open(&healthy);
    deploy(&store, &[2]).await.unwrap();
    let mut session = acquire(&store).await.unwrap();
    for text in ["a", "b", "c"] {
        session.append(&facts(&[text])).await.unwrap();
    }
    session.release(Leaving::Dirty).await.unwrap();
    let merged = |name: &String| name.starts_with("wal/0000000000000001/");
    for name in healthy.names().into_iter().filter(|name| !merged(name)) {
        let changed = healthy.copy();
        changed.change(&name, |bytes| *bytes.last_mut().unwrap() ^= 1);
        assert!(acquire(&Client::new("bob").open(&changed)).await.is_err(), "{name} was changed");
    }
    let middle = "wal/0000000000000002/00000001.siac";
    let cut = healthy.copy();
    cut.remove(middle);
    let error = acquire(&Client::new("bob").open(&cut)).await.err().unwrap();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    // The lock is given back, so that a repaired store can be used.
    assert_eq!(Client::new("bob").open(&cut).lock_status().await.unwrap().unwrap().holder, None);
}

#[tokio::test(start_paused = true)]
async fn objects_of_another_stack_are_refused() {
    let (memory, other) = (Memory::default(), Memory::default());
    let ours = deploy(&Client::new("ann").open(&memory), &[2]).await.unwrap();
    let theirs = deploy(&Client::new("bob").open(&other), &[4]).await.unwrap();
    let name = |published: &Published| snapshots::object_name(1, &published.id);
    let mut stolen = Vec::new();
    other.change(&name(&theirs), |bytes| stolen.clone_from(bytes));
    memory.change(&name(&ours), |bytes| *bytes = stolen);
    assert!(Client::new("ann").open(&memory).latest().await.is_err());
}

// Replay.

#[tokio::test(start_paused = true)]
async fn an_older_copy_is_refused_where_the_newer_was_seen() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::default();
    let client = Client { witness: Some(folder.path().join("witness")), ..Client::new("ann") };
    let store = client.open(&memory);
    deploy(&store, &[2]).await.unwrap();
    let copy = memory.copy();
    deploy(&store, &[2, 4]).await.unwrap();
    memory.put_back(&copy);
    let error = store.latest().await.unwrap_err();
    assert!(matches!(error, StoreError::RolledBack { .. }), "{error}");
    assert!(matches!(acquire(&store).await, Err(StoreError::RolledBack { .. })));

    let accepting =
        Client { accept_rollback: true, witness: client.witness.clone(), ..Client::new("ann") }.open(&memory);
    assert_eq!(accepting.latest().await.unwrap().unwrap().snapshot.serial, 1);
    assert_eq!(store.latest().await.unwrap().unwrap().snapshot.serial, 1, "accepted once is accepted");
}

#[tokio::test(start_paused = true)]
async fn an_emptied_store_is_not_taken_for_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::default();
    let client = Client { witness: Some(folder.path().to_owned()), ..Client::new("ann") };
    deploy(&client.open(&memory), &[2]).await.unwrap();
    memory.put_back(&Memory::default());
    assert!(matches!(client.open(&memory).latest().await, Err(StoreError::RolledBack { .. })));
    assert!(matches!(acquire(&client.open(&memory)).await, Err(StoreError::RolledBack { .. })));
}

#[tokio::test(start_paused = true)]
async fn snapshots_beyond_head_betray_an_old_head() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let first = deploy(&store, &[2]).await.unwrap();
    memory.insert(&snapshots::object_name(2, &first.id), b"what an interrupted publishing left");
    acquire(&store).await.unwrap().release(Leaving::Clean).await.unwrap();
    memory.insert(&snapshots::object_name(3, &first.id), b"");
    assert!(matches!(acquire(&store).await, Err(StoreError::RolledBack { .. })));
}

// Artifacts.

#[tokio::test(start_paused = true)]
async fn artifacts_are_kept_once_and_found_again() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let mut session = acquire(&store).await.unwrap();
    let digest = session.put_artifact(b"code").await.unwrap();
    assert_eq!(session.put_artifact(b"code").await.unwrap(), digest);
    assert_eq!(memory.names().iter().filter(|name| name.starts_with("artifacts/")).count(), 1);
    assert!(!memory.names().iter().any(|name| name.contains(&digest.to_string())), "the name tells no digest");
    session.publish(samples::snapshot_of(&[2])).await.unwrap();
    let published = store.latest().await.unwrap().unwrap().snapshot;
    let artifacts = store.artifacts(published.uuid, &published.stack_secret);
    assert_eq!(artifacts.get(&digest).await.unwrap(), b"code");
    let missing = artifacts.get(&Digest::of(b"other")).await;
    assert!(matches!(missing, Err(StoreError::NoArtifact(_))));
}

#[tokio::test(start_paused = true)]
async fn an_edit_keeps_its_status() {
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory);
    let mut session = acquire(&store).await.unwrap();
    let edited = Snapshot { status: Status::Edited, summary: "moved".into(), ..samples::snapshot_of(&[2]) };
    let published = session.publish(edited).await.unwrap();
    assert_eq!((published.entry().status, published.entry().summary.as_str()), (Status::Edited, "moved"));
}

// Rescue.

#[tokio::test(start_paused = true)]
async fn what_the_journal_would_not_take_is_found_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::default();
    let store = Client::new("ann").open(&memory).with_rescue(vec![folder.path().join("rescue")]);
    deploy(&store, &[2]).await.unwrap();
    let mut session = acquire(&store).await.unwrap();
    session.append(&samples::facts()).await.unwrap();
    memory.trouble_at(memory.operations(), Trouble::Full);
    let secret = samples::facts().into_iter().find(|fact| matches!(fact, Fact::Checkpointed { .. })).unwrap();
    assert!(session.append(std::slice::from_ref(&secret)).await.is_err());
    let path = session.write_rescue(std::slice::from_ref(&secret)).unwrap();
    assert!(!std::fs::read(&path).unwrap().windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
    drop(session);

    let mut next = wait(&store, 100).await.unwrap();
    assert_eq!(next.unmerged().len(), samples::facts().len() + 1);
    assert_eq!(next.unmerged().last(), Some(&secret));
    next.publish(samples::snapshot_of(&[2])).await.unwrap();
    assert!(!path.exists());
    assert!(acquire(&store).await.unwrap().unmerged().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rescue_file_goes_where_there_is_room_and_is_not_trusted_blindly() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), b"").unwrap();
    let memory = Memory::default();
    let folders = vec![folder.path().join("file/none"), folder.path().join("rescue")];
    let none = Client::new("ann").open(&memory);
    let mut session = acquire(&none).await.unwrap();
    assert!(session.write_rescue(&facts(&["a"])).is_err(), "no folder is configured");
    session.release(Leaving::Clean).await.unwrap();

    let store = Client::new("bob").open(&memory).with_rescue(folders);
    let mut session = acquire(&store).await.unwrap();
    let path = session.write_rescue(&facts(&["a"])).unwrap();
    session.release(Leaving::Clean).await.unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(acquire(&store).await, Err(StoreError::Sealed { .. })));
    assert_eq!(store.lock_status().await.unwrap().unwrap().holder, None);
    std::fs::remove_file(&path).unwrap();
    assert!(acquire(&store).await.unwrap().write_rescue(&facts(&["b"])).unwrap().exists());
}
