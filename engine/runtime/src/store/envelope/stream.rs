//! The STREAM construction: chunks that can be neither changed, reordered, dropped nor cut.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use zeroize::Zeroizing;

use super::EnvelopeError;

/// The length of a chunk before encryption, in bytes.
pub(super) const CHUNK: usize = 64 * 1024;
/// The length of a chunk's tag, in bytes.
pub(super) const TAG: usize = 16;

pub(super) type Cipher = Aes256Gcm;

/// The cipher of one object.
pub(super) fn cipher(key: &[u8]) -> Cipher {
    Aes256Gcm::new_from_slice(key).expect("the key has 256 bits")
}

/// Eleven bytes of counter, one that is 1 for the last chunk only.
fn nonce(chunk: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&chunk.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

/// Encrypts everything. `plain` is not empty; `bound` is authenticated with every chunk.
pub(super) fn encrypt(cipher: &Cipher, bound: &[u8; 32], plain: &[u8]) -> Vec<u8> {
    let count = plain.len().div_ceil(CHUNK);
    let mut body = Vec::with_capacity(plain.len() + count * TAG);
    for (chunk, part) in plain.chunks(CHUNK).enumerate() {
        let start = body.len();
        body.extend_from_slice(part);
        let nonce = nonce(chunk as u64, chunk + 1 == count);
        let tag = cipher.encrypt_inout_detached(&Nonce::from(nonce), bound, body[start..].as_mut().into());
        body.extend_from_slice(&tag.expect("a chunk is far below what AES-GCM takes"));
    }
    body
}

/// Decrypts everything, or names the first chunk that is not authentic.
pub(super) fn decrypt(cipher: &Cipher, bound: &[u8; 32], body: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let count = body.len().div_ceil(CHUNK + TAG);
    if count == 0 {
        return Err(EnvelopeError::Truncated("body"));
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(body.len()));
    for (chunk, part) in body.chunks(CHUNK + TAG).enumerate() {
        let forged = EnvelopeError::BodyForged { chunk: chunk as u64 };
        let (part, tag) = part.split_last_chunk::<TAG>().ok_or(EnvelopeError::Truncated("body"))?;
        let start = plain.len();
        plain.extend_from_slice(part);
        let nonce = nonce(chunk as u64, chunk + 1 == count);
        let buffer = plain[start..].as_mut().into();
        let opened = cipher.decrypt_inout_detached(&Nonce::from(nonce), bound, buffer, &Tag::from(*tag));
        opened.map_err(|_| forged)?;
    }
    Ok(plain)
}
