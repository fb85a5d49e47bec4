//! What must be known before anything is planned: where the state is, and how providers are configured.
//!
//! These tables see variables, locals, the stack's name and environment, and files; nothing later.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use super::evaluate::evaluate;
use super::scope::{FileAnswer, FileQuestion, Files, Lookup, Scope};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::expression::Expression;
use crate::model::path::Segment;
use crate::model::stack::{Module, Stack};
use crate::model::value::{Known, Origin, Partial, Value};

/// What the early tables say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Early {
    /// The `[state]` table.
    pub state: BTreeMap<String, Known>,
    /// The configuration of each provider instance.
    pub providers: BTreeMap<String, BTreeMap<String, Known>>,
    /// What went wrong.
    pub diagnostics: Diagnostics,
    /// Files that must be looked at first. When not empty, call again with the answers.
    pub questions: Vec<FileQuestion>,
}

/// Evaluates the early tables of a stack.
pub fn early(stack: &Stack, files: &Files) -> Early {
    let Some(root) = stack.modules.first() else { return Early::default() };
    let scope =
        EarlyScope { stack, root, files, open: RefCell::new(Vec::new()), nested: RefCell::new(Diagnostics::new()) };
    let mut early = Early::default();
    early.state = table(&stack.state, &scope, &mut early);
    for (name, instance) in &stack.providers {
        let config = table(&instance.config, &scope, &mut early);
        early.providers.insert(name.clone(), config);
    }
    early.diagnostics.extend(scope.nested.into_inner());
    early
}

fn table(entries: &BTreeMap<String, Expression>, scope: &EarlyScope<'_>, early: &mut Early) -> BTreeMap<String, Known> {
    let mut values = BTreeMap::new();
    for (name, expression) in entries {
        let evaluation = evaluate(expression, scope);
        early.diagnostics.extend(evaluation.diagnostics);
        early.questions.extend(evaluation.questions);
        match evaluation.value.close() {
            Some(value) => drop(values.insert(name.clone(), value)),
            None => {
                let detail = format!("`{name}` is not known before planning");
                let problem = Diagnostic::error("too-late", "a reference comes too late", detail).at(expression.span());
                early.diagnostics.push(problem.help("only variables, locals, `stack` and files can be used here"));
            }
        }
    }
    values
}

struct EarlyScope<'a> {
    stack: &'a Stack,
    root: &'a Module,
    files: &'a Files,
    /// Locals that are being evaluated, so that a cycle ends.
    open: RefCell<Vec<String>>,
    /// Problems found inside locals.
    nested: RefCell<Diagnostics>,
}

impl EarlyScope<'_> {
    fn local(&self, name: &str) -> Option<Partial> {
        let expression = self.root.locals.get(name)?;
        if self.open.borrow().iter().any(|open| open == name) {
            let detail = format!("`local.{name}` depends on itself");
            self.nested.borrow_mut().push(Diagnostic::error("cycle", "a cycle", detail).at(expression.span()));
            return Some(Value::Null);
        }
        self.open.borrow_mut().push(name.to_owned());
        let evaluation = evaluate(expression, self);
        self.open.borrow_mut().pop();
        self.nested.borrow_mut().extend(evaluation.diagnostics);
        Some(evaluation.value)
    }

    fn named(&self, root: &str, name: &str) -> Option<Partial> {
        let text = |text: &str| Some(Value::string(text));
        match (root, name) {
            ("var", name) => {
                let variable = self.root.variables.get(name)?;
                Some(variable.given.as_ref().or(variable.default.as_ref()).map_or(Value::Null, Known::open))
            }
            ("local", name) => self.local(name),
            ("stack", "name") => text(&self.stack.name),
            ("stack", "environment") => Some(self.stack.environment.as_deref().map_or(Value::Null, Value::string)),
            ("path", "stack" | "module") => text(&self.root.folder),
            _ => None,
        }
    }
}

impl Scope for EarlyScope<'_> {
    fn lookup(&self, root: &str, steps: &[Segment]) -> Lookup<'_> {
        let found = match steps.first() {
            Some(Segment::Key(name)) => self.named(root, name),
            _ => None,
        };
        match found {
            Some(value) => Lookup::Found { value: Cow::Owned(value), consumed: 1 },
            None => {
                let detail = format!("`{root}` is not known where state and providers are configured");
                Lookup::Missing { detail, candidates: ["var", "local", "stack", "path"].map(str::to_owned).to_vec() }
            }
        }
    }

    fn origin(&self, _: &Origin) -> Option<Cow<'_, Partial>> {
        None
    }

    fn file(&self, question: &FileQuestion) -> FileAnswer {
        self.files.get(question).cloned().unwrap_or(FileAnswer::NotAsked)
    }

    fn folder(&self) -> &str {
        &self.root.folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::parse_expression::{parse_text, placement::Placement};

    fn expression(text: &str) -> Expression {
        parse_text(text, &Placement::linear(0, 0, text.len() as u32)).unwrap()
    }

    fn stack(bucket: &str) -> Stack {
        let locals = BTreeMap::from([
            ("a".to_owned(), expression("x-${stack.environment}")),
            ("loop".to_owned(), expression("${local.loop}")),
        ]);
        Stack {
            environment: Some("staging".to_owned()),
            modules: vec![Module { locals, ..Module::default() }],
            state: BTreeMap::from([("bucket".to_owned(), expression(bucket))]),
            ..Stack::default()
        }
    }

    #[test]
    fn locals_and_the_environment_are_seen() {
        let early = early(&stack("${local.a}-state"), &Files::new());
        assert!(early.diagnostics.is_empty(), "{:?}", early.diagnostics);
        assert_eq!(early.state["bucket"], Value::string("x-staging-state"));
    }

    #[test]
    fn cycles_and_late_references_are_problems() {
        for text in ["${local.loop}", "${toy_thing.a.id}"] {
            assert!(early(&stack(text), &Files::new()).diagnostics.has_errors(), "{text}");
        }
    }
}
