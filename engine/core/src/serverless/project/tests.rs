use std::sync::Arc;

use super::*;
use crate::model::diagnostic::Severity;

/// What is told of a project with these files: each problem's field, severity and words.
fn told(files: &[(&str, &str)], fields: &[(&str, &str)]) -> (Examined, Vec<(&'static str, Severity, String)>) {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), Value::string(*value))).collect();
    let mut look = |question: FileQuestion| {
        let FileQuestion::Read(path) = question else { panic!("only files are read") };
        let found = files.iter().find(|(name, _)| path == format!("api/{name}"));
        found.map_or(FileAnswer::Missing, |(_, text)| FileAnswer::Content(Arc::new(text.as_bytes().to_vec())))
    };
    let examined = examine("api", &fields, &mut look);
    assert!(examined.is_complete);
    let problems = examined.problems.iter().map(|it| (it.field, it.problem.severity, it.problem.detail.clone()));
    let problems = problems.collect();
    (examined, problems)
}

#[test]
fn main_of_package_json_is_the_entry_where_none_is_written() {
    let files = [("package.json", r#"{"main": "./dist/server.js"}"#), ("dist/server.js", "")];
    let (examined, problems) = told(&files, &[]);
    assert_eq!(problems, []);
    assert_eq!(examined.fields["entry"], Value::string("dist/server.js"));
    let (examined, _) = told(&files, &[("entry", "other.js")]);
    assert_eq!(examined.fields["entry"], Value::string("other.js"));
    let (examined, _) = told(&files, &[("handler", "index.handler")]);
    assert!(!examined.fields.contains_key("entry"));
}

#[test]
fn a_start_that_is_not_there_is_refused_unless_a_build_makes_it() {
    let (_, problems) = told(&[], &[("entry", "server.js")]);
    assert_eq!(problems[0].0, "entry");
    assert!(problems[0].2.contains("no file `server.js`"), "{problems:?}");
    let (_, problems) = told(&[("package.json", "{}")], &[("entry", "dist/server.js"), ("build", "make")]);
    assert_eq!(problems, []);
    let (_, problems) = told(&[("index.mjs", "")], &[("handler", "index.handler")]);
    assert_eq!(problems, []);
    let (_, problems) = told(&[], &[("handler", "index.handler")]);
    assert_eq!(problems[0].0, "handler");
}

#[test]
fn the_runtime_must_be_one_that_the_project_wants() {
    let file = |range: &str| format!(r#"{{"engines": {{"node": "{range}"}}}}"#);
    let told = |range: &str| told(&[("package.json", &file(range))], &[("runtime", "nodejs24")]).1;
    assert_eq!(told(">=20"), []);
    assert_eq!(told("^22")[0].1, Severity::Error);
    assert_eq!(told("newest, please")[0].1, Severity::Warning);
}

#[test]
fn dependencies_must_come_from_somewhere() {
    let package = ("package.json", r#"{"dependencies": {"@a/b": "1", "express": "5"}}"#);
    let (_, problems) = told(&[package], &[]);
    assert_eq!(problems[0].1, Severity::Warning);
    assert!(problems[0].2.contains("`@a/b`, `express`"), "{problems:?}");
    let installed = [package, ("node_modules/@a/b/package.json", "{}"), ("node_modules/express/package.json", "{}")];
    assert_eq!(told(&installed, &[]).1, []);
    assert_eq!(told(&[package], &[("build", "npm install")]).1, []);
}

#[test]
fn a_build_that_must_fail_is_refused() {
    let package = ("package.json", r#"{"scripts": {"build": "tsc"}}"#);
    let (_, problems) = told(&[package], &[("build", "npm ci && npm run build")]);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].2.contains("package-lock.json"), "{problems:?}");
    let locked = [package, ("package-lock.json", "{}")];
    assert_eq!(told(&locked, &[("build", "npm ci && npm run build")]).1, []);
    let (_, problems) = told(&locked, &[("build", "npm ci; npm run bundle")]);
    assert!(problems[0].2.contains("no script `bundle`"), "{problems:?}");
    assert_eq!(told(&locked, &[("build", "npm run bundle --if-present")]).1, []);
    assert_eq!(told(&[package], &[("build", "cd web && npm ci")]).1, []);
}

#[test]
fn what_is_no_package_json_says_so() {
    let (_, problems) = told(&[("package.json", "{")], &[]);
    assert_eq!(problems[0].0, "source");
    let (_, problems) = told(&[("package.json", "[]")], &[]);
    assert!(problems[0].2.contains("no object"), "{problems:?}");
}
