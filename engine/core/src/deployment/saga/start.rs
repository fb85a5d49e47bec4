//! A step, or its undo, as the call or the bookkeeping that it comes to now.

use std::collections::BTreeSet;

use crate::model::address::{Mode, ResourceAddress};
use crate::model::event::{Bookkeeping, Fact, Intent, Verb};
use crate::model::identity::OpId;
use crate::model::path::Path;
use crate::model::plan::{Becoming, Operation, Undo};
use crate::model::schema::{KindSchema, RecoveryClass};
use crate::model::snapshot::Object;
use crate::model::value::{Known, Origin, Partial, Value};

use crate::deployment::resolve::{Resolved, Secrets, resolve};
use crate::planning::normalise::{Flaw, normalised};

use super::{Deployment, State, Task};

/// What starting a task comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A provider call, once its intent is durable.
    Call(Box<Call>),
    /// Something to write down, and no more.
    Note(Fact),
    /// Nothing: what was to be deleted is not there.
    Nothing,
}

/// A provider call to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What goes into the journal.
    pub intent: Intent,
    /// What is sent.
    pub inputs: Resolved,
    /// The object that is updated, deleted or looked at.
    pub object: Option<Object>,
}

/// A task that cannot start, and why. Its step counts as failed, and no provider was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// What an operation or an undo asks for, before it has an identity.
enum Wish {
    Call { verb: Verb, inputs: Partial, remote: Option<String>, deposed: Option<OpId>, becoming: Option<Becoming> },
    Note(ResourceAddress, Bookkeeping),
    Nothing,
}

impl Deployment {
    /// Starts a task that [`Deployment::next`] gave: decides on the call or the bookkeeping that it is.
    ///
    /// `op` is a fresh operation id, and `kind` what this build knows of the resource's kind. A refusal makes the step fail.
    pub fn start(
        &mut self,
        task: Task,
        op: OpId,
        kind: Option<&KindSchema>,
        secrets: &Secrets,
    ) -> Result<Start, Refused> {
        let wish = if task.undoing { self.wish_to_undo(task) } else { self.wish_to_do(task) };
        let decided = wish.and_then(|wish| self.grant(wish, task, op, kind, secrets));
        match &decided {
            Ok(Start::Nothing) => self.succeeded(task.step, task.undoing),
            Ok(Start::Call(_) | Start::Note(_)) => self.underway += 1,
            Err(why) if task.undoing => self.not_undone(task.step, why.clone()),
            Err(why) => self.failed(task.step, State::Nothing, why.clone()),
        }
        decided.map_err(Refused)
    }

    fn wish_to_do(&self, task: Task) -> Result<Wish, String> {
        let step = self.step(task.step);
        let note = |bookkeeping| Ok(Wish::Note(step.address.clone(), bookkeeping));
        match &step.operation {
            Operation::Create { inputs, becoming } => Ok(call(Verb::Create, inputs, becoming)),
            Operation::Read { inputs, becoming } => Ok(call(Verb::Read, inputs, becoming)),
            Operation::Update { inputs, becoming } => Ok(call(Verb::Update, inputs, becoming)),
            Operation::Import { id, inputs, becoming } => Ok(match call(Verb::Import, inputs, becoming) {
                Wish::Call { verb, inputs, deposed, becoming, .. } => {
                    Wish::Call { verb, inputs, remote: Some(id.clone()), deposed, becoming }
                }
                other => other,
            }),
            Operation::Delete { deposed: None } => Ok(delete(None)),
            Operation::Delete { deposed: Some(_) } => {
                Ok(self.deposed(task.step).map_or(Wish::Nothing, |op| delete(Some(op))))
            }
            Operation::Depose => note(Bookkeeping::Deposed),
            Operation::Move { from } => note(Bookkeeping::Moved { from: from.clone() }),
            Operation::Forget { deposed } => note(Bookkeeping::Forgotten { deposed: *deposed }),
            Operation::Lost => note(Bookkeeping::Lost),
            Operation::Record { inputs, outputs, becoming } => {
                Ok(self.record(&step.address, inputs, outputs, becoming))
            }
        }
    }

