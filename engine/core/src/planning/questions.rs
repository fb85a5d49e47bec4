//! What planning asks of the world, and what it is told.

use std::collections::BTreeMap;

use crate::language::scope::{FileQuestion, Files};
use crate::model::address::ResourceAddress;
use crate::model::event::Observation;
use crate::model::identity::{Digest, Fingerprint, OpId};
use crate::model::recipe::Recipe;
use crate::model::stack::SecretSource;
use crate::model::value::Partial;

/// One question. The shell answers batches of them in parallel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// What a file holds, or which files there are.
    File(FileQuestion),
    /// The digest of a file or folder whose content is wanted as an artifact. The path is relative to the project root.
    Artifact {
        /// The path.
        path: String,
    },
    /// The identity of what a recipe makes: a digest of everything that goes in. The recipe's path is relative to the project root.
    Source {
        /// The recipe.
        recipe: Recipe,
    },
    /// The digest of the artifact that a recipe makes. It may have to be built for that; nothing else is open when it is asked for.
    Build {
        /// The recipe.
        recipe: Recipe,
        /// The identity of what goes in, as it was answered.
        identity: Digest,
    },
    /// What an object that is remembered looks like now.
    Resource {
        /// Which one.
        address: ResourceAddress,
        /// A deposed object of it.
        deposed: Option<OpId>,
    },
    /// What a data source answers. The arguments are known, or sealed.
    Data {
        /// Which one.
        address: ResourceAddress,
        /// The provider instance.
        provider: String,
        /// Its arguments.
        inputs: Partial,
    },
    /// What an existing object that is to be adopted looks like.
    Import {
        /// Which resource it becomes.
        address: ResourceAddress,
        /// The provider instance.
        provider: String,
        /// What the provider calls it.
        id: String,
    },
    /// Which version a secret has now.
    Secret {
        /// Its name in the stack.
        name: String,
        /// Where it comes from.
        source: SecretSource,
    },
}

/// Everything told so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// Files and folders.
    pub files: Files,
    /// Artifacts by path: the digest, or why there is none.
    pub artifacts: BTreeMap<String, Result<Digest, String>>,
    /// What goes into artifacts, by recipe: its identity, or why it cannot be told.
    pub sources: BTreeMap<Recipe, Result<Digest, String>>,
    /// Artifacts by the identity of what they are made from: the digest, or why there is none.
    pub builds: BTreeMap<Digest, Result<Digest, BuildFailure>>,
    /// Objects, by address and by the operation that made a deposed one.
    pub resources: BTreeMap<(ResourceAddress, Option<OpId>), ResourceAnswer>,
    /// Data by address, with the arguments that were asked with.
    pub data: BTreeMap<ResourceAddress, (Partial, DataAnswer)>,
    /// Objects to adopt, by the address they become.
    pub imports: BTreeMap<ResourceAddress, Result<Observation, String>>,
    /// Secrets by name: the fingerprint of today's value, or why there is none.
    pub secrets: BTreeMap<String, Result<Fingerprint, String>>,
}

/// Why an artifact was not built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFailure {
    /// What went wrong, with the last lines of the build's output where it ran.
    pub why: String,
    /// What to do about it.
    pub help: String,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceAnswer {
    /// It looks like this. `inputs` are as the world has them; what the provider cannot see is as remembered.
    Present(Observation),
    /// It is gone.
    Gone,
    /// Nobody looked (`--offline`, `--refresh=false`): what is remembered stands.
    NotLooked,
    /// It could not be looked at, and why.
    Failed(String),
}

/// What a data source answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataAnswer {
    /// This; sensitive parts are sealed.
    Read(Box<Observation>),
    /// Nobody looked (`--offline`): it is read during apply.
    NotLooked,
    /// It could not be read, and why.
    Failed(String),
}
