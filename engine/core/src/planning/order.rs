//! Which step comes when: numbers, the point of no return as late as it can be, and how much waits for each step.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use crate::model::address::ResourceAddress;
use crate::model::plan::{Operation, Step, StepId, Undo};

/// A step that has no number yet; it needs others by their place in the list.
#[derive(Debug, Clone)]
pub(super) struct Proposed {
    pub address: ResourceAddress,
    pub provider: String,
    pub operation: Operation,
    pub undo: Undo,
    pub needs: Vec<usize>,
    /// How long it usually takes, in milliseconds.
    pub typical: u64,
}

impl Proposed {
    fn is_irrevocable(&self) -> bool {
        matches!(self.undo, Undo::Impossible { .. })
    }
}

/// The steps in an order in which each needs only earlier ones; otherwise the addresses of those that wait for each other.
pub(super) fn number(mut proposed: Vec<Proposed>) -> Result<Vec<Step>, Vec<ResourceAddress>> {
    for step in &mut proposed {
        step.needs.sort_unstable();
        step.needs.dedup();
    }
    let order = sorted(&proposed)?;
    let order = match postpone_irrevocable(&mut proposed, &order) {
        true => sorted(&proposed)?,
        false => order,
    };
    Ok(renumbered(proposed, &order))
}

/// The steps that need each step.
fn successors(proposed: &[Proposed]) -> Vec<Vec<usize>> {
    let mut successors = vec![Vec::new(); proposed.len()];
    for (at, step) in proposed.iter().enumerate() {
        step.needs.iter().for_each(|&needed| successors[needed].push(at));
    }
    successors
}

/// A topological order that stays as near as it can to the order of the list.
fn sorted(proposed: &[Proposed]) -> Result<Vec<usize>, Vec<ResourceAddress>> {
    let successors = successors(proposed);
    let mut waiting: Vec<usize> = proposed.iter().map(|step| step.needs.len()).collect();
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..proposed.len()).filter(|&at| waiting[at] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(proposed.len());
    while let Some(Reverse(at)) = ready.pop() {
        order.push(at);
        for &next in &successors[at] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.push(Reverse(next));
            }
        }
    }
    if order.len() == proposed.len() {
        return Ok(order);
    }
    let stuck = (0..proposed.len()).filter(|&at| waiting[at] > 0);
    Err(stuck.map(|at| proposed[at].address.clone()).collect::<BTreeSet<_>>().into_iter().collect())
}

/// Lets the first irrevocable step wait for everything that does not itself wait for an irrevocable one, and the other
/// irrevocable steps for the first. Answers whether there was anything to do.
fn postpone_irrevocable(proposed: &mut [Proposed], order: &[usize]) -> bool {
    let Some(&first) = order.iter().find(|&&at| proposed[at].is_irrevocable()) else { return false };
    let successors = successors(proposed);
    let mut is_late = vec![false; proposed.len()];
    for &at in order {
        is_late[at] |= proposed[at].is_irrevocable();
        if is_late[at] {
            successors[at].iter().for_each(|&next| is_late[next] = true);
        }
    }
    let is_last_early = |&at: &usize| !is_late[at] && successors[at].iter().all(|&next| is_late[next]);
    let awaited: Vec<usize> = (0..proposed.len()).filter(is_last_early).collect();
    for (at, step) in proposed.iter_mut().enumerate().filter(|(_, step)| step.is_irrevocable()) {
        match at == first {
            true => step.needs.extend(&awaited),
            false => step.needs.push(first),
        }
        step.needs.sort_unstable();
        step.needs.dedup();
    }
    true
}

/// Steps by number, each with the weight of the longest chain that waits for it.
fn renumbered(proposed: Vec<Proposed>, order: &[usize]) -> Vec<Step> {
    let mut number_of = vec![0_u32; proposed.len()];
    for (number, &at) in order.iter().enumerate() {
        number_of[at] = u32::try_from(number).unwrap_or(u32::MAX);
    }
    let weights = weights(&proposed, order);
    let mut proposed: Vec<Option<(Proposed, u64)>> = proposed.into_iter().zip(weights).map(Some).collect();
    let in_order = order.iter().filter_map(|&at| proposed[at].take());
    in_order
        .map(|(step, weight)| {
            let mut needs: Vec<StepId> = step.needs.iter().map(|&needed| StepId(number_of[needed])).collect();
            needs.sort_unstable();
            let Proposed { address, provider, operation, undo, .. } = step;
            Step { address, provider, operation, needs, undo, weight }
        })
        .collect()
}

fn weights(proposed: &[Proposed], order: &[usize]) -> Vec<u64> {
    let mut weights: Vec<u64> = vec![0; proposed.len()];
    for &at in order.iter().rev() {
        weights[at] = weights[at].saturating_add(proposed[at].typical);
        for &needed in &proposed[at].needs {
            weights[needed] = weights[needed].max(weights[at]);
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, needs: &[usize], undo: Undo) -> Proposed {
        Proposed {
            address: ResourceAddress::managed("value", name),
            provider: "test".to_owned(),
            operation: Operation::Delete { deposed: None },
            undo,
            needs: needs.to_vec(),
            typical: 10,
        }
    }

    fn impossible() -> Undo {
        Undo::Impossible { why: "it holds data".to_owned() }
    }

    fn names(steps: &[Step]) -> Vec<&str> {
        steps.iter().map(|step| step.address.name.as_str()).collect()
    }

    #[test]
    fn needs_come_first_and_the_list_decides_otherwise() {
        let steps =
            number(vec![step("c", &[1], Undo::Nothing), step("a", &[], Undo::Nothing), step("b", &[], Undo::Nothing)]);
        let steps = steps.unwrap();
        assert_eq!(names(&steps), ["a", "c", "b"]);
        assert_eq!(steps[1].needs, [StepId(0)]);
        assert_eq!(steps.iter().map(|step| step.weight).collect::<Vec<_>>(), [20, 10, 10]);
    }

    #[test]
    fn what_cannot_be_undone_waits_for_the_rest() {
        let steps = number(vec![
            step("gone", &[], impossible()),
            step("after", &[0], Undo::Recreate),
            step("a", &[], Undo::Recreate),
            step("b", &[2], Undo::Recreate),
            step("also", &[], impossible()),
        ]);
        assert_eq!(names(&steps.unwrap()), ["a", "b", "gone", "after", "also"]);
    }

    #[test]
    fn steps_that_wait_for_each_other_are_named() {
        let stuck = number(vec![step("b", &[1], Undo::Nothing), step("a", &[0], Undo::Nothing)]).unwrap_err();
        assert_eq!(stuck, [ResourceAddress::managed("value", "a"), ResourceAddress::managed("value", "b")]);
    }
}
