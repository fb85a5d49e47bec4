//! What components become, told without a plan: files of the project are read, and nothing else.

use siac_core::model::address::AddressPattern;
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::snapshot::Snapshot;
use siac_core::planning::expansion::{Outcome, Told, expansions};
use siac_core::planning::questions::Answers;
use siac_core::planning::{Goal, Options, Request};

use super::Failed;
use super::loading::{LoadedStack, open_project};
use crate::site::Site;

/// What the components that `pattern` names become, every component without one; and what is probably not meant.
///
/// `snapshot` says what is deployed already: what a component becomes may depend on it.
///
/// # Errors
/// When a component cannot be expanded, or there is none of that name.
pub fn expand(
    site: &Site,
    loaded: &LoadedStack,
    snapshot: &Snapshot,
    pattern: Option<&AddressPattern>,
) -> Result<(Vec<Told>, Diagnostics), Failed> {
    let project = open_project(site)?;
    let options = Options { offline: true, refresh: false, ..Options::default() };
    let request = Request {
        goal: Goal::Stack(&loaded.stack),
        snapshot,
        base_id: None,
        catalogues: &site.catalogues,
        sources: &loaded.sources,
        options: &options,
    };
    let mut answers = Answers::default();
    loop {
        match expansions(&request, pattern, &answers) {
            Outcome::Told(told, warnings) => return Ok((told, warnings)),
            Outcome::Refused(diagnostics) => {
                return Err(Failed::Problems { diagnostics, sources: loaded.sources.clone() });
            }
            Outcome::Asks(questions) => {
                let answered = questions.into_iter().map(|question| {
                    let answer = project.answer(&question);
                    (question, answer)
                });
                answers.files.extend(answered);
            }
        }
    }
}
