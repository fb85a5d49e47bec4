//! `aws_dynamodb_table`.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ProvisionedThroughput, ScalarAttributeType,
    SseSpecification, StreamSpecification, TableClass, TableDescription, TableStatus,
};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use super::{indexes, settings};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, Told, object};
use crate::settings::object_type;
use crate::wait::{Standing, until};

/// The kind.
pub struct Table;

/// How long a table or index may take. Indexes of large tables take hours: their making goes on while siac says so and ends.
const WORKING: Duration = Duration::from_secs(25 * 60);

#[async_trait]
impl Kind for Table {
    fn describe(&self) -> Described {
        Described::new("a table", RecoveryClass::Name, attributes())
            .named("name", 255)
            .tagged()
            .holds_data()
            .settles(Duration::from_secs(12), Duration::from_secs(30 * 60))
            .needs(&[
                "dynamodb:CreateTable",
                "dynamodb:DeleteTable",
                "dynamodb:DescribeContinuousBackups",
                "dynamodb:DescribeTable",
                "dynamodb:DescribeTimeToLive",
                "dynamodb:ListTagsOfResource",
                "dynamodb:TagResource",
                "dynamodb:UntagResource",
                "dynamodb:UpdateContinuousBackups",
                "dynamodb:UpdateTable",
                "dynamodb:UpdateTimeToLive",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        let is_provisioned = check.text("billing_mode") == Some("PROVISIONED");
        for name in ["read_capacity", "write_capacity"] {
            match (is_provisioned, check.has(name)) {
                (true, false) => check.refuse(format!("a table with provisioned capacity needs `{name}`"), "set it"),
                (false, true) if check.text("billing_mode").is_some() => {
                    check.refuse(
                        format!("`{name}` is for provisioned capacity"),
                        "set `billing_mode = \"PROVISIONED\"`",
                    );
                }
                _ => {}
            }
        }
        if check.flag("stream_enabled") == Some(true) && !check.has("stream_view_type") {
            check.refuse("a stream needs `stream_view_type`", "say what it shows, for instance `NEW_AND_OLD_IMAGES`");
        }
        refuse_idle_attributes(check);
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("name")
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(table) = described(aws, remote).await? else { return Ok(None) };
        if table.table_status() == Some(&TableStatus::Deleting) {
            return Ok(None);
        }
        let arn = table.table_arn().unwrap_or_default();
        let Some(seen) = settings::look(aws, remote, arn, shown(&table), remembered).await? else { return Ok(None) };
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (name, inputs) = (task.inputs.need("name")?, task.inputs);
        let call = task.aws.dynamodb().create_table().table_name(name).set_billing_mode(billing(inputs));
        let call = call
            .set_attribute_definitions(Some(definitions(inputs)?))
            .set_key_schema(Some(key(inputs)?))
            .set_provisioned_throughput(throughput(inputs)?)
            .set_global_secondary_indexes(indexes::global(inputs)?)
            .set_local_secondary_indexes(indexes::local(inputs)?)
            .set_stream_specification(stream(inputs)?)
            .set_sse_specification(inputs.object("server_side_encryption").map(encryption))
            .set_table_class(inputs.text("table_class").map(TableClass::from))
            .set_deletion_protection_enabled(inputs.flag("deletion_protection_enabled"))
            .set_tags(Some(settings::tags(task.tags())?));
        call.send().await.of("dynamodb:CreateTable").exists_on("ResourceInUseException")?;
        Ok(name.to_owned())
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        active(task.aws, remote).await?;
        settings::settle(task, remote).await
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        active(task.aws, remote).await?;
        capacity(task, remote, seen).await?;
        for (names, update) in UPDATES {
            if task.differing(seen).any(names) {
                update(task, remote).await?.send().await.of("dynamodb:UpdateTable")?;
                active(task.aws, remote).await?;
            }
        }
        indexes::change(task, remote, seen).await?;
        settings::retag(task, seen).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let call = aws.dynamodb().delete_table().table_name(remote);
        call.send().await.of("dynamodb:DeleteTable").busy_on(&["ResourceInUseException"]).or_gone()?;
        until(WORKING, || async {
            Ok(match described(aws, remote).await? {
                None => Standing::Ready(()),
                Some(table) => Standing::Waiting(status(&table)),
            })
        })
        .await
    }
}

fn attributes() -> Vec<(&'static str, Attribute)> {
    let definition = object_type(&[("name", Type::String, true), ("type", Type::String, true)]);
    let capacity = |description| Attribute::optional_computed(Type::Number, description).rule(Rule::Between(1, 40_000));
    vec![
        (
            "name",
            // `TableName` in the DynamoDB service model.
            Attribute::optional_computed(Type::String, "its name, unique in the region; made when none is given")
                .immutable()
                .rule(Rule::Length(3, 255))
                .rule(Rule::Matches("[a-zA-Z0-9_.-]+", "letters, digits and `_.-`")),
        ),
        (
            "hash_key",
            Attribute::required(Type::String, "the attribute that tells items apart, or groups them").immutable(),
        ),
        ("range_key", Attribute::optional(Type::String, "the attribute that orders items of a group").immutable()),
        (
            "attribute",
            Attribute::required(
                Type::set(definition),
                "the attributes of keys and indexes: `name`, and `type` `S`, `N` or `B`",
            ),
        ),
        (
            "billing_mode",
            Attribute::optional(Type::String, "whether requests are paid for or capacity")
                .default(Value::string("PAY_PER_REQUEST"))
                .rule(Rule::OneOf(&["PAY_PER_REQUEST", "PROVISIONED"])),
        ),
        ("read_capacity", capacity("provisioned reads a second")),
        ("write_capacity", capacity("provisioned writes a second")),
        ("global_secondary_index", Attribute::optional(Type::set(indexes::global_type()), "indexes over all items")),
        (
            "local_secondary_index",
            Attribute::optional(Type::set(indexes::local_type()), "indexes over the items of a group").immutable(),
        ),
        (
            "ttl",
            Attribute::optional(
                object_type(&[("attribute_name", Type::String, true), ("enabled", Type::Bool, false)]),
                "which attribute says when an item expires",
            ),
        ),
        (
            "point_in_time_recovery",
            Attribute::optional_computed(
                object_type(&[("enabled", Type::Bool, true), ("recovery_period_in_days", Type::Number, false)]),
                "whether it can be restored to any moment of the last days",
            ),
        ),
        ("stream_enabled", Attribute::optional(Type::Bool, "whether changes are streamed").default(Value::Bool(false))),
        (
            "stream_view_type",
            Attribute::optional(Type::String, "what the stream shows of a changed item").rule(Rule::OneOf(&[
                "KEYS_ONLY",
                "NEW_IMAGE",
                "OLD_IMAGE",
                "NEW_AND_OLD_IMAGES",
            ])),
        ),
        (
            "server_side_encryption",
            Attribute::optional(
                object_type(&[("enabled", Type::Bool, true), ("kms_key_arn", Type::String, false)]),
                "whether a KMS key encrypts it instead of DynamoDB's own",
            ),
        ),
        (
            "table_class",
            Attribute::optional(Type::String, "its storage class")
                .default(Value::string("STANDARD"))
                .rule(Rule::OneOf(&["STANDARD", "STANDARD_INFREQUENT_ACCESS"])),
        ),
        (
            "deletion_protection_enabled",
            Attribute::optional(Type::Bool, "whether AWS refuses to delete it").default(Value::Bool(false)),
        ),
        ("arn", Attribute::computed(Type::String, "its ARN").stays()),
        (
            "stream_arn",
            Attribute::computed(Type::String, "the ARN of its stream").follows(&["stream_enabled", "stream_view_type"]),
        ),
        (
            "stream_label",
            Attribute::computed(Type::String, "the label of its stream")
                .follows(&["stream_enabled", "stream_view_type"]),
        ),
    ]
}

/// DynamoDB refuses attributes that no key or index uses, and keys that are not defined. Source: `CreateTable` in the DynamoDB API reference.
fn refuse_idle_attributes(check: &mut Check<'_>) {
    let texts = |value: Option<&Partial>, name: &str| {
        value.and_then(|it| it.get(name)).and_then(Partial::as_str).map(str::to_owned)
    };
    let list = |name: &str| check.get(name).and_then(Partial::as_list).unwrap_or_default();
    if check.get("attribute").is_some_and(|it| !it.holes().is_empty())
        || check.get("global_secondary_index").is_some_and(|it| !it.holes().is_empty())
    {
        return;
    }
    let defined: BTreeSet<String> = list("attribute").iter().filter_map(|it| texts(Some(it), "name")).collect();
    let own = ["hash_key", "range_key"].iter().filter_map(|name| texts(Some(check.wish), name));
    let indexes = list("global_secondary_index").iter().chain(list("local_secondary_index"));
    let of_indexes =
        indexes.flat_map(|it| ["hash_key", "range_key"].into_iter().filter_map(|name| texts(Some(it), name)));
    let used: BTreeSet<String> = own.chain(of_indexes).collect();
    if let Some(idle) = defined.difference(&used).next() {
        check.refuse(
            format!("the attribute `{idle}` is in no key and no index"),
            "remove it: other attributes of items are not declared",
        );
    }
    if let Some(missing) = used.difference(&defined).next() {
        check.refuse(
            format!("the key `{missing}` has no type"),
            format!("add {{ name = \"{missing}\", type = \"S\" }} to `attribute`"),
        );
    }
}

fn billing(inputs: Fields<'_>) -> Option<BillingMode> {
    inputs.text("billing_mode").map(BillingMode::from)
}

/// The attributes of keys and indexes.
pub fn definitions(inputs: Fields<'_>) -> Result<Vec<AttributeDefinition>, Fault> {
    let definition = |fields: Fields<'_>| {
        let ty = ScalarAttributeType::from(fields.need("type")?);
        built(AttributeDefinition::builder().attribute_name(fields.need("name")?).attribute_type(ty).build())
    };
    inputs.objects("attribute").into_iter().map(definition).collect()
}

/// A key, of a table or an index.
pub fn key(fields: Fields<'_>) -> Result<Vec<KeySchemaElement>, Fault> {
    let parts = [("hash_key", KeyType::Hash), ("range_key", KeyType::Range)];
    let parts = parts.into_iter().filter_map(|(name, ty)| Some((fields.text(name)?, ty)));
    parts.map(|(name, ty)| built(KeySchemaElement::builder().attribute_name(name).key_type(ty).build())).collect()
}

/// The parts of a key as they were seen.
pub fn key_parts(key: &[KeySchemaElement]) -> (Option<&str>, Option<&str>) {
    let part = |ty: KeyType| key.iter().find(|part| part.key_type() == &ty).map(KeySchemaElement::attribute_name);
    (part(KeyType::Hash), part(KeyType::Range))
}

/// Provisioned capacity, when it is set.
pub fn throughput(fields: Fields<'_>) -> Result<Option<ProvisionedThroughput>, Fault> {
    let (Some(read), Some(write)) = (fields.int("read_capacity"), fields.int("write_capacity")) else {
        return Ok(None);
    };
    let capacity = ProvisionedThroughput::builder().read_capacity_units(read).write_capacity_units(write);
    built(capacity.build()).map(Some)
}

fn stream(inputs: Fields<'_>) -> Result<Option<StreamSpecification>, Fault> {
    let view = inputs.text("stream_view_type").map(Into::into);
    let stream = StreamSpecification::builder().stream_enabled(true).set_stream_view_type(view);
    if inputs.is("stream_enabled") { built(stream.build()).map(Some) } else { Ok(None) }
}

fn encryption(fields: Fields<'_>) -> SseSpecification {
    let key = fields.owned("kms_key_arn");
    SseSpecification::builder().enabled(fields.is("enabled")).set_kms_master_key_id(key).build()
}

/// The table; `None` when there is none.
pub async fn described(aws: &Account, name: &str) -> Result<Option<TableDescription>, Fault> {
    let answer = aws.dynamodb().describe_table().table_name(name).send().await;
    Ok(answer.of("dynamodb:DescribeTable").or_absent()?.and_then(|answer| answer.table))
}

fn status(table: &TableDescription) -> String {
    table.table_status().map_or_else(|| "UNKNOWN".to_owned(), |status| status.as_str().to_owned())
}

/// Waits until the table and its indexes can be changed.
pub async fn active(aws: &Account, name: &str) -> Result<(), Fault> {
    until(WORKING, || async {
        let Some(table) = described(aws, name).await? else { return Ok(Standing::Waiting("not visible".to_owned())) };
        let busy = table
            .global_secondary_indexes()
            .iter()
            .find(|index| index.index_status().is_some_and(|it| it.as_str() != "ACTIVE"));
        Ok(match (status(&table).as_str(), busy) {
            ("ACTIVE", None) => Standing::Ready(()),
            ("ACTIVE", Some(index)) => {
                Standing::Waiting(format!("building the index {}", index.index_name().unwrap_or("?")))
            }
            (other, _) => Standing::Waiting(other.to_owned()),
        })
    })
    .await
}

fn shown(table: &TableDescription) -> Seen {
    let (hash, range) = key_parts(table.key_schema());
    let is_provisioned =
        table.billing_mode_summary().and_then(|summary| summary.billing_mode()) != Some(&BillingMode::PayPerRequest);
    let capacity = table.provisioned_throughput().filter(|_| is_provisioned);
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled());
    let definition = |it: &AttributeDefinition| {
        object([("name", it.attribute_name().told()), ("type", it.attribute_type().as_str().told())])
    };
    let class =
        table.table_class_summary().and_then(|summary| summary.table_class()).map_or("STANDARD", TableClass::as_str);
    Seen::new()
        .input("name", table.table_name())
        .input("hash_key", hash)
        .input("range_key", range)
        .input("attribute", table.attribute_definitions().iter().map(definition).collect::<Vec<Known>>())
        .input("billing_mode", if is_provisioned { "PROVISIONED" } else { "PAY_PER_REQUEST" })
        .input("read_capacity", capacity.and_then(|it| it.read_capacity_units()))
        .input("write_capacity", capacity.and_then(|it| it.write_capacity_units()))
        .input("global_secondary_index", indexes::shown_global(table, is_provisioned))
        .input("local_secondary_index", indexes::shown_local(table))
        .input("stream_enabled", stream.is_some())
        .input("stream_view_type", stream.and_then(|stream| stream.stream_view_type()).map(|view| view.as_str()))
        .input("server_side_encryption", settings::shown_encryption(table))
        .input("table_class", class)
        .input("deletion_protection_enabled", table.deletion_protection_enabled().unwrap_or(false))
        .output("arn", table.table_arn())
        .output("stream_arn", table.latest_stream_arn().filter(|_| stream.is_some()))
        .output("stream_label", table.latest_stream_label().filter(|_| stream.is_some()))
}

