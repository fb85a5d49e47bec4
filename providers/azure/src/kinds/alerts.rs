//! Alerts on metrics, and whom they tell.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};

use crate::arm::{at, child};
use crate::form::{from_json, to_json};
use crate::kind::Write;
use crate::typed::{Form, Part, Special, Typed, flag, number, object, some, text, usually};

/// `azure_action_group`.
pub fn action_group() -> Typed {
    // Source: the REST specification, `groupShortName`.
    let short = Attribute::required(Type::String, "what messages are signed with: up to 12 characters")
        .rule(Rule::Length(1, 12));
    let kind = Typed::of("Microsoft.Insights/actionGroups@2023-01-01", "whom alerts tell")
        // Source: "Naming rules and restrictions for Azure resources", actionGroups; spaces, which ids cannot carry, are left out.
        .in_group(
            r"[^\s:<>+/&%\\?|#*{}]{0,259}[^\s:<>+/&%\\?|#*{}.]",
            "its name: up to 260 characters but spaces and `: < > + / & % \\ ? | # * { }`, no dot at the end",
        )
        .part(usually("location", "location", "global", "the region that it acts from, or `global`").immutable())
        .tagged()
        .part(Part::new("short_name", "properties.groupShortName", short))
        .part(flag("enabled", "properties.enabled", true, "whether anybody is told"));
    receivers().into_iter().fold(kind, Typed::part).written(Write::Put).takes(3)
}

/// A list of receivers, each with a name, these texts and whether it is told in the schema that is common to all alerts.
fn told(name: &'static str, place: &'static str, texts: &[&str], description: &'static str) -> Part {
    let mut fields: Vec<(&str, Type, bool)> = texts.iter().map(|text| (*text, Type::String, true)).collect();
    fields.extend([("name", Type::String, true), ("use_common_alert_schema", Type::Bool, false)]);
    some(name, place, Type::list(object(&fields)), description)
}

fn receivers() -> Vec<Part> {
    let sms =
        [("name", Type::String, true), ("country_code", Type::String, true), ("phone_number", Type::String, true)];
    vec![
        told(
            "email_receivers",
            "properties.emailReceivers",
            &["email_address"],
            "who gets mail: `name` and `email_address`",
        ),
        some(
            "sms_receivers",
            "properties.smsReceivers",
            Type::list(object(&sms)),
            "who gets text messages: `name`, `country_code` and `phone_number`",
        ),
        told(
            "webhook_receivers",
            "properties.webhookReceivers",
            &["service_uri"],
            "what is called: `name` and `service_uri`",
        ),
        told(
            "azure_function_receivers",
            "properties.azureFunctionReceivers",
            &["function_app_resource_id", "function_name", "http_trigger_url"],
            "which functions are called: `name`, `function_app_resource_id`, `function_name` and `http_trigger_url`",
        ),
        told(
            "logic_app_receivers",
            "properties.logicAppReceivers",
            &["resource_id", "callback_url"],
            "which logic apps are called: `name`, `resource_id` and `callback_url`",
        ),
        told(
            "arm_role_receivers",
            "properties.armRoleReceivers",
            &["role_id"],
            "whoever has a role in the subscription gets mail: `name` and `role_id`, a GUID",
        ),
    ]
}

/// How often an alert is looked at. Source: the REST specification of metric alerts, and `az monitor metrics alert create`.
const FREQUENCIES: &[&str] = &["PT1M", "PT5M", "PT15M", "PT30M", "PT1H"];

/// What an alert looks back on. Same source.
const WINDOWS: &[&str] = &["PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"];

