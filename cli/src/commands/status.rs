//! `siac status`: where a stack stands, and how everything that runs is doing.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use siac_core::model::address::ResourceAddress;
use siac_core::model::snapshot::{HistoryEntry, Snapshot};
use siac_engine::store::Published;
use siac_engine::use_cases::inspecting::{self, Seen, View};

use super::common::{Opened, block_on, open, pending_path};
use super::reading::lock_of;
use crate::arguments::{Cli, StatusArgs};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json_stream::{self, Kind};
use crate::render;
use crate::render::services::{Looked, is_all_well, services};
use crate::render::standing::{Latest, Standing};
use crate::subjects::{self, Words};

/// The fewest digits by which a deployment is named.
const SHORTEST_ID: usize = 4;

/// What is typed, sorted, and the state of the stack that is meant.
pub fn open_sorted(words: &[String], cli: &Cli, desk: &Desk) -> Result<(Opened, Words), Failure> {
    let words = subjects::sorted(words, &|name| Path::new(name).is_file())?;
    Ok((open(words.stack.as_deref(), None, cli, desk)?, words))
}

/// What of a snapshot is to be looked at.
pub async fn view(opened: &Opened, snapshot: &Snapshot, chosen: &BTreeSet<ResourceAddress>) -> View {
    let artifacts = Arc::new(opened.store.artifacts(snapshot.uuid, &snapshot.stack_secret));
    inspecting::view(&opened.site, snapshot, &|address| chosen.contains(address), artifacts).await
}

/// `siac status`
pub fn status(arguments: &StatusArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let (opened, words) = open_sorted(&arguments.words, cli, desk)?;
    if let Some(id) = &arguments.deployment {
        return deployment(id, &opened, desk);
    }
    block_on(async {
        let latest = opened.store.latest().await?;
        let nothing = Snapshot::empty(&opened.located.name);
        let snapshot = latest.as_ref().map_or(&nothing, |latest| &latest.snapshot);
        let chosen = subjects::chosen(&words.subjects, snapshot)?;
        let standing = standing(&opened, latest.as_ref()).await?;
        let view = view(&opened, snapshot, &chosen).await;
        let seen = view.inspect().await;
        let now = Timestamp::now();
        desk.answer(
            || render::standing::standing(&standing, now, &desk.out),
            Kind::Status,
            || json_stream::standing(&standing),
        );
        let looked = Looked {
            seen: &seen,
            unreachable: &view.unreachable,
            now,
            is_detailed: !words.subjects.is_empty(),
            file: &opened.file.shown,
            is_named: cli.global.stack_or(words.stack.as_deref()).is_some(),
        };
        tell(&looked, desk);
        if seen.is_empty() && view.unreachable.is_empty() && !words.subjects.is_empty() {
            desk.say("\nnothing of what is named is something that runs");
        }
        Ok(verdict(&seen, &view, arguments.detailed_exitcode))
    })
}

fn tell(looked: &Looked<'_>, desk: &Desk) {
    match &desk.json {
        Some(stream) => {
            // A reader that went away wants no more.
            looked.seen.iter().for_each(|seen| drop(stream.line(Kind::Service, json_stream::service(seen))));
            let unreachable = looked.unreachable.iter();
            unreachable.for_each(|one| drop(stream.line(Kind::Unreachable, json_stream::unreachable(one))));
        }
        None => {
            let text = services(looked, &desk.out);
            if !text.is_empty() {
                desk.answer(|| format!("\n{text}"), Kind::Message, || serde_json::Value::Null);
            }
        }
    }
}

fn verdict(seen: &[Seen], view: &View, detailed: bool) -> Exit {
    match detailed && !is_all_well(seen, &view.unreachable) {
        true => Exit::Unhealthy,
        false => Exit::Done,
    }
}

