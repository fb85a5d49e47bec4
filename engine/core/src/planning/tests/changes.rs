//! What changes, why, and in which order.

use super::*;
use crate::model::identity::OpId;
use crate::model::path::Path;
use crate::model::plan::{Deposed, Operation, Reason, Undo};
use crate::model::value::Value;

#[test]
fn a_chain_is_created_in_order_and_then_stays() {
    let mut world = World::new();
    let text = r#"
[resource.toy_value.c]
input = "${toy_value.b.output}!"
[resource.toy_value.b]
input = "b-${toy_thing.a.id}"
[resource.toy_thing.a]
name = "a"
[output.last]
value = "${toy_value.c.output}"
"#;
    let plan = world.plan(&world.load(text), &Snapshot::empty("toys"));
    assert_eq!(lines(&plan), ["create toy_thing.a", "create toy_value.b", "create toy_value.c"]);
    assert_eq!(steps(&plan), ["create toy_thing.a", "create toy_value.b", "create toy_value.c"]);
    assert_eq!(plan.changes[0].place.as_deref(), Some("stacks/toys.toml:8"));
    assert_eq!(plan.steps[0].weight, 30);
    let snapshot = deployed(&mut world, text);
    assert_eq!(snapshot.outputs["last"].value.as_str(), Some("b-id-1!"));
}

