//! What a kind of component takes, and what it tells.

use std::collections::BTreeMap;

use crate::model::path::{Path, Segment};
use crate::model::schema::Attribute;

/// What a kind of component takes, and what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentSchema {
    /// What it is, in one sentence.
    pub description: &'static str,
    /// The fields of its table by name.
    pub fields: BTreeMap<&'static str, Attribute>,
    /// The parts of fields that are carried through: they may be known only after apply, and be secret. `*` is any key or index.
    /// Everything else decides what the component becomes and must be known while planning.
    pub carried: &'static [&'static str],
    /// What it tells others, by name.
    pub outputs: BTreeMap<&'static str, &'static str>,
}

impl ComponentSchema {
    /// Whether what lies at a path of a field may be known only after apply.
    pub fn is_carried(&self, field: &str, path: &Path) -> bool {
        let covers = |pattern: &&str| {
            let mut words = pattern.split('.');
            words.next() == Some(field) && {
                let words: Vec<&str> = words.collect();
                words.len() == path.0.len() && words.iter().zip(&path.0).all(|(word, segment)| is_met(word, segment))
            }
        };
        self.carried.iter().any(covers)
    }
}

fn is_met(word: &str, segment: &Segment) -> bool {
    match segment {
        Segment::Key(key) => word == "*" || word == key,
        Segment::Index(_) => word == "*",
    }
}
