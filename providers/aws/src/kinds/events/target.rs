//! `aws_cloudwatch_event_target`.

mod delivery;

use async_trait::async_trait;
use aws_sdk_eventbridge::types::Target as Shown;
use siac_core::model::schema::{Attribute, Normalisation, RecoveryClass, Rule as Limit};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::ports::Fault;

use super::{DEFAULT_BUS, bus_attribute, dead_letter_type, name_rules, rule};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::Seen;

/// The kind. AWS knows it by `BUS/RULE/TARGET`.
pub struct Target;

#[async_trait]
impl Kind for Target {
    fn describe(&self) -> Described {
        let text = |description| Attribute::optional(Type::String, description);
        let attributes = [
            (
                "target_id",
                name_rules(Attribute::optional_computed(
                    Type::String,
                    "its name, unique in the rule; made when none is given",
                ))
                .immutable(),
            ),
            ("rule", name_rules(Attribute::required(Type::String, "the name of the rule").immutable())),
            ("event_bus_name", bus_attribute()),
            ("arn", Attribute::required(Type::String, "the ARN of what is called").rule(limits::arn())),
            ("role_arn", text("the role that it is called with").rule(limits::arn())),
            (
                "input",
                // `TargetInput` and `TargetInputPath` in the EventBridge service model.
                text("what it is given instead of the event: a JSON document")
                    .normalised(Normalisation::Json)
                    .rule(Limit::Length(1, 8_192)),
            ),
            ("input_path", text("the part of the event that it is given").rule(Limit::Length(1, 256))),
            (
                "input_transformer",
                Attribute::optional(delivery::transformer_type(), "what it is given, made of parts of the event"),
            ),
            (
                "retry_policy",
                Attribute::optional(delivery::retry_type(), "how long and how often a delivery is tried again"),
            ),
            (
                "dead_letter_config",
                Attribute::optional(dead_letter_type(), "the queue for events that cannot be delivered"),
            ),
            ("sqs_target", Attribute::optional(delivery::sqs_type(), "the message group of a FIFO queue")),
            ("kinesis_target", Attribute::optional(delivery::kinesis_type(), "the partition key of a stream")),
            (
                "http_target",
                Attribute::optional(delivery::http_type(), "the parameters of an API or an API destination"),
            ),
        ];
        Described::new("a target of a rule", RecoveryClass::Put, attributes)
            .named("target_id", 64)
            .imported_by("`BUS/RULE/TARGET`")
            .needs(&["events:ListTargetsByRule", "events:PutTargets", "events:RemoveTargets"])
    }

    fn validate(&self, check: &mut Check<'_>) {
        check.json("input");
        let inputs = ["input", "input_path", "input_transformer"].into_iter().filter(|name| check.has(name)).count();
        // `Target` in the EventBridge API reference.
        if inputs > 1 {
            check.refuse("`input`, `input_path` and `input_transformer` exclude each other", "keep one of them");
        }
        delivery::check(check);
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        let bus = task.inputs.text("event_bus_name").unwrap_or(DEFAULT_BUS);
        Some(format!("{bus}/{}/{}", task.inputs.text("rule")?, task.inputs.text("target_id")?))
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (bus, rule, id) = parts(remote)?;
        let call = aws.events().list_targets_by_rule().event_bus_name(bus).rule(rule);
        // A rule has five targets, and a hundred at most: one page.
        let answer = call.send().await.of("events:ListTargetsByRule").or_absent()?;
        let target = answer.iter().flat_map(|answer| answer.targets()).find(|target| target.id() == id);
        let place = |seen: Seen| seen.input("rule", rule).input("event_bus_name", bus).input("target_id", id);
        Ok(target.map(|target: &Shown| place(delivery::shown(target))))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("`rule` and `target_id` are needed"))?;
        put(task, &remote).await?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        Ok(put(task, remote).await?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (bus, rule, id) = parts(remote)?;
        let call = aws.events().remove_targets().event_bus_name(bus).rule(rule).ids(id);
        let Some(answer) = call.send().await.of("events:RemoveTargets").or_absent()? else { return Ok(()) };
        let failed = answer.failed_entries().first();
        failed.map_or(Ok(()), |entry| Err(failure("events:RemoveTargets", entry.error_code(), entry.error_message())))
    }
}

async fn put(task: &Task<'_>, remote: &str) -> Result<(), Failure> {
    let (bus, rule, id) = parts(remote)?;
    let target = delivery::target(task.inputs, id)?;
    let call = task.aws.events().put_targets().event_bus_name(bus).rule(rule).targets(target);
    let answer = call.send().await.of("events:PutTargets")?;
    match answer.failed_entries().first() {
        Some(entry) => Err(failure("events:PutTargets", entry.error_code(), entry.error_message()).into()),
        None => Ok(()),
    }
}

/// An entry that failed within a call that went well.
fn failure(action: &str, code: Option<&str>, message: Option<&str>) -> Fault {
    let (code, message) = (code.unwrap_or("no code"), message.unwrap_or("no reason"));
    let why = format!("`{action}` was answered with {code}: {message}");
    match code {
        "ConcurrentModificationException" | "InternalException" => Fault::transient(why),
        _ => Fault::rejected(why),
    }
}

/// The bus, the rule and the target.
fn parts(remote: &str) -> Result<(&str, &str, &str), Fault> {
    let malformed = || Fault::rejected(format!("`{remote}` is not `BUS/RULE/TARGET`"));
    let (rest, id) = remote.rsplit_once('/').ok_or_else(malformed)?;
    let (bus, rule) = rule::parts(rest).map_err(|_| malformed())?;
    Ok((bus, rule, id))
}
