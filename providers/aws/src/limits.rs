//! Limits that AWS publishes and that many kinds share, each with its source.

use siac_core::model::schema::Rule;
use siac_core::model::value::Partial;

use crate::kind::Check;
use crate::marks::{LONGEST_KEY, LONGEST_VALUE, MOST_TAGS, RESERVED};

/// Tags: their number and length, and keys that nobody may use. Source: "Tag naming limits and requirements", Tagging AWS Resources User Guide.
pub fn tags(check: &mut Check<'_>) {
    let Some(tags) = check.get("tags").and_then(Partial::as_map) else { return };
    if tags.len() > MOST_TAGS {
        check.refuse(
            format!("{} tags are set, and at most {MOST_TAGS} fit beside siac's own", tags.len()),
            "remove some",
        );
    }
    for (key, value) in tags {
        let is_reserved = key.starts_with(RESERVED) || key.to_ascii_lowercase().starts_with("aws:");
        if is_reserved {
            check.refuse(
                format!("the tag `{key}` begins with a reserved word"),
                "choose a key without `siac-` or `aws:`",
            );
        }
        let length = value.as_str().map_or(0, |text| text.chars().count());
        if key.is_empty() || key.chars().count() > LONGEST_KEY || length > LONGEST_VALUE {
            check.refuse(
                format!(
                    "the tag `{key}` is too long or empty: {LONGEST_KEY} characters of key, {LONGEST_VALUE} of value"
                ),
                "shorten it",
            );
        }
    }
}

/// An ARN. Source: "Amazon Resource Names (ARNs)" in the IAM User Guide.
pub fn arn() -> Rule {
    Rule::Matches(
        "arn:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9a-z]*:.+",
        "an ARN such as `arn:aws:iam::123456789012:role/name`",
    )
}

/// A policy or another JSON document, and its size in characters without white space.
pub fn document(check: &mut Check<'_>, name: &str, most: usize, source: &str) {
    check.json(name);
    let Some(text) = check.text(name) else { return };
    let size = text.chars().filter(|c| !c.is_whitespace()).count();
    if size > most {
        check.refuse(
            format!("`{name}` has {size} characters, and AWS takes {most} ({source})"),
            "shorten it, or split it",
        );
    }
}
