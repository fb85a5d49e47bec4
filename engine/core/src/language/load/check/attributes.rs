//! Attributes against what the kind offers.

use std::collections::BTreeMap;

use crate::language::convert::convert;
use crate::language::load::body::literal;
use crate::language::load::fields::{listed, unknown_key};
use crate::language::rules;
use crate::model::address::Mode;
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::model::expression::{Expression, Place};
use crate::model::recipe::Recipe;
use crate::model::schema::{Attribute, Presence, Rule};
use crate::model::stack::{Declaration, Stack};
use crate::model::types::Type;
use crate::model::value::{Partial, Value};
use crate::ports::Catalogues;

/// Keys of every resource that are no attributes.
const META: [&str; 5] = ["depends_on", "for_each", "lifecycle", "provider", "when"];

/// Checks every declared provider instance.
pub(super) fn providers(stack: &Stack, catalogues: &Catalogues, problems: &mut Diagnostics) {
    for (name, instance) in &stack.providers {
        let Some(catalogue) = catalogues.plugin(&instance.plugin) else {
            problems.push(absent_plugin(&instance.plugin, instance.place.0, catalogues));
            continue;
        };
        let known: Vec<&str> = catalogue.schema().config.keys().copied().collect();
        for (key, expression) in &instance.config {
            if !known.contains(&key.as_str()) {
                let near = did_you_mean(key, known.iter().copied());
                problems.push(unknown_key(
                    key,
                    expression.span().or(instance.place.0).unwrap_or(NOWHERE),
                    &format!("the provider `{name}`"),
                    &known,
                    near,
                ));
            }
        }
    }
}

const NOWHERE: Span = Span { file: 0, start: 0, end: 0 };

/// A provider that this build does not have.
fn absent_plugin(plugin: &str, span: Option<Span>, catalogues: &Catalogues) -> Diagnostic {
    let present: Vec<&str> = catalogues.iter().map(|catalogue| catalogue.schema().name).collect();
    let detail = format!("this build of siac has no provider `{plugin}`; it has: {}", listed(&present));
    let problem = Diagnostic::error("absent-provider", "a provider is not part of this build", detail).at(span);
    match did_you_mean(plugin, present) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("`siac providers` lists what this build can do; the README says which providers exist and how to build with them"),
    }
}

/// Checks one declaration against its kind.
pub(super) fn declaration(
    stack: &Stack,
    declaration: &Declaration,
    catalogues: &Catalogues,
    problems: &mut Diagnostics,
) {
    let span = declaration.place.0;
    let instance = stack.providers.get(&declaration.provider);
    let plugin = instance.map(|instance| instance.plugin.as_str());
    match plugin {
        None if !declaration.provider.is_empty() => {
            let user = format!("{}.{}", declaration.kind, declaration.name);
            return problems.push(unknown_instance(stack, catalogues, &user, &declaration.provider, span));
        }
        Some(plugin) if catalogues.plugin(plugin).is_none() => return,
        _ => {}
    }
    let kind = plugin.and_then(|plugin| catalogues.kind(plugin, declaration.mode, &declaration.kind));
    match kind {
        None => problems.push(unknown_kind(declaration, catalogues).at(span)),
        Some(kind) => {
            let what = format!("`{}.{}`", declaration.kind, declaration.name);
            let (place, entries, attributes) = (declaration.place, &declaration.body, &kind.attributes);
            Body { what, place, entries, attributes, meta: &META, problems }.check()
        }
    }
}

/// A provider instance that is neither declared nor implied by its name.
pub(super) fn unknown_instance(
    stack: &Stack,
    catalogues: &Catalogues,
    user: &str,
    provider: &str,
    span: Option<Span>,
) -> Diagnostic {
    let detail = format!("`{user}` uses the provider `{provider}`, which is not declared");
    let problem = Diagnostic::error("unknown-provider", "a provider instance does not exist", detail).at(span);
    let plugins = catalogues.iter().map(|catalogue| catalogue.schema().name);
    match did_you_mean(provider, stack.providers.keys().map(String::as_str).chain(plugins)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("declare it: `[provider.{provider}]` with its `plugin`")),
    }
}

fn unknown_kind(declaration: &Declaration, catalogues: &Catalogues) -> Diagnostic {
    let kind = &declaration.kind;
    let (mode, section) = (declaration.mode, if declaration.mode == Mode::Data { "data source" } else { "resource" });
    let kinds: Vec<&str> = catalogues
        .iter()
        .flat_map(|catalogue| {
            let schema = catalogue.schema();
            let kinds = if mode == Mode::Data { &schema.data } else { &schema.resources };
            kinds.keys().copied()
        })
        .collect();
    let problem = |detail: String| Diagnostic::error("unknown-kind", "a kind does not exist", detail);
    if let Some(near) = did_you_mean(kind, kinds.iter().copied()) {
        return problem(format!("no provider of this build offers the {section} `{kind}`"))
            .help(format!("did you mean `{near}`?"));
    }
    let prefix = kind.split('_').next().unwrap_or(kind);
    match catalogues.plugin(prefix) {
        Some(_) => problem(format!("the provider `{prefix}` offers no {section} `{kind}`")).help(format!("it offers: {}", listed(&kinds))),
        None => problem(format!("no provider of this build offers the {section} `{kind}`; a provider `{prefix}` is not part of it"))
            .help("`siac providers` lists what this build can do; the README says which providers exist and how to build with them"),
    }
}

