//! What is remembered: the world as we believe it to be after a deployment.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::address::{Mode, ResourceAddress};
use super::event::Intent;
use super::identity::{DeploymentId, Digest, OpId, SnapshotId, StackUuid};
use super::path::Path;
use super::secret::Secret;
use super::stack::{Lifecycle, SecretSource};
use super::value::{Known, Never, Origin, Partial, Value};

/// One published state of a stack. Immutable; names its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The stack's name.
    pub stack: String,
    /// The identity of the stack's state.
    pub uuid: StackUuid,
    /// 1 for the first published snapshot, then one more each; 0 for [`Snapshot::empty`].
    pub serial: u64,
    /// The snapshot this one follows.
    pub parent: Option<SnapshotId>,
    /// How the deployment that made it ended.
    pub status: Status,
    /// When it was made, RFC 3339 in UTC; empty for [`Snapshot::empty`].
    pub time: String,
    /// The deployment that made it.
    pub deployment: Option<DeploymentId>,
    /// Everything that exists, by address.
    pub records: BTreeMap<ResourceAddress, Record>,
    /// Calls whose outcome nobody could tell: what they were to make may exist. Nothing is planned for their resources until
    /// the user has said what became of them.
    pub unsettled: BTreeMap<OpId, Intent>,
    /// The stack's outputs.
    pub outputs: BTreeMap<String, OutputRecord>,
    /// The secrets that the stack declared: references, never values.
    pub secrets: BTreeMap<String, SecretSource>,
    /// The provider instances in use.
    pub providers: BTreeMap<String, ProviderPin>,
    /// 256 random bits, the key of fingerprints and artifact names. All zero only in [`Snapshot::empty`].
    pub stack_secret: Secret<[u8; 32]>,
    /// Every published snapshot up to this one, oldest first, this one not included.
    pub history: Vec<HistoryEntry>,
    /// What this snapshot is called, besides its serial.
    pub label: Option<String>,
    /// What the deployment did, in words.
    pub summary: String,
    /// Who ran it: `user@host`, or what CI calls its actor.
    pub who: String,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Everything planned was done.
    Complete,
    /// A step failed and `on_failure = "halt"` kept what was done.
    Halted,
    /// A step failed and everything done was undone.
    RolledBack,
    /// A step failed and not everything could be undone.
    UndoIncomplete,
    /// The run was stopped or killed; what was done is recorded.
    Interrupted,
    /// Only the record changed: a label, a move, a removal from the state.
    Edited,
}

/// One resource that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The object in use; `None` when only deposed objects are left.
    pub object: Option<Object>,
    /// Objects that an unfinished replacement left to be deleted, by the operation that created them.
    pub deposed: BTreeMap<OpId, Object>,
}

/// One object and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The provider instance it belongs to.
    pub provider: String,
    /// What the provider calls it.
    pub remote: String,
    /// The operation that created or adopted it.
    pub op: OpId,
    /// The attributes as wanted: references to other resources and to secrets are holes.
    pub configured: Partial,
    /// The attributes as sent, normalised; the only holes are sealed ones.
    pub inputs: Partial,
    /// For each hole of `inputs`, the keyed digest of the value that was sent, so that drift in it can be seen.
    pub sent: BTreeMap<Path, Digest>,
    /// What the provider answered; sensitive parts are sealed holes of this very attribute.
    pub outputs: Partial,
    /// The sensitive parts of `outputs`.
    pub secrets: BTreeMap<Path, Secret<Known>>,
    /// Bytes that only the provider understands.
    pub private: Vec<u8>,
    /// The version of the kind's schema.
    pub schema_version: u32,
    /// What it directly depends on, in order.
    pub dependencies: Vec<ResourceAddress>,
    /// How it may change.
    pub lifecycle: Lifecycle,
    /// Whether its creation did not finish, so that it must be replaced.
    pub tainted: bool,
}