type Update = aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
type Updating =
    for<'a> fn(&'a Task<'_>, &'a str) -> std::pin::Pin<Box<dyn Future<Output = Result<Update, Fault>> + Send + 'a>>;

/// What `UpdateTable` changes: each in a call of its own, as it wants.
const UPDATES: [(&[&str], Updating); 4] = [
    (&["stream_enabled", "stream_view_type"], |task, remote| Box::pin(restream(task, remote))),
    (&["server_side_encryption"], |task, remote| {
        let off = SseSpecification::builder().enabled(false).build();
        let encryption = task.inputs.object("server_side_encryption").map_or(off, encryption);
        Box::pin(async move { Ok(updating(task, remote).sse_specification(encryption)) })
    }),
    (&["table_class"], |task, remote| {
        Box::pin(async move {
            Ok(updating(task, remote).set_table_class(task.inputs.text("table_class").map(TableClass::from)))
        })
    }),
    (&["deletion_protection_enabled"], |task, remote| {
        let protected = task.inputs.is("deletion_protection_enabled");
        Box::pin(async move { Ok(updating(task, remote).deletion_protection_enabled(protected)) })
    }),
];

/// A change of a table.
pub fn updating(task: &Task<'_>, remote: &str) -> Update {
    task.aws.dynamodb().update_table().table_name(remote)
}

