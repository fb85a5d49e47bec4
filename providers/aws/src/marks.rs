//! Tags: those of the stack, those that the provider adds to everything, and the marks by which siac knows what is its own.
//!
//! Every object that can carry tags is made with the marks, in the call that makes it. They never change while it lives, and drift does not
//! see them. `siac-state` and `siac-addr` say whose an object is, `siac-op` which call made it.

use std::collections::BTreeMap;

use siac_core::model::address::{ResourceAddress, ScopeKind};
use siac_core::model::identity::{Digest, OpId, StackUuid};
use siac_core::ports::Call;

/// What the keys of marks begin with; no other tag may.
pub const RESERVED: &str = "siac-";

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The longest value of a tag, in characters. Source: "Tag naming limits and requirements", Tagging AWS Resources User Guide.
pub const LONGEST_VALUE: usize = 256;

/// The longest key of a tag, in characters. Same source.
pub const LONGEST_KEY: usize = 128;

/// The most tags of one object that a stack may set: 50 in all, same source, less the marks and some room for those of organisations.
pub const MOST_TAGS: usize = 40;

/// The marks of what this call makes.
pub fn marks(call: &Call, environment: Option<&str>) -> Tags {
    let component = call.address.scope.iter().find(|step| step.kind == ScopeKind::Component);
    let entries = [
        ("siac-stack", Some(written(&call.stack))),
        ("siac-state", Some(call.uuid.to_string())),
        ("siac-addr", Some(place(&call.address))),
        ("siac-op", Some(call.op.to_string())),
        ("siac-component", component.map(|step| written(&step.name))),
        ("siac-environment", environment.map(written)),
    ];
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// An address in the letters that every service allows in the value of a tag.
pub fn place(address: &ResourceAddress) -> String {
    written(&address.to_string().replace("[\"", ":").replace("\"]", ""))
}

/// A text in letters, digits, spaces and `+-=._:/@`, the ones allowed everywhere; where that loses something, a digest keeps texts apart.
fn written(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c);
    let is_faithful = text.chars().all(allowed) && text.len() <= LONGEST_VALUE;
    if is_faithful {
        return text.to_owned();
    }
    let readable: String = text.chars().map(|c| if allowed(c) { c } else { '_' }).take(LONGEST_VALUE - 17).collect();
    format!("{readable}@{}", &Digest::of(text.as_bytes()).to_string()[..16])
}

/// What begins the mark in the description of an object that carries no tags.
const SIGNATURE: &str = "[siac ";

/// A description with the mark of this call, for objects that carry no tags and have no name of ours.
pub fn signed(own: Option<&str>, call: &Call) -> String {
    let mark = format!("{SIGNATURE}{} {}]", call.uuid, call.op);
    own.map_or_else(|| mark.clone(), |own| format!("{own} {mark}"))
}

/// The stack's own part of a description, and the marks in it.
pub fn unsigned(description: Option<&str>) -> (Option<String>, Tags) {
    let text = description.unwrap_or_default();
    let parts = text.rfind(SIGNATURE).and_then(|at| {
        let (own, mark) = text.split_at(at);
        let (state, op) = mark.strip_prefix(SIGNATURE)?.strip_suffix(']')?.split_once(' ')?;
        // Words in brackets that are no identities are the stack's own.
        let is_mark = state.parse::<StackUuid>().is_ok() && op.parse::<OpId>().is_ok();
        let marks = Tags::from([("siac-state".to_owned(), state.to_owned()), ("siac-op".to_owned(), op.to_owned())]);
        is_mark.then_some((own.trim_end(), marks))
    });
    let (own, marks) = parts.unwrap_or((text, Tags::new()));
    (Some(own.to_owned()).filter(|own| !own.is_empty()), marks)
}

/// A description changed to the stack's own words, its mark kept.
pub fn signed_again(own: Option<&str>, marks: &Tags, call: &Call) -> String {
    match (marks.get("siac-state"), marks.get("siac-op")) {
        (Some(state), Some(op)) => {
            let mark = format!("{SIGNATURE}{state} {op}]");
            own.map_or_else(|| mark.clone(), |own| format!("{own} {mark}"))
        }
        _ => signed(own, call),
    }
}

/// Whose an object is.
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

/// Whose the object with these tags is.
pub fn owner(tags: &Tags, call: &Call) -> Owner {
    let mark = |key: &str| tags.get(key).map(String::as_str);
    let is = |key: &str, value: &str| mark(key) == Some(value);
    match mark("siac-state") {
        Some(_) if is("siac-op", &call.op.to_string()) => Owner::ThisCall,
        Some(state) if state == call.uuid.to_string() && is("siac-addr", &place(&call.address)) => Owner::ThisResource,
        Some(_) => Owner::Other(format!(
            "{} of the stack `{}`",
            mark("siac-addr").unwrap_or("a resource"),
            mark("siac-stack").unwrap_or("?")
        )),
        None => Owner::Stranger,
    }
}

