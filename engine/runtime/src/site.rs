//! Where siac works and with what: everything that the composition root chooses.

use std::path::PathBuf;
use std::sync::Arc;

use siac_core::ports::{Catalogues, Clock, Entropy, Provider, SecretStore};

/// Makes an unconfigured instance of a plugin; `None` when this build does not have it.
pub type Connect = Arc<dyn Fn(&str) -> Option<Arc<dyn Provider>> + Send + Sync>;

/// Takes the secrets that this run has seen out of a text.
pub type Redact = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// The place of a run, and its adapters.
#[derive(Clone)]
pub struct Site {
    /// The project root: files are read below it.
    pub root: PathBuf,
    /// What the providers of this build offer.
    pub catalogues: Catalogues,
    /// How instances of providers are made.
    pub connect: Connect,
    /// Where secrets come from.
    pub secret_stores: Vec<Arc<dyn SecretStore>>,
    /// What is written to files that are not sealed passes through here.
    pub redact: Redact,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The version of siac.
    pub version: &'static str,
    /// Who runs it: `user@host`, or what CI calls its actor.
    pub who: String,
}
