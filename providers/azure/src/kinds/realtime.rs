//! Web PubSub and SignalR: connections, kept by Azure and answered by functions.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use crate::arm::{child, put};
use crate::kind::{Target, Task, Write};
use crate::kinds::names;
use crate::typed::{ENABLED, Form, INVERTED, Special, Typed, flag, identity, number, object, some, usually};

/// The sizes of Web PubSub and SignalR. Source: their REST specification, `ResourceSku`.
const SKUS: &[&str] = &["Free_F1", "Standard_S1", "Premium_P1", "Premium_P2"];

/// The form of names. Source: "Naming rules and restrictions for Azure resources", SignalRService.
const NAME: &str = "[A-Za-z][A-Za-z0-9-]{1,61}[A-Za-z0-9]";

/// `azure_web_pubsub`.
pub fn web_pubsub() -> Typed {
    Typed::of("Microsoft.SignalRService/webPubSub@2024-03-01", "a service that keeps WebSocket connections")
        .in_group(NAME, "its name, unique in all of Azure: 3 to 63 letters, digits and hyphens, a letter first")
        .located()
        .tagged()
        .asked_for(true)
        .part(
            usually(
                "sku",
                "sku.name",
                "Standard_S1",
                "its size; Free_F1 takes 20 connections and 20,000 messages a day",
            )
            .one_of(SKUS),
        )
        .part(number("capacity", "sku.capacity", 1, 1_000, "how many units, of 1,000 connections each"))
        .part(
            flag(
                "local_auth_enabled",
                "properties.disableLocalAuth",
                false,
                "whether keys open it; otherwise only identities do",
            )
            .form(INVERTED),
        )
        .part(
            flag(
                "public_network_access",
                "properties.publicNetworkAccess",
                true,
                "whether it is reached from outside virtual networks",
            )
            .form(ENABLED),
        )
        .part(flag(
            "client_certificates",
            "properties.tls.clientCertEnabled",
            false,
            "whether clients are asked for certificates",
        ))
        .part(identity())
        .shows(
            "hostname",
            "properties.hostName",
            "the name of its host: clients connect to `wss://HOSTNAME/client/hubs/HUB`",
        )
        .shows("external_ip", "properties.externalIP", "its address")
        .shows("principal_id", "identity.principalId", "the id of its own identity, by which roles are given to it")
        .keys(
            "listKeys",
            "local_auth_enabled",
            &[
                ("primary_connection_string", "primaryConnectionString", "what servers are told, with the first key"),
                ("primary_access_key", "primaryKey", "the first key"),
            ],
        )
        .takes(90)
        .special(PubSub { ty: "Microsoft.SignalRService/WebPubSub" })
}

/// What tells Web PubSub and SignalR from a table.
pub struct PubSub {
    /// The type as name checks spell it.
    pub ty: &'static str,
}

#[async_trait]
impl Special for PubSub {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let is_free = desired.get("sku").and_then(Partial::as_str) == Some("Free_F1");
        let capacity = desired.get("capacity").and_then(Partial::as_number).and_then(|number| number.as_i64());
        if is_free && capacity.is_some_and(|units| units > 1) {
            let detail = format!("`capacity` is {}, and Free_F1 has one unit", capacity.unwrap_or_default());
            problems.push(
                Diagnostic::error("refused-by-azure", "Azure would refuse this", detail)
                    .help("remove `capacity`, or choose Standard_S1"),
            );
        }
    }

    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        if let Some((tier, _)) = task.inputs.text("sku").and_then(|sku| sku.split_once('_')) {
            put(document, "sku.tier", json!(tier));
        }
        Ok(())
    }

    async fn prepare(&self, task: &Task<'_>, _: &Target) -> Result<Option<Json>, Fault> {
        names::check(task, "Microsoft.SignalRService", self.ty, "2024-03-01", true).await?;
        Ok(None)
    }
}

