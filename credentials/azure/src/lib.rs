//! Who siac is when it talks to Azure.
//!
//! The choice is made once, from the environment alone, and is the same for the provider, the state and the keys. It follows the variables that
//! Microsoft's other tools read, so that what works with them works here.

mod chain;
mod github;

use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_identity::{
    AzureCliCredential, AzureDeveloperCliCredential, AzurePipelinesCredential, ClientAssertionCredential,
    ClientSecretCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential,
};

use chain::Chain;
use github::GithubAssertion;

/// Why there is no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoCredential(String);

impl std::fmt::Display for NoCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoCredential {}

/// What identifies siac to Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A service principal and its secret: `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`.
    ClientSecret,
    /// A service principal that trusts the token in `AZURE_FEDERATED_TOKEN_FILE`, as Kubernetes writes it.
    WorkloadIdentity,
    /// A service principal that trusts a workflow of GitHub Actions with `id-token: write`.
    GithubActions,
    /// A service connection of Azure Pipelines: `AZURESUBSCRIPTION_…` and `SYSTEM_ACCESSTOKEN`.
    AzurePipelines,
    /// The identity of the machine or function app; `AZURE_CLIENT_ID` picks one where there are several.
    ManagedIdentity,
    /// The person who ran `az login`.
    AzureCli,
    /// The person who ran `azd auth login`.
    AzureDeveloperCli,
    /// The first of these that has a token.
    FirstOf(Vec<Identity>),
}

/// Reads an environment variable; empty ones count as missing.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Identity {
    /// The identity that the environment of this process asks for.
    ///
    /// `AZURE_TOKEN_CREDENTIALS` decides when it is set: `dev`, `prod`, or the name of one credential as in Microsoft's libraries. Otherwise
    /// the first whose variables are there; without any, the person logged in with `az` or `azd`, then the machine's own identity.
    ///
    /// # Errors
    /// When `AZURE_TOKEN_CREDENTIALS` names something unknown.
    pub fn of_environment() -> Result<Self, NoCredential> {
        Self::choose(&variable)
    }

    fn choose(lookup: Lookup<'_>) -> Result<Self, NoCredential> {
        let people = || vec![Self::AzureCli, Self::AzureDeveloperCli];
        match lookup("AZURE_TOKEN_CREDENTIALS").map(|name| name.to_ascii_lowercase()).as_deref() {
            None => Ok(Self::of_variables(lookup)
                .unwrap_or_else(|| Self::FirstOf(people().into_iter().chain([Self::ManagedIdentity]).collect()))),
            Some("dev") => Ok(Self::FirstOf(people())),
            Some("prod") => Ok(Self::of_variables(lookup).unwrap_or(Self::ManagedIdentity)),
            Some("environmentcredential") => Ok(Self::ClientSecret),
            Some("workloadidentitycredential") => Ok(Self::WorkloadIdentity),
            Some("managedidentitycredential") => Ok(Self::ManagedIdentity),
            Some("azureclicredential") => Ok(Self::AzureCli),
            Some("azuredeveloperclicredential") => Ok(Self::AzureDeveloperCli),
            Some("azurepipelinescredential") => Ok(Self::AzurePipelines),
            Some(_) => Err(NoCredential(UNKNOWN.to_owned())),
        }
    }

    /// The identity whose variables are all there.
    fn of_variables(lookup: Lookup<'_>) -> Option<Self> {
        let has = |names: &[&str]| names.iter().all(|name| lookup(name).is_some());
        let principal = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"];
        match () {
            () if has(&principal) && has(&["AZURE_CLIENT_SECRET"]) => Some(Self::ClientSecret),
            () if has(&principal) && has(&["AZURE_FEDERATED_TOKEN_FILE"]) => Some(Self::WorkloadIdentity),
            () if has(&principal) && has(&github::VARIABLES) => Some(Self::GithubActions),
            () if has(&PIPELINE) => Some(Self::AzurePipelines),
            () if has(&["IDENTITY_ENDPOINT"]) => Some(Self::ManagedIdentity),
            () => None,
        }
    }

    /// A credential for this identity. Nothing is asked of anyone yet.
    ///
    /// # Errors
    /// When a variable that the identity needs is missing or malformed.
    pub fn credential(&self) -> Result<Arc<dyn TokenCredential>, NoCredential> {
        let fault = |error: azure_core::Error| NoCredential(format!("{self}: {}", why(&error)));
        Ok(match self {
            Self::ClientSecret => {
                let secret = Secret::new(self.needed("AZURE_CLIENT_SECRET")?);
                let (tenant, client) = self.principal()?;
                ClientSecretCredential::new(&tenant, client, secret, None).map_err(fault)?
            }
            Self::WorkloadIdentity => WorkloadIdentityCredential::new(None).map_err(fault)?,
            Self::GithubActions => {
                let [url, token] = github::VARIABLES;
                let assertion = GithubAssertion::new(&self.needed(url)?, self.needed(token)?).map_err(fault)?;
                let (tenant, client) = self.principal()?;
                ClientAssertionCredential::new(tenant, client, assertion, None).map_err(fault)?
            }
            Self::AzurePipelines => {
                let [client, tenant, connection, token, _] = PIPELINE;
                let connection = self.needed(connection)?;
                let (tenant, client, token) = (self.needed(tenant)?, self.needed(client)?, self.needed(token)?);
                AzurePipelinesCredential::new(tenant, client, &connection, token, None).map_err(fault)?
            }
            Self::ManagedIdentity => {
                let user_assigned_id = variable("AZURE_CLIENT_ID").map(UserAssignedId::ClientId);
                let options = ManagedIdentityCredentialOptions { user_assigned_id, ..Default::default() };
                ManagedIdentityCredential::new(Some(options)).map_err(fault)?
            }
            Self::AzureCli => AzureCliCredential::new(None).map_err(fault)?,
            Self::AzureDeveloperCli => AzureDeveloperCliCredential::new(None).map_err(fault)?,
            Self::FirstOf(identities) => Arc::new(Chain::new(identities)),
        })
    }

    fn principal(&self) -> Result<(String, String), NoCredential> {
        Ok((self.needed("AZURE_TENANT_ID")?, self.needed("AZURE_CLIENT_ID")?))
    }

    fn needed(&self, name: &str) -> Result<String, NoCredential> {
        variable(name)
            .ok_or_else(|| NoCredential(format!("{self} needs the environment variable {name}, which is not set")))
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ClientSecret => "the service principal's secret",
            Self::WorkloadIdentity => "the workload identity",
            Self::GithubActions => "the identity of the GitHub workflow",
            Self::AzurePipelines => "the service connection of Azure Pipelines",
            Self::ManagedIdentity => "the managed identity of this machine",
            Self::AzureCli => "the login of `az`",
            Self::AzureDeveloperCli => "the login of `azd`",
            Self::FirstOf(_) => "the credentials of this machine",
        })
    }
}