/// Whether a tag is nobody's but siac's or AWS's own.
fn is_reserved(key: &str) -> bool {
    key.starts_with(RESERVED) || key.starts_with("aws:")
}

/// The tags as the stack would have written them. A default that is missing shows as an empty tag, so that it counts as drift and is
/// written again.
pub fn own_tags(all: &Tags, defaults: &Tags, remembered: &Tags) -> Tags {
    let is_default = |key: &String, value: &String| defaults.get(key) == Some(value) && !remembered.contains_key(key);
    let own = all.iter().filter(|(key, value)| !is_reserved(key) && !is_default(key, value));
    let missing = defaults.keys().filter(|key| !all.contains_key(*key)).map(|key| (key.clone(), String::new()));
    own.map(|(key, value)| (key.clone(), value.clone())).chain(missing).collect()
}

/// All tags without the marks.
pub fn unmarked(all: &Tags) -> Tags {
    all.iter().filter(|(key, _)| !is_reserved(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What has to be done to the tags of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retagging {
    /// To be written.
    pub set: Tags,
    /// To be removed.
    pub removed: Vec<String>,
}

impl Retagging {
    /// From the tags there are to those wanted. Marks stay as they are; an object that has none gets these.
    pub fn between(now: &Tags, wanted: &Tags, marks: &Tags) -> Self {
        let mut set: Tags = wanted.clone();
        if !now.contains_key("siac-state") {
            set.extend(marks.clone());
        }
        set.retain(|key, value| now.get(key) != Some(value));
        let surplus = now.keys().filter(|key| !is_reserved(key) && !wanted.contains_key(*key));
        Self { set, removed: surplus.cloned().collect() }
    }

    /// Whether nothing has to be done.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.removed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(entries: &[(&str, &str)]) -> Tags {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn addresses_fit_into_tags_and_stay_apart() {
        let address = |text: &str| place(&text.parse().unwrap());
        assert_eq!(address("aws_sqs_queue.jobs"), "aws_sqs_queue.jobs");
        assert_eq!(address("module.m.aws_sqs_queue.jobs[\"eu\"]"), "module.m.aws_sqs_queue.jobs:eu");
        assert_ne!(address("aws_sqs_queue.jobs[\"a*\"]"), address("aws_sqs_queue.jobs[\"a?\"]"));
        assert!(address("aws_sqs_queue.jobs[\"a*\"]").starts_with("aws_sqs_queue.jobs:a_@"));
    }

    #[test]
    fn defaults_and_marks_are_not_the_stacks_own() {
        let all = tags(&[("a", "1"), ("team", "x"), ("siac-op", "0"), ("aws:y", "z")]);
        let defaults = tags(&[("team", "x")]);
        assert_eq!(own_tags(&all, &defaults, &Tags::new()), tags(&[("a", "1")]));
        assert_eq!(own_tags(&all, &defaults, &tags(&[("team", "x")])), tags(&[("a", "1"), ("team", "x")]));
        assert_eq!(own_tags(&tags(&[]), &defaults, &Tags::new()), tags(&[("team", "")]));
        assert_eq!(own_tags(&tags(&[("team", "old")]), &defaults, &Tags::new()), tags(&[("team", "old")]));
    }

    #[test]
    fn descriptions_carry_a_mark_that_is_not_theirs() {
        let mark = format!("[siac {} {}]", "0".repeat(32), "1".repeat(32));
        let (own, marks) = unsigned(Some(&format!("calls it {mark}")));
        assert_eq!((own.as_deref(), marks["siac-op"].as_str()), (Some("calls it"), "1".repeat(32).as_str()));
        assert_eq!(unsigned(Some(&mark)).0, None);
        assert_eq!(unsigned(Some("[siac is great]")), (Some("[siac is great]".to_owned()), Tags::new()));
    }

    #[test]
    fn retagging_leaves_marks_alone() {
        let now = tags(&[("a", "1"), ("b", "2"), ("siac-state", "s"), ("siac-op", "0")]);
        let retagging = Retagging::between(&now, &tags(&[("a", "2")]), &tags(&[("siac-state", "s"), ("siac-op", "1")]));
        assert_eq!(retagging, Retagging { set: tags(&[("a", "2")]), removed: vec!["b".to_owned()] });
        let adopted = Retagging::between(&tags(&[]), &tags(&[]), &tags(&[("siac-op", "1")]));
        assert_eq!(adopted.set, tags(&[("siac-op", "1")]));
    }
}
