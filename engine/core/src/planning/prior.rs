//! What is remembered of every address, under its present name, and what was seen of it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::moves::Renames;
use super::questions::{Answers, ResourceAnswer};
use super::request::{Goal, Request};
use super::{normalise, rename};
use crate::model::address::{Mode, ResourceAddress};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::event::Observation;
use crate::model::schema::KindSchema;
use crate::model::snapshot::{Object, Record};
use crate::model::value::{Partial, Value};
use crate::ports::Catalogue;

/// What is known of one address before planning.
#[derive(Debug, Clone)]
pub(super) struct Prior<'a> {
    /// The address in the snapshot.
    pub from: &'a ResourceAddress,
    /// The record in the snapshot.
    pub record: &'a Record,
    /// The object in use as it is remembered, with today's addresses and of today's schema version.
    pub remembered: Option<Cow<'a, Object>>,
    /// What became of it.
    pub sight: Sight,
}

/// What was seen of an object in use.
#[derive(Debug, Clone)]
pub(super) enum Sight {
    /// It is as remembered, or nobody looked.
    AsRemembered,
    /// It looks like this.
    Changed(Box<Object>),
    /// It is gone.
    Gone,
    /// It must be looked at first.
    NotYetSeen,
}

impl<'a> Prior<'a> {
    /// The object in use as it is now, free of the prior itself. What is remembered as it stands in the snapshot is not copied.
    pub fn detached(&self) -> Option<Cow<'a, Object>> {
        match (&self.sight, &self.remembered) {
            (Sight::Gone, _) => None,
            (Sight::Changed(object), _) => Some(Cow::Owned((**object).clone())),
            (_, remembered) => remembered.clone(),
        }
    }

    /// The object in use as it is now.
    pub fn current(&self) -> Option<&Object> {
        match &self.sight {
            Sight::AsRemembered | Sight::NotYetSeen => self.remembered.as_deref(),
            Sight::Changed(object) => Some(object),
            Sight::Gone => None,
        }
    }

    /// Whether there was an object in use and it is gone.
    pub fn is_lost(&self) -> bool {
        matches!(self.sight, Sight::Gone)
    }

    /// Whether nobody has looked at it yet.
    pub fn is_not_yet_seen(&self) -> bool {
        matches!(self.sight, Sight::NotYetSeen)
    }
}

/// What is known of every address before planning: in order of address, and found without comparing many.
#[derive(Debug, Default)]
pub(super) struct Priors<'a> {
    list: Vec<(ResourceAddress, Prior<'a>)>,
    index: HashMap<ResourceAddress, usize>,
}

impl<'a> Priors<'a> {
    fn new(mut list: Vec<(ResourceAddress, Prior<'a>)>) -> Self {
        list.sort_by(|(left, _), (right, _)| left.cmp(right));
        let index = list.iter().enumerate().map(|(at, (address, _))| (address.clone(), at)).collect();
        Self { list, index }
    }

    /// What is known of an address.
    pub fn get(&self, address: &ResourceAddress) -> Option<&Prior<'a>> {
        self.index.get(address).map(|&at| &self.list[at].1)
    }

    /// Everything, in order of address.
    pub fn iter(&self) -> impl Iterator<Item = (&ResourceAddress, &Prior<'a>)> + Clone {
        self.list.iter().map(|(address, prior)| (address, prior))
    }

    /// The addresses, in order.
    pub fn addresses(&self) -> impl Iterator<Item = &ResourceAddress> {
        self.list.iter().map(|(address, _)| address)
    }
}

/// A kind, with the catalogue that offers it.
#[derive(Clone, Copy)]
pub(super) struct Offer<'a> {
    pub catalogue: &'a Arc<dyn Catalogue>,
    pub kind: &'a KindSchema,
}

/// What the plugin behind a provider instance offers for an address: the plugin that the goal names, or the one that the snapshot
/// remembers, or the one that has the kind.
pub(super) fn offer<'a>(request: &Request<'a>, provider: &str, address: &ResourceAddress) -> Option<Offer<'a>> {
    let plugin = plugin(request, provider).or_else(|| request.catalogues.plugin_of(address.mode, &address.kind))?;
    let catalogue = request.catalogues.plugin(plugin)?;
    let kind = request.catalogues.kind(plugin, address.mode, &address.kind)?;
    Some(Offer { catalogue, kind })
}

/// The plugin of a provider instance.
pub(super) fn plugin<'a>(request: &Request<'a>, provider: &str) -> Option<&'a str> {
    let declared = match request.goal {
        Goal::Stack(stack) => stack.providers.get(provider).map(|instance| instance.plugin.as_str()),
        Goal::Snapshot(kept) => kept.providers.get(provider).map(|pin| pin.plugin.as_str()),
        Goal::Nothing => None,
    };
    declared.or_else(|| request.snapshot.providers.get(provider).map(|pin| pin.plugin.as_str()))
}