/// A stream cannot be changed: the old one ends before the new one begins.
async fn restream(task: &Task<'_>, remote: &str) -> Result<Update, Fault> {
    let off = built(StreamSpecification::builder().stream_enabled(false).build())?;
    let is_on = described(task.aws, remote)
        .await?
        .and_then(|table| table.stream_specification)
        .is_some_and(|it| it.stream_enabled());
    let Some(wanted) = stream(task.inputs)? else { return Ok(updating(task, remote).stream_specification(off)) };
    if is_on {
        updating(task, remote).stream_specification(off).send().await.of("dynamodb:UpdateTable")?;
        active(task.aws, remote).await?;
    }
    Ok(updating(task, remote).stream_specification(wanted))
}

async fn capacity(task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
    let differing = task.differing(seen);
    if !differing.any(&["billing_mode", "read_capacity", "write_capacity"]) {
        return Ok(());
    }
    let is_provisioned = task.inputs.text("billing_mode") == Some("PROVISIONED");
    let mut call = updating(task, remote).set_billing_mode(billing(task.inputs));
    if is_provisioned {
        call = call.set_provisioned_throughput(throughput(task.inputs)?);
    }
    // DynamoDB refuses a capacity that is the same as before, so the indexes are told only with the mode.
    if is_provisioned && differing.any(&["billing_mode"]) {
        call = call.set_global_secondary_index_updates(indexes::capacities(task.inputs, seen)?);
    }
    call.send().await.of("dynamodb:UpdateTable")?;
    active(task.aws, remote).await
}
