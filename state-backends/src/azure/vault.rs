//! What keys and secrets of Azure Key Vault have in common: where a vault is, and what its refusals mean.

use azure_core::error::{Error, ErrorKind};
use azure_core::http::ClientOptions;

/// How a vault is reached, where it is not as usual: through another transport, for instance.
pub type VaultOptions = ClientOptions;

/// Something in a vault: `VAULT/NAME`, where the vault is its name, or its host in other clouds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) endpoint: String,
    pub(super) name: String,
    /// The version; none for the newest.
    pub(super) version: Option<String>,
}

impl Named {
    /// Reads `VAULT/NAME` or `VAULT/NAME/VERSION`. Vaults have 3 to 24 letters, digits and dashes, names up to 127 of them (Microsoft's rules).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_plain = |text: &str, longest: usize| {
            (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let mut parts = text.split('/');
        let (vault, name, version) = (parts.next()?, parts.next()?, parts.next());
        let is_host = vault.contains('.') && vault.split('.').all(|part| is_plain(part, 63));
        let is_vault = vault.len() >= 3 && is_plain(vault, 24);
        let is_fine = parts.next().is_none()
            && (is_host || is_vault)
            && is_plain(name, 127)
            && version.is_none_or(|version| is_plain(version, 64));
        let host = if is_host { vault.to_owned() } else { format!("{vault}.vault.azure.net") };
        is_fine.then(|| Self {
            endpoint: format!("https://{host}"),
            name: name.to_owned(),
            version: version.map(str::to_owned),
        })
    }
}

/// Why a vault did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It said no, with what it said and what to do.
    No { code: String, why: String },
    /// It may say something else later.
    Later(String),
}

impl Refusal {
    /// What an error of the library comes to. The service's message names keys and secrets by their address, never a value.
    pub(super) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::HttpResponse { status, error_code, .. } => {
                let (status, code) = (u16::from(*status), error_code.clone().unwrap_or_default());
                let why = format!("the vault answers {status} {code}{}", remedy(status, &code));
                match status {
                    408 | 429 | 500.. => Self::Later(why),
                    _ => Self::No { code, why },
                }
            }
            ErrorKind::Io | ErrorKind::Connection => Self::Later(format!("the vault cannot be reached: {error}")),
            _ => Self::No { code: String::new(), why: error.to_string() },
        }
    }
}

fn remedy(status: u16, code: &str) -> &'static str {
    match (status, code) {
        (_, "KeyNotFound" | "SecretNotFound") => "; correct its name, or restore it when it was deleted",
        (_, "KeyDisabled" | "SecretDisabled") => "; enable it",
        (403, _) => {
            "; give the identity the right in the vault's access control, and wait some minutes until it counts"
        }
        (401, _) => "; the vault belongs to another directory than the identity",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_is_a_name_or_a_host() {
        let named = Named::parse("acme/state").unwrap();
        assert_eq!((named.endpoint.as_str(), named.name.as_str()), ("https://acme.vault.azure.net", "state"));
        assert_eq!(Named::parse("acme/state/0f").unwrap().version.as_deref(), Some("0f"));
        assert_eq!(Named::parse("acme.vault.azure.cn/state").unwrap().endpoint, "https://acme.vault.azure.cn");
        for bad in
            ["acme", "acme/", "/state", "a/b", "acme/a b", "acme/a/b/c", "acme@evil/x", "acme.evil..x/a", "acme/../x"]
        {
            assert_eq!(Named::parse(bad), None, "{bad}");
        }
    }
}
