//! Deleted resources that a service keeps for a while, and their names with them.

use serde_json::{Value as Json, json};
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use crate::arm::{Method, Request, at};
use crate::kind::{Target, Task};
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
    fn place(&self, task: &Task<'_>, name: &str) -> String {
        let region = task.inputs.text("location").unwrap_or_default().replace(' ', "").to_ascii_lowercase();
        let Self { namespace, collection, .. } = self;
        let subscription = &task.azure.subscription;
        format!("/subscriptions/{subscription}/providers/{namespace}/locations/{region}/{collection}/{name}")
    }

    /// The name of a deleted one is not free: what siac deleted it brings back, with all that is in it.
    pub async fn prepare(&self, task: &Task<'_>, target: &Target) -> Result<Option<Json>, Fault> {
        let place = self.place(task, target.id.name());
        let found = task.azure.arm.send(&Request::on(Method::GET, format!("{place}?api-version={}", self.api))).await;
        let answer = match found {
            Ok(answer) => answer,
            Err(failure) if failure.is_absent() || failure.status == 403 => {
                return names::check(task, self.namespace, self.ty, self.api, false).await.map(|()| None);
            }
            Err(failure) => return Err(failure.into()),
        };
        let text = |path: &str| at(&answer.body, path).and_then(Json::as_str).unwrap_or_default().to_owned();
        let is_ours = text("properties.tags.siac-state") == task.call.uuid.to_string();
        match is_ours || task.inputs.is("recover") {
            true => Ok(Some(json!({ "properties.createMode": self.mode }))),
            false => Err(Fault::rejected(format!(
                "a deleted {} is called `{}` and is kept until {}; set `recover = true` to bring it back with what is in it, purge it with `{}`, or choose another name",
                self.what,
                target.id.name(),
                text("properties.scheduledPurgeDate"),
                self.purge
            ))),
        }
    }

    /// Purges what was deleted, where the stack wants that.
    pub async fn bury(&self, task: &Task<'_>, target: &Target) -> Result<(), Fault> {
        if !task.inputs.is("purge_on_delete") {
            return Ok(());
        }
        let place = self.place(task, target.id.name());
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
