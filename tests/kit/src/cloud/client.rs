//! The cloud as one process reaches it: the provider's interface over the network.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use siac_core::model::schema::ProviderSchema;
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Call, Catalogue, Fault, Observed, Provider};

use super::catalogue::class_of;
use super::mishap::Mishap;
use super::objects::{Objects, Order, Reply, set_attributes};
use super::{Cloud, CloudVerb, EACH_WAY, Effect, LogEntry};
use crate::lock;
use crate::network::{Site, Travel};
use crate::process::Process;

/// The kind whose creates can be resumed.
const LONG: &str = "fake_long";

pub(super) struct Client {
    pub cloud: Arc<Cloud>,
    pub process: Arc<Process>,
}

impl Client {
    /// What befalls this call.
    fn befall(&self, call: &Call, verb: CloudVerb) -> Option<Mishap> {
        lock(&self.cloud.mishaps).befall(&call.address, verb)
    }

    /// Asks for something that only looks, or that cannot stop halfway.
    async fn ask<T: Send + 'static>(
        &self,
        call: &Call,
        verb: CloudVerb,
        effect: impl FnOnce(&mut Objects, Duration) -> Reply<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let mishap = self.befall(call, verb);
        self.suffer(mishap, call, verb, effect).await
    }

    /// Asks for an object to be made or changed, which may stop halfway.
    async fn write(
        &self,
        call: &Call,
        verb: CloudVerb,
        effect: impl FnOnce(&mut Objects, Duration) -> Reply<Observed> + Send + 'static,
    ) -> Result<Observed, Fault> {
        let mishap = self.befall(call, verb);
        let is_partial = mishap == Some(Mishap::Partial);
        let effect = move |objects: &mut Objects, now| {
            let (answer, effect) = effect(objects, now);
            (if is_partial { answer.and_then(halfway) } else { answer }, effect)
        };
        self.suffer(mishap.filter(|_| !is_partial), call, verb, effect).await
    }

    /// Sends a request that meets with a mishap. The effect happens when the request arrives.
    async fn suffer<T: Send + 'static>(
        &self,
        mishap: Option<Mishap>,
        call: &Call,
        verb: CloudVerb,
        effect: impl FnOnce(&mut Objects, Duration) -> Reply<T> + Send + 'static,
    ) -> Result<T, Fault> {
        if mishap == Some(Mishap::Hang) {
            pending::<()>().await;
        }
        let site = Site { place: "cloud", request: format!("{verb:?} {}", call.address).to_lowercase() };
        let travel = self.travel(mishap);
        let answer = match mishap.and_then(refusal) {
            Some(refusal) => self.process.exchange(site, travel, || Err(refusal)).await,
            None => self.process.exchange(site, travel, self.arrival(call, verb, effect)).await,
        };
        assert!(mishap != Some(Mishap::Panic), "the fake cloud's provider panics, as it was told");
        answer.unwrap_or_else(|_| Err(unanswered(verb)))
    }

    /// What happens in the cloud once the request has arrived.
    fn arrival<T: 'static>(
        &self,
        call: &Call,
        verb: CloudVerb,
        effect: impl FnOnce(&mut Objects, Duration) -> Reply<T> + Send + 'static,
    ) -> Box<dyn FnOnce() -> Result<T, Fault> + Send> {
        let (cloud, clock) = (self.cloud.clone(), self.process.network().clock().clone());
        let (address, op) = (call.address.clone(), call.op);
        Box::new(move || {
            let at = clock.elapsed();
            let (answer, effect) = effect(&mut lock(&cloud.objects), at);
            lock(&cloud.log).push(LogEntry { at, verb, address, op, effect });
            answer
        })
    }

    /// Makes an object in two exchanges: the first answers with a ticket, which is kept, the second waits for the end.
    async fn create_slowly(&self, call: &Call, order: Order) -> Result<Observed, Fault> {
        let begun =
            self.write(call, CloudVerb::Create, move |objects, now| objects.create(Order { now, ..order })).await?;
        let ticket = begun.remote.into_bytes();
        call.checkpoint.save(ticket.clone()).await?;
        self.go_on(call, &ticket).await
    }

    /// Waits for the end of what a ticket was given for.
    async fn go_on(&self, call: &Call, ticket: &[u8]) -> Result<Observed, Fault> {
        let (kind, remote) = (call.address.kind.clone(), String::from_utf8_lossy(ticket).into_owned());
        let look = move |objects: &mut Objects, _| looked(Ok(objects.look(&kind, &remote)));
        let observed = self.ask(call, CloudVerb::Read, look).await;
        let observed = observed.map_err(|_| Fault::ambiguous("the answer was lost"))?;
        observed.ok_or_else(|| Fault::rejected("there is nothing behind the ticket"))
    }

    fn travel(&self, mishap: Option<Mishap>) -> Travel {
        let plain = Travel::each_way(EACH_WAY);
        match mishap {
            Some(Mishap::LostAnswer) => Travel { answer_lost: true, ..plain },
            Some(Mishap::Late(late)) => Travel { there: plain.there + late, ..plain },
            _ => plain,
        }
    }

    fn order(&self, call: &Call, inputs: &Known) -> Order {
        Order {
            kind: call.address.kind.clone(),
            class: class_of(&call.address.kind),
            address: Some(call.address.clone()),
            op: Some(call.op),
            attributes: set_attributes(inputs),
            now: Duration::ZERO,
        }
    }
}

