//! `aws_acm_certificate_validation`.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_acm::types::{CertificateDetail, CertificateStatus, DomainStatus};
use siac_core::model::schema::{Attribute, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use super::certificate::shown;
use crate::account::Account;
use crate::failure::Failure;
use crate::kind::{Described, Kind, Task};
use crate::seen::Seen;
use crate::wait::{Standing, until};

/// How long a validation may take. A choice of this project; the ACM User Guide says that it takes half an hour or longer.
const VALIDATING: Duration = Duration::from_secs(75 * 60);

/// The kind: nothing that AWS has, but the wait for a certificate. siac knows it by the certificate's ARN.
pub struct Validation;

#[async_trait]
impl Kind for Validation {
    fn describe(&self) -> Described {
        let attributes = [
            ("certificate_arn", Attribute::required(Type::String, "the certificate to wait for").immutable()),
            (
                "validation_record_fqdns",
                Attribute::optional(
                    Type::set(Type::String),
                    "the names of the records that validate it, so that they are there before",
                )
                .immutable()
                .write_only(),
            ),
        ];
        Described::new("the wait until a certificate is issued", RecoveryClass::Put, attributes)
            .setting()
            .settles(Duration::from_secs(120), VALIDATING + Duration::from_secs(60))
            .imported_by("the certificate's ARN")
            .needs(&["acm:DescribeCertificate"])
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        task.inputs.owned("certificate_arn")
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let it = shown(aws, remote).await?;
        Ok(it.map(|_| Seen::new().input("certificate_arn", remote)))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        Ok(task.inputs.need("certificate_arn")?.to_owned())
    }

    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        until(VALIDATING, || async {
            let it = shown(task.aws, remote).await?;
            let it = it.ok_or_else(|| Fault::rejected(format!("there is no certificate `{remote}`; plan again")))?;
            match it.status() {
                Some(CertificateStatus::Issued) => Ok(Standing::Ready(())),
                Some(CertificateStatus::PendingValidation) | None => Ok(Standing::Waiting(waits_for(&it))),
                Some(other) => Err(Fault::rejected(failed(remote, &it, other))),
            }
        })
        .await
    }

    async fn change(&self, _: &Task<'_>, _: &str, _: &Seen) -> Result<(), Fault> {
        Ok(())
    }

    async fn remove(&self, _: &Account, _: &str, _: &Object) -> Result<(), Fault> {
        Ok(())
    }
}

/// What ACM has not seen yet.
fn waits_for(it: &CertificateDetail) -> String {
    let open =
        it.domain_validation_options().iter().filter(|it| it.validation_status() != Some(&DomainStatus::Success));
    let words = open.map(|it| match it.resource_record() {
        Some(record) => {
            format!("{} waits for the CNAME `{}` to be `{}`", it.domain_name(), record.name(), record.value())
        }
        None => format!("{} waits for the answer to an e-mail", it.domain_name()),
    });
    let words: Vec<String> = words.collect();
    format!("PENDING_VALIDATION: {}", words.join(", "))
}

fn failed(remote: &str, it: &CertificateDetail, status: &CertificateStatus) -> String {
    let why = it.failure_reason().map(|why| format!(" ({})", why.as_str())).unwrap_or_default();
    format!("the certificate `{remote}` is {}{why} and will not be issued; replace it", status.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_acm::types::{DomainValidation, FailureReason, RecordType, ResourceRecord};

    #[test]
    fn a_wait_says_which_record_is_missing() {
        let record = ResourceRecord::builder().name("_x.example.com.").r#type(RecordType::Cname).value("_y.aws.");
        let one = DomainValidation::builder().domain_name("example.com").resource_record(record.build().unwrap());
        let two = DomainValidation::builder().domain_name("example.org").validation_status(DomainStatus::Success);
        let it = CertificateDetail::builder()
            .domain_validation_options(one.build().unwrap())
            .domain_validation_options(two.build().unwrap())
            .failure_reason(FailureReason::CaaError)
            .build();
        assert_eq!(
            waits_for(&it),
            "PENDING_VALIDATION: example.com waits for the CNAME `_x.example.com.` to be `_y.aws.`"
        );
        let why = failed("arn", &it, &CertificateStatus::Failed);
        assert_eq!(why, "the certificate `arn` is FAILED (CAA_ERROR) and will not be issued; replace it");
    }
}
