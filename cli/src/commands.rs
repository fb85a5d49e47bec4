//! One function for each command: arguments in, words out, an exit code.

mod applying;
mod builds;
pub(crate) mod common;
mod components;
mod doctor;
mod formatting;
mod logs;
mod migrating;
mod opening;
mod planning;
mod reading;
mod reference;
mod status;
mod upkeep;
mod validate;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::arguments::{
    BuildCommand, Cli, Command, ComponentCommand, KeyCommand, LockCommand, SnapshotCommand, StateCommand,
};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs what the process was asked to do.
pub fn run() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => execute(&cli),
        Err(error) => {
            // Nothing is left to do when even this cannot be written.
            let _ = error.print();
            let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            ExitCode::from(if is_answer { Exit::Done } else { Exit::Error }.code())
        }
    }
}

fn execute(cli: &Cli) -> ExitCode {
    match &cli.command {
        Command::Runner(order) => return siac_provider_local::runner::main(&order.folder),
        Command::Supervisor(order) => return siac_provider_local::supervisor::main(&order.folder),
        _ => {}
    }
    let desk = Desk::new(&cli.global);
    let exit = dispatch(&cli.command, cli, &desk).unwrap_or_else(|failure| {
        desk.failure(&failure);
        failure.exit
    });
    desk.end(exit);
    ExitCode::from(exit.code())
}

fn dispatch(command: &Command, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    match command {
        Command::Plan(arguments) => planning::plan(arguments, cli, desk),
        Command::Apply(arguments) => applying::apply(arguments, cli, desk),
        Command::Rollback(arguments) => applying::rollback(arguments, cli, desk),
        Command::Destroy(arguments) => applying::destroy(arguments, cli, desk),
        Command::Import(arguments) => applying::import(arguments, cli, desk),
        Command::Validate(arguments) => validate::validate(arguments, cli, desk),
        Command::Fmt(arguments) => formatting::fmt(arguments, desk),
        Command::Graph(arguments) => reading::graph(arguments, cli, desk),
        Command::Show(arguments) => reading::show(arguments, cli, desk),
        Command::Output(arguments) => reading::output(arguments, cli, desk),
        Command::History(arguments) => reading::history(arguments, cli, desk),
        Command::Diff(arguments) => reading::diff(arguments, cli, desk),
        Command::Drift(arguments) => reading::drift(arguments, cli, desk),
        Command::State(command) => state(command, cli, desk),
        Command::Snapshot(command) => snapshot(command, cli, desk),
        Command::Build(BuildCommand::List) => builds::list(desk),
        Command::Build(BuildCommand::Prune(arguments)) => builds::prune(arguments, desk),
        Command::Lock(LockCommand::Status(arguments)) => reading::lock_status(arguments, cli, desk),
        Command::Lock(LockCommand::Release(arguments)) => upkeep::lock_release(arguments, cli, desk),
        Command::Recover(arguments) => upkeep::recover(arguments, cli, desk),
        Command::Key(KeyCommand::Rotate(arguments)) => upkeep::rotate(arguments, cli, desk),
        Command::Status(arguments) => status::status(arguments, cli, desk),
        Command::Logs(arguments) => logs::logs(arguments, cli, desk),
        Command::Open(arguments) => opening::open(arguments, cli, desk),
        Command::Component(ComponentCommand::List(arguments)) => components::list(arguments, cli, desk),
        Command::Component(ComponentCommand::Show(arguments)) => components::show(arguments, cli, desk),
        Command::Doctor(arguments) => doctor::doctor(arguments, cli, desk),
        Command::Schema(arguments) => reference::schema(arguments, desk),
        Command::Providers(_) => reference::providers(desk),
        Command::Completions(arguments) => reference::completions(arguments, desk),
        Command::Init(arguments) => reference::init(arguments, desk),
        Command::Help(arguments) => reference::help(arguments, desk),
        Command::Version => reference::version(desk),
        Command::Runner(_) | Command::Supervisor(_) => Err(Failure::new("this command is for siac itself")),
    }
}

fn state(command: &StateCommand, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    match command {
        StateCommand::List(arguments) => reading::state_list(arguments, cli, desk),
        StateCommand::Show(arguments) => reading::state_show(arguments, cli, desk),
        StateCommand::Mv(arguments) => upkeep::state_move(arguments, cli, desk),
        StateCommand::Rm(arguments) => upkeep::state_remove(arguments, cli, desk),
        StateCommand::Migrate(arguments) => migrating::migrate(arguments, cli, desk),
    }
}

fn snapshot(command: &SnapshotCommand, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    match command {
        SnapshotCommand::List(arguments) => reading::snapshots(arguments, cli, desk),
        SnapshotCommand::Label(arguments) => upkeep::label(arguments, cli, desk),
        SnapshotCommand::Verify(arguments) => upkeep::verify(arguments, cli, desk),
        SnapshotCommand::Prune(arguments) => upkeep::prune(arguments, cli, desk),
    }
}
