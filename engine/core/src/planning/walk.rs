//! Walks through the declarations of a stack in an order in which each can be evaluated, and decides about the instances as it meets them.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::decide::{self, Wish};
use super::draft::{Draft, Evaluated};
use super::graph::{Declarations, Item};
use super::modules::{Called, Declared, Each, Modules};
use super::outputs::Wanted as WantedOutput;
use super::scope::Open;
use super::targets::Selection;
use super::{components, data, expand};
use crate::language::convert::convert;
use crate::language::evaluate::evaluate;
use crate::model::address::{AddressPattern, Mode, ResourceAddress};
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::Expression;
use crate::model::stack::{Declaration, Import, Stack, Validation, Variable};
use crate::model::value::{Origin, Partial, Value};

/// A walk through a stack.
pub(super) struct Walk<'w, 'a> {
    pub draft: &'w mut Draft<'a>,
    pub modules: Modules<'a>,
    pub selection: Selection<'a>,
    imports: HashMap<&'a ResourceAddress, &'a Import>,
}

/// Evaluates a stack and decides about each of its instances.
pub(super) fn walk<'a>(draft: &mut Draft<'a>, stack: &'a Stack) -> Option<(Modules<'a>, Selection<'a>)> {
    let modules = Modules::new(stack);
    let declarations = Declarations::new(stack, &modules.names);
    let order = declarations.order(&mut draft.problems)?;
    let selection = Selection::of_stack(draft.request, stack, &declarations);
    drop(declarations);
    let imports = stack.imports.iter().map(|import| (&import.to, import)).collect();
    let mut walk = Walk { draft, modules, selection, imports };
    for item in order {
        walk.visit(item);
    }
    Some((walk.modules, walk.selection))
}

fn evaluate_in<'a>(
    draft: &mut Draft<'a>,
    modules: &Modules<'a>,
    expression: &Expression,
    at: usize,
    each: Option<&Each>,
) -> Evaluated {
    let is_tainted = Cell::new(false);
    let scope = Open { draft, modules, instance: at, each, is_tainted: &is_tainted };
    let evaluation = evaluate(expression, &scope);
    draft.take(evaluation, is_tainted.get(), None)
}

/// What an expression of the root module comes to, resources left as holes.
pub(super) fn evaluate_in_root<'a>(draft: &mut Draft<'a>, modules: &Modules<'a>, expression: &Expression) -> Evaluated {
    match modules.instances.is_empty() {
        true => Evaluated::unusable(),
        false => evaluate_in(draft, modules, expression, 0, None),
    }
}

