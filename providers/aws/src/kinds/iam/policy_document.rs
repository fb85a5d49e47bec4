//! `data.aws_iam_policy_document`: an IAM policy from tables. Nothing is asked of AWS.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::fields::Fields;
use crate::kind::{Check, Data, Described};
use crate::seen::Told;
use crate::settings::object_type;

/// The kind.
pub struct PolicyDocument;

#[async_trait]
impl Data for PolicyDocument {
    fn describe(&self) -> Described {
        let attributes = [
            ("statement", Attribute::optional(Type::list(statement_type()), "what is allowed and denied")),
            ("policy_id", Attribute::optional(Type::String, "an id of the document")),
            (
                "version",
                Attribute::optional(Type::String, "the version of the policy language")
                    .default(Value::string("2012-10-17"))
                    .rule(Rule::OneOf(&["2008-10-17", "2012-10-17"])),
            ),
            (
                "source_policy_documents",
                Attribute::optional(Type::list(Type::String), "documents whose statements come first, as JSON"),
            ),
            (
                "override_policy_documents",
                Attribute::optional(
                    Type::list(Type::String),
                    "documents whose statements come last, and in place of those with the same `sid`, as JSON",
                ),
            ),
            ("json", Attribute::computed(Type::String, "the document")),
            ("minified_json", Attribute::computed(Type::String, "the document without white space")),
        ];
        Described::data("an IAM policy, written as tables", attributes, &[])
    }

    fn validate(&self, check: &mut Check<'_>) {
        let statements = check.get("statement").and_then(Partial::as_list).unwrap_or_default();
        for (at, statement) in statements.iter().enumerate() {
            let has = |name: &str| statement.get(name).is_some_and(|value| !value.is_null());
            for (one, other) in
                [("actions", "not_actions"), ("resources", "not_resources"), ("principals", "not_principals")]
            {
                if has(one) && has(other) {
                    check.refuse(format!("statement {at} has both `{one}` and `{other}`"), "keep one of them");
                }
            }
            let effect = statement.get("effect").and_then(Partial::as_str).unwrap_or("Allow");
            if !["Allow", "Deny"].contains(&effect) {
                check.refuse(format!("statement {at} has the effect `{effect}`"), "write `Allow` or `Deny`");
            }
        }
    }

    async fn read(&self, _: &Account, inputs: Fields<'_>) -> Result<Known, Fault> {
        let document = document(inputs)?;
        let pretty = serde_json::to_string_pretty(&document).unwrap_or_default();
        Ok(Value::map([
            ("id", siac_core::model::identity::Digest::of(document.to_string().as_bytes()).to_string().told()),
            ("json", pretty.told()),
            ("minified_json", document.to_string().told()),
        ]))
    }
}

fn statement_type() -> Type {
    let texts = || Type::set(Type::String);
    let principal = object_type(&[("type", Type::String, true), ("identifiers", texts(), true)]);
    let condition = object_type(&[
        ("test", Type::String, true),
        ("variable", Type::String, true),
        ("values", Type::list(Type::String), true),
    ]);
    object_type(&[
        ("sid", Type::String, false),
        ("effect", Type::String, false),
        ("actions", texts(), false),
        ("not_actions", texts(), false),
        ("resources", texts(), false),
        ("not_resources", texts(), false),
        ("principals", Type::list(principal.clone()), false),
        ("not_principals", Type::list(principal), false),
        ("condition", Type::list(condition), false),
    ])
}

fn document(inputs: Fields<'_>) -> Result<Json, Fault> {
    let mut statements = Vec::new();
    for text in inputs.texts("source_policy_documents").unwrap_or_default() {
        statements.extend(statements_of(&text)?);
    }
    statements.extend(inputs.objects("statement").into_iter().map(statement));
    for text in inputs.texts("override_policy_documents").unwrap_or_default() {
        for statement in statements_of(&text)? {
            overlay(&mut statements, statement);
        }
    }
    let mut document = Map::new();
    document.insert("Version".to_owned(), json!(inputs.text("version").unwrap_or("2012-10-17")));
    if let Some(id) = inputs.text("policy_id") {
        document.insert("Id".to_owned(), json!(id));
    }
    document.insert("Statement".to_owned(), Json::Array(statements));
    Ok(Json::Object(document))
}

