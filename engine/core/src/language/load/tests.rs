use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::diagnostic::Severity;
use crate::model::schema::{Attribute, KindSchema, ProviderSchema, RecoveryClass, Rule};
use crate::model::types::Type;
use crate::model::value::Value;
use crate::ports::Catalogue;

struct Example(ProviderSchema);

impl Catalogue for Example {
    fn schema(&self) -> &ProviderSchema {
        &self.0
    }
}

fn catalogues() -> Catalogues {
    let thing = KindSchema {
        description: "An example.",
        version: 1,
        attributes: BTreeMap::from([
            ("size", Attribute::required(Type::Number, "How large, in MiB.").rule(Rule::Between(1, 9))),
            ("names", Attribute::optional(Type::list(Type::String), "What it is called.")),
            ("code", Attribute::optional(Type::String, "What it runs.").artifact()),
            ("password", Attribute::optional(Type::String, "What opens it.").sensitive()),
            ("id", Attribute::computed(Type::String, "Its id.")),
        ]),
        data_bearing: false,
        recovery: RecoveryClass::Token,
        drain: Duration::ZERO,
        timeout: Duration::from_secs(1),
        unique: None,
        typical: Duration::ZERO,
    };
    let schema = ProviderSchema {
        name: "toy",
        version: "0.1.0",
        config: BTreeMap::from([("region", Attribute::optional(Type::String, "Where."))]),
        resources: BTreeMap::from([("toy_thing", thing.clone())]),
        data: BTreeMap::from([("toy_thing", thing)]),
    };
    let catalogue: Arc<dyn Catalogue> = Arc::new(Example(schema));
    Catalogues::new([catalogue])
}

fn load_files(files: &[(&str, &str)], variables: &GivenVariables) -> Loaded {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), Ok(Arc::from(*text)))).collect();
    let catalogues = catalogues();
    let request = Request {
        entry: "stacks/main.toml",
        files: &files,
        variables,
        environment: None,
        realised_by: &BTreeMap::new(),
        version: "0.1.0",
        catalogues: &catalogues,
    };
    load(&request)
}

fn load_text(text: &str) -> Loaded {
    load_files(&[("stacks/main.toml", text)], &GivenVariables::default())
}

/// Every problem as `code line: detail`, in order of place.
fn problems(loaded: &Loaded) -> Vec<String> {
    let line = |span| loaded.sources.position(span).map_or(0, |(line, _)| line);
    let told = loaded.diagnostics.clone().sorted();
    told.iter()
        .map(|problem| format!("{} {}", problem.code, problem.labels.first().map_or(0, |label| line(label.span))))
        .collect()
}

const HEAD: &str = "[stack]\nname = \"s\"\n";

#[test]
fn a_sound_stack_loads_without_a_word() {
    let text = format!(
        "{HEAD}environment = \"prod\"\nsiac = \">=0.1\"\n[state]\nbackend = \"local\"\n[provider.toy]\nregion = \"eu\"\n\
         [variable.n]\ntype = \"number\"\ndefault = 3\n[locals]\na = \"${{var.n + 1}}\"\n[secret.pw]\nfrom = \"env:PW\"\n[flag.f]\ndefault = true\n\
         [data.toy_thing.d]\nsize = 1\n[resource.toy_thing.a]\nsize = \"${{local.a}}\"\npassword = \"${{secret.pw}}\"\nwhen = \"${{flag.f}}\"\n\
         [resource.toy_thing.b]\nfor_each = [\"x\"]\nsize = 2\nnames = [\"${{each.key}}\", \"${{toy_thing.a.id}}\", \"${{data.toy_thing.d.id}}\"]\ndepends_on = [\"toy_thing.a\"]\n\
         [output.o]\nvalue = '${{toy_thing.b[\"x\"].id}}'\n[[moved]]\nfrom = \"toy_thing.c\"\nto = \"toy_thing.a\"\n"
    );
    let loaded = load_text(&text);
    assert_eq!(problems(&loaded), Vec::<String>::new());
    let stack = loaded.stack.unwrap();
    assert_eq!(stack.environment.as_deref(), Some("production"));
    assert_eq!(stack.modules[0].resources.len(), 3);
    assert!(stack.modules[0].resources.iter().all(|declaration| declaration.provider == "toy"));
}

