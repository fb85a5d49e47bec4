//! What may happen next. Everything here is possible in every order: the checker tries them all.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use stateright::{Model, Property};

use crate::client::{Client, Phase, Step};
use crate::cloud::Request;
use crate::identity::{ClientId, Epoch, ObjectId, ResourceId};
use crate::properties;
use crate::protocol::{Bounds, Protocol};
use crate::world::World;

/// A protocol, and how far the adversary may go against it.
#[derive(Debug)]
pub struct ProtocolModel {
    /// How runs behave.
    pub protocol: Protocol,
    /// What the adversary has.
    pub bounds: Bounds,
    /// The properties whose violation was reported.
    reported: Mutex<BTreeSet<&'static str>>,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A run reads HEAD.
    Look(ClientId),
    /// A run tries to become the holder.
    Acquire(ClientId),
    /// A holder closes the journal of an earlier tenure.
    Seal(ClientId, Epoch),
    /// A holder reads what earlier holders left.
    Recover(ClientId),
    /// A run does something with a resource.
    Step(ClientId, ResourceId, Step),
    /// A holder publishes.
    Publish(ClientId),
    /// A holder gives up, or someone breaks its lock: HEAD is free, and what its journal says is left to the next one.
    Leave(ClientId),
    /// A request arrives at the cloud.
    Arrive(Request),
    /// A run dies.
    Crash(ClientId),
    /// An outsider deletes an object.
    Vanish(ObjectId),
}

impl Model for ProtocolModel {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(&self.bounds)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for (id, client) in world.clients() {
            actions.extend(self.lock_action(world, id, client));
            actions.extend(self.steps(world, id, client));
            if world.failures_left > 0 && client.believes_to_hold() {
                actions.extend([Action::Crash(id), Action::Leave(id)]);
            }
        }
        actions.extend(world.cloud.wire.iter().copied().map(Action::Arrive));
        if world.outsider_left > 0 && world.is_published() {
            actions.extend(world.cloud.objects.iter().map(|object| Action::Vanish(object.id)));
        }
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        match action {
            Action::Look(client) => world.look(client),
            Action::Acquire(client) => world.acquire(client, &self.protocol),
            Action::Seal(client, epoch) => world.seal(client, epoch),
            Action::Recover(client) => world.recover(client, self.protocol.journal),
            Action::Step(client, resource, step) => world.step(client, resource, step, &self.protocol),
            Action::Publish(client) => world.publish(client, &self.protocol),
            Action::Leave(client) => world.leave(client, &self.protocol),
            Action::Arrive(request) => world.arrive(request, self.protocol.class),
            Action::Crash(client) => world.crash(client),
            Action::Vanish(object) => world.vanish(object),
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(&self.protocol)
    }
}

impl ProtocolModel {
    /// A protocol against an adversary.
    pub fn new(protocol: Protocol, bounds: Bounds) -> Self {
        Self { protocol, bounds, reported: Mutex::default() }
    }

    /// Whether nothing new is to be said of a property that holds in this state or does not.
    ///
    /// The checker keeps the last violation that it meets. A breadth-first search meets the nearest first, so that one is reported, once.
    pub fn nothing_new(&self, property: &'static str, holds: bool) -> bool {
        holds || !self.reported.lock().unwrap_or_else(PoisonError::into_inner).insert(property)
    }

    /// What a run may do with HEAD and the journals.
    fn lock_action(&self, world: &World, id: ClientId, client: &Client) -> Option<Action> {
        match client.phase {
            Phase::Idle => {
                let may_look = self.is_first_idle(world, id) && world.may_try(self.protocol.takeover);
                may_look.then_some(Action::Look(id))
            }
            Phase::Looked => Some(Action::Acquire(id)),
            Phase::Sealing(epoch) if client.view.as_ref().is_some_and(|view| epoch < view.epoch) => {
                Some(Action::Seal(id, epoch))
            }
            Phase::Sealing(_) => world.may_recover(id, &self.protocol).then_some(Action::Recover(id)),
            Phase::Recovering | Phase::Working => client.may_publish().then_some(Action::Publish(id)),
            Phase::Finished | Phase::Left | Phase::Fenced | Phase::Crashed => None,
        }
    }

    /// Whether no earlier run that wants the same is idle, too. Such runs are interchangeable, so it is enough to let the first begin.
    fn is_first_idle(&self, world: &World, id: ClientId) -> bool {
        let wants = &self.bounds.configurations;
        let mut earlier = world.clients().take(id.index());
        !earlier.any(|(other, client)| client.phase == Phase::Idle && wants[other.index()] == wants[id.index()])
    }

    /// What a run may do with resources.
    fn steps(&self, world: &World, id: ClientId, client: &Client) -> impl Iterator<Item = Action> {
        world.resources().filter_map(move |resource| {
            let step = client.next_step(resource, self.bounds.wants(id, resource), self.protocol.class)?;
            world.may_step(id, step, &self.protocol).then_some(Action::Step(id, resource, step))
        })
    }
}
