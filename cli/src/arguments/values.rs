//! The small values inside flags: durations and assignments.

use std::str::FromStr;
use std::time::Duration;

/// The longest duration a flag takes: one week. A choice of this project.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// A `NAME=VALUE` pair, as in `--var region=eu`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Before the first `=`.
    pub name: String,
    /// After it; may be empty.
    pub value: String,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, as in `--var region=eu`")?;
        siac_core::model::address::check_name(name)?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// A `NAME=BOOL` pair, as in `--flag announce=true`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The flag's name.
    pub name: String,
    /// Whether it is on.
    pub on: bool,
}

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected NAME=true or NAME=false, as in `--flag announce=true`";
        let (name, value) = text.split_once('=').ok_or(expected)?;
        siac_core::model::address::check_name(name)?;
        Ok(Self { name: name.to_owned(), on: value.parse().map_err(|_| expected)? })
    }
}

/// How long to wait for a lock that someone else holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Not at all, or this long.
    UpTo(Duration),
    /// Until it is free.
    Forever,
}

/// How many of the last lines of a log are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Every line.
    All,
    /// So many.
    Last(usize),
}

impl FromStr for Tail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            number => number.parse().map(Self::Last).map_err(|_| "expected a number of lines, or `all`".to_owned()),
        }
    }
}

/// From when on something is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// So long before now.
    Ago(Duration),
    /// A moment.
    Moment(jiff::Timestamp),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let moment = || text.parse().map(Self::Moment).ok();
        let wanted =
            || format!("`{text}` is neither a duration such as `10m` nor a moment such as `2026-11-21T12:00:00Z`");
        duration(text).ok().map(Self::Ago).or_else(moment).ok_or_else(wanted)
    }
}

impl Since {
    /// The moment that is meant; too long ago is as long ago as can be.
    pub fn moment(&self, now: jiff::Timestamp) -> jiff::Timestamp {
        match self {
            Self::Ago(duration) => now.saturating_sub(*duration).unwrap_or(jiff::Timestamp::MIN),
            Self::Moment(moment) => *moment,
        }
    }
}

/// Reads a duration such as `500ms`, `30s`, `5m`, `1h`, `2d` or `1m30s`; a bare `0` is no time at all.
///
/// Fails on anything else and on more than a week.
pub fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) =
            one_unit(rest).ok_or_else(|| format!("`{text}` is no duration; write `30s`, `5m` or `1h`"))?;
        total = total.checked_add(part).filter(|sum| *sum <= LONGEST).ok_or("a duration is at most one week")?;
        rest = after;
    }
    if text.is_empty() { Err("a duration is empty; write `30s`, `5m` or `1h`".to_owned()) } else { Ok(total) }
}

/// The number and unit that a text starts with, and what follows.
fn one_unit(text: &str) -> Option<(Duration, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let amount: u64 = text[..digits].parse().ok()?;
    let rest = &text[digits..];
    let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
    let milliseconds = match &rest[..unit] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 24 * 3_600_000,
        _ => return None,
    };
    Some((Duration::from_millis(amount.checked_mul(milliseconds)?), &rest[unit..]))
}
