//! Values with holes → the text that a stack file would hold for them.
//!
//! What is read back is what was written: parentheses stand around every operator, so that nothing depends on precedence.

use std::fmt::Write;

use crate::model::expression::{BinaryOperator, Expression, For, Node, Step, UnaryOperator};
use crate::model::path::{Path, Segment};
use crate::model::value::{Known, Origin, Partial, Value};

/// How an origin is called where the text will stand, for instance `local_file.page.path`.
pub type Naming<'n> = &'n dyn Fn(&Origin) -> String;

/// A value as a stack file writes it: every text in it is one of the language, holes are interpolations. Secrets are left out.
pub fn written(value: &Partial, name: Naming<'_>) -> Known {
    match value {
        Value::Null | Value::Secret(_) => Value::Null,
        Value::Bool(value) => Value::Bool(*value),
        Value::Number(number) => Value::Number(number.clone()),
        Value::String(text) => Value::String(escaped(text)),
        Value::List(items) => Value::List(items.iter().map(|item| written(item, name)).collect()),
        Value::Map(entries) => {
            Value::Map(entries.iter().map(|(key, value)| (key.clone(), written(value, name))).collect())
        }
        Value::Hole(hole) => Value::String(interpolated(&hole.residual, name)),
    }
}

/// A text of the language that comes to this expression's value.
pub fn interpolated(expression: &Expression, name: Naming<'_>) -> String {
    match &expression.node {
        Node::Literal(Value::String(text)) => escaped(text),
        Node::Template(parts) => parts.iter().map(|part| part_of_text(part, &escaped, name)).collect(),
        _ => format!("${{{}}}", bare(expression, name)),
    }
}

/// One part of a text: as it is when it is plain, interpolated otherwise. A text in a text is part of it.
fn part_of_text(part: &Expression, plain: &dyn Fn(&str) -> String, name: Naming<'_>) -> String {
    match &part.node {
        Node::Literal(Value::String(text)) => plain(text),
        Node::Template(parts) => parts.iter().map(|part| part_of_text(part, plain, name)).collect(),
        _ => format!("${{{}}}", bare(part, name)),
    }
}