impl<'a> Walk<'_, 'a> {
    fn visit(&mut self, item: Item<'a>) {
        match item {
            Item::Call(module) => self.call(module),
            Item::Variable(module, name) => self.each_instance(module, |walk, at| walk.variable(at, name)),
            Item::Local(module, name) => {
                let expression = &self.modules.stack.modules[module].locals[name];
                self.each_instance(module, |walk, at| {
                    let value = walk.evaluate(expression, at, None);
                    walk.modules.instances[at].locals.insert(name, value);
                });
            }
            Item::Declaration(module, index) => self.each_instance(module, |walk, at| walk.declaration(at, index)),
            Item::Component(module, index) => {
                self.each_instance(module, |walk, at| components::visit(walk, at, index));
            }
            Item::Output(module, name) => {
                let expression = &self.modules.stack.modules[module].outputs[name].value;
                self.each_instance(module, |walk, at| {
                    let value = walk.evaluate(expression, at, None);
                    walk.modules.instances[at].outputs.insert(name, value);
                });
            }
            Item::Everything(_) => {}
        }
    }

    fn each_instance(&mut self, module: usize, visit: impl Fn(&mut Self, usize)) {
        for position in 0..self.modules.instances_of[module].len() {
            let at = self.modules.instances_of[module][position];
            visit(self, at);
        }
    }

    /// What an expression comes to in a module instance, resources left as holes.
    pub(super) fn evaluate(&mut self, expression: &Expression, at: usize, each: Option<&Each>) -> Evaluated {
        evaluate_in(self.draft, &self.modules, expression, at, each)
    }

    /// The folder of a module instance.
    pub(super) fn folder(&self, at: usize) -> &'a str {
        &self.modules.stack.modules[self.modules.instances[at].module].folder
    }

    /// What an expression comes to with everything that is known by now, and what it refers to.
    pub(super) fn known(&mut self, expression: &Expression, at: usize) -> (Evaluated, Partial) {
        let open = self.evaluate(expression, at, None);
        if !open.is_usable {
            return (Evaluated::unusable(), Value::Null);
        }
        let folder = self.folder(at);
        (self.draft.fill(&open.value, folder, None), open.value)
    }

    fn call(&mut self, module: usize) {
        let Some(call) = &self.modules.stack.modules[module].call else { return };
        for position in 0..self.modules.instances_of[call.caller].len() {
            let caller = self.modules.instances_of[call.caller][position];
            let called = self.called(module, caller);
            self.modules.instances[caller].called.insert(module, called);
        }
    }

    fn called(&mut self, module: usize, caller: usize) -> Called {
        let Some(call) = &self.modules.stack.modules[module].call else { return Called::Absent };
        let expansion = expand::expand(self, caller, call.for_each.as_ref(), call.when.as_ref(), call.place);
        let mut carried = self.modules.instances[caller].carried.clone();
        carried.extend(expansion.waits_for.iter().cloned());
        for dependency in &call.depends_on {
            carried.extend(self.named(caller, &dependency.reference));
        }
        match expansion.keys {
            expand::Keys::Unusable => Called::Unusable,
            expand::Keys::Absent => Called::Absent,
            expand::Keys::Single => Called::Single(self.modules.add(module, Some(caller), None, carried)),
            expand::Keys::Many(instances) => {
                let add = |each: Each| {
                    let key = each.key.clone();
                    (key, self.modules.add(module, Some(caller), Some(each), carried.clone()))
                };
                Called::Keyed(instances.into_iter().map(add).collect())
            }
        }
    }

    /// The addresses behind a reference of `depends_on`.
    pub(super) fn named(&self, at: usize, reference: &str) -> Vec<ResourceAddress> {
        let instance = &self.modules.instances[at];
        let names = &self.modules.names[instance.module];
        if let Some(name) = reference.strip_prefix("module.") {
            let called = names.calls.get(name).and_then(|module| instance.called.get(module));
            let inside = called.into_iter().flat_map(Called::all).flat_map(|at| self.modules.everything_in(at));
            return inside.cloned().collect();
        }
        if let Some(path) = reference.strip_prefix("component.") {
            return self.parts_named(at, path);
        }
        let (mode, rest) = match reference.strip_prefix("data.") {
            Some(rest) => (Mode::Data, rest),
            None => (Mode::Managed, reference),
        };
        let declared = rest.split_once('.').and_then(|(kind, name)| names.declarations.get(&(mode, kind, name)));
        declared.map(|&index| instance.declared[index].addresses().into_iter().cloned().collect()).unwrap_or_default()
    }

    /// The parts behind `NAME`, `NAME["key"]` or `NAME.KIND.RESOURCE` after `component.`.
    fn parts_named(&self, at: usize, path: &str) -> Vec<ResourceAddress> {
        let instance = &self.modules.instances[at];
        let Ok(pattern) = format!("component.{path}").parse::<AddressPattern>() else { return Vec::new() };
        let name = pattern.scope().first().map_or("", |step| &step.name);
        let Some(&index) = self.modules.names[instance.module].components.get(name) else { return Vec::new() };
        let depth = instance.scope.len();
        let below = |address: &&ResourceAddress| {
            pattern.matches(&ResourceAddress { scope: address.scope[depth..].to_vec(), ..(*address).clone() })
        };
        instance.expanded[index].addresses().filter(below).cloned().collect()
    }

    fn variable(&mut self, at: usize, name: &'a str) {
        let instance = &self.modules.instances[at];
        let module = &self.modules.stack.modules[instance.module];
        let variable = &module.variables[name];
        let argument = module.call.as_ref().and_then(|call| call.arguments.get(name));
        let value = match (argument, instance.caller) {
            (Some(argument), Some(caller)) => {
                let each = instance.each.clone();
                let given = self.evaluate(argument, caller, each.as_ref());
                self.accepted(name, variable, given, argument)
            }
            _ => self.given(name, variable),
        };
        self.modules.instances[at].variables.insert(name, value);
        for rule in &variable.rules {
            self.validate(at, name, rule);
        }
    }

    fn given(&mut self, name: &str, variable: &Variable) -> Evaluated {
        let value = variable.given.as_ref().or(variable.default.as_ref());
        match value {
            Some(value) if !value.is_null() || variable.nullable => Evaluated::usable(value.open()),
            Some(_) => self.not_nullable(name, variable, variable.place.0),
            None => {
                let detail = format!("the variable `{name}` has no value");
                self.draft.problems.push(
                    Diagnostic::error("missing-variable", "a variable has no value", detail)
                        .at(variable.place.0)
                        .help(format!("give it with `--var {name}=…`, or add a default")),
                );
                Evaluated::unusable()
            }
        }
    }

    fn accepted(&mut self, name: &str, variable: &Variable, given: Evaluated, argument: &Expression) -> Evaluated {
        if !given.is_usable {
            return given;
        }
        if given.value.is_null() && !variable.nullable {
            return match &variable.default {
                Some(default) => Evaluated::usable(default.open()),
                None => self.not_nullable(name, variable, argument.span()),
            };
        }
        match convert(given.value, &variable.ty) {
            Ok(value) => Evaluated::usable(value),
            Err((path, why)) => {
                let part = if path.0.is_empty() { String::new() } else { format!(" at `{path}`") };
                let detail = format!("`{name}`{part} {why}");
                let problem = Diagnostic::error("wrong-type", "a variable has the wrong type", detail);
                self.draft.problems.push(problem.at(argument.span()).label(variable.place.0, "declared here"));
                Evaluated::unusable()
            }
        }
    }

    fn not_nullable(
        &mut self,
        name: &str,
        variable: &Variable,
        span: Option<crate::model::diagnostic::Span>,
    ) -> Evaluated {
        let detail = format!("the variable `{name}` must not be null");
        let problem = Diagnostic::error("null-variable", "a variable is null", detail);
        self.draft.problems.push(problem.at(span).label(variable.place.0, "declared here"));
        Evaluated::unusable()
    }

    /// Checks a rule of a variable; what is known only after apply passes.
    fn validate(&mut self, at: usize, name: &str, rule: &Validation) {
        let (condition, _) = self.known(&rule.condition, at);
        if !condition.is_usable || condition.value.as_bool() != Some(false) {
            return;
        }
        let (message, _) = self.known(&rule.message, at);
        let why = message.value.as_str().unwrap_or("its validation rule does not hold").to_owned();
        let problem = Diagnostic::error(
            "invalid-variable",
            "a variable has a value that is not allowed",
            format!("`{name}`: {why}"),
        );
        self.draft.problems.push(problem.at(rule.condition.span()));
    }

    fn declaration(&mut self, at: usize, index: usize) {
        let module = self.modules.instances[at].module;
        let declaration = &self.modules.stack.modules[module].resources[index];
        let expansion =
            expand::expand(self, at, declaration.for_each.as_ref(), declaration.when.as_ref(), declaration.place);
        let block = ResourceAddress {
            scope: self.modules.instances[at].scope.clone(),
            mode: declaration.mode,
            kind: declaration.kind.clone(),
            name: declaration.name.clone(),
            key: None,
        };
        let mut extra: BTreeSet<ResourceAddress> = self.modules.instances[at].carried.clone();
        extra.extend(expansion.waits_for.iter().cloned());
        for dependency in &declaration.depends_on {
            extra.extend(self.named(at, &dependency.reference));
        }
        let declared = match expansion.keys {
            expand::Keys::Unusable => Declared::Unusable,
            expand::Keys::Absent => Declared::Absent,
            expand::Keys::Single => {
                self.instance(at, Item::Declaration(module, index), block.clone(), None, extra);
                Declared::Single(block)
            }
            expand::Keys::Many(instances) => {
                let mut addresses = BTreeMap::new();
                for each in instances {
                    let address = block.clone().with_key(Some(each.key.clone()));
                    self.instance(at, Item::Declaration(module, index), address.clone(), Some(&each), extra.clone());
                    addresses.insert(each.key, address);
                }
                Declared::Keyed { addresses, whole: Default::default() }
            }
        };
        self.modules.instances[at].declared[index] = declared;
    }

    fn instance(
        &mut self,
        at: usize,
        item: Item<'a>,
        address: ResourceAddress,
        each: Option<&Each>,
        extra: BTreeSet<ResourceAddress>,
    ) {
        let Item::Declaration(module, index) = item else { return };
        let declaration: &'a Declaration = &self.modules.stack.modules[module].resources[index];
        let is_selected = self.selection.contains(&address, Some(item));
        let (body, is_usable) = self.body(at, declaration, each);
        let wish = Wish {
            address,
            provider: declaration.provider.clone(),
            configured: body,
            is_usable,
            extra,
            lifecycle: declaration.lifecycle.clone(),
            place: declaration.place,
            body: Some(&declaration.body),
            folder: self.folder(at),
        };
        if !is_selected {
            decide::untouched(self.draft, &wish);
            return;
        }
        match declaration.mode {
            Mode::Data => data::decide(self.draft, wish),
            Mode::Managed => {
                let import = self.import(&wish.address);
                decide::managed(self.draft, wish, import);
            }
        }
    }

    fn body(&mut self, at: usize, declaration: &Declaration, each: Option<&Each>) -> (Partial, bool) {
        let mut entries = BTreeMap::new();
        let mut is_usable = true;
        for (name, expression) in &declaration.body {
            let evaluated = self.evaluate(expression, at, each);
            is_usable &= evaluated.is_usable;
            entries.insert(name.clone(), evaluated.value);
        }
        (Value::Map(entries), is_usable)
    }

    /// The identity under which an address is to be adopted; `Err` when it cannot be told.
    pub(super) fn import(&mut self, address: &ResourceAddress) -> Option<Result<String, ()>> {
        let import = *self.imports.get(address)?;
        if self.draft.priors.get(address).is_some_and(|prior| prior.remembered.is_some()) {
            return None;
        }
        let (id, _) = self.known(&import.id, 0);
        if !id.is_usable {
            return Some(Err(()));
        }
        match crate::language::convert::convert(id.value, &crate::model::types::Type::String) {
            Ok(Value::String(id)) => Some(Ok(id)),
            _ => {
                let detail =
                    format!("the id of the object that becomes {address} must be a text that is known while planning");
                let problem = Diagnostic::error("import-id", "the id of an import is not known", detail);
                self.draft.problems.push(problem.at(import.id.span()).about(address).help("write the id as a text"));
                Some(Err(()))
            }
        }
    }
}

/// The managed resources and data sources that a value refers to.
pub(super) fn addresses_in(value: &Partial) -> BTreeSet<&ResourceAddress> {
    let origins = value.holes().into_iter().flat_map(|hole| hole.origins.keys());
    origins
        .filter_map(|origin| match origin {
            Origin::Attribute(address, _) => Some(address),
            Origin::Secret(_) => None,
        })
        .collect()
}

/// The outputs of the root as the stack wants them, and those of every component: resources left as holes.
pub(super) fn outputs<'a>(modules: &Modules<'a>) -> Vec<WantedOutput<'a>> {
    let (Some(root), Some(module)) = (modules.instances.first(), modules.stack.modules.first()) else {
        return Vec::new();
    };
    let wanted = |(name, slot): (&&'a str, &Evaluated)| {
        let declaration = module.outputs.get(*name)?;
        Some(WantedOutput {
            name: Cow::Borrowed(*name),
            configured: slot.value.clone(),
            sensitive: declaration.sensitive,
            is_implied: false,
            is_usable: slot.is_usable,
            folder: &module.folder,
            place: declaration.place,
        })
    };
    root.outputs.iter().filter_map(wanted).chain(components::outputs(modules)).collect()
}
