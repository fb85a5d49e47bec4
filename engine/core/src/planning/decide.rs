//! What happens to one managed resource: what is wanted, against what there is.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::instance::{Course, Instance, View};
use super::normalise::{self, Flaw};
use super::prior::{Offer, Prior, Sight};
use super::request::Goal;
use super::walk::addresses_in;
use super::{artifacts, compare, ignore, trigger};
use crate::model::address::{Mode, ResourceAddress};
use crate::model::diagnostic::Diagnostic;
use crate::model::event::Observation;
use crate::model::expression::{Expression, Place};
use crate::model::identity::OpId;
use crate::model::path::Path;
use crate::model::plan::{Becoming, Reason};
use crate::model::snapshot::Object;
use crate::model::stack::Lifecycle;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};
use crate::ports::{Planned, Verdict};

/// One instance as it is wanted.
pub(super) struct Wish<'a> {
    pub address: ResourceAddress,
    pub provider: String,
    /// The attributes that are set, references to resources left as holes.
    pub configured: Partial,
    /// False when the attributes cannot be told yet.
    pub is_usable: bool,
    /// What it waits for beyond what the attributes refer to.
    pub extra: BTreeSet<ResourceAddress>,
    pub lifecycle: Lifecycle,
    pub place: Place,
    /// The attributes as written, for places.
    pub body: Option<&'a BTreeMap<String, Expression>>,
    /// The folder of its module.
    pub folder: &'a str,
}

/// A wish with everything that is known by now.
pub(super) struct Prepared<'a> {
    pub offer: Offer<'a>,
    /// As recorded: references are holes, artifacts are references to their digests.
    pub configured: Partial,
    /// Normalised.
    pub desired: Partial,
    pub links: Vec<usize>,
    /// Managed resources only.
    pub dependencies: Vec<ResourceAddress>,
}

impl Wish<'_> {
    /// A problem with one attribute.
    pub fn problem(&self, flaw: Flaw) -> Diagnostic {
        self.problem_within(flaw, &Path::default())
    }

    /// A problem with a part of one attribute.
    pub fn problem_within(&self, flaw: Flaw, part: &Path) -> Diagnostic {
        let span = self.body.and_then(|body| body.get(&flaw.attribute)).and_then(|value| value.span_at(part));
        let problem = Diagnostic::error(flaw.code, flaw.summary, format!("{}: {}", self.address, flaw.detail));
        let problem = problem.at(span.or(self.place.0)).about(&self.address);
        match flaw.help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }
}

/// Evaluates and checks a wish. Nothing when it cannot be told: the instance is added as unusable then.
pub(super) fn prepare<'a>(draft: &mut Draft<'a>, wish: &mut Wish<'a>) -> Option<Prepared<'a>> {
    let mut mentioned = addresses_in(&wish.configured);
    mentioned.extend(&wish.extra);
    mentioned.remove(&wish.address);
    let links: Vec<usize> = mentioned.iter().filter_map(|address| draft.by_address.get(*address).copied()).collect();
    let dependencies = managed_behind(draft, &mentioned);
    let prepared = match draft.offer(&wish.provider, &wish.address) {
        Some(offer) => with_known(draft, wish, offer),
        None => {
            draft.problems.push(not_offered(wish));
            None
        }
    };
    match prepared {
        Some((offer, configured, desired)) => {
            let links = linked(draft, links, &desired);
            Some(Prepared { offer, configured, desired, links, dependencies })
        }
        None => {
            unusable(draft, wish, links);
            None
        }
    }
}

/// The links, and those to what a value waits for: a hole may come from behind what a wish refers to.
fn linked(draft: &Draft<'_>, mut links: Vec<usize>, value: &Partial) -> Vec<usize> {
    links.extend(addresses_in(value).into_iter().filter_map(|address| draft.by_address.get(address)));
    links.sort_unstable();
    links.dedup();
    links
}

