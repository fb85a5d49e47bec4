//! Provider instances, configured and checked against what the state remembers of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use siac_core::model::plan::Plan;
use siac_core::model::snapshot::{ProviderPin, Snapshot};
use siac_core::model::value::{Known, Value};
use siac_core::ports::Provider;

use super::Failed;
use super::loading::LoadedStack;
use crate::site::Site;

/// Provider instances that are ready, and what is recorded of them.
#[derive(Clone, Default)]
pub struct Connected {
    /// The instances.
    pub providers: BTreeMap<String, Arc<dyn Provider>>,
    /// What is recorded of each.
    pub pins: BTreeMap<String, ProviderPin>,
}

/// Instances that are wanted: by name, the plugin and its configuration.
pub type Wanted = BTreeMap<String, (String, BTreeMap<String, Known>)>;

/// Configures instances.
///
/// # Errors
/// When an instance cannot be made or configured, or acts on another account than the one that these snapshots remember.
pub async fn connect(site: &Site, wanted: Wanted, remembered: &[&Snapshot]) -> Result<Connected, Failed> {
    let mut connected = Connected::default();
    for (name, (plugin, config)) in wanted {
        let provider = (site.connect)(&plugin).ok_or_else(|| absent(&name, &plugin))?;
        let identity = provider
            .configure(&Value::Map(config.clone()))
            .await
            .map_err(|fault| Failed::Provider(format!("the provider `{name}` cannot be configured: {fault}")))?;
        check_identity(&name, &identity, remembered)?;
        let version = provider.schema().version.to_owned();
        connected.pins.insert(name.clone(), ProviderPin { plugin, version, identity: Some(identity), config });
        connected.providers.insert(name, provider);
    }
    Ok(connected)
}

/// Those that snapshots remember objects or open calls of: their objects may have to go.
pub fn remembered(snapshots: &[&Snapshot]) -> Wanted {
    let mut wanted = Wanted::new();
    for snapshot in snapshots {
        let objects = snapshot.records.values().flat_map(|record| record.object.iter().chain(record.deposed.values()));
        let used =
            objects.map(|object| &object.provider).chain(snapshot.unsettled.values().map(|intent| &intent.provider));
        for name in used {
            if let Some(pin) = snapshot.providers.get(name) {
                wanted.entry(name.clone()).or_insert_with(|| (pin.plugin.clone(), pin.config.clone()));
            }
        }
    }
    wanted
}

/// Those that a stack declares.
pub fn declared(loaded: &LoadedStack) -> Wanted {
    let instance = |(name, instance): (&String, &siac_core::model::stack::ProviderInstance)| {
        let config = loaded.early.providers.get(name).cloned().unwrap_or_default();
        (name.clone(), (instance.plugin.clone(), config))
    };
    loaded.stack.providers.iter().map(instance).collect()
}

/// Those that a plan uses.
pub fn planned(plan: &Plan) -> Wanted {
    let instance = |(name, pin): (&String, &ProviderPin)| (name.clone(), (pin.plugin.clone(), pin.config.clone()));
    plan.providers.iter().map(instance).collect()
}

fn absent(name: &str, plugin: &str) -> Failed {
    Failed::Provider(format!(
        "the provider `{name}` needs the plugin `{plugin}`, which is not part of this build of siac; `siac providers` lists those that are"
    ))
}

/// The account that the state remembers is the only one it may be used with.
fn check_identity(name: &str, identity: &str, remembered: &[&Snapshot]) -> Result<(), Failed> {
    let pinned = remembered.iter().filter_map(|snapshot| snapshot.providers.get(name)?.identity.as_deref());
    match pinned.into_iter().find(|pinned| *pinned != identity) {
        None => Ok(()),
        Some(pinned) => Err(Failed::Provider(format!(
            "the provider `{name}` acts on {identity}, while this stack was deployed to {pinned}; go back to the credentials and the settings of {pinned}, or deploy under another name"
        ))),
    }
}
