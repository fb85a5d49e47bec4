//! Lists: elements that stay are found first, the others are paired with what they most probably became.

use siac_core::model::value::{Partial, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Drawing, Mark, NAMES, Slot};
use crate::arguments::Detail;

/// Beyond so many comparisons elements are not paired any more, only listed as gone and new.
const MOST_PAIRINGS: usize = 10_000;
/// Beyond so many elements on both sides together, elements are compared by their place alone.
const MOST_ELEMENTS: usize = 4_000;
/// How alike elements must be, from 0 to 1, to be shown as one that changes.
const ALIKE: f64 = 0.5;

/// What becomes of one element: its places before and after.
type Pairing = (Option<usize>, Option<usize>);

impl Drawing<'_> {
    pub(super) fn list_change(&mut self, slot: &Slot, before: &[Partial], after: &[Partial]) {
        self.open(slot, Mark::Changed, "[");
        let mut unchanged = 0;
        for (old, new) in pairings(before, after) {
            let (old_item, new_item) = (old.map(|at| &before[at]), new.map(|at| &after[at]));
            if old_item == new_item && self.manner.detail != Detail::Full {
                unchanged += 1;
                continue;
            }
            self.hidden(slot.indent + 4, std::mem::take(&mut unchanged), "element");
            self.either(&slot.element(new.or(old).unwrap_or(0)), old_item, new_item);
        }
        self.hidden(slot.indent + 4, unchanged, "element");
        self.close(slot, "]");
    }
}

/// Which element became which, in the order of the new list; what goes stands where it was.
fn pairings(before: &[Partial], after: &[Partial]) -> Vec<Pairing> {
    if before.len() + after.len() > MOST_ELEMENTS {
        let longest = before.len().max(after.len());
        let within = |at: usize, items: &[Partial]| (at < items.len()).then_some(at);
        return (0..longest).map(|at| (within(at, before), within(at, after))).collect();
    }
    let spelled = |items: &[Partial]| items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>();
    let mut pairs = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, &spelled(before), &spelled(after)) {
        match operation {
            DiffOp::Equal { old_index, new_index, len } => {
                pairs.extend((0..len).map(|at| (Some(old_index + at), Some(new_index + at))));
            }
            DiffOp::Delete { old_index, old_len, .. } => {
                pairs.extend((0..old_len).map(|at| (Some(old_index + at), None)))
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                pairs.extend((0..new_len).map(|at| (None, Some(new_index + at))))
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                let partners =
                    partners(&before[old_index..old_index + old_len], &after[new_index..new_index + new_len]);
                pairs.extend(
                    in_order(&partners, old_len)
                        .into_iter()
                        .map(|(old, new)| (old.map(|at| old_index + at), new.map(|at| new_index + at))),
                );
            }
        }
    }
    pairs
}

/// For each new element the old one that it most probably was, each old one at most once.
fn partners(before: &[Partial], after: &[Partial]) -> Vec<Option<usize>> {
    let mut partners = vec![None; after.len()];
    if before.len() * after.len() > MOST_PAIRINGS {
        return partners;
    }
    let mut candidates: Vec<(f64, usize, usize)> = Vec::new();
    for (new, after) in after.iter().enumerate() {
        let likeness = before.iter().enumerate().map(|(old, before)| (likeness(before, after), new, old));
        candidates.extend(likeness.filter(|(likeness, ..)| *likeness >= ALIKE));
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut taken = vec![false; before.len()];
    for (_, new, old) in candidates {
        if partners[new].is_none() && !taken[old] {
            partners[new] = Some(old);
            taken[old] = true;
        }
    }
    partners
}

/// The pairs in the order of the new elements, and old ones without a partner before the next old one that has one.
fn in_order(partners: &[Option<usize>], old_len: usize) -> Vec<Pairing> {
    let mut gone: Vec<usize> = (0..old_len).filter(|old| !partners.contains(&Some(*old))).rev().collect();
    let mut pairs = Vec::new();
    for (new, partner) in partners.iter().enumerate() {
        while gone.last().is_some_and(|old| partner.is_none_or(|partner| *old < partner)) {
            pairs.push((gone.pop(), None));
        }
        pairs.push((*partner, Some(new)));
    }
    pairs.extend(gone.into_iter().rev().map(|old| (Some(old), None)));
    pairs
}

/// How alike two elements are, from 0 to 1. Maps of the same name or id are the same thing; scalars are alike only when equal.
fn likeness(before: &Partial, after: &Partial) -> f64 {
    match (before, after) {
        (Value::Map(old), Value::Map(new)) => {
            if let Some(same) = NAMES.iter().find_map(|key| Some(old.get(*key)? == new.get(*key)?)) {
                return if same { 1.0 } else { 0.0 };
            }
            let same = old.iter().filter(|(key, value)| new.get(*key) == Some(value)).count();
            fraction(same, old.len().max(new.len()))
        }
        (Value::List(old), Value::List(new)) => {
            let same = old.iter().zip(new).filter(|(a, b)| a == b).count();
            fraction(same, old.len().max(new.len()))
        }
        (old, new) if old == new => 1.0,
        _ => 0.0,
    }
}

fn fraction(part: usize, whole: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of elements are far below 2^52")]
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(items: &[&str]) -> Vec<Partial> {
        items.iter().map(|text| Value::string(*text)).collect()
    }

    fn named(name: &str, n: i64) -> Partial {
        Value::map([("name", Value::string(name)), ("n", Value::number(n))])
    }

    #[test]
    fn an_insertion_at_the_front_moves_nothing() {
        let pairs = pairings(&texts(&["b", "c"]), &texts(&["a", "b", "c"]));
        assert_eq!(pairs, [(None, Some(0)), (Some(0), Some(1)), (Some(1), Some(2))]);
    }

    #[test]
    fn objects_are_paired_by_name() {
        let pairs = pairings(&[named("a", 1), named("b", 2)], &[named("b", 3), named("c", 4)]);
        assert_eq!(pairs, [(Some(0), None), (Some(1), Some(0)), (None, Some(1))]);
    }

    #[test]
    fn every_element_appears_exactly_once() {
        let before = [named("a", 1), named("b", 2), Value::string("x"), named("d", 1)];
        let after = [named("d", 9), Value::string("y"), named("a", 7)];
        let pairs = pairings(&before, &after);
        let mut old: Vec<usize> = pairs.iter().filter_map(|pair| pair.0).collect();
        let new: Vec<usize> = pairs.iter().filter_map(|pair| pair.1).collect();
        old.sort_unstable();
        assert_eq!(old, [0, 1, 2, 3]);
        assert_eq!(new, [0, 1, 2]);
    }

    #[test]
    fn huge_lists_are_compared_by_place() {
        let many: Vec<Partial> = (0..5_000_i64).map(Value::number).collect();
        assert_eq!(pairings(&many, &many[..1]).len(), 5_000);
    }
}
