//! The `[provider.aws]` table: its attributes, and what they say.

use std::collections::BTreeMap;
use std::time::Duration;

use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::{Field, Type};
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use crate::account::SERVICES;
use crate::fields::Fields;
use crate::kind::REQUEST_LIMIT;
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
    /// The region; otherwise the environment's or the profile's.
    pub region: Option<String>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// A role to take on.
    pub role: Option<Role>,
    /// A role to take on with a token of another identity provider.
    pub web_identity: Option<WebIdentity>,
    /// The endpoint of every service.
    pub endpoint: Option<String>,
    /// Endpoints by service.
    pub endpoints: BTreeMap<String, String>,
    /// Tags of everything.
    pub default_tags: Tags,
    /// The environment, for the mark `siac-environment`.
    pub environment: Option<String>,
    /// The only accounts that may be acted on; any when empty.
    pub allowed: Vec<String>,
    /// Accounts that must not be acted on.
    pub forbidden: Vec<String>,
    /// Whether to use FIPS endpoints.
    pub fips: bool,
    /// Whether to use dual-stack endpoints.
    pub dualstack: bool,
    /// The hard limit of one request.
    pub attempt_timeout: Duration,
    /// What to do with what exists already.
    pub adopt: Adopt,
}

/// A role to take on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// The session's name.
    pub session: String,
    /// What the role's trust policy may ask for.
    pub external_id: Option<String>,
    /// How long the session lasts.
    pub duration: Option<Duration>,
}

/// A role to take on with a token of another identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebIdentity {
    /// The role's ARN.
    pub arn: String,
    /// The session's name.
    pub session: String,
    /// The file that holds the token.
    pub token_file: String,
}

impl Settings {
    /// Reads a configuration.
    ///
    /// # Errors
    /// When it contradicts itself.
    pub fn read(config: &Known) -> Result<Self, Fault> {
        let fields = Fields(config);
        let endpoints = fields.map("endpoints").unwrap_or_default();
        refuse_unknown(&endpoints)?;
        let adopt = match fields.text("adopt") {
            Some("always") => Adopt::Always,
            Some("never") => Adopt::Never,
            _ => Adopt::IfOwned,
        };
        let seconds = fields.int::<u64>("attempt_timeout").map(Duration::from_secs);
        Ok(Self {
            region: fields.owned("region"),
            profile: fields.owned("profile"),
            role: fields.object("assume_role").map(role).transpose()?,
            web_identity: fields.object("assume_role_with_web_identity").map(web_identity).transpose()?,
            endpoint: fields.owned("endpoint"),
            endpoints,
            default_tags: fields.map("default_tags").unwrap_or_default(),
            environment: fields.owned("environment"),
            allowed: fields.texts("allowed_account_ids").unwrap_or_default(),
            forbidden: fields.texts("forbidden_account_ids").unwrap_or_default(),
            fips: fields.is("use_fips"),
            dualstack: fields.is("use_dualstack"),
            attempt_timeout: seconds.unwrap_or(REQUEST_LIMIT).min(REQUEST_LIMIT),
            adopt,
        })
    }

    /// The endpoint given for a service; one given for all is in the SDK's own configuration.
    pub fn endpoint_of(&self, service: &str) -> Option<&str> {
        self.endpoints.get(service).map(String::as_str)
    }
}

fn refuse_unknown(endpoints: &BTreeMap<String, String>) -> Result<(), Fault> {
    match endpoints.keys().find(|name| !SERVICES.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let known = SERVICES.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            Err(Fault::rejected(format!(
                "`endpoints` names `{name}`, which is no service of this provider; it knows {known}"
            )))
        }
    }
}

fn role(fields: Fields<'_>) -> Result<Role, Fault> {
    Ok(Role {
        arn: fields.need("role_arn")?.to_owned(),
        session: fields.text("session_name").unwrap_or("siac").to_owned(),
        external_id: fields.owned("external_id"),
        duration: fields.int::<u64>("duration").map(Duration::from_secs),
    })
}

fn web_identity(fields: Fields<'_>) -> Result<WebIdentity, Fault> {
    Ok(WebIdentity {
        arn: fields.need("role_arn")?.to_owned(),
        session: fields.text("session_name").unwrap_or("siac").to_owned(),
        token_file: fields.need("web_identity_token_file")?.to_owned(),
    })
}

/// The attributes of a `[provider.aws]` table.
pub fn attributes() -> BTreeMap<&'static str, Attribute> {
    let text = |description| Attribute::optional(Type::String, description);
    let flag = |description| Attribute::optional(Type::Bool, description).default(Value::Bool(false));
    let accounts = |description| {
        let number = Rule::Matches("[0-9]{12}", "an account number of twelve digits");
        Attribute::optional(Type::set(Type::String), description).rule(number)
    };
    let mut attributes = BTreeMap::from([
        ("region", text("the region; otherwise AWS_REGION, or the profile's")),
        ("profile", text("a profile of the shared configuration files: keys, SSO, a process or a role")),
        ("assume_role", Attribute::optional(role_type(), "a role to take on; `duration` in seconds")),
        (
            "assume_role_with_web_identity",
            Attribute::optional(web_identity_type(), "a role to take on with the token in a file"),
        ),
        ("endpoint", text("the endpoint of every service, for an emulator or a private one")),
        (
            "endpoints",
            Attribute::optional(Type::map(Type::String), "endpoints by service, as in `{ s3 = \"http://…\" }`"),
        ),
        ("default_tags", Attribute::optional(Type::map(Type::String), "tags of everything that can carry tags")),
        ("environment", text("what the tag `siac-environment` of everything says")),
        ("use_fips", flag("whether to use FIPS endpoints")),
        ("use_dualstack", flag("whether to use endpoints that speak IPv6 too")),
        ("allowed_account_ids", accounts("the only accounts that may be acted on")),
        ("forbidden_account_ids", accounts("accounts that must not be acted on")),
    ]);
    attributes.extend([
        (
            "attempt_timeout",
            Attribute::optional(Type::Number, "the hard limit of one request, in seconds; at most and usually 60")
                .rule(Rule::Between(1, 60)),
        ),
        (
            "adopt",
            Attribute::optional(
                Type::String,
                "what becomes of an object that exists when it is to be created: taken over when it carries this resource's marks, always, or never",
            )
            .default(Value::string("if-owned"))
            .rule(Rule::OneOf(&["if-owned", "always", "never"])),
        ),
    ]);
    attributes
}

fn role_type() -> Type {
    object_type(&[
        ("role_arn", Type::String, true),
        ("session_name", Type::String, false),
        ("external_id", Type::String, false),
        ("duration", Type::Number, false),
    ])
}

fn web_identity_type() -> Type {
    object_type(&[
        ("role_arn", Type::String, true),
        ("session_name", Type::String, false),
        ("web_identity_token_file", Type::String, true),
    ])
}

/// An object type from its fields: name, type, whether it must be set.
pub fn object_type(fields: &[(&str, Type, bool)]) -> Type {
    let field =
        |(name, ty, needed): &(&str, Type, bool)| ((*name).to_owned(), Field { ty: ty.clone(), optional: !needed });
    Type::Object(fields.iter().map(field).collect())
}
