//! A world of toys: a catalogue of a few kinds, answers to every question, and an apply of a few lines.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::language::evaluate::fill;
use crate::language::load::{self, GivenVariables};
use crate::language::scope::{FileAnswer, FileQuestion, Lookup, Scope};
use crate::model::address::{Mode, ResourceAddress};
use crate::model::diagnostic::{Diagnostics, SourceMap};
use crate::model::event::Observation;
use crate::model::identity::{Digest, Fingerprint, OpId, SnapshotId};
use crate::model::path::{Path, Segment};
use crate::model::plan::{Becoming, Deposed, Operation, Plan};
use crate::model::schema::{Attribute, KindSchema, Normalisation, ProviderSchema, RecoveryClass};
use crate::model::secret::Secret;
use crate::model::snapshot::{Object, OutputRecord, Record, Snapshot};
use crate::model::stack::Stack;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Never, Origin, Partial, Value};
use crate::planning::questions::{Answers, BuildFailure, DataAnswer, Question, ResourceAnswer};
use crate::planning::{Goal, Options, Outcome, Request, plan};
use crate::ports::{Catalogue, Catalogues, Planned};
use crate::serverless::vocabulary::{json, list, text, texts};
use crate::serverless::{Component, Permission, Realisation, Refusal, Service};

/// The toys' catalogue.
pub struct Toys(ProviderSchema);

fn kind(attributes: impl IntoIterator<Item = (&'static str, Attribute)>) -> KindSchema {
    KindSchema {
        description: "a toy",
        version: 1,
        attributes: attributes.into_iter().collect(),
        data_bearing: false,
        recovery: RecoveryClass::Name,
        drain: Duration::ZERO,
        timeout: Duration::from_secs(1),
        unique: None,
        typical: Duration::from_millis(10),
    }
}

fn id() -> (&'static str, Attribute) {
    ("id", Attribute::computed(Type::String, "its identity").stays())
}

fn toys() -> ProviderSchema {
    let value = kind([
        ("input", Attribute::optional(Type::Any, "anything")),
        ("again", Attribute::optional(Type::Any, "a change replaces").immutable()),
        ("output", Attribute::computed(Type::Any, "the input").follows(&["input"])),
    ]);
    let thing = kind([
        ("name", Attribute::required(Type::String, "a name").immutable()),
        ("size", Attribute::optional(Type::Number, "a size").default(Value::number(1_i64))),
        ("tags", Attribute::optional(Type::map(Type::String), "tags")),
        ("zones", Attribute::optional(Type::set(Type::String), "zones")),
        ("document", Attribute::optional(Type::String, "JSON").normalised(Normalisation::Json)),
        ("zone", Attribute::optional_computed(Type::String, "chosen when left open")),
        ("token", Attribute::optional(Type::String, "a secret").sensitive()),
        ("etag", Attribute::computed(Type::String, "changes with every update")),
        ("password", Attribute::computed(Type::String, "made for it").sensitive().stays()),
        id(),
    ]);
    let unique = KindSchema { unique: Some("name"), ..thing.clone() };
    let store = KindSchema {
        data_bearing: true,
        ..kind([
            ("name", Attribute::required(Type::String, "a name").immutable()),
            ("size", Attribute::optional(Type::Number, "a size")),
            id(),
        ])
    };
    let code = kind([("source", Attribute::required(Type::String, "the code").artifact()), id()]);
    let lookup = kind([
        ("key", Attribute::required(Type::Any, "what to look up")),
        ("result", Attribute::computed(Type::String, "what was found")),
        ("hidden", Attribute::computed(Type::String, "a secret").sensitive()),
    ]);
    ProviderSchema {
        name: "toy",
        version: "1.0.0",
        config: BTreeMap::from([("region", Attribute::optional(Type::String, "where"))]),
        resources: BTreeMap::from([
            ("toy_value", value),
            ("toy_thing", thing),
            ("toy_unique", unique),
            ("toy_store", store),
            ("toy_code", code),
        ]),
        data: BTreeMap::from([("toy_lookup", lookup)]),
    }
}

impl Catalogue for Toys {
    fn schema(&self) -> &ProviderSchema {
        &self.0
    }

    fn plan(&self, kind: &KindSchema, name: &str, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = crate::planning::compare::by_schema(kind, prior, desired);
        if name == "toy_value" {
            let input = planned.inputs.get("input").cloned().unwrap_or_default();
            planned.outputs = Value::map([("output", input)]);
        }
        planned
    }

    fn way(&self, name: &str, _: &Object, planned: &Planned) -> Option<String> {
        let grows = planned.changed.contains(&Path::attribute("size"));
        (name == "toy_thing" && grows).then(|| "it grows by and by".to_owned())
    }

    fn realises(&self) -> &'static [&'static str] {
        &["rest-api"]
    }

    fn component_settings(&self) -> BTreeMap<&'static str, Attribute> {
        BTreeMap::from([("size", Attribute::optional(Type::Number, "a size"))])
    }

    /// A server that knows its environment, a role that knows its permissions, and a code of its own for what is built.
    fn realise(&self, component: &Component) -> Result<Realisation, Diagnostics> {
        let Service::RestApi(api) = component.service() else { return Ok(Realisation::new()) };
        let function = api.function();
        if api.gateway().auth().is_some() {
            let mut problems = Diagnostics::new();
            problems.push(component.refuse("auth", Refusal::new("toys check no tokens", "let the program check them")));
            return Err(problems);
        }
        let name = component.unique_name(40);
        let allowed = |it: &Permission| {
            let actions = texts(it.actions().iter().map(String::as_str));
            Value::map([("Action", actions), ("Resource", it.on().clone())])
        };
        let role = component
            .part("toy_thing", "role")
            .with("name", text("{}-role", [Value::string(&name)]))
            .with("document", json(list(function.permissions().iter().map(allowed))));
        let server = component
            .part("toy_thing", "server")
            .with("name", Value::string(&name))
            .with("tags", Value::Map(function.environment().clone()))
            .with("zone", text("{}/{}", [role.get("id"), role.get("etag")]))
            .with_some("size", component.setting("size").cloned());
        let url = text("https://{}.toy", [server.get("id")]);
        let health = function.health().map(|health| text("{}{}", [url.clone(), Value::string(health.path())]));
        let realisation = Realisation::new().part(server).part(role).note("toys are not for children under three");
        Ok(realisation.output("url", url).output("health_url", health.unwrap_or_default()))
    }
}

