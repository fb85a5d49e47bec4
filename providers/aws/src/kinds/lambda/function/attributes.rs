//! What a function is described by, and what Lambda takes.

use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Partial, Value};

use super::super::runtimes::{deprecated_since, successor};
use crate::kind::Check;
use crate::limits;
use crate::settings::object_type;

/// What `UpdateFunctionConfiguration` changes.
pub const CONFIGURATION: [&str; 15] = [
    "role",
    "handler",
    "runtime",
    "description",
    "memory_size",
    "timeout",
    "environment",
    "layers",
    "ephemeral_storage",
    "logging_config",
    "tracing_config",
    "vpc_config",
    "dead_letter_config",
    "kms_key_arn",
    "snap_start",
];

/// What `UpdateFunctionCode` changes.
pub const CODE: [&str; 6] = ["filename", "s3_bucket", "s3_key", "s3_object_version", "image_uri", "architectures"];

/// Everything that a published version holds.
const VERSIONED: [&str; 22] = [
    "role",
    "handler",
    "runtime",
    "description",
    "memory_size",
    "timeout",
    "environment",
    "layers",
    "ephemeral_storage",
    "logging_config",
    "tracing_config",
    "vpc_config",
    "dead_letter_config",
    "kms_key_arn",
    "snap_start",
    "filename",
    "s3_bucket",
    "s3_key",
    "s3_object_version",
    "image_uri",
    "architectures",
    "publish",
];

/// The bounds are those of "Lambda quotas" and `CreateFunction` in the Lambda Developer Guide and API reference. The service model allows
/// more memory and time, for Managed Instances only.
pub fn attributes() -> Vec<(&'static str, Attribute)> {
    [identity(), code(), settings(), outputs()].concat()
}

fn text(description: &'static str) -> Attribute {
    Attribute::optional(Type::String, description)
}

fn identity() -> Vec<(&'static str, Attribute)> {
    vec![
        (
            "function_name",
            Attribute::optional_computed(Type::String, "its name, unique in the region; made when none is given")
                .immutable()
                .rule(Rule::Length(1, 64))
                .rule(Rule::Matches("[a-zA-Z0-9_-]+", "letters, digits, `_` and `-`")),
        ),
        ("role", Attribute::required(Type::String, "the ARN of the role that it takes on").rule(limits::arn())),
        ("description", text("what it is for").rule(Rule::Length(0, 256))),
        (
            "publish",
            Attribute::optional(
                Type::Bool,
                "whether each change becomes a version, which stays for aliases and rollbacks",
            )
            .default(Value::Bool(false)),
        ),
        (
            "allow_deprecated_runtime",
            Attribute::optional(Type::Bool, "whether a runtime that is no longer supported is meant")
                .default(Value::Bool(false))
                .write_only(),
        ),
    ]
}

fn code() -> Vec<(&'static str, Attribute)> {
    vec![
        (
            "filename",
            text("its code: a folder of the project, which becomes a zip archive, or an archive; with `s3_bucket` it is uploaded there first").artifact(),
        ),
        ("s3_bucket", text("the bucket that the code is in, or is uploaded to")),
        ("s3_key", text("the key of the code in the bucket")),
        ("s3_object_version", text("the version of the code in the bucket")),
        ("image_uri", text("the container image that is its code")),
        (
            "package_type",
            Attribute::optional(Type::String, "whether its code is an archive or an image")
                .default(Value::string("Zip"))
                .immutable()
                .rule(Rule::OneOf(&["Zip", "Image"])),
        ),
        ("handler", text("what in the code is called: `FILE.FUNCTION`").rule(Rule::Length(0, 128))),
        ("runtime", text("what runs the code, for instance `nodejs24.x`")),
        (
            "architectures",
            Attribute::optional(Type::list(Type::String), "the processor: one of `x86_64` and `arm64`")
                .default(Value::List(vec![Value::string("x86_64")]))
                .rule(Rule::OneOf(&["x86_64", "arm64"])),
        ),
        ("layers", Attribute::optional(Type::list(Type::String), "ARNs of layer versions, at most five, the last one on top").rule(limits::arn())),
    ]
}

