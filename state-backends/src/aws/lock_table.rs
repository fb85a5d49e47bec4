//! The register of a stack as an item of a DynamoDB table, beside objects in a bucket.
//!
//! The table's key is `LockID`, a text, as that of the lock tables that Terraform uses: one of those will do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use siac_core::ports::{Hold, Register, StoreFault, Version};
use tokio::sync::OnceCell;

use super::fault::Failure;
use super::s3::{Bucket, PATIENCE};

/// The table's key.
pub(crate) const KEY: &str = "LockID";

/// The attribute that holds the register's content.
const CONTENT: &str = "content";

/// The attribute that counts its versions, from 1.
const VERSION: &str = "ver";

/// The attribute that tells the writes of a register apart, whatever they say.
const NONCE: &str = "nonce";

/// An item, as the service gives it.
type Item = HashMap<String, AttributeValue>;

/// The register of one stack in a table. Cloning it is cheap.
#[derive(Clone)]
pub struct LockTable {
    table: String,
    bucket: Bucket,
    client: Arc<OnceCell<Client>>,
    /// Whether the bucket says that the register is here.
    is_announced: Arc<OnceCell<()>>,
}

impl LockTable {
    /// The register of the stack whose objects a bucket keeps. The table is reached as the bucket is, at the service's own endpoint.
    pub fn new(table: impl Into<String>, bucket: Bucket) -> Self {
        Self { table: table.into(), bucket, client: Arc::default(), is_announced: Arc::default() }
    }

    /// The item's key.
    fn id(&self) -> String {
        let place = self.bucket.place();
        format!("{}/{}", place.bucket, place.key("HEAD"))
    }

    fn place(&self) -> String {
        format!("the item `{}` of the table `{}`", self.id(), self.table)
    }

    async fn client(&self) -> Result<&Client, StoreFault> {
        let connect = || async { Ok(Client::new(self.bucket.door().connection().config().await?)) };
        let client: Result<&Client, String> = self.client.get_or_try_init(connect).await;
        client.map_err(|why| StoreFault::Failed(format!("{} cannot be reached: {why}", self.place())))
    }

    fn remedy(&self, failure: &Failure) -> String {
        let place = self.bucket.place();
        match failure.is(&["ResourceNotFoundException"]) {
            true => format!(
                "there is no table `{0}`; make it with `siac init --backend s3 --bucket {1} --lock-table {0}`, or correct `lock_table` in `[state]`",
                self.table, place.bucket
            ),
            false => String::new(),
        }
    }

    /// Says in the bucket that the register is here, so that nobody takes one there. Done before the register is first written.
    async fn announce(&self) -> Result<(), StoreFault> {
        let told = self.bucket.point_to(&self.place()).await?;
        self.check_pointer(&told)
    }

    fn check_pointer(&self, told: &str) -> Result<(), StoreFault> {
        match told == self.place() {
            true => Ok(()),
            false => Err(StoreFault::Failed(format!(
                "the register of {} is {told}, and `[state]` names the table `{}`; correct `lock_table`",
                self.bucket.place(),
                self.table
            ))),
        }
    }
}

/// What an item holds.
fn content(item: &Item) -> Option<(Vec<u8>, Version)> {
    let bytes = item.get(CONTENT)?.as_b().ok()?.clone().into_inner();
    let version = item.get(VERSION)?.as_n().ok()?.clone();
    Some((bytes, Version(version)))
}

/// Whether a write was refused only because the same request had arrived already: the item then carries its nonce.
fn is_own(error: &UpdateItemError, nonce: &[u8]) -> bool {
    let UpdateItemError::ConditionalCheckFailedException(refused) = error else { return false };
    let found = refused.item().and_then(|item| item.get(NONCE)?.as_b().ok());
    found.is_some_and(|found| found.as_ref() == nonce)
}

#[async_trait]
impl Register for LockTable {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, StoreFault> {
        let request = self.client().await?.get_item().table_name(&self.table).consistent_read(true);
        let answer = request.key(KEY, AttributeValue::S(self.id())).send().await.map_err(|error| {
            let failure = Failure::of(&error);
            let remedy = self.remedy(&failure);
            failure.of_read(&format!("{} cannot be read", self.place()), &remedy)
        })?;
        let Some(item) = answer.item() else {
            // A state that has its register elsewhere is not a state that was never begun.
            return match self.bucket.pointer().await? {
                Some(told) => self.check_pointer(&told).map(|()| None),
                None => Ok(None),
            };
        };
        let malformed = || StoreFault::Failed(format!("{} was not written by siac", self.place()));
        content(item).map(Some).ok_or_else(malformed)
    }

    async fn cas(&self, expected: Option<&Version>, content: Vec<u8>, _: Hold) -> Result<Version, StoreFault> {
        let foreign = |_| StoreFault::Failed("this is no version of this register".to_owned());
        let before = expected.map(|version| version.0.parse::<u64>()).transpose().map_err(foreign)?;
        if before.is_none() {
            self.is_announced.get_or_try_init(|| self.announce()).await?;
        }
        let next = before.unwrap_or_default() + 1;
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)
            .map_err(|error| StoreFault::Failed(format!("the kernel gives no random numbers: {error}")))?;
        let mut request = self
            .client()
            .await?
            .update_item()
            .table_name(&self.table)
            .key(KEY, AttributeValue::S(self.id()))
            .update_expression("SET content = :content, ver = :next, nonce = :nonce")
            .expression_attribute_values(":content", AttributeValue::B(Blob::new(content)))
            .expression_attribute_values(":nonce", AttributeValue::B(Blob::new(nonce)))
            .expression_attribute_values(":next", AttributeValue::N(next.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        request = match before {
            None => request.condition_expression("attribute_not_exists(LockID)"),
            Some(before) => request
                .condition_expression("ver = :before")
                .expression_attribute_values(":before", AttributeValue::N(before.to_string())),
        };
        let Err(error) = request.send().await else { return Ok(Version(next.to_string())) };
        if error.as_service_error().is_some_and(|error| is_own(error, &nonce)) {
            return Ok(Version(next.to_string()));
        }
        let failure = Failure::of(&error);
        if failure.is(&["ConditionalCheckFailedException"]) {
            return Err(StoreFault::Conflict);
        }
        let remedy = self.remedy(&failure);
        Err(failure.of_write(&format!("{} cannot be written", self.place()), &remedy))
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }
}
