//! Text.

use regex::{Captures, Regex, RegexBuilder};
use unicode_segmentation::UnicodeSegmentation;

use super::{Answer, Arguments, Wrong, bounded, wrong};
use crate::model::value::{Partial, Value};

fn text(text: impl Into<String>) -> Answer {
    Ok(Value::string(text))
}

pub(super) fn chomp(arguments: &Arguments<'_>) -> Answer {
    text(arguments.text(0)?.trim_end_matches(['\r', '\n']))
}

pub(super) fn endswith(arguments: &Arguments<'_>) -> Answer {
    Ok(Value::Bool(arguments.text(0)?.ends_with(arguments.text(1)?.as_ref())))
}

pub(super) fn startswith(arguments: &Arguments<'_>) -> Answer {
    Ok(Value::Bool(arguments.text(0)?.starts_with(arguments.text(1)?.as_ref())))
}

pub(super) fn strcontains(arguments: &Arguments<'_>) -> Answer {
    Ok(Value::Bool(arguments.text(0)?.contains(arguments.text(1)?.as_ref())))
}

pub(super) fn indent(arguments: &Arguments<'_>) -> Answer {
    let (spaces, body) = (arguments.size(0)?, arguments.text(1)?);
    let lines = body.matches('\n').count();
    bounded(body.len().saturating_add(lines.saturating_mul(spaces)))?;
    text(body.replace('\n', &format!("\n{}", " ".repeat(if lines == 0 { 0 } else { spaces }))))
}

pub(super) fn join(arguments: &Arguments<'_>) -> Answer {
    let separator = arguments.text(0)?;
    let mut parts = Vec::new();
    for (at, list) in arguments.rest(1).iter().enumerate() {
        for item in arguments.items_of(list, at + 1)? {
            parts.push(arguments.text_of(item, at + 1)?);
        }
    }
    let bytes: usize = parts.iter().map(|part| part.len()).sum();
    bounded(bytes.saturating_add(separator.len().saturating_mul(parts.len())))?;
    text(parts.join(&separator))
}

pub(super) fn split(arguments: &Arguments<'_>) -> Answer {
    let (separator, body) = (arguments.text(0)?, arguments.text(1)?);
    let pieces: Vec<&str> = match separator.is_empty() {
        true => body.char_indices().map(|(at, c)| &body[at..at + c.len_utf8()]).collect(),
        false => body.split(separator.as_ref()).collect(),
    };
    bounded(pieces.len().saturating_mul(64).saturating_add(body.len()))?;
    Ok(Value::List(pieces.into_iter().map(Value::string).collect()))
}

pub(super) fn lower(arguments: &Arguments<'_>) -> Answer {
    text(arguments.text(0)?.to_lowercase())
}

pub(super) fn upper(arguments: &Arguments<'_>) -> Answer {
    text(arguments.text(0)?.to_uppercase())
}

pub(super) fn title(arguments: &Arguments<'_>) -> Answer {
    let mut after_letter = false;
    let mut titled = String::new();
    for c in arguments.text(0)?.chars() {
        if after_letter {
            titled.push(c);
        } else {
            titled.extend(c.to_uppercase());
        }
        after_letter = c.is_alphanumeric() || c == '_' || !(c.is_ascii() || c.is_whitespace());
    }
    text(titled)
}

pub(super) fn strrev(arguments: &Arguments<'_>) -> Answer {
    text(arguments.text(0)?.graphemes(true).rev().collect::<String>())
}

