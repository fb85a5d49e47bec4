//! Microsoft's models know every request of the typed kinds: no name is misspelled, nothing has another type than its service takes.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::json;
use siac_arm_double::Exchange;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::house::{Goal, House};
use crate::rows::{Row, rows};

const REQUIREMENTS: &str = include_str!("../../../../tests/arm-double/official/requirements.txt");
const MODELS: &str = include_str!("../../../../tests/arm-double/official/models.py");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn microsofts_models_know_every_request() {
    let wanted = std::env::var("SIAC_ROW").unwrap_or_default();
    let room = Arc::new(Semaphore::new(4));
    let mut running = JoinSet::new();
    for row in rows().into_iter().filter(|row| row.kind != "azure_resource" && row.kind.contains(&wanted)) {
        let room = room.clone();
        running.spawn(async move {
            let _seat = room.acquire().await;
            written(&row).await
        });
    }
    let lines = running.join_all().await.concat();
    let said = tokio::task::spawn_blocking(move || looked_at(&lines)).await.unwrap();
    let last = said.lines().last().unwrap_or_default().to_owned();
    assert!(said.lines().count() == 1 && last.starts_with("looked at ") && !last.starts_with("looked at 0 "), "{said}");
}

/// The requests that make and change the object of a row, and what surrounds it.
async fn written(row: &Row) -> Vec<String> {
    let house = House::new();
    for body in [row.body, row.updated].into_iter().filter(|body| !body.is_empty()) {
        let stack = format!("{}\n[resource.{}.it]\n{body}\n", row.around, row.kind);
        house.run(Goal::Stack(&stack)).await.unwrap_or_else(|why| panic!("{}: {why}", row.kind));
    }
    let exchanges = house.double.exchanges();
    let is_write = |exchange: &&Exchange| exchange.is("^(PUT|PATCH) /subscriptions/") && exchange.status < 300;
    let line = |exchange: &Exchange| {
        let (method, path) = exchange.what.split_once(' ').unwrap_or_default();
        json!({ "method": method, "path": path, "body": exchange.body }).to_string()
    };
    exchanges.iter().filter(is_write).map(line).collect()
}

/// What the models say.
fn looked_at(lines: &[String]) -> String {
    let python = siac_emulators::python_with("azure-mgmt", REQUIREMENTS);
    let mut child = Command::new(python)
        .args(["-c", MODELS])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the installed Python starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(lines.join("\n").as_bytes()).expect("the models read on");
    drop(input);
    let output = child.wait_with_output().expect("the models come to an end");
    assert!(output.status.success(), "the models failed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
