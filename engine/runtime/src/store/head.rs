//! HEAD: one small register per stack, that says who holds the lock and which snapshot counts.
//!
//! It is plain JSON, so that the lock can be looked at without a key, with a MAC, so that nobody without a key can change it.

use std::fmt;
use std::time::Duration;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use siac_core::model::identity::{Digest, OpId, SnapshotId, StackUuid};
use siac_core::ports::{DataKey, WrappedKey};
use zeroize::Zeroizing;

use super::envelope::{MAX_RECIPIENTS, printable};
use super::{StoreError, process};

/// The format of HEAD that this siac writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// More than a HEAD of eight recipients needs, in bytes.
const MAX_LENGTH: usize = 256 * 1024;

/// The content of HEAD.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The format; in every format the first thing to be told.
    pub format: u32,
    /// The program and version that wrote it; in every format.
    pub created_by: String,
    /// The identity of the state, fixed by the first writer.
    pub stack_uuid: StackUuid,
    /// The stack's name.
    pub stack_name: String,
    /// The number of the holder's time with the lock.
    pub epoch: u64,
    /// Who holds the lock.
    pub holder: Option<Holder>,
    /// The holder's signs of life.
    pub lease: Lease,
    /// The serial of the snapshot that counts; 0 before the first.
    pub serial: u64,
    /// Its id.
    pub snapshot_id: Option<SnapshotId>,
    /// SHA-256 of the HEAD before this one.
    pub prev_hash: Option<Digest>,
    /// The newest epoch whose journal is part of the snapshot.
    pub wal_merged_epoch: u64,
    /// Whether the last holder left without publishing what it did.
    pub dirty: bool,
    /// Drawn for each attempt to write, so that a writer knows its own write again.
    pub writer_nonce: OpId,
    /// The writer's data key, for each recipient.
    pub keys: Vec<WrappedKey>,
    /// Where the state went; nobody takes this register any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
}

/// The signs of life of a holder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Grows by one with each sign of life.
    pub beat: u64,
    /// After how many seconds without one another run takes over; 0 where the store itself knows whether the holder lives.
    pub duration: u64,
}

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// `user@host`, or what CI calls its actor.
    pub who: String,
    /// The machine.
    pub host: String,
    /// The process on that machine.
    pub process: u32,
    /// Which run, as its logs name it.
    pub run: String,
    /// For what.
    pub purpose: Purpose,
    /// Since when, RFC 3339 in UTC. For people.
    pub since: String,
    /// What tells the process apart from every other one, where the store cannot tell whether it lives: another run of the same machine then
    /// knows at once that it has ended. `None` where nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
}

impl Holder {
    /// Whether it was a process of this machine that is known to have ended.
    pub(super) fn has_ended(&self) -> bool {
        self.mark.as_deref().is_some_and(process::has_ended)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, host, process, run, purpose, since, .. } = self;
        let run = if run.is_empty() { String::new() } else { format!(", run {run}") };
        write!(f, "{who} ({purpose}, since {since}, process {process} on {host}{run})")
    }
}

/// What a lock is held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Applying a plan.
    Apply,
    /// Deleting everything.
    Destroy,
    /// Going back to a kept snapshot.
    Rollback,
    /// Settling what an earlier run left.
    Recover,
    /// Changing only what is recorded: labels, moves, removals.
    Edit,
    /// Deleting old snapshots.
    Prune,
    /// Changing the keys.
    RotateKeys,
    /// Bringing the state to another place.
    Migrate,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Rollback => "rollback",
            Self::Recover => "recover",
            Self::Edit => "edit",
            Self::Prune => "prune",
            Self::RotateKeys => "key rotation",
            Self::Migrate => "migration",
        })
    }
}

/// HEAD as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    head: Head,
    mac: Digest,
}

/// The little that every format of HEAD says.
#[derive(Deserialize)]
struct Claim {
    head: ClaimedHead,
}

#[derive(Deserialize)]
struct ClaimedHead {
    format: u32,
    #[serde(default)]
    created_by: String,
}

/// A HEAD that was parsed and not authenticated.
#[derive(Debug, Clone)]
pub struct UnverifiedHead(Signed);

impl UnverifiedHead {
    /// Parses what the register holds.
    pub fn parse(bytes: &[u8]) -> Result<Self, StoreError> {
        let malformed = |why: String| StoreError::Head(format!("is malformed: {why}"));
        if bytes.len() > MAX_LENGTH {
            return Err(malformed(format!("it is longer than {MAX_LENGTH} bytes")));
        }
        let Claim { head } = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        if head.format > FORMAT {
            return Err(StoreError::NewerHead { format: head.format, written_by: printable(&head.created_by) });
        }
        let signed: Signed = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        match signed.head.keys.len() {
            1..=MAX_RECIPIENTS => Ok(Self(signed)),
            count => Err(malformed(format!("it names {count} keys"))),
        }
    }

