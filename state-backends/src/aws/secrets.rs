//! Secrets that Secrets Manager and the parameter store of Systems Manager keep.

use async_trait::async_trait;
use siac_core::model::secret::Secret;
use siac_core::model::stack::SecretSource;
use siac_core::ports::{Fault, FetchedSecret, SecretStore};
use tokio::sync::OnceCell;

use super::access::{Access, Connection};
use super::fault::Failure;

/// Secrets by the schemes `aws-secretsmanager:NAME`, also with `#KEY` for one entry of a secret that is JSON, and `aws-ssm:NAME`.
///
/// A name may be an ARN, which says the region. Both have versions.
#[derive(Default)]
pub struct AwsSecrets {
    connection: Connection,
    manager: OnceCell<aws_sdk_secretsmanager::Client>,
    parameters: OnceCell<aws_sdk_ssm::Client>,
}

impl AwsSecrets {
    /// The secrets that these credentials may read.
    pub fn new(access: Access) -> Self {
        Self { connection: Connection::new(access), ..Self::default() }
    }

    async fn manager(&self) -> Result<&aws_sdk_secretsmanager::Client, String> {
        let connect = || async { Ok(aws_sdk_secretsmanager::Client::new(self.connection.config().await?)) };
        self.manager.get_or_try_init(connect).await
    }

    async fn parameters(&self) -> Result<&aws_sdk_ssm::Client, String> {
        let connect = || async { Ok(aws_sdk_ssm::Client::new(self.connection.config().await?)) };
        self.parameters.get_or_try_init(connect).await
    }

    async fn secret(&self, reference: &str) -> Result<FetchedSecret, Fault> {
        let (name, key) = match reference.split_once('#') {
            Some((name, key)) => (name, Some(key)),
            None => (reference, None),
        };
        let doing = format!("the secret `{name}` of Secrets Manager cannot be read");
        let client = self.manager().await.map_err(|why| Fault::rejected(format!("{doing}: {why}")))?;
        let region = region_of(name);
        let mut request = client.get_secret_value().secret_id(name).customize();
        if let Some(region) = region {
            let region = aws_sdk_secretsmanager::config::Region::new(region);
            request = request.config_override(aws_sdk_secretsmanager::Config::builder().region(region));
        }
        let answer = request.send().await.map_err(|error| {
            let failure = Failure::of(&error);
            let remedy = match failure.code.as_str() {
                "ResourceNotFoundException" => "there is no such secret in that region, or it has no value yet",
                "InvalidRequestException" => "restore it when it is about to be deleted",
                "AccessDeniedException" => "give these credentials secretsmanager:GetSecretValue on it",
                "DecryptionFailure" => "give these credentials kms:Decrypt on its key",
                _ => "",
            };
            failure.of_secret(&doing, remedy)
        })?;
        let version = answer.version_id().map(str::to_owned);
        let text = answer.secret_string.map(Secret::new);
        let text = text.ok_or_else(|| Fault::rejected(format!("{doing}: it is binary, and siac takes texts only")))?;
        let value = match key {
            None => text,
            Some(key) => entry(&text, key).map_err(|why| Fault::rejected(format!("{doing}: {why}")))?,
        };
        Ok(FetchedSecret { value, version })
    }

    async fn parameter(&self, name: &str) -> Result<FetchedSecret, Fault> {
        let doing = format!("the parameter `{name}` of Systems Manager cannot be read");
        let client = self.parameters().await.map_err(|why| Fault::rejected(format!("{doing}: {why}")))?;
        let mut request = client.get_parameter().name(name).with_decryption(true).customize();
        if let Some(region) = region_of(name) {
            let region = aws_sdk_ssm::config::Region::new(region);
            request = request.config_override(aws_sdk_ssm::Config::builder().region(region));
        }
        let answer = request.send().await.map_err(|error| {
            let failure = Failure::of(&error);
            let remedy = match failure.code.as_str() {
                "ParameterNotFound" => "there is no such parameter in that region",
                "ParameterVersionNotFound" => "it has no such version",
                "AccessDeniedException" => "give these credentials ssm:GetParameter on it, and kms:Decrypt on its key",
                "InvalidKeyId" => "give these credentials kms:Decrypt on its key",
                _ => "",
            };
            failure.of_secret(&doing, remedy)
        })?;
        let parameter = answer.parameter.ok_or_else(|| Fault::rejected(format!("{doing}: the answer is empty")))?;
        let version = Some(parameter.version.to_string());
        let value = parameter.value.map(Secret::new);
        let value = value.ok_or_else(|| Fault::rejected(format!("{doing}: it has no value")))?;
        Ok(FetchedSecret { value, version })
    }
}

/// The region that an ARN names.
fn region_of(name: &str) -> Option<String> {
    let mut parts = name.strip_prefix("arn:")?.split(':');
    parts.nth(2).filter(|region| !region.is_empty()).map(str::to_owned)
}

/// One entry of a secret that is a JSON object. The value is told nowhere, not even where it is malformed.
fn entry(text: &Secret<String>, key: &str) -> Result<Secret<String>, String> {
    let json: serde_json::Value = serde_json::from_str(text.expose())
        .map_err(|_| "it is no JSON, so it has no entries; leave `#…` out".to_owned())?;
    let object = json.as_object().ok_or("it is no JSON object, so it has no entries; leave `#…` out")?;
    match object.get(key) {
        Some(serde_json::Value::String(value)) => Ok(Secret::new(value.clone())),
        Some(serde_json::Value::Object(_) | serde_json::Value::Array(_)) => {
            Err(format!("its entry `{key}` is no single value"))
        }
        Some(serde_json::Value::Null) | None => {
            let known: Vec<&str> = object.keys().map(String::as_str).collect();
            Err(format!(
                "it has no entry `{key}`; it has {}",
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            ))
        }
        Some(value) => Ok(Secret::new(value.to_string())),
    }
}

#[async_trait]
impl SecretStore for AwsSecrets {
    fn schemes(&self) -> &'static [&'static str] {
        &["aws-secretsmanager", "aws-ssm"]
    }

    async fn fetch(&self, source: &SecretSource) -> Result<FetchedSecret, Fault> {
        match source.scheme.as_str() {
            "aws-secretsmanager" => self.secret(&source.reference).await,
            "aws-ssm" => self.parameter(&source.reference).await,
            other => Err(Fault::rejected(format!("`{other}` is no source of secrets in AWS"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_taken_out_of_json_and_no_value_is_told() {
        let text = Secret::new(r#"{"user":"app","port":5432,"nested":{"a":1},"nothing":null}"#.to_owned());
        assert_eq!(entry(&text, "user").unwrap().expose(), "app");
        assert_eq!(entry(&text, "port").unwrap().expose(), "5432");
        for key in ["nested", "nothing", "other"] {
            let why = entry(&text, key).err().unwrap();
            assert!(!why.contains("5432") && !why.contains("app"), "{why}");
        }
        let why = entry(&Secret::new("hunter2".to_owned()), "user").err().unwrap();
        assert!(!why.contains("hunter2"), "{why}");
    }
}
