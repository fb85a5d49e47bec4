//! The table of registers.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableDescription, TableStatus,
};
use siac_core::ports::StoreFault;

use super::super::fault::Failure;
use super::super::lock_table::KEY;
use super::super::s3::Bucket;
use super::Done;

/// How often it is asked whether a new table is ready, and how long apart. A choice of this project: five minutes; tables take some seconds.
const LOOKS: usize = 150;
const PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn make(name: &str, bucket: &Bucket, say: &mut (dyn FnMut(Done) + Send)) -> Result<(), StoreFault> {
    let config = bucket.door().connection().config().await;
    let config = config.map_err(|why| StoreFault::Failed(format!("the table `{name}` cannot be made: {why}")))?;
    let client = Client::new(config);
    let found = look(&client, name).await?;
    if found.is_none() {
        create(&client, name).await?;
    }
    let table = ready(&client, name).await?;
    check_key(name, &table)?;
    say(match found {
        Some(_) => Done::found(format!("table {name}")),
        None => Done::made(format!("table {name}, paid by request, protected against deletion")),
    });
    Ok(())
}

async fn look(client: &Client, name: &str) -> Result<Option<TableDescription>, StoreFault> {
    match client.describe_table().table_name(name).send().await.map_err(|error| Failure::of(&error)) {
        Ok(answer) => Ok(answer.table().cloned()),
        Err(failure) if failure.is(&["ResourceNotFoundException"]) => Ok(None),
        Err(failure) => Err(failure.of_read(&format!("the table `{name}` cannot be looked at"), "")),
    }
}

async fn create(client: &Client, name: &str) -> Result<(), StoreFault> {
    let unbuilt = |_| StoreFault::Failed("the table cannot be described".to_owned());
    let key = KeySchemaElement::builder().attribute_name(KEY).key_type(KeyType::Hash).build().map_err(unbuilt)?;
    let attribute = AttributeDefinition::builder().attribute_name(KEY).attribute_type(ScalarAttributeType::S);
    let request = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .deletion_protection_enabled(true)
        .key_schema(key)
        .attribute_definitions(attribute.build().map_err(unbuilt)?);
    match request.send().await.map_err(|error| Failure::of(&error)) {
        Ok(_) => Ok(()),
        // An answer that was lost, and another run that was faster, end here.
        Err(failure) if failure.is(&["ResourceInUseException"]) => Ok(()),
        Err(failure) => Err(failure.of_write(&format!("the table `{name}` cannot be made"), "")),
    }
}

/// Waits until the table can be used.
async fn ready(client: &Client, name: &str) -> Result<TableDescription, StoreFault> {
    for _ in 0..LOOKS {
        let table = look(client, name).await?;
        if let Some(table) = table.filter(|table| table.table_status() == Some(&TableStatus::Active)) {
            return Ok(table);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(StoreFault::Transient(format!(
        "the table `{name}` is still being made after five minutes; run this again later"
    )))
}

fn check_key(name: &str, table: &TableDescription) -> Result<(), StoreFault> {
    let is_key = |element: &KeySchemaElement| element.attribute_name() == KEY && element.key_type() == &KeyType::Hash;
    let is_text = |attribute: &AttributeDefinition| {
        attribute.attribute_name() == KEY && attribute.attribute_type() == &ScalarAttributeType::S
    };
    let fits = table.key_schema().len() == 1
        && table.key_schema().iter().all(is_key)
        && table.attribute_definitions().iter().any(is_text);
    match fits {
        true => Ok(()),
        false => Err(StoreFault::Failed(format!(
            "the table `{name}` has another key than `{KEY}`, a text; name another table, which is then made"
        ))),
    }
}
