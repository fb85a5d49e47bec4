//! Every backend as a row: a place that is opened again and again, also by other processes.

use std::sync::Arc;

use siac_core::ports::{Blobs, Register};
use siac_state_backends::local::LocalDirectory;

/// A register and the objects beside it.
pub type Place = (Arc<dyn Register>, Arc<dyn Blobs>);

/// One backend under test: each call opens its place anew, as another run would.
pub struct Row {
    pub name: &'static str,
    /// The place, in words that another process understands.
    pub place: Option<String>,
    opener: Box<dyn Fn() -> Place>,
}

impl Row {
    /// A backend that other processes open as well.
    pub fn shared(name: &'static str, place: String) -> Self {
        let words = place.clone();
        Self { name, place: Some(place), opener: Box::new(move || of(&words)) }
    }

    /// A backend that only this process opens.
    #[cfg(feature = "azure")]
    pub fn own(name: &'static str, opener: impl Fn() -> Place + 'static) -> Self {
        Self { name, place: None, opener: Box::new(opener) }
    }

    pub fn open(&self) -> Place {
        (self.opener)()
    }
}

/// What the rows need to be there.
pub struct World {
    folder: tempfile::TempDir,
    #[cfg(feature = "aws")]
    aws: crate::aws::Cloud,
}

impl World {
    pub async fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            #[cfg(feature = "aws")]
            aws: crate::aws::Cloud::new().await,
        }
    }

    pub fn rows(&self) -> Vec<Row> {
        let folder = self.folder.path().join("state");
        #[allow(unused_mut)]
        let mut rows = vec![Row::shared("local", format!("local {}", folder.display()))];
        #[cfg(feature = "aws")]
        rows.extend(self.aws.rows());
        #[cfg(feature = "azure")]
        rows.push(crate::azure::row());
        rows
    }
}

/// The place that these words mean.
pub fn of(words: &str) -> Place {
    let (kind, rest) = words.split_once(' ').expect("a kind and what it needs");
    match kind {
        "local" => {
            let directory = LocalDirectory::open(rest, false).expect("the folder opens");
            (Arc::new(directory.clone()), Arc::new(directory))
        }
        #[cfg(feature = "aws")]
        "s3" => crate::aws::place(rest),
        other => panic!("there is no place of kind {other}"),
    }
}
