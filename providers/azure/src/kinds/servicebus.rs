//! Service Bus: namespaces, queues, topics, and subscriptions to them.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::value::Partial;
use siac_core::ports::Fault;

use crate::arm::put;
use crate::kind::{Target, Task, Write};
use crate::kinds::names;
use crate::typed::{ENABLED, INVERTED, Part, Special, Typed, flag, identity, number, open_text, text, usually};

/// The form of names of queues and topics; slashes, which the service takes too, are left out, as ids cannot carry them. Source: "Naming
/// rules and restrictions for Azure resources", ServiceBus.
const ENTITY: &str = "[A-Za-z0-9]([A-Za-z0-9._-]{0,258}[A-Za-z0-9])?";

/// The same in words.
const ENTITY_WORDS: &str = "its name: up to 260 letters, digits and `. - _`, a letter or digit at both ends";

/// The form of durations.
pub const DURATION: &str = "P([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9.]+S)?)?";

/// The same in words.
pub const DURATION_WORDS: &str = "a duration such as `PT5M`, `P14D` or `PT1H30M`";

/// The most that fits into an integer of the REST specification.
const MOST: i64 = i32::MAX as i64;

/// `azure_servicebus_namespace`.
pub fn namespace() -> Typed {
    Typed::of("Microsoft.ServiceBus/namespaces@2024-01-01", "a namespace of queues and topics")
        // Source: "Naming rules and restrictions for Azure resources", ServiceBus.
        .in_group(
            "[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]",
            "its name, unique in all of Azure: 6 to 50 letters, digits and hyphens, a letter first",
        )
        .located()
        .tagged()
        .asked_for(false)
        .part(
            usually("sku", "sku.name", "Standard", "its size; Basic has no topics")
                .one_of(&["Basic", "Standard", "Premium"]),
        )
        // Source: "Service Bus Premium messaging tier", messaging units.
        .part(number("capacity", "sku.capacity", 1, 16, "how many messaging units a Premium one has: 1, 2, 4, 8 or 16"))
        // Source: the REST specification, `premiumMessagingPartitions`.
        .part(
            number(
                "premium_messaging_partitions",
                "properties.premiumMessagingPartitions",
                1,
                4,
                "how many partitions a Premium one has: 1, 2 or 4",
            )
            .immutable(),
        )
        .part(
            usually("minimum_tls_version", "properties.minimumTlsVersion", "1.2", "the oldest TLS that is spoken")
                .one_of(&["1.2", "1.3"]),
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
        .part(identity())
        .shows("endpoint", "properties.serviceBusEndpoint", "where it answers")
        .shows("principal_id", "identity.principalId", "the id of its own identity, by which roles are given to it")
        .keys(
            "authorizationRules/RootManageSharedAccessKey/listKeys",
            "local_auth_enabled",
            &[
                (
                    "default_primary_connection_string",
                    "primaryConnectionString",
                    "what clients are told, with the first key of the rule `RootManageSharedAccessKey`",
                ),
                ("default_primary_key", "primaryKey", "that key"),
            ],
        )
        .takes(60)
        .holds_data()
        .special(Namespace)
}

struct Namespace;

fn is_premium(wish: &Partial) -> bool {
    wish.get("sku").and_then(Partial::as_str) == Some("Premium")
}

#[async_trait]
impl Special for Namespace {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let number = |name: &str| desired.get(name).and_then(Partial::as_number).and_then(|number| number.as_i64());
        let mut refuse = |detail: String, help: &'static str| {
            problems.push(Diagnostic::error("refused-by-azure", "Azure would refuse this", detail).help(help));
        };
        let (units, partitions) = (number("capacity"), number("premium_messaging_partitions"));
        if let Some(units) = units.filter(|units| ![1, 2, 4, 8, 16].contains(units)) {
            refuse(format!("`capacity` is {units}"), "set it to 1, 2, 4, 8 or 16");
        }
        if let Some(partitions) = partitions.filter(|partitions| ![1, 2, 4].contains(partitions)) {
            refuse(format!("`premium_messaging_partitions` is {partitions}"), "set it to 1, 2 or 4");
        }
        let has_size = desired.get("sku").and_then(Partial::as_str).is_some();
        if has_size && !is_premium(desired) && (units.is_some() || partitions.is_some()) {
            let detail = "`capacity` and `premium_messaging_partitions` are Premium's";
            refuse(detail.to_owned(), "remove them, or choose Premium");
        }
    }

    fn replaces(&self, prior: &Partial, inputs: &Partial) -> Vec<&'static str> {
        // Between Premium and the others there is no way in place.
        if is_premium(prior) == is_premium(inputs) { Vec::new() } else { vec!["sku"] }
    }

    fn shape(&self, task: &Task<'_>, document: &mut Json) -> Result<(), Fault> {
        if let Some(sku) = task.inputs.text("sku") {
            put(document, "sku.tier", json!(sku));
        }
        Ok(())
    }

    async fn prepare(&self, task: &Task<'_>, _: &Target) -> Result<Option<Json>, Fault> {
        names::check(task, "Microsoft.ServiceBus", "Microsoft.ServiceBus/namespaces", "2024-01-01", false).await?;
        Ok(None)
    }
}

