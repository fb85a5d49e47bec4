//! `extends`: tables merge, everything else replaces, lists of entries concatenate, `"${null}"` unsets.

use crate::language::tree::{Entry, Node, Table};
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span};

/// The lists of entries that add up rather than replace each other.
const CONCATENATED: [&str; 3] = ["moved", "import", "removed"];

/// Takes the `extends` entry out of a file: the paths as written, in order.
pub(super) fn take_extends(table: &mut Table, problems: &mut Diagnostics) -> Vec<(String, Span)> {
    let Some(entry) = table.0.remove("extends") else { return Vec::new() };
    let items = match entry.item.node {
        Node::List(items) => items,
        _ => vec![entry.item],
    };
    let mut paths = Vec::new();
    for item in items {
        match item.node {
            Node::Text(text, _) => paths.push((text, item.span)),
            other => {
                let detail = format!("`extends` is a list of paths; {} stands here", other.described());
                problems
                    .push(Diagnostic::error("wrong-type", "a value has the wrong type", detail).at(Some(item.span)));
            }
        }
    }
    paths
}

/// Lays `upper` over `lower`.
pub(super) fn merge(lower: &mut Table, upper: Table) {
    for (name, entry) in upper.0 {
        match lower.0.get_mut(&name) {
            None => drop(lower.0.insert(name, entry)),
            Some(below) => merge_entry(&name, below, entry),
        }
    }
}

fn merge_entry(name: &str, lower: &mut Entry, upper: Entry) {
    match (&mut lower.item.node, upper.item.node) {
        (Node::Table(below), Node::Table(above)) => {
            merge(below, above);
            (lower.key, lower.item.span) = (upper.key, upper.item.span);
        }
        (Node::List(below), Node::List(above)) if CONCATENATED.contains(&name) => below.extend(above),
        (below, above) => {
            *below = above;
            (lower.key, lower.item.span) = (upper.key, upper.item.span);
        }
    }
}

/// Drops every entry that is unset.
pub(super) fn unset(table: &mut Table) {
    table.0.retain(|_, entry| !matches!(&entry.item.node, Node::Text(text, _) if is_unset(text)));
    for entry in table.0.values_mut() {
        if let Node::Table(inner) = &mut entry.item.node {
            unset(inner);
        }
    }
}

fn is_unset(text: &str) -> bool {
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(|inner| inner.trim() == "null")
}
