//! `siac open`: where a component answers, in the browser or printed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use siac_core::model::address::{AddressPattern, ResourceAddress, ScopeKind, ScopeStep};
use siac_core::model::inspection::names;
use siac_core::model::snapshot::Snapshot;
use siac_core::model::value::Partial;

use super::common::{block_on, open as open_state};
use crate::arguments::{Cli, OpenArgs};
use crate::browser::{self, Surroundings, page_of};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json_stream::Kind;
use crate::subjects::{self, Subject};

/// `siac open`
pub fn open(arguments: &OpenArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let words: Vec<String> = std::iter::once(&arguments.subject).chain(&arguments.stack).cloned().collect();
    let words = subjects::sorted(&words, &|name| Path::new(name).is_file())?;
    let [subject] = words.subjects.as_slice() else {
        return Err(Failure::new("name one component or resource").help("for instance `siac open api`"));
    };
    let opened = open_state(words.stack.as_deref(), None, cli, desk)?;
    let latest = block_on(async { Ok(opened.store.latest().await?) })?;
    let snapshot = latest.map_or_else(|| Snapshot::empty(&opened.located.name), |latest| latest.snapshot);
    let url = the_one(subject, urls(subject, &snapshot)?)?;
    if arguments.print || desk.json.is_some() {
        desk.answer(|| url.clone(), Kind::Url, || serde_json::json!({ "url": url }));
        return Ok(Exit::Done);
    }
    let page = page_of(&url).map_err(Failure::new)?;
    match browser::open(&page, &Surroundings::of_this_process().programs()) {
        true => desk.say(&format!("opening {page}")),
        false => desk.data(&page),
    }
    Ok(Exit::Done)
}

fn the_one(subject: &Subject, urls: BTreeMap<String, String>) -> Result<String, Failure> {
    let mut distinct: BTreeSet<&String> = urls.values().collect();
    match (distinct.pop_first(), distinct.is_empty()) {
        (Some(url), true) => Ok(url.clone()),
        (None, _) => {
            Err(Failure::new(format!("`{subject}` has no `url`"))
                .help("`siac output` shows what the stack answers with"))
        }
        (Some(_), false) => {
            let all: Vec<String> = urls.iter().map(|(whose, url)| format!("{whose}  {url}")).collect();
            Err(Failure::new(format!("`{subject}` answers at several places"))
                .help(format!("name one:\n  {}", all.join("\n  "))))
        }
    }
}

/// Where what is meant answers, by whose it is: the outputs of components, else the attributes of resources.
fn urls(subject: &Subject, snapshot: &Snapshot) -> Result<BTreeMap<String, String>, Failure> {
    let chosen = subjects::chosen(std::slice::from_ref(subject), snapshot)?;
    let components: BTreeSet<&[ScopeStep]> = chosen.iter().filter_map(component).collect();
    if !matches!(subject, Subject::Addressed(AddressPattern::Resource(_))) {
        let outputs: BTreeMap<String, String> =
            components.into_iter().filter_map(|steps| Some((scope(steps), output(steps, snapshot)?))).collect();
        if !outputs.is_empty() {
            return Ok(outputs);
        }
    }
    let attribute = |address: &ResourceAddress| {
        let url = snapshot.object(address)?.outputs.get(names::URL)?.as_str()?.to_owned();
        Some((address.to_string(), url))
    };
    Ok(chosen.iter().filter_map(attribute).collect())
}

/// The modules and components around a resource, up to its innermost component.
fn component(address: &ResourceAddress) -> Option<&[ScopeStep]> {
    let last = address.scope.iter().rposition(|step| step.kind == ScopeKind::Component)?;
    address.scope.get(..=last)
}

fn scope(steps: &[ScopeStep]) -> String {
    steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

/// The `url` among a component's outputs, which are recorded as outputs of the stack.
fn output(steps: &[ScopeStep], snapshot: &Snapshot) -> Option<String> {
    let record = snapshot.outputs.get(&format!("{}.{}", scope(steps), names::URL))?;
    match (&record.value, record.sensitive) {
        (Partial::String(url), false) => Some(url.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use siac_core::model::snapshot::{OutputRecord, Record};
    use siac_core::model::value::Value;

    use super::*;

    fn snapshot(outputs: &[(&str, &str)]) -> Snapshot {
        let addresses = [
            "component.api.local_service.server",
            r#"component.eu["a"].local_service.server"#,
            r#"component.eu["b"].local_service.server"#,
        ];
        let record = || Record { object: None, deposed: BTreeMap::new() };
        let output = |(name, url): &(&str, &str)| {
            let value = Value::string(*url);
            ((*name).to_owned(), OutputRecord { configured: value.clone(), value, sensitive: false })
        };
        Snapshot {
            records: addresses.iter().map(|address| (address.parse().unwrap(), record())).collect(),
            outputs: outputs.iter().map(output).collect(),
            ..Snapshot::empty("shop")
        }
    }

    fn found(word: &str, outputs: &[(&str, &str)]) -> Result<String, String> {
        let subject = subjects::subject(word).unwrap();
        let urls = urls(&subject, &snapshot(outputs)).map_err(|failure| failure.what)?;
        the_one(&subject, urls).map_err(|failure| failure.what)
    }

    #[test]
    fn a_component_answers_where_its_output_says() {
        let outputs = [("component.api.url", "http://127.0.0.1:1"), ("url", "http://127.0.0.1:2")];
        assert_eq!(found("api", &outputs).as_deref(), Ok("http://127.0.0.1:1"));
        assert_eq!(found("component.api", &outputs).as_deref(), Ok("http://127.0.0.1:1"));
        assert!(found("api", &[]).unwrap_err().contains("has no `url`"));
    }

    #[test]
    fn of_several_places_one_must_be_named() {
        let outputs = [(r#"component.eu["a"].url"#, "http://a"), (r#"component.eu["b"].url"#, "http://b")];
        assert!(found("eu", &outputs).unwrap_err().contains("several places"));
        assert_eq!(found(r#"eu["b"]"#, &outputs).as_deref(), Ok("http://b"));
    }
}
