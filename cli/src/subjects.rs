//! What of a stack is meant: words that name the stack file, components and resources.
//!
//! A component is known by the addresses of what it is made of, as the state has them; the stack file is not asked.

use std::collections::BTreeSet;

use siac_core::model::address::{AddressPattern, ResourceAddress, ScopeKind, ScopeStep};
use siac_core::model::diagnostic::did_you_mean;
use siac_core::model::snapshot::Snapshot;

use crate::failure::Failure;

/// What was typed, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// The stack file.
    pub stack: Option<String>,
    /// Everything else, in order.
    pub subjects: Vec<Subject>,
}

/// A part of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// What has this name: a component, else resources. The kind of the step says nothing.
    Named(ScopeStep),
    /// A resource, or everything within modules and components; without keys every instance.
    Addressed(AddressPattern),
}

/// Tells the stack file from what is in the stack. `is_file` says whether a file of this name is there.
///
/// # Errors
/// When a word means nothing, or two of them name a stack file.
pub fn sorted(words: &[String], is_file: &dyn Fn(&str) -> bool) -> Result<Words, Failure> {
    let mut sorted = Words::default();
    for word in words {
        if !is_path(word, is_file) {
            sorted.subjects.push(subject(word)?);
        } else if let Some(other) = sorted.stack.replace(word.clone()) {
            return Err(Failure::new(format!("two stack files are named, `{other}` and `{word}`")).help("name one"));
        }
    }
    Ok(sorted)
}

/// A `/` stands in no address but within a key; `local_file.toml` is an address unless there is such a file.
fn is_path(word: &str, is_file: &dyn Fn(&str) -> bool) -> bool {
    let before_keys = word.split('[').next().unwrap_or_default();
    before_keys.contains('/') || (word.ends_with(".toml") && is_file(word))
}

/// What one word means.
///
/// # Errors
/// When it is neither a name nor an address.
pub fn subject(word: &str) -> Result<Subject, Failure> {
    if let Ok(pattern) = word.parse() {
        return Ok(Subject::Addressed(pattern));
    }
    match format!("component.{word}").parse() {
        Ok(AddressPattern::Within(steps)) if steps.len() == 1 => Ok(Subject::Named(steps[0].clone())),
        _ => Err(Failure::new(format!("`{word}` is neither the name of a component nor an address"))
            .help("write `api`, `component.api` or `local_service.api`")),
    }
}

/// The resources of a snapshot that are meant; all of them when nothing is named.
///
/// # Errors
/// When something that is named is not there.
pub fn chosen(subjects: &[Subject], snapshot: &Snapshot) -> Result<BTreeSet<ResourceAddress>, Failure> {
    if subjects.is_empty() {
        return Ok(snapshot.records.keys().cloned().collect());
    }
    let mut chosen = BTreeSet::new();
    for subject in subjects {
        let found = meant(subject, snapshot);
        if found.is_empty() {
            return Err(unknown(subject, snapshot));
        }
        chosen.extend(found);
    }
    Ok(chosen)
}

fn meant(subject: &Subject, snapshot: &Snapshot) -> Vec<ResourceAddress> {
    let those = |is_meant: &dyn Fn(&ResourceAddress) -> bool| -> Vec<ResourceAddress> {
        snapshot.records.keys().filter(|address| is_meant(address)).cloned().collect()
    };
    match subject {
        Subject::Addressed(pattern) => those(&|address| pattern.matches(address)),
        Subject::Named(wanted) => {
            let component = those(&|address| address.scope.iter().any(|step| step.is_matched_by(wanted)));
            let is_own = |address: &ResourceAddress| {
                address.name == wanted.name && (wanted.key.is_none() || wanted.key == address.key)
            };
            if component.is_empty() { those(&is_own) } else { component }
        }
    }
}

fn unknown(subject: &Subject, snapshot: &Snapshot) -> Failure {
    let written = subject.to_string();
    let names = known_names(snapshot);
    let what = match subject {
        Subject::Named(_) => format!("the stack has no component and no resource `{written}`"),
        Subject::Addressed(_) => format!("the state knows nothing of `{written}`"),
    };
    match did_you_mean(&written, names.iter().map(String::as_str)) {
        Some(near) => Failure::new(what).help(format!("did you mean `{near}`?")),
        None if snapshot.records.is_empty() => Failure::new(what).help("nothing is deployed yet; `siac apply` does it"),
        None => Failure::new(what).help("`siac state list` shows what it has"),
    }
}

