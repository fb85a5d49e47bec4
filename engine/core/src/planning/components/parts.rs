//! The parts of a component, laid out: overrides merged, references typed, each after what it needs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::graph::{Graph, NodeIndex};

use super::Expanding;
use crate::language::evaluate::fill;
use crate::language::scope::{Evaluation, FileAnswer, FileQuestion, Lookup, Scope};
use crate::model::address::{Mode, ResourceAddress};
use crate::model::diagnostic::{Diagnostic, did_you_mean};
use crate::model::path::Segment;
use crate::model::schema::KindSchema;
use crate::model::stack::Override;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};
use crate::planning::draft::Draft;
use crate::planning::graph::in_order;
use crate::planning::instance::attribute_hole;
use crate::planning::walk::addresses_in;
use crate::serverless::{self, Part, Realisation};

/// Whether an override is about a part.
pub(super) fn is_of(change: &Override, part: &Part) -> bool {
    part.address.mode == Mode::Managed && part.address.kind == change.kind && part.address.name == change.name
}

/// The positions of the parts that a part needs.
pub(super) fn needed_among(part: &Part, parts: &[Part]) -> Vec<usize> {
    let needed = needs(part);
    (0..parts.len()).filter(|&at| parts[at].address != part.address && needed.contains(&parts[at].address)).collect()
}

fn needs(part: &Part) -> BTreeSet<&ResourceAddress> {
    part.body.values().flat_map(addresses_in).chain(&part.depends_on).collect()
}

impl Expanding<'_, '_, '_> {
    /// The parts in order, and the outputs; nothing when a problem was reported.
    pub(super) fn lay_out(&mut self, realisation: Realisation) -> Option<(Vec<Part>, BTreeMap<String, Partial>)> {
        let Realisation { mut parts, outputs, .. } = realisation;
        let promised = serverless::schema(&self.declaration.kind)?.outputs.keys();
        if let Some(name) = promised.into_iter().find(|name| !outputs.contains_key(**name)) {
            return self.broken(&format!("it has no output `{name}`"));
        }
        self.override_parts(&mut parts)?;
        let kinds = self.kinds(&parts);
        let mut is_sound = true;
        for part in &mut parts {
            let body = Value::Map(std::mem::take(&mut part.body));
            match self.typed(&body, &kinds) {
                Some(Value::Map(body)) => part.body = body,
                _ => is_sound = false,
            }
        }
        let outputs = match self.typed(&Value::Map(outputs), &kinds) {
            Some(Value::Map(outputs)) if is_sound => outputs,
            _ => return None,
        };
        let parts = ordered(parts).or_else(|| self.broken("its resources need each other in a circle"))?;
        Some((parts, outputs))
    }

    /// Reports a realisation that cannot be used; a defect of the provider.
    fn broken<T>(&mut self, why: &str) -> Option<T> {
        let detail = format!("`component.{}`: {why}", self.declaration.name);
        let problem = Diagnostic::error("broken-realisation", "a provider realises a component wrongly", detail);
        let help = "this is a defect of the provider; describe the service with resources until it is mended";
        self.walk.draft.problems.push(problem.at(self.declaration.place.0).help(help));
        None
    }

    fn kinds(&self, parts: &[Part]) -> HashMap<ResourceAddress, Option<KindSchema>> {
        let kind = |part: &Part| {
            self.walk.draft.offer(&self.declaration.provider, &part.address).map(|offer| offer.kind.clone())
        };
        parts.iter().map(|part| (part.address.clone(), kind(part))).collect()
    }

    fn override_parts(&mut self, parts: &mut [Part]) -> Option<()> {
        let declaration = self.declaration;
        for change in &declaration.overrides {
            let Some(part) = parts.iter_mut().find(|part| is_of(change, part)) else {
                self.no_such_part(change, parts);
                return None;
            };
            for (name, expression) in &change.body {
                let evaluated = self.evaluate(expression);
                if !evaluated.is_usable {
                    return None;
                }
                merge(part.body.entry(name.clone()).or_default(), evaluated.value);
            }
            if let Some(lifecycle) = &change.lifecycle {
                part.lifecycle.clone_from(lifecycle);
            }
        }
        Some(())
    }

    fn no_such_part(&mut self, change: &Override, parts: &[Part]) {
        let names: Vec<String> =
            parts.iter().map(|part| format!("{}.{}", part.address.kind, part.address.name)).collect();
        let name = format!("{}.{}", change.kind, change.name);
        let detail = format!("`component.{}` has no resource `{name}` to override", self.declaration.name);
        let help = match did_you_mean(&name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has: {}", names.join(", ")),
        };
        let problem = Diagnostic::error("unknown-part", "an override names nothing", detail);
        self.walk.draft.problems.push(problem.at(change.place.0).help(help));
    }

    /// A value with its references typed, and as secret as what they refer to.
    fn typed(&mut self, value: &Partial, kinds: &HashMap<ResourceAddress, Option<KindSchema>>) -> Option<Partial> {
        if let Some(origin) = value.origins().into_keys().find(|origin| leads_nowhere(origin, kinds)) {
            return self.broken(&format!("it refers to `{origin}`, which does not exist"));
        }
        let Evaluation { value, diagnostics, .. } = fill(value, &Typed { draft: self.walk.draft, kinds });
        let is_sound = !diagnostics.has_errors();
        let place = self.declaration.place.0;
        let placed = |problem: Diagnostic| if problem.labels.is_empty() { problem.at(place) } else { problem };
        self.walk.draft.problems.extend(diagnostics.into_iter().map(placed));
        is_sound.then_some(value)
    }
}