/// A plain text, so that nothing in it is read as an interpolation or a directive.
fn escaped(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// The expression without `${` and `}`.
pub fn bare(expression: &Expression, name: Naming<'_>) -> String {
    let of = |part: &Expression| bare(part, name);
    let all = |parts: &[Expression]| parts.iter().map(of).collect::<Vec<_>>().join(", ");
    match &expression.node {
        Node::Literal(value) => literal(value),
        Node::Origin(origin) => name(origin),
        Node::Name(root) => root.clone(),
        Node::Attribute(whole, attribute) => format!("{}{}", root(whole, name), step(&Segment::Key(attribute.clone()))),
        Node::Index(whole, index) => format!("{}[{}]", root(whole, name), of(index)),
        Node::Splat(whole, steps) => {
            let steps = steps.iter().map(|step| match step {
                Step::Attribute(attribute) => format!(".{attribute}"),
                Step::Index(index) => format!("[{}]", of(index)),
            });
            format!("{}[*]{}", root(whole, name), steps.collect::<String>())
        }
        Node::Template(parts) => {
            let plain = |text: &str| quoted(&escaped(text));
            let inside: String = parts.iter().map(|part| part_of_text(part, &plain, name)).collect();
            format!("\"{inside}\"")
        }
        Node::List(items) => format!("[{}]", all(items)),
        Node::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{} = {}", object_key(key, name), of(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Node::Unary(UnaryOperator::Not, operand) => format!("(!{})", of(operand)),
        Node::Unary(UnaryOperator::Negate, operand) => format!("(-{})", of(operand)),
        Node::Binary(left, operator, right) => format!("({} {} {})", of(left), sign(*operator), of(right)),
        Node::Conditional(condition, then, otherwise) => {
            format!("({} ? {} : {})", of(condition), of(then), of(otherwise))
        }
        Node::Call { name: function, arguments, spread } => {
            format!("{function}({}{})", all(arguments), if *spread { "..." } else { "" })
        }
        Node::For(form) => loop_text(form, name),
    }
}

/// What steps follow: where they would be read as its own, it stands in parentheses.
fn root(whole: &Expression, name: Naming<'_>) -> String {
    match &whole.node {
        Node::Splat(..) | Node::Literal(Value::Number(_)) => format!("({})", bare(whole, name)),
        _ => bare(whole, name),
    }
}

fn loop_text(form: &For, name: Naming<'_>) -> String {
    let of = |part: &Expression| bare(part, name);
    let key = form.key_name.iter().map(|key| format!("{key}, ")).collect::<String>();
    let head = format!("for {key}{} in {} :", form.value_name, of(&form.collection));
    let condition = form.condition.iter().map(|condition| format!(" if {}", of(condition))).collect::<String>();
    match &form.key {
        None => format!("[{head} {}{condition}]", of(&form.value)),
        Some(key) => {
            let grouping = if form.grouping { "..." } else { "" };
            format!("{{{head} {} => {}{grouping}{condition}}}", of(key), of(&form.value))
        }
    }
}

/// A key of an object: what is no plain text stands in parentheses, so that it is no name.
fn object_key(key: &Expression, name: Naming<'_>) -> String {
    match &key.node {
        Node::Literal(value @ Value::String(_)) => literal(value),
        _ => format!("({})", bare(key, name)),
    }
}

fn literal(value: &Known) -> String {
    match value {
        Value::Null | Value::Secret(_) => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("\"{}\"", quoted(&escaped(text))),
        Value::List(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entries =
                entries.iter().map(|(key, value)| format!("\"{}\" = {}", quoted(&escaped(key)), literal(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Hole(never) => match *never {},
    }
}

/// A text with the escapes of quoted texts.
fn quoted(text: &str) -> String {
    text.chars().fold(String::new(), |mut quoted, c| {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => drop(write!(quoted, "\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
        quoted
    })
}

fn sign(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Equal => "==",
        BinaryOperator::NotEqual => "!=",
        BinaryOperator::Less => "<",
        BinaryOperator::LessOrEqual => "<=",
        BinaryOperator::Greater => ">",
        BinaryOperator::GreaterOrEqual => ">=",
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Modulo => "%",
        BinaryOperator::And => "&&",
        BinaryOperator::Or => "||",
    }
}

/// A value as TOML, on one line but for texts of several lines; nothing for null, which TOML has no word for.
pub fn toml(value: &Known) -> Option<String> {
    match value {
        Value::Null | Value::Secret(_) => None,
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(toml_edit::Value::from(text.as_str()).to_string()),
        Value::List(items) => Some(format!("[{}]", items.iter().filter_map(toml).collect::<Vec<_>>().join(", "))),
        Value::Map(entries) => {
            let entries =
                entries.iter().filter_map(|(key, value)| Some(format!("{} = {}", toml_key(key), toml(value)?)));
            let entries: Vec<String> = entries.collect();
            Some(if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) })
        }
        Value::Hole(never) => match *never {},
    }
}

/// A key as TOML, quoted where it must be.
pub fn toml_key(key: &str) -> String {
    toml_edit::Key::new(key).to_string()
}

/// A step into a value.
pub fn step(segment: &Segment) -> String {
    let below = Path(vec![Segment::Key("of".to_owned()), segment.clone()]).to_string();
    below["of".len()..].to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::language::evaluate::tests::laws::expressions;
    use crate::language::evaluate::tests::repeatable;
    use crate::language::parse_expression::placement::Placement;
    use crate::language::parse_expression::{parse_bare, parse_text};
    use crate::model::address::ResourceAddress;
    use crate::model::types::Type;
    use crate::model::value::{Awaits, Hole};

    fn named(origin: &Origin) -> String {
        origin.to_string()
    }

    fn read(text: &str) -> Expression {
        parse_bare(text, &Placement::linear(0, 0, text.len() as u32)).unwrap_or_else(|it| panic!("{text}: {it:?}"))
    }

    #[test]
    fn values_are_written_as_a_stack_would() {
        let origin = Origin::Attribute(ResourceAddress::managed("toy", "a"), Path::attribute("id"));
        let hole: Partial = Value::Hole(Box::new(Hole::of(origin, Type::Any, Awaits::Apply)));
        let template =
            Node::Template(vec![Expression::literal(Value::string("a/${")), Expression::from_partial(&hole)]);
        let mixed = match &hole {
            Value::Hole(inner) => {
                Value::Hole(Box::new(Hole { residual: Expression::new(template), ..(**inner).clone() }))
            }
            other => other.clone(),
        };
        let value = Value::List(vec![Value::string("${x} %{y}"), hole, mixed]);
        let texts = ["$${x} %%{y}", "${toy.a.id}", "a/$${${toy.a.id}"].map(Value::string);
        assert_eq!(written(&value, &named), Value::List(texts.to_vec()));
    }

    #[test]
    fn toml_has_every_value_but_null() {
        let value = Value::map([
            ("a b", Value::string("x\ny")),
            ("c", Value::List(vec![Value::number(1_i64), Value::Null, Value::Bool(true)])),
            ("d", Value::Null),
            ("e", Value::Map(Default::default())),
        ]);
        let text = format!("v = {}", toml(&value).unwrap());
        let read: toml_edit::DocumentMut = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read["v"]["a b"].as_str(), Some("x\ny"));
        assert!(read["v"].get("d").is_none(), "{text}");
    }

    #[test]
    fn quotes_inside_interpolations_are_their_own() {
        for text in [r#"${"a\"b${x.y == "}" ? "{" : "\n"}"}"#, r#"p-${join("/", ["a", "${x}"])}"#, r#"${x["k 1"].z}"#] {
            let placement = Placement::linear(0, 0, text.len() as u32);
            let read = parse_text(text, &placement).unwrap();
            let again = interpolated(&read, &named);
            assert_eq!(parse_text(&again, &placement).unwrap(), read, "{again}");
        }
    }

    proptest! {
        #![proptest_config(repeatable(256))]

        #[test]
        fn what_is_written_is_read_back(text in expressions()) {
            let written = bare(&read(&text), &named);
            // Plain texts that stand side by side become one; nothing else may differ.
            prop_assert_eq!(bare(&read(&written), &named), written);
        }
    }
}
