//! Artifacts that recipes make: the identity of what goes in, the build, and the bundle that comes out.
//!
//! A build happens while planning, because a plan names what it deploys. It runs in a copy of its source, with an environment that holds no
//! secret of the stack, and leaves nothing behind but its output, a bundle on the [`Shelf`], and what it did to the rest of the machine.

mod environment;
mod host;
mod making;
mod native;
mod run;
mod shelf;
mod source;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use siac_core::deployment::resolve::Secrets;
use siac_core::model::event::Progress;
use siac_core::model::identity::Digest;
use siac_core::model::recipe::{Architecture, Recipe};
use siac_core::planning::questions::BuildFailure;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;

use crate::project::{Packed, Project};
use crate::site::Redact;
use crate::stop::Stop;

pub use shelf::{CAPACITY, Cleared, IDLE, Made, Shelf};

use making::Making;
use source::Source;

/// How long a build may take. A choice of this project.
pub const LIMIT: Duration = Duration::from_secs(30 * 60);

/// The most builds at once; each of them uses several processors by itself. A choice of this project.
const MOST_AT_ONCE: usize = 4;

/// Whether builds may be run, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// They may.
    Granted,
    /// They may not: the flag that says so.
    Denied(&'static str),
}

/// Where artifacts are made, and under which conditions.
#[derive(Clone)]
pub struct Workshop {
    project: Project,
    shelf: Shelf,
    host: Architecture,
    permission: Permission,
    redact: Redact,
    stop: Stop,
    limit: Duration,
    turns: Arc<Semaphore>,
}

/// What comes of a recipe: its artifact, or why there is none.
pub type Outcome = Result<Packed, BuildFailure>;

impl Workshop {
    /// The workshop of a project, in which a build may take [`LIMIT`].
    pub fn new(project: Project, permission: Permission, redact: Redact, stop: Stop) -> Self {
        let turns = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_AT_ONCE);
        Self {
            shelf: Shelf::of(&project),
            project,
            host: host::here(),
            permission,
            redact,
            stop,
            limit: LIMIT,
            turns: Arc::new(Semaphore::new(turns)),
        }
    }

    /// The same workshop, in which a build may take so long.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The identity of what a recipe makes. Reads everything that goes in; blocks meanwhile.
    ///
    /// # Errors
    /// When something of it cannot be read, with why.
    pub fn identity(&self, recipe: &Recipe) -> Result<Digest, String> {
        identity(&self.project, recipe, &self.host)
    }

    /// The artifact of an identity: from the shelf, or made now. Nothing of `secrets` is told to a build.
    ///
    /// # Errors
    /// When it cannot be made, is not allowed to be, or the source is no longer what the identity was told of.
    pub async fn make(
        &self,
        recipe: Recipe,
        identity: Digest,
        secrets: Arc<Secrets>,
        news: UnboundedSender<Progress>,
    ) -> Outcome {
        Making { workshop: self.clone(), recipe: Arc::new(recipe), identity, secrets, news }.artifact().await
    }
}

/// The identity of what a recipe makes of a project on this machine.
///
/// # Errors
/// When something of it cannot be read, with why.
pub fn identity(project: &Project, recipe: &Recipe, host: &Architecture) -> Result<Digest, String> {
    let source = Source::of(project, recipe).map_err(|unreachable| unreachable.to_string())?;
    source.identity(recipe, host).map_err(|unreachable| unreachable.to_string())
}

/// The kind of machines that this one is.
pub fn host() -> Architecture {
    host::here()
}

#[cfg(test)]
mod tests;
