//! The graph of a stack as it is written: declarations, not instances, and what their expressions refer to.

use std::collections::{BTreeMap, BTreeSet};

use siac_core::language::references::{Reference, references};
use siac_core::model::address::{AddressPattern, Mode, ResourceAddress, ScopeKind, ScopeStep};
use siac_core::model::expression::Expression;
use siac_core::model::path::Segment;
use siac_core::model::stack::{ComponentDeclaration, Declaration, Module, Stack};

use super::{Graph, NodeKind, node_kind};

/// The declarations of a stack and what each needs. Locals, variables and outputs of modules are followed through.
pub fn of_stack(stack: &Stack) -> Graph {
    let mut graph = Graph::default();
    let (mut declared, mut components) = (BTreeMap::new(), BTreeMap::new());
    for (at, module) in stack.modules.iter().enumerate() {
        for declaration in &module.resources {
            let address = address(module, declaration);
            let node = graph.node(address.to_string(), node_kind(&address));
            declared.insert((at, declaration.mode, declaration.kind.as_str(), declaration.name.as_str()), node);
        }
        for component in &module.components {
            let step = ScopeStep { kind: ScopeKind::Component, name: component.name.clone(), key: None };
            let scope = AddressPattern::Within(scope(module).into_iter().chain([step]).collect());
            let node = graph.node(format!("{scope} ({})", component.kind), NodeKind::Component);
            components.insert((at, component.name.as_str()), node);
        }
    }
    let paths = stack.modules.iter().enumerate().map(|(at, module)| (module.path.as_slice(), at)).collect();
    let tracer = Tracer { stack, declared, components, paths };
    for (at, module) in stack.modules.iter().enumerate() {
        let around = tracer.needs_of_calls(at);
        for declaration in &module.resources {
            let by = tracer.declared[&(at, declaration.mode, declaration.kind.as_str(), declaration.name.as_str())];
            let needs = tracer.needs_of(at, declaration);
            needs.union(&around).for_each(|needed| graph.edge(*needed, by));
        }
        for component in &module.components {
            let by = tracer.components[&(at, component.name.as_str())];
            let needs = tracer.needs_of_component(at, component);
            needs.union(&around).for_each(|needed| graph.edge(*needed, by));
        }
    }
    graph
}

fn scope(module: &Module) -> Vec<ScopeStep> {
    let step = |name: &String| ScopeStep { kind: ScopeKind::Module, name: name.clone(), key: None };
    module.path.iter().map(step).collect()
}

fn address(module: &Module, declaration: &Declaration) -> ResourceAddress {
    ResourceAddress {
        scope: scope(module),
        mode: declaration.mode,
        kind: declaration.kind.clone(),
        name: declaration.name.clone(),
        key: None,
    }
}

struct Tracer<'a> {
    stack: &'a Stack,
    declared: BTreeMap<(usize, Mode, &'a str, &'a str), usize>,
    components: BTreeMap<(usize, &'a str), usize>,
    paths: BTreeMap<&'a [String], usize>,
}

/// What one search has come to: the nodes found, and the names already followed, which also ends cycles.
#[derive(Default)]
struct Found {
    nodes: BTreeSet<usize>,
    followed: BTreeSet<(usize, String)>,
}

impl<'a> Tracer<'a> {
    /// What a declaration refers to.
    fn needs_of(&self, module: usize, declaration: &'a Declaration) -> BTreeSet<usize> {
        let mut found = Found::default();
        let expressions = declaration.body.values().chain(&declaration.for_each).chain(&declaration.when);
        expressions.for_each(|expression| self.expression(module, expression, &mut found));
        declaration.depends_on.iter().for_each(|entry| self.written(module, &entry.reference, &mut found));
        found.nodes
    }

    /// What a component refers to.
    fn needs_of_component(&self, module: usize, component: &'a ComponentDeclaration) -> BTreeSet<usize> {
        let mut found = Found::default();
        component.expressions().for_each(|expression| self.expression(module, expression, &mut found));
        component.depends_on.iter().for_each(|entry| self.written(module, &entry.reference, &mut found));
        found.nodes
    }

    /// What everything inside a module needs because of the calls that lead there.
    fn needs_of_calls(&self, mut module: usize) -> BTreeSet<usize> {
        let mut found = Found::default();
        while let Some(call) = &self.stack.modules[module].call {
            call.for_each.iter().chain(&call.when).for_each(|part| self.expression(call.caller, part, &mut found));
            call.depends_on.iter().for_each(|entry| self.written(call.caller, &entry.reference, &mut found));
            // A caller always stands before what it calls; anything else would not end.
            if call.caller >= module {
                break;
            }
            module = call.caller;
        }
        found.nodes
    }

    fn expression(&self, module: usize, expression: &Expression, found: &mut Found) {
        references(expression).iter().for_each(|reference| self.reference(module, reference, found));
    }

    fn reference(&self, module: usize, reference: &Reference, found: &mut Found) {
        let names: Vec<&str> =
            std::iter::once(reference.root.as_str()).chain(reference.steps.iter().map_while(name)).collect();
        self.named(module, &names, found);
    }

    /// An entry of `depends_on`.
    fn written(&self, module: usize, reference: &str, found: &mut Found) {
        let bare = reference.split('[').next().unwrap_or_default();
        self.named(module, &bare.split('.').collect::<Vec<_>>(), found);
    }

