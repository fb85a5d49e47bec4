//! `siac doctor`: whether everything that is needed is there, and whether anything is there that nobody needs.

use std::collections::BTreeSet;

use siac_core::model::event::Intent;
use siac_core::model::finding::{Certainty, Finding};
use siac_core::model::snapshot::Snapshot;
use siac_engine::site::Site;
use siac_engine::store::Store;
use siac_engine::use_cases::examining::{self, Account, accounts, examine, unfinished};
use siac_engine::use_cases::{loading, settling};

use super::common::{Opened, block_on, choice, open};
use crate::adapters;
use crate::arguments::{Cli, StackArgs};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json_stream::{self, Kind};
use crate::project::{Project, StackFile};
use crate::render::standing::{Check, Health, checks};
use crate::render::words::{counted, listed, shell_word};
use crate::state::{self, StateChoice};

/// `siac doctor`
pub fn doctor(arguments: &StackArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let mut found = vec![program("node"), program("git")];
    let opened = open(arguments.stack.as_deref(), None, cli, desk);
    match &opened {
        Err(failure) => found.push(check("stack", Health::Bad, failure_words(failure), failure.help.clone())),
        Ok(opened) => {
            found.extend(block_on(state_checks(opened))?);
            found.extend(super::builds::check(&opened.file.project));
        }
    }
    found.extend(block_on(findings(opened.ok(), cli, desk))?);
    let is_bad = found.iter().any(|check| check.health == Health::Bad);
    match &desk.json {
        Some(stream) => found.iter().for_each(|check| drop(stream.line(Kind::Check, json_stream::check(check)))),
        None => desk.data(&checks(&found, &desk.out)),
    }
    Ok(if is_bad { Exit::Error } else { Exit::Done })
}

fn failure_words(failure: &Failure) -> String {
    match &failure.problems {
        Some(problems) => problems.0.first().map(|problem| problem.detail.clone()).unwrap_or_default(),
        None => failure.what.clone(),
    }
}

fn check(what: &str, health: Health, found: impl Into<String>, remedy: Option<String>) -> Check {
    Check { what: what.to_owned(), health, found: found.into(), remedy }
}

fn program(name: &str) -> Check {
    let output = std::process::Command::new(name).arg("--version").output();
    match output {
        Ok(output) if output.status.success() => {
            check(name, Health::Good, String::from_utf8_lossy(&output.stdout).trim(), None)
        }
        _ => check(name, Health::Warning, "not found", Some(format!("install {name} where a stack runs it"))),
    }
}

async fn state_checks(opened: &Opened) -> Result<Vec<Check>, Failure> {
    let mut found =
        vec![check("stack", Health::Good, format!("{} ({})", opened.located.name, opened.file.shown), None)];
    let lives = match unfinished(&opened.store).await {
        Err(error) => {
            found.push(check("journal", Health::Bad, error.to_string(), None));
            None
        }
        Ok(unfinished) => {
            found.extend(settled(&unfinished));
            unfinished.holder_lives
        }
    };
    found.insert(1, lock(opened, lives).await);
    found.push(match opened.store.latest().await {
        Err(error) => check("state", Health::Bad, error.to_string(), None),
        Ok(None) => check("state", Health::Good, "never deployed", None),
        Ok(Some(latest)) => contents(&latest.snapshot),
    });
    Ok(found)
}

async fn lock(opened: &Opened, lives: Option<bool>) -> Check {
    let head = match opened.store.lock_status().await {
        Err(error) => return check("lock", Health::Bad, error.to_string(), None),
        Ok(head) => head,
    };
    let remedy = || Some("run `siac recover`, or just plan: it recovers first".to_owned());
    match head {
        Some(head) if head.dirty => check("lock", Health::Warning, "an earlier run was cut off", remedy()),
        Some(head) => match (&head.holder, lives) {
            (Some(holder), Some(false)) => {
                check("lock", Health::Warning, format!("left by a run that is gone: {holder}"), remedy())
            }
            (Some(holder), _) => check("lock", Health::Good, format!("held by {holder}"), None),
            (None, _) => check("lock", Health::Good, "free", None),
        },
        None => check("lock", Health::Good, "free", None),
    }
}

/// Calls that wait for a recovery or for a person.
fn settled(unfinished: &examining::Unfinished) -> Vec<Check> {
    let mut found = Vec::new();
    // The calls of a run that lives are its own business.
    if !unfinished.open.is_empty() && unfinished.holder_lives != Some(true) {
        let words = format!(
            "{} of an earlier run {} settled: {}",
            counted(unfinished.open.len(), "call"),
            not(&unfinished.open),
            addresses(&unfinished.open)
        );
        found.push(check("calls", Health::Warning, words, Some("siac recover".to_owned())));
    }
    for intent in &unfinished.unknown {
        let address = shell_word(&intent.address.to_string());
        found.push(check(
            "calls",
            Health::Warning,
            format!("whether the last call on {} happened is not known", intent.address),
            Some(format!("look, then say so: `siac recover --present {address}` or `siac recover --absent {address}`")),
        ));
    }
    found
}

fn not(calls: &[Intent]) -> &'static str {
    if calls.len() == 1 { "is not" } else { "are not" }
}

fn addresses(calls: &[Intent]) -> String {
    let names: BTreeSet<String> = calls.iter().map(|intent| intent.address.to_string()).collect();
    listed(&names.into_iter().collect::<Vec<_>>())
}

fn contents(snapshot: &Snapshot) -> Check {
    let broken = snapshot.check();
    match broken.is_empty() {
        false => check(
            "state",
            Health::Bad,
            broken.join("; "),
            Some("go back with `siac rollback --to previous`".to_owned()),
        ),
        true => check(
            "state",
            Health::Good,
            format!("snapshot {}, {}", snapshot.serial, counted(snapshot.records.len(), "resource")),
            None,
        ),
    }
}

