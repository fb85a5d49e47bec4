//! Looking at what runs: the snapshot says what there is, the providers say how it is doing and what it has said.
//!
//! Nothing is changed, no lock is taken, and no secret and no file of the project is read.

mod logs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use siac_core::model::address::{Mode, ResourceAddress};
use siac_core::model::inspection::Inspection;
use siac_core::model::snapshot::{Object, Snapshot};
use siac_core::ports::{Artifacts, Call, Provider};
use tokio::task::JoinSet;

use super::connecting::{connect, remembered};
use crate::calling::{Bounds, NoFence, NothingToSave, Patience};
use crate::executor::PARALLELISM;
use crate::site::Site;
use crate::world::World;

pub use logs::{LogReport, Telling};

/// How long one object may take to be looked at. A choice of this project: a person waits.
const LIMIT: Duration = Duration::from_secs(5);

/// One object that runs, and how it is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which resource.
    pub address: ResourceAddress,
    /// What was seen, or why it could not be looked at.
    pub answer: Result<Inspection, String>,
}

/// A provider instance that could not be asked for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// The instance.
    pub provider: String,
    /// Why.
    pub why: String,
    /// The resources that could not be looked at for it.
    pub addresses: Vec<ResourceAddress>,
}

/// Objects of a snapshot, with the providers that know how they are doing.
pub struct View {
    world: Arc<World>,
    objects: Vec<(ResourceAddress, Arc<Object>)>,
    /// Provider instances that could not be asked.
    pub unreachable: Vec<Unreachable>,
}

/// Prepares to look at these resources of a snapshot. An instance that cannot be used is set aside; the others are looked at.
pub async fn view(
    site: &Site,
    snapshot: &Snapshot,
    chosen: &dyn Fn(&ResourceAddress) -> bool,
    artifacts: Arc<dyn Artifacts>,
) -> View {
    let objects = snapshot.records.iter().filter(|(address, _)| address.mode == Mode::Managed && chosen(address));
    let objects = objects.filter_map(|(address, record)| Some((address.clone(), Arc::new(record.object.clone()?))));
    let mut objects: Vec<(ResourceAddress, Arc<Object>)> = objects.collect();
    let (mut providers, mut unreachable) = (BTreeMap::new(), Vec::new());
    for (name, wanted) in remembered(&[snapshot]) {
        match connect(site, BTreeMap::from([(name.clone(), wanted)]), &[snapshot]).await {
            Ok(connected) => providers.extend(connected.providers),
            Err(failed) => {
                let lost = objects.extract_if(.., |(_, object)| object.provider == name);
                let addresses: Vec<ResourceAddress> = lost.map(|(address, _)| address).collect();
                unreachable.push(Unreachable { provider: name, why: failed.to_string(), addresses });
            }
        }
    }
    unreachable.retain(|instance| !instance.addresses.is_empty());
    let world = World {
        stack: snapshot.stack.clone(),
        uuid: snapshot.uuid,
        providers,
        secrets: BTreeMap::new(),
        artifacts,
        clock: site.clock.clone(),
        entropy: site.entropy.clone(),
    };
    View { world: Arc::new(world), objects, unreachable }
}

impl View {
    /// Looks no more at what is not wanted.
    pub fn retain(&mut self, is_wanted: &dyn Fn(&ResourceAddress) -> bool) {
        self.objects.retain(|(address, _)| is_wanted(address));
    }

    /// How everything that runs is doing, in order of address. What is nothing that runs is left out.
    pub async fn inspect(&self) -> Vec<Seen> {
        let mut waiting = self.objects.iter().cloned();
        let (mut running, mut seen) = (JoinSet::new(), Vec::new());
        loop {
            while running.len() < PARALLELISM {
                let Some((address, object)) = waiting.next() else { break };
                running.spawn(inspect(Arc::clone(&self.world), address, object));
            }
            match running.join_next().await {
                Some(Ok(answer)) => seen.extend(answer),
                // Panics of providers are caught where they are called; what is left here is a defect of ours.
                Some(Err(defect)) => std::panic::resume_unwind(defect.into_panic()),
                None => break,
            }
        }
        seen.sort_by(|one, other| one.address.cmp(&other.address));
        seen
    }
}

async fn inspect(world: Arc<World>, address: ResourceAddress, object: Arc<Object>) -> Option<Seen> {
    let bounds =
        Bounds { world: Arc::clone(&world), fence: Arc::new(NoFence), patience: Patience::default(), limit: LIMIT };
    let answer = match asked(&world, &address, &object) {
        Ok((provider, call)) => {
            bounds.once(provider.inspect(&call, &object)).await.map_err(|fault| fault.to_string()).transpose()?
        }
        Err(why) => Err(why),
    };
    Some(Seen { address, answer })
}

/// Who is asked about an object, and by which call.
fn asked(world: &World, address: &ResourceAddress, object: &Object) -> Result<(Arc<dyn Provider>, Call), String> {
    let provider = Arc::clone(world.provider(&object.provider)?);
    Ok((provider, world.call(world.new_op(), address, LIMIT, None, Arc::new(NothingToSave))))
}

#[cfg(test)]
mod tests;
