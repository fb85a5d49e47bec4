//! Files → stack: `extends` merged, modules called, every table read and checked against what the providers offer.
//!
//! Loading reads no file. It says which files it wants and is called again with them; all problems are told at once.

mod body;
mod check;
mod component;
mod fields;
mod merge;
mod module;
mod root;
mod type_constraint;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::Digest as _;

use crate::language::tree::{self, Table};
use crate::model::diagnostic::{Diagnostic, Diagnostics, SourceMap, Span};
use crate::model::identity::Digest;
use crate::model::stack::Stack;
use crate::ports::Catalogues;

pub use variables::GivenVariables;

/// How deep `extends` and modules may nest. A choice of this project.
pub const MAX_DEPTH: usize = 16;

/// How many module calls a stack may have, nested ones included. A choice of this project.
pub const MAX_MODULES: usize = 1_000;

/// How many files a stack may be made of, and how many bytes they may have together. A choice of this project.
pub const MAX_FILES: usize = 1_000;

/// What is to be loaded, and what is known so far.
pub struct Request<'a> {
    /// The stack file, relative to the project root, with `/`.
    pub entry: &'a str,
    /// The files read so far: their text, or why they cannot be read.
    pub files: &'a BTreeMap<String, Result<Arc<str>, String>>,
    /// Values of variables from outside.
    pub variables: &'a GivenVariables,
    /// The environment, when it is chosen from outside.
    pub environment: Option<&'a str>,
    /// Provider instances that realise components whatever the stack says, by the component's name.
    pub realised_by: &'a BTreeMap<String, String>,
    /// The version of siac, against which the stack's requirement is checked.
    pub version: &'a str,
    /// What the providers of this build offer.
    pub catalogues: &'a Catalogues,
}

/// What loading came to.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The stack; present when no file is wanted, even when there are problems.
    pub stack: Option<Stack>,
    /// Everything that is wrong.
    pub diagnostics: Diagnostics,
    /// Files that must be read first. When not empty, call again with them.
    pub wants: Vec<String>,
    /// The texts that spans refer to.
    pub sources: SourceMap,
}

/// Loads a stack, or says what is missing for it.
pub fn load(request: &Request<'_>) -> Loaded {
    let mut loader = Loader {
        request,
        sources: SourceMap::default(),
        read: BTreeSet::new(),
        wants: BTreeSet::new(),
        problems: Diagnostics::new(),
    };
    let table = loader.file(request.entry, None, 0);
    let mut stack = root::read(&mut loader, request.entry, table.unwrap_or_default());
    if !loader.wants.is_empty() {
        let (wants, sources) = (loader.wants.into_iter().collect(), loader.sources);
        return Loaded { stack: None, diagnostics: Diagnostics::new(), wants, sources };
    }
    stack.configuration = Some(loader.configuration());
    check::stack(&stack, request.catalogues, &mut loader.problems);
    Loaded { stack: Some(stack), diagnostics: loader.problems, wants: Vec::new(), sources: loader.sources }
}

/// What one round of loading has come to so far.
struct Loader<'a> {
    request: &'a Request<'a>,
    sources: SourceMap,
    /// Every file that the stack is made of.
    read: BTreeSet<String>,
    wants: BTreeSet<String>,
    problems: Diagnostics,
}

impl Loader<'_> {
    /// The merged content of a file and everything it extends; `None` while it is wanted or when it cannot be read.
    fn file(&mut self, path: &str, asked_at: Option<Span>, depth: usize) -> Option<Table> {
        if depth > MAX_DEPTH || self.read.len() >= MAX_FILES {
            let detail = format!("`{path}` would be read {depth} levels deep, as one of {} files", self.read.len());
            self.problems.push(Diagnostic::error("too-many-files", "files nest too deeply", detail).at(asked_at));
            return None;
        }
        let text = self.text(path, asked_at)?;
        self.read.insert(path.to_owned());
        let file = self.sources.add(path, &*text);
        let (mut table, problems) = tree::parse(file, &text);
        self.problems.extend(problems.into_iter().map(|problem| match problem.labels.is_empty() {
            true => problem.at(Some(Span { file, start: 0, end: 0 })),
            false => problem,
        }));
        let parents = merge::take_extends(&mut table, &mut self.problems);
        let mut merged = Table::default();
        for (parent, span) in parents {
            if let Some(path) = self.resolve(folder_of(path), &parent, span) {
                let below = self.file(&path, Some(span), depth + 1).unwrap_or_default();
                merge::merge(&mut merged, below);
            }
        }
        merge::merge(&mut merged, table);
        merge::unset(&mut merged);
        Some(merged)
    }

    fn text(&mut self, path: &str, asked_at: Option<Span>) -> Option<Arc<str>> {
        match self.request.files.get(path) {
            None => {
                self.wants.insert(path.to_owned());
                None
            }
            Some(Ok(text)) => Some(text.clone()),
            Some(Err(why)) => {
                let detail = format!("`{path}` cannot be read: {why}");
                self.problems.push(Diagnostic::error("unreadable-file", "a file cannot be read", detail).at(asked_at));
                None
            }
        }
    }

    /// A path written in a file of `folder`, relative to the project root.
    fn resolve(&mut self, folder: &str, written: &str, span: Span) -> Option<String> {
        let resolved = join(folder, written);
        if resolved.is_none() {
            let detail = format!("`{written}` leads out of the project");
            let problem = Diagnostic::error("path-outside-project", "a path leaves the project", detail)
                .at(Some(span))
                .help("the project root is the nearest folder upwards with `.git` or `siac.toml`; paths are relative to the file they stand in");
            self.problems.push(problem);
        }
        resolved
    }

    /// SHA-256 over every file that the stack was loaded from. Values from outside are part of a plan, not of the configuration.
    fn configuration(&self) -> Digest {
        let mut hasher = sha2::Sha256::new();
        let mut add = |text: &str| {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        };
        for path in &self.read {
            add(path);
            if let Some(Ok(text)) = self.request.files.get(path) {
                add(text);
            }
        }
        Digest(hasher.finalize().into())
    }
}

/// The folder of a path, empty for the project root.
fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Joins a folder and a relative path; `None` when the result lies outside the project root.
fn join(folder: &str, written: &str) -> Option<String> {
    if written.starts_with('/') || written.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests;
