//! What each kind of this provider answers; `life` makes the calls of a provider out of it.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::identity::StackUuid;
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::{Call, Fault, Planned};

use crate::arm::{Arm, ResourceId};
use crate::fields::Fields;
use crate::likeness::compared;
use crate::marks::Tags;
use crate::settings::Settings;

/// A configured subscription, and the way to it.
pub struct Account {
    /// The client.
    pub arm: Arm,
    /// What the configuration says.
    pub settings: Settings,
    /// The subscription that is acted on.
    pub subscription: String,
    /// Its tenant.
    pub tenant: String,
}

/// What a kind is told of a call.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// Where to act.
    pub azure: &'a Account,
    /// The call.
    pub call: &'a Call,
    /// The attributes.
    pub inputs: Fields<'a>,
    /// What is remembered, when there is something.
    pub object: Option<&'a Object>,
}

/// Which resource, by which version of its service's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub id: ResourceId,
    /// The api-version.
    pub api: String,
}

/// How a resource is changed in place. Services differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It is put anew: what the body does not say is as if it had never been said.
    Put,
    /// It is read, changed where the stack says so, and put back: what the body does not say stays.
    Merge,
    /// Only what changed is sent.
    Patch,
}

/// How it is known whose a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// It carries our marks as tags, from the call that made it on.
    Tags,
    /// It has no tags: it is ours when it was not there before our call was sent, which the journal says.
    Absence,
    /// It always exists with what it is a part of; setting it takes nothing from anybody, and it is never deleted.
    Setting,
}

/// A resource as ARM shows it, in the words of its kind's schema.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The settable attributes that documents tell of, tags left out; `None` for one that this document does not.
    pub inputs: BTreeMap<String, Option<Known>>,
    /// The computed attributes.
    pub outputs: BTreeMap<String, Known>,
}

/// What people should know of a kind besides its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// The type and the api-version that is spoken; `None` when the stack says both.
    pub speaks: Option<(&'static str, &'static str)>,
    /// How it is known whose it is, unless the stack says.
    pub evidence: Evidence,
    /// How it is changed in place, unless the stack says.
    pub write: Write,
    /// Whether a change is refused that someone else's change has overtaken.
    pub has_etags: bool,
}

/// One kind of managed resource.
///
/// A kind says where its resources are and how their documents read; order, ownership, operations and recovery are `life`'s.
#[async_trait]
pub trait Kind: Send + Sync {
    /// What it promises.
    fn schema(&self) -> KindSchema;

    /// What is to be known of it besides.
    fn described(&self) -> Described {
        let nothing = Value::Map(BTreeMap::new());
        let write = self.write(Fields(&nothing));
        Described { speaks: None, evidence: self.evidence(None), write, has_etags: self.has_etags() }
    }

