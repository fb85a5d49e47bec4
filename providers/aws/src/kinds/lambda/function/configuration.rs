//! The configuration of a function, to and from the words of Lambda.

use std::collections::BTreeMap;

use aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder as Create;
use aws_sdk_lambda::operation::update_function_configuration::builders::UpdateFunctionConfigurationFluentBuilder as Update;
use aws_sdk_lambda::types::{
    DeadLetterConfig, Environment, EphemeralStorage, FunctionConfiguration, LoggingConfig, PackageType, Runtime,
    SnapStart, TracingConfig, VpcConfig,
};
use siac_core::model::value::{Known, Value};

use super::code::architectures;
use crate::fields::Fields;
use crate::seen::{Seen, Told, filled, object, raised, texts};

fn environment(inputs: Fields<'_>) -> Environment {
    let variables = inputs.object("environment").and_then(|it| it.map("variables")).unwrap_or_default();
    Environment::builder().set_variables(Some(variables.into_iter().collect())).build()
}

fn storage(inputs: Fields<'_>) -> Option<EphemeralStorage> {
    let size = inputs.object("ephemeral_storage")?.int("size")?;
    EphemeralStorage::builder().size(size).build().ok()
}

fn logging(inputs: Fields<'_>) -> Option<LoggingConfig> {
    let fields = inputs.object("logging_config")?;
    // Levels belong to the format JSON alone.
    let level = |name: &str| fields.text(name).filter(|_| fields.text("log_format") == Some("JSON"));
    let logging = LoggingConfig::builder()
        .set_log_format(fields.text("log_format").map(Into::into))
        .set_log_group(fields.owned("log_group"))
        .set_application_log_level(level("application_log_level").map(Into::into))
        .set_system_log_level(level("system_log_level").map(Into::into));
    Some(logging.build())
}

fn tracing(inputs: Fields<'_>) -> Option<TracingConfig> {
    let mode = inputs.object("tracing_config")?.text("mode")?.into();
    Some(TracingConfig::builder().mode(mode).build())
}

fn snap_start(inputs: Fields<'_>) -> Option<SnapStart> {
    let apply_on = inputs.object("snap_start")?.text("apply_on")?.into();
    Some(SnapStart::builder().apply_on(apply_on).build())
}

/// No subnets take a function out of its VPC.
fn vpc(inputs: Fields<'_>) -> VpcConfig {
    let fields = inputs.object("vpc_config");
    let list = |name: &str| Some(fields.and_then(|it| it.texts(name)).unwrap_or_default());
    VpcConfig::builder()
        .set_subnet_ids(list("subnet_ids"))
        .set_security_group_ids(list("security_group_ids"))
        .set_ipv6_allowed_for_dual_stack(fields.and_then(|it| it.flag("ipv6_allowed_for_dual_stack")))
        .build()
}

fn dead_letter(inputs: Fields<'_>) -> DeadLetterConfig {
    let target = inputs.object("dead_letter_config").and_then(|it| it.owned("target_arn"));
    DeadLetterConfig::builder().target_arn(target.unwrap_or_default()).build()
}

/// A new function with this configuration.
pub fn created(call: Create, inputs: Fields<'_>) -> Create {
    let has = |name: &str| inputs.get(name).is_some();
    call.set_role(inputs.owned("role"))
        .set_handler(inputs.owned("handler"))
        .set_runtime(inputs.text("runtime").map(Runtime::from))
        .set_package_type(inputs.text("package_type").map(PackageType::from))
        .set_description(inputs.owned("description"))
        .set_memory_size(inputs.int("memory_size"))
        .set_timeout(inputs.int("timeout"))
        .set_architectures(architectures(inputs))
        .set_layers(inputs.texts("layers"))
        .set_environment(has("environment").then(|| environment(inputs)))
        .set_ephemeral_storage(storage(inputs))
        .set_logging_config(logging(inputs))
        .set_tracing_config(tracing(inputs))
        .set_snap_start(snap_start(inputs))
        .set_vpc_config(has("vpc_config").then(|| vpc(inputs)))
        .set_dead_letter_config(has("dead_letter_config").then(|| dead_letter(inputs)))
        .set_kms_key_arn(inputs.owned("kms_key_arn"))
}

