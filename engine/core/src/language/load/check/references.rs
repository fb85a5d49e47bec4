//! References against what is declared.

use crate::language::functions::misuses;
use crate::language::load::fields::listed;
use crate::language::references::{Reference, references};
use crate::model::address::Mode;
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::model::expression::Expression;
use crate::model::path::{Path, Segment};
use crate::model::stack::{ComponentDeclaration, Declaration, Dependency, Module, Stack};
use crate::ports::Catalogues;

/// Roots of references that are no kinds.
const ROOTS: [&str; 10] = ["var", "local", "secret", "flag", "stack", "path", "each", "data", "module", "component"];

/// Where an expression stands, which decides what it may refer to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// An attribute or argument of something with or without instances.
    Inside { each: bool },
    /// `for_each` or `when`, whose values are shown.
    Shown(&'static str),
    /// Anywhere else.
    Free,
    /// An output that is not sensitive.
    PlainOutput,
}

/// Checks the references of one module.
pub(super) struct Checker<'a> {
    pub(super) stack: &'a Stack,
    pub(super) module: &'a Module,
    pub(super) index: usize,
    pub(super) catalogues: &'a Catalogues,
    pub(super) problems: &'a mut Diagnostics,
}

/// `[state]` and provider tables see variables, locals, environment and files, nothing later.
pub(super) fn state_and_providers(stack: &Stack, problems: &mut Diagnostics) {
    let configs = stack.providers.values().flat_map(|instance| instance.config.values());
    let expressions: Vec<&Expression> = stack.state.values().chain(configs).collect();
    problems.extend(expressions.iter().flat_map(|expression| misuses(expression)));
    for reference in expressions.into_iter().flat_map(references) {
        if !["var", "local", "stack", "path"].contains(&reference.root.as_str()) {
            let detail = format!("`{}` is not known yet where state and providers are configured", written(&reference));
            let problem = Diagnostic::error("too-late", "a reference comes too late", detail).at(reference.span);
            problems.push(problem.help("only variables, locals, `stack` and files can be used here"));
        }
    }
}

fn written(reference: &Reference) -> String {
    match reference.steps.first() {
        None => reference.root.clone(),
        Some(Segment::Index(_)) => format!("{}{}", reference.root, Path(reference.steps.clone())),
        Some(Segment::Key(_)) => format!("{}.{}", reference.root, Path(reference.steps.clone())),
    }
}

/// The declarations of one kind among those of a module, which are in order of mode, kind and name.
fn of_kind<'d>(resources: &'d [Declaration], mode: Mode, kind: &str) -> &'d [Declaration] {
    let key = |other: &Declaration| (other.mode, other.kind.as_str()).cmp(&(mode, kind));
    let start = resources.partition_point(|other| key(other).is_lt());
    let count = resources[start..].partition_point(|other| key(other).is_eq());
    &resources[start..start + count]
}