/// `azure_web_pubsub_hub`.
pub fn web_pubsub_hub() -> Typed {
    let auth = object(&[
        ("type", Type::String, true),
        ("managed_identity", object(&[("resource", Type::String, false)]), false),
    ]);
    let handler = object(&[
        ("url_template", Type::String, true),
        ("user_event_pattern", Type::String, false),
        ("system_events", Type::list(Type::String), false),
        ("auth", auth, false),
    ]);
    Typed::of("Microsoft.SignalRService/webPubSub/hubs@2024-03-01", "a hub: what becomes of the events of its connections")
        // Source: the REST specification of Web PubSub, `hubName`.
        .below("web_pubsub_id", "", r"[A-Za-z][A-Za-z0-9_`,.\[\]]{0,127}", "its name: a letter, and letters, digits or `_ , . [ ]`")
        .fixed("properties", json!({}))
        .part(some("event_handlers", "properties.eventHandlers", Type::list(handler), "who is told of events, in this order: `url_template`, `user_event_pattern`, `system_events` (connect, connected, disconnected) and `auth`"))
        .part(usually("anonymous_connect_policy", "properties.anonymousConnectPolicy", "deny", "whether clients may connect without a token").one_of(&["allow", "deny"]))
        // Source: the REST specification, `webSocketKeepAliveIntervalInSeconds`.
        .part(number("keep_alive_interval", "properties.webSocketKeepAliveIntervalInSeconds", 1, 120, "how often connections are pinged, in seconds"))
        .written(Write::Put)
        .takes(20)
}

/// The mode of a SignalR service stands among its features. Those that a write does not name stay as they are.
const SERVICE_MODE: Form = Form { to: service_mode_to, from: service_mode_from };

fn service_mode_to(value: &Known, _: &Type) -> Json {
    json!([{ "flag": "ServiceMode", "value": value.as_str().unwrap_or_default() }])
}

fn service_mode_from(json: &Json, _: &Type) -> Known {
    let is_mode = |feature: &&Json| child(feature, "flag").and_then(Json::as_str) == Some("ServiceMode");
    let mode =
        json.as_array().into_iter().flatten().find(is_mode).and_then(|feature| child(feature, "value")?.as_str());
    mode.map_or(Value::Null, Value::string)
}

/// `azure_signalr`.
pub fn signalr() -> Typed {
    let auth = object(&[
        ("type", Type::String, true),
        ("managed_identity", object(&[("resource", Type::String, false)]), false),
    ]);
    let upstream = object(&[
        ("url_template", Type::String, true),
        ("hub_pattern", Type::String, false),
        ("event_pattern", Type::String, false),
        ("category_pattern", Type::String, false),
        ("auth", auth, false),
    ]);
    Typed::of("Microsoft.SignalRService/signalR@2024-03-01", "a service that keeps SignalR connections")
        .in_group(NAME, "its name, unique in all of Azure: 3 to 63 letters, digits and hyphens, a letter first")
        .located()
        .tagged()
        .asked_for(true)
        .fixed("kind", json!("SignalR"))
        .part(usually("sku", "sku.name", "Standard_S1", "its size; Free_F1 takes 20 connections and 20,000 messages a day").one_of(SKUS))
        .part(number("capacity", "sku.capacity", 1, 1_000, "how many units, of 1,000 connections each"))
        // Source: the REST specification of SignalR, `SignalRFeature`.
        .part(
            usually("service_mode", "properties.features", "Default", "who answers: Default is a server of its own, Serverless are functions, Classic is either")
                .form(SERVICE_MODE)
                .one_of(&["Default", "Serverless", "Classic"]),
        )
        .part(some("upstream_endpoints", "properties.upstream.templates", Type::list(upstream), "who is told of events without a server, in this order: `url_template`, the patterns that it is for, and `auth`"))
        .part(some("cors_allowed_origins", "properties.cors.allowedOrigins", Type::list(Type::String), "which other origins browsers may connect from"))
        // Source: the same, `ServerlessSettings`.
        .part(number("serverless_connection_timeout", "properties.serverless.connectionTimeoutInSeconds", 1, 120, "how long a client may be silent without a server, in seconds"))
        .part(flag("local_auth_enabled", "properties.disableLocalAuth", false, "whether keys open it; otherwise only identities do").form(INVERTED))
        .part(flag("public_network_access", "properties.publicNetworkAccess", true, "whether it is reached from outside virtual networks").form(ENABLED))
        .part(flag("client_certificates", "properties.tls.clientCertEnabled", false, "whether clients are asked for certificates"))
        .part(identity())
        .shows("hostname", "properties.hostName", "the name of its host: clients connect to `https://HOSTNAME/client/?hub=HUB`")
        .shows("external_ip", "properties.externalIP", "its address")
        .shows("principal_id", "identity.principalId", "the id of its own identity, by which roles are given to it")
        .keys(
            "listKeys",
            "local_auth_enabled",
            &[
                ("primary_connection_string", "primaryConnectionString", "what servers are told, with the first key"),
                ("primary_access_key", "primaryKey", "the first key"),
            ],
        )
        .takes(90)
        .special(PubSub { ty: "Microsoft.SignalRService/SignalR" })
}
