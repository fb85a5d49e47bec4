//! What is seen of something that runs: data for people and programs, from which nothing is decided.
//!
//! A provider fills it in when it is asked to look; a plan never sees it.

use serde::{Deserialize, Serialize};

/// Names of readings that mean the same for every provider, so that they can be shown in their place.
pub mod names {
    /// Where it answers, as a URL.
    pub const URL: &str = "url";
    /// The memory that its processes hold.
    pub const MEMORY: &str = "memory";
    /// Connections that are open now.
    pub const CONNECTIONS: &str = "connections";
    /// Requests or connections that were taken since it began to run.
    pub const REQUESTS: &str = "requests";
    /// How often it was started again after it had ended by itself.
    pub const RESTARTS: &str = "restarts";
    /// How it ended last.
    pub const LAST_EXIT: &str = "last exit";
    /// The number of its process.
    pub const PROCESS: &str = "process";
}

/// How something that runs is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It does what it is there for.
    Healthy,
    /// It is on its way, and does not serve yet.
    Starting,
    /// It serves, but not with everything it should.
    Degraded,
    /// It does not serve, or keeps ending.
    Failing,
    /// It is remembered, and nothing of it runs.
    Gone,
    /// It could not be looked at.
    Unknown,
}

impl Health {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Starting => "starting",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }

    /// Whether nobody needs to look after it.
    pub fn is_well(self) -> bool {
        self == Self::Healthy
    }
}

/// What is seen of something that runs. No text may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// How it is doing.
    pub health: Health,
    /// Why, in one line: lower case, no full stop. Empty when the health says it all.
    pub summary: String,
    /// Since when it is doing so, RFC 3339 in UTC; `None` when nobody knows.
    pub since: Option<String>,
    /// What was measured of the whole.
    pub readings: Vec<Reading>,
    /// The releases that run, the one that gets new work first.
    pub releases: Vec<Release>,
}

/// One version of a program that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// What tells it from others: the digest of its files, or the provider's own version. Empty when nothing does.
    pub name: String,
    /// How much of the new work it gets, in percent; `None` when it gets none any more.
    pub share: Option<u8>,
    /// What was measured of it.
    pub readings: Vec<Reading>,
    /// Its processes, or whatever else it runs as.
    pub instances: Vec<Instance>,
}

/// One process, container or the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// What it is called where it runs, for instance `process 4711`.
    pub name: String,
    /// How it is doing.
    pub health: Health,
    /// Since when it runs, RFC 3339 in UTC; `None` when nobody knows.
    pub since: Option<String>,
    /// What was measured of it.
    pub readings: Vec<Reading>,
}

/// Something that was measured or read, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What it is: one of [`names`], or a provider's own word.
    pub name: String,
    /// How much.
    pub amount: Amount,
}

/// How much, with its unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// Words, a number that counts nothing, a place.
    Text(String),
    /// So many.
    Count(u64),
    /// So many bytes.
    Bytes(u64),
    /// A span of time, in milliseconds.
    Milliseconds(u64),
    /// A moment, RFC 3339 in UTC.
    Moment(String),
}

impl Inspection {
    /// An inspection that says how it is doing and why, and no more.
    pub fn new(health: Health, summary: impl Into<String>) -> Self {
        Self { health, summary: summary.into(), since: None, readings: Vec::new(), releases: Vec::new() }
    }

    /// The amount of this name, among what was measured of the whole.
    pub fn amount(&self, name: &str) -> Option<&Amount> {
        amount(&self.readings, name)
    }

    /// Every instance of every release.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.releases.iter().flat_map(|release| &release.instances)
    }
}

impl Reading {
    /// A reading of this name.
    pub fn new(name: impl Into<String>, amount: Amount) -> Self {
        Self { name: name.into(), amount }
    }
}

/// The amount of this name.
pub fn amount<'a>(readings: &'a [Reading], name: &str) -> Option<&'a Amount> {
    readings.iter().find(|reading| reading.name == name).map(|reading| &reading.amount)
}
