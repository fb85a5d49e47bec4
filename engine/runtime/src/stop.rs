//! How a run is asked to end early.

use tokio::sync::watch;

/// How soon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopLevel {
    /// Not at all.
    #[default]
    No,
    /// Nothing new starts; what runs is waited for.
    Drain,
    /// Nothing is waited for but the journal: calls that run are left to the next run's recovery.
    Now,
}

/// The wish to stop, as those see it who are to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<StopLevel>);

/// The wish to stop, as the one has it who asks for it: a signal, a lost lock.
#[derive(Debug, Clone)]
pub struct StopSwitch(watch::Sender<StopLevel>);

/// A switch, and what it switches.
pub fn stop_switch() -> (StopSwitch, Stop) {
    let (sender, receiver) = watch::channel(StopLevel::No);
    (StopSwitch(sender), Stop(receiver))
}

impl StopSwitch {
    /// Asks for a stop. A level once reached is never lowered.
    pub fn ask(&self, level: StopLevel) {
        self.0.send_if_modified(|now| {
            let rises = *now < level;
            *now = level.max(*now);
            rises
        });
    }
}

impl Stop {
    /// A stop that nobody ever asks for.
    pub fn never() -> Self {
        stop_switch().1
    }

    /// What is asked for now.
    pub fn level(&self) -> StopLevel {
        *self.0.borrow()
    }

    /// Waits until more is asked for than when it was last called.
    pub async fn raised(&mut self) -> StopLevel {
        match self.0.changed().await {
            Ok(()) => *self.0.borrow_and_update(),
            // Nobody is left who could ask.
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until everything is to stop at once.
    pub async fn now(&mut self) {
        while self.level() < StopLevel::Now {
            self.raised().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_level_is_never_lowered() {
        let (switch, mut stop) = stop_switch();
        switch.ask(StopLevel::Now);
        assert_eq!(stop.raised().await, StopLevel::Now);
        switch.ask(StopLevel::Drain);
        assert_eq!(stop.level(), StopLevel::Now);
    }
}
