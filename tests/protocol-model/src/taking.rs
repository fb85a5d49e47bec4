//! Taking HEAD, closing what earlier holders left, publishing and releasing.

use crate::client::{Client, Phase, Status, fold};
use crate::head::Head;
use crate::identity::{ClientId, Epoch};
use crate::protocol::{Journaling, Protocol, Takeover, Write};
use crate::world::World;

impl World {
    /// Whether a run may try to take HEAD as it is now.
    pub fn may_try(&self, takeover: Takeover) -> bool {
        let holder = self.register.head.holder;
        takeover == Takeover::AtAnyTime || holder.is_none_or(|holder| self.client(holder).is_over())
    }

    /// A run reads HEAD.
    pub fn look(&mut self, client: ClientId) {
        let head = self.register.head.clone();
        *self.client_mut(client) = Client { view: Some(head), ..Client::ended(Phase::Looked) };
    }

    /// A run tries to become the holder: the next tenure is its own. One that comes too late starts over.
    pub fn acquire(&mut self, client: ClientId, protocol: &Protocol) {
        let Some(seen) = self.client(client).view.clone() else { return };
        let next = Head { epoch: seen.epoch.next(), holder: Some(client), ..seen.clone() };
        if !self.write(next, protocol.acquire) {
            *self.client_mut(client) = Client::new();
            return;
        }
        let head = self.register.head.clone();
        let first = first_to_seal(&head, protocol.journal);
        *self.client_mut(client) = Client { view: Some(head), ..Client::ended(Phase::Sealing(first)) };
    }

    /// The holder closes one older journal.
    pub fn seal(&mut self, client: ClientId, epoch: Epoch) {
        self.journals.of(epoch).seal();
        self.client_mut(client).phase = Phase::Sealing(epoch.next());
    }

    /// Whether a holder that has sealed every older journal may go on.
    pub fn may_recover(&self, client: ClientId, protocol: &Protocol) -> bool {
        !protocol.drain || self.cloud.is_drained_of_others(client)
    }

    /// The holder reads the older journals, refreshes what it believes to exist, and knows what is open.
    pub fn recover(&mut self, client: ClientId, journaling: Journaling) {
        let Some(view) = &self.client(client).view else { return };
        let end = if journaling == Journaling::None { view.merged } else { view.epoch };
        let records = self.journals.between(view.merged, end);
        let known: Vec<Status> =
            fold(&view.snapshot, records).into_iter().map(|status| self.refreshed(status)).collect();
        let open = !known.iter().all(Status::is_settled);
        let client = self.client_mut(client);
        client.known = known;
        client.phase = if open { Phase::Recovering } else { Phase::Working };
    }

    /// What is believed of a resource after looking whether its object still exists.
    fn refreshed(&self, status: Status) -> Status {
        match status {
            Status::Present(id) if !self.cloud.lives(id) => Status::Absent,
            status => status,
        }
    }

    /// The holder publishes. After recovery it goes on with a tenure and a journal of its own; after its work it releases.
    pub fn publish(&mut self, client: ClientId, protocol: &Protocol) {
        let publisher = self.client(client);
        let recovering = publisher.phase == Phase::Recovering;
        let Some(view) = publisher.view.clone() else { return };
        let next = Head {
            serial: view.serial + 1,
            snapshot: publisher.snapshot(),
            merged: view.epoch,
            epoch: if recovering { view.epoch.next() } else { view.epoch },
            holder: recovering.then_some(client),
            ..view
        };
        if !self.write(next, protocol.publish) {
            self.fence(client);
        } else if recovering {
            let view = Some(self.register.head.clone());
            let known = std::mem::take(&mut self.client_mut(client).known);
            *self.client_mut(client) = Client { phase: Phase::Working, view, appended: 0, known };
        } else {
            *self.client_mut(client) = Client::ended(Phase::Finished);
        }
    }

    /// The holder releases without publishing. Its journal and those before it stay unmerged.
    pub fn leave(&mut self, client: ClientId, protocol: &Protocol) {
        let Some(view) = self.client(client).view.clone() else { return };
        let left = self.write(Head { holder: None, ..view }, protocol.publish);
        *self.client_mut(client) = Client::ended(if left { Phase::Left } else { Phase::Fenced });
        self.failures_left -= 1;
    }

    fn write(&mut self, next: Head, write: Write) -> bool {
        let written = match write {
            Write::CompareAndSwap => self.register.compare_and_swap(next, &self.cloud),
            Write::Unconditional => {
                self.register.put(next, &self.cloud);
                true
            }
        };
        if written {
            self.unnoticed.clear();
        }
        written
    }
}

/// The oldest tenure whose journal a new holder must close; its own, when there is none.
fn first_to_seal(head: &Head, journaling: Journaling) -> Epoch {
    match journaling {
        Journaling::None | Journaling::Unsealed => head.epoch,
        Journaling::Sealed | Journaling::SealIgnored => head.merged.next().min(head.epoch),
    }
}
