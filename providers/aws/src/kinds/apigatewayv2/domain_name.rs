//! `aws_apigatewayv2_domain_name`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_apigatewayv2::operation::get_domain_name::GetDomainNameOutput;
use aws_sdk_apigatewayv2::types::{
    DomainNameConfiguration, DomainNameStatus, EndpointType, MutualTlsAuthenticationInput, SecurityPolicy,
};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use super::{PERMISSIONS, retag};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, Told, object};
use crate::settings::object_type;
use crate::wait::{Standing, until};

/// How long a domain name may take until it is served. Source: "Set up custom domain names" in the API Gateway Developer Guide names minutes.
const WORKING: Duration = Duration::from_secs(14 * 60);

/// The kind. AWS knows it by its name.
pub struct DomainName;

#[async_trait]
impl Kind for DomainName {
    fn describe(&self) -> Described {
        let configuration = object_type(&[
            ("certificate_arn", Type::String, true),
            ("endpoint_type", Type::String, false),
            ("security_policy", Type::String, false),
            ("ownership_verification_certificate_arn", Type::String, false),
        ]);
        let mutual =
            object_type(&[("truststore_uri", Type::String, true), ("truststore_version", Type::String, false)]);
        let attributes = [
            (
                "domain_name",
                // `StringWithLengthBetween1And512` in the service model; one level of `*` as "Wildcard custom domain names" say.
                Attribute::required(Type::String, "the name, in lower case, such as `api.example.com`")
                    .immutable()
                    .rule(Rule::Length(1, 512))
                    .rule(Rule::Matches(r"(\*\.)?[a-z0-9.-]+[a-z0-9]", "a domain name in lower case")),
            ),
            (
                "domain_name_configuration",
                // Not to be left out; it is AWS that completes it.
                Attribute::optional_computed(configuration, "the certificate, and how the name is served"),
            ),
            (
                "mutual_tls_authentication",
                Attribute::optional(mutual, "whose certificates callers must show: `truststore_uri` in a bucket"),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            (
                "target_domain_name",
                Attribute::computed(Type::String, "where a DNS record of the name points to").stays(),
            ),
            (
                "hosted_zone_id",
                Attribute::computed(Type::String, "the zone of that target, for an alias record").stays(),
            ),
        ];
        Described::new("a domain name of one's own for APIs", RecoveryClass::Name, attributes)
            .unique("domain_name")
            .tagged()
            .settles(Duration::from_secs(20), WORKING + Duration::from_secs(60))
            .imported_by("the name")
            .needs(PERMISSIONS)
    }

    fn validate(&self, check: &mut Check<'_>) {
        let Some(configuration) = check.get("domain_name_configuration") else {
            return check.refuse("a domain name needs a certificate", "set `domain_name_configuration`");
        };
        let field = |name| configuration.get(name).and_then(siac_core::model::value::Partial::as_str);
        // "Choose a minimum TLS version" in the API Gateway Developer Guide.
        let wrong = [("endpoint_type", "REGIONAL"), ("security_policy", "TLS_1_2")];
        let wrong: Vec<_> =
            wrong.into_iter().filter(|(name, only)| field(name).is_some_and(|it| it != *only)).collect();
        for (name, only) in wrong {
            check.refuse(format!("`{name}` of HTTP and WebSocket APIs is `{only}`"), format!("write `{only}`"));
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("domain_name")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(it) = shown(aws, remote).await? else { return Ok(None) };
        let configuration = it.domain_name_configurations().first();
        let mutual = it.mutual_tls_authentication().map(|mutual| {
            object([
                ("truststore_uri", mutual.truststore_uri().told()),
                ("truststore_version", mutual.truststore_version().told()),
            ])
        });
        let seen = Seen::new()
            .input("domain_name", it.domain_name())
            .input("domain_name_configuration", configuration.map(told))
            .input("mutual_tls_authentication", mutual)
            .output("arn", arn(aws, remote))
            .output("target_domain_name", configuration.and_then(|it| it.api_gateway_domain_name()))
            .output("hosted_zone_id", configuration.and_then(|it| it.hosted_zone_id()))
            .tags(it.tags().into_iter().flatten());
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let name = task.inputs.need("domain_name")?;
        let call = task.aws.apigatewayv2().create_domain_name().domain_name(name);
        let call = call
            .set_domain_name_configurations(configuration(task.inputs))
            .set_mutual_tls_authentication(task.inputs.object("mutual_tls_authentication").map(mutual))
            .set_tags(Some(task.tags().into_iter().collect()));
        call.send().await.of("apigateway:POST /domainnames").exists_on("ConflictException")?;
        Ok(name.to_owned())
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        available(task.aws, remote).await
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        available(task.aws, remote).await?;
        if !task.differing(seen).is_empty() {
            let mutual = task.inputs.object("mutual_tls_authentication").map(mutual);
            // An empty truststore takes mutual TLS away.
            let none = || MutualTlsAuthenticationInput::builder().truststore_uri("").build();
            let mutual = mutual.or_else(|| task.differing(seen).any(&["mutual_tls_authentication"]).then(none));
            let call = task.aws.apigatewayv2().update_domain_name().domain_name(remote);
            let call =
                call.set_domain_name_configurations(configuration(task.inputs)).set_mutual_tls_authentication(mutual);
            call.send().await.of("apigateway:PATCH /domainnames")?;
        }
        retag(task, &arn(task.aws, remote), task.retagging(seen)).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let call = aws.apigatewayv2().delete_domain_name().domain_name(remote);
        call.send().await.of("apigateway:DELETE /domainnames").or_gone()
    }
}

fn arn(aws: &Account, name: &str) -> String {
    format!("arn:{}:apigateway:{}::/domainnames/{name}", aws.partition(), aws.region)
}

async fn shown(aws: &Account, name: &str) -> Result<Option<GetDomainNameOutput>, Fault> {
    aws.apigatewayv2().get_domain_name().domain_name(name).send().await.of("apigateway:GET /domainnames").or_absent()
}

/// Waits until the name is served.
async fn available(aws: &Account, name: &str) -> Result<(), Fault> {
    until(WORKING, || async {
        let it = shown(aws, name).await?;
        let status = it.as_ref().and_then(|it| it.domain_name_configurations().first());
        Ok(match status.and_then(|it| it.domain_name_status()) {
            None | Some(DomainNameStatus::Available) => Standing::Ready(()),
            Some(other) => {
                let why = status.and_then(|it| it.domain_name_status_message()).unwrap_or_default();
                Standing::Waiting(format!("domain name {} {why}", other.as_str()).trim_end().to_owned())
            }
        })
    })
    .await
}

fn configuration(inputs: Fields<'_>) -> Option<Vec<DomainNameConfiguration>> {
    let it = inputs.object("domain_name_configuration")?;
    let configuration = DomainNameConfiguration::builder()
        .set_certificate_arn(it.owned("certificate_arn"))
        .endpoint_type(it.text("endpoint_type").map_or(EndpointType::Regional, EndpointType::from))
        .security_policy(it.text("security_policy").map_or(SecurityPolicy::Tls12, SecurityPolicy::from))
        .set_ownership_verification_certificate_arn(it.owned("ownership_verification_certificate_arn"));
    Some(vec![configuration.build()])
}

fn told(it: &DomainNameConfiguration) -> siac_core::model::value::Known {
    object([
        ("certificate_arn", it.certificate_arn().told()),
        ("endpoint_type", it.endpoint_type().map(EndpointType::as_str).told()),
        ("security_policy", it.security_policy().map(SecurityPolicy::as_str).told()),
        ("ownership_verification_certificate_arn", it.ownership_verification_certificate_arn().told()),
    ])
}

fn mutual(it: Fields<'_>) -> MutualTlsAuthenticationInput {
    MutualTlsAuthenticationInput::builder()
        .set_truststore_uri(it.owned("truststore_uri"))
        .set_truststore_version(it.owned("truststore_version"))
        .build()
}