/// The entries of one table against what may stand in it.
pub(super) struct Body<'a> {
    /// What the table is, for messages.
    pub(super) what: String,
    pub(super) place: Place,
    pub(super) entries: &'a BTreeMap<String, Expression>,
    pub(super) attributes: &'a BTreeMap<&'static str, Attribute>,
    /// Keys that may stand there too and are read elsewhere.
    pub(super) meta: &'a [&'a str],
    pub(super) problems: &'a mut Diagnostics,
}

impl Body<'_> {
    pub(super) fn check(&mut self) {
        for (name, expression) in self.entries {
            let span = expression.span().or(self.place.0);
            match self.attributes.get(name.as_str()) {
                None => self.unknown(name, span),
                Some(attribute) if !attribute.is_settable() => self.computed(name, span),
                Some(attribute) => self.value(name, attribute, expression),
            }
        }
        let required = self.attributes.iter().filter(|(_, attribute)| attribute.presence == Presence::Required);
        let missing: Vec<_> = required.filter(|(name, _)| !self.entries.contains_key(**name)).collect();
        for (name, attribute) in missing {
            let detail = format!("{} has no `{name}`: {}", self.what, attribute.description);
            let problem = Diagnostic::error("missing-attribute", "an attribute is missing", detail).at(self.place.0);
            self.problems.push(problem.help(format!("add `{name} = …` ({})", attribute.ty)));
        }
    }

    fn unknown(&mut self, name: &str, span: Option<Span>) {
        let settable = self.attributes.iter().filter(|(_, attribute)| attribute.is_settable());
        let known: Vec<&str> = settable.map(|(name, _)| *name).chain(self.meta.iter().copied()).collect();
        let near = did_you_mean(name, known.iter().copied());
        self.problems.push(unknown_key(name, span.unwrap_or(NOWHERE), &self.what, &known, near));
    }

    fn computed(&mut self, name: &str, span: Option<Span>) {
        let detail = format!("`{name}` of {} is decided by the provider", self.what);
        self.problems.push(
            Diagnostic::error("computed-attribute", "an attribute cannot be set", detail).at(span).help("remove it"),
        );
    }

    /// What is written out can be checked now; the rest is checked when it is known.
    fn value(&mut self, name: &str, attribute: &Attribute, expression: &Expression) {
        let Some(value) = literal(expression) else { return };
        if attribute.artifact && matches!(value, Value::Map(_)) {
            return self.recipe(name, &value.open(), expression);
        }
        match convert(value.open(), &attribute.ty) {
            Err((path, why)) => {
                let span = expression.span_at(&path).or(self.place.0);
                let place = if path.0.is_empty() { format!("`{name}`") } else { format!("`{name}` at `{path}`") };
                let problem = Diagnostic::error(
                    "wrong-type",
                    "a value has the wrong type",
                    format!("{place} of {}: {why}", self.what),
                );
                self.problems.push(problem.at(span).help(format!(
                    "`{name}` is {}: {}",
                    described(&attribute.ty),
                    attribute.description
                )));
            }
            Ok(converted) => {
                for rule in &attribute.rules {
                    converted.visit_leaves(&mut |_, leaf| self.satisfy(name, attribute, rule, leaf, expression.span()));
                }
                if attribute.sensitive && !value.is_null() {
                    self.plain_secret(name, expression.span());
                }
            }
        }
    }

    fn recipe(&mut self, name: &str, value: &Partial, expression: &Expression) {
        for flaw in Recipe::read(value).err().into_iter().flatten() {
            let detail = format!("`{name}` of {}: {}", self.what, flaw.detail);
            let problem = Diagnostic::error("recipe", "an artifact's recipe is wrong", detail).help(flaw.help);
            self.problems.push(problem.at(expression.span_at(&flaw.path).or(self.place.0)));
        }
    }

    fn satisfy(&mut self, name: &str, attribute: &Attribute, rule: &Rule, leaf: &Partial, span: Option<Span>) {
        if let Err(expected) = rules::check(rule, leaf) {
            let shown = serde_json::to_string(leaf).unwrap_or_default();
            let detail = format!("`{name}` of {} must be {expected}; it is {shown}", self.what);
            let problem = Diagnostic::error("invalid-value", "a value is not one of those allowed", detail);
            self.problems.push(problem.at(span).help(attribute.description));
        }
    }

    fn plain_secret(&mut self, name: &str, span: Option<Span>) {
        let detail = format!("`{name}` of {} is a secret, and its value stands in the stack file", self.what);
        let problem = Diagnostic::warning("plain-secret", "a secret is written in plain text", detail).at(span);
        self.problems
            .push(problem.help("declare `[secret.NAME]` with `from = \"env:NAME\"` and write `\"${secret.NAME}\"`"));
    }
}

fn described(ty: &Type) -> String {
    match ty {
        Type::Any => "of any type".to_owned(),
        ty => format!("of type {ty}"),
    }
}
