//! Changes of what is remembered that touch nothing else: moves and removals.

use std::collections::BTreeMap;

use siac_core::deployment::Ledger;
use siac_core::model::address::{Mode, ResourceAddress};
use siac_core::model::event::{Bookkeeping, EventSink, Fact, Intent, Observation, Outcome, Verb};
use siac_core::model::snapshot::{Snapshot, Status};
use siac_core::model::value::Value;

use super::Failed;
use super::settling::{Locked, stamp, tell_published};
use crate::journal::Journal;
use crate::site::Site;
use crate::store::{Leaving, Published};

/// One change of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The object known as `from` is now `to`.
    Move {
        /// The former address.
        from: ResourceAddress,
        /// The present one.
        to: ResourceAddress,
    },
    /// The object is left alone and no longer remembered.
    Forget(ResourceAddress),
}

/// Makes changes of the record, all or none, and publishes them.
///
/// # Errors
/// When one of them does not fit the record; nothing is changed then.
pub async fn edit(
    site: &Site,
    mut locked: Locked,
    edits: &[Edit],
    sink: &mut dyn EventSink,
) -> Result<Published, Failed> {
    let mut facts = Vec::new();
    let mut ledger = Ledger::new(locked.start.snapshot.clone());
    for change in edits {
        let fact = match fact(change, &ledger.snapshot) {
            Ok(fact) => fact,
            Err(failed) => {
                locked.session.release(Leaving::Clean).await?;
                return Err(failed);
            }
        };
        ledger.evolve(&fact);
        facts.push(fact);
    }
    locked
        .session
        .append(&facts)
        .await
        .map_err(|fault| Failed::Other(format!("the state cannot be written: {fault}")))?;
    let mut snapshot = ledger.snapshot;
    stamp(site, &mut snapshot, Status::Edited, summary(edits));
    let published = locked.session.publish(snapshot).await?;
    tell_published(sink, &published);
    Ok(published)
}

fn fact(edit: &Edit, snapshot: &Snapshot) -> Result<Fact, Failed> {
    let noted = |address: &ResourceAddress, bookkeeping| Fact::Noted {
        step: None,
        undoing: false,
        address: address.clone(),
        bookkeeping: Box::new(bookkeeping),
    };
    let must_exist = |address: &ResourceAddress| match snapshot.records.contains_key(address) {
        true => Ok(()),
        false => Err(Failed::Other(format!("the state knows no `{address}`; `siac state list` shows what it knows"))),
    };
    match edit {
        Edit::Forget(address) => {
            must_exist(address)?;
            Ok(noted(address, Bookkeeping::Forgotten { deposed: None }))
        }
        Edit::Move { from, to } => {
            must_exist(from)?;
            if snapshot.records.contains_key(to) {
                return Err(Failed::Other(format!("`{to}` is in the state already; move or remove it first")));
            }
            if from.kind != to.kind || from.mode != to.mode || to.mode == Mode::Data {
                return Err(Failed::Other(format!(
                    "`{from}` and `{to}` are of different kinds; a move changes the name only"
                )));
            }
            Ok(noted(to, Bookkeeping::Moved { from: from.clone() }))
        }
    }
}

fn summary(edits: &[Edit]) -> String {
    let told = edits.iter().map(|edit| match edit {
        Edit::Move { from, to } => format!("{from} is now {to}"),
        Edit::Forget(address) => format!("{address} is forgotten"),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// Takes a person's word for calls whose outcome nobody can tell: whether each happened.
///
/// What happened is remembered with the attributes that were sent, so that the next plan looks at it; what did not is planned anew. Answers
/// with the calls that are still not known.
///
/// # Errors
/// When an address has no such call; nothing is changed then.
pub async fn answer_unknown(
    site: &Site,
    mut locked: Locked,
    answers: &[(ResourceAddress, bool)],
    sink: &mut dyn EventSink,
) -> Result<Vec<Intent>, Failed> {
    let mut ledger = Ledger::new(locked.start.snapshot.clone());
    let mut facts = Vec::new();
    for (address, happened) in answers {
        let Some(intent) = locked.unknown.iter().find(|intent| intent.address == *address) else {
            locked.session.release(Leaving::Clean).await?;
            return Err(Failed::Other(format!(
                "no outcome of `{address}` is unknown; `siac recover` lists those that are"
            )));
        };
        let fact = Fact::Settled { op: intent.op, outcome: Box::new(by_word(intent, *happened)) };
        ledger.evolve(&fact);
        facts.push(fact);
    }
    locked
        .session
        .append(&facts)
        .await
        .map_err(|fault| Failed::Other(format!("the state cannot be written: {fault}")))?;
    let mut snapshot = ledger.snapshot;
    let left = snapshot.unsettled.values().cloned().collect();
    let told = answers
        .iter()
        .map(|(address, happened)| format!("{address} {}", if *happened { "happened" } else { "did not happen" }));
    stamp(site, &mut snapshot, Status::Edited, told.collect::<Vec<_>>().join(", "));
    let published = locked.session.publish(snapshot).await?;
    tell_published(sink, &published);
    Ok(left)
}

/// The outcome of a call by a person's word.
fn by_word(intent: &Intent, happened: bool) -> Outcome {
    match (intent.verb, happened) {
        (Verb::Delete, true) | (Verb::Create | Verb::Import, false) => Outcome::Absent,
        (Verb::Update | Verb::Delete | Verb::Read, false) => {
            Outcome::Failed { why: "somebody looked: it did not happen".to_owned() }
        }
        (Verb::Create | Verb::Import | Verb::Update | Verb::Read, true) => Outcome::Present(Observation {
            remote: intent.remote.clone().unwrap_or_else(|| intent.op.to_string()),
            inputs: intent.inputs.clone(),
            sent: BTreeMap::new(),
            outputs: Value::Map(BTreeMap::new()),
            secrets: BTreeMap::new(),
            private: Vec::new(),
        }),
    }
}
