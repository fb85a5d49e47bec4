//! The declarations of a stack as a graph, and an order in which each can be evaluated.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{Graph, NodeIndex};

use super::modules::Names;
use crate::language::references::{Reference, references};
use crate::model::address::Mode;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::expression::{Expression, Place};
use crate::model::path::{Path, Segment};
use crate::model::stack::{ComponentDeclaration, Declaration, Module, ModuleCall, Stack};

/// Something that is evaluated. Modules and declarations are told by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Item<'a> {
    /// The instances of a module.
    Call(usize),
    /// A variable of a module.
    Variable(usize, &'a str),
    /// A local value of a module.
    Local(usize, &'a str),
    /// A resource or data source of a module.
    Declaration(usize, usize),
    /// A component of a module.
    Component(usize, usize),
    /// An output of a module.
    Output(usize, &'a str),
    /// Everything in a module.
    Everything(usize),
}

type Nodes<'a> = HashMap<Item<'a>, NodeIndex>;

/// A topological order that stays as near as it can to the order in which the nodes were added; nothing when there is a cycle.
pub(super) fn in_order<N>(graph: &Graph<N, ()>) -> Option<Vec<NodeIndex>> {
    let mut waiting: Vec<usize> = vec![0; graph.node_count()];
    graph.edge_indices().filter_map(|edge| graph.edge_endpoints(edge)).for_each(|(_, to)| waiting[to.index()] += 1);
    let mut ready: BinaryHeap<Reverse<NodeIndex>> =
        graph.node_indices().filter(|node| waiting[node.index()] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(graph.node_count());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for next in graph.neighbors_directed(node, Direction::Outgoing) {
            waiting[next.index()] -= 1;
            if waiting[next.index()] == 0 {
                ready.push(Reverse(next));
            }
        }
    }
    (order.len() == graph.node_count()).then_some(order)
}

/// The graph of a stack: an edge leads from what is needed to what needs it.
pub(super) struct Declarations<'a, 'n> {
    stack: &'a Stack,
    names: &'n [Names<'a>],
    graph: Graph<Item<'a>, ()>,
    nodes: Nodes<'a>,
}

impl<'a, 'n> Declarations<'a, 'n> {
    /// The graph of a stack.
    pub fn new(stack: &'a Stack, names: &'n [Names<'a>]) -> Self {
        let mut declarations = Self { stack, names, graph: Graph::new(), nodes: Nodes::new() };
        declarations.add_nodes();
        for (at, module) in stack.modules.iter().enumerate() {
            declarations.connect(at, module);
        }
        declarations
    }

    fn add_nodes(&mut self) {
        for (at, module) in self.stack.modules.iter().enumerate() {
            let variables = module.variables.keys().map(|name| Item::Variable(at, name));
            let locals = module.locals.keys().map(|name| Item::Local(at, name));
            let resources = (0..module.resources.len()).map(|index| Item::Declaration(at, index));
            let outputs = module.outputs.keys().map(|name| Item::Output(at, name));
            let components = (0..module.components.len()).map(|index| Item::Component(at, index));
            let inside = variables.chain(locals).chain(resources).chain(components).chain(outputs);
            for item in [Item::Call(at)].into_iter().chain(inside).chain([Item::Everything(at)]) {
                let node = self.graph.add_node(item);
                self.nodes.insert(item, node);
            }
        }
    }

    fn edge(&mut self, from: Item<'a>, to: Item<'a>) {
        if let (Some(&from), Some(&to)) = (self.nodes.get(&from), self.nodes.get(&to)) {
            self.graph.add_edge(from, to, ());
        }
    }

    fn connect(&mut self, at: usize, module: &'a Module) {
        if let Some(call) = &module.call {
            self.connect_call(at, module, call);
        }
        for (name, variable) in &module.variables {
            self.edge(Item::Call(at), Item::Variable(at, name));
            for rule in &variable.rules {
                // A rule speaks of its own variable.
                self.needs_besides(at, &rule.condition, Item::Variable(at, name));
                self.needs_besides(at, &rule.message, Item::Variable(at, name));
            }
        }
        for (name, value) in &module.locals {
            self.edge(Item::Call(at), Item::Local(at, name));
            self.needs(at, value, Item::Local(at, name));
        }
        for (index, declaration) in module.resources.iter().enumerate() {
            self.connect_declaration(at, declaration, Item::Declaration(at, index));
            self.edge(Item::Declaration(at, index), Item::Everything(at));
        }
        for (index, component) in module.components.iter().enumerate() {
            self.connect_component(at, component, Item::Component(at, index));
            self.edge(Item::Component(at, index), Item::Everything(at));
        }
        for (name, output) in &module.outputs {
            self.edge(Item::Call(at), Item::Output(at, name));
            self.needs(at, &output.value, Item::Output(at, name));
            self.edge(Item::Output(at, name), Item::Everything(at));
        }
    }

    fn connect_call(&mut self, at: usize, module: &'a Module, call: &'a ModuleCall) {
        self.edge(Item::Call(call.caller), Item::Call(at));
        self.edge(Item::Call(at), Item::Everything(at));
        self.edge(Item::Everything(at), Item::Everything(call.caller));
        for expression in call.for_each.iter().chain(&call.when) {
            self.needs(call.caller, expression, Item::Call(at));
        }
        for dependency in &call.depends_on {
            self.named(call.caller, &dependency.reference, Item::Call(at));
        }
        for (name, argument) in &call.arguments {
            if let Some((name, _)) = module.variables.get_key_value(name) {
                self.needs(call.caller, argument, Item::Variable(at, name));
            }
        }
    }

    fn connect_declaration(&mut self, at: usize, declaration: &'a Declaration, item: Item<'a>) {
        self.edge(Item::Call(at), item);
        let conditions = declaration.for_each.iter().chain(&declaration.when);
        for expression in conditions.chain(declaration.body.values()) {
            self.needs(at, expression, item);
        }
        for dependency in &declaration.depends_on {
            self.named(at, &dependency.reference, item);
        }
        for trigger in &declaration.lifecycle.replace_triggered_by {
            self.named(at, trigger, item);
        }
    }

    fn connect_component(&mut self, at: usize, component: &'a ComponentDeclaration, item: Item<'a>) {
        self.edge(Item::Call(at), item);
        for expression in component.expressions() {
            self.needs(at, expression, item);
        }
        for dependency in &component.depends_on {
            self.named(at, &dependency.reference, item);
        }
        for change in &component.overrides {
            for trigger in change.lifecycle.iter().flat_map(|lifecycle| &lifecycle.replace_triggered_by) {
                self.named(at, trigger, item);
            }
        }
    }

    fn needs(&mut self, module: usize, expression: &Expression, item: Item<'a>) {
        for reference in references(expression) {
            for needed in self.items(module, &reference) {
                self.edge(needed, item);
            }
        }
    }

    fn needs_besides(&mut self, module: usize, expression: &Expression, item: Item<'a>) {
        for reference in references(expression) {
            for needed in self.items(module, &reference).into_iter().filter(|needed| *needed != item) {
                self.edge(needed, item);
            }
        }
    }

    /// An edge from what a written reference names: an entry of `depends_on` or `replace_triggered_by`.
    fn named(&mut self, module: usize, written: &str, item: Item<'a>) {
        let Ok(Path(mut segments)) = written.parse::<Path>() else { return };
        let Segment::Key(root) = segments.remove(0) else { return };
        for needed in self.items_of(module, &root, &segments) {
            if needed != item {
                self.edge(needed, item);
            }
        }
    }

    fn items(&self, module: usize, reference: &Reference) -> Vec<Item<'a>> {
        self.items_of(module, &reference.root, &reference.steps)
    }

    /// What a reference needs to be evaluated.
    fn items_of(&self, module: usize, root: &str, steps: &[Segment]) -> Vec<Item<'a>> {
        let declared: &'a Module = &self.stack.modules[module];
        let key = |at: usize| match steps.get(at) {
            Some(Segment::Key(key)) => key.as_str(),
            _ => "",
        };
        let declaration = |mode, kind: &str, name: &str| {
            let found = self.names[module].declarations.get(&(mode, kind, name));
            found.map(|&at| Item::Declaration(module, at)).into_iter().collect()
        };
        match root {
            "var" => declared
                .variables
                .get_key_value(key(0))
                .map(|(name, _)| Item::Variable(module, name))
                .into_iter()
                .collect(),
            "local" => {
                declared.locals.get_key_value(key(0)).map(|(name, _)| Item::Local(module, name)).into_iter().collect()
            }
            "module" => self.items_of_module(module, key(0), key(1)),
            "component" => {
                let found = self.names[module].components.get(key(0));
                found.map(|&at| Item::Component(module, at)).into_iter().collect()
            }
            "data" => declaration(Mode::Data, key(0), key(1)),
            "secret" | "flag" | "stack" | "path" | "each" => Vec::new(),
            kind => declaration(Mode::Managed, kind, key(0)),
        }
    }

    fn items_of_module(&self, module: usize, name: &str, output: &str) -> Vec<Item<'a>> {
        let Some(&called) = self.names[module].calls.get(name) else { return Vec::new() };
        let callee: &'a Module = &self.stack.modules[called];
        let is_keyed = callee.call.as_ref().is_some_and(|call| call.for_each.is_some());
        match callee.outputs.get_key_value(output) {
            Some((output, _)) if !is_keyed => vec![Item::Call(called), Item::Output(called, output)],
            // All outputs, and for `depends_on` all resources.
            _ => vec![Item::Everything(called)],
        }
    }

    /// An order in which each item comes after what it needs.
    pub fn order(&self, problems: &mut Diagnostics) -> Option<Vec<Item<'a>>> {
        let order = in_order(&self.graph);
        if order.is_none() {
            problems.push(self.cycle());
        }
        Some(order?.into_iter().map(|node| self.graph[node]).collect())
    }

    /// What an item needs directly.
    pub fn before(&self, item: Item<'a>) -> Vec<Item<'a>> {
        self.neighbours(item, Direction::Incoming)
    }

    /// What needs an item directly.
    pub fn after(&self, item: Item<'a>) -> Vec<Item<'a>> {
        self.neighbours(item, Direction::Outgoing)
    }

    fn neighbours(&self, item: Item<'a>, direction: Direction) -> Vec<Item<'a>> {
        let nodes = self.nodes.get(&item).into_iter();
        nodes.flat_map(|&node| self.graph.neighbors_directed(node, direction)).map(|node| self.graph[node]).collect()
    }

    /// Everything that these items need, themselves included.
    pub fn needed_by(&self, items: impl IntoIterator<Item = Item<'a>>) -> HashSet<Item<'a>> {
        self.reached(items, Direction::Incoming)
    }

    /// Everything that needs these items, themselves included.
    pub fn that_need(&self, items: impl IntoIterator<Item = Item<'a>>) -> HashSet<Item<'a>> {
        self.reached(items, Direction::Outgoing)
    }

    fn reached(&self, items: impl IntoIterator<Item = Item<'a>>, direction: Direction) -> HashSet<Item<'a>> {
        let mut reached: HashSet<Item<'a>> = HashSet::new();
        let mut pending: Vec<NodeIndex> = items.into_iter().filter_map(|item| self.nodes.get(&item).copied()).collect();
        while let Some(node) = pending.pop() {
            if reached.insert(self.graph[node]) {
                pending.extend(self.graph.neighbors_directed(node, direction));
            }
        }
        reached
    }

    fn cycle(&self) -> Diagnostic {
        let path = self.shortest_cycle();
        let names: Vec<String> = path.iter().map(|item| self.name(*item)).collect();
        let detail = format!("each of these waits for the next: {}", names.join(" → "));
        let mut problem = Diagnostic::error("cycle", "references form a cycle", detail)
            .help("remove one of the references, or split one of the resources in two");
        for item in path.iter().skip(1) {
            problem = problem.label(self.place(*item).0, self.name(*item));
        }
        problem
    }

    /// A cycle inside the smallest strongly connected component, from a node back to itself, each item needing the next.
    fn shortest_cycle(&self) -> Vec<Item<'a>> {
        let is_cycle = |component: &Vec<NodeIndex>| {
            component.len() > 1 || component.iter().any(|&node| self.graph.find_edge(node, node).is_some())
        };
        let components = kosaraju_scc(&self.graph).into_iter().filter(is_cycle);
        let Some(component) = components.min_by_key(|component| (component.len(), component.iter().min().copied()))
        else {
            return Vec::new();
        };
        let inside: HashSet<NodeIndex> = component.iter().copied().collect();
        let start = component.into_iter().min().unwrap_or_default();
        let mut came_from: HashMap<NodeIndex, NodeIndex> = HashMap::new();
        let mut pending = VecDeque::from([start]);
        while let Some(node) = pending.pop_front() {
            let mut needed: Vec<NodeIndex> = self.graph.neighbors_directed(node, Direction::Incoming).collect();
            needed.sort_unstable();
            for next in needed.into_iter().filter(|next| inside.contains(next)) {
                if next == start {
                    return self.walked(start, node, &came_from);
                }
                came_from.entry(next).or_insert_with(|| {
                    pending.push_back(next);
                    node
                });
            }
        }
        Vec::new()
    }

    fn walked(&self, start: NodeIndex, end: NodeIndex, came_from: &HashMap<NodeIndex, NodeIndex>) -> Vec<Item<'a>> {
        let mut path = vec![self.graph[start], self.graph[end]];
        let mut at = end;
        while at != start {
            let Some(&before) = came_from.get(&at) else { break };
            path.push(self.graph[before]);
            at = before;
        }
        if end == start {
            path.truncate(2);
        }
        path.reverse();
        path
    }

    fn name(&self, item: Item<'_>) -> String {
        let within = |module: usize, name: String| match self.stack.modules[module].path.as_slice() {
            [] => name,
            path => format!("module.{}.{name}", path.join(".module.")),
        };
        match item {
            Item::Call(module) | Item::Everything(module) => {
                format!("module.{}", self.stack.modules[module].path.join(".module."))
            }
            Item::Variable(module, name) => within(module, format!("var.{name}")),
            Item::Local(module, name) => within(module, format!("local.{name}")),
            Item::Output(module, name) => within(module, format!("output.{name}")),
            Item::Declaration(module, at) => {
                let declaration = &self.stack.modules[module].resources[at];
                let data = if declaration.mode == Mode::Data { "data." } else { "" };
                within(module, format!("{data}{}.{}", declaration.kind, declaration.name))
            }
            Item::Component(module, at) => {
                within(module, format!("component.{}", self.stack.modules[module].components[at].name))
            }
        }
    }

    fn place(&self, item: Item<'_>) -> Place {
        let module = |at: usize| &self.stack.modules[at];
        match item {
            Item::Call(at) | Item::Everything(at) => {
                module(at).call.as_ref().map(|call| call.place).unwrap_or_default()
            }
            Item::Variable(at, name) => module(at).variables.get(name).map(|it| it.place).unwrap_or_default(),
            Item::Local(at, name) => module(at).locals.get(name).map(|it| it.place).unwrap_or_default(),
            Item::Output(at, name) => module(at).outputs.get(name).map(|it| it.place).unwrap_or_default(),
            Item::Declaration(at, index) => module(at).resources[index].place,
            Item::Component(at, index) => module(at).components[index].place,
        }
    }
}
