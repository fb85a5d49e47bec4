//! The second net: whatever is written passes through here, and the values of secrets that this run has seen are taken out.
//!
//! The first net is that secrets are holes everywhere but between their source and a provider call. This one catches what a
//! provider, a command or a cloud repeats in its own words.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use siac_core::model::secret::Secret;

use crate::sanitise;

/// What stands in the place of a secret.
pub const PLACEHOLDER: &str = "(sensitive value)";

/// Shorter values are not searched for: they would be found in innocent text. In bytes; a choice of this project.
const SHORTEST: usize = 8;

/// Knows the values of secrets, in the spellings in which they might appear.
#[derive(Clone, Default)]
pub struct Redactor(Option<Arc<AhoCorasick>>);

impl Redactor {
    /// Knows these values, apart from those shorter than eight bytes.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret<String>>) -> Self {
        let spellings: BTreeSet<Vec<u8>> =
            secrets.into_iter().flat_map(|secret| spellings(secret.expose())).filter(|s| s.len() >= SHORTEST).collect();
        if spellings.is_empty() {
            return Self(None);
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&spellings);
        // Building fails only when the patterns exceed the automaton's address space of 2³¹ states.
        Self(automaton.ok().map(Arc::new))
    }

    /// The text without secrets.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.0 {
            Some(automaton) if automaton.is_match(text) => {
                let placeholders = vec![PLACEHOLDER; automaton.patterns_len()];
                Cow::Owned(automaton.replace_all(text, &placeholders))
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// The bytes without secrets.
    fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        match &self.0 {
            Some(automaton) => automaton.replace_all_bytes(bytes, &vec![PLACEHOLDER; automaton.patterns_len()]),
            None => bytes.to_vec(),
        }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(…)")
    }
}

/// The spellings of a secret: as it is, each of its lines, escaped for JSON and for the screen, in base64, URL-encoded, in hexadecimal.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let json = serde_json::Value::from(secret).to_string();
    let mut all = vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        sanitise::line(secret).into_owned(),
        percent(secret, "%20"),
        percent(secret, "+"),
        siac_core::model::identity::hex(secret.as_bytes()),
    ];
    all.extend(secret.lines().map(|line| line.trim().to_owned()));
    all.extend(base64_spellings(secret.as_bytes()));
    all.into_iter().map(String::into_bytes).collect()
}

/// The characters of base64 that the secret alone decides, wherever it begins within a longer text.
fn base64_spellings(secret: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    for shift in 0..3 {
        let shifted = [&[0; 2][..shift], secret].concat();
        // A character carries six bits: those that share bits with what comes before or after are left out.
        let first = (shift * 8).div_ceil(6);
        let end = shifted.len() * 8 / 6;
        for engine in [&STANDARD, &URL_SAFE] {
            all.push(engine.encode(&shifted)[first..end].to_owned());
        }
    }
    all
}

/// The text as it stands in a URL, with `space` for spaces.
fn percent(text: &str, space: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b' ' => encoded.push_str(space),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

/// A writer that takes secrets out. It passes whole lines on; [`Write::flush`] passes on what is left.
#[derive(Debug)]
pub struct Redacting<W: Write> {
    inner: W,
    redactor: Redactor,
    pending: Vec<u8>,
}

impl<W: Write> Redacting<W> {
    /// Writes to `inner` what `redactor` leaves.
    pub fn new(inner: W, redactor: Redactor) -> Self {
        Self { inner, redactor, pending: Vec::new() }
    }

    fn pass_on(&mut self, end: usize) -> io::Result<()> {
        let rest = self.pending.split_off(end);
        let safe = self.redactor.redact_bytes(&std::mem::replace(&mut self.pending, rest));
        self.inner.write_all(&safe)
    }
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if let Some(last) = self.pending.iter().rposition(|byte| *byte == b'\n') {
            self.pass_on(last + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on(self.pending.len())?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for Redacting<W> {
    fn drop(&mut self) {
        // Nobody is left to tell; whoever cares flushes.
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "correct \"horse\" battery/staple?";

    fn redactor() -> Redactor {
        Redactor::new([&Secret::new(SECRET.to_owned()), &Secret::new("short".to_owned())])
    }

    #[test]
    fn every_spelling_is_taken_out() {
        let json = serde_json::json!({ "password": SECRET }).to_string();
        for text in [
            format!("failed: {SECRET}"),
            json,
            percent(SECRET, "%20"),
            percent(SECRET, "+"),
            siac_core::model::identity::hex(SECRET.as_bytes()),
        ] {
            let safe = redactor().redact(&text).into_owned();
            assert!(safe.contains(PLACEHOLDER), "{safe}");
            assert!(!safe.contains("battery"), "{safe}");
        }
    }

    #[test]
    fn base64_is_found_wherever_the_secret_begins() {
        for before in ["", "u", "us", "usr"] {
            for after in ["", ":", ":x"] {
                let text = STANDARD.encode(format!("{before}{SECRET}{after}"));
                assert!(redactor().redact(&text).contains(PLACEHOLDER), "{text}");
            }
        }
    }

    #[test]
    fn short_values_and_innocent_text_stay() {
        assert_eq!(redactor().redact("a short text"), "a short text");
        assert_eq!(Redactor::default().redact("x"), "x");
    }

    #[test]
    fn a_secret_in_two_writes_is_found() {
        let mut out = Vec::new();
        {
            let mut writer = Redacting::new(&mut out, redactor());
            writer.write_all(&SECRET.as_bytes()[..5]).unwrap();
            writer.write_all(&SECRET.as_bytes()[5..]).unwrap();
            writer.write_all(b"!\nmore").unwrap();
        }
        assert_eq!(String::from_utf8(out).unwrap(), format!("{PLACEHOLDER}!\nmore"));
    }

    #[test]
    fn each_line_of_a_secret_is_a_secret() {
        let key = Redactor::new([&Secret::new("first line of it\nsecond line of it\n".to_owned())]);
        assert_eq!(key.redact("    second line of it"), format!("    {PLACEHOLDER}"));
    }
}
