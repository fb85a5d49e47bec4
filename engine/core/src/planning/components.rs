//! Components become resources while a stack is walked through: their fields may come from variables, `for_each` and data.
//!
//! An expansion has four stops: the fields are evaluated ([`fields`]), the project is looked at and the component made whole, its provider
//! realises it, and the parts are laid out: overrides merged, references typed, each after what it needs ([`parts`]). Then each part is decided
//! about like any resource of the stack.

mod fields;
mod parts;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::decide::{self, Wish};
use super::graph::Item;
use super::modules::{Each, Expanded, Expansion, Modules};
use super::outputs::Wanted as WantedOutput;
use super::walk::Walk;
use super::{data, expand, paths};
use crate::language::scope::{FileAnswer, FileQuestion};
use crate::model::address::{AddressPattern, Mode, ResourceAddress, ScopeKind, ScopeStep};
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::{Expression, Place};
use crate::model::stack::{ComponentDeclaration, Module};
use crate::model::value::{Partial, Value};
use crate::serverless::{self, Component, FieldProblem, Identity, Part, Realisation, project};

/// Expands every instance of a component in a module instance, and decides about their parts.
///
/// A component that the plan is not about may be impossible to expand for now: what is recorded of it stays then.
pub(super) fn visit(walk: &mut Walk<'_, '_>, at: usize, index: usize) {
    let instance = &walk.modules.instances[at];
    let (module, mut scope) = (instance.module, instance.scope.clone());
    let name = walk.modules.stack.modules[module].components[index].name.clone();
    scope.push(ScopeStep { kind: ScopeKind::Component, name, key: None });
    let is_wanted = walk.selection.reaches(Item::Component(module, index), &scope);
    let before = std::mem::take(&mut walk.draft.problems);
    let expanded = expand_all(walk, at, index);
    let problems = std::mem::replace(&mut walk.draft.problems, before);
    let is_in_the_way = problems.has_errors() && !is_wanted;
    walk.modules.instances[at].expanded[index] = if is_in_the_way { Expanded::Unusable } else { expanded };
    if !is_in_the_way {
        walk.draft.problems.extend(problems);
    }
}

fn expand_all(walk: &mut Walk<'_, '_>, at: usize, index: usize) -> Expanded {
    let module = walk.modules.instances[at].module;
    let declaration = &walk.modules.stack.modules[module].components[index];
    let expansion =
        expand::expand(walk, at, declaration.for_each.as_ref(), declaration.when.as_ref(), declaration.place);
    let mut waits_for: BTreeSet<ResourceAddress> = walk.modules.instances[at].carried.clone();
    waits_for.extend(expansion.waits_for.iter().cloned());
    for dependency in &declaration.depends_on {
        waits_for.extend(walk.named(at, &dependency.reference));
    }
    let mut one =
        |each: Option<&Each>| Expanding { walk, at, index, declaration, each, waits_for: waits_for.clone() }.expand();
    match expansion.keys {
        expand::Keys::Unusable => Expanded::Unusable,
        expand::Keys::Absent => Expanded::Absent,
        expand::Keys::Single => Expanded::Single(one(None)),
        expand::Keys::Many(instances) => {
            Expanded::Keyed(instances.into_iter().map(|each| (each.key.clone(), one(Some(&each)))).collect())
        }
    }
}

/// One component instance on its way to resources.
struct Expanding<'e, 'w, 'a> {
    walk: &'e mut Walk<'w, 'a>,
    /// The module instance.
    at: usize,
    /// The component's index in its module.
    index: usize,
    declaration: &'a ComponentDeclaration,
    each: Option<&'e Each>,
    /// What every part waits for.
    waits_for: BTreeSet<ResourceAddress>,
}