pub(super) fn substr(arguments: &Arguments<'_>) -> Answer {
    let body = arguments.text(0)?;
    let (offset, length) = (arguments.integer(1)?, arguments.integer(2)?);
    if length < -1 {
        return Err(Wrong::Argument(2, "the length is zero or more, or -1 for everything up to the end".to_owned()));
    }
    let total = body.graphemes(true).count();
    let start = match usize::try_from(offset) {
        Ok(start) => start.min(total),
        Err(_) => total.saturating_sub(usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    text(body.graphemes(true).skip(start).take(length).collect::<String>())
}

pub(super) fn trim(arguments: &Arguments<'_>) -> Answer {
    let cut: Vec<char> = arguments.text(1)?.chars().collect();
    text(arguments.text(0)?.trim_matches(cut.as_slice()))
}

pub(super) fn trimprefix(arguments: &Arguments<'_>) -> Answer {
    let (body, prefix) = (arguments.text(0)?, arguments.text(1)?);
    text(body.strip_prefix(prefix.as_ref()).unwrap_or(&body))
}

pub(super) fn trimsuffix(arguments: &Arguments<'_>) -> Answer {
    let (body, suffix) = (arguments.text(0)?, arguments.text(1)?);
    text(body.strip_suffix(suffix.as_ref()).unwrap_or(&body))
}

pub(super) fn trimspace(arguments: &Arguments<'_>) -> Answer {
    text(arguments.text(0)?.trim())
}

fn compiled(pattern: &str, at: usize) -> Result<Regex, Wrong> {
    /// The largest compiled pattern, in bytes. A choice of this project.
    const LARGEST: usize = 1 << 20;
    let built = RegexBuilder::new(pattern).size_limit(LARGEST).dfa_size_limit(LARGEST).nest_limit(100).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => Wrong::Argument(at, "the pattern is too large".to_owned()),
        _ => Wrong::Argument(at, format!("`{pattern}` is not a regular expression")),
    })
}

pub(super) fn replace(arguments: &Arguments<'_>) -> Answer {
    let (body, search, with) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    let pattern = search.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let Some(pattern) = pattern else {
        let matches = body.matches(search.as_ref()).count();
        bounded(body.len().saturating_add(matches.saturating_mul(with.len())))?;
        return text(body.replace(search.as_ref(), &with));
    };
    let pattern = compiled(pattern, 1)?;
    let mut replaced = String::new();
    let mut end = 0;
    for captures in pattern.captures_iter(&body) {
        let Some(whole) = captures.get(0) else { continue };
        replaced.push_str(&body[end..whole.start()]);
        captures.expand(&with, &mut replaced);
        end = whole.end();
        bounded(replaced.len())?;
    }
    replaced.push_str(&body[end..]);
    text(replaced)
}

/// What one match is: the text, the list of its groups, or the map of its named groups.
fn matched(pattern: &Regex, captures: &Captures<'_>) -> Answer {
    let group = |at: usize| captures.get(at).map_or(Value::Null, |group| Value::string(group.as_str()));
    let names: Vec<Option<&str>> = pattern.capture_names().skip(1).collect();
    let named = names.iter().flatten().count();
    match (names.len(), named) {
        (0, _) => Ok(group(0)),
        (_, 0) => Ok(Value::List((1..=names.len()).map(group).collect())),
        (all, named) if all == named => {
            let entry = |(at, name): (usize, &Option<&str>)| (name.unwrap_or_default().to_owned(), group(at + 1));
            Ok(Value::Map(names.iter().enumerate().map(entry).collect()))
        }
        _ => Err(Wrong::Argument(0, "either all groups of the pattern have names or none".to_owned())),
    }
}

pub(super) fn regex(arguments: &Arguments<'_>) -> Answer {
    let pattern = compiled(&arguments.text(0)?, 0)?;
    let body = arguments.text(1)?;
    match pattern.captures(&body) {
        Some(captures) => matched(&pattern, &captures),
        None => wrong("the pattern does not match; use `regexall` where that may be"),
    }
}

pub(super) fn regexall(arguments: &Arguments<'_>) -> Answer {
    let pattern = compiled(&arguments.text(0)?, 0)?;
    let body = arguments.text(1)?;
    let mut all: Vec<Partial> = Vec::new();
    for captures in pattern.captures_iter(&body) {
        all.push(matched(&pattern, &captures)?);
        bounded(all.len().saturating_mul(64 * (pattern.captures_len() + 1)))?;
    }
    Ok(Value::List(all))
}
