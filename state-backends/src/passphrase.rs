//! A key derived from a passphrase with argon2id.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use siac_core::model::identity::StackUuid;
use siac_core::model::secret::Secret;
use siac_core::ports::{DataKey, KeyFault, KeyProvider, WrappedKey};

use crate::wrapping;

/// The method's name in wrapped keys.
pub const METHOD: &str = "passphrase";

/// The shortest passphrase that new wrappings are made with, in characters. A choice of this project, after NIST SP 800-63B's minimum of 8.
pub const SHORTEST: usize = 12;

/// What a derivation costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    /// KiB of memory.
    memory: u32,
    /// Passes over it.
    passes: u32,
    /// Lanes.
    lanes: u32,
}

/// The second recommended choice of RFC 9106.
const COST: Cost = Cost { memory: 64 * 1024, passes: 3, lanes: 4 };

/// What OWASP asks for at least; a state that asks for less was tampered with.
const LEAST: Cost = Cost { memory: 19 * 1024, passes: 2, lanes: 1 };

/// The most that is done before anything is authenticated: 1 GiB, 10 passes, 16 lanes. A choice of this project.
const MOST: Cost = Cost { memory: 1024 * 1024, passes: 10, lanes: 16 };

/// One derivation: its salt and cost.
type Derivation = ([u8; 16], Cost);

/// A passphrase. What was derived is remembered, so that a thousand objects of one stack cost one derivation.
pub struct Passphrase {
    passphrase: Secret<String>,
    source: String,
    derived: Mutex<BTreeMap<Derivation, Secret<[u8; 32]>>>,
}

impl Passphrase {
    /// A passphrase; `source` says where it comes from, for messages.
    pub fn new(passphrase: Secret<String>, source: impl Into<String>) -> Self {
        Self { passphrase, source: source.into(), derived: Mutex::new(BTreeMap::new()) }
    }

    async fn derive(&self, derivation: Derivation) -> Result<Secret<[u8; 32]>, KeyFault> {
        let known = self.derived.lock().unwrap_or_else(PoisonError::into_inner).get(&derivation).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        let passphrase = self.passphrase.clone();
        let derive = move || argon(&passphrase, derivation);
        let key = tokio::task::spawn_blocking(derive)
            .await
            .map_err(|_| KeyFault::Unavailable("the derivation of the key ended".to_owned()))??;
        self.derived.lock().unwrap_or_else(PoisonError::into_inner).insert(derivation, key.clone());
        Ok(key)
    }
}

fn argon(passphrase: &Secret<String>, (salt, cost): Derivation) -> Result<Secret<[u8; 32]>, KeyFault> {
    let refused = |error: argon2::Error| KeyFault::Refused(format!("the key cannot be derived: {error}"));
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).map_err(refused)?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), &salt, &mut key)
        .map_err(refused)?;
    Ok(Secret::new(key))
}

/// Reads what a wrapping asks for, bounded both ways before anything is computed.
fn derivation(key: &WrappedKey) -> Result<Derivation, KeyFault> {
    let number = |name: &str| key.params.get(name).and_then(|text| text.parse().ok());
    let malformed =
        || KeyFault::Refused("the state names a key that cannot be read: its costs are malformed".to_owned());
    let cost = Cost {
        memory: number("memory_kib").ok_or_else(malformed)?,
        passes: number("passes").ok_or_else(malformed)?,
        lanes: number("lanes").ok_or_else(malformed)?,
    };
    let inside = |value: u32, least: u32, most: u32| (least..=most).contains(&value);
    let bounded = inside(cost.memory, LEAST.memory, MOST.memory)
        && inside(cost.passes, LEAST.passes, MOST.passes)
        && inside(cost.lanes, LEAST.lanes, MOST.lanes);
    if !bounded {
        return Err(KeyFault::Refused(format!(
            "the state asks for a key derivation ({} KiB, {} passes, {} lanes) that is not safe or not bounded; it was not made by siac",
            cost.memory, cost.passes, cost.lanes
        )));
    }
    Ok((wrapping::parameter(key, "argon2id_salt")?, cost))
}

