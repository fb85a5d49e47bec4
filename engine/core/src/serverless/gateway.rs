//! What stands before an HTTP function.

use std::time::Duration;

use super::access::Auth;
use super::measures::Refusal;
use crate::model::duration::written;
use crate::model::value::Partial;

/// What stands before an HTTP function: it passes every path and method on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiGateway {
    pub(super) cors: Option<Cors>,
    pub(super) auth: Option<Auth>,
}

impl ApiGateway {
    /// Which pages of other origins may call; `None` leaves that to the program.
    pub fn cors(&self) -> Option<&Cors> {
        self.cors.as_ref()
    }

    /// How callers prove who they are; `None` leaves that to the program.
    pub fn auth(&self) -> Option<&Auth> {
        self.auth.as_ref()
    }
}

/// Which pages of other origins may call, and how (the Fetch standard's CORS protocol).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    pub(super) origins: Vec<Partial>,
    pub(super) methods: Vec<String>,
    pub(super) headers: Vec<String>,
    pub(super) expose_headers: Vec<String>,
    pub(super) credentials: bool,
    pub(super) max_age: Option<Duration>,
}

/// How long an answer about origins may be kept: the longest that any browser honours (Firefox: 24 hours).
const LONGEST_MAX_AGE: Duration = Duration::from_secs(86_400);

/// The methods that are allowed when none are named.
pub(super) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Cors {
    /// The same, once it is seen that browsers will follow it.
    ///
    /// # Errors
    /// When browsers refuse it.
    pub(super) fn checked(self) -> Result<Self, Refusal> {
        if self.origins.is_empty() {
            return Err(Refusal::new(
                "`cors` names no origin",
                "write `origins = [\"https://app.example.com\"]`, or leave `cors` to the program",
            ));
        }
        for origin in self.origins.iter().filter_map(Partial::as_str) {
            check_origin(origin)?;
        }
        let lists = [&self.methods, &self.headers, &self.expose_headers];
        let is_open = self.origins.iter().any(|origin| origin.as_str() == Some("*"))
            || lists.into_iter().flatten().any(|word| word == "*");
        if is_open && self.credentials {
            let why = "browsers refuse credentials where `*` allows everything";
            return Err(Refusal::new(why, "name what is allowed, or write `credentials = false`"));
        }
        match self.max_age {
            Some(age) if age > LONGEST_MAX_AGE => Err(Refusal::new(
                format!("no browser keeps an answer for {}", written(age)),
                "write `max_age = \"24h\"` or less",
            )),
            _ => Ok(self),
        }
    }

    /// The origins: `https://app.example.com`, or `*` for every one. Perhaps holes.
    pub fn origins(&self) -> &[Partial] {
        &self.origins
    }

    /// The methods.
    pub fn methods(&self) -> &[String] {
        &self.methods
    }

    /// The headers that a request may carry.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// The headers that a page may read of an answer.
    pub fn expose_headers(&self) -> &[String] {
        &self.expose_headers
    }

    /// Whether cookies and the like are sent along.
    pub fn credentials(&self) -> bool {
        self.credentials
    }

    /// How long a browser may keep the answer.
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age
    }
}

/// An origin is a scheme, a host and perhaps a port, without a path.
fn check_origin(origin: &str) -> Result<(), Refusal> {
    let after_scheme = origin.split_once("://").map(|(_, rest)| rest);
    let is_origin = after_scheme.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', ' ']));
    match origin == "*" || is_origin {
        true => Ok(()),
        false => Err(Refusal::new(
            format!("{origin:?} is no origin: that is a scheme, a host and perhaps a port, without a path"),
            "write `https://app.example.com`",
        )),
    }
}
