//! What a provider answered, in the form that may be recorded: secrets become sealed holes with keyed fingerprints.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::model::address::ResourceAddress;
use crate::model::event::Observation;
use crate::model::identity::{Digest, Fingerprint};
use crate::model::path::Path;
use crate::model::schema::KindSchema;
use crate::model::secret::Secret;
use crate::model::snapshot::Object;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Known, Origin, Partial, Value};
use crate::ports::{FetchedSecret, Observed};

use super::resolve::Resolved;

/// The key of fingerprints: the stack's own 256 random bits.
pub type StackSecret = Secret<[u8; 32]>;

/// HMAC-SHA256 of a value under the stack secret; equal digests mean equal values within one stack.
///
/// Null entries of maps count as missing, numbers by their value, secrets by what they hold.
pub fn fingerprint(key: &StackSecret, value: &Known) -> Digest {
    let mut mac = keyed(key);
    absorb(&mut mac, value);
    Digest(mac.finalize().into_bytes().into())
}

/// What may be told of a fetched secret.
pub fn fingerprint_of_secret(key: &StackSecret, secret: &FetchedSecret) -> Fingerprint {
    let mut mac = keyed(key);
    absorb_text(&mut mac, b's', secret.value.expose());
    Fingerprint { version: secret.version.clone(), digest: Digest(mac.finalize().into_bytes().into()) }
}

fn keyed(key: &StackSecret) -> Hmac<Sha256> {
    let key: &hmac::digest::Key<Hmac<Sha256>> = &padded(key.expose());
    Hmac::new(key)
}

/// HMAC's block is twice the key's size; the rest is zero, as the definition of HMAC has it.
fn padded(key: &[u8; 32]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..32].copy_from_slice(key);
    block
}

fn absorb(mac: &mut Hmac<Sha256>, value: &Known) {
    match value {
        Value::Null => mac.update(b"n"),
        Value::Bool(value) => mac.update(if *value { b"t" } else { b"f" }),
        Value::Number(number) => absorb_text(mac, b'd', &number.decimal().normalized().to_plain_string()),
        Value::String(text) => absorb_text(mac, b's', text),
        Value::List(items) => {
            absorb_count(mac, b'l', items.len());
            items.iter().for_each(|item| absorb(mac, item));
        }
        Value::Map(entries) => {
            let present = || entries.iter().filter(|(_, value)| !value.is_null());
            absorb_count(mac, b'm', present().count());
            for (key, value) in present() {
                absorb_text(mac, b'k', key);
                absorb(mac, value);
            }
        }
        Value::Secret(secret) => absorb(mac, secret.expose()),
        Value::Hole(never) => match *never {},
    }
}

fn absorb_text(mac: &mut Hmac<Sha256>, tag: u8, text: &str) {
    absorb_count(mac, tag, text.len());
    mac.update(text.as_bytes());
}

fn absorb_count(mac: &mut Hmac<Sha256>, tag: u8, count: usize) {
    mac.update(&[tag]);
    mac.update(&(count as u64).to_be_bytes());
}

/// A sealed hole that stands for a resource's own attribute.
pub fn own_hole(address: &ResourceAddress, path: &Path, ty: Type, digest: Digest) -> Partial {
    let awaits = Awaits::Sealed(Fingerprint { version: None, digest });
    Value::Hole(Box::new(Hole::of(Origin::Attribute(address.clone(), path.clone()), ty, awaits)))
}

/// The digest of a hole that stands for the value of one origin and nothing else.
fn digest_of(hole: &Hole) -> Option<Digest> {
    match hole.origins.values().next() {
        Some(Awaits::Sealed(fingerprint)) if hole.origins.len() == 1 => Some(fingerprint.digest),
        _ => None,
    }
}

/// Adds the digests of those holes of `inputs` whose fingerprint is that of the whole value, where none is known yet.
pub(super) fn own_digests(inputs: &Partial, sent: &mut BTreeMap<Path, Digest>) {
    let is_own = |hole: &Hole| matches!(&hole.residual.node, crate::model::expression::Node::Origin(_));
    inputs.visit_leaves(&mut |path, leaf| match leaf {
        Value::Hole(hole) if is_own(hole) => {
            if let Some(digest) = digest_of(hole) {
                sent.entry(path.clone()).or_insert(digest);
            }
        }
        _ => {}
    });
}

/// Whose answer is sealed, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Sealer<'a> {
    /// The kind's schema.
    pub kind: &'a KindSchema,
    /// The resource.
    pub address: &'a ResourceAddress,
    /// The key of fingerprints.
    pub key: &'a StackSecret,
}

