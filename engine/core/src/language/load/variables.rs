//! `[variable.NAME]` tables, and the values that come from outside.

use std::collections::BTreeMap;

use super::Loader;
use super::body;
use super::fields::Fields;
use super::type_constraint;
use crate::language::convert::convert;
use crate::language::parse_expression::{parse_bare, parse_text, placement::Placement};
use crate::language::tree::{self, Entry, Item, Node};
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::model::expression::{Expression, Place};
use crate::model::stack::{Validation, Variable};
use crate::model::types::Type;
use crate::model::value::Known;

/// Values of variables from outside, as text. Later sources win: environment, then files, then arguments; within each, later entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GivenVariables {
    /// Names and texts of `SIAC_VAR_name`, without the prefix. Names that the stack does not declare are ignored.
    pub environment: Vec<(String, String)>,
    /// Paths and contents of TOML files of values.
    pub files: Vec<(String, String)>,
    /// Names and texts of `--var name=text`.
    pub arguments: Vec<(String, String)>,
}

/// Reads one `[variable.NAME]` table.
pub(super) fn read(name: &str, entry: Entry, problems: &mut Diagnostics) -> Variable {
    let span = entry.key;
    let mut fields = Fields::new(entry, format!("the table `[variable.{name}]`"), problems);
    let ty = fields.item("type").map_or(Type::Any, |item| constraint(&item, fields.problems()));
    let default = fields.item("default");
    let description = fields.text("description").map(|(text, _)| text);
    let nullable = fields.bool("nullable").unwrap_or(true);
    let rules = fields.list("validate");
    let rules = rules.into_iter().filter_map(|item| rule(name, item, fields.problems())).collect();
    let default = default.and_then(|item| default_value(name, &item, &ty, fields.problems()));
    fields.end();
    Variable { ty, default, description, nullable, rules, given: None, place: Place(Some(span)) }
}

fn constraint(item: &Item, problems: &mut Diagnostics) -> Type {
    let read = match &item.node {
        Node::Text(text, placement) => type_constraint::parse(text, placement),
        other => Err(format!("a type is written as a text; {} stands here", other.described())),
    };
    read.unwrap_or_else(|why| {
        problems.push(Diagnostic::error("invalid-type", "a type cannot be read", why).at(Some(item.span)));
        Type::Any
    })
}

fn rule(name: &str, item: Item, problems: &mut Diagnostics) -> Option<Validation> {
    let entry = Entry { key: item.span, item };
    let mut fields = Fields::new(entry, format!("a rule of `[variable.{name}]`"), problems);
    let (condition, message) = (fields.item("condition"), fields.item("message"));
    for (name, item) in [("condition", &condition), ("message", &message)] {
        if item.is_none() {
            fields.missing(name);
        }
    }
    let condition = condition.map(|item| body::expression(&item, fields.problems()));
    let message = message.map(|item| body::expression(&item, fields.problems()));
    fields.end();
    Some(Validation { condition: condition?, message: message? })
}

fn default_value(name: &str, item: &Item, ty: &Type, problems: &mut Diagnostics) -> Option<Known> {
    let expression = body::expression(item, problems);
    fit(name, &expression, ty, Some(item.span), "its default", problems)
}

/// The literal value of an expression as one of the variable's type.
fn fit(
    name: &str,
    expression: &Expression,
    ty: &Type,
    span: Option<Span>,
    what: &str,
    problems: &mut Diagnostics,
) -> Option<Known> {
    let Some(value) = body::literal(expression) else {
        let detail = format!("`var.{name}`: {what} is a plain value, and refers to nothing");
        problems
            .push(Diagnostic::error("invalid-variable-value", "a variable's value cannot be used", detail).at(span));
        return None;
    };
    match convert(value.open(), ty) {
        Ok(value) => value.close(),
        Err((path, why)) => {
            let at = if path.0.is_empty() { String::new() } else { format!(" at `{path}`") };
            let detail = format!("`var.{name}`: {what} does not fit{at}: {why}");
            problems.push(
                Diagnostic::error("invalid-variable-value", "a variable's value cannot be used", detail).at(span),
            );
            None
        }
    }
}

