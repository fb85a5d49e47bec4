//! What is scaled, and when.

use super::Row;

/// The usual emulator does not know application auto scaling.
const MOTO: &[&str] = &["applicationautoscaling"];

const TARGET: &str = r#"
    [resource.aws_appautoscaling_target.around]
    service_namespace = "lambda"
    resource_id = "function:api:live"
    scalable_dimension = "lambda:function:ProvisionedConcurrency"
    min_capacity = 1
    max_capacity = 10
"#;

/// The rows.
pub const ROWS: &[Row] = &[
    Row {
        body: r#"
            service_namespace = "lambda"
            resource_id = "function:api:live"
            scalable_dimension = "lambda:function:ProvisionedConcurrency"
            min_capacity = 1
            max_capacity = 10
        "#,
        updated: r#"
            service_namespace = "lambda"
            resource_id = "function:api:live"
            scalable_dimension = "lambda:function:ProvisionedConcurrency"
            min_capacity = 2
            max_capacity = 20
            suspended_state = { dynamic_scaling_in_suspended = true }
        "#,
        replaced: r#"
            service_namespace = "lambda"
            resource_id = "function:api:next"
            scalable_dimension = "lambda:function:ProvisionedConcurrency"
            min_capacity = 1
            max_capacity = 10
        "#,
        meddling: &[(
            "application-autoscaling",
            "register_scalable_target",
            r#"{"ServiceNamespace": "lambda", "ResourceId": "{resource_id}", "ScalableDimension": "{scalable_dimension}", "MinCapacity": 5, "MaxCapacity": 6}"#,
        )],
        made_by: "application-autoscaling.RegisterScalableTarget ",
        moto: MOTO,
        ..Row::of("aws_appautoscaling_target")
    },
    Row {
        around: TARGET,
        body: r#"
            service_namespace = "${aws_appautoscaling_target.around.service_namespace}"
            resource_id = "${aws_appautoscaling_target.around.resource_id}"
            scalable_dimension = "${aws_appautoscaling_target.around.scalable_dimension}"
            policy_type = "TargetTrackingScaling"
            target_tracking_scaling_policy_configuration = { target_value = 0.7, predefined_metric_specification = { predefined_metric_type = "LambdaProvisionedConcurrencyUtilization" } }
        "#,
        updated: r#"
            service_namespace = "${aws_appautoscaling_target.around.service_namespace}"
            resource_id = "${aws_appautoscaling_target.around.resource_id}"
            scalable_dimension = "${aws_appautoscaling_target.around.scalable_dimension}"
            policy_type = "TargetTrackingScaling"
            target_tracking_scaling_policy_configuration = { target_value = 0.6, scale_in_cooldown = 60, scale_out_cooldown = 0, customized_metric_specification = { namespace = "AWS/Lambda", metric_name = "ProvisionedConcurrencyUtilization", statistic = "Maximum", dimensions = [{ name = "FunctionName", value = "api" }, { name = "Resource", value = "api:live" }] } }
        "#,
        replaced: r#"
            service_namespace = "${aws_appautoscaling_target.around.service_namespace}"
            resource_id = "${aws_appautoscaling_target.around.resource_id}"
            scalable_dimension = "${aws_appautoscaling_target.around.scalable_dimension}"
            step_scaling_policy_configuration = { adjustment_type = "ChangeInCapacity", cooldown = 60, metric_aggregation_type = "Maximum", step_adjustment = [{ metric_interval_lower_bound = 0, metric_interval_upper_bound = 1.5, scaling_adjustment = 1 }, { metric_interval_lower_bound = 1.5, scaling_adjustment = 3 }] }
        "#,
        meddling: &[(
            "application-autoscaling",
            "put_scaling_policy",
            r#"{"ServiceNamespace": "lambda", "ResourceId": "{resource_id}", "ScalableDimension": "{scalable_dimension}", "PolicyName": "{name}", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 0.2, "PredefinedMetricSpecification": {"PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"}}}"#,
        )],
        made_by: "application-autoscaling.PutScalingPolicy ",
        moto: MOTO,
        ..Row::of("aws_appautoscaling_policy")
    },
];
