//! What is sealed: a section that is compressed and one that is not, padded so that the length tells little.

use zeroize::Zeroizing;

use super::{EnvelopeError, MAX_OBJECT};

/// Fast, and on state as good as the slower levels.
const ZSTD_LEVEL: i32 = 1;
/// Three lengths of eight bytes: the open section unpacked, the open section packed, the secret section.
const PREFIX: usize = 24;

/// The content of a sealed object.
///
/// Secrets are never compressed: whoever chooses a part of the text could otherwise guess them from the object's size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payload {
    /// What holds no secret.
    pub open: Vec<u8>,
    /// What does, or may.
    pub secret: Zeroizing<Vec<u8>>,
}

impl Payload {
    /// What the header tells of the unpacked length: enough to bound it, and no more.
    pub(super) fn unpacked_limit(&self) -> u64 {
        padded(self.open.len()) as u64
    }

    /// One buffer: lengths, sections, zeros up to the padded length.
    pub(super) fn pack(&self) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
        let too_large = EnvelopeError::TooLarge { what: "content", limit: MAX_OBJECT };
        if self.open.len() > MAX_OBJECT || self.secret.len() > MAX_OBJECT {
            return Err(too_large);
        }
        let packed = zstd::bulk::compress(&self.open, ZSTD_LEVEL).map_err(|error| content(error.to_string()))?;
        let length = PREFIX + packed.len() + self.secret.len();
        let mut plain = Zeroizing::new(Vec::with_capacity(padded(length)));
        for part in [self.open.len(), packed.len(), self.secret.len()] {
            plain.extend_from_slice(&(part as u64).to_be_bytes());
        }
        plain.extend_from_slice(&packed);
        plain.extend_from_slice(&self.secret);
        plain.resize(padded(length), 0);
        Ok(plain)
    }

    /// The inverse of [`Payload::pack`]. `limit` bounds what the open section unpacks to.
    pub(super) fn unpack(plain: &[u8], limit: u64) -> Result<Self, EnvelopeError> {
        let [unpacked, packed, secret] = lengths(plain)?;
        if unpacked as u64 > limit || unpacked > MAX_OBJECT {
            return Err(content("it unpacks to more than its header says".to_owned()));
        }
        let (packed, rest) = plain[PREFIX..].split_at_checked(packed).ok_or_else(outside)?;
        let (secret, padding) = rest.split_at_checked(secret).ok_or_else(outside)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(content("its padding is not empty".to_owned()));
        }
        Ok(Self { open: decompress(packed, unpacked)?, secret: Zeroizing::new(secret.to_vec()) })
    }
}

fn decompress(packed: &[u8], length: usize) -> Result<Vec<u8>, EnvelopeError> {
    let open = zstd::bulk::decompress(packed, length).map_err(|error| content(error.to_string()))?;
    match open.len() == length {
        true => Ok(open),
        false => Err(content("it does not unpack to the length it names".to_owned())),
    }
}

fn lengths(plain: &[u8]) -> Result<[usize; 3], EnvelopeError> {
    let prefix = plain.get(..PREFIX).ok_or_else(outside)?;
    let mut lengths = [0; 3];
    for (length, bytes) in lengths.iter_mut().zip(prefix.chunks_exact(8)) {
        let bytes = bytes.try_into().map_err(|_| outside())?;
        *length = usize::try_from(u64::from_be_bytes(bytes)).map_err(|_| outside())?;
    }
    Ok(lengths)
}

fn outside() -> EnvelopeError {
    content("its sections do not fit".to_owned())
}

fn content(why: String) -> EnvelopeError {
    EnvelopeError::Malformed { what: "content", why }
}

/// PADMÉ: at most 12 % longer, and only about log log n bits of the length remain visible.
pub(super) fn padded(length: usize) -> usize {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let mantissa = exponent.checked_ilog2().map_or(1, |bits| bits + 1);
    let mask = (1 << exponent.saturating_sub(mantissa)) - 1;
    (length + mask) & !mask
}
