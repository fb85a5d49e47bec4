//! `siac component`: what components there are, and what they become.

use std::collections::BTreeMap;

use siac_core::language::write::interpolated;
use siac_core::model::address::{AddressPattern, ScopeKind, ScopeStep};
use siac_core::model::snapshot::Snapshot;
use siac_core::model::stack::{ComponentDeclaration, Module, Stack};
use siac_core::serverless;
use siac_engine::use_cases::expanding::expand;
use siac_engine::use_cases::loading;

use super::common::{self, Opened, block_on, open, open_file, stack_file};
use crate::adapters::catalogues_anywhere;
use crate::arguments::{Cli, ComponentListArgs, ComponentShowArgs};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json_stream::{self, Kind};
use crate::render::components::{self, KindRow, Row};

/// `siac component list`
pub fn list(arguments: &ComponentListArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let is_named = cli.global.stack_or(arguments.stack.as_deref()).is_some();
    match stack_file(arguments.stack.as_deref(), cli, desk) {
        Ok(file) if !arguments.kinds => {
            let opened = open_file(file, None, cli, desk)?;
            let loaded = opened.load(None, desk)?;
            of_stack(&rows(&loaded.stack, deployed(&opened, desk).as_ref()), desk);
        }
        Err(failure) if is_named && !arguments.kinds => return Err(failure),
        _ => kinds(desk),
    }
    Ok(Exit::Done)
}

fn of_stack(rows: &[Row], desk: &Desk) {
    if desk.json.is_none() {
        return desk.answer(|| components::list(rows, &desk.out), Kind::Component, || serde_json::Value::Null);
    }
    rows.iter().for_each(|row| desk.answer(String::new, Kind::Component, || json_stream::component(row)));
}

fn kinds(desk: &Desk) {
    let catalogues = catalogues_anywhere();
    let kinds = serverless::kinds().iter().map(|(name, schema)| KindRow {
        name,
        description: schema.description,
        providers: catalogues.realising(name).map(str::to_owned).collect(),
    });
    let kinds: Vec<KindRow> = kinds.collect();
    if desk.json.is_none() {
        return desk.answer(|| components::kinds(&kinds, &desk.out), Kind::ComponentKind, || serde_json::Value::Null);
    }
    kinds.iter().for_each(|kind| desk.answer(String::new, Kind::ComponentKind, || json_stream::component_kind(kind)));
}

/// What is deployed; nothing, with a word about it, when the state cannot be read.
fn deployed(opened: &Opened, desk: &Desk) -> Option<Snapshot> {
    match block_on(async { Ok(opened.store.latest().await?) }) {
        Ok(latest) => Some(latest.map_or_else(|| Snapshot::empty(&opened.located.name), |latest| latest.snapshot)),
        Err(failure) => {
            desk.say(&format!("warning: what is deployed is not taken into account: {}", failure.what));
            None
        }
    }
}

/// A row for each component; for each instance of it, where some are deployed.
fn rows(stack: &Stack, snapshot: Option<&Snapshot>) -> Vec<Row> {
    let components = stack.modules.iter().flat_map(|module| module.components.iter().map(move |it| (module, it)));
    components.flat_map(|(module, component)| rows_of(module, component, snapshot)).collect()
}

fn rows_of(module: &Module, component: &ComponentDeclaration, snapshot: Option<&Snapshot>) -> Vec<Row> {
    let modules = module.path.iter().map(|name| (ScopeKind::Module, name));
    let steps = modules.chain([(ScopeKind::Component, &component.name)]);
    let block: Vec<ScopeStep> = steps.map(|(kind, name)| ScopeStep { kind, name: name.clone(), key: None }).collect();
    let row = |scope: Vec<ScopeStep>, url: Option<Option<String>>| Row {
        address: AddressPattern::Within(scope).to_string(),
        kind: component.kind.clone(),
        provider: component.provider.clone(),
        source: component
            .fields
            .get("source")
            .map(|source| interpolated(source, &ToString::to_string))
            .unwrap_or_default(),
        url,
    };
    let outputs = snapshot.into_iter().flat_map(|snapshot| &snapshot.outputs);
    let urls: BTreeMap<Vec<ScopeStep>, String> = outputs
        .filter_map(|(name, output)| {
            let AddressPattern::Within(scope) = name.strip_suffix(".url")?.parse().ok()? else { return None };
            let is_of_this =
                scope.len() == block.len() && scope.iter().zip(&block).all(|(have, it)| have.is_matched_by(it));
            is_of_this.then(|| (scope, output.value.as_str().unwrap_or_default().to_owned()))
        })
        .collect();
    match urls.is_empty() {
        true => vec![row(block, snapshot.map(|_| None))],
        false => urls.into_iter().map(|(scope, url)| row(scope, Some(Some(url)))).collect(),
    }
}

/// `siac component show`
pub fn show(arguments: &ComponentShowArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let pattern = named(&arguments.name)?;
    let mut choice = common::choice(&opened.file, None)?;
    let component = pattern.scope().last().map(|step| step.name.clone()).unwrap_or_default();
    choice.realised_by.extend(arguments.provider.clone().map(|provider| (component, provider)));
    let loaded = loading::load(&opened.site, &choice)?;
    common::warn(desk, &loaded.warnings, &loaded.sources);
    let snapshot = deployed(&opened, desk).unwrap_or_else(|| Snapshot::empty(&loaded.stack.name));
    let (told, warnings) = expand(&opened.site, &loaded, &snapshot, Some(&pattern))?;
    common::warn(desk, &warnings, &loaded.sources);
    match desk.json {
        None => desk.answer(|| components::expansions(&told), Kind::Expansion, || serde_json::Value::Null),
        Some(_) => {
            told.iter().for_each(|told| desk.answer(String::new, Kind::Expansion, || json_stream::expansion(told)));
        }
    }
    Ok(Exit::Done)
}

/// A component by its name, with an instance key or without, or by its address.
fn named(name: &str) -> Result<AddressPattern, Failure> {
    let is_component = |pattern: &AddressPattern| matches!(pattern, AddressPattern::Within(scope) if scope.last().is_some_and(|step| step.kind == ScopeKind::Component));
    let read = |text: &str| text.parse::<AddressPattern>().ok().filter(is_component);
    read(name).or_else(|| read(&format!("component.{name}"))).ok_or_else(|| {
        Failure::new(format!("`{name}` names no component"))
            .help("write its name, such as `api` or `api[\"eu\"]`; inside a module its address, such as `module.web.component.api`")
    })
}
