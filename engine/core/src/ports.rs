//! Every question that siac asks of the world, as traits. The one file that the author of a provider must read.
//!
//! A provider has two sides. [`Catalogue`] is pure: it is all that planning sees. [`Provider`] acts: the executor calls it.
//! A store offers two small things, a [`Register`] and [`Blobs`]; locking, journaling and sealing are shared code above them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::address::{Mode, ResourceAddress};
use crate::model::diagnostic::Diagnostics;
use crate::model::finding::{Accounts, Finding};
use crate::model::identity::{Digest, OpId, StackUuid};
use crate::model::inspection::Inspection;
use crate::model::log::{LogEnd, LogNews, LogWish};
use crate::model::path::Path;
use crate::model::schema::{Attribute, KindSchema, ProviderSchema};
use crate::model::secret::Secret;
use crate::model::snapshot::Object;
use crate::model::stack::SecretSource;
use crate::model::value::{Known, Partial};
use crate::serverless::{Component, Realisation};

/// What a provider offers, without a network: all that planning may see of it.
pub trait Catalogue: Send + Sync {
    /// Kinds and their attributes.
    fn schema(&self) -> &ProviderSchema;

    /// What would happen to a resource: compares what is wanted with the object as it is.
    ///
    /// `desired` is normalised and has its defaults. The default answer follows the schema alone; a provider overrides it for kinds whose
    /// outputs can be told beforehand or whose changes need more than the schema says.
    fn plan(&self, kind: &KindSchema, name: &str, prior: Option<&Object>, desired: &Partial) -> Planned {
        let _ = name;
        crate::planning::compare::by_schema(kind, prior, desired)
    }

    /// What people should know of the way an update in place goes, in a few words, when it is not just done: its steps, what it waits for.
    ///
    /// The plan shows it; nothing is decided by it. `planned` is what [`Catalogue::plan`] has said.
    fn way(&self, name: &str, prior: &Object, planned: &Planned) -> Option<String> {
        let _ = (name, prior, planned);
        None
    }

    /// What is wrong with the attributes beyond what the schema says. Holes may stand anywhere.
    fn validate(&self, mode: Mode, kind: &str, desired: &Partial) -> Diagnostics {
        let _ = (mode, kind, desired);
        Diagnostics::new()
    }

    /// Brings an object recorded under an older schema version up to date.
    fn upgrade(&self, kind: &str, object: Object) -> Result<Object, String> {
        let _ = kind;
        Ok(object)
    }

    /// The kinds of components that it realises.
    fn realises(&self) -> &'static [&'static str] {
        &[]
    }

    /// What a component can be told that only this provider knows: the table `[component.NAME.PLUGIN]`.
    fn component_settings(&self) -> BTreeMap<&'static str, Attribute> {
        BTreeMap::new()
    }

    /// What becomes of a component whose kind is one of [`realises`](Self::realises). Pure: the same component is always realised alike.
    ///
    /// # Errors
    /// When this provider cannot do what the component asks for; [`Component::refuse`] words it.
    fn realise(&self, component: &Component) -> Result<Realisation, Diagnostics> {
        let _ = component;
        Ok(Realisation::new())
    }
}

/// The catalogues of every provider that this build of siac has, by plugin name.
#[derive(Clone, Default)]
pub struct Catalogues(BTreeMap<String, Arc<dyn Catalogue>>);

impl Catalogues {
    /// These catalogues.
    pub fn new(catalogues: impl IntoIterator<Item = Arc<dyn Catalogue>>) -> Self {
        Self(catalogues.into_iter().map(|catalogue| (catalogue.schema().name.to_owned(), catalogue)).collect())
    }

    /// The catalogue of a plugin.
    pub fn plugin(&self, plugin: &str) -> Option<&Arc<dyn Catalogue>> {
        self.0.get(plugin)
    }

    /// The schema of a kind of a plugin.
    pub fn kind(&self, plugin: &str, mode: Mode, kind: &str) -> Option<&KindSchema> {
        let schema = self.plugin(plugin)?.schema();
        match mode {
            Mode::Managed => schema.resources.get(kind),
            Mode::Data => schema.data.get(kind),
        }
    }

    /// The plugin that offers a kind.
    pub fn plugin_of(&self, mode: Mode, kind: &str) -> Option<&str> {
        self.0.keys().map(String::as_str).find(|plugin| self.kind(plugin, mode, kind).is_some())
    }

