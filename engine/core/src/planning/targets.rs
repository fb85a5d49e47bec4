//! `--target`, `--exclude` and `--replace`: which instances a plan is about.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::draft::Draft;
use super::graph::{Declarations, Item};
use super::instance::Course;
use super::request::{Goal, Request};
use crate::model::address::{AddressPattern, ResourceAddress, ScopeKind, ScopeStep};
use crate::model::diagnostic::{Diagnostic, did_you_mean};
use crate::model::snapshot::Snapshot;
use crate::model::stack::{Declaration, Module, Stack};

/// The instances that a plan is about.
pub(super) struct Selection<'a> {
    targets: &'a [AddressPattern],
    excludes: &'a [AddressPattern],
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
        let matched = |patterns: &[AddressPattern]| -> Vec<ResourceAddress> {
            let is_matched = |address: &&ResourceAddress| patterns.iter().any(|pattern| pattern.matches(address));
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
        let names = |patterns: &[AddressPattern]| patterns.iter().any(|pattern| pattern.matches(address));
        let is_needed =
            declared.is_some_and(|item| self.needed.contains(&item)) || self.needed_instances.contains(address);
        let is_dropped =
            declared.is_some_and(|item| self.dropped.contains(&item)) || self.dropped_instances.contains(address);
        let is_targeted = self.targets.is_empty() || is_needed || names(self.targets);
        is_targeted && !is_dropped && !names(self.excludes)
    }

    /// Which parts of one component the plan is about: what a targeted part needs of the others comes along, what needs an excluded part stays
    /// behind. Each part comes after those that it needs, which are told by index.
    pub fn parts(&self, item: Item<'_>, parts: &[(&ResourceAddress, Vec<usize>)]) -> Vec<bool> {
        let mut selected: Vec<bool> = parts.iter().map(|(address, _)| self.contains(address, Some(item))).collect();
        for at in (0..parts.len()).rev().filter(|_| !self.targets.is_empty()) {
            if selected[at] {
                parts[at].1.iter().for_each(|&needed| selected[needed] = true);
            }
        }
        let is_excluded = |address: &ResourceAddress| self.excludes.iter().any(|pattern| pattern.matches(address));
        for (at, (address, needed)) in parts.iter().enumerate().filter(|_| !self.excludes.is_empty()) {
            selected[at] &= !is_excluded(address) && needed.iter().all(|&needed| selected[needed]);
        }
        selected
    }

    /// Whether the plan may be about anything within a scope, keys left aside. `item` declares what is in there.
    pub fn reaches(&self, item: Item<'_>, scope: &[ScopeStep]) -> bool {
        let is_named = |have: &[ScopeStep], wanted: &[ScopeStep]| {
            have.iter().zip(wanted).all(|(have, wanted)| have.kind == wanted.kind && have.name == wanted.name)
        };
        let touches = |pattern: &AddressPattern| match pattern {
            AddressPattern::Resource(_) => pattern.scope().len() >= scope.len() && is_named(pattern.scope(), scope),
            AddressPattern::Within(within) => is_named(within, scope),
        };
        let covers = |pattern: &AddressPattern| {
            matches!(pattern, AddressPattern::Within(within) if within.len() <= scope.len()
                && scope.iter().zip(within).all(|(have, wanted)| have.is_matched_by(wanted)))
        };
        let is_targeted = self.targets.is_empty() || self.needed.contains(&item) || self.targets.iter().any(touches);
        is_targeted && !self.dropped.contains(&item) && !self.excludes.iter().any(covers)
    }

    /// Whether the plan leaves anything out.
    pub fn is_partial(&self) -> bool {
        !self.targets.is_empty() || !self.excludes.is_empty()
    }
}

/// The declarations that patterns name; of a component, the whole of it.
fn matching<'a>(stack: &'a Stack, patterns: &[AddressPattern]) -> Vec<Item<'a>> {
    let modules = || stack.modules.iter().enumerate();
    patterns.iter().flat_map(|pattern| modules().flat_map(move |(at, module)| named_in(at, module, pattern))).collect()
}

