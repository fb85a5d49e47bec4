//! The provider itself: it picks the kind and passes the call on.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use async_trait::async_trait;
use aws_credential_types::provider::SharedCredentialsProvider;
use siac_core::model::address::Mode;
use siac_core::model::diagnostic::Diagnostics;
use siac_core::model::schema::{KindSchema, ProviderSchema};
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Partial};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Catalogue, Fault, Observed, Planned, Provider};

use crate::account::Account;
use crate::connect::connected;
use crate::fields::Fields;
use crate::kind::{Check, Data, Described};
use crate::kinds;
use crate::life::Offered;
use crate::likeness::{completed, with_policies_as};
use crate::limits;
use crate::settings::{Settings, attributes};
use crate::wait::telling;

/// The plugin `aws`: its catalogue and its hands.
pub struct AwsProvider {
    schema: ProviderSchema,
    kinds: BTreeMap<&'static str, Offered>,
    data: BTreeMap<&'static str, (Described, Box<dyn Data>)>,
    credentials: Option<SharedCredentialsProvider>,
    account: OnceLock<Account>,
}

impl Default for AwsProvider {
    fn default() -> Self {
        Self::new()
    }
}

impl AwsProvider {
    /// The provider with the credentials of the environment. Nothing is asked of anybody before it is configured.
    pub fn new() -> Self {
        let kinds: BTreeMap<_, _> = kinds::kinds().into_iter().map(|(name, kind)| (name, Offered::new(kind))).collect();
        let data: BTreeMap<_, _> =
            kinds::data().into_iter().map(|(name, data)| (name, (data.describe(), data))).collect();
        let schema = ProviderSchema {
            name: "aws",
            version: env!("CARGO_PKG_VERSION"),
            config: attributes(),
            resources: kinds.iter().map(|(name, offered)| (*name, offered.described.schema.clone())).collect(),
            data: data.iter().map(|(name, (described, _))| (*name, described.schema.clone())).collect(),
        };
        Self { schema, kinds, data, credentials: None, account: OnceLock::new() }
    }

    /// The provider with these credentials instead.
    #[must_use]
    pub fn with_credentials(mut self, credentials: SharedCredentialsProvider) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// What a kind of resource says of itself, for documents.
    pub fn described(&self, mode: Mode, kind: &str) -> Option<&Described> {
        match mode {
            Mode::Managed => self.kinds.get(kind).map(|offered| &offered.described),
            Mode::Data => self.data.get(kind).map(|(described, _)| described),
        }
    }

    fn kind(&self, name: &str) -> Result<&Offered, Fault> {
        self.kinds
            .get(name)
            .ok_or_else(|| Fault::rejected(format!("the provider `aws` has no resources of kind `{name}`")))
    }

    fn account(&self) -> Result<&Account, Fault> {
        self.account.get().ok_or_else(|| Fault::rejected("the provider `aws` was not configured"))
    }
}

impl Catalogue for AwsProvider {
    fn schema(&self) -> &ProviderSchema {
        &self.schema
    }

    fn plan(&self, schema: &KindSchema, name: &str, prior: Option<&Object>, desired: &Partial) -> Planned {
        let Some(offered) = self.kinds.get(name) else { return by_schema(schema, prior, desired) };
        let desired = match prior {
            Some(prior) => {
                let completed = completed(schema, &prior.inputs, desired);
                with_policies_as(offered.described.policies, &prior.inputs, completed)
            }
            None => desired.clone(),
        };
        offered.kind.plan(schema, prior, &desired)
    }

    fn validate(&self, mode: Mode, kind: &str, desired: &Partial) -> Diagnostics {
        let mut check = Check::of(desired);
        match mode {
            Mode::Managed => {
                if let Some(offered) = self.kinds.get(kind) {
                    limits::tags(&mut check);
                    offered.kind.validate(&mut check);
                }
            }
            Mode::Data => {
                if let Some((_, data)) = self.data.get(kind) {
                    data.validate(&mut check);
                }
            }
        }
        check.found()
    }
}

#[async_trait]
impl Provider for AwsProvider {
    async fn configure(&self, config: &Known) -> Result<String, Fault> {
        let account = connected(Settings::read(config)?, self.credentials.clone()).await?;
        let identity = format!("account {} in {}", account.id, account.region);
        let _ = self.account.set(account);
        Ok(identity)
    }

    async fn read(&self, call: &Call, object: &Object) -> Result<Option<Observed>, Fault> {
        self.kind(&call.address.kind)?.read(self.account()?, object).await
    }

    async fn read_data(&self, call: &Call, inputs: &Known) -> Result<Known, Fault> {
        let name = call.address.kind.as_str();
        let absent = || Fault::rejected(format!("the provider `aws` has no data of kind `{name}`"));
        let (_, data) = self.data.get(name).ok_or_else(absent)?;
        data.read(self.account()?, Fields(inputs)).await
    }

    async fn create(&self, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        let created = self.kind(&call.address.kind)?.create(self.account()?, call, inputs);
        telling(&call.checkpoint, created).await
    }

    async fn update(&self, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        let updated = self.kind(&call.address.kind)?.update(self.account()?, call, object, inputs);
        telling(&call.checkpoint, updated).await
    }

    async fn delete(&self, call: &Call, object: &Object) -> Result<(), Fault> {
        let removed = self.kind(&call.address.kind)?.kind.remove(self.account()?, &object.remote, object);
        telling(&call.checkpoint, removed).await
    }

    async fn find(&self, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        self.kind(&call.address.kind)?.find(self.account()?, call, inputs).await
    }

    async fn import(&self, call: &Call, id: &str) -> Result<Observed, Fault> {
        self.kind(&call.address.kind)?.import(self.account()?, call, id).await
    }
}
