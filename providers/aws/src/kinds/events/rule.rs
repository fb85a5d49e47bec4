//! `aws_cloudwatch_event_rule`.

use async_trait::async_trait;
use aws_sdk_eventbridge::operation::put_rule::builders::PutRuleFluentBuilder as Put;
use aws_sdk_eventbridge::types::RuleState;
use siac_core::model::schema::{Attribute, Normalisation, RecoveryClass, Rule as Limit};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};
use siac_core::ports::Fault;

use super::{DEFAULT_BUS, bus_attribute, name_rules, retag, shown_arn, tags, tags_of};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::{Seen, filled};

/// The kind. AWS knows it by `BUS/RULE`.
pub struct Rule;

#[async_trait]
impl Kind for Rule {
    fn describe(&self) -> Described {
        let text = |description| Attribute::optional(Type::String, description);
        let attributes = [
            (
                "name",
                name_rules(Attribute::optional_computed(
                    Type::String,
                    "its name, unique on the bus; made when none is given",
                ))
                .immutable(),
            ),
            ("event_bus_name", bus_attribute()),
            (
                "event_pattern",
                // `EventPattern` in the EventBridge service model.
                text("the events it is for: a JSON document")
                    .normalised(Normalisation::Json)
                    .rule(Limit::Length(1, 4_096)),
            ),
            (
                "schedule_expression",
                text("when it makes an event of its own: `rate(…)` or `cron(…)`").rule(Limit::Length(1, 256)),
            ),
            // `RuleDescription`.
            ("description", text("what it is for").rule(Limit::Length(0, 512))),
            ("role_arn", text("the role that its targets are called with").rule(limits::arn())),
            (
                "state",
                text("whether it is in force").default(Value::string("ENABLED")).rule(Limit::OneOf(&[
                    "ENABLED",
                    "DISABLED",
                    "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
                ])),
            ),
            (
                "force_destroy",
                Attribute::optional(Type::Bool, "whether it is deleted even when an AWS service made it")
                    .default(Value::Bool(false))
                    .write_only(),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
        ];
        Described::new("a rule of an event bus", RecoveryClass::Put, attributes)
            .named("name", 64)
            .tagged()
            .imported_by("`BUS/RULE`, or `RULE` on the bus `default`")
            .needs(&[
                "events:DeleteRule",
                "events:DescribeRule",
                "events:ListTagsForResource",
                "events:PutRule",
                "events:TagResource",
                "events:UntagResource",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        // `PutRule` in the EventBridge API reference.
        if !check.has("event_pattern") && !check.has("schedule_expression") {
            check.refuse("a rule needs an `event_pattern` or a `schedule_expression`", "set one of them");
        }
        let is_elsewhere = check.text("event_bus_name").is_some_and(|bus| bus != DEFAULT_BUS);
        if is_elsewhere && check.has("schedule_expression") {
            check.refuse("only the bus `default` has schedules", "use `aws_scheduler_schedule`");
        }
        check.json("event_pattern");
        limits::schedule(check, "schedule_expression", &["rate", "cron"]);
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        let bus = task.inputs.text("event_bus_name").unwrap_or(DEFAULT_BUS);
        Some(format!("{bus}/{}", task.inputs.text("name")?))
    }

    fn imported(&self, id: &str) -> String {
        if id.contains('/') { id.to_owned() } else { format!("{DEFAULT_BUS}/{id}") }
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (bus, name) = parts(remote)?;
        let answer = aws.events().describe_rule().event_bus_name(bus).name(name).send().await;
        let Some(rule) = answer.of("events:DescribeRule").or_absent()? else { return Ok(None) };
        let Some(tags) = tags_of(aws, rule.arn().unwrap_or_default()).await? else { return Ok(None) };
        let seen = Seen::new()
            .input("name", name)
            .input("event_bus_name", bus)
            .input("event_pattern", filled(rule.event_pattern()))
            .input("schedule_expression", filled(rule.schedule_expression()))
            .input("description", filled(rule.description()))
            .input("role_arn", filled(rule.role_arn()))
            .input("state", rule.state().map(RuleState::as_str))
            .output("arn", rule.arn())
            .tags(tags);
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("`name` is needed"))?;
        put(task, &remote)?.set_tags(Some(tags(task.tags())?)).send().await.of("events:PutRule")?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        if !task.differing(seen).is_empty() {
            // Putting a rule again leaves its tags and targets alone.
            put(task, remote)?.send().await.of("events:PutRule")?;
        }
        retag(task, shown_arn(seen), seen).await
    }

    async fn remove(&self, aws: &Account, remote: &str, object: &Object) -> Result<(), Fault> {
        let (bus, name) = parts(remote)?;
        let is_forced = object.inputs.get("force_destroy").and_then(Partial::as_bool) == Some(true);
        let call = aws.events().delete_rule().event_bus_name(bus).name(name).force(is_forced);
        call.send().await.of("events:DeleteRule").or_gone()
    }
}

/// The rule as it is wanted, its tags left out.
fn put(task: &Task<'_>, remote: &str) -> Result<Put, Fault> {
    let ((bus, name), inputs) = (parts(remote)?, task.inputs);
    let call = task.aws.events().put_rule().event_bus_name(bus).name(name);
    Ok(call
        .set_event_pattern(inputs.owned("event_pattern"))
        .set_schedule_expression(inputs.owned("schedule_expression"))
        .description(inputs.text("description").unwrap_or_default())
        .set_role_arn(inputs.owned("role_arn"))
        .set_state(inputs.text("state").map(RuleState::from)))
}

/// The bus and the rule. The name of a partner's bus, and an ARN, have `/` in them; that of a rule has not.
pub fn parts(remote: &str) -> Result<(&str, &str), Fault> {
    remote.rsplit_once('/').ok_or_else(|| Fault::rejected(format!("`{remote}` is not `BUS/RULE`")))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn rules_are_named_with_their_bus() {
        assert_eq!(parts("default/nightly").unwrap(), ("default", "nightly"));
        assert_eq!(parts("aws.partner/a/b/rule").unwrap(), ("aws.partner/a/b", "rule"));
        assert!(parts("nightly").is_err());
    }
}