async fn standing(opened: &Opened, latest: Option<&Published>) -> Result<Standing, Failure> {
    let snapshot = latest.map(|latest| &latest.snapshot);
    let path = pending_path(&opened.file);
    let pending = match path.exists() {
        true => opened.store.open_plan(&path).await.ok().map(|kept| kept.plan),
        false => None,
    };
    Ok(Standing {
        file: opened.file.shown.clone(),
        environment: opened.located.environment.clone(),
        lock: lock_of(opened).await?,
        latest: latest.map(latest_words),
        resources: Some(snapshot.map_or(0, |snapshot| snapshot.records.len())),
        pending: pending.map(|plan| {
            let is_stale = plan.base.snapshot != latest.map(|latest| latest.id);
            (render::plan::summary_line(&plan), is_stale)
        }),
        unsettled: snapshot
            .map(|snapshot| snapshot.unsettled.values().map(|intent| intent.address.to_string()).collect())
            .unwrap_or_default(),
    })
}

fn latest_words(latest: &Published) -> Latest {
    let snapshot = &latest.snapshot;
    Latest {
        serial: snapshot.serial,
        id: latest.id,
        status: snapshot.status,
        time: snapshot.time.clone(),
        who: snapshot.who.clone(),
        summary: snapshot.summary.clone(),
        label: snapshot.label.clone(),
        deployment: snapshot.deployment,
    }
}

/// How a deployment ended: its line in the history.
fn deployment(id: &str, opened: &Opened, desk: &Desk) -> Result<Exit, Failure> {
    let history = block_on(async { Ok(opened.store.history().await?) })?;
    let found = deployments(id, &history)?;
    desk.answer(|| render::history::history(&found, None, &desk.out), Kind::History, || json_stream::history(&found));
    Ok(Exit::Done)
}

/// The lines of the deployment whose id begins so.
fn deployments(id: &str, history: &[HistoryEntry]) -> Result<Vec<HistoryEntry>, Failure> {
    let id = id.to_ascii_lowercase();
    if id.len() < SHORTEST_ID {
        return Err(Failure::new(format!("a deployment is named by at least {SHORTEST_ID} digits of its id")));
    }
    let is_meant = |entry: &&HistoryEntry| entry.deployment.is_some_and(|own| own.to_string().starts_with(&id));
    let found: Vec<HistoryEntry> = history.iter().filter(is_meant).cloned().collect();
    let ids: BTreeSet<String> = found.iter().filter_map(|entry| Some(entry.deployment?.to_string())).collect();
    match ids.len() {
        1 => Ok(found),
        0 => Err(Failure::new(format!("no deployment that has ended begins with `{id}`"))
            .help("`siac history --json` lists them; one that is still at work is seen in `siac lock status`")),
        _ => Err(Failure::new(format!("several deployments begin with `{id}`"))
            .help(format!("they are: {}", ids.into_iter().collect::<Vec<_>>().join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use siac_core::model::identity::{DeploymentId, SnapshotId};
    use siac_core::model::snapshot::Status;

    use super::*;

    fn entry(serial: u64, deployment: Option<[u8; 2]>) -> HistoryEntry {
        let id = |start: [u8; 2]| DeploymentId(std::array::from_fn(|at| start.get(at).copied().unwrap_or(0)));
        HistoryEntry {
            serial,
            id: SnapshotId([1; 32]),
            time: String::new(),
            label: None,
            status: Status::Complete,
            deployment: deployment.map(id),
            summary: String::new(),
            who: String::new(),
            pruned: false,
        }
    }

    #[test]
    fn a_deployment_is_found_by_the_beginning_of_its_id() {
        let history = [entry(1, Some([0xab, 0xcd])), entry(2, None), entry(3, Some([0xab, 0xce]))];
        let serials = |id: &str| match deployments(id, &history) {
            Ok(found) => Ok(found.iter().map(|entry| entry.serial).collect::<Vec<_>>()),
            Err(failure) => Err(failure.what),
        };
        assert_eq!(serials("ABCD"), Ok(vec![1]));
        assert!(serials("abc").unwrap_err().contains("at least 4"));
        assert!(serials("0000").unwrap_err().contains("no deployment"));
        let twins = [entry(1, Some([0xab, 0xcd])), entry(2, Some([0xab, 0xcd]))];
        assert_eq!(deployments("abcd", &twins).map(|found| found.len()).ok(), Some(2), "one deployment, two snapshots");
    }
}
