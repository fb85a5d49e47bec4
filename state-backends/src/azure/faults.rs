//! What the service's refusals mean.

use std::time::Duration;

use azure_core::error::{Error, ErrorKind};
use azure_storage_blob::StorageError;
use siac_core::ports::StoreFault;

use super::SHARED_KEY;

/// What the service refused, as far as the register and the objects care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such blob.
    NotThere,
    /// There is one.
    Exists,
    /// It has another version.
    Changed,
    /// Someone else has a lease on it.
    Leased,
    /// The lease that was named is not, or no longer, the one that it is under.
    NoLease,
    /// Anything else.
    Other,
}

impl Refusal {
    /// By the service's error code. The codes are those of "Blob Storage error codes" in the REST reference.
    pub(super) fn of(error: &Error) -> Self {
        let ErrorKind::HttpResponse { error_code: Some(code), .. } = error.kind() else { return Self::Other };
        match code.as_str() {
            "BlobNotFound" => Self::NotThere,
            "BlobAlreadyExists" => Self::Exists,
            "ConditionNotMet" | "TargetConditionNotMet" => Self::Changed,
            "LeaseAlreadyPresent" | "LeaseIdMissing" | "LeaseIsBreakingAndCannotBeAcquired" => Self::Leased,
            "LeaseAlreadyBroken"
            | "LeaseIdMismatchWithBlobOperation"
            | "LeaseIdMismatchWithLeaseOperation"
            | "LeaseIsBreakingAndCannotBeChanged"
            | "LeaseIsBrokenAndCannotBeRenewed"
            | "LeaseLost"
            | "LeaseNotPresentWithBlobOperation"
            | "LeaseNotPresentWithLeaseOperation" => Self::NoLease,
            _ => Self::Other,
        }
    }
}

/// What became of a request that changes nothing.
pub(super) fn of_read(error: &Error) -> StoreFault {
    match of_write(error) {
        StoreFault::Ambiguous(why) => StoreFault::Transient(why),
        fault => fault,
    }
}

/// What became of a request that changes something.
pub(super) fn of_write(error: &Error) -> StoreFault {
    match (Refusal::of(error), error.kind()) {
        (Refusal::Changed, _) => StoreFault::Conflict,
        (Refusal::Leased | Refusal::NoLease, _) => StoreFault::Held,
        (_, ErrorKind::Connection) => StoreFault::Transient(format!("{error}{}", cause(error))),
        (_, ErrorKind::Io) => StoreFault::Ambiguous(format!("{error}{}", cause(error))),
        (_, ErrorKind::HttpResponse { status, error_code, .. }) => {
            let (status, code) = (u16::from(*status), error_code.as_deref().unwrap_or_default());
            let why = format!("the service answers {status} {code}{}", said(error));
            match status {
                429 => StoreFault::Transient(why),
                503 if code == "ServerBusy" => StoreFault::Transient(why),
                408 | 500.. => StoreFault::Ambiguous(why),
                _ => StoreFault::Failed(format!("{why}{}", remedy(status, code))),
            }
        }
        _ => StoreFault::Failed(error.to_string()),
    }
}

/// That there was no answer in time.
pub(super) fn late(limit: Duration) -> String {
    format!("the service does not answer within {} s", limit.as_secs())
}

/// What lies below: the library's own message does not say.
fn cause(error: &Error) -> String {
    let mut deepest: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(next) = deepest.and_then(|cause| cause.source()) {
        deepest = Some(next);
    }
    deepest.map(|cause| format!(": {cause}")).unwrap_or_default()
}

/// The first line of what the service says for people; the next ones name the request and the time.
fn said(error: &Error) -> String {
    let ErrorKind::HttpResponse { status, error_code, raw_response } = error.kind() else { return String::new() };
    let kind =
        ErrorKind::HttpResponse { status: *status, error_code: error_code.clone(), raw_response: raw_response.clone() };
    let message = StorageError::try_from(kind.into_error()).ok().and_then(|error| error.message);
    let line = message.as_deref().and_then(|message| message.lines().next()).unwrap_or_default().trim();
    if line.is_empty() { String::new() } else { format!(" ({line})") }
}

/// What to do about it.
fn remedy(status: u16, code: &str) -> String {
    match (status, code) {
        (_, "ContainerNotFound") => {
            "; make the container: `siac init --backend azure-blob`, or `az storage container create`".to_owned()
        }
        (_, "ContainerBeingDeleted") => "; wait until it is gone, or name another one".to_owned(),
        (_, "KeyBasedAuthenticationNotPermitted") => {
            format!("; the account takes no shared keys: unset {SHARED_KEY} and use an identity")
        }
        (_, "AuthorizationPermissionMismatch" | "InsufficientAccountPermissions") => {
            "; give the identity the role `Storage Blob Data Contributor` on the container, and wait some minutes until it counts"
                .to_owned()
        }
        (_, "AuthorizationFailure") => {
            format!("; check the identity, or the key in {SHARED_KEY}, and whether the account's network rules keep this machine out")
        }
        (401 | 403, _) => format!("; check the identity, or the key in {SHARED_KEY}, and the clock of this machine"),
        (_, "SnapshotsPresent") => "; delete its snapshots first".to_owned(),
        (_, "BlobImmutableDueToPolicy") => "; a policy of the container forbids changes, while HEAD must change".to_owned(),
        _ => String::new(),
    }
}
