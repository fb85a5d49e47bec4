//! Every answer of ARM that is not what was asked for, sorted in one place by what may be done next.
//!
//! Sorting looks at HTTP statuses and error codes, never at messages. What a person can do about it stands in one table.

use std::time::Duration;

use serde_json::Value as Json;
use siac_core::ports::Fault;

use super::document::child;

/// Why a request failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The HTTP status; 0 when no answer came.
    pub status: u16,
    /// The code of the error; empty when there is none.
    pub code: String,
    fault: Fault,
}

/// What is known of a failed request besides the body of its answer.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What was done.
    pub words: String,
    /// Whether it only looked.
    pub is_read: bool,
    /// The HTTP status; that of the whole for a failed operation.
    pub status: u16,
    /// How long to wait.
    pub retry_after: Option<Duration>,
    /// By what Azure's support finds the request.
    pub correlation: Option<String>,
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        failure.fault
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { status: 0, code: String::new(), fault }
    }
}

impl Failure {
    /// The failure that this answer tells of.
    pub fn of(facts: Facts, body: &[u8]) -> Self {
        let error = error(body);
        let fault = sort(&facts, &error);
        Self { status: facts.status, code: error.code, fault }
    }

    /// The failure of an operation that was accepted, from the `error` of its status.
    pub fn of_operation(words: &str, status: &str, document: &Json) -> Self {
        let error = error(document.to_string().as_bytes());
        let code = if error.code.is_empty() { status.to_owned() } else { error.code.clone() };
        let error = Told { code, ..error };
        let facts = Facts { words: format!("{words} was accepted and then"), ..Facts::default() };
        let fault = Fault::rejected(explained(&facts, &error));
        Self { status: 0, code: error.code, fault }
    }

    /// Whether there is no such resource.
    pub fn is_absent(&self) -> bool {
        self.status == 404 || self.status == 410 || self.code == "ResourceGroupNotFound"
    }

    /// Whether a write found nothing to stand in: what was just made may not be visible everywhere yet.
    pub fn lacks_parent(&self) -> bool {
        self.status == 404 && ["ParentResourceNotFound", "ResourceGroupNotFound"].contains(&self.code.as_str())
    }

    /// Whether the code is one of these.
    pub fn is(&self, codes: &[&str]) -> bool {
        codes.iter().any(|code| self.code.eq_ignore_ascii_case(code))
    }

    /// The same failure with a remedy that the caller knows.
    #[must_use]
    pub fn with_remedy(self, remedy: &str) -> Self {
        Self { fault: Fault::rejected(format!("{}; {remedy}", self.fault)), ..self }
    }

    /// The same failure, as something that will be visible soon.
    #[must_use]
    pub fn not_yet(self) -> Self {
        Self { fault: Fault::NotYet { what: self.fault.to_string() }, ..self }
    }

    /// The text for people.
    pub fn why(&self) -> String {
        self.fault.to_string()
    }
}

/// The body of an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Told {
    code: String,
    message: String,
    /// Policies that refused, by name.
    policies: Vec<String>,
}

