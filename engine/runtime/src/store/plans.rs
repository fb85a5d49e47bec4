//! Plans in files: sealed, for their owner only, bound to the state that they were made from.

use std::collections::BTreeMap;
use std::path::Path;

use siac_core::model::identity::{Digest, StackUuid};
use siac_core::model::plan::Plan;

use super::envelope::{self, Kind};
use super::formats::{self, SavedPlan};
use super::keys::Keyring;
use super::objects::{Place, Sealer};
use super::{NO_UUID, Store, StoreError, files};

impl Store {
    /// Keeps a plan in a file, together with artifacts that the store may lack.
    ///
    /// # Errors
    /// When no key is to be had, or the file cannot be written.
    pub async fn save_plan(
        &self,
        path: &Path,
        plan: &Plan,
        artifacts: &BTreeMap<Digest, Vec<u8>>,
    ) -> Result<(), StoreError> {
        let what = path.display().to_string();
        let uuid = plan.base.uuid.unwrap_or(NO_UUID);
        let key = Keyring::draw(&*self.parts.entropy);
        let known = self.lock_status().await?.map(|head| head.keys).unwrap_or_default();
        let recipients = self.keyring.wrap(&uuid, &key, &known).await?;
        let needed = artifacts.iter().filter(|(digest, _)| plan.artifacts.contains(digest));
        let saved = SavedPlan {
            plan: plan.clone(),
            artifacts: needed.map(|(digest, bytes)| (*digest, bytes.clone())).collect(),
        };
        let payload = formats::write_plan(&saved).map_err(StoreError::content(&what))?;
        let place =
            Place { kind: Kind::Plan, epoch: 0, serial: plan.base.serial, parent: plan.base.snapshot, wal_base: 0 };
        let sealed = self.seal(&Sealer { uuid, key, recipients }, &place, &payload)?;
        files::write(path, &sealed.bytes)
    }

    /// Opens a plan that was kept in a file. Whether it still fits the state is for the caller to see from its base.
    ///
    /// # Errors
    /// When there is no such file, or it is not a plan of this stack, or no configured key opens it.
    pub async fn open_plan(&self, path: &Path) -> Result<SavedPlan, StoreError> {
        let what = path.display().to_string();
        let missing = || StoreError::File { path: path.to_owned(), why: "there is no such plan".to_owned() };
        let bytes = files::read(path)?.ok_or_else(missing)?;
        let claimed = envelope::parse(&bytes).map_err(StoreError::sealed(&what))?.claimed_stack();
        let opened = self.unseal(&what, &bytes, &self.expect(Kind::Plan, self.plan_uuid(claimed).await?)).await?;
        formats::read_plan(&opened.payload).map_err(StoreError::content(&what))
    }

    /// The identity that a plan of this stack may be bound to: that of its state, or none, when it was made before the first deployment.
    async fn plan_uuid(&self, claimed: StackUuid) -> Result<StackUuid, StoreError> {
        let ours = self.lock_status().await?.map(|head| head.stack_uuid);
        match claimed == NO_UUID || Some(claimed) == ours {
            true => Ok(claimed),
            false => Err(StoreError::Refused("the plan was made for another state; plan again".to_owned())),
        }
    }

    /// Deletes a plan's file; that there is none is success.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub fn discard_plan(&self, path: &Path) -> Result<(), StoreError> {
        files::remove(path)
    }
}