fn with_known<'a>(
    draft: &mut Draft<'a>,
    wish: &mut Wish<'a>,
    offer: Offer<'a>,
) -> Option<(Offer<'a>, Partial, Partial)> {
    if !wish.is_usable {
        return None;
    }
    let configured = std::mem::take(&mut wish.configured);
    let configured = draft.fill_data(configured, wish.folder, Some(&wish.address));
    let desired = draft.fill(&configured.value, wish.folder, Some(&wish.address));
    if !configured.is_usable || !desired.is_usable {
        return None;
    }
    let (mut configured, mut desired) = (configured.value, desired.value);
    let prior = draft.priors.get(&wish.address);
    if let Some(object) = prior.and_then(Prior::current).filter(|_| !wish.lifecycle.ignore_changes.is_empty()) {
        let remembered = prior.and_then(|prior| prior.remembered.as_deref()).unwrap_or(object).configured.clone();
        let inputs = object.inputs.clone();
        for path in ignore::paths(&wish.lifecycle, wish, &mut draft.problems) {
            ignore::keep(&mut desired, &path, &inputs);
            ignore::keep(&mut configured, &path, &remembered);
        }
    }
    let has_artifacts = artifacts::substitute(draft, wish, offer.kind, &mut configured, &mut desired);
    let desired = normalised(draft, wish, offer, &desired)?;
    has_artifacts.then_some((offer, configured, desired))
}

fn normalised<'a>(draft: &mut Draft<'a>, wish: &Wish<'a>, offer: Offer<'a>, desired: &Partial) -> Option<Partial> {
    let empty = BTreeMap::new();
    let mut flaws = Vec::new();
    let prior = draft.priors.get(&wish.address).and_then(Prior::current).map(|object| &object.inputs);
    let desired = normalise::normalised(offer.kind, desired.as_map().unwrap_or(&empty), prior, &mut flaws);
    let is_sound = flaws.is_empty();
    draft.problems.extend(flaws.into_iter().map(|flaw| wish.problem(flaw)));
    let opinions = offer.catalogue.validate(wish.address.mode, &wish.address.kind, &desired);
    let is_valid = !opinions.has_errors();
    let placed = |opinion: Diagnostic| match opinion.labels.is_empty() {
        true => opinion.at(wish.place.0).about(&wish.address),
        false => opinion.about(&wish.address),
    };
    draft.problems.extend(opinions.into_iter().map(placed));
    (is_sound && is_valid).then_some(desired)
}

fn not_offered(wish: &Wish<'_>) -> Diagnostic {
    let what = if wish.address.mode == Mode::Data { "data source" } else { "resource" };
    let detail =
        format!("no provider of this build offers the {what} kind `{}` of {}", wish.address.kind, wish.address);
    Diagnostic::error("unknown-kind", "a kind is not known", detail)
        .at(wish.place.0)
        .about(&wish.address)
        .help("`siac providers` lists what this build offers; others are cargo features")
}

/// The managed resources among these, and behind the data sources among these.
fn managed_behind(draft: &Draft<'_>, mentioned: &BTreeSet<&ResourceAddress>) -> Vec<ResourceAddress> {
    let mut managed = BTreeSet::new();
    for address in mentioned {
        match address.mode {
            Mode::Managed => drop(managed.insert((*address).clone())),
            Mode::Data => {
                let becoming = draft.instance(address).and_then(|instance| instance.becoming.as_ref());
                managed.extend(becoming.into_iter().flat_map(|becoming| becoming.dependencies.iter().cloned()));
            }
        }
    }
    managed.into_iter().collect()
}

/// Adds an instance of which nothing can be said.
pub(super) fn unusable<'a>(draft: &mut Draft<'a>, wish: &Wish<'a>, links: Vec<usize>) {
    let instance = blank(draft, wish, View::Unusable, links);
    draft.add(instance);
}

/// Adds an instance that stays as it is recorded, because the user asked only for others.
pub(super) fn untouched<'a>(draft: &mut Draft<'a>, wish: &Wish<'a>) {
    let has_object = draft.priors.get(&wish.address).is_some_and(|prior| prior.remembered.is_some());
    let view = if has_object { View::Current } else { View::Planned };
    let instance = blank(draft, wish, view, Vec::new());
    draft.add(instance);
}

fn blank<'a>(draft: &Draft<'a>, wish: &Wish<'a>, view: View, links: Vec<usize>) -> Instance<'a> {
    Instance {
        address: wish.address.clone(),
        provider: wish.provider.clone(),
        offer: draft.offer(&wish.provider, &wish.address),
        course: Course::Keep,
        reasons: Vec::new(),
        replace_paths: Vec::new(),
        changed: Vec::new(),
        inputs: Value::Null,
        outputs: Value::Null,
        becoming: None,
        links,
        adopted: None,
        place: wish.place,
        view,
    }
}

