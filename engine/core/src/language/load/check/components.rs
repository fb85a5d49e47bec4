//! Components against what their kinds take and their providers can do.

use super::attributes::{Body, unknown_instance};
use crate::language::load::fields::listed;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::stack::{ComponentDeclaration, Stack};
use crate::ports::Catalogues;
use crate::serverless;

/// Keys of every component that are no fields.
const META: [&str; 6] = ["depends_on", "for_each", "kind", "override", "provider", "when"];

/// Checks one component.
pub(super) fn component(
    stack: &Stack,
    component: &ComponentDeclaration,
    catalogues: &Catalogues,
    problems: &mut Diagnostics,
) {
    let Some(schema) = serverless::schema(&component.kind) else { return };
    let what = format!("`component.{}`", component.name);
    let plugins = catalogues.iter().map(|catalogue| catalogue.schema().name);
    let meta: Vec<&str> = META.into_iter().chain(plugins).collect();
    let (place, entries, attributes) = (component.place, &component.fields, &schema.fields);
    Body { what, place, entries, attributes, meta: &meta, problems }.check();
    for (plugin, settings) in &component.settings {
        let Some(catalogue) = catalogues.plugin(plugin) else { continue };
        let what = format!("the table `[component.{}.{plugin}]`", component.name);
        let attributes = &catalogue.component_settings();
        Body { what, place, entries: settings, attributes, meta: &[], problems }.check();
    }
    provider(stack, component, catalogues, problems);
}

fn provider(stack: &Stack, component: &ComponentDeclaration, catalogues: &Catalogues, problems: &mut Diagnostics) {
    let (name, place) = (&component.provider, component.place.0);
    if name.is_empty() {
        return;
    }
    let Some(instance) = stack.providers.get(name) else {
        let user = format!("component.{}", component.name);
        return problems.push(unknown_instance(stack, catalogues, &user, name, place));
    };
    let Some(catalogue) = catalogues.plugin(&instance.plugin) else { return };
    if catalogue.realises().contains(&component.kind.as_str()) {
        return;
    }
    let able: Vec<&str> = catalogues.realising(&component.kind).collect();
    let detail = format!(
        "the provider `{name}` does not realise the kind `{}` of `component.{}`",
        component.kind, component.name
    );
    let problem = Diagnostic::error("unrealisable-component", "a component cannot be realised", detail).at(place);
    problems.push(match able.as_slice() {
        [] => problem.help("no provider of this build does"),
        able => problem.help(format!("these do: {}", listed(able))),
    });
}
