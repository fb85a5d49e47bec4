//! Deleted resources that a service keeps for a while, and their names with them.

use serde_json::{Value as Json, json};
use siac_core::model::identity::StackUuid;
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use crate::arm::{Method, Request, at};
use crate::fields::Fields;
use crate::kind::{Account, Target, Task};
use crate::kinds::names;
use crate::typed::Typed;

/// A service that keeps what was deleted.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// `Microsoft.KeyVault`.
    pub namespace: &'static str,
    /// The type, as name checks spell it.
    pub ty: &'static str,
    /// Where deleted ones are listed: `deletedVaults`.
    pub collection: &'static str,
    /// The api-version.
    pub api: &'static str,
    /// The `createMode` that brings one back.
    pub mode: &'static str,
    /// What it is, in words.
    pub what: &'static str,
    /// The command that purges one.
    pub purge: &'static str,
}

/// The attributes by which a stack says what becomes of deleted ones.
pub fn kept(kind: Typed, recover: &'static str, purge: &'static str) -> Typed {
    let flag = |description| Attribute::optional(Type::Bool, description).default(Value::Bool(false));
    kind.aside("recover", flag(recover)).aside("purge_on_delete", flag(purge))
}

impl Kept {
    fn place(&self, azure: &Account, inputs: Fields<'_>, name: &str) -> String {
        let region = inputs.text("location").unwrap_or_default().replace(' ', "").to_ascii_lowercase();
        let Self { namespace, collection, .. } = self;
        format!("/subscriptions/{}/providers/{namespace}/locations/{region}/{collection}/{name}", azure.subscription)
    }

    /// The deleted one of this name; `None` when there is none, or when this identity may not see it.
    async fn deleted(&self, azure: &Account, inputs: Fields<'_>, name: &str) -> Result<Option<Json>, Fault> {
        let place = self.place(azure, inputs, name);
        match azure.arm.send(&Request::on(Method::GET, format!("{place}?api-version={}", self.api))).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(failure) if failure.is_absent() || failure.status == 403 => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Why a deleted one stands in the way; `None` when it is this stack's, or is to be brought back.
    fn refusal(&self, deleted: &Json, stack: StackUuid, inputs: Fields<'_>, name: &str) -> Option<String> {
        let text = |path: &str| at(deleted, path).and_then(Json::as_str).unwrap_or_default();
        let is_ours = text("properties.tags.siac-state") == stack.to_string();
        let why = || {
            format!(
                "a deleted {} is called `{name}` and is kept until {}; set `recover = true` to bring it back with what is in it, purge it with `{}`, or choose another name",
                self.what,
                text("properties.scheduledPurgeDate"),
                self.purge
            )
        };
        (!is_ours && !inputs.is("recover")).then(why)
    }

    /// As [`Special::foresee`](crate::typed::Special::foresee).
    pub async fn foresee(&self, azure: &Account, stack: StackUuid, inputs: Fields<'_>) -> Option<Option<String>> {
        let name = inputs.text("name")?;
        let deleted = self.deleted(azure, inputs, name).await.ok()??;
        Some(self.refusal(&deleted, stack, inputs, name))
    }

    /// The name of a deleted one is not free: what siac deleted it brings back, with all that is in it.
    pub async fn prepare(&self, task: &Task<'_>, target: &Target) -> Result<Option<Json>, Fault> {
        let name = target.id.name();
        let Some(deleted) = self.deleted(task.azure, task.inputs, name).await? else {
            return names::check(task, self.namespace, self.ty, self.api, false).await.map(|()| None);
        };
        match self.refusal(&deleted, task.call.uuid, task.inputs, name) {
            None => Ok(Some(json!({ "properties.createMode": self.mode }))),
            Some(why) => Err(Fault::rejected(why)),
        }
    }

    /// Purges what was deleted, where the stack wants that.
    pub async fn bury(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        if !task.inputs.is("purge_on_delete") {
            return Ok(());
        }
        let place = self.place(task.azure, task.inputs, target.id.name());
        let request = Request::on(Method::POST, format!("{place}/purge?api-version={}", self.api));
        match task.azure.arm.send(&request).await {
            Ok(answer) => Ok(task.azure.arm.finish(task.call, "purge", &target.id, &target.api, &answer).await?),
            Err(failure) if failure.is_absent() => Ok(()),
            Err(failure) if task.inputs.is("purge_protection") => Err(failure
                .with_remedy("it is deleted, and kept as its purge protection says; set `purge_on_delete = false`")
                .into()),
            Err(failure) => Err(failure.into()),
        }
    }
}
