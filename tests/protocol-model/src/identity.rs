//! Who is who. All are small numbers, because only their being equal or different matters.

use std::fmt;

/// One run of siac, with a configuration of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u8);

/// One resource address of the stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub u8);

/// A tenure of the lock. Each acquisition begins the next; 0 is before the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u8);

/// The identity of one create, drawn together with its intent.
///
/// siac draws 128 random bits. Here a draw is the next number of its resource that nobody had before: fresh, finite, and without
/// regard to the order in which different resources draw, which would only multiply the states.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId {
    /// What is created.
    pub resource: ResourceId,
    /// Which draw of this resource.
    pub draw: u8,
}

/// What the cloud calls an object. Never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// Whose object it is.
    pub resource: ResourceId,
    /// Which object of this resource.
    pub nth: u8,
}

impl Epoch {
    /// The tenure after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The tenure before this one.
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl ResourceId {
    /// Where vectors keep what belongs to this resource.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl ClientId {
    /// Where vectors keep what belongs to this run.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {}", self.0)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "resource {}", self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}", self.0)
    }
}

impl fmt::Debug for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "op {}.{}", self.resource.0, self.draw)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object {}.{}", self.resource.0, self.nth)
    }
}
