//! Cosmos DB: accounts, and the databases and containers of its SQL interface.

mod sql;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::identity::StackUuid;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use crate::arm::{Method, Request, ResourceId, at, child, put};
use crate::fields::Fields;
use crate::form::{from_json, to_json};
use crate::kind::{self, Target, Task};
use crate::kinds::lists::{ADDRESSES, IDS, NAMES};
use crate::typed::{ENABLED, Form, INVERTED, Special, Typed, flag, identity, number, object, open, some, usually};

pub use self::sql::{sql_container, sql_database};

/// The api-version of all of it.
const API: &str = "2025-10-15";

/// `azure_cosmosdb_account`.
pub fn account() -> Typed {
    let place = object(&[
        ("location", Type::String, true),
        ("failover_priority", Type::Number, true),
        ("zone_redundant", Type::Bool, false),
    ]);
    let backup = object(&[
        ("type", Type::String, true),
        ("tier", Type::String, false),
        ("interval_in_minutes", Type::Number, false),
        ("retention_in_hours", Type::Number, false),
        ("storage_redundancy", Type::String, false),
    ]);
    Typed::of("Microsoft.DocumentDB/databaseAccounts@2025-10-15", "an account of Cosmos DB, with the SQL interface")
        // Source: "Naming rules and restrictions for Azure resources", databaseAccounts.
        .in_group("[a-z0-9][a-z0-9-]{1,42}[a-z0-9]", "its name, unique in all of Azure: 3 to 44 lower-case letters, digits and hyphens, no hyphen at either end")
        .located()
        .tagged()
        .fixed("kind", json!("GlobalDocumentDB"))
        .fixed("properties.databaseAccountOfferType", json!("Standard"))
        // Source: the REST specification, `DefaultConsistencyLevel`.
        .part(usually("consistency_level", "properties.consistencyPolicy.defaultConsistencyLevel", "Session", "what readers see of writes").one_of(&["Eventual", "ConsistentPrefix", "Session", "BoundedStaleness", "Strong"]))
        // Source: the same, `ConsistencyPolicy`.
        .part(number("max_interval_in_seconds", "properties.consistencyPolicy.maxIntervalInSeconds", 5, 86_400, "by how much readers may be behind with BoundedStaleness, in seconds"))
        .part(number("max_staleness_prefix", "properties.consistencyPolicy.maxStalenessPrefix", 1, i64::from(i32::MAX), "by how much they may be behind with it, in writes"))
        .part(some("geo_locations", "properties.locations", Type::list(place), "where it is, otherwise only in `location`: `location`, `failover_priority` (0 is where it is written) and `zone_redundant`; Azure changes them only apart from all else").form(PLACES))
        .part(some("capabilities", "properties.capabilities", Type::set(Type::String), "what it can do besides, such as `EnableServerless`, which only a new account learns or forgets").form(NAMES))
        .part(flag("free_tier", "properties.enableFreeTier", false, "whether it is the free one, of which each subscription has one").immutable())
        .part(flag("automatic_failover_enabled", "properties.enableAutomaticFailover", false, "whether another region is written when the first one is lost"))
        .part(flag("multiple_write_locations_enabled", "properties.enableMultipleWriteLocations", false, "whether every region is written"))
        .part(flag("local_auth_enabled", "properties.disableLocalAuth", false, "whether keys open it; otherwise only identities do").form(INVERTED))
        .part(flag("public_network_access", "properties.publicNetworkAccess", true, "whether it is reached from outside virtual networks").form(ENABLED))
        .part(some("ip_rules", "properties.ipRules", Type::set(Type::String), "the only addresses and ranges that reach it").form(ADDRESSES))
        .part(some("virtual_network_rules", "properties.virtualNetworkRules", Type::set(Type::String), "the ids of the only subnets that reach it").form(IDS))
        .part(usually("minimal_tls_version", "properties.minimalTlsVersion", "Tls12", "the oldest TLS that is spoken").one_of(&["Tls12"]))
        .part(open("backup", "properties.backupPolicy", backup, "how it is saved: `type` Continuous with `tier` Continuous7Days or Continuous30Days; or Periodic with `interval_in_minutes`, `retention_in_hours` and `storage_redundancy` (Geo, Zone, Local)").form(BACKUP))
        // Source: the same, `Capacity`: -1 for no limit.
        .part(number("total_throughput_limit", "properties.capacity.totalThroughputLimit", -1, i64::from(i32::MAX), "the most throughput of all that is in it, in request units a second; -1 for no limit"))
        .part(identity())
        .shows("endpoint", "properties.documentEndpoint", "where it answers")
        .shows("principal_id", "identity.principalId", "the id of its own identity, by which roles are given to it")
        .keys(
            "listKeys",
            "local_auth_enabled",
            &[
                ("primary_key", "primaryMasterKey", "the first key"),
                ("secondary_key", "secondaryMasterKey", "the second key"),
                ("primary_readonly_key", "primaryReadonlyMasterKey", "the first key that only reads"),
            ],
        )
        .takes(180)
        .holds_data()
        .special(Account)
}

/// Where an account is.
const PLACES: Form = Form { to: places_to, from: places_from };

fn places_to(value: &Known, _: &Type) -> Json {
    let place = |item: &Known| {
        let fields = Fields(item);
        let number = fields.get("failover_priority").map_or(Json::Null, |number| to_json(number, &Type::Number));
        json!({ "locationName": fields.text("location"), "failoverPriority": number, "isZoneRedundant": fields.is("zone_redundant") })
    };
    Json::Array(value.as_list().unwrap_or_default().iter().map(place).collect())
}

