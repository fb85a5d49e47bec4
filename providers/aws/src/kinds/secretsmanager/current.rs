//! `data.aws_secretsmanager_secret_version`.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use super::sealed;
use crate::account::Account;
use crate::failure::Answer;
use crate::fields::Fields;
use crate::kind::{Data, Described};
use crate::seen::{Told, texts};

/// The value that a secret has.
pub struct SecretValue;

#[async_trait]
impl Data for SecretValue {
    fn describe(&self) -> Described {
        let attributes = [
            ("secret_id", Attribute::required(Type::String, "the secret: its ARN or name")),
            ("version_id", Attribute::optional_computed(Type::String, "the version; otherwise that of the label")),
            ("version_stage", Attribute::optional(Type::String, "the label; otherwise `AWSCURRENT`")),
            ("secret_string", Attribute::computed(Type::String, "the value, when it is a text").sensitive()),
            ("secret_binary", Attribute::computed(Type::String, "the value in base64, when it is no text").sensitive()),
            ("version_stages", Attribute::computed(Type::set(Type::String), "the labels of the version")),
            ("arn", Attribute::computed(Type::String, "the ARN of the secret")),
        ];
        Described::data("a value of a secret, kept sealed", attributes, &["secretsmanager:GetSecretValue"])
    }

    async fn read(&self, aws: &Account, inputs: Fields<'_>) -> Result<Known, Fault> {
        let secret = inputs.need("secret_id")?;
        let call = aws.secretsmanager().get_secret_value().secret_id(secret);
        let call = call.set_version_id(inputs.owned("version_id")).set_version_stage(inputs.owned("version_stage"));
        let it = call.send().await.of("secretsmanager:GetSecretValue")?;
        let (name, version) = (it.arn().unwrap_or(secret), it.version_id().unwrap_or_default());
        Ok(Value::map([
            ("id", format!("{name}|{version}").told()),
            ("arn", it.arn().told()),
            ("version_id", version.told()),
            ("version_stages", texts(it.version_stages())),
            ("secret_string", it.secret_string().map_or(Value::Null, sealed)),
            ("secret_binary", it.secret_binary().map_or(Value::Null, |bytes| sealed(STANDARD.encode(bytes)))),
        ]))
    }
}
