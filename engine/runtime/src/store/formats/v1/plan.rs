//! A saved plan: the plan, and the artifacts that travel with it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siac_core::model::identity::Digest;
use siac_core::model::plan::Plan;
use zeroize::Zeroizing;

use crate::store::envelope::Payload;
use crate::store::formats::{FormatError, MARK, SavedPlan, VERSION, depth, parse, split};

pub(in crate::store::formats) const WHAT: &str = "saved plan";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<'a> {
    plan: Cow<'a, Plan>,
    /// Digest and length of each artifact; their bytes follow one another in the other section.
    artifacts: Vec<(Digest, usize)>,
}

pub(in crate::store::formats) fn write(saved: &SavedPlan) -> Result<Payload, FormatError> {
    let unwritable = |why: String| FormatError::Unwritable { what: WHAT, why };
    let artifacts = saved.artifacts.iter().map(|(digest, bytes)| (*digest, bytes.len())).collect();
    let mut open = format!("{MARK}{VERSION}\n").into_bytes();
    serde_json::to_writer(&mut open, &Saved { plan: Cow::Borrowed(&saved.plan), artifacts })
        .map_err(|error| unwritable(error.to_string()))?;
    depth::check(&open).map_err(unwritable)?;
    let bytes: Vec<u8> = saved.artifacts.values().flatten().copied().collect();
    Ok(Payload { open, secret: Zeroizing::new(bytes) })
}

pub(in crate::store::formats) fn read(payload: &Payload) -> Result<SavedPlan, FormatError> {
    let json = split(&payload.open).map_or(&[][..], |(_, json)| json);
    let saved: Saved<'static> = parse(WHAT, json)?;
    Ok(SavedPlan { plan: saved.plan.into_owned(), artifacts: cut(&saved.artifacts, &payload.secret)? })
}

/// The artifacts, each checked against its digest.
fn cut(lengths: &[(Digest, usize)], mut bytes: &[u8]) -> Result<BTreeMap<Digest, Vec<u8>>, FormatError> {
    let malformed = |why: &str| FormatError::Malformed { what: WHAT, why: why.to_owned() };
    let mut artifacts = BTreeMap::new();
    for (digest, length) in lengths {
        let (artifact, rest) = bytes.split_at_checked(*length).ok_or_else(|| malformed("an artifact is cut"))?;
        if Digest::of(artifact) != *digest {
            return Err(malformed("an artifact does not have its digest"));
        }
        artifacts.insert(*digest, artifact.to_vec());
        bytes = rest;
    }
    match bytes.is_empty() {
        true => Ok(artifacts),
        false => Err(malformed("there is more than its artifacts")),
    }
}