fn named_in<'a>(at: usize, module: &'a Module, pattern: &AddressPattern) -> Vec<Item<'a>> {
    let (modules, below) = pattern.scope().split_at(
        pattern.scope().iter().position(|step| step.kind == ScopeKind::Component).unwrap_or(pattern.scope().len()),
    );
    let is_around =
        module.path.len() >= modules.len() && module.path.iter().zip(modules).all(|(name, step)| *name == step.name);
    let is_here = is_around && module.path.len() == modules.len();
    let components = || (0..module.components.len()).map(move |index| Item::Component(at, index));
    let declarations = || (0..module.resources.len()).map(move |index| Item::Declaration(at, index));
    match (below.first(), pattern) {
        (Some(component), _) => {
            let named = module.components.iter().position(|other| other.name == component.name).filter(|_| is_here);
            named.map(|index| Item::Component(at, index)).into_iter().collect()
        }
        (None, AddressPattern::Within(_)) => components().chain(declarations()).filter(|_| is_around).collect(),
        (None, AddressPattern::Resource(pattern)) => {
            let names = |declaration: &Declaration| {
                declaration.mode == pattern.mode && declaration.kind == pattern.kind && declaration.name == pattern.name
            };
            let named = module.resources.iter().enumerate().filter(|(_, declaration)| is_here && names(declaration));
            named.map(|(index, _)| Item::Declaration(at, index)).collect()
        }
    }
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
        if draft.by_address.keys().any(|address| pattern.matches(address)) {
            continue;
        }
        let what = match pattern {
            AddressPattern::Resource(_) => "no such resource",
            AddressPattern::Within(_) => "nothing of that name",
        };
        let detail = format!("`{flag}` names {pattern}, and there is {what}");
        let problem = Diagnostic::error("unknown-address", "an address names nothing", detail);
        let mut names: Vec<String> = draft.by_block.keys().flat_map(|address| names(address, pattern)).collect();
        names.sort();
        names.dedup();
        let near = did_you_mean(&pattern.to_string(), names.iter().map(String::as_str)).map(str::to_owned);
        problems.push(match near {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("`siac plan` without it shows the addresses"),
        });
    }
    draft.problems.extend(problems);
}

/// The names of the same sort as a pattern's that lead to an address.
fn names(address: &ResourceAddress, pattern: &AddressPattern) -> Vec<String> {
    match pattern {
        AddressPattern::Resource(_) => vec![address.to_string()],
        AddressPattern::Within(_) => {
            let within = |depth| AddressPattern::Within(address.scope[..depth].to_vec()).to_string();
            (1..=address.scope.len()).map(within).collect()
        }
    }
}

/// Says that the plan is not the whole one.
pub(super) fn note_partial(draft: &mut Draft<'_>, selection: &Selection<'_>) {
    if selection.is_partial() {
        draft.note("partial", "only a part of the stack was looked at; the rest stays as it is recorded", None);
        note_left_out(draft);
    }
}

/// Says which replacements were asked for and are not done, because what they name is not a part of the plan.
fn note_left_out(draft: &mut Draft<'_>) {
    for pattern in &draft.request.options.replace {
        let mut named = draft.instances.iter().filter(|instance| pattern.matches(&instance.address));
        if named.all(|instance| instance.course == Course::Keep && instance.becoming.is_none()) {
            let text =
                format!("`--replace` names {pattern}, which `--target` or `--exclude` leaves out: it is not replaced");
            draft.note("left-out", text, None);
        }
    }
}

/// Says which imports adopt nothing, because there is no instance of that key.
pub(super) fn note_unused_imports(draft: &mut Draft<'_>) {
    let Goal::Stack(stack) = draft.request.goal else { return };
    let unused = stack.imports.iter().map(|import| &import.to);
    let unused: Vec<&ResourceAddress> = unused.filter(|to| !draft.by_address.contains_key(*to)).collect();
    for to in unused {
        let text = format!("an import names {to}, of which there is no instance: nothing is adopted");
        draft.note("unused-import", text, Some(to));
    }
}
