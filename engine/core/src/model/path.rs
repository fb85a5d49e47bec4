//! Where inside a value something is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Segment {
    /// The element of a list, from zero.
    Index(usize),
    /// The entry of a map or the attribute of an object.
    Key(String),
}

/// A way from the root of a value to one of its parts; the empty path is the value itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Path(pub Vec<Segment>);

impl Path {
    /// The path of a top-level attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self(vec![Segment::Key(name.into())])
    }

    /// This path and one more key.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.then(Segment::Key(key.into()))
    }

    /// This path and one more index.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Segment::Index(index))
    }

    fn then(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// The first segment, when it is the name of an attribute.
    pub fn root(&self) -> Option<&str> {
        match self.0.first() {
            Some(Segment::Key(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether `other` is this path or lies below it.
    pub fn covers(&self, other: &Path) -> bool {
        other.0.starts_with(&self.0)
    }
}

/// Whether a key can be written as `.key` rather than `["key"]`.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if is_plain(key) && at == 0 => f.write_str(key)?,
                Segment::Key(key) if is_plain(key) => write!(f, ".{key}")?,
                Segment::Key(key) => write!(f, "[{}]", serde_json::Value::from(key.as_str()))?,
            }
        }
        Ok(())
    }
}

/// A text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the path of an attribute: names are separated by `.`, other keys and indices stand in `[…]`")]
pub struct MalformedPath(pub String);

impl FromStr for Path {
    type Err = MalformedPath;

    /// Reads a path as an expression would be written: `tags["a b"][2].x-y`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || MalformedPath(text.to_owned());
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (segment, after) = match rest.strip_prefix('[') {
                Some(inside) => bracketed(inside).ok_or_else(malformed)?,
                None if segments.is_empty() => named(rest).ok_or_else(malformed)?,
                None => rest.strip_prefix('.').and_then(named).ok_or_else(malformed)?,
            };
            segments.push(segment);
            rest = after;
        }
        if segments.is_empty() { Err(malformed()) } else { Ok(Self(segments)) }
    }
}

/// A name, and what follows it.
fn named(text: &str) -> Option<(Segment, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    is_plain(name).then(|| (Segment::Key(name.to_owned()), rest))
}

/// A quoted key or an index up to its `]`, and what follows.
fn bracketed(text: &str) -> Option<(Segment, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Segment>();
    let segment = values.next()?.ok()?;
    let rest = text[values.byte_offset()..].strip_prefix(']')?;
    Some((segment, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_expressions_do() {
        let path = Path::attribute("tags").key("a b").index(2).key("x-y");
        assert_eq!(path.to_string(), r#"tags["a b"][2].x-y"#);
        assert_eq!(path.to_string().parse(), Ok(path));
    }

    #[test]
    fn what_is_not_a_path_is_refused() {
        for text in ["", ".a", "a.", "a..b", "a[", "a[b]", "a[1", "a[-1]", "a b"] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }
}
