//! The secondary indexes of a table.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    CreateGlobalSecondaryIndexAction, DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexUpdate, KeySchemaElement, LocalSecondaryIndex, Projection, ProjectionType, TableDescription,
    UpdateGlobalSecondaryIndexAction,
};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use super::table::{active, definitions, key, key_parts, throughput, updating};
use crate::failure::{Answer, built};
use crate::fields::Fields;
use crate::kind::Task;
use crate::seen::{Seen, Told, object, texts};
use crate::settings::object_type;

/// An index over all items.
pub fn global_type() -> Type {
    object_type(&[
        ("name", Type::String, true),
        ("hash_key", Type::String, true),
        ("range_key", Type::String, false),
        ("projection_type", Type::String, true),
        ("non_key_attributes", Type::set(Type::String), false),
        ("read_capacity", Type::Number, false),
        ("write_capacity", Type::Number, false),
    ])
}

/// An index over the items of a group.
pub fn local_type() -> Type {
    object_type(&[
        ("name", Type::String, true),
        ("range_key", Type::String, true),
        ("projection_type", Type::String, true),
        ("non_key_attributes", Type::set(Type::String), false),
    ])
}

fn projection(fields: Fields<'_>) -> Projection {
    let ty = fields.text("projection_type").map(ProjectionType::from);
    Projection::builder().set_projection_type(ty).set_non_key_attributes(fields.texts("non_key_attributes")).build()
}

/// The global indexes of a new table.
pub fn global(inputs: Fields<'_>) -> Result<Option<Vec<GlobalSecondaryIndex>>, Fault> {
    let index = |fields: Fields<'_>| {
        let index = GlobalSecondaryIndex::builder().index_name(fields.need("name")?).set_key_schema(Some(key(fields)?));
        built(index.projection(projection(fields)).set_provisioned_throughput(throughput(fields)?).build())
    };
    let indexes: Vec<_> =
        inputs.objects("global_secondary_index").into_iter().map(index).collect::<Result<_, Fault>>()?;
    Ok((!indexes.is_empty()).then_some(indexes))
}

/// The local indexes of a new table: they group by the table's own key.
pub fn local(inputs: Fields<'_>) -> Result<Option<Vec<LocalSecondaryIndex>>, Fault> {
    let hash = key(inputs)?.into_iter().next();
    let index = |fields: Fields<'_>| {
        let key: Vec<KeySchemaElement> = hash.iter().cloned().chain(key(fields)?).collect();
        let index = LocalSecondaryIndex::builder().index_name(fields.need("name")?).set_key_schema(Some(key));
        built(index.projection(projection(fields)).build())
    };
    let indexes: Vec<_> =
        inputs.objects("local_secondary_index").into_iter().map(index).collect::<Result<_, Fault>>()?;
    Ok((!indexes.is_empty()).then_some(indexes))
}

/// The global indexes as they are.
pub fn shown_global(table: &TableDescription, is_provisioned: bool) -> Known {
    let index = |index: &aws_sdk_dynamodb::types::GlobalSecondaryIndexDescription| {
        let (hash, range) = key_parts(index.key_schema());
        let capacity = index.provisioned_throughput().filter(|_| is_provisioned);
        object([
            ("name", index.index_name().told()),
            ("hash_key", hash.told()),
            ("range_key", range.told()),
            ("projection_type", projected(index.projection())),
            ("non_key_attributes", carried(index.projection())),
            ("read_capacity", capacity.and_then(|it| it.read_capacity_units()).told()),
            ("write_capacity", capacity.and_then(|it| it.write_capacity_units()).told()),
        ])
    };
    listed(table.global_secondary_indexes().iter().map(index).collect())
}

/// The local indexes as they are.
pub fn shown_local(table: &TableDescription) -> Known {
    let index = |index: &aws_sdk_dynamodb::types::LocalSecondaryIndexDescription| {
        let (_, range) = key_parts(index.key_schema());
        object([
            ("name", index.index_name().told()),
            ("range_key", range.told()),
            ("projection_type", projected(index.projection())),
            ("non_key_attributes", carried(index.projection())),
        ])
    };
    listed(table.local_secondary_indexes().iter().map(index).collect())
}

fn projected(projection: Option<&Projection>) -> Known {
    projection.and_then(|it| it.projection_type()).map(|ty| ty.as_str()).told()
}

