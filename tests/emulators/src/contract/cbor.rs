//! Bodies of CBOR (RFC 8949), as JSON: byte strings become base64, tags are dropped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

/// How deep a body may be nested. A choice of this project.
const DEEPEST: usize = 64;

/// Reads one item; none when it is malformed.
pub(super) fn parse(bytes: &[u8]) -> Option<Value> {
    Reader { bytes }.item(0)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

/// The argument of a head; none when the length is indefinite.
type Argument = Option<u64>;

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn head(&mut self) -> Option<(u8, u8, Argument)> {
        let first = self.take(1)?[0];
        let (major, short) = (first >> 5, first & 31);
        let argument = match short {
            0..=23 => Some(u64::from(short)),
            24..=27 => Some(self.take(1 << (short - 24))?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))),
            31 => None,
            _ => return None,
        };
        Some((major, short, argument))
    }

    /// Whether an indefinite item ends here; its end is taken.
    fn is_over(&mut self, left: &mut Argument) -> Option<bool> {
        match left {
            Some(0) => Some(true),
            Some(number) => {
                *number -= 1;
                Some(false)
            }
            None if *self.bytes.first()? == 0xff => self.take(1).map(|_| true),
            None => Some(false),
        }
    }

    fn item(&mut self, depth: usize) -> Option<Value> {
        let (major, short, argument) = self.head().filter(|_| depth < DEEPEST)?;
        match major {
            0 => Some(argument?.into()),
            1 => Some(Value::Number(Number::from_i128(-1 - i128::from(argument?))?)),
            2 => Some(STANDARD.encode(self.string(argument)?).into()),
            3 => Some(String::from_utf8(self.string(argument)?).ok()?.into()),
            4 => self.list(argument, depth),
            5 => self.map(argument, depth),
            6 => self.item(depth + 1),
            _ => simple(short, argument?),
        }
    }

    fn string(&mut self, mut length: Argument) -> Option<Vec<u8>> {
        if let Some(length) = length {
            return self.take(usize::try_from(length).ok()?).map(<[u8]>::to_vec);
        }
        let mut whole = Vec::new();
        while !self.is_over(&mut length)? {
            let (_, _, part) = self.head()?;
            whole.extend_from_slice(self.take(usize::try_from(part?).ok()?)?);
        }
        Some(whole)
    }

    fn list(&mut self, mut left: Argument, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        while !self.is_over(&mut left)? {
            list.push(self.item(depth + 1)?);
        }
        Some(list.into())
    }

    fn map(&mut self, mut left: Argument, depth: usize) -> Option<Value> {
        let mut map = Map::new();
        while !self.is_over(&mut left)? {
            let Value::String(key) = self.item(depth + 1)? else { return None };
            map.insert(key, self.item(depth + 1)?);
        }
        Some(map.into())
    }
}

fn simple(short: u8, argument: u64) -> Option<Value> {
    match short {
        20 => Some(false.into()),
        21 => Some(true.into()),
        22 | 23 => Some(Value::Null),
        26 => Some(f64::from(f32::from_bits(u32::try_from(argument).ok()?)).into()),
        27 => Some(f64::from_bits(argument).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::json;

    #[test]
    fn the_examples_of_the_standard_are_read() {
        for (bytes, value) in [
            (&[0x18, 0x64][..], json!(100)),
            (&[0x39, 0x03, 0xe7], json!(-1000)),
            (&[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], json!(1.1)),
            (&[0xa1, 0x61, 0x61, 0x82, 0x01, 0xf5], json!({ "a": [1, true] })),
            (&[0xbf, 0x61, 0x61, 0x9f, 0xf6, 0xff, 0xff], json!({ "a": [null] })),
            (&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0], json!(1_363_896_240)),
            (&[0x44, 1, 2, 3, 4], json!("AQIDBA==")),
        ] {
            assert_eq!(parse(bytes), Some(value), "{bytes:x?}");
        }
        for bytes in [&[][..], &[0x18], &[0xa1, 0x01, 0x02], &[0x9f, 0x01], &[0x81; 100]] {
            assert_eq!(parse(bytes), None, "{bytes:x?}");
        }
    }
}
