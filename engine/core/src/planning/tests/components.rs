//! Components: what they become, what others see of them, and how little a change of them changes.

use super::*;
use crate::model::plan::PlanMode;
use crate::model::value::Value;
use crate::planning::expansion::{self, Told};
use crate::planning::questions::{Answers, Question};
use crate::planning::{Goal, Request};

/// A world with the project of a component.
fn world() -> World {
    let mut world = World::new();
    world.files.insert("services/api/server.js".to_owned(), String::new());
    world
}

const API: &str = r#"
[component.api]
kind = "rest-api"
source = "../services/api"
entry = "server.js"
"#;

fn names(snapshot: &Snapshot) -> Vec<String> {
    snapshot.records.keys().map(ToString::to_string).collect()
}

fn output<'s>(snapshot: &'s Snapshot, name: &str) -> Option<&'s str> {
    snapshot.outputs.get(name)?.value.as_str()
}

#[test]
fn a_component_becomes_resources_that_say_where_they_came_from() {
    let mut world = world();
    let text =
        format!("{API}health = {{ path = \"/health\" }}\n[output.where]\nvalue = \"${{component.api.url}}/v1\"\n");
    let snapshot = deployed(&mut world, &text);
    assert_eq!(names(&snapshot), ["component.api.toy_thing.role", "component.api.toy_thing.server"]);
    let url = output(&snapshot, "component.api.url").unwrap();
    assert!(url.starts_with("https://") && url.ends_with(".toy"), "{url}");
    assert_eq!(output(&snapshot, "component.api.health_url").unwrap(), format!("{url}/health"));
    assert_eq!(output(&snapshot, "where").unwrap(), format!("{url}/v1"));
}

#[test]
fn parts_are_made_after_what_they_need_and_see_it() {
    let mut world = world();
    let loaded = world.load(API);
    let plan = world.plan(&loaded, &Snapshot::empty("toys"));
    assert_eq!(lines(&plan), ["create component.api.toy_thing.role", "create component.api.toy_thing.server"]);
    assert!(plan.notes.iter().any(|note| note.text == "component.api: toys are not for children under three"));
    let server = plan.steps.iter().find(|step| step.address.name == "server").unwrap();
    assert_eq!(server.needs.len(), 1, "the server waits for its role");
    let snapshot = world.apply(&plan, &Snapshot::empty("toys"));
    let role = &snapshot.object(&"component.api.toy_thing.role".parse().unwrap()).unwrap().outputs;
    let server = &snapshot.object(&"component.api.toy_thing.server".parse().unwrap()).unwrap().inputs;
    let (id, etag) = (role.get("id").unwrap().as_str().unwrap(), role.get("etag").unwrap().as_str().unwrap());
    assert_eq!(server.get("zone").unwrap().as_str().unwrap(), format!("{id}/{etag}"));
}

