//! Plans as people see them, compared with the texts in `texts/`.

use crate::support::{assert_screen, change, eventful, number, output, plan, sealed, text, texts};
use proptest::prelude::*;
use siac_cli::arguments::{Detail, GraphFormat};
use siac_cli::graph;
use siac_cli::render::html;
use siac_cli::render::plan::{View, plan as show, summary_line};
use siac_cli::render::style::Style;
use siac_cli::sanitise;
use siac_core::model::path::Path;
use siac_core::model::plan::{Action, Plan, PlanMode};
use siac_core::model::value::{Partial, Value};

fn view(detail: Detail, undo: bool) -> View {
    View { detail, undo }
}

#[test]
fn an_eventful_plan_at_80_columns() {
    assert_screen("eventful-80.txt", &show(&eventful(), &Style::columns(80), View::default()));
}

#[test]
fn an_eventful_plan_at_200_columns_with_undo() {
    assert_screen("eventful-200-undo.txt", &show(&eventful(), &Style::columns(200), view(Detail::Normal, true)));
}

#[test]
fn an_eventful_plan_in_full() {
    assert_screen("eventful-full.txt", &show(&eventful(), &Style::plain(), view(Detail::Full, false)));
}

#[test]
fn an_eventful_plan_in_short() {
    assert_screen("eventful-summary.txt", &show(&eventful(), &Style::plain(), view(Detail::Summary, false)));
}

#[test]
fn an_eventful_plan_in_colour() {
    assert_screen("eventful-colour.txt", &show(&eventful(), &Style { colour: true, width: Some(80) }, View::default()));
}

#[test]
fn colours_add_nothing_but_colour() {
    let coloured = show(&eventful(), &Style { colour: true, width: Some(80) }, View::default());
    let mut bare = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        bare.push_str(before);
        rest = after.split_once('m').expect("a colour ends with m").1;
    }
    bare.push_str(rest);
    assert_eq!(bare, show(&eventful(), &Style::columns(80), View::default()));
}

#[test]
fn nothing_to_do_is_said_in_one_line() {
    let mut empty = plan(Vec::new());
    assert_eq!(
        show(&empty, &Style::plain(), View::default()),
        "stack quickstart, now at snapshot 3\nNo changes. The world is as the stack wants it.\n"
    );
    empty.mode = PlanMode::Rollback { to: 2 };
    let shown = show(&empty, &Style { colour: true, width: None }, View::default());
    assert!(shown.contains("\x1b[1m\x1b[32mNo changes.\x1b[0m The world is as snapshot 2 remembers it."), "{shown:?}");
}

#[test]
fn replacements_count_twice_and_moves_not_at_all() {
    assert_eq!(
        summary_line(&eventful()),
        "Plan: 2 to add, 1 to change, 3 to destroy, 1 to move, 1 to forget, 1 to read."
    );
}

#[test]
fn every_cause_of_a_replacement_is_marked() {
    let before = Value::map([("a", number(1)), ("b", texts(&["x"])), ("c", text("same")), ("d", number(1))]);
    let after = Value::map([("a", number(2)), ("b", texts(&["y"])), ("c", text("same")), ("d", number(2))]);
    let mut replaced = change("local_file.a", Action::ReplaceDestroyFirst, Some(before), Some(after));
    replaced.replace_paths = vec![Path::attribute("a"), Path::attribute("b")];
    let shown = show(&plan(vec![replaced]), &Style::plain(), View::default());
    assert!(shown.contains("~ a = 1 -> 2 # forces replacement\n"), "{shown}");
    assert!(shown.contains("~ b = [ # forces replacement\n"), "{shown}");
    assert!(shown.contains("~ d = 1 -> 2\n"), "{shown}");
}