/// Brings together what the snapshot remembers, the moves and what was observed.
pub(super) fn priors<'a>(
    request: &Request<'a>,
    answers: &Answers,
    renames: &Renames,
    problems: &mut Diagnostics,
) -> Priors<'a> {
    let mut priors = Vec::with_capacity(request.snapshot.records.len());
    for (from, record) in &request.snapshot.records {
        let address = renames.get(from).unwrap_or(from);
        let remembered = record.object.as_ref().map(|object| {
            let object = rename::object(object, renames);
            match offer(request, &object.provider, address) {
                Some(offer) => upgraded(offer, address, object, problems),
                None => object,
            }
        });
        let sight = match &remembered {
            Some(object) if from.mode == Mode::Managed && request.looks() => {
                let kind = offer(request, &object.provider, address).map(|offer| offer.kind);
                let answer = answers.resources.get(&(from.clone(), None));
                sight(address, object, kind, answer, renames, problems)
            }
            _ => Sight::AsRemembered,
        };
        priors.push((address.clone(), Prior { from, record, remembered, sight }));
    }
    Priors::new(priors)
}

fn upgraded<'a>(
    offer: Offer<'_>,
    address: &ResourceAddress,
    object: Cow<'a, Object>,
    problems: &mut Diagnostics,
) -> Cow<'a, Object> {
    if object.schema_version == offer.kind.version {
        return object;
    }
    if object.schema_version > offer.kind.version {
        let detail = format!(
            "{address} was recorded with version {} of its schema, and this build of siac knows version {}",
            object.schema_version, offer.kind.version
        );
        let problem = Diagnostic::error("schema-too-new", "a record is of a newer schema", detail);
        problems.push(problem.about(address).help("use the siac that made it, or a newer one"));
        return object;
    }
    match offer.catalogue.upgrade(&address.kind, object.clone().into_owned()) {
        Ok(upgraded) => Cow::Owned(upgraded),
        Err(why) => {
            let detail = format!("what is remembered of {address} cannot be brought to today's schema: {why}");
            problems.push(
                Diagnostic::error("schema-upgrade", "a record cannot be upgraded", detail)
                    .about(address)
                    .help("apply once with the siac that made it, or replace the resource with `--replace`"),
            );
            object
        }
    }
}

fn sight(
    address: &ResourceAddress,
    remembered: &Object,
    kind: Option<&KindSchema>,
    answer: Option<&ResourceAnswer>,
    renames: &Renames,
    problems: &mut Diagnostics,
) -> Sight {
    match answer {
        None => Sight::NotYetSeen,
        Some(ResourceAnswer::Gone) => Sight::Gone,
        Some(ResourceAnswer::NotLooked) => Sight::AsRemembered,
        Some(ResourceAnswer::Present(observation)) if is_as_remembered(remembered, observation) => Sight::AsRemembered,
        Some(ResourceAnswer::Present(observation)) => {
            let seen = seen(remembered, kind, observation, renames);
            let same = seen.inputs == remembered.inputs && seen.outputs == remembered.outputs;
            if same { Sight::AsRemembered } else { Sight::Changed(Box::new(seen)) }
        }
        Some(ResourceAnswer::Failed(why)) => {
            let detail = format!("{address} could not be looked at: {why}");
            let problem = Diagnostic::error("refresh-failed", "an object could not be read", detail);
            problems
                .push(problem.about(address).help("try again, or plan with `--refresh=false` from what is remembered"));
            Sight::AsRemembered
        }
    }
}

fn is_as_remembered(remembered: &Object, observation: &Observation) -> bool {
    remembered.inputs == observation.inputs && remembered.outputs == observation.outputs
}

/// The remembered object as it was observed.
///
/// A plan carries no secrets, so that a changed sensitive output could not be recorded: it stays as it is remembered.
fn seen(remembered: &Object, kind: Option<&KindSchema>, observation: &Observation, renames: &Renames) -> Object {
    let inputs = rename::value(&observation.inputs, renames);
    let outputs = rename::value(&observation.outputs, renames);
    let inputs = match kind {
        Some(kind) => normalise::spelled_like(kind, &remembered.inputs, inputs),
        None => inputs,
    };
    Object {
        inputs: as_remembered_where_equal(&remembered.inputs, inputs),
        sent: observation.sent.clone(),
        outputs: as_remembered_where_equal(&remembered.outputs, with_remembered_secrets(&remembered.outputs, outputs)),
        ..remembered.clone()
    }
}

fn with_remembered_secrets(remembered: &Partial, observed: Partial) -> Partial {
    let (Value::Map(before), Value::Map(now)) = (remembered, observed) else { return remembered.clone() };
    let is_sealed = |value: &Partial| !value.holes().is_empty();
    let plain = now.into_iter().filter(|(name, value)| !is_sealed(value) && !before.get(name).is_some_and(is_sealed));
    let sealed = before.iter().filter(|(_, value)| is_sealed(value));
    Value::Map(plain.chain(sealed.map(|(name, value)| (name.clone(), value.clone()))).collect())
}

/// A missing entry and null are the same: such a difference is none.
fn as_remembered_where_equal(remembered: &Partial, observed: Partial) -> Partial {
    match super::compare::differences(remembered, &observed).is_empty() {
        true => remembered.clone(),
        false => observed,
    }
}
