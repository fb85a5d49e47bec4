//! `--target`, `--exclude` and `--replace`: which instances a plan is about.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::draft::Draft;
use super::graph::{Declarations, Item};
use super::request::Request;
use crate::model::address::ResourceAddress;
use crate::model::diagnostic::{Diagnostic, did_you_mean};
use crate::model::snapshot::Snapshot;
use crate::model::stack::Stack;

/// The instances that a plan is about.
pub(super) struct Selection<'a> {
    targets: &'a [ResourceAddress],
    excludes: &'a [ResourceAddress],
    /// Declarations that a target depends on, and those that depend on something excluded.
    needed: HashSet<Item<'a>>,
    dropped: HashSet<Item<'a>>,
    /// The same for single instances.
    needed_instances: HashSet<ResourceAddress>,
    dropped_instances: HashSet<ResourceAddress>,
}

impl<'a> Selection<'a> {
    /// The selection of exactly what the patterns name.
    pub fn of_patterns(request: &Request<'a>) -> Self {
        Self {
            targets: &request.options.targets,
            excludes: &request.options.excludes,
            needed: HashSet::new(),
            dropped: HashSet::new(),
            needed_instances: HashSet::new(),
            dropped_instances: HashSet::new(),
        }
    }

    /// The selection among the declarations of a stack. What a target depends on is taken declaration by declaration.
    pub fn of_stack(request: &Request<'a>, stack: &'a Stack, declarations: &Declarations<'a, '_>) -> Self {
        let mut selection = Self::of_patterns(request);
        let targeted = matching(stack, selection.targets);
        selection.needed = declarations.needed_by(targeted.into_iter().flat_map(|item| declarations.before(item)));
        let excluded = matching(stack, selection.excludes);
        selection.dropped = declarations.that_need(excluded.into_iter().flat_map(|item| declarations.after(item)));
        selection
    }

    /// The selection among instances, of which each comes with what it depends on.
    pub fn of_instances(
        request: &Request<'a>,
        dependencies: &HashMap<ResourceAddress, BTreeSet<ResourceAddress>>,
    ) -> Self {
        let mut selection = Self::of_patterns(request);
        let matched = |patterns: &[ResourceAddress]| -> Vec<ResourceAddress> {
            let is_matched = |address: &&ResourceAddress| patterns.iter().any(|pattern| address.is_matched_by(pattern));
            dependencies.keys().filter(is_matched).cloned().collect()
        };
        selection.needed_instances = closure(matched(selection.targets), dependencies);
        selection.dropped_instances = closure(matched(selection.excludes), &reversed(dependencies));
        selection
    }

    /// The selection of what is to be destroyed: a target takes everything along that is recorded to depend on it.
    pub fn of_records(request: &Request<'a>, snapshot: &Snapshot) -> Self {
        let recorded = snapshot.records.iter().map(|(address, record)| {
            let objects = record.object.iter().chain(record.deposed.values());
            (address.clone(), objects.flat_map(|object| object.dependencies.iter().cloned()).collect())
        });
        let dependencies: HashMap<ResourceAddress, BTreeSet<ResourceAddress>> = recorded.collect();
        // Seen from the end: what depends on a target is what its destruction needs.
        Self::of_instances(request, &reversed(&dependencies))
    }

    /// Whether the plan is about an instance. `declared` is its declaration, where there is one.
    pub fn contains(&self, address: &ResourceAddress, declared: Option<Item<'_>>) -> bool {
        let names = |patterns: &[ResourceAddress]| patterns.iter().any(|pattern| address.is_matched_by(pattern));
        let is_needed =
            declared.is_some_and(|item| self.needed.contains(&item)) || self.needed_instances.contains(address);
        let is_dropped =
            declared.is_some_and(|item| self.dropped.contains(&item)) || self.dropped_instances.contains(address);
        let is_targeted = self.targets.is_empty() || is_needed || names(self.targets);
        is_targeted && !is_dropped && !names(self.excludes)
    }

    /// Whether the plan leaves anything out.
    pub fn is_partial(&self) -> bool {
        !self.targets.is_empty() || !self.excludes.is_empty()
    }
}

/// The declarations that patterns name.
fn matching<'a>(stack: &'a Stack, patterns: &[ResourceAddress]) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    for pattern in patterns {
        let path: Vec<&str> = pattern.scope.iter().map(|step| step.name.as_str()).collect();
        for (at, module) in stack.modules.iter().enumerate().filter(|(_, module)| module.path == path) {
            let names = |index: &usize| {
                let declaration = &module.resources[*index];
                declaration.mode == pattern.mode && declaration.kind == pattern.kind && declaration.name == pattern.name
            };
            items.extend((0..module.resources.len()).filter(names).map(|index| Item::Declaration(at, index)));
        }
    }
    items
}

type Edges = HashMap<ResourceAddress, BTreeSet<ResourceAddress>>;

fn reversed(edges: &Edges) -> Edges {
    let mut reversed: Edges = edges.keys().map(|address| (address.clone(), BTreeSet::new())).collect();
    for (from, targets) in edges {
        for to in targets {
            reversed.entry(to.clone()).or_default().insert(from.clone());
        }
    }
    reversed
}

fn closure(start: Vec<ResourceAddress>, edges: &Edges) -> HashSet<ResourceAddress> {
    let mut reached = HashSet::new();
    let mut pending = start;
    while let Some(address) = pending.pop() {
        if let Some(next) = edges.get(&address) {
            pending.extend(next.iter().filter(|next| !reached.contains(*next)).cloned());
        }
        reached.insert(address);
    }
    reached
}

/// Reports the patterns that name nothing.
pub(super) fn refuse_unmatched(draft: &mut Draft<'_>) {
    let options = draft.request.options;
    let patterns = [("--target", &options.targets), ("--exclude", &options.excludes), ("--replace", &options.replace)];
    let mut problems = Vec::new();
    for (flag, pattern) in patterns.into_iter().flat_map(|(flag, list)| list.iter().map(move |pattern| (flag, pattern)))
    {
        if draft.by_address.keys().any(|address| address.is_matched_by(pattern)) {
            continue;
        }
        let detail = format!("`{flag}` names {pattern}, and there is no such resource");
        let problem = Diagnostic::error("unknown-address", "an address names nothing", detail);
        let mut names: Vec<String> = draft.by_block.keys().map(ToString::to_string).collect();
        names.sort();
        let near = did_you_mean(&pattern.to_string(), names.iter().map(String::as_str)).map(str::to_owned);
        problems.push(match near {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("`siac plan` without it shows the addresses"),
        });
    }
    draft.problems.extend(problems);
}

/// Says that the plan is not the whole one.
pub(super) fn note_partial(draft: &mut Draft<'_>, selection: &Selection<'_>) {
    if selection.is_partial() {
        draft.note("partial", "only a part of the stack was looked at; the rest stays as it is recorded", None);
    }
}
