//! `[component.NAME]`: whole services.

use std::collections::{BTreeMap, BTreeSet};

use super::Loader;
use super::fields::{Fields, listed, named, wrong_type};
use super::module::{Meta, keyed, lifecycle};
use crate::language::tree::{Entry, Item, Node, Table};
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::model::expression::{Expression, Place};
use crate::model::stack::{ComponentDeclaration, Override, Stack};
use crate::ports::Catalogues;
use crate::serverless;

/// Reads every component of a module, in order of name.
pub(super) fn read(loader: &mut Loader<'_>, table: &mut Table) -> Vec<ComponentDeclaration> {
    let plugins: BTreeSet<&str> = loader.request.catalogues.iter().map(|catalogue| catalogue.schema().name).collect();
    let components = named(table, "component", &mut loader.problems).into_iter();
    let mut components: Vec<_> =
        components.map(|(name, entry)| component(name, entry, &plugins, &mut loader.problems)).collect();
    for component in &mut components {
        if let Some(provider) = loader.request.realised_by.get(&component.name) {
            component.provider.clone_from(provider);
        }
    }
    components
}

fn component(name: String, entry: Entry, plugins: &BTreeSet<&str>, problems: &mut Diagnostics) -> ComponentDeclaration {
    let place = Place(Some(entry.key));
    let mut fields = Fields::new(entry, format!("the table `[component.{name}]`"), problems);
    let meta = Meta::read(&mut fields);
    let kind = fields.required_text("kind");
    let changes = fields.item("override");
    let rest = fields.rest();
    let kind = kind.map(|(kind, span)| {
        refuse_kind(&kind, span, problems);
        kind
    });
    let overrides = changes.map(|item| overrides(item, problems)).unwrap_or_default();
    let (mut values, mut settings) = (BTreeMap::new(), BTreeMap::new());
    for (key, entry) in rest.0 {
        match &entry.item.node {
            Node::Table(table) if plugins.contains(key.as_str()) => {
                settings.insert(key, expressions(table, problems));
            }
            _ => drop(values.insert(key, keyed(&entry, problems))),
        }
    }
    ComponentDeclaration {
        kind: kind.unwrap_or_default(),
        name,
        provider: meta.provider.unwrap_or_default(),
        for_each: meta.for_each,
        when: meta.when,
        depends_on: meta.depends_on,
        fields: values,
        settings,
        overrides,
        place,
    }
}

fn expressions(table: &Table, problems: &mut Diagnostics) -> BTreeMap<String, Expression> {
    table.0.iter().map(|(name, entry)| (name.clone(), keyed(entry, problems))).collect()
}

fn refuse_kind(kind: &str, span: Span, problems: &mut Diagnostics) {
    let kinds: Vec<&str> = serverless::kinds().keys().copied().collect();
    if kinds.contains(&kind) {
        return;
    }
    let problem = match serverless::absent(kind) {
        Some(instead) => {
            let detail = format!("this version has no component `{kind}`; it has: {}", listed(&kinds));
            Diagnostic::error("absent-component", "a component is not part of this version", detail).help(instead)
        }
        None => {
            let detail = format!("there is no component kind `{kind}`");
            let help = match did_you_mean(kind, kinds.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", listed(&kinds)),
            };
            Diagnostic::error("unknown-kind", "a kind does not exist", detail).help(help)
        }
    };
    problems.push(problem.at(Some(span)));
}

/// `override.KIND.RESOURCE`
fn overrides(item: Item, problems: &mut Diagnostics) -> Vec<Override> {
    let mut changes = Vec::new();
    let mut table = Table(BTreeMap::from([("override".to_owned(), Entry { key: item.span, item })]));
    for (kind, entry) in named(&mut table, "override", problems) {
        let mut parts = Table(BTreeMap::from([(kind.clone(), entry)]));
        for (name, entry) in named(&mut parts, &kind, problems) {
            changes.extend(change(&kind, name, entry, problems));
        }
    }
    changes
}

fn change(kind: &str, name: String, entry: Entry, problems: &mut Diagnostics) -> Option<Override> {
    let place = Place(Some(entry.key));
    let Node::Table(mut table) = entry.item.node else {
        wrong_type(
            problems,
            &format!("`override.{kind}.{name}`"),
            "a table of attributes",
            &entry.item.node,
            entry.item.span,
        );
        return None;
    };
    let lifecycle = table.0.remove("lifecycle").map(|entry| lifecycle(entry.item, problems));
    Some(Override { kind: kind.to_owned(), name, body: expressions(&table, problems), lifecycle, place })
}

/// Chooses a provider instance for each component that names none: the one of the module call around it, the only configured one that
/// realises its kind, or the only one of this build that does.
pub(super) fn choose_providers(
    stack: &mut Stack,
    catalogues: &Catalogues,
    inherited: &[Option<String>],
    problems: &mut Diagnostics,
) {
    let instances = stack.providers.clone();
    let realises = |instance: &str, kind: &str| {
        let plugin = instances.get(instance).map_or(instance, |instance| &instance.plugin);
        catalogues.plugin(plugin).is_some_and(|catalogue| catalogue.realises().contains(&kind))
    };
    for (module, inherited) in stack.modules.iter_mut().zip(inherited) {
        for component in module.components.iter_mut().filter(|component| component.provider.is_empty()) {
            let kind = component.kind.as_str();
            if serverless::schema(kind).is_none() {
                continue;
            }
            let configured: Vec<&str> =
                instances.keys().map(String::as_str).filter(|name| realises(name, kind)).collect();
            let built_in: Vec<&str> = catalogues.realising(kind).collect();
            let candidates = if configured.is_empty() { built_in } else { configured };
            let only = if let [only] = candidates.as_slice() { Some(*only) } else { None };
            match inherited.as_deref().filter(|name| realises(name, kind)).or(only) {
                Some(chosen) => component.provider = chosen.to_owned(),
                None => problems.push(undecided(component, &candidates)),
            }
        }
    }
}

fn undecided(component: &ComponentDeclaration, candidates: &[&str]) -> Diagnostic {
    let (name, kind) = (&component.name, &component.kind);
    let (detail, help) = match candidates {
        [] => (
            format!("no provider of this build realises the kind `{kind}` of `component.{name}`"),
            "`siac component list --kinds` says which kinds this build can realise".to_owned(),
        ),
        candidates => (
            format!("`component.{name}` names no provider, and several realise its kind: {}", listed(candidates)),
            format!("add `provider = \"{}\"`, or the one that is meant", candidates[0]),
        ),
    };
    Diagnostic::error("undecided-provider", "a component has no provider", detail).at(component.place.0).help(help)
}
