//! The bounds of calls: a hard limit of time for each, patience for questions, and no way for a panic to get out.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use siac_core::ports::Fault;

use crate::journal::Fence;
use crate::world::World;

use super::Patience;

/// What bounds every call of one operation or question.
#[derive(Clone)]
pub(crate) struct Bounds {
    pub world: Arc<World>,
    pub fence: Arc<dyn Fence>,
    pub patience: Patience,
    /// The hard limit of one attempt.
    pub limit: Duration,
}

impl Bounds {
    /// One attempt: one that takes too long, or panics, has an unknown outcome.
    pub async fn once<T>(&self, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        tokio::select! {
            biased;
            answer = unwound(call) => answer,
            () = self.world.clock.sleep(self.limit) => {
                Err(Fault::ambiguous(format!("no answer within {} s", self.limit.as_secs_f64())))
            }
        }
    }

    /// Asks a question, which may be asked any number of times, until there is an answer or patience ends.
    pub async fn patiently<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let started = self.world.clock.monotonic();
        let mut attempt = 1;
        loop {
            if !self.fence.may_call() {
                return Err(Fault::rejected("this run may have lost the lock"));
            }
            let fault = match self.once(ask()).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let is_final = matches!(fault, Fault::Rejected { .. } | Fault::Partial { .. } | Fault::Unknowable { .. });
            let wait = self.wait(attempt, started, &fault).filter(|_| !is_final);
            let Some(wait) = wait else { return Err(fault) };
            attempt += 1;
            self.world.clock.sleep(wait).await;
        }
    }

    /// How long to wait before the next attempt; `None` when it is time to give up.
    pub fn wait(&self, attempt: u32, started: Duration, fault: &Fault) -> Option<Duration> {
        let spent = self.world.clock.monotonic().saturating_sub(started);
        self.patience.wait(attempt, spent, fault, &*self.world.entropy)
    }
}

/// Turns a panic of the provider into a fault, so that everything else goes on.
async fn unwound<T>(call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let mut call = pin!(call);
    poll_fn(|task| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(task))) {
        Ok(poll) => poll,
        Err(_) => Poll::Ready(Err(Fault::ambiguous("the provider crashed; this is a defect of the provider"))),
    })
    .await
}