/// Decides about a managed instance. `import` is the identity under which it is adopted, or an error that was reported.
pub(super) fn managed<'a>(draft: &mut Draft<'a>, mut wish: Wish<'a>, import: Option<Result<String, ()>>) {
    wish.extra.extend(trigger::addresses(draft, &wish));
    let Some(prepared) = prepare(draft, &mut wish) else { return };
    refuse_unsettled(draft, &wish);
    let adopted = match import {
        None => None,
        Some(id) => match id.ok().and_then(|id| adopted(draft, &wish, id)) {
            Some(adopted) => Some(adopted),
            None => return unusable(draft, &wish, prepared.links),
        },
    };
    if draft.priors.get(&wish.address).is_some_and(Prior::is_not_yet_seen) {
        return unusable(draft, &wish, prepared.links);
    }
    let instance = Decision::new(draft, &wish, prepared, adopted).decide();
    draft.add(instance);
}

fn refuse_unsettled(draft: &mut Draft<'_>, wish: &Wish<'_>) {
    if draft.request.snapshot.unsettled.values().any(|intent| intent.address == wish.address) {
        draft.problems.push(unsettled(&wish.address).at(wish.place.0));
    }
}

/// The error of a resource for which a call's outcome is not known.
pub(super) fn unsettled(address: &ResourceAddress) -> Diagnostic {
    let detail = format!("nobody could tell what became of the last call for {address}: what it was to make may exist");
    Diagnostic::error("unsettled", "the outcome of an earlier call is not known", detail)
        .about(address)
        .help("look at the object, then tell siac what became of it: `siac recover`")
}

/// What there is under the identity that is adopted.
fn adopted(draft: &mut Draft<'_>, wish: &Wish<'_>, id: String) -> Option<(String, Box<Object>)> {
    match draft.answers.imports.get(&wish.address) {
        None => {
            draft.asked.imports.insert(wish.address.clone(), (wish.provider.clone(), id));
            None
        }
        Some(Ok(observation)) => Some((id, Box::new(object_of(wish, observation)))),
        Some(Err(why)) => {
            let detail = format!("{} cannot adopt `{id}`: {why}", wish.address);
            let problem = Diagnostic::error("import-failed", "an object cannot be adopted", detail);
            draft
                .problems
                .push(problem.at(wish.place.0).about(&wish.address).help("check the id in the `[[import]]` entry"));
            None
        }
    }
}

fn object_of(wish: &Wish<'_>, observation: &Observation) -> Object {
    Object {
        provider: wish.provider.clone(),
        remote: observation.remote.clone(),
        op: OpId([0; 16]),
        configured: Value::Null,
        inputs: observation.inputs.clone(),
        sent: observation.sent.clone(),
        outputs: observation.outputs.clone(),
        secrets: observation.secrets.clone(),
        private: observation.private.clone(),
        schema_version: 0,
        dependencies: Vec::new(),
        lifecycle: Lifecycle::default(),
        tainted: false,
    }
}

/// A decision in the making.
struct Decision<'d, 'a> {
    draft: &'d mut Draft<'a>,
    wish: &'d Wish<'a>,
    offer: Offer<'a>,
    desired: Partial,
    links: Vec<usize>,
    becoming: Becoming,
    adopted: Option<(String, Box<Object>)>,
    reasons: Vec<Reason>,
}

impl<'d, 'a> Decision<'d, 'a> {
    fn new(
        draft: &'d mut Draft<'a>,
        wish: &'d Wish<'a>,
        prepared: Prepared<'a>,
        adopted: Option<(String, Box<Object>)>,
    ) -> Self {
        let becoming = Becoming {
            configured: prepared.configured,
            dependencies: prepared.dependencies,
            lifecycle: wish.lifecycle.clone(),
            schema_version: prepared.offer.kind.version,
        };
        let Prepared { offer, desired, links, .. } = prepared;
        Self { draft, wish, offer, desired, links, becoming, adopted, reasons: Vec::new() }
    }

    fn plan(&self, prior: Option<&Object>, desired: &Partial) -> Planned {
        self.offer.catalogue.plan(self.offer.kind, &self.wish.address.kind, prior, desired)
    }

