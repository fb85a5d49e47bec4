//! A plan in the making: what has been decided so far, what is still to be asked, and what is wrong.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::instance::{Instance, attribute_hole};
use super::prior::{Offer, Prior, Priors, offer, priors};
use super::questions::{Answers, Question};
use super::request::{Goal, Request};
use super::{moves, secrets};
use crate::language::evaluate::fill;
use crate::language::scope::{Evaluation, FileAnswer, FileQuestion, Lookup, Scope};
use crate::model::address::{Mode, ResourceAddress};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::identity::{Digest, Fingerprint, OpId};
use crate::model::path::{Path, Segment};
use crate::model::plan::{Note, PlanMode};
use crate::model::recipe::Recipe;
use crate::model::snapshot::Object;
use crate::model::stack::SecretSource;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};

/// A plan in the making.
pub(super) struct Draft<'a> {
    pub request: &'a Request<'a>,
    pub answers: &'a Answers,
    pub priors: Priors<'a>,
    /// Everything decided, each after what it waits for.
    pub instances: Vec<Instance<'a>>,
    /// Where an address is in `instances`.
    pub by_address: HashMap<ResourceAddress, usize>,
    /// The instances of each block: of an address without its own key.
    pub by_block: HashMap<ResourceAddress, Vec<usize>>,
    /// The secrets that the goal declares.
    pub secrets: BTreeMap<String, SecretSource>,
    /// What may be told of them today.
    pub fingerprints: BTreeMap<String, Fingerprint>,
    pub asked: Asked,
    /// The artifacts of the snapshot that recipes made, by identity; found when the first one is asked for.
    built: OnceCell<BTreeMap<Digest, Digest>>,
    /// The identities of which was told that they cannot be built.
    pub failed_builds: BTreeSet<Digest>,
    pub problems: Diagnostics,
    pub notes: Vec<Note>,
}

/// Questions, each once and in one order.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub secrets: BTreeMap<String, SecretSource>,
    pub resources: BTreeSet<(ResourceAddress, Option<OpId>)>,
    pub files: BTreeSet<FileQuestion>,
    pub artifacts: BTreeSet<String>,
    pub sources: BTreeSet<Recipe>,
    /// By identity, so that what two want is built once.
    pub builds: BTreeMap<Digest, Recipe>,
    pub imports: BTreeMap<ResourceAddress, (String, String)>,
    pub data: BTreeMap<ResourceAddress, (String, Partial)>,
}

impl Asked {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.builds.is_empty() && self.has_only_builds()
    }

    fn has_only_builds(&self) -> bool {
        self.secrets.is_empty()
            && self.resources.is_empty()
            && self.files.is_empty()
            && self.artifacts.is_empty()
            && self.sources.is_empty()
            && self.imports.is_empty()
            && self.data.is_empty()
    }

    /// Asks for no build; answers whether that leaves nothing to be asked, though there were builds.
    pub fn gives_up_builds(&mut self) -> bool {
        let had_builds = !self.builds.is_empty();
        self.builds.clear();
        had_builds && self.is_empty()
    }

    /// All of them; those for builds only when there are no others.
    pub fn questions(mut self) -> Vec<Question> {
        if !self.has_only_builds() {
            self.builds.clear();
        }
        let secrets = self.secrets.into_iter().map(|(name, source)| Question::Secret { name, source });
        let resources = self.resources.into_iter().map(|(address, deposed)| Question::Resource { address, deposed });
        let files = self.files.into_iter().map(Question::File);
        let artifacts = self.artifacts.into_iter().map(|path| Question::Artifact { path });
        let sources = self.sources.into_iter().map(|recipe| Question::Source { recipe });
        let builds = self.builds.into_iter().map(|(identity, recipe)| Question::Build { recipe, identity });
        let import = |(address, (provider, id))| Question::Import { address, provider, id };
        let data = |(address, (provider, inputs))| Question::Data { address, provider, inputs };
        let imports = self.imports.into_iter().map(import);
        let data = self.data.into_iter().map(data);
        let files = files.chain(artifacts).chain(sources).chain(builds);
        secrets.chain(resources).chain(files).chain(imports).chain(data).collect()
    }
}

/// What an evaluation came to, for those who go on planning with it.
#[derive(Debug, Clone)]
pub(super) struct Evaluated {
    pub value: Partial,
    /// False when a problem was reported or a question is open: the value says nothing then, and nothing is to be said of it.
    pub is_usable: bool,
}