/// Puts a statement in the place of the one with the same id, or at the end.
fn overlay(statements: &mut Vec<Json>, statement: Json) {
    let same = |other: &&mut Json| statement.get("Sid").is_some() && other.get("Sid") == statement.get("Sid");
    match statements.iter_mut().find(same) {
        Some(other) => *other = statement,
        None => statements.push(statement),
    }
}

fn statements_of(text: &str) -> Result<Vec<Json>, Fault> {
    let document: Json = serde_json::from_str(text)
        .map_err(|error| Fault::rejected(format!("a policy document to start from is no JSON: {error}")))?;
    Ok(match document.get("Statement") {
        Some(Json::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    })
}

fn statement(fields: Fields<'_>) -> Json {
    let mut statement = Map::new();
    let mut insert = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            statement.insert(name.to_owned(), value);
        }
    };
    insert("Sid", fields.text("sid").filter(|sid| !sid.is_empty()).map(|sid| json!(sid)));
    insert("Effect", Some(json!(fields.text("effect").unwrap_or("Allow"))));
    insert("Principal", principals(&fields.objects("principals")));
    insert("NotPrincipal", principals(&fields.objects("not_principals")));
    for (from, to) in [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        insert(to, fields.texts(from).map(one_or_many));
    }
    insert("Condition", conditions(&fields.objects("condition")));
    Json::Object(statement)
}

fn one_or_many(mut texts: Vec<String>) -> Json {
    if texts.len() == 1 { json!(texts.remove(0)) } else { json!(texts) }
}

fn principals(principals: &[Fields<'_>]) -> Option<Json> {
    let mut by_type: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for principal in principals {
        let identifiers = principal.texts("identifiers").unwrap_or_default();
        by_type.entry(principal.owned("type")?).or_default().extend(identifiers);
    }
    if by_type.get("*").is_some_and(|everybody| everybody == &["*"]) {
        return Some(json!("*"));
    }
    let by_type: Map<String, Json> = by_type.into_iter().map(|(ty, ids)| (ty, one_or_many(ids))).collect();
    (!by_type.is_empty()).then_some(Json::Object(by_type))
}

fn conditions(conditions: &[Fields<'_>]) -> Option<Json> {
    let mut by_test: BTreeMap<String, Map<String, Json>> = BTreeMap::new();
    for condition in conditions {
        let values = one_or_many(condition.texts("values").unwrap_or_default());
        by_test.entry(condition.owned("test")?).or_default().insert(condition.owned("variable")?, values);
    }
    (!by_test.is_empty()).then(|| json!(by_test))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_become_a_policy() {
        let inputs: Known = serde_json::from_value(json!({
            "statement": [
                { "sid": "a", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/*"],
                  "condition": [{ "test": "Bool", "variable": "aws:SecureTransport", "values": ["true"] }] },
                { "effect": "Deny", "actions": ["x", "y"], "principals": [{ "type": "Service", "identifiers": ["lambda.amazonaws.com"] }] },
            ],
            "override_policy_documents": ["{\"Statement\":{\"Sid\":\"a\",\"Effect\":\"Deny\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}"],
        }))
        .unwrap();
        let expected = json!({
            "Version": "2012-10-17",
            "Statement": [
                { "Sid": "a", "Effect": "Deny", "Action": "s3:*", "Resource": "*" },
                { "Effect": "Deny", "Action": ["x", "y"], "Principal": { "Service": "lambda.amazonaws.com" } },
            ],
        });
        assert_eq!(document(Fields(&inputs)).unwrap(), expected);
    }
}
