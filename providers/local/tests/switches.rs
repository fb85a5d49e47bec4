//! How releases take over: step by step, with a share, and back again when they fail; whatever is killed meanwhile.
//! Processes are counted as Linux shows them.
#![cfg(target_os = "linux")]

mod bench;
mod web;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bench::{Bench, secret, with};
use siac_core::model::identity::OpId;
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Fault, Verdict};
use web::{
    KIND, first_word, free_port, get, has_node, is_alive, kill, status, try_status, until, upgraded, variables, web,
    word,
};

fn canary(service: &Known, bake: &str) -> Known {
    with(service, "traffic", attributes! { "strategy": "canary", "steps": [20, 50, 100], "bake": bake })
}

fn fixed(service: &Known) -> Known {
    with(service, "traffic", attributes! { "strategy": "fixed", "share": 20 })
}

/// An update that goes on by itself.
fn begin(bench: &Arc<Bench>, op: OpId, made: &Object, wanted: Known) -> tokio::task::JoinHandle<Result<Object, Fault>> {
    let (bench, made) = (Arc::clone(bench), made.clone());
    tokio::spawn(async move { bench.update(KIND, op, &made, &wanted).await })
}

/// The step that an update is at; `None` when none is under way.
fn step(bench: &Bench, made: &Object) -> Option<u64> {
    try_status(bench, made)?["shift"]["step"].as_u64()
}

fn until_step(bench: &Bench, made: &Object, wanted: u64) {
    until("the step is reached", || step(bench, made).filter(|step| *step >= wanted));
}

/// How often each word is the answer to so many connections.
fn words(port: u16, count: usize) -> BTreeMap<String, usize> {
    let mut words = BTreeMap::new();
    for _ in 0..count {
        *words.entry(word(port).expect("an answer")).or_default() += 1;
    }
    words
}

fn counted<const N: usize>(words: [(&str, usize); N]) -> BTreeMap<String, usize> {
    words.into_iter().map(|(word, count)| (word.to_owned(), count)).collect()
}

/// The processes that carry the mark of a service.
fn marked(made: &Object) -> usize {
    let mark = format!("SIAC_SERVICE={}", made.remote);
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let environments = processes.filter_map(|entry| std::fs::read(entry.path().join("environ")).ok());
    environments.filter(|bytes| bytes.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())).count()
}

/// Somebody who asks again and again, on a new connection each time, and remembers what went wrong.
struct Asker(Arc<AtomicBool>, JoinHandle<Vec<String>>);

impl Asker {
    fn begin(port: u16) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let asking = move || {
            let mut wrong = Vec::new();
            while !over.load(Ordering::Relaxed) {
                match get(port, "/") {
                    Some(answer) if answer.status == 200 => {}
                    other => wrong.push(format!("{other:?}")),
                }
            }
            wrong
        };
        Self(is_over, std::thread::spawn(asking))
    }

    fn end(self) -> Vec<String> {
        self.0.store(true, Ordering::Relaxed);
        self.1.join().unwrap()
    }
}

