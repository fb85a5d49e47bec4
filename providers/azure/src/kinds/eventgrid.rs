//! Event Grid: topics, and who gets what is sent to them.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};

use crate::arm::child;
use crate::fields::Fields;
use crate::form::{from_json, to_json};
use crate::kind::Write;
use crate::typed::{
    ENABLED, Form, INVERTED, Part, Special, Typed, flag, identity, number, object, some, text, usually,
};

/// `azure_eventgrid_topic`.
pub fn topic() -> Typed {
    let rule = object(&[("ip_mask", Type::String, true), ("action", Type::String, false)]);
    Typed::of("Microsoft.EventGrid/topics@2025-02-15", "a topic that takes events of your own")
        // Source: "Naming rules and restrictions for Azure resources", EventGrid topics.
        .in_group("[A-Za-z0-9-]{3,50}", "its name: 3 to 50 letters, digits and hyphens")
        .located()
        .tagged()
        // Source: the REST specification, `InputSchema`; the default is a choice of this project.
        .part(
            usually("input_schema", "properties.inputSchema", "CloudEventSchemaV1_0", "in what form events come")
                .one_of(&["CloudEventSchemaV1_0", "EventGridSchema", "CustomEventSchema"])
                .immutable(),
        )
        .part(
            usually(
                "minimum_tls_version",
                "properties.minimumTlsVersionAllowed",
                "1.2",
                "the oldest TLS that is spoken",
            )
            .one_of(&["1.2"]),
        )
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
        .part(some(
            "inbound_ip_rules",
            "properties.inboundIpRules",
            Type::list(rule),
            "the only addresses that reach it: `ip_mask`, and `action` Allow",
        ))
        .part(identity())
        .shows("endpoint", "properties.endpoint", "where events are sent")
        .shows("principal_id", "identity.principalId", "the id of its own identity, by which roles are given to it")
        .keys(
            "listKeys",
            "local_auth_enabled",
            &[("primary_access_key", "key1", "the first key"), ("secondary_access_key", "key2", "the second key")],
        )
        .takes(30)
}

/// `azure_eventgrid_event_subscription`.
pub fn event_subscription() -> Typed {
    let advanced = object(&[
        ("operator_type", Type::String, true),
        ("key", Type::String, true),
        ("value", Type::Any, false),
        ("values", Type::list(Type::Any), false),
    ]);
    let kind = Typed::of(
        "Microsoft.EventGrid/eventSubscriptions@2025-02-15",
        "who gets the events of a topic, or of any resource that tells some",
    )
    // Source: "Naming rules and restrictions for Azure resources", eventSubscriptions.
    .below("scope", "", "[A-Za-z0-9-]{3,64}", "its name: 3 to 64 letters, digits and hyphens")
    // Source: the REST specification, `EventDeliverySchema`.
    .part(
        usually(
            "event_delivery_schema",
            "properties.eventDeliverySchema",
            "CloudEventSchemaV1_0",
            "in what form events are given",
        )
        .one_of(&["CloudEventSchemaV1_0", "EventGridSchema", "CustomInputSchema"])
        .immutable(),
    )
    .part(some(
        "included_event_types",
        "properties.filter.includedEventTypes",
        Type::list(Type::String),
        "the only types of events that are wanted",
    ))
    .part(text("subject_begins_with", "properties.filter.subjectBeginsWith", "how subjects begin that are wanted"))
    .part(text("subject_ends_with", "properties.filter.subjectEndsWith", "how they end"))
    .part(flag(
        "subject_case_sensitive",
        "properties.filter.isSubjectCaseSensitive",
        false,
        "whether case matters in that",
    ))
    .part(some(
        "advanced_filters",
        "properties.filter.advancedFilters",
        Type::list(advanced),
        "what else must be so: `operator_type` such as StringIn or NumberGreaterThan, `key`, and `value` or `values`",
    ))
    .part(flag(
        "advanced_filtering_on_arrays_enabled",
        "properties.filter.enableAdvancedFilteringOnArrays",
        true,
        "whether those look into lists",
    ))
    .part(some("labels", "properties.labels", Type::list(Type::String), "labels"))
    .part(text("expiration_time_utc", "properties.expirationTimeUtc", "when it ends, such as `2030-01-01T00:00:00Z`"))
    // Source: "Event Grid message delivery and retry": 1 to 30 attempts, 1 to 1440 minutes.
    .part(
        number(
            "max_delivery_attempts",
            "properties.retryPolicy.maxDeliveryAttempts",
            1,
            30,
            "how often an event is tried to be given",
        )
        .default_number(30),
    )
    .part(
        number(
            "event_time_to_live",
            "properties.retryPolicy.eventTimeToLiveInMinutes",
            1,
            1_440,
            "for how long, in minutes",
        )
        .default_number(1_440),
    )
    .part(
        some(
            "storage_blob_dead_letter_destination",
            "properties.deadLetterDestination",
            dead_letter(),
            "where events go that could not be given: `storage_account_id` and `container_name`",
        )
        .form(DEAD_LETTER),
    )
    .written(Write::Put)
    .takes(20)
    .special(Subscription);
    destinations().into_iter().fold(kind, Typed::part)
}

/// The attributes that say where events go.
const DESTINATIONS: [&str; 6] = [
    "webhook_endpoint",
    "azure_function_endpoint",
    "service_bus_queue_endpoint_id",
    "service_bus_topic_endpoint_id",
    "eventhub_endpoint_id",
    "storage_queue_endpoint",
];

/// The fields of destinations that stand under other names.
const RENAMED: [(&str, &str); 3] =
    [("url", "endpointUrl"), ("function_id", "resourceId"), ("storage_account_id", "resourceId")];

