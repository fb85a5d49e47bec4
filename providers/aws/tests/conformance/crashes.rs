//! A run that dies between a call and the journal, and answers that are lost: nothing is orphaned, nothing is made twice.

use std::sync::Arc;
use std::time::Duration;

use siac_core::model::snapshot::Status;
use siac_emulators::{Gate, Rule};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::house::{Goal, House};
use crate::rows::{Row, rows};

/// What is under way when it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The object is made.
    Making,
    /// It is changed in place.
    Changing,
    /// It is deleted.
    Deleting,
}

/// What befalls the call.
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

/// What is tried with each row.
const TRIALS: [(Moment, Mishap); 7] = [
    (Moment::Making, Mishap::KilledAfter),
    (Moment::Making, Mishap::KilledBefore),
    (Moment::Making, Mishap::LostAnswer),
    (Moment::Making, Mishap::LostRequest),
    (Moment::Changing, Mishap::KilledAfter),
    (Moment::Changing, Mishap::LostAnswer),
    (Moment::Deleting, Mishap::KilledAfter),
];

/// The words with which calls begin that change something.
const CHANGES: &str = "(Add|Associate|Attach|Change|Create|Delete|Deregister|Detach|Disable|Disassociate|Enable|Put|Register|Remove|Revoke|\
                       Schedule|Set|Tag|Unsubscribe|Untag|Update)";

/// How long what was let through may take to arrive. Should it take longer, the mishap is a milder one.
const ARRIVING: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_orphaned_and_nothing_made_twice() {
    let wanted = std::env::var("SIAC_ROW").unwrap_or_default();
    let room = Arc::new(Semaphore::new(4));
    let mut running = JoinSet::new();
    for row in rows().into_iter().filter(|row| row.kind.contains(&wanted)) {
        let has_it = |moment| match moment {
            Moment::Making => true,
            Moment::Changing => !row.updated.is_empty(),
            Moment::Deleting => !row.is_left,
        };
        for (moment, mishap) in TRIALS.into_iter().filter(|(moment, _)| has_it(*moment)) {
            let room = room.clone();
            running.spawn(async move {
                let _seat = room.acquire().await;
                let survived = survives(&row, moment, mishap).await;
                survived.map_err(|why| format!("{} {moment:?} {mishap:?}: {why}", row.kind))
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

/// The stack before and after, and the call that it happens to.
fn scene(row: &Row, moment: Moment) -> (String, String, String) {
    let with = |body: &str| format!("{}\n[resource.{}.it]\n{body}\n", row.around, row.kind);
    let service = row.made_by.split('.').next().unwrap_or_default();
    let change = format!("^{service}[.]{CHANGES}");
    match moment {
        // What surrounds the object is there already, so that the pattern meets the object alone.
        Moment::Making => (row.around.to_owned(), with(row.body), row.made_by.to_owned()),
        Moment::Changing => (with(row.body), with(row.updated), change),
        Moment::Deleting => (with(row.body), row.around.to_owned(), change),
    }
}

async fn survives(row: &Row, moment: Moment, mishap: Mishap) -> Result<(), String> {
    let house = House::with_moto(row.moto).await;
    let (before, stack, call) = scene(row, moment);
    if !before.is_empty() {
        house.run(Goal::Stack(&before)).await?;
    }
    match mishap {
        Mishap::KilledAfter => killed(&house, &call, &stack, Rule::holds_answer).await?,
        Mishap::KilledBefore => killed(&house, &call, &stack, Rule::holds_request).await?,
        Mishap::LostAnswer => house.proxy(&call).add(Rule::on(&call).loses_answer().first(1)),
        Mishap::LostRequest => house.proxy(&call).add(Rule::on(&call).loses_request().first(1)),
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
    let left = house.left().await;
    match (gone.status, left.is_empty()) {
        (Some(Status::Complete) | None, true) => Ok(()),
        _ => Err(format!("there is left {left:?}; {:?}", gone.failures)),
    }
}

async fn killed(house: &House, call: &str, stack: &str, rule: fn(Rule, &Gate) -> Rule) -> Result<(), String> {
    let (proxy, gate) = (house.proxy(call), Gate::closed());
    let before = proxy.count(call);
    proxy.add(rule(Rule::on(call), &gate).first(1));
    let held = async {
        proxy.arrival(call, before + 1).await;
        tokio::time::sleep(ARRIVING).await;
    };
    if let Some(ended) = house.run_until(Goal::Stack(stack), held).await {
        return Err(format!("the run ended before it was killed: {ended:?}"));
    }
    gate.open();
    tokio::time::sleep(ARRIVING).await;
    house.run(Goal::Recover).await.map(drop).map_err(|why| format!("recovery: {why}"))
}

/// What of making an object comes after the call that makes it: the stack, and the call.
const STEPS: [(&str, &str); 4] = [
    (
        r#"
            [resource.aws_iam_role.it]
            assume_role_policy = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })}'

            [resource.aws_lambda_function.it]
            role = "${aws_iam_role.it.arn}"
            filename = "code"
            handler = "index.handler"
            runtime = "nodejs24.x"
            publish = true
        "#,
        "lambda.PublishVersion ",
    ),
    (
        r#"
            [resource.aws_cloudwatch_log_group.it]
            retention_in_days = 7
        "#,
        "logs.PutRetentionPolicy ",
    ),
    (
        r#"
            [resource.aws_dynamodb_table.it]
            hash_key = "id"
            attribute = [{ name = "id", type = "S" }]
            ttl = { attribute_name = "expires" }
        "#,
        "dynamodb.UpdateTimeToLive ",
    ),
    (
        r#"
            [resource.aws_dynamodb_table.it]
            hash_key = "id"
            attribute = [{ name = "id", type = "S" }]
            point_in_time_recovery = { enabled = true }
        "#,
        "dynamodb.UpdateContinuousBackups ",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_half_made_is_finished_and_not_made_again() {
    for (stack, call) in STEPS {
        for rule in [Rule::holds_answer, Rule::holds_request] {
            let house = House::new().await;
            killed(&house, call, stack, rule).await.unwrap();
            let report = house.run(Goal::Stack(stack)).await.unwrap();
            assert!(matches!(report.status, None | Some(Status::Complete)), "{call}: {:?}", report.failures);
            assert!(house.plan(stack).await.unwrap().actions.is_empty(), "{call}");
            // What the late request and recovery did is the same, and done once.
            assert!(house.emulator.proxy().count(call) <= 2, "{call}");
            assert_eq!(house.emulator.proxy().count("[.]Create(Function|Table|LogGroup) "), 1, "{call}");
            house.run(Goal::Nothing).await.unwrap();
            assert_eq!(house.emulator.left().await, Vec::<String>::new(), "{call}");
        }
    }
}
