//! What the fake cloud offers.

use std::collections::BTreeMap;
use std::time::Duration;

use siac_core::model::schema::{Attribute, KindSchema, ProviderSchema, RecoveryClass};
use siac_core::model::types::Type;
use siac_core::ports::Catalogue;

use super::{DRAIN, PLUGIN, TIMEOUT};

/// The fake cloud's catalogue alone, for planning.
pub struct FakeCatalogue(pub(super) ProviderSchema);

impl Default for FakeCatalogue {
    fn default() -> Self {
        Self(schema())
    }
}

impl Catalogue for FakeCatalogue {
    fn schema(&self) -> &ProviderSchema {
        &self.0
    }
}

/// Kinds of every recovery class, one that holds data, one with a secret of the cloud's own, and a data source.
pub(super) fn schema() -> ProviderSchema {
    ProviderSchema {
        name: PLUGIN,
        version: "1.0.0",
        config: BTreeMap::new(),
        resources: BTreeMap::from([
            ("fake_token", kind("A thing that takes a client token.", class_of("fake_token"))),
            ("fake_put", kind("A thing that is put by name.", class_of("fake_put"))),
            ("fake_name", kind("A thing with a unique name.", class_of("fake_name"))),
            ("fake_tag", kind("A thing that only its tags tell.", class_of("fake_tag"))),
            ("fake_nothing", kind("A thing that cannot be found again.", class_of("fake_nothing"))),
            (
                "fake_long",
                kind("A thing that takes long, and tells how to go on waiting for it.", class_of("fake_long")),
            ),
            ("fake_table", table()),
            ("fake_secret", secret()),
        ]),
        data: BTreeMap::from([("fake_lookup", lookup())]),
    }
}

fn kind(description: &'static str, recovery: RecoveryClass) -> KindSchema {
    let is_named = is_named(recovery);
    let name = Attribute::required(Type::String, "What it is called.");
    KindSchema {
        description,
        version: 1,
        attributes: BTreeMap::from([
            ("name", if is_named { name.immutable() } else { name }),
            ("size", Attribute::optional(Type::Number, "How large it is, in units.")),
            ("zone", Attribute::optional_computed(Type::String, "Where it stands.").immutable()),
            ("link", Attribute::optional(Type::String, "What it refers to.")),
            ("id", Attribute::computed(Type::String, "What the cloud calls it.").stays()),
            ("stamp", Attribute::computed(Type::String, "Tells its revisions apart.")),
        ]),
        data_bearing: false,
        recovery,
        drain: DRAIN,
        timeout: TIMEOUT,
        unique: is_named.then_some("name"),
        typical: Duration::from_secs(1),
    }
}

/// How the cloud really treats a kind, whatever a schema promises.
pub(super) fn class_of(kind: &str) -> RecoveryClass {
    match kind {
        "fake_token" | "fake_secret" => RecoveryClass::Token,
        "fake_put" => RecoveryClass::Put,
        "fake_name" | "fake_table" => RecoveryClass::Name,
        "fake_tag" => RecoveryClass::Tag,
        _ => RecoveryClass::Nothing,
    }
}

/// Whether objects of the class are known by the name we choose.
pub(super) fn is_named(class: RecoveryClass) -> bool {
    matches!(class, RecoveryClass::Put | RecoveryClass::Name)
}

fn table() -> KindSchema {
    KindSchema { data_bearing: true, ..kind("A thing that holds data.", class_of("fake_table")) }
}

fn secret() -> KindSchema {
    let mut kind = kind("A thing with a secret that the cloud makes.", class_of("fake_secret"));
    let value = Attribute::computed(Type::String, "The secret.").stays().sensitive();
    kind.attributes.insert("value", value);
    kind
}

fn lookup() -> KindSchema {
    KindSchema {
        attributes: BTreeMap::from([
            ("name", Attribute::required(Type::String, "The name that is looked for.")),
            ("found", Attribute::computed(Type::Bool, "Whether something has it.")),
            ("id", Attribute::computed(Type::String, "What the cloud calls it.")),
        ]),
        ..kind("Looks for a thing by its name.", RecoveryClass::Token)
    }
}
