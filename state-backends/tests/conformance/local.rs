//! What only a folder of this machine must keep.

use std::process::Command;

use siac_core::ports::{Blobs, Hold, Register, StoreFault};
use siac_state_backends::local::LocalDirectory;

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
        .args(["--exact", "local::holder"])
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

#[tokio::test(flavor = "multi_thread")]
async fn looking_whether_a_holder_lives_tells_and_is_in_nobodys_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || LocalDirectory::open(folder.path().join("state"), false).expect("the folder opens");
    let holder = open();
    assert_eq!(holder.is_held().await, Ok(Some(false)));
    let mut version = holder.cas(None, b"1".to_vec(), Hold::Take).await.expect("the lock is free");
    assert_eq!(open().is_held().await, Ok(Some(true)));
    version = holder.cas(Some(&version), b"2".to_vec(), Hold::Release).await.expect("the holder may write");
    let looker = open();
    let looking = tokio::spawn(async move {
        for _ in 0..2_000 {
            looker.is_held().await.expect("a look");
        }
    });
    for _ in 0..20 {
        version = holder.cas(Some(&version), b"3".to_vec(), Hold::Take).await.expect("nobody but lookers is there");
        version = holder.cas(Some(&version), b"4".to_vec(), Hold::Release).await.expect("the holder may write");
    }
    looking.await.expect("looking does not fail");
    assert_eq!(open().is_held().await, Ok(Some(false)));
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