fn params((salt, cost): Derivation) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("argon2id_salt".to_owned(), STANDARD.encode(salt)),
        ("memory_kib".to_owned(), cost.memory.to_string()),
        ("passes".to_owned(), cost.passes.to_string()),
        ("lanes".to_owned(), cost.lanes.to_string()),
    ])
}

#[async_trait]
impl KeyProvider for Passphrase {
    fn describe(&self) -> (String, String) {
        (METHOD.to_owned(), METHOD.to_owned())
    }

    async fn wrap(&self, stack: &StackUuid, key: &DataKey, known: &[WrappedKey]) -> Result<WrappedKey, KeyFault> {
        // A salt in use is taken again only when this very passphrase opens what was wrapped with it.
        let mut shared = None;
        for wrapped in known.iter().filter(|wrapped| wrapped.method == METHOD) {
            if self.unwrap(stack, wrapped).await.is_ok() {
                shared = Some(derivation(wrapped)?);
                break;
            }
        }
        let derivation = match shared {
            Some(derivation) => derivation,
            None => {
                if self.passphrase.expose().chars().count() < SHORTEST {
                    return Err(KeyFault::Refused(format!(
                        "the passphrase from {} is too short; take at least {SHORTEST} characters",
                        self.source
                    )));
                }
                let mut salt = [0; 16];
                getrandom::fill(&mut salt)
                    .map_err(|error| KeyFault::Unavailable(format!("the kernel gives no random numbers: {error}")))?;
                (salt, COST)
            }
        };
        wrapping::wrap(&self.derive(derivation).await?, self.describe(), stack, key, params(derivation))
    }

    async fn unwrap(&self, stack: &StackUuid, key: &WrappedKey) -> Result<DataKey, KeyFault> {
        let wrong = format!("the passphrase from {} is not the one that the state is sealed with", self.source);
        let derived = self.derive(derivation(key)?).await?;
        wrapping::unwrap(&derived, stack, key, &wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: StackUuid = StackUuid([7; 16]);

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(Secret::new(text.to_owned()), "SIAC_PASSPHRASE")
    }

    #[tokio::test]
    async fn a_passphrase_opens_what_it_wrapped_with_one_derivation() {
        let key = passphrase("correct horse battery");
        let data = Secret::new([9; 32]);
        let first = key.wrap(&STACK, &data, &[]).await.unwrap();
        let second = key.wrap(&STACK, &data, std::slice::from_ref(&first)).await.unwrap();
        assert_eq!(first.params["argon2id_salt"], second.params["argon2id_salt"]);
        assert_ne!(first.wrapped, second.wrapped);
        assert!(key.unwrap(&STACK, &second).await.unwrap() == data);
        assert_eq!(key.derived.lock().unwrap().len(), 1);
        let wrong = passphrase("wrong horse battery").unwrap(&STACK, &first).await;
        assert!(matches!(wrong, Err(KeyFault::WrongKey(why)) if why.contains("SIAC_PASSPHRASE")));
    }

    #[tokio::test]
    async fn costs_are_bounded_before_anything_is_computed() {
        let key = passphrase("correct horse battery");
        let wrapped = key.wrap(&STACK, &Secret::new([9; 32]), &[]).await.unwrap();
        for (name, value) in [
            ("memory_kib", "4294967295"),
            ("memory_kib", "1024"),
            ("passes", "1000"),
            ("passes", "1"),
            ("lanes", "0"),
            ("lanes", "x"),
        ] {
            let mut hostile = wrapped.clone();
            hostile.params.insert(name.to_owned(), value.to_owned());
            assert!(matches!(key.unwrap(&STACK, &hostile).await, Err(KeyFault::Refused(_))), "{name} = {value}");
        }
    }

    #[tokio::test]
    async fn a_short_passphrase_is_refused_for_new_states() {
        let refused = passphrase("short").wrap(&STACK, &Secret::new([9; 32]), &[]).await;
        assert!(matches!(refused, Err(KeyFault::Refused(_))));
    }
}