    fn named(&self, module: usize, names: &[&str], found: &mut Found) {
        let here = &self.stack.modules[module];
        match names {
            ["local", name, ..] => {
                if let Some(value) = here.locals.get(*name).filter(|_| found.first_time(module, "local", name)) {
                    self.expression(module, value, found);
                }
            }
            ["var", name, ..] => {
                if let Some((caller, value)) =
                    here.call.as_ref().and_then(|call| Some((call.caller, call.arguments.get(*name)?)))
                    && found.first_time(module, "var", name)
                {
                    self.expression(caller, value, found);
                }
            }
            ["component", name, ..] => found.nodes.extend(self.components.get(&(module, *name))),
            ["module", name, rest @ ..] => self.module(module, name, rest, found),
            ["data", kind, name, ..] => found.nodes.extend(self.declared.get(&(module, Mode::Data, *kind, *name))),
            [kind, name, ..] => found.nodes.extend(self.declared.get(&(module, Mode::Managed, *kind, *name))),
            _ => {}
        }
    }

    /// One output of a module, behind an instance key or not, or everything in it when none is named.
    fn module(&self, caller: usize, name: &str, rest: &[&str], found: &mut Found) {
        let mut path = self.stack.modules[caller].path.clone();
        path.push(name.to_owned());
        let Some(called) = self.paths.get(path.as_slice()).copied() else { return };
        match rest.iter().take(2).find_map(|name| self.stack.modules[called].outputs.get_key_value(*name)) {
            Some((output, declaration)) if found.first_time(called, "output", output) => {
                self.expression(called, &declaration.value, found);
            }
            Some(_) => {}
            None => {
                let inside = |other: &usize| self.stack.modules[*other].path.starts_with(&path);
                let nodes = self.declared.iter().filter(|((other, ..), _)| inside(other)).map(|(_, node)| *node);
                found.nodes.extend(nodes);
                let nodes = self.components.iter().filter(|((other, _), _)| inside(other)).map(|(_, node)| *node);
                found.nodes.extend(nodes);
            }
        }
    }
}

impl Found {
    fn first_time(&mut self, module: usize, what: &str, name: &str) -> bool {
        self.followed.insert((module, format!("{what}.{name}")))
    }
}

/// A step that is a name; an instance key counts as one and is skipped by whoever reads only the first names.
fn name(step: &Segment) -> Option<&str> {
    match step {
        Segment::Key(name) => Some(name),
        Segment::Index(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use siac_core::language::load::{GivenVariables, Request, load};
    use siac_core::ports::{Catalogue, Catalogues};

    use super::*;
    use crate::arguments::GraphFormat;

    fn graph(files: &[(&str, &str)]) -> String {
        let provider = siac_provider_local::LocalProvider::with_program(".", ".siac", "siac");
        let catalogues = Catalogues::new([Arc::new(provider) as Arc<dyn Catalogue>]);
        let known: BTreeMap<String, Result<Arc<str>, String>> =
            files.iter().map(|(path, text)| ((*path).to_owned(), Ok(Arc::from(*text)))).collect();
        let variables = GivenVariables::default();
        let request = Request {
            entry: "a.toml",
            files: &known,
            variables: &variables,
            environment: None,
            realised_by: &BTreeMap::new(),
            version: "0.1.0",
            catalogues: &catalogues,
        };
        let loaded = load(&request);
        assert_eq!(loaded.wants, Vec::<String>::new());
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        of_stack(&loaded.stack.unwrap()).write(GraphFormat::Dot)
    }

    #[test]
    fn references_are_followed_through_locals_and_modules() {
        let root = r#"
[stack]
name = "a"
[locals]
first = "${local_value.one.output}"
[resource.local_value.one]
input = "1"
[resource.local_value.two]
input = "${local.first}"
[resource.local_value.three]
input      = "x"
depends_on = ["module.inner"]
[resource.local_value.four]
input = "${module.inner.said}"
[component.api]
kind        = "rest-api"
source      = "api"
entry       = "server.js"
environment = { WORD = "${local.first}" }
[resource.local_value.five]
input = "${component.api.url}"
[module.inner]
source = "inner.toml"
word   = "${local_value.two.output}"
"#;
        let inner = r#"
[variable.word]
type = "string"
[resource.local_value.deep]
input = "${var.word}"
[resource.local_value.alone]
input = "y"
[output.said]
value = "${local_value.deep.output}"
"#;
        let dot = graph(&[("a.toml", root), ("inner.toml", inner)]);
        let number = |label: &str| {
            let line = dot
                .lines()
                .find(|line| line.contains(&format!("\"{label}\"")))
                .unwrap_or_else(|| panic!("{label}: {dot}"));
            line.split_whitespace().next().unwrap().to_owned()
        };
        let edge = |needed: &str, by: &str| dot.contains(&format!("{} -> {}\n", number(needed), number(by)));
        assert!(edge("local_value.one", "local_value.two"), "{dot}");
        assert!(edge("local_value.two", "module.inner.local_value.deep"), "{dot}");
        assert!(edge("module.inner.local_value.deep", "local_value.four"), "{dot}");
        assert!(edge("module.inner.local_value.alone", "local_value.three"), "{dot}");
        assert!(!edge("module.inner.local_value.alone", "local_value.four"), "{dot}");
        assert!(edge("local_value.one", "component.api (rest-api)"), "{dot}");
        assert!(edge("component.api (rest-api)", "local_value.five"), "{dot}");
        assert_eq!(dot.matches(" -> ").count(), 7, "{dot}");
    }
}
