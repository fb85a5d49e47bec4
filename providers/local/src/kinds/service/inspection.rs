//! How a service is doing, for people: what its supervisor says, or what is left of it when that is gone.

use std::path::Path;
use std::time::Duration;

use siac_core::model::inspection::{Amount, Health, Inspection, Instance, Reading, Release, names};
use siac_core::model::snapshot::{Object, artifact_digest};
use siac_core::model::value::Value;
use siac_core::ports::Fault;
use tokio::time::timeout;

use super::{living, url};
use crate::machine::Machine;
use crate::moment;
use crate::process::{Identity, now};
use crate::supervisor::{self, ProcessState, ProcessStatus, ReleaseStatus, Status, recorded};

/// How long a supervisor may take to say how it is when a person waits for the answer. A choice of this project.
const PATIENCE: Duration = Duration::from_millis(800);
/// Who came back longer ago than this, in milliseconds, is well again. As long as the supervisor counts failures in a row.
const STEADY: u64 = 60_000;

/// How the service of this object is doing.
pub async fn inspect(machine: &Machine, object: &Object) -> Result<Inspection, Fault> {
    let folder = machine.services().join(&object.remote);
    match timeout(PATIENCE, living(&folder)).await {
        Ok(living) => Ok(match living? {
            Some(status) => described(&status, remembered(object).as_deref(), now()),
            None => gone(&folder),
        }),
        Err(_) => Ok(silent(&folder)),
    }
}

/// The digest of the release that is remembered.
fn remembered(object: &Object) -> Option<String> {
    let source = object.inputs.get("source").and_then(Value::as_str)?;
    artifact_digest(source).map(|digest| digest.to_string())
}

fn silent(folder: &Path) -> Inspection {
    let process = recorded(folder).and_then(|status| status.supervisor).map(|own| format!(" (process {})", own.pid));
    let process = process.unwrap_or_default();
    Inspection::new(Health::Unknown, format!("its supervisor{process} lives and does not answer"))
}

/// What there is to say when no supervisor lives.
fn gone(folder: &Path) -> Inspection {
    let Some(status) = recorded(folder) else {
        return Inspection::new(Health::Gone, "nothing of it is on this machine");
    };
    let is_older = |own: &Identity| Identity::own().is_some_and(|here| here.boot != own.boot);
    let why = match status.supervisor.as_ref().is_some_and(is_older) {
        true => "the machine was started again since, and services do not start by themselves",
        false => "its supervisor was killed",
    };
    let left: Vec<i32> = status.children.iter().filter(|child| child.is_alive()).map(|child| child.pid).collect();
    let summary = match left.as_slice() {
        [] => why.to_owned(),
        [one] => format!("{why}; process {one} still runs, and nobody connects to it"),
        many => format!("{why}; {} of its processes still run, and nobody connects to them", many.len()),
    };
    let instance = |pid: &i32| Instance {
        name: format!("process {pid}"),
        health: Health::Unknown,
        since: None,
        readings: vec![process_number(*pid)],
    };
    let instances: Vec<Instance> = left.iter().map(instance).collect();
    let name = status.digests.first().cloned().unwrap_or_default();
    let release = Release { name, share: None, readings: Vec::new(), instances };
    Inspection { releases: vec![release], ..Inspection::new(Health::Gone, summary) }
}

/// What a supervisor says of itself, in words that every provider uses.
fn described(status: &Status, remembered: Option<&str>, now: u64) -> Inspection {
    let serving: Vec<&ProcessStatus> =
        status.releases.iter().filter(|release| release.weight > 0).flat_map(|release| &release.processes).collect();
    let (health, summary) = judged(status, &serving, now);
    let other = under_way(status).or_else(|| other_release(status, remembered)).filter(|_| summary.is_empty());
    let since = serving.iter().map(|process| process.since).max().unwrap_or(status.since);
    Inspection {
        health,
        summary: other.unwrap_or(summary),
        since: Some(since).filter(|since| *since > 0).map(moment::text_of),
        readings: readings(status, &serving),
        releases: status.releases.iter().map(release).collect(),
    }
}