fn places_from(json: &Json, _: &Type) -> Known {
    let place = |item: &Json| {
        let name = child(item, "locationName").and_then(Json::as_str).unwrap_or_default();
        Value::map([
            ("location", Value::String(name.replace(' ', "").to_ascii_lowercase())),
            (
                "failover_priority",
                child(item, "failoverPriority").map_or(Value::Null, |it| from_json(it, &Type::Number)),
            ),
            ("zone_redundant", child(item, "isZoneRedundant").map_or(Value::Null, |it| from_json(it, &Type::Bool))),
        ])
    };
    Value::List(json.as_array().into_iter().flatten().map(place).collect())
}

/// How an account is saved.
const BACKUP: Form = Form { to: backup_to, from: backup_from };

/// The fields of a periodic backup, and their places.
const PERIODIC: [(&str, &str); 3] = [
    ("interval_in_minutes", "periodicModeProperties.backupIntervalInMinutes"),
    ("retention_in_hours", "periodicModeProperties.backupRetentionIntervalInHours"),
    ("storage_redundancy", "periodicModeProperties.backupStorageRedundancy"),
];

fn backup_to(value: &Known, _: &Type) -> Json {
    let fields = Fields(value);
    let mut policy = json!({ "type": fields.text("type") });
    let tier = fields.text("tier").map(|tier| json!(tier));
    tier.into_iter().for_each(|tier| put(&mut policy, "continuousModeProperties.tier", tier));
    for (name, path) in PERIODIC {
        let written = fields.get(name).map(|value| to_json(value, &Type::Any));
        written.into_iter().for_each(|written| put(&mut policy, path, written));
    }
    policy
}

fn backup_from(json: &Json, _: &Type) -> Known {
    let told = |path: &str| at(json, path).map_or(Value::Null, |json| from_json(json, &Type::Any));
    let periodic = PERIODIC.iter().map(|(name, path)| (*name, told(path)));
    Value::map([("type", told("type")), ("tier", told("continuousModeProperties.tier"))].into_iter().chain(periodic))
}

struct Account;

fn is_serverless(wish: &Partial) -> bool {
    let capabilities = wish.get("capabilities").and_then(Partial::as_list).unwrap_or_default();
    capabilities.iter().any(|capability| capability.as_str() == Some("EnableServerless"))
}

#[async_trait]
impl Special for Account {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let is_set = |name: &str| desired.get(name).is_some_and(|value| !value.is_null());
        let is_bounded = desired.get("consistency_level").and_then(Partial::as_str) == Some("BoundedStaleness");
        if is_bounded && !(is_set("max_interval_in_seconds") && is_set("max_staleness_prefix")) {
            let detail = "BoundedStaleness has no bounds";
            problems.push(
                Diagnostic::error("refused-by-azure", "Azure would refuse this", detail)
                    .help("set `max_interval_in_seconds` and `max_staleness_prefix`"),
            );
        }
    }

    fn replaces(&self, prior: &Partial, inputs: &Partial) -> Vec<&'static str> {
        if is_serverless(prior) == is_serverless(inputs) { Vec::new() } else { vec!["capabilities"] }
    }

    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        if task.inputs.get("geo_locations").is_none() {
            let location = task.inputs.need("location")?;
            let place = json!([{ "locationName": location, "failoverPriority": 0, "isZoneRedundant": false }]);
            put(document, "properties.locations", place);
        }
        let has_rules = task.inputs.texts("virtual_network_rules").is_some_and(|rules| !rules.is_empty());
        put(document, "properties.isVirtualNetworkFilterEnabled", json!(has_rules));
        Ok(())
    }

    async fn foresee(&self, azure: &kind::Account, _: StackUuid, inputs: Fields<'_>) -> Option<Option<String>> {
        let (name, group) = (inputs.text("name")?, inputs.text("resource_group_name")?);
        let group = match group.starts_with('/') {
            true => group.to_owned(),
            false => format!("/subscriptions/{}/resourceGroups/{group}", azure.subscription),
        };
        let id = ResourceId::parse(&format!("{group}/providers/Microsoft.DocumentDB/databaseAccounts/{name}")).ok()?;
        let is_there = azure.arm.get(&id, API).await.ok()?.is_some();
        // Whose it is, and what becomes of it then, is for the making to say.
        Some(if is_there { None } else { taken(azure, name).await.ok().flatten() })
    }

    async fn prepare(&self, task: &Task<'_>, target: &Target) -> Result<Option<Json>, Fault> {
        match taken(task.azure, target.id.name()).await? {
            Some(why) => Err(Fault::rejected(why)),
            None => Ok(None),
        }
    }
}

/// Why a name may not be had; `None` when it may. This service answers the question with nothing but whether it is taken.
async fn taken(azure: &kind::Account, name: &str) -> Result<Option<String>, Fault> {
    let path = format!("/providers/Microsoft.DocumentDB/databaseAccountNames/{name}?api-version={API}");
    match azure.arm.send(&Request::on(Method::HEAD, path)).await {
        Ok(_) => Ok(Some(format!(
            "the name `{name}` cannot be had: it is taken; names of this type are unique in all of Azure, so choose another one"
        ))),
        Err(failure) if failure.is_absent() || failure.status == 403 => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}
