//! What must never be seen, and what must be seen so that the former means something.

use stateright::Property;

use crate::client::Phase;
use crate::journal::Record;
use crate::model::ProtocolModel;
use crate::protocol::{Journaling, Protocol, Takeover, Write};
use crate::world::World;

/// A serial never goes back and never gets a second content.
pub const FORK: &str = "FORK";
/// No publication drops an object that is still there.
pub const LOST: &str = "LOST";
/// No cloud effect without an earlier durable intent.
pub const INTENT: &str = "INTENT";
/// A resource has one live object at most.
pub const DUPLICATE: &str = "DUPLICATE";
/// When HEAD is free and no journal is unmerged, every live object is accounted for.
pub const ORPHAN: &str = "ORPHAN";
/// When HEAD is free and no journal is unmerged, every recorded object is live.
pub const GHOST: &str = "GHOST";
/// Nothing follows a journal's seal.
pub const SEALED: &str = "SEALED";

/// Seen at least once: a run died holding HEAD, and another published and released it.
pub const RECOVERS: &str = "some run takes over from a dead one and finishes";
/// Seen at least once: a run found out that it holds HEAD no more.
pub const FENCES: &str = "some run is fenced";
/// Seen at least once: a request of a dead run is under way when everything seems settled.
pub const LATE: &str = "a request of a dead run is under way while HEAD is free";

/// The properties that are checked of a protocol.
///
/// [`FENCES`] can be seen only where HEAD can be taken from the living, [`LATE`] only where nobody waits for requests to arrive.
pub fn of(protocol: &Protocol) -> Vec<Property<ProtocolModel>> {
    let mut properties = always();
    properties.push(Property::sometimes(RECOVERS, |_, world| is_recovered(world)));
    if protocol.takeover == Takeover::AtAnyTime && protocol.publish == Write::CompareAndSwap {
        properties.push(Property::sometimes(FENCES, |_, world| any_in(world, Phase::Fenced)));
    }
    if !protocol.drain {
        properties.push(Property::sometimes(LATE, |_, world| has_late_request(world)));
    }
    properties
}

fn always() -> Vec<Property<ProtocolModel>> {
    vec![
        Property::always(FORK, |model: &ProtocolModel, world: &World| model.nothing_new(FORK, !world.register.forked)),
        Property::always(LOST, |model: &ProtocolModel, world: &World| {
            model.nothing_new(LOST, !world.register.lost_update)
        }),
        Property::always(DUPLICATE, |model: &ProtocolModel, world| {
            model.nothing_new(DUPLICATE, has_no_duplicate(world))
        }),
        Property::always(ORPHAN, |model: &ProtocolModel, world| model.nothing_new(ORPHAN, has_no_orphan(world))),
        Property::always(GHOST, |model: &ProtocolModel, world| model.nothing_new(GHOST, has_no_ghost(world))),
        Property::always(INTENT, |model: &ProtocolModel, world| model.nothing_new(INTENT, has_intents(model, world))),
        Property::always(SEALED, |model: &ProtocolModel, world| model.nothing_new(SEALED, has_closed_seals(world))),
    ]
}

fn has_no_duplicate(world: &World) -> bool {
    let objects = &world.cloud.objects;
    objects.windows(2).all(|pair| pair[0].id.resource != pair[1].id.resource)
}

fn has_no_orphan(world: &World) -> bool {
    !world.is_published() || world.cloud.objects.iter().all(|object| world.accounts_for(object.id, object.op))
}

fn has_no_ghost(world: &World) -> bool {
    !world.is_published() || world.recorded_objects().all(|id| world.cloud.lives(id) || world.unnoticed.contains(&id))
}

/// Protocols without a journal have no intents that could be asked for.
fn has_intents(model: &ProtocolModel, world: &World) -> bool {
    if model.protocol.journal == Journaling::None {
        return true;
    }
    let intended = |op| world.journals.records().any(|record| *record == Record::CreateIntended(op));
    world.cloud.objects.iter().all(|object| intended(object.op))
}

fn has_closed_seals(world: &World) -> bool {
    !world.journals.iter().any(|journal| journal.is_broken())
}

fn any_in(world: &World, phase: Phase) -> bool {
    world.clients.iter().any(|client| client.phase == phase)
}

fn is_recovered(world: &World) -> bool {
    world.is_published() && any_in(world, Phase::Crashed) && any_in(world, Phase::Finished)
}

fn has_late_request(world: &World) -> bool {
    world.is_published() && world.cloud.wire.iter().any(|request| world.client(request.from).phase == Phase::Crashed)
}