    /// The plugins that realise a kind of component, in order of name.
    pub fn realising<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(_, catalogue)| catalogue.realises().contains(&kind)).map(|(name, _)| name.as_str())
    }

    /// Every catalogue, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Catalogue>> {
        self.0.values()
    }
}

/// What would happen to one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What must be done.
    pub verdict: Verdict,
    /// The attributes to send.
    pub inputs: Partial,
    /// Computed attributes whose value is known beforehand, as a map; every computed attribute that is missing is known after apply.
    pub outputs: Partial,
    /// Where `inputs` differ from the object's.
    pub changed: Vec<Path>,
    /// The part of `changed` that needs a new object.
    pub requires_replace: Vec<Path>,
}

/// What must be done to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Keep,
    /// Create it.
    Create,
    /// Change it in place.
    Update,
    /// Replace it.
    Replace,
}

/// A provider that acts. One value per configured instance.
///
/// Every call but the telling of a log is bounded by [`Call::timeout`]; the engine enforces it. A call may be made twice with the same [`OpId`]
/// and must then have the effect of one, as far as the kind's recovery class promises.
#[async_trait]
pub trait Provider: Catalogue {
    /// Takes the instance's configuration and answers with the account, subscription or machine it acts on.
    async fn configure(&self, config: &Known) -> Result<String, Fault>;

    /// Looks at an object; `None` when it is gone. `object` is what is remembered of it.
    async fn read(&self, call: &Call, object: &Object) -> Result<Option<Observed>, Fault>;

    /// Reads data. The answer is everything the data source offers, arguments left out.
    async fn read_data(&self, call: &Call, inputs: &Known) -> Result<Known, Fault>;

    /// Makes an object.
    async fn create(&self, call: &Call, inputs: &Known) -> Result<Observed, Fault>;

    /// Changes an object in place so that it has these attributes.
    async fn update(&self, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault>;

    /// Deletes an object. Deleting what is gone is success.
    async fn delete(&self, call: &Call, object: &Object) -> Result<(), Fault>;

    /// Recovery: every live object that carries this call's operation, or its name and our mark.
    async fn find(&self, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault>;

    /// Looks at an object that is to be adopted.
    async fn import(&self, call: &Call, id: &str) -> Result<Observed, Fault>;

    /// What keeps a new object from being made, told before anybody is shown the plan: a name that somebody else has. `None` when nothing is known.
    ///
    /// `inputs` may have holes. Changes nothing; what cannot be asked is not told, because making the object will show it.
    async fn foresee(&self, stack: StackUuid, address: &ResourceAddress, inputs: &Partial) -> Option<String> {
        let _ = (stack, address, inputs);
        None
    }

    /// Looks at what runs behind an object, for people; `None` when its kind is nothing that runs. Changes nothing, needs no lock.
    ///
    /// An object of which nothing runs any more is inspected too: its health says so.
    async fn inspect(&self, call: &Call, object: &Object) -> Result<Option<Inspection>, Fault> {
        let _ = (call, object);
        Ok(None)
    }

    /// Tells what runs behind an object has said, line by line. Following ends when the reader breaks, or when the call is dropped.
    async fn logs(
        &self,
        call: &Call,
        object: &Object,
        wish: &LogWish,
        reader: &dyn LogReader,
    ) -> Result<LogEnd, Fault> {
        let _ = (call, object, wish, reader);
        Ok(LogEnd::NoLog)
    }

    /// Looks for what this provider has made here that no stack accounts for, or that is of no use any more. Changes nothing.
    ///
    /// It is asked of an instance that was not configured: only what can be told without an account is told.
    async fn examine(&self, accounts: &Accounts) -> Result<Vec<Finding>, Fault> {
        let _ = accounts;
        Ok(Vec::new())
    }
}

/// Who reads a log.
#[async_trait]
pub trait LogReader: Send + Sync {
    /// Takes one piece of news; `Break` when no more is wanted.
    async fn take(&self, news: LogNews) -> ControlFlow<()>;
}

/// What a provider is told about the call it carries out.
#[derive(Clone)]
pub struct Call {
    /// The identity of the operation; client tokens and the `siac-op` tag derive from it.
    pub op: OpId,
    /// The stack's name.
    pub stack: String,
    /// The identity of the stack's state.
    pub uuid: StackUuid,
    /// Which resource; its kind is `address.kind`.
    pub address: ResourceAddress,
    /// The hard limit of this attempt.
    pub timeout: Duration,
    /// The last checkpoint of an earlier attempt of the same operation.
    pub resume: Option<Vec<u8>>,
    /// Where checkpoints go.
    pub checkpoint: Arc<dyn Checkpoint>,
    /// Where artifacts come from.
    pub artifacts: Arc<dyn Artifacts>,
}

/// Takes what a long call needs to be resumed after a crash.
#[async_trait]
pub trait Checkpoint: Send + Sync {
    /// Returns when the bytes are durable.
    async fn save(&self, data: Vec<u8>) -> Result<(), Fault>;

    /// Says how things stand while the call waits for something. It is shown, and nothing is kept of it.
    fn tell(&self, standing: &str) {
        let _ = standing;
    }
}

/// Where a provider finds the artifacts that its inputs name.
#[async_trait]
pub trait Artifacts: Send + Sync {
    /// The artifact's bytes: a file as it is, or a folder as a deterministic zip archive.
    async fn fetch(&self, digest: &Digest) -> Result<Vec<u8>, Fault>;
}

/// An object as a provider sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// What the provider calls it.
    pub remote: String,
    /// The settable attributes as the world has them, as a map; what the provider cannot see is left out.
    pub inputs: Known,
    /// The computed attributes, as a map. What the schema calls sensitive is sealed by the engine.
    pub outputs: Known,
    /// Bytes that only the provider understands; stored with the object.
    pub private: Vec<u8>,
}

/// How a provider call failed, sorted by what may be done next. No message may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The world said no, and nothing changed. Trying again is useless.
    #[error("{why}")]
    Rejected {
        /// What was wrong, and what to do about it.
        why: String,
    },
    /// Nothing changed, and it may work later.
    #[error("{why}")]
    Transient {
        /// What happened.
        why: String,
        /// How long the other side asks to wait.
        retry_after: Option<Duration>,
        /// Whether the other side asks for less: the engine lowers the provider's concurrency.
        throttled: bool,
    },
    /// Something that was made is not visible yet. Nothing changed; it will work soon.
    #[error("not yet visible: {what}")]
    NotYet {
        /// What is awaited.
        what: String,
    },
    /// It may have happened. Nothing else is done with the resource until that is settled.
    #[error("the outcome is not known: {why}")]
    Ambiguous {
        /// What happened.
        why: String,
    },
    /// It may have happened, and nobody will ever be able to tell: asking again is useless. A person is asked.
    #[error("nobody can tell whether it happened: {why}")]
    Unknowable {
        /// What is known, and how a person may find out.
        why: String,
    },
    /// It happened, but not to the end.
    #[error("not finished: {why}")]
    Partial {
        /// What there is.
        observed: Box<Observed>,
        /// What is missing.
        why: String,
    },
}

