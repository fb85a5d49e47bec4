//! Moments as text: RFC 3339 in UTC with milliseconds, so that texts sort as moments do.

use jiff::Timestamp;

/// The length of a moment as text, in bytes.
const LENGTH: usize = "2026-01-01T00:00:00.000Z".len();

/// A moment in milliseconds since 1970, as text.
pub fn text_of(milliseconds: u64) -> String {
    let moment = i64::try_from(milliseconds).ok().and_then(|moment| Timestamp::from_millisecond(moment).ok());
    format!("{:.3}", moment.unwrap_or(Timestamp::MAX))
}

/// The moment that a line begins with, and the rest of the line; no moment where it begins with something else.
pub fn split(line: &str) -> (Option<&str>, &str) {
    match line.split_at_checked(LENGTH) {
        Some((moment, rest)) if is_moment(moment) && rest.starts_with(' ') => (Some(moment), &rest[1..]),
        _ => (None, line),
    }
}

/// Digits and punctuation where a moment has them: a look at each line of a large log must be cheap.
fn is_moment(text: &str) -> bool {
    let looks_right = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        19 => byte == b'.',
        23 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    text.len() == LENGTH && text.bytes().enumerate().all(looks_right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_and_found_again() {
        let text = text_of(1_795_262_400_123);
        assert_eq!(text, "2026-11-21T12:00:00.123Z");
        assert_eq!(split(&format!("{text} hello there")), (Some(text.as_str()), "hello there"));
        assert_eq!(split(&format!("{text} ")), (Some(text.as_str()), ""));
    }

    #[test]
    fn a_line_that_begins_with_something_else_is_left_whole() {
        for line in [
            "",
            "hello",
            "2026-11-21T12:00:00.123Zx",
            "2026-11-21 12:00:00.123Z hello",
            "\u{e4}026-11-21T12:00:00.123Z h",
        ] {
            assert_eq!(split(line), (None, line));
        }
    }
}
