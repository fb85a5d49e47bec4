//! Checkpoints on their way to the journal.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use siac_core::model::address::ResourceAddress;
use siac_core::model::event::{Intent, Progress};
use siac_core::model::identity::OpId;
use siac_core::ports::{Checkpoint, Fault};
use tokio::sync::{mpsc, oneshot};

use super::News;

/// A checkpoint that waits to become durable.
#[derive(Debug)]
pub(crate) struct Saving {
    pub op: OpId,
    pub data: Vec<u8>,
    /// Told once the checkpoint is durable; dropped when it cannot be.
    pub done: oneshot::Sender<()>,
}

/// Where one operation hands its checkpoints in.
pub(crate) struct CheckpointDesk {
    op: OpId,
    address: ResourceAddress,
    last: Mutex<Option<Vec<u8>>>,
    outbox: mpsc::UnboundedSender<Saving>,
    news: mpsc::UnboundedSender<News>,
}

impl CheckpointDesk {
    /// The desk of the operation that an intent began, with the last checkpoint of an earlier attempt.
    pub fn new(
        intent: &Intent,
        last: Option<Vec<u8>>,
        outbox: mpsc::UnboundedSender<Saving>,
        news: mpsc::UnboundedSender<News>,
    ) -> Self {
        Self { op: intent.op, address: intent.address.clone(), last: Mutex::new(last), outbox, news }
    }

    /// The last durable checkpoint of the operation.
    pub fn last(&self) -> Option<Vec<u8>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Checkpoint for CheckpointDesk {
    async fn save(&self, data: Vec<u8>) -> Result<(), Fault> {
        let lost = || Fault::ambiguous("the journal cannot be written, so that the checkpoint is not durable");
        let (done, durable) = oneshot::channel();
        self.outbox.send(Saving { op: self.op, data: data.clone(), done }).map_err(|_| lost())?;
        durable.await.map_err(|_| lost())?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(data);
        Ok(())
    }

    fn tell(&self, standing: &str) {
        let progress = Progress::Waiting { address: self.address.clone(), standing: standing.to_owned() };
        // A closed channel means that nobody listens any more; the operation goes on.
        let _ = self.news.send(News::Progress(progress));
    }
}
