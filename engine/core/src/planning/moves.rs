//! Under which address what is remembered is known from now on.

use std::collections::{BTreeMap, HashMap};

use crate::model::address::{Mode, ResourceAddress};
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::expression::Place;
use crate::model::snapshot::Snapshot;
use crate::model::stack::Moved;

/// The new addresses of what moves, by the former ones.
pub(super) type Renames = BTreeMap<ResourceAddress, ResourceAddress>;

/// Follows the `[[moved]]` entries of a stack from every remembered address.
pub(super) fn declared(moved: &[Moved], snapshot: &Snapshot, problems: &mut Diagnostics) -> Renames {
    if moved.is_empty() {
        return Renames::new();
    }
    let index = by_name(moved);
    let mut renames = Renames::new();
    for from in snapshot.records.keys().filter(|address| address.mode == Mode::Managed) {
        match destination(from, &index, moved.len()) {
            Ok(to) if to != *from => drop(renames.insert(from.clone(), to)),
            Ok(_) => {}
            Err(place) => problems.push(circular(from, place)),
        }
    }
    refuse_conflicts(&mut renames, moved, snapshot, problems);
    renames
}

/// What a kept snapshot knows under another address: an object is the same when the operation that made it is.
pub(super) fn by_identity(kept: &Snapshot, snapshot: &Snapshot) -> Renames {
    let objects = |snapshot: &Snapshot| -> HashMap<_, _> {
        let in_use = snapshot.records.iter().filter(|(address, _)| address.mode == Mode::Managed);
        in_use.filter_map(|(address, record)| Some((record.object.as_ref()?.op, address.clone()))).collect()
    };
    let wanted_at = objects(kept);
    let mut renames = Renames::new();
    for (op, from) in objects(snapshot) {
        if let Some(to) = wanted_at.get(&op).filter(|to| **to != from && to.kind == from.kind) {
            renames.insert(from, to.clone());
        }
    }
    let stays_in_the_way =
        |to: &ResourceAddress, renames: &Renames| snapshot.records.contains_key(to) && !renames.contains_key(to);
    // Giving up one move can put its object in the way of another.
    while let Some(blocked) =
        renames.iter().find(|(_, to)| stays_in_the_way(to, &renames)).map(|(from, _)| from.clone())
    {
        renames.remove(&blocked);
    }
    without_cycles(renames)
}

/// Renames without those that exchange places: no order of single moves carries them out.
fn without_cycles(renames: Renames) -> Renames {
    let is_on_cycle = |start: &ResourceAddress| {
        let mut at = renames.get(start);
        for _ in 0..renames.len() {
            match at {
                Some(address) if address == start => return true,
                Some(address) => at = renames.get(address),
                None => return false,
            }
        }
        false
    };
    let on_cycles: Vec<ResourceAddress> = renames.keys().filter(|from| is_on_cycle(from)).cloned().collect();
    let mut renames = renames;
    on_cycles.iter().for_each(|from| drop(renames.remove(from)));
    renames
}

type Index<'a> = HashMap<(&'a str, &'a str), Vec<&'a Moved>>;

fn by_name(moved: &[Moved]) -> Index<'_> {
    let mut index = Index::new();
    for entry in moved {
        index.entry((&entry.from.kind, &entry.from.name)).or_default().push(entry);
    }
    index
}

/// Where a chain of moves ends; the place of a move that leads in a circle otherwise.
fn destination(from: &ResourceAddress, index: &Index<'_>, longest: usize) -> Result<ResourceAddress, Place> {
    let mut at = from.clone();
    let mut last = Place::default();
    for _ in 0..=longest {
        let candidates = index.get(&(at.kind.as_str(), at.name.as_str()));
        let step = candidates.into_iter().flatten().find_map(|entry| Some((follow(entry, &at)?, entry.place)));
        match step {
            Some((to, place)) => (at, last) = (to, place),
            None => return Ok(at),
        }
    }
    Err(last)
}

/// Where one entry leads an address, when it is about it. A key that the entry leaves out on both sides is kept.
fn follow(entry: &Moved, address: &ResourceAddress) -> Option<ResourceAddress> {
    let (from, mut to) = (&entry.from, entry.to.clone());
    if from.mode != address.mode || from.kind != address.kind || from.name != address.name {
        return None;
    }
    to.key = carried(&from.key, &to.key, &address.key)?;
    if from.scope.len() != address.scope.len() {
        return None;
    }
    let same_depth = from.scope.len() == to.scope.len();
    for (at, (pattern, have)) in from.scope.iter().zip(&address.scope).enumerate() {
        if pattern.kind != have.kind || pattern.name != have.name {
            return None;
        }
        match same_depth {
            true => to.scope[at].key = carried(&pattern.key, &to.scope[at].key, &have.key)?,
            false if pattern.key != have.key => return None,
            false => {}
        }
    }
    Some(to)
}

/// The new key of a step of an address; `None` when the pattern is about another key.
fn carried(from: &Option<String>, to: &Option<String>, have: &Option<String>) -> Option<Option<String>> {
    match (from, to) {
        (None, None) => Some(have.clone()),
        _ if from == have => Some(to.clone()),
        _ => None,
    }
}

