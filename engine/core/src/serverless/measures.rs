//! Measures with their limits.

use std::fmt;
use std::time::Duration;

use crate::model::duration::written;
use crate::model::number::Number;

/// Why something cannot be so, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}; {remedy}")]
pub struct Refusal {
    /// What is wrong, as a clause without a full stop.
    pub why: String,
    /// What to do instead.
    pub remedy: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { why: why.into(), remedy: remedy.into() }
    }
}

/// The memory of one instance of a function, in MiB: 128 to 10,240, the bounds of AWS Lambda, which are the widest of those who run components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory(u32);

impl Memory {
    /// The least.
    pub const LEAST: Memory = Memory(128);
    /// The most.
    pub const MOST: Memory = Memory(10_240);
    /// What a function gets that asks for nothing: the least that every cloud offers. A choice of this project.
    pub const DEFAULT: Memory = Memory(512);

    /// So many MiB.
    ///
    /// # Errors
    /// When it is out of bounds.
    pub fn mebibytes(amount: &Number) -> Result<Self, Refusal> {
        let memory = amount.as_usize().and_then(|amount| u32::try_from(amount).ok()).map(Memory);
        memory.filter(|memory| (Self::LEAST..=Self::MOST).contains(memory)).ok_or_else(|| {
            let why = format!("a function has 128 to 10240 MiB of memory, in whole MiB, not {amount}");
            Refusal::new(why, "these are the bounds of the function services; what needs more is no function")
        })
    }

    /// The amount in MiB.
    pub fn in_mebibytes(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB", self.0)
    }
}

/// How long one request may take: 1 s to 15 min, the bounds of AWS Lambda; what stands in front of a function often allows less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout(Duration);

impl Timeout {
    /// What a request gets when nothing is said: what API gateways allow at most (30 s on AWS).
    pub const DEFAULT: Timeout = Timeout(Duration::from_secs(30));

    /// This long.
    ///
    /// # Errors
    /// When it is out of bounds.
    pub fn new(duration: Duration) -> Result<Self, Refusal> {
        match (Duration::from_secs(1)..=Duration::from_secs(900)).contains(&duration) {
            true => Ok(Self(duration)),
            false => Err(Refusal::new(
                format!("a request may take from 1s to 15m, not {}", written(duration)),
                "these are the bounds of the function services; let longer work go on behind a queue",
            )),
        }
    }

    /// The same, where `who` gives up after `limit`: a longer timeout would only hide that.
    ///
    /// # Errors
    /// When it is longer than the limit.
    pub fn at_most(self, limit: Duration, who: &str) -> Result<Self, Refusal> {
        match self.0 <= limit {
            true => Ok(self),
            false => Err(Refusal::new(
                format!("{who} gives up after {}, so a timeout of {self} would never be reached", written(limit)),
                format!("write `timeout = \"{}\"` or less", written(limit)),
            )),
        }
    }

    /// The duration.
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&written(self.0))
    }
}

/// A part of a whole: above 0, at most 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ratio(Number);

impl Ratio {
    /// This part.
    ///
    /// # Errors
    /// When it is out of bounds; `what` is what it measures.
    pub fn new(part: &Number, what: &str) -> Result<Self, Refusal> {
        match *part > Number::from(0_i64) && *part <= Number::from(1_i64) {
            true => Ok(Self(part.clone())),
            false => Err(Refusal::new(
                format!("{what} is a part of a whole, above 0 and at most 1, not {part}"),
                "write 0.7 for seventy percent",
            )),
        }
    }

    /// The part as a number.
    pub fn number(&self) -> &Number {
        &self.0
    }
}
