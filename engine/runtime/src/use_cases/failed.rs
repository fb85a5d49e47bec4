//! Why a use case came to no good end.

use siac_core::model::diagnostic::{Diagnostics, SourceMap};
use siac_core::model::event::Intent;

use crate::store::StoreError;

/// A use case that could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Something is wrong in the stack's files, or with the plan that they ask for.
    #[error("the stack has problems")]
    Problems {
        /// What is wrong.
        diagnostics: Diagnostics,
        /// The texts that it refers to.
        sources: SourceMap,
    },
    /// The state could not be read, locked or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plan was made from something that is no longer so.
    #[error("{0}")]
    Stale(String),
    /// A provider cannot be used.
    #[error("{0}")]
    Provider(String),
    /// Calls of an earlier run could not be settled now; nothing else may be done before.
    #[error("an earlier run left {} unsettled", counted(.0.len()))]
    Unsettled(Vec<(Intent, String)>),
    /// It was asked to stop before anything was changed.
    #[error("interrupted; nothing was changed")]
    Interrupted,
    /// A limit that the user set does not allow the plan.
    #[error("{0}")]
    Refused(String),
    /// Anything else, with what to do.
    #[error("{0}")]
    Other(String),
}

fn counted(calls: usize) -> String {
    match calls {
        1 => "one call".to_owned(),
        calls => format!("{calls} calls"),
    }
}
