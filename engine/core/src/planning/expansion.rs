//! What components become, without a plan: nothing is compared, nothing is built, and of the world only files are looked at.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::modules::Expansion;
use super::questions::Answers;
use super::request::{Goal, Request};
use super::walk;
use crate::language::write::Naming;
use crate::language::{scope::FileQuestion, write};
use crate::model::address::{AddressPattern, ResourceAddress, ScopeKind, ScopeStep};
use crate::model::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::model::value::{Known, Origin, Partial};
use crate::serverless::Part;

/// What expanding came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The expansions, each instance of a component by itself, and warnings.
    Told(Vec<Told>, Diagnostics),
    /// These files must be looked at first; never empty.
    Asks(Vec<FileQuestion>),
    /// It cannot be told; at least one of these is an error.
    Refused(Diagnostics),
}

/// What one component instance becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The component instance: `module.web.component.api["eu"]`.
    pub component: String,
    /// Its kind.
    pub kind: String,
    /// The provider instance.
    pub provider: String,
    /// Its resources, each after what it needs.
    pub parts: Vec<Part>,
    /// Its outputs.
    pub outputs: BTreeMap<String, Partial>,
}

impl Told {
    /// The attributes of a part as a stack would write them, if the parts stood at the top of it.
    pub fn written(&self, part: &Part) -> BTreeMap<String, Known> {
        self.texts(&part.body)
    }

    /// The outputs as a stack would write them, if the parts stood at the top of it.
    pub fn written_outputs(&self) -> BTreeMap<String, Known> {
        self.texts(&self.outputs)
    }

    fn texts(&self, values: &BTreeMap<String, Partial>) -> BTreeMap<String, Known> {
        let name: Naming<'_> = &|origin| self.name(origin);
        values.iter().map(|(key, value)| (key.clone(), write::written(value, name))).collect()
    }

    /// An origin's name: of the component's own parts, without the component.
    fn name(&self, origin: &Origin) -> String {
        match origin {
            Origin::Attribute(address, path) if self.parts.iter().any(|part| part.address == *address) => {
                let top = ResourceAddress { scope: Vec::new(), ..address.clone() };
                Origin::Attribute(top, path.clone()).to_string()
            }
            other => other.to_string(),
        }
    }
}

/// What the components become that a pattern without a resource names (`component.api`); every component without one.
pub fn expansions(request: &Request<'_>, pattern: Option<&AddressPattern>, answers: &Answers) -> Outcome {
    let Goal::Stack(stack) = request.goal else { return Outcome::Told(Vec::new(), Diagnostics::new()) };
    let mut draft = Draft::new(request, answers);
    let Some((modules, _)) = walk::walk(&mut draft, stack) else { return Outcome::Refused(draft.problems) };
    let mut told = Vec::new();
    let mut warnings = Diagnostics::new();
    let mut names = Vec::new();
    let mut is_complete = true;
    for instance in &modules.instances {
        let components = &stack.modules[instance.module].components;
        for (component, expanded) in components.iter().zip(&instance.expanded) {
            let step = ScopeStep { kind: ScopeKind::Component, name: component.name.clone(), key: None };
            let block: Vec<ScopeStep> = instance.scope.iter().cloned().chain([step]).collect();
            is_complete &= !expanded.is_untold() || !is_chosen(&block, pattern, true);
            for expansion in expanded.all().into_iter().filter(|it| is_chosen(&it.scope, pattern, false)) {
                is_complete &= expansion.is_usable;
                warnings.extend(expansion.problems.iter().cloned());
                told.push(of(expansion, &component.kind));
            }
            names.push(AddressPattern::Within(block));
        }
    }
    let asked: Vec<FileQuestion> = std::mem::take(&mut draft.asked.files).into_iter().collect();
    match pattern {
        _ if is_complete && !told.is_empty() => Outcome::Told(told, warnings),
        _ if !asked.is_empty() => Outcome::Asks(asked),
        Some(pattern) if is_complete => Outcome::Refused(unknown(pattern, &names)),
        None if is_complete => Outcome::Told(told, warnings),
        _ => Outcome::Refused(refusal(draft.problems)),
    }
}

/// Why a component cannot be told.
fn refusal(mut problems: Diagnostics) -> Diagnostics {
    if !problems.has_errors() {
        let detail = "what it depends on is not deployed yet, and decides what it becomes";
        let problem = Diagnostic::error("not-known-yet", "a value is known only after apply", detail);
        problems.push(problem.help("`siac plan` says more"));
    }
    problems
}

/// Whether a pattern names a component: the whole of it, or with `is_block` perhaps one of its instances.
fn is_chosen(scope: &[ScopeStep], pattern: Option<&AddressPattern>, is_block: bool) -> bool {
    let names = |(have, wanted): (&ScopeStep, &ScopeStep)| match is_block {
        true => wanted.is_matched_by(have),
        false => have.is_matched_by(wanted),
    };
    let is_met = |pattern: &AddressPattern| {
        let wanted = pattern.scope();
        scope.len() == wanted.len() && scope.iter().zip(wanted).all(names)
    };
    pattern.is_none_or(is_met)
}

fn of(expansion: &Expansion, kind: &str) -> Told {
    Told {
        component: AddressPattern::Within(expansion.scope.clone()).to_string(),
        kind: kind.to_owned(),
        provider: expansion.provider.clone(),
        parts: expansion.parts.clone(),
        outputs: expansion.outputs.clone(),
    }
}

fn unknown(pattern: &AddressPattern, names: &[AddressPattern]) -> Diagnostics {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let detail = format!("the stack has no {pattern}");
    let problem = Diagnostic::error("unknown-address", "an address names nothing", detail);
    let near = did_you_mean(&pattern.to_string(), names.iter().map(String::as_str)).map(str::to_owned);
    let mut problems = Diagnostics::new();
    problems.push(match near {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if names.is_empty() => problem.help("it has no components"),
        None => problem.help(format!("it has: {}", names.join(", "))),
    });
    problems
}
