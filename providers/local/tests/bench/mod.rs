//! A project of its own for each test, and the engine's part of a provider call.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::model::address::{Mode, ResourceAddress};
use siac_core::model::identity::{Digest, Fingerprint, OpId, StackUuid};
use siac_core::model::path::Path;
use siac_core::model::schema::KindSchema;
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::{Object, artifact_reference};
use siac_core::model::types::Type;
use siac_core::model::value::{Awaits, Hole, Known, Origin, Partial, Value};
use siac_core::ports::{Artifacts, Call, Catalogue, Checkpoint, Fault, Observed, Planned, Provider};
use siac_provider_local::LocalProvider;

/// Checkpoints by operation, as the journal keeps them.
#[derive(Default)]
struct Journal(Mutex<BTreeMap<OpId, Vec<u8>>>);

struct Checkpoints {
    journal: Arc<Journal>,
    op: OpId,
}

#[async_trait]
impl Checkpoint for Checkpoints {
    async fn save(&self, data: Vec<u8>) -> Result<(), Fault> {
        self.journal.0.lock().unwrap().insert(self.op, data);
        Ok(())
    }
}

/// Artifacts by digest, as the store keeps them.
#[derive(Default)]
struct Store(Mutex<BTreeMap<Digest, Vec<u8>>>);

#[async_trait]
impl Artifacts for Store {
    async fn fetch(&self, digest: &Digest) -> Result<Vec<u8>, Fault> {
        let found = self.0.lock().unwrap().get(digest).cloned();
        found.ok_or_else(|| Fault::rejected(format!("no artifact {digest}")))
    }
}

/// One project with a provider.
pub struct Bench {
    folder: tempfile::TempDir,
    pub provider: LocalProvider,
    journal: Arc<Journal>,
    store: Arc<Store>,
    ops: AtomicU8,
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("siac test ").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let program = env!("CARGO_BIN_EXE_siac-local-process");
        let provider = LocalProvider::with_program(&root, root.join(".siac"), program);
        Self { folder, provider, journal: Arc::default(), store: Arc::default(), ops: AtomicU8::new(1) }
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    pub fn text(&self, relative: &str) -> String {
        std::fs::read_to_string(self.path(relative)).unwrap_or_default()
    }

    /// A fresh operation, like no other on this machine.
    pub fn op(&self) -> OpId {
        let number = self.ops.fetch_add(1, Ordering::SeqCst);
        let digest = Digest::of(format!("{} {number}", self.root().display()).as_bytes());
        OpId(std::array::from_fn(|at| digest.0[at]))
    }

    /// A call under this operation, with what its earlier attempts left in the journal.
    pub fn call(&self, kind: &str, op: OpId) -> Call {
        Call {
            op,
            stack: "test".to_owned(),
            uuid: StackUuid([9; 16]),
            address: ResourceAddress::managed(kind, "it"),
            timeout: Duration::from_secs(60),
            resume: self.journal.0.lock().unwrap().get(&op).cloned(),
            checkpoint: Arc::new(Checkpoints { journal: Arc::clone(&self.journal), op }),
            artifacts: Arc::clone(&self.store) as Arc<dyn Artifacts>,
        }
    }

    /// Whether an operation has left a checkpoint, by which recovery issues it again.
    pub fn can_resume(&self, op: OpId) -> bool {
        self.journal.0.lock().unwrap().contains_key(&op)
    }

    pub fn data_call(&self, kind: &str) -> Call {
        Call { address: ResourceAddress::data(kind, "it"), ..self.call(kind, self.op()) }
    }

    /// Keeps an artifact and answers with its reference.
    pub fn artifact(&self, bytes: Vec<u8>) -> Known {
        let digest = Digest::of(&bytes);
        self.store.0.lock().unwrap().insert(digest, bytes);
        Value::String(artifact_reference(&digest))
    }

    /// A folder as an artifact.
    pub fn folder(&self, files: &[(&str, &str)]) -> Known {
        use std::io::Write;
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in files {
            archive.start_file(*name, zip::write::SimpleFileOptions::default().unix_permissions(0o644)).unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        }
        self.artifact(archive.finish().unwrap().into_inner())
    }

    pub fn schema(&self, kind: &str) -> &KindSchema {
        &self.provider.schema().resources[kind]
    }

    /// The attributes with their defaults, as the engine completes them.
    pub fn complete(&self, kind: &str, attributes: &Known) -> Known {
        let mut complete = attributes.as_map().unwrap().clone();
        for (name, attribute) in &self.schema(kind).attributes {
            if let (Some(default), false) = (&attribute.default, complete.contains_key(*name)) {
                complete.insert((*name).to_owned(), default.clone());
            }
        }
        Value::Map(complete)
    }

    /// What the engine records of an answer: secrets are sealed.
    pub fn record(&self, kind: &str, op: OpId, observed: &Observed) -> Object {
        let mut secrets = BTreeMap::new();
        let address = ResourceAddress::managed(kind, "it");
        let outputs = sealed(&observed.outputs, &Path::default(), &mut |path, value| {
            secrets.insert(path.clone(), Secret::new(value.clone()));
            Origin::Attribute(address.clone(), path.clone())
        });
        let inputs = sealed(&observed.inputs, &Path::default(), &mut |_, _| Origin::Secret("s".to_owned()));
        Object {
            provider: "local".to_owned(),
            remote: observed.remote.clone(),
            op,
            configured: inputs.clone(),
            inputs,
            sent: BTreeMap::new(),
            outputs,
            secrets,
            private: observed.private.clone(),
            schema_version: self.schema(kind).version,
            dependencies: Vec::new(),
            lifecycle: siac_core::model::stack::Lifecycle::default(),
            tainted: false,
        }
    }

