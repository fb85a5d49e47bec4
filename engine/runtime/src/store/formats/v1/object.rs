//! Objects and observations, their secrets left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siac_core::model::address::ResourceAddress;
use siac_core::model::event;
use siac_core::model::identity::{Digest, OpId};
use siac_core::model::path::Path;
use siac_core::model::snapshot;
use siac_core::model::stack::Lifecycle;
use siac_core::model::value::Partial;

use super::secrets::Confidential;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Object<'a> {
    provider: Cow<'a, str>,
    remote: Cow<'a, str>,
    op: OpId,
    configured: Cow<'a, Partial>,
    inputs: Cow<'a, Partial>,
    sent: Vec<(Path, Digest)>,
    outputs: Cow<'a, Partial>,
    schema_version: u32,
    dependencies: Cow<'a, [ResourceAddress]>,
    lifecycle: Cow<'a, Lifecycle>,
    tainted: bool,
}

impl<'a> From<&'a snapshot::Object> for Object<'a> {
    fn from(object: &'a snapshot::Object) -> Self {
        Self {
            provider: Cow::Borrowed(&object.provider),
            remote: Cow::Borrowed(&object.remote),
            op: object.op,
            configured: Cow::Borrowed(&object.configured),
            inputs: Cow::Borrowed(&object.inputs),
            sent: pairs(&object.sent),
            outputs: Cow::Borrowed(&object.outputs),
            schema_version: object.schema_version,
            dependencies: Cow::Borrowed(&object.dependencies),
            lifecycle: Cow::Borrowed(&object.lifecycle),
            tainted: object.tainted,
        }
    }
}

impl Object<'_> {
    pub(super) fn with(self, own: Confidential) -> snapshot::Object {
        snapshot::Object {
            provider: self.provider.into_owned(),
            remote: self.remote.into_owned(),
            op: self.op,
            configured: self.configured.into_owned(),
            inputs: self.inputs.into_owned(),
            sent: self.sent.into_iter().collect(),
            outputs: self.outputs.into_owned(),
            secrets: own.secrets,
            private: own.private,
            schema_version: self.schema_version,
            dependencies: self.dependencies.into_owned(),
            lifecycle: self.lifecycle.into_owned(),
            tainted: self.tainted,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Observation<'a> {
    remote: Cow<'a, str>,
    inputs: Cow<'a, Partial>,
    sent: Vec<(Path, Digest)>,
    outputs: Cow<'a, Partial>,
}

impl<'a> From<&'a event::Observation> for Observation<'a> {
    fn from(observation: &'a event::Observation) -> Self {
        Self {
            remote: Cow::Borrowed(&observation.remote),
            inputs: Cow::Borrowed(&observation.inputs),
            sent: pairs(&observation.sent),
            outputs: Cow::Borrowed(&observation.outputs),
        }
    }
}

impl Observation<'_> {
    pub(super) fn with(self, own: Confidential) -> event::Observation {
        event::Observation {
            remote: self.remote.into_owned(),
            inputs: self.inputs.into_owned(),
            sent: self.sent.into_iter().collect(),
            outputs: self.outputs.into_owned(),
            secrets: own.secrets,
            private: own.private,
        }
    }
}

/// Paths are no texts, and JSON has no other keys.
fn pairs(sent: &BTreeMap<Path, Digest>) -> Vec<(Path, Digest)> {
    sent.iter().map(|(path, digest)| (path.clone(), *digest)).collect()
}
