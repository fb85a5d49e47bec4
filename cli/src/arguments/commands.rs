//! The arguments of each command.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use siac_core::model::address::ResourceAddress;

use super::options::{ApplyOptions, FailureChoice, LockOptions, PlanOptions, ScopeOptions, ValueOptions, ViewOptions};

/// A command that needs nothing but a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct StackArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
}

/// `siac validate`
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub struct ValidateArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// What to evaluate it with.
    #[command(flatten)]
    pub values: ValueOptions,
}

/// `siac plan`
#[derive(Debug, Clone, PartialEq, Args)]
#[command(after_help = "Examples:
  siac plan stacks/production.toml           keep the plan; `siac apply` applies exactly it
  siac plan --target aws_sqs_queue.jobs      only this resource and what it depends on
  siac plan --out friday.siac                keep the plan in a file, for `siac apply friday.siac`
  siac plan --detailed-exitcode              exit with 2 when there are changes")]
pub struct PlanArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// What to plan.
    #[command(flatten)]
    pub plan: PlanOptions,
    /// What to do when a step fails, whatever the stack says.
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Applying")]
    pub on_failure: Option<FailureChoice>,
    /// How to show it.
    #[command(flatten)]
    pub view: ViewOptions,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
    /// Keep the plan, sealed, in this file instead of as the pending plan.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit with 2 when there are changes, 0 when there are none.
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// `siac apply`
#[derive(Debug, Clone, PartialEq, Args)]
#[command(after_help = "Examples:
  siac apply                                 exactly the plan that `siac plan` kept, if nothing moved since
  siac apply stacks/production.toml          plan, ask, apply
  siac apply friday.siac                     exactly the plan in this file
  siac apply stacks/production.toml --auto-approve   plan and apply without asking, as in CI")]
