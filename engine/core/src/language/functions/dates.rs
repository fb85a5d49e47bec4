//! Points in time that are given as RFC 3339 texts. Nothing here knows what time it is.

use super::{Answer, Arguments, Wrong};
use crate::model::value::Value;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A point in time as it was written: nanoseconds since 1970 in UTC, and the offset of the place in seconds.
#[derive(Clone, Copy)]
struct Moment {
    nanoseconds: i128,
    offset: i64,
}

/// The same, by the clock and calendar of the place.
struct Civil {
    year: i64,
    month: u32,
    day: u32,
    weekday: usize,
    hour: i64,
    minute: i64,
    second: i64,
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, counting years from March.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn date_of(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Two or four digits at a place of a text.
fn digits(text: &str, from: usize, count: usize) -> Option<i64> {
    let part = text.get(from..from + count)?;
    if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
}

impl Moment {
    fn read(text: &str) -> Option<Self> {
        let separators = [(4, "-"), (7, "-"), (13, ":"), (16, ":")];
        let in_place = separators.iter().all(|(at, separator)| text.get(*at..at + 1) == Some(separator));
        let is_separated = matches!(text.get(10..11), Some("T" | "t" | " "));
        let (year, month, day) = (digits(text, 0, 4)?, digits(text, 5, 2)?, digits(text, 8, 2)?);
        let (hour, minute, second) = (digits(text, 11, 2)?, digits(text, 14, 2)?, digits(text, 17, 2)?);
        let days = days_of(year, month, day);
        let exists = (1..=12).contains(&month) && date_of(days) == (year, month as u32, day as u32);
        if !(in_place && is_separated && exists && hour < 24 && minute < 60 && second < 60) {
            return None;
        }
        let rest = text.get(19..)?;
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
            None => ("0", rest),
        };
        let nanoseconds: i128 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
        let offset = offset_of(zone)?;
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset;
        Some(Self { nanoseconds: i128::from(seconds) * 1_000_000_000 + nanoseconds, offset })
    }

    fn civil(self) -> Civil {
        let seconds = self.nanoseconds.div_euclid(1_000_000_000) as i64 + self.offset;
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = date_of(days);
        let weekday = (days + 4).rem_euclid(7) as usize;
        Civil { year, month, day, weekday, hour: of_day / 3_600, minute: of_day / 60 % 60, second: of_day % 60 }
    }

    fn zone(self, colon: bool) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs() / 60;
        format!("{sign}{:02}{}{:02}", minutes / 60, if colon { ":" } else { "" }, minutes % 60)
    }

    fn write(self) -> String {
        let at = self.civil();
        let zone = if self.offset == 0 { "Z".to_owned() } else { self.zone(true) };
        let time = format!("{:02}:{:02}:{:02}", at.hour, at.minute, at.second);
        format!("{:04}-{:02}-{:02}T{time}{zone}", at.year, at.month, at.day)
    }
}

