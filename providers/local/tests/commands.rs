//! Commands run exactly once, whatever happens to the processes around them.

mod bench;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench::{Bench, secret, with};
use rustix::process::{Pid, Signal, kill_process};
use siac_core::model::address::Mode;
use siac_core::model::identity::OpId;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Catalogue, Fault, Verdict};

const KIND: &str = "local_command";

fn command(create: &str) -> Known {
    Value::map([("create", Value::string(create))])
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The process that claimed a run.
fn runner(bench: &Bench, op: OpId) -> Pid {
    let claim: serde_json::Value = serde_json::from_str(&bench.text(&format!(".siac/run/{op}/claim.json"))).unwrap();
    Pid::from_raw(i32::try_from(claim["pid"].as_i64().unwrap()).unwrap()).unwrap()
}

fn effects(bench: &Bench) -> usize {
    bench.text("effects").lines().count()
}

#[tokio::test]
async fn a_caller_that_dies_loses_no_effect_and_repeats_none() {
    let bench = Bench::new();
    let (op, slow) = (bench.op(), command("echo started >> effects; sleep 1; echo done"));
    tokio::select! {
        _ = bench.create(KIND, op, &slow) => panic!("the command takes a second"),
        () = until("it has started", || effects(&bench) == 1) => {}
    }
    // The caller is gone; the next one waits for the run that is under way.
    let made = bench.create(KIND, op, &slow).await.unwrap();
    assert_eq!(made.outputs.get("output"), Some(&Value::string("done\n")));
    assert_eq!(bench.create(KIND, op, &slow).await.unwrap().outputs, made.outputs);
    assert_eq!(effects(&bench), 1);
}

#[tokio::test]
async fn an_update_whose_caller_dies_is_issued_again_and_runs_once() {
    let bench = Bench::new();
    let of = |release: i64| {
        let all = with(&command("true"), "update", Value::string("echo started >> effects; sleep 1; echo done"));
        with(&all, "triggers", Value::map([("release", Value::number(release))]))
    };
    let made = bench.create(KIND, bench.op(), &of(1)).await.unwrap();
    let (op, second) = (bench.op(), of(2));
    tokio::select! {
        _ = bench.update(KIND, op, &made, &second) => panic!("the command takes a second"),
        () = until("it has started", || effects(&bench) == 1) => {}
    }
    assert!(bench.can_resume(op), "a look at the resource could not tell");
    let updated = bench.update(KIND, op, &made, &second).await.unwrap();
    assert_eq!(updated.outputs.get("output"), Some(&Value::string("done\n")));
    assert_eq!(effects(&bench), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_of_one_operation_have_one_effect() {
    let bench = Arc::new(Bench::new());
    let (op, command) = (bench.op(), command("echo once >> effects; sleep 0.1"));
    let call = |_| {
        let (bench, command) = (Arc::clone(&bench), command.clone());
        tokio::spawn(async move { bench.create(KIND, op, &command).await })
    };
    let calls: Vec<_> = (0..8).map(call).collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(effects(&bench), 1);
}

#[tokio::test]
async fn a_runner_that_is_killed_leaves_an_unknown_outcome_and_no_repetition() {
    let bench = Bench::new();
    let (op, slow) = (bench.op(), command("echo started >> effects; sleep 60"));
    tokio::select! {
        _ = bench.create(KIND, op, &slow) => panic!("the command takes a minute"),
        () = until("it has started", || effects(&bench) == 1) => {}
    }
    kill_process(runner(&bench, op), Signal::KILL).unwrap();
    for _ in 0..3 {
        let fault = bench.create(KIND, op, &slow).await.unwrap_err();
        assert!(matches!(&fault, Fault::Unknowable { why } if why.contains("siac recover")), "{fault}");
    }
    assert!(matches!(bench.find(KIND, op, &slow).await, Err(Fault::Unknowable { .. })));
    assert_eq!(effects(&bench), 1);
}

#[tokio::test]
async fn a_runner_that_is_asked_to_stop_stops_its_command_and_says_so() {
    let bench = Bench::new();
    let (op, slow) = (bench.op(), command("echo started >> effects; exec sleep 60"));
    tokio::select! {
        _ = bench.create(KIND, op, &slow) => panic!("the command takes a minute"),
        () = until("it has started", || effects(&bench) == 1) => {}
    }
    kill_process(runner(&bench, op), Signal::TERM).unwrap();
    let fault = bench.create(KIND, op, &slow).await.unwrap_err();
    assert!(matches!(&fault, Fault::Partial { why, .. } if why.contains("signal 15")), "{fault}");
}

#[tokio::test]
async fn a_command_that_fails_may_have_done_something() {
    let bench = Bench::new();
    let failing = command("echo half >> effects; echo reason >&2; exit 3");
    let fault = bench.create(KIND, bench.op(), &failing).await.unwrap_err();
    let Fault::Partial { observed, why } = fault else { panic!("{fault}") };
    assert!(why.contains("exit code 3") && why.contains("reason"), "{why}");
    assert_eq!(observed.outputs.get("exit_code"), Some(&Value::number(3_i64)));
}

#[tokio::test]
async fn an_update_that_fails_can_be_tried_again() {
    let bench = Bench::new();
    let updatable = |update: &str, release: i64| {
        let all = with(&command("true"), "update", Value::string(update));
        with(&all, "triggers", Value::map([("release", Value::number(release))]))
    };
    let made = bench.create(KIND, bench.op(), &updatable("exit 1", 1)).await.unwrap();
    let fault = bench.update(KIND, bench.op(), &made, &updatable("exit 1", 2)).await.unwrap_err();
    assert!(matches!(&fault, Fault::Rejected { why } if why.contains("exit code 1")), "{fault}");
    let updated = bench.update(KIND, bench.op(), &made, &updatable("echo better", 2)).await.unwrap();
    assert_eq!(updated.outputs.get("output"), Some(&Value::string("better\n")));
}

#[tokio::test]
async fn only_triggers_run_update() {
    let bench = Bench::new();
    let all = with(&command("true"), "update", Value::string("echo ran >> effects"));
    let made = bench.create(KIND, bench.op(), &all).await.unwrap();
    let changed = with(&all, "environment", Value::map([("A", secret("hunter2"))]));
    assert_eq!(bench.plan(KIND, Some(&made), &changed).verdict, Verdict::Update);
    bench.update(KIND, bench.op(), &made, &changed).await.unwrap();
    assert_eq!(effects(&bench), 0);
}

#[test]
fn without_update_new_triggers_make_a_new_object() {
    let bench = Bench::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let of = |release: i64| with(&command("true"), "triggers", Value::map([("release", Value::number(release))]));
    let made = runtime.block_on(bench.create(KIND, bench.op(), &of(1))).unwrap();
    let planned = bench.plan(KIND, Some(&made), &of(2));
    assert_eq!(planned.verdict, Verdict::Replace);
    assert_eq!(planned.requires_replace[0].to_string(), "triggers.release");
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_stopped_with_all_its_processes() {
    let bench = Bench::new();
    let slow = with(&command("sleep 61 & echo $! > pid; wait"), "timeout", Value::string("200ms"));
    let fault = bench.create(KIND, bench.op(), &slow).await.unwrap_err();
    assert!(matches!(&fault, Fault::Partial { why, .. } if why.contains("timeout")), "{fault}");
    let pid = bench.text("pid").trim().to_owned();
    until("its children are gone", || !is_alive(&pid)).await;
}

fn is_alive(pid: &str) -> bool {
    let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

#[tokio::test]
async fn a_missing_program_changes_nothing_and_is_named() {
    let bench = Bench::new();
    let missing = attributes! { "create": ["no-such-program-here", "--flag"] };
    let fault = bench.create(KIND, bench.op(), &missing).await.unwrap_err();
    assert!(matches!(&fault, Fault::Rejected { why } if why.contains("install `no-such-program-here`")), "{fault}");
    let nowhere = with(&command("true"), "working_directory", Value::string("no/such/folder"));
    let fault = bench.create(KIND, bench.op(), &nowhere).await.unwrap_err();
    assert!(matches!(&fault, Fault::Rejected { why } if why.contains("working_directory")), "{fault}");
}

#[tokio::test]
async fn a_command_sees_only_what_it_may() {
    let bench = Bench::new();
    let seen = with(&command("env; cat; pwd"), "environment", attributes! { "OWN": "x y" });
    let made = bench.create(KIND, bench.op(), &seen).await.unwrap();
    let output = made.outputs.get("output").unwrap().as_str().unwrap().to_owned();
    assert!(output.contains("OWN=x y") && output.contains("PATH="), "{output}");
    assert!(!output.contains("CARGO"), "the rest of the environment is not passed on: {output}");
    assert!(output.contains(bench.root().to_str().unwrap()), "{output}");
}

/// Every byte below a folder.
fn everything(folder: &Path, found: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => everything(&path, found),
            path => found.extend(std::fs::read(path).unwrap_or_default()),
        }
    }
}

#[tokio::test]
async fn secrets_are_written_nowhere_and_told_to_nobody() {
    let bench = Bench::new();
    let noisy =
        command("echo \"$TOKEN\"; echo \"x$TOKEN\" >&2; tr '\\0' ' ' < /proc/$PPID/cmdline >&2 2>/dev/null; exit 1");
    let noisy = with(&noisy, "environment", Value::map([("TOKEN", secret("hunter2-canary"))]));
    let fault = bench.create(KIND, bench.op(), &noisy).await.unwrap_err();
    let Fault::Partial { observed, why } = &fault else { panic!("{fault}") };
    assert!(why.contains("(sensitive value)") && !why.contains("canary"), "{why}");
    assert_eq!(observed.outputs.get("output"), Some(&Value::string("(sensitive value)\n")));
    let mut bytes = observed.private.clone();
    everything(&bench.root(), &mut bytes);
    assert!(!bytes.is_empty() && !String::from_utf8_lossy(&bytes).contains("canary"));
}

#[tokio::test]
async fn a_secret_in_the_command_itself_is_refused() {
    let bench = Bench::new();
    let leaking = Value::map([("create", secret("curl -H hunter2"))]);
    let fault = bench.create(KIND, bench.op(), &leaking).await.unwrap_err();
    assert!(matches!(&fault, Fault::Rejected { why } if why.contains("environment")), "{fault}");
    let empty = attributes! { "create": [] };
    assert!(bench.provider.validate(Mode::Managed, KIND, &empty.open()).has_errors());
}

#[tokio::test]
async fn a_delete_takes_sealed_variables_from_the_environment_or_says_which_it_lacks() {
    let bench = Bench::new();
    let all = with(&command("true"), "delete", Value::string("echo gone >> effects"));
    let all = with(&all, "environment", Value::map([("SIAC_TEST_NO_SUCH_VARIABLE", secret("hunter2"))]));
    let made = bench.create(KIND, bench.op(), &all).await.unwrap();
    let fault = bench.delete(KIND, bench.op(), &made).await.unwrap_err();
    assert!(matches!(&fault, Fault::Rejected { why } if why.contains("SIAC_TEST_NO_SUCH_VARIABLE")), "{fault}");
    let all = with(&all, "environment", Value::map([("HOME", secret("hunter2"))]));
    let made = bench.create(KIND, bench.op(), &all).await.unwrap();
    bench.delete(KIND, bench.op(), &made).await.unwrap();
    assert_eq!(effects(&bench), 1);
}

#[tokio::test]
async fn large_output_is_cut_and_a_left_process_is_not_waited_for() {
    let bench = Bench::new();
    let loud = command("head -c 300000 /dev/zero | tr '\\0' x; sleep 30 &");
    let start = Instant::now();
    let made = bench.create(KIND, bench.op(), &loud).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(15));
    assert_eq!(made.outputs.get("output").unwrap().as_str().unwrap().len(), 64 << 10);
}