pub struct ApplyArgs {
    /// A stack file, or a saved plan (`*.siac`); without it, the pending plan.
    #[arg(value_name = "STACK|PLAN")]
    pub subject: Option<String>,
    /// What to plan, when a stack is given.
    #[command(flatten)]
    pub plan: PlanOptions,
    /// How to carry it out.
    #[command(flatten)]
    pub apply: ApplyOptions,
    /// What to do when a step fails, whatever the stack says.
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Applying")]
    pub on_failure: Option<FailureChoice>,
    /// How to show it.
    #[command(flatten)]
    pub view: ViewOptions,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac rollback`
#[derive(Debug, Clone, PartialEq, Args)]
#[command(after_help = "Examples:
  siac rollback --to previous                plan back to the snapshot before the last one, ask, apply
  siac rollback --to 17 --plan-only          keep the plan; `siac apply` applies exactly it
  siac rollback --to before-upgrade stacks/production.toml

A snapshot is named by its serial (17), the start of its id (3f9c), its label, `previous` or `latest`.
A rollback publishes a new snapshot; history is never rewritten.")]
pub struct RollbackArgs {
    /// The snapshot to go back to: a serial, the start of an id, a label, `previous` or `latest`.
    #[arg(long, value_name = "SNAPSHOT", required = true)]
    pub to: String,
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// What to plan with.
    #[command(flatten)]
    pub scope: ScopeOptions,
    /// Only plan, and keep the plan for `siac apply`.
    #[arg(long)]
    pub plan_only: bool,
    /// Only plan, and keep the plan, sealed, in this file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit with 2 when there are changes, 0 when there are none; with --plan-only or --out.
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// How to carry it out.
    #[command(flatten)]
    pub apply: ApplyOptions,
    /// What to do when a step fails, whatever the stack says.
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Applying")]
    pub on_failure: Option<FailureChoice>,
    /// How to show it.
    #[command(flatten)]
    pub view: ViewOptions,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac destroy`
#[derive(Debug, Clone, PartialEq, Args)]
#[command(after_help = "Examples:
  siac destroy stacks/review-42.toml
  siac plan --destroy stacks/review-42.toml  only show what would be deleted")]
pub struct DestroyArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// What to plan with.
    #[command(flatten)]
    pub scope: ScopeOptions,
    /// How to carry it out.
    #[command(flatten)]
    pub apply: ApplyOptions,
    /// What to do when a step fails, whatever the stack says.
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Applying")]
    pub on_failure: Option<FailureChoice>,
    /// How to show it.
    #[command(flatten)]
    pub view: ViewOptions,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac fmt`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac fmt                                   every stack file below this folder
  siac fmt --check                           change nothing; exit with 1 when a file is not in the canonical layout")]
pub struct FmtArgs {
    /// Files and folders; without any, this folder.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Change nothing, and fail when something would change.
    #[arg(long)]
    pub check: bool,
    /// Show what changes.
    #[arg(long)]
    pub diff: bool,
}

/// How a graph is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Mermaid, which many viewers of Markdown draw.
    #[default]
    Mermaid,
    /// DOT, for Graphviz.
    Dot,
}

/// `siac graph`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac graph stacks/production.toml > graph.mmd
  siac graph --format dot | dot -Tsvg > graph.svg
  siac graph --plan friday.siac              what a saved plan does, step by step")]
pub struct GraphArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// How to write it.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = GraphFormat::Mermaid)]
    pub format: GraphFormat,
    /// The steps of a saved plan instead.
    #[arg(long, value_name = "FILE", conflicts_with = "stack")]
    pub plan: Option<PathBuf>,
}

/// `siac show`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac show                                  the pending plan, or the latest snapshot when none is pending
  siac show friday.siac                      a saved plan
  siac show 17                               a snapshot")]
pub struct ShowArgs {
    /// A saved plan (`*.siac`) or a snapshot; without it, the pending plan or the latest snapshot.
    #[arg(value_name = "PLAN|SNAPSHOT")]
    pub subject: Option<String>,
    /// The stack file.
    pub stack: Option<String>,
    /// How to show it.
    #[command(flatten)]
    pub view: ViewOptions,
}

/// `siac output`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac output                                every output; sensitive ones are not shown
  siac output url --raw                      one text without quotes, for a script
  siac output --json")]
pub struct OutputArgs {
    /// Only this output.
    pub name: Option<String>,
    /// The stack file.
    pub stack: Option<String>,
    /// Print a text, number or truth value bare; needs a name.
    #[arg(long, requires = "name")]
    pub raw: bool,
    /// Print a sensitive output; needs a name.
    #[arg(long, requires = "name")]
    pub reveal: bool,
    /// From this snapshot instead of the latest.
    #[arg(long, value_name = "SNAPSHOT")]
    pub at: Option<String>,
}

/// `siac history`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct HistoryArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// At most this many, newest first.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// `siac diff`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac diff previous latest
  siac diff 12 17 stacks/production.toml")]
pub struct DiffArgs {
    /// The older snapshot: a serial, the start of an id, a label, `previous` or `latest`.
    #[arg(value_name = "A")]
    pub from: String,
    /// The newer snapshot.
    #[arg(value_name = "B")]
    pub to: String,
    /// The stack file.
    pub stack: Option<String>,
    /// How to show it.
    #[command(flatten)]
    pub view: ViewOptions,
}

/// `siac drift`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "`siac plan --refresh-only` records what it finds; `siac plan` shows what would bring it back.")]
pub struct DriftArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// What to evaluate it with.
    #[command(flatten)]
    pub values: ValueOptions,
    /// Exit with 2 when something changed, 0 when nothing did.
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac import`
#[derive(Debug, Clone, PartialEq, Args)]
#[command(after_help = "Example:
  siac import local_file.notes notes.txt stacks/production.toml

The stack must declare the resource. An [[import]] entry in the stack does the same, reviewable in a plan.")]
pub struct ImportArgs {
    /// Which resource it becomes.
    pub address: ResourceAddress,
    /// What the provider calls it.
    pub id: String,
    /// The stack file.
    pub stack: Option<String>,
    /// What to plan with.
    #[command(flatten)]
    pub scope: ScopeOptions,
    /// How to carry it out.
    #[command(flatten)]
    pub apply: ApplyOptions,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac state …`
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum StateCommand {
    /// List the addresses that are remembered.
    List(StateListArgs),
    /// Show what is remembered of one resource.
    Show(StateShowArgs),
    /// Give a record another address; the object is left alone.
    Mv(StateMoveArgs),
    /// Forget resources; their objects are left alone.
    Rm(StateRemoveArgs),
    /// Bring the state to another place; the old one is left as it is, and says where the state went.
    Migrate(StateMigrateArgs),
}

/// `siac state migrate`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac state migrate --to s3 --bucket acme-state --region eu-west-1
  siac state migrate --to local stacks/production.toml")]
pub struct StateMigrateArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// What keeps the state from now on: `s3`, `azure-blob`, `local`.
    #[arg(long = "to", id = "backend", value_name = "BACKEND")]
    pub backend: String,
    /// Which place there.
    #[command(flatten)]
    pub place: PlaceOptions,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac state list`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct StateListArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// Only resources whose address starts with this.
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<String>,
    /// From this snapshot instead of the latest.
    #[arg(long, value_name = "SNAPSHOT")]
    pub at: Option<String>,
}

/// `siac state show`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct StateShowArgs {
    /// Which resource.
    pub address: ResourceAddress,
    /// The stack file.
    pub stack: Option<String>,
    /// From this snapshot instead of the latest.
    #[arg(long, value_name = "SNAPSHOT")]
    pub at: Option<String>,
}

