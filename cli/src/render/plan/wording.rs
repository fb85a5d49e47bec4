//! The words for what happens, and for why.

use siac_core::model::plan::{Action, Change, Reason};

use crate::render::style::Role;
use crate::render::words::listed;

/// The symbol of an action, and how it looks.
pub fn symbol(action: Action) -> (&'static str, Role) {
    match action {
        Action::Create => ("+", Role::Added),
        Action::Read => ("<=", Role::Read),
        Action::Update => ("~", Role::Changed),
        Action::ReplaceDestroyFirst => ("-/+", Role::Removed),
        Action::ReplaceCreateFirst => ("+/-", Role::Removed),
        Action::Delete => ("-", Role::Removed),
        Action::Forget => (".", Role::Faint),
        Action::Record => ("", Role::Plain),
    }
}

/// What an action's symbol means.
pub(super) fn legend(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Read => "read during apply",
        Action::Update => "update in place",
        Action::ReplaceDestroyFirst => "replace: destroy, then create",
        Action::ReplaceCreateFirst => "replace: create, then destroy",
        Action::Delete => "destroy",
        Action::Forget => "forget, and leave the object alone",
        Action::Record => "record",
    }
}

/// What happens to a resource, to be read after its address.
pub fn action_words(change: &Change) -> String {
    let mut words = match (change.action, &change.importing) {
        (Action::Create, _) => "will be created".to_owned(),
        (Action::Read, _) => "will be read during apply".to_owned(),
        (Action::Update, Some(id)) => format!("will be imported as `{id}`, then updated in place"),
        (Action::Update, None) => "will be updated in place".to_owned(),
        (Action::ReplaceDestroyFirst, _) => "will be replaced: destroyed, then created".to_owned(),
        (Action::ReplaceCreateFirst, _) => "will be replaced: created, then the old one is destroyed".to_owned(),
        (Action::Delete, _) => "will be destroyed".to_owned(),
        (Action::Forget, _) => "will be forgotten; the object is left alone".to_owned(),
        (Action::Record, Some(id)) => format!("will be imported as `{id}`"),
        (Action::Record, None) => recorded_words(change).to_owned(),
    };
    if let Some(deposed) = &change.deposed {
        let id = deposed.to_string();
        words = format!("(left by operation {}) {words}", &id[..8.min(id.len())]);
    }
    match &change.moved_from {
        Some(from) if change.action == Action::Record => format!("was {from}; the object is left as it is"),
        Some(from) => format!("(was {from}) {words}"),
        None => words,
    }
}

fn recorded_words(change: &Change) -> &'static str {
    match change.reasons.contains(&Reason::Vanished) {
        true => "is gone, and will no longer be remembered",
        false => "is only remembered differently",
    }
}

/// Why something happens, to be read after "because".
pub fn reason_words(reason: &Reason, change: &Change) -> String {
    match reason {
        Reason::NotDeclared => "the stack no longer declares it".to_owned(),
        Reason::NotAnInstance => "its `for_each` has no such key any more, or its `when` is false".to_owned(),
        Reason::Removed(None) => "a [[removed]] entry asks for it".to_owned(),
        Reason::Removed(Some(place)) => format!("a [[removed]] entry asks for it, at {place}"),
        Reason::Destroying => "the whole stack is destroyed".to_owned(),
        Reason::Immutable => immutable_words(change),
        Reason::Requested => "`--replace` names it".to_owned(),
        Reason::TriggeredBy(name) => format!("`{name}` changes, and `replace_triggered_by` names that"),
        Reason::Tainted => "its creation did not finish".to_owned(),
        Reason::LeftBehind => "an unfinished replacement left it behind".to_owned(),
        Reason::Vanished => "it is gone outside siac".to_owned(),
        Reason::Drifted => "it changed outside siac".to_owned(),
        Reason::Follows(address) => {
            format!("{address} is created before its old object is destroyed, and this follows it")
        }
        Reason::WaitsForApply => "its arguments are known only after apply".to_owned(),
        Reason::HoldsData => "it holds data; without `--allow-data-loss` it is kept".to_owned(),
    }
}

fn immutable_words(change: &Change) -> String {
    let paths: Vec<String> = change.replace_paths.iter().map(|path| format!("`{path}`")).collect();
    match paths.is_empty() {
        true => "it cannot change in place".to_owned(),
        false => format!("{} cannot change in place", listed(&paths)),
    }
}
