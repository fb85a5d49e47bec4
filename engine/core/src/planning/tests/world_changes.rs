//! Moves, imports, drift, rollback, and plans of a part.

use super::*;
use crate::model::plan::{Plan, PlanMode, Reason};
use crate::model::value::{Partial, Value};
use crate::planning::Goal;

fn rollback(world: &World, kept: &Snapshot, now: &Snapshot, options: &Options) -> Plan {
    world::done(world.outcome(Goal::Snapshot(kept), &Default::default(), now, options).0)
}

/// Changes an object behind siac's back.
fn touch(world: &mut World, snapshot: &Snapshot, address: &str, name: &str, value: Partial, is_output: bool) {
    let remote = &snapshot.object(&address.parse().unwrap()).unwrap().remote;
    let (inputs, outputs) = world.objects.get_mut(remote).unwrap();
    let Value::Map(entries) = (if is_output { outputs } else { inputs }) else { panic!("a map") };
    entries.insert(name.to_owned(), value);
}

#[test]
fn moved_resources_keep_their_objects() {
    let mut world = World::new();
    let body = |name: &str| {
        format!(
            "[resource.toy_thing.{name}]\nname = \"a\"\n[resource.toy_value.b]\ninput = \"${{toy_thing.{name}.id}}\"\n"
        ) + &format!("[resource.toy_thing.c]\nname = \"c\"\ntoken = \"${{toy_thing.{name}.password}}\"\n")
    };
    let snapshot = deployed(&mut world, &body("old"));
    let moved = format!("{}[[moved]]\nfrom = \"toy_thing.old\"\nto = \"toy_thing.new\"\n", body("new"));
    let loaded = world.load(&moved);
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(lines(&plan), ["record toy_thing.new"]);
    assert_eq!(plan.changes[0].moved_from, Some("toy_thing.old".parse().unwrap()));
    // The records that name it are rewritten by the way.
    assert_eq!(
        steps(&plan),
        ["move toy_thing.new", "record toy_thing.new", "record toy_thing.c", "record toy_value.b"]
    );
    assert_eq!(plan.counts(), Default::default());
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
    assert!(world.plan(&world.load(&body("new")), &next).is_empty());
    let still = format!("{moved}[resource.toy_thing.old]\nname = \"x\"\n");
    assert_eq!(world.refused(&world.load(&still), &snapshot, &Options::default()), ["moved-and-declared"]);
}

#[test]
fn objects_are_adopted_and_changed_in_one_plan() {
    let mut world = World::new();
    let inputs = Value::map([("name", Value::string("a")), ("size", Value::number(7_i64))]);
    let outputs = Value::map([("id", Value::string("legacy")), ("etag", Value::string("e"))]);
    world.objects.insert("legacy-1".to_owned(), (inputs, outputs));
    let text = |size: u8| {
        format!(
            "[resource.toy_thing.a]\nname = \"a\"\nsize = {size}\n[[import]]\nto = \"toy_thing.a\"\nid = \"legacy-1\"\n"
        )
    };
    let same = world.plan(&world.load(&text(7)), &Snapshot::empty("toys"));
    assert_eq!(steps(&same), ["import toy_thing.a"]);
    assert_eq!((same.counts().import, same.changes[0].importing.as_deref()), (1, Some("legacy-1")));
    let plan = world.plan(&world.load(&text(8)), &Snapshot::empty("toys"));
    assert_eq!(steps(&plan), ["import toy_thing.a", "update toy_thing.a"]);
    let next = world.apply(&plan, &Snapshot::empty("toys"));
    assert!(world.plan(&world.load(&text(8)), &next).is_empty());
    let renamed = text(7).replace("name = \"a\"", "name = \"b\"");
    assert_eq!(
        world.refused(&world.load(&renamed), &Snapshot::empty("toys"), &Options::default()),
        ["import-replaces"]
    );
    let unknown = text(7).replace("legacy-1", "nothing");
    assert_eq!(world.refused(&world.load(&unknown), &Snapshot::empty("toys"), &Options::default()), ["import-failed"]);
}

