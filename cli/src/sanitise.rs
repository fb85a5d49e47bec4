//! The one place where text from outside is made harmless before a person reads it.
//!
//! Control characters could move the cursor, hide text or drive the terminal; bidirectional and zero-width ones could make a plan
//! read as something else; lines such as `::set-output` are commands to CI systems. All of them become visible escapes.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character may reach a terminal as it is.
pub fn is_harmless(c: char) -> bool {
    !matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Soft hyphen, Arabic letter mark, Hangul fillers, Mongolian vowel separator: invisible.
        | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{ffa0}'
        // Zero-width characters and directional marks, line separators, embeddings, overrides, isolates.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        // Tags and variation selectors beyond the first sixteen: invisible.
        | '\u{e0000}'..='\u{e0fff}')
}

/// The text as one harmless line: every character that is not harmless, line breaks included, becomes a visible escape.
pub fn line(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push(&mut safe, c));
    Cow::Owned(safe)
}

/// The text as harmless lines: line breaks stay, everything else is as in [`line`], and CI commands are broken.
pub fn block(text: &str) -> String {
    let mut lines = text.split('\n').map(|part| break_commands(&line(part.strip_suffix('\r').unwrap_or(part))));
    let first = lines.next().unwrap_or_default();
    lines.fold(first, |mut whole, next| {
        whole.push('\n');
        whole.push_str(&next);
        whole
    })
}

/// Appends a character, escaped when it is not harmless.
pub fn push(text: &mut String, c: char) {
    match c {
        c if is_harmless(c) => text.push(c),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\0'..='\x7f' => {
            let _ = write!(text, "\\x{:02x}", c as u32);
        }
        _ => {
            let _ = write!(text, "\\u{{{:x}}}", c as u32);
        }
    }
}

/// What CI systems take as a command, wherever it stands in a line.
const COMMANDS: [&str; 2] = ["##[", "##vso["];

/// The places in a line whose character must be escaped so that no CI system takes the line as a command; byte offsets, sorted.
pub fn command_places(line: &str) -> Vec<usize> {
    let start = line.len() - line.trim_start().len();
    let mut places: Vec<usize> = line[start..].starts_with("::").then_some(start).into_iter().collect();
    for command in COMMANDS {
        places.extend(line.match_indices(command).map(|(at, found)| at + found.len() - 1));
    }
    places.sort_unstable();
    places
}

/// The line with every CI command broken by a visible escape.
pub fn break_commands(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    let mut done = 0;
    for at in command_places(line) {
        safe.push_str(&line[done..at]);
        let _ = write!(safe, "\\x{:02x}", line.as_bytes()[at]);
        done = at + 1;
    }
    safe.push_str(&line[done..]);
    safe
}

/// JSON text on one line, with everything that is not harmless, and what CI systems take as a command, in JSON's own escapes.
pub fn json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let breaks = c == '[' && (safe.ends_with("##") || safe.ends_with("##vso"));
        if is_harmless(c) && !breaks {
            safe.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(safe, "\\u{unit:04x}");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(line("a\x1b[31mb\u{9b}c\x7f"), "a\\x1b[31mb\\u{9b}c\\x7f");
        assert_eq!(line("a\nb\tc\r"), "a\\nb\\tc\\r");
        assert_eq!(line("admin\u{202e}txt\u{200b}"), "admin\\u{202e}txt\\u{200b}");
        assert!(matches!(line("plain … text, äöü, 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn commands_of_ci_systems_are_broken() {
        assert_eq!(block("::error::x\n  ::set-env name=a::b"), "\\x3a:error::x\n  \\x3a:set-env name=a::b");
        assert_eq!(block("a ##[group]b ##vso[task]"), "a ##\\x5bgroup]b ##vso\\x5btask]");
        assert_eq!(block("http://a::b"), "http://a::b");
        assert_eq!(json("\"##[x\u{9b}\u{e0001}\""), "\"##\\u005bx\\u009b\\udb40\\udc01\"");
    }

    proptest! {
        #[test]
        fn nothing_harmful_survives(text in any::<String>()) {
            prop_assert!(line(&text).chars().all(is_harmless));
            let safe = block(&text);
            prop_assert!(safe.chars().all(|c| c == '\n' || is_harmless(c)));
            prop_assert!(safe.lines().all(|line| command_places(line).is_empty()));
        }

        #[test]
        fn json_keeps_its_meaning(text in any::<String>()) {
            let written = json(&serde_json::to_string(&text).unwrap());
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            prop_assert!(written.chars().all(is_harmless));
        }
    }
}
