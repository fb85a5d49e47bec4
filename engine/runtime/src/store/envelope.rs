//! The `SIAC1` sealed object: a header that everyone may read and nobody change, and a body that only a key opens.
//!
//! ```text
//! "SIAC" | format u8 | kind u8 | suite u8 | flags u8 | header length u32 | header (JSON)     the bound part
//! recipients length u32 | recipients (JSON) | HMAC-SHA256 over everything before             replaced when keys rotate
//! body: chunks of 64 KiB, AES-256-GCM, nonce = counter (88 bits) ‖ last flag (8 bits), AAD = SHA-256 (bound part)
//! ```
//!
//! Numbers are big-endian. The object's id is SHA-256 over the bound part and the body, so that new recipients leave it alone.
//! Every object has keys of its own, derived from the run's data key with a fresh salt: the counter nonce cannot repeat.

mod bytes;
mod header;
mod payload;
mod stream;
#[cfg(test)]
mod tests;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use siac_core::model::identity::{SnapshotId, StackUuid};
use siac_core::ports::{DataKey, WrappedKey};
use zeroize::Zeroizing;

use bytes::Reader;
pub(crate) use header::printable;
pub use header::{Expected, Header, Kind, Salt};
pub use payload::Payload;

/// The format this siac writes, and the newest it reads.
pub const FORMAT: u8 = 1;
/// The largest header and the largest list of recipients, in bytes.
pub const MAX_HEADER: usize = 64 * 1024;
/// How many keys may open one object.
pub const MAX_RECIPIENTS: usize = 8;
/// The largest sealed object, in bytes; also the most that its compressed section may unpack to.
pub const MAX_OBJECT: usize = 2 << 30;

const MAGIC: &[u8; 4] = b"SIAC";
/// AES-256-GCM in 64 KiB chunks, HKDF-SHA256, HMAC-SHA256.
const SUITE: u8 = 1;
const MAC_LENGTH: usize = 32;

/// Why an object does not open, or cannot be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is something else.
    #[error("this is not a sealed siac object")]
    NotSealed,
    /// A newer siac wrote it. `written_by` is what it says of itself, not authenticated.
    #[error(
        "this was written in format {format} by {written_by}; this siac knows formats up to {FORMAT}. Use that version or a newer one"
    )]
    Newer {
        /// Its format.
        format: u8,
        /// Who says to have written it.
        written_by: String,
    },
    /// It ends too early.
    #[error("the sealed object is truncated: {0} is incomplete")]
    Truncated(&'static str),
    /// It asks for more than siac is willing to handle.
    #[error("the sealed object's {what} is larger than {limit} bytes")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A fixed byte has a value that this format does not know.
    #[error("the sealed object has an unknown {what} ({found})")]
    Unknown {
        /// Which byte.
        what: &'static str,
        /// Its value.
        found: u8,
    },
    /// The header or the list of recipients does not parse.
    #[error("the sealed object's {what} is malformed: {why}")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// What the parser said.
        why: String,
    },
    /// The header's MAC does not match: another key, or someone changed it.
    #[error("the sealed object's header is not authentic: it was changed, or sealed with another key")]
    HeaderForged,
    /// A chunk of the body is not authentic: changed, cut, reordered or from elsewhere.
    #[error("the sealed object's body is not authentic at chunk {chunk}: it was changed or cut")]
    BodyForged {
        /// Which chunk, from 0.
        chunk: u64,
    },
    /// It is authentic, and not what belongs here.
    #[error("the sealed object belongs elsewhere: its {field} is {found}, expected {expected}")]
    Misplaced {
        /// Which field.
        field: &'static str,
        /// What was expected.
        expected: String,
        /// What it says.
        found: String,
    },
}

/// A sealed object's bytes and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What to store.
    pub bytes: Vec<u8>,
    /// SHA-256 over everything but the recipients.
    pub id: SnapshotId,
}

/// What was in a sealed object.
#[derive(Debug)]
pub struct Opened {
    /// The authenticated header.
    pub header: Header,
    /// The content.
    pub payload: Payload,
    /// The object's id.
    pub id: SnapshotId,
}

/// A parsed object: its parts are bounded, nothing is authenticated yet.
#[derive(Debug)]
pub struct Unopened<'a> {
    bound: &'a [u8],
    signed: &'a [u8],
    mac: &'a [u8],
    body: &'a [u8],
    header: Header,
    recipients: Vec<WrappedKey>,
}

/// Seals a payload. The header's `salt` must be fresh; its `unpacked_limit` is set here.
///
/// Fails when the header, the recipients or the payload are beyond their limits.
pub fn seal(
    header: &Header,
    payload: &Payload,
    key: &DataKey,
    recipients: &[WrappedKey],
) -> Result<Sealed, EnvelopeError> {
    let header = Header { unpacked_limit: payload.unpacked_limit(), ..header.clone() };
    let plain = payload.pack()?;
    let keys = ObjectKeys::derive(&header, key);
    let bound = bound_part(&header)?;
    let body = stream::encrypt(&keys.cipher(), &Sha256::digest(&bound).into(), &plain);
    let id = identify(&bound, &body);
    Ok(Sealed { bytes: assemble(&bound, recipients, &keys, &body)?, id })
}

