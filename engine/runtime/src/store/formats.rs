//! What is inside sealed objects: versioned types of their own, so that the model may change and old objects stay readable.
//!
//! The open section is the line `siac-content N` and then JSON; the secret section is JSON of the same version. What the model calls
//! secret, and the bytes that only a provider understands, go into the secret section and nowhere else.

mod depth;
#[cfg(test)]
mod tests;
mod v1;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use siac_core::model::event::Fact;
use siac_core::model::identity::Digest;
use siac_core::model::plan::Plan;
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::Snapshot;
use zeroize::Zeroizing;

use super::envelope::Payload;

/// The content version that this siac writes, and the newest it reads.
pub const VERSION: u32 = 1;

const MARK: &str = "siac-content ";

/// Why a content cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A newer siac wrote it.
    #[error(
        "the {what} is of content version {version}; this siac knows versions up to {VERSION}. Use the siac that wrote it, or a newer one"
    )]
    Newer {
        /// What it is.
        what: &'static str,
        /// Its version.
        version: u32,
    },
    /// It is authentic, and not what it should be.
    #[error("the {what} is malformed: {why}")]
    Malformed {
        /// What it is.
        what: &'static str,
        /// What the parser said.
        why: String,
    },
    /// It cannot be written in this format.
    #[error("the {what} cannot be written: {why}")]
    Unwritable {
        /// What it is.
        what: &'static str,
        /// Why.
        why: String,
    },
}

/// What one object of a journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The stack's own secret, drawn by its first holder, before anything else.
    Born {
        /// The key of fingerprints and artifact names.
        stack_secret: Secret<[u8; 32]>,
    },
    /// Facts, in order.
    Facts(Vec<Fact>),
    /// The journal is closed: a later holder has taken over, and nothing more counts.
    Seal {
        /// The epoch of the later holder.
        by: u64,
    },
}

/// A plan as it is kept in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedPlan {
    /// The plan.
    pub plan: Plan,
    /// The artifacts that the store lacked when it was saved.
    pub artifacts: BTreeMap<Digest, Vec<u8>>,
}

/// Writes a snapshot.
pub fn write_snapshot(snapshot: &Snapshot) -> Result<Payload, FormatError> {
    v1::snapshot::write(snapshot)
}

/// Reads a snapshot.
pub fn read_snapshot(payload: &Payload) -> Result<Snapshot, FormatError> {
    let what = "snapshot";
    known_version(payload, what)?;
    v1::snapshot::read(payload)
}

/// Writes an object of a journal.
pub fn write_entry(entry: &Entry) -> Result<Payload, FormatError> {
    v1::journal::write(entry)
}

/// Reads an object of a journal.
pub fn read_entry(payload: &Payload) -> Result<Entry, FormatError> {
    known_version(payload, v1::journal::WHAT)?;
    v1::journal::read(payload)
}

/// Writes a saved plan.
pub fn write_plan(saved: &SavedPlan) -> Result<Payload, FormatError> {
    v1::plan::write(saved)
}

/// Reads a saved plan.
pub fn read_plan(payload: &Payload) -> Result<SavedPlan, FormatError> {
    known_version(payload, v1::plan::WHAT)?;
    v1::plan::read(payload)
}

/// Refuses every version but the ones this siac reads; so far there is one.
fn known_version(payload: &Payload, what: &'static str) -> Result<(), FormatError> {
    let malformed = || FormatError::Malformed { what, why: "it names no content version".to_owned() };
    let (version, _) = split(&payload.open).ok_or_else(malformed)?;
    match version {
        VERSION => Ok(()),
        0 => Err(malformed()),
        version => Err(FormatError::Newer { what, version }),
    }
}

/// The version and the JSON behind it.
fn split(open: &[u8]) -> Option<(u32, &[u8])> {
    let end = open.iter().take(32).position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(&open[..end]).ok()?;
    Some((line.strip_prefix(MARK)?.parse().ok()?, &open[end + 1..]))
}

/// A payload of two JSON texts.
fn encode(
    what: &'static str,
    open: &impl serde::Serialize,
    secret: &impl serde::Serialize,
) -> Result<Payload, FormatError> {
    let unwritable = |why: String| FormatError::Unwritable { what, why };
    let mut payload = Payload { open: format!("{MARK}{VERSION}\n").into_bytes(), secret: Zeroizing::default() };
    serde_json::to_writer(&mut payload.open, open).map_err(|error| unwritable(error.to_string()))?;
    serde_json::to_writer(&mut *payload.secret, secret).map_err(|error| unwritable(error.to_string()))?;
    depth::check(&payload.open).and_then(|()| depth::check(&payload.secret)).map_err(unwritable)?;
    Ok(payload)
}

/// The two texts of a payload, parsed.
fn decode<A: DeserializeOwned, B: DeserializeOwned>(
    what: &'static str,
    payload: &Payload,
) -> Result<(A, B), FormatError> {
    let open = split(&payload.open).map_or(&[][..], |(_, json)| json);
    Ok((parse(what, open)?, parse(what, &payload.secret)?))
}

fn parse<T: DeserializeOwned>(what: &'static str, json: &[u8]) -> Result<T, FormatError> {
    let malformed = |why: String| FormatError::Malformed { what, why };
    depth::check(json).map_err(malformed)?;
    let mut reader = serde_json::Deserializer::from_slice(json);
    // The depth was bounded above, by what values may have and not by what JSON documents usually have.
    reader.disable_recursion_limit();
    let value = T::deserialize(&mut reader).map_err(|error| malformed(error.to_string()))?;
    reader.end().map_err(|error| malformed(error.to_string()))?;
    Ok(value)
}
