//! `aws_apigatewayv2_stage`.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_apigatewayv2::types::{AccessLogSettings, LoggingLevel, RouteSettings};
use siac_core::model::schema::{Attribute, RecoveryClass, Rule};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::Fault;

use super::api::endpoint;
use super::{PERMISSIONS, api_attribute, pair, retag};
use crate::account::Account;
use crate::failure::{Answer, Failure, Sorted};
use crate::fields::Fields;
use crate::kind::{Check, Described, Kind, Task};
use crate::seen::{Seen, Told, filled, object, raised};
use crate::settings::object_type;

/// The kind. AWS knows it by `API/STAGE`.
pub struct Stage;

#[async_trait]
impl Kind for Stage {
    fn describe(&self) -> Described {
        let log = object_type(&[("destination_arn", Type::String, true), ("format", Type::String, true)]);
        let routes = Type::set(settings_type(true));
        let attributes = [
            ("api_id", api_attribute()),
            (
                "name",
                // `CreateStage` in the API Gateway v2 API reference.
                Attribute::required(Type::String, "its name, unique in the API; `$default` is served without a path")
                    .immutable()
                    .rule(Rule::Length(1, 128))
                    .rule(Rule::Matches(r"\$default|[A-Za-z0-9_-]+", "`$default`, or letters, digits, `_` and `-`")),
            ),
            (
                "auto_deploy",
                Attribute::optional(Type::Bool, "whether each change of the API is served at once")
                    .default(Value::Bool(false)),
            ),
            ("deployment_id", Attribute::optional_computed(Type::String, "the deployment that it serves")),
            ("description", Attribute::optional(Type::String, "what it is for").rule(Rule::Length(0, 1_024))),
            (
                "access_log_settings",
                Attribute::optional(log, "where calls are logged, and how: `destination_arn`, `format`"),
            ),
            (
                "default_route_settings",
                Attribute::optional_computed(
                    settings_type(false),
                    "throttling and logging of routes without settings of their own",
                ),
            ),
            ("route_settings", Attribute::optional(routes, "throttling and logging, by `route_key`")),
            ("stage_variables", Attribute::optional(Type::map(Type::String), "variables for integrations")),
            ("arn", Attribute::computed(Type::String, "its ARN").stays()),
            (
                "execution_arn",
                Attribute::computed(Type::String, "what begins the ARNs of its calls, for permissions").stays(),
            ),
            ("invoke_url", Attribute::computed(Type::String, "the URL where it is served").stays()),
        ];
        Described::new("a place where an API is served", RecoveryClass::Name, attributes)
            .unique("name")
            .tagged()
            .imported_by("`API/STAGE`")
            .needs(PERMISSIONS)
    }

    fn validate(&self, check: &mut Check<'_>) {
        if check.flag("auto_deploy") == Some(true) && check.has("deployment_id") {
            check.refuse("`deployment_id` and `auto_deploy` exclude each other", "keep one of them");
        }
        let level =
            check.get("default_route_settings").and_then(|it| it.get("logging_level")).and_then(Partial::as_str);
        if level.is_some_and(|level| !["OFF", "ERROR", "INFO"].contains(&level)) {
            check.refuse("a `logging_level` is `OFF`, `ERROR` or `INFO`", "write one of them");
        }
        let variables = check.get("stage_variables").and_then(Partial::as_map);
        // `StageVariablesMap` in the API Gateway v2 API reference.
        let is_name = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        for name in variables.into_iter().flat_map(|all| all.keys()).filter(|name| !is_name(name)) {
            check.refuse(format!("`{name}` is no name of a stage variable"), "write letters, digits and `_`");
        }
    }

    fn remote(&self, task: &Task<'_>) -> Option<String> {
        Some(format!("{}/{}", task.inputs.text("api_id")?, task.inputs.text("name")?))
    }