/// The offset of a zone in seconds.
fn offset_of(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first()? {
        b'Z' | b'z' if zone.len() == 1 => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (digits(zone, 1, 2)?, digits(zone, 4, 2)?);
    let is_whole = zone.len() == 6 && zone.get(3..4) == Some(":") && hours < 24 && minutes < 60;
    is_whole.then_some(sign * (hours * 3_600 + minutes * 60))
}

fn moment(arguments: &Arguments<'_>, at: usize) -> Result<Moment, Wrong> {
    let text = arguments.text(at)?;
    Moment::read(&text).ok_or_else(|| {
        Wrong::Argument(
            at,
            format!("`{text}` is not a point in time as RFC 3339 writes it, as in `2026-11-20T21:00:00Z`"),
        )
    })
}

/// A duration as Go writes it, `1h30m` or `-1.5h`, in nanoseconds.
fn duration(text: &str) -> Option<i128> {
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total = 0_i128;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() && rest != "0" {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (amount, after) = rest.split_at(end);
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let nanoseconds: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        let scaled = format!("{whole}{:0<9}", fraction.get(..9.min(fraction.len()))?);
        let part = scaled.parse::<i128>().ok()?.checked_mul(nanoseconds)? / 1_000_000_000;
        total = total.checked_add(part)?;
        rest = after;
    }
    // Go's durations have 64 bits.
    i64::try_from(total).ok().map(|total| i128::from(if is_negative { -total } else { total }))
}

pub(super) fn timeadd(arguments: &Arguments<'_>) -> Answer {
    let start = moment(arguments, 0)?;
    let text = arguments.text(1)?;
    let added =
        duration(&text).ok_or_else(|| Wrong::Argument(1, format!("`{text}` is not a duration, as in `1h30m`")))?;
    Ok(Value::String(Moment { nanoseconds: start.nanoseconds + added, ..start }.write()))
}

pub(super) fn timecmp(arguments: &Arguments<'_>) -> Answer {
    let (a, b) = (moment(arguments, 0)?, moment(arguments, 1)?);
    Ok(Value::number(a.nanoseconds.cmp(&b.nanoseconds) as i64))
}

pub(super) fn formatdate(arguments: &Arguments<'_>) -> Answer {
    let pattern = arguments.text(0)?;
    let moment = moment(arguments, 1)?;
    let at = moment.civil();
    let mut out = String::new();
    let mut rest = pattern.as_ref();
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (literal, after) = quoted(rest)
                .ok_or_else(|| Wrong::Argument(0, "a literal in the format lacks its closing quote".to_owned()))?;
            out.push_str(&literal);
            rest = after;
            continue;
        }
        let run = rest.find(|c| c != first).unwrap_or(rest.len());
        let (verb, after) = rest.split_at(run);
        match first.is_ascii_alphabetic() {
            true => out.push_str(&written(verb, &at, moment)?),
            false => out.push_str(verb),
        }
        rest = after;
    }
    Ok(Value::String(out))
}

/// A literal in single quotes, in which two quotes stand for one, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut literal = String::new();
    let mut rest = text.strip_prefix('\'')?;
    loop {
        let end = rest.find('\'')?;
        literal.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                literal.push('\'');
                rest = after;
            }
            None => return Some((literal, rest)),
        }
    }
}

fn written(verb: &str, at: &Civil, moment: Moment) -> Result<String, Wrong> {
    let twelve = (at.hour + 11) % 12 + 1;
    let month = MONTHS[(at.month as usize + 11) % 12];
    let half = if at.hour < 12 { "AM" } else { "PM" };
    Ok(match verb {
        "YYYY" => format!("{:04}", at.year),
        "YY" => format!("{:02}", at.year.rem_euclid(100)),
        "MMMM" => month.to_owned(),
        "MMM" => month[..3].to_owned(),
        "MM" => format!("{:02}", at.month),
        "M" => at.month.to_string(),
        "DD" => format!("{:02}", at.day),
        "D" => at.day.to_string(),
        "EEEE" => DAYS[at.weekday].to_owned(),
        "EEE" => DAYS[at.weekday][..3].to_owned(),
        "hh" => format!("{:02}", at.hour),
        "h" => at.hour.to_string(),
        "HH" => format!("{twelve:02}"),
        "H" => twelve.to_string(),
        "AA" => half.to_owned(),
        "aa" => half.to_lowercase(),
        "mm" => format!("{:02}", at.minute),
        "m" => at.minute.to_string(),
        "ss" => format!("{:02}", at.second),
        "s" => at.second.to_string(),
        "ZZZZZ" => moment.zone(true),
        "ZZZZ" => moment.zone(false),
        "ZZZ" if moment.offset == 0 => "UTC".to_owned(),
        "ZZZ" => moment.zone(false),
        "Z" if moment.offset == 0 => "Z".to_owned(),
        "Z" => moment.zone(true),
        other => {
            return Err(Wrong::Argument(
                0,
                format!("`{other}` is not part of a date format; quote literal text: '{other}'"),
            ));
        }
    })
}