#[test]
fn removed_resources_are_forgotten_or_deleted() {
    let mut world = World::new();
    let snapshot = deployed(&mut world, "[resource.toy_value.a]\n[resource.toy_value.b]\n");
    let loaded =
        world.load("[[removed]]\nfrom = \"toy_value.a\"\ndestroy = false\n[[removed]]\nfrom = \"toy_value.b\"\n");
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(lines(&plan), ["forget toy_value.a", "delete toy_value.b"]);
    assert_eq!(plan.changes[1].reasons, [Reason::Removed(Some("stacks/toys.toml:6".to_owned()))]);
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
    assert_eq!(world.objects.len(), 1);
    let both = world.load("[resource.toy_value.a]\n[[removed]]\nfrom = \"toy_value.a\"\n");
    assert_eq!(world.refused(&both, &snapshot, &Options::default()), ["removed-and-declared"]);
}

#[test]
fn drift_in_what_the_stack_sets_is_put_right() {
    let mut world = World::new();
    let text = "[resource.toy_thing.a]\nname = \"a\"\n[resource.toy_value.b]\ninput = \"${toy_thing.a.etag}\"\n";
    let snapshot = deployed(&mut world, text);
    let loaded = world.load(text);
    touch(&mut world, &snapshot, "toy_thing.a", "size", Value::number(9_i64), false);
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(plan.changes[0].reasons, [Reason::Drifted]);
    assert_eq!(plan.drift.len(), 1);
    assert_eq!(plan.drift[0].observed.as_ref().unwrap().get("size"), Some(&Value::number(9_i64)));
    let unlooked = Options { refresh: false, ..Options::default() };
    assert!(world.plan_with(&loaded, &snapshot, &unlooked).is_empty());
}

#[test]
fn drift_in_outputs_matters_to_those_who_use_them() {
    let mut world = World::new();
    let text = "[resource.toy_thing.a]\nname = \"a\"\n[resource.toy_value.b]\ninput = \"${toy_thing.a.etag}\"\n";
    let snapshot = deployed(&mut world, text);
    let loaded = world.load(text);
    touch(&mut world, &snapshot, "toy_thing.a", "etag", Value::string("moved"), true);
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!((lines(&plan), plan.drift.len()), (vec!["update toy_value.b".to_owned()], 1));
    // The new value is recorded by the way.
    assert_eq!(steps(&plan), ["record toy_thing.a", "update toy_value.b"]);
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());

    let alone = "[resource.toy_thing.a]\nname = \"a\"\n";
    let mut world = World::new();
    let snapshot = deployed(&mut world, alone);
    touch(&mut world, &snapshot, "toy_thing.a", "etag", Value::string("moved"), true);
    let plan = world.plan(&world.load(alone), &snapshot);
    assert!(plan.is_empty() && plan.drift.is_empty());
    let refresh_only = Options { refresh_only: true, ..Options::default() };
    let plan = world.plan_with(&world.load(alone), &snapshot, &refresh_only);
    assert_eq!((steps(&plan), plan.drift.len()), (vec!["record toy_thing.a".to_owned()], 1));
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan_with(&world.load(alone), &next, &refresh_only).is_empty());
}

