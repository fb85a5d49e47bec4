//! Tags: those of the stack, those that the provider adds to everything, and the marks by which siac knows what is its own.
//!
//! Every resource that can carry tags is put with the marks. They never change while it lives, and drift does not see them. `siac-state` and
//! `siac-addr` say whose a resource is, `siac-op` which call made it. The keys of tags are compared without letter case, as Azure does.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use siac_core::model::address::ScopeKind;
use siac_core::ports::Call;

use crate::arm::child;

/// What the keys of marks begin with; no other tag may.
pub const RESERVED: &str = "siac-";

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The longest key of a tag, in characters; storage accounts take 128. Source: "Use tags to organize your Azure resources", limitations.
pub const LONGEST_KEY: usize = 512;

/// The longest value of a tag, in characters. Same source.
pub const LONGEST_VALUE: usize = 256;

/// The most tags of one resource that a stack may set: 50 in all, same source, less the marks and some room for those of organisations.
pub const MOST_TAGS: usize = 40;

/// The marks of what this call makes.
pub fn marks(call: &Call, environment: Option<&str>) -> Tags {
    let component = call.address.scope.iter().find(|step| step.kind == ScopeKind::Component);
    let entries = [
        ("siac-stack", Some(call.stack.clone())),
        ("siac-state", Some(call.uuid.to_string())),
        ("siac-addr", Some(place(call))),
        ("siac-op", Some(call.op.to_string())),
        ("siac-component", component.map(|step| step.name.clone())),
        ("siac-environment", environment.map(str::to_owned)),
    ];
    let cut = |value: String| value.chars().take(LONGEST_VALUE).collect();
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), cut(value?)))).collect()
}

/// The address, where it is longer than a tag's value with a digest of it in place of its end.
fn place(call: &Call) -> String {
    let address = call.address.to_string();
    if address.chars().count() <= LONGEST_VALUE {
        return address;
    }
    let digest = siac_core::model::identity::Digest::of(address.as_bytes()).to_string();
    let start: String = address.chars().take(LONGEST_VALUE - 17).collect();
    format!("{start}@{}", &digest[..16])
}

/// Whose a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// This very call made it.
    ThisCall,
    /// An earlier call for the same resource of the same stack made it.
    ThisResource,
    /// Another stack, or another resource of this one, has it: in words.
    Other(String),
    /// Nothing marks it as siac's.
    Stranger,
}

/// Whose the resource with these tags is.
pub fn owner(tags: &Tags, call: &Call) -> Owner {
    let is = |key: &str, value: &str| tag(tags, key) == Some(value);
    match tag(tags, "siac-state") {
        Some(_) if is("siac-op", &call.op.to_string()) => Owner::ThisCall,
        Some(state) if state == call.uuid.to_string() && is("siac-addr", &place(call)) => Owner::ThisResource,
        Some(state) => Owner::Other(holder(tags, call, state)),
        None => Owner::Stranger,
    }
}

/// Who else has it, in words.
fn holder(tags: &Tags, call: &Call, state: &str) -> String {
    let place = tag(tags, "siac-addr").unwrap_or("a resource");
    let stack = tag(tags, "siac-stack").unwrap_or("?");
    match stack == call.stack && state != call.uuid.to_string() {
        // Two states of one name are hardly ever meant.
        true => format!(
            "{place} of this very stack by another state; look at `[state]`, and bring the state there with `siac state migrate`. Otherwise it is of another stack called `{stack}`"
        ),
        false => format!("{place} of the stack `{stack}`"),
    }
}

fn tag<'a>(tags: &'a Tags, key: &str) -> Option<&'a str> {
    tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
}

/// The tags of a document.
pub fn tags_of(document: &Json) -> Tags {
    let entries = child(document, "tags").and_then(Json::as_object);
    let text = |(key, value): (&String, &Json)| Some((key.clone(), value.as_str()?.to_owned()));
    entries.into_iter().flatten().filter_map(text).collect()
}

/// Whether a tag is nobody's but siac's or Azure's own. The portal keeps its links between resources in hidden ones.
fn is_reserved(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.starts_with(RESERVED) || key.starts_with("hidden-")
}

/// The tags as the stack would have written them. A default that is missing shows as an empty tag, so that it counts as drift and is
/// written again.
pub fn own_tags(all: &Tags, defaults: &Tags, remembered: &Tags) -> Tags {
    let is_default = |key: &str, value: &str| tag(defaults, key) == Some(value) && tag(remembered, key).is_none();
    let spelled = |key: &String| remembered.keys().find(|name| name.eq_ignore_ascii_case(key)).unwrap_or(key).clone();
    let own = all
        .iter()
        .filter(|(key, value)| (!is_reserved(key) || tag(remembered, key).is_some()) && !is_default(key, value));
    let missing = defaults.keys().filter(|key| tag(all, key).is_none()).map(|key| (key.clone(), String::new()));
    own.map(|(key, value)| (spelled(key), value.clone())).chain(missing).collect()
}

/// All tags without the marks.
pub fn unmarked(all: &Tags) -> Tags {
    all.iter().filter(|(key, _)| !is_reserved(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Every tag that a resource gets: the provider's, the stack's, the marks that it has already or else these, and what Azure keeps there.
pub fn all_tags(defaults: &Tags, own: &Tags, now: &Tags, marks: &Tags) -> Tags {
    let mut tags = defaults.clone();
    tags.extend(own.clone());
    let kept: Tags = now.iter().filter(|(key, _)| is_reserved(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
    if tag(&kept, "siac-state").is_none() {
        tags.extend(marks.clone());
    }
    tags.extend(kept);
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(entries: &[(&str, &str)]) -> Tags {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn defaults_marks_and_azures_own_are_not_the_stacks() {
        let all = tags(&[("a", "1"), ("Team", "x"), ("siac-op", "0"), ("hidden-link:x", "y")]);
        let defaults = tags(&[("team", "x")]);
        assert_eq!(own_tags(&all, &defaults, &Tags::new()), tags(&[("a", "1")]));
        assert_eq!(own_tags(&all, &Tags::new(), &tags(&[("A", "1")])), tags(&[("A", "1"), ("Team", "x")]));
        assert_eq!(own_tags(&tags(&[]), &defaults, &Tags::new()), tags(&[("team", "")]));
    }

    #[test]
    fn marks_stay_as_they_are() {
        let now = tags(&[("old", "1"), ("siac-state", "s"), ("siac-op", "0")]);
        let marks = tags(&[("siac-state", "s"), ("siac-op", "1")]);
        let all = all_tags(&tags(&[]), &tags(&[("new", "2")]), &now, &marks);
        assert_eq!(all, tags(&[("new", "2"), ("siac-state", "s"), ("siac-op", "0")]));
        assert_eq!(all_tags(&tags(&[]), &tags(&[]), &tags(&[]), &marks), marks);
    }
}
