//! What every backend must keep. A backend is a row: a function that opens the same place again and again.

use std::process::Command;
use std::sync::Arc;

use siac_core::ports::{Blobs, Hold, Put, Register, StoreFault, Version};
use siac_state_backends::local::LocalDirectory;

/// A register and the objects beside it.
type Place = (Arc<dyn Register>, Arc<dyn Blobs>);

/// One backend under test: each call opens its place anew, as another run would.
struct Row {
    name: &'static str,
    open: Box<dyn Fn() -> Place>,
}

fn rows(folder: &std::path::Path) -> Vec<Row> {
    let folder = folder.join("state");
    let open = move || -> Place {
        let directory = LocalDirectory::open(&folder, false).expect("the folder opens");
        (Arc::new(directory.clone()), Arc::new(directory))
    };
    let local = Row { name: "local", open: Box::new(open) };
    [local].into_iter().chain(azure::row()).collect()
}

#[cfg(not(feature = "azure"))]
mod azure {
    pub(super) fn row() -> Option<super::Row> {
        None
    }
}

#[cfg(feature = "azure")]
mod azure {
    use std::sync::Arc;

    use siac_emulators::Azurite;
    use siac_state_backends::azure::{Access, AzureBlobs, Settings, bootstrap};

    /// A container of its own on an emulator.
    pub(super) fn row() -> Option<super::Row> {
        let azurite = Azurite::start();
        let access = Access::shared_key(azurite.key()).expect("the emulator's key");
        let settings = Settings {
            account: azurite.account().to_owned(),
            container: azurite.container().to_owned(),
            prefix: "team/eu".to_owned(),
            endpoint: Some(azurite.endpoint()),
        };
        // On a thread of its own: the tests have a runtime already.
        let make = || tokio::runtime::Runtime::new().expect("a runtime").block_on(bootstrap(&settings, &access));
        let made = std::thread::scope(|scope| scope.spawn(make).join().expect("no panic"));
        made.expect("the container is made");
        let open = move || -> super::Place {
            // The proxy lives as long as the row.
            let _ = &azurite;
            let blobs = AzureBlobs::open(&settings, "shop", &access).expect("the settings are fine");
            (Arc::new(blobs.clone()), Arc::new(blobs))
        };
        Some(super::Row { name: "azure-blob", open: Box::new(open) })
    }
}

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
    let folder = tempfile::tempdir().expect("a folder");
    for row in rows(folder.path()) {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (register, _) = (row.open)();
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
        assert_eq!(value(&*(row.open)().0).await.0, 40, "{}", row.name);
    }
}

#[tokio::test]
async fn a_register_refuses_an_old_view() {
    let folder = tempfile::tempdir().expect("a folder");
    for row in rows(folder.path()) {
        let (register, _) = (row.open)();
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
    let folder = tempfile::tempdir().expect("a folder");
    for row in rows(folder.path()) {
        let (holder, _) = (row.open)();
        if !holder.keeps_others_out() {
            continue;
        }
        let version = holder.cas(None, b"1".to_vec(), Hold::Take).await.expect("the lock is free");
        let (other, _) = (row.open)();
        assert_eq!(other.cas(Some(&version), b"2".to_vec(), Hold::Take).await, Err(StoreFault::Held), "{}", row.name);
        let version = holder.cas(Some(&version), b"2".to_vec(), Hold::Release).await.expect("the holder may write");
        let version = other.cas(Some(&version), b"3".to_vec(), Hold::Take).await.expect("the lock is free again");
        if other.patience().is_none() {
            drop(other);
            let (third, _) = (row.open)();
            third.cas(Some(&version), b"4".to_vec(), Hold::Take).await.expect("a holder that is gone holds nothing");
        }
    }
}

#[tokio::test]
async fn a_lease_is_broken_on_purpose_and_its_holder_writes_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    for row in rows(folder.path()) {
        let (holder, _) = (row.open)();
        if holder.patience().is_none() || !holder.keeps_others_out() {
            continue;
        }
        let version = holder.cas(None, b"1".to_vec(), Hold::Take).await.expect("the lock is free");
        let version = holder.cas(Some(&version), b"2".to_vec(), Hold::Keep).await.expect("the holder may write");
        let (other, _) = (row.open)();
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
    let folder = tempfile::tempdir().expect("a folder");
    for row in rows(folder.path()) {
        let (late, _) = (row.open)();
        late.cas(None, b"1".to_vec(), Hold::Keep).await.expect("the first write");
        assert_eq!(late.cas(None, b"2".to_vec(), Hold::Take).await, Err(StoreFault::Conflict));
        let (other, _) = (row.open)();
        let version = value(&*other).await.1;
        other.cas(version.as_ref(), b"3".to_vec(), Hold::Take).await.expect("nobody holds it");
    }
}

#[tokio::test]
async fn objects_are_written_once_listed_in_order_and_gone_when_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    for row in rows(folder.path()) {
        let (_, blobs) = (row.open)();
        assert_eq!(blobs.get("wal/1/a.siac").await.expect("a look"), None);
        assert_eq!(blobs.put_new("wal/1/b.siac", b"b".to_vec()).await, Ok(Put::Created));
        assert_eq!(blobs.put_new("wal/1/a.siac", b"a".to_vec()).await, Ok(Put::Created));
        assert_eq!(blobs.put_new("wal/1/a.siac", b"x".to_vec()).await, Ok(Put::Exists));
        assert_eq!(blobs.put_new("snap/a.siac", Vec::new()).await, Ok(Put::Created));
        assert_eq!((row.open)().1.get("wal/1/a.siac").await.expect("a look"), Some(b"a".to_vec()), "{}", row.name);
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
    let folder = tempfile::tempdir().expect("a folder");
    for row in rows(folder.path()) {
        let (_, blobs) = (row.open)();
        for name in ["../x", "/etc/x", "a//b", "a/../../x", ".hidden", "a b", ""] {
            assert!(blobs.put_new(name, b"x".to_vec()).await.is_err(), "{name:?}");
        }
    }
}

/// Runs only as a process of its own, started by the test below.
#[test]
fn contender() {
    let Ok(folder) = std::env::var("SIAC_TEST_CONTEND") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let directory = LocalDirectory::open(folder, false).expect("the folder opens");
    runtime.block_on(async {
        for _ in 0..10 {
            increment(&directory).await;
        }
    });
}

#[test]
fn a_register_loses_no_write_among_processes() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("this program");
    let start = || {
        Command::new(&program)
            .args(["--exact", "contender"])
            .env("SIAC_TEST_CONTEND", folder.path().join("state"))
            .spawn()
    };
    let children: Vec<_> = (0..4).map(|_| start().expect("the program starts")).collect();
    for mut child in children {
        assert!(child.wait().expect("the program ends").success());
    }
    let directory = LocalDirectory::open(folder.path().join("state"), false).expect("the folder opens");
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    assert_eq!(runtime.block_on(value(&directory)).0, 40);
}

