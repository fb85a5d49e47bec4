//! `try` and `can`: what fails is passed over.
//!
//! Whether something fails may tell of a secret. So the answer is a secret when what failed refers to one anywhere, whether or not it
//! came to look at it: that is told by the expression alone, and is the same before and after holes are filled.

use std::collections::BTreeMap;

use super::halt::Halt;
use super::residual::{contains, failing, guarded, is_certain, type_of};
use super::{Evaluator, Outcome, holds_secret, secret};
use crate::language::references::literal_step;
use crate::language::scope::Lookup;
use crate::model::diagnostic::Span;
use crate::model::expression::{Expression, Node};
use crate::model::path::{Path, Segment};
use crate::model::secret::Secret;
use crate::model::types::Type;
use crate::model::value::{Awaits, Origin, Partial, Value};

/// The function that is its first argument and refers to its second. It stands in residuals of `try` and `can` whose reference to a secret
/// was evaluated away; its name cannot be written.
pub(super) const TRIED: &str = "!tried";

/// A secret that an expression refers to.
#[derive(Debug, Clone)]
struct Witness {
    /// An expression that refers to it, too.
    expression: Expression,
    /// What that waits for; empty when the secret is there.
    origins: BTreeMap<Origin, Awaits>,
}

type Residual = (Expression, BTreeMap<Origin, Awaits>);