/// What Azure Pipelines sets in a task with a service connection.
const PIPELINE: [&str; 5] = [
    "AZURESUBSCRIPTION_CLIENT_ID",
    "AZURESUBSCRIPTION_TENANT_ID",
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
    "SYSTEM_ACCESSTOKEN",
    "SYSTEM_OIDCREQUESTURI",
];

const UNKNOWN: &str = "AZURE_TOKEN_CREDENTIALS is none of dev, prod, EnvironmentCredential, WorkloadIdentityCredential, \
                       ManagedIdentityCredential, AzureCliCredential, AzureDeveloperCliCredential, AzurePipelinesCredential";

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The credential that the environment of this process asks for.
///
/// # Errors
/// As [`Identity::of_environment`] and [`Identity::credential`].
pub fn credential() -> Result<Arc<dyn TokenCredential>, NoCredential> {
    Identity::of_environment()?.credential()
}

/// Why there is no token, in one line: what the library says, and what lies beneath it, without where else one could read.
pub fn why(error: &azure_core::Error) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        let text = plain(&error.to_string());
        if !text.is_empty() && !told.iter().any(|known| known.contains(&text)) {
            told.push(text);
        }
        next = error.source();
    }
    told.join(": ")
}

/// One line of an error of the library, without its names for things and the address of its help.
fn plain(text: &str) -> String {
    let text = text.split("To troubleshoot, visit").next().unwrap_or_default();
    let text = match text.split_once(" authentication failed.") {
        Some((name, rest)) if !name.contains(' ') => rest,
        _ => text,
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_one_line() {
        let text =
            "AzureCliCredential authentication failed. az not found on PATH\nTo troubleshoot, visit https://aka.ms/x";
        assert_eq!(plain(text), "az not found on PATH");
        let kind = azure_core::error::ErrorKind::Credential;
        let beneath = azure_core::Error::with_message(kind.clone(), "AADSTS7000215: Invalid client secret.");
        let error =
            azure_core::Error::with_error(kind, beneath, "ClientSecretCredential authentication failed. it gave up");
        assert_eq!(why(&error), "it gave up: AADSTS7000215: Invalid client secret");
    }

    fn choose(set: &[&str]) -> Identity {
        Identity::choose(&|name| {
            set.iter().find_map(|entry| match entry.split_once('=') {
                Some((key, value)) => (key == name).then(|| value.to_owned()),
                None => (*entry == name).then(|| "x".to_owned()),
            })
        })
        .unwrap()
    }

    #[test]
    fn the_variables_that_are_there_decide() {
        let principal = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"];
        let with = |more: &[&str]| choose(&[&principal[..], more].concat());
        assert_eq!(with(&["AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"]), Identity::ClientSecret);
        assert_eq!(with(&["AZURE_FEDERATED_TOKEN_FILE"]), Identity::WorkloadIdentity);
        assert_eq!(with(&github::VARIABLES), Identity::GithubActions);
        assert_eq!(choose(&PIPELINE), Identity::AzurePipelines);
        assert_eq!(choose(&["IDENTITY_ENDPOINT"]), Identity::ManagedIdentity);
    }

    #[test]
    fn without_variables_a_person_comes_before_the_machine() {
        let Identity::FirstOf(identities) = choose(&["AZURE_CLIENT_ID"]) else { panic!("one was chosen") };
        assert_eq!(identities, [Identity::AzureCli, Identity::AzureDeveloperCli, Identity::ManagedIdentity]);
    }

    #[test]
    fn one_variable_overrules_all_others() {
        let named = |name: &str| {
            let setting = format!("AZURE_TOKEN_CREDENTIALS={name}");
            choose(&[&setting, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"])
        };
        assert_eq!(named("AzureCliCredential"), Identity::AzureCli);
        assert_eq!(named("prod"), Identity::ClientSecret);
        assert_eq!(named("dev"), Identity::FirstOf(vec![Identity::AzureCli, Identity::AzureDeveloperCli]));
        assert!(Identity::choose(&|_| Some("magic".to_owned())).is_err());
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = Identity::AzurePipelines.credential().unwrap_err().to_string();
        assert!(error.contains("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"), "{error}");
    }
}