/// What there is, and what can be told of it.
pub struct World {
    pub catalogues: Catalogues,
    /// Files by path; folders are their prefixes.
    pub files: BTreeMap<String, String>,
    /// Secrets by reference.
    pub secrets: BTreeMap<String, String>,
    /// Objects by identity.
    pub objects: BTreeMap<String, (Partial, Partial)>,
    /// What data sources answer after the key.
    pub answer: String,
    /// The folders of which artifacts were built, in order.
    pub built: RefCell<Vec<String>>,
    made: u64,
}

/// A stack as it was loaded.
pub struct Loaded {
    pub stack: Stack,
    pub sources: SourceMap,
}

fn fingerprint(text: &str) -> Fingerprint {
    Fingerprint { version: None, digest: Digest::of(text.as_bytes()) }
}

impl World {
    pub fn new() -> Self {
        Self {
            catalogues: Catalogues::new([Arc::new(Toys(toys())) as Arc<dyn Catalogue>]),
            files: BTreeMap::new(),
            secrets: BTreeMap::new(),
            objects: BTreeMap::new(),
            answer: "found".to_owned(),
            built: RefCell::default(),
            made: 0,
        }
    }

    /// Loads a stack, modules from `self.files`; a `[stack]` table with a name is added.
    pub fn load(&self, text: &str) -> Loaded {
        self.load_with(text, &GivenVariables::default())
    }

