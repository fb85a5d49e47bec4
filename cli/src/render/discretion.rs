//! Which attributes of a resource are never shown.

use std::collections::BTreeSet;

use siac_core::model::address::ResourceAddress;
use siac_core::model::snapshot::{Object, Snapshot};
use siac_core::ports::Catalogues;

/// Knows from the schemas which attributes are sensitive.
#[derive(Clone, Copy)]
pub struct Discretion<'a> {
    catalogues: &'a Catalogues,
    snapshot: &'a Snapshot,
}

impl<'a> Discretion<'a> {
    /// Judges the objects of a snapshot.
    pub fn new(catalogues: &'a Catalogues, snapshot: &'a Snapshot) -> Self {
        Self { catalogues, snapshot }
    }

    /// The attributes of an object that are never shown. Of a kind that this build does not know, that is all of them.
    pub fn hidden(&self, address: &ResourceAddress, object: &Object) -> BTreeSet<String> {
        let plugin = self.snapshot.providers.get(&object.provider).map_or(object.provider.as_str(), |pin| &pin.plugin);
        match self.catalogues.kind(plugin, address.mode, &address.kind) {
            Some(kind) => {
                let sensitive = kind.attributes.iter().filter(|(_, attribute)| attribute.sensitive);
                sensitive.map(|(name, _)| (*name).to_owned()).collect()
            }
            None => object.attributes().as_map().map(|entries| entries.keys().cloned().collect()).unwrap_or_default(),
        }
    }
}
