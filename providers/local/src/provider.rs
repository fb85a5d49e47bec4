//! The provider itself: it picks the kind and passes the call on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use siac_core::model::address::Mode;
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::finding::{Accounts, Finding};
use siac_core::model::identity::Digest;
use siac_core::model::inspection::Inspection;
use siac_core::model::log::{LogEnd, LogWish};
use siac_core::model::schema::{Attribute, KindSchema, ProviderSchema};
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Partial};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Catalogue, Fault, LogReader, Observed, Planned, Provider};
use siac_core::serverless::{Component, Realisation};

use crate::components;
use crate::examine::examine;
use crate::kind::{Data, Kind, blocking};
use crate::kinds::archive::LocalArchive;
use crate::kinds::command::LocalCommand;
use crate::kinds::directory::LocalDirectory;
use crate::kinds::file::{LocalFile, LocalFileData};
use crate::kinds::http::Http;
use crate::kinds::random::{RandomId, RandomPassword};
use crate::kinds::service::LocalService;
use crate::kinds::value::LocalValue;
use crate::logs;
use crate::machine::Machine;

/// The plugin `local`: its catalogue and its hands.
pub struct LocalProvider {
    machine: Machine,
    schema: ProviderSchema,
    kinds: BTreeMap<&'static str, Box<dyn Kind>>,
    data: BTreeMap<&'static str, Box<dyn Data>>,
}

impl LocalProvider {
    /// The provider for a project: its root, and the folder `.siac` where runs, services, releases and logs are kept.
    ///
    /// Runners and supervisors are this very program, started again as `__runner FOLDER` and `__supervisor FOLDER`; whoever owns `main`
    /// passes these words to [`crate::runner::main`] and [`crate::supervisor::main`]. Nothing is touched before the first call.
    pub fn new(root: impl Into<PathBuf>, state: impl Into<PathBuf>) -> Self {
        Self::with_program(root, state, own_program())
    }

    /// The same with another program for runners and supervisors.
    pub fn with_program(root: impl Into<PathBuf>, state: impl Into<PathBuf>, program: impl Into<PathBuf>) -> Self {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let machine = Machine { root: absolute(root.into()), state: absolute(state.into()), program: program.into() };
        let (kinds, data) = (kinds(), data());
        let schema = ProviderSchema {
            name: "local",
            version: env!("CARGO_PKG_VERSION"),
            config: BTreeMap::new(),
            resources: kinds.iter().map(|(name, kind)| (*name, kind.schema())).collect(),
            data: data.iter().map(|(name, kind)| (*name, kind.schema())).collect(),
        };
        Self { machine, schema, kinds, data }
    }

    fn kind(&self, name: &str) -> Result<&dyn Kind, Fault> {
        let kind = self.kinds.get(name).map(Box::as_ref);
        kind.ok_or_else(|| Fault::rejected(format!("the provider `local` has no resources of kind `{name}`")))
    }
}

fn kinds() -> BTreeMap<&'static str, Box<dyn Kind>> {
    BTreeMap::from([
        ("local_archive", Box::new(LocalArchive) as Box<dyn Kind>),
        ("local_command", Box::new(LocalCommand)),
        ("local_directory", Box::new(LocalDirectory)),
        ("local_file", Box::new(LocalFile)),
        ("local_service", Box::new(LocalService)),
        ("local_value", Box::new(LocalValue)),
        ("random_id", Box::new(RandomId)),
        ("random_password", Box::new(RandomPassword)),
    ])
}

fn data() -> BTreeMap<&'static str, Box<dyn Data>> {
    BTreeMap::from([("http", Box::new(Http) as Box<dyn Data>), ("local_file", Box::new(LocalFileData))])
}

/// The running program. Where it was replaced on disk while it runs, Linux still knows the old one.
fn own_program() -> PathBuf {
    let on_disk = std::env::current_exe().ok().filter(|path| path.exists());
    on_disk.unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}

