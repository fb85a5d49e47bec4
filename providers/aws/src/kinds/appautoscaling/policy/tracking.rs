//! Scaling that keeps a metric at a value.

use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification as Customized, MetricDimension, MetricStatistic, MetricType,
    PredefinedMetricSpecification as Predefined, TargetTrackingScalingPolicyConfiguration as Tracking,
};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use crate::failure::built;
use crate::fields::Fields;
use crate::kind::Check;
use crate::seen::{Told, filled, object, raised};
use crate::settings::object_type;

/// What the metric and its value look like.
pub fn tracking_type() -> Type {
    let predefined =
        object_type(&[("predefined_metric_type", Type::String, true), ("resource_label", Type::String, false)]);
    let dimension = object_type(&[("name", Type::String, true), ("value", Type::String, true)]);
    let customized = object_type(&[
        ("metric_name", Type::String, true),
        ("namespace", Type::String, true),
        ("statistic", Type::String, true),
        ("unit", Type::String, false),
        ("dimensions", Type::set(dimension), false),
    ]);
    object_type(&[
        ("target_value", Type::Number, true),
        ("predefined_metric_specification", predefined, false),
        ("customized_metric_specification", customized, false),
        ("scale_in_cooldown", Type::Number, false),
        ("scale_out_cooldown", Type::Number, false),
        ("disable_scale_in", Type::Bool, false),
    ])
}

/// What the service would refuse. Source: `TargetTrackingScalingPolicyConfiguration` in the Application Auto Scaling API reference.
pub fn check(check: &mut Check<'_>) {
    let Some(tracking) = check.get("target_tracking_scaling_policy_configuration") else { return };
    let set = |name: &str| tracking.get(name).is_some_and(|value| !value.is_null());
    let is_known = tracking.as_map().is_some();
    if is_known && set("predefined_metric_specification") == set("customized_metric_specification") {
        check.refuse(
            "a policy tracks one metric",
            "write `predefined_metric_specification` or `customized_metric_specification`",
        );
    }
    let value = tracking.get("target_value").and_then(|value| value.as_number()).map(|value| value.to_f64());
    let metric = tracking.get("predefined_metric_specification").and_then(|it| it.get("predefined_metric_type"));
    let is_share = metric.and_then(|it| it.as_str()) == Some("LambdaProvisionedConcurrencyUtilization");
    // "Target tracking scaling policies" for Lambda in the Application Auto Scaling User Guide: a share, not a percentage.
    if is_share && value.is_some_and(|value| !(0.1..=0.9).contains(&value)) {
        check.refuse("the share of provisioned concurrency is kept between 0.1 and 0.9", "write 0.7 for 70 %");
    }
}

/// The metric and its value as they are wanted.
pub fn tracking(fields: Fields<'_>) -> Result<Tracking, Fault> {
    let tracking = Tracking::builder()
        .set_target_value(fields.float("target_value"))
        .set_predefined_metric_specification(
            fields.object("predefined_metric_specification").map(predefined).transpose()?,
        )
        .set_customized_metric_specification(
            fields.object("customized_metric_specification").map(customized).transpose()?,
        )
        .set_scale_in_cooldown(fields.int("scale_in_cooldown"))
        .set_scale_out_cooldown(fields.int("scale_out_cooldown"))
        .set_disable_scale_in(fields.flag("disable_scale_in"));
    built(tracking.build())
}

fn predefined(fields: Fields<'_>) -> Result<Predefined, Fault> {
    let metric = MetricType::from(fields.need("predefined_metric_type")?);
    let specification = Predefined::builder().predefined_metric_type(metric);
    built(specification.set_resource_label(fields.owned("resource_label")).build())
}

fn customized(fields: Fields<'_>) -> Result<Customized, Fault> {
    let dimension =
        |it: Fields<'_>| built(MetricDimension::builder().name(it.need("name")?).value(it.need("value")?).build());
    let dimensions = fields.objects("dimensions").into_iter().map(dimension).collect::<Result<Vec<_>, Fault>>()?;
    Ok(Customized::builder()
        .set_metric_name(fields.owned("metric_name"))
        .set_namespace(fields.owned("namespace"))
        .set_statistic(fields.text("statistic").map(MetricStatistic::from))
        .set_unit(fields.owned("unit"))
        .set_dimensions(Some(dimensions).filter(|all| !all.is_empty()))
        .build())
}

/// The metric and its value as they are.
pub fn shown(tracking: &Tracking) -> Known {
    object([
        ("target_value", tracking.target_value().told()),
        ("predefined_metric_specification", tracking.predefined_metric_specification().map(shown_predefined).told()),
        ("customized_metric_specification", tracking.customized_metric_specification().map(shown_customized).told()),
        ("scale_in_cooldown", tracking.scale_in_cooldown().told()),
        ("scale_out_cooldown", tracking.scale_out_cooldown().told()),
        ("disable_scale_in", raised(tracking.disable_scale_in())),
    ])
}

fn shown_predefined(specification: &Predefined) -> Known {
    object([
        ("predefined_metric_type", specification.predefined_metric_type().as_str().told()),
        ("resource_label", filled(specification.resource_label())),
    ])
}

fn shown_customized(specification: &Customized) -> Known {
    let dimension = |it: &MetricDimension| object([("name", it.name().told()), ("value", it.value().told())]);
    let dimensions: Vec<Known> = specification.dimensions().iter().map(dimension).collect();
    object([
        ("metric_name", specification.metric_name().told()),
        ("namespace", specification.namespace().told()),
        ("statistic", specification.statistic().map(MetricStatistic::as_str).told()),
        ("unit", filled(specification.unit())),
        ("dimensions", if dimensions.is_empty() { Value::Null } else { Value::List(dimensions) }),
    ])
}
