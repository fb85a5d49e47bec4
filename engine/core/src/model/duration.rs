//! Durations as stack files write them: `500ms`, `30s`, `5m`, `1h`.

use std::time::Duration;

use super::schema::Rule;

/// The rule that every text that [`parse`] reads satisfies.
pub fn rule() -> Rule {
    Rule::Matches("[0-9]{1,6}(ms|s|m|h)", "a duration such as `500ms`, `30s`, `5m` or `1h`")
}

/// The duration that a text stands for.
pub fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let milliseconds = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(milliseconds)?))
}

/// A duration in the largest unit that divides it; what is finer than a millisecond is left out.
pub fn written(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let units = [(3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let unit = units.into_iter().find(|(size, _)| milliseconds > 0 && milliseconds.is_multiple_of(*size));
    match unit {
        Some((size, name)) => format!("{}{name}", milliseconds / size),
        None => "0s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_alike() {
        for text in ["500ms", "30s", "5m", "1h", "90s", "1500ms", "0s"] {
            assert_eq!(written(parse(text).unwrap()), text);
        }
        assert_eq!(written(Duration::from_secs(120)), "2m");
    }

    #[test]
    fn a_number_without_a_unit_is_none() {
        for text in ["30", "s", "-1s", "1.5s", "", "1d"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
