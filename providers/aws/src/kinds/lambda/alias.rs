//! `aws_lambda_alias`.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use super::{bare_name, invoke_arn};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::{Fields, exposed};
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, Told, filled, object};
use crate::settings::object_type;

/// The kind. AWS knows it by `FUNCTION/ALIAS`.
pub struct Alias;

#[async_trait]
impl Kind for Alias {
    fn describe(&self) -> Described {
        let routing = object_type(&[("additional_version_weights", Type::map(Type::Number), false)]);
        let attributes = [
            (
                "name",
                // `Alias` in the Lambda service model.
                Attribute::required(Type::String, "its name, unique in the function")
                    .immutable()
                    .rule(Rule::Length(1, 128))
                    .rule(Rule::Matches(
                        "[a-zA-Z0-9-_]*[a-zA-Z_-][a-zA-Z0-9-_]*",
                        "letters, digits, `-` and `_`, and not digits alone",
                    )),
            ),
            ("function_name", Attribute::required(Type::String, "the name or ARN of the function").immutable()),
            ("function_version", Attribute::required(Type::String, "the version that it stands for")),
            ("description", Attribute::optional(Type::String, "what it is for").rule(Rule::Length(0, 256))),
            (
                "routing_config",
                Attribute::optional(
                    routing,
                    "which part of its calls goes to another version: `additional_version_weights = { \"8\" = 0.1 }`",
                ),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            ("invoke_arn", Attribute::computed(Type::String, "how API Gateway calls it").stays()),
        ];
        Described::new("a name for a version of a function", RecoveryClass::Name, attributes)
            .imported_by("`FUNCTION/ALIAS`")
            .needs(&["lambda:CreateAlias", "lambda:DeleteAlias", "lambda:GetAlias", "lambda:UpdateAlias"])
    }

    fn validate(&self, check: &mut Check<'_>) {
        let weights =
            check.get("routing_config").and_then(|it| it.get("additional_version_weights")).and_then(Partial::as_map);
        let Some(weights) = weights else { return };
        // `AliasRoutingConfiguration` in the Lambda API reference.
        if weights.len() > 1 {
            check.refuse("an alias shares its calls with one other version", "keep one weight");
        }
        for (version, weight) in weights {
            if weight.as_number().is_some_and(|weight| !(0.0..=1.0).contains(&weight.to_f64())) {
                check.refuse(
                    format!("the weight of version {version} is not between 0 and 1"),
                    "write 0.1 for every tenth call",
                );
            }
            if check.text("function_version") == Some(version.as_str()) {
                check.refuse("the weighted version is the alias's own", "name another one");
            }
        }
        if check.text("function_version") == Some("$LATEST") && !weights.is_empty() {
            check.refuse(
                "an alias of `$LATEST` cannot share its calls",
                "publish a version: `publish = true` at the function",
            );
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        Some(format!("{}/{}", bare_name(task.inputs.text("function_name")?), task.inputs.text("name")?))
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (function, name) = parts(remote)?;
        let call = aws.lambda().get_alias().function_name(function).name(name);
        let Some(alias) = call.send().await.of("lambda:GetAlias").or_absent()? else { return Ok(None) };
        let arn = alias.alias_arn().unwrap_or_default();
        let weights =
            alias.routing_config().and_then(|it| it.additional_version_weights()).filter(|all| !all.is_empty());
        let sorted = |all: &HashMap<String, f64>| all.clone().into_iter().collect::<BTreeMap<_, _>>();
        let written = remembered.and_then(|it| it.inputs.get("function_name")).and_then(Partial::as_str);
        let seen = Seen::new()
            .input("name", name)
            .input("function_name", written.unwrap_or(function))
            .input("function_version", alias.function_version())
            .input("description", filled(alias.description()))
            .input("routing_config", weights.map(|all| object([("additional_version_weights", sorted(all).told())])))
            .output("arn", arn)
            .output("invoke_arn", invoke_arn(aws, arn));
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("`function_name` and `name` are needed"))?;
        let (function, name) = parts(&remote)?;
        let call = task.aws.lambda().create_alias().function_name(function).name(name);
        let call = call
            .function_version(task.inputs.need("function_version")?)
            .set_description(task.inputs.owned("description"))
            .routing_config(routing(task.inputs));
        call.send().await.of("lambda:CreateAlias").exists_on("ResourceConflictException")?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        let (function, name) = parts(remote)?;
        let call = task.aws.lambda().update_alias().function_name(function).name(name);
        let call = call
            .function_version(task.inputs.need("function_version")?)
            .description(task.inputs.text("description").unwrap_or_default())
            .routing_config(routing(task.inputs));
        call.send().await.of("lambda:UpdateAlias").busy_on(&["ResourceConflictException"])?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (function, name) = parts(remote)?;
        let call = aws.lambda().delete_alias().function_name(function).name(name);
        call.send().await.of("lambda:DeleteAlias").busy_on(&["ResourceConflictException"]).or_gone()
    }
}

fn parts(remote: &str) -> Result<(&str, &str), Fault> {
    remote.split_once('/').ok_or_else(|| Fault::rejected(format!("`{remote}` is not `FUNCTION/ALIAS`")))
}

/// No weights take away those there were.
fn routing(inputs: Fields<'_>) -> AliasRoutingConfiguration {
    let weights =
        inputs.object("routing_config").and_then(|it| it.get("additional_version_weights")).and_then(Known::as_map);
    let weight =
        |(version, weight): (&String, &Value<_>)| Some((version.clone(), exposed(weight).as_number()?.to_f64()));
    let weights: HashMap<String, f64> = weights.into_iter().flatten().filter_map(weight).collect();
    AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build()
}
