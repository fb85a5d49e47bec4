//! `aws_lambda_permission`.

use async_trait::async_trait;
use aws_sdk_lambda::types::FunctionUrlAuthType;
use serde_json::Value as Json;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Partial;
use siac_core::ports::Fault;

use super::bare_name;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::{Seen, Told};
use crate::together::Together;

/// The kind. AWS knows it by `FUNCTION/STATEMENT`, or `FUNCTION:QUALIFIER/STATEMENT`.
#[derive(Default)]
pub struct Permission {
    statements: Together<Vec<Json>>,
}

#[async_trait]
impl Kind for Permission {
    fn describe(&self) -> Described {
        let text = |description| Attribute::optional(Type::String, description).immutable();
        let attributes = [
            (
                "statement_id",
                // `StatementId` in the Lambda service model.
                Attribute::optional_computed(
                    Type::String,
                    "its name, unique in the function's policy; made when none is given",
                )
                .immutable()
                .rule(Rule::Length(1, 100))
                .rule(Rule::Matches("[a-zA-Z0-9_-]+", "letters, digits, `_` and `-`")),
            ),
            ("function_name", Attribute::required(Type::String, "the name or ARN of the function").immutable()),
            ("qualifier", text("the alias or version that may be called; the unqualified function otherwise")),
            (
                "action",
                Attribute::required(Type::String, "what is allowed, usually `lambda:InvokeFunction`").immutable().rule(
                    Rule::Matches(r"lambda:[*]|lambda:[a-zA-Z]+|[*]", "an action such as `lambda:InvokeFunction`"),
                ),
            ),
            (
                "principal",
                Attribute::required(Type::String, "who may: a service, an account, an ARN, or `*`").immutable(),
            ),
            ("source_arn", text("the ARN of what calls, for services").rule(limits::arn())),
            (
                "source_account",
                text("the account of what calls, for services")
                    .rule(Rule::Matches("[0-9]{12}", "an account number of twelve digits")),
            ),
            ("principal_org_id", text("the organisation that the caller must belong to")),
            ("event_source_token", text("the token of an Alexa skill")),
            (
                "function_url_auth_type",
                text("how the function's URL is protected").rule(Rule::OneOf(&["AWS_IAM", "NONE"])),
            ),
        ];
        Described::new("who may call a function", RecoveryClass::Name, attributes)
            .named("statement_id", 100)
            .imported_by("`FUNCTION/STATEMENT` or `FUNCTION:QUALIFIER/STATEMENT`")
            .needs(&["lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"])
    }

