//! Identity and access management.

pub mod policy;
pub mod policy_document;
pub mod role;
pub mod role_policy;
pub mod role_policy_attachment;

use siac_core::model::schema::Rule;
use siac_core::ports::Fault;

/// The letters of names. Source: the pattern of `roleNameType` and `policyNameType` in the IAM service model.
fn name_rule() -> Rule {
    Rule::Matches(r"[\w+=,.@-]+", "letters, digits and `_+=,.@-`")
}

/// A document as IAM answers with it: percent-encoded.
fn decoded(document: &str) -> Result<String, Fault> {
    let decoded = percent_encoding::percent_decode_str(document).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| Fault::rejected("IAM answered with a document that is not UTF-8"))
}