/// Merges a value into another: tables merge, everything else replaces.
fn merge(into: &mut Partial, value: Partial) {
    match (into, value) {
        (Value::Map(into), Value::Map(entries)) => {
            entries.into_iter().for_each(|(key, value)| merge(into.entry(key).or_default(), value));
        }
        (into, value) => *into = value,
    }
}

/// Whether an origin is an attribute that a part of the component does not have.
fn leads_nowhere(origin: &Origin, kinds: &HashMap<ResourceAddress, Option<KindSchema>>) -> bool {
    let Origin::Attribute(address, path) = origin else { return false };
    let kind = kinds.get(address).and_then(Option::as_ref);
    kind.zip(path.root()).is_some_and(|(kind, name)| !kind.attributes.contains_key(name))
}

/// The parts, each after what it needs of the others; nothing when they form a circle.
fn ordered(parts: Vec<Part>) -> Option<Vec<Part>> {
    let mut graph: Graph<usize, ()> = Graph::new();
    let nodes: Vec<NodeIndex> = (0..parts.len()).map(|at| graph.add_node(at)).collect();
    for (at, part) in parts.iter().enumerate() {
        for needed in needed_among(part, &parts) {
            graph.add_edge(nodes[needed], nodes[at], ());
        }
    }
    let order = in_order(&graph)?;
    let mut parts: Vec<Option<Part>> = parts.into_iter().map(Some).collect();
    Some(order.into_iter().filter_map(|node| parts[graph[node]].take()).collect())
}

/// What the residuals of a realisation see: references stay references, with the types that the kinds declare.
struct Typed<'s, 'a> {
    draft: &'s Draft<'a>,
    kinds: &'s HashMap<ResourceAddress, Option<KindSchema>>,
}

impl Scope for Typed<'_, '_> {
    fn lookup(&self, root: &str, _: &[Segment]) -> Lookup<'_> {
        Lookup::Missing { detail: format!("there is nothing named `{root}` in a realisation"), candidates: Vec::new() }
    }

    fn origin(&self, origin: &Origin) -> Option<Cow<'_, Partial>> {
        let Origin::Attribute(address, path) = origin else {
            return Some(Cow::Owned(Value::Hole(Box::new(Hole::of(
                origin.clone(),
                Type::String,
                Awaits::ApplySecret,
            )))));
        };
        let own = self.kinds.get(address).and_then(Option::as_ref);
        let other = || self.draft.instance(address).and_then(|instance| instance.offer.map(|offer| offer.kind));
        Some(Cow::Owned(attribute_hole(address, path, own.or_else(other))))
    }

    fn file(&self, _: &FileQuestion) -> FileAnswer {
        FileAnswer::Refused("a realisation reads no files".to_owned())
    }

    fn folder(&self) -> &str {
        ""
    }
}
