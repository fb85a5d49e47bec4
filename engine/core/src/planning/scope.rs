//! What the expressions of a stack can see. Resources are seen as holes, whatever is known of them: what an expression comes to is
//! what is recorded as configured. What is known is filled in afterwards.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use super::draft::{Draft, Evaluated};
use super::instance::attribute_hole;
use super::modules::{Called, Declared, Each, Expanded, Expansion, Modules};
use crate::language::scope::{FileAnswer, FileQuestion, Lookup, Scope};
use crate::model::address::{Mode, ResourceAddress};
use crate::model::path::{Path, Segment};
use crate::model::schema::KindSchema;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};

/// The view from one place in a module instance.
pub(super) struct Open<'s, 'a> {
    pub draft: &'s Draft<'a>,
    pub modules: &'s Modules<'a>,
    /// The module instance.
    pub instance: usize,
    pub each: Option<&'s Each>,
    /// Set when something was seen of which nothing can be said.
    pub is_tainted: &'s Cell<bool>,
}

type Found<'v> = Result<(Cow<'v, Partial>, usize), (String, Vec<String>)>;

impl<'s, 'a> Open<'s, 'a> {
    fn evaluated<'v>(&self, slot: &'v Evaluated, consumed: usize) -> Found<'v> {
        if !slot.is_usable {
            self.is_tainted.set(true);
        }
        Ok((Cow::Borrowed(&slot.value), consumed))
    }

    fn unusable<'v>(&self, consumed: usize) -> Found<'v> {
        self.is_tainted.set(true);
        Ok((Cow::Owned(Value::Null), consumed))
    }

    fn variable(&self, name: &str) -> Found<'s> {
        let declared = &self.modules.stack.modules[self.modules.instances[self.instance].module].variables;
        match self.modules.instances[self.instance].variables.get(name) {
            Some(slot) => self.evaluated(slot, 1),
            None if declared.contains_key(name) => self.unusable(1),
            None => missing(format!("there is no variable `{name}`"), declared.keys()),
        }
    }

    fn local(&self, name: &str) -> Found<'s> {
        let declared = &self.modules.stack.modules[self.modules.instances[self.instance].module].locals;
        match self.modules.instances[self.instance].locals.get(name) {
            Some(slot) => self.evaluated(slot, 1),
            None if declared.contains_key(name) => self.unusable(1),
            None => missing(format!("there is no local value `{name}`"), declared.keys()),
        }
    }

    fn secret(&self, name: &str) -> Found<'s> {
        if !self.modules.stack.secrets.contains_key(name) {
            return missing(format!("there is no secret `{name}`"), self.modules.stack.secrets.keys());
        }
        // Without its fingerprint: what is configured is the same whatever the secret is today.
        let origin = Origin::Secret(name.to_owned());
        Ok((Cow::Owned(Value::Hole(Box::new(Hole::of(origin, Type::String, Awaits::ApplySecret)))), 1))
    }

    fn flag(&self, name: &str) -> Found<'s> {
        let flags = &self.modules.stack.flags;
        let Some(default) = flags.get(name) else {
            return missing(format!("there is no flag `{name}`"), flags.keys());
        };
        let value = self.draft.request.options.flags.get(name).unwrap_or(default);
        Ok((Cow::Owned(Value::Bool(*value)), 1))
    }

    fn of_stack(&self, name: &str) -> Found<'s> {
        let stack = self.modules.stack;
        let text = |text: &str| Ok((Cow::Owned(Value::string(text)), 1));
        match name {
            "name" => text(&stack.name),
            "environment" => match &stack.environment {
                Some(environment) => text(environment),
                None => Ok((Cow::Owned(Value::Null), 1)),
            },
            _ => missing(format!("a stack has no `{name}`"), ["name", "environment"]),
        }
    }

    fn folder_of(&self, name: &str) -> Found<'s> {
        let modules = &self.modules.stack.modules;
        let folder = match name {
            "stack" => modules.first().map_or("", |root| &root.folder),
            "module" => &modules[self.modules.instances[self.instance].module].folder,
            _ => return missing(format!("there is no path `{name}`"), ["stack", "module"]),
        };
        Ok((Cow::Owned(Value::string(super::paths::written(folder))), 1))
    }

    fn of_each(&self, name: &str) -> Found<'s> {
        let Some(each) = self.each else {
            return missing("`each` exists only where there is a `for_each`".to_owned(), NO_NAMES);
        };
        match name {
            "key" => Ok((Cow::Borrowed(&each.key_value), 1)),
            "value" => Ok((Cow::Borrowed(&each.value), 1)),
            _ => missing(format!("`each` has no `{name}`"), ["key", "value"]),
        }
    }

    /// `module.NAME.OUTPUT` and `module.NAME["key"].OUTPUT`
    fn module(&self, steps: &[Segment]) -> Found<'s> {
        let names = &self.modules.names[self.modules.instances[self.instance].module].calls;
        let name = key_at(steps, 0)?;
        let Some(&module) = names.get(name) else {
            return missing(format!("there is no module `{name}`"), names.keys());
        };
        match self.modules.instances[self.instance].called.get(&module) {
            None | Some(Called::Unusable) => self.unusable(steps.len().min(2)),
            Some(Called::Absent) => Ok((Cow::Owned(Value::Null), 1)),
            Some(Called::Single(at)) => self.output(*at, steps, 1),
            Some(Called::Keyed(instances)) => match steps.get(1).and_then(as_key).and_then(|key| instances.get(key)) {
                Some(at) => self.output(*at, steps, 2),
                None => {
                    let outputs = |(key, at): (&String, &usize)| (key.clone(), self.outputs(*at));
                    Ok((Cow::Owned(Value::Map(instances.iter().map(outputs).collect())), 1))
                }
            },
        }
    }

    fn output(&self, at: usize, steps: &[Segment], consumed: usize) -> Found<'s> {
        match steps.get(consumed).and_then(as_key).and_then(|name| self.modules.instances[at].outputs.get(name)) {
            Some(slot) => self.evaluated(slot, consumed + 1),
            None => Ok((Cow::Owned(self.outputs(at)), consumed)),
        }
    }

    fn outputs(&self, at: usize) -> Partial {
        let outputs = &self.modules.instances[at].outputs;
        if outputs.values().any(|slot| !slot.is_usable) {
            self.is_tainted.set(true);
        }
        Value::map(outputs.iter().map(|(name, slot)| (*name, slot.value.clone())))
    }

    /// `component.NAME.OUTPUT` and `component.NAME.KIND.RESOURCE.ATTRIBUTE`, behind an instance key or not.
    fn component(&self, steps: &[Segment]) -> Found<'s> {
        let instance = &self.modules.instances[self.instance];
        let names = &self.modules.names[instance.module].components;
        let name = key_at(steps, 0)?;
        let Some(&at) = names.get(name) else {
            return missing(format!("there is no component `{name}`"), names.keys());
        };
        match &instance.expanded[at] {
            Expanded::Unusable => self.unusable(steps.len().min(2)),
            Expanded::Absent => Ok((Cow::Owned(Value::Null), 1)),
            Expanded::Single(expansion) => self.of_component(name, expansion, steps, 1),
            Expanded::Keyed(expansions) => match steps.get(1).and_then(as_key).and_then(|key| expansions.get(key)) {
                Some(expansion) => self.of_component(name, expansion, steps, 2),
                None => {
                    let outputs = |(key, of): (&String, &Expansion)| (key.clone(), self.told(of));
                    Ok((Cow::Owned(Value::Map(expansions.iter().map(outputs).collect())), 1))
                }
            },
        }
    }

    fn of_component(&self, name: &str, expansion: &'s Expansion, steps: &[Segment], consumed: usize) -> Found<'s> {
        if !expansion.is_usable {
            return self.unusable(steps.len());
        }
        let Some(word) = steps.get(consumed).and_then(as_key) else {
            return Ok((Cow::Owned(self.told(expansion)), consumed));
        };
        if let Some(value) = expansion.outputs.get(word) {
            return Ok((Cow::Borrowed(value), consumed + 1));
        }
        let (mode, at) = if word == "data" { (Mode::Data, consumed + 1) } else { (Mode::Managed, consumed) };
        let part = |offset| steps.get(at + offset).and_then(as_key);
        let named = |address: &&ResourceAddress| {
            address.mode == mode && Some(address.kind.as_str()) == part(0) && Some(address.name.as_str()) == part(1)
        };
        match expansion.parts.iter().map(|part| &part.address).find(named) {
            Some(address) => self.attribute(&expansion.provider, address, steps, at + 2),
            None => {
                let kinds = expansion.parts.iter().map(|part| part.address.kind.as_str());
                let words = expansion.outputs.keys().map(String::as_str).chain(kinds);
                missing(format!("`component.{name}` has no output and no resource `{word}`"), words)
            }
        }
    }

    /// The outputs of a component instance.
    fn told(&self, expansion: &Expansion) -> Partial {
        if !expansion.is_usable {
            self.is_tainted.set(true);
        }
        Value::Map(expansion.outputs.clone())
    }

    /// `KIND.NAME.ATTRIBUTE` and `KIND.NAME["key"].ATTRIBUTE`, after `data.` or not.
    fn resource(&self, mode: Mode, kind: &str, steps: &'_ [Segment]) -> Found<'s> {
        let instance = &self.modules.instances[self.instance];
        let names = &self.modules.names[instance.module].declarations;
        let name = key_at(steps, 0)?;
        let Some(&at) = names.get(&(mode, kind, name)) else {
            let prefix = if mode == Mode::Data { "data." } else { "" };
            let others = names.keys().filter(|key| key.0 == mode && key.1 == kind).map(|key| key.2);
            let others = others.collect::<std::collections::BTreeSet<_>>();
            let what = if mode == Mode::Data { "data source" } else { "resource" };
            return missing(format!("there is no {what} `{prefix}{kind}.{name}`"), others);
        };
        let declaration = &self.modules.stack.modules[instance.module].resources[at];
        match &instance.declared[at] {
            Declared::Unusable => self.unusable(steps.len().min(2)),
            Declared::Absent => Ok((Cow::Owned(Value::Null), 1)),
            Declared::Single(address) => self.attribute(&declaration.provider, address, steps, 1),
            Declared::Keyed { addresses, whole } => {
                match steps.get(1).and_then(as_key).and_then(|key| addresses.get(key)) {
                    Some(address) => self.attribute(&declaration.provider, address, steps, 2),
                    None => Ok((Cow::Borrowed(whole.get_or_init(|| self.map_of(&declaration.provider, addresses))), 1)),
                }
            }
        }
    }

    fn attribute(&self, provider: &str, address: &ResourceAddress, steps: &[Segment], consumed: usize) -> Found<'s> {
        let kind = self.kind(provider, address);
        let Some(name) = steps.get(consumed).and_then(as_key) else {
            return Ok((Cow::Owned(self.all_attributes(kind, address)), consumed));
        };
        match kind {
            Some(kind) if !kind.attributes.contains_key(name) => {
                missing(format!("{address} has no attribute `{name}`"), kind.attributes.keys())
            }
            _ => Ok((Cow::Owned(attribute_hole(address, &Path::attribute(name), kind)), consumed + 1)),
        }
    }

    fn kind(&self, provider: &str, address: &ResourceAddress) -> Option<&'a KindSchema> {
        self.draft.offer(provider, address).map(|offer| offer.kind)
    }

    fn all_attributes(&self, kind: Option<&KindSchema>, address: &ResourceAddress) -> Partial {
        let names = kind.into_iter().flat_map(|kind| kind.attributes.keys());
        Value::map(names.map(|name| (*name, attribute_hole(address, &Path::attribute(*name), kind))))
    }

    fn map_of(&self, provider: &str, addresses: &BTreeMap<String, ResourceAddress>) -> Partial {
        let entry = |(key, address): (&String, &ResourceAddress)| {
            (key.clone(), self.all_attributes(self.kind(provider, address), address))
        };
        Value::Map(addresses.iter().map(entry).collect())
    }

    fn find(&self, root: &str, steps: &[Segment]) -> Found<'s> {
        match root {
            "var" => self.variable(key_at(steps, 0)?),
            "local" => self.local(key_at(steps, 0)?),
            "secret" => self.secret(key_at(steps, 0)?),
            "flag" => self.flag(key_at(steps, 0)?),
            "stack" => self.of_stack(key_at(steps, 0)?),
            "path" => self.folder_of(key_at(steps, 0)?),
            "each" => self.of_each(key_at(steps, 0)?),
            "module" => self.module(steps),
            "component" => self.component(steps),
            "data" => {
                let kind = key_at(steps, 0)?;
                let found = self.resource(Mode::Data, kind, &steps[1..])?;
                Ok((found.0, found.1 + 1))
            }
            kind => self.resource(Mode::Managed, kind, steps),
        }
    }
}

