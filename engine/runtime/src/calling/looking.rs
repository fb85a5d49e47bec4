//! What calls need that change nothing.

use async_trait::async_trait;
use siac_core::ports::{Checkpoint, Fault};

use crate::journal::Fence;

/// Looking needs no lock.
pub(crate) struct NoFence;

impl Fence for NoFence {
    fn may_call(&self) -> bool {
        true
    }
}

/// A question makes nothing that would have to be resumed.
pub(crate) struct NothingToSave;

#[async_trait]
impl Checkpoint for NothingToSave {
    async fn save(&self, _: Vec<u8>) -> Result<(), Fault> {
        Err(Fault::rejected("a call that only looks has nothing to resume"))
    }
}
