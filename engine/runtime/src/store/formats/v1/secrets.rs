//! The secret section: everything that must not be compressed, and where it belongs.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use siac_core::model::path::Path;
use siac_core::model::secret::Secret;
use siac_core::model::value::{Known, Value};

/// What one object keeps to itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Confidential {
    pub(super) secrets: BTreeMap<Path, Secret<Known>>,
    pub(super) private: Vec<u8>,
}

/// The secrets of several objects, by where those objects are.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secrets<P> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stack_secret: Option<KeyText>,
    #[serde(default = "Vec::new")]
    values: Vec<(P, Path, Revealed)>,
    #[serde(default = "Vec::new")]
    private: Vec<(P, Bytes)>,
}

impl<P> Default for Secrets<P> {
    fn default() -> Self {
        Self { stack_secret: None, values: Vec::new(), private: Vec::new() }
    }
}

impl<P: Clone + Ord> Secrets<P> {
    /// Adds what the object at this place keeps to itself.
    pub(super) fn add(&mut self, at: &P, secrets: &BTreeMap<Path, Secret<Known>>, private: &[u8]) {
        for (path, secret) in secrets {
            self.values.push((at.clone(), path.clone(), Revealed(secret.clone())));
        }
        if !private.is_empty() {
            self.private.push((at.clone(), Bytes(private.to_vec())));
        }
    }

    /// Everything by its place.
    pub(super) fn sort(self) -> BTreeMap<P, Confidential> {
        let mut sorted: BTreeMap<P, Confidential> = BTreeMap::new();
        for (at, path, Revealed(secret)) in self.values {
            sorted.entry(at).or_default().secrets.insert(path, secret);
        }
        for (at, Bytes(private)) in self.private {
            sorted.entry(at).or_default().private = private;
        }
        sorted
    }
}

/// A secret value as the secret section writes it, and nothing else does.
struct Revealed(Secret<Known>);

impl Serialize for Revealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bare = Secret::new(without_marks(self.0.expose()));
        bare.expose().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Revealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Known::deserialize(deserializer).map(|value| Self(Secret::new(value)))
    }
}

/// The value without the marks of secrecy inside it: the whole is secret anyway.
fn without_marks(value: &Known) -> Known {
    match value {
        Value::Secret(inner) => without_marks(inner.expose()),
        Value::List(items) => Value::List(items.iter().map(without_marks).collect()),
        Value::Map(entries) => {
            Value::Map(entries.iter().map(|(key, value)| (key.clone(), without_marks(value))).collect())
        }
        plain => plain.clone(),
    }
}

/// Bytes as base64.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// 32 secret bytes as base64.
#[derive(Clone)]
pub(super) struct KeyText(pub(super) Secret<[u8; 32]>);

impl Serialize for KeyText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Secret::new(STANDARD.encode(self.0.expose()));
        serializer.serialize_str(text.expose())
    }
}

impl<'de> Deserialize<'de> for KeyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Secret::new(Bytes::deserialize(deserializer)?.0);
        let key: [u8; 32] = bytes.expose().as_slice().try_into().map_err(serde::de::Error::custom)?;
        Ok(Self(Secret::new(key)))
    }
}
