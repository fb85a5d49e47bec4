//! Fills the holes of a step from what exists by then. The only bridge from planned values to those that a provider receives.
//!
//! Every hole is evaluated twice. Once with secrets exposed: that is sent. Once with secrets left sealed, under the fingerprints of the
//! values really used: that is recorded, so that the next plan meets the very hole that it would make itself.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use crate::language::convert::convert;
use crate::language::evaluate::evaluate;
use crate::language::scope::{FileAnswer, FileQuestion, Lookup, Scope};
use crate::model::address::ResourceAddress;
use crate::model::expression::{Expression, Node};
use crate::model::path::{Path, Segment};
use crate::model::secret::Secret;
use crate::model::snapshot::{Object, OutputRecord, Snapshot};
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Known, Origin, Partial, Value};
use crate::ports::FetchedSecret;

use super::seal;

/// The stack's secrets as they are today, by name.
pub type Secrets = BTreeMap<String, FetchedSecret>;

/// A value in its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What the provider receives; secrets are [`Value::Secret`].
    pub known: Known,
    /// What is recorded; secrets are sealed holes.
    pub stored: Partial,
}

/// Why a value cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unresolved {
    /// The origins that delivered nothing.
    pub missing: BTreeSet<Origin>,
    /// A sentence without a full stop.
    pub why: String,
}

/// How deep a hole may lead to a hole. Records refer to older records only, so that a chain is as long as the stack is deep at most;
/// a longer one is a record that refers to itself.
const DEPTH: u32 = 64;

/// Resolves a value against the live snapshot and the secrets of today.
pub fn resolve(value: &Partial, snapshot: &Snapshot, secrets: &Secrets) -> Result<Resolved, Unresolved> {
    let exposed = Sight::new(snapshot, secrets, View::Exposed);
    let sealed = Sight::new(snapshot, secrets, View::Sealed);
    let known = value.try_fill(&mut |hole| exposed.fill(hole)?.close().ok_or_else(|| exposed.unresolved(hole)))?;
    let stored = value.try_fill(&mut |hole| sealed.fill(hole))?;
    match seal::holds_secret(&stored) {
        true => Err(Unresolved { missing: BTreeSet::new(), why: "a secret stands in the plan itself".to_owned() }),
        false => Ok(Resolved { known, stored }),
    }
}

/// The recorded form of an output, when everything it refers to exists.
pub fn resolve_output(
    output: &OutputRecord,
    snapshot: &Snapshot,
    secrets: &Secrets,
) -> Result<OutputRecord, Unresolved> {
    let value = resolve(&output.configured, snapshot, secrets)?.stored;
    Ok(OutputRecord { value, ..output.clone() })
}

/// What a hole came to, of the type that the plan promised.
fn typed(value: Partial, hole: &Hole) -> Result<Partial, Unresolved> {
    match value {
        Value::Hole(still) if hole.ty != Type::Any => Ok(Value::Hole(Box::new(Hole { ty: hole.ty.clone(), ..*still }))),
        value => convert(value, &hole.ty).map_err(|(path, why)| {
            let place = if path.0.is_empty() { String::new() } else { format!(" at `{path}`") };
            not_evaluated(format!("a value that became known{place} is of the wrong type: {why}"))
        }),
    }
}

/// Whether secrets are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Exposed,
    Sealed,
}

/// What residuals can see: the live snapshot, and secrets in one of the two views.
struct Sight<'a> {
    snapshot: &'a Snapshot,
    secrets: &'a Secrets,
    view: View,
    depth: Cell<u32>,
    missing: RefCell<BTreeSet<Origin>>,
}

impl<'a> Sight<'a> {
    fn new(snapshot: &'a Snapshot, secrets: &'a Secrets, view: View) -> Self {
        Self { snapshot, secrets, view, depth: Cell::new(0), missing: RefCell::default() }
    }

    /// What a hole's residual comes to.
    fn fill(&self, hole: &Hole) -> Result<Partial, Unresolved> {
        self.missing.take();
        let evaluation = evaluate(&hole.residual, self);
        let errors = evaluation.diagnostics.sorted();
        match errors.first() {
            // An error that follows from a missing value is told as what it is.
            Some(_) if !self.missing.borrow().is_empty() => Err(self.unresolved(hole)),
            Some(error) => Err(not_evaluated(format!("{}: {}", error.summary, error.detail))),
            None if !evaluation.questions.is_empty() => {
                Err(not_evaluated("files are read while planning, not during apply".to_owned()))
            }
            None => typed(evaluation.value, hole),
        }
    }

    /// What to say of a hole that stays one.
    fn unresolved(&self, hole: &Hole) -> Unresolved {
        let mut missing = self.missing.take();
        if missing.is_empty() {
            missing.extend(hole.origins.keys().cloned());
        }
        let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
        Unresolved { missing, why: format!("there is no value for {}", names.join(", ")) }
    }

    fn secret(&self, origin: &Origin, name: &str) -> Option<Partial> {
        let secret = self.secrets.get(name)?;
        Some(match self.view {
            View::Exposed => Value::Secret(Secret::new(Value::string(secret.value.expose()))),
            View::Sealed => {
                let fingerprint = seal::fingerprint_of_secret(&self.snapshot.stack_secret, secret);
                Value::Hole(Box::new(Hole::of(origin.clone(), Type::String, Awaits::Sealed(fingerprint))))
            }
        })
    }

