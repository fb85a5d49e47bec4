//! The one fake cloud: a plugin `fake` whose kinds cover every recovery class, as faithful to real clouds as memory allows.
//!
//! Tokens replay; names collide; a tag index lags; a put repeats itself; some things cannot be found again at all. Requests take effect
//! whenever they arrive, whatever has become of their sender. What goes wrong besides is told by [`mishap::Mishaps`].

mod audit;
mod catalogue;
mod client;
pub mod mishap;
mod objects;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use siac_core::model::address::ResourceAddress;
use siac_core::model::identity::OpId;
use siac_core::model::schema::{ProviderSchema, RecoveryClass};
use siac_core::model::value::Known;
use siac_core::ports::{Catalogue, Catalogues, Provider};

use crate::lock;
use crate::process::Process;
use mishap::Mishaps;
use objects::Objects;

pub use catalogue::FakeCatalogue;

/// The plugin's name.
pub const PLUGIN: &str = "fake";

/// The longest that a request may travel, and the drain time that the kinds declare.
pub const DRAIN: Duration = Duration::from_secs(30);

/// The hard limit of one attempt.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// How long the tag index lags behind.
pub const TAG_LAG: Duration = Duration::from_secs(8);

/// The cloud itself, which outlives every process.
pub struct Cloud {
    schema: ProviderSchema,
    objects: Mutex<Objects>,
    mishaps: Mutex<Mishaps>,
    log: Mutex<Vec<LogEntry>>,
}

/// How long a request to the cloud and its answer travel, each.
const EACH_WAY: Duration = Duration::from_millis(20);

/// What a kind's schema promises of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// No request arrives after the drain time: here, the drain time is said to be zero.
    Drain,
    /// A token answers with what it made: here, kinds that take none are said to take them.
    Tokens,
}

/// What the cloud was asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Virtual time since the world began.
    pub at: Duration,
    /// The call.
    pub verb: CloudVerb,
    /// For which resource.
    pub address: ResourceAddress,
    /// Under which operation.
    pub op: OpId,
    /// What it did.
    pub effect: Effect,
}

/// A call of the provider's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloudVerb {
    /// Make an object.
    Create,
    /// Change one.
    Update,
    /// Delete one.
    Delete,
    /// Look at one.
    Read,
    /// Read data.
    ReadData,
    /// Look for what an operation made.
    Find,
    /// Look at one that is to be adopted.
    Import,
}

/// What a request did to the objects of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// There is one more.
    Made,
    /// One is different.
    Changed,
    /// There is one less.
    Deleted,
    /// None: refused, a replay, or only a look.
    Nothing,
}

/// An object that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveObject {
    /// Its kind.
    pub kind: String,
    /// What the cloud calls it.
    pub remote: String,
    /// Its address tag; `None` when siac did not make it.
    pub address: Option<ResourceAddress>,
    /// Its operation tag; `None` when siac did not make it.
    pub op: Option<OpId>,
    /// The settable attributes; none is null.
    pub attributes: BTreeMap<String, Known>,
    /// How often it was written.
    pub revision: u64,
    /// When it was made.
    pub made_at: Duration,
}

impl Cloud {
    /// An empty cloud in which nothing goes wrong.
    pub fn new() -> Arc<Self> {
        Self::with(Mishaps::none())
    }

    /// An empty cloud in which these things go wrong.
    pub fn with(mishaps: Mishaps) -> Arc<Self> {
        Self::offering(catalogue::schema(), mishaps)
    }

    /// An empty cloud that breaks a promise of its own schema, to show that tests notice.
    pub fn breaking(promise: Promise) -> Arc<Self> {
        let mut schema = catalogue::schema();
        for kind in schema.resources.values_mut() {
            match promise {
                Promise::Drain => kind.drain = Duration::ZERO,
                Promise::Tokens if kind.recovery == RecoveryClass::Tag => kind.recovery = RecoveryClass::Token,
                Promise::Tokens => {}
            }
        }
        Self::offering(schema, Mishaps::none())
    }

    fn offering(schema: ProviderSchema, mishaps: Mishaps) -> Arc<Self> {
        Arc::new(Self { schema, objects: Mutex::default(), mishaps: Mutex::new(mishaps), log: Mutex::default() })
    }

    /// Another cloud with the same objects, tokens and log.
    #[must_use]
    pub fn fork(&self) -> Arc<Self> {
        Arc::new(Self {
            schema: self.schema.clone(),
            objects: Mutex::new(lock(&self.objects).clone()),
            mishaps: Mutex::new(lock(&self.mishaps).clone()),
            log: Mutex::new(self.log()),
        })
    }

    /// What goes wrong from now on.
    pub fn set_mishaps(&self, mishaps: Mishaps) {
        *lock(&self.mishaps) = mishaps;
    }

    /// The provider as a process reaches it.
    pub fn provider(self: &Arc<Self>, process: &Arc<Process>) -> Arc<dyn Provider> {
        Arc::new(client::Client { cloud: self.clone(), process: process.clone() })
    }

    /// The catalogues of a build that has only this cloud.
    pub fn catalogues(&self) -> Catalogues {
        Catalogues::new([Arc::new(FakeCatalogue(self.schema.clone())) as Arc<dyn Catalogue>])
    }

    /// Every object that exists, by kind and identity.
    pub fn objects(&self) -> Vec<LiveObject> {
        lock(&self.objects).live.values().cloned().collect()
    }

    /// The object at an address tag, when exactly one carries it.
    pub fn object(&self, address: &ResourceAddress) -> Option<LiveObject> {
        let mut ours = self.objects().into_iter().filter(|object| object.address.as_ref() == Some(address));
        ours.next().filter(|_| ours.next().is_none())
    }

    /// Everything the cloud was asked, in the order of effect.
    pub fn log(&self) -> Vec<LogEntry> {
        lock(&self.log).clone()
    }

    /// Makes an object by hand, without tags; answers with its identity.
    pub fn plant(&self, kind: &str, attributes: impl IntoIterator<Item = (&'static str, Known)>) -> String {
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        lock(&self.objects).plant(kind, catalogue::class_of(kind), attributes)
    }

    /// Changes an attribute by hand; false when there is no such object.
    pub fn meddle(&self, kind: &str, remote: &str, attribute: &str, value: Known) -> bool {
        let mut objects = lock(&self.objects);
        let Some(object) = objects.live.get_mut(&(kind.to_owned(), remote.to_owned())) else { return false };
        object.attributes.insert(attribute.to_owned(), value);
        object.revision += 1;
        true
    }

    /// Deletes an object by hand; false when there is none.
    pub fn remove(&self, kind: &str, remote: &str) -> bool {
        lock(&self.objects).live.remove(&(kind.to_owned(), remote.to_owned())).is_some()
    }
}

#[cfg(test)]
mod tests;
