//! What each kind of this provider answers; [`crate::LocalProvider`] picks the kind and passes the call on.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::inspection::Inspection;
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Partial};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Fault, Observed, Planned};

use crate::machine::Machine;

/// One kind of managed resource.
#[async_trait]
pub trait Kind: Send + Sync {
    /// What it promises.
    fn schema(&self) -> KindSchema;

    /// What would happen to it.
    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        by_schema(schema, prior, desired)
    }

    /// What people should know of the way an update goes.
    fn way(&self, planned: &Planned) -> Option<String> {
        let _ = planned;
        None
    }

    /// What is wrong beyond the schema.
    fn validate(&self, desired: &Partial) -> Diagnostics {
        let _ = desired;
        Diagnostics::new()
    }

    /// Looks at it.
    async fn read(&self, machine: &Machine, object: &Object) -> Result<Option<Observed>, Fault>;

    /// Makes it.
    async fn create(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Observed, Fault>;

    /// Changes it in place.
    async fn update(&self, machine: &Machine, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault>;

    /// Deletes it.
    async fn delete(&self, machine: &Machine, call: &Call, object: &Object) -> Result<(), Fault>;

    /// What an earlier attempt of this call made.
    async fn find(&self, machine: &Machine, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault>;

    /// Looks at something that is to be adopted.
    async fn import(&self, machine: &Machine, call: &Call, id: &str) -> Result<Observed, Fault> {
        let _ = (machine, id);
        Err(Fault::rejected(format!("a `{}` cannot be imported; let siac make it", call.address.kind)))
    }

    /// Looks at what runs behind it; `None` when it is nothing that runs.
    async fn inspect(&self, machine: &Machine, object: &Object) -> Result<Option<Inspection>, Fault> {
        let _ = (machine, object);
        Ok(None)
    }

    /// The file that what runs behind it writes its log to; `None` when there is none.
    fn log(&self, machine: &Machine, object: &Object) -> Option<PathBuf> {
        let _ = (machine, object);
        None
    }
}

/// One kind of data.
#[async_trait]
pub trait Data: Send + Sync {
    /// What it offers.
    fn schema(&self) -> KindSchema;

    /// Reads it.
    async fn read(&self, machine: &Machine, inputs: &Known) -> Result<Known, Fault>;
}

/// A kind that acts on this machine within seconds, with these attributes. Requests are calls of the kernel: none is under way once the
/// caller is dead, so nothing needs to drain.
pub fn schema(
    description: &'static str,
    recovery: RecoveryClass,
    attributes: impl IntoIterator<Item = (&'static str, Attribute)>,
) -> KindSchema {
    KindSchema {
        description,
        version: 1,
        attributes: attributes.into_iter().collect(),
        data_bearing: false,
        recovery,
        drain: Duration::ZERO,
        timeout: Duration::from_secs(60),
        unique: None,
        typical: Duration::from_millis(10),
    }
}

/// Runs file operations where they do not hold up other calls.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    let stopped = |error| Fault::ambiguous(format!("the work was cut off: {error}"));
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}
