//! `aws_appautoscaling_target`.

use async_trait::async_trait;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ScalableTarget, ServiceNamespace, SuspendedState};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::Known;
use siac_core::ports::Fault;

use super::{ABSENT, BUSY, place};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::limits;
use crate::seen::{Seen, Told, filled, object};
use crate::settings::object_type;

/// The kind. AWS knows it by `NAMESPACE/RESOURCE/DIMENSION`.
pub struct Target;

#[async_trait]
impl Kind for Target {
    fn describe(&self) -> Described {
        let flag = |name| (name, Type::Bool, false);
        let suspended = object_type(&[
            flag("dynamic_scaling_in_suspended"),
            flag("dynamic_scaling_out_suspended"),
            flag("scheduled_scaling_suspended"),
        ]);
        // `ResourceCapacity` in the Application Auto Scaling service model.
        let capacity =
            |description| Attribute::required(Type::Number, description).rule(Rule::Between(0, 2_147_483_647));
        let own = vec![
            ("min_capacity", capacity("the least that it is scaled to")),
            ("max_capacity", capacity("the most that it is scaled to")),
            (
                "role_arn",
                Attribute::optional_computed(
                    Type::String,
                    "the role that it is scaled with; most services have one of their own",
                )
                .immutable()
                .rule(limits::arn()),
            ),
            ("suspended_state", Attribute::optional_computed(suspended, "which kinds of scaling rest")),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
        ];
        Described::new("what may be scaled, and how far", RecoveryClass::Put, [place(), own].concat())
            .imported_by("`NAMESPACE/RESOURCE/DIMENSION`")
            .needs(&[
                "application-autoscaling:DeregisterScalableTarget",
                "application-autoscaling:DescribeScalableTargets",
                "application-autoscaling:RegisterScalableTarget",
                "iam:CreateServiceLinkedRole",
                "iam:PassRole",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        if let (Some(least), Some(most)) = (check.int("min_capacity"), check.int("max_capacity"))
            && least > most
        {
            check.refuse(
                format!("`min_capacity` is {least}, and `max_capacity` only {most}"),
                "`max_capacity` is at least `min_capacity`",
            );
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        let text = |name: &str| task.inputs.text(name);
        Some(format!("{}/{}/{}", text("service_namespace")?, text("resource_id")?, text("scalable_dimension")?))
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (namespace, resource, dimension) = parts(remote)?;
        let call = aws.applicationautoscaling().describe_scalable_targets();
        let call = call.service_namespace(ServiceNamespace::from(namespace)).resource_ids(resource);
        let call = call.scalable_dimension(ScalableDimension::from(dimension));
        let answer = call.send().await.of("application-autoscaling:DescribeScalableTargets")?;
        let target = answer.scalable_targets().iter().find(|target| target.resource_id() == resource);
        Ok(target.map(shown))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("what is scaled is missing"))?;
        register(task, &remote).await?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        Ok(register(task, remote).await?)
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (namespace, resource, dimension) = parts(remote)?;
        let call = aws.applicationautoscaling().deregister_scalable_target();
        let call = call.service_namespace(ServiceNamespace::from(namespace)).resource_id(resource);
        let call = call.scalable_dimension(ScalableDimension::from(dimension));
        let gone = call.send().await.of("application-autoscaling:DeregisterScalableTarget");
        gone.busy_on(&BUSY).absent_on(&ABSENT).or_gone()
    }
}

async fn register(task: &Task<'_>, remote: &str) -> Result<(), Failure> {
    let ((namespace, resource, dimension), inputs) = (parts(remote)?, task.inputs);
    let call = task.aws.applicationautoscaling().register_scalable_target();
    call.service_namespace(ServiceNamespace::from(namespace))
        .resource_id(resource)
        .scalable_dimension(ScalableDimension::from(dimension))
        .set_min_capacity(inputs.int("min_capacity"))
        .set_max_capacity(inputs.int("max_capacity"))
        // Services with a role of their own show it, and take no other.
        .set_role_arn(inputs.owned("role_arn").filter(|role| !role.contains(":role/aws-service-role/")))
        .set_suspended_state(inputs.object("suspended_state").map(suspended))
        .send()
        .await
        .of("application-autoscaling:RegisterScalableTarget")
        .busy_on(&BUSY)?;
    Ok(())
}

fn suspended(fields: Fields<'_>) -> SuspendedState {
    SuspendedState::builder()
        .dynamic_scaling_in_suspended(fields.is("dynamic_scaling_in_suspended"))
        .dynamic_scaling_out_suspended(fields.is("dynamic_scaling_out_suspended"))
        .scheduled_scaling_suspended(fields.is("scheduled_scaling_suspended"))
        .build()
}

fn shown(target: &ScalableTarget) -> Seen {
    Seen::new()
        .input("service_namespace", target.service_namespace().as_str())
        .input("resource_id", target.resource_id())
        .input("scalable_dimension", target.scalable_dimension().as_str())
        .input("min_capacity", target.min_capacity())
        .input("max_capacity", target.max_capacity())
        .input("role_arn", filled(Some(target.role_arn())))
        .input("suspended_state", target.suspended_state().map(shown_suspended).told())
        .output("arn", target.scalable_target_arn())
}

fn shown_suspended(state: &SuspendedState) -> Known {
    object([
        ("dynamic_scaling_in_suspended", state.dynamic_scaling_in_suspended().unwrap_or(false).told()),
        ("dynamic_scaling_out_suspended", state.dynamic_scaling_out_suspended().unwrap_or(false).told()),
        ("scheduled_scaling_suspended", state.scheduled_scaling_suspended().unwrap_or(false).told()),
    ])
}

/// The service, what is scaled, and which of its figures. What is scaled may have `/` in its name; the others have not.
pub fn parts(remote: &str) -> Result<(&str, &str, &str), Fault> {
    let parts = remote.split_once('/').and_then(|(namespace, rest)| {
        let (resource, dimension) = rest.rsplit_once('/')?;
        Some((namespace, resource, dimension))
    });
    parts.ok_or_else(|| Fault::rejected(format!("`{remote}` is not `NAMESPACE/RESOURCE/DIMENSION`")))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn what_is_scaled_may_have_slashes() {
        let (table, dimension) = ("table/orders/index/by-day", "dynamodb:index:ReadCapacityUnits");
        assert_eq!(parts(&format!("dynamodb/{table}/{dimension}")).unwrap(), ("dynamodb", table, dimension));
        assert!(parts("dynamodb/table").is_err());
    }
}
