//! Numbers: exact where the result is, else as 64-bit floating point computes it.

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode, Signed};

use super::{Answer, Arguments, Wrong, wrong};
use crate::model::number::Number;
use crate::model::value::Value;

/// A result, when it is within the bounds of numbers.
pub(super) fn finite(value: BigDecimal) -> Answer {
    Number::new(value.normalized()).map(Value::Number).map_err(|error| Wrong::Call(error.to_string()))
}

fn float(value: f64) -> Answer {
    if !value.is_finite() {
        return wrong("the result is not a number");
    }
    value.to_string().parse().map(Value::Number).map_err(|_| Wrong::Call("the result is not a number".to_owned()))
}

pub(super) fn abs(arguments: &Arguments<'_>) -> Answer {
    finite(arguments.number(0)?.decimal().abs())
}

pub(super) fn ceil(arguments: &Arguments<'_>) -> Answer {
    finite(arguments.number(0)?.decimal().with_scale_round(0, RoundingMode::Ceiling))
}

pub(super) fn floor(arguments: &Arguments<'_>) -> Answer {
    finite(arguments.number(0)?.decimal().with_scale_round(0, RoundingMode::Floor))
}

pub(super) fn log(arguments: &Arguments<'_>) -> Answer {
    let (value, base) = (arguments.number(0)?.to_f64(), arguments.number(1)?.to_f64());
    float(value.ln() / base.ln())
}

fn numbers(arguments: &Arguments<'_>) -> Result<Vec<Number>, Wrong> {
    arguments.rest(0).iter().enumerate().map(|(at, value)| arguments.number_of(value, at)).collect()
}

pub(super) fn max(arguments: &Arguments<'_>) -> Answer {
    Ok(numbers(arguments)?.into_iter().max().map_or(Value::Null, Value::Number))
}

pub(super) fn min(arguments: &Arguments<'_>) -> Answer {
    Ok(numbers(arguments)?.into_iter().min().map_or(Value::Null, Value::Number))
}

pub(super) fn parseint(arguments: &Arguments<'_>) -> Answer {
    const LONGEST: usize = 1_024;
    let (text, base) = (arguments.text(0)?, arguments.size(1)?);
    if !(2..=62).contains(&base) {
        return Err(Wrong::Argument(1, "the base is between 2 and 62".to_owned()));
    }
    let refused = || Wrong::Argument(0, format!("`{text}` is not a whole number in base {base}"));
    let digits = text.strip_prefix('-').unwrap_or(&text);
    if digits.is_empty() || digits.len() > LONGEST {
        return Err(refused());
    }
    let mut value = BigInt::ZERO;
    for c in digits.chars() {
        let digit = digit(c, base).filter(|digit| *digit < base).ok_or_else(refused)?;
        value = value * base + digit;
    }
    finite(BigDecimal::from(if text.starts_with('-') { -value } else { value }))
}

/// The value of a digit: beyond base 36, capital letters follow small ones.
fn digit(c: char, base: usize) -> Option<usize> {
    let (c, capitals) = match base {
        0..=36 => (c.to_ascii_lowercase(), None),
        _ => (c, Some(36)),
    };
    match c {
        '0'..='9' => Some(c as usize - '0' as usize),
        'a'..='z' => Some(c as usize - 'a' as usize + 10),
        'A'..='Z' => capitals.map(|first| c as usize - 'A' as usize + first),
        _ => None,
    }
}

pub(super) fn pow(arguments: &Arguments<'_>) -> Answer {
    let (base, exponent) = (arguments.number(0)?, arguments.number(1)?);
    let Some(mut exponent) = exponent.as_usize() else {
        return float(base.to_f64().powf(exponent.to_f64()));
    };
    let too_large = |error: crate::model::number::NumberError| Wrong::Call(error.to_string());
    let (mut square, mut result) = (base, Number::from(1_i64));
    loop {
        if exponent & 1 == 1 {
            result = Number::new((result.decimal() * square.decimal()).normalized()).map_err(too_large)?;
        }
        exponent >>= 1;
        if exponent == 0 {
            return Ok(Value::Number(result));
        }
        square = Number::new((square.decimal() * square.decimal()).normalized()).map_err(too_large)?;
    }
}

pub(super) fn signum(arguments: &Arguments<'_>) -> Answer {
    finite(arguments.number(0)?.decimal().signum())
}
