//! The provider itself: it picks the kind and passes the call on.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use serde_json::Value as Json;
use siac_core::model::address::{Mode, ResourceAddress};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::identity::StackUuid;
use siac_core::model::schema::{KindSchema, ProviderSchema};
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Known, Partial};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Catalogue, Fault, Observed, Planned, Provider};

use crate::arm::{Arm, Connection, Method, Pace, Request, ResourceId, child};
use crate::data::{AnyResourceData, ClientConfig, SUBSCRIPTIONS_API, Subscription};
use crate::fields::Fields;
use crate::kind::{Account, Data, Described, Kind};
use crate::kinds::kinds;
use crate::life::Life;
use crate::marks::{LONGEST_KEY, LONGEST_VALUE, MOST_TAGS, RESERVED};
use crate::settings::{self, Settings};

/// The plugin `azure`: its catalogue and its hands.
pub struct AzureProvider {
    schema: ProviderSchema,
    kinds: BTreeMap<&'static str, Box<dyn Kind>>,
    data: BTreeMap<&'static str, Box<dyn Data>>,
    credential: Option<Arc<dyn TokenCredential>>,
    pace: Pace,
    account: OnceLock<Account>,
}

impl Default for AzureProvider {
    fn default() -> Self {
        Self::new()
    }
}

impl AzureProvider {
    /// The provider, with the credential that the environment asks for. Nothing is touched before it is configured.
    pub fn new() -> Self {
        Self::build(None, Pace::default())
    }

    /// The same with another credential and another pace, for tests.
    pub fn with(credential: Arc<dyn TokenCredential>, pace: Pace) -> Self {
        Self::build(Some(credential), pace)
    }

    fn build(credential: Option<Arc<dyn TokenCredential>>, pace: Pace) -> Self {
        let (kinds, data) = (kinds(), data());
        let schema = ProviderSchema {
            name: "azure",
            version: env!("CARGO_PKG_VERSION"),
            config: settings::attributes(),
            resources: kinds.iter().map(|(name, kind)| (*name, kind.schema())).collect(),
            data: data.iter().map(|(name, kind)| (*name, kind.schema())).collect(),
        };
        Self { schema, kinds, data, credential, pace, account: OnceLock::new() }
    }

    /// What people should know of a kind besides its schema; `None` when there is no such kind.
    pub fn described(&self, kind: &str) -> Option<Described> {
        self.kinds.get(kind).map(|kind| kind.described())
    }

    fn account(&self) -> Result<&Account, Fault> {
        self.account.get().ok_or_else(|| Fault::rejected("the provider `azure` is not configured yet"))
    }

    fn life<'a>(&'a self, call: &'a Call) -> Result<Life<'a>, Fault> {
        let name = call.address.kind.as_str();
        let unknown = || Fault::rejected(format!("the provider `azure` has no resources of kind `{name}`"));
        let kind = self.kinds.get(name).ok_or_else(unknown)?.as_ref();
        let schema = self.schema.resources.get(name).ok_or_else(unknown)?;
        Ok(Life { kind, schema, azure: self.account()?, call })
    }

    fn connect(&self, settings: &Settings) -> Result<Arm, Fault> {
        let credential = match &self.credential {
            Some(credential) => credential.clone(),
            None => siac_azure_credentials::credential().map_err(|error| Fault::rejected(error.to_string()))?,
        };
        let Settings { endpoint, scope, apps, vaults, .. } = settings.clone();
        Arm::new(Connection { endpoint, scope, apps, vaults, credential, pace: self.pace })
    }
}

fn data() -> BTreeMap<&'static str, Box<dyn Data>> {
    BTreeMap::from([
        ("azure_client_config", Box::new(ClientConfig) as Box<dyn Data>),
        ("azure_resource", Box::new(AnyResourceData)),
        ("azure_subscription", Box::new(Subscription)),
    ])
}

/// The subscription to act on: the configured one, the environment's, or the only one there is.
async fn subscription(arm: &Arm, settings: &Settings) -> Result<String, Fault> {
    let named = settings.subscription.clone().or_else(|| std::env::var("AZURE_SUBSCRIPTION_ID").ok());
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return Ok(named);
    }
    let answer = arm.send(&Request::on(Method::GET, format!("/subscriptions?api-version={SUBSCRIPTIONS_API}"))).await?;
    let all = child(&answer.body, "value").and_then(Json::as_array).into_iter().flatten();
    let ids: Vec<&str> = all.filter_map(|one| child(one, "subscriptionId")?.as_str()).collect();
    match ids.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(Fault::rejected("this identity sees no subscription; give it a role in one, or sign in elsewhere")),
        many => Err(Fault::rejected(format!(
            "this identity sees {} subscriptions; set `subscription_id` to one of {}",
            many.len(),
            many.join(", ")
        ))),
    }
}

