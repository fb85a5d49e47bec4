//! Writes batches of facts, one append at a time. While one is being written the next gathers at the dispatcher.

use std::convert::Infallible;
use std::time::Duration;

use siac_core::model::event::Fact;
use siac_core::ports::Clock;
use tokio::sync::mpsc;

use crate::journal::{Journal, JournalFault};

/// How long a failing journal is tried before its facts are handed to the caller for a rescue file. A choice of this project.
const PERSISTENCE: Duration = Duration::from_secs(60);

/// The wait between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// What became of a batch.
#[derive(Debug)]
pub(super) enum Written {
    /// It is durable.
    Durable(Vec<Fact>),
    /// It could not be written, and is tried again.
    Ailing(String),
    /// It cannot be written; nothing after it will be.
    Lost(Vec<Fact>, JournalFault),
}

/// Writes whatever comes, until the one who waits for it leaves.
pub(super) async fn write(
    journal: &mut dyn Journal,
    mut batches: mpsc::UnboundedReceiver<Vec<Fact>>,
    written: mpsc::UnboundedSender<Written>,
    clock: &dyn Clock,
) -> Infallible {
    while let Some(batch) = batches.recv().await {
        let result = persist(journal, &batch, &written, clock).await;
        let is_lost = result.is_err();
        let news = match result {
            Ok(()) => Written::Durable(batch),
            Err(fault) => Written::Lost(batch, fault),
        };
        // The dispatcher hears everything while it lives, and this future is dropped with it.
        let _ = written.send(news);
        if is_lost {
            break;
        }
    }
    std::future::pending().await
}

async fn persist(
    journal: &mut dyn Journal,
    batch: &[Fact],
    written: &mpsc::UnboundedSender<Written>,
    clock: &dyn Clock,
) -> Result<(), JournalFault> {
    let started = clock.monotonic();
    loop {
        let why = match journal.append(batch).await {
            Err(JournalFault::Failed(why)) => why,
            settled => return settled,
        };
        if clock.monotonic().saturating_sub(started) >= PERSISTENCE {
            return Err(JournalFault::Failed(why));
        }
        let _ = written.send(Written::Ailing(why));
        clock.sleep(PAUSE).await;
    }
}
