//! What happens in a deployment, as lines of the stream.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use siac_core::model::address::ResourceAddress;
use siac_core::model::event::{Bookkeeping, Event, Fact, Intent, Outcome, Progress};
use siac_core::model::identity::OpId;

use super::Kind;

/// The line of an event. `addresses` are those of the calls that are open.
pub(super) fn line(event: &Event, addresses: &BTreeMap<OpId, ResourceAddress>) -> (Kind, Json) {
    match event {
        Event::Fact(fact) => fact_line(fact, addresses),
        Event::Progress(progress) => progress_line(progress),
    }
}

fn fact_line(fact: &Fact, addresses: &BTreeMap<OpId, ResourceAddress>) -> (Kind, Json) {
    match fact {
        Fact::Started { deployment, plan, mode, .. } => {
            (Kind::Started, json!({ "deployment": deployment, "plan": plan, "mode": mode }))
        }
        Fact::Intended(intent) => (Kind::Intended, intended(intent)),
        Fact::Checkpointed { op, .. } => (Kind::Checkpointed, json!({ "op": op, "address": addresses.get(op) })),
        Fact::Settled { op, outcome } => {
            let (outcome, remote, why) = settled(outcome);
            let address = addresses.get(op);
            (Kind::Settled, json!({ "op": op, "address": address, "outcome": outcome, "remote": remote, "why": why }))
        }
        Fact::Noted { step, undoing, address, bookkeeping } => {
            let (what, from) = noted(bookkeeping);
            (Kind::Noted, json!({ "step": step, "undoing": undoing, "address": address, "what": what, "from": from }))
        }
        Fact::UndoBegan { because } => (Kind::UndoBegan, json!({ "because": because })),
        Fact::Finished { status, outputs } => (
            Kind::Finished,
            json!({ "status": status, "outputs": outputs.as_ref().map(super::documents::output_values) }),
        ),
    }
}

fn intended(intent: &Intent) -> Json {
    let Intent { op, step, undoing, address, provider, verb, .. } = intent;
    json!({ "op": op, "step": step, "undoing": undoing, "address": address, "provider": provider, "verb": verb })
}

fn settled(outcome: &Outcome) -> (&'static str, Option<&str>, Option<&str>) {
    match outcome {
        Outcome::Present(seen) => ("present", Some(&seen.remote), None),
        Outcome::Absent => ("absent", None, None),
        Outcome::Failed { why } => ("failed", None, Some(why)),
        Outcome::Partial { observation, why } => ("partial", Some(&observation.remote), Some(why)),
        Outcome::Unknown { why } => ("unknown", None, Some(why)),
    }
}

fn noted(bookkeeping: &Bookkeeping) -> (&'static str, Option<&ResourceAddress>) {
    match bookkeeping {
        Bookkeeping::Deposed => ("deposed", None),
        Bookkeeping::Reinstated { .. } => ("reinstated", None),
        Bookkeeping::Moved { from } => ("moved", Some(from)),
        Bookkeeping::Lost => ("lost", None),
        Bookkeeping::Forgotten { .. } => ("forgotten", None),
        Bookkeeping::Recorded { .. } => ("recorded", None),
        Bookkeeping::Restored { .. } => ("restored", None),
    }
}

fn progress_line(progress: &Progress) -> (Kind, Json) {
    match progress {
        Progress::Answering { questions } => (Kind::Answering, json!({ "questions": questions })),
        Progress::BuildBegan { identity, source, command } => {
            (Kind::BuildBegan, json!({ "identity": identity, "source": source, "command": command }))
        }
        Progress::BuildAwaited { identity, source } => {
            (Kind::BuildAwaited, json!({ "identity": identity, "source": source }))
        }
        Progress::BuildEnded { identity, source, is_made } => {
            (Kind::BuildEnded, json!({ "identity": identity, "source": source, "is_made": is_made }))
        }
        Progress::WaitingForLock { holder } => (Kind::WaitingForLock, json!({ "holder": holder })),
        Progress::Recovering { open } => (Kind::Recovering, json!({ "open": open })),
        Progress::Draining { milliseconds } => (Kind::Draining, json!({ "milliseconds": milliseconds })),
        Progress::Waiting { address, standing } => (Kind::Waiting, json!({ "address": address, "standing": standing })),
        Progress::Retrying { address, why, after, attempt } => {
            (Kind::Retrying, json!({ "address": address, "why": why, "after_milliseconds": after, "attempt": attempt }))
        }
        Progress::JournalFailing { why } => (Kind::JournalFailing, json!({ "why": why })),
        Progress::Stopping { running } => (Kind::Stopping, json!({ "running": running })),
        Progress::Published { serial, id } => (Kind::Published, json!({ "serial": serial, "id": id })),
    }
}
