//! Operators and conditionals.

use std::cell::Cell;
use std::collections::BTreeMap;

use bigdecimal::{BigDecimal, Zero as _};

use super::equality::equal;
use super::halt::{Halt, both};
use super::residual::{Speculation, known_prefix, origins, type_of};
use super::{Evaluator, Outcome, secret};
use crate::language::convert::truth_in;
use crate::model::diagnostic::Span;
use crate::model::expression::{BinaryOperator, Expression, Node, UnaryOperator};
use crate::model::number::Number;
use crate::model::types::Type;
use crate::model::value::{Partial, Value};

/// The significant digits of a quotient that does not end: those of IEEE 754's decimal128.
const QUOTIENT_DIGITS: u64 = 34;

/// An operand, looked at: what it is, and whether it is a secret.
enum Operand<T> {
    Plain(T),
    Secret(T),
    Open,
}

impl<T> Operand<T> {
    fn split(self) -> Option<(T, bool)> {
        match self {
            Self::Plain(value) => Some((value, false)),
            Self::Secret(value) => Some((value, true)),
            Self::Open => None,
        }
    }
}

impl Evaluator<'_> {
    pub(super) fn unary(&mut self, operator: UnaryOperator, operand: &Expression, span: Option<Span>) -> Outcome {
        let value = self.evaluate(operand)?;
        let (result, is_secret) = match operator {
            UnaryOperator::Not => match read(&value, truth, "a truth value", operand.span())?.split() {
                Some((truth, is_secret)) => (Value::Bool(!truth), is_secret),
                None => return self.open_unary(operator, &value, Type::Bool, span),
            },
            UnaryOperator::Negate => match read(&value, number, "a number", operand.span())?.split() {
                Some((number, is_secret)) => (finite(-number.decimal(), span)?, is_secret),
                None => return self.open_unary(operator, &value, Type::Number, span),
            },
        };
        Ok(if is_secret { secret(&result) } else { result })
    }

    fn open_unary(&mut self, operator: UnaryOperator, value: &Partial, ty: Type, span: Option<Span>) -> Outcome {
        let node = Node::Unary(operator, Box::new(Expression::from_partial(value)));
        self.hole(node, ty, String::new(), origins([value]), span)
    }

    pub(super) fn binary(
        &mut self,
        left: &Expression,
        operator: BinaryOperator,
        right: &Expression,
        span: Option<Span>,
    ) -> Outcome {
        match operator {
            BinaryOperator::And | BinaryOperator::Or => self.logic(left, operator, right, span),
            BinaryOperator::Equal | BinaryOperator::NotEqual => self.equality(left, operator, right, span),
            _ => self.arithmetic(left, operator, right, span),
        }
    }

    /// `&&` and `||`: the right side is looked at only when the left one does not decide.
    fn logic(
        &mut self,
        left: &Expression,
        operator: BinaryOperator,
        right: &Expression,
        span: Option<Span>,
    ) -> Outcome {
        let decides = operator == BinaryOperator::Or;
        let first = self.evaluate(left)?;
        let Some((truth_of_first, is_secret)) = read(&first, truth, "a truth value", left.span())?.split() else {
            return self.open_logic(&first, operator, decides, right, span);
        };
        if truth_of_first == decides {
            let result = Value::Bool(decides);
            return Ok(if is_secret { secret(&result) } else { result });
        }
        let second = self.evaluate(right)?;
        match read(&second, truth, "a truth value", right.span())?.split() {
            Some((truth, also_secret)) => {
                let result = Value::Bool(truth);
                Ok(if is_secret || also_secret { secret(&result) } else { result })
            }
            None if is_secret => self.open_binary(&first, operator, &second, Type::Bool, span),
            None => {
                // `true && x`: what remains is the check that x is a truth value.
                let neutral = Value::Bool(!decides);
                self.open_binary(&neutral, operator, &second, Type::Bool, span)
            }
        }
    }

    fn open_logic(
        &mut self,
        first: &Partial,
        operator: BinaryOperator,
        decides: bool,
        right: &Expression,
        span: Option<Span>,
    ) -> Outcome {
        let second = self.speculate(right)?;
        let sealed = first.holes().iter().any(|hole| hole.is_secret());
        let is_decided = !sealed && matches!(second.value, Some(Value::Bool(truth)) if truth == decides);
        let mut origins = origins([first]);
        origins.extend(second.origins);
        let node = Node::Binary(Box::new(Expression::from_partial(first)), operator, Box::new(second.residual));
        let open = self.hole(node, Type::Bool, String::new(), origins, span)?;
        Ok(if is_decided { Value::Bool(decides) } else { open })
    }

    fn equality(
        &mut self,
        left: &Expression,
        operator: BinaryOperator,
        right: &Expression,
        span: Option<Span>,
    ) -> Outcome {
        let (first, second) = both(self.evaluate(left), self.evaluate(right))?;
        let touched = Cell::new(false);
        match equal(&first, &second, &touched) {
            Some(same) => {
                let result = Value::Bool(same == (operator == BinaryOperator::Equal));
                Ok(if touched.get() { secret(&result) } else { result })
            }
            None => self.open_binary(&first, operator, &second, Type::Bool, span),
        }
    }

    fn arithmetic(
        &mut self,
        left: &Expression,
        operator: BinaryOperator,
        right: &Expression,
        span: Option<Span>,
    ) -> Outcome {
        let (first, second) = both(self.evaluate(left), self.evaluate(right))?;
        let (a, b) =
            both(read(&first, number, "a number", left.span()), read(&second, number, "a number", right.span()))?;
        let compares = matches!(
            operator,
            BinaryOperator::Less
                | BinaryOperator::LessOrEqual
                | BinaryOperator::Greater
                | BinaryOperator::GreaterOrEqual
        );
        let (Some((a, secret_a)), Some((b, secret_b))) = (a.split(), b.split()) else {
            let ty = if compares { Type::Bool } else { Type::Number };
            return self.open_binary(&first, operator, &second, ty, span);
        };
        let result = compute(&a, operator, &b, span)?;
        Ok(if secret_a || secret_b { secret(&result) } else { result })
    }

    fn open_binary(
        &mut self,
        left: &Partial,
        operator: BinaryOperator,
        right: &Partial,
        ty: Type,
        span: Option<Span>,
    ) -> Outcome {
        let (first, second) = (Expression::from_partial(left), Expression::from_partial(right));
        self.hole(
            Node::Binary(Box::new(first), operator, Box::new(second)),
            ty,
            String::new(),
            origins([left, right]),
            span,
        )
    }

    pub(super) fn conditional(
        &mut self,
        condition: &Expression,
        then: &Expression,
        otherwise: &Expression,
        span: Option<Span>,
    ) -> Outcome {
        let decision = self.evaluate(condition)?;
        match read(&decision, truth, "a truth value", condition.span())? {
            Operand::Plain(decision) => self.evaluate(if decision { then } else { otherwise }),
            Operand::Secret(chosen) => {
                let value = self.evaluate(if chosen { then } else { otherwise })?;
                if value.holes().is_empty() {
                    return Ok(secret(&value));
                }
                // Nothing is said of the value: its type or beginning would tell which branch was taken.
                let branch =
                    Speculation { residual: Expression::from_partial(&value), origins: value.origins(), value: None };
                let unused = Expression::literal(Value::Null);
                let unused = Speculation { residual: unused, origins: BTreeMap::new(), value: None };
                let (then, otherwise) = if chosen { (branch, unused) } else { (unused, branch) };
                self.open_conditional(&decision, then, otherwise, span)
            }
            Operand::Open => {
                let (then, otherwise) = both(self.speculate(then), self.speculate(otherwise))?;
                let sealed = decision.holes().iter().any(|hole| hole.is_secret());
                let same = match (&then.value, &otherwise.value) {
                    (Some(a), Some(b)) if a == b && !sealed => Some(a.clone()),
                    _ => None,
                };
                let open = self.open_conditional(&decision, then, otherwise, span)?;
                Ok(same.unwrap_or(open))
            }
        }
    }

    fn open_conditional(
        &mut self,
        condition: &Partial,
        then: Speculation,
        otherwise: Speculation,
        span: Option<Span>,
    ) -> Outcome {
        let (ty, prefix) = match (&then.value, &otherwise.value) {
            (Some(a), Some(b)) => (common_type(a, b), common_prefix(known_prefix(a), known_prefix(b)).to_owned()),
            (Some(only), None) | (None, Some(only)) => (type_of(only), known_prefix(only).to_owned()),
            (None, None) => (Type::Any, String::new()),
        };
        let mut origins = origins([condition]);
        origins.extend(then.origins);
        origins.extend(otherwise.origins);
        let condition = Box::new(Expression::from_partial(condition));
        let node = Node::Conditional(condition, Box::new(then.residual), Box::new(otherwise.residual));
        self.hole(node, ty, prefix, origins, span)
    }
}

