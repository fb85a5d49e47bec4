//! Data keys wrapped with a key of 256 bits.

use std::collections::BTreeMap;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use sha2::Sha256;
use siac_core::model::identity::StackUuid;
use siac_core::model::secret::Secret;
use siac_core::ports::{DataKey, KeyFault, WrappedKey};

/// The parameter that holds the salt of a wrapping.
const SALT: &str = "salt";

/// The length of a wrapped key: 32 bytes and a tag of 16.
const WRAPPED: usize = 48;

/// Wraps a data key. The wrapping key is derived anew for each wrapping from a fresh salt, so that the nonce may be zero.
pub(crate) fn wrap(
    with: &Secret<[u8; 32]>,
    (method, key_id): (String, String),
    stack: &StackUuid,
    key: &DataKey,
    mut params: BTreeMap<String, String>,
) -> Result<WrappedKey, KeyFault> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt)
        .map_err(|error| KeyFault::Unavailable(format!("the kernel gives no random numbers: {error}")))?;
    let mut bytes = *key.expose();
    let tag = cipher(with, &salt, &method, stack)?
        .encrypt_inout_detached(&Nonce::default(), &stack.0, bytes.as_mut_slice().into())
        .map_err(|_| KeyFault::Refused("the key cannot be wrapped".to_owned()))?;
    params.insert(SALT.to_owned(), STANDARD.encode(salt));
    let wrapped = STANDARD.encode([bytes.as_slice(), tag.as_slice()].concat());
    Ok(WrappedKey { method, key_id, wrapped, params })
}

/// Opens a wrapped data key; `wrong` is what to say when the key does not fit.
pub(crate) fn unwrap(
    with: &Secret<[u8; 32]>,
    stack: &StackUuid,
    key: &WrappedKey,
    wrong: &str,
) -> Result<DataKey, KeyFault> {
    let salt = parameter::<32>(key, SALT)?;
    let wrapped: [u8; WRAPPED] = decode(&key.wrapped).ok_or_else(|| malformed("the wrapped key"))?;
    let (bytes, tag) = wrapped.split_at(32);
    let mut opened: [u8; 32] = bytes.try_into().map_err(|_| malformed("the wrapped key"))?;
    let tag: [u8; 16] = tag.try_into().map_err(|_| malformed("the wrapped key"))?;
    cipher(with, &salt, &key.method, stack)?
        .decrypt_inout_detached(&Nonce::default(), &stack.0, opened.as_mut_slice().into(), &Tag::from(tag))
        .map_err(|_| KeyFault::WrongKey(wrong.to_owned()))?;
    Ok(Secret::new(opened))
}

/// A parameter of fixed length, in base64.
pub(crate) fn parameter<const N: usize>(key: &WrappedKey, name: &str) -> Result<[u8; N], KeyFault> {
    key.params.get(name).and_then(|text| decode(text)).ok_or_else(|| malformed(&format!("its parameter `{name}`")))
}

/// Base64 of exactly `N` bytes.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    // A longer text is not even looked at.
    let bytes = (text.len() <= N * 2).then(|| STANDARD.decode(text).ok())??;
    bytes.try_into().ok()
}

fn malformed(what: &str) -> KeyFault {
    KeyFault::Refused(format!("the state names a key that cannot be read: {what} is malformed"))
}

fn cipher(with: &Secret<[u8; 32]>, salt: &[u8; 32], method: &str, stack: &StackUuid) -> Result<Aes256Gcm, KeyFault> {
    let mut key = [0; 32];
    let refused = || KeyFault::Refused("the key cannot be derived".to_owned());
    Hkdf::<Sha256>::new(Some(salt), with.expose())
        .expand_multi_info(&[b"siac1 wrap ", method.as_bytes(), &stack.0], &mut key)
        .map_err(|_| refused())?;
    let key = Secret::new(key);
    Aes256Gcm::new_from_slice(key.expose()).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: StackUuid = StackUuid([7; 16]);

    fn with(byte: u8) -> Secret<[u8; 32]> {
        Secret::new([byte; 32])
    }

    fn wrapped() -> WrappedKey {
        wrap(&with(1), ("test".into(), "a".into()), &STACK, &Secret::new([3; 32]), BTreeMap::new()).unwrap()
    }

    fn opens(with: &Secret<[u8; 32]>, stack: &StackUuid, key: &WrappedKey) -> bool {
        unwrap(with, stack, key, "wrong").is_ok()
    }

    #[test]
    fn what_is_wrapped_opens_again_and_nowhere_else() {
        assert!(opens(&with(1), &STACK, &wrapped()));
        assert!(!opens(&with(2), &STACK, &wrapped()));
        assert!(!opens(&with(1), &StackUuid([8; 16]), &wrapped()));
        assert!(!opens(&with(1), &STACK, &WrappedKey { method: "other".into(), ..wrapped() }));
        assert_ne!(wrapped().wrapped, wrapped().wrapped);
    }

    #[test]
    fn every_bit_of_a_wrapping_and_its_salt_matters() {
        let key = wrapped();
        let flipped = |text: &str, bit: usize| {
            let mut bytes = STANDARD.decode(text).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            STANDARD.encode(bytes)
        };
        for bit in 0..WRAPPED * 8 {
            let changed = WrappedKey { wrapped: flipped(&key.wrapped, bit), ..key.clone() };
            assert!(!opens(&with(1), &STACK, &changed), "bit {bit}");
        }
        for bit in 0..256 {
            let mut changed = key.clone();
            changed.params.insert(SALT.into(), flipped(&key.params[SALT], bit));
            assert!(!opens(&with(1), &STACK, &changed), "bit {bit} of the salt");
        }
    }

    #[test]
    fn hostile_texts_are_refused() {
        for text in ["", "AAAA", "no base64", "ä", &"A".repeat(100_000)] {
            assert!(!opens(&with(1), &STACK, &WrappedKey { wrapped: text.into(), ..wrapped() }), "{text}");
        }
    }
}
