//! One spelling for everything that means the same: types, defaults, sets, JSON; and what a value must satisfy.

use std::collections::BTreeMap;

use crate::language::convert::convert;
use crate::language::rules;
use crate::model::diagnostic::did_you_mean;
use crate::model::number::Number;
use crate::model::schema::{Attribute, KindSchema, Normalisation, Presence, Rule};
use crate::model::types::Type;
use crate::model::value::{Partial, Value};

/// What is wrong with one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The attribute's name.
    pub attribute: String,
    /// A stable name in kebab case.
    pub code: &'static str,
    /// The same words for every flaw of this code.
    pub summary: &'static str,
    /// What is the matter.
    pub detail: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Flaw {
    fn new(attribute: &str, code: &'static str, summary: &'static str, detail: String) -> Self {
        Self { attribute: attribute.to_owned(), code, summary, detail, help: None }
    }
}

/// The attributes of a wish in the form in which they are compared and sent: converted to the schema's types, with defaults, sets sorted,
/// and spelled like `prior` where that means the same. Nulls are left out.
///
/// Holes may stand anywhere. While a plan is carried out, the inputs of a step go through here once more when their holes are filled.
pub fn normalised(
    kind: &KindSchema,
    desired: &BTreeMap<String, Partial>,
    prior: Option<&Partial>,
    flaws: &mut Vec<Flaw>,
) -> Partial {
    let entries = normalised_table(&kind.attributes, desired, flaws);
    match prior {
        Some(prior) => spelled_like(kind, prior, Value::Map(entries)),
        None => Value::Map(entries),
    }
}

/// The entries of a table in the form in which they are used: converted to the types of its attributes, with defaults, sets sorted. Nulls
/// are left out.
pub(super) fn normalised_table(
    attributes: &BTreeMap<&'static str, Attribute>,
    desired: &BTreeMap<String, Partial>,
    flaws: &mut Vec<Flaw>,
) -> BTreeMap<String, Partial> {
    refuse_unknown(attributes, desired, flaws);
    let mut entries = BTreeMap::new();
    for (name, attribute) in attributes {
        let Some(value) = settled(name, attribute, desired.get(*name), flaws) else { continue };
        entries.insert((*name).to_owned(), value);
    }
    entries
}

fn refuse_unknown(
    attributes: &BTreeMap<&'static str, Attribute>,
    desired: &BTreeMap<String, Partial>,
    flaws: &mut Vec<Flaw>,
) {
    for name in desired.keys().filter(|name| !attributes.contains_key(name.as_str())) {
        let detail = format!("there is no attribute `{name}`");
        let near = did_you_mean(name, attributes.keys().copied());
        let help = near.map(|near| format!("did you mean `{near}`?"));
        flaws.push(Flaw { help, ..Flaw::new(name, "unknown-attribute", "an attribute is not known", detail) });
    }
}

/// The value of one attribute; `None` when it is not set.
fn settled(name: &str, attribute: &Attribute, value: Option<&Partial>, flaws: &mut Vec<Flaw>) -> Option<Partial> {
    let value = value.filter(|value| !value.is_null());
    if value.is_some() && !attribute.is_settable() {
        let detail = format!("`{name}` is decided by the provider and cannot be set");
        flaws.push(Flaw::new(name, "computed-attribute", "an attribute cannot be set", detail));
        return None;
    }
    let Some(value) = value else {
        if attribute.presence == Presence::Required && attribute.default.is_none() {
            let detail = format!("`{name}` is required and is null");
            flaws.push(Flaw::new(name, "missing-attribute", "a required attribute is not set", detail));
        }
        return attribute.default.as_ref().map(|default| default.open());
    };
    match convert(value.clone(), &attribute.ty) {
        Err((path, why)) => {
            let part: String = if path.0.is_empty() { String::new() } else { format!(" at `{path}`") };
            let detail = format!("`{name}`{part} {why}");
            flaws.push(Flaw::new(name, "wrong-type", "an attribute has the wrong type", detail));
            None
        }
        Ok(value) => {
            let value = with_order(attribute, value);
            attribute.rules.iter().for_each(|rule| satisfy(name, rule, &value, flaws));
            Some(value)
        }
    }
}

