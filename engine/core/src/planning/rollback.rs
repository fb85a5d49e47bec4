//! A kept snapshot as a wish: its records say what is wanted, and are evaluated again with what there is today.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use petgraph::graph::{Graph, NodeIndex};

use super::data;
use super::decide::{self, Wish};
use super::draft::Draft;
use super::graph::in_order;
use super::outputs::Wanted as WantedOutput;
use super::targets::Selection;
use super::walk::addresses_in;
use crate::model::address::{Mode, ResourceAddress};
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::Place;
use crate::model::snapshot::{Object, Snapshot};

/// Decides about everything that a kept snapshot has.
pub(super) fn walk<'a>(draft: &mut Draft<'a>, kept: &'a Snapshot) -> Option<Selection<'a>> {
    let objects = wanted(kept);
    let dependencies: HashMap<ResourceAddress, BTreeSet<ResourceAddress>> =
        objects.iter().map(|(address, object)| ((*address).clone(), needed_by(object))).collect();
    let Some(order) = order(&objects, &dependencies) else {
        let detail = format!("the records of snapshot {} depend on each other in a circle", kept.serial);
        draft
            .problems
            .push(Diagnostic::error("cycle", "records form a cycle", detail).help("roll back to another snapshot"));
        return None;
    };
    let selection = Selection::of_instances(draft.request, &dependencies);
    for (address, object) in order {
        let wish = Wish {
            address: address.clone(),
            provider: object.provider.clone(),
            configured: object.configured.clone(),
            is_usable: true,
            extra: object.dependencies.iter().cloned().collect(),
            lifecycle: object.lifecycle.clone(),
            place: Place::default(),
            body: None,
            folder: "",
        };
        match address.mode {
            _ if !selection.contains(address, None) => decide::untouched(draft, &wish),
            Mode::Data => data::decide(draft, wish),
            Mode::Managed => decide::managed(draft, wish, None),
        }
    }
    Some(selection)
}

/// Every managed object in use, and the data sources that one of them refers to.
fn wanted(kept: &Snapshot) -> Vec<(&ResourceAddress, &Object)> {
    let in_use = || kept.records.iter().filter_map(|(address, record)| Some((address, record.object.as_ref()?)));
    let managed = in_use().filter(|(address, _)| address.mode == Mode::Managed);
    let outputs = kept.outputs.values().flat_map(|output| addresses_in(&output.configured)).cloned();
    let mut mentioned: HashSet<ResourceAddress> =
        managed.clone().flat_map(|(_, object)| needed_by(object)).chain(outputs).collect();
    // Data may refer to data.
    let mut pending: Vec<ResourceAddress> = mentioned.iter().cloned().collect();
    while let Some(address) = pending.pop() {
        let object = kept.object(&address).filter(|_| address.mode == Mode::Data);
        for next in object.map(needed_by).into_iter().flatten() {
            if mentioned.insert(next.clone()) {
                pending.push(next);
            }
        }
    }
    in_use().filter(|(address, _)| address.mode == Mode::Managed || mentioned.contains(*address)).collect()
}

fn needed_by(object: &Object) -> BTreeSet<ResourceAddress> {
    let mut needed = addresses_in(&object.configured);
    needed.extend(&object.dependencies);
    needed.into_iter().cloned().collect()
}

/// The objects, each after what it depends on.
fn order<'k>(
    objects: &[(&'k ResourceAddress, &'k Object)],
    dependencies: &HashMap<ResourceAddress, BTreeSet<ResourceAddress>>,
) -> Option<Vec<(&'k ResourceAddress, &'k Object)>> {
    let mut graph: Graph<usize, ()> = Graph::new();
    let nodes: HashMap<&ResourceAddress, NodeIndex> =
        objects.iter().enumerate().map(|(at, (address, _))| (*address, graph.add_node(at))).collect();
    for (address, _) in objects {
        for needed in dependencies.get(*address).into_iter().flatten().filter(|needed| needed != address) {
            if let Some(&from) = nodes.get(needed) {
                graph.add_edge(from, nodes[address], ());
            }
        }
    }
    let order = in_order(&graph)?;
    Some(order.into_iter().map(|node| objects[graph[node]]).collect())
}

/// The outputs of a snapshot, as wishes.
pub(super) fn outputs(snapshot: &Snapshot) -> Vec<WantedOutput<'_>> {
    let wish = snapshot.outputs.iter().map(|(name, output)| WantedOutput {
        name: Cow::Borrowed(name),
        configured: output.configured.clone(),
        sensitive: output.sensitive,
        is_implied: false,
        is_usable: true,
        folder: "",
        place: Place::default(),
    });
    wish.collect()
}
