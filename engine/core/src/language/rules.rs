//! What values must satisfy beyond their types, checked alike where they are written out and where they are planned.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;

use crate::model::number::Number;
use crate::model::schema::Rule;
use crate::model::value::{Partial, Value};

/// Whether a value without parts satisfies a rule; the error says what is expected. Holes satisfy everything until they are filled.
pub(crate) fn check(rule: &Rule, leaf: &Partial) -> Result<(), String> {
    let holds = match (rule, leaf) {
        (Rule::OneOf(words), Value::String(text)) => words.contains(&text.as_str()),
        (Rule::Between(least, most), Value::Number(number)) => {
            number.is_integer() && *number >= Number::from(*least) && *number <= Number::from(*most)
        }
        (Rule::Length(least, most), Value::String(text)) => (*least..=*most).contains(&text.chars().count()),
        (Rule::Matches(pattern, _), Value::String(text)) => matches_whole(pattern, text),
        _ => true,
    };
    if holds {
        return Ok(());
    }
    Err(match rule {
        Rule::OneOf(words) => format!("one of {}", quoted(words)),
        Rule::Between(least, most) => format!("an integer from {least} to {most}"),
        Rule::Length(least, most) => format!("a text of {least} to {most} characters"),
        Rule::Matches(_, words) => (*words).to_owned(),
    })
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

thread_local! {
    /// Compiled patterns: a schema has few, and ten thousand resources ask for them. A pattern that does not compile matches everything;
    /// the conformance tests of providers compile all of theirs.
    static PATTERNS: RefCell<HashMap<&'static str, Option<Regex>>> = RefCell::default();
}

fn matches_whole(pattern: &'static str, text: &str) -> bool {
    PATTERNS.with_borrow_mut(|patterns| {
        let compiled = patterns.entry(pattern).or_insert_with(|| Regex::new(&format!("^(?:{pattern})$")).ok());
        compiled.as_ref().is_none_or(|regex| regex.is_match(text))
    })
}
