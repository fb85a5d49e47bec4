//! The laws of `docs/architecture.md` that can be read off the sources: who depends on whom, and who speaks of what.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each crate of the house and the crates of the house that it may depend on.
const MAY_KNOW: [(&str, &[&str]); 8] = [
    ("credentials/azure", &[]),
    ("engine/core", &[]),
    ("engine/runtime", &["siac-core"]),
    ("providers/aws", &["siac-core"]),
    ("providers/azure", &["siac-azure-credentials", "siac-core"]),
    ("providers/local", &["siac-core"]),
    ("state-backends", &["siac-azure-credentials", "siac-core"]),
    (
        "cli",
        &[
            "siac-core",
            "siac-engine",
            "siac-provider-aws",
            "siac-provider-azure",
            "siac-provider-local",
            "siac-state-backends",
        ],
    ),
];

/// Crates that do I/O, and so have no place in the core.
const WORLDLY: [&str; 8] = ["tokio", "reqwest", "ureq", "rustix", "nix", "getrandom", "rand", "tempfile"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn dependencies(folder: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("every room has a manifest");
    let manifest: toml::Table = text.parse().expect("manifests are TOML");
    let table = manifest.get("dependencies").and_then(|value| value.as_table());
    table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

/// The lines of every source file below a folder, without tests and comments: (file, line number, line).
fn code(folder: &str) -> Vec<(String, usize, String)> {
    let mut files = Vec::new();
    collect_sources(&root().join(folder).join("src"), &mut files);
    assert!(!files.is_empty(), "{folder} has sources");
    files.into_iter().flat_map(|file| lines_of(&file)).collect()
}

fn collect_sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder can be read") {
        let path = entry.expect("an entry can be read").path();
        let is_test =
            path.file_stem().is_some_and(|stem| stem == "tests" || stem.to_string_lossy().ends_with("_tests"));
        match path.is_dir() {
            _ if is_test => {}
            true => collect_sources(&path, files),
            false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
            false => {}
        }
    }
}

fn lines_of(file: &Path) -> Vec<(String, usize, String)> {
    let text = fs::read_to_string(file).expect("a source file can be read");
    let production = text.lines().enumerate().take_while(|(_, line)| line.trim() != "#[cfg(test)]");
    let spoken = production.filter(|(_, line)| !line.trim_start().starts_with("//"));
    spoken.map(|(at, line)| (file.display().to_string(), at + 1, line.to_owned())).collect()
}

fn assert_silent_about(folder: &str, words: &[&str]) {
    for (file, line, text) in code(folder) {
        for word in words {
            assert!(!text.contains(word), "{file}:{line}: `{word}` has no place in {folder}: {text}");
        }
    }
}

#[test]
fn crates_depend_only_inwards() {
    for (folder, allowed) in MAY_KNOW {
        for dependency in dependencies(folder).iter().filter(|name| name.starts_with("siac")) {
            assert!(allowed.contains(&dependency.as_str()), "{folder} must not depend on {dependency}");
        }
    }
}

#[test]
fn only_adapters_know_the_sdk_of_a_cloud() {
    for folder in ["engine/core", "engine/runtime", "providers/local", "cli"] {
        for dependency in dependencies(folder) {
            let is_sdk = ["aws-", "azure_"].iter().any(|sdk| dependency.starts_with(sdk));
            assert!(!is_sdk, "{folder} must not depend on {dependency}");
        }
    }
}

#[test]
fn the_core_does_no_io() {
    let known = dependencies("engine/core");
    for crate_name in WORLDLY {
        assert!(!known.contains(crate_name), "the core must not depend on {crate_name}");
    }
    let worldly =
        ["std::fs", "std::env", "std::net", "std::process", "SystemTime", "Instant::now", "std::thread", "thread_rng"];
    assert_silent_about("engine/core", &worldly);
}

#[test]
fn only_the_command_line_knows_terminals() {
    for folder in
        ["engine/core", "engine/runtime", "providers/aws", "providers/azure", "providers/local", "state-backends"]
    {
        assert_silent_about(folder, &["println!", "eprint", "\\x1b[", "process::exit", "IsTerminal"]);
    }
}

#[test]
fn the_engine_names_no_resource_kind() {
    for folder in ["engine/core", "engine/runtime"] {
        assert_silent_about(folder, &["\"local_", "\"random_", "\"aws_", "\"azure_"]);
    }
}

#[test]
fn the_executor_never_plans() {
    for (file, line, text) in code("engine/runtime").into_iter().filter(|(file, ..)| file.contains("executor")) {
        assert!(!text.contains("siac_core::planning"), "{file}:{line}: the executor must not plan: {text}");
    }
}
