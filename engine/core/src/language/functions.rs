//! The functions of the language: Terraform's names and meanings, without those that read a clock, chance or the environment.
//!
//! A function looks at its arguments through [`Arguments`], which keeps account for it: looking at a hole leaves the call open, looking at
//! a secret makes the result one. So a function that does not need to look inside an element passes holes and secrets on untouched.

mod arguments;
mod collections;
mod dates;
mod encoding;
mod files;
mod format;
mod hashing;
mod network;
mod numbers;
mod strings;
mod table;
#[cfg(test)]
mod tests;
mod types;

pub(crate) use arguments::read_text;
pub use arguments::{Arguments, Wrong};
use arguments::{bounded, read_bytes, wrong};
pub use table::all;

use crate::model::diagnostic::{Diagnostic, did_you_mean};
use crate::model::expression::{Expression, Node};
use crate::model::types::Type;
use crate::model::value::Partial;

/// What a function answers.
pub type Answer = Result<Partial, Wrong>;

/// One function.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The fewest arguments.
    pub least: usize,
    /// The most arguments; `None` for any number.
    pub most: Option<usize>,
    /// Its arguments and meaning in one line.
    pub doc: &'static str,
    /// The type of its results.
    pub returns: Returns,
    /// What it does.
    pub(crate) body: fn(&Arguments<'_>) -> Answer,
}

/// What is known of the type of a result before there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// Nothing.
    Any,
    /// A truth value.
    Bool,
    /// A number.
    Number,
    /// Text.
    String,
    /// A list.
    List,
    /// A list of texts.
    Strings,
    /// A map or an object.
    Map,
}

impl Returns {
    /// The type.
    pub fn ty(self) -> Type {
        match self {
            Self::Any => Type::Any,
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::String => Type::String,
            Self::List => Type::list(Type::Any),
            Self::Strings => Type::list(Type::String),
            Self::Map => Type::map(Type::Any),
        }
    }
}

impl Function {
    /// Checks the number of arguments.
    ///
    /// # Errors
    /// Says how many there should be.
    pub fn check_arity(&self, given: usize) -> Result<(), String> {
        let enough = given >= self.least;
        if enough && self.most.is_none_or(|most| given <= most) {
            return Ok(());
        }
        let wanted = match self.most {
            Some(most) if most == self.least => format!("{most}"),
            Some(most) => format!("{} to {most}", self.least),
            None => format!("at least {}", self.least),
        };
        let noun = if wanted == "1" || wanted == "at least 1" { "argument" } else { "arguments" };
        Err(format!("`{}` takes {wanted} {noun}, not {given}", self.name))
    }

    /// How it is used, for help texts.
    pub fn usage(&self) -> String {
        format!("`{}` is used as {}", self.name, self.doc)
    }
}

/// The function of a name.
pub fn find(name: &str) -> Option<&'static Function> {
    let functions = all();
    functions.binary_search_by(|function| function.name.cmp(name)).ok().map(|at| &functions[at])
}

/// Functions that Terraform has and that are left out on purpose, with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "abspath",
        "the place of the project on this machine must not change a plan; paths are relative to the stack file",
    ),
    ("bcrypt", "its result changes with every call, so that no second plan would be empty"),
    ("nonsensitive", "a secret is never turned into something that is shown"),
    ("pathexpand", "the home folder of whoever runs siac must not change a plan"),
    ("plantimestamp", "nothing in a plan depends on when it is made"),
    ("rsadecrypt", "private keys are not handled in stack files"),
    ("sensitive", "declare what is secret in [secret.NAME]: then its value never enters a plan or the state"),
    ("timestamp", "nothing in a plan depends on when it is made"),
    ("uuid", "its result changes with every call; use `uuidv5`, or the resource `random_id`"),
];

/// What to say of a call to a function that does not exist.
pub fn unknown(name: &str) -> Diagnostic {
    let problem = |detail: String| Diagnostic::error("unknown-function", "there is no such function", detail);
    if let Some((_, why)) = LEFT_OUT.iter().find(|(left_out, _)| *left_out == name) {
        return problem(format!("siac leaves `{name}` out: {why}"));
    }
    let problem = problem(format!("there is no function `{name}`"));
    match did_you_mean(name, all().iter().map(|function| function.name)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    }
}

/// Calls within an expression that cannot work whatever the arguments are: to functions that do not exist, or with too many or too few.
pub fn misuses(expression: &Expression) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    collect_misuses(expression, &mut problems);
    problems
}

fn collect_misuses(expression: &Expression, problems: &mut Vec<Diagnostic>) {
    if let Node::Call { name, arguments, spread } = &expression.node {
        problems.extend(misuse(name, arguments.len(), *spread).map(|problem| problem.at(expression.span())));
    }
    expression.parts().into_iter().for_each(|part| collect_misuses(part, problems));
}

fn misuse(name: &str, given: usize, spread: bool) -> Option<Diagnostic> {
    let Some(function) = find(name) else { return Some(unknown(name)) };
    // The list that is spread may be empty, or hold as many as are missing.
    let checked = if spread { given.saturating_sub(1).max(function.least) } else { given };
    function.check_arity(checked).err().map(|detail| {
        Diagnostic::error("wrong-arguments", "a function is called with the wrong arguments", detail)
            .help(function.usage())
    })
}
