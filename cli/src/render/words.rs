//! Small words that many pages need.

use std::time::Duration;

/// `1 error`, `2 errors`
pub fn counted(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
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
}