    /// What it says, for people: anyone who can write to the store may have written it.
    pub fn claimed(&self) -> &Head {
        &self.0.head
    }

    /// What it says, once the MAC is verified and the stack is the expected one.
    pub fn verify(self, key: &DataKey, stack: &str) -> Result<Head, StoreError> {
        let text = text_of(&self.0.head)?;
        let mac = mac(key, &self.0.head.stack_uuid, &text);
        mac.verify_slice(&self.0.mac.0).map_err(|_| {
            StoreError::Head("is not authentic: it was changed, or written with another key".to_owned())
        })?;
        match self.0.head.stack_name == stack {
            true => Ok(self.0.head),
            false => Err(StoreError::Head(format!("belongs to the stack `{}`, not `{stack}`", self.0.head.stack_name))),
        }
    }
}

impl Head {
    /// HEAD as it is stored, authenticated with the writer's data key.
    pub fn sign(&self, key: &DataKey) -> Result<Vec<u8>, StoreError> {
        let mac = mac(key, &self.stack_uuid, &text_of(self)?).finalize().into_bytes();
        let signed = Signed { head: self.clone(), mac: Digest(mac.into()) };
        serde_json::to_vec_pretty(&signed).map_err(unwritable)
    }

    /// How long this holder may be silent before another run takes over; `None` where the store itself knows.
    pub fn patience(&self) -> Option<Duration> {
        (self.lease.duration > 0).then(|| Duration::from_secs(self.lease.duration))
    }
}

/// The text that is authenticated: JSON of fixed fields in fixed order.
fn text_of(head: &Head) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(head).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Head(format!("cannot be written: {error}"))
}

fn mac(key: &DataKey, uuid: &StackUuid, text: &[u8]) -> Hmac<Sha256> {
    let mut derived = Zeroizing::new([0; 32]);
    let info = [b"siac1 head".as_slice(), &uuid.0].concat();
    let expanded = Hkdf::<Sha256>::new(None, key.expose()).expand(&info, &mut *derived);
    expanded.expect("32 bytes are within what HKDF-SHA256 gives");
    let mac = Hmac::<Sha256>::new_from_slice(&*derived).expect("HMAC takes keys of any length");
    mac.chain_update(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use siac_core::model::secret::Secret;

    use super::*;

    fn key() -> DataKey {
        Secret::new([3; 32])
    }

    fn head() -> Head {
        let method = || "test".to_owned();
        Head {
            format: FORMAT,
            created_by: "siac 0.1.0".into(),
            stack_uuid: StackUuid([7; 16]),
            stack_name: "shop".into(),
            epoch: 4,
            holder: None,
            lease: Lease { beat: 2, duration: 60 },
            serial: 9,
            snapshot_id: Some(SnapshotId([1; 32])),
            prev_hash: None,
            wal_merged_epoch: 3,
            dirty: false,
            writer_nonce: OpId([5; 16]),
            keys: vec![WrappedKey {
                method: method(),
                key_id: method(),
                wrapped: String::new(),
                params: BTreeMap::new(),
            }],
            moved_to: None,
        }
    }

    fn read(bytes: &[u8]) -> Result<Head, StoreError> {
        UnverifiedHead::parse(bytes)?.verify(&key(), "shop")
    }

    #[test]
    fn what_is_signed_is_read_again() {
        assert_eq!(read(&head().sign(&key()).unwrap()).unwrap(), head());
    }

    #[test]
    fn no_bit_of_it_can_change_what_it_says() {
        let signed = head().sign(&key()).unwrap();
        for bit in 0..signed.len() * 8 {
            let mut changed = signed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            // White space may change; what is said may not.
            assert!(read(&changed).is_err() || read(&changed).unwrap() == head(), "bit {bit}");
        }
    }

    #[test]
    fn another_key_and_another_stack_are_refused() {
        let signed = head().sign(&key()).unwrap();
        let parsed = || UnverifiedHead::parse(&signed).unwrap();
        assert!(parsed().verify(&Secret::new([4; 32]), "shop").is_err());
        assert!(parsed().verify(&key(), "shop2").is_err());
        assert_eq!(parsed().claimed().epoch, 4);
    }

    #[test]
    fn a_newer_format_says_who_can_read_it() {
        let newer = br#"{"head":{"format":2,"created_by":"siac 9.0\u001b[2J","fields":["of","tomorrow"]}}"#;
        let error = UnverifiedHead::parse(newer).unwrap_err();
        assert_eq!(error, StoreError::NewerHead { format: 2, written_by: "siac 9.02J".into() });
    }
}
