//! Where in Azure the state lies.

use azure_core::http::Url;

/// What names the place of a state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The storage account.
    pub account: String,
    /// The container in it.
    pub container: String,
    /// What the names of all blobs begin with; may be empty.
    pub prefix: String,
    /// The address of the blob service where it is not `https://ACCOUNT.blob.core.windows.net`: other clouds, private endpoints, emulators.
    pub endpoint: Option<String>,
}

/// Why settings name no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSettings(String);

impl std::fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidSettings {}

fn invalid(why: impl Into<String>) -> InvalidSettings {
    InvalidSettings(why.into())
}

impl Settings {
    /// The address of the blob service.
    ///
    /// # Errors
    /// When account or endpoint cannot be: account names have 3 to 24 small letters and digits (Microsoft's rule).
    pub fn service_url(&self) -> Result<Url, InvalidSettings> {
        let is_small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !(3..=24).contains(&self.account.len()) || !self.account.bytes().all(is_small) {
            return Err(invalid(format!(
                "{:?} is no storage account: its name has 3 to 24 small letters and digits",
                self.account
            )));
        }
        let Some(endpoint) = &self.endpoint else {
            let url = format!("https://{}.blob.core.windows.net/", self.account);
            return url.parse().map_err(|error| invalid(format!("{url}: {error}")));
        };
        let url: Url = endpoint.parse().map_err(|error| invalid(format!("the endpoint {endpoint:?}: {error}")))?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_here(&url) => Ok(url),
            _ => Err(invalid(format!("the endpoint {endpoint:?} must begin with https://"))),
        }
    }

    /// The address of the container.
    ///
    /// # Errors
    /// As [`Settings::service_url`], and when container or prefix cannot be: containers have 3 to 63 small letters, digits and single dashes
    /// (Microsoft's rule).
    pub fn container_url(&self) -> Result<Url, InvalidSettings> {
        check_container(&self.container)?;
        if !self.prefix.is_empty() && crate::names::check(&self.prefix).is_err() {
            return Err(invalid(format!(
                "{:?} is no prefix: it has letters, digits, `-`, `_` and `.`, parted by `/`, and no `/` at either end",
                self.prefix
            )));
        }
        let mut url = self.service_url()?;
        url.path_segments_mut().map_err(|()| invalid("the endpoint has no path"))?.pop_if_empty().push(&self.container);
        Ok(url)
    }

    /// One text that names the place, and no key: `https://…/container/prefix`.
    ///
    /// # Errors
    /// As [`Settings::container_url`].
    pub fn name(&self) -> Result<String, InvalidSettings> {
        let url = self.container_url()?;
        Ok(match self.prefix.as_str() {
            "" => url.to_string(),
            prefix => format!("{url}/{prefix}"),
        })
    }
}

fn check_container(name: &str) -> Result<(), InvalidSettings> {
    let is_fine = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && name.split('-').all(|part| !part.is_empty());
    match is_fine {
        true => Ok(()),
        false => Err(invalid(format!(
            "{name:?} is no container: its name has 3 to 63 small letters, digits and single dashes inside"
        ))),
    }
}

/// Whether an address is of this machine, where nobody listens in between.
fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(account: &str, container: &str, prefix: &str, endpoint: Option<&str>) -> Settings {
        let endpoint = endpoint.map(str::to_owned);
        Settings { account: account.into(), container: container.into(), prefix: prefix.into(), endpoint }
    }

    #[test]
    fn a_place_has_an_address() {
        let plain = settings("acme", "siac-state", "", None);
        assert_eq!(plain.name().unwrap(), "https://acme.blob.core.windows.net/siac-state");
        let elsewhere = settings("acme", "siac", "team/eu", Some("https://acme.blob.core.chinacloudapi.cn/"));
        assert_eq!(elsewhere.name().unwrap(), "https://acme.blob.core.chinacloudapi.cn/siac/team/eu");
        let emulated = settings("devstoreaccount1", "siac", "", Some("http://127.0.0.1:10000/devstoreaccount1"));
        assert_eq!(emulated.name().unwrap(), "http://127.0.0.1:10000/devstoreaccount1/siac");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for bad in [
            settings("Acme", "siac", "", None),
            settings("ac", "siac", "", None),
            settings("acme", "Si", "", None),
            settings("acme", "a--b", "", None),
            settings("acme", "siac", "/x", None),
            settings("acme", "siac", "a/../b", None),
            settings("acme", "siac", "", Some("http://acme.example")),
            settings("acme", "siac", "", Some("data:x")),
        ] {
            assert!(bad.container_url().is_err(), "{bad:?}");
        }
    }
}
