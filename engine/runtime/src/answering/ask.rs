//! One question, asked.

use std::sync::Arc;
use std::time::Duration;

use siac_core::deployment::resolve::{Resolved, resolve};
use siac_core::deployment::seal::{Sealer, fingerprint_of_secret};
use siac_core::language::scope::{FileAnswer, FileQuestion};
use siac_core::model::address::ResourceAddress;
use siac_core::model::event::{Observation, Progress};
use siac_core::model::identity::{Digest, Fingerprint, OpId};
use siac_core::model::recipe::Recipe;
use siac_core::model::schema::KindSchema;
use siac_core::model::snapshot::{Object, Snapshot};
use siac_core::model::stack::SecretSource;
use siac_core::model::value::{Known, Partial};
use siac_core::planning::questions::{BuildFailure, DataAnswer, Question, ResourceAnswer};
use siac_core::ports::{Call, FetchedSecret, Provider, SecretStore};

use tokio::sync::mpsc::UnboundedSender;

use crate::building::Workshop;
use crate::calling::{Bounds, NoFence, NothingToSave, Patience};
use crate::project::{Packed, Project};
use crate::world::World;

use super::Looking;

/// The hard limit of fetching one secret. A choice of this project.
const SECRET_LIMIT: Duration = Duration::from_secs(30);

const NO_FILES: &str = "this plan reads no files of the project";
const READING_FAILED: &str = "reading it failed; this is a defect of siac";

/// What one question came to.
pub(super) enum Reply {
    File(FileQuestion, FileAnswer),
    Artifact(String, Result<Packed, String>),
    Source(Recipe, Result<Digest, String>),
    Build(Digest, Result<Packed, BuildFailure>),
    Resource((ResourceAddress, Option<OpId>), ResourceAnswer),
    Data(ResourceAddress, Partial, DataAnswer),
    Import(ResourceAddress, Result<Observation, String>),
    Secret(String, Result<(FetchedSecret, Fingerprint), String>),
}

/// Whoever asks one question; shared by those that run at once.
pub(super) struct Asker {
    pub world: Arc<World>,
    pub sources: Vec<Arc<dyn SecretStore>>,
    pub project: Option<Project>,
    pub workshop: Option<Workshop>,
    /// Where what happens meanwhile is told.
    pub news: UnboundedSender<Progress>,
    pub snapshot: Arc<Snapshot>,
    pub looking: Looking,
    pub patience: Patience,
}

impl Asker {
    pub async fn ask(&self, question: Question) -> Reply {
        match question {
            Question::File(question) => {
                let asked = question.clone();
                let answer = self.in_project(move |project| Ok(project.answer(&asked))).await;
                Reply::File(question, answer.unwrap_or_else(FileAnswer::Refused))
            }
            Question::Artifact { path } => {
                let asked = path.clone();
                let pack = move |project: &Project| project.pack(&asked).map_err(|unreachable| unreachable.to_string());
                Reply::Artifact(path, self.in_project(pack).await)
            }
            Question::Source { recipe } => {
                let asked = recipe.clone();
                Reply::Source(recipe, self.identity(asked).await)
            }
            Question::Build { recipe, identity } => Reply::Build(identity, self.built(recipe, identity).await),
            Question::Resource { address, deposed } => {
                let answer = self.resource(&address, deposed).await.unwrap_or_else(ResourceAnswer::Failed);
                Reply::Resource((address, deposed), answer)
            }
            Question::Data { address, provider, inputs } => {
                let answer = self.data(&address, &provider, &inputs).await.unwrap_or_else(DataAnswer::Failed);
                Reply::Data(address, inputs, answer)
            }
            Question::Import { address, provider, id } => {
                let answer = self.import(&address, &provider, &id).await;
                Reply::Import(address, answer)
            }
            Question::Secret { name, source } => {
                let answer = self.secret(&source).await;
                Reply::Secret(name, answer)
            }
        }
    }

