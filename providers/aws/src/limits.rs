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

/// When something happens again and again: `rate(…)` and `cron(…)`, and `at(…)` for once, as far as these `forms` are taken.
///
/// Source: "Schedule types in EventBridge Scheduler", and "Creating a rule that runs on a schedule" in the EventBridge User Guide.
pub fn schedule(check: &mut Check<'_>, name: &str, forms: &[&str]) {
    let Some(text) = check.text(name) else { return };
    let parts = text.split_once('(').and_then(|(form, rest)| Some((form, rest.strip_suffix(')')?)));
    let is_right = match parts.filter(|(form, _)| forms.contains(form)) {
        Some(("rate", rate)) => is_rate(rate),
        Some(("cron", fields)) => fields.split_whitespace().count() == 6,
        Some((_, moment)) => moment.len() == "2030-01-01T00:00:00".len(),
        None => false,
    };
    if !is_right {
        check.refuse(
            format!("`{text}` is no expression of a schedule"),
            "write `rate(1 hour)`, `rate(5 minutes)`, or `cron(0 3 * * ? *)` with its six fields",
        );
    }
}

/// One of a unit, or several of its plural.
fn is_rate(text: &str) -> bool {
    let Some((number, unit)) = text.split_once(' ') else { return false };
    match number.parse::<u32>() {
        Ok(1) => ["minute", "hour", "day"].contains(&unit),
        Ok(2..) => ["minutes", "hours", "days"].contains(&unit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siac_core::model::value::Value;

    fn is_schedule(text: &str, forms: &[&str]) -> bool {
        let wish: Partial = Value::map([("when", Value::string(text))]);
        let mut check = Check::of(&wish);
        schedule(&mut check, "when", forms);
        check.found().is_empty()
    }

    #[test]
    fn schedules_are_told_from_other_texts() {
        let forms = ["rate", "cron"];
        assert!(["rate(1 hour)", "rate(5 minutes)", "cron(0 3 * * ? *)"].iter().all(|text| is_schedule(text, &forms)));
        let wrong =
            ["rate(5 minute)", "rate(1 hours)", "rate(0 days)", "cron(0 3 * * *)", "at(2030-01-01T00:00:00)", "hourly"];
        assert!(!wrong.iter().any(|text| is_schedule(text, &forms)));
        assert!(is_schedule("at(2030-01-01T00:00:00)", &["at"]));
    }
}