#[test]
fn all_problems_are_told_at_once_in_order() {
    let text = "[stak]\n[stack]\nname = \"s\"\nsaic = \">=0.1\"\n[resource.toy_thing.a]\nsize = 12\nnames = [1, [2]]\nid = \"x\"\nsiez = 1\npassword = \"plain\"\n\
                [resource.toy_thing.b]\nnames = [\"${toy_thing.z.id}\", \"${local.q}\", \"${each.key}\"]\n[resource.aws_sqs_queue.q]\n\
                [output.o]\nvalue = \"${secret.x}\"\n[component.c]\n";
    let found = problems(&load_text(text));
    let expected = [
        "unknown-key 1",
        "unknown-key 4",
        "invalid-value 6",
        "wrong-type 7",
        "computed-attribute 8",
        "unknown-key 9",
        "missing-attribute 11",
        "unknown-reference 12",
        "unknown-reference 12",
        "unknown-reference 12",
        "unknown-kind 13",
        "exposed-secret 15",
        "unknown-reference 15",
        "missing-key 16",
        "plain-secret 10",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_recipe_that_is_written_out_is_checked_where_it_stands() {
    let recipe = "{ path = \"../api\", build = \"make\", add = { \"run.sh\" = \"#!/bin/sh\" } }";
    let text = |recipe: &str| format!("{HEAD}[resource.toy_thing.a]\nsize = 1\ncode = {recipe}\n");
    assert_eq!(problems(&load_text(&text(recipe))), Vec::<String>::new());
    let spread = "[resource.toy_thing.a]\nsize = 1\n[resource.toy_thing.a.code]\nbuild = 1\nruntme = \"node\"\n";
    let loaded = load_text(&format!("{HEAD}{spread}"));
    assert_eq!(problems(&loaded), ["recipe 5", "recipe 6", "recipe 7"]);
    let helps: Vec<_> = loaded.diagnostics.iter().filter_map(|problem| problem.help.as_deref()).collect();
    assert!(helps.contains(&"did you mean `runtime`?"), "{helps:?}");
    assert_eq!(problems(&load_text(&text("[\"a\"]"))), ["wrong-type 5"]);
}

#[test]
fn a_near_miss_is_suggested() {
    let loaded =
        load_text(&format!("{HEAD}[resource.toy_thing.a]\nsize = 1\n[output.o]\nvalue = \"${{toy_thing.a.idd}}\"\n"));
    let problem = loaded.diagnostics.iter().next().unwrap();
    assert_eq!(problem.help.as_deref(), Some("did you mean `id`?"));
}

#[test]
fn files_are_asked_for_until_all_are_there() {
    let main =
        format!("extends = [\"../common.toml\"]\n{HEAD}[module.m]\nsource = \"./mods/m\"\nsize = 2\n[locals]\nb = 2\n");
    let first = load_files(&[("stacks/main.toml", &main)], &GivenVariables::default());
    assert_eq!(first.wants, ["common.toml", "stacks/mods/m/module.toml"]);
    let common = "[locals]\na = 1\nb = 1\n[resource.toy_thing.t]\nsize = 1\n";
    let module = "[variable.size]\ntype = \"number\"\n[resource.toy_thing.inner]\nsize = \"${var.size}\"\n";
    let files = [("stacks/main.toml", main.as_str()), ("common.toml", common), ("stacks/mods/m/module.toml", module)];
    let loaded = load_files(&files, &GivenVariables::default());
    assert_eq!(problems(&loaded), Vec::<String>::new());
    let stack = loaded.stack.unwrap();
    assert_eq!(stack.modules[1].path, ["m"]);
    assert_eq!(stack.modules[1].folder, "stacks/mods/m");
    assert_eq!(stack.modules[0].locals["b"].node, crate::model::expression::Node::Literal(Value::number(2_i64)));
    assert!(stack.modules[0].locals.contains_key("a"));
}

#[test]
fn a_module_that_calls_itself_is_stopped() {
    let main = format!("{HEAD}[module.m]\nsource = \"./m\"\n");
    let module = "[module.m]\nsource = \"../m\"\n";
    let loaded =
        load_files(&[("stacks/main.toml", &main), ("stacks/m/module.toml", module)], &GivenVariables::default());
    assert!(problems(&loaded).iter().any(|problem| problem.starts_with("too-many-modules")), "{:?}", problems(&loaded));
    let itself = format!("extends = [\"main.toml\"]\n{HEAD}");
    let loaded = load_text(&itself);
    assert!(problems(&loaded).iter().any(|problem| problem.starts_with("too-many-files")));
}

#[test]
fn paths_stay_in_the_project() {
    let loaded = load_text(&format!("extends = [\"../../etc.toml\"]\n{HEAD}"));
    assert_eq!(problems(&loaded), ["path-outside-project 1"]);
}

#[test]
fn values_from_outside_fit_their_variables() {
    let text = format!(
        "{HEAD}[variable.n]\ntype = \"number\"\n[variable.l]\ntype = \"list(string)\"\n[variable.any]\n[variable.s]\ntype = \"string\"\n"
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let given = GivenVariables {
        environment: vec![pair("n", "1"), pair("unknown", "ignored")],
        files: vec![pair("a.toml", "n = 2\ns = \"${x}\"\n".replace("${x}", "plain").as_str())],
        arguments: vec![pair("n", "-3"), pair("l", "[\"a\", \"b\"]"), pair("any", "eu-west-1")],
    };
    let loaded = load_files(&[("stacks/main.toml", &text)], &given);
    assert_eq!(problems(&loaded), Vec::<String>::new());
    let variables = loaded.stack.unwrap().modules[0].variables.clone();
    assert_eq!(variables["n"].given, Some(Value::number(-3_i64)));
    assert_eq!(variables["l"].given, Some(Value::List(vec![Value::string("a"), Value::string("b")])));
    assert_eq!(variables["any"].given, Some(Value::string("eu-west-1")));
    let wrong = GivenVariables { arguments: vec![pair("n", "many"), pair("zz", "1")], ..GivenVariables::default() };
    let loaded = load_files(&[("stacks/main.toml", &text)], &wrong);
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|problem| problem.code).collect();
    assert_eq!(
        codes,
        [
            "invalid-variable-value",
            "undeclared-variable",
            "missing-variable",
            "missing-variable",
            "missing-variable",
            "missing-variable"
        ]
    );
}

#[test]
fn reserved_tables_are_announced_and_other_versions_refused() {
    let loaded = load_text("[stack]\nname = \"s\"\nsiac = \">=9\"\n[policy]\n");
    assert_eq!(problems(&loaded), ["wrong-version 3", "reserved-table 4"]);
    let warnings = loaded.diagnostics.iter().filter(|problem| problem.severity == Severity::Warning).count();
    assert_eq!(warnings, 1);
}

#[test]
fn null_unsets_what_was_inherited() {
    let main = format!("extends = [\"base.toml\"]\n{HEAD}[locals]\na = \"${{null}}\"\n");
    let loaded = load_files(
        &[("stacks/main.toml", &main), ("stacks/base.toml", "[locals]\na = 1\nb = 2\n")],
        &GivenVariables::default(),
    );
    let stack = loaded.stack.unwrap();
    assert_eq!(stack.modules[0].locals.keys().collect::<Vec<_>>(), ["b"]);
}

proptest! {
    #[test]
    fn arbitrary_stacks_never_panic(text in "(\\[(stack|state|resource\\.toy_thing\\.a|module\\.m|output\\.o|variable\\.v|locals|\\[moved\\])\\]\n|(name|size|source|value|type|for_each|from|default) = (1|\"x\"|'\\$\\{toy_thing\\.a\\.id\\}'|\\[1\\]|\\{ a = 1 \\}|\"\\$\\{\")\n){0,14}") {
        let _ = load_text(&text);
    }
}

#[test]
fn an_import_names_one_instance_of_what_is_declared() {
    let stack = |to: &str| {
        format!(
            "[stack]\nname = \"a\"\n[resource.toy_thing.one]\nsize = 1\n[resource.toy_thing.many]\nfor_each = '${{toset([\"eu\"])}}'\nsize = 1\n[[import]]\nto = '{to}'\nid = \"x\"\n"
        )
    };
    let told = |to: &str| {
        let loaded = load_files(&[("stacks/main.toml", &stack(to))], &GivenVariables::default());
        let told = loaded.diagnostics.iter().map(|problem| {
            format!("{}: {} ({})", problem.code, problem.detail, problem.help.clone().unwrap_or_default())
        });
        told.collect::<Vec<_>>().join("; ")
    };
    assert_eq!(told("toy_thing.one"), "");
    assert_eq!(told("toy_thing.many[\"eu\"]"), "");
    for (to, words) in [
        ("toy_thing.onne", "did you mean `toy_thing.one`?"),
        ("toy_thing.nothing_like_it", "declare it: `[resource.toy_thing.nothing_like_it]`"),
        ("toy_thing.many", "write its key"),
        ("toy_thing.one[\"eu\"]", "leave the key out"),
        ("module.m.toy_thing.one", "a module that the stack does not call"),
        ("component.api.toy_thing.one", "declare it: `[component.api]`"),
        ("data.toy_thing.one", "never adopted"),
    ] {
        assert!(told(to).starts_with("unknown-address: ") && told(to).contains(words), "{to}: {}", told(to));
    }
}

#[test]
fn a_file_that_is_no_toml_at_all_is_told_in_a_few_words() {
    let foreign = "resource \"aws_sqs_queue\" \"jobs\" {\n  name = jobs\n}\n".repeat(200);
    let loaded = load_files(&[("stacks/main.toml", &foreign)], &GivenVariables::default());
    let told: Vec<&str> = loaded.diagnostics.iter().map(|problem| problem.code).collect();
    assert!(told.len() <= 8, "{}", told.len());
    let last = loaded.diagnostics.iter().rfind(|problem| problem.code == "invalid-toml").unwrap();
    assert!(last.detail.contains("more places"), "{last:?}");
}