    fn decide(self) -> Instance<'a> {
        let current = match &self.adopted {
            Some((_, object)) => Some(Cow::Owned((**object).clone())),
            None => self.draft.priors.get(&self.wish.address).and_then(Prior::detached),
        };
        match current {
            None => self.create(),
            Some(current) => self.against(&current),
        }
    }

    fn create(mut self) -> Instance<'a> {
        if self.draft.priors.get(&self.wish.address).is_some_and(Prior::is_lost) {
            self.reasons.push(Reason::Vanished);
        }
        if self.offer.kind.data_bearing && matches!(self.draft.request.goal, Goal::Snapshot(_)) {
            let text = format!("{} is created again; what it held is not restored", self.wish.address);
            self.draft.note("contents-not-restored", text, Some(&self.wish.address));
        }
        let planned = self.plan(None, &self.desired);
        self.finish(Course::Create, planned, Vec::new())
    }

    fn against(mut self, current: &Object) -> Instance<'a> {
        let mut respelled = compare::same_secrets(current, &self.desired);
        respelled.extend(compare::same_artifacts(self.offer.kind, current, &self.desired));
        let as_sent = |value, (path, _): &(Path, Partial)| ignore::with(value, path, current.inputs.at(path).cloned());
        let mut planned = match respelled.is_empty() {
            true => self.plan(Some(current), &self.desired),
            false => self.plan(Some(current), &respelled.iter().fold(self.desired.clone(), as_sent)),
        };
        for (path, hole) in respelled {
            planned.inputs = ignore::with(planned.inputs, &path, Some(hole));
        }
        self.force(current);
        let is_elsewhere = current.provider != self.wish.provider;
        if is_elsewhere {
            planned.requires_replace.push(Path::attribute("provider"));
        }
        let must_replace = is_elsewhere || matches!(planned.verdict, Verdict::Replace | Verdict::Create);
        if must_replace && !planned.requires_replace.is_empty() {
            self.reasons.insert(0, Reason::Immutable);
        }
        match planned.verdict {
            _ if must_replace || !self.reasons.is_empty() => self.replace(planned),
            Verdict::Update => {
                if let Some(way) = self.offer.catalogue.way(&self.wish.address.kind, current, &planned) {
                    self.draft.note("way", way, Some(&self.wish.address));
                }
                let changed = planned.changed.clone();
                self.finish(Course::Update, planned, changed)
            }
            _ => self.keep(current, planned),
        }
    }

    /// Collects the reasons for a replacement that the provider does not know of.
    fn force(&mut self, current: &Object) {
        if current.tainted {
            self.reasons.push(Reason::Tainted);
        }
        let address = &self.wish.address;
        if self.draft.request.options.replace.iter().any(|pattern| pattern.matches(address)) {
            self.reasons.push(Reason::Requested);
        }
        let triggers = trigger::pulled(self.draft, self.wish);
        self.reasons.extend(triggers.into_iter().map(Reason::TriggeredBy));
    }

    fn replace(mut self, planned: Planned) -> Instance<'a> {
        let address = self.wish.address.clone();
        if self.offer.kind.data_bearing && super::leaving::spares_data(self.draft.request) {
            let text = format!(
                "{address} holds data and is kept as it is, although the snapshot has it otherwise; `--allow-data-loss` would replace it"
            );
            self.draft.note("holds-data", text, Some(&address));
            self.reasons = vec![Reason::HoldsData];
            return self.finish(Course::Spare, planned, Vec::new());
        }
        if self.wish.lifecycle.prevent_destroy {
            self.draft
                .problems
                .push(protected(&address, &self.reasons, &planned.requires_replace).at(self.wish.place.0));
        }
        if self.adopted.is_some() {
            self.draft.problems.push(adopted_and_replaced(&address, &planned.requires_replace).at(self.wish.place.0));
        }
        let anew = self.plan(None, &self.desired);
        let course = match self.wish.lifecycle.create_before_destroy {
            true => Course::CreateFirst,
            false => Course::DestroyFirst,
        };
        let mut instance = self.finish(course, anew, planned.changed);
        instance.replace_paths = planned.requires_replace;
        instance
    }

    /// Nothing is to be done to the object; perhaps what is remembered of it changes.
    fn keep(self, current: &Object, planned: Planned) -> Instance<'a> {
        let course = match self.draft.priors.get(&self.wish.address) {
            None => Course::Record { quiet: false },
            Some(prior) => {
                let remembered = prior.remembered.as_deref().unwrap_or(current);
                let is_as = |there: &Object| compare::differences(&there.inputs, &planned.inputs).is_empty();
                let same = self.is_remembered_alike(remembered) && (is_as(current) || is_as(remembered));
                // An upgraded schema, and moves of what it refers to, change the record and not the object.
                let is_rewritten = matches!(prior.remembered, Some(Cow::Owned(_)))
                    && prior.record.object.as_ref().is_some_and(|it| it != remembered);
                match (same, is_rewritten || matches!(prior.sight, Sight::Changed(_))) {
                    (true, false) => Course::Keep,
                    (same, _) => Course::Record { quiet: same },
                }
            }
        };
        self.finish(course, planned, Vec::new())
    }

    fn is_remembered_alike(&self, remembered: &Object) -> bool {
        remembered.dependencies == self.becoming.dependencies
            && remembered.lifecycle == self.becoming.lifecycle
            && self.draft.means_the_same(&remembered.configured, &self.becoming.configured)
    }

    fn finish(self, course: Course, planned: Planned, changed: Vec<Path>) -> Instance<'a> {
        let view = match course {
            Course::Keep | Course::Spare | Course::Record { .. } => View::Current,
            _ => View::Planned,
        };
        let links = linked(self.draft, self.links, &planned.inputs);
        Instance {
            course,
            reasons: self.reasons,
            changed,
            outputs: without_foreign_secrets(&self.wish.address, &planned.outputs),
            inputs: planned.inputs,
            becoming: Some(self.becoming),
            adopted: self.adopted,
            ..blank(self.draft, self.wish, view, links)
        }
    }
}