    /// The object as it looks now, what cannot be seen as remembered; `None` when it is gone.
    pub async fn look(&self, kind: &str, object: &Object) -> Option<Object> {
        let observed = self.provider.read(&self.call(kind, self.op()), object).await.unwrap()?;
        let now = self.record(kind, object.op, &observed);
        let inputs = siac_core::model::snapshot::overlay(&object.inputs, &now.inputs);
        Some(Object { inputs, ..now })
    }

    /// What a plan says of these attributes.
    pub fn plan(&self, kind: &str, prior: Option<&Object>, attributes: &Known) -> Planned {
        let desired =
            sealed(&self.complete(kind, attributes), &Path::default(), &mut |_, _| Origin::Secret("s".to_owned()));
        self.provider.plan(self.schema(kind), kind, prior, &desired)
    }

    pub async fn create(&self, kind: &str, op: OpId, attributes: &Known) -> Result<Object, Fault> {
        let inputs = self.complete(kind, attributes);
        let observed = self.provider.create(&self.call(kind, op), &inputs).await?;
        Ok(self.record(kind, op, &observed))
    }

    pub async fn update(&self, kind: &str, op: OpId, object: &Object, attributes: &Known) -> Result<Object, Fault> {
        let inputs = self.complete(kind, attributes);
        let observed = self.provider.update(&self.call(kind, op), object, &inputs).await?;
        Ok(self.record(kind, object.op, &observed))
    }

    pub async fn delete(&self, kind: &str, op: OpId, object: &Object) -> Result<(), Fault> {
        self.provider.delete(&self.call(kind, op), object).await
    }

    pub async fn find(&self, kind: &str, op: OpId, attributes: &Known) -> Result<Vec<Observed>, Fault> {
        let inputs = self.complete(kind, attributes);
        self.provider.find(&self.call(kind, op), &inputs).await
    }

    pub async fn data(&self, kind: &str, attributes: &Known) -> Result<Known, Fault> {
        let mut inputs = attributes.as_map().unwrap().clone();
        for (name, attribute) in &self.provider.schema().data[kind].attributes {
            if let (Some(default), false) = (&attribute.default, inputs.contains_key(*name)) {
                inputs.insert((*name).to_owned(), default.clone());
            }
        }
        let call = self.data_call(kind);
        assert_eq!(call.address.mode, Mode::Data);
        self.provider.read_data(&call, &Value::Map(inputs)).await
    }
}

/// No test leaves a service behind.
impl Drop for Bench {
    fn drop(&mut self) {
        for process in processes_of(&self.path(".siac/services")) {
            let _ = rustix::process::kill_process_group(process, rustix::process::Signal::KILL);
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
    }
}

/// The supervisors and children that a project's services have written down.
fn processes_of(services: &std::path::Path) -> Vec<rustix::process::Pid> {
    let folders = std::fs::read_dir(services).into_iter().flatten().flatten();
    let texts = folders.filter_map(|entry| std::fs::read(entry.path().join("status.json")).ok());
    let statuses = texts.filter_map(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let pids = |status: serde_json::Value| {
        let children = status["children"].as_array().cloned().unwrap_or_default();
        let all = std::iter::once(status["supervisor"].clone()).chain(children);
        all.filter_map(|process| process["pid"].as_i64()).collect::<Vec<_>>()
    };
    statuses.flat_map(pids).filter_map(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)).collect()
}

fn sealed(value: &Known, path: &Path, origin: &mut impl FnMut(&Path, &Known) -> Origin) -> Partial {
    match value {
        Value::Secret(secret) => {
            let digest = Digest::of(&serde_json::to_vec(secret.expose()).unwrap());
            let awaits = Awaits::Sealed(Fingerprint { version: None, digest });
            Value::Hole(Box::new(Hole::of(origin(path, secret.expose()), Type::String, awaits)))
        }
        Value::List(items) => {
            Value::List(items.iter().enumerate().map(|(at, item)| sealed(item, &path.index(at), origin)).collect())
        }
        Value::Map(entries) => {
            Value::Map(entries.iter().map(|(key, item)| (key.clone(), sealed(item, &path.key(key), origin))).collect())
        }
        other => other.open(),
    }
}

/// A map of attributes, from JSON.
#[macro_export]
macro_rules! attributes {
    ($($json:tt)*) => {
        serde_json::from_value::<siac_core::model::value::Known>(serde_json::json!({ $($json)* })).unwrap()
    };
}

/// A secret text.
pub fn secret(text: &str) -> Known {
    Value::Secret(Secret::new(Value::string(text)))
}

/// The same attributes with one more.
pub fn with(attributes: &Known, name: &str, value: Known) -> Known {
    let mut entries = attributes.as_map().unwrap().clone();
    entries.insert(name.to_owned(), value);
    Value::Map(entries)
}