/// What is wrong with tags, for every kind alike.
fn check_tags(desired: &Partial, problems: &mut Diagnostics) {
    let Some(tags) = desired.get("tags").and_then(Partial::as_map) else { return };
    let mut refuse = |detail: String, help: &str| {
        problems.push(Diagnostic::error("refused-by-azure", "Azure would refuse this", detail).help(help));
    };
    for (key, value) in tags {
        let lower = key.to_ascii_lowercase();
        if lower.starts_with(RESERVED) {
            refuse(
                format!("the tag `{key}` begins with `{RESERVED}`, which siac keeps for itself"),
                "choose another key",
            );
        }
        // Source: "Use tags to organize your Azure resources", limitations.
        if ["microsoft", "azure", "windows"].iter().any(|word| lower.starts_with(word)) {
            refuse(format!("the tag `{key}` begins with a word that Azure keeps for itself"), "choose another key");
        }
        if key.chars().any(|c| "<>%&\\?/".contains(c)) || key.is_empty() || key.chars().count() > LONGEST_KEY {
            refuse(format!("the tag `{key}` has a key that Azure does not take"), "leave out `< > % & \\ ? /`");
        }
        if value.as_str().is_some_and(|text| text.chars().count() > LONGEST_VALUE) {
            refuse(format!("the tag `{key}` is longer than {LONGEST_VALUE} characters"), "shorten it");
        }
    }
    if tags.len() > MOST_TAGS {
        refuse(format!("there are {} tags, and {MOST_TAGS} are the most", tags.len()), "leave some out");
    }
}

/// Regions are words without anything between but spaces: `westeurope`, `West Europe`.
fn check_location(desired: &Partial, problems: &mut Diagnostics) {
    let location = desired.get("location").and_then(Partial::as_str);
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || " ()".contains(c));
    if let Some(location) = location.filter(|location| !is_word(location)) {
        let detail = format!("`location` is `{location}`, and no region is called so");
        let problem = Diagnostic::error("refused-by-azure", "Azure would refuse this", detail);
        problems.push(problem.help("write it as `az account list-locations` names it, such as `westeurope`"));
    }
}

impl Catalogue for AzureProvider {
    fn schema(&self) -> &ProviderSchema {
        &self.schema
    }

    fn plan(&self, kind: &KindSchema, name: &str, prior: Option<&Object>, desired: &Partial) -> Planned {
        match self.kinds.get(name) {
            Some(own) => own.plan(kind, prior, desired),
            None => by_schema(kind, prior, desired),
        }
    }

    fn validate(&self, mode: Mode, kind: &str, desired: &Partial) -> Diagnostics {
        let managed = self.kinds.get(kind).filter(|_| mode == Mode::Managed);
        let Some(managed) = managed else { return Diagnostics::new() };
        let mut problems = managed.validate(desired);
        check_tags(desired, &mut problems);
        check_location(desired, &mut problems);
        problems
    }
}

#[async_trait]
impl Provider for AzureProvider {
    async fn configure(&self, config: &Known) -> Result<String, Fault> {
        let settings = Settings::read(config)?;
        let arm = self.connect(&settings)?;
        let subscription = subscription(&arm, &settings).await?;
        settings.allow(&subscription)?;
        let id = ResourceId::subscription(&subscription)?;
        let Some(answer) = arm.get(&id, SUBSCRIPTIONS_API).await? else {
            return Err(Fault::rejected(format!(
                "there is no subscription {subscription}, or this identity may not see it; `az account list` shows those that you see, look at `subscription_id`"
            )));
        };
        let tenant = child(&answer.body, "tenantId").and_then(Json::as_str).unwrap_or_default().to_owned();
        let told = format!("subscription {subscription}");
        let account = Account { arm, settings, subscription, tenant };
        self.account.set(account).map_err(|_| Fault::rejected("the provider `azure` is configured already"))?;
        Ok(told)
    }

    async fn read(&self, call: &Call, object: &Object) -> Result<Option<Observed>, Fault> {
        self.life(call)?.read(object).await
    }

    async fn read_data(&self, call: &Call, inputs: &Known) -> Result<Known, Fault> {
        let name = call.address.kind.as_str();
        let missing = || Fault::rejected(format!("the provider `azure` has no data of kind `{name}`"));
        self.data.get(name).ok_or_else(missing)?.read(self.account()?, call, Fields(inputs)).await
    }

    async fn create(&self, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        self.life(call)?.create(inputs).await
    }

    async fn update(&self, call: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        self.life(call)?.update(object, inputs).await
    }

    async fn delete(&self, call: &Call, object: &Object) -> Result<(), Fault> {
        self.life(call)?.delete(object).await
    }

    async fn find(&self, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        self.life(call)?.find(inputs).await
    }

    async fn foresee(&self, stack: StackUuid, address: &ResourceAddress, inputs: &Partial) -> Option<String> {
        self.kinds.get(address.kind.as_str())?.foresee(self.account.get()?, stack, inputs).await
    }

    async fn import(&self, call: &Call, id: &str) -> Result<Observed, Fault> {
        self.life(call)?.import(id).await
    }
}
