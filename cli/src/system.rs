//! The clock and the dice of this machine.

use std::time::Duration;

use async_trait::async_trait;
use siac_core::ports::{Clock, Entropy};

/// The clock of this machine; its monotonic time counts suspension where the system can tell.
#[derive(Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> String {
        format!("{:.3}", jiff::Timestamp::now())
    }

    fn monotonic(&self) -> Duration {
        #[cfg(target_os = "linux")]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = rustix::time::ClockId::Monotonic;
        let time = rustix::time::clock_gettime(clock);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The random numbers of this machine's kernel.
#[derive(Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // The kernel refuses only before it has gathered its first entropy, in early boot; nothing that siac does is safe then.
        #[expect(clippy::expect_used, reason = "without random numbers no key and no operation id may be made")]
        getrandom::fill(buffer).expect("the kernel gives random numbers");
    }
}

/// Who runs this: what CI calls its actor, else `user@host`.
pub fn who() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(actor) = variable("GITHUB_ACTOR") {
        let run = variable("GITHUB_RUN_ID").map(|run| format!(" (run {run})")).unwrap_or_default();
        return format!("{actor}{run}");
    }
    let user = variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "someone".to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc_with_milliseconds() {
        let now = SystemClock.now();
        assert!(now.ends_with('Z') && now.len() == "2026-01-01T00:00:00.000Z".len(), "{now}");
    }

    #[test]
    fn two_draws_differ() {
        let mut draws = [[0; 16]; 2];
        draws.iter_mut().for_each(|draw| SystemEntropy.fill(draw));
        assert_ne!(draws[0], draws[1]);
    }
}