    /// The part of an object that an origin names.
    fn attribute(&self, address: &ResourceAddress, path: &Path) -> Option<Partial> {
        let object = self.snapshot.object(address)?;
        let Some((root, rest)) = path.0.split_first() else {
            return self.part(object, &object.attributes(), &mut Path::default(), &[]);
        };
        let Segment::Key(name) = root else { return None };
        let output = object.outputs.get(name).filter(|value| !value.is_null());
        let Some(value) = output.or_else(|| object.inputs.get(name)) else {
            return rest.is_empty().then_some(Value::Null);
        };
        self.part(object, value, &mut Path::attribute(name), rest)
    }

    /// Walks `rest` into `value`, which stands at `at` in the object.
    fn part(&self, object: &Object, value: &Partial, at: &mut Path, rest: &[Segment]) -> Option<Partial> {
        match (value, rest.split_first()) {
            (Value::Hole(hole), _) => self.inside(object, hole, at, rest),
            (_, None) => self.whole(object, value, at),
            (Value::Map(entries), Some((Segment::Key(key), rest))) => {
                at.0.push(Segment::Key(key.clone()));
                self.part(object, entries.get(key)?, at, rest)
            }
            (Value::List(items), Some((Segment::Index(index), rest))) => {
                at.0.push(Segment::Index(*index));
                self.part(object, items.get(*index)?, at, rest)
            }
            _ => None,
        }
    }

    /// The value with every hole in it delivered.
    fn whole(&self, object: &Object, value: &Partial, at: &mut Path) -> Option<Partial> {
        Some(match value {
            Value::List(items) => {
                let item = |(index, item)| self.part(object, item, &mut at.index(index), &[]);
                Value::List(items.iter().enumerate().map(item).collect::<Option<_>>()?)
            }
            Value::Map(entries) => {
                let entry =
                    |(key, item): (&String, _)| Some((key.clone(), self.part(object, item, &mut at.key(key), &[])?));
                Value::Map(entries.iter().map(entry).collect::<Option<_>>()?)
            }
            Value::Hole(hole) => self.inside(object, hole, at, &[])?,
            plain => plain.clone(),
        })
    }

    /// What lies at `rest` behind a sealed hole.
    fn inside(&self, object: &Object, hole: &Hole, at: &Path, rest: &[Segment]) -> Option<Partial> {
        if self.view == View::Sealed {
            return Some(Value::Hole(Box::new(part_of_hole(hole, rest))));
        }
        let value = match object.secrets.get(at) {
            Some(secret) => secret.expose().open(),
            None => self.deeper(hole)?,
        };
        let part = exposed(&value).at(&Path(rest.to_vec()))?.clone();
        Some(Value::Secret(Secret::new(part)))
    }

    fn deeper(&self, hole: &Hole) -> Option<Partial> {
        if self.depth.get() >= DEPTH {
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        let evaluation = evaluate(&hole.residual, self);
        self.depth.set(self.depth.get() - 1);
        let is_sound = !evaluation.diagnostics.has_errors() && evaluation.questions.is_empty();
        is_sound.then_some(evaluation.value)
    }
}

impl Scope for Sight<'_> {
    fn lookup(&self, root: &str, _: &[Segment]) -> Lookup<'_> {
        Lookup::Missing { detail: format!("there is nothing named `{root}` during apply"), candidates: Vec::new() }
    }

    fn origin(&self, origin: &Origin) -> Option<Cow<'_, Partial>> {
        let delivered = match origin {
            Origin::Secret(name) => self.secret(origin, name),
            Origin::Attribute(address, path) => self.attribute(address, path),
        };
        if delivered.is_none() {
            self.missing.borrow_mut().insert(origin.clone());
        }
        delivered.map(Cow::Owned)
    }

    fn file(&self, _: &FileQuestion) -> FileAnswer {
        FileAnswer::NotAsked
    }

    fn folder(&self) -> &str {
        ""
    }
}

fn not_evaluated(why: String) -> Unresolved {
    Unresolved { missing: BTreeSet::new(), why }
}

/// What a secret holds, or the value itself.
fn exposed(value: &Partial) -> &Partial {
    match value {
        Value::Secret(secret) => secret.expose(),
        value => value,
    }
}

/// The hole of a part of what a hole stands for.
fn part_of_hole(hole: &Hole, rest: &[Segment]) -> Hole {
    let step = |of: Expression, segment: &Segment| {
        Expression::new(match segment {
            Segment::Key(key) => Node::Attribute(Box::new(of), key.clone()),
            Segment::Index(index) => Node::Index(Box::new(of), Box::new(Expression::literal(Value::number(*index)))),
        })
    };
    match rest.is_empty() {
        true => hole.clone(),
        false => Hole {
            residual: rest.iter().fold(hole.residual.clone(), step),
            ty: Type::Any,
            prefix: String::new(),
            origins: hole.origins.clone(),
        },
    }
}

#[cfg(test)]
mod tests;
