//! The sealed store: everything siac keeps, so that a kill at any moment loses nothing, two runs never both win, and nobody
//! who has the bucket can read or change it.
//!
//! From the bytes upwards: an [`envelope`] seals one object and [`formats`] say what is inside; [`head`] is the one register that
//! changes. A [`Store`] reads what is published and takes the lock; a [`Session`] is the time with the lock: it reads what earlier
//! holders left, journals facts, and publishes the next snapshot and gives the lock back in one compare-and-swap.

mod artifacts;
pub mod envelope;
mod error;
mod files;
pub mod formats;
pub mod head;
mod journal;
mod keys;
mod labels;
mod lock;
#[cfg(test)]
mod memory;
mod migrate;
#[cfg(test)]
mod migrate_tests;
mod objects;
mod plans;
#[cfg(test)]
mod plans_tests;
mod process;
mod prune;
mod register;
mod rescue;
mod rotate;
#[cfg(test)]
pub(crate) mod samples;
mod session;
mod snapshots;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod upkeep_tests;
mod verify;
mod witness;

use std::path::PathBuf;
use std::sync::Arc;

use siac_core::model::identity::{Digest, StackUuid};
use siac_core::ports::{Blobs, Clock, Entropy, KeyProvider, Register};

pub use artifacts::StoredArtifacts;
pub use error::StoreError;
pub use formats::SavedPlan;
pub use head::{Head, Holder, Purpose};
use keys::Keyring;
pub use lock::{Takeover, Wait, Waiting};
pub use migrate::Migrated;
pub use prune::{Keep, Pruned};
pub use session::{Leaving, Session};
pub use snapshots::{Published, SnapshotName};
pub use verify::Verified;
use witness::Witness;

/// What a store is made of.
#[derive(Clone)]
pub struct Parts {
    /// The stack's name; a state of another stack is refused.
    pub stack: String,
    /// What names the store, for instance its absolute path or its bucket and prefix.
    pub backend: String,
    /// The register of this stack.
    pub register: Arc<dyn Register>,
    /// The objects of this stack.
    pub blobs: Arc<dyn Blobs>,
    /// The keys that open the state, 1 to 8; what is written is sealed for all of them.
    pub keys: Vec<Arc<dyn KeyProvider>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Who is at work.
    pub writer: Writer,
    /// The folder outside the store where the newest state seen is noted; `None` does without.
    pub witness: Option<PathBuf>,
    /// Whether an older state than the one seen is taken.
    pub accept_rollback: bool,
}

/// Who is at work, for people who meet the lock or read the history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writer {
    /// `user@host`, or what CI calls its actor.
    pub who: String,
    /// The machine.
    pub host: String,
    /// The process on it.
    pub process: u32,
    /// Which run, as its logs name it.
    pub run: String,
}

/// The state of one stack. Cloning it is cheap.
#[derive(Clone)]
pub struct Store {
    parts: Arc<Parts>,
    keyring: Keyring,
    /// Whether what is written may be sealed for other keys than HEAD is: only while keys rotate.
    changes_keys: bool,
    /// Folders for facts that the journal would not take.
    rescue: Arc<[PathBuf]>,
    witness: Arc<Witness>,
}

impl Store {
    /// The stack's name.
    pub fn stack(&self) -> &str {
        &self.parts.stack
    }

    /// What names the place of the state.
    pub fn place(&self) -> &str {
        &self.parts.backend
    }

    /// Opens a store; nothing is read yet.
    pub fn open(parts: Parts) -> Self {
        let keyring = Keyring::new(parts.keys.clone());
        let witness = Witness::new(parts.witness.clone(), &parts.stack, fingerprint(&parts), parts.accept_rollback);
        Self {
            parts: Arc::new(parts),
            keyring,
            changes_keys: false,
            rescue: Arc::default(),
            witness: Arc::new(witness),
        }
    }
}

fn fingerprint(parts: &Parts) -> Digest {
    Digest::of(parts.backend.as_bytes())
}

/// What a plan is sealed for before the stack has a state.
const NO_UUID: StackUuid = StackUuid([0; 16]);

/// The program and version, as sealed objects name it.
const CREATED_BY: &str = concat!("siac ", env!("CARGO_PKG_VERSION"));
