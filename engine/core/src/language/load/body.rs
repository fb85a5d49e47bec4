//! Values of a stack file as expressions.

use crate::language::parse_expression::parse_text;
use crate::language::tree::{Item, Node, Table};
use crate::model::diagnostic::{Diagnostics, Span};
use crate::model::expression::{Expression, Node as Form, UnaryOperator};
use crate::model::number::Number;
use crate::model::value::{Known, Value};

/// A value as an expression; what cannot be read becomes `null` and a problem.
pub(super) fn expression(item: &Item, problems: &mut Diagnostics) -> Expression {
    let form = match &item.node {
        Node::Bool(value) => Form::Literal(Value::Bool(*value)),
        Node::Number(number) => Form::Literal(Value::Number(number.clone())),
        Node::Text(text, placement) => match parse_text(text, placement) {
            Ok(expression) => return expression,
            Err(problem) => {
                problems.push(problem);
                Form::Literal(Value::Null)
            }
        },
        Node::List(items) => Form::List(items.iter().map(|item| expression(item, problems)).collect()),
        Node::Table(table) => return object(table, item.span, problems),
    };
    literal_if_possible(Expression::new(form).at(item.span))
}

/// A table as an object expression; its keys are plain.
pub(super) fn object(table: &Table, span: Span, problems: &mut Diagnostics) -> Expression {
    let entries = table.0.iter().map(|(name, entry)| {
        let key = Expression::literal(Value::string(name)).at(entry.key);
        (key, expression(&entry.item, problems))
    });
    Expression::new(Form::Object(entries.collect())).at(span)
}

/// A list that holds nothing but literals stays a list, so that its parts keep their places; empty ones become literals.
fn literal_if_possible(expression: Expression) -> Expression {
    match &expression.node {
        Form::List(items) if items.is_empty() => {
            Expression { node: Form::Literal(Value::List(Vec::new())), ..expression }
        }
        _ => expression,
    }
}

/// The value of an expression that refers to nothing and calls nothing.
pub(super) fn literal(expression: &Expression) -> Option<Known> {
    match &expression.node {
        Form::Literal(value) => Some(value.clone()),
        Form::Unary(UnaryOperator::Negate, of) => match literal(of)? {
            Value::Number(number) => Number::new(-number.decimal()).ok().map(Value::Number),
            _ => None,
        },
        Form::List(items) => items.iter().map(literal).collect::<Option<_>>().map(Value::List),
        Form::Object(entries) => {
            let entry =
                |(key, value): &(Expression, Expression)| Some((literal(key)?.as_str()?.to_owned(), literal(value)?));
            entries.iter().map(entry).collect::<Option<_>>().map(Value::Map)
        }
        _ => None,
    }
}
