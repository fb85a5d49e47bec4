//! The arguments of the commands that look at what runs.

use clap::Args;

use super::values::{Since, Tail};

/// `siac status`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac status                                where the stack stands, and how everything that runs is doing
  siac status api                            one component in detail: its releases and processes
  siac status stacks/production.toml --detailed-exitcode   for a monitor: exit with 19 when something is not healthy
  siac status --deployment 3f9c              how a deployment ended

A component is named as in `[component.NAME]`; a name that no component has means the resources of that name.
Addresses may lack keys: `local_service.api` means every instance.
A word that ends in `.toml` or holds a `/` is the stack file, wherever it stands.")]
pub struct StatusArgs {
    /// The stack file, components and addresses; without a stack file: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    #[arg(value_name = "STACK|COMPONENT|ADDRESS")]
    pub words: Vec<String>,
    /// How the deployment of this id ended; the beginning of the id is enough.
    #[arg(long, value_name = "ID")]
    pub deployment: Option<String>,
    /// Exit with 19 when something that runs is not healthy, or could not be looked at.
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// `siac logs`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac logs api                              the last 100 lines of a component
  siac logs api worker --follow              two of them, interleaved, and new lines as they come; Ctrl-C ends it
  siac logs --since 10m                      everything that was said in the last ten minutes
  siac logs local_service.api --tail all > api.log

What is a component, an address or the stack file is told as in `siac status`. Secrets were replaced when the lines were written.")]
pub struct LogsArgs {
    /// Components and addresses, and the stack file; without any, everything that keeps a log.
    #[arg(value_name = "COMPONENT|ADDRESS|STACK")]
    pub words: Vec<String>,
    /// Go on with new lines as they come, until Ctrl-C.
    #[arg(long, short)]
    pub follow: bool,
    /// Begin with the last N lines of each, or with `all`; without it, with 100, or with everything where --since is given.
    #[arg(long, value_name = "N")]
    pub tail: Option<Tail>,
    /// Only lines since so long ago, for instance `10m` or `2h`, or since a moment such as `2026-11-21T12:00:00Z`.
    #[arg(long, value_name = "DURATION|MOMENT")]
    pub since: Option<Since>,
    /// Write before each line when it was written.
    #[arg(long, short)]
    pub timestamps: bool,
}

/// `siac open`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac open api                              in the browser; $BROWSER is heeded
  curl \"$(siac open api --print)/health\"

It is the `url` that the component has as an output, or the resource as an attribute. Without a display or a terminal it is printed.")]
pub struct OpenArgs {
    /// The component or the resource.
    #[arg(value_name = "COMPONENT|ADDRESS")]
    pub subject: String,
    /// The stack file.
    pub stack: Option<String>,
    /// Only print it.
    #[arg(long)]
    pub print: bool,
}