/// What is planned of the outputs, with secrets as they will be recorded: a secret that an output repeats is a hole of that very output.
fn without_foreign_secrets(address: &ResourceAddress, outputs: &Partial) -> Partial {
    if outputs.holes().iter().all(|hole| !hole.is_secret()) {
        return outputs.clone();
    }
    let mut path = Path::default();
    own_secrets(address, outputs, &mut path)
}

fn own_secrets(address: &ResourceAddress, value: &Partial, path: &mut Path) -> Partial {
    match value {
        Value::List(items) => {
            let item = |(at, item)| own_secrets(address, item, &mut path.index(at));
            Value::List(items.iter().enumerate().map(item).collect())
        }
        Value::Map(entries) => {
            let entry = |(key, item): (&String, _)| (key.clone(), own_secrets(address, item, &mut path.key(key)));
            Value::Map(entries.iter().map(entry).collect())
        }
        Value::Hole(hole) if hole.is_secret() => {
            let own = Origin::Attribute(address.clone(), path.clone());
            match hole.origins.len() == 1 && hole.origins.contains_key(&own) {
                true => value.clone(),
                false => Value::Hole(Box::new(Hole::of(own, hole.ty.clone(), Awaits::ApplySecret))),
            }
        }
        plain => plain.clone(),
    }
}

/// The error of an object that must not be destroyed and would be.
pub(super) fn protected(address: &ResourceAddress, reasons: &[Reason], paths: &[Path]) -> Diagnostic {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    let why = match (paths.is_empty(), reasons.is_empty()) {
        (false, _) => format!("a change of {} needs a new object", paths.join(", ")),
        (true, false) => "a new object is asked for".to_owned(),
        (true, true) => "it would be deleted".to_owned(),
    };
    let detail = format!("{address} has `prevent_destroy`, and {why}");
    Diagnostic::error("prevent-destroy", "a protected object would be destroyed", detail).about(address).help(
        "leave it as it was, or set `lifecycle.prevent_destroy = false` and apply that first; `[[removed]]` with `destroy = false` lets it go \
         without deleting it",
    )
}

fn adopted_and_replaced(address: &ResourceAddress, paths: &[Path]) -> Diagnostic {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    let detail = format!("{address} cannot adopt the object as it is: {} cannot be changed in place", paths.join(", "));
    Diagnostic::error("import-replaces", "an adopted object would be replaced", detail)
        .about(address)
        .help("write these attributes as the object has them; change them in a later apply")
}
