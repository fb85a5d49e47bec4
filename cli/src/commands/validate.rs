//! `siac validate`

use super::common::{choice, stack_file, warn};
use crate::adapters;
use crate::arguments::{Cli, ValidateArgs};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use siac_engine::use_cases::{loading, planning as use_case};

/// Checks a stack without credentials or network: everything that can be known from its files.
pub fn validate(arguments: &ValidateArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let file = stack_file(arguments.stack.as_deref(), cli, desk)?;
    let site = adapters::site(&file.project, &desk.redactor);
    let loaded = loading::load(&site, &choice(&file, Some(&arguments.values))?)?;
    warn(desk, &loaded.warnings, &loaded.sources);
    let warnings = use_case::rehearse(&site, &loaded)?;
    warn(desk, &warnings, &loaded.sources);
    desk.say(&format!("{} is valid.", file.shown));
    Ok(Exit::Done)
}
