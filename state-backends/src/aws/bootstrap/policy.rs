//! The bucket's policy. Statements of others are left as they are.

use serde_json::{Value, json};

/// The statements that siac wants.
fn ours(bucket: &str, partition: &str) -> [Value; 3] {
    let arn = format!("arn:{partition}:s3:::{bucket}");
    let heads = format!("{arn}/*/HEAD");
    [
        json!({
            "Sid": "SiacOnlyWithTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        }),
        json!({
            "Sid": "SiacHeadOnlyUnderACondition", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": heads,
            "Condition": { "Null": { "s3:if-match": "true", "s3:if-none-match": "true" } },
        }),
        json!({
            "Sid": "SiacHeadDeletedOnlyUnderACondition", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject",
            "Resource": heads,
            "Condition": { "Null": { "s3:if-match": "true" } },
        }),
    ]
}

/// The policy with our statements in it; none when they are in it already.
///
/// # Errors
/// When the present one cannot be understood.
pub(super) fn with_ours(present: Option<&str>, bucket: &str, region: &str) -> Result<Option<String>, String> {
    let empty = json!({ "Version": "2012-10-17", "Statement": [] });
    let mut policy: Value = match present {
        Some(text) => serde_json::from_str(text).map_err(|_| "is no JSON".to_owned())?,
        None => empty,
    };
    let statements = match policy.get_mut("Statement") {
        Some(Value::Array(statements)) => statements,
        _ => return Err("has no list of statements; bring it into that form".to_owned()),
    };
    let mut is_changed = false;
    for wanted in ours(bucket, partition_of(region)) {
        match statements.iter_mut().find(|statement| statement["Sid"] == wanted["Sid"]) {
            Some(statement) if *statement == wanted => continue,
            Some(statement) => *statement = wanted,
            None => statements.push(wanted),
        }
        is_changed = true;
    }
    Ok(is_changed.then(|| policy.to_string()))
}

/// The partition that a region belongs to.
fn partition_of(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_statements_are_added_once_and_others_are_left_alone() {
        let stranger =
            json!({ "Sid": "Mine", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*" });
        let before = json!({ "Version": "2012-10-17", "Statement": [stranger] }).to_string();
        let made = with_ours(Some(&before), "b", "eu-west-1").unwrap().unwrap();
        let statements = serde_json::from_str::<Value>(&made).unwrap()["Statement"].as_array().unwrap().clone();
        assert_eq!(statements[0], stranger);
        assert_eq!(statements.len(), 4);
        assert_eq!(with_ours(Some(&made), "b", "eu-west-1"), Ok(None));
        let weakened = made.replace("\"s3:if-match\":\"true\",", "");
        assert_eq!(with_ours(Some(&weakened), "b", "eu-west-1").unwrap().as_deref(), Some(made.as_str()));
    }

    #[test]
    fn the_names_are_those_of_the_partition() {
        let policy = with_ours(None, "b", "cn-north-1").unwrap().unwrap();
        assert!(policy.contains("arn:aws-cn:s3:::b/*/HEAD"), "{policy}");
    }

    #[test]
    fn a_policy_that_is_not_understood_is_not_replaced() {
        assert!(with_ours(Some("no JSON"), "b", "eu-west-1").is_err());
        assert!(with_ours(Some(r#"{"Statement":{"Sid":"Mine"}}"#), "b", "eu-west-1").is_err());
    }
}
