//! What is left of an expression that could not be evaluated to the end.

use std::collections::BTreeMap;

use super::halt::Halt;
use super::{Evaluator, Outcome};
use crate::model::diagnostic::Span;
use crate::model::expression::{Expression, Node};
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};

/// The function that fails with its argument when it is called. It stands in residuals for what is certain to fail should it be reached;
/// its name cannot be written.
pub(super) const FAIL: &str = "!fail";

/// What is certain to fail when it is reached. With a witness, a secret has part in it.
pub(super) fn failing(why: String, witness: Option<Expression>) -> Expression {
    let arguments = [Some(Expression::literal(Value::String(why))), witness].into_iter().flatten().collect();
    Expression::new(Node::Call { name: FAIL.to_owned(), arguments, spread: false })
}

/// Everything that these values wait for.
pub(super) fn origins<'v>(values: impl IntoIterator<Item = &'v Partial>) -> BTreeMap<Origin, Awaits> {
    values.into_iter().flat_map(Partial::origins).collect()
}

/// What is known of the type of a value.
pub(super) fn type_of(value: &Partial) -> Type {
    match value {
        Value::Null => Type::Any,
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        Value::List(_) => Type::list(Type::Any),
        Value::Map(_) => Type::map(Type::Any),
        Value::Secret(secret) => type_of(secret.expose()),
        Value::Hole(hole) => hole.ty.clone(),
    }
}

/// What a value, once it is text, certainly starts with. Nothing is told of secrets.
pub(super) fn known_prefix(value: &Partial) -> &str {
    match value {
        Value::String(text) => text,
        Value::Hole(hole) => &hole.prefix,
        _ => "",
    }
}

/// Whether a hole cannot fail to become a value: it is nothing but an origin, or an element of a loop.
pub(super) fn is_certain(hole: &Hole) -> bool {
    matches!(hole.residual.node, Node::Origin(_) | Node::Name(_))
}

/// Whether an expression is another one or has it within.
pub(super) fn contains(expression: &Expression, other: &Expression) -> bool {
    expression == other || expression.parts().into_iter().any(|part| contains(part, other))
}

/// Something that may still fail although the value does not need it: `try` and `can` must wait for it.
#[derive(Debug, Clone)]
pub(super) struct Risk {
    /// What may fail.
    pub residual: Expression,
    /// What it waits for.
    pub origins: BTreeMap<Origin, Awaits>,
}

/// The value as an expression that fails when any of the risks does.
pub(super) fn guarded(value: &Partial, mut risks: Vec<Risk>) -> (Expression, BTreeMap<Origin, Awaits>) {
    /// Comparing more of them with each other would take long, and repeating them is only longer.
    const COMPARED: usize = 64;
    let residual = Expression::from_partial(value);
    let mut origins = value.origins();
    if risks.len() <= COMPARED {
        risks.retain(|risk| !contains(&residual, &risk.residual));
        let all: Vec<Expression> = risks.iter().map(|risk| risk.residual.clone()).collect();
        risks.retain(|risk| !all.iter().any(|other| *other != risk.residual && contains(other, &risk.residual)));
    }
    if risks.is_empty() {
        return (residual, origins);
    }
    let mut items = vec![residual];
    for risk in risks {
        items.push(risk.residual);
        origins.extend(risk.origins);
    }
    let first = Expression::literal(Value::number(0_usize));
    (Expression::new(Node::Index(Box::new(Expression::new(Node::List(items))), Box::new(first))), origins)
}

/// What one branch, or the body of a loop, leaves: the expression to evaluate later and the value that is known of it.
pub(super) struct Speculation {
    /// What remains.
    pub residual: Expression,
    /// What it waits for.
    pub origins: BTreeMap<Origin, Awaits>,
    /// What it comes to; nothing when it is certain to fail.
    pub value: Option<Partial>,
}

impl Evaluator<'_> {
    /// A hole.
    pub(super) fn hole(
        &mut self,
        node: Node,
        ty: Type,
        prefix: String,
        origins: BTreeMap<Origin, Awaits>,
        span: Option<Span>,
    ) -> Outcome {
        let is_certain = matches!(node, Node::Origin(_) | Node::Name(_));
        let residual = self.budget.residual(Expression { node, place: crate::model::expression::Place(span) }, span)?;
        if self.attempts > 0 && !is_certain {
            self.risks.push(Risk { residual: residual.clone(), origins: origins.clone() });
        }
        Ok(Value::Hole(Box::new(Hole { residual, ty, prefix, origins })))
    }

    /// Evaluates an argument of `try` or `can`; answers with what may still fail of it, too.
    pub(super) fn attempted(&mut self, expression: &Expression) -> (Outcome, Vec<Risk>) {
        let before = self.risks.len();
        self.attempts += 1;
        let outcome = self.evaluate(expression);
        self.attempts -= 1;
        (outcome, self.risks.split_off(before))
    }

    /// Evaluates what may turn out not to be needed: a failure becomes part of the residual.
    pub(super) fn speculate(&mut self, expression: &Expression) -> Result<Speculation, Halt> {
        let (outcome, risks) = self.attempted(expression);
        match outcome {
            Ok(value) => {
                let (residual, origins) = guarded(&value, risks);
                Ok(Speculation { residual, origins, value: Some(value) })
            }
            Err(halt) if halt.is_failure() => {
                Ok(Speculation { residual: failing(halt.text(), None), origins: BTreeMap::new(), value: None })
            }
            Err(halt) => Err(halt),
        }
    }
}
