//! The example stacks ask for nothing that the local provider does not offer, and together they show the whole language.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use siac_core::language::load::{GivenVariables, Request, load};
use siac_core::model::stack::Stack;
use siac_core::ports::{Catalogue, Catalogues};
use siac_provider_local::LocalProvider;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The stack files of the repository that need nothing but this machine, relative to its root.
fn entries() -> Vec<String> {
    let files = |folder: &str| {
        let names =
            fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let entries = names.filter(|name| name.ends_with(".toml")).map(|name| format!("{folder}/{name}"));
        entries.filter(|entry| needs_no_cloud(entry)).collect::<Vec<_>>()
    };
    let mut entries = [files("stacks"), files("stacks/examples")].concat();
    entries.sort();
    entries
}

fn needs_no_cloud(entry: &str) -> bool {
    let text = fs::read_to_string(root().join(entry)).unwrap();
    !["[provider.aws]", "[provider.azure]"].iter().any(|table| text.lines().any(|line| line == *table))
}

fn loaded(entry: &str) -> Stack {
    let catalogue: Arc<dyn Catalogue> = Arc::new(LocalProvider::new(root(), root().join(".siac")));
    let catalogues = Catalogues::new([catalogue]);
    let mut files = BTreeMap::new();
    loop {
        let variables = GivenVariables::default();
        let request = Request {
            entry,
            files: &files,
            variables: &variables,
            environment: None,
            realised_by: &Default::default(),
            version: "0.1.0",
            catalogues: &catalogues,
        };
        let answer = load(&request);
        if answer.wants.is_empty() {
            let problems: Vec<String> = answer
                .diagnostics
                .iter()
                .map(|problem| format!("{} {}: {}", problem.code, problem.summary, problem.detail))
                .collect();
            assert_eq!(problems, Vec::<String>::new(), "{entry}");
            return answer.stack.unwrap();
        }
        for path in answer.wants {
            let text = fs::read_to_string(root().join(&path)).map(Arc::from).map_err(|error| error.to_string());
            files.insert(path, text);
        }
    }
}

#[test]
fn every_example_loads_without_a_word() {
    let entries = entries();
    assert!(entries.contains(&"stacks/quickstart.toml".to_owned()));
    for entry in &entries {
        let name = loaded(entry).name;
        assert!(!name.is_empty(), "{entry}");
    }
}

#[test]
fn every_example_explains_itself() {
    for entry in entries() {
        let text = fs::read_to_string(root().join(&entry)).unwrap();
        assert!(text.starts_with("# ") && text.is_ascii(), "{entry}");
    }
}

#[test]
fn together_the_examples_show_the_language() {
    let stacks: Vec<Stack> = entries().iter().map(|entry| loaded(entry)).collect();
    let shown =
        |what: &str, shows: &dyn Fn(&Stack) -> bool| assert!(stacks.iter().any(shows), "no example shows {what}");
    let in_module =
        |shows: fn(&siac_core::model::stack::Module) -> bool| move |stack: &Stack| stack.modules.iter().any(shows);
    shown("secrets", &|stack| !stack.secrets.is_empty());
    shown("flags", &|stack| !stack.flags.is_empty());
    shown("moved", &|stack| !stack.moved.is_empty());
    shown("import", &|stack| !stack.imports.is_empty());
    shown("removed", &|stack| !stack.removed.is_empty());
    shown(
        "variables with rules",
        &in_module(|module| module.variables.values().any(|variable| !variable.rules.is_empty())),
    );
    shown("locals", &in_module(|module| !module.locals.is_empty()));
    shown("outputs", &in_module(|module| module.outputs.values().any(|output| output.sensitive)));
    shown("for_each", &in_module(|module| module.resources.iter().any(|it| it.for_each.is_some())));
    shown("when", &in_module(|module| module.resources.iter().any(|it| it.when.is_some())));
    shown("depends_on", &in_module(|module| module.resources.iter().any(|it| !it.depends_on.is_empty())));
    shown(
        "create_before_destroy",
        &in_module(|module| module.resources.iter().any(|it| it.lifecycle.create_before_destroy)),
    );
    shown(
        "ignore_changes",
        &in_module(|module| module.resources.iter().any(|it| !it.lifecycle.ignore_changes.is_empty())),
    );
    shown(
        "replace_triggered_by",
        &in_module(|module| module.resources.iter().any(|it| !it.lifecycle.replace_triggered_by.is_empty())),
    );
    shown(
        "modules with for_each",
        &in_module(|module| module.call.as_ref().is_some_and(|call| call.for_each.is_some())),
    );
    shown("modules with when", &in_module(|module| module.call.as_ref().is_some_and(|call| call.when.is_some())));
}

#[test]
fn together_the_examples_show_every_kind() {
    let texts: String = entries().iter().map(|entry| fs::read_to_string(root().join(entry)).unwrap()).collect();
    let provider = LocalProvider::new(root(), root().join(".siac"));
    for kind in provider.schema().resources.keys() {
        assert!(texts.contains(&format!("[resource.{kind}.")), "no example shows {kind}");
    }
    for kind in provider.schema().data.keys() {
        assert!(texts.contains(&format!("[data.{kind}.")), "no example shows data.{kind}");
    }
}
