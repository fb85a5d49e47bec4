//! Reading and writing length-prefixed parts.

use super::EnvelopeError;

/// Walks over bytes; never beyond their end.
pub(super) struct Reader<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    /// The next `length` bytes; `what` is named when there are fewer.
    pub(super) fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], EnvelopeError> {
        let taken = self.rest().get(..length).ok_or(EnvelopeError::Truncated(what))?;
        self.at += length;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], EnvelopeError> {
        self.take(N, what)?.try_into().map_err(|_| EnvelopeError::Truncated(what))
    }

    /// A part that says its length first, at most `limit`.
    pub(super) fn block(&mut self, what: &'static str, limit: usize) -> Result<&'a [u8], EnvelopeError> {
        let length = u32::from_be_bytes(self.array(what)?) as usize;
        match length <= limit {
            true => self.take(length, what),
            false => Err(EnvelopeError::TooLarge { what, limit }),
        }
    }

    /// Everything read until now.
    pub(super) fn so_far(&self) -> &'a [u8] {
        &self.all[..self.at]
    }

    /// Everything not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.all[self.at..]
    }
}

/// Appends a part after its length, at most `limit`.
pub(super) fn push_block(to: &mut Vec<u8>, part: &[u8], what: &'static str, limit: usize) -> Result<(), EnvelopeError> {
    let length = u32::try_from(part.len()).ok().filter(|_| part.len() <= limit);
    let length = length.ok_or(EnvelopeError::TooLarge { what, limit })?;
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(part);
    Ok(())
}
