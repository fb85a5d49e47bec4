//! The choices that a protocol of this shape has, and the bounds within which it is checked.

use crate::identity::{ClientId, ResourceId};

/// How a run locks, journals, calls and recovers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    /// How HEAD is taken.
    pub acquire: Write,
    /// How a new snapshot is published.
    pub publish: Write,
    /// Whether there is a journal, and what its seal does.
    pub journal: Journaling,
    /// When a held HEAD may be taken.
    pub takeover: Takeover,
    /// Whether a holder starts no call once HEAD was taken from it.
    ///
    /// Holders check that on a clock right before each call. Here the check and the call are one step: that is the assumption
    /// "no holder is suspended between its last check and its call, for longer than the lease".
    pub self_fence: bool,
    /// Whether a new holder waits, after the seal, until no request of another run can still arrive.
    pub drain: bool,
    /// How an object is found again whose create has no recorded outcome.
    pub class: Class,
    /// Where operation ids come from.
    pub draw: Draw,
}

/// How the register is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Only if it is still what was read.
    CompareAndSwap,
    /// Whatever it is by now.
    Unconditional,
}

/// Whether intents are durable, and how an old journal is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journaling {
    /// There is no journal.
    None,
    /// There is one, but a new holder does not close those before it.
    Unsealed,
    /// A new holder writes a seal, but holders append without looking whether something stands there already.
    SealIgnored,
    /// A seal takes the next place of the journal, and each record is created only if its place is free.
    Sealed,
}

/// When a held HEAD may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takeover {
    /// At any moment: no clock is trusted.
    AtAnyTime,
    /// Only when the holder is known dead, as the kernel knows it of a process on the same machine.
    WhenDead,
}

/// How an object is found again whose create has no recorded outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The cloud remembers the operation's token: asking again answers with the same object.
    Token,
    /// As [`Class::Token`], but recovery looks for the object instead of asking again.
    TokenReadBack,
    /// The caller chooses a name that only one object can have; deletes go by name, too.
    Name,
    /// The object carries the operation as a tag and can be listed by it.
    Tag,
    /// Nothing. Recovery remembers the operation as unsettled and leaves the resource alone until someone says what became of it.
    NothingAsk,
    /// Nothing. Recovery creates again and hopes.
    NothingHope,
}

/// Where operation ids come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// Drawn afresh with each intent.
    Fresh,
    /// Computed from the address and the number of deletes that were recorded of it.
    AddressAndGeneration,
}

/// What happens to a stack between runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// The first run wants every resource; in the configuration of all others the first resource was removed.
    Removed,
    /// As [`Story::Removed`], but the last run wants the resource back.
    PutBack,
    /// Every run wants every resource, and an outsider deletes one object.
    Vandalised,
}

/// Every story.
pub const STORIES: [Story; 3] = [Story::Removed, Story::PutBack, Story::Vandalised];

/// How far the adversary may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// What each run wants: one configuration per run, one flag per resource.
    pub configurations: Vec<Vec<bool>>,
    /// How many runs may crash, or leave without publishing.
    pub failures: u8,
    /// How many objects an outsider may delete.
    pub outsider: u8,
}

impl Bounds {
    /// A story with this many runs, resources and failures.
    pub fn new(story: Story, clients: usize, resources: usize, failures: u8) -> Self {
        let full = vec![true; resources];
        let mut fewer = full.clone();
        fewer[0] = false;
        let wants = |client| match story {
            Story::Removed if client == 0 => full.clone(),
            Story::PutBack if client == 0 || client + 1 == clients => full.clone(),
            Story::Removed | Story::PutBack => fewer.clone(),
            Story::Vandalised => full.clone(),
        };
        let outsider = u8::from(story == Story::Vandalised);
        Self { configurations: (0..clients).map(wants).collect(), failures, outsider }
    }

    /// The number of resource addresses.
    pub fn resources(&self) -> usize {
        self.configurations.first().map_or(0, Vec::len)
    }

    /// Whether a run wants a resource.
    pub fn wants(&self, client: ClientId, resource: ResourceId) -> bool {
        self.configurations[client.index()][resource.index()]
    }
}