/// `siac state mv`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "A [[moved]] entry in the stack does the same for everyone, reviewable in a plan.")]
pub struct StateMoveArgs {
    /// The present address.
    pub from: ResourceAddress,
    /// The new one.
    pub to: ResourceAddress,
    /// The stack file.
    pub stack: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac state rm`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "A [[removed]] entry with `destroy = false` does the same for everyone, reviewable in a plan.")]
pub struct StateRemoveArgs {
    /// Which resources; the stack file is given by --stack.
    #[arg(value_name = "ADDRESS", required = true)]
    pub addresses: Vec<ResourceAddress>,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac snapshot …`
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum SnapshotCommand {
    /// List the snapshots that are kept.
    List(HistoryArgs),
    /// Give a snapshot a name.
    Label(SnapshotLabelArgs),
    /// Check that snapshots are whole, and that what they need to be gone back to is there.
    Verify(SnapshotVerifyArgs),
    /// Drop the content of old snapshots; the history stays.
    Prune(SnapshotPruneArgs),
}

/// `siac snapshot label`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct SnapshotLabelArgs {
    /// Which snapshot: a serial, the start of an id, a label, `previous` or `latest`.
    pub snapshot: String,
    /// Its name: letters, digits, `-`, `_` and `.`; not a number.
    pub label: String,
    /// The stack file.
    pub stack: Option<String>,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac snapshot verify`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct SnapshotVerifyArgs {
    /// Only these snapshots; without any, all that are kept. The stack file is given by --stack.
    #[arg(value_name = "SNAPSHOT")]
    pub snapshots: Vec<String>,
}

/// `siac snapshot prune`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct SnapshotPruneArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// Keep the newest N; labelled snapshots are always kept.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub keep: usize,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac build …`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum BuildCommand {
    /// List the artifacts that were built on this machine and are kept for the next plan.
    List,
    /// Delete the kept artifacts that were not used for a while; what is deployed stays in the state store.
    Prune(BuildPruneArgs),
}

/// `siac build prune`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct BuildPruneArgs {
    /// Delete what was not used for so many days; 0 deletes everything.
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub older_than: u16,
}

/// `siac lock …`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum LockCommand {
    /// Say who holds the lock, since when and for what. Needs no key.
    Status(StackArgs),
    /// Take the lock away from a run that is gone.
    Release(LockReleaseArgs),
}

/// `siac lock release`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(
    after_help = "Only when the run that holds the lock is certainly gone. Its journal is sealed first, so that it can start no call any more."
)]
pub struct LockReleaseArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
}

/// `siac recover`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Every plan and apply recovers by itself. This command is for outcomes that only you can tell:
  siac recover                               settle what can be settled, list what cannot
  siac recover --present local_command.migrate   the call did happen
  siac recover --absent local_command.migrate    the call did not happen")]
pub struct RecoverArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// The call on this resource did happen; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub present: Vec<ResourceAddress>,
    /// The call on this resource did not happen; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub absent: Vec<ResourceAddress>,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac key …`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum KeyCommand {
    /// Seal the state with another key, and retire the present one.
    Rotate(KeyRotateArgs),
}

