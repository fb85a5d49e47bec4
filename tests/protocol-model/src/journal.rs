//! The journal: one sequence of records per tenure, each created only if its place is still free.
//!
//! That single condition is the fence for cloud calls. A new holder takes the next free place of every older journal with a seal; the old
//! holder's next record then finds its place taken, so the call that needed it as its intent is never made.

use crate::identity::{Epoch, ObjectId, OpId};

/// One durable record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Record {
    /// An object is about to be created by this operation.
    CreateIntended(OpId),
    /// The operation made this object.
    Created(OpId, ObjectId),
    /// This object is about to be deleted.
    DeleteIntended(ObjectId),
    /// This object is gone.
    Deleted(ObjectId),
    /// A later holder closed the journal.
    Seal,
}

/// The journal of one tenure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Journal(pub Vec<Record>);

/// All journals of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Journals(Vec<Journal>);

/// The place of a record was taken: someone else is, or was, the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceTaken;

impl Journal {
    /// Creates a record at a place, if that place is free.
    pub fn create_if_absent(&mut self, place: usize, record: Record) -> Result<(), PlaceTaken> {
        if self.0.len() != place {
            return Err(PlaceTaken);
        }
        self.0.push(record);
        Ok(())
    }

    /// Closes the journal, unless it is closed.
    pub fn seal(&mut self) {
        if self.0.last() != Some(&Record::Seal) {
            self.0.push(Record::Seal);
        }
    }

    /// Whether something follows the seal.
    pub fn is_broken(&self) -> bool {
        self.0.iter().rev().skip(1).any(|record| *record == Record::Seal)
    }
}

impl Journals {
    /// The journal of a tenure, which is empty until someone writes to it.
    pub fn of(&mut self, epoch: Epoch) -> &mut Journal {
        let place = usize::from(epoch.0);
        if self.0.len() <= place {
            self.0.resize_with(place + 1, Journal::default);
        }
        &mut self.0[place]
    }

    /// The records of the tenures after `from`, before `to`, in order.
    pub fn between(&self, from: Epoch, to: Epoch) -> impl Iterator<Item = &Record> {
        let journals = self.0.iter().take(usize::from(to.0)).skip(usize::from(from.0) + 1);
        journals.flat_map(|journal| &journal.0)
    }

    /// Every record.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.iter().flat_map(|journal| &journal.0)
    }

    /// Every journal.
    pub fn iter(&self) -> impl Iterator<Item = &Journal> {
        self.0.iter()
    }
}
