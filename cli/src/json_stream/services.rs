//! What runs, and what it says, as JSON objects.

use serde_json::{Map, Value as Json, json};
use siac_core::model::inspection::{Amount, Inspection, Instance, Reading, Release};
use siac_engine::use_cases::inspecting::{Seen, Telling, Unreachable};

use crate::render::services::health;

/// How one resource that runs is doing.
pub fn service(seen: &Seen) -> Json {
    let nothing = Inspection::new(health(seen), "");
    let inspection = seen.answer.as_ref().unwrap_or(&nothing);
    json!({
        "address": seen.address,
        "health": inspection.health,
        "summary": inspection.summary,
        "since": inspection.since,
        "readings": readings(&inspection.readings),
        "releases": inspection.releases.iter().map(release).collect::<Vec<_>>(),
        "error": seen.answer.as_ref().err(),
    })
}

fn release(release: &Release) -> Json {
    json!({
        "name": release.name,
        "share": release.share,
        "readings": readings(&release.readings),
        "instances": release.instances.iter().map(instance).collect::<Vec<_>>(),
    })
}

fn instance(instance: &Instance) -> Json {
    json!({
        "name": instance.name,
        "health": instance.health,
        "since": instance.since,
        "readings": readings(&instance.readings),
    })
}

fn readings(readings: &[Reading]) -> Json {
    let entry = |reading: &Reading| {
        let (value, unit): (Json, &str) = match &reading.amount {
            Amount::Text(text) => (text.as_str().into(), "text"),
            Amount::Count(count) => ((*count).into(), "count"),
            Amount::Bytes(count) => ((*count).into(), "bytes"),
            Amount::Milliseconds(count) => ((*count).into(), "milliseconds"),
            Amount::Moment(moment) => (moment.as_str().into(), "moment"),
        };
        (reading.name.clone(), json!({ "value": value, "unit": unit }))
    };
    Json::Object(readings.iter().map(entry).collect::<Map<_, _>>())
}

/// A provider that could not be asked.
pub fn unreachable(unreachable: &Unreachable) -> Json {
    let Unreachable { provider, why, addresses } = unreachable;
    json!({ "provider": provider, "why": why, "addresses": addresses })
}

/// One line of a log.
pub fn log_line(telling: &Telling) -> Json {
    json!({ "address": telling.address, "time": telling.line.time, "text": telling.line.text })
}
