//! What a proxy does to which requests.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use regex::Regex;

/// Which requests meet which trouble, and how often.
///
/// A pattern is a regular expression over `service.Operation METHOD /path?query`, the service as its model is called: `s3.PutObject PUT /bucket/HEAD`.
pub struct Rule {
    pattern: Regex,
    skip: usize,
    left: usize,
    trouble: Trouble,
}

#[derive(Clone)]
pub(super) enum Trouble {
    Fail { status: u16, code: String, message: String },
    LoseRequest,
    LoseAnswer,
    Delay(Duration),
    HoldRequest(Gate),
    HoldAnswer(Gate),
    Strip(Vec<String>),
    Retell(Vec<(String, String)>),
}

impl Rule {
    /// A rule for the requests that match; it loses them until told otherwise.
    ///
    /// # Panics
    /// When the pattern is no regular expression.
    pub fn on(pattern_text: &str) -> Self {
        Self { pattern: pattern(pattern_text), skip: 0, left: usize::MAX, trouble: Trouble::LoseRequest }
    }

    /// Only the first so many matching requests, after those that are skipped.
    #[must_use]
    pub fn first(self, number: usize) -> Self {
        Self { left: number, ..self }
    }

    /// Leaves the first so many matching requests alone.
    #[must_use]
    pub fn after(self, number: usize) -> Self {
        Self { skip: number, ..self }
    }

    /// The connection breaks before the request has an effect.
    #[must_use]
    pub fn loses_request(self) -> Self {
        self.with(Trouble::LoseRequest)
    }

    /// The request has its effect, and the connection breaks before the answer.
    #[must_use]
    pub fn loses_answer(self) -> Self {
        self.with(Trouble::LoseAnswer)
    }

    /// The request arrives later.
    #[must_use]
    pub fn delays(self, delay: Duration) -> Self {
        self.with(Trouble::Delay(delay))
    }

    /// The request arrives when the gate opens.
    #[must_use]
    pub fn holds_request(self, gate: &Gate) -> Self {
        self.with(Trouble::HoldRequest(gate.clone()))
    }

    /// The request has its effect; the answer comes when the gate opens.
    #[must_use]
    pub fn holds_answer(self, gate: &Gate) -> Self {
        self.with(Trouble::HoldAnswer(gate.clone()))
    }

    /// The service answers with this status, error code and message instead of doing anything.
    #[must_use]
    pub fn fails(self, status: u16, code: &str, message: &str) -> Self {
        self.with(Trouble::Fail { status, code: code.to_owned(), message: message.to_owned() })
    }

    /// The service asks for less, as most services say it.
    #[must_use]
    pub fn throttles(self) -> Self {
        self.fails(400, "ThrottlingException", "Rate exceeded")
    }

    /// The request arrives without these headers; names in lower case.
    #[must_use]
    pub fn strips(self, names: &[&str]) -> Self {
        self.with(Trouble::Strip(names.iter().map(|&name| name.to_owned()).collect()))
    }

    /// The answer says something else: each of the first texts stands for the second one, wherever it occurs.
    #[must_use]
    pub fn retells(self, words: &[(&str, &str)]) -> Self {
        self.with(Trouble::Retell(words.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect()))
    }

    fn with(self, trouble: Trouble) -> Self {
        Self { trouble, ..self }
    }

    /// The trouble for a request, when it matches and the rule is not used up.
    pub(super) fn apply(&mut self, what: &str) -> Option<Trouble> {
        if self.left == 0 || !self.pattern.is_match(what) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.left -= 1;
        Some(self.trouble.clone())
    }
}

pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("{text:?} is no pattern: {error}"))
}

/// A gate that a test opens; closed at first.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// A closed gate.
    pub fn closed() -> Self {
        Self::default()
    }

    /// Opens it, for good.
    pub fn open(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    pub(super) fn wait(&self) {
        let mut is_open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_open {
            is_open = self.0.1.wait(is_open).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
