//! `aws_scheduler_schedule`.

mod target;

use async_trait::async_trait;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::primitives::{DateTime, DateTimeFormat};
use aws_sdk_scheduler::types::{ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, ScheduleState};
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Fault, Planned};

use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted, built};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::{Seen, Told, filled, object};
use crate::settings::object_type;

/// The group that every account has.
const DEFAULT_GROUP: &str = "default";

/// The kind. AWS knows it by `GROUP/SCHEDULE`.
pub struct Schedule;

#[async_trait]
impl Kind for Schedule {
    fn describe(&self) -> Described {
        let attributes = [itself(), times()].concat();
        Described::new("what is called at times", RecoveryClass::Name, attributes)
            .named("name", 64)
            .imported_by("`GROUP/SCHEDULE`, or `SCHEDULE` in the group `default`")
            .needs(&[
                "iam:PassRole",
                "scheduler:CreateSchedule",
                "scheduler:DeleteSchedule",
                "scheduler:GetSchedule",
                "scheduler:UpdateSchedule",
            ])
    }

    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        by_schema(schema, prior, &target::spelled_out(desired))
    }

    fn validate(&self, check: &mut Check<'_>) {
        limits::schedule(check, "schedule_expression", &["rate", "cron", "at"]);
        // `FlexibleTimeWindow` in the EventBridge Scheduler API reference.
        let window = |name: &str| check.get("flexible_time_window").and_then(|it| it.get(name));
        let mode = window("mode").and_then(Partial::as_str);
        let minutes = window("maximum_window_in_minutes").filter(|value| !value.is_null());
        let is_known_mode = mode.is_none_or(|mode| ["OFF", "FLEXIBLE"].contains(&mode));
        let fits = mode.is_none_or(|mode| (mode == "FLEXIBLE") == minutes.is_some());
        let length = minutes.and_then(Partial::as_number).and_then(|it| it.as_i64());
        if !is_known_mode || !fits || length.is_some_and(|length| !(1..=1_440).contains(&length)) {
            check.refuse(
                "the window of a schedule does not fit its mode",
                "write `{ mode = \"OFF\" }`, or `{ mode = \"FLEXIBLE\", maximum_window_in_minutes = 15 }` with 1 to 1440 minutes",
            );
        }
        target::check(check);
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        let group = task.inputs.text("group_name").unwrap_or(DEFAULT_GROUP);
        Some(format!("{group}/{}", task.inputs.text("name")?))
    }

    fn imported(&self, id: &str) -> String {
        if id.contains('/') { id.to_owned() } else { format!("{DEFAULT_GROUP}/{id}") }
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (group, name) = parts(remote)?;
        let answer = aws.scheduler().get_schedule().group_name(group).name(name).send().await;
        let answer = answer.of("scheduler:GetSchedule").or_absent()?;
        Ok(answer.map(|schedule| shown(&schedule).input("name", name).input("group_name", group)))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("`name` is needed"))?;
        let ((group, name), inputs) = (parts(&remote)?, task.inputs);
        let call = task.aws.scheduler().create_schedule().group_name(group).name(name).client_token(task.token());
        call.schedule_expression(inputs.need("schedule_expression")?)
            .set_schedule_expression_timezone(inputs.owned("schedule_expression_timezone"))
            .set_start_date(moment(inputs, "start_date")?)
            .set_end_date(moment(inputs, "end_date")?)
            .set_description(inputs.owned("description"))
            .set_kms_key_arn(inputs.owned("kms_key_arn"))
            .set_state(inputs.text("state").map(ScheduleState::from))
            .set_action_after_completion(inputs.text("action_after_completion").map(ActionAfterCompletion::from))
            .flexible_time_window(window(inputs)?)
            .target(target::target(inputs)?)
            .send()
            .await
            .of("scheduler:CreateSchedule")
            .exists_on("ConflictException")?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        let ((group, name), inputs) = (parts(remote)?, task.inputs);
        // What an update leaves out is taken away. It has no token: it bears repetition, and a token would not.
        let call = task.aws.scheduler().update_schedule().group_name(group).name(name);
        call.schedule_expression(inputs.need("schedule_expression")?)
            .set_schedule_expression_timezone(inputs.owned("schedule_expression_timezone"))
            .set_start_date(moment(inputs, "start_date")?)
            .set_end_date(moment(inputs, "end_date")?)
            .set_description(inputs.owned("description"))
            .set_kms_key_arn(inputs.owned("kms_key_arn"))
            .set_state(inputs.text("state").map(ScheduleState::from))
            .set_action_after_completion(inputs.text("action_after_completion").map(ActionAfterCompletion::from))
            .flexible_time_window(window(inputs)?)
            .target(target::target(inputs)?)
            .send()
            .await
            .of("scheduler:UpdateSchedule")
            .busy_on(&["ConflictException"])?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (group, name) = parts(remote)?;
        let call = aws.scheduler().delete_schedule().group_name(group).name(name);
        call.send().await.of("scheduler:DeleteSchedule").busy_on(&["ConflictException"]).or_gone()
    }
}

