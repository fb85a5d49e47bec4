//! Commands that only look: outputs, history, differences, the state, the lock, drift, where a stack stands.

use std::io::IsTerminal;

use siac_core::model::snapshot::Snapshot;
use siac_core::model::value::{Known, Value};
use siac_core::planning::Options;
use siac_engine::store::{Published, SnapshotName, StoreError};
use siac_engine::use_cases::planning::Wish;

use super::common::{Opened, block_on, flags, open};
use super::planning::{Manner, reading_plan, verdict};
use crate::arguments::{
    Cli, DiffArgs, DriftArgs, GraphArgs, HistoryArgs, OutputArgs, ShowArgs, StackArgs, StateListArgs, StateShowArgs,
};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json_stream::{self, Kind};
use crate::render;
use crate::render::discretion::Discretion;
use crate::render::standing::{LockHolder, LockStatus};

/// A snapshot by the name that was typed.
pub fn snapshot_name(text: &str) -> SnapshotName {
    match text.parse() {
        Ok(name) => name,
        Err(never) => match never {},
    }
}

async fn at(opened: &Opened, name: Option<&str>) -> Result<Published, Failure> {
    Ok(opened.store.find(&name.map_or(SnapshotName::Latest, snapshot_name)).await?)
}

/// `siac output`
pub fn output(arguments: &OutputArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let snapshot = block_on(async { Ok(at(&opened, arguments.at.as_deref()).await?.snapshot) })?;
    let Some(name) = &arguments.name else {
        desk.answer(
            || render::outputs::outputs(&snapshot.outputs, &desk.out),
            Kind::Outputs,
            || json_stream::outputs(&snapshot.outputs),
        );
        return Ok(Exit::Done);
    };
    let output = snapshot.outputs.get(name).ok_or_else(|| {
        let names: Vec<&str> = snapshot.outputs.keys().map(String::as_str).collect();
        let has = if names.is_empty() { "it has none".to_owned() } else { format!("it has: {}", names.join(", ")) };
        Failure::new(format!("the stack has no output `{name}`")).help(has)
    })?;
    if arguments.reveal {
        let value = revealed(&snapshot, &output.configured)?;
        match &desk.json {
            Some(_) => desk.answer(String::new, Kind::Outputs, || json_stream::revealed(name, &value)),
            None => desk.data(&bare(&value)),
        }
        return Ok(Exit::Done);
    }
    match &desk.json {
        Some(_) => {
            let one = [(name.clone(), output.clone())].into();
            desk.answer(String::new, Kind::Outputs, || json_stream::outputs(&one));
        }
        None if arguments.raw => {
            desk.data(&render::outputs::raw(name, output, std::io::stdout().is_terminal()).map_err(Failure::new)?)
        }
        None => desk.data(&render::outputs::outputs(&[(name.clone(), output.clone())].into(), &desk.out)),
    }
    Ok(Exit::Done)
}

/// A sensitive output, evaluated from the secrets that the state keeps. Asked for by name, with a flag that says so.
fn revealed(snapshot: &Snapshot, configured: &siac_core::model::value::Partial) -> Result<Known, Failure> {
    let resolved =
        siac_core::deployment::resolve::resolve(configured, snapshot, &Default::default()).map_err(|unresolved| {
            Failure::new(unresolved.to_string())
                .help("secrets of the stack itself are not kept in its state; read them where they come from")
        })?;
    Ok(exposed(&resolved.known))
}

fn exposed(value: &Known) -> Known {
    match value {
        Value::Secret(secret) => exposed(secret.expose()),
        Value::List(items) => Value::List(items.iter().map(exposed).collect()),
        Value::Map(entries) => Value::Map(entries.iter().map(|(key, value)| (key.clone(), exposed(value))).collect()),
        other => other.clone(),
    }
}

fn bare(value: &Known) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

/// `siac history`
pub fn history(arguments: &HistoryArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let entries = block_on(async { Ok(opened.store.history().await?) })?;
    desk.answer(
        || render::history::history(&entries, arguments.limit, &desk.out),
        Kind::History,
        || json_stream::history(&entries),
    );
    Ok(Exit::Done)
}

/// `siac snapshot list`
pub fn snapshots(arguments: &HistoryArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let entries = block_on(async { Ok(opened.store.history().await?) })?;
    desk.answer(
        || render::history::snapshots(&entries, arguments.limit, &desk.out),
        Kind::History,
        || json_stream::history(&entries),
    );
    Ok(Exit::Done)
}

/// `siac diff`
pub fn diff(arguments: &DiffArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let (before, after) =
        block_on(async { Ok((at(&opened, Some(&arguments.from)).await?, at(&opened, Some(&arguments.to)).await?)) })?;
    let (before, after, catalogues) = (&before.snapshot, &after.snapshot, &opened.site.catalogues);
    desk.answer(
        || render::diff::snapshots(before, after, catalogues, arguments.view.detail, &desk.out),
        Kind::Differences,
        || json_stream::differences(before, after, catalogues),
    );
    Ok(Exit::Done)
}

