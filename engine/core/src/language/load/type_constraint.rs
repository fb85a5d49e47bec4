//! Type constraints as Terraform writes them: `string`, `list(number)`, `object({ name = string, port = optional(number) })`.

use std::collections::BTreeMap;

use crate::language::parse_expression::{parse_bare, placement::Placement};
use crate::model::expression::{Expression, Node};
use crate::model::types::{Field, Type};

/// Reads a type constraint; the error says what is not understood.
pub(super) fn parse(text: &str, placement: &Placement) -> Result<Type, String> {
    let expression = parse_bare(text, placement).map_err(|problem| problem.detail)?;
    constraint(&expression)
}

fn constraint(expression: &Expression) -> Result<Type, String> {
    match &expression.node {
        Node::Name(name) => simple(name),
        Node::Call { name, arguments, spread: false } if arguments.len() == 1 => compound(name, &arguments[0]),
        Node::Call { name, .. } => Err(format!("`{name}` takes one type")),
        _ => Err("a type is a name such as `string`, or `list(…)`, `set(…)`, `map(…)`, `object({…})`".to_owned()),
    }
}

fn simple(name: &str) -> Result<Type, String> {
    match name {
        "any" => Ok(Type::Any),
        "bool" => Ok(Type::Bool),
        "number" => Ok(Type::Number),
        "string" => Ok(Type::String),
        "list" => Ok(Type::list(Type::Any)),
        "set" => Ok(Type::set(Type::Any)),
        "map" => Ok(Type::map(Type::Any)),
        _ => Err(format!(
            "there is no type `{name}`; there are any, bool, number, string, list(…), set(…), map(…) and object({{…}})"
        )),
    }
}

fn compound(name: &str, argument: &Expression) -> Result<Type, String> {
    match name {
        "list" => Ok(Type::list(constraint(argument)?)),
        "set" => Ok(Type::set(constraint(argument)?)),
        "map" => Ok(Type::map(constraint(argument)?)),
        "object" => object(argument),
        "optional" => Err("`optional(…)` only stands for an attribute of an object".to_owned()),
        _ => simple(name),
    }
}

fn object(argument: &Expression) -> Result<Type, String> {
    let Node::Object(entries) = &argument.node else {
        return Err("`object` takes its attributes in braces: `object({ name = string })`".to_owned());
    };
    let mut fields = BTreeMap::new();
    for (key, value) in entries {
        let name = match &key.node {
            Node::Literal(value) => value.as_str().map(str::to_owned),
            Node::Name(name) => Some(name.clone()),
            _ => None,
        };
        let name = name.ok_or("the attributes of an object have plain names")?;
        fields.insert(name, field(value)?);
    }
    Ok(Type::Object(fields))
}

fn field(expression: &Expression) -> Result<Field, String> {
    match &expression.node {
        Node::Call { name, arguments, .. } if name == "optional" && arguments.len() == 1 => {
            Ok(Field { ty: constraint(&arguments[0])?, optional: true })
        }
        _ => Ok(Field { ty: constraint(expression)?, optional: false }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Type, String> {
        parse(text, &Placement::linear(0, 0, 0))
    }

    #[test]
    fn constraints_are_read_and_print_as_they_were_written() {
        for text in ["string", "list(map(number))", "object({a = string, b = optional(set(bool))})", "any"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_type_says_so() {
        for text in ["strin", "list(", "object(string)", "optional(string)", "1"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
