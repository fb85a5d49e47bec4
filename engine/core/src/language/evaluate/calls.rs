//! Function calls: arguments, holes in them, secrets in them, and the three functions that are more than functions.

use std::borrow::Cow;

use super::attempts::{TRIED, failure};
use super::halt::Halt;
use super::residual::{FAIL, known_prefix, origins};
use super::text::scalar_text;
use super::{Evaluator, Outcome, holds_secret, secret};
use crate::language::functions::{self, Arguments, Function, Wrong};
use crate::language::parse_expression::parse_text;
use crate::language::parse_expression::placement::Placement;
use crate::language::scope::{FileAnswer, FileQuestion, Lookup, Scope};
use crate::model::diagnostic::Span;
use crate::model::expression::{Expression, Node};
use crate::model::path::Segment;
use crate::model::value::{Origin, Partial, Value};

impl Evaluator<'_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Expression], spread: bool, span: Option<Span>) -> Outcome {
        match name {
            "try" => return self.attempt(arguments, span),
            "can" => return self.can(arguments, span),
            FAIL => return Err(failure(arguments, span)),
            TRIED => return arguments.first().map_or(Ok(Value::Null), |argument| self.evaluate(argument)),
            _ => {}
        }
        let function = find(name, span)?;
        let mut values = self.all(arguments)?;
        let mut is_secret = false;
        if spread && let Some(last) = values.pop() {
            is_secret = matches!(last, Value::Secret(_));
            match last {
                Value::List(items) => values.extend(items),
                Value::Secret(hidden) => match hidden.expose() {
                    Value::List(items) => values.extend(items.iter().map(secret)),
                    _ => return Err(not_spreadable("secret", span)),
                },
                Value::Hole(_) => {
                    values.push(last);
                    return self.open_call(function, &values, true, span);
                }
                other => return Err(not_spreadable(other.type_name(), span)),
            }
        }
        function.check_arity(values.len()).map_err(|detail| {
            let halt = Halt::new("wrong-arguments", "a function is called with the wrong arguments", detail, span)
                .help(function.usage());
            if is_secret { halt.withheld() } else { halt }
        })?;
        self.apply(function, &values, arguments, span)
    }

    fn apply(
        &mut self,
        function: &Function,
        values: &[Partial],
        written: &[Expression],
        span: Option<Span>,
    ) -> Outcome {
        if function.name == "templatefile" {
            return self.template_file(function, values, span);
        }
        let given = Arguments::new(values, self.scope);
        match (function.body)(&given) {
            Ok(value) if !given.touched() => self.budget.measured(value, span),
            Ok(value) if value.holes().is_empty() => self.budget.measured(secret(&value), span),
            Ok(_) | Err(Wrong::Open) => self.open_call(function, values, false, span),
            Err(Wrong::Ask(question)) => Err(Halt::question(question)),
            Err(Wrong::Argument(at, detail)) => {
                let place = written.get(at).and_then(Expression::span).or(span);
                Err(refused(function, &detail, &given, place))
            }
            Err(Wrong::Call(detail)) => Err(refused(function, &detail, &given, span)),
        }
    }

    fn open_call(&mut self, function: &Function, values: &[Partial], spread: bool, span: Option<Span>) -> Outcome {
        let arguments = values.iter().map(Expression::from_partial).collect();
        let node = Node::Call { name: function.name.to_owned(), arguments, spread };
        let prefix = if spread { String::new() } else { call_prefix(function.name, values) };
        self.hole(node, function.returns.ty(), prefix, origins(values), span)
    }

    /// `templatefile(path, variables)`: the file's text as a template that sees nothing but the variables.
    fn template_file(&mut self, function: &Function, values: &[Partial], span: Option<Span>) -> Outcome {
        let given = Arguments::new(values, self.scope);
        let found = functions::read_text(&given, 0).and_then(|text| Ok((text, given.entries(1)?.into_owned())));
        let (text, variables) = match found {
            Ok(found) => found,
            Err(Wrong::Open) => return self.open_call(function, values, false, span),
            Err(Wrong::Ask(question)) => return Err(Halt::question(question)),
            Err(Wrong::Argument(_, detail) | Wrong::Call(detail)) => {
                return Err(refused(function, &detail, &given, span));
            }
        };
        let is_secret = given.touched();
        let placement = span.map_or(Placement::linear(u32::MAX, 0, 0), Placement::opaque);
        let template = parse_text(&text, &placement).map_err(Halt::problem)?;
        let scope = Alone(self.scope);
        let mut inner = Evaluator::new(&scope);
        std::mem::swap(&mut inner.budget, &mut self.budget);
        inner.bound = variables.into_iter().collect();
        inner.symbols.clone_from(&self.symbols);
        inner.attempts = self.attempts;
        let outcome =
            inner.evaluate(&template).and_then(|value| inner.template(&[Expression::from_partial(&value)], span));
        std::mem::swap(&mut inner.budget, &mut self.budget);
        self.risks.append(&mut inner.risks);
        let value = outcome?;
        match (is_secret, value.holes().is_empty()) {
            (false, _) => Ok(value),
            (true, true) => Ok(secret(&value)),
            (true, false) => self.open_call(function, values, false, span),
        }
    }
}

/// What a template file sees: nothing but its variables, which are bound names.
struct Alone<'s>(&'s dyn Scope);

impl Scope for Alone<'_> {
    fn lookup(&self, root: &str, _: &[Segment]) -> Lookup<'_> {
        Lookup::Missing {
            detail: format!("the template refers to `{root}`, which is none of its variables"),
            candidates: Vec::new(),
        }
    }

    fn origin(&self, origin: &Origin) -> Option<Cow<'_, Partial>> {
        self.0.origin(origin)
    }

    fn file(&self, question: &FileQuestion) -> FileAnswer {
        self.0.file(question)
    }

    fn folder(&self) -> &str {
        self.0.folder()
    }
}

/// What the text that a call will come to certainly starts with.
fn call_prefix(name: &str, values: &[Partial]) -> String {
    match (name, values) {
        ("format", [Value::String(pattern), ..]) => pattern.split('%').next().unwrap_or_default().to_owned(),
        ("join", [Value::String(separator), Value::List(items), ..]) => {
            let mut prefix = String::new();
            for (at, item) in items.iter().enumerate() {
                prefix.push_str(if at == 0 { "" } else { separator });
                match item {
                    Value::Hole(_) | Value::Secret(_) => {
                        prefix.push_str(known_prefix(item));
                        break;
                    }
                    plain => prefix.push_str(&scalar_text(plain).unwrap_or_default()),
                }
            }
            prefix
        }
        _ => String::new(),
    }
}

fn find(name: &str, span: Option<Span>) -> Result<&'static Function, Halt> {
    functions::find(name).ok_or_else(|| {
        let problem = functions::unknown(name);
        Halt::problem(problem.at(span))
    })
}

fn not_spreadable(what: &str, span: Option<Span>) -> Halt {
    let detail = format!("`...` spreads a list over the arguments; this is a {what}");
    Halt::new("wrong-type", "a value has the wrong type", detail, span)
}

/// A refusal by a function. What it says may quote the arguments, so with a secret among them it is not told.
fn refused(function: &Function, detail: &str, given: &Arguments<'_>, span: Option<Span>) -> Halt {
    let is_secret = given.rest(0).iter().any(holds_secret);
    let detail = match is_secret {
        true => format!("`{}` cannot work with this value; it holds a secret and is not shown", function.name),
        false => format!("`{}`: {detail}", function.name),
    };
    Halt::new("function-failed", "a function cannot do what it is asked", detail, span)
}