impl Sealer<'_> {
    /// What is recorded of an object right after a call sent it these inputs.
    ///
    /// What was sent stands, so that the next plan compares like with like; what the stack left open is as the provider decided.
    pub fn after_call(&self, inputs: &Resolved, observed: Observed) -> Observation {
        let mut sent = BTreeMap::new();
        self.digest_holes(inputs, &mut sent);
        let (mut outputs, mut secrets) = self.seal_outputs(&observed.outputs);
        let mut recorded = entries(inputs.stored.clone());
        for (name, value) in entries(observed.inputs) {
            let left_open = recorded.get(&name).is_none_or(Value::is_null);
            if left_open && !value.is_null() {
                let value = self.decided(&name, value, &mut outputs, &mut secrets);
                recorded.insert(name, value);
            }
        }
        let recorded = Value::Map(recorded);
        own_digests(&recorded, &mut sent);
        Observation {
            remote: observed.remote,
            inputs: recorded,
            sent,
            outputs: Value::Map(outputs),
            secrets,
            private: observed.private,
        }
    }

    /// What is recorded of an object that was looked at, given what is remembered of it.
    ///
    /// A sealed input is as remembered when the value that the world shows is the one that was sent; what the provider cannot see is as
    /// remembered too.
    pub fn after_read(&self, remembered: &Object, observed: Observed) -> Observation {
        let mut inputs = entries(remembered.inputs.clone());
        let mut sent = BTreeMap::new();
        let mut seen = entries(observed.inputs);
        seen.retain(|name, _| !self.kind.attributes.get(name.as_str()).is_some_and(|attribute| attribute.write_only));
        for (name, value) in seen {
            let path = Path::attribute(&name);
            let before = inputs.remove(&name).unwrap_or_default();
            inputs.insert(name, self.compared(&before, &value, &path, &remembered.sent));
        }
        let inputs = Value::Map(inputs);
        sent.extend(remembered.sent.iter().map(|(path, digest)| (path.clone(), *digest)));
        sent.retain(|path, _| inputs.at(path) == remembered.inputs.at(path));
        own_digests(&inputs, &mut sent);
        let (outputs, secrets) = self.outputs_after_read(remembered, &observed.outputs);
        Observation { remote: observed.remote, inputs, sent, outputs, secrets, private: observed.private }
    }

    /// What is recorded of an object that is adopted: as the world has it, so that the next plan sees where it differs from what is wanted.
    pub fn after_import(&self, wanted: &Resolved, observed: Observed) -> Observation {
        let mut sent = BTreeMap::new();
        self.digest_holes(wanted, &mut sent);
        let mut inputs = BTreeMap::new();
        for (name, value) in entries(observed.inputs.clone()) {
            let path = Path::attribute(&name);
            let before = wanted.stored.get(&name).unwrap_or(&Value::Null);
            inputs.insert(name, self.compared(before, &value, &path, &sent));
        }
        let inputs = Value::Map(inputs);
        sent.retain(|path, _| inputs.at(path) == wanted.stored.at(path));
        own_digests(&inputs, &mut sent);
        let (outputs, secrets) = self.seal_outputs(&observed.outputs);
        let (remote, private) = (observed.remote, observed.private);
        Observation { remote, inputs, sent, outputs: Value::Map(outputs), secrets, private }
    }

    /// The digest of what was sent for each hole that is recorded.
    fn digest_holes(&self, inputs: &Resolved, sent: &mut BTreeMap<Path, Digest>) {
        inputs.stored.visit_leaves(&mut |path, leaf| {
            if let (Value::Hole(_), Some(value)) = (leaf, inputs.known.at(path)) {
                sent.insert(path.clone(), fingerprint(self.key, value));
            }
        });
    }

    /// What is recorded of data.
    pub fn after_data(&self, inputs: &Resolved, answer: Known) -> Observation {
        let no_inputs = Value::Map(BTreeMap::new());
        let observed = Observed { remote: String::new(), inputs: no_inputs, outputs: answer, private: Vec::new() };
        self.after_call(inputs, observed)
    }

    /// An input that the provider decided. A sensitive one is kept among the outputs' secrets, where others find it.
    fn decided(
        &self,
        name: &str,
        value: Known,
        outputs: &mut BTreeMap<String, Partial>,
        secrets: &mut BTreeMap<Path, Secret<Known>>,
    ) -> Partial {
        let sealed = self.seal_attribute(name, &value, secrets);
        if !sealed.holes().is_empty() {
            outputs.insert(name.to_owned(), sealed.clone());
        }
        sealed
    }

    fn seal_outputs(&self, outputs: &Known) -> (BTreeMap<String, Partial>, BTreeMap<Path, Secret<Known>>) {
        let mut secrets = BTreeMap::new();
        let sealed = outputs.as_map().into_iter().flatten();
        let sealed = sealed.map(|(name, value)| (name.clone(), self.seal_attribute(name, value, &mut secrets)));
        let sealed = sealed.collect();
        (sealed, secrets)
    }

    fn outputs_after_read(&self, remembered: &Object, observed: &Known) -> (Partial, BTreeMap<Path, Secret<Known>>) {
        let (mut outputs, mut secrets) = self.seal_outputs(observed);
        for (name, value) in entries(remembered.outputs.clone()) {
            outputs.entry(name).or_insert(value);
        }
        let outputs = Value::Map(outputs);
        for (path, secret) in &remembered.secrets {
            if !secrets.contains_key(path) && outputs.at(path) == remembered.outputs.at(path) {
                secrets.insert(path.clone(), secret.clone());
            }
        }
        (outputs, secrets)
    }

    fn seal_attribute(&self, name: &str, value: &Known, secrets: &mut BTreeMap<Path, Secret<Known>>) -> Partial {
        let attribute = self.kind.attributes.get(name);
        let path = Path::attribute(name);
        let ty = attribute.map(|attribute| attribute.ty.clone()).unwrap_or_default();
        match attribute.is_some_and(|attribute| attribute.sensitive) && !value.is_null() {
            true => self.seal_whole(value, &path, ty, secrets),
            false => self.seal_parts(value, &path, secrets),
        }
    }

    fn seal_whole(&self, value: &Known, path: &Path, ty: Type, secrets: &mut BTreeMap<Path, Secret<Known>>) -> Partial {
        let plain = match value {
            Value::Secret(secret) => secret.clone(),
            value => Secret::new(value.clone()),
        };
        let digest = fingerprint(self.key, plain.expose());
        secrets.insert(path.clone(), plain);
        own_hole(self.address, path, ty, digest)
    }

    /// Seals the parts that the provider itself marks as secret.
    fn seal_parts(&self, value: &Known, path: &Path, secrets: &mut BTreeMap<Path, Secret<Known>>) -> Partial {
        match value {
            Value::Secret(_) => self.seal_whole(value, path, Type::Any, secrets),
            Value::List(items) => {
                let seal = |(at, item)| self.seal_parts(item, &path.index(at), secrets);
                Value::List(items.iter().enumerate().map(seal).collect())
            }
            Value::Map(entries) => {
                let seal = |(key, value): (&String, _)| (key.clone(), self.seal_parts(value, &path.key(key), secrets));
                Value::Map(entries.iter().map(seal).collect())
            }
            plain => plain.open(),
        }
    }

    /// An input as the world has it, without ever showing what a remembered hole hides.
    fn compared(&self, before: &Partial, now: &Known, path: &Path, sent: &BTreeMap<Path, Digest>) -> Partial {
        match (before, now) {
            (Value::Hole(_), Value::Null) => Value::Null,
            (Value::Hole(hole), _) => {
                let digest = fingerprint(self.key, now);
                match sent.get(path).is_none_or(|sent| *sent == digest) {
                    true => before.clone(),
                    false => own_hole(self.address, path, hole.ty.clone(), digest),
                }
            }
            (Value::Map(old), Value::Map(new)) => {
                let entry = |(key, now): (&String, &Known)| {
                    let before = old.get(key).unwrap_or(&Value::Null);
                    (key.clone(), self.compared(before, now, &path.key(key), sent))
                };
                Value::Map(new.iter().map(entry).collect())
            }
            (Value::List(old), Value::List(new)) if old.len() == new.len() => {
                let pairs = old.iter().zip(new).enumerate();
                Value::List(pairs.map(|(at, (old, new))| self.compared(old, new, &path.index(at), sent)).collect())
            }
            // What stands in plain text in the stack is no secret of the world's, as long as the world has the same.
            (before, now) if holds_secret(now) && self.is_plainly(before, now) => before.clone(),
            // Shapes differ, and something in it is not to be seen: nothing of it is shown.
            (before, now) if !before.holes().is_empty() || holds_secret(now) => {
                own_hole(self.address, path, Type::Any, fingerprint(self.key, now))
            }
            (_, now) => now.open(),
        }
    }

    /// Whether a value that nobody hides is the one that the world shows.
    fn is_plainly(&self, before: &Partial, now: &Known) -> bool {
        before.close().is_some_and(|before| fingerprint(self.key, &before) == fingerprint(self.key, now))
    }
}

/// Whether any part of a value must not be shown.
pub fn holds_secret<H>(value: &Value<H>) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(items) => items.iter().any(holds_secret),
        Value::Map(entries) => entries.values().any(holds_secret),
        _ => false,
    }
}

fn entries<H>(value: Value<H>) -> BTreeMap<String, Value<H>> {
    match value {
        Value::Map(entries) => entries,
        _ => BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests;