/// Sets in their one order, without repetition.
fn with_order(attribute: &Attribute, value: Partial) -> Partial {
    let is_set = attribute.normalisation == Normalisation::Set || matches!(attribute.ty, Type::Set(_));
    match value {
        Value::List(items) if is_set => Value::List(in_order(items)),
        value => value,
    }
}

fn in_order(mut items: Vec<Partial>) -> Vec<Partial> {
    // What cannot be written, a secret, only occurs while a plan is carried out, and then never in what is recorded.
    items.sort_by_cached_key(|item| serde_json::to_string(item).unwrap_or_default());
    items.dedup();
    items
}

/// Reports what a value does not satisfy. Holes satisfy everything until they are filled; collections are looked at element by element.
fn satisfy(name: &str, rule: &Rule, value: &Partial, flaws: &mut Vec<Flaw>) {
    value.visit_leaves(&mut |_, leaf| {
        if let Err(expected) = rules::check(rule, leaf) {
            let shown = serde_json::to_string(leaf).unwrap_or_default();
            let detail = format!("`{name}` must be {expected}; it is {shown}");
            flaws.push(Flaw::new(name, "invalid-value", "an attribute has a value that is not allowed", detail));
        }
    });
}

/// The attributes, spelled as in `before` where both spellings mean the same.
pub(super) fn spelled_like(kind: &KindSchema, before: &Partial, now: Partial) -> Partial {
    let Value::Map(before) = before else { return now };
    let Value::Map(mut now) = now else { return now };
    for (name, attribute) in &kind.attributes {
        let is_set = matches!(attribute.ty, Type::Set(_));
        let normalisation = if is_set { Normalisation::Set } else { attribute.normalisation };
        if normalisation == Normalisation::Exact {
            continue;
        }
        if let (Some(old), Some(new)) = (before.get(*name), now.get_mut(*name))
            && old != new
            && means_the_same(normalisation, old, new)
        {
            new.clone_from(old);
        }
    }
    Value::Map(now)
}

/// Whether two values mean the same. Collections are compared part by part.
fn means_the_same(normalisation: Normalisation, a: &Partial, b: &Partial) -> bool {
    match (normalisation, a, b) {
        (Normalisation::Set, Value::List(a), Value::List(b)) => in_order(a.clone()) == in_order(b.clone()),
        (_, Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| means_the_same(normalisation, a, b))
        }
        (_, Value::Map(a), Value::Map(b)) => {
            let same = |((k, a), (l, b)): ((&String, _), (&String, _))| k == l && means_the_same(normalisation, a, b);
            a.len() == b.len() && a.iter().zip(b).all(same)
        }
        (Normalisation::CaseInsensitive, Value::String(a), Value::String(b)) => a.to_lowercase() == b.to_lowercase(),
        (Normalisation::Json, Value::String(a), Value::String(b)) => is_same_json(a, b),
        (_, a, b) => a == b,
    }
}

fn is_same_json(a: &str, b: &str) -> bool {
    match (serde_json::from_str(a), serde_json::from_str(b)) {
        (Ok(a), Ok(b)) => is_same_document(&a, &b),
        _ => false,
    }
}