fn halfway(observed: Observed) -> Result<Observed, Fault> {
    Err(Fault::Partial { observed: Box::new(observed), why: "the fake cloud stopped halfway".to_owned() })
}

/// How the cloud says no without having done anything.
fn refusal(mishap: Mishap) -> Option<Fault> {
    match mishap {
        Mishap::Throttled => Some(Fault::Transient {
            why: "the fake cloud asks for less".to_owned(),
            retry_after: Some(Duration::from_secs(1)),
            throttled: true,
        }),
        Mishap::Transient | Mishap::Partial => Some(Fault::transient("the fake cloud is busy")),
        Mishap::NotYet => Some(Fault::NotYet { what: "something made a moment ago".to_owned() }),
        Mishap::Rejected => Some(Fault::rejected("the fake cloud says no")),
        Mishap::LostAnswer | Mishap::Panic | Mishap::Hang | Mishap::Late(_) => None,
    }
}

/// What a lost answer means: for a look nothing, for everything else doubt.
fn unanswered(verb: CloudVerb) -> Fault {
    match verb {
        CloudVerb::Create | CloudVerb::Update | CloudVerb::Delete => Fault::ambiguous("the answer was lost"),
        CloudVerb::Read | CloudVerb::ReadData | CloudVerb::Find | CloudVerb::Import => {
            Fault::transient("the answer was lost")
        }
    }
}

/// A look changes nothing.
fn looked<T>(answer: Result<T, Fault>) -> Reply<T> {
    (answer, Effect::Nothing)
}

impl Catalogue for Client {
    fn schema(&self) -> &ProviderSchema {
        &self.cloud.schema
    }
}

#[async_trait]
impl Provider for Client {
    async fn configure(&self, _: &Known) -> Result<String, Fault> {
        Ok("fake account".to_owned())
    }

    async fn read(&self, call: &Call, object: &Object) -> Result<Option<Observed>, Fault> {
        let (kind, remote) = (call.address.kind.clone(), object.remote.clone());
        self.ask(call, CloudVerb::Read, move |objects, _| looked(Ok(objects.look(&kind, &remote)))).await
    }

    async fn read_data(&self, call: &Call, inputs: &Known) -> Result<Known, Fault> {
        let name = set_attributes(inputs).get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let look = move |objects: &mut Objects, _| {
            let found = objects.by_name(&name);
            let id = found.map_or(Value::Null, |object| Value::string(&object.remote));
            looked(Ok(Value::map([("found", Value::Bool(found.is_some())), ("id", id)])))
        };
        self.ask(call, CloudVerb::ReadData, look).await
    }

    async fn create(&self, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        if let Some(ticket) = &call.resume {
            return self.go_on(call, ticket).await;
        }
        let order = self.order(call, inputs);
        if order.kind == LONG {
            return self.create_slowly(call, order).await;
        }
        self.write(call, CloudVerb::Create, move |objects, now| objects.create(Order { now, ..order })).await
    }

    async fn update(&self, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        let (kind, remote, attributes) = (call.address.kind.clone(), object.remote.clone(), set_attributes(inputs));
        self.write(call, CloudVerb::Update, move |objects, _| objects.update(&kind, &remote, attributes)).await
    }

    async fn delete(&self, call: &Call, object: &Object) -> Result<(), Fault> {
        let (kind, remote) = (call.address.kind.clone(), object.remote.clone());
        self.ask(call, CloudVerb::Delete, move |objects, _| objects.delete(&kind, &remote)).await
    }

    async fn find(&self, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        let order = self.order(call, inputs);
        self.ask(call, CloudVerb::Find, move |objects, now| looked(objects.find(&Order { now, ..order }))).await
    }

    async fn import(&self, call: &Call, id: &str) -> Result<Observed, Fault> {
        let (kind, id) = (call.address.kind.clone(), id.to_owned());
        let look = move |objects: &mut Objects, _| {
            let missing = || Fault::rejected(format!("there is no `{id}`"));
            looked(objects.look(&kind, &id).ok_or_else(missing))
        };
        self.ask(call, CloudVerb::Import, look).await
    }
}