/// `azure_metric_alert`.
pub fn metric_alert() -> Typed {
    let scopes = Attribute::required(Type::list(Type::String), "the ids of what is watched");
    let action =
        object(&[("action_group_id", Type::String, true), ("webhook_properties", Type::map(Type::String), false)]);
    let criteria = Attribute::required(
        Type::list(criterion()),
        "what must be so, all of it: `metric_namespace`, `metric_name`, `aggregation`, `operator` and `threshold`; or, with `alert_sensitivity` (Low, Medium, High) instead of a threshold, what departs from what was usual",
    );
    Typed::of("Microsoft.Insights/metricAlerts@2018-03-01", "an alert on metrics")
        // Source: "Naming rules and restrictions for Azure resources", metricAlerts; spaces, which ids cannot carry, are left out.
        .in_group(
            r"[^\s*#&+:<>?@%{}\\/|]{0,259}[^\s*#&+:<>?@%{}\\/|.]",
            "its name: up to 260 characters but spaces and `* # & + : < > ? @ % { } \\ / |`, no dot at the end",
        )
        .tagged()
        .fixed("location", json!("global"))
        .part(Part::new("scopes", "properties.scopes", scopes))
        .part(text("description", "properties.description", "what whoever is told reads"))
        // Source: the REST specification, `severity`.
        .part(
            number("severity", "properties.severity", 0, 4, "how bad it is: 0 is critical, 4 is verbose")
                .default_number(3),
        )
        .part(flag("enabled", "properties.enabled", true, "whether it is looked at"))
        .part(
            usually("frequency", "properties.evaluationFrequency", "PT1M", "how often it is looked at")
                .one_of(FREQUENCIES),
        )
        .part(usually("window_size", "properties.windowSize", "PT5M", "what it looks back on").one_of(WINDOWS))
        .part(flag(
            "auto_mitigate",
            "properties.autoMitigate",
            true,
            "whether it ends when what must be so is so no more",
        ))
        .part(text(
            "target_resource_type",
            "properties.targetResourceType",
            "the type of what is watched; needed for groups, subscriptions and several resources",
        ))
        .part(text("target_resource_location", "properties.targetResourceRegion", "its region; needed for the same"))
        .part(Part::new("criteria", "properties.criteria", criteria).form(CRITERIA))
        .part(some(
            "actions",
            "properties.actions",
            Type::list(action),
            "who is told: `action_group_id`, and `webhook_properties` for its webhooks",
        ))
        .written(Write::Put)
        .takes(5)
        .special(Alert)
}

fn criterion() -> Type {
    let dimension = object(&[
        ("name", Type::String, true),
        ("operator", Type::String, true),
        ("values", Type::list(Type::String), true),
    ]);
    object(&[
        ("name", Type::String, false),
        ("metric_namespace", Type::String, true),
        ("metric_name", Type::String, true),
        ("aggregation", Type::String, true),
        ("operator", Type::String, true),
        ("threshold", Type::Number, false),
        ("alert_sensitivity", Type::String, false),
        ("evaluation_total_count", Type::Number, false),
        ("evaluation_failure_count", Type::Number, false),
        ("dimensions", Type::list(dimension), false),
        ("skip_metric_validation", Type::Bool, false),
    ])
}

/// Criteria, with the words of their own that say of what sort they are.
const CRITERIA: Form = Form { to: criteria_to, from: criteria_from };

/// The fields of a criterion that stand elsewhere in the document, and their places.
const ELSEWHERE: [(&str, &str); 3] = [
    ("aggregation", "timeAggregation"),
    ("evaluation_total_count", "failingPeriods.numberOfEvaluationPeriods"),
    ("evaluation_failure_count", "failingPeriods.minFailingPeriodsToAlert"),
];

fn criteria_to(value: &Known, ty: &Type) -> Json {
    let written = to_json(value, ty);
    let items = written.as_array().cloned().unwrap_or_default();
    let all: Vec<Json> = items.into_iter().enumerate().map(|(number, item)| criterion_to(number, item)).collect();
    // This sort takes one resource as well as many. Source: the REST specification, `odata.type`.
    json!({ "odata.type": "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria", "allOf": all })
}

