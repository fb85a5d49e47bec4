//! What a plan knows, and when: instances, modules, secrets, data, artifacts.

use super::*;
use crate::model::plan::{Operation, Reason};
use crate::model::value::Value;

#[test]
fn instances_come_from_lists_maps_and_conditions() {
    let mut world = World::new();
    let text = r#"
[flag.extra]
default = false
[variable.count]
type = "number"
default = 2
[resource.toy_value.each]
for_each = ["a", "b"]
input = "shard-${each.key}"
[resource.toy_value.port]
for_each = { http = 80, https = 443 }
input = "${each.value}"
when = "${var.count > 1}"
[resource.toy_value.extra]
when = "${flag.extra}"
input = "${toy_value.each["a"].output}"
[output.all]
value = "${[for key, it in toy_value.each : it.output]}"
[output.port]
value = '${toy_value.port["https"].output}'
[output.extra]
value = '${toy_value.extra == null ? "none" : "some"}'
"#
    .replace(r#"each["a"].output}""#, r#"each['a'].output}""#)
    .replace(r#""${toy_value.each['a'].output}""#, r#"'${toy_value.each["a"].output}'"#);
    let snapshot = deployed(&mut world, &text);
    let addresses: Vec<String> = snapshot.records.keys().map(ToString::to_string).collect();
    let expected =
        ["toy_value.each[\"a\"]", "toy_value.each[\"b\"]", "toy_value.port[\"http\"]", "toy_value.port[\"https\"]"];
    assert_eq!(addresses, expected);
    assert_eq!(format!("{:?}", snapshot.outputs["all"].value), r#"["shard-a", "shard-b"]"#);
    assert_eq!(snapshot.outputs["port"].value, Value::number(443_i64));
    assert_eq!(snapshot.outputs["extra"].value.as_str(), Some("none"));
    let flags = Options { flags: [("extra".to_owned(), true)].into(), ..Options::default() };
    let plan = world.plan_with(&world.load(&text), &snapshot, &flags);
    assert_eq!(lines(&plan), ["create toy_value.extra"]);
}

#[test]
fn an_instance_that_goes_says_why() {
    let mut world = World::new();
    let text = |keys: &str| format!("[resource.toy_value.a]\nfor_each = {keys}\n");
    let snapshot = deployed(&mut world, &text(r#"["x", "y"]"#));
    let plan = world.plan(&world.load(&text(r#"["x"]"#)), &snapshot);
    assert_eq!(lines(&plan), [r#"delete toy_value.a["y"]"#]);
    assert_eq!(plan.changes[0].reasons, [Reason::NotAnInstance]);
}

#[test]
fn keys_and_conditions_must_be_known_and_no_secrets() {
    let mut world = World::new();
    world.secrets.insert("TOKEN".to_owned(), "x".to_owned());
    let refused = |text: &str| world.refused(&world.load(text), &Snapshot::empty("toys"), &Options::default());
    let thing = "[resource.toy_thing.t]\nname = \"t\"\n[secret.s]\nfrom = \"env:TOKEN\"\n[resource.toy_value.a]\n";
    assert_eq!(refused(&format!("{thing}for_each = [\"${{toy_thing.t.id}}\"]\n")), ["not-known-yet"]);
    assert_eq!(refused(&format!("{thing}when = '${{toy_thing.t.id == \"x\"}}'\n")), ["not-known-yet"]);
    assert_eq!(refused(&format!("{thing}for_each = [\"a\", \"a\"]\n")), ["repeated-key"]);
    assert_eq!(refused(&format!("{thing}for_each = 3\n")), ["wrong-type"]);
    let echo = "[secret.s]\nfrom = \"env:TOKEN\"\n[resource.toy_value.echo]\ninput = \"${secret.s}\"\n";
    let snapshot = deployed(&mut world, echo);
    let refused = |text: &str| world.refused(&world.load(text), &snapshot, &Options::default());
    let shown = format!("{echo}[resource.toy_value.a]\nfor_each = [\"${{toy_value.echo.output}}\"]\n");
    assert_eq!(refused(&shown), ["secret-shown"]);
    assert_eq!(refused(&format!("{echo}[output.o]\nvalue = \"${{toy_value.echo.output}}\"\n")), ["secret-shown"]);
}

#[test]
fn keys_may_come_from_what_exists() {
    let mut world = World::new();
    let first = "[resource.toy_value.keys]\ninput = [\"a\", \"b\"]\n";
    let snapshot = deployed(&mut world, first);
    let text = format!(
        "{first}[resource.toy_value.each]\nfor_each = \"${{toy_value.keys.output}}\"\ninput = \"${{each.value}}\"\n"
    );
    let loaded = world.load(&text);
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(lines(&plan), [r#"create toy_value.each["a"]"#, r#"create toy_value.each["b"]"#]);
    let next = world.apply(&plan, &snapshot);
    assert_eq!(
        next.object(&r#"toy_value.each["a"]"#.parse().unwrap()).unwrap().dependencies,
        ["toy_value.keys".parse().unwrap()]
    );
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn modules_have_variables_outputs_and_instances() {
    let mut world = World::new();
    world.files.insert(
        "stacks/page/module.toml".to_owned(),
        "[variable.title]\ntype = \"string\"\n[variable.body]\ntype = \"string\"\ndefault = \"-\"\n\
         [resource.toy_value.page]\ninput = \"${var.title}: ${var.body} in ${path.module}\"\n[output.text]\nvalue = \"${toy_value.page.output}\"\n"
            .to_owned(),
    );
    let text = r#"
[resource.toy_thing.t]
name = "t"
[module.about]
source = "./page"
title = "About ${toy_thing.t.id}"
[module.chapter]
source = "./page"
for_each = { one = "1", two = "2" }
title = "Chapter ${each.key}"
body = "${each.value}"
[resource.toy_value.after]
input = "${module.about.text}"
depends_on = ["module.chapter"]
[output.chapters]
value = "${[for key, chapter in module.chapter : chapter.text]}"
"#;
    let snapshot = deployed(&mut world, text);
    assert_eq!(
        format!("{:?}", snapshot.outputs["chapters"].value),
        r#"["Chapter one: 1 in stacks/page", "Chapter two: 2 in stacks/page"]"#
    );
    let after = snapshot.object(&"toy_value.after".parse().unwrap()).unwrap();
    let dependencies: Vec<String> = after.dependencies.iter().map(ToString::to_string).collect();
    let expected = [
        "module.about.toy_value.page",
        "module.chapter[\"one\"].toy_value.page",
        "module.chapter[\"two\"].toy_value.page",
    ];
    assert_eq!(dependencies, expected);
    assert_eq!(after.inputs.get("input").unwrap().as_str(), Some("About id-1: - in stacks/page"));
}

#[test]
fn secrets_are_sealed_everywhere_and_their_change_is_seen() {
    let mut world = World::new();
    world.secrets.insert("TOKEN".to_owned(), "hunter2".to_owned());
    let text = r#"
[secret.token]
from = "env:TOKEN"
[resource.toy_thing.a]
name = "a"
token = "${secret.token}"
[resource.toy_value.echo]
input = { token = "${secret.token}", url = "https://${secret.token}@${toy_thing.a.id}/${toy_thing.a.password}" }
[resource.toy_value.behind]
input = "${toy_value.echo.output.token}"
[output.password]
value = "${toy_thing.a.password}"
sensitive = true
[output.echo]
value = "${toy_value.echo.output}"
sensitive = true
"#;
    let snapshot = deployed(&mut world, text);
    let loaded = world.load(text);
    let plan = world.plan(&loaded, &Snapshot::empty("toys"));
    assert!(!serde_json::to_string(&plan).unwrap().contains("hunter2"));
    // Fingerprints belong to what was sent; the wish is the same whatever the secret is.
    let holes = snapshot.records.values().flat_map(|record| record.object.as_ref().unwrap().configured.holes());
    assert!(holes.into_iter().all(|hole| hole.is_unknown()));
    world.secrets.insert("TOKEN".to_owned(), "changed".to_owned());
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(lines(&plan), ["update toy_thing.a", "update toy_value.behind", "update toy_value.echo"]);
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn the_same_secret_by_another_way_is_recorded_only() {
    let mut world = World::new();
    world.secrets.insert("A".to_owned(), "same".to_owned());
    world.secrets.insert("B".to_owned(), "same".to_owned());
    let text = |name: &str| {
        format!(
            "[secret.a]\nfrom = \"env:A\"\n[secret.b]\nfrom = \"env:B\"\n[resource.toy_thing.t]\nname = \"t\"\ntoken = \"${{secret.{name}}}\"\n"
        )
    };
    let snapshot = deployed(&mut world, &text("a"));
    let loaded = world.load(&text("b"));
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(steps(&plan), ["record toy_thing.t"]);
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
}

#[test]
fn a_missing_secret_is_an_error() {
    let world = World::new();
    let loaded = world.load("[secret.a]\nfrom = \"env:A\"\n");
    assert_eq!(world.refused(&loaded, &Snapshot::empty("toys"), &Options::default()), ["missing-secret"]);
}

#[test]
fn data_are_read_while_planning_when_they_can_be() {
    let mut world = World::new();
    let text = r#"
[data.toy_lookup.known]
key = "k"
[resource.toy_value.a]
input = "${data.toy_lookup.known.result}"
[resource.toy_thing.secret]
name = "s"
token = "${data.toy_lookup.known.hidden}"
[output.result]
value = "${data.toy_lookup.known.result}"
"#;
    let snapshot = deployed(&mut world, text);
    assert_eq!(snapshot.outputs["result"].value.as_str(), Some("k-found"));
    world.answer = "other".to_owned();
    let loaded = world.load(text);
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(lines(&plan), ["update toy_thing.secret", "update toy_value.a", "read data.toy_lookup.known"]);
    let next = world.apply(&plan, &snapshot);
    assert!(world.plan(&loaded, &next).is_empty());
    assert_eq!(next.outputs["result"].value.as_str(), Some("k-other"));
}

#[test]
fn data_that_wait_are_read_during_apply() {
    let mut world = World::new();
    let text = r#"
[resource.toy_thing.a]
name = "a"
[data.toy_lookup.later]
key = "${toy_thing.a.id}"
[resource.toy_value.b]
input = "${data.toy_lookup.later.result}"
"#;
    let plan = world.plan(&world.load(text), &Snapshot::empty("toys"));
    assert_eq!(steps(&plan), ["create toy_thing.a", "read data.toy_lookup.later", "create toy_value.b"]);
    assert_eq!(plan.changes[2].reasons, [Reason::WaitsForApply]);
    let snapshot = deployed(&mut world, text);
    let b = snapshot.object(&"toy_value.b".parse().unwrap()).unwrap();
    assert_eq!(b.inputs.get("input").unwrap().as_str(), Some("id-1-found"));
    assert_eq!(b.dependencies, ["toy_thing.a".parse().unwrap()]);

    let offline = Options { offline: true, ..Options::default() };
    let plan = world.plan_with(&world.load(text), &snapshot, &offline);
    assert_eq!(lines(&plan), ["update toy_value.b", "read data.toy_lookup.later"]);
    assert_eq!(plan.notes[0].code, "read-during-apply");
}

#[test]
fn artifacts_are_named_by_their_content() {
    let mut world = World::new();
    world.files.insert("services/hello".to_owned(), "v1".to_owned());
    let text = "[resource.toy_code.a]\nsource = \"../services/hello\"\n";
    let snapshot = deployed(&mut world, text);
    assert_eq!(snapshot.artifacts().len(), 1);
    world.files.insert("services/hello".to_owned(), "v2".to_owned());
    let plan = world.plan(&world.load(text), &snapshot);
    assert_eq!(lines(&plan), ["update toy_code.a"]);
    // What undoing the update sends is needed too.
    assert_eq!(plan.artifacts.len(), 2);
    let refused = |text: &str| world.refused(&world.load(text), &snapshot, &Options::default());
    assert_eq!(refused("[resource.toy_code.a]\nsource = \"../../etc\"\n"), ["artifact"]);
    assert_eq!(refused("[resource.toy_code.a]\nsource = \"missing\"\n"), ["artifact"]);
    let waits = "[resource.toy_thing.t]\nname = \"t\"\n[resource.toy_code.a]\nsource = \"${toy_thing.t.id}\"\n";
    assert_eq!(refused(waits), ["artifact"]);
}

#[test]
fn the_usual_plan_takes_two_calls() {
    let mut world = World::new();
    world.files.insert("services/hello".to_owned(), "v1".to_owned());
    world.secrets.insert("A".to_owned(), "x".to_owned());
    let text = r#"
[secret.a]
from = "env:A"
[data.toy_lookup.d]
key = "k"
[resource.toy_value.a]
input = ["${secret.a}", "${data.toy_lookup.d.result}"]
[resource.toy_code.c]
source = "../services/hello"
"#;
    let snapshot = deployed(&mut world, text);
    let loaded = world.load(text);
    let goal = crate::planning::Goal::Stack(&loaded.stack);
    let (outcome, calls) = world.outcome(goal, &loaded.sources, &snapshot, &Options::default());
    assert!(world::done(outcome).is_empty());
    assert_eq!(calls, 2);
}

#[test]
fn problems_are_told_all_at_once() {
    let world = World::new();
    let text = r#"
[variable.size]
type = "number"
default = 0
validate = [{ condition = "${var.size > 0}", message = "must be positive" }]
[locals]
nothing = '${true ? null : "x"}'
list = [1]
[resource.toy_thing.a]
name = "${local.nothing}"
[resource.toy_thing.b]
name = "b"
size = "${local.list}"
[resource.toy_value.c]
input = "${1 / 0}"
[resource.toy_value.follows]
input = "${toy_thing.b.id}"
"#;
    let refused = world.refused(&world.load(text), &Snapshot::empty("toys"), &Options::default());
    assert_eq!(refused.len(), 4, "{refused:?}");
    assert!(
        refused.contains(&"invalid-variable")
            && refused.contains(&"missing-attribute")
            && refused.contains(&"wrong-type")
    );
}

#[test]
fn what_waits_for_apply_keeps_its_known_beginning() {
    let world = World::new();
    let plan = world.plan(
        &world
            .load("[resource.toy_thing.a]\nname = \"a\"\n[resource.toy_value.b]\ninput = \"site-${toy_thing.a.id}\"\n"),
        &Snapshot::empty("toys"),
    );
    let Operation::Create { inputs, becoming } = &plan.steps[1].operation else { panic!("{:?}", plan.steps) };
    let Some(Value::Hole(hole)) = inputs.get("input") else { panic!("{inputs:?}") };
    assert_eq!(hole.prefix, "site-");
    assert_eq!(becoming.dependencies, ["toy_thing.a".parse().unwrap()]);
}
