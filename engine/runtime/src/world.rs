//! Everything outside that a deployment, a recovery or an answer may touch. A plain struct, put together by the caller.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use siac_core::deployment::resolve::Secrets;
use siac_core::model::address::{Mode, ResourceAddress};
use siac_core::model::identity::{OpId, StackUuid};
use siac_core::model::schema::KindSchema;
use siac_core::ports::{Artifacts, Call, Checkpoint, Clock, Entropy, Provider, random_16};

/// The world as one run sees it.
#[derive(Clone)]
pub struct World {
    /// The stack's name.
    pub stack: String,
    /// The identity of the stack's state.
    pub uuid: StackUuid,
    /// Configured providers, by instance.
    pub providers: BTreeMap<String, Arc<dyn Provider>>,
    /// The secrets fetched for this run, by their name in the stack.
    pub secrets: Secrets,
    /// Where artifacts are.
    pub artifacts: Arc<dyn Artifacts>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

impl World {
    /// A configured provider; fails with a sentence when this run has none of that name.
    pub fn provider(&self, instance: &str) -> Result<&Arc<dyn Provider>, String> {
        self.providers.get(instance).ok_or_else(|| {
            format!(
                "there is no provider `{instance}` here; declare it in the stack, or use a build of siac that has it"
            )
        })
    }

    /// The schema of a resource's kind; fails with a sentence when the provider does not offer it.
    pub fn kind(&self, instance: &str, address: &ResourceAddress) -> Result<&KindSchema, String> {
        let schema = self.provider(instance)?.schema();
        let kinds = match address.mode {
            Mode::Managed => &schema.resources,
            Mode::Data => &schema.data,
        };
        let missing =
            || format!("the provider `{instance}` (version {}) has no kind `{}`", schema.version, address.kind);
        kinds.get(address.kind.as_str()).ok_or_else(missing)
    }

    /// A fresh operation id.
    pub fn new_op(&self) -> OpId {
        OpId(random_16(&*self.entropy))
    }

    /// What a provider is told of a call.
    pub(crate) fn call(
        &self,
        op: OpId,
        address: &ResourceAddress,
        timeout: Duration,
        resume: Option<Vec<u8>>,
        checkpoint: Arc<dyn Checkpoint>,
    ) -> Call {
        Call {
            op,
            stack: self.stack.clone(),
            uuid: self.uuid,
            address: address.clone(),
            timeout,
            resume,
            checkpoint,
            artifacts: self.artifacts.clone(),
        }
    }
}
