//! Looks that one call answers: they wait for each other a moment, and the first asks for all.
//!
//! Whoever asks gets the answer of a call that began afterwards, so that a look after a change sees it. Nothing is kept.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use siac_core::ports::Fault;
use tokio::sync::watch;
use tokio::time::sleep;

/// How long the first waits for others. A choice of this project, less than a call takes.
const GATHERING: Duration = Duration::from_millis(10);

type Answer<T> = Result<Arc<T>, Fault>;
type Awaited<T> = watch::Receiver<Option<Answer<T>>>;

/// Questions that are gathered, by what is asked.
pub struct Together<T>(Mutex<BTreeMap<String, Awaited<T>>>);

/// What becomes of somebody who asks.
enum Part<T> {
    /// Asks for all, and tells them.
    Asks(watch::Sender<Option<Answer<T>>>),
    /// Is told.
    Hears(Awaited<T>),
}

impl<T> Default for Together<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Together<T> {
    /// The answer to `what`, by one call for all who ask at the same time.
    ///
    /// # Errors
    /// The call's; everybody hears the same.
    pub async fn ask<F>(&self, what: &str, call: impl FnOnce() -> F) -> Answer<T>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        match self.part(what) {
            Part::Asks(told) => {
                sleep(GATHERING).await;
                self.depart(what);
                let answer = call().await.map(Arc::new);
                told.send_replace(Some(answer.clone()));
                answer
            }
            Part::Hears(mut awaited) => {
                let heard = awaited.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone());
                match heard {
                    Some(answer) => answer,
                    // Whoever was to ask was stopped before.
                    None => call().await.map(Arc::new),
                }
            }
        }
    }

    fn part(&self, what: &str) -> Part<T> {
        let mut gathered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let awaited = gathered.get(what).filter(|awaited| awaited.has_changed().is_ok());
        match awaited {
            Some(awaited) => Part::Hears(awaited.clone()),
            None => {
                let (told, awaited) = watch::channel(None);
                gathered.insert(what.to_owned(), awaited);
                Part::Asks(told)
            }
        }
    }

    /// From here on whoever asks waits for the next call.
    fn depart(&self, what: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts calls; each takes 50 ms and answers with its number.
    async fn call(calls: &AtomicUsize) -> Result<usize, Fault> {
        let number = calls.fetch_add(1, Ordering::Relaxed) + 1;
        sleep(Duration::from_millis(50)).await;
        Ok(number)
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_together_are_answered_by_one_call() {
        let (together, calls) = (Together::default(), AtomicUsize::new(0));
        let ask = || together.ask("a", || call(&calls));
        let other = together.ask("b", || call(&calls));
        let (one, two, three, other) = tokio::join!(ask(), ask(), ask(), other);
        assert_eq!((one.clone(), two.clone()), (two, three), "the same answer");
        assert_ne!(one, other);
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_under_way_answers_nobody_who_asks_later() {
        let (together, calls) = (Together::default(), AtomicUsize::new(0));
        let later = async {
            sleep(Duration::from_millis(30)).await;
            together.ask("a", || call(&calls)).await
        };
        let (one, two) = tokio::join!(together.ask("a", || call(&calls)), later);
        assert_eq!((one, two), (Ok(Arc::new(1)), Ok(Arc::new(2))));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_one_who_was_stopped() {
        let (together, calls) = (Together::default(), AtomicUsize::new(0));
        let stopped = tokio::time::timeout(Duration::from_millis(5), together.ask("a", || call(&calls)));
        let (stopped, one) = tokio::join!(stopped, together.ask("a", || call(&calls)));
        assert!(stopped.is_err());
        assert_eq!(one, Ok(Arc::new(1)));
        assert_eq!(together.ask("a", || call(&calls)).await, Ok(Arc::new(2)), "and the next one asks again");
    }
}
