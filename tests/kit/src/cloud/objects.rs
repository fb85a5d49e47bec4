//! The objects of the cloud and what requests do to them, each recovery class by its own rules.

use std::collections::BTreeMap;
use std::time::Duration;

use siac_core::model::address::ResourceAddress;
use siac_core::model::identity::OpId;
use siac_core::model::schema::RecoveryClass;
use siac_core::model::value::{Known, Value};
use siac_core::ports::{Fault, Observed};

use super::catalogue::is_named;
use super::{Effect, LiveObject, TAG_LAG};

/// Everything that exists, by kind and identity, and every token ever used.
#[derive(Clone, Default)]
pub(super) struct Objects {
    pub live: BTreeMap<(String, String), LiveObject>,
    tokens: BTreeMap<OpId, (String, BTreeMap<String, Known>)>,
    made: u64,
}

/// The answer to a request, and what the request did.
pub(super) type Reply<T> = (Result<T, Fault>, Effect);

/// Who asks for a new object, and for what.
pub(super) struct Order {
    pub kind: String,
    pub class: RecoveryClass,
    pub address: Option<ResourceAddress>,
    pub op: Option<OpId>,
    pub attributes: BTreeMap<String, Known>,
    pub now: Duration,
}

impl Objects {
    /// Makes an object, each class in its own way.
    pub fn create(&mut self, order: Order) -> Reply<Observed> {
        match order.class {
            RecoveryClass::Token => self.create_once(order),
            RecoveryClass::Put => self.put(order),
            RecoveryClass::Name => match self.live.contains_key(&order.named()) {
                true => (Err(taken(&order)), Effect::Nothing),
                false => self.make(order),
            },
            RecoveryClass::Tag | RecoveryClass::Nothing => self.make(order),
        }
    }

    /// The same token answers with the same object.
    fn create_once(&mut self, order: Order) -> Reply<Observed> {
        let Some(token) = order.op else { return self.make(order) };
        let Some((remote, attributes)) = self.tokens.get(&token) else { return self.make(order) };
        if *attributes != order.attributes {
            return (Err(Fault::rejected("the token was used for something else")), Effect::Nothing);
        }
        let replayed = self.live.get(&(order.kind, remote.clone())).map(observe);
        let gone = || Fault::rejected(format!("the token was used for `{remote}`, which is gone"));
        (replayed.ok_or_else(gone), Effect::Nothing)
    }

    /// Putting again what is ours changes nothing; what is not ours is not touched.
    fn put(&mut self, order: Order) -> Reply<Observed> {
        let Some(existing) = self.live.get_mut(&order.named()) else { return self.make(order) };
        if existing.op != order.op {
            return (Err(taken(&order)), Effect::Nothing);
        }
        write(existing, order.attributes)
    }

    fn make(&mut self, order: Order) -> Reply<Observed> {
        self.made += 1;
        let remote = match is_named(order.class) {
            true => order.named().1,
            false => format!("{}-{}", order.kind, self.made),
        };
        if let (RecoveryClass::Token, Some(token)) = (order.class, order.op) {
            self.tokens.insert(token, (remote.clone(), order.attributes.clone()));
        }
        let mut attributes = order.attributes;
        attributes.entry("zone".to_owned()).or_insert_with(|| Value::string("zone-1"));
        let object = LiveObject {
            kind: order.kind.clone(),
            remote: remote.clone(),
            address: order.address,
            op: order.op,
            attributes,
            revision: self.made * 1_000,
            made_at: order.now,
        };
        let observed = observe(&object);
        self.live.insert((order.kind, remote), object);
        (Ok(observed), Effect::Made)
    }

    /// Changes an object in place.
    pub fn update(&mut self, kind: &str, remote: &str, attributes: BTreeMap<String, Known>) -> Reply<Observed> {
        match self.live.get_mut(&(kind.to_owned(), remote.to_owned())) {
            Some(object) => write(object, attributes),
            None => (Err(Fault::rejected(format!("there is no `{remote}`"))), Effect::Nothing),
        }
    }

