//! The arguments of `siac component`.

use clap::{Args, Subcommand};

/// `siac component …`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ComponentCommand {
    /// List the components of a stack, or the kinds of components and who realises them.
    List(ComponentListArgs),
    /// Show what a component becomes, as resources that a stack could hold. Builds nothing, asks nobody.
    Show(ComponentShowArgs),
}

/// `siac component list`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac component list                        the components of the stack; the kinds where there is no stack
  siac component list --kinds                which kinds there are, and which providers realise them")]
pub struct ComponentListArgs {
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// The kinds of components and who realises them, whatever the stack has.
    #[arg(long, conflicts_with = "stack")]
    pub kinds: bool,
}

/// `siac component show`
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = "Examples:
  siac component show rest-api
  siac component show rest-api --provider local    what it would become on this machine
  siac component show 'api[\"eu\"]' stacks/production.toml
  siac component show module.web.component.api

Values of variables come from SIAC_VAR_name, as everywhere.")]
pub struct ComponentShowArgs {
    /// The component's name, with an instance key or without; inside a module its address.
    pub name: String,
    /// The stack file; without it: --stack, SIAC_STACK, the stack of the pending plan, or the only file in `stacks/`.
    pub stack: Option<String>,
    /// The provider instance that realises it, whatever the stack says.
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Option<String>,
}