impl Fault {
    /// A refusal.
    pub fn rejected(why: impl Into<String>) -> Self {
        Self::Rejected { why: why.into() }
    }

    /// A passing failure without advice.
    pub fn transient(why: impl Into<String>) -> Self {
        Self::Transient { why: why.into(), retry_after: None, throttled: false }
    }

    /// An unknown outcome.
    pub fn ambiguous(why: impl Into<String>) -> Self {
        Self::Ambiguous { why: why.into() }
    }
}

/// Where secrets come from: one source per scheme (`env`, `file`, `aws-secretsmanager` …).
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The schemes it resolves.
    fn schemes(&self) -> &'static [&'static str];

    /// The value, and the version that the source gives it, when it has versions.
    async fn fetch(&self, source: &SecretSource) -> Result<FetchedSecret, Fault>;
}

/// A secret's value as it is today.
#[derive(Debug, Clone)]
pub struct FetchedSecret {
    /// The text.
    pub value: Secret<String>,
    /// The source's own version of it.
    pub version: Option<String>,
}

/// What identifies a version of a register; stores compare it, nobody else looks inside.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(pub String);

/// Whether a write takes, keeps or gives up what the store offers to hold a register (a lease, a file lock).
///
/// Stores without such a thing ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The writer becomes the holder. Fails with [`StoreFault::Held`] when the store knows that another one lives.
    Take,
    /// The writer stays what it is.
    Keep,
    /// The writer gives up.
    Release,
    /// The writer takes it from whoever has it, and does not keep it. Fails with [`StoreFault::Held`] only when the store knows for certain
    /// that the holder lives; a lease, which says no more than that it lived a while ago, is broken.
    Break,
}

