//! What the schema alone says about a change.

use std::collections::BTreeMap;

use crate::model::expression::Node;
use crate::model::identity::Digest;
use crate::model::path::{Path, Segment};
use crate::model::schema::{Attribute, KindSchema, Stability};
use crate::model::snapshot::{Object, artifact_digest};
use crate::model::value::{Awaits, Hole, Partial, Value};
use crate::ports::{Planned, Verdict};

/// Compares a normalised wish with the object as it is, by the schema alone.
pub fn by_schema(kind: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
    let Some(prior) = prior else {
        return Planned {
            verdict: Verdict::Create,
            inputs: desired.clone(),
            outputs: Value::Map(BTreeMap::new()),
            changed: Vec::new(),
            requires_replace: Vec::new(),
        };
    };
    let inputs = with_decided(kind, prior, desired);
    let changed = differences(&prior.inputs, &inputs);
    let is_immutable = |path: &&Path| attribute(kind, path).is_some_and(|attribute| attribute.immutable);
    let requires_replace: Vec<Path> = changed.iter().filter(is_immutable).cloned().collect();
    let verdict = match (changed.is_empty(), requires_replace.is_empty()) {
        (true, _) => Verdict::Keep,
        (false, true) => Verdict::Update,
        (false, false) => Verdict::Replace,
    };
    let outputs = staying_outputs(kind, prior, verdict, &changed);
    Planned { verdict, inputs, outputs, changed, requires_replace }
}

/// What the provider decided earlier stands for what the stack leaves open.
fn with_decided(kind: &KindSchema, prior: &Object, desired: &Partial) -> Partial {
    let Value::Map(mut entries) = desired.clone() else { return desired.clone() };
    for (name, attribute) in &kind.attributes {
        let left_open = entries.get(*name).is_none_or(Value::is_null);
        if left_open
            && attribute.is_computed()
            && attribute.is_settable()
            && let Some(decided) = prior.inputs.get(name)
        {
            entries.insert((*name).to_owned(), decided.clone());
        }
    }
    Value::Map(entries)
}

/// The recorded outputs that the change leaves as they are.
fn staying_outputs(kind: &KindSchema, prior: &Object, verdict: Verdict, changed: &[Path]) -> Partial {
    let stays = |name: &str| match kind.attributes.get(name).map(|attribute| &attribute.stability) {
        _ if verdict == Verdict::Keep => true,
        _ if verdict != Verdict::Update => false,
        Some(Stability::Stays) => true,
        Some(Stability::Follows(leaders)) => {
            !changed.iter().any(|path| path.root().is_some_and(|root| leaders.contains(&root)))
        }
        Some(Stability::Moves) | None => false,
    };
    let recorded = prior.outputs.as_map().into_iter().flatten().filter(|(name, _)| stays(name));
    Value::Map(recorded.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn attribute<'a>(kind: &'a KindSchema, path: &Path) -> Option<&'a Attribute> {
    kind.attributes.get(path.root()?)
}

/// The paths at which two values differ, deepest first known: below maps and lists of equal length, whole otherwise.
/// A missing entry and null are the same.
pub fn differences(before: &Partial, after: &Partial) -> Vec<Path> {
    let mut paths = Vec::new();
    // The usual case, and much cheaper.
    if before != after {
        collect_differences(before, after, &mut Vec::new(), &mut paths);
    }
    paths
}

fn collect_differences(before: &Partial, after: &Partial, at: &mut Vec<Segment>, paths: &mut Vec<Path>) {
    match (before, after) {
        (Value::Map(left), Value::Map(right)) => {
            let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for key in keys {
                at.push(Segment::Key(key.clone()));
                let (l, r) = (left.get(key).unwrap_or(&Value::Null), right.get(key).unwrap_or(&Value::Null));
                collect_differences(l, r, at, paths);
                at.pop();
            }
        }
        (Value::List(left), Value::List(right)) if left.len() == right.len() => {
            for (index, (l, r)) in left.iter().zip(right).enumerate() {
                at.push(Segment::Index(index));
                collect_differences(l, r, at, paths);
                at.pop();
            }
        }
        _ if before == after => {}
        _ => paths.push(Path(at.clone())),
    }
}

/// Where a wish names a secret by another way than the object was sent it, and the digest tells that the value is the same: the paths,
/// and the hole that the wish has there.
pub fn same_secrets(prior: &Object, desired: &Partial) -> Vec<(Path, Partial)> {
    let mut found = Vec::new();
    if prior.sent.is_empty() {
        return found;
    }
    desired.visit_leaves(&mut |path, leaf| {
        let Value::Hole(hole) = leaf else { return };
        let same = prior.sent.get(path).is_some_and(|sent| whole_digest(hole) == Some(*sent));
        if same && prior.inputs.at(path).is_some_and(|before| before != leaf && matches!(before, Value::Hole(_))) {
            found.push((path.clone(), leaf.clone()));
        }
    });
    found
}

/// Where a wish has an artifact that was built from something else than the object's, and is the same to the byte: the paths, and the
/// reference that the wish has there.
pub fn same_artifacts(kind: &KindSchema, prior: &Object, desired: &Partial) -> Vec<(Path, Partial)> {
    let names = kind.attributes.iter().filter(|(_, attribute)| attribute.artifact).map(|(name, _)| *name);
    let same = |name: &str| {
        let (before, now) = (prior.inputs.get(name)?, desired.get(name)?);
        let is_same = before != now && artifact_digest(before.as_str()?)? == artifact_digest(now.as_str()?)?;
        is_same.then(|| (Path::attribute(name), now.clone()))
    };
    names.filter_map(same).collect()
}

/// The digest of what a hole stands for, when it stands for one sealed origin and nothing else.
fn whole_digest(hole: &Hole) -> Option<Digest> {
    match (&hole.residual.node, hole.origins.values().next()) {
        (Node::Origin(_), Some(Awaits::Sealed(fingerprint))) if hole.origins.len() == 1 => Some(fingerprint.digest),
        _ => None,
    }
}