/// How far an update is that is under way.
fn under_way(status: &Status) -> Option<String> {
    let shift = status.shift.as_ref()?;
    let Some(weight) = shift.step.checked_sub(1).and_then(|step| shift.steps.get(step)) else {
        return Some("a new release is being started".to_owned());
    };
    let (step, of) = (shift.step, shift.steps.len());
    Some(format!("a new release gets {weight} % of the new connections, step {step} of {of}"))
}

/// What runs, when it is something else than what is remembered: an update may be under way, or have been cut off.
fn other_release(status: &Status, remembered: Option<&str>) -> Option<String> {
    let runs = status.releases.first()?.digest.as_deref()?;
    let remembered = remembered.filter(|remembered| *remembered != runs)?;
    let short = |digest: &str| digest.get(..8).unwrap_or(digest).to_owned();
    Some(format!("release {} runs, while {} is remembered", short(runs), short(remembered)))
}

/// How it is doing, and why.
fn judged(status: &Status, serving: &[&ProcessStatus], now: u64) -> (Health, String) {
    let ready = serving.iter().filter(|process| process.state == ProcessState::Ready).count();
    if status.health == supervisor::Health::Failing || (ready == 0 && !serving.is_empty()) {
        return failing(serving);
    }
    let shaken = serving.iter().find(|process| process.restarts > 0 && now.saturating_sub(process.since) < STEADY);
    match shaken {
        _ if ready < serving.len() => {
            (Health::Degraded, format!("{ready} of {} processes take connections", serving.len()))
        }
        Some(process) => {
            let (times, how) = (times(process.restarts), ended(process));
            (Health::Degraded, format!("the process {how} a moment ago and was started again; so far {times}"))
        }
        None => (Health::Healthy, String::new()),
    }
}

fn failing(serving: &[&ProcessStatus]) -> (Health, String) {
    let Some(process) = serving.iter().find(|process| process.state != ProcessState::Ready) else {
        return (Health::Failing, "it serves nobody".to_owned());
    };
    let how = ended(process);
    match process.state {
        ProcessState::Starting if process.last_exit.is_none() => {
            (Health::Starting, "it does not answer yet".to_owned())
        }
        ProcessState::Starting => (Health::Failing, format!("the process {how} and is being started again")),
        ProcessState::Ended => (Health::Failing, format!("the process {how} and is not started again")),
        _ => (Health::Failing, format!("the process {how} and is started again after a pause")),
    }
}

