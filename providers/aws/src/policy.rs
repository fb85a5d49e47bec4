//! When two policy documents mean the same: AWS answers with other spellings than it was sent.
//!
//! White space, the order of keys, of actions and of statements' members do not matter; one text and a list of that text are the same; an
//! account number and its root ARN name the same principal. Source: "Grammar of the IAM JSON policy language" and "AWS JSON policy elements:
//! Principal" in the IAM User Guide.

use serde_json::{Map, Value};

/// Whether two documents mean the same.
pub fn is_same(a: &str, b: &str) -> bool {
    a == b || matches!((parsed(a), parsed(b)), (Some(a), Some(b)) if canonical(&a) == canonical(&b))
}

fn parsed(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Members whose values are sets of texts.
const SETS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];

fn canonical(document: &Value) -> Value {
    let Value::Object(members) = document else { return document.clone() };
    let member = |(name, value): (&String, &Value)| match name.as_str() {
        "Statement" => (name.clone(), Value::Array(listed(value).iter().map(statement).collect())),
        _ => (name.clone(), value.clone()),
    };
    Value::Object(members.iter().map(member).collect())
}

fn statement(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let mut canonical = Map::new();
    for (name, value) in members {
        let value = match name.as_str() {
            set if SETS.contains(&set) => sorted(value),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            // An empty statement id is none.
            "Sid" if value.as_str() == Some("") => continue,
            _ => value.clone(),
        };
        canonical.insert(name.clone(), value);
    }
    Value::Object(canonical)
}

fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    }
}

/// A set of texts in its one order. Numbers and truth values may be written as such or as texts.
fn sorted(value: &Value) -> Value {
    let text = |item: Value| match item {
        Value::Bool(value) => Value::String(value.to_string()),
        Value::Number(value) => Value::String(value.to_string()),
        other => other,
    };
    let mut items: Vec<Value> = listed(value).into_iter().map(text).collect();
    items.sort_by_cached_key(ToString::to_string);
    items.dedup();
    Value::Array(items)
}

fn principal(value: &Value) -> Value {
    let Value::Object(members) = value else {
        // Everybody: `"*"` and `{"AWS": "*"}` are the same.
        return if value.as_str() == Some("*") { serde_json::json!({ "AWS": ["*"] }) } else { value.clone() };
    };
    let member = |(name, value): (&String, &Value)| {
        let items = listed(value).into_iter().map(|item| if name == "AWS" { account(item) } else { item });
        (name.clone(), sorted(&Value::Array(items.collect())))
    };
    Value::Object(members.iter().map(member).collect())
}

/// The root of an account, as its number.
fn account(principal: Value) -> Value {
    let root = principal.as_str().and_then(|text| {
        let number = text.strip_prefix("arn:")?.split_once(":iam::")?.1.strip_suffix(":root")?;
        (number.len() == 12).then(|| number.to_owned())
    });
    root.map_or(principal, Value::String)
}

fn condition(value: &Value) -> Value {
    let Value::Object(operators) = value else { return value.clone() };
    let keys = |value: &Value| match value {
        Value::Object(keys) => Value::Object(keys.iter().map(|(key, value)| (key.clone(), sorted(value))).collect()),
        other => other.clone(),
    };
    Value::Object(operators.iter().map(|(operator, value)| (operator.clone(), keys(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn spellings_of_one_policy() {
        let sent = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "", "Effect": "Allow", "Action": ["b", "a"],
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Condition": {"Bool": {"aws:SecureTransport": false}}}]}"#;
        let told = r#"{"Statement":{"Action":["a","b"],"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Allow","Principal":{"AWS":["123456789012"]}},"Version":"2012-10-17"}"#;
        assert!(is_same(sent, told));
        assert!(is_same(r#"{"Statement":[{"Principal":"*"}]}"#, r#"{"Statement":[{"Principal":{"AWS":"*"}}]}"#));
    }

    #[test]
    fn other_policies_are_others() {
        let policy = |action: &str| format!(r#"{{"Statement":[{{"Action":"{action}"}}]}}"#);
        assert!(!is_same(&policy("s3:Get*"), &policy("s3:get*")));
        assert!(!is_same("no document", "another"));
        assert!(is_same("no document", "no document"));
    }
}
