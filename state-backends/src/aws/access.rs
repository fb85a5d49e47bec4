//! How the services are reached: region, credentials, endpoint.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::OnceCell;

use super::fault::innermost;

/// How long it may take to reach a service. A choice of this project.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long an attempt may take that moves no more than a few kilobytes. A choice of this project: half of the time that a holder may be silent.
pub(crate) const ATTEMPT_LIMIT: Duration = Duration::from_secs(30);

/// The name that a session of an assumed role gets; it shows in the logs of the account.
const SESSION_NAME: &str = "siac-state";

/// What is said of how to reach a service. What is missing comes from the environment and the shared configuration files, as it does for
/// Amazon's own tools.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The region.
    pub region: Option<String>,
    /// Another endpoint than Amazon's; of S3 when a bucket is reached with it.
    pub endpoint: Option<String>,
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// A role to assume with the credentials that are found.
    pub role_arn: Option<String>,
    /// A configuration that exists already and stands for the environment, as programs that embed siac have one. Its retries are turned off.
    pub given: Option<SdkConfig>,
}

/// An access, resolved when it is first used and then kept.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    access: Access,
    config: OnceCell<SdkConfig>,
}

impl Connection {
    pub(crate) fn new(access: Access) -> Self {
        Self { access, config: OnceCell::new() }
    }

    /// The endpoint that was asked for.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.access.endpoint.as_deref()
    }

    /// The configuration for clients; the endpoint is not in it.
    ///
    /// # Errors
    /// What is missing, and how to give it.
    pub(crate) async fn config(&self) -> Result<&SdkConfig, String> {
        self.config.get_or_try_init(|| resolve(&self.access)).await
    }
}

async fn resolve(access: &Access) -> Result<SdkConfig, String> {
    let config = match &access.given {
        Some(given) => given.clone(),
        None => of_the_environment(access).await,
    };
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_LIMIT).operation_attempt_timeout(ATTEMPT_LIMIT);
    // A conditional write that is repeated below the engine would turn its own success into a refusal.
    let config = config.to_builder().retry_config(RetryConfig::disabled()).timeout_config(timeouts.build()).build();
    if config.region().is_none() {
        return Err("no region is set; write `region = \"…\"`, or set AWS_REGION or the profile's region".to_owned());
    }
    let config = match &access.role_arn {
        Some(role) => assuming(&config, role).await,
        None => config,
    };
    check_credentials(&config, access).await?;
    Ok(config)
}

async fn of_the_environment(access: &Access) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = &access.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &access.profile {
        loader = loader.profile_name(profile);
    }
    loader.load().await
}

async fn assuming(config: &SdkConfig, role: &str) -> SdkConfig {
    let provider = AssumeRoleProvider::builder(role).configure(config).session_name(SESSION_NAME).build().await;
    config.to_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

/// Credentials are asked for before anything else, so that their absence is told as what it is.
async fn check_credentials(config: &SdkConfig, access: &Access) -> Result<(), String> {
    let Some(provider) = config.credentials_provider() else {
        return Err("this build of the AWS SDK looks for no credentials".to_owned());
    };
    let Err(error) = provider.provide_credentials().await else { return Ok(()) };
    let why = innermost(&error);
    Err(match (&access.role_arn, &access.profile) {
        (Some(role), _) => format!("the role {role} cannot be assumed: {why}; check that its trust policy allows it"),
        (None, Some(profile)) => format!(
            "the profile `{profile}` gives no credentials: {why}; run `aws configure --profile {profile}`, or `aws sso login --profile {profile}`"
        ),
        (None, None) => format!(
            "no AWS credentials are found: {why}; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`"
        ),
    })
}
