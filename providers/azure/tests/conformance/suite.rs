//! The life of each kind: created, planned again, changed, meddled with, adopted, replaced, deleted.

use std::sync::Arc;

use siac_core::model::address::ResourceAddress;
use siac_core::model::plan::Action;
use siac_core::model::snapshot::Status;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::house::{Goal, House, Report};
use crate::rows::{Row, rows};

/// How many rows are gone through at once.
const AT_ONCE: usize = 8;

#[test]
fn what_a_row_leaves_out_has_a_reason() {
    for row in rows().iter().filter(|row| row.not_provable.is_empty()) {
        let is_whole = !row.updated.is_empty() && !row.replaced.is_empty() && !row.meddling.is_empty();
        assert!(is_whole, "{} {} leaves something out and does not say why", row.kind, row.name);
    }
}

#[test]
fn every_kind_has_a_row() {
    let provider = siac_provider_azure::AzureProvider::new();
    for kind in siac_core::ports::Catalogue::schema(&provider).resources.keys() {
        assert!(rows().iter().any(|row| row.kind == *kind), "{kind} has no row");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_lives_as_it_should() {
    let wanted = std::env::var("SIAC_ROW").unwrap_or_default();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for row in rows().into_iter().filter(|row| format!("{} {}", row.kind, row.name).contains(&wanted)) {
        let room = room.clone();
        running.spawn(async move {
            let _seat = room.acquire().await;
            let mut house = House::new();
            house.provider = "default_tags = { owner = \"tests\" }".to_owned();
            let life = lives(&house, &row).await;
            life.map_err(|why| format!("{} {}: {why}", row.kind, row.name))
        });
    }
    let mut failed = Vec::new();
    while let Some(ended) = running.join_next().await {
        failed.extend(ended.unwrap_or_else(|panic| Err(panic.to_string())).err());
    }
    failed.sort();
    assert!(failed.is_empty(), "{} kinds do not live as they should:\n{}", failed.len(), failed.join("\n\n"));
}

async fn lives(house: &House, row: &Row) -> Result<(), String> {
    let address = ResourceAddress::managed(row.kind, "it");
    let with = |body: &str| format!("{}\n[resource.{}.it]\n{body}\n", row.around, row.kind);
    let mut body = with(row.body);

    did(house.run(Goal::Stack(&body)).await, &address, Some(Action::Create)).map_err(within("create"))?;
    nothing(house.plan(&body).await).map_err(within("second plan"))?;
    if !row.updated.is_empty() {
        body = with(row.updated);
        did(house.run(Goal::Stack(&body)).await, &address, Some(Action::Update)).map_err(within("update"))?;
        nothing(house.plan(&body).await).map_err(within("plan after update"))?;
    }
    if !row.meddling.is_empty() {
        meddle(house, &body, &address, row.meddling).await?;
        did(house.run(Goal::Stack(&body)).await, &address, Some(Action::Update)).map_err(within("repair"))?;
        nothing(house.plan(&body).await).map_err(within("plan after repair"))?;
    }
    adopts(house, row, &body, &address).await.map_err(within("adoption"))?;
    if !row.replaced.is_empty() {
        body = with(row.replaced);
        let replaced = Some(Action::ReplaceDestroyFirst);
        did(house.run(Goal::Stack(&body)).await, &address, replaced).map_err(within("replace"))?;
        nothing(house.plan(&body).await).map_err(within("plan after replace"))?;
    }
    let gone = house.run(Goal::Nothing).await.map_err(within("destroy"))?;
    if gone.status != Some(Status::Complete) || !gone.snapshot.records.is_empty() {
        return Err(format!("destroy: {:?} {:?}", gone.status, gone.failures));
    }
    let left = house.double.left();
    if left.is_empty() { Ok(()) } else { Err(format!("destroy: there is left {left:?}")) }
}

fn within(what: &str) -> impl Fn(String) -> String {
    move |why| format!("{what}: {why}")
}

/// The run went well and did this to the resource.
pub fn did(
    report: Result<Report, String>,
    address: &ResourceAddress,
    wanted: Option<Action>,
) -> Result<Report, String> {
    let report = report?;
    let done = report.actions.iter().find(|(other, _)| other == address).map(|(_, action)| *action);
    let is_well = report.status == Some(Status::Complete) && report.failures.is_empty();
    match is_well && done == wanted {
        true => Ok(report),
        false => Err(format!("{wanted:?} was wanted: {:?} {:?} {:#?}", report.status, report.failures, report.changes)),
    }
}

/// There is nothing to do.
pub fn nothing(report: Result<Report, String>) -> Result<(), String> {
    let report = report?;
    match report.actions.is_empty() {
        true => Ok(()),
        false => Err(format!("there is still something to do: {:#?}", report.changes)),
    }
}

/// Lets somebody else change the object.
async fn meddle(house: &House, body: &str, address: &ResourceAddress, patch: &str) -> Result<(), String> {
    let report = house.plan(body).await?;
    let object = report.snapshot.object(address).ok_or("the resource is not remembered")?;
    house.double.tamper(&object.remote, &serde_json::from_str(patch).map_err(|error| error.to_string())?);
    Ok(())
}

/// Let go and taken up again, it is what it was.
async fn adopts(house: &House, row: &Row, body: &str, address: &ResourceAddress) -> Result<(), String> {
    let report = house.plan(body).await?;
    let object = report.snapshot.object(address).ok_or("the resource is not remembered")?.clone();
    let without = format!("{}\n[[removed]]\nfrom = \"{address}\"\ndestroy = false\n", row.around);
    did(house.run(Goal::Stack(&without)).await, address, Some(Action::Forget)).map_err(within("forget"))?;
    let again = format!("{body}\n[[import]]\nto = \"{address}\"\nid = \"{}{}\"\n", object.remote, row.import);
    let report = house.run(Goal::Stack(&again)).await?;
    let adopted = report.snapshot.object(address).ok_or_else(|| format!("it is not adopted: {report:?}"))?;
    if adopted.remote != object.remote {
        return Err(format!("{} became {}", object.remote, adopted.remote));
    }
    nothing(house.plan(body).await)
}
