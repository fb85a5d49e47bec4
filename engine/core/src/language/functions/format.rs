//! `format` and `formatlist`.

use std::borrow::Cow;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode, Zero};

use super::{Answer, Arguments, Wrong, bounded, encoding, wrong};
use crate::language::evaluate::scalar_text;
use crate::model::number::Number;
use crate::model::value::{Partial, Value};

/// The widest padding and the most digits after the point. A choice of this project.
const MAX_WIDTH: usize = 1_000;

/// One `%…` of a format.
#[derive(Debug, Default)]
struct Verb {
    plus: bool,
    minus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
    argument: Option<usize>,
    letter: char,
}

pub(super) fn format(arguments: &Arguments<'_>) -> Answer {
    let pattern = arguments.text(0)?;
    let values: Vec<Cow<'_, Partial>> =
        arguments.rest(1).iter().map(|value| arguments.whole(value)).collect::<Result<_, _>>()?;
    formatted(&pattern, &values.iter().map(AsRef::as_ref).collect::<Vec<_>>()).map(Value::String)
}

pub(super) fn formatlist(arguments: &Arguments<'_>) -> Answer {
    let pattern = arguments.text(0)?;
    let values: Vec<Cow<'_, Partial>> =
        arguments.rest(1).iter().map(|value| arguments.whole(value)).collect::<Result<_, _>>()?;
    let lengths: Vec<usize> = values.iter().filter_map(|value| value.as_list().map(<[_]>::len)).collect();
    let count = lengths.first().copied().unwrap_or(1);
    if lengths.iter().any(|length| *length != count) {
        return wrong("the lists have different lengths");
    }
    let (mut lines, mut bytes) = (Vec::new(), 0_usize);
    for at in 0..count {
        let turn: Vec<&Partial> =
            values.iter().map(|value| value.as_list().and_then(|items| items.get(at)).unwrap_or(value)).collect();
        let line = formatted(&pattern, &turn)?;
        bytes = bytes.saturating_add(line.len() + 64);
        bounded(bytes)?;
        lines.push(Value::String(line));
    }
    Ok(Value::List(lines))
}

fn formatted(pattern: &str, values: &[&Partial]) -> Result<String, Wrong> {
    let (mut out, mut rest, mut next, mut most) = (String::new(), pattern, 0, 0);
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (verb, after) = read_verb(&rest[at + 1..])?;
        rest = after;
        if verb.letter == '%' {
            out.push('%');
            continue;
        }
        let index = verb.argument.unwrap_or(next);
        next = index + 1;
        most = most.max(next);
        let value = values.get(index).ok_or_else(|| {
            Wrong::Call(format!("the format asks for {} values and is given {}", index + 1, values.len()))
        })?;
        let body = verb.write(value).map_err(|why| Wrong::Argument(index + 1, why))?;
        out.push_str(&verb.padded(body));
        bounded(out.len())?;
    }
    out.push_str(rest);
    match values.len() > most {
        true => wrong(format!("the format uses {most} values and is given {}", values.len())),
        false => Ok(out),
    }
}

/// Reads what stands after a `%`.
fn read_verb(text: &str) -> Result<(Verb, &str), Wrong> {
    let mut verb = Verb::default();
    let mut rest = text;
    while let Some(flag) = rest.chars().next().filter(|c| "+- 0#".contains(*c)) {
        match flag {
            '+' => verb.plus = true,
            '-' => verb.minus = true,
            ' ' => verb.space = true,
            '0' => verb.zero = true,
            _ => verb.sharp = true,
        }
        rest = &rest[1..];
    }
    (verb.width, rest) = read_size(rest)?.map_or((0, rest), |found| found);
    if let Some(after) = rest.strip_prefix('.') {
        let (precision, after) = read_size(after)?.unwrap_or((0, after));
        (verb.precision, rest) = (Some(precision), after);
    }
    if let Some(after) = rest.strip_prefix('[') {
        let found =
            read_size(after)?.and_then(|(number, after)| Some((number.checked_sub(1)?, after.strip_prefix(']')?)));
        let (index, after) =
            found.ok_or_else(|| Wrong::Argument(0, "`%[…]` takes the number of a value, from 1".to_owned()))?;
        (verb.argument, rest) = (Some(index), after);
    }
    let mut letters = rest.chars();
    verb.letter = letters.next().ok_or_else(|| Wrong::Argument(0, "the format ends within a `%` verb".to_owned()))?;
    Ok((verb, letters.as_str()))
}

fn read_size(text: &str) -> Result<Option<(usize, &str)>, Wrong> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if digits == 0 {
        return Ok(None);
    }
    match text[..digits].parse() {
        Ok(size) if size <= MAX_WIDTH => Ok(Some((size, &text[digits..]))),
        _ => Err(Wrong::Argument(0, format!("a width or precision is at most {MAX_WIDTH}"))),
    }
}

