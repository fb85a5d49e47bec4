//! `aws_lambda_function_url`.

use async_trait::async_trait;
use aws_sdk_lambda::types::{Cors, FunctionUrlAuthType, InvokeMode};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use super::bare_name;
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, Told, object, raised, texts};
use crate::settings::object_type;

/// The kind. AWS knows it by `FUNCTION`, or `FUNCTION/QUALIFIER`.
pub struct FunctionUrl;

#[async_trait]
impl Kind for FunctionUrl {
    fn describe(&self) -> Described {
        let cors = object_type(&[
            ("allow_credentials", Type::Bool, false),
            ("allow_headers", Type::set(Type::String), false),
            ("allow_methods", Type::set(Type::String), false),
            ("allow_origins", Type::set(Type::String), false),
            ("expose_headers", Type::set(Type::String), false),
            ("max_age", Type::Number, false),
        ]);
        let attributes = [
            ("function_name", Attribute::required(Type::String, "the name or ARN of the function").immutable()),
            ("qualifier", Attribute::optional(Type::String, "the alias that it calls").immutable()),
            (
                "authorization_type",
                Attribute::required(Type::String, "who may call it: whoever IAM lets, or everybody")
                    .rule(Rule::OneOf(&["AWS_IAM", "NONE"])),
            ),
            ("cors", Attribute::optional(cors, "which pages of other origins may call it")),
            (
                "invoke_mode",
                Attribute::optional(Type::String, "whether answers are streamed")
                    .default(Value::string("BUFFERED"))
                    .rule(Rule::OneOf(&["BUFFERED", "RESPONSE_STREAM"])),
            ),
            ("function_url", Attribute::computed(Type::String, "the URL").stays()),
            ("function_arn", Attribute::computed(Type::String, "the ARN of what it calls").stays()),
            ("url_id", Attribute::computed(Type::String, "the first label of its host").stays()),
        ];
        Described::new("a URL that calls a function", RecoveryClass::Name, attributes)
            .imported_by("`FUNCTION` or `FUNCTION/QUALIFIER`")
            .needs(&[
                "lambda:CreateFunctionUrlConfig",
                "lambda:DeleteFunctionUrlConfig",
                "lambda:GetFunctionUrlConfig",
                "lambda:UpdateFunctionUrlConfig",
            ])
    }

    fn validate(&self, check: &mut Check<'_>) {
        let Some(cors) = check.get("cors") else { return };
        let origins = cors.get("allow_origins").and_then(Partial::as_list).unwrap_or_default();
        let is_open = origins.iter().any(|origin| origin.as_str() == Some("*"));
        if is_open && cors.get("allow_credentials").and_then(Partial::as_bool) == Some(true) {
            check.refuse(
                "browsers refuse credentials for the origin `*`",
                "name the origins, or drop `allow_credentials`",
            );
        }
        // `MaxAge` in the Lambda service model.
        let age = cors.get("max_age").and_then(Partial::as_number).and_then(|age| age.as_i64());
        if age.is_some_and(|age| !(0..=86_400).contains(&age)) {
            check.refuse("`cors.max_age` is not between 0 and 86,400 seconds", "write a number between");
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        let function = bare_name(task.inputs.text("function_name")?);
        Some(task.inputs.text("qualifier").map_or_else(|| function.to_owned(), |alias| format!("{function}/{alias}")))
    }

    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (function, qualifier) = parts(remote);
        let call =
            aws.lambda().get_function_url_config().function_name(function).set_qualifier(qualifier.map(str::to_owned));
        let Some(url) = call.send().await.of("lambda:GetFunctionUrlConfig").or_absent()? else { return Ok(None) };
        let written = remembered.and_then(|it| it.inputs.get("function_name")).and_then(Partial::as_str);
        let host = url.function_url().trim_start_matches("https://").trim_start_matches("http://");
        let seen = Seen::new()
            .input("function_name", written.unwrap_or(function))
            .input("qualifier", qualifier)
            .input("authorization_type", url.auth_type().as_str())
            .input("cors", url.cors().map(shown))
            .input("invoke_mode", url.invoke_mode().map_or("BUFFERED", InvokeMode::as_str))
            .output("function_url", url.function_url())
            .output("function_arn", url.function_arn())
            .output("url_id", host.split('.').next());
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let remote = self.remote(task).ok_or_else(|| Fault::rejected("`function_name` is needed"))?;
        let (function, qualifier) = parts(&remote);
        let call = task.aws.lambda().create_function_url_config().function_name(function);
        let call = call
            .set_qualifier(qualifier.map(str::to_owned))
            .auth_type(FunctionUrlAuthType::from(task.inputs.need("authorization_type")?))
            .set_invoke_mode(task.inputs.text("invoke_mode").map(InvokeMode::from))
            .set_cors(task.inputs.object("cors").map(cors));
        call.send().await.of("lambda:CreateFunctionUrlConfig").exists_on("ResourceConflictException")?;
        Ok(remote)
    }

    async fn change(&self, task: &Task<'_>, remote: &str, _: &Seen) -> Result<(), Fault> {
        let (function, qualifier) = parts(remote);
        let call = task.aws.lambda().update_function_url_config().function_name(function);
        let call = call
            .set_qualifier(qualifier.map(str::to_owned))
            .auth_type(FunctionUrlAuthType::from(task.inputs.need("authorization_type")?))
            .set_invoke_mode(task.inputs.text("invoke_mode").map(InvokeMode::from))
            // Nothing takes away what there was.
            .cors(task.inputs.object("cors").map_or_else(|| Cors::builder().build(), cors));
        call.send().await.of("lambda:UpdateFunctionUrlConfig").busy_on(&["ResourceConflictException"])?;
        Ok(())
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (function, qualifier) = parts(remote);
        let call = aws.lambda().delete_function_url_config().function_name(function);
        let deleted =
            call.set_qualifier(qualifier.map(str::to_owned)).send().await.of("lambda:DeleteFunctionUrlConfig");
        deleted.busy_on(&["ResourceConflictException"]).or_gone()
    }
}

fn parts(remote: &str) -> (&str, Option<&str>) {
    remote.split_once('/').map_or((remote, None), |(function, qualifier)| (function, Some(qualifier)))
}

fn cors(fields: Fields<'_>) -> Cors {
    Cors::builder()
        .set_allow_credentials(fields.flag("allow_credentials"))
        .set_allow_headers(fields.texts("allow_headers"))
        .set_allow_methods(fields.texts("allow_methods"))
        .set_allow_origins(fields.texts("allow_origins"))
        .set_expose_headers(fields.texts("expose_headers"))
        .set_max_age(fields.int("max_age"))
        .build()
}

fn shown(cors: &Cors) -> Known {
    object([
        ("allow_credentials", raised(cors.allow_credentials())),
        ("allow_headers", texts(cors.allow_headers())),
        ("allow_methods", texts(cors.allow_methods())),
        ("allow_origins", texts(cors.allow_origins())),
        ("expose_headers", texts(cors.expose_headers())),
        ("max_age", cors.max_age().filter(|age| *age != 0).told()),
    ])
}
