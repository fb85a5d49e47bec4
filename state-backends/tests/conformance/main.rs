//! What every backend must keep. A backend is a row: a function that opens the same place again and again.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
mod local;
mod places;

use std::process::Command;

use places::World;
use siac_core::ports::{Hold, Put, Register, StoreFault, Version};

async fn value(register: &dyn Register) -> (u64, Option<Version>) {
    match register.read().await.expect("a register can be read") {
        None => (0, None),
        Some((bytes, version)) => (String::from_utf8(bytes).expect("text").parse().expect("a number"), Some(version)),
    }
}

/// Adds one to the number in the register, however many others do the same.
async fn increment(register: &dyn Register) {
    loop {
        let (number, version) = value(register).await;
        match register.cas(version.as_ref(), (number + 1).to_string().into_bytes(), Hold::Keep).await {
            Ok(_) => return,
            Err(StoreFault::Conflict) => {}
            Err(fault) => panic!("{fault}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_loses_no_write_among_threads() {
    let world = World::new().await;
    for row in world.rows() {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (register, _) = row.open();
                tokio::spawn(async move {
                    for _ in 0..5 {
                        increment(&*register).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no task fails");
        }
        assert_eq!(value(&*row.open().0).await.0, 40, "{}", row.name);
    }
}

#[tokio::test]
async fn a_register_refuses_an_old_view() {
    let world = World::new().await;
    for row in world.rows() {
        let (register, _) = row.open();
        let first = register.cas(None, b"1".to_vec(), Hold::Keep).await.expect("the first write");
        assert_eq!(register.cas(None, b"2".to_vec(), Hold::Keep).await, Err(StoreFault::Conflict), "{}", row.name);
        let second = register.cas(Some(&first), b"2".to_vec(), Hold::Keep).await.expect("the second write");
        assert_eq!(
            register.cas(Some(&first), b"3".to_vec(), Hold::Keep).await,
            Err(StoreFault::Conflict),
            "{}",
            row.name
        );
        assert_eq!(register.read().await.expect("it can be read"), Some((b"2".to_vec(), second)), "{}", row.name);
    }
}

#[tokio::test]
async fn a_store_that_knows_its_holder_keeps_others_out_until_it_is_gone() {
    let world = World::new().await;
    for row in world.rows() {
        let (holder, _) = row.open();
        if !holder.keeps_others_out() {
            continue;
        }
        let version = holder.cas(None, b"1".to_vec(), Hold::Take).await.expect("the lock is free");
        let (other, _) = row.open();
        assert_eq!(other.cas(Some(&version), b"2".to_vec(), Hold::Take).await, Err(StoreFault::Held), "{}", row.name);
        let version = holder.cas(Some(&version), b"2".to_vec(), Hold::Release).await.expect("the holder may write");
        let version = other.cas(Some(&version), b"3".to_vec(), Hold::Take).await.expect("the lock is free again");
        if other.patience().is_none() {
            drop(other);
            let (third, _) = row.open();
            third.cas(Some(&version), b"4".to_vec(), Hold::Take).await.expect("a holder that is gone holds nothing");
        }
    }
}

#[tokio::test]
async fn a_lease_is_broken_on_purpose_and_its_holder_writes_no_more() {
    let world = World::new().await;
    for row in world.rows() {
        let (holder, _) = row.open();
        if holder.patience().is_none() || !holder.keeps_others_out() {
            continue;
        }
        let version = holder.cas(None, b"1".to_vec(), Hold::Take).await.expect("the lock is free");
        let version = holder.cas(Some(&version), b"2".to_vec(), Hold::Keep).await.expect("the holder may write");
        let (other, _) = row.open();
        assert_eq!(other.cas(Some(&version), b"3".to_vec(), Hold::Keep).await, Err(StoreFault::Held), "{}", row.name);
        let broken = other.cas(Some(&version), b"3".to_vec(), Hold::Break).await.expect("a lease can be broken");
        for hold in [Hold::Keep, Hold::Release] {
            let late = holder.cas(Some(&broken), b"4".to_vec(), hold).await;
            assert_eq!(late, Err(StoreFault::Held), "{}: {hold:?} by a holder whose lease is gone", row.name);
        }
        let again = other.cas(Some(&broken), b"5".to_vec(), Hold::Break).await.expect("there is nothing to break");
        other.cas(Some(&again), b"6".to_vec(), Hold::Take).await.expect("nobody holds it");
    }
}

#[tokio::test]
async fn a_take_that_fails_leaves_the_lock_free() {
    let world = World::new().await;
    for row in world.rows() {
        let (late, _) = row.open();
        late.cas(None, b"1".to_vec(), Hold::Keep).await.expect("the first write");
        assert_eq!(late.cas(None, b"2".to_vec(), Hold::Take).await, Err(StoreFault::Conflict));
        let (other, _) = row.open();
        let version = value(&*other).await.1;
        other.cas(version.as_ref(), b"3".to_vec(), Hold::Take).await.expect("nobody holds it");
    }
}

#[tokio::test]
async fn objects_are_written_once_listed_in_order_and_gone_when_deleted() {
    let world = World::new().await;
    for row in world.rows() {
        let (_, blobs) = row.open();
        assert_eq!(blobs.get("wal/1/a.siac").await.expect("a look"), None);
        assert_eq!(blobs.put_new("wal/1/b.siac", b"b".to_vec()).await, Ok(Put::Created));
        assert_eq!(blobs.put_new("wal/1/a.siac", b"a".to_vec()).await, Ok(Put::Created));
        assert_eq!(blobs.put_new("wal/1/a.siac", b"x".to_vec()).await, Ok(Put::Exists));
        assert_eq!(blobs.put_new("snap/a.siac", Vec::new()).await, Ok(Put::Created));
        assert_eq!(row.open().1.get("wal/1/a.siac").await.expect("a look"), Some(b"a".to_vec()), "{}", row.name);
        assert_eq!(blobs.list("wal/").await.expect("a list"), ["wal/1/a.siac", "wal/1/b.siac"]);
        assert_eq!(blobs.list("wal/1/b").await.expect("a list"), ["wal/1/b.siac"]);
        assert_eq!(blobs.list("").await.expect("a list").len(), 3);
        blobs.replace("wal/1/a.siac", b"new".to_vec()).await.expect("it is replaced");
        assert_eq!(blobs.get("wal/1/a.siac").await.expect("a look"), Some(b"new".to_vec()));
        blobs.delete("wal/1/a.siac").await.expect("it goes");
        blobs.delete("wal/1/a.siac").await.expect("it is gone");
        assert_eq!(blobs.list("wal/").await.expect("a list"), ["wal/1/b.siac"]);
    }
}

#[tokio::test]
async fn names_never_leave_the_store() {
    let world = World::new().await;
    for row in world.rows() {
        let (_, blobs) = row.open();
        for name in ["../x", "/etc/x", "a//b", "a/../../x", ".hidden", "a b", ""] {
            assert!(blobs.put_new(name, b"x".to_vec()).await.is_err(), "{name:?}");
        }
    }
}

/// Runs only as a process of its own, started by the test below.
#[test]
fn contender() {
    let Ok(place) = std::env::var("SIAC_TEST_CONTEND") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (register, _) = places::of(&place);
        for _ in 0..10 {
            increment(&*register).await;
        }
    });
}

#[tokio::test]
async fn a_register_loses_no_write_among_processes() {
    let world = World::new().await;
    for (row, place) in world.rows().iter().filter_map(|row| Some((row, row.place.as_ref()?))) {
        let program = std::env::current_exe().expect("this program");
        let start = || Command::new(&program).args(["--exact", "contender"]).env("SIAC_TEST_CONTEND", place).spawn();
        let children: Vec<_> = (0..4).map(|_| start().expect("the program starts")).collect();
        for mut child in children {
            assert!(child.wait().expect("the program ends").success());
        }
        assert_eq!(value(&*row.open().0).await.0, 40, "{}", row.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_of_one_object_one_wins() {
    let world = World::new().await;
    for row in world.rows() {
        for round in 0..20 {
            let name = format!("wal/{round:02}/0.siac");
            let writers = (0..4_u8).map(|writer| {
                let ((_, blobs), name) = (row.open(), name.clone());
                tokio::spawn(async move { (writer, blobs.put_new(&name, vec![writer; 10_000]).await) })
            });
            let mut winners = Vec::new();
            for writer in writers.collect::<Vec<_>>() {
                let (writer, put) = writer.await.expect("no task fails");
                winners.extend((put == Ok(Put::Created)).then_some(writer));
            }
            let [winner] = winners[..] else { panic!("{}: winners of {name} are {winners:?}", row.name) };
            let bytes = row.open().1.get(&name).await.expect("it can be read");
            assert_eq!(bytes, Some(vec![winner; 10_000]), "{}", row.name);
        }
    }
}
