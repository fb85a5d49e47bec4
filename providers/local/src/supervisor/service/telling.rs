//! What a service says of itself.

use std::collections::BTreeSet;

use tokio::sync::watch;

use super::Service;
use crate::process::Identity;
use crate::supervisor::keeper::{Keeper, Slot};
use crate::supervisor::protocol::Release;
use crate::supervisor::rollout::Rollout;
use crate::supervisor::status::{FORMAT, Health, ReleaseStatus, Status};
use crate::supervisor::upstream::Upstream;

impl Service {
    /// How it is.
    pub fn status(&self) -> Status {
        let newest = self.newest().map(|newest| &newest.keeper);
        let digests: BTreeSet<String> = self.all().filter_map(|running| running.release.digest.clone()).collect();
        Status {
            format: FORMAT,
            supervisor: Identity::own(),
            since: self.since,
            memory: None,
            children: self.all().flat_map(Running::children).collect(),
            op: newest.map(|keeper| keeper.release.op),
            port: self.front.as_ref().map_or(0, |front| front.port),
            health: newest.map_or(Health::Failing, Keeper::health),
            digests: digests.into_iter().collect(),
            shown: newest.map(|keeper| keeper.release.shown.clone()).unwrap_or_default(),
            releases: self.all().map(Running::told).collect(),
            shift: self.rollout.as_ref().map(Rollout::shift),
        }
    }

    /// Every release that has processes.
    fn all(&self) -> impl Iterator<Item = Running<'_>> {
        let new = self.rollout.as_ref().map_or(0, Rollout::weight);
        let serving = self.serving.iter().rev().map(move |it| Running::of(&it.keeper, share(it.weight, 100 - new)));
        let next = self.rollout.iter().map(move |rollout| Running::of(&rollout.keeper, new));
        let leaving = self.leaving.iter().filter(|leaving| !leaving.done.is_finished());
        let gone =
            leaving.map(|it| Running { release: &it.release, upstream: &it.upstream, slots: &it.slots, weight: 0 });
        serving.chain(next).chain(gone)
    }
}

/// A release that has processes, as it is told of.
struct Running<'a> {
    release: &'a Release,
    upstream: &'a Upstream,
    slots: &'a watch::Receiver<Vec<Slot>>,
    /// Its share of the new connections, in percent.
    weight: u8,
}

impl<'a> Running<'a> {
    fn of(keeper: &'a Keeper, weight: u8) -> Self {
        Self { release: &keeper.release, upstream: &keeper.upstream, slots: &keeper.slots, weight }
    }

    fn children(self) -> Vec<Identity> {
        self.slots.borrow().iter().filter_map(|slot| slot.child.clone()).collect()
    }

    fn told(self) -> ReleaseStatus {
        let tally = self.upstream.tally();
        ReleaseStatus {
            op: self.release.op,
            digest: self.release.digest.clone(),
            weight: self.weight,
            processes: self.slots.borrow().iter().map(|slot| slot.process.clone()).collect(),
            connections: self.upstream.open(),
            requests: tally.taken,
            failures: tally.failed,
        }
    }
}

/// So many percent of a share, rounded.
fn share(of: u8, percent: u8) -> u8 {
    u8::try_from((u32::from(of) * u32::from(percent) + 50) / 100).unwrap_or(100)
}