    async fn look(&self, aws: &Account, remote: &str, _: Option<&Object>) -> Result<Option<Seen>, Fault> {
        let (api, name) = pair(remote)?;
        let call = aws.apigatewayv2().get_stage().api_id(api).stage_name(name);
        let Some(it) = call.send().await.of("apigateway:GET /apis/stages").or_absent()? else { return Ok(None) };
        let Some(endpoint) = endpoint(aws, api).await? else { return Ok(None) };
        let log = it.access_log_settings().filter(|log| log.destination_arn().is_some());
        let path = if name == "$default" { "" } else { name };
        let variables = it.stage_variables().filter(|all| !all.is_empty());
        let variables = variables.map(|all| all.clone().into_iter().collect::<BTreeMap<_, _>>());
        let seen = Seen::new()
            .input("api_id", api)
            .input("name", name)
            .input("auto_deploy", it.auto_deploy().unwrap_or(false))
            .input("deployment_id", it.deployment_id())
            .input("description", filled(it.description()))
            .input(
                "access_log_settings",
                log.map(|log| {
                    object([("destination_arn", log.destination_arn().told()), ("format", log.format().told())])
                }),
            )
            .input("default_route_settings", it.default_route_settings().map_or(Value::Null, |it| shown(None, it)))
            .input("route_settings", shown_all(it.route_settings()))
            .input("stage_variables", variables.map_or(Value::Null, Told::told))
            .output("id", name)
            .output("arn", arn(aws, api, name))
            .output("execution_arn", aws.arn("execute-api", &format!("{api}/{name}")))
            .output("invoke_url", format!("{endpoint}/{path}"))
            .tags(it.tags().into_iter().flatten());
        Ok(Some(seen))
    }

    async fn make(&self, task: &Task<'_>) -> Result<String, Failure> {
        let (inputs, api, name) = (task.inputs, task.inputs.need("api_id")?, task.inputs.need("name")?);
        let call = task.aws.apigatewayv2().create_stage().api_id(api).stage_name(name);
        let call = call
            .set_auto_deploy(inputs.flag("auto_deploy"))
            .set_deployment_id(inputs.owned("deployment_id"))
            .set_description(inputs.owned("description"))
            .set_access_log_settings(inputs.object("access_log_settings").map(log))
            .set_default_route_settings(inputs.object("default_route_settings").map(settings))
            .set_route_settings(routes(inputs))
            .set_stage_variables(inputs.map("stage_variables").map(|all| all.into_iter().collect()))
            .set_tags(Some(task.tags().into_iter().collect()));
        call.send().await.of("apigateway:POST /apis/stages").exists_on("ConflictException")?;
        Ok(format!("{api}/{name}"))
    }

    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let ((api, name), inputs, differing) = (pair(remote)?, task.inputs, task.differing(seen));
        if differing.any(&["access_log_settings"]) && inputs.object("access_log_settings").is_none() {
            let call = task.aws.apigatewayv2().delete_access_log_settings().api_id(api).stage_name(name);
            call.send().await.of("apigateway:DELETE /apis/stages/accesslogsettings").or_gone()?;
        }
        for key in surplus_routes(inputs, seen) {
            let call = task.aws.apigatewayv2().delete_route_settings().api_id(api).stage_name(name).route_key(key);
            call.send().await.of("apigateway:DELETE /apis/stages/routesettings").or_gone()?;
        }
        if !differing.is_empty() {
            // An automatic deployment is API Gateway's own to choose.
            let deployment = inputs
                .owned("deployment_id")
                .filter(|_| !inputs.is("auto_deploy") && differing.any(&["deployment_id"]));
            let call = task.aws.apigatewayv2().update_stage().api_id(api).stage_name(name);
            let call = call
                .set_auto_deploy(inputs.flag("auto_deploy"))
                .set_deployment_id(deployment)
                .description(inputs.text("description").unwrap_or_default())
                .set_access_log_settings(inputs.object("access_log_settings").map(log))
                .set_default_route_settings(inputs.object("default_route_settings").map(settings))
                .set_route_settings(routes(inputs))
                .set_stage_variables(variables(inputs, seen));
            call.send().await.of("apigateway:PATCH /apis/stages")?;
        }
        retag(task, &arn(task.aws, api, name), task.retagging(seen)).await
    }

    async fn remove(&self, aws: &Account, remote: &str, _: &Object) -> Result<(), Fault> {
        let (api, name) = pair(remote)?;
        let call = aws.apigatewayv2().delete_stage().api_id(api).stage_name(name);
        call.send().await.of("apigateway:DELETE /apis/stages").or_gone()
    }
}

