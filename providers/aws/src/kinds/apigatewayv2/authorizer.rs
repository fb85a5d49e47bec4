//! `aws_apigatewayv2_authorizer`.

use async_trait::async_trait;
use aws_sdk_apigatewayv2::types::{AuthorizerType, JwtConfiguration};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use super::{PERMISSIONS, api_attribute, pair};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::{Seen, Told, filled, object, texts};
use crate::settings::object_type;

/// The kind. AWS knows it by an id of its own; siac wants its name to be unique in its API.
pub struct Authorizer;

#[async_trait]
impl Kind for Authorizer {
    fn describe(&self) -> Described {
        let text = |description| Attribute::optional(Type::String, description);
        let jwt = object_type(&[("audience", Type::set(Type::String), false), ("issuer", Type::String, false)]);
        let attributes = [
            ("api_id", api_attribute()),
            ("name", Attribute::required(Type::String, "its name, unique in the API").rule(Rule::Length(1, 128))),
            (
                "authorizer_type",
                Attribute::required(Type::String, "whether a function decides, or a signed token")
                    .immutable()
                    .rule(Rule::OneOf(&["REQUEST", "JWT"])),
            ),
            ("authorizer_uri", text("the invoke ARN of the function that decides")),
            ("authorizer_credentials_arn", text("the role that the API takes on to call it").rule(limits::arn())),
            (
                "authorizer_payload_format_version",
                Attribute::optional_computed(
                    Type::String,
                    "the form of the event that the function gets, of an HTTP API",
                )
                .rule(Rule::OneOf(&["1.0", "2.0"])),
            ),
            (
                "authorizer_result_ttl_in_seconds",
                // `IntegerWithLengthBetween0And3600` in the API Gateway v2 service model.
                Attribute::optional_computed(Type::Number, "for how long an answer of the function holds")
                    .rule(Rule::Between(0, 3_600)),
            ),
            (
                "enable_simple_responses",
                Attribute::optional(Type::Bool, "whether the function answers yes or no, instead of a policy")
                    .default(Value::Bool(false)),
            ),
            (
                "identity_sources",
                Attribute::optional(
                    Type::set(Type::String),
                    "where in a call the identity is: `$request.header.Authorization`",
                ),
            ),
            ("jwt_configuration", Attribute::optional(jwt, "whose tokens count, and for whom: `issuer`, `audience`")),
        ];
        Described::new("what decides who may call", RecoveryClass::Name, attributes)
            .unique("name")
            .imported_by("`API/AUTHORIZER`")
            .needs(PERMISSIONS)
    }

