use std::collections::BTreeMap;
use std::sync::Arc;

use siac_core::language::format::format;
use siac_core::language::load::{GivenVariables, Request, load};
use siac_core::ports::{Catalogue, Catalogues};

use super::*;

#[test]
fn the_first_stack_is_valid_and_in_the_canonical_layout() {
    let (path, text) = files("demo").into_iter().next().unwrap();
    assert_eq!(path, Path::new("stacks/demo.toml"));
    assert_eq!(format(&text).unwrap(), text);
    let provider = siac_provider_local::LocalProvider::with_program(".", ".siac", "siac");
    let catalogues = Catalogues::new([Arc::new(provider) as Arc<dyn Catalogue>]);
    let known = BTreeMap::from([("stacks/demo.toml".to_owned(), Ok(Arc::from(text.as_str())))]);
    let variables = GivenVariables::default();
    let loaded = load(&Request {
        entry: "stacks/demo.toml",
        files: &known,
        variables: &variables,
        environment: None,
        realised_by: &Default::default(),
        version: "0.1.0",
        catalogues: &catalogues,
    });
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    assert_eq!(loaded.stack.unwrap().name, "demo");
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("my demo");
    let written = write(&project, None).unwrap();
    assert!(project.join("stacks/my-demo.toml").exists());
    assert!(written.iter().all(|path| path.exists()));
    std::fs::remove_file(project.join("siac.toml")).unwrap();
    let error = write(&project, None).unwrap_err().to_string();
    assert!(error.contains("my-demo.toml") && error.contains("not overwritten"), "{error}");
    assert!(!project.join("siac.toml").exists());
}

#[test]
fn names_come_from_folders() {
    for (folder, name) in
        [("/x/Demo", "demo"), ("/x/9 lives", "app-9-lives"), ("/x/日本", "app"), ("/", "app"), ("/x/.a_b-", "a_b")]
    {
        assert_eq!(name_of(Path::new(folder)), name);
        assert_eq!(check_name(name), Ok(()));
    }
    assert!(matches!(write(Path::new("unused"), Some("a b")), Err(InitError::Name { .. })));
}

#[test]
fn the_next_steps_name_the_folder() {
    assert!(next_steps(Path::new("demo"), &[]).contains("  cd demo\n  siac plan\n  siac apply\n"));
    assert!(!next_steps(Path::new("."), &[]).contains("cd "));
}