fn itself() -> Vec<(&'static str, Attribute)> {
    let text = |description| Attribute::optional(Type::String, description);
    let letters = || Rule::Matches("[0-9A-Za-z_.-]+", "letters, digits and `-_.`");
    vec![
        (
            "name",
            // `Name` and `ScheduleGroupName` in the EventBridge Scheduler service model.
            Attribute::optional_computed(Type::String, "its name, unique in the group; made when none is given")
                .immutable()
                .rule(Rule::Length(1, 64))
                .rule(letters()),
        ),
        (
            "group_name",
            text("the group that it belongs to")
                .default(Value::string(DEFAULT_GROUP))
                .immutable()
                .rule(Rule::Length(1, 64))
                .rule(letters()),
        ),
        // `Description`.
        ("description", text("what it is for").rule(Rule::Length(0, 512))),
        (
            "state",
            text("whether it is in force")
                .default(Value::string("ENABLED"))
                .rule(Rule::OneOf(&["ENABLED", "DISABLED"])),
        ),
        ("kms_key_arn", text("the ARN of the key that encrypts it").rule(limits::arn())),
        ("target", Attribute::required(target::target_type(), "what is called, with which role and what input")),
        ("arn", Attribute::computed(Type::String, "its ARN").stays()),
    ]
}

fn times() -> Vec<(&'static str, Attribute)> {
    let text = |description| Attribute::optional(Type::String, description);
    let moment = |description| {
        Attribute::optional(Type::String, description).rule(Rule::Matches(
            "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
            "a moment such as `2030-01-01T00:00:00Z`",
        ))
    };
    let window = object_type(&[("mode", Type::String, true), ("maximum_window_in_minutes", Type::Number, false)]);
    vec![
        (
            "schedule_expression",
            // `ScheduleExpression`.
            Attribute::required(Type::String, "when: `rate(…)`, `cron(…)` or, once, `at(…)`")
                .rule(Rule::Length(1, 256)),
        ),
        (
            "schedule_expression_timezone",
            // `ScheduleExpressionTimezone`.
            text("the time zone of the expression").default(Value::string("UTC")).rule(Rule::Length(1, 50)),
        ),
        ("start_date", moment("the moment before which it calls nothing")),
        ("end_date", moment("the moment after which it calls nothing")),
        (
            "flexible_time_window",
            Attribute::required(window, "how late a call may be: `mode` `OFF`, or `FLEXIBLE` and minutes"),
        ),
        (
            "action_after_completion",
            text("what becomes of it after its last call")
                .default(Value::string("NONE"))
                .rule(Rule::OneOf(&["NONE", "DELETE"])),
        ),
    ]
}

/// A moment as the service takes it.
fn moment(inputs: Fields<'_>, name: &str) -> Result<Option<DateTime>, Fault> {
    let parsed = |text: &str| DateTime::from_str(text, DateTimeFormat::DateTime);
    let wrong = |error| Fault::rejected(format!("`{name}` is no moment: {error}; write `2030-01-01T00:00:00Z`"));
    inputs.text(name).map(parsed).transpose().map_err(wrong)
}

fn window(inputs: Fields<'_>) -> Result<FlexibleTimeWindow, Fault> {
    let fields = inputs.object("flexible_time_window").unwrap_or(Fields(&Known::Null));
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::from(fields.need("mode")?));
    built(window.set_maximum_window_in_minutes(fields.int("maximum_window_in_minutes")).build())
}

fn shown(schedule: &GetScheduleOutput) -> Seen {
    let moment = |at: Option<&DateTime>| at.and_then(|at| at.fmt(DateTimeFormat::DateTime).ok()).told();
    let window = schedule.flexible_time_window().map(|window| {
        object([
            ("mode", window.mode().as_str().told()),
            ("maximum_window_in_minutes", window.maximum_window_in_minutes().told()),
        ])
    });
    Seen::new()
        .input("description", filled(schedule.description()))
        .input("state", schedule.state().map(ScheduleState::as_str))
        .input("kms_key_arn", filled(schedule.kms_key_arn()))
        .input("target", schedule.target().map(target::shown).told())
        .input("schedule_expression", schedule.schedule_expression())
        .input("schedule_expression_timezone", schedule.schedule_expression_timezone().unwrap_or("UTC"))
        .input("start_date", moment(schedule.start_date()))
        .input("end_date", moment(schedule.end_date()))
        .input("flexible_time_window", window.told())
        .input(
            "action_after_completion",
            schedule.action_after_completion().map_or("NONE", ActionAfterCompletion::as_str),
        )
        .output("arn", schedule.arn())
}

fn parts(remote: &str) -> Result<(&str, &str), Fault> {
    remote.split_once('/').ok_or_else(|| Fault::rejected(format!("`{remote}` is not `GROUP/SCHEDULE`")))
}
