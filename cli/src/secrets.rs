//! The second net: whatever is written passes through here, and the values of secrets that this run has seen are taken out.
//!
//! The first net is that secrets are holes everywhere but between their source and a provider call. This one catches what a
//! provider, a command or a cloud repeats in its own words.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, MatchKind};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use siac_core::model::secret::Secret;
use siac_core::model::stack::SecretSource;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Fault, FetchedSecret, SecretStore};

use crate::sanitise;

/// What stands in the place of a secret.
pub const PLACEHOLDER: &str = "(sensitive value)";

/// Shorter values are not searched for: they would be found in innocent text. In bytes; a choice of this project.
const SHORTEST: usize = 8;

/// Knows the values of secrets, in the spellings in which they might appear. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Vec<Batch>>>);

/// Spellings that are searched for together.
struct Batch {
    spellings: BTreeSet<Vec<u8>>,
    automaton: AhoCorasick,
}

impl Redactor {
    /// Knows these values, apart from those shorter than eight bytes.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret<String>>) -> Self {
        let redactor = Self::default();
        redactor.learn(secrets.into_iter().flat_map(|secret| spellings(secret.expose())));
        redactor
    }

    /// Knows one more value.
    pub fn add(&self, secret: &Secret<String>) {
        self.learn(spellings(secret.expose()));
    }

    /// Knows every text in a value.
    pub fn add_value(&self, secret: &Secret<Known>) {
        let mut texts = Vec::new();
        collect_texts(secret.expose(), &mut texts);
        self.learn(texts.into_iter().flat_map(spellings));
    }

    fn learn(&self, spellings: impl IntoIterator<Item = Vec<u8>>) {
        let mut spellings: BTreeSet<_> = spellings.into_iter().filter(|spelling| spelling.len() >= SHORTEST).collect();
        let mut batches = self.0.write().unwrap_or_else(PoisonError::into_inner);
        spellings.retain(|spelling| !batches.iter().any(|batch| batch.spellings.contains(spelling)));
        if spellings.is_empty() {
            return;
        }
        // Batches at least halve in size from first to last: few of them are searched, and none is built often.
        while batches.last().is_some_and(|last| last.spellings.len() < 2 * spellings.len()) {
            spellings.extend(batches.pop().into_iter().flat_map(|batch| batch.spellings));
        }
        // Building fails only beyond 2³¹ states, which the limits on secrets exclude.
        if let Ok(automaton) = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&spellings) {
            batches.push(Batch { spellings, automaton });
        }
    }

    /// The text without secrets.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let batches = self.0.read().unwrap_or_else(PoisonError::into_inner);
        batches.iter().fold(Cow::Borrowed(text), |text, Batch { automaton, .. }| {
            match automaton.is_match(text.as_ref()) {
                true => Cow::Owned(automaton.replace_all(&text, &vec![PLACEHOLDER; automaton.patterns_len()])),
                false => text,
            }
        })
    }

    /// The bytes without secrets.
    fn redact_bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let batches = self.0.read().unwrap_or_else(PoisonError::into_inner);
        batches.iter().fold(bytes, |bytes, Batch { automaton, .. }| match automaton.is_match(&bytes) {
            true => automaton.replace_all_bytes(&bytes, &vec![PLACEHOLDER; automaton.patterns_len()]),
            false => bytes,
        })
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(…)")
    }
}

fn collect_texts<'a>(value: &'a Known, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::List(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Map(entries) => entries.values().for_each(|item| collect_texts(item, texts)),
        Value::Secret(secret) => collect_texts(secret.expose(), texts),
        _ => {}
    }
}

/// A source of secrets that tells a redactor every value it hands out.
pub struct Overheard<S> {
    inner: S,
    redactor: Redactor,
}

impl<S> Overheard<S> {
    /// Tells `redactor` what `inner` hands out.
    pub fn new(inner: S, redactor: Redactor) -> Self {
        Self { inner, redactor }
    }
}

#[async_trait]
impl<S: SecretStore> SecretStore for Overheard<S> {
    fn schemes(&self) -> &'static [&'static str] {
        self.inner.schemes()
    }

    async fn fetch(&self, source: &SecretSource) -> Result<FetchedSecret, Fault> {
        let fetched = self.inner.fetch(source).await?;
        self.redactor.add(&fetched.value);
        Ok(fetched)
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
        let safe = self.redactor.redact_bytes(std::mem::replace(&mut self.pending, rest));
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
    fn what_is_learnt_later_is_taken_out_too() {
        let redactor = Redactor::default();
        let shared = redactor.clone();
        for at in 0..200 {
            redactor.add(&Secret::new(format!("secret-number-{at:04}")));
        }
        redactor.add_value(&Secret::new(Value::List(vec![Value::string("inside a list")])));
        assert_eq!(shared.redact("a secret-number-0007 b"), format!("a {PLACEHOLDER} b"));
        assert_eq!(shared.redact("inside a list"), PLACEHOLDER);
        assert!(redactor.0.read().unwrap().len() < 16, "few batches");
    }

    #[test]
    fn each_line_of_a_secret_is_a_secret() {
        let key = Redactor::new([&Secret::new("first line of it\nsecond line of it\n".to_owned())]);
        assert_eq!(key.redact("    second line of it"), format!("    {PLACEHOLDER}"));
    }
}