/// Drops and reports the moves that lead to an address that is taken.
fn refuse_conflicts(renames: &mut Renames, moved: &[Moved], snapshot: &Snapshot, problems: &mut Diagnostics) {
    let mut taken: BTreeMap<&ResourceAddress, &ResourceAddress> =
        snapshot.records.keys().filter(|address| !renames.contains_key(*address)).map(|at| (at, at)).collect();
    let mut refused = Vec::new();
    for (from, to) in renames.iter() {
        let place = moved.iter().rev().find(|entry| to.is_matched_by(&entry.to)).map(|entry| entry.place);
        let span = place.unwrap_or_default().0;
        if from.kind != to.kind || from.mode != to.mode {
            problems.push(other_kind(from, to).at(span).about(from));
            refused.push(from.clone());
        } else if let Some(other) = taken.insert(to, from) {
            problems.push(occupied(from, to, other).at(span).about(from));
            refused.push(from.clone());
        }
    }
    refused.iter().for_each(|from| drop(renames.remove(from)));
}

fn circular(from: &ResourceAddress, place: Place) -> Diagnostic {
    let detail = format!("the moves that begin at {from} lead in a circle");
    Diagnostic::error("moved-in-a-circle", "moves lead in a circle", detail)
        .at(place.0)
        .about(from)
        .help("remove the entries that are already done, or move one of the resources aside first")
}

fn other_kind(from: &ResourceAddress, to: &ResourceAddress) -> Diagnostic {
    let detail = format!("{from} cannot become {to}: an object never changes its kind");
    Diagnostic::error("moved-to-another-kind", "a move changes the kind", detail)
        .help("remove the entry; the old object is deleted and the new one created")
}

fn occupied(from: &ResourceAddress, to: &ResourceAddress, other: &ResourceAddress) -> Diagnostic {
    let detail = match other == to {
        true => format!("{from} cannot become {to}: an object is already known under that address"),
        false => format!("both {other} and {from} would become {to}"),
    };
    Diagnostic::error("moved-to-a-taken-address", "a move leads to an address that is taken", detail)
        .help(format!("forget or move one of them first, for instance with `siac state mv {to} …`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::snapshot::Record;

    fn snapshot(addresses: &[&str]) -> Snapshot {
        let mut snapshot = Snapshot::empty("test");
        for address in addresses {
            let record = Record { object: None, deposed: BTreeMap::new() };
            snapshot.records.insert(address.parse().unwrap(), record);
        }
        snapshot
    }

    fn moves(pairs: &[(&str, &str)]) -> Vec<Moved> {
        let entry = |(from, to): &(&str, &str)| Moved {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            place: Place::default(),
        };
        pairs.iter().map(entry).collect()
    }

    fn renamed(pairs: &[(&str, &str)], records: &[&str]) -> (Vec<(String, String)>, Vec<&'static str>) {
        let mut problems = Diagnostics::new();
        let renames = declared(&moves(pairs), &snapshot(records), &mut problems);
        let renames = renames.into_iter().map(|(from, to)| (from.to_string(), to.to_string())).collect();
        (renames, problems.iter().map(|problem| problem.code).collect())
    }

    fn pair(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn chains_are_followed_to_their_end() {
        let (renames, problems) = renamed(&[("v.a", "v.b"), ("v.b", "v.c")], &["v.a"]);
        assert_eq!(renames, [pair("v.a", "v.c")]);
        assert!(problems.is_empty());
    }

    #[test]
    fn a_pattern_without_key_keeps_the_keys() {
        let (renames, _) = renamed(&[("v.a", "v.b")], &[r#"v.a["x"]"#, r#"v.a["y"]"#]);
        assert_eq!(renames, [pair(r#"v.a["x"]"#, r#"v.b["x"]"#), pair(r#"v.a["y"]"#, r#"v.b["y"]"#)]);
    }

    #[test]
    fn a_resource_becomes_an_instance_and_enters_a_module() {
        let (renames, _) = renamed(&[("v.a", r#"module.m.v.a["x"]"#)], &["v.a", r#"v.a["y"]"#]);
        assert_eq!(renames, [pair("v.a", r#"module.m.v.a["x"]"#)]);
        let (renames, _) = renamed(&[("module.m.v.a", "module.n.v.a")], &[r#"module.m["1"].v.a["k"]"#]);
        assert_eq!(renames, [pair(r#"module.m["1"].v.a["k"]"#, r#"module.n["1"].v.a["k"]"#)]);
    }

    #[test]
    fn conflicts_circles_and_other_kinds_are_errors() {
        assert_eq!(renamed(&[("v.a", "v.b")], &["v.a", "v.b"]).1, ["moved-to-a-taken-address"]);
        assert_eq!(renamed(&[("v.a", "v.c"), ("v.b", "v.c")], &["v.a", "v.b"]).1, ["moved-to-a-taken-address"]);
        assert_eq!(renamed(&[("v.a", "v.b"), ("v.b", "v.a")], &["v.a"]).1, ["moved-in-a-circle"]);
        assert_eq!(renamed(&[("v.a", "w.a")], &["v.a"]).1, ["moved-to-another-kind"]);
    }

    #[test]
    fn moves_that_are_done_are_forgotten() {
        assert_eq!(renamed(&[("v.a", "v.b")], &["v.b"]), (vec![], vec![]));
    }
}
