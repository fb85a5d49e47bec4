//! Glob patterns, as regular expressions that run in linear time.

use regex::{Regex, RegexBuilder};

/// A pattern over paths with `/`: `*` and `?` stay within a name, `**` does not; `[…]` and `{a,b}` are alternatives.
#[derive(Debug, Clone)]
pub(super) struct Glob(Regex);

/// The longest pattern, in bytes; a choice of this project.
const LONGEST: usize = 4_096;

impl Glob {
    /// Fails with a sentence when the text is not a pattern.
    pub fn new(pattern: &str) -> Result<Self, String> {
        if pattern.len() > LONGEST {
            return Err(format!("a pattern has at most {LONGEST} bytes"));
        }
        let malformed = |why: &str| format!("`{pattern}` is not a pattern: {why}");
        let translated = translate(pattern).map_err(malformed)?;
        let regex = RegexBuilder::new(&translated).size_limit(1 << 20).build();
        regex.map(Self).map_err(|_| malformed("it is too complicated, or a range in `[…]` is reversed"))
    }

    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

fn translate(pattern: &str) -> Result<String, &'static str> {
    let mut regex = String::from(r"(?s)\A");
    let mut rest = pattern;
    let mut braces = 0;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        rest = after;
        match character {
            '*' if after.starts_with("*/") => {
                regex.push_str("(?:.*/)?");
                rest = &after[2..];
            }
            '*' if after.starts_with('*') => {
                regex.push_str(".*");
                rest = &after[1..];
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => rest = class(after, &mut regex)?,
            '{' => {
                braces += 1;
                regex.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                regex.push(')');
            }
            ',' if braces > 0 => regex.push('|'),
            '\\' => {
                let escaped = after.chars().next().ok_or("it ends with `\\`")?;
                regex.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4])));
                rest = &after[escaped.len_utf8()..];
            }
            plain => regex.push_str(&regex::escape(plain.encode_utf8(&mut [0; 4]))),
        }
    }
    match braces {
        0 => Ok(regex + r"\z"),
        _ => Err("a `{` is not closed"),
    }
}

/// Translates what follows `[`, and answers with what follows the closing bracket.
fn class<'p>(text: &'p str, regex: &mut String) -> Result<&'p str, &'static str> {
    let (is_negated, text) = match text.strip_prefix(['!', '^']) {
        Some(text) => (true, text),
        None => (false, text),
    };
    // A bracket right at the start stands for itself.
    let skip = text.chars().next().ok_or("a `[` is not closed")?.len_utf8();
    let end = skip + text[skip..].find(']').ok_or("a `[` is not closed")?;
    regex.push_str(if is_negated { "[^/" } else { "[" });
    for character in text[..end].chars() {
        if character != '-' && !character.is_alphanumeric() {
            regex.push('\\');
        }
        regex.push(character);
    }
    regex.push(']');
    Ok(&text[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_shells_do() {
        for (pattern, path, expected) in [
            ("*.js", "a.js", true),
            ("*.js", "lib/a.js", false),
            ("**/*.js", "lib/deep/a.js", true),
            ("**/*.js", "a.js", true),
            ("lib/**", "lib/deep/a.js", true),
            ("?.{js,ts}", "a.ts", true),
            ("?.{js,ts}", "a.rs", false),
            ("[a-c].txt", "b.txt", true),
            ("[!a-c].txt", "b.txt", false),
            ("[!a-c].txt", "/.txt", false),
            ("a+(b).txt", "a+(b).txt", true),
            ("[]x].txt", "].txt", true),
            (r"\*.txt", "*.txt", true),
            (r"\*.txt", "a.txt", false),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().matches(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (pattern, why) in
            [("[a", "not closed"), ("{a,b", "not closed"), ("a\\", "ends with"), ("[z-a]", "reversed")]
        {
            let error = Glob::new(pattern).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