fn common_type(a: &Partial, b: &Partial) -> Type {
    let (a, b) = (type_of(a), type_of(b));
    if a == b { a } else { Type::Any }
}

fn common_prefix<'t>(a: &'t str, b: &str) -> &'t str {
    let same = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y);
    let end = same.map_or(a.len().min(b.len()), |((at, _), _)| at);
    a.get(..end).unwrap_or_default()
}

/// Looks at an operand: refuses what is certainly none.
fn read<T>(
    value: &Partial,
    convert: fn(&Partial) -> Option<T>,
    wanted: &str,
    span: Option<Span>,
) -> Result<Operand<T>, Halt> {
    let refused = |detail: String| Halt::new("wrong-type", "a value has the wrong type", detail, span);
    match value {
        Value::Hole(_) => Ok(Operand::Open),
        Value::Secret(hidden) => convert(hidden.expose())
            .map(Operand::Secret)
            .ok_or_else(|| refused(format!("this must be {wanted}, and the secret is none; its content is not shown"))),
        plain => convert(plain)
            .map(Operand::Plain)
            .ok_or_else(|| refused(format!("this must be {wanted}, not {}", shown(plain)))),
    }
}

/// How a refused operand is named in messages.
fn shown(value: &Partial) -> String {
    const LONGEST: usize = 40;
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) if text.chars().count() <= LONGEST => format!("the text `{text}`"),
        Value::String(_) => "a text".to_owned(),
        other => format!("a {}", other.type_name()),
    }
}

