//! What runs, as `siac status` shows it.

use siac_cli::json_stream;
use siac_cli::render::services::{Looked, is_all_well, services};
use siac_cli::render::style::Style;
use siac_core::model::inspection::{Amount, Health, Inspection, Instance, Reading, Release, names};
use siac_engine::use_cases::inspecting::{Seen, Unreachable};

use crate::support::{address, assert_screen};

const SINCE: &str = "2026-11-20T12:00:00.000Z";

fn count(name: &str, count: u64) -> Reading {
    Reading::new(name, Amount::Count(count))
}

fn text(name: &str, text: &str) -> Reading {
    Reading::new(name, Amount::Text(text.to_owned()))
}

fn process(number: u32, health: Health, readings: Vec<Reading>) -> Instance {
    let number = number.to_string();
    let own = [text(names::PROCESS, &number), Reading::new(names::MEMORY, Amount::Bytes(50_541_363))];
    Instance {
        name: format!("process {number}"),
        health,
        since: Some(SINCE.to_owned()),
        readings: own.into_iter().chain(readings).collect(),
    }
}

fn release(digit: &str, share: Option<u8>, instances: Vec<Instance>) -> Release {
    let readings = vec![count(names::CONNECTIONS, 3), count(names::REQUESTS, 1_204)];
    Release { name: digit.repeat(32), share, readings, instances }
}

fn well() -> Inspection {
    let processes =
        vec![process(4711, Health::Healthy, vec![count(names::RESTARTS, 0)]), process(4712, Health::Healthy, vec![])];
    Inspection {
        since: Some(SINCE.to_owned()),
        readings: vec![
            text(names::URL, "http://127.0.0.1:3000"),
            Reading::new(names::MEMORY, Amount::Bytes(101_082_726)),
            count(names::CONNECTIONS, 3),
            count(names::REQUESTS, 1_204),
            count(names::RESTARTS, 0),
            text("supervisor", "4700"),
            Reading::new("supervisor memory", Amount::Bytes(3 << 20)),
        ],
        releases: vec![release("9a", Some(100), processes)],
        ..Inspection::new(Health::Healthy, "")
    }
}

fn crashing() -> Inspection {
    let exit = || vec![count(names::RESTARTS, 4), text(names::LAST_EXIT, "with exit code 1")];
    let process = Instance { name: "no process".into(), readings: exit(), ..process(1, Health::Failing, vec![]) };
    Inspection {
        since: Some("2026-11-20T14:02:02.000Z".to_owned()),
        readings: [vec![text(names::URL, "http://127.0.0.1:3001"), count(names::CONNECTIONS, 0)], exit()].concat(),
        releases: vec![release("77", Some(100), vec![process])],
        ..Inspection::new(Health::Failing, "the process ended with exit code 1 and is started again after a pause")
    }
}

/// Two releases that share the work, one of them with a process that does not come back.
fn canary() -> Inspection {
    let old = release("9a", Some(90), vec![process(4711, Health::Healthy, vec![])]);
    let exit = vec![text(names::LAST_EXIT, "by signal \x1b[2J9")];
    let new =
        release("b7", Some(10), vec![process(5100, Health::Healthy, vec![]), process(5101, Health::Failing, exit)]);
    let leaving = release("11", None, vec![process(300, Health::Healthy, vec![])]);
    Inspection {
        releases: vec![old, new, leaving],
        ..Inspection::new(Health::Degraded, "2 of 3 processes take connections")
    }
}

fn seen(at: &str, answer: Result<Inspection, String>) -> Seen {
    Seen { address: address(at), answer }
}

fn everything() -> Vec<Seen> {
    vec![
        seen("component.api.local_service.server", Ok(well())),
        seen(r#"component.edge["eu"].local_service.server"#, Ok(canary())),
        seen("component.ws.local_service.server", Ok(crashing())),
        seen(
            "local_service.killed",
            Ok(Inspection::new(
                Health::Gone,
                "its supervisor was killed; process 812 still runs, and nobody connects to it",
            )),
        ),
        seen("local_service.mute", Err("no answer within 5 s".into())),
    ]
}

fn unreachable() -> Vec<Unreachable> {
    let why = "the provider `far` acts on machine b, while this stack was deployed to machine a";
    vec![Unreachable { provider: "far".into(), why: why.into(), addresses: vec![address("x.y"), address("x.z")] }]
}

fn shown(seen: &[Seen], unreachable: &[Unreachable], is_detailed: bool, is_named: bool) -> String {
    let now = "2026-11-20T14:05:07Z".parse().expect("a moment");
    let looked = Looked { seen, unreachable, now, is_detailed, file: "stacks/my shop.toml", is_named };
    services(&looked, &Style::columns(100))
}

#[test]
fn everything_that_can_be_wrong_is_told_with_what_to_type_next() {
    assert_screen("services.txt", &shown(&everything(), &unreachable(), false, false));
    let named = shown(&everything(), &[], false, true);
    assert!(
        named.contains("siac logs component.ws.local_service.server --tail 50 --stack 'stacks/my shop.toml'\n"),
        "{named}"
    );
}

#[test]
fn what_is_named_is_told_in_detail() {
    assert_screen("service-detail.txt", &shown(&everything()[..1], &[], true, false));
}

#[test]
fn what_is_well_takes_little_room() {
    let all = vec![seen("local_service.a", Ok(well())), seen("local_service.b", Ok(well()))];
    let shown = shown(&all, &[], false, false);
    assert!(shown.ends_with("\n2 services, and all are healthy\n"), "{shown}");
    assert_eq!(shown.lines().count(), 9, "{shown}");
    assert!(is_all_well(&all, &[]) && !is_all_well(&all, &unreachable()) && !is_all_well(&everything(), &[]));
}

#[test]
fn a_stack_of_which_nothing_runs_says_nothing() {
    assert_eq!(shown(&[], &[], false, false), "");
}

#[test]
fn what_runs_for_machines() {
    let lines: Vec<serde_json::Value> = everything().iter().map(json_stream::service).collect();
    let document = serde_json::to_string_pretty(&lines).expect("JSON");
    assert_screen("services.json", &(document + "\n"));
}
