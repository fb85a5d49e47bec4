//! Time that passes only when everybody sleeps.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use siac_core::ports::Clock;
use tokio::time::Instant;

use crate::lock;

/// The paused clock of the runtimes of all processes, joined to one: it goes on where the last process left it.
#[derive(Debug, Default)]
pub struct VirtualClock {
    time: Mutex<Time>,
}

#[derive(Debug, Default)]
struct Time {
    passed: Duration,
    /// When the present process began, by the clock of its runtime.
    since: Option<Instant>,
}

impl VirtualClock {
    /// A clock that goes on from the same moment.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { time: Mutex::new(Time { passed: self.elapsed(), since: None }) }
    }

    /// The time since the world began.
    pub fn elapsed(&self) -> Duration {
        let time = lock(&self.time);
        time.passed + time.since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Lets time pass between two processes.
    pub fn advance(&self, duration: Duration) {
        lock(&self.time).passed += duration;
    }

    /// A process begins. Must be called inside its runtime.
    pub(crate) fn begin(&self) {
        lock(&self.time).since = Some(Instant::now());
    }

    /// The process ends. Must be called inside its runtime.
    pub(crate) fn end(&self) {
        let passed = self.elapsed();
        *lock(&self.time) = Time { passed, since: None };
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> String {
        text_of(self.elapsed())
    }

    fn monotonic(&self) -> Duration {
        self.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// RFC 3339 of a moment of a world that began with the year 2030.
fn text_of(elapsed: Duration) -> String {
    let (seconds, milliseconds) = (elapsed.as_secs(), elapsed.subsec_millis());
    let (year, month, day) = date_of(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

fn date_of(mut days: u64) -> (u64, usize, u64) {
    let mut year = 2030;
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_dates() {
        assert_eq!(text_of(Duration::from_millis(1_500)), "2030-01-01T00:00:01.500Z");
        assert_eq!(text_of(Duration::from_secs(86_400 * (365 + 365 + 31 + 28))), "2032-02-29T00:00:00.000Z");
    }
}
