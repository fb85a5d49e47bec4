//! A run that dies between a call and the journal, and answers that are lost: nothing is orphaned, nothing is made twice.

use std::sync::Arc;
use std::time::Duration;

use siac_core::model::snapshot::Status;
use siac_emulators::{Gate, Rule};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::house::{Goal, House};
use crate::rows::{Row, rows};

/// What befalls the call that makes the object.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    /// It has its effect, and siac is killed before it hears of it.
    KilledAfter,
    /// Siac is killed while it is on its way; it arrives afterwards.
    KilledBefore,
    /// It has its effect, and the answer is lost.
    LostAnswer,
    /// It is lost itself.
    LostRequest,
}

const MISHAPS: [Mishap; 4] = [Mishap::KilledAfter, Mishap::KilledBefore, Mishap::LostAnswer, Mishap::LostRequest];

/// How long what was let through may take to arrive. Should it take longer, the mishap is a milder one.
const ARRIVING: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_orphaned_and_nothing_made_twice() {
    let wanted = std::env::var("SIAC_ROW").unwrap_or_default();
    let room = Arc::new(Semaphore::new(4));
    let mut running = JoinSet::new();
    for row in rows().into_iter().filter(|row| row.kind.contains(&wanted)) {
        for mishap in MISHAPS {
            let room = room.clone();
            running.spawn(async move {
                let _seat = room.acquire().await;
                let survived = survives(&row, mishap).await;
                survived.map_err(|why| format!("{} {mishap:?}: {why}", row.kind))
            });
        }
    }
    let mut failed = Vec::new();
    while let Some(ended) = running.join_next().await {
        failed.extend(ended.unwrap_or_else(|panic| Err(panic.to_string())).err());
    }
    failed.sort();
    assert!(failed.is_empty(), "{} crashes are not survived:\n{}", failed.len(), failed.join("\n\n"));
}

async fn survives(row: &Row, mishap: Mishap) -> Result<(), String> {
    let house = House::new().await;
    // What surrounds the object is there already, so that the pattern meets the object alone.
    if !row.around.is_empty() {
        house.run(Goal::Stack(row.around)).await?;
    }
    let stack = format!("{}\n[resource.{}.it]\n{}\n", row.around, row.kind, row.body);
    match mishap {
        Mishap::KilledAfter => killed(&house, row, &stack, Rule::holds_answer).await?,
        Mishap::KilledBefore => killed(&house, row, &stack, Rule::holds_request).await?,
        Mishap::LostAnswer => house.emulator.proxy().add(Rule::on(row.made_by).loses_answer().first(1)),
        Mishap::LostRequest => house.emulator.proxy().add(Rule::on(row.made_by).loses_request().first(1)),
    }
    let report = house.run(Goal::Stack(&stack)).await?;
    if report.status.is_some_and(|status| status != Status::Complete) {
        return Err(format!("the run ended {:?}: {:?}", report.status, report.failures));
    }
    let again = house.plan(&stack).await?;
    if !again.actions.is_empty() {
        return Err(format!("there is still something to do: {:?}", again.changes));
    }
    let gone = house.run(Goal::Nothing).await?;
    let left = house.emulator.left().await;
    match (gone.status, left.is_empty()) {
        (Some(Status::Complete), true) => Ok(()),
        _ => Err(format!("there is left {left:?}; {:?}", gone.failures)),
    }
}

async fn killed(house: &House, row: &Row, stack: &str, rule: fn(Rule, &Gate) -> Rule) -> Result<(), String> {
    let (proxy, gate) = (house.emulator.proxy(), Gate::closed());
    let before = proxy.count(row.made_by);
    proxy.add(rule(Rule::on(row.made_by), &gate).first(1));
    let held = async {
        proxy.arrival(row.made_by, before + 1).await;
        tokio::time::sleep(ARRIVING).await;
    };
    if let Some(ended) = house.run_until(Goal::Stack(stack), held).await {
        return Err(format!("the run ended before it was killed: {ended:?}"));
    }
    gate.open();
    tokio::time::sleep(ARRIVING).await;
    house.run(Goal::Recover).await.map(drop).map_err(|why| format!("recovery: {why}"))
}