fn arn(aws: &Account, api: &str, name: &str) -> String {
    format!("arn:{}:apigateway:{}::/apis/{api}/stages/{name}", aws.partition(), aws.region)
}

fn settings_type(of_route: bool) -> Type {
    let own = [
        ("data_trace_enabled", Type::Bool, false),
        ("detailed_metrics_enabled", Type::Bool, false),
        ("logging_level", Type::String, false),
        ("throttling_burst_limit", Type::Number, false),
        ("throttling_rate_limit", Type::Number, false),
    ];
    let key = of_route.then_some(("route_key", Type::String, true));
    object_type(&own.into_iter().chain(key).collect::<Vec<_>>())
}

fn log(fields: Fields<'_>) -> AccessLogSettings {
    AccessLogSettings::builder()
        .set_destination_arn(fields.owned("destination_arn"))
        .set_format(fields.owned("format"))
        .build()
}

fn settings(fields: Fields<'_>) -> RouteSettings {
    RouteSettings::builder()
        .set_data_trace_enabled(fields.flag("data_trace_enabled"))
        .set_detailed_metrics_enabled(fields.flag("detailed_metrics_enabled"))
        .set_logging_level(fields.text("logging_level").map(LoggingLevel::from))
        .set_throttling_burst_limit(fields.int("throttling_burst_limit"))
        .set_throttling_rate_limit(fields.float("throttling_rate_limit"))
        .build()
}

fn routes(inputs: Fields<'_>) -> Option<HashMap<String, RouteSettings>> {
    let routes = inputs.objects("route_settings").into_iter();
    let all: HashMap<_, _> = routes.filter_map(|it| Some((it.owned("route_key")?, settings(it)))).collect();
    (!all.is_empty()).then_some(all)
}

/// The routes whose settings are no longer wanted.
fn surplus_routes(inputs: Fields<'_>, seen: &Seen) -> Vec<String> {
    let now = seen.wish();
    let there = Fields(&now).objects("route_settings").into_iter().filter_map(|it| it.owned("route_key"));
    let wanted: Vec<_> = inputs.objects("route_settings").into_iter().filter_map(|it| it.owned("route_key")).collect();
    there.filter(|key| !wanted.contains(key)).collect()
}

/// The variables; an empty one takes away one that there was.
fn variables(inputs: Fields<'_>, seen: &Seen) -> Option<HashMap<String, String>> {
    let now = seen.wish();
    let there = Fields(&now).map("stage_variables").unwrap_or_default();
    let wanted = inputs.map("stage_variables").unwrap_or_default();
    let gone = there.into_keys().filter(|name| !wanted.contains_key(name)).map(|name| (name, String::new()));
    let all: HashMap<String, String> = gone.chain(wanted.clone()).collect();
    (!all.is_empty()).then_some(all)
}

fn shown(route: Option<&str>, settings: &RouteSettings) -> Known {
    // A stage that does not log says so by a word of its own.
    let level = settings.logging_level().map(LoggingLevel::as_str).filter(|level| *level != "OFF");
    object([
        ("route_key", route.told()),
        ("data_trace_enabled", raised(settings.data_trace_enabled())),
        ("detailed_metrics_enabled", raised(settings.detailed_metrics_enabled())),
        ("logging_level", level.told()),
        ("throttling_burst_limit", settings.throttling_burst_limit().filter(|limit| *limit != 0).told()),
        ("throttling_rate_limit", settings.throttling_rate_limit().filter(|limit| *limit != 0.0).told()),
    ])
}

fn shown_all(settings: Option<&HashMap<String, RouteSettings>>) -> Known {
    let all: BTreeMap<_, _> = settings.into_iter().flatten().collect();
    match all.is_empty() {
        true => Value::Null,
        false => Value::List(all.into_iter().map(|(route, settings)| shown(Some(route), settings)).collect()),
    }
}
