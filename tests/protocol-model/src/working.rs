//! What runs do with resources, and what becomes of their requests.

use crate::client::{Client, Phase, Status, Step};
use crate::cloud::{Answer, Call, Request};
use crate::identity::{ClientId, ObjectId, ResourceId};
use crate::journal::Record;
use crate::protocol::{Class, Protocol};
use crate::world::World;

impl World {
    /// Whether a run may carry out a step: one that calls the cloud needs the lock, as far as the protocol lets it know.
    pub fn may_step(&self, client: ClientId, step: Step, protocol: &Protocol) -> bool {
        let calls = matches!(step, Step::Create(_) | Step::Delete(_));
        let holds = self.client(client).view.as_ref().is_some_and(|view| view.epoch == self.register.head.epoch);
        !(calls && protocol.self_fence) || holds
    }

    /// A run carries out one step with one resource.
    pub fn step(&mut self, client: ClientId, resource: ResourceId, step: Step, protocol: &Protocol) {
        let next = match step {
            Step::IntendCreate => self.intend_create(client, resource, protocol),
            Step::IntendDelete(id) => {
                self.journaled(client, Record::DeleteIntended(id), Status::DeleteIntended(id), protocol)
            }
            Step::RecordCreated(op, id) => {
                self.journaled(client, Record::Created(op, id), Status::Present(id), protocol)
            }
            Step::RecordDeleted(id) => self.journaled(client, Record::Deleted(id), Status::Absent, protocol),
            Step::Create(op) => self.sent(client, Call::Create(op), Status::Creating(op)),
            Step::Delete(id) => self.sent(client, Call::Delete(id), Status::Deleting(id)),
            Step::LookFor(op) => Some(match self.found(op, protocol.class) {
                Some(id) => Status::Made(op, id),
                None => Status::Absent,
            }),
            Step::LeaveUnsettled(op) => Some(Status::Unsettled(op)),
        };
        if let Some(status) = next {
            *self.status_mut(client, resource) = status;
        }
    }

    fn intend_create(&mut self, client: ClientId, resource: ResourceId, protocol: &Protocol) -> Option<Status> {
        let op = self.draw(resource, protocol.draw);
        self.journaled(client, Record::CreateIntended(op), Status::CreateIntended(op), protocol)
    }

    /// The status after a record, if the record became durable.
    fn journaled(&mut self, client: ClientId, record: Record, then: Status, protocol: &Protocol) -> Option<Status> {
        self.append(client, record, protocol.journal).then_some(then)
    }

    fn sent(&mut self, from: ClientId, call: Call, then: Status) -> Option<Status> {
        self.cloud.send(Request { from, call });
        Some(then)
    }

    fn found(&self, op: crate::identity::OpId, class: Class) -> Option<ObjectId> {
        match class {
            Class::Name => self.cloud.named(op.resource),
            _ => self.cloud.tagged(op),
        }
    }

    /// A request arrives; its sender hears of it if it still waits for the answer.
    pub fn arrive(&mut self, request: Request, class: Class) {
        let Some(answer) = self.cloud.deliver(request, class) else { return };
        let resource = request.call.resource();
        let Some(status) = self.client_mut(request.from).known.get_mut(resource.index()) else { return };
        match (*status, request.call, answer) {
            (Status::Creating(op), Call::Create(asked), Answer::Object(id)) if op == asked => {
                *status = Status::Made(op, id);
            }
            (Status::Deleting(id), Call::Delete(asked), Answer::Gone) if id == asked => *status = Status::Gone(id),
            _ => {}
        }
    }

    /// A run dies. What it sent stays under way.
    pub fn crash(&mut self, client: ClientId) {
        *self.client_mut(client) = Client::ended(Phase::Crashed);
        self.failures_left -= 1;
    }

    /// An outsider deletes an object.
    pub fn vanish(&mut self, id: ObjectId) {
        self.cloud.vanish(id);
        self.unnoticed.push(id);
        self.outsider_left -= 1;
    }
}

impl Call {
    fn resource(self) -> ResourceId {
        match self {
            Self::Create(op) => op.resource,
            Self::Delete(id) => id.resource,
        }
    }
}