fn is_same_document(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            let exact = |number: &serde_json::Number| number.to_string().parse::<Number>();
            a == b || matches!((exact(a), exact(b)), (Ok(a), Ok(b)) if a == b)
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same_document(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            let has_same = |(key, a): (&String, _)| b.get(key).is_some_and(|b| is_same_document(a, b));
            a.len() == b.len() && a.iter().all(has_same)
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schema::RecoveryClass;
    use std::time::Duration;

    fn kind(attributes: impl IntoIterator<Item = (&'static str, Attribute)>) -> KindSchema {
        KindSchema {
            description: "a test",
            version: 1,
            attributes: attributes.into_iter().collect(),
            data_bearing: false,
            recovery: RecoveryClass::Name,
            drain: Duration::ZERO,
            timeout: Duration::from_secs(1),
            unique: None,
            typical: Duration::ZERO,
        }
    }

    fn codes(attribute: Attribute, value: Option<Partial>) -> Vec<&'static str> {
        let mut flaws = Vec::new();
        let desired = value.map(|value| ("a".to_owned(), value)).into_iter().collect();
        normalised(&kind([("a", attribute)]), &desired, None, &mut flaws);
        flaws.iter().map(|flaw| flaw.code).collect()
    }

    fn spelled(attribute: Attribute, before: Partial, now: Partial) -> Partial {
        let desired = BTreeMap::from([("a".to_owned(), now)]);
        let before = Value::map([("a", before)]);
        normalised(&kind([("a", attribute)]), &desired, Some(&before), &mut Vec::new()).get("a").unwrap().clone()
    }

    fn texts(items: &[&str]) -> Partial {
        Value::List(items.iter().map(|item| Value::string(*item)).collect())
    }

    #[test]
    fn each_flaw_has_its_code() {
        let text = || Attribute::required(Type::String, "a text");
        assert_eq!(codes(text(), None), ["missing-attribute"]);
        assert_eq!(codes(text(), Some(Value::List(vec![]))), ["wrong-type"]);
        assert_eq!(codes(Attribute::computed(Type::String, "c"), Some(Value::string("x"))), ["computed-attribute"]);
        assert_eq!(codes(text().rule(Rule::OneOf(&["x", "y"])), Some(Value::string("z"))), ["invalid-value"]);
        assert_eq!(codes(text().rule(Rule::Length(1, 2)), Some(Value::string("äöü"))), ["invalid-value"]);
        assert_eq!(
            codes(text().rule(Rule::Matches("[a-z]+", "letters")), Some(Value::string("a1"))),
            ["invalid-value"]
        );
        let number = Attribute::optional(Type::Number, "n").rule(Rule::Between(1, 3));
        assert_eq!(codes(number.clone(), Some(Value::number(4_i64))), ["invalid-value"]);
        assert_eq!(codes(number, Some(Value::number(3_i64))), Vec::<&str>::new());
    }

    #[test]
    fn an_unknown_attribute_is_refused_with_its_neighbour() {
        let desired = BTreeMap::from([("conetnt".to_owned(), Value::string("x"))]);
        let mut flaws = Vec::new();
        normalised(&kind([("content", Attribute::optional(Type::String, "c"))]), &desired, None, &mut flaws);
        assert_eq!(flaws[0].help.as_deref(), Some("did you mean `content`?"));
    }

    #[test]
    fn defaults_are_filled_in_and_sets_have_one_order() {
        let kind = kind([
            ("size", Attribute::optional(Type::Number, "s").default(Value::number(3_i64))),
            ("zones", Attribute::optional(Type::set(Type::String), "z")),
        ]);
        let desired = BTreeMap::from([("zones".to_owned(), texts(&["b", "a", "b"]))]);
        let value = normalised(&kind, &desired, None, &mut Vec::new());
        assert_eq!(value, Value::map([("size", Value::number(3_i64)), ("zones", texts(&["a", "b"]))]));
    }

    #[test]
    fn the_earlier_spelling_is_kept_where_it_means_the_same() {
        let json = Attribute::optional(Type::String, "j").normalised(Normalisation::Json);
        let before = Value::string(r#"{"b": 1.0, "a": [1]}"#);
        assert_eq!(spelled(json.clone(), before.clone(), Value::string(r#"{"a":[1],"b":1}"#)), before);
        let other = Value::string(r#"{"a":[1],"b":2}"#);
        assert_eq!(spelled(json, before, other.clone()), other);
        let word = Attribute::optional(Type::String, "w").normalised(Normalisation::CaseInsensitive);
        assert_eq!(spelled(word, Value::string("West"), Value::string("west")), Value::string("West"));
        let set = Attribute::optional(Type::list(Type::String), "l").normalised(Normalisation::Set);
        assert_eq!(spelled(set, texts(&["b", "a"]), texts(&["a", "b", "a"])), texts(&["b", "a"]));
    }
}
