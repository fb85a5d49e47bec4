//! Every answer of AWS that is not what was asked for, sorted in one place by what may be done next.
//!
//! Sorting looks at error codes and HTTP statuses, which are documented, and never at messages. A kind may know more of one call (what
//! "conflict" means there) and says so with [`Sorted`]; all else is in [`sort`]. The SDK itself never repeats a call: an answer that is
//! lost has to be settled by the engine, which knows how the kind is recovered.

use std::error::Error;
use std::time::Duration;

use aws_sdk_sts::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use siac_core::ports::Fault;

/// Why a call failed.
#[derive(Debug, Clone)]
pub struct Failure {
    fault: Fault,
    code: String,
    status: u16,
    meaning: Meaning,
}

/// What a failure says of the object that was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// There is no such object.
    Absent,
    /// There is one already.
    Exists,
    /// Nothing.
    Nothing,
}

impl Failure {
    /// Whether the object that was to be made exists already.
    pub fn says_exists(&self) -> bool {
        self.meaning == Meaning::Exists
    }

    /// The error code of the service; empty when no answer came.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The HTTP status; 0 when no answer came.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The text for people.
    pub fn why(&self) -> String {
        self.fault.to_string()
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        failure.fault
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { fault, code: String::new(), status: 0, meaning: Meaning::Nothing }
    }
}

/// The answer of the SDK, sorted.
pub trait Answer<T> {
    /// The answer of a call, named as in an IAM policy: `iam:CreateRole`.
    fn of(self, action: &'static str) -> Result<T, Failure>;
}

impl<T, E: ProvideErrorMetadata + Error + Send + Sync + 'static> Answer<T> for Result<T, SdkError<E>> {
    fn of(self, action: &'static str) -> Result<T, Failure> {
        self.map_err(|error| failure(action, &error))
    }
}

/// A part of a request that the SDK has put together, or why it lacks something.
pub fn built<T>(part: Result<T, BuildError>) -> Result<T, Fault> {
    part.map_err(|error| Fault::rejected(error.to_string()))
}

/// A failure that a service reports later, in an event: its code, its words, and the token of the request.
pub fn reported(action: &str, code: &str, message: &str, token: &str) -> Failure {
    // An event says `AlreadyExists` where an answer would say `AlreadyExistsException`.
    let known = ["AlreadyExists", "ResourceConflict"].contains(&code);
    let code = if known { format!("{code}Exception") } else { code.to_owned() };
    let status =
        if ["ServiceInternalError", "InternalFailure", "ServiceTimeout"].contains(&code.as_str()) { 500 } else { 400 };
    let why = told(action, &code, status, Some(message), Some(token));
    let (fault, meaning) = sort(action, &code, status, why, None);
    Failure { fault, code, status, meaning }
}

/// What a kind knows of the failure of one call.
pub trait Sorted<T>: Sized {
    /// `None` when there is no such object.
    fn or_absent(self) -> Result<Option<T>, Fault>;

    /// Success, too, when there is no such object: for deletes.
    fn or_gone(self) -> Result<(), Fault> {
        self.or_absent().map(drop)
    }

    /// This code means here that the object exists already.
    fn exists_on(self, code: &str) -> Result<T, Failure>;

    /// These codes mean here that there is no such object.
    fn absent_on(self, codes: &[&str]) -> Result<T, Failure>;

    /// These codes mean here that something of ours is not visible yet.
    fn not_yet_on(self, codes: &[&str], what: &str) -> Result<T, Failure>;

    /// These codes mean here that the object is busy, and will be free.
    fn busy_on(self, codes: &[&str]) -> Result<T, Failure>;
}

impl<T> Sorted<T> for Result<T, Failure> {
    fn or_absent(self) -> Result<Option<T>, Fault> {
        match self {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) if failure.meaning == Meaning::Absent => Ok(None),
            Err(failure) => Err(failure.fault),
        }
    }

    fn exists_on(self, code: &str) -> Result<T, Failure> {
        self.map_err(|failure| match failure.code == code {
            true => Failure { meaning: Meaning::Exists, ..failure },
            false => failure,
        })
    }

    fn absent_on(self, codes: &[&str]) -> Result<T, Failure> {
        self.map_err(|failure| match codes.contains(&failure.code.as_str()) {
            true => Failure { meaning: Meaning::Absent, ..failure },
            false => failure,
        })
    }

    fn not_yet_on(self, codes: &[&str], what: &str) -> Result<T, Failure> {
        self.map_err(|failure| match codes.contains(&failure.code.as_str()) {
            true => Failure { fault: Fault::NotYet { what: format!("{what} ({})", failure.why()) }, ..failure },
            false => failure,
        })
    }

    fn busy_on(self, codes: &[&str]) -> Result<T, Failure> {
        self.map_err(|failure| match codes.contains(&failure.code.as_str()) {
            true => Failure { fault: Fault::transient(failure.why()), ..failure },
            false => failure,
        })
    }
}