impl Evaluated {
    /// A value to go on with.
    pub fn usable(value: Partial) -> Self {
        Self { value, is_usable: true }
    }

    /// Nothing to go on with.
    pub fn unusable() -> Self {
        Self { value: Value::Null, is_usable: false }
    }
}

impl<'a> Draft<'a> {
    /// A plan of which nothing is decided yet.
    pub fn new(request: &'a Request<'a>, answers: &'a Answers) -> Self {
        let mut problems = Diagnostics::new();
        let renames = match request.goal {
            Goal::Stack(stack) if request.mode() == PlanMode::Apply => {
                moves::declared(&stack.moved, request.snapshot, &mut problems)
            }
            Goal::Snapshot(kept) if request.mode() != PlanMode::RefreshOnly => {
                moves::by_identity(kept, request.snapshot)
            }
            _ => BTreeMap::new(),
        };
        Self {
            request,
            answers,
            priors: priors(request, answers, &renames, &mut problems),
            instances: Vec::new(),
            by_address: HashMap::new(),
            by_block: HashMap::new(),
            secrets: secrets::declared(request),
            fingerprints: BTreeMap::new(),
            asked: Asked::default(),
            built: OnceCell::new(),
            failed_builds: BTreeSet::new(),
            problems,
            notes: Vec::new(),
        }
    }

    /// Asks everything that can be known to be needed before anything is evaluated: remembered objects, and the versions of secrets.
    pub fn ask_beforehand(&mut self) {
        if self.request.looks() {
            let objects = self.request.snapshot.records.iter().filter(|(address, _)| address.mode == Mode::Managed);
            for (address, record) in objects {
                let in_use = record.object.as_ref().map(|_| None);
                for deposed in in_use.into_iter().chain(record.deposed.keys().map(|op| Some(*op))) {
                    let subject = (address.clone(), deposed);
                    if !self.answers.resources.contains_key(&subject) {
                        self.asked.resources.insert(subject);
                    }
                }
            }
        }
        secrets::look_up(self);
    }

    /// The artifacts of the snapshot that recipes made, by the identity of what they were made from.
    pub fn built(&self) -> &BTreeMap<Digest, Digest> {
        self.built.get_or_init(|| self.request.snapshot.built_artifacts())
    }

