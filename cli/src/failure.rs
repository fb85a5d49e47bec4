//! Why a command could not do what it was asked to: words, a remedy, an exit code.

use siac_core::model::diagnostic::{Diagnostic, SourceMap};

use crate::exit::Exit;

/// A command that failed.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What happened, and why; lower case, no full stop. Empty when the diagnostics say it all.
    pub what: String,
    /// What to do.
    pub help: Option<String>,
    /// Problems with places in files.
    pub problems: Option<Box<(Vec<Diagnostic>, SourceMap)>>,
}

impl Failure {
    /// An ordinary error.
    pub fn new(what: impl Into<String>) -> Self {
        Self { exit: Exit::Error, what: what.into(), help: None, problems: None }
    }

    /// An error with an exit code of its own.
    pub fn with_exit(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, ..Self::new(what) }
    }

    /// Problems in stack files.
    pub fn problems(problems: Vec<Diagnostic>, sources: SourceMap) -> Self {
        Self { problems: Some(Box::new((problems, sources))), ..Self::new("") }
    }

    /// The same with a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
