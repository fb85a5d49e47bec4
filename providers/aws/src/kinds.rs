//! The kinds: a row in one of the tables below, and a small file each, ordered by service.
//!
//! # How to add a kind
//!
//! 1. Write `kinds/SERVICE/KIND.rs` with a unit struct that implements [`Kind`](crate::kind::Kind), after the model of
//!    [`log_group`](logs::log_group) (tags, a setting in a second call) or [`role_policy`](iam::role_policy) (a part of another object):
//!    - `describe`: the attributes, named and meant as in Terraform's provider, with rules whose comments name the source of each limit; the
//!      recovery class; `.tagged()` when the create call takes tags; `.named(ATTRIBUTE, MOST)` when we choose a name; `.setting()` when the
//!      owner always has it; `.settles(…)` when making it takes a second call or a wait; `.needs(&[…])`: the permissions.
//!    - `look`: one object as [`Seen`](crate::seen::Seen), null where there is nothing. An attribute that the service fills in when the stack
//!      leaves it out is `optional_computed`; inside such an object the service may fill in what it likes.
//!      Where one call shows all of something's parts, looks at them ask [`Together`](crate::together::Together), as those at a
//!      [`route`](apigatewayv2::route) do.
//!    - `make`: one call, with `task.tags()` where it takes tags and `task.token()` where it takes a token. A code that means "exists" only
//!      there is told with [`exists_on`](crate::failure::Sorted::exists_on).
//!    - `settle`, `change`, `remove`: calls that bear repetition. `task.differing(seen)` says what is to be changed, `task.retagging(seen)`
//!      which tags.
//!    - `remote` where we choose the name, or `candidates` where the service does: how recovery finds what was made.
//! 2. Add its row here.
//! 3. Add its row to `tests/conformance/rows.rs`: a stack, a change, what to disturb. The table in `docs/reference/aws.md` is checked
//!    against these rows: `SIAC_UPDATE_DOCS=1 cargo test -p siac-provider-aws --test documents` writes it anew.
//!
//! Names: `.of("service:Action")` after each call names the call as IAM does; the text is shown in errors, and is the permission that
//! is missing when access is denied.

use crate::kind::{Data, Kind};

pub mod acm;
pub mod apigatewayv2;
pub mod appautoscaling;
pub mod cloudcontrol;
pub mod cloudwatch;
pub mod dynamodb;
pub mod ec2;
pub mod events;
pub mod iam;
pub mod identity;
pub mod kms;
pub mod lambda;
pub mod logs;
pub mod route53;
pub mod s3;
pub mod scheduler;
pub mod secretsmanager;
pub mod sns;
pub mod sqs;
pub mod ssm;