fn failure<E: ProvideErrorMetadata + Error + Send + Sync + 'static>(action: &str, error: &SdkError<E>) -> Failure {
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    // A success that cannot be read says nothing of what happened.
    let Some(service) = error.as_service_error().filter(|_| status >= 300) else {
        return Failure { fault: unanswered(action, error), code: String::new(), status: 0, meaning: Meaning::Nothing };
    };
    let code = bare(service.meta().code().unwrap_or_default()).to_owned();
    let retry_after = error.raw_response().and_then(|response| response.headers().get("retry-after")?.parse().ok());
    let why = told(action, &code, status, service.meta().message(), error.request_id());
    let (fault, meaning) = sort(action, &code, status, why, retry_after.map(Duration::from_secs));
    Failure { fault, code, status, meaning }
}

/// Some services write `com.amazonaws.x#Code`, SQS writes `AWS.SimpleQueueService.Code`.
fn bare(code: &str) -> &str {
    let code = code.rsplit('#').next().unwrap_or(code);
    code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code)
}

fn told(action: &str, code: &str, status: u16, message: Option<&str>, request: Option<&str>) -> String {
    let name = if code.is_empty() { format!("HTTP {status}") } else { code.to_owned() };
    let message = message.map(|message| format!(": {}", message.trim_end_matches('.'))).unwrap_or_default();
    let request = request.map(|id| format!(" (request {id})")).unwrap_or_default();
    format!("`{action}` was answered with {name}{message}{request}")
}

/// Codes by which services say that they are asked too often. From the SDK's own list of throttling codes.
const THROTTLED: [&str; 14] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

/// Codes by which services say that the account has as many as it may, or as much.
const USED_UP: [&str; 5] = [
    "LimitExceededException",
    "LimitExceeded",
    "ServiceQuotaExceededException",
    "CodeStorageExceededException",
    "TooManyBuckets",
];

/// Codes of objects that are not there.
const ABSENT: [&str; 13] = [
    "ResourceNotFoundException",
    "NoSuchEntity",
    "NotFoundException",
    "NotFound",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchTagSet",
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
    "QueueDoesNotExist",
    "NonExistentQueue",
];

/// Codes that mean the same wherever they occur: there is an object of that name.
const EXISTS: [&str; 6] = [
    "EntityAlreadyExists",
    "ResourceAlreadyExistsException",
    "ResourceExistsException",
    "AlreadyExistsException",
    "BucketAlreadyOwnedByYou",
    "QueueNameExists",
];

/// Codes of a moment's collision, after which the call may be repeated.
const BUSY: [&str; 6] = [
    "ConcurrentModification",
    "ConcurrentModificationException",
    "ConcurrentAccessException",
    "OperationAborted",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// Codes of identities that may not do it, or are not known.
const DENIED: [&str; 5] =
    ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "AuthFailure"];

/// Codes of credentials that are no good any more, or never were.
const UNKNOWN_IDENTITY: [&str; 7] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
];

fn sort(action: &str, code: &str, status: u16, why: String, retry_after: Option<Duration>) -> (Fault, Meaning) {
    let is = |codes: &[&str]| codes.contains(&code);
    // A quota of a service is not a rate: DynamoDB alone uses the word for operations that run at the same time.
    let is_quota = code == "LimitExceededException" && !action.starts_with("dynamodb:");
    if (is(&THROTTLED) && !is_quota) || status == 429 {
        return (Fault::Transient { why, retry_after, throttled: true }, Meaning::Nothing);
    }
    if is(&USED_UP) {
        let why = format!("{why}; remove what is not needed, or ask for a higher quota in Service Quotas");
        return (Fault::rejected(why), Meaning::Nothing);
    }
    if is(&BUSY) || status == 503 {
        return (Fault::Transient { why, retry_after, throttled: false }, Meaning::Nothing);
    }
    if is(&DENIED) {
        let why = format!("{why}; allow `{action}` to the identity that siac runs as");
        return (Fault::rejected(why), Meaning::Nothing);
    }
    if is(&UNKNOWN_IDENTITY) {
        return (Fault::rejected(format!("{why}; sign in again, or use other credentials")), Meaning::Nothing);
    }
    match (is(&ABSENT), is(&EXISTS)) {
        (true, _) => (Fault::rejected(why), Meaning::Absent),
        (_, true) => (Fault::rejected(why), Meaning::Exists),
        // A HEAD has no body, and so no code.
        _ if code.is_empty() && status == 404 => (Fault::rejected(why), Meaning::Absent),
        // The service broke off: it may have happened.
        _ if status >= 500 => (Fault::ambiguous(why), Meaning::Nothing),
        _ => (Fault::rejected(why), Meaning::Nothing),
    }
}