fn truth(value: &Partial) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => truth_in(text),
        _ => None,
    }
}

fn number(value: &Partial) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The exact result without trailing zeros.
fn finite(value: BigDecimal, span: Option<Span>) -> Outcome {
    Number::new(value.normalized())
        .map(Value::Number)
        .map_err(|error| Halt::new("number-too-large", "a number is too large", error.to_string(), span))
}

fn compute(a: &Number, operator: BinaryOperator, b: &Number, span: Option<Span>) -> Outcome {
    let (x, y) = (a.decimal(), b.decimal());
    let divisor = matches!(operator, BinaryOperator::Divide | BinaryOperator::Modulo);
    if divisor && y.is_zero() {
        return Err(Halt::new("division-by-zero", "a division by zero", "a number cannot be divided by zero", span));
    }
    match operator {
        BinaryOperator::Less => Ok(Value::Bool(x < y)),
        BinaryOperator::LessOrEqual => Ok(Value::Bool(x <= y)),
        BinaryOperator::Greater => Ok(Value::Bool(x > y)),
        BinaryOperator::GreaterOrEqual => Ok(Value::Bool(x >= y)),
        BinaryOperator::Add => finite(x + y, span),
        BinaryOperator::Subtract => finite(x - y, span),
        BinaryOperator::Multiply => finite(x * y, span),
        BinaryOperator::Divide => finite(quotient(x, y), span),
        BinaryOperator::Modulo => finite(x % y, span),
        // Logic and equality are decided elsewhere.
        BinaryOperator::Equal | BinaryOperator::NotEqual | BinaryOperator::And | BinaryOperator::Or => Ok(Value::Null),
    }
}

/// The quotient: exact where it ends within the digits that division computes, else rounded to [`QUOTIENT_DIGITS`].
pub(crate) fn quotient(x: &BigDecimal, y: &BigDecimal) -> BigDecimal {
    let quotient = x / y;
    if &quotient * y == *x { quotient } else { quotient.with_prec(QUOTIENT_DIGITS) }
}
