//! Templates, and the text of a value.

use super::residual::{known_prefix, origins};
use super::{Evaluator, Outcome, secret};
use crate::model::diagnostic::Span;
use crate::model::expression::{Expression, Node};
use crate::model::types::Type;
use crate::model::value::{Partial, Value};

use super::halt::{Halt, all};

/// The text that a value without parts has; nothing for other values.
pub(crate) fn scalar_text<H>(value: &Value<H>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

impl Evaluator<'_> {
    pub(super) fn template(&mut self, parts: &[Expression], span: Option<Span>) -> Outcome {
        let evaluated = parts.iter().map(|part| {
            let value = self.evaluate(part)?;
            check_part(&value, part.span()).map(|()| value)
        });
        let values: Vec<Partial> = all(evaluated)?;
        if values.iter().any(|value| matches!(value, Value::Hole(_))) {
            return self.residual_template(&values, span);
        }
        let bytes: usize = values.iter().map(super::size_of).fold(0, usize::saturating_add);
        self.budget.spend(bytes / 256, span)?;
        let (mut text, mut is_secret) = (String::new(), false);
        for value in &values {
            match value {
                Value::Secret(hidden) => {
                    is_secret = true;
                    text.push_str(&scalar_text(hidden.expose()).unwrap_or_default());
                }
                plain => text.push_str(&scalar_text(plain).unwrap_or_default()),
            }
        }
        let text = self.budget.measured(Value::String(text), span)?;
        Ok(if is_secret { secret(&text) } else { text })
    }

    fn residual_template(&mut self, values: &[Partial], span: Option<Span>) -> Outcome {
        let mut prefix = String::new();
        for value in values {
            match value {
                Value::Hole(_) | Value::Secret(_) => {
                    prefix.push_str(known_prefix(value));
                    break;
                }
                plain => prefix.push_str(&scalar_text(plain).unwrap_or_default()),
            }
        }
        let node = Node::Template(values.iter().map(Expression::from_partial).collect());
        self.hole(node, Type::String, prefix, origins(values), span)
    }
}

/// Whether a value can be part of a text.
fn check_part(value: &Partial, span: Option<Span>) -> Result<(), Halt> {
    let shown = match value {
        Value::Secret(hidden) => hidden.expose(),
        plain => plain,
    };
    let refused =
        |detail: &str, help: &str| Err(Halt::new("wrong-type", "a value has the wrong type", detail, span).help(help));
    match shown {
        Value::Null => {
            refused("null has no text, so it cannot be part of one", "give a text for that case with `coalesce`")
        }
        Value::List(_) | Value::Map(_) => {
            let detail = format!("a {} has no text, so it cannot be part of one", shown.type_name());
            refused(&detail, "use `jsonencode` or `join` to make a text of it")
        }
        Value::Hole(hole)
            if !hole.is_secret()
                && matches!(hole.ty, Type::List(_) | Type::Set(_) | Type::Map(_) | Type::Object(_)) =>
        {
            refused(
                &format!("a {} has no text, so it cannot be part of one", hole.ty),
                "use `jsonencode` or `join` to make a text of it",
            )
        }
        _ => Ok(()),
    }
}