impl<'a> Expanding<'_, '_, 'a> {
    fn expand(mut self) -> Expansion {
        let scope = self.scope();
        let provider = self.declaration.provider.clone();
        let before = self.walk.draft.problems.iter().len();
        let laid_out = self.component(&scope).and_then(|component| self.laid_out(&component));
        let problems: Vec<Diagnostic> = self.walk.draft.problems.iter().skip(before).cloned().collect();
        let is_usable = laid_out.is_some();
        let (parts, outputs) = laid_out.unwrap_or_default();
        self.decide(&parts);
        Expansion { scope, provider, parts, outputs, problems, is_usable }
    }

    fn scope(&self) -> Vec<ScopeStep> {
        let mut scope = self.walk.modules.instances[self.at].scope.clone();
        let key = self.each.map(|each| each.key.clone());
        scope.push(ScopeStep { kind: ScopeKind::Component, name: self.declaration.name.clone(), key });
        scope
    }

    fn evaluate(&mut self, expression: &Expression) -> super::draft::Evaluated {
        self.walk.evaluate(expression, self.at, self.each)
    }

    /// The component as it is whole; nothing when a problem was reported or a question is open.
    fn component(&mut self, scope: &[ScopeStep]) -> Option<Component> {
        let schema = serverless::schema(&self.declaration.kind)?;
        let fields = self.fields(schema);
        let settings = self.settings();
        let fields = self.with_project(&fields?)?;
        let stack = self.walk.modules.stack;
        let identity = Identity {
            scope: scope.to_vec(),
            stack: stack.name.clone(),
            environment: stack.environment.clone(),
            provider: self.declaration.provider.clone(),
        };
        let places = self.declaration.fields.iter().map(|(name, written)| (name.clone(), Place(written.span())));
        let places = [(String::new(), self.declaration.place)].into_iter().chain(places).collect();
        let (component, problems) = serverless::read(&self.declaration.kind, identity, &fields, settings?, places);
        self.report(problems);
        component
    }

    /// The fields, with what the project tells.
    fn with_project(&mut self, fields: &BTreeMap<String, Partial>) -> Option<BTreeMap<String, Partial>> {
        let source = fields.get("source").and_then(Value::as_str)?;
        let Some(folder) = paths::joined(self.walk.folder(self.at), source) else {
            let problem = Diagnostic::error(
                "path-outside-project",
                "a path leaves the project",
                format!("`source` is {source:?}"),
            );
            self.report(vec![FieldProblem {
                field: "source",
                problem: problem.help("name a folder inside the project, by a path relative to the stack file"),
            }]);
            return None;
        };
        let draft = &mut *self.walk.draft;
        let (answers, asked) = (draft.answers, &mut draft.asked.files);
        let mut look = |question: FileQuestion| match answers.files.get(&question) {
            Some(answer) => answer.clone(),
            None => {
                asked.insert(question);
                FileAnswer::NotAsked
            }
        };
        let examined = project::examine(&folder, fields, &mut look);
        if !examined.is_complete {
            return None;
        }
        self.report(examined.problems);
        Some(examined.fields)
    }

    fn report(&mut self, problems: Vec<FieldProblem>) {
        for FieldProblem { field, problem } in problems {
            let span = self.declaration.fields.get(field).and_then(Expression::span).or(self.declaration.place.0);
            let detail = format!("`component.{}`: {}", self.declaration.name, problem.detail);
            self.walk.draft.problems.push(Diagnostic { detail, ..problem }.at(span));
        }
    }

    /// What the provider makes of it, ready to be decided about.
    fn laid_out(&mut self, component: &Component) -> Option<(Vec<Part>, BTreeMap<String, Partial>)> {
        let plugin = &self.walk.modules.stack.providers.get(&self.declaration.provider)?.plugin;
        let catalogue = self.walk.draft.request.catalogues.plugin(plugin)?;
        let realisation = match catalogue.realise(component) {
            Ok(realisation) => realisation,
            Err(problems) => {
                let place = self.declaration.place.0;
                let placed = |problem: Diagnostic| if problem.labels.is_empty() { problem.at(place) } else { problem };
                self.walk.draft.problems.extend(problems.into_iter().map(placed));
                return None;
            }
        };
        self.tell(&realisation);
        self.lay_out(realisation)
    }

