//! State in S3, with the register there or in a table of DynamoDB.

use std::sync::Arc;

use siac_core::model::value::Value;
use siac_core::ports::{Register, StoreFault};
use siac_state_backends::aws::access::Access;
use siac_state_backends::aws::bootstrap::{self, Done, Wanted};
use siac_state_backends::aws::lock_table::LockTable;
use siac_state_backends::aws::s3::{self, Bucket};

use super::{Backend, Place};
use crate::commands::common::block_on;
use crate::failure::Failure;
use crate::project::Project;
use crate::state::keys::OwnKey;
use crate::state::{StateChoice, StateTable, text};

/// The keys of `[state]` that name the place and how to reach it.
const SETTINGS: [&str; 8] =
    ["bucket", "endpoint", "lock_table", "path_style", "prefix", "profile", "region", "role_arn"];

pub(super) const S3: Backend = Backend { name: "s3", settings: &SETTINGS, open, prepare };

fn failed(fault: StoreFault) -> Failure {
    Failure::new(fault.to_string())
}

fn open(_: &Project, choice: &StateChoice<'_>) -> Result<Place, Failure> {
    let table = choice.settings;
    let place = s3::Place {
        bucket: bucket(table)?,
        prefix: text(table, "prefix")?.unwrap_or_default().to_owned(),
        stack: choice.stack.to_owned(),
    };
    let bucket = Bucket::new(place, access(table)?, path_style(table)?);
    let lock_table = text(table, "lock_table")?;
    let register: Arc<dyn Register> = match lock_table {
        Some(name) => Arc::new(LockTable::new(name, bucket.clone())),
        None => Arc::new(bucket.clone()),
    };
    let at = text(table, "endpoint")?.map(|endpoint| format!(" at {endpoint}")).unwrap_or_default();
    let with = lock_table.map(|name| format!(" with the lock table {name}")).unwrap_or_default();
    let name = format!("{}{at}{with}", bucket.place());
    Ok(Place { name, register, blobs: Arc::new(bucket), own_key: OwnKey::None })
}

fn prepare(table: &StateTable) -> Result<Vec<String>, Failure> {
    let wanted = Wanted {
        bucket: bucket(table)?,
        lock_table: text(table, "lock_table")?.map(str::to_owned),
        access: access(table)?,
        path_style: path_style(table)?,
    };
    let mut told = Vec::new();
    let mut say =
        |done: Done| told.push(format!("{} {}", if done.is_changed { "made:     " } else { "is there: " }, done.what));
    block_on(async { bootstrap::make(&wanted, &mut say).await.map_err(failed) })?;
    Ok(told)
}

fn bucket(table: &StateTable) -> Result<String, Failure> {
    let given = text(table, "bucket")?.filter(|bucket| !bucket.is_empty());
    given.map(str::to_owned).ok_or_else(|| {
        Failure::new("the state backend `s3` needs `bucket`")
            .help("in `[state]` of a stack: `bucket = \"…\"`; with `siac init --backend s3`: `--bucket …`")
    })
}

/// How the table says that AWS is reached; also for keys.
pub(in crate::state) fn access(table: &StateTable) -> Result<Access, Failure> {
    let given = |name: &str| text(table, name).map(|text| text.map(str::to_owned));
    Ok(Access {
        region: given("region")?,
        endpoint: given("endpoint")?,
        profile: given("profile")?,
        role_arn: given("role_arn")?,
        given: None,
    })
}

fn path_style(table: &StateTable) -> Result<Option<bool>, Failure> {
    match table.get("path_style") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(is_wanted)) => Ok(Some(*is_wanted)),
        Some(other) => {
            Err(Failure::new(format!("`path_style` in `[state]` is true or false, not a {}", other.type_name())))
        }
    }
}