fn criterion_to(number: usize, mut item: Json) -> Json {
    let is_dynamic = child(&item, "alertSensitivity").is_some();
    let Some(fields) = item.as_object_mut() else { return item };
    for (name, place) in ELSEWHERE {
        let value = fields.remove(&crate::form::camel(name)).or_else(|| {
            // Source: the same API's defaults in the portal, 4 of 4.
            (is_dynamic && place.starts_with("failing")).then(|| json!(4))
        });
        let (first, rest) = place.split_once('.').unwrap_or((place, ""));
        match value {
            Some(value) if rest.is_empty() => drop(fields.insert(first.to_owned(), value)),
            Some(value) => fields.entry(first).or_insert_with(|| json!({}))[rest] = value,
            None => {}
        }
    }
    let sort = if is_dynamic { "DynamicThresholdCriterion" } else { "StaticThresholdCriterion" };
    fields.insert("criterionType".to_owned(), json!(sort));
    fields.entry("name").or_insert_with(|| json!(format!("Metric{}", number + 1)));
    item
}

fn criteria_from(json: &Json, ty: &Type) -> Known {
    let element = match ty {
        Type::List(element) => element.as_ref(),
        _ => &Type::Any,
    };
    let all = child(json, "allOf").and_then(Json::as_array).into_iter().flatten();
    Value::List(all.map(|item| criterion_from(item, element)).collect())
}

fn criterion_from(item: &Json, ty: &Type) -> Known {
    let mut told = from_json(item, ty);
    if let Value::Map(entries) = &mut told {
        let elsewhere = ELSEWHERE.iter().filter_map(|(name, place)| Some((*name, at(item, place)?)));
        entries.extend(elsewhere.map(|(name, json)| (name.to_owned(), from_json(json, &Type::Any))));
    }
    told
}

struct Alert;

#[async_trait]
impl Special for Alert {
    fn validate(&self, desired: &Partial, problems: &mut Diagnostics) {
        let mut refuse = |detail: String, help: String| {
            problems.push(Diagnostic::error("refused-by-azure", "Azure would refuse this", detail).help(help));
        };
        let items = desired.get("criteria").and_then(Partial::as_list).unwrap_or_default();
        for (number, item) in items.iter().enumerate().filter(|(_, item)| matches!(item, Value::Map(_))) {
            let is_set = |name: &str| item.get(name).is_some_and(|value| !value.is_null());
            if is_set("threshold") == is_set("alert_sensitivity") {
                let detail = format!("`criteria[{number}]` wants either `threshold` or `alert_sensitivity`");
                refuse(detail, "set one of them".to_owned());
            }
            for (name, allowed) in [("aggregation", AGGREGATIONS), ("operator", operators(is_set("alert_sensitivity")))]
            {
                let text = item.get(name).and_then(Partial::as_str);
                if let Some(text) = text.filter(|text| !allowed.contains(text)) {
                    refuse(
                        format!("`criteria[{number}].{name}` is `{text}`"),
                        format!("choose one of {}", allowed.join(", ")),
                    );
                }
            }
        }
        let several = desired.get("scopes").and_then(Partial::as_list).is_some_and(|scopes| scopes.len() > 1);
        let is_set = |name: &str| desired.get(name).is_some_and(|value| !value.is_null());
        if several && !(is_set("target_resource_type") && is_set("target_resource_location")) {
            let detail = "several `scopes` need `target_resource_type` and `target_resource_location`";
            refuse(detail.to_owned(), "set both".to_owned());
        }
    }
}

/// How values are taken together. Source: the REST specification, `AggregationTypeEnum`.
const AGGREGATIONS: &[&str] = &["Average", "Count", "Minimum", "Maximum", "Total"];

/// How they are compared. Source: the same, `Operator` and `DynamicThresholdOperator`.
fn operators(is_dynamic: bool) -> &'static [&'static str] {
    match is_dynamic {
        true => &["GreaterThan", "LessThan", "GreaterOrLessThan"],
        false => &["Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"],
    }
}
