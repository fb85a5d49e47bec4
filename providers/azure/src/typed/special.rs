//! What a kind does that no table says.

use async_trait::async_trait;
use serde_json::Value as Json;
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::identity::StackUuid;
use siac_core::model::value::Partial;
use siac_core::ports::Fault;

use crate::arm::Failure;
use crate::fields::Fields;
use crate::kind::{Account, Seen, Target, Task};

/// What a kind does that no table says. Every question has an answer that does nothing.
#[async_trait]
pub trait Special: Send + Sync {
    /// What is wrong with a wish beyond its schema.
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let _ = (desired, problems);
    }

    /// The attributes whose change needs a new object, among those that changed.
    fn replaces(&self, prior: &Partial, inputs: &Partial) -> Vec<&'static str> {
        let _ = (prior, inputs);
        Vec::new()
    }

    /// The name, for kinds that make it.
    ///
    /// # Errors
    /// When the attributes do not say it.
    fn name(&self, task: &Task<'_>) -> Result<Option<String>, Fault> {
        let _ = task;
        Ok(None)
    }

    /// Adds to the document what depends on more than one attribute.
    ///
    /// # Errors
    /// When the attributes make none.
    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        let _ = (task, document);
        Ok(())
    }

    /// As [`Kind::foresee`](crate::kind::Kind::foresee), with holes left out; `None` when only the name is to be asked for.
    async fn foresee(&self, azure: &Account, stack: StackUuid, inputs: Fields<'_>) -> Option<Option<String>> {
        let _ = (azure, stack, inputs);
        None
    }

    /// As [`Kind::prepare`].
    ///
    /// # Errors
    /// When it cannot be made.
    async fn prepare(&self, task: &Task<'_>, target: &Target) -> Result<Option<Json>, Fault> {
        let _ = (task, target);
        Ok(None)
    }

    /// As [`Kind::settle`].
    ///
    /// # Errors
    /// When it does not succeed.
    async fn settle(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        let _ = (task, target);
        Ok(())
    }

    /// As [`Kind::complete`].
    ///
    /// # Errors
    /// When it cannot be had.
    async fn complete(&self, task: &Task<'_>, target: &Target, seen: &mut Seen) -> Result<(), Fault> {
        let _ = (task, target, seen);
        Ok(())
    }

    /// As [`Kind::spare`].
    ///
    /// # Errors
    /// When it must not be deleted.
    async fn spare(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        let _ = (task, target);
        Ok(())
    }

    /// Deletes it in another way than by ARM; whether it did.
    ///
    /// # Errors
    /// When it does not succeed.
    async fn delete(&self, task: &Task<'_>, target: &Target) -> Result<bool, Fault> {
        let _ = (task, target);
        Ok(false)
    }

    /// As [`Kind::bury`].
    ///
    /// # Errors
    /// When it does not succeed.
    async fn bury(&self, task: &Task<'_>, target: &Target, document: Option<&Json>) -> Result<(), Fault> {
        let _ = (task, target, document);
        Ok(())
    }

    /// As [`Kind::awaits`].
    fn awaits(&self, failure: &Failure) -> bool {
        let _ = failure;
        false
    }
}

/// Nothing special.
pub(super) struct Nothing;

impl Special for Nothing {}