impl Evaluator<'_> {
    /// `try(a, b, …)`: the first that does not fail.
    pub(super) fn attempt(&mut self, arguments: &[Expression], span: Option<Span>) -> Outcome {
        let mut failures = Vec::new();
        let mut spoilt: Option<Witness> = None;
        for (at, argument) in arguments.iter().enumerate() {
            let (outcome, risks) = self.attempted(argument);
            match outcome {
                Ok(value) => {
                    let is_settled = risks.is_empty() && value.holes().iter().all(|hole| is_certain(hole));
                    match &spoilt {
                        None if is_settled => return Ok(value),
                        Some(witness) if is_settled && witness.origins.is_empty() && value.holes().is_empty() => {
                            return Ok(secret(&value));
                        }
                        _ => {}
                    }
                    let first = self.tried(argument, guarded(&value, risks), span)?;
                    let others = if is_settled { &[] } else { &arguments[at + 1..] };
                    let ty = if others.is_empty() { type_of(&value) } else { Type::Any };
                    return self.open_attempt(spoilt, first, others, ty, span);
                }
                Err(halt) if halt.is_failure() => {
                    failures.push(halt.text());
                    if spoilt.is_none() {
                        spoilt = self.witness(argument, span)?;
                    }
                }
                Err(halt) => return Err(halt),
            }
        }
        let detail = format!("none of the arguments of `try` has a value: {}", failures.join("; "));
        Err(Halt::new("function-failed", "a function cannot do what it is asked", detail, span))
    }

    fn open_attempt(
        &mut self,
        spoilt: Option<Witness>,
        first: Residual,
        others: &[Expression],
        ty: Type,
        span: Option<Span>,
    ) -> Outcome {
        let (mut arguments, mut origins) = (Vec::new(), BTreeMap::new());
        if let Some(witness) = spoilt {
            arguments.push(failing("an earlier argument of `try` failed".to_owned(), Some(witness.expression)));
            origins.extend(witness.origins);
        }
        arguments.push(first.0);
        origins.extend(first.1);
        for other in others {
            let speculation = self.speculate(other)?;
            let (residual, waits) = self.tried(other, (speculation.residual, speculation.origins), span)?;
            arguments.push(residual);
            origins.extend(waits);
        }
        let node = Node::Call { name: "try".to_owned(), arguments, spread: false };
        self.hole(node, ty, String::new(), origins, span)
    }

    /// `can(a)`: whether it does not fail.
    pub(super) fn can(&mut self, arguments: &[Expression], span: Option<Span>) -> Outcome {
        let [argument] = arguments else {
            let detail = format!("`can` takes 1 argument, not {}", arguments.len());
            return Err(Halt::new("wrong-arguments", "a function is called with the wrong arguments", detail, span));
        };
        let (outcome, risks) = self.attempted(argument);
        let (answer, residual) = match outcome {
            Ok(value) => {
                let is_settled = risks.is_empty() && value.holes().iter().all(|hole| is_certain(hole));
                (is_settled.then_some(true), guarded(&value, risks))
            }
            Err(halt) if halt.is_failure() => (Some(false), (failing(halt.text(), None), BTreeMap::new())),
            Err(halt) => return Err(halt),
        };
        match (answer, self.witness(argument, span)?) {
            (Some(answer), None) => Ok(Value::Bool(answer)),
            (Some(answer), Some(witness)) if witness.origins.is_empty() => Ok(secret(&Value::Bool(answer))),
            _ => {
                let (residual, origins) = self.tried(argument, residual, span)?;
                let node = Node::Call { name: "can".to_owned(), arguments: vec![residual], spread: false };
                self.hole(node, Type::Bool, String::new(), origins, span)
            }
        }
    }

    /// The residual of an argument, still referring to a secret when the argument does.
    fn tried(&mut self, argument: &Expression, residual: Residual, span: Option<Span>) -> Result<Residual, Halt> {
        let (residual, mut origins) = residual;
        match self.witness(argument, span)? {
            Some(witness) if !contains(&residual, &witness.expression) => {
                origins.extend(witness.origins);
                let arguments = vec![residual, witness.expression];
                Ok((Expression::new(Node::Call { name: TRIED.to_owned(), arguments, spread: false }), origins))
            }
            _ => Ok((residual, origins)),
        }
    }

    /// Some secret that an expression refers to.
    fn witness(&mut self, expression: &Expression, span: Option<Span>) -> Result<Option<Witness>, Halt> {
        self.witness_within(expression, &mut Vec::new(), span)
    }

    fn witness_within<'e>(
        &mut self,
        expression: &'e Expression,
        own: &mut Vec<&'e str>,
        span: Option<Span>,
    ) -> Result<Option<Witness>, Halt> {
        self.budget.spend(1, span)?;
        let outside = own.len();
        match &expression.node {
            Node::Literal(value) => return Ok(holds_secret(value).then(Witness::of_secret)),
            Node::Origin(origin) => return Ok(Witness::in_value(&self.origin(origin))),
            Node::Name(_) | Node::Attribute(..) | Node::Index(..) => {
                if let Some(witness) = self.referred(expression, own) {
                    return Ok(Some(witness));
                }
            }
            Node::For(each) => {
                // What these names stand for are parts of the collection, which is looked at as a whole.
                own.extend(each.key_name.as_deref());
                own.push(&each.value_name);
            }
            _ => {}
        }
        let mut found = None;
        for part in expression.parts() {
            found = self.witness_within(part, own, span)?;
            if found.is_some() {
                break;
            }
        }
        own.truncate(outside);
        Ok(found)
    }

    /// A secret in what a name and the written steps after it lead to.
    fn referred(&self, expression: &Expression, own: &[&str]) -> Option<Witness> {
        let (mut base, mut steps) = (expression, Vec::new());
        loop {
            match &base.node {
                Node::Attribute(of, name) => {
                    steps.push(Some(Segment::Key(name.clone())));
                    base = of;
                }
                Node::Index(of, index) => {
                    steps.push(literal_step(index));
                    base = of;
                }
                _ => break,
            }
        }
        let Node::Name(root) = &base.node else { return None };
        let steps: Vec<Segment> = steps.into_iter().rev().map_while(|step| step).collect();
        if own.contains(&root.as_str()) {
            return None;
        }
        if let Some((_, value)) = self.bound.iter().rev().find(|(bound, _)| bound == root) {
            return Witness::in_value(value.at(&Path(steps)).unwrap_or(value));
        }
        match self.scope.lookup(root, &steps) {
            Lookup::Found { value, consumed } => {
                let rest = Path(steps[consumed.min(steps.len())..].to_vec());
                Witness::in_value(value.at(&rest).unwrap_or(&value))
            }
            Lookup::Missing { .. } => None,
        }
    }
}

impl Witness {
    fn of_secret() -> Self {
        let hidden = Expression::literal(Value::Secret(Secret::new(Value::Null)));
        Self { expression: hidden, origins: BTreeMap::new() }
    }

    fn in_value(value: &Partial) -> Option<Self> {
        if holds_secret(value) {
            return Some(Self::of_secret());
        }
        let sealed = |(_, awaits): &(&Origin, &Awaits)| !matches!(awaits, Awaits::Apply);
        let (origin, awaits) = value.holes().into_iter().find_map(|hole| hole.origins.iter().find(sealed))?;
        let origins = BTreeMap::from([(origin.clone(), awaits.clone())]);
        Some(Self { expression: Expression::origin(origin.clone()), origins })
    }
}

/// The failure that a residual foresaw.
pub(super) fn failure(arguments: &[Expression], span: Option<Span>) -> Halt {
    let detail = match arguments.first().map(|argument| &argument.node) {
        Some(Node::Literal(Value::String(text))) => text.clone(),
        _ => "the value cannot be computed".to_owned(),
    };
    Halt::new("function-failed", "a function cannot do what it is asked", detail, span)
}
