//! State in Azure Blob Storage.

use std::sync::Arc;

use siac_core::ports::StoreFault;
use siac_state_backends::azure::{Access, AzureBlobs, Bootstrapped, Keeping, Kept, Settings, bootstrap};

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
    let said =
        |is_changed: bool, what: &str| format!("{} {what}", if is_changed { "made:     " } else { "is there: " });
    let keeps = |kept: &Kept| said(kept.is_changed, &format!("the account keeps {}", kept.what));
    let mut lines = vec![said(done.made_container, &format!("container {container} in the account {account}"))];
    match done.keeping {
        Keeping::Everything(kept) => lines.extend(kept.iter().map(keeps)),
        Keeping::DeletedBlobs { kept, why } => {
            lines.extend(kept.iter().map(keeps));
            let more = if kept.is_some() { "" } else { " --enable-delete-retention true --delete-retention-days 30" };
            lines.push(format!(
                "not done:  the account keeps older versions, too: {why}; an administrator of it can run"
            ));
            lines.push(format!(
                "  az storage account blob-service-properties update --account-name {account} --enable-versioning true --enable-container-delete-retention true --container-delete-retention-days 30{more}"
            ));
        }
    }
    lines
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
