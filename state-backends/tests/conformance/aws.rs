//! S3 and DynamoDB, on a real emulator.

mod contention;
mod keys;
mod making;
mod secrets;
mod trouble;

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use siac_emulators::{Emulator, REGION};
use siac_state_backends::aws::access::Access;
use siac_state_backends::aws::bootstrap::{self, Done, Wanted};
use siac_state_backends::aws::lock_table::LockTable;
use siac_state_backends::aws::s3::{Bucket, Place};

use crate::places::{self, Row};

/// An account with a bucket and a table, made as `siac init` makes them.
pub struct Cloud {
    emulator: Emulator,
    bucket: String,
}

impl Cloud {
    pub async fn new() -> Self {
        let emulator = Emulator::start().await;
        let cloud = Self { bucket: emulator.unique("state"), emulator };
        cloud.make().await;
        cloud
    }

    /// Makes bucket and table; what was changed.
    async fn make(&self) -> Vec<String> {
        let wanted = Wanted {
            bucket: self.bucket.clone(),
            lock_table: Some("locks".into()),
            access: access(&self.emulator.endpoint(), self.emulator.account()),
            path_style: None,
        };
        let mut changed = Vec::new();
        let mut say = |done: Done| changed.extend(done.is_changed.then_some(done.what));
        bootstrap::make(&wanted, &mut say).await.expect("bucket and table are made");
        changed
    }

    pub fn rows(&self) -> Vec<Row> {
        let words = |stack: &str, table: &str| {
            format!("s3 {} {} {} {stack} {table}", self.emulator.endpoint(), self.emulator.account(), self.bucket)
        };
        vec![Row::shared("s3", words("plain", "-")), Row::shared("s3 with a lock table", words("locked", "locks"))]
    }

    fn bucket(&self, stack: &str) -> Bucket {
        self.bucket_at(&self.emulator.endpoint(), stack)
    }

    fn bucket_at(&self, endpoint: &str, stack: &str) -> Bucket {
        let place = Place { bucket: self.bucket.clone(), prefix: "a/b".into(), stack: stack.into() };
        Bucket::new(place, access(endpoint, self.emulator.account()), None)
    }

    fn table(&self, stack: &str) -> LockTable {
        LockTable::new("locks", self.bucket(stack))
    }
}

fn config(endpoint: &str, account: &str) -> SdkConfig {
    let credentials = Credentials::new(account, "test", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

fn access(endpoint: &str, account: &str) -> Access {
    Access { given: Some(config(endpoint, account)), ..Access::default() }
}

/// The place of `ENDPOINT ACCOUNT BUCKET STACK TABLE`.
pub fn place(words: &str) -> places::Place {
    let [endpoint, account, bucket, stack, table] = words.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{words} is no place");
    };
    let place = Place { bucket: bucket.into(), prefix: "some/prefix/".into(), stack: stack.into() };
    let bucket = Bucket::new(place, access(endpoint, account), None);
    match table {
        "-" => (Arc::new(bucket.clone()), Arc::new(bucket)),
        table => (Arc::new(LockTable::new(table, bucket.clone())), Arc::new(bucket)),
    }
}