#[test]
fn what_is_carried_through_may_be_secret_and_known_after_apply() {
    let mut world = world();
    world.secrets.insert("TOKEN".to_owned(), "hunter2".to_owned());
    let text = format!(
        "{API}environment = {{ TOKEN = \"${{secret.token}}\", QUEUE = \"${{toy_thing.queue.id}}\" }}\n\
         permissions = [{{ allow = [\"toy:Play\"], on = \"${{toy_thing.queue.id}}\" }}]\n\
         [secret.token]\nfrom = \"env:TOKEN\"\n[resource.toy_thing.queue]\nname = \"queue\"\n"
    );
    let snapshot = deployed(&mut world, &text);
    let queue = snapshot.object(&"toy_thing.queue".parse().unwrap()).unwrap().outputs.get("id").unwrap().clone();
    let server = snapshot.object(&"component.api.toy_thing.server".parse().unwrap()).unwrap();
    let recorded = serde_json::to_string(&server.configured).unwrap();
    assert!(recorded.contains("\"secret\":\"token\"") && !recorded.contains("hunter2"), "{recorded}");
    assert_eq!(server.inputs.get("tags").unwrap().get("QUEUE"), Some(&queue));
    let role = snapshot.object(&"component.api.toy_thing.role".parse().unwrap()).unwrap();
    let document = role.inputs.get("document").unwrap().as_str().unwrap();
    assert_eq!(document, format!(r#"[{{"Action":["toy:Play"],"Resource":"{}"}}]"#, queue.as_str().unwrap()));
    assert!(serde_json::to_string(&role.configured).unwrap().contains("jsonencode"), "{:?}", role.configured);
}

#[test]
fn what_decides_the_expansion_must_be_known_while_planning() {
    let mut world = world();
    let text = format!(
        "{API}memory = \"${{toy_thing.a.id == \\\"x\\\" ? 256 : 512}}\"\n[resource.toy_thing.a]\nname = \"a\"\n"
    );
    let loaded = world.load(&text);
    assert_eq!(world.refused(&loaded, &Snapshot::empty("toys"), &Options::default()), ["not-known-yet"]);
    let first = world.plan_with(&loaded, &Snapshot::empty("toys"), &targets(&["toy_thing.a"]));
    let snapshot = world.apply(&first, &Snapshot::empty("toys"));
    let plan = world.plan(&loaded, &snapshot);
    assert_eq!(lines(&plan), ["create component.api.toy_thing.role", "create component.api.toy_thing.server"]);
    let second = world.apply(&plan, &snapshot);
    // Once more in the way, and left alone: its resources and its outputs stay.
    let other = world.load(&text.replace("toy_thing.a", "toy_thing.b"));
    let moved = world.plan_with(&other, &second, &targets(&["toy_thing.b"]));
    let third = world.apply(&moved, &second);
    assert_eq!(
        names(&third),
        ["toy_thing.a", "toy_thing.b", "component.api.toy_thing.role", "component.api.toy_thing.server"]
    );
    assert_eq!(third.outputs, second.outputs);
}

#[test]
fn components_have_instances_conditions_and_modules_around_them() {
    let mut world = world();
    world.files.insert("services/web/server.js".to_owned(), String::new());
    let module = r#"
[variable.names]
type = "list(string)"
[component.api]
kind = "rest-api"
for_each = "${var.names}"
source = "../services/${each.key}"
entry = "server.js"
[component.off]
kind = "rest-api"
when = "${false}"
source = "../services/none"
[output.urls]
value = "${[for key, it in component.api : it.url]}"
[output.one]
value = '${component.api["web"].url}'
"#;
    world.files.insert("stacks/m.toml".to_owned(), module.to_owned());
    let text = "[module.m]\nsource = \"m.toml\"\nnames = [\"api\", \"web\"]\n\
                [output.urls]\nvalue = \"${module.m.urls}\"\n[output.one]\nvalue = \"${module.m.one}\"\n";
    let snapshot = deployed(&mut world, text);
    let expected = [
        r#"module.m.component.api["api"].toy_thing.role"#,
        r#"module.m.component.api["api"].toy_thing.server"#,
        r#"module.m.component.api["web"].toy_thing.role"#,
        r#"module.m.component.api["web"].toy_thing.server"#,
    ];
    assert_eq!(names(&snapshot), expected);
    let one = output(&snapshot, r#"module.m.component.api["web"].url"#).unwrap();
    assert_eq!(output(&snapshot, "one"), Some(one));
    assert_eq!(snapshot.outputs["urls"].value.as_list().unwrap().len(), 2);
    let fewer =
        text.replace(r#"["api", "web"]"#, r#"["api"]"#).replace("[output.one]\nvalue = \"${module.m.one}\"\n", "");
    world.files.insert("stacks/m.toml".to_owned(), module.split("[output.one]").next().unwrap().to_owned());
    let plan = world.plan(&world.load(&fewer), &snapshot);
    assert_eq!(lines(&plan), [format!("delete {}", expected[2]), format!("delete {}", expected[3])]);
}

#[test]
fn an_override_changes_one_part_and_must_name_one() {
    let mut world = world();
    let text = format!(
        "{API}environment = {{ A = \"1\", B = \"2\" }}\n[component.api.toy]\nsize = 3\n\
         [component.api.override.toy_thing.server]\ntags = {{ B = \"3\", C = \"4\" }}\nlifecycle = {{ prevent_destroy = true }}\n"
    );
    let snapshot = deployed(&mut world, &text);
    let server = snapshot.object(&"component.api.toy_thing.server".parse().unwrap()).unwrap();
    let tags = [("A", "1"), ("B", "3"), ("C", "4")].map(|(name, value)| (name, Value::string(value)));
    assert_eq!(server.inputs.get("tags"), Some(&Value::map(tags)));
    assert_eq!(server.inputs.get("size"), Some(&Value::number(3_i64)));
    assert!(server.lifecycle.prevent_destroy);
    let wrong = world.load(&format!("{API}[component.api.override.toy_thing.sever]\nsize = 2\n"));
    assert_eq!(world.refused(&wrong, &Snapshot::empty("toys"), &Options::default()), ["unknown-part"]);
}

#[test]
fn a_component_that_cannot_be_expanded_is_the_only_problem() {
    let mut world = world();
    let protected = "[component.api.override.toy_thing.server.lifecycle]\nprevent_destroy = true\n";
    let snapshot = deployed(&mut world, &format!("{API}{protected}"));
    let broken = world.load(&format!("{API}timeout = \"1h\"\n{protected}"));
    assert_eq!(world.refused(&broken, &snapshot, &Options::default()), ["invalid-component"]);
}

#[test]
fn others_wait_for_components_and_refer_to_their_parts() {
    let world = world();
    let text = format!(
        "{API}depends_on = [\"toy_value.first\"]\n[resource.toy_value.first]\ninput = 1\n\
         [resource.toy_value.last]\ninput = 2\ndepends_on = [\"component.api\"]\n\
         [resource.toy_value.part]\ninput = \"${{component.api.toy_thing.server.id}}\"\n"
    );
    let loaded = world.load(&text);
    let plan = world.plan(&loaded, &Snapshot::empty("toys"));
    let position = |name: &str| plan.steps.iter().position(|step| step.address.to_string().ends_with(name)).unwrap();
    assert!(position("value.first") < position("thing.role"));
    assert!(position("thing.server") < position("value.last"));
    let part = &plan.steps[position("value.part")];
    assert!(part.needs.iter().any(|need| need.0 as usize == position("thing.server")));
}

#[test]
fn a_change_of_a_component_may_ask_for_new_objects() {
    let mut world = world();
    let text = |a: &str| {
        format!(
            "{API}environment = {{ A = \"{a}\" }}\n\
             [component.api.override.toy_thing.role.lifecycle]\nreplace_triggered_by = [\"toy_value.v\"]\n\
             [resource.toy_value.v]\ninput = \"{a}\"\n\
             [resource.toy_thing.all]\nname = \"all\"\nlifecycle = {{ replace_triggered_by = [\"component.api\"] }}\n\
             [resource.toy_thing.one]\nname = \"one\"\n\
             lifecycle = {{ replace_triggered_by = [\"component.api.toy_thing.server.tags.A\"] }}\n"
        )
    };
    let snapshot = deployed(&mut world, &text("1"));
    let mut changes = lines(&world.plan(&world.load(&text("2")), &snapshot));
    changes.sort();
    let expected = [
        "replace_destroy_first component.api.toy_thing.role",
        "replace_destroy_first toy_thing.all",
        "replace_destroy_first toy_thing.one",
        "update component.api.toy_thing.server",
        "update toy_value.v",
    ];
    assert_eq!(changes, expected);
}

#[test]
fn targets_name_components_whole_and_in_part() {
    let mut world = world();
    let text = format!(
        "{API}environment = {{ Q = \"${{toy_thing.q.id}}\" }}\n[resource.toy_thing.q]\nname = \"q\"\n[resource.toy_thing.other]\nname = \"o\"\n"
    );
    let loaded = world.load(&text);
    let empty = Snapshot::empty("toys");
    let all = ["create toy_thing.q", "create component.api.toy_thing.role", "create component.api.toy_thing.server"];
    assert_eq!(lines(&world.plan_with(&loaded, &empty, &targets(&["component.api"]))), all);
    assert_eq!(lines(&world.plan_with(&loaded, &empty, &targets(&["component.api.toy_thing.server"]))), all);
    let role = world.plan_with(&loaded, &empty, &targets(&["component.api.toy_thing.role"]));
    assert_eq!(lines(&role), ["create toy_thing.q", "create component.api.toy_thing.role"]);
    let excludes = |address: &str| Options { excludes: vec![address.parse().unwrap()], ..Options::default() };
    let without = world.plan_with(&loaded, &empty, &excludes("component.api"));
    assert_eq!(lines(&without), ["create toy_thing.other", "create toy_thing.q"]);
    let without = world.plan_with(&loaded, &empty, &excludes("component.api.toy_thing.role"));
    assert_eq!(lines(&without), ["create toy_thing.other", "create toy_thing.q"]);
    assert_eq!(world.refused(&loaded, &empty, &targets(&["component.apo"])), ["unknown-address"]);
    let snapshot = deployed(&mut world, &text);
    let destroy = Options { destroy: true, ..targets(&["component.api"]) };
    let plan = world.plan_with(&loaded, &snapshot, &destroy);
    assert_eq!(lines(&plan), ["delete component.api.toy_thing.role", "delete component.api.toy_thing.server"]);
}

#[test]
fn a_rollback_needs_no_provider_that_realises() {
    let mut world = world();
    let first = deployed(&mut world, &format!("{API}environment = {{ A = \"1\" }}\n"));
    let loaded = world.load(&format!("{API}environment = {{ A = \"2\" }}\n"));
    let plan = world.plan(&loaded, &first);
    assert_eq!(lines(&plan), ["update component.api.toy_thing.server"]);
    let second = world.apply(&plan, &first);
    // The project is gone: nothing of it is needed to go back.
    world.files.clear();
    let sources = Default::default();
    let (outcome, _) = world.outcome(Goal::Snapshot(&first), &sources, &second, &Options::default());
    let back = world::done(outcome);
    assert!(matches!(back.mode, PlanMode::Rollback { .. }));
    assert_eq!(lines(&back), ["update component.api.toy_thing.server"]);
    let third = world.apply(&back, &second);
    assert_eq!(third.outputs, first.outputs);
    let server = "component.api.toy_thing.server".parse().unwrap();
    assert_eq!(third.object(&server).unwrap().inputs, first.object(&server).unwrap().inputs);
}

#[test]
fn what_a_component_cannot_be_is_told_at_its_field() {
    let world = world();
    let refused = |fields: &str| {
        let loaded = world.load(&format!("{API}{fields}\n"));
        world.refused(&loaded, &Snapshot::empty("toys"), &Options::default())
    };
    assert_eq!(refused("timeout = \"20m\""), ["invalid-component"]);
    assert_eq!(refused("runtime = \"python3.9\""), ["invalid-component"]);
    assert_eq!(refused("handler = \"server.main\""), ["invalid-component"]);
    assert_eq!(refused("environment = { PORT = \"1\" }"), ["invalid-component"]);
    assert_eq!(refused("auth = { jwt = { issuer = \"https://a\", audience = [\"b\"] } }"), ["unrealisable-component"]);
    assert_eq!(refused("cors = { origins = [\"*\"], credentials = true }"), ["invalid-component"]);
    assert_eq!(
        refused("traffic = { strategy = \"canary\", steps = [50, 10, 100], bake = \"1m\" }"),
        ["invalid-component"]
    );
    let missing =
        world.load("[component.api]\nkind = \"rest-api\"\nsource = \"../services/none\"\nentry = \"server.js\"\n");
    assert_eq!(world.refused(&missing, &Snapshot::empty("toys"), &Options::default()), ["invalid-component"]);
    let unknown = world.load(&format!("{API}[output.a]\nvalue = \"${{component.api.ulr}}\"\n"));
    assert_eq!(world.refused(&unknown, &Snapshot::empty("toys"), &Options::default()), ["unknown-reference"]);
}

/// What expanding comes to, files answered.
fn expanded(world: &World, text: &str, pattern: Option<&str>) -> Result<Vec<Told>, Vec<String>> {
    let loaded = world.load(text);
    let snapshot = Snapshot::empty("toys");
    let options = Options { offline: true, refresh: false, ..Options::default() };
    let (catalogues, sources) = (&world.catalogues, &loaded.sources);
    let goal = Goal::Stack(&loaded.stack);
    let request = Request { goal, snapshot: &snapshot, base_id: None, catalogues, sources, options: &options };
    let pattern = pattern.map(|pattern| pattern.parse().unwrap());
    let mut answers = Answers::default();
    loop {
        match expansion::expansions(&request, pattern.as_ref(), &answers) {
            expansion::Outcome::Told(told, _) => return Ok(told),
            expansion::Outcome::Refused(problems) => {
                return Err(problems.sorted().into_iter().filter_map(|problem| problem.help).collect());
            }
            expansion::Outcome::Asks(questions) => questions
                .into_iter()
                .for_each(|question| world.answer(Question::File(question), &snapshot, &mut answers)),
        }
    }
}

#[test]
fn an_expansion_is_told_as_a_stack_would_write_it() {
    let world = world();
    let text = format!(
        "{API}environment = {{ TOKEN = \"${{secret.token}}\", WHERE = \"${{component.other.url}}/x\" }}\n\
         permissions = [{{ allow = [\"toy:Play\"], on = \"${{toy_thing.q.id}}\" }}]\n\
         [component.other]\nkind = \"rest-api\"\nsource = \"../services/api\"\nentry = \"server.js\"\n\
         [secret.token]\nfrom = \"env:NONE\"\n[resource.toy_thing.q]\nname = \"q\"\n"
    );
    let told = expanded(&world, &text, Some("component.api")).unwrap();
    assert_eq!(told.len(), 1);
    let names: Vec<&str> = told[0].parts.iter().map(|part| part.address.name.as_str()).collect();
    assert_eq!(names, ["role", "server"]);
    let role = told[0].written(&told[0].parts[0]);
    let document = r#"${jsonencode([{ "Action" = ["toy:Play"], "Resource" = toy_thing.q.id }])}"#;
    assert_eq!(role["document"].as_str(), Some(document));
    let server = told[0].written(&told[0].parts[1]);
    assert_eq!(server["zone"].as_str(), Some("${toy_thing.role.id}/${toy_thing.role.etag}"));
    assert_eq!(server["tags"].get("TOKEN").unwrap().as_str(), Some("${secret.token}"));
    let other = "https://${component.other.toy_thing.server.id}.toy/x";
    assert_eq!(server["tags"].get("WHERE").unwrap().as_str(), Some(other));
    assert_eq!(told[0].written_outputs()["url"].as_str(), Some("https://${toy_thing.server.id}.toy"));
    assert_eq!(expanded(&world, &text, None).unwrap().len(), 2);
    assert_eq!(expanded(&world, &text, Some("component.apo")).unwrap_err(), ["did you mean `component.api`?"]);
}
