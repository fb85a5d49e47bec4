//! Bodies of XML, read along a shape.

use serde_json::{Map, Value};
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::input::scalar;
use super::model::{Model, members, wire_name};

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

/// Reads a document; its root.
pub(super) fn parse(text: &str) -> Result<Element, String> {
    let mut open: Vec<Element> = vec![Element::default()];
    for token in Tokenizer::from(text) {
        match token.map_err(|error| format!("the body is no XML: {error}"))? {
            Token::ElementStart { local, .. } => open.push(Element { name: local.to_string(), ..Element::default() }),
            Token::Attribute { prefix, local, value, .. } => {
                let name = if prefix.is_empty() { local.to_string() } else { format!("{prefix}:{local}") };
                if let Some(element) = open.last_mut() {
                    element.attributes.push((name, unescape(&value)));
                }
            }
            Token::ElementEnd { end: ElementEnd::Close(..) | ElementEnd::Empty, .. } => close(&mut open)?,
            Token::Text { text } | Token::Cdata { text, .. } => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&unescape(&text));
                }
            }
            _ => {}
        }
    }
    let document = open.pop().filter(|_| open.is_empty());
    document.and_then(|mut document| document.children.pop()).ok_or_else(|| "the body is no XML document".to_owned())
}

fn close(open: &mut Vec<Element>) -> Result<(), String> {
    let done = open.pop();
    match (done, open.last_mut()) {
        (Some(done), Some(parent)) => parent.children.push(done),
        _ => return Err("the body closes an element that is not open".to_owned()),
    }
    Ok(())
}

fn unescape(text: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#13;", "\r"),
        ("&#10;", "\n"),
        ("&#xD;", "\r"),
        ("&#xA;", "\n"),
    ];
    let mut text = text.to_owned();
    for (name, character) in named {
        text = text.replace(name, character);
    }
    text.replace("&amp;", "&")
}

/// What an element says, for a shape.
pub(super) fn value(model: &Model, shape: &Value, element: &Element) -> Value {
    match shape["type"].as_str() {
        Some("structure") => structure(model, shape, element),
        Some("list") => {
            let name = wire_name("member", &shape["member"]);
            list(model, shape, element.children.iter().filter(|child| child.name == name))
        }
        Some("map") => Value::Object(element.children.iter().map(|entry| pair(model, shape, entry)).collect()),
        _ => scalar(shape, &element.text),
    }
}

fn structure(model: &Model, shape: &Value, element: &Element) -> Value {
    let mut map = Map::new();
    let mut known = Vec::new();
    for (name, reference) in members(shape) {
        let called = wire_name(name, reference);
        let target = model.target(reference);
        known.push(called);
        let mut found = element.children.iter().filter(|child| child.name == called).peekable();
        if reference["xmlAttribute"].as_bool() == Some(true) {
            let attribute = element.attributes.iter().find(|(attribute, _)| attribute == called);
            map.extend(attribute.map(|(_, text)| (name.clone(), scalar(target, text))));
        } else if is_flattened(target, reference) {
            if found.peek().is_some() {
                map.insert(name.clone(), list(model, target, found));
            }
        } else if let Some(child) = found.next() {
            map.insert(name.clone(), value(model, target, child));
        }
    }
    for child in element.children.iter().filter(|child| !known.contains(&child.name.as_str())) {
        map.insert(child.name.clone(), Value::String(child.text.clone()));
    }
    Value::Object(map)
}

fn is_flattened(shape: &Value, reference: &Value) -> bool {
    let says = |value: &Value| value["flattened"].as_bool() == Some(true);
    shape["type"] == "list" && (says(shape) || says(reference))
}

fn list<'a>(model: &Model, shape: &Value, elements: impl Iterator<Item = &'a Element>) -> Value {
    let element = model.target(&shape["member"]);
    Value::Array(elements.map(|child| value(model, element, child)).collect())
}

fn pair(model: &Model, shape: &Value, entry: &Element) -> (String, Value) {
    let child = |name: &str| entry.children.iter().find(|child| child.name == name);
    let key = child(wire_name("key", &shape["key"])).map(|child| child.text.clone()).unwrap_or_default();
    let found = child(wire_name("value", &shape["value"]));
    (key, found.map_or(Value::Null, |child| value(model, model.target(&shape["value"]), child)))
}
