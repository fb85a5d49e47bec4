//! What a sealed object says of itself, and what is checked of it.

use serde::{Deserialize, Serialize};
use siac_core::model::identity::{Digest, SnapshotId, StackUuid};
use siac_core::ports::{Entropy, random_32};

use super::bytes::Reader;
use super::{EnvelopeError, MAX_HEADER};

/// What a sealed object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A published state.
    Snapshot,
    /// A batch of facts, or the seal that closes a journal.
    Journal,
    /// A saved plan.
    Plan,
    /// An entry of the audit log.
    Audit,
    /// Facts that the journal would not take.
    Rescue,
    /// A file or folder that resources are made from.
    Artifact,
}

/// Every kind with its byte; 1 is kept for HEAD, which is no sealed object.
const KINDS: [(Kind, u8); 6] = [
    (Kind::Snapshot, 2),
    (Kind::Journal, 3),
    (Kind::Plan, 4),
    (Kind::Audit, 5),
    (Kind::Rescue, 6),
    (Kind::Artifact, 7),
];

impl Kind {
    /// The kind's byte.
    pub(super) fn byte(self) -> u8 {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or(0, |(_, byte)| *byte)
    }

    /// The kind of a byte.
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        KINDS.iter().find(|(_, known)| *known == byte).map(|(kind, _)| *kind)
    }
}

/// 32 random bytes that make an object's keys its own.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Digest", from = "Digest")]
pub struct Salt(pub [u8; 32]);

impl Salt {
    /// A fresh one.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        Self(random_32(entropy))
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Digest(self.0).fmt(f)
    }
}

impl From<Salt> for Digest {
    fn from(salt: Salt) -> Self {
        Self(salt.0)
    }
}

impl From<Digest> for Salt {
    fn from(digest: Digest) -> Self {
        Self(digest.0)
    }
}

/// The header: readable by everyone, authenticated, bound to the body. A field that this format does not know is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The identity of the state it belongs to; all zero in a plan made before there was one.
    pub stack_uuid: StackUuid,
    /// The stack's name.
    pub stack_name: String,
    /// SHA-256 of what names the store it was written to; only told, not enforced, so that a store can be moved.
    pub backend: Digest,
    /// What it is; agrees with the preamble.
    pub kind: Kind,
    /// The epoch of the holder that wrote it.
    pub epoch: u64,
    /// A snapshot's serial, or a journal object's number in its epoch.
    pub serial: u64,
    /// The object it follows: the snapshot before, or the journal object before.
    pub parent_id: Option<SnapshotId>,
    /// The newest epoch whose journal is part of it.
    pub wal_base: u64,
    /// The most bytes its compressed section unpacks to.
    pub unpacked_limit: u64,
    /// What makes its keys its own.
    pub salt: Salt,
    /// The program and version that wrote it.
    pub created_by: String,
    /// When, RFC 3339 in UTC. For people.
    pub time: String,
}

impl Header {
    pub(super) fn parse(text: &[u8], kind: Kind) -> Result<Self, EnvelopeError> {
        let malformed = |why| EnvelopeError::Malformed { what: "header", why };
        let header: Self = serde_json::from_slice(text).map_err(|error| malformed(error.to_string()))?;
        match header.kind == kind {
            true => Ok(header),
            false => Err(malformed("its kind is not the preamble's".to_owned())),
        }
    }

    pub(super) fn text(&self) -> Result<Vec<u8>, EnvelopeError> {
        serde_json::to_vec(self).map_err(|error| EnvelopeError::Malformed { what: "header", why: error.to_string() })
    }

    /// What the object's keys are derived for, besides the salt.
    pub(super) fn binding(&self) -> Vec<u8> {
        let mut info = b"siac1".to_vec();
        info.push(self.kind.byte());
        info.extend_from_slice(&self.stack_uuid.0);
        info.extend_from_slice(&self.epoch.to_be_bytes());
        info.extend_from_slice(&self.serial.to_be_bytes());
        info
    }
}

/// What an object found at a certain place must say of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// What it is.
    pub kind: Kind,
    /// Whose it is.
    pub stack_uuid: StackUuid,
    /// The stack's name.
    pub stack_name: String,
    /// The writer's epoch, where the place tells it.
    pub epoch: Option<u64>,
    /// The serial or number, where the place tells it.
    pub serial: Option<u64>,
}

impl Expected {
    /// An object of this kind and this stack.
    pub fn new(kind: Kind, stack_uuid: StackUuid, stack_name: &str) -> Self {
        Self { kind, stack_uuid, stack_name: stack_name.to_owned(), epoch: None, serial: None }
    }

    /// With this serial or number.
    #[must_use]
    pub fn serial(self, serial: u64) -> Self {
        Self { serial: Some(serial), ..self }
    }

    /// Written in this epoch.
    #[must_use]
    pub fn epoch(self, epoch: u64) -> Self {
        Self { epoch: Some(epoch), ..self }
    }

    pub(super) fn check(&self, header: &Header) -> Result<(), EnvelopeError> {
        same("kind", &format!("{:?}", self.kind), &format!("{:?}", header.kind))?;
        same("stack", &self.stack_name, &header.stack_name)?;
        same("stack uuid", &self.stack_uuid.to_string(), &header.stack_uuid.to_string())?;
        same_number("epoch", self.epoch, header.epoch)?;
        same_number("serial", self.serial, header.serial)
    }
}

fn same_number(field: &'static str, expected: Option<u64>, found: u64) -> Result<(), EnvelopeError> {
    expected.map_or(Ok(()), |expected| same(field, &expected.to_string(), &found.to_string()))
}

fn same(field: &'static str, expected: &str, found: &str) -> Result<(), EnvelopeError> {
    match expected == found {
        true => Ok(()),
        false => Err(EnvelopeError::Misplaced { field, expected: expected.to_owned(), found: found.to_owned() }),
    }
}

/// Who says to have written an object of a newer format: every format keeps the preamble, the header's place and this field.
pub(super) fn claimed_writer(reader: &mut Reader<'_>) -> String {
    let header = reader.block("header", MAX_HEADER).ok();
    let header = header.and_then(|text| serde_json::from_slice::<serde_json::Value>(text).ok());
    let writer = header.as_ref().and_then(|header| header.get("created_by")?.as_str());
    printable(writer.unwrap_or("a newer siac"))
}

/// What an unauthenticated text may put on a screen.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || " .-+_".contains(*c)).take(40).collect()
}