    pub fn load_with(&self, text: &str, variables: &GivenVariables) -> Loaded {
        let text: Arc<str> = format!("[stack]\nname = \"toys\"\n{text}").into();
        let mut files = BTreeMap::from([("stacks/toys.toml".to_owned(), Ok(text))]);
        loop {
            let request = load::Request {
                entry: "stacks/toys.toml",
                files: &files,
                variables,
                environment: None,
                realised_by: &BTreeMap::new(),
                version: "0.1.0",
                catalogues: &self.catalogues,
            };
            let loaded = load::load(&request);
            if let Some(stack) = loaded.stack {
                let problems: Vec<_> = loaded.diagnostics.iter().map(|problem| &problem.detail).collect();
                assert!(!loaded.diagnostics.has_errors(), "{problems:?}");
                return Loaded { stack, sources: loaded.sources };
            }
            for path in loaded.wants {
                let text = self.files.get(&path).map(|text| Arc::from(text.as_str()));
                files.insert(path, text.ok_or_else(|| "there is no such file".to_owned()));
            }
        }
    }

    /// Plans, answering every question, and says how many calls it took.
    pub fn outcome(
        &self,
        goal: Goal<'_>,
        sources: &SourceMap,
        snapshot: &Snapshot,
        options: &Options,
    ) -> (Outcome, usize) {
        let base_id = (snapshot.serial > 0).then_some(SnapshotId([snapshot.serial as u8; 32]));
        let catalogues = &self.catalogues;
        let request = Request { goal, snapshot, base_id, catalogues, sources, options };
        let mut answers = Answers::default();
        for calls in 1..10 {
            let outcome = plan(&request, &answers);
            assert_eq!(outcome, plan(&request, &answers), "planning is deterministic");
            match outcome {
                Outcome::Asks(questions) => {
                    questions.into_iter().for_each(|it| self.answer(it, snapshot, &mut answers))
                }
                outcome => return (outcome, calls),
            }
        }
        panic!("questions have no end");
    }

    pub fn plan_with(&self, loaded: &Loaded, snapshot: &Snapshot, options: &Options) -> Plan {
        done(self.outcome(Goal::Stack(&loaded.stack), &loaded.sources, snapshot, options).0)
    }

    pub fn plan(&self, loaded: &Loaded, snapshot: &Snapshot) -> Plan {
        self.plan_with(loaded, snapshot, &Options::default())
    }