/// Reads the error out of a body: `{"error": {"code", "message"}}`, or, by some services, without the outer object.
fn error(body: &[u8]) -> Told {
    let Ok(document) = serde_json::from_slice::<Json>(body) else {
        return Told { message: plain(&String::from_utf8_lossy(body)), ..Told::default() };
    };
    let error = child(&document, "error").filter(|error| error.is_object()).unwrap_or(&document);
    let text = |json: &Json, name: &str| child(json, name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let details: Vec<&Json> = child(error, "details").and_then(Json::as_array).into_iter().flatten().collect();
    let inner = details.iter().map(|detail| text(detail, "message")).filter(|message| !message.is_empty());
    let mut message = text(error, "message");
    for inner in inner.map(|inner| plain(&inner)) {
        if !message.contains(&inner) {
            message = format!("{message}: {inner}");
        }
    }
    // A failed deployment is told by a code that says nothing; what happened is in its details.
    let code = match text(error, "code") {
        code if OUTER.contains(&code.as_str()) => {
            details.iter().map(|detail| text(detail, "code")).find(|code| !code.is_empty()).unwrap_or(code)
        }
        code => code,
    };
    Told { code, message: plain(&message), policies: policies(error) }
}

/// Codes that only say that something inside failed.
const OUTER: [&str; 3] = ["DeploymentFailed", "ResourceDeploymentFailure", "MultipleErrorsOccurred"];

/// The names of the policies that refused a request.
fn policies(error: &Json) -> Vec<String> {
    let all = child(error, "additionalInfo").and_then(Json::as_array).into_iter().flatten();
    let infos = all.filter_map(|info| child(info, "info"));
    let name = |info: &Json| {
        let names = ["policyAssignmentDisplayName", "policyDefinitionDisplayName", "policyAssignmentName"];
        names.iter().find_map(|name| Some(child(info, name)?.as_str()?.to_owned()))
    };
    infos.filter_map(name).collect()
}

/// One line of at most 600 characters, a choice of this project.
fn plain(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches('.');
    match line.char_indices().nth(600) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Codes of a moment's collision, after which the same request may be repeated. From the services' published error codes.
const BUSY: [&str; 14] = [
    "AnotherOperationInProgress",
    "AccountIsBeingCreated",
    "ConcurrentOperation",
    "InUseByOperation",
    "MaintenanceInProgress",
    "OperationNotAllowedDuringProvisioning",
    "OperationPreempted",
    "ResourceGroupBeingDeleted",
    "ResourceIsBeingCreated",
    "ResourceOperationInProgress",
    "RetryableError",
    "ServerBusy",
    "StorageAccountOperationInProgress",
    "TooManyRequests",
];

/// Codes of what was made a moment ago and is not known everywhere: principals take minutes to reach all of Entra ID.
const NOT_YET: [&str; 2] = ["PrincipalNotFound", "LinkedAuthorizationPrincipalNotFound"];

/// What a person can do, by code.
const REMEDIES: [(&str, &str); 27] = [
    (
        "AuthorizationFailed",
        "give the identity that siac runs as a role that allows it at this scope; a new role may take minutes",
    ),
    (
        "LinkedAuthorizationFailed",
        "the identity that siac runs as also needs a role at the resource that is referred to",
    ),
    (
        "RoleAssignmentExists",
        "someone has given this role to this principal already; import that assignment, or remove it",
    ),
    (
        "RequestDisallowedByPolicy",
        "change the attributes so that the policy allows them, or ask its owner for an exemption",
    ),
    ("RequestDisallowedByAzure", "choose another region: this subscription may not use this one"),
    (
        "MissingSubscriptionRegistration",
        "run `az provider register --namespace NAMESPACE`, or set `register_providers = true`",
    ),
    (
        "SubscriptionNotRegistered",
        "run `az provider register --namespace NAMESPACE`, or set `register_providers = true`",
    ),
    ("ReadOnlyDisabledSubscription", "the subscription is disabled; enable it, or use another one"),
    ("SubscriptionNotFound", "look at `subscription_id`, and at whether this identity may see that subscription"),
    ("ScopeLocked", "remove the lock, or leave the resource as it is"),
    ("QuotaExceeded", "ask for more in the portal under Quotas, choose a smaller size, or another region"),
    (
        "SubscriptionIsOverQuotaForSku",
        "ask for more in the portal under Quotas, choose another size, or another region",
    ),
    ("SkuNotAvailable", "choose another size or another region"),
    ("LocationNotAvailableForResourceType", "choose one of the regions that the message names"),
    ("InvalidApiVersionParameter", "use one of the api-versions that the message names"),
    ("NoRegisteredProviderFound", "use one of the api-versions and regions that the message names"),
    ("InvalidResourceType", "look at the type and its api-version"),
    ("StorageAccountAlreadyTaken", "the names of storage accounts are unique in all of Azure; choose another one"),
    ("StorageAccountAlreadyExists", "this account exists in the subscription; import it, or choose another name"),
    (
        "VaultAlreadyExists",
        "the names of vaults are unique in all of Azure, deleted ones included; choose another one, or recover or purge the deleted vault",
    ),
    ("NameUnavailable", "the name is taken, or kept for a deleted resource; choose another one"),
    ("WebsiteAlreadyExists", "the names of apps are unique in all of Azure; choose another one"),
    (
        "InvalidResourceLocation",
        "a resource cannot move to another region; choose another name, or delete the other one first",
    ),
    ("ResourceGroupNotFound", "make the resource group first, or look at its name"),
    ("ParentResourceNotFound", "make the parent first, or look at its name"),
    ("InvalidAuthenticationToken", "sign in again"),
    (
        "InvalidAuthenticationTokenTenant",
        "this subscription belongs to another tenant; sign in there, or look at `subscription_id`",
    ),
];

fn sort(facts: &Facts, error: &Told) -> Fault {
    let why = explained(facts, error);
    let is = |codes: &[&str]| codes.iter().any(|code| error.code.eq_ignore_ascii_case(code));
    let transient = |throttled| Fault::Transient { why: why.clone(), retry_after: facts.retry_after, throttled };
    match facts.status {
        429 => transient(true),
        _ if is(&NOT_YET) => Fault::NotYet { what: why },
        _ if is(&BUSY) => transient(false),
        // Someone was quicker: what is there now must be read again.
        408 | 412 | 503 => transient(false),
        // A conflict that asks to wait is one that passes.
        409 | 423 if facts.retry_after.is_some() => transient(false),
        500.. if facts.is_read => transient(false),
        // The service broke off: it may have happened.
        500.. => Fault::ambiguous(why),
        _ => Fault::rejected(why),
    }
}

/// What happened and what to do about it, in one sentence.
fn explained(facts: &Facts, error: &Told) -> String {
    let name = if error.code.is_empty() { format!("HTTP {}", facts.status) } else { error.code.clone() };
    let verb = if facts.status == 0 { "failed" } else { "was answered" };
    let mut why = format!("{} {verb} with {name}", facts.words);
    if !error.message.is_empty() {
        why = format!("{why}: {}", error.message);
    }
    if !error.policies.is_empty() {
        why = format!("{why} (refused by the policy {})", error.policies.join(", "));
    }
    if let Some(correlation) = &facts.correlation {
        why = format!("{why} (correlation {correlation})");
    }
    match REMEDIES.iter().find(|(code, _)| error.code.eq_ignore_ascii_case(code)) {
        Some((_, remedy)) => format!("{why}; {}", remedy.replace("NAMESPACE", namespace(&facts.words))),
        None if facts.status == 401 => format!("{why}; sign in again"),
        None => why,
    }
}

/// The namespace of the resource that a request is about.
fn namespace(words: &str) -> &str {
    let own = words.rsplit_once("/providers/").map(|(_, own)| own);
    own.and_then(|own| own.split('/').next()).unwrap_or("NAMESPACE")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn failure(status: u16, is_read: bool, body: &Json) -> Failure {
        let facts = Facts { words: "PUT /x".to_owned(), is_read, status, ..Facts::default() };
        Failure::of(facts, body.to_string().as_bytes())
    }

    fn coded(status: u16, code: &str) -> Fault {
        failure(status, false, &json!({ "error": { "code": code, "message": "m" } })).into()
    }

    #[test]
    fn statuses_and_codes_say_what_may_be_done_next() {
        assert!(matches!(coded(429, "TooManyRequests"), Fault::Transient { throttled: true, .. }));
        assert!(matches!(coded(409, "AnotherOperationInProgress"), Fault::Transient { throttled: false, .. }));
        assert!(matches!(coded(409, "StorageAccountAlreadyTaken"), Fault::Rejected { .. }));
        assert!(matches!(coded(412, "PreconditionFailed"), Fault::Transient { .. }));
        assert!(matches!(coded(400, "PrincipalNotFound"), Fault::NotYet { .. }));
        assert!(matches!(coded(500, "InternalServerError"), Fault::Ambiguous { .. }));
        assert!(matches!(coded(503, "ServiceUnavailable"), Fault::Transient { .. }));
        let read: Fault = failure(500, true, &json!({})).into();
        assert!(matches!(read, Fault::Transient { .. }));
    }

    #[test]
    fn errors_are_read_in_every_spelling() {
        let message = |body: &Json| failure(400, false, body).why();
        let usual = json!({ "error": { "code": "BadRequest", "message": "The name is wrong." } });
        assert_eq!(message(&usual), "PUT /x was answered with BadRequest: The name is wrong");
        let of_web = json!({ "Code": "BadRequest", "Message": "No." });
        assert_eq!(message(&of_web), "PUT /x was answered with BadRequest: No");
        let text = Failure::of(Facts { words: "GET /x".into(), status: 400, ..Facts::default() }, b"<h1>no</h1>");
        assert_eq!(text.why(), "GET /x was answered with HTTP 400: <h1>no</h1>");
        let deep = json!({ "error": { "code": "DeploymentFailed", "message": "see details",
            "details": [{ "code": "SkuNotAvailable", "message": "B1 is not available" }] } });
        assert_eq!(failure(400, false, &deep).code, "SkuNotAvailable");
    }

    #[test]
    fn policies_are_named_and_remedies_told() {
        let body = json!({ "error": { "code": "RequestDisallowedByPolicy", "message": "no", "additionalInfo": [
            { "type": "PolicyViolation", "info": { "policyAssignmentDisplayName": "only Europe" } }] } });
        let why = failure(403, false, &body).why();
        assert!(why.contains("refused by the policy only Europe") && why.contains("exemption"), "{why}");
    }

    #[test]
    fn a_remedy_can_be_copied() {
        let words = "PUT /subscriptions/1/resourceGroups/g/providers/Microsoft.Web/sites/a".to_owned();
        let body = json!({ "error": { "code": "MissingSubscriptionRegistration", "message": "m" } });
        let facts = Facts { words, status: 409, ..Facts::default() };
        let why = Failure::of(facts, body.to_string().as_bytes()).why();
        assert!(why.contains("`az provider register --namespace Microsoft.Web`"), "{why}");
    }

    #[test]
    fn codes_are_listed_once() {
        let mut codes: Vec<&str> = REMEDIES.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), REMEDIES.len());
    }
}
