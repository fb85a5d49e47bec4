//! The attributes `traffic` and `cors`, read while planning and while applying; what holds a hole is not read.

use std::time::Duration;

use siac_core::model::value::Value;

use crate::attributes::duration;
use crate::supervisor::{Cors, Traffic};

/// The longest that all steps of a canary may last together. A choice of this project; the kind's timeout is longer.
pub const LONGEST_BAKE: Duration = Duration::from_secs(3_600);
/// The steps of a canary, in percent, and how long each lasts, when the stack does not say. Choices of this project.
const USUAL_STEPS: [u8; 3] = [10, 50, 100];
const USUAL_BAKE: Duration = Duration::from_secs(120);

/// Something that is wrong, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// The diagnostic's code.
    pub code: &'static str,
    /// What is wrong.
    pub detail: String,
    /// What to do about it.
    pub help: &'static str,
}

impl Problem {
    /// A problem.
    pub fn new(code: &'static str, detail: impl Into<String>, help: &'static str) -> Self {
        Self { code, detail: detail.into(), help }
    }
}

fn is_settled<H>(value: &Value<H>) -> bool {
    match value {
        Value::Hole(_) | Value::Secret(_) | Value::Null => false,
        Value::List(items) => items.iter().all(is_settled),
        Value::Map(entries) => entries.values().all(|entry| entry.is_null() || is_settled(entry)),
        _ => true,
    }
}

/// How a release takes over; `None` when nothing is said, or not yet.
pub fn traffic<H>(written: &Value<H>) -> Result<Option<Traffic>, Problem> {
    if !is_settled(written) {
        return Ok(None);
    }
    let strategy = written.get("strategy").and_then(Value::as_str).unwrap_or("");
    let (fields, traffic): (&[&str], _) = match strategy {
        "all-at-once" => (&[], Traffic::AllAtOnce),
        "canary" => (&["steps", "bake"], canary(written)?),
        "fixed" => (&["share"], Traffic::Fixed { share: share(written)? }),
        _ => {
            let detail = format!("`traffic.strategy` is `{strategy}`");
            return Err(wrong(detail, "write `all-at-once`, `canary` or `fixed`"));
        }
    };
    let is_set = |name: &&&str| written.get(name).is_some_and(|value| !value.is_null()) && !fields.contains(*name);
    match ["steps", "bake", "share"].iter().find(is_set) {
        Some(name) => {
            Err(wrong(format!("`traffic.{name}` has no meaning with the strategy `{strategy}`"), "remove it"))
        }
        None => Ok(Some(traffic)),
    }
}

fn wrong(detail: impl Into<String>, help: &'static str) -> Problem {
    Problem::new("service-traffic", detail, help)
}

fn canary<H>(written: &Value<H>) -> Result<Traffic, Problem> {
    let set = |name: &str| written.get(name).filter(|value| !value.is_null());
    let steps = match set("steps").and_then(Value::as_list) {
        Some(items) => items.iter().map(percent).collect::<Option<Vec<u8>>>().unwrap_or_default(),
        None => USUAL_STEPS.to_vec(),
    };
    if steps.is_empty() || !steps.is_sorted_by(|before, after| before < after) {
        return Err(wrong(
            "`traffic.steps` does not rise from step to step between 1 and 100",
            "write `[10, 50, 100]`",
        ));
    }
    let bake = match set("bake").and_then(Value::as_str) {
        Some(text) => duration(text).ok_or_else(|| wrong("`traffic.bake` is no duration", "write `30s` or `2m`"))?,
        None => USUAL_BAKE,
    };
    let canary = Traffic::Canary { steps, bake };
    if canary.together().is_zero() || canary.together() > LONGEST_BAKE {
        let detail = "all steps of `traffic` together do not last between 1 ms and 1 hour";
        return Err(wrong(detail, "change `bake`, or the number of steps"));
    }
    Ok(canary)
}

fn percent<H>(value: &Value<H>) -> Option<u8> {
    let percent = value.as_number()?.as_usize()?;
    u8::try_from(percent).ok().filter(|percent| (1..=100).contains(percent))
}

fn share<H>(written: &Value<H>) -> Result<u8, Problem> {
    let share = written.get("share").and_then(percent).filter(|share| *share < 100);
    share.ok_or_else(|| wrong("`traffic.share` is not between 1 and 99", "write the percentage of the new release"))
}

/// How a release takes over, in words; nothing when it does so at once.
pub fn told(traffic: &Traffic) -> Option<String> {
    match traffic {
        Traffic::AllAtOnce => None,
        Traffic::Canary { steps, bake } => {
            let steps: Vec<String> = steps.iter().map(|step| format!("{step} %")).collect();
            Some(format!("canary: {} of new connections, {} each", steps.join(", "), span(*bake)))
        }
        Traffic::Fixed { share } => {
            Some(format!("fixed: {share} % of new connections go to the new release, the others to the one before it"))
        }
    }
}

