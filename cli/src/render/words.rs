//! Small words that many pages need.

use std::time::Duration;

use jiff::Timestamp;

/// `1 error`, `2 errors`
pub fn counted(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ if word.ends_with("ss") => format!("{count} {word}es"),
        _ if word.ends_with('y') => format!("{count} {}ies", &word[..word.len() - 1]),
        _ => format!("{count} {word}s"),
    }
}

/// The first line of a text; the rest is told once, at the end.
pub fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// `a`, `a and b`, `a, b and c`
pub fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// `0.3s`, `12s`, `2m05s`, `1h02m`
pub fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", time.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// `3s`, `2m05s`, `1h02m`, `3d04h`
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..86_400 => elapsed(time),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// How long ago a moment was, RFC 3339; `None` when it is no moment. What is yet to come was just now: clocks differ.
pub fn age(moment: &str, now: Timestamp) -> Option<Duration> {
    let moment: Timestamp = moment.parse().ok()?;
    Some(Duration::try_from(now.duration_since(moment)).unwrap_or_default())
}

/// `96.4 MiB`, `12 KiB`
pub fn bytes(count: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|(power, _)| count >> power > 0) {
        None => counted(usize::try_from(count).unwrap_or(usize::MAX), "byte"),
        Some((10, unit)) => format!("{} {unit}", count >> 10),
        Some((power, unit)) => {
            let tenths = (count >> (power - 10)) * 10 / 1_024;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
    }
}

/// A word as a shell takes it: quoted where it must be.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/-+:@%,=".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_numbers() {
        assert_eq!(
            [counted(0, "entry"), counted(1, "entry"), counted(2, "error")],
            ["0 entries", "1 entry", "2 errors"]
        );
        assert_eq!(listed(&["a".into(), "b".into(), "c".into()]), "a, b and c");
        assert_eq!(listed(&["a".into()]), "a");
    }

    #[test]
    fn elapsed_times_are_short() {
        let shown: Vec<String> = [300, 12_400, 125_000, 3_720_000].map(|ms| elapsed(Duration::from_millis(ms))).into();
        assert_eq!(shown, ["0.3s", "12s", "2m05s", "1h02m"]);
    }

    #[test]
    fn spans_and_sizes_are_short() {
        let spans: Vec<String> = [3, 125, 3_720, 90_000].map(|seconds| span(Duration::from_secs(seconds))).into();
        assert_eq!(spans, ["3s", "2m05s", "1h02m", "1d01h"]);
        let sizes: Vec<String> = [1, 2_048, 101_082_726, 3 << 30].map(bytes).into();
        assert_eq!(sizes, ["1 byte", "2 KiB", "96.3 MiB", "3.0 GiB"]);
    }

    #[test]
    fn ages_are_told_from_moments() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        assert_eq!(age("2026-11-21T11:59:30.000Z", now), Some(Duration::from_secs(30)));
        assert_eq!(age("2026-11-21T12:00:30.000Z", now), Some(Duration::ZERO));
        assert_eq!(age("yesterday", now), None);
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_word("component.api.local_service.server"), "component.api.local_service.server");
        assert_eq!(shell_word(r#"local_service.a["eu"]"#), r#"'local_service.a["eu"]'"#);
        assert_eq!(shell_word("it's"), r"'it'\''s'");
    }
}
