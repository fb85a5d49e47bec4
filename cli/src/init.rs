//! A first stack in a new folder: a small service and the stack that runs it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use siac_core::model::address::check_name;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// These exist and are not overwritten.
    #[error("{} exists already, and is not overwritten; choose another folder", listed(.0))]
    Exists(Vec<PathBuf>),
    /// The name does not fit.
    #[error("`{name}` cannot be a stack's name: {why}; pass one with `--name`")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        why: String,
    },
    /// A file could not be written.
    #[error("{} cannot be written: {source}", .path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn listed(paths: &[PathBuf]) -> String {
    super::render::words::listed(&paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>())
}

/// The files of a first project, by their paths in its folder.
pub fn files(name: &str) -> Vec<(PathBuf, String)> {
    let file = |path: &str, text: &str| (PathBuf::from(path), text.replace("NAME", name));
    vec![
        (PathBuf::from("stacks").join(format!("{name}.toml")), include_str!("init/stack.toml").replace("NAME", name)),
        file("service/server.js", include_str!("init/server.js")),
        file("service/package.json", include_str!("init/package.json")),
        file(
            "siac.toml",
            "# The root of a siac project: stacks may use files below this folder, and `.siac/` is kept here.\n",
        ),
        file(".gitignore", ".siac/\n*.siac\nnode_modules/\n"),
    ]
}

/// The name that a stack gets from its folder: letters, digits and dashes; `app` when nothing is left.
pub fn name_of(folder: &Path) -> String {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let written = absolute.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mapped: String = written.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let name: String = mapped.trim_matches(|c: char| !c.is_ascii_alphanumeric()).chars().take(64).collect();
    match name.chars().next() {
        None => "app".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("app-{name}"),
        Some(_) => name,
    }
}

/// Writes a first project into a folder, which is made when it is missing, and answers with the paths written.
///
/// Fails before anything is written when one of the files exists.
pub fn write(folder: &Path, name: Option<&str>) -> Result<Vec<PathBuf>, InitError> {
    let name = name.map_or_else(|| name_of(folder), str::to_owned);
    check_name(&name).map_err(|why| InitError::Name { name: name.clone(), why })?;
    let files: Vec<(PathBuf, String)> =
        files(&name).into_iter().map(|(path, text)| (folder.join(path), text)).collect();
    let existing: Vec<PathBuf> = files.iter().filter(|(path, _)| path.exists()).map(|(path, _)| path.clone()).collect();
    if !existing.is_empty() {
        return Err(InitError::Exists(existing));
    }
    for (path, text) in &files {
        write_new(path, text).map_err(|source| InitError::Write { path: path.clone(), source })?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// What to do after `siac init`.
pub fn next_steps(folder: &Path, written: &[PathBuf]) -> String {
    let mut text = String::new();
    for path in written {
        text.push_str(&format!("wrote {}\n", crate::sanitise::line(&path.display().to_string())));
    }
    text.push_str("\nNext:\n");
    if folder != Path::new(".") {
        text.push_str(&format!("  cd {}\n", crate::sanitise::line(&folder.display().to_string())));
    }
    text + "  siac plan\n  siac apply\n"
}

/// The `[state]` table that names a place.
pub fn state_table(backend: &str, settings: &[(&str, &str)]) -> String {
    let lines = [("backend", backend)].into_iter().chain(settings.iter().copied());
    lines.fold("[state]".to_owned(), |table, (name, value)| {
        format!("{table}\n{name} = {}", serde_json::Value::from(value))
    })
}

#[cfg(test)]
mod tests;