/// How a store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// The register has another version. The writer must read again, and look whether the write is its own.
    #[error("the register was changed by someone else")]
    Conflict,
    /// The store itself knows that another holder lives, or that the writer is the holder no more.
    #[error("the store is held by another run")]
    Held,
    /// It is not known whether the write happened.
    #[error("the outcome of a write is not known: {0}")]
    Ambiguous(String),
    /// It did not happen, and may work later.
    #[error("{0}")]
    Transient(String),
    /// It did not happen, and will not: no space, no permission, no such place.
    #[error("{0}")]
    Failed(String),
}

/// One small register per stack, changed by compare-and-swap. Linearizable.
#[async_trait]
pub trait Register: Send + Sync {
    /// The content and its version; `None` when it was never written.
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault>;

    /// Writes when the version is still `expected` (`None`: was never written), and answers with the new version.
    async fn cas(&self, expected: Option<&Version>, content: Vec<u8>, hold: Hold) -> Result<Version, StoreFault>;

    /// How long a holder may be silent before it may lose the register; `None` when the store knows for certain whether the holder lives, so
    /// that no signs of life are needed. A holder writes with [`Hold::Keep`] four times in this time.
    fn patience(&self) -> Option<Duration>;

    /// Whether the store itself keeps others out while the holder lives, by a lock or a lease: whoever waits then asks with [`Hold::Take`], and
    /// need not have watched the holder's silence for itself.
    fn keeps_others_out(&self) -> bool {
        self.patience().is_none()
    }

    /// Whether a holder lives, where the store can tell without being in anybody's way; `None` where it cannot.
    async fn is_held(&self) -> Result<Option<bool>, StoreFault> {
        Ok(None)
    }
}

/// Whether a new object was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was.
    Created,
    /// One of that name exists and was left as it is.
    Exists,
}

/// Objects by name, written once. Names hold ASCII letters, digits, `-`, `.` and `/`.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// The bytes; `None` when there is no such object.
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreFault>;

    /// Writes an object that does not exist. Durable when it returns.
    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, StoreFault>;

    /// Replaces an object; only for the recipients of sealed objects while keys rotate. All or nothing, durable when it returns.
    async fn replace(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreFault>;

    /// The names that start with `prefix`, sorted.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreFault>;

    /// Deletes an object. Deleting what is gone is success.
    async fn delete(&self, name: &str) -> Result<(), StoreFault>;
}

/// A key of 256 bits that encrypts data.
pub type DataKey = Secret<[u8; 32]>;

/// A data key, wrapped so that only a key provider can open it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WrappedKey {
    /// How it is wrapped: `passphrase`, `key-file`, `aws-kms` …
    pub method: String,
    /// Which key wraps it; tells keys of one method apart, and no more.
    pub key_id: String,
    /// The wrapped key, in base64.
    pub wrapped: String,
    /// What the method needs to open it, besides the key: salts and costs. Bounded by the method before use.
    pub params: BTreeMap<String, String>,
}

/// Wraps and opens data keys. Everything is bound to the stack's uuid, which comes from the caller, never from a file.
#[async_trait]
pub trait KeyProvider: Send + Sync {
    /// The method and the key, as [`WrappedKey::method`] and [`WrappedKey::key_id`] will say.
    fn describe(&self) -> (String, String);

    /// A wrapping of a data key. `known` are the wrappings already in use for this stack, so that derived keys can share a salt.
    async fn wrap(&self, stack: &StackUuid, key: &DataKey, known: &[WrappedKey]) -> Result<WrappedKey, KeyFault>;

    /// Opens a wrapped key.
    async fn unwrap(&self, stack: &StackUuid, key: &WrappedKey) -> Result<DataKey, KeyFault>;
}

/// Why a key is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The key does not open it: a wrong passphrase, another key file.
    #[error("{0}")]
    WrongKey(String),
    /// The wrapping asks for more than siac is willing to do, or for less than is safe.
    #[error("{0}")]
    Refused(String),
    /// The key could not be reached.
    #[error("{0}")]
    Unavailable(String),
}

/// Time, so that tests own it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, RFC 3339 in UTC with milliseconds. Only for people; nothing is decided by it.
    fn now(&self) -> String;

    /// Time since some fixed moment, never going back, suspension included.
    fn monotonic(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// Chance, so that tests own it.
pub trait Entropy: Send + Sync {
    /// Fills a buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// 16 random bytes.
pub fn random_16(entropy: &dyn Entropy) -> [u8; 16] {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    bytes
}

/// 32 random bytes.
pub fn random_32(entropy: &dyn Entropy) -> [u8; 32] {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    bytes
}