    /// The codes of the errors with which a plan is refused.
    pub fn refused(&self, loaded: &Loaded, snapshot: &Snapshot, options: &Options) -> Vec<&'static str> {
        match self.outcome(Goal::Stack(&loaded.stack), &loaded.sources, snapshot, options).0 {
            Outcome::Refused(problems) => problems.sorted().iter().map(|problem| problem.code).collect(),
            other => panic!("not refused: {other:?}"),
        }
    }

    pub fn answer(&self, question: Question, snapshot: &Snapshot, answers: &mut Answers) {
        match question {
            Question::File(question) => {
                let answer = match &question {
                    FileQuestion::Read(path) => match self.files.get(path) {
                        Some(text) => FileAnswer::Content(Arc::new(text.clone().into_bytes())),
                        None => FileAnswer::Missing,
                    },
                    FileQuestion::List { .. } => FileAnswer::Paths(Arc::default()),
                };
                assert!(answers.files.insert(question, answer).is_none());
            }
            Question::Artifact { path } => {
                let digest = self.files.get(&path).map(|text| Digest::of(text.as_bytes()));
                let answer = digest.ok_or_else(|| "there is no such file".to_owned());
                assert!(answers.artifacts.insert(path, answer).is_none());
            }
            Question::Source { recipe } => {
                let content = self.files.get(&recipe.path);
                let identity = content.map(|text| Digest::of(format!("{text} {:?}", recipe.build).as_bytes()));
                let answer = identity.ok_or_else(|| "there is no such folder".to_owned());
                assert!(answers.sources.insert(recipe, answer).is_none());
            }
            Question::Build { recipe, identity } => {
                self.built.borrow_mut().push(recipe.path.clone());
                let command = recipe.build.as_deref().unwrap_or("");
                let failure = || BuildFailure { why: "exit code 1".to_owned(), help: "mend it".to_owned() };
                let made = command.starts_with("make").then(|| Digest::of(self.files[&recipe.path].trim().as_bytes()));
                assert!(answers.builds.insert(identity, made.ok_or_else(failure)).is_none());
            }
            Question::Resource { address, deposed } => {
                let record = &snapshot.records[&address];
                let object = match deposed {
                    Some(op) => &record.deposed[&op],
                    None => record.object.as_ref().unwrap(),
                };
                let answer = match self.objects.get(&object.remote) {
                    Some((inputs, outputs)) => ResourceAnswer::Present(Observation {
                        remote: object.remote.clone(),
                        inputs: inputs.clone(),
                        sent: object.sent.clone(),
                        outputs: outputs.clone(),
                        secrets: object.secrets.clone(),
                        private: Vec::new(),
                    }),
                    None => ResourceAnswer::Gone,
                };
                assert!(answers.resources.insert((address, deposed), answer).is_none());
            }
            Question::Data { address, inputs, .. } => {
                let answer = DataAnswer::Read(Box::new(self.looked_up(&address, &inputs)));
                let asked = (inputs, answer);
                assert!(answers.data.insert(address, asked.clone()).is_none_or(|before| before != asked));
            }
            Question::Import { address, id, .. } => {
                let answer = self.objects.get(&id).map(|(inputs, outputs)| Observation {
                    remote: id,
                    inputs: inputs.clone(),
                    sent: BTreeMap::new(),
                    outputs: outputs.clone(),
                    secrets: BTreeMap::new(),
                    private: Vec::new(),
                });
                answers.imports.insert(address, answer.ok_or_else(|| "there is no such object".to_owned()));
            }
            Question::Secret { name, source } => {
                let value = self.secrets.get(&source.reference).map(|text| fingerprint(text));
                assert!(answers.secrets.insert(name, value.ok_or_else(|| "it is not set".to_owned())).is_none());
            }
        }
    }

    fn looked_up(&self, address: &ResourceAddress, inputs: &Partial) -> Observation {
        let key = inputs.get("key").and_then(Value::as_str).unwrap_or("?");
        let result = format!("{key}-{}", self.answer);
        let path = Path::attribute("hidden");
        let hidden = Hole::of(
            Origin::Attribute(address.clone(), path.clone()),
            Type::String,
            Awaits::Sealed(fingerprint(&result)),
        );
        Observation {
            remote: String::new(),
            inputs: inputs.clone(),
            sent: BTreeMap::new(),
            outputs: Value::map([("result", Value::string(&result)), ("hidden", Value::Hole(Box::new(hidden)))]),
            secrets: BTreeMap::from([(path, Secret::new(Value::string(result)))]),
            private: Vec::new(),
        }
    }

    /// Carries a plan out, step by step, and answers with the next snapshot.
    pub fn apply(&mut self, plan: &Plan, snapshot: &Snapshot) -> Snapshot {
        self.apply_some(plan, snapshot, plan.steps.len())
    }

    /// Carries out the first steps only.
    pub fn apply_some(&mut self, plan: &Plan, snapshot: &Snapshot, count: usize) -> Snapshot {
        let mut next = snapshot.clone();
        next.stack.clone_from(&plan.stack);
        next.serial += 1;
        next.providers = plan.providers.clone();
        next.secrets = plan.secrets.clone();
        for step in &plan.steps[..count] {
            self.step(&step.address, &step.provider, &step.operation, &mut next);
            next.records.retain(|_, record| record.object.is_some() || !record.deposed.is_empty());
        }
        if count == plan.steps.len() {
            let outputs = plan.outputs.iter().filter_map(|output| Some((output.name.clone(), output.after.clone()?)));
            next.outputs = outputs.map(|(name, output)| (name, self.resolved_output(output, &next))).collect();
        }
        assert_eq!(next.check(), Vec::<String>::new());
        next
    }

    fn resolved_output(&self, output: OutputRecord, snapshot: &Snapshot) -> OutputRecord {
        OutputRecord { value: self.resolved(&output.configured, snapshot), ..output }
    }

    fn resolved(&self, value: &Partial, snapshot: &Snapshot) -> Partial {
        let evaluation = fill(value, &Live { world: self, snapshot });
        let problems: Vec<_> = evaluation.diagnostics.iter().map(|problem| &problem.detail).collect();
        assert!(problems.is_empty(), "{problems:?}");
        assert!(!evaluation.value.is_unknown(), "an unknown is left: {:?}", evaluation.value);
        evaluation.value
    }

    fn step(&mut self, address: &ResourceAddress, provider: &str, operation: &Operation, next: &mut Snapshot) {
        match operation {
            Operation::Create { inputs, becoming } | Operation::Read { inputs, becoming } => {
                let inputs = self.resolved(inputs, next);
                let object = self.made(address, provider, inputs, becoming);
                let record = slot(next, address);
                assert!(record.object.is_none() || address.mode == Mode::Data, "{address} exists already");
                record.object = Some(object);
            }
            Operation::Update { inputs, becoming } => {
                let inputs = self.resolved(inputs, next);
                let object = slot(next, address).object.clone().unwrap();
                let made = self.made(address, provider, inputs, becoming);
                self.objects.remove(&made.remote);
                let stays = object.outputs.as_map().cloned().unwrap_or_default();
                let stays = stays.into_iter().filter(|(name, _)| ["id", "password"].contains(&name.as_str()));
                let outputs = crate::model::snapshot::overlay(&made.outputs, &Value::Map(stays.collect()));
                let mut secrets = made.secrets;
                let stayed = object.secrets.into_iter().filter(|(path, _)| outputs.at(path) == object.outputs.at(path));
                secrets.extend(stayed);
                let updated = Object { remote: object.remote, op: object.op, outputs, secrets, ..made };
                self.objects.insert(updated.remote.clone(), (updated.inputs.clone(), updated.outputs.clone()));
                slot(next, address).object = Some(updated);
            }
            Operation::Delete { deposed } => {
                let record = slot(next, address);
                let gone = match deposed {
                    None => record.object.take(),
                    Some(Deposed::Left(op)) => record.deposed.remove(op),
                    Some(Deposed::ByThisPlan) => record.deposed.pop_first().map(|(_, object)| object),
                };
                self.objects.remove(&gone.unwrap().remote);
            }
            Operation::Import { id, inputs, becoming } => {
                let (_, outputs) = self.objects[id].clone();
                let inputs = self.resolved(inputs, next);
                let object = Object { remote: id.clone(), outputs, ..self.made(address, provider, inputs, becoming) };
                slot(next, address).object = Some(object);
            }
            Operation::Depose => {
                let record = slot(next, address);
                let object = record.object.take().unwrap();
                record.deposed.insert(object.op, object);
            }
            Operation::Move { from } => {
                let record = next.records.remove(from).unwrap();
                assert!(next.records.insert(address.clone(), record).is_none());
                let renames = BTreeMap::from([(from.clone(), address.clone())]);
                let object = next.records.get_mut(address).and_then(|record| record.object.as_mut());
                if let Some(object) = object {
                    object.inputs = crate::planning::rename::value(&object.inputs, &renames);
                    object.outputs = crate::planning::rename::value(&object.outputs, &renames);
                }
            }
            Operation::Forget { deposed: None } => drop(next.records.remove(address)),
            Operation::Forget { deposed: Some(op) } => drop(slot(next, address).deposed.remove(op)),
            Operation::Record { inputs, outputs, becoming } => {
                assert!(!inputs.is_unknown() && !outputs.is_unknown());
                let object = slot(next, address).object.as_mut().unwrap();
                object.inputs.clone_from(inputs);
                object.outputs.clone_from(outputs);
                object.configured.clone_from(&becoming.configured);
                object.dependencies.clone_from(&becoming.dependencies);
                object.lifecycle = becoming.lifecycle.clone();
                object.schema_version = becoming.schema_version;
                object.sent = sent(inputs);
                object.secrets.retain(|path, _| matches!(outputs.at(path), Some(Value::Hole(_))));
                self.objects.insert(object.remote.clone(), (inputs.clone(), outputs.clone()));
            }
            Operation::Lost => slot(next, address).object = None,
        }
    }

    /// A new object, as a provider would answer and the engine would record it.
    fn made(&mut self, address: &ResourceAddress, provider: &str, inputs: Partial, becoming: &Becoming) -> Object {
        self.made += 1;
        let (inputs, outputs, secrets) = match (address.mode, address.kind.as_str()) {
            (Mode::Data, _) => {
                let answer = self.looked_up(address, &inputs);
                (inputs, answer.outputs, answer.secrets)
            }
            (_, "toy_value") => {
                let input = inputs.get("input").cloned().unwrap_or_default();
                let (output, secrets) = sealed(address, Path::attribute("output"), &input);
                (inputs, Value::map([("output", output)]), secrets)
            }
            _ => self.thing(address, inputs),
        };
        let remote = format!("{}-{}", address.kind, self.made);
        if address.mode == Mode::Managed {
            self.objects.insert(remote.clone(), (inputs.clone(), outputs.clone()));
        }
        Object {
            provider: provider.to_owned(),
            remote,
            op: operation(self.made),
            configured: becoming.configured.clone(),
            sent: sent(&inputs),
            inputs,
            outputs,
            secrets,
            private: Vec::new(),
            schema_version: becoming.schema_version,
            dependencies: becoming.dependencies.clone(),
            lifecycle: becoming.lifecycle.clone(),
            tainted: false,
        }
    }

    fn thing(
        &self,
        address: &ResourceAddress,
        inputs: Partial,
    ) -> (Partial, Partial, BTreeMap<Path, Secret<Value<Never>>>) {
        let attributes = &toys().resources[address.kind.as_str()].attributes;
        let mut outputs = BTreeMap::new();
        let mut secrets = BTreeMap::new();
        for (name, attribute) in attributes.iter().filter(|(_, it)| !it.is_settable()) {
            let text = format!("{name}-{}", self.made);
            let path = Path::attribute(*name);
            let value = match attribute.sensitive {
                true => {
                    let origin = Origin::Attribute(address.clone(), path.clone());
                    secrets.insert(path, Secret::new(Value::string(&text)));
                    Value::Hole(Box::new(Hole::of(origin, Type::String, Awaits::Sealed(fingerprint(&text)))))
                }
                false => Value::string(text),
            };
            outputs.insert((*name).to_owned(), value);
        }
        let Value::Map(mut inputs) = inputs else { panic!("inputs are a map") };
        if attributes.contains_key("zone") {
            inputs.entry("zone".to_owned()).or_insert_with(|| Value::string(format!("zone-{}", self.made)));
        }
        (Value::Map(inputs), Value::Map(outputs), secrets)
    }
}