/// Runs only as a process of its own, started by the test below: holds the lock until it is killed.
#[test]
fn holder() {
    let Ok(folder) = std::env::var("SIAC_TEST_HOLD") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let directory = LocalDirectory::open(&folder, false).expect("the folder opens");
    runtime.block_on(async {
        directory.cas(None, b"held".to_vec(), Hold::Take).await.expect("nobody holds it");
        std::future::pending::<()>().await;
    });
}

#[tokio::test]
async fn a_holder_that_was_killed_holds_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = LocalDirectory::open(folder.path().join("state"), false).expect("the folder opens");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "holder"])
        .env("SIAC_TEST_HOLD", folder.path().join("state"))
        .spawn()
        .expect("the program starts");
    let version = loop {
        match directory.read().await.expect("it can be read") {
            Some((_, version)) => break version,
            None => {
                assert!(child.try_wait().expect("it can be asked").is_none(), "the holder ended early");
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        }
    };
    let while_it_lives = directory.cas(Some(&version), b"mine".to_vec(), Hold::Take).await;
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    assert_eq!(while_it_lives, Err(StoreFault::Held));
    directory.cas(Some(&version), b"mine".to_vec(), Hold::Take).await.expect("the dead hold nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_of_one_object_one_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    for row in rows(folder.path()) {
        for round in 0..20 {
            let name = format!("wal/{round:02}/0.siac");
            let writers = (0..4_u8).map(|writer| {
                let ((_, blobs), name) = ((row.open)(), name.clone());
                tokio::spawn(async move { (writer, blobs.put_new(&name, vec![writer; 10_000]).await) })
            });
            let mut winners = Vec::new();
            for writer in writers.collect::<Vec<_>>() {
                let (writer, put) = writer.await.expect("no task fails");
                winners.extend((put == Ok(Put::Created)).then_some(writer));
            }
            let [winner] = winners[..] else { panic!("{}: winners of {name} are {winners:?}", row.name) };
            let bytes = (row.open)().1.get(&name).await.expect("it can be read");
            assert_eq!(bytes, Some(vec![winner; 10_000]), "{}", row.name);
        }
    }
}

#[tokio::test]
async fn links_and_pipes_in_the_state_folder_are_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (state, outside) = (folder.path().join("state"), folder.path().join("outside"));
    let directory = LocalDirectory::open(&state, false).expect("the folder opens");
    directory.put_new("snap/a", b"x".to_vec()).await.expect("it is written");
    std::fs::write(&outside, b"mine").expect("a file");
    for name in ["HEAD", "step", "snap/link"] {
        std::os::unix::fs::symlink(&outside, state.join(name)).expect("a link");
    }
    assert!(directory.get("snap/link").await.is_err());
    let Err(StoreFault::Failed(why)) = directory.read().await else { panic!("a link was followed") };
    assert!(why.contains("symbolic link"), "{why}");
    assert!(directory.cas(None, b"new".to_vec(), Hold::Keep).await.is_err());
    assert_eq!(std::fs::read(&outside).expect("it is still there"), b"mine");
    rustix::fs::mknodat(rustix::fs::CWD, state.join("snap/pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .expect("a pipe");
    assert!(directory.get("snap/pipe").await.is_err(), "a pipe is not read, nor waited for");
}

#[test]
fn a_folder_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).expect("modes can change");
    let Err(fault) = LocalDirectory::open(folder.path(), false) else { panic!("it was taken") };
    assert!(fault.to_string().contains("chmod 700"), "{fault}");
}
