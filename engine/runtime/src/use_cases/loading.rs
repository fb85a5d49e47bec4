//! A stack file and everything it is made of, read from the project.

use std::collections::BTreeMap;
use std::sync::Arc;

use siac_core::language::early::{Early, early};
use siac_core::language::load::{self, GivenVariables, Loaded};
use siac_core::language::scope::Files;
use siac_core::model::diagnostic::{Diagnostics, SourceMap};
use siac_core::model::identity::Digest;
use siac_core::model::stack::Stack;
use siac_core::model::value::Known;

use super::Failed;
use crate::project::{Project, Unreachable};
use crate::site::Site;

/// Which stack, with which values from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackChoice {
    /// The stack file, relative to the project root.
    pub entry: String,
    /// Values of variables.
    pub variables: GivenVariables,
    /// The environment, when it is chosen from outside.
    pub environment: Option<String>,
    /// Provider instances that realise components whatever the stack says, by the component's name.
    pub realised_by: BTreeMap<String, String>,
}

/// A stack that loaded without an error.
#[derive(Debug, Clone)]
pub struct LoadedStack {
    /// The stack.
    pub stack: Stack,
    /// Where the state is and how providers are configured.
    pub early: Early,
    /// What is probably not meant.
    pub warnings: Diagnostics,
    /// The texts that spans refer to.
    pub sources: SourceMap,
}

/// Loads a stack and evaluates what must be known before anything is planned.
///
/// # Errors
/// With every problem of the files at once.
pub fn load(site: &Site, choice: &StackChoice) -> Result<LoadedStack, Failed> {
    let project = open_project(site)?;
    let Loaded { stack, mut diagnostics, sources, .. } = load_files(site, choice, &project);
    let Some(stack) = stack.filter(|_| !diagnostics.has_errors()) else {
        return Err(Failed::Problems { diagnostics, sources });
    };
    let early = load_early(&stack, &project);
    diagnostics.extend(early.diagnostics.iter().cloned());
    match diagnostics.has_errors() {
        true => Err(Failed::Problems { diagnostics, sources }),
        false => Ok(LoadedStack { stack, early, warnings: diagnostics, sources }),
    }
}

/// What must be known of a stack to find its state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Located {
    /// The stack's name.
    pub name: String,
    /// The `[state]` table.
    pub state: BTreeMap<String, Known>,
    /// The digest of the stack's files.
    pub configuration: Option<Digest>,
    /// The environment that the stack names.
    pub environment: Option<String>,
}

/// Finds the state of a stack, even when the rest of its files has problems: one must be able to go back.
///
/// # Errors
/// When the name or the `[state]` table cannot be read.
pub fn locate(site: &Site, choice: &StackChoice) -> Result<Located, Failed> {
    let project = open_project(site)?;
    let Loaded { stack, diagnostics, sources, .. } = load_files(site, choice, &project);
    let Some(stack) = stack.filter(|stack| !stack.name.is_empty()) else {
        return Err(Failed::Problems { diagnostics, sources });
    };
    let state_only = Stack { providers: BTreeMap::new(), ..stack };
    let early = load_early(&state_only, &project);
    match early.diagnostics.has_errors() {
        true => Err(Failed::Problems { diagnostics: early.diagnostics, sources }),
        false => Ok(Located {
            name: state_only.name,
            state: early.state,
            configuration: state_only.configuration,
            environment: state_only.environment,
        }),
    }
}

/// The files of the site's project.
pub(super) fn open_project(site: &Site) -> Result<Project, Failed> {
    Project::open(&site.root).map_err(|error| Failed::Other(format!("the project folder cannot be read: {error}")))
}

/// Reads the files that loading asks for, until it asks for none.
fn load_files(site: &Site, choice: &StackChoice, project: &Project) -> Loaded {
    let mut files = BTreeMap::new();
    loop {
        let loaded = load::load(&load::Request {
            entry: &choice.entry,
            files: &files,
            variables: &choice.variables,
            environment: choice.environment.as_deref(),
            realised_by: &choice.realised_by,
            version: site.version,
            catalogues: &site.catalogues,
        });
        if loaded.wants.is_empty() {
            return loaded;
        }
        for path in loaded.wants {
            let text = read_text(project, &path);
            files.insert(path, text);
        }
    }
}

fn read_text(project: &Project, path: &str) -> Result<Arc<str>, String> {
    let bytes = project.read(path).map_err(|unreachable| match unreachable {
        Unreachable::Missing(_) => "there is no such file".to_owned(),
        Unreachable::Refused(why) => why,
    })?;
    String::from_utf8(bytes)
        .map(Arc::from)
        .map_err(|error| format!("it is not UTF-8, from byte {} on", error.utf8_error().valid_up_to()))
}

fn load_early(stack: &Stack, project: &Project) -> Early {
    let mut files = Files::new();
    loop {
        let early = early(stack, &files);
        if early.questions.is_empty() {
            return early;
        }
        for question in &early.questions {
            files.insert(question.clone(), project.answer(question));
        }
    }
}
