//! How the store fails.

use std::path::PathBuf;
use std::time::Duration;

use siac_core::ports::{KeyFault, StoreFault};

use super::envelope::EnvelopeError;
use super::formats::FormatError;
use super::head::Holder;

/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// Another run has the lock.
    #[error("{}", held(holder.as_deref(), waited))]
    Held {
        /// Who; `None` when the store only knows that there is one.
        holder: Option<Box<Holder>>,
        /// How long was waited.
        waited: Duration,
    },
    /// Another run took over: nothing of this run is published any more.
    #[error("{}", fenced(by.as_deref()))]
    Fenced {
        /// Who has the lock now, when someone does.
        by: Option<Box<Holder>>,
    },
    /// The register or the objects could not be read or written.
    #[error("{doing}: {fault}")]
    Backend {
        /// What was being done.
        doing: String,
        /// What the backend said.
        fault: StoreFault,
    },
    /// No configured key opens it.
    #[error("{what} cannot be opened with the configured keys. {}", because(.faults))]
    NoKey {
        /// What was to be opened.
        what: String,
        /// Why each key did not, in order; empty when none of the configured keys is among its recipients.
        faults: Vec<KeyFault>,
        /// The keys that would open it, as `method key`.
        needed: Vec<String>,
    },
    /// A data key could not be wrapped.
    #[error("no key for this run: {0}")]
    Key(KeyFault),
    /// The keys configured are not those that the state is sealed for.
    #[error(
        "the state is sealed for {}, but configured are {}. Run `siac key rotate` to change the keys of a state",
        list(.sealed_for),
        list(.configured)
    )]
    OtherKeys {
        /// The keys of HEAD, as `method key`.
        sealed_for: Vec<String>,
        /// The configured ones.
        configured: Vec<String>,
    },
    /// No key is configured, or more than an object has room for.
    #[error("{0} keys are configured, where 1 to 8 are possible")]
    KeyCount(usize),
    /// A sealed object does not open.
    #[error("{object}: {fault}")]
    Sealed {
        /// Its name.
        object: String,
        /// Why.
        fault: EnvelopeError,
    },
    /// The content of an object cannot be read or written.
    #[error("{object}: {fault}")]
    Content {
        /// Its name.
        object: String,
        /// Why.
        fault: FormatError,
    },
    /// HEAD is not what it should be.
    #[error("HEAD of this stack {0}")]
    Head(String),
    /// HEAD was written by a newer siac.
    #[error(
        "HEAD of this stack is of format {format}, written by {written_by}; this siac knows formats up to {}. Use that version or a newer one",
        super::head::FORMAT
    )]
    NewerHead {
        /// Its format.
        format: u32,
        /// Who says to have written it, not authenticated.
        written_by: String,
    },
    /// The state went to another place.
    #[error("the state was brought to {to}; name that place in `[state]`. What is left here is a copy of that day")]
    Moved {
        /// Where to, as the authenticated HEAD names it.
        to: String,
    },
    /// Objects are missing or do not belong together.
    #[error("the state is damaged: {0}")]
    Damaged(String),
    /// The store shows an older state than this machine has seen.
    #[error(
        "the store shows an older state than this machine has seen: {seen} was seen, the store has {found}. \
         Someone put an old copy back, or this is another copy of the state; if that is meant, use --accept-rollback"
    )]
    RolledBack {
        /// What was seen.
        seen: String,
        /// What is there.
        found: String,
    },
    /// There is no such snapshot.
    #[error("there is no snapshot `{name}`{}", those(.known))]
    NoSnapshot {
        /// What was asked for.
        name: String,
        /// Some that exist.
        known: Vec<String>,
    },
    /// A name means several snapshots.
    #[error("`{name}` means several snapshots: {}. Use the serial", list(.candidates))]
    AmbiguousSnapshot {
        /// What was asked for.
        name: String,
        /// Which.
        candidates: Vec<String>,
    },
    /// Its content was pruned.
    #[error("the content of snapshot {0} was pruned; only its line in the history is left")]
    Pruned(u64),
    /// An artifact is not in the store.
    #[error("the artifact {0} is not in the store")]
    NoArtifact(String),
    /// A snapshot contradicts itself and is not published.
    #[error("the snapshot is not published, because it contradicts itself: {}", .0.join("; "))]
    Inconsistent(Vec<String>),
    /// The session is over.
    #[error("this run has given the lock back already")]
    Over,
    /// What is asked for cannot be done.
    #[error("{0}")]
    Refused(String),
    /// A file outside the store could not be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
}

impl StoreError {
    /// A backend's fault while doing something.
    pub(super) fn backend(doing: impl Into<String>) -> impl FnOnce(StoreFault) -> Self {
        let doing = doing.into();
        move |fault| Self::Backend { doing, fault }
    }

    /// An envelope's fault at an object.
    pub(super) fn sealed(object: &str) -> impl FnOnce(EnvelopeError) -> Self {
        let object = object.to_owned();
        move |fault| Self::Sealed { object, fault }
    }

    /// A content's fault at an object.
    pub(super) fn content(object: &str) -> impl FnOnce(FormatError) -> Self {
        let object = object.to_owned();
        move |fault| Self::Content { object, fault }
    }
}

fn held(holder: Option<&Holder>, waited: &Duration) -> String {
    let who = holder.map_or_else(|| "another run".to_owned(), ToString::to_string);
    let waited = match waited.as_secs() {
        0 => String::new(),
        seconds => format!(" after waiting {seconds} s"),
    };
    format!("the state is locked by {who}{waited}. Wait for it with --lock-timeout, or see `siac lock status`")
}

fn fenced(by: Option<&Holder>) -> String {
    let by = by.map_or_else(|| "another run".to_owned(), ToString::to_string);
    format!("the lock was lost: {by} took over. Nothing more is started here; the other run settles what was open")
}

fn because(faults: &[KeyFault]) -> String {
    match faults {
        [] => "It is sealed for other keys".to_owned(),
        faults => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

fn those(names: &[String]) -> String {
    match names {
        [] => ": nothing was published yet".to_owned(),
        names => format!("; there are {}", names.join(", ")),
    }
}