fn settings() -> Vec<(&'static str, Attribute)> {
    let decided = |ty, description| Attribute::optional_computed(ty, description);
    let logging = object_type(&[
        ("log_format", Type::String, false),
        ("log_group", Type::String, false),
        ("application_log_level", Type::String, false),
        ("system_log_level", Type::String, false),
    ]);
    let vpc = object_type(&[
        ("subnet_ids", Type::set(Type::String), true),
        ("security_group_ids", Type::set(Type::String), true),
        ("ipv6_allowed_for_dual_stack", Type::Bool, false),
    ]);
    vec![
        (
            "memory_size",
            Attribute::optional(Type::Number, "its memory, in MB; processing power grows with it")
                .default(Value::number(128_i64))
                .rule(Rule::Between(128, 10_240)),
        ),
        (
            "timeout",
            Attribute::optional(Type::Number, "the longest it may take, in seconds")
                .default(Value::number(3_i64))
                .rule(Rule::Between(1, 900)),
        ),
        (
            "environment",
            Attribute::optional(
                object_type(&[("variables", Type::map(Type::String), false)]),
                "its environment: `variables`",
            ),
        ),
        (
            "ephemeral_storage",
            decided(
                object_type(&[("size", Type::Number, true)]),
                "the room below `/tmp`: `size`, from 512 to 10,240 MB",
            ),
        ),
        (
            "logging_config",
            decided(logging, "how and where it logs: `log_format` (`Text`, `JSON`), `log_group`, levels"),
        ),
        (
            "tracing_config",
            decided(
                object_type(&[("mode", Type::String, true)]),
                "how it is traced: `mode`, `Active` or `PassThrough`",
            ),
        ),
        (
            "snap_start",
            decided(
                object_type(&[("apply_on", Type::String, true)]),
                "whether versions start from a snapshot: `apply_on`, `PublishedVersions` or `None`",
            ),
        ),
        ("vpc_config", Attribute::optional(vpc, "the subnets and security groups it is in")),
        (
            "dead_letter_config",
            Attribute::optional(
                object_type(&[("target_arn", Type::String, true)]),
                "where events go that it could not handle",
            ),
        ),
        ("kms_key_arn", text("the key that encrypts its environment").rule(limits::arn())),
        (
            "reserved_concurrent_executions",
            Attribute::optional(
                Type::Number,
                "how many run at once, at most and assured; -1 is as many as the account has left",
            )
            .default(Value::number(-1_i64))
            .rule(Rule::Between(-1, 1_000_000)),
        ),
    ]
}

fn outputs() -> Vec<(&'static str, Attribute)> {
    let computed = |description| Attribute::computed(Type::String, description);
    vec![
        ("arn", computed("its ARN, without a version").stays()),
        ("invoke_arn", computed("how API Gateway calls it").stays()),
        (
            "version",
            computed("the published version that is as the function is now; otherwise the last one, or `$LATEST`")
                .follows(&VERSIONED),
        ),
        ("qualified_arn", computed("its ARN with the version").follows(&VERSIONED)),
        ("qualified_invoke_arn", computed("how API Gateway calls the version").follows(&VERSIONED)),
        ("code_sha256", computed("SHA-256 of its code, in base64").follows(&CODE)),
        ("source_code_size", Attribute::computed(Type::Number, "the size of its code, in bytes").follows(&CODE)),
        ("last_modified", computed("when it was last changed")),
    ]
}

/// What Lambda would refuse.
pub fn validate(check: &mut Check<'_>) {
    code_is_one(check);
    runtime_is_alive(check);
    environment_fits(check);
    bounds_of_objects(check);
    let length = |name: &str| check.get(name).and_then(Partial::as_list).map_or(0, <[Partial]>::len);
    let (layers, architectures) = (length("layers"), length("architectures"));
    if layers > 5 {
        check.refuse(format!("{layers} layers are named, and a function has at most five"), "join some");
    }
    if architectures > 1 {
        check.refuse("a function has one architecture", "keep `x86_64` or `arm64`");
    }
}

