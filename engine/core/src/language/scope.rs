//! What an expression can see: names, origins and files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::diagnostic::Diagnostics;
use crate::model::path::Segment;
use crate::model::value::{Origin, Partial};

/// What an expression is evaluated in.
pub trait Scope {
    /// Resolves a traversal: its root name and the static steps after it (`aws_sqs_queue`, [`jobs`, `url`]).
    ///
    /// The scope consumes as many steps as it needs to reach a value (`var.x`: one; `data.KIND.NAME`: two; `module.NAME.OUTPUT`: two),
    /// and the evaluator walks the rest. Answers are borrowed, so that a reference costs what it refers to and not what surrounds it.
    fn lookup(&self, root: &str, steps: &[Segment]) -> Lookup<'_>;

    /// What an origin of a residual delivers now; `None` while it stays a hole.
    fn origin(&self, origin: &Origin) -> Option<Cow<'_, Partial>>;

    /// What is known of a file. Paths are relative to the project root, with `/`, without `..`.
    fn file(&self, question: &FileQuestion) -> FileAnswer;

    /// The folder against which the paths of `file` and its kin are resolved, relative to the project root; empty for the root itself.
    fn folder(&self) -> &str;
}

/// The answer of [`Scope::lookup`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// There is a value.
    Found {
        /// The value.
        value: Cow<'a, Partial>,
        /// How many steps led to it.
        consumed: usize,
    },
    /// There is no such thing.
    Missing {
        /// What is missing, as a sentence without a full stop: "there is no resource `aws_sqs_queue.job`".
        detail: String,
        /// The names there are at the place where the lookup failed, for a suggestion.
        candidates: Vec<String>,
    },
}

/// A question about files, asked by functions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileQuestion {
    /// The content of a file.
    Read(String),
    /// The files below a folder that match a glob pattern, sorted, relative to the folder.
    List {
        /// The folder.
        folder: String,
        /// The pattern: `*`, `?`, `**`, `[…]`, `{a,b}`.
        pattern: String,
    },
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileAnswer {
    /// Nobody has looked yet: the evaluation must be repeated once somebody has.
    NotAsked,
    /// The content.
    Content(Arc<Vec<u8>>),
    /// The matching paths.
    Paths(Arc<Vec<String>>),
    /// There is no such file.
    Missing,
    /// It cannot be read, and why: outside the project, too large, no regular file.
    Refused(String),
}

/// Everything known of files so far.
pub type Files = BTreeMap<FileQuestion, FileAnswer>;

/// What an evaluation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The value; `null` where an error or an open question stands in the way.
    pub value: Partial,
    /// What went wrong.
    pub diagnostics: Diagnostics,
    /// Files that must be looked at first; when not empty, the value is not to be used.
    pub questions: Vec<FileQuestion>,
}
