//! State in Azure Blob Storage.

use std::sync::Arc;

use siac_core::ports::StoreFault;
use siac_state_backends::azure::{Access, AzureBlobs, Bootstrapped, Settings, SoftDelete, bootstrap};

use super::{Backend, Place};
use crate::commands::common::block_on;
use crate::failure::Failure;
use crate::project::Project;
use crate::state::keys::OwnKey;
use crate::state::{StateChoice, StateTable, text};

/// The keys of `[state]` that name the place.
const SETTINGS: [&str; 4] = ["account", "container", "endpoint", "prefix"];

pub(super) const BLOB: Backend = Backend { name: "azure-blob", settings: &SETTINGS, open, prepare };

fn failed(fault: StoreFault) -> Failure {
    Failure::new(fault.to_string())
}

fn open(_: &Project, choice: &StateChoice<'_>) -> Result<Place, Failure> {
    let settings = settings(choice.settings)?;
    let name = settings.name().map_err(|error| Failure::new(format!("`[state]`: {error}")))?;
    let access = Access::of_environment().map_err(failed)?;
    let blobs = AzureBlobs::open(&settings, choice.stack, &access).map_err(failed)?;
    Ok(Place { name, register: Arc::new(blobs.clone()), blobs: Arc::new(blobs), own_key: OwnKey::None })
}

fn prepare(settings: &StateTable) -> Result<Vec<String>, Failure> {
    let settings = self::settings(settings)?;
    let access = Access::of_environment().map_err(failed)?;
    let done = block_on(async { bootstrap(&settings, &access).await.map_err(failed) })?;
    Ok(told(&settings, done))
}

/// What was done, and what only the account's administrator can do.
fn told(settings: &Settings, done: Bootstrapped) -> Vec<String> {
    let Settings { account, container, .. } = settings;
    let container = match done.made_container {
        true => format!("made the container {container} in the account {account}"),
        false => format!("the container {container} is there already"),
    };
    let (soft_delete, more) = match done.soft_delete {
        SoftDelete::Was(days) => (format!("the account keeps deleted blobs for {days} days"), ""),
        SoftDelete::Set(days) => (format!("the account keeps deleted blobs for {days} days from now on"), ""),
        SoftDelete::Unknown => (
            "this identity may not say whether the account keeps deleted blobs".to_owned(),
            " --enable-delete-retention true --delete-retention-days 30",
        ),
    };
    vec![
        container,
        soft_delete,
        "an administrator of the account lets it keep older versions, too, which no data request can:".to_owned(),
        format!(
            "  az storage account blob-service-properties update --account-name {account} --enable-versioning true --enable-container-delete-retention true --container-delete-retention-days 30{more}"
        ),
    ]
}

fn settings(settings: &StateTable) -> Result<Settings, Failure> {
    let given = |name: &str| text(settings, name).map(|text| text.map(str::to_owned));
    let needed = |name: &str| {
        given(name)?.ok_or_else(|| {
            Failure::new(format!("the state backend `azure-blob` needs `{name}`")).help(format!(
                "in `[state]` of a stack: `{name} = \"…\"`; with `siac init --backend azure-blob`: `--{name} …`"
            ))
        })
    };
    Ok(Settings {
        account: needed("account")?,
        container: needed("container")?,
        prefix: given("prefix")?.unwrap_or_default(),
        endpoint: given("endpoint")?,
    })
}