const NO_NAMES: [&str; 0] = [];

fn missing<'v, N: AsRef<str>>(detail: String, candidates: impl IntoIterator<Item = N>) -> Found<'v> {
    Err((detail, candidates.into_iter().map(|name| name.as_ref().to_owned()).collect()))
}

fn as_key(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Key(key) => Some(key),
        Segment::Index(_) => None,
    }
}

fn key_at(steps: &[Segment], at: usize) -> Result<&str, (String, Vec<String>)> {
    let key = steps.get(at).and_then(as_key);
    key.ok_or_else(|| ("a name must follow".to_owned(), Vec::new()))
}

impl Scope for Open<'_, '_> {
    fn lookup(&self, root: &str, steps: &[Segment]) -> Lookup<'_> {
        match self.find(root, steps) {
            Ok((value, consumed)) => Lookup::Found { value, consumed },
            Err((detail, candidates)) => Lookup::Missing { detail, candidates },
        }
    }

    fn origin(&self, _: &Origin) -> Option<Cow<'_, Partial>> {
        None
    }

    fn file(&self, question: &FileQuestion) -> FileAnswer {
        self.draft.answers.files.get(question).cloned().unwrap_or(FileAnswer::NotAsked)
    }

    fn folder(&self) -> &str {
        &self.modules.stack.modules[self.modules.instances[self.instance].module].folder
    }
}
