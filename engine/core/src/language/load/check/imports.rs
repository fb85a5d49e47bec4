//! Imports against what is declared: an object is adopted by one instance of one resource.

use crate::model::address::{Mode, ResourceAddress, ScopeKind};
use crate::model::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::model::stack::{Declaration, Import, Module, Stack};

/// Reports imports that no instance can answer to. What a component is made of is not known here.
pub(super) fn check(stack: &Stack, problems: &mut Diagnostics) {
    for import in &stack.imports {
        if let Some((detail, help)) = problem(stack, &import.to) {
            problems.push(told(import, detail).help(help));
        }
    }
}

fn told(import: &Import, detail: String) -> Diagnostic {
    Diagnostic::error("unknown-address", "an import names nothing", detail).at(import.place.0).about(&import.to)
}

/// What is wrong with the address of an import, and what to do.
fn problem(stack: &Stack, to: &ResourceAddress) -> Option<(String, String)> {
    if to.mode == Mode::Data {
        return Some((format!("`{to}` is data, which is read and never adopted"), "name a resource".to_owned()));
    }
    let component = to.scope.iter().position(|step| step.kind == ScopeKind::Component);
    let modules = &to.scope[..component.unwrap_or(to.scope.len())];
    let is_around = |module: &&Module| module.path.iter().eq(modules.iter().map(|step| &step.name));
    let Some(module) = stack.modules.iter().find(is_around) else {
        return Some((
            format!("`{to}` lies in a module that the stack does not call"),
            "call it with `[module.NAME]`".to_owned(),
        ));
    };
    if let Some(step) = component.and_then(|at| to.scope.get(at)) {
        let is_declared = module.components.iter().any(|other| other.name == step.name);
        return (!is_declared).then(|| undeclared(to, &format!("[component.{}]", step.name), None));
    }
    match module.resources.iter().find(|other| is_it(other, to)) {
        None => Some(undeclared(to, &format!("[resource.{}.{}]", to.kind, to.name), near(module, to))),
        Some(declaration) => instance(declaration, to),
    }
}

fn is_it(declaration: &Declaration, to: &ResourceAddress) -> bool {
    declaration.mode == to.mode && declaration.kind == to.kind && declaration.name == to.name
}

fn undeclared(to: &ResourceAddress, header: &str, near: Option<String>) -> (String, String) {
    let help = near.map_or_else(|| format!("declare it: `{header}`"), |near| format!("did you mean `{near}`?"));
    (format!("`{to}` is not declared"), help)
}

/// A declared resource whose address is like the one that was written.
fn near(module: &Module, to: &ResourceAddress) -> Option<String> {
    let managed = module.resources.iter().filter(|other| other.mode == Mode::Managed);
    let names: Vec<String> = managed.map(|other| format!("{}.{}", other.kind, other.name)).collect();
    did_you_mean(&format!("{}.{}", to.kind, to.name), names.iter().map(String::as_str)).map(str::to_owned)
}

/// An import means one instance: with a key where there are many, and without where there is one.
fn instance(declaration: &Declaration, to: &ResourceAddress) -> Option<(String, String)> {
    let (kind, name) = (&to.kind, &to.name);
    match (&to.key, &declaration.for_each) {
        (Some(_), None) => {
            Some((format!("`{to}` is not there: `{kind}.{name}` has no `for_each`"), "leave the key out".to_owned()))
        }
        (None, Some(_)) => Some((
            format!("`{to}` has many instances, and an object is adopted by one"),
            format!("write its key: `{kind}.{name}[\"…\"]`"),
        )),
        _ => None,
    }
}
