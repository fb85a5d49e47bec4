//! HEAD: the one register that everybody writes, and the snapshots that it names.
//!
//! Lock, fence, publication and release are all writes of this register. A compare-and-swap names the version that it replaces, as
//! `If-Match` does on an object store; a store that refuses it loses nothing, because whoever is refused reads again.

use crate::cloud::Cloud;
use crate::identity::{ClientId, Epoch, ObjectId, OpId};

/// What HEAD says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Head {
    /// Changes with each write: what an ETag is to an object store.
    pub version: u8,
    /// The tenure that began with the last acquisition.
    pub epoch: Epoch,
    /// Who has it.
    pub holder: Option<ClientId>,
    /// How many snapshots were published.
    pub serial: u8,
    /// Up to which tenure the journals are contained in the snapshot.
    pub merged: Epoch,
    /// The last published snapshot. In reality HEAD names it, and it is an immutable object that was uploaded before.
    pub snapshot: Snapshot,
}

/// What is remembered of every resource.
pub type Snapshot = Vec<Recorded>;

/// What is remembered of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recorded {
    /// There is none.
    Nothing,
    /// This object.
    Object(ObjectId),
    /// A create whose outcome nobody could tell: its object may exist, now or later.
    Unsettled(OpId),
}

/// The register, and what its history shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Register {
    /// What it holds.
    pub head: Head,
    /// Whether a write dropped an object from the record that was still there: a lost update.
    pub lost_update: bool,
    /// Whether a serial went back, or got a second content.
    pub forked: bool,
}

impl Register {
    /// The register of a stack that was never deployed.
    pub fn new(resources: usize) -> Self {
        let snapshot = vec![Recorded::Nothing; resources];
        let head = Head { version: 0, epoch: Epoch(0), holder: None, serial: 0, merged: Epoch(0), snapshot };
        Self { head, lost_update: false, forked: false }
    }

    /// Writes `new` if the register still has the version that `new` was made from; answers whether it did.
    pub fn compare_and_swap(&mut self, new: Head, cloud: &Cloud) -> bool {
        let current = self.head.version == new.version;
        if current {
            self.put(new, cloud);
        }
        current
    }

    /// Writes `new` whatever is there.
    pub fn put(&mut self, new: Head, cloud: &Cloud) {
        self.lost_update |= drops_live_object(&self.head.snapshot, &new.snapshot, cloud);
        self.forked |= !follows(&self.head, &new);
        self.head = Head { version: self.head.version + 1, ..new };
    }
}

/// Whether an object of `old` is still there, and `new` does not know it.
fn drops_live_object(old: &Snapshot, new: &Snapshot, cloud: &Cloud) -> bool {
    old.iter().zip(new).any(|(old, new)| match old {
        Recorded::Object(object) => old != new && cloud.lives(*object),
        Recorded::Nothing | Recorded::Unsettled(_) => false,
    })
}

/// Whether `new` may come after `old`: the same content, or the next serial.
fn follows(old: &Head, new: &Head) -> bool {
    let unchanged = new.serial == old.serial && new.snapshot == old.snapshot;
    unchanged || new.serial == old.serial + 1
}
