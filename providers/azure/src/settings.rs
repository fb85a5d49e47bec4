//! The `[provider.azure]` table: its attributes, and what they say.

use std::collections::BTreeMap;

use reqwest::Url;
use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use crate::arm::Neighbour;
use crate::fields::Fields;
use crate::marks::Tags;

/// What to do when something that is to be created exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopt {
    /// Take it over when it carries the marks of the very resource.
    IfOwned,
    /// Take it over, whoever made it.
    Always,
    /// Refuse, unless the very call made it.
    Never,
}

/// What a configuration says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The subscription; otherwise `AZURE_SUBSCRIPTION_ID`, or the only one that the identity sees.
    pub subscription: Option<String>,
    /// The endpoint of ARM.
    pub endpoint: Url,
    /// What tokens are asked for.
    pub scope: String,
    /// The management sites of apps.
    pub apps: Neighbour,
    /// Key Vault.
    pub vaults: Neighbour,
    /// Tags of everything.
    pub default_tags: Tags,
    /// The environment, for the mark `siac-environment`.
    pub environment: Option<String>,
    /// The only subscriptions that may be acted on; any when empty.
    pub allowed: Vec<String>,
    /// Whether resource providers are registered when a resource needs it.
    pub registers: bool,
    /// What to do with what exists already.
    pub adopt: Adopt,
}

/// One of Microsoft's clouds.
struct Cloud {
    /// As the configuration names it.
    name: &'static str,
    /// The endpoint of ARM.
    arm: &'static str,
    /// The end of the names of the management sites of apps.
    apps: &'static str,
    /// The end of the names of vaults.
    vaults: &'static str,
}

/// The clouds. Source: the endpoints that `az cloud list` shows.
const CLOUDS: [Cloud; 3] = [
    Cloud {
        name: "public",
        arm: "https://management.azure.com",
        apps: ".azurewebsites.net",
        vaults: ".vault.azure.net",
    },
    Cloud {
        name: "china",
        arm: "https://management.chinacloudapi.cn",
        apps: ".chinacloudsites.cn",
        vaults: ".vault.azure.cn",
    },
    Cloud {
        name: "usgovernment",
        arm: "https://management.usgovcloudapi.net",
        apps: ".azurewebsites.us",
        vaults: ".vault.usgovcloudapi.net",
    },
];

/// The form of ids of subscriptions and tenants.
pub fn guid_rule() -> Rule {
    Rule::Matches(
        "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        "an id such as `00000000-0000-0000-0000-000000000000`",
    )
}

impl Settings {
    /// Reads a configuration.
    ///
    /// # Errors
    /// When the endpoint is no URL.
    pub fn read(config: &Known) -> Result<Self, Fault> {
        let fields = Fields(config);
        let cloud = fields.text("cloud").unwrap_or("public");
        let cloud = CLOUDS.iter().find(|known| known.name == cloud).unwrap_or(&CLOUDS[0]);
        let scope = format!("{}/.default", cloud.arm);
        let endpoint = url(fields.text("endpoint").unwrap_or(cloud.arm))?;
        let others = fields.map("endpoints").unwrap_or_default();
        if let Some(unknown) = others.keys().find(|name| !["apps", "vaults"].contains(&name.as_str())) {
            return Err(Fault::rejected(format!("`endpoints` names `{unknown}`; it knows `apps` and `vaults`")));
        }
        let instead = |name: &str| others.get(name).map(|text| url(text)).transpose();
        let apps = Neighbour { suffix: cloud.apps, instead: instead("apps")?, scope: scope.clone() };
        let vault_scope = format!("https://{}/.default", cloud.vaults.trim_start_matches('.'));
        let vaults = Neighbour { suffix: cloud.vaults, instead: instead("vaults")?, scope: vault_scope };
        let adopt = match fields.text("adopt") {
            Some("always") => Adopt::Always,
            Some("never") => Adopt::Never,
            _ => Adopt::IfOwned,
        };
        Ok(Self {
            subscription: fields.text("subscription_id").map(str::to_owned),
            endpoint,
            scope,
            apps,
            vaults,
            default_tags: fields.map("default_tags").unwrap_or_default(),
            environment: fields.text("environment").map(str::to_owned),
            allowed: fields.texts("allowed_subscription_ids").unwrap_or_default(),
            registers: fields.is("register_providers"),
            adopt,
        })
    }

    /// Refuses a subscription that this configuration does not allow.
    ///
    /// # Errors
    /// When it is not among the allowed ones.
    pub fn allow(&self, subscription: &str) -> Result<(), Fault> {
        match self.allowed.is_empty() || self.allowed.iter().any(|one| one.eq_ignore_ascii_case(subscription)) {
            true => Ok(()),
            false => Err(Fault::rejected(format!(
                "the subscription {subscription} is not among `allowed_subscription_ids`; look at `subscription_id`"
            ))),
        }
    }
}

fn url(text: &str) -> Result<Url, Fault> {
    text.parse()
        .map_err(|_| Fault::rejected(format!("the endpoint `{text}` is no URL; one looks like `{}`", CLOUDS[0].arm)))
}

/// The attributes of a `[provider.azure]` table.
pub fn attributes() -> BTreeMap<&'static str, Attribute> {
    let text = |description| Attribute::optional(Type::String, description);
    BTreeMap::from([
        (
            "subscription_id",
            text("the subscription; otherwise AZURE_SUBSCRIPTION_ID, or the only one that the identity sees").rule(guid_rule()),
        ),
        (
            "cloud",
            text("which of Microsoft's clouds: public, china or usgovernment")
                .default(Value::string("public"))
                .rule(Rule::OneOf(&["public", "china", "usgovernment"])),
        ),
        ("endpoint", text("the endpoint of Azure Resource Manager, for a private cloud or a double; otherwise the cloud's own")),
        (
            "endpoints",
            Attribute::optional(Type::map(Type::String), "where the management sites of `apps` and the `vaults` are instead, for a double"),
        ),
        ("default_tags", Attribute::optional(Type::map(Type::String), "tags of everything that can carry tags")),
        ("environment", text("what the tag `siac-environment` of everything says")),
        (
            "allowed_subscription_ids",
            Attribute::optional(Type::set(Type::String), "the only subscriptions that may be acted on").rule(guid_rule()),
        ),
        (
            "register_providers",
            Attribute::optional(Type::Bool, "whether to register a resource provider with the subscription when a resource needs it")
                .default(Value::Bool(false)),
        ),
        (
            "adopt",
            text("what becomes of a resource that exists when it is to be created: taken over when it carries this resource's marks, always, or never")
                .default(Value::string("if-owned"))
                .rule(Rule::OneOf(&["if-owned", "always", "never"])),
        ),
    ])
}
