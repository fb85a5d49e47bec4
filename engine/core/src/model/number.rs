//! Numbers that never round silently.

use std::fmt;
use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, ToPrimitive, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most significant digits, and the largest power of ten in either direction, that a number may have.
///
/// A choice of this project: far beyond any cloud API, and small enough that no input can make arithmetic expensive.
pub const MAX_DIGITS: u64 = 1_000;

/// A decimal number of arbitrary precision: integers are exact and decimals keep the digits they were written with.
///
/// `1.5 == 1.50`, while each prints as it was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(BigDecimal);

/// Why a text is not a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The text does not follow the grammar of decimal numbers.
    #[error("`{0}` is not a decimal number")]
    NotANumber(String),
    /// The number is beyond [`MAX_DIGITS`].
    #[error("the number has more than {MAX_DIGITS} digits")]
    TooLarge,
}

impl Number {
    /// The number behind an arithmetic result, refused when it is beyond [`MAX_DIGITS`].
    pub fn new(value: BigDecimal) -> Result<Self, NumberError> {
        let (digits, scale) = value.as_bigint_and_exponent();
        let too_long = digits.bits() > MAX_DIGITS * 4 || scale.unsigned_abs() > MAX_DIGITS;
        if too_long { Err(NumberError::TooLarge) } else { Ok(Self(value)) }
    }

    /// The decimal itself, for arithmetic.
    pub fn decimal(&self) -> &BigDecimal {
        &self.0
    }

    /// The number as a 64-bit integer, when it is one exactly.
    pub fn as_i64(&self) -> Option<i64> {
        if self.0.is_integer() { self.0.to_i64() } else { None }
    }

    /// The number as an unsigned size, when it is one exactly.
    pub fn as_usize(&self) -> Option<usize> {
        if self.0.is_integer() { self.0.to_usize() } else { None }
    }

    /// The nearest binary floating-point number.
    pub fn to_f64(&self) -> f64 {
        self.0.to_f64().unwrap_or(f64::NAN)
    }

    /// Whether the number is an integer.
    pub fn is_integer(&self) -> bool {
        self.0.is_integer()
    }

    /// Whether the number is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(BigDecimal::from(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(BigDecimal::from(value))
    }
}

impl From<usize> for Number {
    fn from(value: usize) -> Self {
        Self(BigDecimal::from(BigInt::from(value)))
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() as u64 > MAX_DIGITS * 2 {
            return Err(NumberError::TooLarge);
        }
        let decimal = BigDecimal::from_str(text).map_err(|_| NumberError::NotANumber(text.to_owned()))?;
        Self::new(decimal)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_digits_and_compare_by_value() {
        let a: Number = "1.50".parse().unwrap();
        let b: Number = "1.5".parse().unwrap();
        assert_eq!(a, b);
        assert_eq!(a.to_string(), "1.50");
    }

    #[test]
    fn integers_beyond_doubles_are_exact() {
        let n: Number = "9007199254740993".parse().unwrap();
        assert_eq!(n.to_string(), "9007199254740993");
        assert_eq!(n.as_i64(), Some(9_007_199_254_740_993));
    }

    #[test]
    fn hostile_exponents_are_refused() {
        assert_eq!("1e999999999".parse::<Number>(), Err(NumberError::TooLarge));
        assert_eq!("9".repeat(5_000).parse::<Number>(), Err(NumberError::TooLarge));
    }
}
