//! The control socket, also in folders whose path is longer than a socket's may be.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};

/// The longest path that every system takes as the address of a socket, in bytes (macOS: 104 with its final zero).
const LONGEST: usize = 100;

/// A way to a socket that is short enough. It must be kept while the way is walked, and no longer.
struct Way {
    path: PathBuf,
    _link: Option<TempDir>,
}

fn way(folder: &Path) -> io::Result<Way> {
    let path = folder.join("control");
    if path.as_os_str().len() <= LONGEST {
        return Ok(Way { path, _link: None });
    }
    let link = tempfile::Builder::new().prefix("siac").tempdir()?;
    let short = link.path().join("s");
    symlink(folder, &short)?;
    Ok(Way { path: short.join("control"), _link: Some(link) })
}

/// Listens in a folder. The caller holds the folder's lock, so that a socket found there is a dead one.
pub fn listen(folder: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(folder.join("control")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(way(folder)?.path)
}

/// Connects to whoever listens in a folder.
pub async fn connect(folder: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(way(folder)?.path).await
}

/// Whether anybody listens in a folder.
pub fn is_listening(folder: &Path) -> bool {
    way(folder).is_ok_and(|way| std::os::unix::net::UnixStream::connect(way.path).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_long_path_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("x".repeat(90)).join("y".repeat(90));
        std::fs::create_dir_all(&deep).unwrap();
        let listener = listen(&deep).unwrap();
        let (connected, accepted) = tokio::join!(connect(&deep), listener.accept());
        assert!(connected.is_ok() && accepted.is_ok());
        drop(listener);
        assert!(listen(&deep).is_ok(), "a dead socket is replaced");
    }
}