    /// Brings a record up to date. A secret that changed outside siac is not in the plan, so that the object is looked at again for it.
    fn record(&self, address: &ResourceAddress, inputs: &Partial, outputs: &Partial, becoming: &Becoming) -> Wish {
        let object = self.snapshot().object(address);
        let is_known = |path: &Path, leaf: &Partial| {
            !matches!(leaf, Value::Hole(_)) || object.is_some_and(|object| object.outputs.at(path) == Some(leaf))
        };
        let mut secrets_are_known = true;
        outputs.visit_leaves(&mut |path, leaf| secrets_are_known &= is_known(path, leaf));
        match object.is_none() || (secrets_are_known && !inputs.is_unknown()) {
            true => {
                let (inputs, outputs) = (inputs.clone(), outputs.clone());
                Wish::Note(address.clone(), Bookkeeping::Recorded { inputs, outputs, becoming: becoming.clone() })
            }
            false => call(Verb::Read, inputs, becoming),
        }
    }

    fn wish_to_undo(&self, task: Task) -> Result<Wish, String> {
        let step = self.step(task.step);
        let before = || self.before.get(&task.step).ok_or_else(|| "what was there before is not known".to_owned());
        Ok(match (&step.undo, &step.operation) {
            (Undo::Nothing, _) => Wish::Nothing,
            (Undo::Impossible { why }, _) => return Err(why.clone()),
            (_, Operation::Import { .. }) => Wish::Note(step.address.clone(), Bookkeeping::Forgotten { deposed: None }),
            (_, Operation::Move { from }) => {
                Wish::Note(from.clone(), Bookkeeping::Moved { from: step.address.clone() })
            }
            (Undo::DeleteCreated, _) => delete(None),
            (Undo::Reinstate, _) | (_, Operation::Depose) => match self.aside.get(&step.address) {
                Some(op) => Wish::Note(step.address.clone(), Bookkeeping::Reinstated { op: *op }),
                None => Wish::Nothing,
            },
            (Undo::Restore, Operation::Update { .. }) => again(Verb::Update, before()?, None, &self.recreated),
            (Undo::Recreate, _) => again(Verb::Create, before()?, self.deposed(task.step), &self.recreated),
            (Undo::Restore, _) => {
                let object = Box::new(before()?.clone());
                Wish::Note(step.address.clone(), Bookkeeping::Restored { object })
            }
        })
    }

    fn grant(
        &self,
        wish: Wish,
        task: Task,
        op: OpId,
        kind: Option<&KindSchema>,
        secrets: &Secrets,
    ) -> Result<Start, String> {
        let Task { step, undoing } = task;
        let Wish::Call { verb, inputs, remote, deposed, becoming } = wish else {
            return Ok(match wish {
                Wish::Note(address, bookkeeping) => {
                    let bookkeeping = Box::new(bookkeeping);
                    Start::Note(Fact::Noted { step: Some(step), undoing, address, bookkeeping })
                }
                _ => Start::Nothing,
            });
        };
        let address = self.step(step).address.clone();
        let object = self.object_of(&address, verb, deposed);
        match (verb, &object) {
            (Verb::Delete, None) => return Ok(Start::Nothing),
            (Verb::Update, None) => {
                return Err("there is no object to update in the record".to_owned());
            }
            _ => {}
        }
        let resolved = self.resolved(&inputs, undoing, step, secrets)?;
        let inputs = match kind.filter(|_| inputs.is_unknown()) {
            Some(kind) => normal(kind, &resolved, object.as_ref())?,
            None => resolved,
        };
        let class = kind.map_or(RecoveryClass::Nothing, |kind| kind.recovery);
        let provider = match &object {
            Some(object) if verb != Verb::Read => object.provider.clone(),
            _ => self.step(step).provider.clone(),
        };
        let remote = remote.or_else(|| object.as_ref().map(|object| object.remote.clone()));
        let stored = inputs.stored.clone();
        let object = object.map(|object| self.as_told(verb, object, secrets));
        let intent =
            Intent { op, step, undoing, address, provider, verb, inputs: stored, remote, deposed, becoming, class };
        Ok(Start::Call(Box::new(Call { intent, inputs, object })))
    }

    /// The object as the provider is told of it: one that goes with the secrets that it was made with, where they are to be had, because
    /// nothing else of the call holds them.
    fn as_told(&self, verb: Verb, object: Object, secrets: &Secrets) -> Object {
        match verb {
            Verb::Delete => match resolve(&object.inputs, self.snapshot(), secrets) {
                Ok(resolved) => Object { inputs: resolved.known.open(), ..object },
                Err(_) => object,
            },
            _ => object,
        }
    }

