//! Artifacts that recipes make: built when nothing remembers them, once, and last of all.

use super::*;
use crate::model::snapshot::artifact_identity;
use crate::model::value::Partial;
use crate::planning::{Goal, Outcome};

const API: &str = "[resource.toy_code.a]\nsource = { path = \"../services/api\", build = \"make\" }\n";

fn world() -> World {
    let mut world = World::new();
    world.files.insert("services/api".to_owned(), "v1".to_owned());
    world
}

fn builds(world: &World) -> usize {
    world.built.borrow().len()
}

fn identity(snapshot: &Snapshot, address: &str) -> String {
    let object = snapshot.object(&address.parse().unwrap()).unwrap();
    artifact_identity(object.inputs.get("source").unwrap().as_str().unwrap()).unwrap().to_string()
}

#[test]
fn what_the_snapshot_remembers_is_not_built_again() {
    let mut world = world();
    let snapshot = deployed(&mut world, API);
    assert_eq!(*world.built.borrow(), ["services/api"]);
    world.files.insert("services/api".to_owned(), "v2".to_owned());
    let plan = world.plan(&world.load(API), &snapshot);
    assert_eq!(lines(&plan), ["update toy_code.a"]);
    assert_eq!((builds(&world), plan.artifacts.len()), (2, 2));
}

#[test]
fn what_two_resources_want_is_built_once() {
    let mut world = world();
    let text = format!("{API}{}", API.replace("toy_code.a", "toy_code.b"));
    deployed(&mut world, &text);
    assert_eq!(builds(&world), 1);
    world.files.insert("services/api".to_owned(), "v2".to_owned());
    let text = text.replace("\"make\"", "\"break\"");
    assert_eq!(world.refused(&world.load(&text), &Snapshot::empty("toys"), &Options::default()), ["build"]);
    assert_eq!(builds(&world), 2);
}

#[test]
fn another_source_of_the_same_bytes_changes_the_record_and_no_object() {
    let mut world = world();
    let snapshot = deployed(&mut world, API);
    world.files.insert("services/api".to_owned(), " v1 ".to_owned());
    let loaded = world.load(API);
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(lines(&plan), ["record toy_code.a"]);
    let source = |side: &Option<Partial>| side.as_ref().unwrap().get("source").unwrap().clone();
    assert_ne!(source(&plan.changes[0].before), source(&plan.changes[0].after), "people see what changes");
    let next = world.apply(&plan, &snapshot);
    assert_eq!(next.artifacts(), snapshot.artifacts());
    assert_ne!(identity(&next, "toy_code.a"), identity(&snapshot, "toy_code.a"));
    assert!(world.plan(&loaded, &next).is_empty());
    assert_eq!(builds(&world), 2);
}

#[test]
fn a_resource_keeps_its_own_build_of_what_others_have_too() {
    let mut world = world();
    let snapshot = deployed(&mut world, API);
    let mut other = snapshot.clone();
    let mut record = other.records.remove(&"toy_code.a".parse().unwrap()).unwrap();
    let object = record.object.as_mut().unwrap();
    let reference = object.inputs.get("source").unwrap().as_str().unwrap().to_owned();
    let differently = format!("artifact:{}{}", "0".repeat(64), &reference["artifact:".len() + 64..]);
    object.inputs = crate::model::value::Value::map([("source", crate::model::value::Value::string(&differently))]);
    object.configured = object.inputs.clone();
    let both = format!("{API}{}", API.replace("toy_code.a", "toy_code.z"));
    let mut both_there = snapshot.clone();
    object.op = crate::model::identity::OpId([9; 16]);
    object.remote = "other".to_owned();
    both_there.records.insert("toy_code.z".parse().unwrap(), record);
    let options = Options { refresh: false, ..Options::default() };
    let plan = world.plan_with(&world.load(&both), &both_there, &options);
    assert!(plan.is_empty(), "{:?}", lines(&plan));
    assert_eq!(builds(&world), 1);
}

#[test]
fn nothing_is_built_for_a_plan_that_is_refused_anyway() {
    let world = world();
    let wrong = format!("{API}[resource.toy_code.b]\nsource = \"../../etc\"\n");
    assert_eq!(world.refused(&world.load(&wrong), &Snapshot::empty("toys"), &Options::default()), ["artifact"]);
    assert_eq!(builds(&world), 0);
}

#[test]
fn what_waits_for_a_build_is_no_reason_to_refuse() {
    let mut world = world();
    let text = format!(
        "{API}[resource.toy_thing.t]\nfor_each = [\"${{toy_code.a.source}}\"]\nname = \"t\"\nlifecycle = {{ prevent_destroy = true }}\n"
    );
    let snapshot = deployed(&mut world, &text);
    let loaded = world.load(&text);
    let mut forgotten = snapshot.clone();
    forgotten.records.remove(&"toy_code.a".parse().unwrap());
    let plan = world.plan(&loaded, &forgotten);
    assert_eq!(lines(&plan), ["create toy_code.a"]);
}

#[test]
fn a_wrong_recipe_is_refused_with_its_place() {
    let mut world = world();
    world.secrets.insert("S".to_owned(), "hunter2".to_owned());
    let refused = |recipe: &str| {
        let text = format!(
            "[variable.v]\ndefault = \"x\"\n[secret.s]\nfrom = \"env:S\"\n[resource.toy_code.a]\nsource = {recipe}\n"
        );
        let loaded = world.load(&text);
        let (snapshot, options) = (Snapshot::empty("toys"), Options::default());
        match world.outcome(Goal::Stack(&loaded.stack), &loaded.sources, &snapshot, &options).0 {
            Outcome::Refused(problems) => {
                let problem = problems.sorted().into_iter().next().unwrap();
                let span = problem.labels[0].span;
                let there = &loaded.sources.file(span.file).unwrap().text[span.start as usize..span.end as usize];
                format!("{} {}", problem.code, there.trim_matches('"'))
            }
            other => panic!("not refused: {other:?}"),
        }
    };
    assert_eq!(refused("{ path = \"../../etc\" }"), "artifact ../../etc");
    assert_eq!(refused("{ path = \"../${var.v}\", biuld = \"a\" }"), "recipe a");
    assert_eq!(refused("{ path = \"../a\", build = \"${secret.s}\" }"), "recipe secret.s");
    assert_eq!(refused("{ path = \"../gone\", build = \"make\" }").split(' ').next(), Some("artifact"));
    assert_eq!(builds(&world), 0);
}

#[test]
fn a_rollback_builds_nothing_though_the_source_is_gone() {
    let mut world = world();
    let first = deployed(&mut world, API);
    world.files.insert("services/api".to_owned(), "v2".to_owned());
    let plan = world.plan(&world.load(API), &first);
    let second = world.apply(&plan, &first);
    world.files.clear();
    let before = builds(&world);
    let sources = crate::model::diagnostic::SourceMap::default();
    let back = world::done(world.outcome(Goal::Snapshot(&first), &sources, &second, &Options::default()).0);
    assert_eq!(lines(&back), ["update toy_code.a"]);
    assert!(back.artifacts.is_superset(&first.artifacts()));
    assert_eq!(builds(&world), before);
}
