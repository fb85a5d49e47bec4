//! Conversions between types.

use super::{Answer, Arguments, Wrong};
use crate::language::convert::{convert, set_of};
use crate::model::types::Type;
use crate::model::value::{Partial, Value};

fn converted(arguments: &Arguments<'_>, ty: &Type) -> Answer {
    let value = arguments.value(0)?;
    convert(value.clone(), ty).map_err(|(_, why)| Wrong::Argument(0, why))
}

pub(super) fn tostring(arguments: &Arguments<'_>) -> Answer {
    converted(arguments, &Type::String)
}

pub(super) fn tonumber(arguments: &Arguments<'_>) -> Answer {
    converted(arguments, &Type::Number)
}

pub(super) fn tobool(arguments: &Arguments<'_>) -> Answer {
    converted(arguments, &Type::Bool)
}

pub(super) fn tolist(arguments: &Arguments<'_>) -> Answer {
    converted(arguments, &Type::list(Type::Any))
}

pub(super) fn tomap(arguments: &Arguments<'_>) -> Answer {
    converted(arguments, &Type::map(Type::Any))
}

/// A set is looked at as a whole: only equal elements tell how many there are.
pub(super) fn toset(arguments: &Arguments<'_>) -> Answer {
    let value = arguments.value(0)?;
    match value {
        Value::Null => Ok(Value::Null),
        Value::List(items) if items.len() < 2 => Ok(value.clone()),
        _ => {
            let items = arguments.whole(arguments.raw(0))?;
            Ok(set_of(arguments.items_of(&items, 0)?.to_vec()))
        }
    }
}

pub(super) fn type_name(arguments: &Arguments<'_>) -> Answer {
    let value: &Partial = arguments.value(0)?;
    Ok(Value::string(value.type_name()))
}
