//! Why an evaluation could not come to a value.

use std::collections::BTreeSet;

use crate::language::scope::FileQuestion;
use crate::model::diagnostic::{Diagnostic, Span};

/// Problems and open questions, collected from every part that was looked at.
#[derive(Debug, Default)]
pub(super) struct Halt {
    /// What is wrong.
    pub problems: Vec<Diagnostic>,
    /// Files that must be looked at first.
    pub questions: BTreeSet<FileQuestion>,
    /// Whether a limit was reached: then nothing may carry on as if it were an ordinary error.
    pub fatal: bool,
}

impl Halt {
    /// One problem.
    pub fn problem(diagnostic: Diagnostic) -> Self {
        Self { problems: vec![diagnostic], ..Self::default() }
    }

    /// One problem with a code, a summary, a detail and a place.
    pub fn new(code: &'static str, summary: &str, detail: impl Into<String>, span: Option<Span>) -> Self {
        Self::problem(Diagnostic::error(code, summary, detail).at(span))
    }

    /// An open question.
    pub fn question(question: FileQuestion) -> Self {
        Self { questions: BTreeSet::from([question]), ..Self::default() }
    }

    /// Whether it is an ordinary failure, which `try` may pass over.
    pub fn is_failure(&self) -> bool {
        !self.fatal && self.questions.is_empty()
    }

    /// The same without details, which might tell a secret.
    #[must_use]
    pub fn withheld(mut self) -> Self {
        for problem in &mut self.problems {
            problem.detail = "the operation cannot work with a secret value, which is not shown".to_owned();
            problem.help = None;
        }
        self
    }

    /// The remedy for the first problem.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(problem) = self.problems.pop() {
            self.problems.push(problem.help(help));
        }
        self
    }

    /// What is wrong, in one text.
    pub fn text(&self) -> String {
        let details: Vec<&str> = self.problems.iter().map(|problem| problem.detail.as_str()).collect();
        details.join("; ")
    }

    fn join(mut self, other: Self) -> Self {
        self.problems.extend(other.problems);
        self.questions.extend(other.questions);
        Self { fatal: self.fatal || other.fatal, ..self }
    }
}

/// Both values, or everything that stands in the way of either.
pub(super) fn both<A, B>(left: Result<A, Halt>, right: Result<B, Halt>) -> Result<(A, B), Halt> {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (Err(left), Err(right)) => Err(left.join(right)),
        (Err(halt), _) | (_, Err(halt)) => Err(halt),
    }
}

/// All values, or everything that stands in the way of any.
pub(super) fn all<T>(outcomes: impl Iterator<Item = Result<T, Halt>>) -> Result<Vec<T>, Halt> {
    let mut values = Vec::new();
    let mut halted: Option<Halt> = None;
    for outcome in outcomes {
        match outcome {
            Ok(value) => values.push(value),
            Err(halt) if halt.fatal => return Err(halt),
            Err(halt) => {
                halted = Some(match halted {
                    Some(earlier) => earlier.join(halt),
                    None => halt,
                });
            }
        }
    }
    halted.map_or(Ok(values), Err)
}
