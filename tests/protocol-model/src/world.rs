//! Everything there is, at one moment.

use crate::client::{Client, Status};
use crate::cloud::Cloud;
use crate::head::{Recorded, Register};
use crate::identity::{ClientId, ObjectId, OpId, ResourceId};
use crate::journal::{Journals, Record};
use crate::protocol::{Bounds, Draw, Journaling};

/// One state of the model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// HEAD.
    pub register: Register,
    /// The journals of all tenures.
    pub journals: Journals,
    /// The cloud.
    pub cloud: Cloud,
    /// The runs.
    pub clients: Vec<Client>,
    /// How many operations were drawn for each resource.
    draws: Vec<u8>,
    /// How many runs may still crash, or leave without publishing.
    pub failures_left: u8,
    /// How many objects an outsider may still delete.
    pub outsider_left: u8,
    /// What an outsider deleted since HEAD was last written: nobody can be blamed for not knowing.
    pub unnoticed: Vec<ObjectId>,
}

impl World {
    /// A stack that was never deployed, and runs that have not begun.
    pub fn new(bounds: &Bounds) -> Self {
        let resources = bounds.resources();
        Self {
            register: Register::new(resources),
            journals: Journals::default(),
            cloud: Cloud::new(resources),
            clients: vec![Client::new(); bounds.configurations.len()],
            draws: vec![0; resources],
            failures_left: bounds.failures,
            outsider_left: bounds.outsider,
            unnoticed: Vec::new(),
        }
    }

    /// A run.
    pub fn client(&self, client: ClientId) -> &Client {
        &self.clients[client.index()]
    }

    /// A run, to change it.
    pub fn client_mut(&mut self, client: ClientId) -> &mut Client {
        &mut self.clients[client.index()]
    }

    /// The runs, by id.
    pub fn clients(&self) -> impl Iterator<Item = (ClientId, &Client)> {
        (0..).map(ClientId).zip(&self.clients)
    }

    /// The resources.
    pub fn resources(&self) -> impl Iterator<Item = ResourceId> + use<> {
        (0..).map(ResourceId).take(self.draws.len())
    }

    /// What a run believes of a resource, to change it.
    pub fn status_mut(&mut self, client: ClientId, resource: ResourceId) -> &mut Status {
        &mut self.client_mut(client).known[resource.index()]
    }

    /// The identity of a new operation.
    pub fn draw(&mut self, resource: ResourceId, draw: Draw) -> OpId {
        let number = match draw {
            Draw::Fresh => {
                let drawn = &mut self.draws[resource.index()];
                *drawn += 1;
                *drawn
            }
            Draw::AddressAndGeneration => self.generation(resource),
        };
        OpId { resource, draw: number }
    }

    /// How many deletes of a resource's objects were recorded.
    fn generation(&self, resource: ResourceId) -> u8 {
        let deletes =
            self.journals.records().filter(|record| matches!(record, Record::Deleted(id) if id.resource == resource));
        deletes.map(|_| 1).sum()
    }

    /// Makes a record durable in a run's own journal. A run that cannot is fenced: it knows then that it holds HEAD no more.
    pub fn append(&mut self, client: ClientId, record: Record, journaling: Journaling) -> bool {
        let Some(view) = &self.clients[client.index()].view else { return false };
        let journal = self.journals.of(view.epoch);
        let place = usize::from(self.clients[client.index()].appended);
        let durable = match journaling {
            Journaling::None => true,
            Journaling::SealIgnored => {
                journal.0.push(record);
                true
            }
            Journaling::Unsealed | Journaling::Sealed => journal.create_if_absent(place, record).is_ok(),
        };
        match durable {
            true => self.client_mut(client).appended += 1,
            false => self.fence(client),
        }
        durable
    }

    /// A run learns that it holds HEAD no more, and ends.
    pub fn fence(&mut self, client: ClientId) {
        *self.client_mut(client) = Client::ended(crate::client::Phase::Fenced);
    }

    /// Whether HEAD is free, and its snapshot claims to say everything.
    pub fn is_published(&self) -> bool {
        let head = &self.register.head;
        head.holder.is_none() && head.merged == head.epoch
    }

    /// The objects that HEAD's snapshot records.
    pub fn recorded_objects(&self) -> impl Iterator<Item = ObjectId> {
        self.register.head.snapshot.iter().filter_map(|recorded| match recorded {
            Recorded::Object(id) => Some(*id),
            Recorded::Nothing | Recorded::Unsettled(_) => None,
        })
    }

    /// Whether HEAD's snapshot accounts for an operation's object: by its id, or as something unsettled.
    pub fn accounts_for(&self, id: ObjectId, op: OpId) -> bool {
        self.register.head.snapshot.iter().any(|recorded| match recorded {
            Recorded::Object(recorded) => *recorded == id,
            Recorded::Unsettled(unsettled) => *unsettled == op,
            Recorded::Nothing => false,
        })
    }
}
