//! The `[provider.azure]` table: its attributes, and what they say.

use std::collections::BTreeMap;

use reqwest::Url;
use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

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

/// Microsoft's clouds, and the endpoint of ARM in each. Source: the endpoints that `az cloud list` shows.
const CLOUDS: [(&str, &str); 3] = [
    ("public", "https://management.azure.com"),
    ("china", "https://management.chinacloudapi.cn"),
    ("usgovernment", "https://management.usgovcloudapi.net"),
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
        let (_, usual) = *CLOUDS.iter().find(|(name, _)| *name == cloud).unwrap_or(&CLOUDS[0]);
        let endpoint = fields.text("endpoint").unwrap_or(usual);
        let endpoint = endpoint
            .parse()
            .map_err(|_| Fault::rejected(format!("the endpoint `{endpoint}` is no URL; one looks like `{}`", usual)))?;
        let adopt = match fields.text("adopt") {
            Some("always") => Adopt::Always,
            Some("never") => Adopt::Never,
            _ => Adopt::IfOwned,
        };
        Ok(Self {
            subscription: fields.text("subscription_id").map(str::to_owned),
            endpoint,
            scope: format!("{}/.default", usual),
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