/// One output of the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRecord {
    /// The expression's residual over resources.
    pub configured: Partial,
    /// Its value; the only holes are sealed ones.
    pub value: Partial,
    /// Whether it is never shown.
    pub sensitive: bool,
}

/// Which provider a deployment used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderPin {
    /// The plugin.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The account, subscription or machine; a deployment to another one is refused.
    pub identity: Option<String>,
    /// The instance's configuration.
    pub config: BTreeMap<String, Known>,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The snapshot's serial.
    pub serial: u64,
    /// The snapshot's id.
    pub id: SnapshotId,
    /// When it was made, RFC 3339 in UTC.
    pub time: String,
    /// What it is called.
    pub label: Option<String>,
    /// How its deployment ended.
    pub status: Status,
    /// The deployment that made it.
    pub deployment: Option<DeploymentId>,
    /// What the deployment did, in words.
    pub summary: String,
    /// Who ran it.
    pub who: String,
    /// Whether its content was pruned: the entry stays, the snapshot cannot be read.
    #[serde(default)]
    pub pruned: bool,
}

impl Snapshot {
    /// The state of a stack that was never deployed.
    pub fn empty(stack: impl Into<String>) -> Self {
        Self {
            stack: stack.into(),
            uuid: StackUuid([0; 16]),
            serial: 0,
            parent: None,
            status: Status::Complete,
            time: String::new(),
            deployment: None,
            records: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            outputs: BTreeMap::new(),
            secrets: BTreeMap::new(),
            providers: BTreeMap::new(),
            stack_secret: Secret::new([0; 32]),
            history: Vec::new(),
            label: None,
            summary: String::new(),
            who: String::new(),
        }
    }

    /// The object in use at an address.
    pub fn object(&self, address: &ResourceAddress) -> Option<&Object> {
        self.records.get(address)?.object.as_ref()
    }

    /// Every artifact that some record names.
    pub fn artifacts(&self) -> BTreeSet<Digest> {
        let mut digests = BTreeSet::new();
        let objects = self.records.values().flat_map(|record| record.object.iter().chain(record.deposed.values()));
        for object in objects {
            object.inputs.visit_leaves(&mut |_, leaf| digests.extend(leaf.as_str().and_then(artifact_digest)));
        }
        digests
    }

    /// The artifacts that recipes made, by the identity of what they were made from.
    pub fn built_artifacts(&self) -> BTreeMap<Digest, Digest> {
        let mut built = BTreeMap::new();
        let objects = self.records.values().filter_map(|record| record.object.as_ref());
        for object in objects {
            object.inputs.visit_leaves(&mut |_, leaf| {
                let reference = leaf.as_str().and_then(parts);
                built.extend(reference.and_then(|(digest, identity)| Some((identity?, digest))));
            });
        }
        built
    }

    /// What is wrong with the snapshot itself; empty when nothing is. Each line names an invariant and who breaks it.
    pub fn check(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (address, record) in &self.records {
            if record.object.is_none() && record.deposed.is_empty() {
                broken.push(format!("a record holds an object: {address} holds none"));
            }
            for object in record.object.iter().chain(record.deposed.values()) {
                broken.extend(object.check(address));
            }
        }
        broken.extend(repeated_operations(&self.records));
        broken
    }
}

/// An operation makes one object; a second one with the same operation is a duplicate.
fn repeated_operations(records: &BTreeMap<ResourceAddress, Record>) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let mut broken = Vec::new();
    for (address, record) in records.iter().filter(|(address, _)| address.mode == Mode::Managed) {
        for object in record.object.iter().chain(record.deposed.values()) {
            if let Some(other) = seen.insert(object.op, address) {
                broken.push(format!("an operation makes one object: {other} and {address} share {}", object.op));
            }
        }
    }
    broken
}