fn duration(name: &'static str, place: &'static str, description: &'static str) -> Part {
    open_text(name, place, description).matches(DURATION, DURATION_WORDS)
}

/// What queues, topics and subscriptions have alike.
fn entity(kind: Typed) -> Typed {
    kind.part(duration(
        "default_message_ttl",
        "properties.defaultMessageTimeToLive",
        "how long a message lives that does not say it itself",
    ))
    .part(duration(
        "auto_delete_on_idle",
        "properties.autoDeleteOnIdle",
        "after how long without use it is deleted; 5 minutes at least",
    ))
    .part(flag(
        "batched_operations_enabled",
        "properties.enableBatchedOperations",
        true,
        "whether the service batches its own writes",
    ))
    .written(Write::Put)
    .takes(3)
    .holds_data()
}

/// What queues and topics have alike.
fn store(kind: Typed) -> Typed {
    // Source: "Service Bus quotas": 1 to 5 GB, in Premium 80 GB.
    kind.part(number(
        "max_size_in_megabytes",
        "properties.maxSizeInMegabytes",
        1_024,
        81_920,
        "how much it holds, in megabytes; more than 5120 only in Premium",
    ))
    // Source: the same, message size: 100 MB in Premium.
    .part(number(
        "max_message_size_in_kilobytes",
        "properties.maxMessageSizeInKilobytes",
        1_024,
        102_400,
        "the largest message, in kilobytes; only for Premium",
    ))
    .part(
        flag(
            "requires_duplicate_detection",
            "properties.requiresDuplicateDetection",
            false,
            "whether messages with an id that was seen are dropped",
        )
        .immutable(),
    )
    .part(duration(
        "duplicate_detection_history_time_window",
        "properties.duplicateDetectionHistoryTimeWindow",
        "for how long ids are remembered; 10 minutes unless said",
    ))
    .part(
        flag(
            "partitioning_enabled",
            "properties.enablePartitioning",
            false,
            "whether it is spread over several brokers",
        )
        .immutable(),
    )
    .part(flag(
        "express_enabled",
        "properties.enableExpress",
        false,
        "whether messages are held in memory before they are stored; not in Premium",
    ))
}

/// What queues and subscriptions have alike.
fn receiver(kind: Typed) -> Typed {
    // Source: the REST specification, `lockDuration`: 5 minutes at most, 1 minute unless said.
    kind.part(duration(
        "lock_duration",
        "properties.lockDuration",
        "how long a message is locked for whoever received it; 5 minutes at most",
    ))
    .part(
        flag("requires_session", "properties.requiresSession", false, "whether messages belong to sessions")
            .immutable(),
    )
    .part(flag(
        "dead_lettering_on_message_expiration",
        "properties.deadLetteringOnMessageExpiration",
        false,
        "whether messages whose time is over are kept as dead letters",
    ))
    .part(
        number(
            "max_delivery_count",
            "properties.maxDeliveryCount",
            1,
            MOST,
            "how often a message is delivered before it is a dead letter",
        )
        .default_number(10),
    )
    .part(text("forward_to", "properties.forwardTo", "the queue or topic that messages go on to"))
    .part(text(
        "forward_dead_lettered_messages_to",
        "properties.forwardDeadLetteredMessagesTo",
        "the queue or topic that dead letters go on to",
    ))
}

/// `azure_servicebus_queue`.
pub fn queue() -> Typed {
    let kind = Typed::of("Microsoft.ServiceBus/namespaces/queues@2024-01-01", "a queue");
    let kind = kind.below("namespace_id", "", ENTITY, ENTITY_WORDS).part(
        usually("status", "properties.status", "Active", "whether messages are taken and given").one_of(&[
            "Active",
            "Disabled",
            "SendDisabled",
            "ReceiveDisabled",
        ]),
    );
    entity(store(receiver(kind)))
}

/// `azure_servicebus_topic`.
pub fn topic() -> Typed {
    let kind =
        Typed::of("Microsoft.ServiceBus/namespaces/topics@2024-01-01", "a topic: every subscription gets each message");
    let kind = kind
        .below("namespace_id", "", ENTITY, ENTITY_WORDS)
        .part(usually("status", "properties.status", "Active", "whether messages are taken").one_of(&[
            "Active",
            "Disabled",
            "SendDisabled",
        ]))
        .part(flag("support_ordering", "properties.supportOrdering", false, "whether messages keep their order"));
    entity(store(kind))
}

/// `azure_servicebus_subscription`.
pub fn subscription() -> Typed {
    let kind = Typed::of(
        "Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01",
        "a subscription to a topic, with the rule that everything is wanted",
    );
    let kind = kind
        // Source: "Naming rules and restrictions for Azure resources", ServiceBus.
        .below(
            "topic_id",
            "",
            "[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?",
            "its name: up to 50 letters, digits and `. - _`, a letter or digit at both ends",
        )
        .part(usually("status", "properties.status", "Active", "whether messages are given").one_of(&[
            "Active",
            "Disabled",
            "ReceiveDisabled",
        ]))
        .part(flag(
            "dead_lettering_on_filter_evaluation_error",
            "properties.deadLetteringOnFilterEvaluationExceptions",
            true,
            "whether messages that a rule fails on are kept as dead letters",
        ));
    entity(receiver(kind))
}
