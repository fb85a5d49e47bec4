//! Plans for machines.

use std::collections::BTreeSet;

use siac_cli::json_stream;
use siac_core::model::value::Value;

use crate::support::{assert_screen, eventful, sealed, text, unknown};

#[test]
fn an_eventful_plan_for_machines() {
    let document = serde_json::to_string_pretty(&json_stream::plan(&eventful())).expect("JSON");
    assert!(!document.contains("never shown"), "{document}");
    assert_screen("eventful-plan.json", &(document + "\n"));
}

#[test]
fn what_cannot_be_shown_is_null_and_its_place_is_listed() {
    let value = Value::map([
        ("a", Value::List(vec![text("x"), unknown("p"), sealed(1)])),
        ("hidden", Value::List(vec![sealed(1), text("hunter2")])),
        ("unset", Value::Null),
    ]);
    let hidden = BTreeSet::from(["hidden".to_owned(), "unset".to_owned()]);
    assert_eq!(
        json_stream::shown(&value, &hidden),
        serde_json::json!({
            "value": { "a": ["x", null, null], "hidden": null, "unset": null },
            "unknown": [["a", 1]],
            "sensitive": [["a", 2], ["hidden"]],
        })
    );
}