/// Every word that would mean something: components and resources by name and with everything around them.
fn known_names(snapshot: &Snapshot) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for address in snapshot.records.keys() {
        names.extend([address.name.clone(), address.to_string(), address.clone().with_key(None).to_string()]);
        let steps = &address.scope;
        names.extend(steps.iter().filter(|step| step.kind == ScopeKind::Component).map(|step| step.name.clone()));
        names.extend((1..=steps.len()).map(|length| AddressPattern::Within(steps[..length].to_vec()).to_string()));
    }
    names
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Addressed(pattern) => pattern.fmt(f),
            Self::Named(step) => f.write_str(step.to_string().strip_prefix("component.").unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use siac_core::model::snapshot::Record;

    use super::*;

    fn snapshot() -> Snapshot {
        let addresses = [
            "component.api.local_service.server",
            r#"component.worker["eu"].local_service.server"#,
            r#"component.worker["us"].local_service.server"#,
            "local_service.web",
            "module.m.component.api.local_service.server",
            "local_file.api",
        ];
        let record = || Record { object: None, deposed: BTreeMap::new() };
        let records = addresses.iter().map(|address| (address.parse().unwrap(), record())).collect();
        Snapshot { records, ..Snapshot::empty("shop") }
    }

    fn sorted_words(line: &str) -> Result<Words, Failure> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        sorted(&words, &|name| name == "prod.toml")
    }

    fn meant(line: &str) -> Result<String, String> {
        let words = sorted_words(line).map_err(|failure| failure.what)?;
        let said = |failure: Failure| format!("{}; {}", failure.what, failure.help.unwrap_or_default());
        let chosen = chosen(&words.subjects, &snapshot()).map_err(said)?;
        Ok(chosen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_stack_file_may_stand_anywhere_and_is_told_from_an_address() {
        let words = sorted_words("api stacks/shop.toml local_file.a").unwrap();
        assert_eq!((words.stack.as_deref(), words.subjects.len()), (Some("stacks/shop.toml"), 2));
        assert_eq!(sorted_words("prod.toml").unwrap().stack.as_deref(), Some("prod.toml"));
        assert_eq!(sorted_words("local_file.toml").unwrap().stack, None, "there is no such file");
        assert_eq!(sorted_words(r#"local_file.a["x/y"]"#).unwrap().stack, None, "a key may hold anything");
        assert!(sorted_words("prod.toml ./b.toml").unwrap_err().what.contains("`prod.toml` and `./b.toml`"));
    }

    #[test]
    fn a_name_means_a_component_and_else_a_resource() {
        let both = "module.m.component.api.local_service.server component.api.local_service.server";
        assert_eq!(meant("api").unwrap(), both, "not the file of that name");
        assert_eq!(meant("web").unwrap(), "local_service.web");
        assert_eq!(meant(r#"worker["us"]"#).unwrap(), r#"component.worker["us"].local_service.server"#);
    }

    #[test]
    fn addresses_may_lack_their_end_or_their_keys() {
        assert_eq!(meant("component.api").unwrap(), "component.api.local_service.server");
        assert_eq!(meant("module.m").unwrap(), "module.m.component.api.local_service.server");
        assert_eq!(meant("component.worker.local_service.server").unwrap().split(' ').count(), 2);
        assert_eq!(meant("local_file.api").unwrap(), "local_file.api");
    }

    #[test]
    fn what_is_not_there_is_named_with_what_may_be_meant() {
        for (written, near) in
            [("wrker", "worker"), ("component.apj", "component.api"), ("local_service.wab", "local_service.web")]
        {
            let said = meant(written).unwrap_err();
            assert!(
                said.contains(&format!("`{written}`")) && said.ends_with(&format!("did you mean `{near}`?")),
                "{said}"
            );
        }
        assert!(meant("nothing-of-the-kind").unwrap_err().contains("siac state list"));
        assert!(meant("a..b").unwrap_err().contains("neither"));
    }
}