/// Parses an object: checks every length and every fixed byte, and authenticates nothing.
pub fn parse(bytes: &[u8]) -> Result<Unopened<'_>, EnvelopeError> {
    if bytes.len() > MAX_OBJECT {
        return Err(EnvelopeError::TooLarge { what: "length", limit: MAX_OBJECT });
    }
    let mut reader = Reader::new(bytes);
    if reader.take(MAGIC.len(), "mark").ok() != Some(MAGIC.as_slice()) {
        return Err(EnvelopeError::NotSealed);
    }
    let [format, kind, suite, flags] = reader.array("preamble")?;
    if format > FORMAT {
        return Err(EnvelopeError::Newer { format, written_by: header::claimed_writer(&mut reader) });
    }
    let kind = check_preamble(format, kind, suite, flags)?;
    let text = reader.block("header", MAX_HEADER)?;
    let header = Header::parse(text, kind)?;
    let bound = reader.so_far();
    let recipients = parse_recipients(reader.block("list of recipients", MAX_HEADER)?)?;
    let signed = reader.so_far();
    let mac = reader.take(MAC_LENGTH, "header's MAC")?;
    Ok(Unopened { bound, signed, mac, body: reader.rest(), header, recipients })
}

fn check_preamble(format: u8, kind: u8, suite: u8, flags: u8) -> Result<Kind, EnvelopeError> {
    let unknown = |what, found| Err(EnvelopeError::Unknown { what, found });
    match Kind::from_byte(kind) {
        _ if format != FORMAT => unknown("format", format),
        _ if suite != SUITE => unknown("suite", suite),
        _ if flags != 0 => unknown("flag", flags),
        None => unknown("kind", kind),
        Some(kind) => Ok(kind),
    }
}

fn parse_recipients(text: &[u8]) -> Result<Vec<WrappedKey>, EnvelopeError> {
    let malformed = |why: String| EnvelopeError::Malformed { what: "list of recipients", why };
    let recipients: Vec<WrappedKey> = serde_json::from_slice(text).map_err(|error| malformed(error.to_string()))?;
    match recipients.len() {
        1..=MAX_RECIPIENTS => Ok(recipients),
        count => Err(malformed(format!("{count} recipients, where 1 to {MAX_RECIPIENTS} are allowed"))),
    }
}

impl Unopened<'_> {
    /// What the header says; not authenticated.
    pub fn claimed(&self) -> &Header {
        &self.header
    }

    /// The stack that the header claims to belong to; not authenticated.
    pub fn claimed_stack(&self) -> StackUuid {
        self.header.stack_uuid
    }

    /// The keys that open it; not authenticated.
    pub fn recipients(&self) -> &[WrappedKey] {
        &self.recipients
    }

    /// The object's id, which says nothing about who made it.
    pub fn id(&self) -> SnapshotId {
        identify(self.bound, self.body)
    }

    /// Authenticates and decrypts it, and checks that it belongs where it was found.
    pub fn open(self, key: &DataKey, expected: &Expected) -> Result<Opened, EnvelopeError> {
        let keys = self.authenticate(key)?;
        expected.check(&self.header)?;
        let plain = stream::decrypt(&keys.cipher(), &Sha256::digest(self.bound).into(), self.body)?;
        let payload = Payload::unpack(&plain, self.header.unpacked_limit)?;
        Ok(Opened { id: self.id(), payload, header: self.header })
    }

    /// The same object for other recipients, which must hold wrappings of the same data key.
    pub fn rewrap(&self, key: &DataKey, recipients: &[WrappedKey]) -> Result<Vec<u8>, EnvelopeError> {
        let keys = self.authenticate(key)?;
        assemble(self.bound, recipients, &keys, self.body)
    }

    fn authenticate(&self, key: &DataKey) -> Result<ObjectKeys, EnvelopeError> {
        let keys = ObjectKeys::derive(&self.header, key);
        keys.mac(self.signed).verify_slice(self.mac).map_err(|_| EnvelopeError::HeaderForged)?;
        Ok(keys)
    }
}

/// The part that the body is bound to: everything up to the header's end.
fn bound_part(header: &Header) -> Result<Vec<u8>, EnvelopeError> {
    let mut bound = Vec::with_capacity(512);
    bound.extend_from_slice(MAGIC);
    bound.extend_from_slice(&[FORMAT, header.kind.byte(), SUITE, 0]);
    bytes::push_block(&mut bound, &header.text()?, "header", MAX_HEADER)?;
    Ok(bound)
}

fn assemble(bound: &[u8], recipients: &[WrappedKey], keys: &ObjectKeys, body: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let text = serde_json::to_vec(recipients)
        .map_err(|error| EnvelopeError::Malformed { what: "list of recipients", why: error.to_string() })?;
    parse_recipients(&text)?;
    let mut object = Vec::with_capacity(bound.len() + text.len() + MAC_LENGTH + body.len() + 4);
    object.extend_from_slice(bound);
    bytes::push_block(&mut object, &text, "list of recipients", MAX_HEADER)?;
    let mac = keys.mac(&object).finalize().into_bytes();
    object.extend_from_slice(&mac);
    object.extend_from_slice(body);
    match object.len() {
        0..=MAX_OBJECT => Ok(object),
        _ => Err(EnvelopeError::TooLarge { what: "length", limit: MAX_OBJECT }),
    }
}

fn identify(bound: &[u8], body: &[u8]) -> SnapshotId {
    SnapshotId(Sha256::new().chain_update(bound).chain_update(body).finalize().into())
}

/// The two keys of one object.
struct ObjectKeys(Zeroizing<[u8; 64]>);

impl ObjectKeys {
    /// Salt and info make them unique to this object of this stack.
    fn derive(header: &Header, key: &DataKey) -> Self {
        let mut keys = Zeroizing::new([0; 64]);
        let derived = Hkdf::<Sha256>::new(Some(&header.salt.0), key.expose()).expand(&header.binding(), &mut *keys);
        derived.expect("64 bytes are within what HKDF-SHA256 gives");
        Self(keys)
    }

    fn cipher(&self) -> stream::Cipher {
        stream::cipher(&self.0[..32])
    }

    fn mac(&self, signed: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0[32..]).expect("HMAC takes keys of any length");
        mac.chain_update(signed)
    }
}
