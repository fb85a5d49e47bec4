//! The provider instances that a plan uses, with their configuration.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::modules::Modules;
use super::normalise::{Flaw, normalised};
use super::request::Goal;
use super::walk::evaluate_in_root;
use crate::model::diagnostic::Diagnostic;
use crate::model::schema::{KindSchema, RecoveryClass};
use crate::model::snapshot::ProviderPin;
use crate::model::stack::ProviderInstance;
use crate::model::value::{Known, Value};

/// The pins of every provider instance that some instance belongs to.
pub(super) fn pins<'a>(draft: &mut Draft<'a>, modules: Option<&Modules<'a>>) -> BTreeMap<String, ProviderPin> {
    let used: BTreeSet<String> = draft.instances.iter().map(|instance| instance.provider.clone()).collect();
    let records = draft.priors.iter().map(|(_, prior)| prior.record);
    let objects = records.flat_map(|record| record.object.iter().chain(record.deposed.values()));
    let used: BTreeSet<String> = used.into_iter().chain(objects.map(|object| object.provider.clone())).collect();
    let mut pins = BTreeMap::new();
    for name in used {
        let declared = modules.and_then(|modules| modules.stack.providers.get(&name).map(|it| (modules, it)));
        let pin = match declared {
            Some((modules, instance)) => configured(draft, modules, &name, instance),
            None => remembered(draft, &name),
        };
        if let Some(pin) = pin {
            pins.insert(name, pin);
        }
    }
    pins
}

/// The pin of an instance that the stack does not declare: as remembered, or without configuration.
fn remembered(draft: &mut Draft<'_>, name: &str) -> Option<ProviderPin> {
    let kept = match draft.request.goal {
        Goal::Snapshot(kept) => kept.providers.get(name),
        _ => None,
    };
    if let Some(pin) = kept.or_else(|| draft.request.snapshot.providers.get(name)) {
        let version = draft.request.catalogues.plugin(&pin.plugin).map(|it| it.schema().version.to_owned());
        return Some(ProviderPin { version: version.unwrap_or_else(|| pin.version.clone()), ..pin.clone() });
    }
    let user = draft.instances.iter().find(|instance| instance.provider == name)?;
    let schema = user.offer?.catalogue.schema();
    let (plugin, version) = (schema.name.to_owned(), schema.version.to_owned());
    Some(ProviderPin { plugin, version, identity: None, config: BTreeMap::new() })
}

fn configured<'a>(
    draft: &mut Draft<'a>,
    modules: &Modules<'a>,
    name: &str,
    instance: &ProviderInstance,
) -> Option<ProviderPin> {
    let Some(catalogue) = draft.request.catalogues.plugin(&instance.plugin) else {
        let detail =
            format!("the provider `{name}` needs the plugin `{}`, which this build does not have", instance.plugin);
        draft.problems.push(
            Diagnostic::error("missing-plugin", "a provider is not built in", detail)
                .at(instance.place.0)
                .help(format!("build siac with `--features {}`", instance.plugin)),
        );
        return None;
    };
    let schema = catalogue.schema();
    let mut entries = BTreeMap::new();
    for (key, expression) in &instance.config {
        let value = evaluate_in_root(draft, modules, expression);
        if !value.is_usable {
            return None;
        }
        if let Some(hole) = value.value.holes().first() {
            let problem = super::expand::not_known(&format!("provider.{name}.{key}"), hole, expression.span());
            draft.problems.push(problem);
            return None;
        }
        entries.insert(key.clone(), value.value);
    }
    let mut flaws = Vec::new();
    let normal = normalised(&as_kind(schema.config.clone()), &entries, None, &mut flaws);
    let place = |flaw: &Flaw| instance.config.get(&flaw.attribute).and_then(|it| it.span()).or(instance.place.0);
    for flaw in flaws {
        let detail = format!("provider `{name}`: {}", flaw.detail);
        draft.problems.push(Diagnostic::error(flaw.code, flaw.summary, detail).at(place(&flaw)));
    }
    let config: BTreeMap<String, Known> = match normal.close() {
        Some(Value::Map(entries)) => entries,
        _ => BTreeMap::new(),
    };
    let before = draft.request.snapshot.providers.get(name).filter(|pin| pin.plugin == instance.plugin);
    Some(ProviderPin {
        plugin: instance.plugin.clone(),
        version: schema.version.to_owned(),
        identity: before.and_then(|pin| pin.identity.clone()),
        config,
    })
}

/// The attributes of a provider table in the form in which those of resources are checked.
fn as_kind(attributes: BTreeMap<&'static str, crate::model::schema::Attribute>) -> KindSchema {
    KindSchema {
        description: "the configuration of a provider",
        version: 1,
        attributes,
        data_bearing: false,
        recovery: RecoveryClass::Nothing,
        drain: std::time::Duration::ZERO,
        timeout: std::time::Duration::ZERO,
        unique: None,
        typical: std::time::Duration::ZERO,
    }
}