impl Verb {
    fn write(&self, value: &Partial) -> Result<String, String> {
        match self.letter {
            'v' if self.sharp => Ok(encoding::json(value)),
            'v' => Ok(scalar_text(value).unwrap_or_else(|| encoding::json(value))),
            's' => self.text(value),
            'q' => self.text(value).map(|text| encoding::json(&Value::String(text))),
            't' => match value {
                Value::Bool(truth) => Ok(truth.to_string()),
                Value::String(text) if text == "true" || text == "false" => Ok(text.clone()),
                other => Err(format!("`%t` takes a truth value, not {}", other.type_name())),
            },
            'd' | 'b' | 'o' | 'x' | 'X' => self.integer(value),
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => self.decimal(value),
            other => Err(format!("there is no verb `%{other}`")),
        }
    }

    fn text(&self, value: &Partial) -> Result<String, String> {
        let text = scalar_text(value).ok_or_else(|| {
            format!("`%{}` takes a text, not {}; use `%v` or `jsonencode`", self.letter, value.type_name())
        })?;
        Ok(match self.precision {
            Some(longest) => text.chars().take(longest).collect(),
            None => text,
        })
    }

    fn number(&self, value: &Partial) -> Result<Number, String> {
        match value {
            Value::Number(number) => Ok(number.clone()),
            other => {
                let refused = || format!("`%{}` takes a number, not {}", self.letter, other.type_name());
                other.as_str().and_then(|text| text.parse().ok()).ok_or_else(refused)
            }
        }
    }

    fn integer(&self, value: &Partial) -> Result<String, String> {
        let number = self.number(value)?;
        if !number.is_integer() {
            return Err(format!("`%{}` takes a whole number, not {number}", self.letter));
        }
        let (integer, _) = number.decimal().with_scale(0).into_bigint_and_exponent();
        let digits = match self.letter {
            'b' => integer.magnitude().to_str_radix(2),
            'o' => integer.magnitude().to_str_radix(8),
            'x' => integer.magnitude().to_str_radix(16),
            'X' => integer.magnitude().to_str_radix(16).to_uppercase(),
            _ => integer.magnitude().to_string(),
        };
        let prefix = match (self.sharp, self.letter) {
            (true, 'x') => "0x",
            (true, 'X') => "0X",
            (true, 'o') => "0",
            (true, 'b') => "0b",
            _ => "",
        };
        Ok(format!("{}{prefix}{digits}", self.sign(integer.sign() == Sign::Minus)))
    }

    fn decimal(&self, value: &Partial) -> Result<String, String> {
        let number = self.number(value)?;
        let decimal = number.decimal();
        let is_negative = decimal.sign() == Sign::Minus;
        let size = decimal.abs();
        let body = match self.letter {
            'f' | 'F' => {
                let scale = self.precision.unwrap_or(6);
                size.with_scale_round(i64::try_from(scale).unwrap_or(6), RoundingMode::HalfEven).to_plain_string()
            }
            'e' | 'E' => exponential(&size, self.precision.unwrap_or(6)),
            _ => match self.precision {
                Some(digits) => size.with_prec(digits.max(1) as u64).normalized().to_plain_string(),
                None => size.normalized().to_plain_string(),
            },
        };
        let body = if self.letter.is_ascii_uppercase() { body.to_uppercase() } else { body };
        Ok(format!("{}{body}", self.sign(is_negative)))
    }

    fn sign(&self, is_negative: bool) -> &'static str {
        match (is_negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        }
    }

    fn padded(&self, body: String) -> String {
        let missing = self.width.saturating_sub(body.chars().count());
        if missing == 0 {
            return body;
        }
        if self.minus {
            return format!("{body}{}", " ".repeat(missing));
        }
        if !self.zero || matches!(self.letter, 's' | 'q' | 'v' | 't') {
            let padding = if self.zero { "0" } else { " " };
            return format!("{}{body}", padding.repeat(missing));
        }
        let digits = body.find(|c: char| !"+- ".contains(c)).unwrap_or(0);
        format!("{}{}{}", &body[..digits], "0".repeat(missing), &body[digits..])
    }
}

/// `d.ddde±dd`
fn exponential(size: &BigDecimal, precision: usize) -> String {
    let rounded = if size.is_zero() { BigDecimal::zero() } else { size.with_prec(precision as u64 + 1) };
    let (digits, scale) = rounded.into_bigint_and_exponent();
    let mut digits = if digits == BigInt::ZERO { "0".to_owned() } else { digits.to_string() };
    let exponent = if digits == "0" { 0 } else { digits.len() as i64 - 1 - scale };
    while digits.len() <= precision {
        digits.push('0');
    }
    let (first, others) = digits.split_at(1);
    let others = &others[..precision.min(others.len())];
    let point = if others.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{others}e{sign}{:02}", exponent.unsigned_abs())
}