/// `siac state list`
pub fn state_list(arguments: &StateListArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let snapshot = match block_on(async { Ok(opened.store.latest().await?) })? {
        None => Snapshot::empty(&opened.located.name),
        Some(latest) if arguments.at.is_none() => latest.snapshot,
        Some(_) => block_on(async { at(&opened, arguments.at.as_deref()).await })?.snapshot,
    };
    let prefix = arguments.prefix.as_deref();
    if snapshot.records.is_empty() && desk.json.is_none() {
        return Ok(Exit::Done);
    }
    desk.answer(
        || render::state::list(&snapshot, prefix, &desk.out),
        Kind::Resources,
        || json_stream::resources(&snapshot, prefix),
    );
    Ok(Exit::Done)
}

/// `siac state show`
pub fn state_show(arguments: &StateShowArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let snapshot = block_on(async { at(&opened, arguments.at.as_deref()).await })?.snapshot;
    let address = &arguments.address;
    let record = snapshot.records.get(address).ok_or_else(|| {
        Failure::new(format!("the state knows no `{address}`")).help("`siac state list` shows what it knows")
    })?;
    let discretion = Discretion::new(&opened.site.catalogues, &snapshot);
    desk.answer(
        || render::state::show(address, record, discretion, &desk.out),
        Kind::Resource,
        || json_stream::resource(address, record, discretion),
    );
    Ok(Exit::Done)
}

/// `siac show`
pub fn show(arguments: &ShowArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let pending = super::common::pending_path(&opened.file);
    let plan = match arguments.subject.as_deref() {
        Some(subject) if subject.ends_with(".siac") => Some(std::path::PathBuf::from(subject)),
        None if pending.exists() => Some(pending),
        _ => None,
    };
    if let Some(path) = plan {
        let kept = block_on(async { Ok(opened.store.open_plan(&path).await?) })?;
        super::planning::show(&kept.plan, &arguments.view, desk)?;
        return Ok(Exit::Done);
    }
    let snapshot = block_on(async { at(&opened, arguments.subject.as_deref()).await })?.snapshot;
    let discretion = Discretion::new(&opened.site.catalogues, &snapshot);
    for (address, record) in &snapshot.records {
        desk.answer(
            || render::state::show(address, record, discretion, &desk.out),
            Kind::Resource,
            || json_stream::resource(address, record, discretion),
        );
    }
    desk.answer(
        || render::outputs::outputs(&snapshot.outputs, &desk.out),
        Kind::Outputs,
        || json_stream::outputs(&snapshot.outputs),
    );
    Ok(Exit::Done)
}

/// `siac graph`
pub fn graph(arguments: &GraphArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let graph = match &arguments.plan {
        Some(path) => crate::graph::of_plan(&block_on(async { Ok(opened.store.open_plan(path).await?) })?.plan),
        None => crate::graph::of_stack(&opened.load(None, desk)?.stack),
    };
    desk.data(&graph.write(arguments.format));
    Ok(Exit::Done)
}

/// `siac drift`
pub fn drift(arguments: &DriftArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), Some(&arguments.values), cli, desk)?;
    block_on(async {
        let loaded = opened.load(Some(&arguments.values), desk)?;
        let options = Options { refresh_only: true, flags: flags(&arguments.values), ..Options::default() };
        let planned =
            reading_plan(&opened, Wish::Stack(&loaded), &options, Manner::default(), &arguments.lock, desk).await?;
        super::planning::show(&planned.plan, &Default::default(), desk)?;
        Ok(verdict(&planned.plan, arguments.detailed_exitcode))
    })
}

/// `siac lock status`
pub fn lock_status(arguments: &StackArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let status = block_on(async { Ok(lock_of(&opened).await?) })?;
    desk.answer(|| render::standing::lock(&status, &desk.out), Kind::Lock, || json_stream::lock(&status));
    Ok(Exit::Done)
}

/// The lock in words.
pub async fn lock_of(opened: &Opened) -> Result<LockStatus, StoreError> {
    let Some(head) = opened.store.lock_status().await? else {
        return Ok(LockStatus { stack: opened.located.name.clone(), ..LockStatus::default() });
    };
    let holder_lives = match &head.holder {
        Some(_) => opened.store.holder_lives(&head).await?,
        None => None,
    };
    let holder = head.holder.map(|holder| LockHolder {
        who: holder.who,
        host: holder.host,
        process: Some(holder.process),
        run: holder.run,
        purpose: holder.purpose.to_string(),
        since: holder.since,
        expires: None,
    });
    let (stack, epoch) = (opened.located.name.clone(), head.epoch);
    Ok(LockStatus { stack, holder, holder_lives, epoch, serial: head.serial, dirty: head.dirty })
}