    fn validate(&self, check: &mut Check<'_>) {
        let is_service = check.text("principal").is_some_and(|principal| principal.ends_with(".amazonaws.com"));
        if is_service && !check.has("source_arn") && !check.has("source_account") {
            let detail = "any account's API, bucket or topic could call the function through this service";
            check.warn(
                "open-permission",
                "a permission is wider than it looks",
                detail,
                "set `source_arn` or `source_account`",
            );
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        let qualifier = task.inputs.text("qualifier").map(|it| format!(":{it}")).unwrap_or_default();
        let (function, statement) = (task.inputs.text("function_name")?, task.inputs.text("statement_id")?);
        Some(format!("{}{qualifier}/{statement}", bare_name(function)))
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (function, qualifier, id) = parts(remote)?;
        let owner = remote.strip_suffix(id).unwrap_or(remote);
        let statements = self.statements.ask(owner, || all(aws, function, qualifier)).await?;
        let Some(statement) = statements.iter().find(|statement| statement["Sid"] == id) else { return Ok(None) };
        let before = |name: &str| remembered.and_then(|it| it.inputs.get(name)).and_then(Partial::as_str);
        let seen = Seen::new()
            .input("statement_id", id)
            .input("function_name", before("function_name").unwrap_or(function))
            .input("qualifier", qualifier)
            .input("action", statement["Action"].as_str())
            .input("principal", principal(&statement["Principal"], before("principal")))
            .input("source_arn", condition(statement, "aws:sourcearn"))
            .input("source_account", condition(statement, "aws:sourceaccount"))
            .input("principal_org_id", condition(statement, "aws:principalorgid"))
            .input("event_source_token", condition(statement, "lambda:eventsourcetoken"))
            .input("function_url_auth_type", condition(statement, "lambda:functionurlauthtype"))
            .output("id", id);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let inputs = task.inputs;
        let remote =
            self.remote(task).ok_or_else(|| Fault::rejected("`function_name` and `statement_id` are needed"))?;
        let call = task.aws.lambda().add_permission().function_name(bare_name(inputs.need("function_name")?));
        let call = call
            .statement_id(inputs.need("statement_id")?)
            .action(inputs.need("action")?)
            .principal(inputs.need("principal")?)
            .set_qualifier(inputs.owned("qualifier"))
            .set_source_arn(inputs.owned("source_arn"))
            .set_source_account(inputs.owned("source_account"))
            .set_principal_org_id(inputs.owned("principal_org_id"))
            .set_event_source_token(inputs.owned("event_source_token"))
            .set_function_url_auth_type(inputs.text("function_url_auth_type").map(FunctionUrlAuthType::from));
        call.send().await.of("lambda:AddPermission").exists_on("ResourceConflictException")?;
        Ok(remote)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (function, qualifier, id) = parts(remote)?;
        let call = aws.lambda().remove_permission().function_name(function).statement_id(id);
        let call = call.set_qualifier(qualifier.map(str::to_owned));
        call.send().await.of("lambda:RemovePermission").busy_on(&["PreconditionFailedException"]).or_gone()
    }
}

/// Every statement of the policy of a function, or of one of its aliases or versions.
async fn all(aws: &Account, function: &str, qualifier: Option<&str>) -> Result<Vec<Json>, Fault> {
    let call = aws.lambda().get_policy().function_name(function).set_qualifier(qualifier.map(str::to_owned));
    let answer = call.send().await.of("lambda:GetPolicy").or_absent()?;
    let policy: Option<Json> = answer.and_then(|answer| serde_json::from_str(answer.policy()?).ok());
    Ok(policy.and_then(|policy| policy["Statement"].as_array().cloned()).unwrap_or_default())
}

fn parts(remote: &str) -> Result<(&str, Option<&str>, &str), Fault> {
    let malformed =
        || Fault::rejected(format!("`{remote}` is not `FUNCTION/STATEMENT` or `FUNCTION:QUALIFIER/STATEMENT`"));
    let (function, id) = remote.rsplit_once('/').ok_or_else(malformed)?;
    Ok(match function.split_once(':') {
        Some((function, qualifier)) => (function, Some(qualifier), id),
        None => (function, None, id),
    })
}

/// Who may, as it was written: an account's number is answered as the ARN of its root.
fn principal(shown: &Json, written: Option<&str>) -> Option<String> {
    let text = shown.as_str().or_else(|| shown["Service"].as_str()).or_else(|| shown["AWS"].as_str())?;
    let root = |account: &str| text.ends_with(&format!(":iam::{account}:root"));
    Some(written.filter(|written| *written == text || root(written)).unwrap_or(text).to_owned())
}

/// The value of a condition key, whatever the operator and the letter case of the key.
fn condition(statement: &Json, key: &str) -> siac_core::model::value::Known {
    let operators = statement["Condition"].as_object().into_iter().flat_map(|all| all.values());
    let entries = operators.filter_map(Json::as_object).flatten();
    let found = entries.filter(|(name, _)| name.eq_ignore_ascii_case(key)).find_map(|(_, value)| value.as_str());
    found.told()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_named_with_their_function() {
        assert_eq!(parts("api:live/gateway").unwrap(), ("api", Some("live"), "gateway"));
        assert_eq!(parts("api/gateway").unwrap(), ("api", None, "gateway"));
        assert!(parts("api").is_err());
    }

    #[test]
    fn accounts_are_told_as_they_were_written() {
        let shown = serde_json::json!({ "AWS": "arn:aws:iam::123456789012:root" });
        assert_eq!(principal(&shown, Some("123456789012")).unwrap(), "123456789012");
        assert_eq!(principal(&serde_json::json!({ "Service": "s3.amazonaws.com" }), None).unwrap(), "s3.amazonaws.com");
    }
}