/// The kinds of resources, by name.
pub fn kinds() -> Vec<(&'static str, Box<dyn Kind>)> {
    vec![
        ("aws_acm_certificate", Box::new(acm::certificate::Certificate)),
        ("aws_acm_certificate_validation", Box::new(acm::validation::Validation)),
        ("aws_apigatewayv2_api", Box::new(apigatewayv2::api::Api)),
        ("aws_apigatewayv2_api_mapping", Box::new(apigatewayv2::api_mapping::ApiMapping)),
        ("aws_apigatewayv2_authorizer", Box::new(apigatewayv2::authorizer::Authorizer)),
        ("aws_apigatewayv2_deployment", Box::new(apigatewayv2::deployment::Deployment)),
        ("aws_apigatewayv2_domain_name", Box::new(apigatewayv2::domain_name::DomainName)),
        ("aws_apigatewayv2_integration", Box::new(apigatewayv2::integration::Integration::default())),
        ("aws_apigatewayv2_integration_response", Box::new(apigatewayv2::integration_response::IntegrationResponse)),
        ("aws_apigatewayv2_route", Box::new(apigatewayv2::route::Route::default())),
        ("aws_apigatewayv2_route_response", Box::new(apigatewayv2::route_response::RouteResponse)),
        ("aws_apigatewayv2_stage", Box::new(apigatewayv2::stage::Stage)),
        ("aws_appautoscaling_policy", Box::new(appautoscaling::policy::Policy)),
        ("aws_appautoscaling_target", Box::new(appautoscaling::target::Target)),
        ("aws_cloudwatch_dashboard", Box::new(cloudwatch::dashboard::Dashboard)),
        ("aws_cloudwatch_event_bus", Box::new(events::bus::Bus)),
        ("aws_cloudwatch_event_rule", Box::new(events::rule::Rule)),
        ("aws_cloudwatch_event_target", Box::new(events::target::Target)),
        ("aws_cloudwatch_log_group", Box::new(logs::log_group::LogGroup)),
        ("aws_cloudwatch_metric_alarm", Box::new(cloudwatch::metric_alarm::MetricAlarm)),
        ("aws_dynamodb_table", Box::new(dynamodb::table::Table)),
        ("aws_iam_policy", Box::new(iam::policy::Policy)),
        ("aws_iam_role", Box::new(iam::role::Role)),
        ("aws_iam_role_policy", Box::new(iam::role_policy::RolePolicy)),
        ("aws_iam_role_policy_attachment", Box::new(iam::role_policy_attachment::RolePolicyAttachment)),
        ("aws_kms_alias", Box::new(kms::alias::Alias)),
        ("aws_kms_key", Box::new(kms::key::Key)),
        ("aws_lambda_alias", Box::new(lambda::alias::Alias)),
        ("aws_lambda_event_source_mapping", Box::new(lambda::event_source_mapping::EventSourceMapping)),
        ("aws_lambda_function", Box::new(lambda::function::Function)),
        ("aws_lambda_function_url", Box::new(lambda::function_url::FunctionUrl)),
        ("aws_lambda_layer_version", Box::new(lambda::layer_version::LayerVersion)),
        ("aws_lambda_permission", Box::new(lambda::permission::Permission::default())),
        (
            "aws_lambda_provisioned_concurrency_config",
            Box::new(lambda::provisioned_concurrency::ProvisionedConcurrency),
        ),
        ("aws_resource", Box::new(cloudcontrol::resource::AnyResource)),
        ("aws_route53_record", Box::new(route53::record::Record)),
        ("aws_route53_zone", Box::new(route53::zone::Zone)),
        ("aws_s3_bucket", Box::new(s3::bucket::Bucket)),
        ("aws_s3_bucket_lifecycle_configuration", Box::new(s3::lifecycle::Lifecycle)),
        ("aws_s3_bucket_policy", Box::new(s3::bucket_policy::BucketPolicy)),
        ("aws_s3_bucket_public_access_block", Box::new(s3::public_access_block::PublicAccessBlock)),
        ("aws_s3_bucket_server_side_encryption_configuration", Box::new(s3::encryption::Encryption)),
        ("aws_s3_bucket_versioning", Box::new(s3::versioning::Versioning)),
        ("aws_s3_object", Box::new(s3::object::S3Object)),
        ("aws_scheduler_schedule", Box::new(scheduler::schedule::Schedule)),
        ("aws_secretsmanager_secret", Box::new(secretsmanager::secret::SecretOfManager)),
        ("aws_secretsmanager_secret_version", Box::new(secretsmanager::secret_version::SecretVersion)),
        ("aws_security_group", Box::new(ec2::security_group::SecurityGroup)),
        ("aws_sns_topic", Box::new(sns::topic::Topic)),
        ("aws_sns_topic_subscription", Box::new(sns::subscription::Subscription)),
        ("aws_sqs_queue", Box::new(sqs::queue::Queue)),
        ("aws_sqs_queue_policy", Box::new(sqs::queue_policy::QueuePolicy)),
        ("aws_ssm_parameter", Box::new(ssm::parameter::Parameter)),
    ]
}

/// The kinds of data, by name.
pub fn data() -> Vec<(&'static str, Box<dyn Data>)> {
    vec![
        ("aws_caller_identity", Box::new(identity::CallerIdentity)),
        ("aws_iam_policy_document", Box::new(iam::policy_document::PolicyDocument)),
        ("aws_lambda_function", Box::new(lambda::function_data::FunctionData)),
        ("aws_region", Box::new(identity::Region)),
        ("aws_secretsmanager_secret_version", Box::new(secretsmanager::current::SecretValue)),
        ("aws_subnet", Box::new(ec2::network::Subnet)),
        ("aws_subnets", Box::new(ec2::network::Subnets)),
        ("aws_vpc", Box::new(ec2::network::Vpc)),
    ]
}
