//! The cloud: objects, what it remembers of operations, and the requests that are under way to it.

use crate::identity::{ClientId, ObjectId, OpId, ResourceId};
use crate::protocol::Class;

/// An object that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    /// What the cloud calls it.
    pub id: ObjectId,
    /// The operation that made it, which it carries as its tag.
    pub op: OpId,
}

/// What a run asks of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Make an object.
    Create(OpId),
    /// Delete this object, or what has its name now.
    Delete(ObjectId),
}

/// A request that was sent and has not arrived. Whether its sender still lives does not matter to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    /// Who sent it.
    pub from: ClientId,
    /// What it asks.
    pub call: Call,
}

/// What the cloud answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The object that there is now, new or not.
    Object(ObjectId),
    /// It is gone; that it was gone before is no error.
    Gone,
}

/// The cloud, and the requests under way to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cloud {
    /// What exists, in order.
    pub objects: Vec<Object>,
    /// Requests under way, in order; the order of their arrival is the adversary's.
    pub wire: Vec<Request>,
    /// What each token made. Remembered when the object is gone.
    tokens: Vec<(OpId, ObjectId)>,
    /// How many objects each resource ever had.
    made: Vec<u8>,
}

impl Cloud {
    /// A cloud without objects.
    pub fn new(resources: usize) -> Self {
        Self { objects: Vec::new(), wire: Vec::new(), tokens: Vec::new(), made: vec![0; resources] }
    }

    /// Puts a request under way.
    pub fn send(&mut self, request: Request) {
        let place = self.wire.partition_point(|other| *other < request);
        self.wire.insert(place, request);
    }

    /// Lets a request arrive and answers it; `None` when it is not under way.
    pub fn deliver(&mut self, request: Request, class: Class) -> Option<Answer> {
        let place = self.wire.iter().position(|other| *other == request)?;
        self.wire.remove(place);
        Some(match request.call {
            Call::Create(op) => Answer::Object(self.create(op, class)),
            Call::Delete(id) => self.delete(id, class),
        })
    }

    fn create(&mut self, op: OpId, class: Class) -> ObjectId {
        let known = match class {
            Class::Token | Class::TokenReadBack => self.made_by_token(op),
            Class::Name => self.named(op.resource),
            Class::Tag | Class::NothingAsk | Class::NothingHope => None,
        };
        known.unwrap_or_else(|| self.make(op, class))
    }

    fn make(&mut self, op: OpId, class: Class) -> ObjectId {
        let count = &mut self.made[op.resource.index()];
        *count += 1;
        let id = ObjectId { resource: op.resource, nth: *count };
        self.objects.push(Object { id, op });
        self.objects.sort();
        if matches!(class, Class::Token | Class::TokenReadBack) {
            self.tokens.push((op, id));
            self.tokens.sort();
        }
        id
    }

    fn delete(&mut self, id: ObjectId, class: Class) -> Answer {
        let by_name = class == Class::Name;
        self.objects.retain(|object| object.id != id && !(by_name && object.id.resource == id.resource));
        Answer::Gone
    }

    /// Deletes an object behind everybody's back.
    pub fn vanish(&mut self, id: ObjectId) {
        self.objects.retain(|object| object.id != id);
    }

    fn made_by_token(&self, op: OpId) -> Option<ObjectId> {
        self.tokens.iter().find(|(token, _)| *token == op).map(|(_, id)| *id)
    }

    /// The object that has a resource's name.
    pub fn named(&self, resource: ResourceId) -> Option<ObjectId> {
        self.objects.iter().find(|object| object.id.resource == resource).map(|object| object.id)
    }

    /// The object that carries an operation as its tag; the oldest, when there are several.
    pub fn tagged(&self, op: OpId) -> Option<ObjectId> {
        self.objects.iter().find(|object| object.op == op).map(|object| object.id)
    }

    /// Whether an object exists.
    pub fn lives(&self, id: ObjectId) -> bool {
        self.objects.iter().any(|object| object.id == id)
    }

    /// Whether no request of another run can still arrive.
    pub fn is_drained_of_others(&self, client: ClientId) -> bool {
        self.wire.iter().all(|request| request.from == client)
    }
}