    fn tell(&mut self, realisation: &Realisation) {
        let place = self.declaration.place.0;
        let placed = |problem: &Diagnostic| match problem.labels.is_empty() {
            true => problem.clone().at(place),
            false => problem.clone(),
        };
        self.walk.draft.problems.extend(realisation.warnings.iter().map(placed));
        for note in &realisation.notes {
            self.walk.draft.note("component", format!("component.{}: {note}", self.declaration.name), None);
        }
    }

    /// Decides about the parts, each after what it needs.
    fn decide(&mut self, parts: &[Part]) {
        let module = self.walk.modules.instances[self.at].module;
        let item = Item::Component(module, self.index);
        let needs: Vec<_> = parts.iter().map(|part| (&part.address, parts::needed_among(part, parts))).collect();
        let selected = self.walk.selection.parts(item, &needs);
        for (part, is_selected) in parts.iter().zip(selected) {
            let wish = self.wish(part);
            match part.address.mode {
                _ if !is_selected => decide::untouched(self.walk.draft, &wish),
                Mode::Data => data::decide(self.walk.draft, wish),
                Mode::Managed => {
                    let import = self.walk.import(&wish.address);
                    decide::managed(self.walk.draft, wish, import);
                }
            }
        }
    }

    fn wish(&self, part: &Part) -> Wish<'a> {
        let change = self.declaration.overrides.iter().find(|change| parts::is_of(change, part));
        Wish {
            address: part.address.clone(),
            provider: self.declaration.provider.clone(),
            configured: Value::Map(part.body.clone()),
            is_usable: true,
            extra: self.waits_for.iter().chain(&part.depends_on).cloned().collect(),
            lifecycle: part.lifecycle.clone(),
            place: self.declaration.place,
            body: change.map(|change| &change.body),
            folder: self.walk.folder(self.at),
        }
    }
}

/// The outputs of every component, by the names under which the stack has them: `component.rest-api.url`.
pub(super) fn outputs<'a>(modules: &Modules<'a>) -> impl Iterator<Item = WantedOutput<'a>> {
    let instances = modules.instances.iter().flat_map(move |instance| {
        let module: &'a Module = &modules.stack.modules[instance.module];
        let expansions = instance.expanded.iter().zip(&module.components);
        expansions.flat_map(move |(expanded, declaration)| {
            expanded.all().into_iter().flat_map(move |expansion| of_expansion(expansion, module, declaration.place))
        })
    });
    instances.collect::<Vec<_>>().into_iter()
}

/// The components and their instances that cannot be expanded for now: what is recorded of them says nothing about what is wanted.
pub(super) fn untold(modules: &Modules<'_>) -> Vec<AddressPattern> {
    let mut untold = Vec::new();
    for instance in &modules.instances {
        let components = &modules.stack.modules[instance.module].components;
        for (expanded, component) in instance.expanded.iter().zip(components) {
            if expanded.is_untold() {
                let step = ScopeStep { kind: ScopeKind::Component, name: component.name.clone(), key: None };
                untold.push(AddressPattern::Within(instance.scope.iter().cloned().chain([step]).collect()));
            }
            let unusable = expanded.all().into_iter().filter(|expansion| !expansion.is_usable);
            untold.extend(unusable.map(|expansion| AddressPattern::Within(expansion.scope.clone())));
        }
    }
    untold
}

fn of_expansion<'a>(expansion: &Expansion, module: &'a Module, place: Place) -> Vec<WantedOutput<'a>> {
    let scope = AddressPattern::Within(expansion.scope.clone());
    let wanted = |(name, value): (&String, &Partial)| WantedOutput {
        name: Cow::Owned(format!("{scope}.{name}")),
        configured: value.clone(),
        sensitive: false,
        is_implied: true,
        is_usable: true,
        folder: &module.folder,
        place,
    };
    expansion.outputs.iter().filter(|(_, value)| !value.is_null()).map(wanted).collect()
}