fn destinations() -> Vec<Part> {
    let batches =
        [("max_events_per_batch", Type::Number, false), ("preferred_batch_size_in_kilobytes", Type::Number, false)];
    let with = |own: &[(&'static str, Type, bool)]| object(&[own, &batches].concat());
    let webhook = with(&[
        ("url", Type::String, true),
        ("azure_active_directory_tenant_id", Type::String, false),
        ("azure_active_directory_application_id_or_uri", Type::String, false),
    ]);
    let function = with(&[("function_id", Type::String, true)]);
    let queue = object(&[
        ("storage_account_id", Type::String, true),
        ("queue_name", Type::String, true),
        ("queue_message_time_to_live_in_seconds", Type::Number, false),
    ]);
    let part = |name, ty, form, description| some(name, "properties.destination", ty, description).form(form);
    vec![
        part("webhook_endpoint", webhook, WEBHOOK, "a URL that is called: `url`, and whose token it gets"),
        part("azure_function_endpoint", function, FUNCTION, "a function: `function_id` is `APP-ID/functions/NAME`"),
        part("service_bus_queue_endpoint_id", Type::String, BUS_QUEUE, "the id of a Service Bus queue"),
        part("service_bus_topic_endpoint_id", Type::String, BUS_TOPIC, "the id of a Service Bus topic"),
        part("eventhub_endpoint_id", Type::String, EVENT_HUB, "the id of an event hub"),
        part(
            "storage_queue_endpoint",
            queue,
            STORAGE_QUEUE,
            "a queue in storage: `storage_account_id` and `queue_name`",
        ),
    ]
}

const WEBHOOK: Form = Form {
    to: |value, ty| destination_to("WebHook", value, ty),
    from: |json, ty| destination_from("WebHook", json, ty),
};
const FUNCTION: Form = Form {
    to: |value, ty| destination_to("AzureFunction", value, ty),
    from: |json, ty| destination_from("AzureFunction", json, ty),
};
const BUS_QUEUE: Form = Form {
    to: |value, ty| destination_to("ServiceBusQueue", value, ty),
    from: |json, ty| destination_from("ServiceBusQueue", json, ty),
};
const BUS_TOPIC: Form = Form {
    to: |value, ty| destination_to("ServiceBusTopic", value, ty),
    from: |json, ty| destination_from("ServiceBusTopic", json, ty),
};
const EVENT_HUB: Form = Form {
    to: |value, ty| destination_to("EventHub", value, ty),
    from: |json, ty| destination_from("EventHub", json, ty),
};
const STORAGE_QUEUE: Form = Form {
    to: |value, ty| destination_to("StorageQueue", value, ty),
    from: |json, ty| destination_from("StorageQueue", json, ty),
};

fn destination_to(endpoint: &str, value: &Known, ty: &Type) -> Json {
    let mut properties = to_json(value, ty);
    if let Json::String(id) = properties {
        return json!({ "endpointType": endpoint, "properties": { "resourceId": id } });
    }
    if let Some(fields) = properties.as_object_mut() {
        for (name, place) in RENAMED {
            let value = fields.remove(&crate::form::camel(name));
            value.into_iter().for_each(|value| drop(fields.insert(place.to_owned(), value)));
        }
    }
    json!({ "endpointType": endpoint, "properties": properties })
}

fn destination_from(endpoint: &str, json: &Json, ty: &Type) -> Known {
    let is_it = child(json, "endpointType").and_then(Json::as_str) == Some(endpoint);
    let Some(properties) = child(json, "properties").filter(|_| is_it) else { return Value::Null };
    let Type::Object(fields) = ty else {
        return child(properties, "resourceId").map_or(Value::Null, |id| from_json(id, ty));
    };
    let mut told = from_json(properties, ty);
    if let Value::Map(entries) = &mut told {
        for (name, place) in RENAMED.iter().filter(|(name, _)| fields.contains_key(*name)) {
            let shown = child(properties, place).map(|json| from_json(json, &Type::String));
            shown.into_iter().for_each(|shown| drop(entries.insert((*name).to_owned(), shown)));
        }
    }
    told
}

fn dead_letter() -> Type {
    object(&[("storage_account_id", Type::String, true), ("container_name", Type::String, true)])
}

/// Where events go that could not be given.
const DEAD_LETTER: Form = Form { to: dead_letter_to, from: dead_letter_from };

fn dead_letter_to(value: &Known, _: &Type) -> Json {
    let fields = Fields(value);
    let properties =
        json!({ "resourceId": fields.text("storage_account_id"), "blobContainerName": fields.text("container_name") });
    json!({ "endpointType": "StorageBlob", "properties": properties })
}

fn dead_letter_from(json: &Json, _: &Type) -> Known {
    let properties = child(json, "properties").cloned().unwrap_or_default();
    let told = |name: &str| child(&properties, name).map_or(Value::Null, |json| from_json(json, &Type::String));
    Value::map([("storage_account_id", told("resourceId")), ("container_name", told("blobContainerName"))])
}

struct Subscription;

#[async_trait]
impl Special for Subscription {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let is_set = |name: &&str| desired.get(name).is_some_and(|value| !value.is_null());
        let set: Vec<&str> = DESTINATIONS.into_iter().filter(is_set).collect();
        if set.len() != 1 {
            let detail = match set.is_empty() {
                true => "it says nowhere where events go".to_owned(),
                false => format!("it says in several ways where events go: {}", set.join(", ")),
            };
            let help = format!("set one of {}", DESTINATIONS.join(", "));
            problems.push(Diagnostic::error("refused-by-azure", "Azure would refuse this", detail).help(help));
        }
    }
}