/// A duration as a stack writes it, in the largest unit that says it in whole numbers.
fn span(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let units = [("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let unit = units.into_iter().find(|(_, length)| milliseconds > 0 && milliseconds.is_multiple_of(*length));
    unit.map_or_else(|| format!("{milliseconds}ms"), |(name, length)| format!("{}{name}", milliseconds / length))
}

/// What the front says to pages of other origins; `None` when nothing is said, or not yet.
pub fn cors<H>(written: &Value<H>) -> Result<Option<Cors>, Problem> {
    if !is_settled(written) {
        return Ok(None);
    }
    let list = |name: &str| -> Vec<String> {
        let items = written.get(name).and_then(Value::as_list).unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let age = written.get("max_age").and_then(Value::as_str);
    let cors = Cors {
        origins: list("origins"),
        methods: list("methods"),
        headers: list("headers"),
        expose_headers: list("expose_headers"),
        credentials: written.get("credentials").and_then(Value::as_bool).unwrap_or(false),
        max_age: age.and_then(duration),
    };
    match unsound(&cors).or_else(|| {
        (age.is_some() && cors.max_age.is_none()).then_some(("`cors.max_age` is no duration", "write `10m`"))
    }) {
        Some((detail, help)) => Err(Problem::new("service-cors", detail, help)),
        None => Ok(Some(cors)),
    }
}

/// What browsers would not accept, or what would not say what is meant.
fn unsound(cors: &Cors) -> Option<(&'static str, &'static str)> {
    let lists = [&cors.origins, &cors.methods, &cors.headers, &cors.expose_headers];
    let is_any = |list: &&Vec<String>| list.iter().any(|word| word == "*");
    let is_token = |word: &String| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    if cors.origins.is_empty() {
        Some(("`cors.origins` is empty", "write the origins, such as `[\"https://app.example\"]`, or `[\"*\"]`"))
    } else if cors.credentials && lists.iter().any(is_any) {
        Some(("`cors` allows `*` together with credentials, which browsers refuse", "name what is allowed"))
    } else if !lists.iter().all(|list| list.iter().all(is_token)) {
        Some(("a text in `cors` is empty, or holds a space or a comma", "write one origin, method or header per text"))
    } else if !cors.origins.iter().all(|origin| is_origin(origin)) {
        Some((
            "`cors.origins` holds something that is no origin",
            "write a scheme and a host, without a path: `https://app.example`",
        ))
    } else {
        None
    }
}

fn is_origin(text: &str) -> bool {
    let host =
        text.split_once("://").map(|(scheme, host)| !scheme.is_empty() && !host.is_empty() && !host.contains('/'));
    matches!(text, "*" | "null") || host == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siac_core::model::value::Known;

    fn value(json: serde_json::Value) -> Known {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_strategy_has_its_own_fields() {
        let read = |json| traffic(&value(json));
        let usual = Traffic::Canary { steps: vec![10, 50, 100], bake: Duration::from_secs(120) };
        assert_eq!(read(serde_json::json!({ "strategy": "canary" })), Ok(Some(usual)));
        let fixed = serde_json::json!({ "strategy": "fixed", "share": 20 });
        assert_eq!(read(fixed), Ok(Some(Traffic::Fixed { share: 20 })));
        for wrong in [
            serde_json::json!({ "strategy": "blue-green" }),
            serde_json::json!({ "strategy": "fixed" }),
            serde_json::json!({ "strategy": "fixed", "share": 100 }),
            serde_json::json!({ "strategy": "fixed", "share": 20, "bake": "1s" }),
            serde_json::json!({ "strategy": "canary", "steps": [50, 10] }),
            serde_json::json!({ "strategy": "canary", "steps": [0, 10] }),
            serde_json::json!({ "strategy": "canary", "steps": [] }),
            serde_json::json!({ "strategy": "canary", "steps": [10, 50, 100], "bake": "21m" }),
            serde_json::json!({ "strategy": "canary", "bake": "0s" }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(read(serde_json::json!({ "strategy": "canary", "steps": [10, 50, 100], "bake": "20m" })).is_ok());
    }

    #[test]
    fn the_steps_are_told() {
        let canary = |seconds| Traffic::Canary { steps: vec![10, 50, 100], bake: Duration::from_secs(seconds) };
        assert_eq!(told(&canary(120)).as_deref(), Some("canary: 10 %, 50 %, 100 % of new connections, 2m each"));
        assert_eq!(told(&canary(90)).as_deref(), Some("canary: 10 %, 50 %, 100 % of new connections, 90s each"));
        assert_eq!(told(&Traffic::AllAtOnce), None);
    }

    #[test]
    fn what_browsers_refuse_is_refused() {
        let read = |json| cors(&value(json)).map(|cors| cors.is_some());
        assert_eq!(
            read(serde_json::json!({ "origins": ["https://a.example"], "credentials": true, "max_age": "10m" })),
            Ok(true)
        );
        assert_eq!(read(serde_json::Value::Null), Ok(false));
        for wrong in [
            serde_json::json!({ "origins": [] }),
            serde_json::json!({ "origins": ["*"], "credentials": true }),
            serde_json::json!({ "origins": ["https://a.example"], "headers": ["*"], "credentials": true }),
            serde_json::json!({ "origins": ["https://a.example/path"] }),
            serde_json::json!({ "origins": ["*"], "headers": ["a, b"] }),
            serde_json::json!({ "origins": ["*"], "max_age": "soon" }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