/// Gives the variables of the root module their values from outside, and misses those that have none.
pub(super) fn give(loader: &mut Loader<'_>, variables: &mut BTreeMap<String, Variable>) {
    let given = loader.request.variables;
    for (name, text) in &given.environment {
        if let Some(variable) = variables.get_mut(name) {
            let source = format!("the environment variable SIAC_VAR_{name}");
            give_text(name, text, &source, variable, &mut loader.problems);
        }
    }
    for (path, text) in &given.files {
        give_file(loader, path, text, variables);
    }
    for (name, text) in &given.arguments {
        match variables.get_mut(name) {
            Some(variable) => give_text(name, text, &format!("`--var {name}=…`"), variable, &mut loader.problems),
            None => loader.problems.push(undeclared(name, "`--var`", None, variables)),
        }
    }
    for (name, variable) in
        variables.iter().filter(|(_, variable)| variable.given.is_none() && variable.default.is_none())
    {
        let detail = format!("`var.{name}` has no default, and no value was given");
        let problem = Diagnostic::error("missing-variable", "a variable has no value", detail).at(variable.place.0);
        loader
            .problems
            .push(problem.help(format!("give one: `--var {name}=…`, a line in a `--var-file`, or SIAC_VAR_{name}")));
    }
}

/// A text from outside: as it is for texts, otherwise read as an expression.
fn give_text(name: &str, text: &str, source: &str, variable: &mut Variable, problems: &mut Diagnostics) {
    let placement = Placement::opaque(Span { file: u32::MAX, start: 0, end: 0 });
    let parsed = match variable.ty {
        Type::String => Ok(Expression::literal(Known::string(text))),
        _ => parse_bare(text, &placement).or_else(|problem| match variable.ty {
            Type::Any => parse_text(&text.replace("${", "$${").replace("%{", "%%{"), &placement),
            _ => Err(problem),
        }),
    };
    match parsed {
        Ok(expression) => {
            // A bare word is a text, as on every command line.
            let word = body::literal(&expression).is_none() && variable.ty == Type::Any;
            let expression = if word { Expression::literal(Known::string(text)) } else { expression };
            let value =
                fit(name, &expression, &variable.ty, variable.place.0, &format!("the value from {source}"), problems);
            variable.given = value.or(variable.given.take());
        }
        Err(_) => {
            let detail = format!("`var.{name}`: the value from {source} is not {}", variable.ty);
            let problem = Diagnostic::error("invalid-variable-value", "a variable's value cannot be used", detail);
            problems.push(
                problem
                    .at(variable.place.0)
                    .help("lists and maps are written as in expressions: `--var 'zones=[\"a\", \"b\"]'`"),
            );
        }
    }
}

fn give_file(loader: &mut Loader<'_>, path: &str, text: &str, variables: &mut BTreeMap<String, Variable>) {
    let file = loader.sources.add(path, text);
    let (table, problems) = tree::parse(file, text);
    loader.problems.extend(problems);
    for (name, entry) in table.0 {
        let Some(variable) = variables.get_mut(&name) else {
            loader.problems.push(undeclared(&name, "this file", Some(entry.key), variables));
            continue;
        };
        let expression = body::expression(&entry.item, &mut loader.problems);
        let value = fit(
            &name,
            &expression,
            &variable.ty,
            Some(entry.item.span),
            "the value in this file",
            &mut loader.problems,
        );
        variable.given = value.or(variable.given.take());
    }
}

fn undeclared(name: &str, giver: &str, span: Option<Span>, variables: &BTreeMap<String, Variable>) -> Diagnostic {
    let detail = format!("{giver} gives `{name}` a value, and the stack declares no such variable");
    let problem = Diagnostic::error("undeclared-variable", "a variable is not declared", detail).at(span);
    match did_you_mean(name, variables.keys().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("declare it: `[variable.{name}]`")),
    }
}