    /// What a plugin offers for an address.
    pub fn offer(&self, provider: &str, address: &ResourceAddress) -> Option<Offer<'a>> {
        offer(self.request, provider, address)
    }

    /// Adds what was decided for an instance.
    pub fn add(&mut self, instance: Instance<'a>) -> usize {
        let at = self.instances.len();
        self.by_block.entry(instance.address.clone().with_key(None)).or_default().push(at);
        self.by_address.insert(instance.address.clone(), at);
        self.instances.push(instance);
        at
    }

    /// The object that there is now at an instance's address.
    pub fn current<'s>(&'s self, instance: &'s Instance<'a>) -> Option<&'s Object> {
        match &instance.adopted {
            Some((_, object)) => Some(object),
            None => self.priors.get(&instance.address).and_then(Prior::current),
        }
    }

    /// Adds a note.
    pub fn note(&mut self, code: &str, text: impl Into<String>, address: Option<&ResourceAddress>) {
        self.notes.push(Note { code: code.to_owned(), text: text.into(), address: address.cloned() });
    }

    /// Fills the holes of a value with what is known by now. Problems are said to be about `address` where they have no place.
    pub fn fill(&mut self, value: &Partial, folder: &str, address: Option<&ResourceAddress>) -> Evaluated {
        if value.holes().is_empty() {
            return Evaluated::usable(value.clone());
        }
        let (evaluation, is_tainted) = self.filled(value, folder, |_| true);
        self.take(evaluation, is_tainted, address)
    }

    /// Fills the holes of a value with what data sources answered; everything else stays as it is.
    pub fn fill_data(&mut self, value: Partial, folder: &str, address: Option<&ResourceAddress>) -> Evaluated {
        match self.with_data(&value, folder) {
            Some((evaluation, is_tainted)) => self.take(evaluation, is_tainted, address),
            None => Evaluated::usable(value),
        }
    }

    /// The value with the answers of data sources in place of their holes; nothing when none of its holes is one.
    fn with_data(&self, value: &Partial, folder: &str) -> Option<(Evaluation, bool)> {
        let has_data = value.holes().iter().any(|hole| hole.origins.keys().any(is_data));
        has_data.then(|| self.filled(value, folder, is_data))
    }

    /// Whether two recorded wishes are the same, given what data sources answer today.
    pub fn means_the_same(&self, recorded: &Partial, today: &Partial) -> bool {
        let is_today = |(evaluation, _): (Evaluation, bool)| evaluation.value == *today;
        recorded == today || self.with_data(recorded, "").is_some_and(is_today)
    }

    fn filled(&self, value: &Partial, folder: &str, delivers: fn(&Origin) -> bool) -> (Evaluation, bool) {
        let scope = Now { draft: self, folder, delivers, is_tainted: Cell::new(false) };
        let evaluation = fill(value, &scope);
        (evaluation, scope.is_tainted.get())
    }

    /// Takes what an evaluation came to: its problems and questions here, its value to the caller.
    pub fn take(&mut self, evaluation: Evaluation, is_tainted: bool, address: Option<&ResourceAddress>) -> Evaluated {
        let is_sound = evaluation.questions.is_empty() && !evaluation.diagnostics.has_errors();
        self.asked.files.extend(evaluation.questions);
        if !is_tainted {
            let about = |problem: Diagnostic| match address {
                Some(address) if problem.address.is_none() => problem.about(address),
                _ => problem,
            };
            self.problems.extend(evaluation.diagnostics.into_iter().map(about));
        }
        Evaluated { value: evaluation.value, is_usable: is_sound && !is_tainted }
    }

    /// What a secret is while planning: a sealed hole. Nothing while its version must be asked for first.
    pub fn secret(&self, name: &str) -> Option<Partial> {
        let fingerprint = self.fingerprints.get(name)?;
        let origin = Origin::Secret(name.to_owned());
        Some(Value::Hole(Box::new(Hole::of(origin, Type::String, Awaits::Sealed(fingerprint.clone())))))
    }

    /// Whether an instance is already decided.
    pub fn instance(&self, address: &ResourceAddress) -> Option<&Instance<'a>> {
        self.by_address.get(address).map(|&at| &self.instances[at])
    }
}

fn is_data(origin: &Origin) -> bool {
    matches!(origin, Origin::Attribute(address, _) if address.mode == Mode::Data)
}

/// What residuals can see: everything decided so far.
struct Now<'s, 'a> {
    draft: &'s Draft<'a>,
    folder: &'s str,
    /// Which origins deliver; the others stay holes.
    delivers: fn(&Origin) -> bool,
    is_tainted: Cell<bool>,
}

impl Now<'_, '_> {
    fn attribute(&self, address: &ResourceAddress, path: &Path) -> Option<Cow<'_, Partial>> {
        let Some(instance) = self.draft.instance(address) else {
            return Some(Cow::Owned(attribute_hole(address, path, None)));
        };
        if instance.is_unusable() {
            self.is_tainted.set(true);
        }
        instance.at(path, self.draft.current(instance))
    }
}

impl Scope for Now<'_, '_> {
    fn lookup(&self, root: &str, _: &[Segment]) -> Lookup<'_> {
        let detail = format!("there is nothing named `{root}` where a recorded expression is evaluated again");
        Lookup::Missing { detail, candidates: Vec::new() }
    }

    fn origin(&self, origin: &Origin) -> Option<Cow<'_, Partial>> {
        match origin {
            Origin::Attribute(address, path) if (self.delivers)(origin) => self.attribute(address, path),
            Origin::Attribute(address, path) => {
                let kind = self.draft.instance(address).and_then(|instance| instance.offer.map(|offer| offer.kind));
                Some(Cow::Owned(attribute_hole(address, path, kind)))
            }
            Origin::Secret(name) => {
                let sealed = self.draft.secret(name);
                if sealed.is_none() {
                    self.is_tainted.set(true);
                }
                sealed.map(Cow::Owned)
            }
        }
    }

    fn file(&self, question: &FileQuestion) -> FileAnswer {
        self.draft.answers.files.get(question).cloned().unwrap_or(FileAnswer::NotAsked)
    }

    fn folder(&self) -> &str {
        self.folder
    }
}
