//! How often and how long a call is tried again.

use std::time::Duration;

use siac_core::ports::{Entropy, Fault};

/// The bounds of retrying. The defaults are choices of this project, after the habits of cloud SDKs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The most attempts of one operation.
    pub attempts: u32,
    /// The most time that one operation may spend before its last attempt begins.
    pub total: Duration,
    /// The upper bound of the first wait; it doubles with each attempt.
    pub first: Duration,
    /// The upper bound of every wait.
    pub longest: Duration,
    /// How long a tag index may lag behind.
    pub index_lag: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 12,
            total: Duration::from_secs(15 * 60),
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            index_lag: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// How long to wait after the `attempt`-th attempt failed: full jitter below a doubling bound, and at least what the other side asks.
    /// `None` when it is time to give up.
    pub(crate) fn wait(&self, attempt: u32, spent: Duration, fault: &Fault, entropy: &dyn Entropy) -> Option<Duration> {
        let asked = match fault {
            Fault::Transient { retry_after, .. } => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let bound = self.first.saturating_mul(1 << (attempt - 1).min(20)).min(self.longest);
        let wait = asked.saturating_add(bound.mul_f64(fraction(entropy)));
        (attempt < self.attempts && spent.saturating_add(wait) <= self.total).then_some(wait)
    }
}

/// A number from 0 to 1.
fn fraction(entropy: &dyn Entropy) -> f64 {
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Highest;

    impl Entropy for Highest {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0xff);
        }
    }

    #[test]
    fn waits_double_up_to_a_bound_and_end() {
        let patience = Patience::default();
        let fault = Fault::transient("busy");
        let wait = |attempt| patience.wait(attempt, Duration::ZERO, &fault, &Highest);
        assert_eq!(wait(1), Some(Duration::from_millis(500)));
        assert_eq!(wait(2), Some(Duration::from_secs(1)));
        assert_eq!(wait(11), Some(Duration::from_secs(30)));
        assert_eq!(wait(12), None);
        assert_eq!(patience.wait(1, patience.total, &fault, &Highest), None);
    }

    #[test]
    fn the_other_side_is_waited_for() {
        let retry_after = Some(Duration::from_secs(7));
        let fault = Fault::Transient { why: "busy".into(), retry_after, throttled: true };
        let wait = Patience::default().wait(1, Duration::ZERO, &fault, &Highest);
        assert_eq!(wait, Some(Duration::from_millis(7_500)));
    }
}