    fn validate(&self, check: &mut Check<'_>) {
        let issuer = check.get("jwt_configuration").and_then(|jwt| jwt.get("issuer"));
        match check.text("authorizer_type") {
            Some("JWT") if issuer.is_none_or(Partial::is_null) => {
                check.refuse(
                    "an authorizer for tokens needs `jwt_configuration` with an `issuer`",
                    "say whose tokens count",
                );
            }
            Some("JWT") if !check.has("identity_sources") => {
                check.refuse(
                    "an authorizer for tokens needs `identity_sources`",
                    "write `[\"$request.header.Authorization\"]`",
                );
            }
            Some("REQUEST") if !check.has("authorizer_uri") => {
                check.refuse(
                    "an authorizer of the type `REQUEST` needs `authorizer_uri`",
                    "write the function's `invoke_arn`",
                );
            }
            _ => {}
        }
        if issuer.and_then(Partial::as_str).is_some_and(|issuer| !issuer.starts_with("https://")) {
            check.refuse("an issuer of tokens is an `https://` URL", "write the issuer as its tokens name it");
        }
    }

    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (api, name) = (task.inputs.need("api_id")?, task.inputs.text("name"));
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = task.aws.apigatewayv2().get_authorizers().api_id(api).max_results("100").set_next_token(next);
            let Some(page) = page.send().await.of("apigateway:GET /apis/authorizers").or_absent()? else {
                return Ok(found);
            };
            let ours = page.items().iter().filter(|it| it.name() == name);
            found.extend(ours.filter_map(|it| it.authorizer_id()).map(|id| format!("{api}/{id}")));
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (api, id) = pair(remote)?;
        let call = aws.apigatewayv2().get_authorizer().api_id(api).authorizer_id(id);
        let Some(it) = call.send().await.of("apigateway:GET /apis/authorizers").or_absent()? else { return Ok(None) };
        let jwt = it.jwt_configuration().filter(|jwt| jwt.issuer().is_some());
        let seen = Seen::new()
            .input("api_id", api)
            .input("name", it.name())
            .input("authorizer_type", it.authorizer_type().map(AuthorizerType::as_str))
            .input("authorizer_uri", filled(it.authorizer_uri()))
            .input("authorizer_credentials_arn", filled(it.authorizer_credentials_arn()))
            .input("authorizer_payload_format_version", filled(it.authorizer_payload_format_version()))
            .input("authorizer_result_ttl_in_seconds", it.authorizer_result_ttl_in_seconds())
            .input("enable_simple_responses", it.enable_simple_responses().unwrap_or(false))
            .input("identity_sources", texts(it.identity_source()))
            .input("jwt_configuration", jwt.map(shown))
            .output("id", id);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (inputs, api) = (task.inputs, task.inputs.need("api_id")?);
        let call = task.aws.apigatewayv2().create_authorizer().api_id(api).name(inputs.need("name")?);
        let call = call
            .authorizer_type(AuthorizerType::from(inputs.need("authorizer_type")?))
            .set_authorizer_uri(inputs.owned("authorizer_uri"))
            .set_authorizer_credentials_arn(inputs.owned("authorizer_credentials_arn"))
            .set_authorizer_payload_format_version(inputs.owned("authorizer_payload_format_version"))
            .set_authorizer_result_ttl_in_seconds(inputs.int("authorizer_result_ttl_in_seconds"))
            .set_enable_simple_responses(inputs.flag("enable_simple_responses").filter(|on| *on))
            .set_identity_source(inputs.texts("identity_sources"))
            .set_jwt_configuration(inputs.object("jwt_configuration").map(jwt));
        let answer = call.send().await.of("apigateway:POST /apis/authorizers").exists_on("ConflictException")?;
        Ok(format!("{api}/{}", answer.authorizer_id().unwrap_or_default()))
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let ((api, id), inputs, differing) = (pair(remote)?, task.inputs, task.differing(seen));
        let changed = |name: &str| differing.any(&[name]).then(|| inputs.owned(name).unwrap_or_default());
        let call = task.aws.apigatewayv2().update_authorizer().api_id(api).authorizer_id(id).set_name(changed("name"));
        let call = call
            .set_authorizer_uri(changed("authorizer_uri"))
            .set_authorizer_credentials_arn(changed("authorizer_credentials_arn"))
            .set_authorizer_payload_format_version(changed("authorizer_payload_format_version"))
            .set_authorizer_result_ttl_in_seconds(inputs.int("authorizer_result_ttl_in_seconds"))
            .set_enable_simple_responses(
                inputs.flag("enable_simple_responses").filter(|_| differing.any(&["enable_simple_responses"])),
            )
            .set_identity_source(
                differing.any(&["identity_sources"]).then(|| inputs.texts("identity_sources").unwrap_or_default()),
            )
            .set_jwt_configuration(inputs.object("jwt_configuration").map(jwt));
        call.send().await.of("apigateway:PATCH /apis/authorizers")?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (api, id) = pair(remote)?;
        let call = aws.apigatewayv2().delete_authorizer().api_id(api).authorizer_id(id);
        call.send().await.of("apigateway:DELETE /apis/authorizers").or_gone()
    }
}

fn jwt(fields: Fields<'_>) -> JwtConfiguration {
    JwtConfiguration::builder().set_audience(fields.texts("audience")).set_issuer(fields.owned("issuer")).build()
}

fn shown(jwt: &JwtConfiguration) -> Known {
    object([("audience", texts(jwt.audience())), ("issuer", jwt.issuer().told())])
}
