//! Where facts become durable: the one thing that the executor and recovery ask of the store.

use std::sync::Arc;

use async_trait::async_trait;
use siac_core::model::event::Fact;

/// The journal of one holder. The executor appends to it from one place only, one append at a time.
#[async_trait]
pub trait Journal: Send {
    /// Makes these facts durable, in this order, all or none.
    ///
    /// After [`JournalFault::Failed`] the caller may append the same facts again, and nothing else before them; the journal then
    /// notices when the first attempt was written after all.
    async fn append(&mut self, facts: &[Fact]) -> Result<(), JournalFault>;

    /// What says, right before each provider call, whether this holder may still make one.
    fn fence(&self) -> Arc<dyn Fence>;
}

/// Whether a holder still is one, as far as it can know without asking.
pub trait Fence: Send + Sync {
    /// Whether a provider call may start now: the last sign of life was accepted recently, and no one else took over.
    fn may_call(&self) -> bool;
}

/// Why facts are not durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalFault {
    /// Another run took over: the journal is sealed, and nothing more can be written to it.
    #[error("another run has taken over the state of this stack")]
    Fenced,
    /// They could not be written, or nobody knows whether they were. Trying again may help.
    #[error("{0}")]
    Failed(String),
}