#[test]
fn what_vanished_is_made_again_or_forgotten() {
    let mut world = World::new();
    let text = "[resource.toy_thing.a]\nname = \"a\"\n[resource.toy_value.b]\ninput = \"${toy_thing.a.id}\"\n";
    let snapshot = deployed(&mut world, text);
    let loaded = world.load(text);
    world.objects.remove(&snapshot.object(&"toy_thing.a".parse().unwrap()).unwrap().remote);
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(steps(&plan), ["lost toy_thing.a", "create toy_thing.a", "update toy_value.b"]);
    assert_eq!((plan.changes[0].reasons.as_slice(), plan.drift.len()), (&[Reason::Vanished][..], 1));
    let gone = world.plan(&world.load(""), &snapshot);
    assert_eq!(lines(&gone), ["forget toy_thing.a", "delete toy_value.b"]);
    assert_eq!(steps(&gone), ["lost toy_thing.a", "delete toy_value.b"]);
    let refresh_only = Options { refresh_only: true, ..Options::default() };
    assert_eq!(steps(&world.plan_with(&loaded, &snapshot, &refresh_only)), ["lost toy_thing.a"]);
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn rollback_wants_what_was_recorded_with_what_there_is_today() {
    let mut world = World::new();
    world.files.insert("services/hello".to_owned(), "v1".to_owned());
    world.secrets.insert("A".to_owned(), "x".to_owned());
    let old = r#"
[secret.a]
from = "env:A"
[data.toy_lookup.d]
key = "${toy_thing.a.id}"
[resource.toy_thing.a]
name = "a"
size = 1
token = "${secret.a}"
[resource.toy_value.b]
input = ["${toy_thing.a.id}", "${data.toy_lookup.d.result}"]
[resource.toy_code.c]
source = "../services/hello"
[output.b]
value = "${toy_value.b.output}"
"#;
    let kept = deployed(&mut world, old);
    assert!(rollback(&world, &kept, &kept, &Options::default()).is_empty());
    world.files.insert("services/hello".to_owned(), "v2".to_owned());
    let new = world.load(
        "[resource.toy_thing.a]\nname = \"renamed\"\nsize = 2\n[resource.toy_code.c]\nsource = \"../services/hello\"\n[resource.toy_value.extra]\n",
    );
    let now = world.apply(&world.plan(&new, &kept), &kept);
    // The source tree is gone; its artifact is not.
    world.files.clear();
    let plan = rollback(&world, &kept, &now, &Options::default());
    assert_eq!(plan.mode, PlanMode::Rollback { to: 1 });
    assert_eq!(
        lines(&plan),
        [
            "update toy_code.c",
            "replace_destroy_first toy_thing.a",
            "create toy_value.b",
            "delete toy_value.extra",
            "read data.toy_lookup.d"
        ]
    );
    let back = world.apply(&plan, &now);
    assert!(rollback(&world, &kept, &back, &Options::default()).is_empty());
    let input = |snapshot: &Snapshot, name: &str| snapshot.object(&name.parse().unwrap()).unwrap().inputs.clone();
    assert_eq!(input(&back, "toy_code.c"), input(&kept, "toy_code.c"));
    assert_eq!(back.outputs.keys().collect::<Vec<_>>(), ["b"]);
    world.secrets.insert("A".to_owned(), "y".to_owned());
    let plan = rollback(&world, &kept, &back, &Options::default());
    // What is looked up by a thing that changes is looked up after it.
    assert_eq!(lines(&plan), ["update toy_thing.a", "update toy_value.b", "read data.toy_lookup.d"]);
    assert_eq!(plan.notes[0].code, "secret-of-today");
}

#[test]
fn rollback_recognises_objects_that_were_moved_since() {
    let mut world = World::new();
    let kept = deployed(&mut world, "[resource.toy_thing.old]\nname = \"a\"\n");
    let loaded = world
        .load("[resource.toy_thing.new]\nname = \"a\"\n[[moved]]\nfrom = \"toy_thing.old\"\nto = \"toy_thing.new\"\n");
    let now = world.apply(&world.plan(&loaded, &kept), &kept);
    let plan = rollback(&world, &kept, &now, &Options::default());
    assert_eq!(steps(&plan), ["move toy_thing.old", "record toy_thing.old"]);
}

#[test]
fn rollback_spares_what_holds_data() {
    let mut world = World::new();
    let kept = deployed(&mut world, "[resource.toy_store.a]\nname = \"a\"\n[resource.toy_store.lost]\nname = \"l\"\n");
    let text = "[resource.toy_store.a]\nname = \"b\"\n[resource.toy_store.new]\nname = \"n\"\ndepends_on = [\"toy_value.v\"]\n[resource.toy_value.v]\n";
    let now = world.apply(&world.plan(&world.load(text), &kept), &kept);
    let plan = rollback(&world, &kept, &now, &Options::default());
    assert_eq!(
        lines(&plan),
        ["record toy_store.a", "create toy_store.lost", "record toy_store.new", "record toy_value.v"]
    );
    assert_eq!(steps(&plan), ["create toy_store.lost"]);
    let codes: Vec<&str> = plan.notes.iter().map(|note| note.code.as_str()).collect();
    assert_eq!(codes.len(), 4, "{codes:?}");
    assert!(
        codes.contains(&"holds-data") && codes.contains(&"contents-not-restored") && codes.contains(&"still-needed")
    );
    let all = Options { allow_data_loss: true, ..Options::default() };
    let plan = rollback(&world, &kept, &now, &all);
    assert_eq!(
        lines(&plan),
        ["replace_destroy_first toy_store.a", "create toy_store.lost", "delete toy_store.new", "delete toy_value.v"]
    );
}

const CHAIN: &str = r#"
[resource.toy_thing.a]
name = "a"
[resource.toy_value.b]
input = "${toy_thing.a.id}"
[resource.toy_value.c]
input = "${toy_value.b.output}"
[resource.toy_value.other]
[output.c]
value = "${toy_value.c.output}"
[output.other]
value = "${toy_value.other.output}"
"#;

#[test]
fn targets_take_their_dependencies_along() {
    let mut world = World::new();
    let loaded = world.load(CHAIN);
    let plan = world.plan_with(&loaded, &Snapshot::empty("toys"), &targets(&["toy_value.b"]));
    assert_eq!(lines(&plan), ["create toy_thing.a", "create toy_value.b"]);
    assert_eq!(plan.notes[0].code, "partial");
    let next = world.apply(&plan, &Snapshot::empty("toys"));
    assert!(next.outputs.is_empty());
    assert!(world.plan_with(&loaded, &next, &targets(&["toy_value.b"])).is_empty());
    assert_eq!(lines(&world.plan(&loaded, &next)), ["create toy_value.c", "create toy_value.other"]);
    let excluding = Options { excludes: vec!["toy_value.b".parse().unwrap()], ..Options::default() };
    let plan = world.plan_with(&loaded, &Snapshot::empty("toys"), &excluding);
    assert_eq!(lines(&plan), ["create toy_thing.a", "create toy_value.other"]);
    assert_eq!(world.refused(&loaded, &next, &targets(&["toy_value.zzz"])), ["unknown-address"]);
}

#[test]
fn a_replacement_that_the_plan_leaves_out_is_named() {
    let mut world = World::new();
    let snapshot = deployed(&mut world, CHAIN);
    let replaced = |replace: &str, options: Options| {
        let options = Options { replace: vec![replace.parse().unwrap()], ..options };
        let plan = world.plan_with(&world.load(CHAIN), &snapshot, &options);
        let named =
            plan.notes.iter().filter(|note| note.code == "left-out").map(|note| note.text.clone()).collect::<Vec<_>>();
        (lines(&plan), named)
    };
    let (done, named) = replaced("toy_value.other", targets(&["toy_value.b"]));
    assert!(done.is_empty() && named[0].contains("names toy_value.other"), "{done:?} {named:?}");
    let excluding = Options { excludes: vec!["toy_value.other".parse().unwrap()], ..Options::default() };
    assert_eq!(replaced("toy_value.other", excluding).1.len(), 1);
    assert_eq!(replaced("toy_thing.a", targets(&["toy_value.b"])).1, [] as [String; 0], "a target needs it");
    assert_eq!(replaced("toy_value.other", Options::default()).1, [] as [String; 0]);
}

#[test]
fn an_import_of_an_instance_that_is_not_there_is_named() {
    let world = World::new();
    let text =
        "[resource.toy_value.a]\nfor_each = '${toset([\"eu\"])}'\n[[import]]\nto = 'toy_value.a[\"us\"]'\nid = \"x\"\n";
    let plan = world.plan(&world.load(text), &Snapshot::empty("toys"));
    assert_eq!(plan.notes.iter().map(|note| note.code.as_str()).collect::<Vec<_>>(), ["unused-import"]);
}

#[test]
fn a_target_of_destruction_takes_its_dependents_along() {
    let mut world = World::new();
    let snapshot = deployed(&mut world, CHAIN);
    let destroy = Options { destroy: true, ..targets(&["toy_value.b"]) };
    let plan = world.plan_with(&world.load(CHAIN), &snapshot, &destroy);
    assert_eq!(lines(&plan), ["delete toy_value.b", "delete toy_value.c"]);
    let excluding = Options { destroy: true, excludes: vec!["toy_value.b".parse().unwrap()], ..Options::default() };
    let plan = world.plan_with(&world.load(CHAIN), &snapshot, &excluding);
    assert_eq!(lines(&plan), ["delete toy_value.c", "delete toy_value.other"]);
}

#[test]
fn what_nobody_could_settle_is_left_alone() {
    let mut world = World::new();
    let text = "[resource.toy_value.a]\n";
    let mut snapshot = deployed(&mut world, text);
    let object = snapshot.object(&"toy_value.a".parse().unwrap()).unwrap().clone();
    snapshot.unsettled.insert(
        object.op,
        crate::model::event::Intent {
            op: object.op,
            step: crate::model::plan::StepId(0),
            undoing: false,
            address: "toy_value.a".parse().unwrap(),
            provider: "toy".to_owned(),
            verb: crate::model::event::Verb::Update,
            inputs: object.inputs,
            remote: None,
            deposed: None,
            becoming: None,
            class: crate::model::schema::RecoveryClass::Nothing,
        },
    );
    assert_eq!(world.refused(&world.load(text), &snapshot, &Options::default()), ["unsettled"]);
    assert_eq!(world.refused(&world.load(""), &snapshot, &Options::default()), ["unsettled"]);
}
