//! Flags that several commands share.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};
use siac_core::model::address::AddressPattern;
use siac_core::model::stack::OnFailure;

use super::values::{Assignment, Switch, Wait, duration};

/// What the stack is evaluated with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ValueOptions {
    /// Give a variable a value; may be repeated. The environment variable SIAC_VAR_name does the same.
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Planning")]
    pub var: Vec<Assignment>,
    /// Read the values of variables from a TOML file; may be repeated, later files win.
    #[arg(long, value_name = "FILE", help_heading = "Planning")]
    pub var_file: Vec<PathBuf>,
    /// Switch a feature flag of the stack; may be repeated.
    #[arg(long, value_name = "NAME=BOOL", help_heading = "Planning")]
    pub flag: Vec<Switch>,
}

/// What the stack is evaluated with and which part of it is meant.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct ScopeOptions {
    /// The values.
    #[command(flatten)]
    pub values: ValueOptions,
    /// Plan only this resource and what it depends on; may be repeated.
    #[arg(long, value_name = "ADDRESS", help_heading = "Planning")]
    pub target: Vec<AddressPattern>,
    /// Leave this resource and what depends on it alone; may be repeated, and combined with --target.
    #[arg(long, value_name = "ADDRESS", help_heading = "Planning")]
    pub exclude: Vec<AddressPattern>,
    /// Look at what exists before planning; `--refresh=false` trusts what is remembered.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set, num_args = 0..=1)]
    #[arg(default_missing_value = "true", require_equals = true, help_heading = "Planning")]
    pub refresh: bool,
    /// Plan without any network: trust what is remembered, and say what could not be known.
    #[arg(long, help_heading = "Planning")]
    pub offline: bool,
    /// Run nothing from the project while planning: what would have to be built is refused.
    #[arg(long, help_heading = "Planning")]
    pub untrusted: bool,
    /// Refuse a plan that deletes or replaces anything.
    #[arg(long, help_heading = "Limits")]
    pub no_destroy: bool,
    /// Refuse a plan that deletes or replaces more than N resources.
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_destroy: Option<usize>,
    /// Let a rollback or an undo delete resources that hold data.
    #[arg(long, help_heading = "Limits")]
    pub allow_data_loss: bool,
}

/// What a plan is asked to do.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct PlanOptions {
    /// What to plan with.
    #[command(flatten)]
    pub scope: ScopeOptions,
    /// Replace this resource even if it did not change; may be repeated.
    #[arg(long, value_name = "ADDRESS", help_heading = "Planning")]
    pub replace: Vec<AddressPattern>,
    /// Only record what the world looks like; change nothing.
    #[arg(long, conflicts_with_all = ["destroy", "replace", "offline"], help_heading = "Planning")]
    pub refresh_only: bool,
    /// Plan to delete everything.
    #[arg(long, help_heading = "Planning")]
    pub destroy: bool,
}

impl PlanOptions {
    /// Whether anything here says what to plan, so that a plan made earlier is not what is meant.
    pub fn says_what_to_plan(&self) -> bool {
        let scope = &self.scope;
        let addresses = [&scope.target, &scope.exclude, &self.replace];
        let values = scope.values != ValueOptions::default();
        let looking = !scope.refresh || scope.offline || scope.untrusted;
        values || looking || self.refresh_only || self.destroy || addresses.iter().any(|named| !named.is_empty())
    }
}

/// How a plan is carried out.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct ApplyOptions {
    /// Do not ask. Needed where there is no terminal to ask on.
    #[arg(long, help_heading = "Applying")]
    pub auto_approve: bool,
    /// How many provider calls may run at a time.
    #[arg(long, value_name = "N", default_value = "10", help_heading = "Applying")]
    pub parallelism: NonZeroUsize,
}

/// What is done when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailureChoice {
    /// Undo what this run did.
    Rollback,
    /// Stop, and keep what is done.
    Halt,
}

impl From<FailureChoice> for OnFailure {
    fn from(choice: FailureChoice) -> Self {
        match choice {
            FailureChoice::Rollback => Self::Rollback,
            FailureChoice::Halt => Self::Halt,
        }
    }
}

/// How to behave when someone else holds the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct LockOptions {
    /// Wait this long for a lock that someone else holds, for instance `30s` or `5m`.
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "wait", help_heading = "Locking")]
    pub lock_timeout: Option<Duration>,
    /// Wait until the lock is free, however long it takes.
    #[arg(long, help_heading = "Locking")]
    pub wait: bool,
}

impl LockOptions {
    /// How long to wait; without a flag, not at all.
    pub fn patience(&self) -> Wait {
        match self.wait {
            true => Wait::Forever,
            false => Wait::UpTo(self.lock_timeout.unwrap_or_default()),
        }
    }
}

/// How a plan is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ViewOptions {
    /// How much of the plan to show.
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = Detail::Normal, help_heading = "Showing")]
    pub detail: Detail,
    /// Show what an undo would do, and from where on there is none.
    #[arg(long, help_heading = "Showing")]
    pub undo: bool,
    /// Also write the plan as one self-contained web page.
    #[arg(long, value_name = "FILE", help_heading = "Showing")]
    pub html: Option<PathBuf>,
}

/// How much of a plan is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Detail {
    /// One line for each resource.
    Summary,
    /// What changes, and a little around it.
    #[default]
    Normal,
    /// Unchanged attributes too.
    Full,
}