    /// What would happen to it.
    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        compared(schema, prior, desired)
    }

    /// What is wrong beyond the schema. Holes may stand anywhere.
    fn validate(&self, desired: &Partial) -> Diagnostics {
        let _ = desired;
        Diagnostics::new()
    }

    /// Which resource these attributes are about.
    ///
    /// # Errors
    /// When the attributes name none.
    fn target(&self, task: &Task<'_>) -> Result<Target, Fault>;

    /// Which resource is remembered under an id.
    ///
    /// # Errors
    /// When it is no id.
    fn remembered(&self, remote: &str, object: Option<&Object>) -> Result<Target, Fault>;

    /// Which resource an import id names.
    ///
    /// # Errors
    /// When it names none of this kind.
    fn imported(&self, id: &str) -> Result<Target, Fault> {
        self.remembered(id, None)
    }

    /// How it is known whose it is.
    fn evidence(&self, inputs: Option<Fields<'_>>) -> Evidence;

    /// How it is changed in place.
    fn write(&self, inputs: Fields<'_>) -> Write {
        let _ = inputs;
        Write::Merge
    }

    /// Whether the service honours ETags, so that a change can be refused that someone else's change has overtaken.
    fn has_etags(&self) -> bool {
        false
    }

    /// The whole document to put, tags left out.
    ///
    /// # Errors
    /// When the attributes make none.
    fn body(&self, task: &Task<'_>) -> Result<Json, Fault>;

    /// What a document says, in the words of the schema.
    fn seen(&self, document: &Json, inputs: Option<&Partial>) -> Seen;

    /// The attributes that the resource's id says, for what is adopted.
    fn identity(&self, target: &Target) -> BTreeMap<String, Known>;

    /// What keeps a new one from being made, as far as Azure tells beforehand. Holes may stand anywhere.
    async fn foresee(&self, azure: &Account, stack: StackUuid, inputs: &Partial) -> Option<String> {
        let _ = (azure, stack, inputs);
        None
    }

    /// What is to be done before the resource is put where there was none: names are asked for, deleted ones are brought back.
    /// What it answers is put into the body.
    ///
    /// # Errors
    /// When it cannot be made.
    async fn prepare(&self, task: &Task<'_>, target: &Target) -> Result<Option<Json>, Fault> {
        let _ = (task, target);
        Ok(None)
    }

    /// What is left to do after it was put or changed. Repeated until it succeeds, so it must bear repetition.
    ///
    /// # Errors
    /// When it does not succeed.
    async fn settle(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        let _ = (task, target);
        Ok(())
    }

    /// What cannot be seen in the document: settings and keys that are asked for by actions of their own.
    ///
    /// # Errors
    /// When they cannot be had.
    async fn complete(
        &self,
        task: &Task<'_>,
        target: &Target,
        occasion: Occasion,
        seen: &mut Seen,
    ) -> Result<(), Fault> {
        let _ = (task, target, occasion, seen);
        Ok(())
    }

    /// What has to be looked at before it is deleted.
    ///
    /// # Errors
    /// When it must not be deleted.
    async fn spare(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        let _ = (task, target);
        Ok(())
    }

    /// Deletes it in another way than by ARM, for what ARM does not delete; whether it did.
    ///
    /// # Errors
    /// When it does not succeed.
    async fn delete(&self, task: &Task<'_>, target: &Target) -> Result<bool, Fault> {
        let _ = (task, target);
        Ok(false)
    }

    /// What is left to do after it was deleted.
    ///
    /// # Errors
    /// When it does not succeed.
    async fn bury(&self, task: &Task<'_>, target: &Target, document: Option<&Json>) -> Result<(), Fault> {
        let _ = (task, target, document);
        Ok(())
    }

    /// Whether this failure of its write means that something it needs is not visible yet.
    fn awaits(&self, failure: &crate::arm::Failure) -> bool {
        let _ = failure;
        false
    }
}

/// Why a resource is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// It was just written, or is adopted: everything is wanted, keys too.
    Written,
    /// It is only compared with what is remembered.
    Refresh,
}

/// One kind of data.
#[async_trait]
pub trait Data: Send + Sync {
    /// What it offers.
    fn schema(&self) -> KindSchema;

    /// Reads it; the answer is everything it offers, arguments left out.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn read(&self, azure: &Account, call: &Call, inputs: Fields<'_>) -> Result<Known, Fault>;
}

impl Task<'_> {
    /// The resource's own tags.
    pub fn own_tags(&self) -> Tags {
        self.inputs.map("tags").unwrap_or_default()
    }
}

/// How long a request that was sent may still be accepted: the limit of one request, and 30 s more for what lies between. A choice of this
/// project.
pub const DRAIN: Duration = Duration::from_secs(90);

/// The schema of a kind that usually takes `typical` and hardly ever more than half an hour, which is where this project gives up.
pub fn schema(
    description: &'static str,
    typical: Duration,
    attributes: impl IntoIterator<Item = (&'static str, Attribute)>,
) -> KindSchema {
    KindSchema {
        description,
        version: 1,
        attributes: attributes.into_iter().collect(),
        data_bearing: false,
        recovery: RecoveryClass::Put,
        drain: DRAIN,
        timeout: Duration::from_secs(30 * 60),
        unique: None,
        typical,
    }
}
