//! The lock, and what an earlier run left: before anything is planned from the state, it must be true.

use std::collections::BTreeMap;
use std::sync::Arc;

use siac_core::deployment::resolve::Secrets;
use siac_core::model::event::{Event, EventSink, Fact, Intent, Progress};
use siac_core::model::snapshot::{Snapshot, Status};
use siac_core::model::stack::SecretSource;
use siac_core::ports::FetchedSecret;

use super::Failed;
use super::connecting::{connect, remembered};
use super::planning::Start;
use crate::calling::Patience;
use crate::recovery::{Recovered, recover};
use crate::site::Site;
use crate::stop::Stop;
use crate::store::{Leaving, Purpose, Session, Store, Wait, Waiting};
use crate::world::World;

/// The lock of a stack, with everything settled that an earlier run left.
pub struct Locked {
    /// The time with the lock.
    pub session: Session,
    /// The state that is true now.
    pub start: Start,
    /// Calls whose outcome nobody can tell.
    pub unknown: Vec<Intent>,
}

/// Takes the lock and settles what an earlier run left; what is true then is published before this returns.
///
/// # Errors
/// When the lock is not to be had, or something cannot be settled now. The lock is given back then.
pub async fn lock(
    site: &Site,
    store: &Store,
    purpose: Purpose,
    wait: &Wait,
    sink: &mut dyn EventSink,
    stop: Stop,
) -> Result<Locked, Failed> {
    let session = acquire(store, purpose, wait, sink).await?;
    settle(site, store, session, sink, stop).await
}

async fn acquire(store: &Store, purpose: Purpose, wait: &Wait, sink: &mut dyn EventSink) -> Result<Session, Failed> {
    let mut on_wait = |waiting: &Waiting| {
        let holder = waiting.holder.as_ref().map_or_else(|| "another run".to_owned(), ToString::to_string);
        // Waiting for a lock has nothing to stop: no call is under way.
        let _ = sink.emit(&Event::Progress(Progress::WaitingForLock { holder }));
    };
    Ok(store.acquire(purpose, wait, &mut on_wait).await?)
}

/// Whether an earlier run left something, as far as HEAD tells; then planning begins with settling it.
pub async fn is_unsettled(store: &Store) -> Result<bool, Failed> {
    let head = store.lock_status().await?;
    Ok(head.is_some_and(|head| head.holder.is_some() || head.dirty || head.wal_merged_epoch < head.epoch))
}

async fn settle(
    site: &Site,
    store: &Store,
    mut session: Session,
    sink: &mut dyn EventSink,
    stop: Stop,
) -> Result<Locked, Failed> {
    let base = base(store, &session);
    let facts = session.unmerged().to_vec();
    if facts.is_empty() {
        let unknown = base.snapshot.unsettled.values().cloned().collect();
        return Ok(Locked { session, start: base, unknown });
    }
    let recovered = match recovered(site, &base.snapshot, &facts, &mut session, sink, stop).await {
        Ok(recovered) => recovered,
        Err(failed) => {
            session.release(Leaving::Dirty).await?;
            return Err(failed);
        }
    };
    if !recovered.is_settled() {
        session.release(Leaving::Dirty).await?;
        return Err(Failed::Unsettled(recovered.open));
    }
    let mut snapshot = recovered.snapshot;
    stamp(
        site,
        &mut snapshot,
        Status::Interrupted,
        format!("settled what an interrupted run left ({} open)", recovered.found),
    );
    let published = session.publish_and_continue(snapshot).await?;
    tell_published(sink, &published);
    let start = Start { snapshot: published.snapshot, id: Some(published.id) };
    Ok(Locked { session, start, unknown: recovered.unknown })
}

pub(super) fn tell_published(sink: &mut dyn EventSink, published: &crate::store::Published) {
    let news = Progress::Published { serial: published.snapshot.serial, id: published.id.to_string() };
    // Whoever wants to stop may; everything is done.
    let _ = sink.emit(&Event::Progress(news));
}

/// The state that the session starts from; before the first deployment, an empty one that has its identity already.
pub(super) fn base(store: &Store, session: &Session) -> Start {
    match session.base() {
        Some(published) => Start { snapshot: published.snapshot.clone(), id: Some(published.id) },
        None => {
            let mut snapshot = Snapshot::empty(store.stack());
            snapshot.uuid = session.uuid();
            snapshot.stack_secret = session.stack_secret().clone();
            Start { snapshot, id: None }
        }
    }
}

/// Says who made a snapshot, when, and what it is.
pub(super) fn stamp(site: &Site, snapshot: &mut Snapshot, status: Status, summary: String) {
    snapshot.status = status;
    snapshot.time = site.clock.now();
    snapshot.who.clone_from(&site.who);
    snapshot.summary = summary;
    snapshot.label = None;
}

async fn recovered(
    site: &Site,
    base: &Snapshot,
    facts: &[Fact],
    session: &mut Session,
    sink: &mut dyn EventSink,
    stop: Stop,
) -> Result<Recovered, Failed> {
    let mut known = base.clone();
    for fact in facts {
        if let Fact::Started { providers, secrets, .. } = fact {
            known.providers.extend(providers.clone());
            known.secrets.extend(secrets.clone());
        }
    }
    let connected = connect(site, remembered(&[&with_open_calls(&known, facts)]), &[base]).await?;
    let world = World {
        stack: base.stack.clone(),
        uuid: session.uuid(),
        providers: connected.providers,
        // A secret that is not to be had any more does not keep recovery from settling what does not need it.
        secrets: fetch_secrets(site, &known.secrets).await.0,
        artifacts: Arc::new(session.artifacts()),
        clock: site.clock.clone(),
        entropy: site.entropy.clone(),
    };
    Ok(recover(base.clone(), facts, Arc::new(world), session, sink, stop, Patience::default()).await)
}

/// The snapshot as if every provider instance that a journaled call names had an object, so that it is connected.
fn with_open_calls(known: &Snapshot, facts: &[Fact]) -> Snapshot {
    let ledger = siac_core::deployment::Ledger::replay(known.clone(), facts);
    let mut snapshot = ledger.snapshot;
    snapshot.providers = known.providers.clone();
    for open in ledger.open.values() {
        snapshot.unsettled.insert(open.intent.op, open.intent.clone());
    }
    snapshot
}

/// The values of secrets as they are today, and why some are not to be had.
pub async fn fetch_secrets(
    site: &Site,
    sources: &BTreeMap<String, SecretSource>,
) -> (Secrets, BTreeMap<String, String>) {
    let (mut secrets, mut missing) = (Secrets::new(), BTreeMap::new());
    for (name, source) in sources {
        match fetch(site, source).await {
            Ok(secret) => drop(secrets.insert(name.clone(), secret)),
            Err(why) => drop(missing.insert(name.clone(), why)),
        }
    }
    (secrets, missing)
}

async fn fetch(site: &Site, source: &SecretSource) -> Result<FetchedSecret, String> {
    let store = site.secret_stores.iter().find(|store| store.schemes().contains(&source.scheme.as_str()));
    let store = store.ok_or_else(|| format!("nothing here resolves secrets from `{}:`", source.scheme))?;
    store.fetch(source).await.map_err(|fault| fault.to_string())
}
