//! What may be typed: every command, flag and environment variable, as data.

mod commands;
mod components;
mod looking;
mod options;
mod values;

use clap::{Args, CommandFactory, Parser, Subcommand};

pub use commands::{
    ApplyArgs, BuildCommand, BuildPruneArgs, CompletionsArgs, DestroyArgs, DiffArgs, DriftArgs, FmtArgs, GraphArgs,
    GraphFormat, HelpArgs, HistoryArgs, ImportArgs, InitArgs, KeyCommand, KeyRotateArgs, LockCommand, LockReleaseArgs,
    OutputArgs, PlaceOptions, PlanArgs, RecoverArgs, RollbackArgs, RunnerArgs, SchemaArgs, ShowArgs, SnapshotCommand,
    SnapshotLabelArgs, SnapshotPruneArgs, SnapshotVerifyArgs, StackArgs, StateCommand, StateListArgs, StateMigrateArgs,
    StateMoveArgs, StateRemoveArgs, StateShowArgs, ValidateArgs,
};
pub use components::{ComponentCommand, ComponentListArgs, ComponentShowArgs};
pub use looking::{LogsArgs, OpenArgs, StatusArgs};
pub use options::{
    ApplyOptions, Detail, FailureChoice, LockOptions, PlanOptions, ScopeOptions, ValueOptions, ViewOptions,
};
pub use values::{Assignment, Since, Switch, Tail, Wait, duration};

/// Declarative infrastructure: plan, apply, and go back.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(
    name = "siac",
    version,
    about = "Declarative infrastructure: plan, apply, and go back.",
    long_about = None,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    propagate_version = true,
    max_term_width = 100,
    after_help = START
)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: GlobalOptions,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const START: &str = "Start with:
  siac init demo && cd demo
  siac plan
  siac apply

`siac help exit-codes` lists what the exit codes mean.";

/// Flags that every command takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct GlobalOptions {
    /// The stack file, where the command names none.
    #[arg(
        id = "stack_option",
        long = "stack",
        value_name = "FILE",
        env = "SIAC_STACK",
        hide_env_values = true,
        global = true
    )]
    #[arg(help_heading = "Global options")]
    pub stack: Option<String>,
    /// Take the state that the store shows, although this machine has seen a newer one; after a restore or a removal that is meant.
    #[arg(long, global = true, help_heading = "Global options")]
    pub accept_rollback: bool,
    /// Write one JSON object a line to stdout instead of text.
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Write without colours; so does the environment variable NO_COLOR.
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_color: bool,
}

/// Every command.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Command {
    /// Show what would change, and keep the plan for `siac apply`.
    Plan(PlanArgs),
    /// Apply the pending plan, a saved plan, or a stack after asking.
    Apply(ApplyArgs),
    /// Go back to a kept snapshot: infrastructure, configuration and code.
    Rollback(RollbackArgs),
    /// Delete everything that a stack made.
    Destroy(DestroyArgs),
    /// Check stack files without credentials or network.
    Validate(ValidateArgs),
    /// Rewrite stack files in the canonical layout.
    Fmt(FmtArgs),
    /// Print the graph of a stack or plan as Mermaid or DOT.
    Graph(GraphArgs),
    /// Show a saved plan, the pending plan or a snapshot.
    Show(ShowArgs),
    /// Print the outputs of a stack.
    Output(OutputArgs),
    /// List what was deployed, when and by whom.
    History(HistoryArgs),
    /// Compare two snapshots.
    Diff(DiffArgs),
    /// Show what changed outside siac.
    Drift(DriftArgs),
    /// Adopt an object that exists.
    Import(ImportArgs),
    /// Read and edit what is remembered.
    #[command(subcommand)]
    State(StateCommand),
    /// List, name, check and drop snapshots.
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// See what was built on this machine, and make room.
    #[command(subcommand)]
    Build(BuildCommand),
    /// See who holds the lock, or take it away.
    #[command(subcommand)]
    Lock(LockCommand),
    /// Settle what an earlier run left open.
    Recover(RecoverArgs),
    /// Change the keys that seal the state.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Say what is deployed and how everything that runs is doing.
    Status(StatusArgs),
    /// Print what components have said, and follow it.
    Logs(LogsArgs),
    /// Open a component in the browser, or print where it answers.
    Open(OpenArgs),
    /// List components, and show what they become.
    #[command(subcommand)]
    Component(ComponentCommand),
    /// Check this machine, the state and the keys.
    Doctor(StackArgs),
    /// Print the JSON Schema of stack files, for editors.
    Schema(SchemaArgs),
    /// List the providers in this build and their kinds.
    Providers(StackArgs),
    /// Print the completion script of a shell.
    Completions(CompletionsArgs),
    /// Write a first stack into a new folder.
    Init(InitArgs),
    /// Print the version.
    Version,
    /// Explain a command, or list the exit codes.
    Help(HelpArgs),
    /// Runs one command on behalf of `local_command`; started by siac itself.
    #[command(name = "__runner", hide = true)]
    Runner(RunnerArgs),
    /// Watches over one service on behalf of `local_service`; started by siac itself.
    #[command(name = "__supervisor", hide = true)]
    Supervisor(RunnerArgs),
}

impl GlobalOptions {
    /// The stack file that was named: on its own, else by `--stack` or `SIAC_STACK`. An empty name counts as none.
    pub fn stack_or<'a>(&'a self, own: Option<&'a str>) -> Option<&'a str> {
        own.or(self.stack.as_deref()).filter(|name| !name.is_empty())
    }
}

/// The completion script of a shell.
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "siac", &mut script);
    script
}

/// The long help of a command named by its words (`state`, `mv`); `None` when there is no such command.
///
/// Colours are left in; print it through a writer that strips them where they are not wanted.
pub fn help_of(words: &[String]) -> Option<clap::builder::StyledStr> {
    let mut command = Cli::command();
    command.build();
    let mut found = &mut command;
    for word in words {
        found = found.find_subcommand_mut(word)?;
    }
    Some(found.render_long_help())
}

#[cfg(test)]
mod tests;
