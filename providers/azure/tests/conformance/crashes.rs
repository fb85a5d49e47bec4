//! A run that dies between a call and the journal, and answers that are lost: nothing is orphaned, nothing is made twice.

use std::sync::Arc;
use std::time::Duration;

use siac_core::model::snapshot::Status;
use siac_emulators::{Gate, Proxy, Rule};
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
    /// It is accepted, and siac is killed while the operation goes on.
    KilledWhilePolling,
}

const MISHAPS: [Mishap; 5] =
    [Mishap::KilledAfter, Mishap::KilledBefore, Mishap::LostAnswer, Mishap::LostRequest, Mishap::KilledWhilePolling];

/// How long what was let through may take to arrive. Should it take longer, the mishap is a milder one.
const ARRIVING: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_orphaned_and_nothing_made_twice() {
    let wanted = std::env::var("SIAC_ROW").unwrap_or_default();
    let room = Arc::new(Semaphore::new(4));
    let mut running = JoinSet::new();
    for row in rows().into_iter().filter(|row| format!("{} {}", row.kind, row.name).contains(&wanted)) {
        for mishap in MISHAPS {
            let room = room.clone();
            running.spawn(async move {
                let _seat = room.acquire().await;
                let survived = survives(&row, mishap).await;
                survived.map_err(|why| format!("{} {} {mishap:?}: {why}", row.kind, row.name))
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
    let mut house = House::new();
    let proxy = Proxy::plain(house.double.address());
    house.endpoint = proxy.endpoint();
    // What surrounds the object is there already, so that the pattern meets the object alone.
    if !row.around.is_empty() {
        house.run(Goal::Stack(row.around)).await?;
    }
    let stack = format!("{}\n[resource.{}.it]\n{}\n", row.around, row.kind, row.body);
    match mishap {
        Mishap::KilledAfter => killed(&house, &proxy, row, &stack, Rule::holds_answer).await?,
        Mishap::KilledBefore => killed(&house, &proxy, row, &stack, Rule::holds_request).await?,
        Mishap::LostAnswer => proxy.add(Rule::on(&seen(row)).loses_answer().first(1)),
        Mishap::LostRequest => proxy.add(Rule::on(&seen(row)).loses_request().first(1)),
        Mishap::KilledWhilePolling => killed_while_polling(&house, row, &stack).await?,
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
    let left = house.double.left();
    match (gone.status, left.is_empty()) {
        (Some(Status::Complete), true) => Ok(()),
        _ => Err(format!("there is left {left:?}; {:?}", gone.failures)),
    }
}

/// The request that makes the object, as the proxy sees it: its path is followed by a query there.
fn seen(row: &Row) -> String {
    row.made_by.replace('$', "\\?")
}

async fn killed(
    house: &House,
    proxy: &Proxy,
    row: &Row,
    stack: &str,
    rule: fn(Rule, &Gate) -> Rule,
) -> Result<(), String> {
    let (pattern, gate) = (seen(row), Gate::closed());
    let before = proxy.count(&pattern);
    proxy.add(rule(Rule::on(&pattern), &gate).first(1));
    let held = async {
        proxy.arrival(&pattern, before + 1).await;
        tokio::time::sleep(ARRIVING).await;
    };
    if let Some(ended) = house.run_until(Goal::Stack(stack), held).await {
        return Err(format!("the run ended before it was killed: {ended:?}"));
    }
    gate.open();
    tokio::time::sleep(ARRIVING).await;
    house.run(Goal::Recover).await.map(drop).map_err(|why| format!("recovery: {why}"))
}

/// The next run goes on polling the same operation: it does not put anew.
async fn killed_while_polling(house: &House, row: &Row, stack: &str) -> Result<(), String> {
    house.double.hold(true);
    let puts = house.double.count(row.made_by);
    let held = async {
        while house.double.count(row.made_by) == puts {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(ARRIVING).await;
    };
    let ended = house.run_until(Goal::Stack(stack), held).await;
    house.double.hold(false);
    if let Some(ended) = ended {
        // A type that is ready at once has nothing to be polled.
        let report = ended?;
        return match report.status {
            Some(Status::Complete) => Ok(()),
            _ => Err(format!("{:?}", report.failures)),
        };
    }
    house.run(Goal::Recover).await.map(drop).map_err(|why| format!("recovery: {why}"))?;
    match house.double.count(row.made_by) - puts {
        1 => Ok(()),
        many => Err(format!("it was put {many} times")),
    }
}