#[test]
fn an_update_reaches_only_what_it_changes() {
    let mut world = World::new();
    let text = |size: u8| {
        format!(
            "[resource.toy_thing.a]\nname = \"a\"\nsize = {size}\n[resource.toy_value.id]\ninput = \"${{toy_thing.a.id}}\"\n\
             [resource.toy_value.etag]\ninput = \"${{toy_thing.a.etag}}\"\n"
        )
    };
    let snapshot = deployed(&mut world, &text(1));
    let loaded = world.load(&text(2));
    let plan = world.plan(&loaded, &snapshot);
    // The id stays with the object, the etag moves with every update.
    assert_eq!(lines(&plan), ["update toy_thing.a", "update toy_value.etag"]);
    assert_eq!(plan.unchanged, 1);
    assert_eq!(plan.steps[0].undo, Undo::Restore);
    let notes: Vec<&str> = plan.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(notes, ["it grows by and by"], "the provider says how the update goes");
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn an_immutable_change_replaces_destroy_first() {
    let mut world = World::new();
    let text = |name: &str| {
        format!("[resource.toy_thing.a]\nname = \"{name}\"\n[resource.toy_value.b]\ninput = \"${{toy_thing.a.id}}\"\n")
    };
    let snapshot = deployed(&mut world, &text("x"));
    let loaded = world.load(&text("y"));
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(lines(&plan), ["replace_destroy_first toy_thing.a", "update toy_value.b"]);
    assert_eq!(plan.changes[0].reasons, [Reason::Immutable]);
    assert_eq!(plan.changes[0].replace_paths, [Path::attribute("name")]);
    assert_eq!(steps(&plan), ["delete toy_thing.a", "create toy_thing.a", "update toy_value.b"]);
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn create_before_destroy_takes_along_what_it_depends_on() {
    let mut world = World::new();
    let text = |name: &str| {
        format!(
            "[resource.toy_thing.base]\nname = \"{name}\"\n[resource.toy_value.top]\nagain = \"${{toy_thing.base.id}}\"\n\
             lifecycle = {{ create_before_destroy = true }}\n"
        )
    };
    let snapshot = deployed(&mut world, &text("x"));
    let loaded = world.load(&text("y"));
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(lines(&plan), ["replace_create_first toy_thing.base", "replace_create_first toy_value.top"]);
    let top = "toy_value.top".parse().unwrap();
    assert_eq!(plan.changes[0].reasons, [Reason::Immutable, Reason::Follows(top)]);
    assert_eq!(
        steps(&plan),
        [
            "depose toy_thing.base",
            "create toy_thing.base",
            "depose toy_value.top",
            "create toy_value.top",
            "delete toy_value.top",
            "delete toy_thing.base"
        ]
    );
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn a_fixed_unique_name_excludes_create_before_destroy() {
    let mut world = World::new();
    let text = |again: &str| {
        format!(
            "[resource.toy_unique.a]\nname = \"a\"\nlifecycle = {{ create_before_destroy = true, replace_triggered_by = [\"toy_value.t\"] }}\n[resource.toy_value.t]\ninput = \"{again}\"\n"
        )
    };
    let snapshot = deployed(&mut world, &text("x"));
    let refused = world.refused(&world.load(&text("y")), &snapshot, &Options::default());
    assert_eq!(refused, ["unique-name"]);
}

#[test]
fn deletion_runs_against_the_dependencies_and_after_updates() {
    let mut world = World::new();
    let with = r#"
[resource.toy_thing.a]
name = "a"
[resource.toy_value.b]
input = "${toy_thing.a.id}"
[resource.toy_value.c]
input = "${toy_value.b.output}"
[resource.toy_value.stays]
input = "${toy_thing.a.id}"
"#;
    let snapshot = deployed(&mut world, with);
    let loaded = world.load("[resource.toy_value.stays]\ninput = \"alone\"\n");
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(
        steps(&plan),
        ["update toy_value.stays", "delete toy_value.c", "delete toy_value.b", "delete toy_thing.a"]
    );
    assert_eq!(plan.changes[0].reasons, [Reason::NotDeclared]);
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
    assert_eq!(world.objects.len(), 1);
}

#[test]
fn destruction_deletes_everything_and_respects_protection() {
    let mut world = World::new();
    let text = "[resource.toy_thing.a]\nname = \"a\"\n[resource.toy_value.b]\ninput = \"${toy_thing.a.id}\"\n[output.x]\nvalue = 1\n";
    let snapshot = deployed(&mut world, text);
    let destroy = Options { destroy: true, ..Options::default() };
    let plan = world.plan_with(&world.load(text), &snapshot, &destroy);
    assert_eq!(steps(&plan), ["delete toy_value.b", "delete toy_thing.a"]);
    assert_eq!(plan.changes[0].reasons, [Reason::Destroying]);
    assert!(plan.outputs[0].after.is_none());
    let empty = world.apply(&plan, &snapshot);
    assert!(empty.records.is_empty() && world.objects.is_empty());

    let guarded = format!("{text}\n[resource.toy_value.guard]\nlifecycle = {{ prevent_destroy = true }}\n");
    let snapshot = deployed(&mut world, &guarded);
    assert_eq!(world.refused(&world.load(&guarded), &snapshot, &destroy), ["prevent-destroy"]);
    assert_eq!(world.refused(&world.load(text), &snapshot, &Options::default()), ["prevent-destroy"]);
}

#[test]
fn requests_triggers_and_taints_replace() {
    let mut world = World::new();
    let text = |input: &str| {
        format!(
            "[resource.toy_value.a]\ninput = \"{input}\"\n[resource.toy_value.whole]\nlifecycle = {{ replace_triggered_by = [\"toy_value.a\"] }}\n\
             [resource.toy_value.part]\nlifecycle = {{ replace_triggered_by = [\"toy_value.a.again\"] }}\n"
        )
    };
    let mut snapshot = deployed(&mut world, &text("x"));
    let plan = world.plan(&world.load(&text("y")), &snapshot);
    assert_eq!(lines(&plan), ["update toy_value.a", "replace_destroy_first toy_value.whole"]);
    assert_eq!(plan.changes[1].reasons, [Reason::TriggeredBy("toy_value.a".to_owned())]);

    let loaded = world.load(&text("x"));
    let options = Options { replace: vec!["toy_value.part".parse().unwrap()], ..Options::default() };
    let plan = world.plan_with(&loaded, &snapshot, &options);
    assert_eq!(lines(&plan), ["replace_destroy_first toy_value.part"]);
    assert_eq!(plan.changes[0].reasons, [Reason::Requested]);

    let record = snapshot.records.get_mut(&"toy_value.part".parse().unwrap()).unwrap();
    record.object.as_mut().unwrap().tainted = true;
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(plan.changes[0].reasons, [Reason::Tainted]);
}

#[test]
fn ignored_changes_are_left_to_others() {
    let mut world = World::new();
    let text = |touched: &str, size: u8| {
        format!(
            "[resource.toy_thing.a]\nname = \"a\"\nsize = {size}\ntags = {{ touched = \"{touched}\" }}\n\
             lifecycle = {{ ignore_changes = [\"tags.touched\"] }}\n"
        )
    };
    let snapshot = deployed(&mut world, &text("x", 1));
    assert!(world.plan(&world.load(&text("y", 1)), &snapshot).is_empty());
    let plan = world.plan(&world.load(&text("y", 2)), &snapshot);
    let Operation::Update { inputs, .. } = &plan.steps[0].operation else { panic!("{:?}", plan.steps) };
    assert_eq!(inputs.at(&"tags.touched".parse().unwrap()).and_then(Value::as_str), Some("x"));
}

#[test]
fn a_changed_lifecycle_is_recorded_without_a_call() {
    let mut world = World::new();
    let snapshot = deployed(&mut world, "[resource.toy_value.a]\n");
    let loaded = world.load("[resource.toy_value.a]\nlifecycle = { prevent_destroy = true }\n");
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(
        (lines(&plan), steps(&plan)),
        (vec!["record toy_value.a".to_owned()], vec!["record toy_value.a".to_owned()])
    );
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn unfinished_replacements_are_finished() {
    let mut world = World::new();
    let text = |name: &str| {
        format!(
            "[resource.toy_thing.a]\nname = \"{name}\"\nlifecycle = {{ create_before_destroy = true }}\n[resource.toy_value.b]\ninput = \"${{toy_thing.a.id}}\"\n"
        )
    };
    let snapshot = deployed(&mut world, &text("x"));
    let loaded = world.load(&text("y"));
    let plan = world.plan(&loaded, &snapshot);
    let halfway = world.apply_some(&plan, &snapshot, 2);
    let left: OpId = *halfway.records[&"toy_thing.a".parse().unwrap()].deposed.keys().next().unwrap();
    let plan = world.plan(&loaded, &halfway);
    assert_eq!(lines(&plan), ["delete toy_thing.a", "update toy_value.b"]);
    assert_eq!((plan.changes[0].deposed, plan.changes[0].reasons.as_slice()), (Some(left), &[Reason::LeftBehind][..]));
    assert_eq!(steps(&plan), ["update toy_value.b", "delete toy_thing.a"]);
    assert_eq!(plan.steps[1].operation, Operation::Delete { deposed: Some(Deposed::Left(left)) });
    let next = world.apply(&plan, &halfway);
    assert!(world.plan(&loaded, &next).is_empty());
    // What is gone already is only forgotten, and what is updated already only recorded.
    let plan = world.plan(&loaded, &halfway);
    assert_eq!(steps(&plan), ["record toy_value.b", "forget toy_thing.a"]);
}

#[test]
fn what_cannot_be_undone_comes_last() {
    let mut world = World::new();
    let snapshot = deployed(&mut world, "[resource.toy_store.a]\nname = \"a\"\n[resource.toy_value.b]\ninput = 1\n");
    let plan = world.plan(&world.load("[resource.toy_value.b]\ninput = 2\n[resource.toy_value.c]\n"), &snapshot);
    assert_eq!(steps(&plan), ["update toy_value.b", "create toy_value.c", "delete toy_store.a"]);
    assert_eq!(plan.point_of_no_return.map(|id| id.0), Some(2));
    assert!(matches!(plan.steps[2].undo, Undo::Impossible { .. }));
}

#[test]
fn spellings_that_mean_the_same_change_nothing() {
    let mut world = World::new();
    let text = |document: &str, zones: &str| {
        format!("[resource.toy_thing.a]\nname = \"a\"\ndocument = '{document}'\nzones = {zones}\n")
    };
    let snapshot = deployed(&mut world, &text(r#"{"a":1,"b":[2]}"#, r#"["x", "y"]"#));
    let plan = world.plan(&world.load(&text(r#"{ "b": [2.0], "a": 1 }"#, r#"["y", "x", "y"]"#)), &snapshot);
    // The wish reads differently, so that it is recorded; nothing is called.
    assert_eq!(lines(&plan), ["record toy_thing.a"]);
}

#[test]
fn many_before_and_many_behind_one_that_stays_do_not_multiply() {
    let mut world = World::new();
    let keys: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let text = |input: u8| {
        format!(
            "[resource.toy_value.before]\nfor_each = {keys:?}\ninput = {input}\n\
             [resource.toy_value.hub]\ndepends_on = [\"toy_value.before\"]\n\
             [resource.toy_value.behind]\nfor_each = {keys:?}\ninput = {input}\ndepends_on = [\"toy_value.hub\"]\n"
        )
    };
    let snapshot = deployed(&mut world, &text(1));
    let loaded = world.load(&text(2));
    let plan = world.plan(&loaded, &snapshot);
    let needs: usize = plan.steps.iter().map(|step| step.needs.len()).sum();
    assert_eq!((plan.steps.len(), needs), (81, 80));
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn another_provider_instance_is_another_object() {
    let mut world = World::new();
    let text = |provider: &str| {
        format!(
            "[provider.east]\nplugin = \"toy\"\nregion = \"e\"\n[provider.west]\nplugin = \"toy\"\n[resource.toy_thing.a]\nname = \"a\"\nprovider = \"{provider}\"\n"
        )
    };
    let snapshot = deployed(&mut world, &text("east"));
    assert_eq!(snapshot.providers["east"].config["region"].as_str(), Some("e"));
    let loaded = world.load(&text("west"));
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(lines(&plan), ["replace_destroy_first toy_thing.a"]);
    assert_eq!(plan.changes[0].replace_paths, [Path::attribute("provider")]);
    let providers: Vec<&str> = plan.steps.iter().map(|step| step.provider.as_str()).collect();
    assert_eq!(providers, ["east", "west"]);
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn a_deletion_does_not_wait_in_a_circle() {
    let mut world = World::new();
    let base = |name: &str| format!("[resource.toy_thing.base]\nname = \"{name}\"\n");
    let snapshot = deployed(
        &mut world,
        &format!(
            "{}[resource.toy_value.middle]\ninput = \"${{toy_thing.base.id}}\"\n[resource.toy_value.top]\ninput = \"${{toy_value.middle.output}}\"\n",
            base("x")
        ),
    );
    // The top turns from the middle, which goes, to the base, which is replaced and cannot go before the middle.
    let loaded = world.load(&format!("{}[resource.toy_value.top]\ninput = \"${{toy_thing.base.id}}\"\n", base("y")));
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(
        steps(&plan),
        ["delete toy_value.middle", "delete toy_thing.base", "create toy_thing.base", "update toy_value.top"]
    );
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
}