fn carried(projection: Option<&Projection>) -> Known {
    let mut names = projection.map(|it| it.non_key_attributes().to_vec()).unwrap_or_default();
    names.sort();
    texts(&names)
}

fn listed(items: Vec<Known>) -> Known {
    if items.is_empty() { Value::Null } else { Value::List(items) }
}

/// What an index is, capacity left out: a change of it needs a new index.
fn shape(index: Fields<'_>) -> Vec<Option<String>> {
    let mut carried = index.texts("non_key_attributes").unwrap_or_default();
    carried.sort();
    let texts = ["hash_key", "range_key", "projection_type"].map(|name| index.owned(name));
    texts.into_iter().chain(carried.into_iter().map(Some)).collect()
}

/// Changes the global indexes, one in a call: DynamoDB takes no more.
pub async fn change(task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
    let now = seen.wish();
    let by_name = |fields: Fields<'_>| Some((fields.owned("name")?, shape(fields)));
    let there: BTreeMap<_, _> =
        Fields(&now).objects("global_secondary_index").into_iter().filter_map(by_name).collect();
    let wanted = task.inputs.objects("global_secondary_index");
    let stays =
        |name: &String| wanted.iter().any(|it| it.text("name") == Some(name) && there.get(name) == Some(&shape(*it)));
    for name in there.keys().filter(|name| !stays(name)) {
        let gone = built(DeleteGlobalSecondaryIndexAction::builder().index_name(name).build())?;
        one(task, remote, GlobalSecondaryIndexUpdate::builder().delete(gone).build()).await?;
    }
    for fields in wanted.iter().filter(|it| it.owned("name").is_none_or(|name| !stays(&name))) {
        let index = CreateGlobalSecondaryIndexAction::builder().index_name(fields.need("name")?);
        let index = index.set_key_schema(Some(key(*fields)?)).projection(projection(*fields));
        let new = built(index.set_provisioned_throughput(throughput(*fields)?).build())?;
        one(task, remote, GlobalSecondaryIndexUpdate::builder().create(new).build()).await?;
    }
    recapacitate(task, remote, seen).await
}

async fn one(task: &Task<'_>, remote: &str, update: GlobalSecondaryIndexUpdate) -> Result<(), Fault> {
    let call = updating(task, remote).set_attribute_definitions(Some(definitions(task.inputs)?));
    call.global_secondary_index_updates(update).send().await.of("dynamodb:UpdateTable")?;
    active(task.aws, remote).await
}

/// The capacity of every index that there is, for a table that becomes provisioned. One that is to go has as much as the table until then.
pub fn capacities(inputs: Fields<'_>, seen: &Seen) -> Result<Option<Vec<GlobalSecondaryIndexUpdate>>, Fault> {
    let (now, wanted) = (seen.wish(), inputs.objects("global_secondary_index"));
    let mut updates = Vec::new();
    for there in Fields(&now).objects("global_secondary_index") {
        let stays = wanted.iter().find(|it| it.text("name") == there.text("name"));
        let Some(capacity) = throughput(*stays.unwrap_or(&inputs))? else { continue };
        let update = UpdateGlobalSecondaryIndexAction::builder().index_name(there.need("name")?);
        let update = built(update.provisioned_throughput(capacity).build())?;
        updates.push(GlobalSecondaryIndexUpdate::builder().update(update).build());
    }
    Ok((!updates.is_empty()).then_some(updates))
}

/// Changes the capacity of indexes that stay.
async fn recapacitate(task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
    let now = seen.wish();
    let there = Fields(&now).objects("global_secondary_index");
    let capacity = |it: Fields<'_>| (it.int::<i64>("read_capacity"), it.int::<i64>("write_capacity"));
    for fields in task.inputs.objects("global_secondary_index") {
        let before = there.iter().find(|it| it.text("name") == fields.text("name"));
        let differs =
            before.is_some_and(|before| shape(*before) == shape(fields) && capacity(*before) != capacity(fields));
        if let (true, Some(wanted)) = (differs && !task.differing(seen).any(&["billing_mode"]), throughput(fields)?) {
            let update = UpdateGlobalSecondaryIndexAction::builder().index_name(fields.need("name")?);
            let update = built(update.provisioned_throughput(wanted).build())?;
            one(task, remote, GlobalSecondaryIndexUpdate::builder().update(update).build()).await?;
        }
    }
    Ok(())
}
