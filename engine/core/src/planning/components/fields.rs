//! The fields of a component, evaluated: what decides its expansion is known, what is carried through stays as it is written.

use std::collections::BTreeMap;

use super::Expanding;
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::Expression;
use crate::model::path::Path;
use crate::model::value::{Partial, Value};
use crate::planning::expand::not_known;
use crate::planning::normalise::{Flaw, normalised_table};
use crate::planning::walk::addresses_in;
use crate::serverless::ComponentSchema;

impl<'a> Expanding<'_, '_, 'a> {
    /// The fields, normalised; nothing when some cannot be told.
    pub(super) fn fields(&mut self, schema: &'static ComponentSchema) -> Option<BTreeMap<String, Partial>> {
        let declaration = self.declaration;
        let mut fields = Some(BTreeMap::new());
        for (name, expression) in &declaration.fields {
            let value = self.field(schema, name, expression);
            fields = fields.zip(value).map(|(mut fields, value)| {
                fields.insert(name.clone(), value);
                fields
            });
        }
        self.normalised(&schema.fields, fields?, &declaration.fields)
    }

    /// The settings of its provider, normalised. They are carried through.
    pub(super) fn settings(&mut self) -> Option<BTreeMap<String, Partial>> {
        let stack = self.walk.modules.stack;
        let plugin = &stack.providers.get(&self.declaration.provider)?.plugin;
        let attributes = self.walk.draft.request.catalogues.plugin(plugin)?.component_settings();
        let none = BTreeMap::new();
        let written = self.declaration.settings.get(plugin).unwrap_or(&none);
        let mut settings = BTreeMap::new();
        for (name, expression) in written {
            let evaluated = self.evaluate(expression);
            if !evaluated.is_usable {
                return None;
            }
            settings.insert(name.clone(), evaluated.value);
        }
        self.normalised(&attributes, settings, written)
    }

    fn normalised(
        &mut self,
        attributes: &BTreeMap<&'static str, crate::model::schema::Attribute>,
        values: BTreeMap<String, Partial>,
        written: &BTreeMap<String, Expression>,
    ) -> Option<BTreeMap<String, Partial>> {
        let mut flaws = Vec::new();
        let normalised = normalised_table(attributes, &values, &mut flaws);
        let is_sound = flaws.is_empty();
        for flaw in flaws {
            let span = written.get(&flaw.attribute).and_then(Expression::span).or(self.declaration.place.0);
            self.walk.draft.problems.push(told(&self.declaration.name, flaw).at(span));
        }
        is_sound.then_some(normalised)
    }

    fn field(&mut self, schema: &ComponentSchema, name: &str, expression: &Expression) -> Option<Partial> {
        let open = self.evaluate(expression);
        if !open.is_usable {
            return None;
        }
        let carries = |path: &Path| schema.is_carried(name, path);
        if !decides(&open.value, &Path::default(), &carries) {
            return Some(open.value);
        }
        let folder = self.walk.folder(self.at);
        let known = self.walk.draft.fill(&open.value, folder, None);
        if !known.is_usable {
            return None;
        }
        self.waits_for.extend(addresses_in(&open.value).into_iter().cloned());
        let mut unknown = None;
        let value = merged(&open.value, &known.value, &Path::default(), &carries, &mut unknown);
        match unknown {
            None => Some(value),
            Some(hole) => {
                let what = format!("component.{}.{name}", self.declaration.name);
                let span = expression.span().or(self.declaration.place.0);
                self.walk.draft.problems.push(not_known(&what, &hole, span));
                None
            }
        }
    }
}

fn told(component: &str, flaw: Flaw) -> Diagnostic {
    let problem = Diagnostic::error(flaw.code, flaw.summary, format!("`component.{component}`: {}", flaw.detail));
    match flaw.help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// Whether anything that is not carried through is a hole.
fn decides(value: &Partial, path: &Path, carries: &impl Fn(&Path) -> bool) -> bool {
    match value {
        Value::List(items) => items.iter().enumerate().any(|(at, item)| decides(item, &path.index(at), carries)),
        Value::Map(entries) => entries.iter().any(|(key, item)| decides(item, &path.key(key), carries)),
        Value::Hole(_) => !carries(path),
        _ => false,
    }
}

/// The value as it is written where it is carried through, and as it is known everywhere else; the first hole that decides something and
/// is not known is told.
fn merged(
    open: &Partial,
    known: &Partial,
    path: &Path,
    carries: &impl Fn(&Path) -> bool,
    unknown: &mut Option<crate::model::value::Hole>,
) -> Partial {
    match (open, known) {
        _ if carries(path) => open.clone(),
        (Value::List(open), Value::List(known)) if open.len() == known.len() => {
            let item = |(at, (open, known))| merged(open, known, &path.index(at), carries, unknown);
            Value::List(open.iter().zip(known).enumerate().map(item).collect())
        }
        (Value::Map(open), Value::Map(known)) if open.keys().eq(known.keys()) => {
            let entry = |((key, open), known): ((&String, _), _)| {
                (key.clone(), merged(open, known, &path.key(key), carries, unknown))
            };
            Value::Map(open.iter().zip(known.values()).map(entry).collect())
        }
        (_, known) => {
            tell_unknown(known, path, carries, unknown);
            known.clone()
        }
    }
}

fn tell_unknown(
    value: &Partial,
    path: &Path,
    carries: &impl Fn(&Path) -> bool,
    unknown: &mut Option<crate::model::value::Hole>,
) {
    match value {
        Value::List(items) => {
            items.iter().enumerate().for_each(|(at, item)| tell_unknown(item, &path.index(at), carries, unknown))
        }
        Value::Map(entries) => {
            entries.iter().for_each(|(key, item)| tell_unknown(item, &path.key(key), carries, unknown))
        }
        Value::Hole(hole) if !carries(path) => drop(unknown.get_or_insert_with(|| (**hole).clone())),
        _ => {}
    }
}
