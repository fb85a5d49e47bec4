//! `ignore_changes`: what there is stands where the stack looks away.

use super::decide::Wish;
use super::normalise::Flaw;
use crate::model::diagnostic::Diagnostics;
use crate::model::path::{Path, Segment};
use crate::model::stack::Lifecycle;
use crate::model::value::{Partial, Value};

/// The ignored paths; those that cannot be read are reported.
pub(super) fn paths(lifecycle: &Lifecycle, wish: &Wish<'_>, problems: &mut Diagnostics) -> Vec<Path> {
    let mut paths = Vec::new();
    for text in &lifecycle.ignore_changes {
        match text.parse::<Path>() {
            Ok(path) => paths.push(path),
            Err(malformed) => problems.push(wish.problem(Flaw {
                attribute: "lifecycle".to_owned(),
                code: "malformed-path",
                summary: "a path cannot be read",
                detail: format!("`ignore_changes`: {malformed}"),
                help: None,
            })),
        }
    }
    paths
}

/// Puts the part of `source` at a path into `value`, or takes the part of `value` away when `source` has none.
pub(super) fn keep(value: &mut Partial, path: &Path, source: &Partial) {
    put(value, &path.0, source.at(path).filter(|part| !part.is_null()).cloned());
}

/// The value with another part at a path; without it when there is none.
pub(super) fn with(mut value: Partial, path: &Path, part: Option<Partial>) -> Partial {
    put(&mut value, &path.0, part);
    value
}

/// Where a part on the way is missing, nothing happens.
fn put(value: &mut Partial, path: &[Segment], part: Option<Partial>) {
    match (path.split_first(), value) {
        (None, value) => *value = part.unwrap_or_default(),
        (Some((Segment::Key(key), [])), Value::Map(entries)) => match part {
            Some(part) => drop(entries.insert(key.clone(), part)),
            None => drop(entries.remove(key)),
        },
        (Some((Segment::Key(key), rest)), Value::Map(entries)) => {
            if let Some(entry) = entries.get_mut(key) {
                put(entry, rest, part);
            }
        }
        (Some((Segment::Index(index), rest)), Value::List(items)) => {
            if let Some(item) = items.get_mut(*index) {
                put(item, rest, part);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_stands_at_ignored_paths() {
        let path: Path = "tags.touched".parse().unwrap();
        let tags = |touched: &str| Value::map([("tags", Value::map([("touched", Value::string(touched))]))]);
        let mut wanted = tags("by the stack");
        keep(&mut wanted, &path, &tags("by someone"));
        assert_eq!(wanted, tags("by someone"));
        keep(&mut wanted, &path, &Value::map([("tags", Value::Null)]));
        assert_eq!(wanted, Value::map([("tags", Value::Map(Default::default()))]));
    }
}