fn why(outcome: Result<Object, Fault>) -> String {
    match outcome {
        Err(Fault::Rejected { why }) => why,
        other => panic!("this was to be refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_gets_more_from_step_to_step() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Arc::new(Bench::new()), free_port());
    let made = bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let asker = Asker::begin(port);
    let updating = begin(&bench, bench.op(), &made, canary(&web(port, "two"), "2s"));
    for (number, share) in [(1, 20), (2, 50), (3, 100)] {
        until_step(&bench, &made, number);
        let told = status(&bench, &made);
        if told["shift"]["step"] == number {
            let weights: Vec<u64> =
                told["releases"].as_array().unwrap().iter().map(|it| it["weight"].as_u64().unwrap()).collect();
            assert_eq!(weights, [100 - share, share], "{told}");
        }
        let seen = bench.look(KIND, &made).await.unwrap();
        let planned = bench.plan(KIND, Some(&seen), &web(port, "one"));
        assert!(updating.is_finished() || planned.verdict == Verdict::Keep, "what is under way is no drift");
    }
    updating.await.unwrap().unwrap();
    assert_eq!(words(port, 10), counted([("two", 10)]));
    assert_eq!(asker.end(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_is_kept_exactly() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    let made = bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let made = bench.update(KIND, bench.op(), &made, &fixed(&web(port, "two"))).await.unwrap();
    assert_eq!(words(port, 50), counted([("one", 40), ("two", 10)]));
    let seen = bench.look(KIND, &made).await.unwrap();
    assert_eq!(bench.plan(KIND, Some(&seen), &fixed(&web(port, "two"))).verdict, Verdict::Keep, "a split is no drift");
    let made = bench.update(KIND, bench.op(), &made, &fixed(&web(port, "three"))).await.unwrap();
    assert_eq!(words(port, 50), counted([("one", 40), ("three", 10)]), "the newer of the two was replaced");
    let unwell = with(&web(port, "x"), "health", attributes! { "path": "/nowhere", "within": "500ms" });
    assert!(why(bench.update(KIND, bench.op(), &made, &unwell).await).contains("answers 404"));
    assert_eq!(words(port, 10), counted([("one", 8), ("three", 2)]), "a refusal leaves the split as it was");
    bench.update(KIND, bench.op(), &made, &web(port, "four")).await.unwrap();
    assert_eq!(words(port, 10), counted([("four", 10)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_answers_with_failures_is_taken_back() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Arc::new(Bench::new()), free_port());
    let made = bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let failing = variables(&canary(&web(port, "two"), "20s"), attributes! { "FAILING": "1" });
    let asker = Asker::begin(port);
    let why = why(begin(&bench, bench.op(), &made, failing).await.unwrap());
    assert!(why.contains("requests with 500 or above, the release before it 0 of"), "{why}");
    assert!(why.contains("listening as two"), "its last lines: {why}");
    assert_eq!(words(port, 10), counted([("one", 10)]));
    assert!(asker.end().iter().all(|wrong| wrong.contains("two ")), "only the canary's own answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_ends_or_falls_ill_is_taken_back() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Arc::new(Bench::new()), free_port());
    let made = bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let asker = Asker::begin(port);
    let updating = begin(&bench, bench.op(), &made, canary(&web(port, "two"), "20s"));
    until_step(&bench, &made, 1);
    let canary_pid = status(&bench, &made)["releases"][1]["processes"][0]["pid"].as_i64().unwrap();
    kill(i32::try_from(canary_pid).unwrap());
    let said = why(updating.await.unwrap());
    assert!(said.contains("a process of it ended by signal 9"), "{said}");
    let ill = variables(&canary(&web(port, "two"), "2s"), attributes! { "SICK_AFTER": "1500" });
    let said = why(bench.update(KIND, bench.op(), &made, &ill).await);
    assert!(said.contains("its probe failed: `/health` answers 503"), "{said}");
    assert_eq!(words(port, 10), counted([("one", 10)]));
    assert_eq!(asker.end(), Vec::<String>::new(), "what the dead one had begun was asked of the other");
    until("nothing is left of them", || (marked(&made) == 1).then_some(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_goes_on_without_siac_and_tells_its_end_to_whoever_asks_again() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Arc::new(Bench::new()), free_port());
    let made = bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let (op, wanted) = (bench.op(), canary(&web(port, "two"), "700ms"));
    let killed = begin(&bench, op, &made, wanted.clone());
    until_step(&bench, &made, 1);
    killed.abort();
    assert!(bench.can_resume(op), "recovery issues the operation again");
    until_step(&bench, &made, 2);
    let path = format!(".siac/services/{}/status.json", made.remote);
    let written = until("its place is written down", || {
        let written: serde_json::Value = serde_json::from_str(&bench.text(&path)).ok()?;
        (written["shift"]["step"].as_u64()? >= 2).then_some(written)
    });
    assert_eq!(written["shift"]["steps"], serde_json::json!([20, 50, 100]));
    bench.update(KIND, op, &made, &wanted).await.unwrap();
    assert_eq!(words(port, 10), counted([("two", 10)]));
    let (op, failing) =
        (bench.op(), variables(&canary(&web(port, "three"), "700ms"), attributes! { "SICK_AFTER": "1200" }));
    let killed = begin(&bench, op, &made, failing.clone());
    until_step(&bench, &made, 1);
    killed.abort();
    until("the canary has failed", || step(&bench, &made).is_none().then_some(()));
    let said = why(bench.update(KIND, op, &made, &failing).await);
    assert!(said.contains("its probe failed"), "{said}");
    assert_eq!(words(port, 10), counted([("two", 10)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_update_takes_the_place_of_one_under_way() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Arc::new(Bench::new()), free_port());
    let made = bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let first = begin(&bench, bench.op(), &made, canary(&web(port, "two"), "20s"));
    until_step(&bench, &made, 1);
    bench.update(KIND, bench.op(), &made, &web(port, "three")).await.unwrap();
    assert!(why(first.await.unwrap()).contains("a later update took its place"));
    assert_eq!(words(port, 10), counted([("three", 10)]));
    until("the others have ended", || (marked(&made) == 1).then_some(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_that_is_killed_during_an_update_brings_the_recorded_release_back_first() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Arc::new(Bench::new()), free_port());
    let token = || {
        attributes! { "TOKEN": "x" }.as_map().unwrap().keys().map(|name| (name.clone(), secret("hunter2"))).collect()
    };
    let secretive = |service: &Known| variables(service, Value::Map(token()));
    let made = bench.create(KIND, bench.op(), &secretive(&web(port, "one"))).await.unwrap();
    let (op, wanted) = (bench.op(), canary(&secretive(&web(port, "two")), "700ms"));
    let updating = begin(&bench, op, &made, wanted.clone());
    until_step(&bench, &made, 1);
    let supervisor = status(&bench, &made)["supervisor"]["pid"].as_i64().unwrap();
    kill(i32::try_from(supervisor).unwrap());
    assert!(matches!(updating.await.unwrap(), Err(Fault::Transient { .. })));
    let again = begin(&bench, op, &made, wanted);
    until_step(&bench, &made, 1);
    assert_eq!(words(port, 5), counted([("one", 4), ("two", 1)]), "the old release serves again");
    again.await.unwrap().unwrap();
    assert_eq!(words(port, 5), counted([("two", 5)]));
    until("one supervisor, one release, no stray process", || (marked(&made) == 1).then_some(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_needs_all_its_processes_and_loses_none_of_them() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    let three = |word| with(&web(port, word), "processes", Value::number(3_i64));
    let made = bench.create(KIND, bench.op(), &three("one")).await.unwrap();
    let processes =
        |at: usize| status(&bench, &made)["releases"][at]["processes"].as_array().cloned().unwrap_or_default();
    let pids: Vec<i32> = processes(0).iter().map(|it| i32::try_from(it["pid"].as_i64().unwrap()).unwrap()).collect();
    assert_eq!(pids.len(), 3);
    let asker = Asker::begin(port);
    let unwell = variables(&three("two"), attributes! { "UNWELL": "1" });
    let unwell = with(&unwell, "health", attributes! { "path": "/health", "within": "1s" });
    assert!(why(bench.update(KIND, bench.op(), &made, &unwell).await).contains("listening as two"));
    kill(pids[1]);
    until("it is back", || (processes(0)[1]["restarts"] == 1).then_some(()));
    bench.update(KIND, bench.op(), &made, &three("three")).await.unwrap();
    assert_eq!(asker.end(), Vec::<String>::new());
    until("three are left", || (marked(&made) == 3).then_some(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stops_answers_what_it_has_begun() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    let made = bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let slow = std::thread::spawn(move || get(port, "/slow?ms=800"));
    until("it is under way", || (status(&bench, &made)["releases"][0]["connections"] == 1).then_some(()));
    let (mut socket, _) = upgraded(port);
    bench.delete(KIND, bench.op(), &made).await.unwrap();
    assert_eq!(slow.join().unwrap().map(|answer| answer.body).as_deref(), Some("one"));
    assert_eq!(socket.line().as_deref(), Some("bye"));
    assert!(get(port, "/").is_none() && marked(&made) == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_at_random_moments_leaves_one_supervisor_and_one_release() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Arc::new(Bench::new()), free_port());
    let two = |word: &str| with(&web(port, word), "processes", Value::number(2_i64));
    let mut made = bench.create(KIND, bench.op(), &two("w0")).await.unwrap();
    for round in 1..=6_u64 {
        let (op, wanted) = (bench.op(), two(&format!("w{round}")));
        let updating = begin(&bench, op, &made, wanted.clone());
        // Moments spread over an update, which takes some hundred milliseconds.
        tokio::time::sleep(Duration::from_millis(round * 67 % 400)).await;
        let told = try_status(&bench, &made).unwrap_or_default();
        let victims = [&told["supervisor"], &told["children"][0], &told["children"][3]];
        let victim = victims[usize::try_from(round % 3).unwrap()]["pid"].as_i64();
        if let Some(victim) = victim.and_then(|pid| i32::try_from(pid).ok()).filter(|pid| is_alive(*pid)) {
            kill(victim);
        }
        if round % 2 == 0 {
            updating.abort();
        }
        // What the next run does: the operation again, or a new object when the service is gone.
        let _ = updating.await;
        made = match bench.update(KIND, op, &made, &wanted).await {
            Ok(made) => made,
            Err(_) => bench.update(KIND, bench.op(), &made, &wanted).await.unwrap(),
        };
        until("the release serves", || (word(port)? == format!("w{round}")).then_some(()));
        until("two processes are left", || (marked(&made) == 2).then_some(()));
        assert_eq!(std::fs::read_dir(bench.path(".siac/services")).unwrap().count(), 1);
    }
    assert_eq!(first_word(&get(port, "/").unwrap().body), "w6");
    bench.delete(KIND, bench.op(), &made).await.unwrap();
    assert_eq!(marked(&made), 0);
}