/// A call that got no answer, or none that can be read.
fn unanswered<E: Error + Send + Sync + 'static>(action: &str, error: &SdkError<E>) -> Fault {
    let why = format!("`{action}`: {}", chain(error));
    match error {
        SdkError::ConstructionFailure(_) => Fault::rejected(why),
        SdkError::DispatchFailure(failure) if failure.is_user() => Fault::rejected(why),
        SdkError::DispatchFailure(_) if has_no_credentials(error) => Fault::rejected(format!(
            "{why}; set `profile`, sign in with `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )),
        SdkError::DispatchFailure(_) if never_left(error) => Fault::transient(why),
        _ => Fault::ambiguous(why),
    }
}

/// Why a request was never answered, told of the first one, before anything was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unasked {
    /// There is nothing to sign it with.
    NoCredentials(String),
    /// There was no way to the service.
    NoWay(String),
}

impl Unasked {
    /// Why a request was not answered; `None` when it was.
    pub fn of<E: Error + Send + Sync + 'static>(error: &SdkError<E>) -> Option<Self> {
        let innermost = causes(error).last().map(ToString::to_string).unwrap_or_default();
        // A chain of providers tells one thing a line; the first says what came of them all.
        let why = innermost.lines().next().unwrap_or_default().trim_end_matches(" Attempted:");
        let why = why.trim_end_matches('.').to_owned();
        match error {
            SdkError::DispatchFailure(_) if has_no_credentials(error) => Some(Self::NoCredentials(why)),
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Some(Self::NoWay(why)),
            _ => None,
        }
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

fn has_no_credentials(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<aws_credential_types::provider::error::CredentialsError>())
}

/// Whether no connection was made, so that no request can have arrived.
fn never_left(error: &(dyn Error + 'static)) -> bool {
    use std::io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let kinds = causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    let refused = [ConnectionRefused, HostUnreachable, NetworkUnreachable, AddrNotAvailable];
    kinds.into_iter().any(|kind| refused.contains(&kind))
}

/// The causes, outermost first, each once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in causes(error).map(ToString::to_string) {
        if texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(action: &str, code: &str, status: u16) -> (Fault, Meaning) {
        sort(action, code, status, "why".to_owned(), None)
    }

    #[test]
    fn throttling_is_told_from_quotas() {
        let throttled = |fault| matches!(fault, Fault::Transient { throttled: true, .. });
        assert!(throttled(sorted("lambda:CreateFunction", "TooManyRequestsException", 429).0));
        assert!(throttled(sorted("dynamodb:CreateTable", "LimitExceededException", 400).0));
        for code in ["LimitExceededException", "LimitExceeded"] {
            let (fault, _) = sorted("iam:CreateRole", code, 409);
            assert!(matches!(&fault, Fault::Rejected { why } if why.ends_with("in Service Quotas")), "{fault}");
        }
        assert!(throttled(sorted("s3:PutObject", "SlowDown", 503).0));
    }

    #[test]
    fn a_service_that_breaks_off_may_have_done_it() {
        assert!(matches!(sorted("sqs:CreateQueue", "InternalError", 500).0, Fault::Ambiguous { .. }));
        assert!(matches!(sorted("sqs:CreateQueue", "", 502).0, Fault::Ambiguous { .. }));
        assert!(matches!(sorted("sqs:CreateQueue", "ServiceUnavailable", 503).0, Fault::Transient { .. }));
    }

    #[test]
    fn codes_say_whether_something_is_there() {
        assert_eq!(sorted("iam:GetRole", "NoSuchEntity", 404).1, Meaning::Absent);
        assert_eq!(sorted("s3:HeadObject", "", 404).1, Meaning::Absent);
        assert_eq!(sorted("iam:CreateRole", "EntityAlreadyExists", 409).1, Meaning::Exists);
        assert_eq!(bare("AWS.SimpleQueueService.NonExistentQueue"), "NonExistentQueue");
        assert_eq!(bare("com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"), "ResourceNotFoundException");
    }

    #[test]
    fn a_refusal_says_what_to_allow() {
        let (fault, _) = sorted("iam:CreateRole", "AccessDenied", 403);
        assert_eq!(fault.to_string(), "why; allow `iam:CreateRole` to the identity that siac runs as");
    }
}