/// The identity of the operation with this number.
fn operation(number: u64) -> OpId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    OpId(bytes)
}

/// The record's place for an address.
fn slot<'s>(snapshot: &'s mut Snapshot, address: &ResourceAddress) -> &'s mut Record {
    snapshot.records.entry(address.clone()).or_insert_with(|| Record { object: None, deposed: BTreeMap::new() })
}

/// What an output that repeats a value looks like when recorded: its secret parts are holes of its own.
fn sealed(address: &ResourceAddress, path: Path, value: &Partial) -> (Partial, BTreeMap<Path, Secret<Value<Never>>>) {
    match value {
        Value::Hole(hole) => {
            let digest = hole.origins.values().map(|awaits| match awaits {
                Awaits::Sealed(fingerprint) => fingerprint.digest.to_string(),
                other => panic!("{other:?}"),
            });
            let text: String = digest.collect();
            let own = Origin::Attribute(address.clone(), path.clone());
            let hole = Hole::of(own, Type::Any, Awaits::Sealed(fingerprint(&text)));
            (Value::Hole(Box::new(hole)), BTreeMap::from([(path, Secret::new(Value::string(text)))]))
        }
        Value::Map(entries) => {
            let mut secrets = BTreeMap::new();
            let sealed_entry = |(key, value): (&String, &Partial)| {
                let (value, more) = sealed(address, path.key(key), value);
                secrets.extend(more);
                (key.clone(), value)
            };
            (Value::Map(entries.iter().map(sealed_entry).collect()), secrets)
        }
        plain => (plain.clone(), BTreeMap::new()),
    }
}