    /// Deletes an object, or finds that it is gone.
    pub fn delete(&mut self, kind: &str, remote: &str) -> Reply<()> {
        let effect = match self.live.remove(&(kind.to_owned(), remote.to_owned())) {
            Some(_) => Effect::Deleted,
            None => Effect::Nothing,
        };
        (Ok(()), effect)
    }

    /// Looks at an object.
    pub fn look(&self, kind: &str, remote: &str) -> Option<Observed> {
        self.live.get(&(kind.to_owned(), remote.to_owned())).map(observe)
    }

    /// The first object of that name, of whatever kind.
    pub fn by_name(&self, name: &str) -> Option<&LiveObject> {
        self.live.values().find(|object| object.attributes.get("name").and_then(Value::as_str) == Some(name))
    }

    /// What an operation made, as far as its class can tell.
    pub fn find(&self, order: &Order) -> Result<Vec<Observed>, Fault> {
        let is_ours = |object: &&LiveObject| object.kind == order.kind && object.op.is_some() && object.op == order.op;
        let is_indexed = |object: &&LiveObject| object.made_at + TAG_LAG <= order.now;
        let ours = self.live.values().filter(is_ours);
        match order.class {
            RecoveryClass::Token => Ok(ours.map(observe).collect()),
            RecoveryClass::Put | RecoveryClass::Name => {
                let named = order.named().1;
                Ok(ours.filter(|object| object.remote == named).map(observe).collect())
            }
            RecoveryClass::Tag => Ok(ours.filter(is_indexed).map(observe).collect()),
            RecoveryClass::Nothing => Err(Fault::rejected(format!("a `{}` cannot be found again", order.kind))),
        }
    }

    /// Makes an object without tags.
    pub fn plant(&mut self, kind: &str, class: RecoveryClass, attributes: BTreeMap<String, Known>) -> String {
        let order = Order { kind: kind.to_owned(), class, address: None, op: None, attributes, now: Duration::ZERO };
        match self.make(order).0 {
            Ok(observed) => observed.remote,
            Err(_) => String::new(),
        }
    }
}

impl Order {
    /// The key of an object that is known by its name.
    fn named(&self) -> (String, String) {
        let name = self.attributes.get("name").and_then(Value::as_str).unwrap_or_default();
        (self.kind.clone(), name.to_owned())
    }
}

fn taken(order: &Order) -> Fault {
    Fault::rejected(format!("AlreadyExists: the name `{}` is taken", order.named().1))
}

fn write(object: &mut LiveObject, mut attributes: BTreeMap<String, Known>) -> Reply<Observed> {
    if let Some(zone) = object.attributes.get("zone") {
        attributes.insert("zone".to_owned(), zone.clone());
    }
    let is_same = object.attributes == attributes;
    if !is_same {
        object.attributes = attributes;
        object.revision += 1;
    }
    (Ok(observe(object)), if is_same { Effect::Nothing } else { Effect::Changed })
}

/// The object as the provider sees it.
fn observe(object: &LiveObject) -> Observed {
    let mut outputs = vec![("id", Value::string(&object.remote)), ("stamp", Value::string(stamp(object)))];
    if object.kind == "fake_secret" {
        outputs.push(("value", Value::string(secret_of(&object.remote))));
    }
    Observed {
        remote: object.remote.clone(),
        inputs: Value::Map(object.attributes.clone()),
        outputs: Value::map(outputs),
        private: Vec::new(),
    }
}

/// What tells the revisions of an object apart.
pub(super) fn stamp(object: &LiveObject) -> String {
    format!("r{}", object.revision)
}

/// The secret that the cloud makes for an object.
fn secret_of(remote: &str) -> String {
    format!("hunter2-{remote}")
}

/// The attributes that are set, out of what a call sends.
pub(super) fn set_attributes(inputs: &Known) -> BTreeMap<String, Known> {
    let entries = inputs.as_map().into_iter().flatten();
    let plain = entries.map(|(name, value)| (name.clone(), exposed(value)));
    plain.filter(|(_, value)| !value.is_null()).collect()
}

/// A real cloud is told secrets, and keeps them as what they are.
fn exposed(value: &Known) -> Known {
    match value {
        Value::Secret(secret) => exposed(secret.expose()),
        value => value.clone(),
    }
}
