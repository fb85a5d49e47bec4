//! `aws_acm_certificate`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_acm::types::{
    CertificateDetail, CertificateExport, CertificateOptions, CertificateStatus, DomainValidation, Filters,
    KeyAlgorithm, RecordType, Tag, ValidationMethod,
};
use siac_core::model::schema::{Attribute, Normalisation, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::marks::Tags;
use crate::seen::{Seen, Told, object};
use crate::settings::object_type;
use crate::wait::{Standing, repeated, until};

/// How long ACM may take to say how a domain is validated. A choice of this project; ACM takes seconds.
const SAYING: Duration = Duration::from_secs(120);

/// How long a service may hold on to a certificate that it no longer uses. A choice of this project; API Gateway takes minutes.
const RELEASING: Duration = Duration::from_secs(10 * 60);

/// The form of a domain. Source: `DomainNameString` in the ACM service model; in lower case a name has one writing.
const DOMAIN: &str = r"(\*\.)?([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}";

/// Source: `KeyAlgorithm` in the ACM service model, as far as certificates can be requested for them.
const ALGORITHMS: &[&str] =
    &["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"];

/// The kind. AWS knows it by its ARN.
pub struct Certificate;

#[async_trait]
impl Kind for Certificate {
    fn describe(&self) -> Described {
        Described::new("a certificate of AWS; once it is validated it renews itself", RecoveryClass::Tag, attributes())
            .tagged()
            .settles(Duration::from_secs(4), Duration::from_secs(180))
            .imported_by("its ARN")
            .needs(&[
                "acm:AddTagsToCertificate",
                "acm:DeleteCertificate",
                "acm:DescribeCertificate",
                "acm:ListCertificates",
                "acm:ListTagsForCertificate",
                "acm:RemoveTagsFromCertificate",
                "acm:RequestCertificate",
                "acm:UpdateCertificateOptions",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        let domain = check.text("domain_name");
        let names = check.get("subject_alternative_names").and_then(Partial::as_list).unwrap_or_default();
        let is_repeated = names.iter().any(|name| name.as_str().is_some_and(|name| Some(name) == domain));
        if is_repeated {
            check.refuse(
                "`subject_alternative_names` repeats `domain_name`, which the certificate is for anyway",
                "remove it there",
            );
        }
        // "Quotas" in the ACM User Guide: 10 domain names, 100 on request.
        if names.len() > 99 {
            check.refuse(
                format!("{} further names are set, and 99 are possible", names.len()),
                "use several certificates",
            );
        }
    }

    /// Every certificate of the domain that carries a mark of the call.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        let (op, domain) = (task.call.op.to_string(), task.inputs.need("domain_name")?);
        // Without a filter ACM lists certificates of two algorithms only.
        let algorithms = ALGORITHMS.iter().map(|name| KeyAlgorithm::from(*name)).collect();
        let every = Filters::builder().set_key_types(Some(algorithms)).build();
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = task.aws.acm().list_certificates().includes(every.clone()).max_items(1_000).set_next_token(next);
            let page = page.send().await.of("acm:ListCertificates")?;
            let of_domain = page.certificate_summary_list().iter().filter(|it| it.domain_name() == Some(domain));
            for arn in of_domain.filter_map(|it| it.certificate_arn()) {
                let is_ours = tags_of(task.aws, arn).await?.is_some_and(|tags| tags.get("siac-op") == Some(&op));
                found.extend(is_ours.then(|| arn.to_owned()));
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let Some(it) = shown(aws, remote).await? else { return Ok(None) };
        let Some(tags) = tags_of(aws, remote).await? else { return Ok(None) };
        let domain = it.domain_name().unwrap_or_default();
        let others: Vec<&String> = it.subject_alternative_names().iter().filter(|name| *name != domain).collect();
        let method = it.domain_validation_options().first().and_then(|it| it.validation_method());
        let seen = Seen::new()
            .input("domain_name", domain)
            .input("subject_alternative_names", if others.is_empty() { Value::Null } else { others.told() })
            .input("validation_method", method.map(ValidationMethod::as_str))
            .input("key_algorithm", it.key_algorithm().map(|name| name.as_str().replace("RSA-", "RSA_")))
            .input("options", it.options().map_or(Value::Null, options_told))
            .output("arn", remote)
            .output("status", it.status().map(CertificateStatus::as_str))
            .output("domain_validation_options", records(it.domain_validation_options()))
            .output("not_before", it.not_before().map(ToString::to_string))
            .output("not_after", it.not_after().map(ToString::to_string))
            .tags(tags);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let inputs = task.inputs;
        let call = task.aws.acm().request_certificate().domain_name(inputs.need("domain_name")?);
        let call = call
            .set_subject_alternative_names(inputs.texts("subject_alternative_names").filter(|all| !all.is_empty()))
            .set_validation_method(inputs.text("validation_method").map(ValidationMethod::from))
            .set_key_algorithm(inputs.text("key_algorithm").map(KeyAlgorithm::from))
            .set_options(inputs.object("options").map(options))
            .set_tags(Some(tags(task.tags())?))
            // ACM knows it for an hour; the marks say more.
            .idempotency_token(task.token());
        let answer = call.send().await.of("acm:RequestCertificate")?;
        Ok(answer.certificate_arn().unwrap_or_default().to_owned())
    }

    /// Waits until ACM says how it is validated. The validation itself is waited for by `aws_acm_certificate_validation`.
    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        until(SAYING, || async {
            let Some(it) = shown(task.aws, remote).await? else { return Ok(Standing::Ready(())) };
            let waits = |option: &DomainValidation| {
                option.validation_method() == Some(&ValidationMethod::Dns) && option.resource_record().is_none()
            };
            let is_pending = it.status() == Some(&CertificateStatus::PendingValidation);
            let options = it.domain_validation_options();
            Ok(match is_pending && (options.is_empty() || options.iter().any(waits)) {
                true => Standing::Waiting("without the records that validate it".to_owned()),
                false => Standing::Ready(()),
            })
        })
        .await
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let acm = task.aws.acm();
        if let (true, Some(wanted)) = (task.differing(seen).any(&["options"]), task.inputs.object("options")) {
            let call = acm.update_certificate_options().certificate_arn(remote).options(options(wanted));
            call.send().await.of("acm:UpdateCertificateOptions")?;
        }
        let retagging = task.retagging(seen);
        if !retagging.set.is_empty() {
            let call = acm.add_tags_to_certificate().certificate_arn(remote).set_tags(Some(tags(retagging.set)?));
            call.send().await.of("acm:AddTagsToCertificate")?;
        }
        if !retagging.removed.is_empty() {
            let keys = retagging.removed.into_iter().map(|key| built(Tag::builder().key(key).build()));
            let call = acm.remove_tags_from_certificate().certificate_arn(remote);
            let call = call.set_tags(Some(keys.collect::<Result<_, _>>()?));
            call.send().await.of("acm:RemoveTagsFromCertificate")?;
        }
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        repeated(RELEASING, || async {
            let call = aws.acm().delete_certificate().certificate_arn(remote);
            call.send().await.of("acm:DeleteCertificate").busy_on(&["ResourceInUseException"]).or_gone()
        })
        .await
    }
}

fn attributes() -> Vec<(&'static str, Attribute)> {
    let domain = || Rule::Matches(DOMAIN, "a domain name in lower case, such as `example.com` or `*.example.com`");
    let record = object_type(&[
        ("domain_name", Type::String, true),
        ("resource_record_name", Type::String, false),
        ("resource_record_type", Type::String, false),
        ("resource_record_value", Type::String, false),
    ]);
    let options = object_type(&[("export", Type::String, false)]);
    vec![
        (
            "domain_name",
            // `DomainNameString` in the ACM service model.
            Attribute::required(Type::String, "the domain it is for; `*.` in front stands for one level")
                .immutable()
                .rule(Rule::Length(1, 253))
                .rule(domain()),
        ),
        (
            "subject_alternative_names",
            Attribute::optional(Type::set(Type::String), "further domains it is for")
                .immutable()
                .normalised(Normalisation::Set)
                .rule(domain()),
        ),
        (
            "validation_method",
            Attribute::optional(Type::String, "how AWS is shown that the domains are yours")
                .default(Value::string("DNS"))
                .immutable()
                .rule(Rule::OneOf(&["DNS", "EMAIL"])),
        ),
        (
            "key_algorithm",
            Attribute::optional(Type::String, "the algorithm of its key")
                .default(Value::string("RSA_2048"))
                .immutable()
                .rule(Rule::OneOf(ALGORITHMS)),
        ),
        (
            "options",
            Attribute::optional_computed(options, "`export`: whether it may be exported, `ENABLED` or `DISABLED`"),
        ),
        ("arn", Attribute::computed(Type::String, "its ARN").stays()),
        ("status", Attribute::computed(Type::String, "how it stands: `PENDING_VALIDATION`, `ISSUED` …")),
        (
            "domain_validation_options",
            Attribute::computed(Type::list(record), "the DNS records that validate it, in order of domain").stays(),
        ),
        ("not_before", Attribute::computed(Type::String, "from when it is valid")),
        ("not_after", Attribute::computed(Type::String, "until when it is valid")),
    ]
}

/// A certificate.
pub(super) async fn shown(aws: &Account, arn: &str) -> Result<Option<CertificateDetail>, Fault> {
    let answer = aws.acm().describe_certificate().certificate_arn(arn).send().await;
    Ok(answer.of("acm:DescribeCertificate").or_absent()?.and_then(|answer| answer.certificate))
}

async fn tags_of(aws: &Account, arn: &str) -> Result<Option<Tags>, Fault> {
    let answer = aws.acm().list_tags_for_certificate().certificate_arn(arn).send().await;
    let answer = answer.of("acm:ListTagsForCertificate").or_absent()?;
    let all = answer.map(|answer| answer.tags.unwrap_or_default());
    Ok(all.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default())).collect()))
}

fn records(options: &[DomainValidation]) -> Known {
    let mut options: Vec<&DomainValidation> = options.iter().collect();
    options.sort_by_key(|it| it.domain_name().to_owned());
    let told = |it: &DomainValidation| {
        let record = it.resource_record();
        object([
            ("domain_name", it.domain_name().told()),
            // Without the dot at its end, as records are named.
            ("resource_record_name", record.map(|record| record.name().trim_end_matches('.')).told()),
            ("resource_record_type", record.map(|record| record.r#type()).map(RecordType::as_str).told()),
            ("resource_record_value", record.map(|record| record.value()).told()),
        ])
    };
    Value::List(options.into_iter().map(told).collect())
}

fn options(fields: Fields<'_>) -> CertificateOptions {
    CertificateOptions::builder().set_export(fields.text("export").map(CertificateExport::from)).build()
}

fn options_told(it: &CertificateOptions) -> Known {
    object([("export", it.export().map(CertificateExport::as_str).told())])
}

fn tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    tags.into_iter().map(|(key, value)| built(Tag::builder().key(key).value(value).build())).collect()
}