    /// Files are read where blocking is allowed.
    async fn in_project<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Project) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let project = self.project.clone().ok_or(NO_FILES)?;
        let read = tokio::task::spawn_blocking(move || read(&project));
        read.await.map_err(|_| READING_FAILED.to_owned())?
    }

    async fn identity(&self, recipe: Recipe) -> Result<Digest, String> {
        let workshop = self.workshop.clone().ok_or(NO_FILES)?;
        let read = tokio::task::spawn_blocking(move || workshop.identity(&recipe));
        read.await.map_err(|_| READING_FAILED.to_owned())?
    }

    async fn built(&self, recipe: Recipe, identity: Digest) -> Result<Packed, BuildFailure> {
        let none = || BuildFailure { why: NO_FILES.to_owned(), help: "plan from the stack".to_owned() };
        let workshop = self.workshop.clone().ok_or_else(none)?;
        workshop.make(recipe, identity, Arc::new(self.world.secrets.clone()), self.news.clone()).await
    }

    async fn resource(&self, address: &ResourceAddress, deposed: Option<OpId>) -> Result<ResourceAnswer, String> {
        if self.looking != Looking::Everything {
            return Ok(ResourceAnswer::NotLooked);
        }
        let record = self.snapshot.records.get(address);
        let object = record.and_then(|record| match deposed {
            Some(op) => record.deposed.get(&op),
            None => record.object.as_ref(),
        });
        let object = object.ok_or("the record has no such object")?;
        let (provider, kind) = self.kind(&object.provider, address)?;
        let object = up_to_date(&**provider, kind, address, object)?;
        let call = self.call(address, kind);
        let observed = self.bounds(kind.timeout).patiently(|| provider.read(&call, &object)).await;
        Ok(match observed.map_err(|fault| fault.to_string())? {
            Some(observed) => ResourceAnswer::Present(self.sealer(address, kind).after_read(&object, observed)),
            None => ResourceAnswer::Gone,
        })
    }

    async fn data(&self, address: &ResourceAddress, provider: &str, inputs: &Partial) -> Result<DataAnswer, String> {
        if self.looking == Looking::Offline {
            return Ok(DataAnswer::NotLooked);
        }
        let (provider, kind) = self.kind(provider, address)?;
        let inputs = resolve(inputs, &self.snapshot, &self.world.secrets).map_err(|unresolved| unresolved.why)?;
        let call = self.call(address, kind);
        let answer = self.bounds(kind.timeout).patiently(|| provider.read_data(&call, &inputs.known)).await;
        let answer = answer.map_err(|fault| fault.to_string())?;
        Ok(DataAnswer::Read(Box::new(self.sealer(address, kind).after_data(&inputs, answer))))
    }

    async fn import(&self, address: &ResourceAddress, provider: &str, id: &str) -> Result<Observation, String> {
        if self.looking == Looking::Offline {
            return Err("an object cannot be adopted with --offline, because it must be looked at".to_owned());
        }
        let (provider, kind) = self.kind(provider, address)?;
        let call = self.call(address, kind);
        let observed = self.bounds(kind.timeout).patiently(|| provider.import(&call, id)).await;
        let nothing_wanted =
            Resolved { known: Known::Map(Default::default()), stored: Partial::Map(Default::default()) };
        let seal = |observed| self.sealer(address, kind).after_import(&nothing_wanted, observed);
        observed.map(seal).map_err(|fault| fault.to_string())
    }

    async fn secret(&self, source: &SecretSource) -> Result<(FetchedSecret, Fingerprint), String> {
        let resolves = |store: &&Arc<dyn SecretStore>| store.schemes().contains(&source.scheme.as_str());
        let Some(store) = self.sources.iter().find(resolves) else {
            let known: Vec<_> = self.sources.iter().flat_map(|store| store.schemes().iter().copied()).collect();
            return Err(format!("nothing here resolves `{}:`; there are: {}", source.scheme, known.join(", ")));
        };
        let fetched = self.bounds(SECRET_LIMIT).patiently(|| store.fetch(source)).await;
        let fetched = fetched.map_err(|fault| fault.to_string())?;
        let fingerprint = fingerprint_of_secret(&self.snapshot.stack_secret, &fetched);
        Ok((fetched, fingerprint))
    }

    fn kind(&self, instance: &str, address: &ResourceAddress) -> Result<(&Arc<dyn Provider>, &KindSchema), String> {
        Ok((self.world.provider(instance)?, self.world.kind(instance, address)?))
    }

    fn sealer<'a>(&'a self, address: &'a ResourceAddress, kind: &'a KindSchema) -> Sealer<'a> {
        Sealer { kind, address, key: &self.snapshot.stack_secret }
    }

    fn call(&self, address: &ResourceAddress, kind: &KindSchema) -> Call {
        self.world.call(self.world.new_op(), address, kind.timeout, None, Arc::new(NothingToSave))
    }

    fn bounds(&self, limit: Duration) -> Bounds {
        Bounds { world: self.world.clone(), fence: Arc::new(NoFence), patience: self.patience, limit }
    }
}

/// An object as its provider's present schema has it.
fn up_to_date(
    provider: &dyn Provider,
    kind: &KindSchema,
    address: &ResourceAddress,
    object: &Object,
) -> Result<Object, String> {
    match object.schema_version < kind.version {
        true => provider.upgrade(&address.kind, object.clone()),
        false => Ok(object.clone()),
    }
}
