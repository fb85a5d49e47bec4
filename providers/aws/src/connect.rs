//! From a configuration to an account: credentials, and who they belong to.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Unasked};
use crate::settings::{Role, Settings, WebIdentity};

/// How long it may take to reach a service. A choice of this project.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The account that a configuration leads to. `credentials` stand for those that the environment would give.
///
/// # Errors
/// When no region or credentials are to be had, or the account may not be acted on.
pub async fn connected(settings: Settings, credentials: Option<SharedCredentialsProvider>) -> Result<Account, Fault> {
    let config = loaded(&settings, credentials).await;
    let region = config.region().map(ToString::to_string).ok_or_else(|| {
        Fault::rejected(
            "no region is set; write `region` in `[provider.aws]`, or set AWS_REGION or the profile's region",
        )
    })?;
    let account = Account::new(String::new(), region, settings, config);
    let sent = account.sts().get_caller_identity().send().await;
    if let Some(unasked) = sent.as_ref().err().and_then(Unasked::of) {
        return Err(Fault::rejected(explained(&unasked, &account)));
    }
    let identity = sent.of("sts:GetCallerIdentity")?;
    let id = identity.account().unwrap_or_default().to_owned();
    check_allowed(&account.settings, &id)?;
    Ok(account.of(id))
}

/// Why nobody could be asked, and what to do about it.
fn explained(unasked: &Unasked, account: &Account) -> String {
    let named = account.settings.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
    match (unasked, named) {
        (Unasked::NoCredentials(why), Some(profile)) => format!(
            "the profile `{profile}` gives no AWS credentials: {why}; `aws configure list --profile {profile}` shows what it says, \
             `aws sso login --profile {profile}` signs in again"
        ),
        (Unasked::NoCredentials(why), None) => format!(
            "no AWS credentials are found: {why}; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`"
        ),
        (Unasked::NoWay(why), _) => format!(
            "AWS cannot be reached in `{}`: {why}; see whether the region is written right, whether an endpoint is set, and whether \
             this machine is online",
            account.region
        ),
    }
}

fn check_allowed(settings: &Settings, id: &str) -> Result<(), Fault> {
    let is_allowed = settings.allowed.is_empty() || settings.allowed.iter().any(|allowed| allowed == id);
    if !is_allowed {
        let allowed = settings.allowed.join(", ");
        return Err(Fault::rejected(format!(
            "the credentials belong to account {id}, and `allowed_account_ids` allows only {allowed}; use other credentials"
        )));
    }
    match settings.forbidden.iter().any(|forbidden| forbidden == id) {
        false => Ok(()),
        true => Err(Fault::rejected(format!(
            "the credentials belong to account {id}, which `forbidden_account_ids` forbids; use other credentials"
        ))),
    }
}

async fn loaded(settings: &Settings, credentials: Option<SharedCredentialsProvider>) -> SdkConfig {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_LIMIT).operation_attempt_timeout(settings.attempt_timeout);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        // A request that is repeated below the engine would turn its own success into a conflict.
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts.build())
        .use_fips(settings.fips)
        .use_dual_stack(settings.dualstack);
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(credentials) = credentials {
        loader = loader.credentials_provider(credentials);
    }
    let mut config = loader.load().await;
    if let Some(identity) = &settings.web_identity {
        config = with_credentials(&config, presented(identity));
    }
    match &settings.role {
        Some(role) => with_credentials(&config, assumed(role, &config).await),
        None => config,
    }
}

fn with_credentials(config: &SdkConfig, credentials: SharedCredentialsProvider) -> SdkConfig {
    config.to_builder().credentials_provider(credentials).build()
}

fn presented(identity: &WebIdentity) -> SharedCredentialsProvider {
    let configuration = StaticConfiguration {
        web_identity_token_file: PathBuf::from(&identity.token_file),
        role_arn: identity.arn.clone(),
        session_name: identity.session.clone(),
    };
    let provider = WebIdentityTokenCredentialsProvider::builder().static_configuration(configuration);
    SharedCredentialsProvider::new(provider.build())
}

async fn assumed(role: &Role, base: &SdkConfig) -> SharedCredentialsProvider {
    let mut provider = AssumeRoleProvider::builder(&role.arn).configure(base).session_name(&role.session);
    if let Some(external_id) = &role.external_id {
        provider = provider.external_id(external_id);
    }
    if let Some(duration) = role.duration {
        provider = provider.session_length(duration);
    }
    SharedCredentialsProvider::new(provider.build().await)
}