impl Checker<'_> {
    pub(super) fn check(&mut self) {
        let module = self.module;
        module.locals.values().for_each(|local| self.expression(local, Standing::Free));
        for variable in module.variables.values() {
            for rule in &variable.rules {
                [&rule.condition, &rule.message].into_iter().for_each(|part| self.expression(part, Standing::Free));
            }
        }
        module.resources.iter().for_each(|declaration| self.declaration(declaration));
        module.components.iter().for_each(|component| self.component(component));
        for output in module.outputs.values() {
            // Inside a module an output may hold a secret: whether it is shown is decided at the root.
            let plain = !output.sensitive && module.call.is_none();
            self.expression(&output.value, if plain { Standing::PlainOutput } else { Standing::Free });
        }
        self.calls();
        if self.index == 0 {
            self.stack.imports.iter().for_each(|import| self.expression(&import.id, Standing::Free));
        }
    }

    fn declaration(&mut self, declaration: &Declaration) {
        self.instances(declaration.for_each.as_ref(), declaration.when.as_ref());
        let each = declaration.for_each.is_some();
        declaration.body.values().for_each(|value| self.expression(value, Standing::Inside { each }));
        declaration.depends_on.iter().for_each(|dependency| self.dependency(dependency));
    }

    fn component(&mut self, component: &ComponentDeclaration) {
        self.instances(component.for_each.as_ref(), component.when.as_ref());
        let each = component.for_each.is_some();
        let settings = component.settings.values().flat_map(|settings| settings.values());
        let overrides = component.overrides.iter().flat_map(|change| change.body.values());
        let inside = component.fields.values().chain(settings).chain(overrides);
        inside.for_each(|value| self.expression(value, Standing::Inside { each }));
        component.depends_on.iter().for_each(|dependency| self.dependency(dependency));
    }

    fn instances(&mut self, for_each: Option<&Expression>, when: Option<&Expression>) {
        for_each.into_iter().for_each(|value| self.expression(value, Standing::Shown("for_each")));
        when.into_iter().for_each(|value| self.expression(value, Standing::Shown("when")));
    }

    /// The calls that this module makes, and the variables they set.
    fn calls(&mut self) {
        let stack = self.stack;
        for module in &stack.modules {
            let Some(call) = module.call.as_ref().filter(|call| call.caller == self.index) else { continue };
            self.instances(call.for_each.as_ref(), call.when.as_ref());
            call.depends_on.iter().for_each(|dependency| self.dependency(dependency));
            let name = module.path.last().map_or("", String::as_str);
            for (argument, value) in &call.arguments {
                self.expression(value, Standing::Inside { each: call.for_each.is_some() });
                if !module.variables.contains_key(argument) {
                    let names: Vec<&str> = module.variables.keys().map(String::as_str).collect();
                    self.missing(
                        &format!("`module.{name}` has no variable `{argument}`"),
                        argument,
                        &names,
                        value.span(),
                    );
                }
            }
            let required = module.variables.iter().filter(|(_, variable)| variable.default.is_none());
            for (variable, _) in required.filter(|(variable, _)| !call.arguments.contains_key(*variable)) {
                let detail = format!("`module.{name}` needs a value for its variable `{variable}`");
                self.problems.push(
                    Diagnostic::error("missing-variable", "a variable has no value", detail)
                        .at(call.place.0)
                        .help(format!("add `{variable} = …`")),
                );
            }
        }
    }

    fn expression(&mut self, expression: &Expression, standing: Standing) {
        self.problems.extend(misuses(expression));
        for reference in references(expression) {
            self.reference(&reference, standing);
        }
    }

    fn reference(&mut self, reference: &Reference, standing: Standing) {
        if reference.root == "secret" {
            self.secret(reference, standing);
        }
        let first = match reference.steps.first() {
            Some(Segment::Key(name)) => Some(name.as_str()),
            _ => None,
        };
        match reference.root.as_str() {
            "var" => {
                self.named(reference, first, "variable", self.module.variables.keys().map(String::as_str).collect())
            }
            "local" => {
                self.named(reference, first, "local value", self.module.locals.keys().map(String::as_str).collect())
            }
            "secret" => self.named(reference, first, "secret", self.stack.secrets.keys().map(String::as_str).collect()),
            "flag" => self.named(reference, first, "flag", self.stack.flags.keys().map(String::as_str).collect()),
            "stack" => self.named(reference, first, "attribute of `stack`", vec!["name", "environment"]),
            "path" => self.named(reference, first, "attribute of `path`", vec!["stack", "module"]),
            "each" => self.each(reference, first, standing),
            "module" => self.module_output(reference),
            "component" => self.named(
                reference,
                first,
                "component",
                self.module.components.iter().map(|it| it.name.as_str()).collect(),
            ),
            "data" => self.resource(reference, Mode::Data, &reference.steps),
            root => {
                let steps: Vec<Segment> =
                    std::iter::once(Segment::Key(root.to_owned())).chain(reference.steps.iter().cloned()).collect();
                self.resource(reference, Mode::Managed, &steps);
            }
        }
    }

    fn secret(&mut self, reference: &Reference, standing: Standing) {
        let (detail, help) = match standing {
            Standing::Shown(what) => (
                format!("`{what}` decides which resources there are, which everyone can see"),
                "use a variable or a flag instead",
            ),
            Standing::PlainOutput => {
                ("an output is shown at the end of every apply".to_owned(), "add `sensitive = true` to the output")
            }
            _ => return,
        };
        self.problems
            .push(Diagnostic::error("exposed-secret", "a secret would be shown", detail).at(reference.span).help(help));
    }

    fn each(&mut self, reference: &Reference, first: Option<&str>, standing: Standing) {
        match standing {
            Standing::Inside { each: true } => {
                self.named(reference, first, "attribute of `each`", vec!["key", "value"])
            }
            _ => self.missing("`each` only exists where there is a `for_each`", "", &[], reference.span),
        }
    }

    /// Something that must be one of these names.
    fn named(&mut self, reference: &Reference, name: Option<&str>, what: &str, names: Vec<&str>) {
        match name {
            Some(name) if names.contains(&name) => {}
            Some(name) => self.missing(&format!("there is no {what} `{name}`"), name, &names, reference.span),
            // The whole of it, or a computed name: seen when it is evaluated.
            None => {}
        }
    }

    fn missing(&mut self, detail: &str, name: &str, names: &[&str], span: Option<Span>) {
        let problem = Diagnostic::error("unknown-reference", "a reference leads nowhere", detail).at(span);
        self.problems.push(match did_you_mean(name, names.iter().copied()) {
            Some(near) if !name.is_empty() => problem.help(format!("did you mean `{near}`?")),
            _ if names.is_empty() => problem,
            _ => problem.help(format!("there are: {}", listed(names))),
        });
    }

    fn module_output(&mut self, reference: &Reference) {
        let stack = self.stack;
        let Some(Segment::Key(name)) = reference.steps.first() else { return };
        let called =
            stack.modules.iter().filter(|module| module.call.as_ref().is_some_and(|call| call.caller == self.index));
        let called: Vec<&Module> = called.collect();
        let Some(module) = called.iter().find(|module| module.path.last() == Some(name)) else {
            let names: Vec<&str> = called.iter().filter_map(|module| module.path.last()).map(String::as_str).collect();
            return self.missing(&format!("there is no module `{name}`"), name, &names, reference.span);
        };
        let has_instances = module.call.as_ref().is_some_and(|call| call.for_each.is_some());
        if let Some(Segment::Key(output)) = reference.steps.get(1 + usize::from(has_instances)) {
            let names: Vec<&str> = module.outputs.keys().map(String::as_str).collect();
            if !names.contains(&output.as_str()) {
                self.missing(&format!("`module.{name}` has no output `{output}`"), output, &names, reference.span);
            }
        }
    }

    fn resource(&mut self, reference: &Reference, mode: Mode, steps: &[Segment]) {
        let module = self.module;
        let (Some(Segment::Key(kind)), Some(Segment::Key(name))) = (steps.first(), steps.get(1)) else {
            return self.root(reference, mode, steps);
        };
        let same_kind = of_kind(&module.resources, mode, kind);
        match same_kind.binary_search_by(|other| other.name.as_str().cmp(name)) {
            Ok(at) => self.attribute(reference, &same_kind[at], &steps[2..]),
            Err(_) if same_kind.is_empty() => self.root(reference, mode, steps),
            Err(_) => {
                let names: Vec<&str> = same_kind.iter().map(|other| other.name.as_str()).collect();
                self.missing(&format!("there is no resource `{kind}.{name}`"), name, &names, reference.span);
            }
        }
    }

    /// A root that is neither a word of the language nor a kind that the module has.
    fn root(&mut self, reference: &Reference, mode: Mode, steps: &[Segment]) {
        let module = self.module;
        let Some(Segment::Key(kind)) = steps.first() else { return };
        let kinds: Vec<&str> =
            module.resources.iter().filter(|other| other.mode == mode).map(|other| other.kind.as_str()).collect();
        if kinds.contains(&kind.as_str()) {
            return;
        }
        let mut names = kinds;
        if mode == Mode::Managed {
            names.extend(ROOTS);
        }
        names.sort_unstable();
        names.dedup();
        let shown = if mode == Mode::Data { format!("data.{kind}") } else { kind.clone() };
        self.missing(&format!("nothing here is called `{shown}`"), kind, &names, reference.span);
    }

    fn attribute(&mut self, reference: &Reference, declaration: &Declaration, steps: &[Segment]) {
        let at = usize::from(declaration.for_each.is_some());
        let Some(Segment::Key(name)) = steps.get(at) else { return };
        let plugin = self.stack.providers.get(&declaration.provider).map(|instance| instance.plugin.as_str());
        let kind = plugin.and_then(|plugin| self.catalogues.kind(plugin, declaration.mode, &declaration.kind));
        let Some(kind) = kind else { return };
        if !kind.attributes.contains_key(name.as_str()) {
            let names: Vec<&str> = kind.attributes.keys().copied().collect();
            self.missing(&format!("`{}` has no attribute `{name}`", declaration.kind), name, &names, reference.span);
        }
    }

    fn dependency(&mut self, dependency: &Dependency) {
        let (stack, module) = (self.stack, self.module);
        let path = match dependency.reference.split_once('[') {
            Some((path, _)) => path,
            None => dependency.reference.as_str(),
        };
        let parts: Vec<&str> = path.split('.').collect();
        let declared = |mode, kind: &str, name: &str| {
            of_kind(&module.resources, mode, kind).binary_search_by(|other| other.name.as_str().cmp(name)).is_ok()
        };
        let exists = match parts.as_slice() {
            ["data", kind, name] => declared(Mode::Data, kind, name),
            ["module", name] => stack.modules.iter().any(|other| {
                other.call.as_ref().is_some_and(|call| call.caller == self.index)
                    && other.path.last().is_some_and(|last| last == name)
            }),
            ["component", name] | ["component", name, _, _] => {
                module.components.iter().any(|other| other.name == *name)
            }
            [kind, name] => declared(Mode::Managed, kind, name),
            _ => false,
        };
        if !exists {
            let components = module.components.iter().map(|other| format!("component.{}", other.name));
            let names: Vec<String> = module
                .resources
                .iter()
                .map(|other| match other.mode {
                    Mode::Managed => format!("{}.{}", other.kind, other.name),
                    Mode::Data => format!("data.{}.{}", other.kind, other.name),
                })
                .chain(components)
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.missing(
                &format!("`depends_on` names `{}`, which is not declared here", dependency.reference),
                path,
                &names,
                dependency.place.0,
            );
        }
    }
}
