//! Scaling in steps, each for a range of the metric beyond an alarm's threshold.

use aws_sdk_applicationautoscaling::types::{
    AdjustmentType, MetricAggregationType, StepAdjustment, StepScalingPolicyConfiguration as Steps,
};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use crate::failure::built;
use crate::fields::Fields;
use crate::kind::Check;
use crate::seen::{Told, object};
use crate::settings::object_type;

/// What the steps look like.
pub fn steps_type() -> Type {
    let step = object_type(&[
        ("scaling_adjustment", Type::Number, true),
        ("metric_interval_lower_bound", Type::Number, false),
        ("metric_interval_upper_bound", Type::Number, false),
    ]);
    object_type(&[
        ("adjustment_type", Type::String, true),
        ("step_adjustment", Type::list(step), true),
        ("cooldown", Type::Number, false),
        ("metric_aggregation_type", Type::String, false),
        ("min_adjustment_magnitude", Type::Number, false),
    ])
}

/// What the service would refuse. Source: `StepScalingPolicyConfiguration` in the Application Auto Scaling service model.
pub fn check(check: &mut Check<'_>) {
    let text = |name: &str| check.get("step_scaling_policy_configuration")?.get(name)?.as_str();
    let kinds = ["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"];
    let is_wrong_kind = text("adjustment_type").is_some_and(|text| !kinds.contains(&text));
    let is_wrong_sum =
        text("metric_aggregation_type").is_some_and(|text| !["Average", "Minimum", "Maximum"].contains(&text));
    let steps = check.get("step_scaling_policy_configuration").and_then(|it| it.get("step_adjustment"));
    let is_empty = steps.and_then(Partial::as_list).is_some_and(<[Partial]>::is_empty);
    if is_wrong_kind {
        check.refuse("`adjustment_type` is none of those there are", format!("write one of {}", kinds.join(", ")));
    }
    if is_wrong_sum {
        check.refuse("`metric_aggregation_type` is none of those there are", "write Average, Minimum or Maximum");
    }
    if is_empty {
        check.refuse("a policy of steps needs a `step_adjustment`", "write one");
    }
}

/// The steps as they are wanted.
pub fn steps(fields: Fields<'_>) -> Result<Steps, Fault> {
    let steps = fields.objects("step_adjustment").into_iter().map(step).collect::<Result<Vec<_>, Fault>>()?;
    Ok(Steps::builder()
        .set_adjustment_type(fields.text("adjustment_type").map(AdjustmentType::from))
        .set_step_adjustments(Some(steps))
        .set_cooldown(fields.int("cooldown"))
        .set_metric_aggregation_type(fields.text("metric_aggregation_type").map(MetricAggregationType::from))
        .set_min_adjustment_magnitude(fields.int("min_adjustment_magnitude"))
        .build())
}

fn step(fields: Fields<'_>) -> Result<StepAdjustment, Fault> {
    let step = StepAdjustment::builder()
        .set_metric_interval_lower_bound(fields.float("metric_interval_lower_bound"))
        .set_metric_interval_upper_bound(fields.float("metric_interval_upper_bound"));
    built(step.set_scaling_adjustment(fields.int("scaling_adjustment")).build())
}

/// The steps as they are.
pub fn shown(steps: &Steps) -> Known {
    let adjustments = steps.step_adjustments().iter().map(shown_step).collect();
    object([
        ("adjustment_type", steps.adjustment_type().map(AdjustmentType::as_str).told()),
        ("step_adjustment", Value::List(adjustments)),
        ("cooldown", steps.cooldown().told()),
        ("metric_aggregation_type", steps.metric_aggregation_type().map(MetricAggregationType::as_str).told()),
        ("min_adjustment_magnitude", steps.min_adjustment_magnitude().told()),
    ])
}

fn shown_step(step: &StepAdjustment) -> Known {
    object([
        ("scaling_adjustment", step.scaling_adjustment().told()),
        ("metric_interval_lower_bound", step.metric_interval_lower_bound().told()),
        ("metric_interval_upper_bound", step.metric_interval_upper_bound().told()),
    ])
}
