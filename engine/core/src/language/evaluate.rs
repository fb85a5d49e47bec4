//! Expressions → values with holes: partial evaluation.
//!
//! What is known is computed; what is not leaves a [`Hole`](crate::model::value::Hole) whose residual, evaluated again once its origins have
//! values, gives what full evaluation would have given. A decision that does not depend on a hole is made at once: `false && hole` is `false`.
//!
//! Secrecy is contagious: what an operator, a function or a template makes of a [`Value::Secret`] is a secret again, and no
//! message shows it. A secret that a list or a map merely contains stays where it is. A secret never holds a hole.

mod attempts;
mod calls;
mod equality;
mod halt;
mod limits;
mod loops;
mod operators;
mod residual;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod traversal;

pub(crate) use equality::equal;
pub(crate) use limits::{MAX_SIZE, size_of};
pub(crate) use text::scalar_text;

use crate::language::scope::{Evaluation, Scope};
use crate::model::diagnostic::{Diagnostics, Span};
use crate::model::expression::{Expression, Node};
use crate::model::secret::Secret;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};
use halt::{Halt, all, both};
use limits::Budget;
use residual::Risk;

/// What evaluating one expression comes to.
type Outcome = Result<Partial, Halt>;

/// Evaluates an expression as far as it can be known in a scope.
///
/// Problems and open questions are in the answer; the value is `null` then.
pub fn evaluate(expression: &Expression, scope: &dyn Scope) -> Evaluation {
    finish(Evaluator::new(scope).evaluate(expression))
}

/// Fills the holes of a value with what their residuals come to in a scope; what is still not known stays a hole.
///
/// Problems and open questions are in the answer; the value is `null` then.
pub fn fill(value: &Partial, scope: &dyn Scope) -> Evaluation {
    let mut evaluator = Evaluator::new(scope);
    finish(value.try_fill(&mut |hole| evaluator.evaluate(&hole.residual)))
}

fn finish(outcome: Outcome) -> Evaluation {
    match outcome {
        Ok(value) => Evaluation { value, diagnostics: Diagnostics::new(), questions: Vec::new() },
        Err(halt) => {
            let mut diagnostics = Diagnostics::new();
            diagnostics.extend(halt.problems);
            Evaluation { value: Value::Null, diagnostics, questions: halt.questions.into_iter().collect() }
        }
    }
}

/// The value as a secret; secrets within it become plain parts of it.
pub(crate) fn secret(value: &Partial) -> Partial {
    Value::Secret(Secret::new(expose(value)))
}

/// The value with every secret within laid open. The caller makes a secret of what comes of it.
pub(crate) fn expose(value: &Partial) -> Partial {
    match value {
        Value::Secret(secret) => expose(secret.expose()),
        Value::List(items) => Value::List(items.iter().map(expose).collect()),
        Value::Map(entries) => Value::Map(entries.iter().map(|(key, value)| (key.clone(), expose(value))).collect()),
        other => other.clone(),
    }
}

/// Whether a secret is anywhere in the value.
pub(crate) fn holds_secret<H>(value: &Value<H>) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(items) => items.iter().any(holds_secret),
        Value::Map(entries) => entries.values().any(holds_secret),
        _ => false,
    }
}

/// One evaluation: where names lead, what `for` has bound, and what it may still cost.
struct Evaluator<'s> {
    scope: &'s dyn Scope,
    /// Names bound by `for`, innermost last.
    bound: Vec<(String, Partial)>,
    /// Names bound by the residual loops that are being built, innermost last.
    symbols: Vec<String>,
    /// How many `try`, `can` and branches that may not be taken are around what is being evaluated.
    attempts: usize,
    /// What may still fail within them.
    risks: Vec<Risk>,
    budget: Budget,
}

impl<'s> Evaluator<'s> {
    fn new(scope: &'s dyn Scope) -> Self {
        Self { scope, bound: Vec::new(), symbols: Vec::new(), attempts: 0, risks: Vec::new(), budget: Budget::new() }
    }

    fn evaluate(&mut self, expression: &Expression) -> Outcome {
        self.budget.enter(expression.span())?;
        let outcome = self.dispatch(expression);
        self.budget.leave();
        outcome
    }

    fn dispatch(&mut self, expression: &Expression) -> Outcome {
        let span = expression.span();
        match &expression.node {
            Node::Literal(value) => Ok(value.open()),
            Node::Origin(origin) => Ok(self.origin(origin)),
            Node::Name(_) | Node::Attribute(..) | Node::Index(..) => self.traversal(expression),
            Node::Splat(of, steps) => self.splat(of, steps, span),
            Node::Template(parts) => self.template(parts, span),
            Node::List(items) => self.list(items, span),
            Node::Object(entries) => self.object(entries, span),
            Node::Unary(operator, operand) => self.unary(*operator, operand, span),
            Node::Binary(left, operator, right) => self.binary(left, *operator, right, span),
            Node::Conditional(condition, then, otherwise) => self.conditional(condition, then, otherwise, span),
            Node::Call { name, arguments, spread } => self.call(name, arguments, *spread, span),
            Node::For(parts) => self.for_each(parts, span),
        }
    }

    fn origin(&self, origin: &Origin) -> Partial {
        if let Some(value) = self.scope.origin(origin) {
            return value.into_owned();
        }
        let awaits = match origin {
            Origin::Secret(_) => Awaits::ApplySecret,
            Origin::Attribute(..) => Awaits::Apply,
        };
        Value::Hole(Box::new(Hole::of(origin.clone(), Type::Any, awaits)))
    }

    fn all(&mut self, expressions: &[Expression]) -> Result<Vec<Partial>, Halt> {
        all(expressions.iter().map(|expression| self.evaluate(expression)))
    }

    fn list(&mut self, items: &[Expression], span: Option<Span>) -> Outcome {
        let items = self.all(items)?;
        self.budget.measured(Value::List(items), span)
    }

    fn object(&mut self, entries: &[(Expression, Expression)], span: Option<Span>) -> Outcome {
        let evaluated = entries.iter().map(|(key, value)| both(self.evaluate(key), self.evaluate(value)));
        let evaluated: Vec<(Partial, Partial)> = all(evaluated)?;
        let mut touched = false;
        let mut object = std::collections::BTreeMap::new();
        for ((key, value), (written, _)) in evaluated.iter().zip(entries) {
            let Some(name) = loops::key_text(key, &mut touched, written.span())? else {
                return self.residual_object(&evaluated, span);
            };
            object.insert(name, value.clone());
        }
        let object = self.budget.measured(Value::Map(object), span)?;
        match (touched, object.holes().is_empty()) {
            (false, _) => Ok(object),
            (true, true) => Ok(secret(&object)),
            (true, false) => self.residual_object(&evaluated, span),
        }
    }

    fn residual_object(&mut self, entries: &[(Partial, Partial)], span: Option<Span>) -> Outcome {
        let pair = |(key, value): &(Partial, Partial)| (Expression::from_partial(key), Expression::from_partial(value));
        let node = Node::Object(entries.iter().map(pair).collect());
        let parts = entries.iter().flat_map(|(key, value)| [key, value]);
        self.hole(node, Type::map(Type::Any), String::new(), residual::origins(parts), span)
    }
}