/// `siac key rotate`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac key rotate --to passphrase:env:SIAC_NEW_PASSPHRASE
  siac key rotate --to key-file:/home/me/siac.key

Then change `key` in the stack's [state] table, or SIAC_PASSPHRASE.")]
pub struct KeyRotateArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// The new key: `passphrase:env:NAME` or `key-file:PATH`.
    #[arg(long, value_name = "KEY")]
    pub to: String,
    /// The lock.
    #[command(flatten)]
    pub lock: LockOptions,
}

/// `siac schema`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Example:
  siac schema --out siac.schema.json
Then begin stack files with:
  #:schema ../siac.schema.json")]
pub struct SchemaArgs {
    /// Write it to this file instead of stdout.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `siac completions`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac completions bash > ~/.local/share/bash-completion/completions/siac
  siac completions zsh > ~/.zfunc/_siac
  siac completions fish > ~/.config/fish/completions/siac.fish")]
pub struct CompletionsArgs {
    /// Which shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `siac init`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Example:
  siac init demo && cd demo && siac plan
  siac init --backend azure-blob --account acme --container siac
  siac init --backend s3 --bucket acme-state --region eu-west-1 --lock-table acme-locks")]
pub struct InitArgs {
    /// The folder; made when it is missing. Files that exist are never overwritten.
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
    /// The stack's name; without it, the folder's.
    #[arg(long)]
    pub name: Option<String>,
    /// Instead of a stack: make a place for states, such as `s3` or `azure-blob`, and tell what to write into `[state]`.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["folder", "name"])]
    pub backend: Option<String>,
    /// Which place.
    #[command(flatten)]
    pub place: PlaceOptions,
}

/// What names a place for states: the keys of a `[state]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct PlaceOptions {
    /// Of `azure-blob`: the storage account.
    #[arg(long, value_name = "NAME", requires = "backend")]
    pub account: Option<String>,
    /// Of `azure-blob`: the container in it.
    #[arg(long, value_name = "NAME", requires = "backend")]
    pub container: Option<String>,
    /// Of `s3`: the bucket.
    #[arg(long, value_name = "NAME", requires = "backend")]
    pub bucket: Option<String>,
    /// Of `s3`: its region; without it, the environment's.
    #[arg(long, value_name = "REGION", requires = "backend")]
    pub region: Option<String>,
    /// Of `s3`: a table of DynamoDB that keeps the lock instead of the bucket.
    #[arg(long, value_name = "NAME", requires = "backend")]
    pub lock_table: Option<String>,
    /// Of `s3`: a profile of the shared configuration files.
    #[arg(long, value_name = "NAME", requires = "backend")]
    pub profile: Option<String>,
    /// Of `s3`: a role to assume.
    #[arg(long, value_name = "ARN", requires = "backend")]
    pub role_arn: Option<String>,
    /// Of `local`: the folder; without it, `.siac/state` of the project.
    #[arg(long, value_name = "FOLDER", requires = "backend")]
    pub path: Option<String>,
    /// What all names in the place begin with.
    #[arg(long, value_name = "TEXT", requires = "backend")]
    pub prefix: Option<String>,
    /// The address of the service, where it is not the usual one.
    #[arg(long, value_name = "URL", requires = "backend")]
    pub endpoint: Option<String>,
}

impl PlaceOptions {
    /// Those that were given, as a `[state]` table has them.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("account", &self.account),
            ("container", &self.container),
            ("bucket", &self.bucket),
            ("region", &self.region),
            ("lock_table", &self.lock_table),
            ("profile", &self.profile),
            ("role_arn", &self.role_arn),
            ("path", &self.path),
            ("prefix", &self.prefix),
            ("endpoint", &self.endpoint),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

/// `siac help`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct HelpArgs {
    /// The words of a command, or `exit-codes`.
    #[arg(value_name = "TOPIC")]
    pub topic: Vec<String>,
}

/// What a process that siac starts of itself is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct RunnerArgs {
    /// The folder that holds its orders.
    pub folder: PathBuf,
}
