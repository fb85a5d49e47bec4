//! Waiting for what AWS does in its own time: with a deadline, and a reason to show.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use siac_core::ports::{Checkpoint, Fault};
use tokio::time::{Instant, sleep};

/// How things stand.
pub enum Standing<T> {
    /// What was waited for is here.
    Ready(T),
    /// It is not: this is how things stand instead.
    Waiting(String),
}

/// The first pause between two looks; the following ones grow by half. A choice of this project.
const FIRST: Duration = Duration::from_millis(300);

/// The longest pause between two looks. A choice of this project.
const LONGEST: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// Where waits of the present call say how things stand.
    static LISTENER: Arc<dyn Checkpoint>;
}

/// Carries a call out; whatever it waits for is told to its checkpoint.
pub async fn telling<T>(listener: &Arc<dyn Checkpoint>, call: impl Future<Output = T>) -> T {
    LISTENER.scope(Arc::clone(listener), call).await
}

/// Says how things stand, when somebody listens and it is news.
fn tell(standing: &str, told: &mut String) {
    if standing != told {
        // Outside of a call nobody listens.
        let _ = LISTENER.try_with(|listener| listener.tell(standing));
        standing.clone_into(told);
    }
}

/// Looks until what is waited for is here. Passing failures of looking do not end the waiting.
///
/// # Errors
/// When the deadline passes, with how things stood last; or at once when looking is refused.
pub async fn until<T, F>(limit: Duration, look: impl Fn() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<Standing<T>, Fault>>,
{
    let started = Instant::now();
    let mut pause = FIRST;
    let mut told = String::new();
    loop {
        let (standing, asked) = match look().await {
            Ok(Standing::Ready(answer)) => return Ok(answer),
            Ok(Standing::Waiting(how)) => (how, Duration::ZERO),
            Err(fault) => passing(fault)?,
        };
        if started.elapsed() + pause > limit {
            let why = format!("still {standing} after {} s of waiting", started.elapsed().as_secs());
            return Err(Fault::transient(why));
        }
        tell(&standing, &mut told);
        sleep(pause.max(asked).min(limit)).await;
        pause = (pause + pause / 2).min(LONGEST);
    }
}

/// Repeats what may be repeated until it succeeds.
///
/// # Errors
/// When it is refused, or the deadline passes.
pub async fn repeated<T, F>(limit: Duration, work: impl Fn() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    until(limit, || async { work().await.map(Standing::Ready) }).await
}

/// The reason and the asked pause of a failure that may pass.
fn passing(fault: Fault) -> Result<(String, Duration), Fault> {
    match fault {
        Fault::Transient { ref why, retry_after, .. } => Ok((why.clone(), retry_after.unwrap_or_default())),
        Fault::NotYet { .. } | Fault::Ambiguous { .. } => Ok((fault.to_string(), Duration::ZERO)),
        fault => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test(start_paused = true)]
    async fn a_deadline_says_how_things_stood() {
        let waiting = || async { Ok::<Standing<()>, Fault>(Standing::Waiting("CREATING".to_owned())) };
        let fault = until(Duration::from_secs(10), waiting).await.unwrap_err();
        assert!(fault.to_string().starts_with("still CREATING after"), "{fault}");
    }

    #[tokio::test(start_paused = true)]
    async fn passing_failures_are_outlasted_and_refusals_are_not() {
        let attempts = Cell::new(0);
        let busy_once = || async {
            attempts.set(attempts.get() + 1);
            if attempts.get() == 1 { Err(Fault::transient("busy")) } else { Ok("done") }
        };
        assert_eq!(repeated(Duration::from_secs(10), busy_once).await, Ok("done"));
        let refused = || async { Err::<(), Fault>(Fault::rejected("no")) };
        assert_eq!(repeated(Duration::from_secs(10), refused).await, Err(Fault::rejected("no")));
    }
}