/// What providers find that no stack of the project accounts for.
async fn findings(opened: Option<Opened>, cli: &Cli, desk: &Desk) -> Result<Vec<Check>, Failure> {
    let here = std::env::current_dir().map_err(|error| Failure::new(format!("the present folder is gone: {error}")))?;
    let project = opened.as_ref().map_or_else(|| Project::around(&here), |opened| opened.file.project.clone());
    let site = adapters::site(&project, &desk.redactor);
    let all = stacks(opened, &project, &site, cli).await;
    let found = examine(&site, &accounts(&all)).await;
    Ok(found
        .into_iter()
        .map(|finding| finding.map_or_else(|why| check("provider", Health::Warning, why, None), told))
        .collect())
}

fn told(finding: Finding) -> Check {
    let Finding { what, certainty, found, remedy } = finding;
    match (certainty, remedy) {
        (Certainty::Certain, None) => check(&what, Health::Good, found, None),
        (Certainty::Certain, remedy) => check(&what, Health::Warning, found, remedy),
        (Certainty::Suspected, remedy) => check(&what, Health::Warning, format!("perhaps: {found}"), remedy),
    }
}

/// Every stack of the project that can be found: the one that is meant, those in the usual places, and states without a stack file.
async fn stacks(opened: Option<Opened>, project: &Project, site: &Site, cli: &Cli) -> Vec<Account> {
    let mut all = Vec::new();
    let mut files = BTreeSet::new();
    if let Some(opened) = &opened {
        files.insert(opened.file.entry.clone());
        all.push(account(opened.located.name.clone(), &opened.store).await);
    }
    for file in project.usual_stack_files().into_iter().filter(|file| !files.contains(&file.entry)) {
        all.extend(declared(&file, project, site, cli).await);
    }
    let known: BTreeSet<String> = all.iter().map(|account| account.stack.clone()).collect();
    for stack in state::usual_stacks(project).into_iter().filter(|stack| !known.contains(stack)) {
        all.push(found(&stack, project, site, cli).await);
    }
    all
}

/// The stack of a file, unless it was never deployed.
async fn declared(file: &StackFile, project: &Project, site: &Site, cli: &Cli) -> Option<Account> {
    let unread = |stack: &str, why: String| Some(Account { stack: stack.to_owned(), state: Err(why) });
    let located = match choice(file, None).and_then(|choice| Ok(loading::locate(site, &choice)?)) {
        Ok(located) => located,
        Err(failure) => return unread(&file.shown, failure_words(&failure)),
    };
    let choice =
        StateChoice { stack: &located.name, settings: &located.state, accept_rollback: cli.global.accept_rollback };
    match state::is_begun(project, &choice) {
        Some(false) => None,
        None => unread(&located.name, "its state is kept elsewhere".to_owned()),
        Some(true) => match state::store(site, project, &choice) {
            Ok(store) => Some(account(located.name.clone(), &store).await),
            Err(failure) => unread(&located.name, failure.what),
        },
    }
}

/// A state that no stack file in the usual places names, opened as if its stack said nothing of it.
async fn found(stack: &str, project: &Project, site: &Site, cli: &Cli) -> Account {
    let settings = Default::default();
    let choice = StateChoice { stack, settings: &settings, accept_rollback: cli.global.accept_rollback };
    match state::store(site, project, &choice) {
        Ok(store) => account(stack.to_owned(), &store).await,
        Err(failure) => Account { stack: stack.to_owned(), state: Err(failure.what) },
    }
}

async fn account(stack: String, store: &Store) -> Account {
    let read = async {
        let latest = store.latest().await.map_err(|error| error.to_string())?;
        let is_moving = settling::is_unsettled(store).await.map_err(|failed| failed.to_string())?;
        Ok((latest.map(|latest| latest.snapshot), is_moving))
    };
    Account { stack, state: read.await }
}

#[cfg(test)]
mod tests {
    use siac_core::model::address::ResourceAddress;
    use siac_core::model::event::Verb;
    use siac_core::model::identity::OpId;
    use siac_core::model::plan::StepId;
    use siac_core::model::schema::RecoveryClass;
    use siac_core::model::value::Value;

    use super::*;

    fn intent(name: &str) -> Intent {
        Intent {
            op: OpId([1; 16]),
            step: StepId(0),
            undoing: false,
            address: ResourceAddress::managed("local_command", name),
            provider: "local".into(),
            verb: Verb::Create,
            inputs: Value::Null,
            remote: None,
            deposed: None,
            becoming: None,
            class: RecoveryClass::Token,
        }
    }

    fn remedies(unfinished: &examining::Unfinished) -> Vec<String> {
        settled(unfinished).into_iter().filter_map(|check| check.remedy).collect()
    }

    #[test]
    fn what_waits_for_a_recovery_says_so_unless_its_run_lives() {
        let open = vec![intent("one"), intent("two")];
        let mut unfinished = examining::Unfinished { open, ..examining::Unfinished::default() };
        let [told] = &settled(&unfinished)[..] else { panic!("{:?}", settled(&unfinished)) };
        assert_eq!(told.found, "2 calls of an earlier run are not settled: local_command.one and local_command.two");
        assert_eq!(remedies(&unfinished), ["siac recover"]);
        unfinished.holder_lives = Some(true);
        assert!(settled(&unfinished).is_empty());
    }

    #[test]
    fn what_only_a_person_can_tell_is_asked() {
        let unfinished = examining::Unfinished { unknown: vec![intent("one")], ..examining::Unfinished::default() };
        assert!(remedies(&unfinished)[0].contains("`siac recover --absent local_command.one`"));
    }
}
