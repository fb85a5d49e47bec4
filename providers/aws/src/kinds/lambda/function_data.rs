//! `data.aws_lambda_function`: a function that something else has made.

use async_trait::async_trait;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{Architecture, FunctionConfiguration, Layer, Runtime};
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

use super::invoke_arn;
use crate::account::Account;
use crate::failure::{Answer, Sorted};
use crate::fields::Fields;
use crate::kind::{Data, Described};
use crate::seen::{Told, filled, texts};

/// A function as it is. Its variables are not told: they may be secret.
pub struct FunctionData;

#[async_trait]
impl Data for FunctionData {
    fn describe(&self) -> Described {
        let text = |description| Attribute::computed(Type::String, description);
        let number = |description| Attribute::computed(Type::Number, description);
        let attributes = [
            ("function_name", Attribute::required(Type::String, "its name or ARN")),
            ("qualifier", Attribute::optional(Type::String, "the version or alias that is meant; `$LATEST` otherwise")),
            ("arn", text("its ARN, unqualified")),
            ("qualified_arn", text("its ARN with the version or alias")),
            ("invoke_arn", text("how API Gateway calls it")),
            ("qualified_invoke_arn", text("how API Gateway calls the version or alias")),
            ("version", text("the version that was read")),
            ("description", text("what it is for")),
            ("role", text("the ARN of the role that it takes on")),
            ("handler", text("what in the code is called")),
            ("runtime", text("what runs the code")),
            ("architectures", Attribute::computed(Type::list(Type::String), "the processor")),
            ("layers", Attribute::computed(Type::list(Type::String), "ARNs of layer versions")),
            ("memory_size", number("its memory, in MB")),
            ("timeout", number("how long a call may take, in seconds")),
            ("reserved_concurrent_executions", number("concurrency that is set aside; -1 where none is")),
            ("code_sha256", text("the digest of its code, in base64")),
            ("source_code_size", number("the size of its code, in bytes")),
            ("last_modified", text("when it was changed last")),
            ("tags", Attribute::computed(Type::map(Type::String), "tags by key")),
        ];
        Described::data("a function that something else has made", attributes, &["lambda:GetFunction"])
    }

    async fn read(&self, aws: &Account, inputs: Fields<'_>) -> Result<Known, Fault> {
        let (name, qualifier) = (inputs.need("function_name")?, inputs.text("qualifier"));
        let call = aws.lambda().get_function().function_name(name).set_qualifier(qualifier.map(str::to_owned));
        let answer = call.send().await.of("lambda:GetFunction").or_absent()?;
        let named = qualifier.map_or_else(|| name.to_owned(), |qualifier| format!("{name}:{qualifier}"));
        let absent =
            || Fault::rejected(format!("there is no function `{named}` in account {} in {}", aws.id, aws.region));
        let answer = answer.ok_or_else(absent)?;
        let function = answer.configuration().ok_or_else(absent)?;
        Ok(told(aws, &answer, function, qualifier))
    }
}

fn told(aws: &Account, answer: &GetFunctionOutput, function: &FunctionConfiguration, qualifier: Option<&str>) -> Known {
    let version = function.version().unwrap_or("$LATEST");
    let whole = function.function_arn().unwrap_or_default();
    // A call with a qualifier is answered with the qualified ARN.
    let arn = whole.splitn(8, ':').take(7).collect::<Vec<_>>().join(":");
    let qualified = format!("{arn}:{}", qualifier.unwrap_or(version));
    let processors: Vec<&str> = function.architectures().iter().map(Architecture::as_str).collect();
    let layers: Vec<&str> = function.layers().iter().filter_map(Layer::arn).collect();
    let reserved = answer.concurrency().and_then(|it| it.reserved_concurrent_executions());
    Value::map([
        ("id", function.function_name().told()),
        ("function_name", function.function_name().told()),
        ("invoke_arn", invoke_arn(aws, &arn).told()),
        ("qualified_invoke_arn", invoke_arn(aws, &qualified).told()),
        ("arn", arn.told()),
        ("qualified_arn", qualified.told()),
        ("version", version.told()),
        ("description", filled(function.description())),
        ("role", function.role().told()),
        ("handler", filled(function.handler())),
        ("runtime", function.runtime().map(Runtime::as_str).told()),
        ("architectures", texts(&processors)),
        ("layers", texts(&layers)),
        ("memory_size", function.memory_size().told()),
        ("timeout", function.timeout().told()),
        ("reserved_concurrent_executions", reserved.unwrap_or(-1).told()),
        ("code_sha256", function.code_sha256().told()),
        ("source_code_size", function.code_size().told()),
        ("last_modified", function.last_modified().told()),
        ("tags", tags(answer)),
    ])
}

fn tags(answer: &GetFunctionOutput) -> Known {
    let entries = answer.tags().into_iter().flatten();
    Value::Map(entries.map(|(key, value)| (key.clone(), Value::string(value))).collect())
}