/// What tells this machine from others, and stays the same when it starts again.
fn machine_identity() -> String {
    let ids = ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).ok());
    let id = ids.map(|id| id.trim().to_owned()).find(|id| !id.is_empty());
    // The id itself is meant to stay private; its digest tells machines apart as well.
    let named = |id: String| format!("machine {}", &Digest::of(id.as_bytes()).to_string()[..12]);
    id.map_or_else(|| format!("host {}", rustix::system::uname().nodename().to_string_lossy()), named)
}

impl Catalogue for LocalProvider {
    fn schema(&self) -> &ProviderSchema {
        &self.schema
    }

    fn plan(&self, kind: &KindSchema, name: &str, prior: Option<&Object>, desired: &Partial) -> Planned {
        match self.kinds.get(name) {
            Some(own) => own.plan(kind, prior, desired),
            None => by_schema(kind, prior, desired),
        }
    }

    fn way(&self, name: &str, _: &Object, planned: &Planned) -> Option<String> {
        self.kinds.get(name)?.way(planned)
    }

    fn validate(&self, mode: Mode, kind: &str, desired: &Partial) -> Diagnostics {
        let managed = self.kinds.get(kind).filter(|_| mode == Mode::Managed);
        managed.map(|kind| kind.validate(desired)).unwrap_or_default()
    }

    fn realises(&self) -> &'static [&'static str] {
        components::KINDS
    }

    fn component_settings(&self) -> BTreeMap<&'static str, Attribute> {
        components::settings()
    }

    fn realise(&self, component: &Component) -> Result<Realisation, Diagnostics> {
        components::realise(component)
    }
}

#[async_trait]
impl Provider for LocalProvider {
    async fn configure(&self, _: &Known) -> Result<String, Fault> {
        Ok(machine_identity())
    }

    async fn read(&self, call: &Call, object: &Object) -> Result<Option<Observed>, Fault> {
        self.kind(&call.address.kind)?.read(&self.machine, object).await
    }

    async fn read_data(&self, call: &Call, inputs: &Known) -> Result<Known, Fault> {
        let name = &call.address.kind;
        let missing = || Fault::rejected(format!("the provider `local` has no data of kind `{name}`"));
        self.data.get(name.as_str()).ok_or_else(missing)?.read(&self.machine, inputs).await
    }

    async fn create(&self, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        self.kind(&call.address.kind)?.create(&self.machine, call, inputs).await
    }

    async fn update(&self, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        self.kind(&call.address.kind)?.update(&self.machine, call, object, inputs).await
    }

    async fn delete(&self, call: &Call, object: &Object) -> Result<(), Fault> {
        self.kind(&call.address.kind)?.delete(&self.machine, call, object).await
    }

    async fn find(&self, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        self.kind(&call.address.kind)?.find(&self.machine, call, inputs).await
    }

    async fn import(&self, call: &Call, id: &str) -> Result<Observed, Fault> {
        self.kind(&call.address.kind)?.import(&self.machine, call, id).await
    }

    async fn inspect(&self, call: &Call, object: &Object) -> Result<Option<Inspection>, Fault> {
        self.kind(&call.address.kind)?.inspect(&self.machine, object).await
    }

    async fn logs(
        &self,
        call: &Call,
        object: &Object,
        wish: &LogWish,
        reader: &dyn LogReader,
    ) -> Result<LogEnd, Fault> {
        match self.kind(&call.address.kind)?.log(&self.machine, object) {
            None => Ok(LogEnd::NoLog),
            Some(path) => logs::tell(path, wish, reader).await.map(|()| LogEnd::Told),
        }
    }

    async fn examine(&self, accounts: &Accounts) -> Result<Vec<Finding>, Fault> {
        let (machine, accounts) = (self.machine.clone(), accounts.clone());
        blocking(move || Ok(examine(&machine, &accounts))).await
    }
}
