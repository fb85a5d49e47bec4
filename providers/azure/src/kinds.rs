//! The typed kinds, by area.

mod alerts;
mod app;
mod configuration;
mod cosmos;
mod eventgrid;
mod frontdoor;
mod group;
mod identity;
mod kept;
mod lists;
mod monitor;
pub mod names;
mod realtime;
mod servicebus;
mod storage;
mod vault;

use std::collections::BTreeMap;

use crate::generic::AnyResource;
use crate::kind::Kind;
use crate::typed::Typed;

/// Every kind by name.
pub fn kinds() -> BTreeMap<&'static str, Box<dyn Kind>> {
    let typed = typed().into_iter().map(|(name, kind)| (name, Box::new(kind) as Box<dyn Kind>));
    typed.chain([("azure_resource", Box::new(AnyResource) as Box<dyn Kind>)]).collect()
}

/// The typed ones.
pub fn typed() -> Vec<(&'static str, Typed)> {
    vec![
        ("azure_action_group", alerts::action_group()),
        ("azure_app_configuration", configuration::app_configuration()),
        ("azure_app_configuration_key_value", configuration::key_value()),
        ("azure_app_service", app::app_service()),
        ("azure_application_insights", monitor::application_insights()),
        ("azure_cosmosdb_account", cosmos::account()),
        ("azure_cosmosdb_sql_container", cosmos::sql_container()),
        ("azure_cosmosdb_sql_database", cosmos::sql_database()),
        ("azure_eventgrid_event_subscription", eventgrid::event_subscription()),
        ("azure_eventgrid_topic", eventgrid::topic()),
        ("azure_front_door_endpoint", frontdoor::endpoint()),
        ("azure_front_door_origin", frontdoor::origin()),
        ("azure_front_door_origin_group", frontdoor::origin_group()),
        ("azure_front_door_profile", frontdoor::profile()),
        ("azure_front_door_route", frontdoor::route()),
        ("azure_function_app", app::function_app()),
        ("azure_function_app_slot", app::function_app_slot()),
        ("azure_key_vault", vault::key_vault()),
        ("azure_key_vault_secret", vault::key_vault_secret()),
        ("azure_log_analytics_workspace", monitor::log_analytics_workspace()),
        ("azure_metric_alert", alerts::metric_alert()),
        ("azure_resource_group", group::resource_group()),
        ("azure_role_assignment", identity::role_assignment()),
        ("azure_service_plan", app::service_plan()),
        ("azure_servicebus_namespace", servicebus::namespace()),
        ("azure_servicebus_queue", servicebus::queue()),
        ("azure_servicebus_subscription", servicebus::subscription()),
        ("azure_servicebus_topic", servicebus::topic()),
        ("azure_signalr", realtime::signalr()),
        ("azure_storage_account", storage::storage_account()),
        ("azure_storage_container", storage::storage_container()),
        ("azure_user_assigned_identity", identity::user_assigned_identity()),
        ("azure_web_pubsub", realtime::web_pubsub()),
        ("azure_web_pubsub_hub", realtime::web_pubsub_hub()),
    ]
}