fn sent(inputs: &Partial) -> BTreeMap<Path, Digest> {
    let mut sent = BTreeMap::new();
    inputs.visit_leaves(&mut |path, leaf| {
        if let Value::Hole(hole) = leaf
            && let (1, Some(Awaits::Sealed(fingerprint))) = (hole.origins.len(), hole.origins.values().next())
        {
            sent.insert(path.clone(), fingerprint.digest);
        }
    });
    sent
}

/// What residuals see while a plan is carried out.
struct Live<'w> {
    world: &'w World,
    snapshot: &'w Snapshot,
}

impl Scope for Live<'_> {
    fn lookup(&self, root: &str, _: &[Segment]) -> Lookup<'_> {
        Lookup::Missing { detail: format!("no {root}"), candidates: Vec::new() }
    }

    fn origin(&self, origin: &Origin) -> Option<Cow<'_, Partial>> {
        match origin {
            Origin::Secret(name) => {
                let source = &self.snapshot.secrets[name];
                let sealed = Awaits::Sealed(fingerprint(&self.world.secrets[&source.reference]));
                Some(Cow::Owned(Value::Hole(Box::new(Hole::of(origin.clone(), Type::String, sealed)))))
            }
            Origin::Attribute(address, path) => {
                let object = self.snapshot.object(address)?;
                Some(Cow::Owned(object.attributes().at(path).cloned().unwrap_or_default()))
            }
        }
    }

    fn file(&self, _: &FileQuestion) -> FileAnswer {
        FileAnswer::NotAsked
    }

    fn folder(&self) -> &str {
        ""
    }
}