fn ended(process: &ProcessStatus) -> String {
    process.last_exit.as_ref().map_or_else(|| "ended".to_owned(), |how| format!("ended {how}"))
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn readings(status: &Status, serving: &[&ProcessStatus]) -> Vec<Reading> {
    let host = status.shown.get("host").and_then(Value::as_str).unwrap_or("127.0.0.1");
    let all = || status.releases.iter().flat_map(|release| &release.processes);
    let memory = all().filter_map(|process| process.memory).reduce(|sum, memory| sum + memory);
    let restarts = serving.iter().map(|process| u64::from(process.restarts)).sum();
    let last = serving.iter().filter(|process| process.last_exit.is_some()).max_by_key(|process| process.since);
    let last = last.and_then(|process| process.last_exit.clone());
    let counted = |count: fn(&ReleaseStatus) -> u64| status.releases.iter().map(count).sum();
    let mut readings = vec![Reading::new(names::URL, Amount::Text(url(host, status.port)))];
    readings.extend(memory.map(|memory| Reading::new(names::MEMORY, Amount::Bytes(memory))));
    if !status.releases.is_empty() {
        readings.extend([
            Reading::new(names::CONNECTIONS, Amount::Count(counted(|release| release.connections))),
            Reading::new(names::REQUESTS, Amount::Count(counted(|release| release.requests))),
            Reading::new(names::RESTARTS, Amount::Count(restarts)),
        ]);
    }
    readings.extend(last.map(|how| Reading::new(names::LAST_EXIT, Amount::Text(how))));
    readings.extend(status.supervisor.iter().map(|own| Reading::new("supervisor", Amount::Text(own.pid.to_string()))));
    readings.extend(
        (status.since > 0).then(|| Reading::new("supervisor since", Amount::Moment(moment::text_of(status.since)))),
    );
    readings.extend(status.memory.map(|memory| Reading::new("supervisor memory", Amount::Bytes(memory))));
    readings
}

fn release(status: &ReleaseStatus) -> Release {
    let failures = (status.failures > 0).then(|| Reading::new("failures", Amount::Count(status.failures)));
    Release {
        name: status.digest.clone().unwrap_or_default(),
        share: Some(status.weight).filter(|weight| *weight > 0),
        readings: [
            Reading::new(names::CONNECTIONS, Amount::Count(status.connections)),
            Reading::new(names::REQUESTS, Amount::Count(status.requests)),
        ]
        .into_iter()
        .chain(failures)
        .collect(),
        instances: status.processes.iter().map(instance).collect(),
    }
}

fn instance(process: &ProcessStatus) -> Instance {
    let health = match process.state {
        ProcessState::Ready | ProcessState::Leaving => Health::Healthy,
        ProcessState::Starting => Health::Starting,
        ProcessState::Pausing | ProcessState::Ended => Health::Failing,
    };
    let mut readings: Vec<Reading> = process.pid.map(process_number).into_iter().collect();
    readings.extend(process.memory.map(|memory| Reading::new(names::MEMORY, Amount::Bytes(memory))));
    readings.push(Reading::new(names::RESTARTS, Amount::Count(process.restarts.into())));
    readings.extend(process.last_exit.clone().map(|how| Reading::new(names::LAST_EXIT, Amount::Text(how))));
    Instance {
        name: process.pid.map_or_else(|| "no process".to_owned(), |pid| format!("process {pid}")),
        health,
        since: Some(process.since).filter(|since| *since > 0).map(moment::text_of),
        readings,
    }
}

fn process_number(pid: i32) -> Reading {
    Reading::new(names::PROCESS, Amount::Text(pid.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use siac_core::model::identity::OpId;

    use super::*;
    use crate::supervisor::Shift;

    const NOW: u64 = 1_795_262_400_000;

    fn process(state: ProcessState, ago: u64, restarts: u32, last_exit: Option<&str>) -> ProcessStatus {
        ProcessStatus {
            pid: Some(41),
            state,
            since: NOW - ago,
            restarts,
            last_exit: last_exit.map(str::to_owned),
            memory: Some(3 << 20),
        }
    }

    fn status(processes: Vec<ProcessStatus>) -> Status {
        let release = ReleaseStatus {
            op: OpId([1; 16]),
            digest: Some("9a".repeat(32)),
            weight: 100,
            processes,
            connections: 2,
            requests: 7,
            failures: 0,
        };
        let leaving =
            ReleaseStatus { weight: 0, processes: vec![process(ProcessState::Leaving, 5, 9, None)], ..release.clone() };
        Status {
            format: 2,
            supervisor: None,
            since: NOW - 100_000,
            memory: Some(1 << 20),
            children: Vec::new(),
            op: None,
            port: 8080,
            health: supervisor::Health::Running,
            digests: Vec::new(),
            shown: BTreeMap::new(),
            releases: vec![release, leaving],
            shift: None,
        }
    }

    fn seen(processes: Vec<ProcessStatus>) -> Inspection {
        described(&status(processes), Some(&"9a".repeat(32)), NOW)
    }

    #[test]
    fn a_service_that_serves_is_healthy_and_its_parts_are_counted() {
        let seen = seen(vec![process(ProcessState::Ready, 90_000, 0, None); 2]);
        assert_eq!((seen.health, seen.summary.as_str()), (Health::Healthy, ""));
        assert_eq!(seen.since.as_deref(), Some("2026-11-21T11:58:30.000Z"));
        assert_eq!(seen.amount(names::MEMORY), Some(&Amount::Bytes(9 << 20)), "what leaves holds memory, too");
        assert_eq!(seen.amount(names::CONNECTIONS), Some(&Amount::Count(4)));
        assert_eq!(seen.amount(names::RESTARTS), Some(&Amount::Count(0)));
        assert_eq!(seen.amount(names::URL), Some(&Amount::Text("http://127.0.0.1:8080".to_owned())));
        assert_eq!(seen.releases.iter().map(|release| release.share).collect::<Vec<_>>(), [Some(100), None]);
    }

    #[test]
    fn a_service_that_does_not_serve_says_why() {
        let exit = Some("with exit code 1");
        for (state, last_exit, health, why) in [
            (
                ProcessState::Pausing,
                exit,
                Health::Failing,
                "the process ended with exit code 1 and is started again after a pause",
            ),
            (ProcessState::Ended, exit, Health::Failing, "the process ended with exit code 1 and is not started again"),
            (
                ProcessState::Starting,
                exit,
                Health::Failing,
                "the process ended with exit code 1 and is being started again",
            ),
            (ProcessState::Starting, None, Health::Starting, "it does not answer yet"),
        ] {
            let seen = seen(vec![process(state, 5_000, 3, last_exit)]);
            assert_eq!((seen.health, seen.summary.as_str()), (health, why));
        }
    }

    #[test]
    fn a_service_that_came_back_just_now_is_not_well_yet() {
        let back = |ago| seen(vec![process(ProcessState::Ready, ago, 4, Some("by signal 9"))]);
        assert_eq!(back(59_000).health, Health::Degraded);
        assert!(back(59_000).summary.contains("ended by signal 9 a moment ago"), "{}", back(59_000).summary);
        assert_eq!(back(61_000).health, Health::Healthy);
    }

    #[test]
    fn a_part_that_does_not_serve_degrades_the_whole() {
        let ready = process(ProcessState::Ready, 90_000, 0, None);
        let seen = seen(vec![ready.clone(), ready, process(ProcessState::Pausing, 1_000, 1, Some("by signal 9"))]);
        assert_eq!((seen.health, seen.summary.as_str()), (Health::Degraded, "2 of 3 processes take connections"));
    }

    #[test]
    fn an_update_that_is_under_way_is_told() {
        let status = status(vec![process(ProcessState::Ready, 90_000, 0, None)]);
        let summary = |step| {
            let shift = Some(Shift { op: OpId([2; 16]), steps: vec![10, 50], step, since: 0 });
            described(&Status { shift, ..status.clone() }, None, NOW).summary
        };
        assert_eq!(summary(0), "a new release is being started");
        assert_eq!(summary(2), "a new release gets 50 % of the new connections, step 2 of 2");
    }

    #[test]
    fn another_release_than_the_remembered_one_is_named() {
        let status = status(vec![process(ProcessState::Ready, 90_000, 0, None)]);
        let seen = described(&status, Some(&"b7".repeat(32)), NOW);
        assert_eq!(seen.summary, "release 9a9a9a9a runs, while b7b7b7b7 is remembered");
    }

    #[test]
    fn an_older_supervisor_says_less() {
        let status = Status { format: 1, since: 0, memory: None, releases: Vec::new(), ..status(Vec::new()) };
        let seen = described(&status, None, NOW);
        assert_eq!((seen.health, seen.since, seen.readings.len()), (Health::Healthy, None, 1));
        let status = Status { health: supervisor::Health::Failing, ..status };
        assert_eq!(described(&status, None, NOW).health, Health::Failing);
    }
}
