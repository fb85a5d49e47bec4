//! Bringing a state to another place.

use siac_core::model::value::{Known, Value};
use siac_engine::store::Waiting;

use super::common::{Opened, block_on, open};
use super::upkeep::approve;
use crate::arguments::{Cli, StateMigrateArgs};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::init;
use crate::json_stream::Kind;
use crate::render::words::counted;
use crate::state::{self, StateChoice, StateTable};

/// What stays as it is when the place changes.
const KEPT: [&str; 2] = ["key", "takeover"];

/// `siac state migrate`
pub fn migrate(arguments: &StateMigrateArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let opened = open(arguments.stack.as_deref(), None, cli, desk)?;
    let table = new_table(arguments, &opened);
    let choice =
        StateChoice { stack: &opened.located.name, settings: &table, accept_rollback: cli.global.accept_rollback };
    let to = state::store(&opened.site, &opened.file.project, &choice)?;
    approve(
        &format!("Bring the state of `{}` from {} to {}?", opened.located.name, opened.store.place(), to.place()),
        arguments.auto_approve,
    )?;
    let wait = opened.wait(&arguments.lock)?;
    let mut on_wait = |_: &Waiting| desk.say("another run holds the lock; waiting");
    let migrated = block_on(async { Ok(opened.store.migrate(&to, &wait, &mut on_wait).await?) })?;
    let written = written(&table);
    desk.answer(
        || {
            format!(
                "brought to {}: {} copied, {} opened there\n\nWrite this into the stack:\n\n{written}",
                to.place(),
                counted(migrated.copied, "object"),
                counted(migrated.verified.snapshots, "snapshot"),
            )
        },
        Kind::Message,
        || serde_json::json!({ "place": to.place(), "copied": migrated.copied, "state": written }),
    );
    Ok(Exit::Done)
}

/// The `[state]` table of the new place; who opens the state does not change with it.
fn new_table(arguments: &StateMigrateArgs, opened: &Opened) -> StateTable {
    let given = arguments.place.given().map(|(name, value)| (name.to_owned(), Value::string(value)));
    let backend = [("backend".to_owned(), Value::string(arguments.backend.as_str()))];
    let kept = opened.located.state.iter().filter(|(name, _)| KEPT.contains(&name.as_str()));
    let kept = kept.map(|(name, value)| (name.clone(), value.clone()));
    backend.into_iter().chain(given).chain(kept).collect()
}

/// The table as it is written into a stack.
fn written(table: &StateTable) -> String {
    let text = |value: &Known| match value {
        Value::String(text) => text.to_string(),
        _ => String::new(),
    };
    let backend = table.get("backend").map(text).unwrap_or_default();
    let others: Vec<(&str, String)> =
        table.iter().filter(|(name, _)| *name != "backend").map(|(name, value)| (name.as_str(), text(value))).collect();
    let others: Vec<(&str, &str)> = others.iter().map(|(name, value)| (*name, value.as_str())).collect();
    init::state_table(&backend, &others)
}
