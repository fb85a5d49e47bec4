//! What the services say, sorted by what may be done next, with the cause, a remedy and the request's id.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use siac_core::ports::{Fault, KeyFault, StoreFault};

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What may be done next.
    pub(crate) outcome: Outcome,
    /// The service's code; empty where the service did not answer.
    pub(crate) code: String,
    /// The status; 0 where the service did not answer.
    pub(crate) status: u16,
    /// The region that a bucket lies in, where the service says so.
    pub(crate) bucket_region: Option<String>,
    why: String,
}

/// What is known of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It may have happened.
    Unknown,
    /// It did not happen, and may work later.
    Later,
    /// It did not happen, and will not.
    Never,
}

/// Codes with which the services ask for patience.
const LATER: [&str; 12] = [
    "ConcurrentModificationException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

impl Failure {
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let silent = |outcome, why: String| Self { outcome, code: String::new(), status: 0, bucket_region: None, why };
        match error {
            SdkError::ConstructionFailure(_) => silent(Outcome::Never, innermost(error)),
            SdkError::DispatchFailure(failure) if failure.is_user() => silent(Outcome::Never, innermost(error)),
            SdkError::TimeoutError(_) => silent(Outcome::Unknown, "the service does not answer in time".to_owned()),
            SdkError::ServiceError(answer) => Self::answered(answer.err(), answer.raw()),
            _ => silent(Outcome::Unknown, innermost(error)),
        }
    }

    fn answered<E: ProvideErrorMetadata>(error: &E, raw: &HttpResponse) -> Self {
        let header = |name: &str| raw.headers().get(name).map(str::to_owned);
        let status = raw.status().as_u16();
        let code = error.code().unwrap_or_default().to_owned();
        let outcome = match status {
            _ if LATER.contains(&code.as_str()) => Outcome::Later,
            429 | 503 => Outcome::Later,
            500.. => Outcome::Unknown,
            _ => Outcome::Never,
        };
        let request = error.meta().extra("aws_request_id").map(str::to_owned);
        let request = request.or_else(|| header("x-amz-request-id")).or_else(|| header("x-amzn-requestid"));
        let request = request.map(|id| format!(" (request {id})")).unwrap_or_default();
        let said = match (code.as_str(), error.message()) {
            ("", None | Some("")) => format!("it answers with status {status}"),
            ("", Some(message)) => message.to_owned(),
            (code, None | Some("")) => code.to_owned(),
            (code, Some(message)) => format!("{code}: {message}"),
        };
        Self { outcome, code, status, bucket_region: header("x-amz-bucket-region"), why: format!("{said}{request}") }
    }

    /// Whether the service says so.
    pub(crate) fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code.as_str())
    }

    /// For a call that changes something.
    pub(crate) fn of_write(self, doing: &str, remedy: &str) -> StoreFault {
        match self.outcome {
            Outcome::Unknown => StoreFault::Ambiguous(self.told(doing, "")),
            Outcome::Later => StoreFault::Transient(self.told(doing, "")),
            Outcome::Never => StoreFault::Failed(self.told(doing, remedy)),
        }
    }

    /// For a call that changes nothing: not to know whether it happened is no more than that it may work later.
    pub(crate) fn of_read(self, doing: &str, remedy: &str) -> StoreFault {
        match self.outcome {
            Outcome::Unknown | Outcome::Later => StoreFault::Transient(self.told(doing, "")),
            Outcome::Never => StoreFault::Failed(self.told(doing, remedy)),
        }
    }

    /// For a key.
    pub(crate) fn of_key(self, doing: &str, remedy: &str) -> KeyFault {
        match self.outcome {
            Outcome::Unknown | Outcome::Later => KeyFault::Unavailable(self.told(doing, "")),
            Outcome::Never => KeyFault::Refused(self.told(doing, remedy)),
        }
    }

    /// For a secret.
    pub(crate) fn of_secret(self, doing: &str, remedy: &str) -> Fault {
        match self.outcome {
            Outcome::Unknown | Outcome::Later => Fault::transient(self.told(doing, "")),
            Outcome::Never => Fault::rejected(self.told(doing, remedy)),
        }
    }

    /// Cause and remedy.
    pub(crate) fn told(&self, doing: &str, remedy: &str) -> String {
        let remedy = match self.code.as_str() {
            _ if !remedy.is_empty() => remedy,
            "AccessDenied" | "AccessDeniedException" => {
                "give these credentials the permissions that the guide \"state on AWS\" lists"
            }
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
                "the credentials have expired; get new ones, for instance with `aws sso login`"
            }
            "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "UnrecognizedClientException" | "InvalidClientTokenId" => {
                "the credentials are not valid there; check AWS_PROFILE or AWS_ACCESS_KEY_ID, and `endpoint`"
            }
            "RequestTimeTooSkewed" => "set the clock of this machine",
            _ => "",
        };
        let remedy = if remedy.is_empty() { String::new() } else { format!("; {remedy}") };
        format!("{doing}: {}{remedy}", self.why)
    }
}

/// The cause that the others only wrap, in its own words.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