    /// The object that a call is about: none for one that makes an object.
    fn object_of(&self, address: &ResourceAddress, verb: Verb, deposed: Option<OpId>) -> Option<Object> {
        let record = self.snapshot().records.get(address)?;
        match (verb, deposed) {
            (Verb::Create | Verb::Import, _) => None,
            (Verb::Read, _) if address.mode == Mode::Data => None,
            (_, Some(op)) => record.deposed.get(&op).cloned(),
            (_, None) => record.object.clone(),
        }
    }

    /// The inputs as they are now. Old attributes that name something that is no more are sent as they were.
    fn resolved(
        &self,
        inputs: &Partial,
        undoing: bool,
        step: crate::model::plan::StepId,
        secrets: &Secrets,
    ) -> Result<Resolved, String> {
        let live = resolve(inputs, self.snapshot(), secrets);
        match (live, self.before.get(&step)) {
            (Ok(resolved), _) => Ok(resolved),
            (Err(_), Some(before)) if undoing => {
                resolve(&before.inputs, self.snapshot(), secrets).map_err(|unresolved| unresolved.why)
            }
            (Err(unresolved), _) => Err(unresolved.why),
        }
    }
}

/// The inputs once more in the form that the kind wants: what became known only now was not looked at before.
fn normal(kind: &KindSchema, inputs: &Resolved, object: Option<&Object>) -> Result<Resolved, String> {
    let prior = object.map(|object| &object.inputs);
    let entries = |value: &Partial| value.as_map().cloned().unwrap_or_default();
    let mut flaws = Vec::new();
    let known = normalised(kind, &entries(&inputs.known.open()), prior, &mut flaws);
    if let Some(Flaw { detail, .. }) = flaws.first() {
        return Err(format!("a value that became known during apply does not fit: {detail}"));
    }
    // What is recorded differs in its sealed holes only, which fit wherever their values do.
    let stored = normalised(kind, &entries(&inputs.stored), prior, &mut flaws);
    let known = known.close().ok_or("a value is not known")?;
    Ok(Resolved { known, stored })
}

fn call(verb: Verb, inputs: &Partial, becoming: &Becoming) -> Wish {
    Wish::Call { verb, inputs: inputs.clone(), remote: None, deposed: None, becoming: Some(becoming.clone()) }
}

fn delete(deposed: Option<OpId>) -> Wish {
    let inputs = Known::Map(Default::default()).open();
    Wish::Call { verb: Verb::Delete, inputs, remote: None, deposed, becoming: None }
}

/// The call that makes an object as it was.
fn again(verb: Verb, before: &Object, deposed: Option<OpId>, recreated: &BTreeSet<ResourceAddress>) -> Wish {
    let becoming = Becoming {
        configured: before.configured.clone(),
        dependencies: before.dependencies.clone(),
        lifecycle: before.lifecycle.clone(),
        schema_version: before.schema_version,
    };
    let inputs = wanted_again(&before.inputs, &before.configured, recreated);
    Wish::Call { verb, inputs, remote: None, deposed, becoming: Some(becoming) }
}

/// What was sent, with those parts open again that refer to resources made anew meanwhile: these have new identities by now. Everything else
/// is as it was sent, whatever the resources that it came from say at this moment: they may be restored later.
fn wanted_again(inputs: &Partial, configured: &Partial, recreated: &BTreeSet<ResourceAddress>) -> Partial {
    match (inputs, configured) {
        (_, Value::Hole(hole)) if hole.origins.keys().any(|origin| is_among(origin, recreated)) => configured.clone(),
        (Value::Map(sent), Value::Map(wanted)) => {
            let entry = |(key, sent): (&String, &Partial)| {
                let wanted = wanted.get(key);
                (key.clone(), wanted.map_or_else(|| sent.clone(), |wanted| wanted_again(sent, wanted, recreated)))
            };
            Value::Map(sent.iter().map(entry).collect())
        }
        (Value::List(sent), Value::List(wanted)) if sent.len() == wanted.len() => {
            let pairs = sent.iter().zip(wanted);
            Value::List(pairs.map(|(sent, wanted)| wanted_again(sent, wanted, recreated)).collect())
        }
        (sent, _) => sent.clone(),
    }
}

fn is_among(origin: &Origin, addresses: &BTreeSet<ResourceAddress>) -> bool {
    match origin {
        Origin::Attribute(address, _) => addresses.contains(address),
        Origin::Secret(_) => false,
    }
}