fn code_is_one(check: &mut Check<'_>) {
    if check.text("package_type") == Some("Image") {
        if !check.has("image_uri") {
            check.refuse("a function of the type `Image` needs `image_uri`", "set it");
        }
        return;
    }
    // Beside `filename`, the bucket and key say where it is uploaded to.
    match check.has("filename") {
        true => check.exactly_one(&["filename", "image_uri"]),
        false => check.exactly_one(&["filename", "image_uri", "s3_key"]),
    }
    if check.has("s3_key") && !check.has("s3_bucket") {
        check.refuse("`s3_key` needs `s3_bucket`", "say which bucket it is in");
    }
    for name in ["handler", "runtime"] {
        if !check.has(name) {
            check.refuse(format!("a function whose code is an archive needs `{name}`"), "set it");
        }
    }
}

fn runtime_is_alive(check: &mut Check<'_>) {
    let Some(runtime) = check.text("runtime") else { return };
    if !aws_sdk_lambda::types::Runtime::values().contains(&runtime) {
        let near = siac_core::model::diagnostic::did_you_mean(
            runtime,
            aws_sdk_lambda::types::Runtime::values().iter().copied(),
        );
        let near = near.map_or_else(
            || "see \"Lambda runtimes\" in the Lambda Developer Guide".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return check.refuse(format!("Lambda has no runtime `{runtime}`"), near);
    }
    let is_meant = check.flag("allow_deprecated_runtime") == Some(true);
    if let Some(since) = deprecated_since(runtime).filter(|_| !is_meant) {
        let help = format!("use `{}`, or set `allow_deprecated_runtime = true`", successor(runtime));
        let detail = format!(
            "`{runtime}` has not been supported since {since}: Lambda refuses to make functions of it, and later to change them"
        );
        check.warn("deprecated-runtime", "a runtime is no longer supported", detail, help);
    }
}

/// Names that Lambda keeps for itself. Source: "Defined runtime environment variables" in the Lambda Developer Guide.
const RESERVED: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// All variables together, in bytes. Source: "Lambda quotas" in the Lambda Developer Guide.
const MOST_ENVIRONMENT: usize = 4_096;

fn environment_fits(check: &mut Check<'_>) {
    let variables = check.get("environment").and_then(|it| it.get("variables")).and_then(Partial::as_map);
    let mut size = 0;
    for (name, value) in variables.into_iter().flatten() {
        size += name.len() + value.as_str().map_or(0, str::len);
        // `EnvironmentVariableName` in the Lambda service model.
        let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
        let is_name = first && name.len() > 1 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if RESERVED.contains(&name.as_str()) {
            check.refuse(format!("the variable `{name}` is Lambda's own"), "choose another name");
        } else if !is_name {
            check.refuse(
                format!("`{name}` is no name of a variable: a letter, then at least one letter, digit or `_`"),
                "choose another name",
            );
        }
    }
    if size > MOST_ENVIRONMENT {
        check.refuse(
            format!("the variables have {size} bytes, and Lambda takes {MOST_ENVIRONMENT}"),
            "keep large values in Parameter Store or a bucket",
        );
    }
}

fn bounds_of_objects(check: &mut Check<'_>) {
    let number = |object: &str, field: &str| {
        check.get(object).and_then(|it| it.get(field)).and_then(Partial::as_number).and_then(|it| it.as_i64())
    };
    let text = |object: &str, field: &str| {
        check.get(object).and_then(|it| it.get(field)).and_then(Partial::as_str).map(str::to_owned)
    };
    let size = number("ephemeral_storage", "size");
    let words: [(&str, &str, &[&str]); 5] = [
        ("tracing_config", "mode", &["Active", "PassThrough"]),
        ("logging_config", "log_format", &["JSON", "Text"]),
        ("logging_config", "application_log_level", &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]),
        ("logging_config", "system_log_level", &["DEBUG", "INFO", "WARN"]),
        ("snap_start", "apply_on", &["PublishedVersions", "None"]),
    ];
    let wrong: Vec<String> = words
        .iter()
        .filter_map(|(object, field, allowed)| {
            let word = text(object, field).filter(|word| !allowed.contains(&word.as_str()))?;
            Some(format!("`{object}.{field}` is {word:?}, and one of {} is allowed", allowed.join(", ")))
        })
        .collect();
    if let Some(size) = size.filter(|size| !(512..=10_240).contains(size)) {
        check.refuse(
            format!("`ephemeral_storage.size` is {size}, and 512 to 10,240 MB are allowed"),
            "write a number between",
        );
    }
    for detail in wrong {
        check.refuse(detail, "write one of them");
    }
}
