//! Identities that outlive a run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text is not the identity it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct MalformedIdentity {
    /// What was given.
    pub text: String,
    /// What was expected, with an article.
    pub expected: &'static str,
}

/// Writes bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedIdentity;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                unhex(text).map(Self).ok_or_else(|| MalformedIdentity { text: text.to_owned(), expected: $expected })
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedIdentity;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}

identity!(
    /// The identity of one provider call: 128 random bits, drawn when the intent is journaled and reused by recovery.
    OpId, 16, "an operation id of 32 hexadecimal digits"
);
identity!(
    /// The identity of a stack's state, fixed by the first writer of its HEAD; keys and sealed headers are bound to it.
    StackUuid, 16, "a stack uuid of 32 hexadecimal digits"
);
identity!(
    /// The identity of one deployment: 128 random bits.
    DeploymentId, 16, "a deployment id of 32 hexadecimal digits"
);
identity!(
    /// SHA-256 of a sealed object's authenticated header and body.
    SnapshotId, 32, "a snapshot id of 64 hexadecimal digits"
);
identity!(
    /// A SHA-256 digest.
    Digest, 32, "a SHA-256 digest of 64 hexadecimal digits"
);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

/// What may be told of a secret without telling it: the version its source names, and a digest keyed with the stack's own secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The version that the source gives the value; `None` where sources have no versions (environment, file).
    pub version: Option<String>,
    /// HMAC-SHA256 of the value under the stack secret; equal digests mean equal values within one stack.
    pub digest: Digest,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_survive_text() {
        let id = OpId([0xab; 16]);
        assert_eq!(id.to_string().parse::<OpId>().unwrap(), id);
        assert!("zz".parse::<OpId>().is_err());
    }
}
