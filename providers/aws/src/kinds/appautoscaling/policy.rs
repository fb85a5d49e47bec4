//! `aws_appautoscaling_policy`.

mod steps;
mod tracking;

use async_trait::async_trait;
use aws_sdk_applicationautoscaling::types::{Alarm, PolicyType, ScalableDimension, ScalingPolicy, ServiceNamespace};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Fault;

use super::{ABSENT, BUSY, place, target};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, Told, texts};

/// The kind. AWS knows it by `NAMESPACE/RESOURCE/DIMENSION/POLICY`.
pub struct Policy;

#[async_trait]
impl Kind for Policy {
    fn describe(&self) -> Described {
        let own = vec![
            (
                "name",
                // `PolicyName` in the Application Auto Scaling service model.
                Attribute::optional_computed(
                    Type::String,
                    "its name, unique for what is scaled; made when none is given",
                )
                .immutable()
                .rule(Rule::Length(1, 256))
                .rule(Rule::Matches("[ -.0-~]+", "printable letters but `/`")),
            ),
            (
                "policy_type",
                Attribute::optional(Type::String, "how it decides")
                    .default(Value::string("StepScaling"))
                    .immutable()
                    .rule(Rule::OneOf(&["StepScaling", "TargetTrackingScaling"])),
            ),
            (
                "step_scaling_policy_configuration",
                Attribute::optional(steps::steps_type(), "the steps that alarms make it take"),
            ),
            (
                "target_tracking_scaling_policy_configuration",
                Attribute::optional(tracking::tracking_type(), "the metric that it keeps at a value"),
            ),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            (
                "alarm_arns",
                Attribute::computed(Type::list(Type::String), "the ARNs of the alarms that it has made for itself"),
            ),
        ];
        Described::new("when something is scaled", RecoveryClass::Put, [place(), own].concat())
            .named("name", 256)
            .imported_by("`NAMESPACE/RESOURCE/DIMENSION/POLICY`")
            .needs(&[
                "application-autoscaling:DeleteScalingPolicy",
                "application-autoscaling:DescribeScalingPolicies",
                "application-autoscaling:PutScalingPolicy",
                "cloudwatch:DeleteAlarms",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:PutMetricAlarm",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        // `PutScalingPolicy` in the Application Auto Scaling API reference.
        check.exactly_one(&["step_scaling_policy_configuration", "target_tracking_scaling_policy_configuration"]);
        let is_tracking = check.text("policy_type") == Some("TargetTrackingScaling");
        let has_tracking = check.has("target_tracking_scaling_policy_configuration");
        if check.text("policy_type").is_some() && is_tracking != has_tracking {
            check.refuse(
                "the configuration is not that of the `policy_type`",
                "`TargetTrackingScaling` goes with `target_tracking_scaling_policy_configuration`, `StepScaling` with `step_scaling_policy_configuration`",
            );
        }
        tracking::check(check);
        steps::check(check);
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        Some(format!("{}/{}", target::Target.remote(task)?, task.inputs.text("name")?))
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let ((namespace, resource, dimension), name) = parts(remote)?;
        let call = aws.applicationautoscaling().describe_scaling_policies();
        let call = call.service_namespace(ServiceNamespace::from(namespace)).resource_id(resource);
        let call = call.scalable_dimension(ScalableDimension::from(dimension)).policy_names(name);
        let answer = call.send().await.of("application-autoscaling:DescribeScalingPolicies")?;
        let policy = answer.scaling_policies().iter().find(|policy| policy.policy_name() == name);
        Ok(policy.map(shown))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("what is scaled, or a name, is missing"))?;
        put(task, &remote).await?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        Ok(put(task, remote).await?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let ((namespace, resource, dimension), name) = parts(remote)?;
        let call = aws.applicationautoscaling().delete_scaling_policy().policy_name(name);
        let call = call.service_namespace(ServiceNamespace::from(namespace)).resource_id(resource);
        let call = call.scalable_dimension(ScalableDimension::from(dimension));
        let gone = call.send().await.of("application-autoscaling:DeleteScalingPolicy");
        gone.busy_on(&BUSY).absent_on(&ABSENT).or_gone()
    }
}

async fn put(task: &Task<'_>, remote: &str) -> Result<(), Failure> {
    let (((namespace, resource, dimension), name), inputs) = (parts(remote)?, task.inputs);
    let stepping = inputs.object("step_scaling_policy_configuration").map(steps::steps).transpose()?;
    let tracking = inputs.object("target_tracking_scaling_policy_configuration").map(tracking::tracking).transpose()?;
    let call = task.aws.applicationautoscaling().put_scaling_policy().policy_name(name);
    call.service_namespace(ServiceNamespace::from(namespace))
        .resource_id(resource)
        .scalable_dimension(ScalableDimension::from(dimension))
        .set_policy_type(inputs.text("policy_type").map(PolicyType::from))
        .set_step_scaling_policy_configuration(stepping)
        .set_target_tracking_scaling_policy_configuration(tracking)
        .send()
        .await
        .of("application-autoscaling:PutScalingPolicy")
        .busy_on(&BUSY)?;
    Ok(())
}

fn shown(policy: &ScalingPolicy) -> Seen {
    let alarms: Vec<&str> = policy.alarms().iter().map(Alarm::alarm_arn).collect();
    let tracking = policy.target_tracking_scaling_policy_configuration().map(tracking::shown);
    Seen::new()
        .input("service_namespace", policy.service_namespace().as_str())
        .input("resource_id", policy.resource_id())
        .input("scalable_dimension", policy.scalable_dimension().as_str())
        .input("name", policy.policy_name())
        .input("policy_type", policy.policy_type().as_str())
        .input("step_scaling_policy_configuration", policy.step_scaling_policy_configuration().map(steps::shown).told())
        .input("target_tracking_scaling_policy_configuration", tracking.told())
        .output("arn", policy.policy_arn())
        .output("alarm_arns", texts(&alarms))
}

/// What is scaled, and the policy.
fn parts(remote: &str) -> Result<((&str, &str, &str), &str), Fault> {
    let malformed = || Fault::rejected(format!("`{remote}` is not `NAMESPACE/RESOURCE/DIMENSION/POLICY`"));
    let (place, name) = remote.rsplit_once('/').ok_or_else(malformed)?;
    Ok((target::parts(place).map_err(|_| malformed())?, name))
}