impl Object {
    fn check(&self, address: &ResourceAddress) -> Vec<String> {
        let mut broken = Vec::new();
        if self.inputs.is_unknown() || self.outputs.is_unknown() {
            broken.push(format!("inputs and outputs are known or sealed: {address} has an unknown"));
        }
        for path in self.secrets.keys() {
            if !matches!(self.outputs.at(path), Some(Value::Hole(_))) {
                broken.push(format!("a secret has its sealed hole: {address} lacks one at {path}"));
            }
        }
        broken
    }

    /// The object as other resources see it: its inputs, and over them its outputs; secrets are sealed holes.
    pub fn attributes(&self) -> Partial {
        overlay(&self.inputs, &self.outputs)
    }

    /// What the object's secret at `path` is.
    pub fn secret(&self, path: &Path) -> Option<&Secret<Known>> {
        self.secrets.get(path)
    }

    /// The outputs with their secrets put back as secret values.
    ///
    /// Fails with the origin of a hole that is not one of this object's secrets; [`Snapshot::check`] excludes that.
    pub fn unsealed_outputs(&self) -> Result<Known, Box<Origin>> {
        self.outputs.try_fill(&mut |hole| match hole.origins.keys().next() {
            Some(Origin::Attribute(_, path)) if self.secrets.contains_key(path) => {
                Ok(Value::Secret(self.secrets[path].clone()))
            }
            Some(origin) => Err(Box::new(origin.clone())),
            None => Ok::<Value<Never>, Box<Origin>>(Value::Null),
        })
    }
}

/// The entries of two maps, those of `upper` winning unless they are null.
pub fn overlay<H: Clone>(lower: &Value<H>, upper: &Value<H>) -> Value<H> {
    match (lower, upper) {
        (Value::Map(lower), Value::Map(upper)) => {
            let mut entries = lower.clone();
            for (key, value) in upper {
                if !value.is_null() || !entries.contains_key(key) {
                    entries.insert(key.clone(), value.clone());
                }
            }
            Value::Map(entries)
        }
        (lower, Value::Null) => lower.clone(),
        (_, upper) => upper.clone(),
    }
}

/// What an artifact's reference starts with.
pub const ARTIFACT: &str = "artifact:";

/// What stands between the digest of an artifact and the identity that it was built from.
const BUILT: &str = ";built:";

/// The reference by which inputs name an artifact.
pub fn artifact_reference(digest: &Digest) -> String {
    format!("{ARTIFACT}{digest}")
}

/// The reference by which inputs name an artifact that a recipe made: its digest, and the identity of what it was made from.
pub fn built_artifact_reference(digest: &Digest, identity: &Digest) -> String {
    format!("{ARTIFACT}{digest}{BUILT}{identity}")
}

/// The digest behind an artifact's reference, when the text is one.
pub fn artifact_digest(text: &str) -> Option<Digest> {
    parts(text).map(|(digest, _)| digest)
}

/// What an artifact was built from, when the text is the reference of one that a recipe made.
pub fn artifact_identity(text: &str) -> Option<Digest> {
    parts(text)?.1
}

fn parts(text: &str) -> Option<(Digest, Option<Digest>)> {
    let rest = text.strip_prefix(ARTIFACT)?;
    match rest.split_once(BUILT) {
        None => Some((rest.parse().ok()?, None)),
        Some((digest, identity)) => Some((digest.parse().ok()?, Some(identity.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_reference_are_read() {
        let (digest, identity) = (Digest([1; 32]), Digest([2; 32]));
        let (plain, built) = (artifact_reference(&digest), built_artifact_reference(&digest, &identity));
        assert_eq!((artifact_digest(&plain), artifact_identity(&plain)), (Some(digest), None));
        assert_eq!((artifact_digest(&built), artifact_identity(&built)), (Some(digest), Some(identity)));
        for text in ["artifact:", "artifact:x", &format!("{built}0"), &format!("{plain};other:1"), "x"] {
            assert_eq!(artifact_digest(text), None, "{text}");
        }
    }
}