/// The plan of an outcome.
pub fn done(outcome: Outcome) -> Plan {
    match outcome {
        Outcome::Done(plan, _) => *plan,
        Outcome::Refused(problems) => panic!("refused: {:?}", details(&problems)),
        Outcome::Asks(questions) => panic!("asks: {questions:?}"),
    }
}

fn details(problems: &Diagnostics) -> BTreeSet<String> {
    problems.iter().map(|problem| format!("{}: {}", problem.code, problem.detail)).collect()
}

/// The changes of a plan, one line each: `create toy_value.a`.
pub fn lines(plan: &Plan) -> Vec<String> {
    let line = |change: &crate::model::plan::Change| {
        let action = serde_json::to_value(change.action).unwrap();
        format!("{} {}", action.as_str().unwrap(), change.address)
    };
    plan.changes.iter().map(line).collect()
}

/// The steps of a plan, one line each: `create toy_value.a`.
pub fn steps(plan: &Plan) -> Vec<String> {
    let line = |step: &crate::model::plan::Step| {
        let operation = serde_json::to_value(&step.operation).unwrap();
        let word = match &operation {
            serde_json::Value::String(word) => word.clone(),
            other => other.as_object().unwrap().keys().next().unwrap().clone(),
        };
        format!("{word} {}", step.address)
    };
    plan.steps.iter().map(line).collect()
}