#[test]
fn long_lines_break_at_the_arrow() {
    let (before, after) = ("x".repeat(50), "y".repeat(50));
    let update = change(
        "local_file.a",
        Action::Update,
        Some(Value::map([("path", text(&before))])),
        Some(Value::map([("path", text(&after))])),
    );
    let shown = show(&plan(vec![update]), &Style::columns(80), View::default());
    assert!(shown.contains(&format!("      ~ path = \"{before}\"\n          -> \"{after}\"\n")), "{shown}");
}

#[test]
fn sealed_and_sensitive_values_never_appear() {
    let shown = show(&eventful(), &Style::plain(), view(Detail::Full, true));
    assert!(shown.contains("database    = (sensitive value)"), "{shown}");
    assert!(shown.contains("- password = (sensitive value)"), "{shown}");
    assert!(!shown.contains("never shown"), "{shown}");
}

#[test]
fn a_sensitive_output_that_changes_says_only_that() {
    let mut plan = plan(Vec::new());
    plan.outputs = vec![output("key", Some(text("hunter2hunter2")), Some(sealed(2)), true)];
    let shown = show(&plan, &Style::plain(), View::default());
    assert!(shown.contains("  ~ key = (sensitive value)\n"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn an_eventful_plan_as_a_web_page() {
    let page = html::plan(&eventful(), Detail::Normal);
    assert!(!page.contains("never shown") && !page.contains("<script"), "{page}");
    assert_screen("eventful.html", &page);
}

#[test]
fn a_web_page_cannot_be_broken_out_of() {
    let mut hostile = eventful();
    hostile.stack = "</title><script>alert(1)</script>".into();
    hostile.notes[0].text = "<img src=x onerror=alert(1)> \"'".into();
    let page = html::plan(&hostile, Detail::Full);
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt; &quot;&#39;"), "{page}");
}

#[test]
fn graphs_of_a_plan() {
    let graph = graph::of_plan(&eventful());
    assert_screen("eventful.mmd", &graph.write(GraphFormat::Mermaid));
    assert_screen("eventful.dot", &graph.write(GraphFormat::Dot));
}

/// Values of any shape whose texts and keys are as nasty as they can be; a canary stands where nobody may look.
fn value() -> impl Strategy<Value = Partial> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Value::string),
        any::<i64>().prop_map(Value::number),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        Just(sealed(1)),
        Just(sealed(2)),
        Just(crate::support::unknown("a\x1b")),
        "[\\[{\"a:,1\\]}\\n]{0,12}".prop_map(Value::string),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::btree_map(any::<String>(), inner, 0..5).prop_map(Value::Map),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Partial> {
    prop::collection::btree_map("[a-c]|\\PC{0,4}", value(), 0..5).prop_map(Value::Map)
}

fn nasty(before: Partial, after: Partial, canary: &str) -> Plan {
    let hidden = |mut value: Partial| {
        if let Value::Map(entries) = &mut value {
            entries.insert("hidden".into(), Value::List(vec![text(canary), text("x")]));
        }
        value
    };
    let mut update = change("local_file.a", Action::Update, Some(hidden(before)), Some(hidden(after)));
    update.sensitive.insert("hidden".to_owned());
    let mut create = update.clone();
    create.action = Action::Create;
    create.before = None;
    let mut plan = plan(vec![create, update]);
    plan.stack = "a\u{202e}b\x1b]0;title\x07".into();
    plan
}

proptest! {
    #[test]
    fn no_control_byte_and_no_secret_is_ever_shown(before in attributes(), after in attributes(), full in any::<bool>()) {
        let detail = if full { Detail::Full } else { Detail::Normal };
        let plan = nasty(before, after, "canary-7f3a");
        for width in [None, Some(20), Some(80)] {
            let shown = show(&plan, &Style { colour: false, width }, view(detail, true));
            prop_assert!(shown.chars().all(|c| c == '\n' || sanitise::is_harmless(c)), "{:?}", shown);
            prop_assert!(shown.lines().all(|line| sanitise::command_places(line).is_empty()), "{}", shown);
            prop_assert!(!shown.contains("canary-7f3a"), "{}", shown);
        }
    }
}