/// A function changed to this configuration: what is not set is taken away.
pub fn updated(call: Update, inputs: Fields<'_>) -> Update {
    call.set_role(inputs.owned("role"))
        .set_handler(inputs.owned("handler"))
        .set_runtime(inputs.text("runtime").map(Runtime::from))
        .description(inputs.text("description").unwrap_or_default())
        .set_memory_size(inputs.int("memory_size"))
        .set_timeout(inputs.int("timeout"))
        .set_layers(Some(inputs.texts("layers").unwrap_or_default()))
        .environment(environment(inputs))
        .set_ephemeral_storage(storage(inputs))
        .set_logging_config(logging(inputs))
        .set_tracing_config(tracing(inputs))
        .set_snap_start(snap_start(inputs))
        .vpc_config(vpc(inputs))
        .dead_letter_config(dead_letter(inputs))
        .kms_key_arn(inputs.text("kms_key_arn").unwrap_or_default())
}

/// The configuration as it is.
pub fn shown(function: &FunctionConfiguration) -> Seen {
    let architectures: Vec<&str> = function.architectures().iter().map(|it| it.as_str()).collect();
    let layers: Vec<&str> = function.layers().iter().filter_map(|layer| layer.arn()).collect();
    let tracing = function.tracing_config().and_then(|it| it.mode()).map_or("PassThrough", |mode| mode.as_str());
    let snap_start = function.snap_start().and_then(|it| it.apply_on()).map_or("None", |it| it.as_str());
    let package = function.package_type().map_or("Zip", PackageType::as_str);
    let target = function.dead_letter_config().and_then(|it| it.target_arn()).filter(|arn| !arn.is_empty());
    Seen::new()
        .input("function_name", function.function_name())
        .input("role", function.role())
        .input("handler", filled(function.handler()))
        .input("runtime", function.runtime().map(Runtime::as_str))
        .input("package_type", package)
        .input("description", filled(function.description()))
        .input("memory_size", function.memory_size())
        .input("timeout", function.timeout())
        .input("architectures", if architectures.is_empty() { vec!["x86_64"] } else { architectures })
        .input("layers", texts(&layers))
        .input("environment", shown_environment(function))
        .input("ephemeral_storage", object([("size", function.ephemeral_storage().map_or(512, |it| it.size()).told())]))
        .input("logging_config", shown_logging(function))
        .input("tracing_config", object([("mode", tracing.told())]))
        .input("snap_start", object([("apply_on", snap_start.told())]))
        .input("vpc_config", shown_vpc(function))
        .input("dead_letter_config", target.map(|arn| object([("target_arn", arn.told())])))
        .input("kms_key_arn", filled(function.kms_key_arn()))
        .output("code_sha256", function.code_sha256())
        .output("source_code_size", function.code_size())
        .output("last_modified", function.last_modified())
}

fn shown_environment(function: &FunctionConfiguration) -> Known {
    let variables = function.environment().and_then(|it| it.variables()).filter(|all| !all.is_empty());
    let sorted = |all: &std::collections::HashMap<String, String>| all.clone().into_iter().collect::<BTreeMap<_, _>>();
    variables.map_or(Value::Null, |all| object([("variables", sorted(all).told())]))
}

fn shown_logging(function: &FunctionConfiguration) -> Known {
    let logging = function.logging_config();
    object([
        ("log_format", logging.and_then(|it| it.log_format()).map_or("Text", |it| it.as_str()).told()),
        ("log_group", logging.and_then(|it| it.log_group()).told()),
        ("application_log_level", logging.and_then(|it| it.application_log_level()).map(|it| it.as_str()).told()),
        ("system_log_level", logging.and_then(|it| it.system_log_level()).map(|it| it.as_str()).told()),
    ])
}

fn shown_vpc(function: &FunctionConfiguration) -> Known {
    let Some(vpc) = function.vpc_config().filter(|vpc| !vpc.subnet_ids().is_empty()) else { return Value::Null };
    object([
        ("subnet_ids", texts(vpc.subnet_ids())),
        ("security_group_ids", texts(vpc.security_group_ids())),
        ("ipv6_allowed_for_dual_stack", raised(vpc.ipv6_allowed_for_dual_stack())),
    ])
}
