//! Bringing a state to another place.
//!
//! Under the lock of the old place every sealed object is copied as it is and opened at the new place. Then the old HEAD says where the state
//! went, and only after that the new HEAD is written: at no moment can both places be written to. What is interrupted is finished by
//! doing it again; whoever comes to the old place meanwhile is told where to go.

use siac_core::ports::{Hold, Put};

use super::head::{Head, Purpose};
use super::lock::{Wait, Waiting};
use super::register::{Current, SwapFault};
use super::rotate::FOLDERS;
use super::session::{Leaving, Session};
use super::verify::Verified;
use super::{Parts, Store, StoreError, envelope};

/// What was brought to another place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrated {
    /// How many objects were copied this time; those that were there already are not counted.
    pub copied: usize,
    /// What was opened at the new place.
    pub verified: Verified,
}

impl Store {
    /// Brings the state to the place of `to`, a store of the same stack with the same keys. The objects of the old place stay as they are, and
    /// its HEAD says where the state went. Doing it again when it is done changes nothing.
    ///
    /// Fails with [`StoreError::Refused`] when there is nothing to bring, or the new place holds another state; with [`StoreError::Moved`] when
    /// the state went somewhere else already; with [`StoreError::Damaged`] when an object does not open at the new place. Then the old place
    /// still counts.
    pub async fn migrate(
        &self,
        to: &Store,
        wait: &Wait,
        on_wait: &mut (dyn FnMut(&Waiting) + Send),
    ) -> Result<Migrated, StoreError> {
        if self.place() == to.place() {
            return Err(StoreError::Refused(format!("the state is in {} already", to.place())));
        }
        let Some(Current { head: here, .. }) = self.read_any_head().await? else {
            return Err(StoreError::Refused("there is no state yet; write the new place into `[state]`".to_owned()));
        };
        let there = to.read_any_head().await?;
        let is_done = check_new_place(&here, there.as_ref(), to.place())?;
        let mut migrated = Migrated::default();
        match &here.moved_to {
            Some(_) => {}
            None => migrated = self.send(to, wait, on_wait).await?,
        }
        if !is_done {
            to.receive(self, there.as_ref()).await?;
        }
        if here.moved_to.is_some() {
            migrated.verified = to.verify_all().await?;
        }
        Ok(migrated)
    }

    /// Copies everything, looks at the copy, and lets HEAD say where the state went.
    async fn send(
        &self,
        to: &Store,
        wait: &Wait,
        on_wait: &mut (dyn FnMut(&Waiting) + Send),
    ) -> Result<Migrated, StoreError> {
        let session = self.acquire(Purpose::Migrate, wait, on_wait).await?;
        match self.copy(to, &session).await {
            Ok(migrated) => session.move_away(to.place()).await.map(|()| migrated),
            Err(error) => {
                // That the lock could not be given back is the lesser trouble.
                let _ = session.release(Leaving::Clean).await;
                Err(error)
            }
        }
    }

    async fn copy(&self, to: &Store, session: &Session) -> Result<Migrated, StoreError> {
        let mut copied = 0;
        for folder in FOLDERS {
            for name in self.list(folder).await? {
                session.check_standing().await?;
                copied += usize::from(self.copy_object(to, &name).await?);
            }
        }
        let verified = self.as_kept_at(to).verify_all().await?;
        match verified.problems.is_empty() {
            true => Ok(Migrated { copied, verified }),
            false => Err(StoreError::Damaged(format!(
                "the copy in {} does not open, and the state stays where it is: {}",
                to.place(),
                verified.problems.join("; ")
            ))),
        }
    }

    /// Whether it was not there already.
    async fn copy_object(&self, to: &Store, name: &str) -> Result<bool, StoreError> {
        let missing = || StoreError::Damaged(format!("{name} is listed and not there"));
        let bytes = self.get(name).await?.ok_or_else(missing)?;
        let writing = || StoreError::backend(format!("copying {name}"));
        if to.put(name, &bytes).await.map_err(writing())? == Put::Created {
            return Ok(true);
        }
        let present = to.get(name).await?.unwrap_or_default();
        if present == bytes {
            return Ok(false);
        }
        // After a change of keys the same content has other recipients.
        let is_same =
            envelope::parse(&present).map(|object| object.id()) == envelope::parse(&bytes).map(|object| object.id());
        match is_same {
            true => to.parts.blobs.replace(name, bytes).await.map_err(writing()).map(|()| true),
            false => Err(StoreError::Refused(format!(
                "{} has another object `{name}` already; choose a place that nothing was written to",
                to.place()
            ))),
        }
    }

    /// This state, with the objects of another place.
    fn as_kept_at(&self, other: &Store) -> Store {
        Store { parts: Parts { blobs: other.parts.blobs.clone(), ..(*self.parts).clone() }.into(), ..self.clone() }
    }

    /// Writes the HEAD of a state that came here.
    async fn receive(&self, from: &Store, there: Option<&Current>) -> Result<(), StoreError> {
        let gone = || StoreError::Refused(format!("the state is no longer in {}", from.place()));
        let sent = from.read_any_head().await?.map(|current| current.head).ok_or_else(gone)?;
        let sealer = self.draw_sealer(Some(&sent)).await?;
        let uuid = sent.stack_uuid;
        let next = Head { holder: None, moved_to: None, keys: sealer.recipients.clone(), ..sent };
        match self.swap(there, next, &sealer.key, Hold::Keep).await {
            Ok(current) => self.witness.note(&current.head),
            Err(SwapFault::Other(error)) => Err(error),
            // Someone may have finished the same migration; the state goes on here then.
            Err(SwapFault::Lost | SwapFault::Held) => match self.read_any_head().await? {
                Some(current) if is_live(&current.head) && current.head.stack_uuid == uuid => Ok(()),
                _ => Err(StoreError::Refused(format!("someone else began a state in {}", self.place()))),
            },
        }
    }
}

fn is_live(head: &Head) -> bool {
    head.moved_to.is_none()
}

/// Whether everything is done already.
fn check_new_place(here: &Head, there: Option<&Current>, to: &str) -> Result<bool, StoreError> {
    if let Some(moved) = here.moved_to.as_ref().filter(|moved| *moved != to) {
        return Err(StoreError::Moved { to: moved.clone() });
    }
    let Some(Current { head: there, .. }) = there else { return Ok(false) };
    let is_same = there.stack_uuid == here.stack_uuid;
    match (is_same, is_live(there)) {
        (true, true) if here.moved_to.is_some() => Ok(true),
        // It came from there, and goes back.
        (true, false) => Ok(false),
        _ => Err(StoreError::Refused(format!("{to} holds a state of this stack already; choose another place"))),
    }
}
