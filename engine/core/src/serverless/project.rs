//! What the Node.js project of a component tells about it: where it starts, which Node.js it wants, what its build needs.

mod manifest;

use std::collections::BTreeMap;

use super::function::Handler;
use super::measures::Refusal;
use super::reading::FieldProblem;
use super::runtime::Runtime;
use crate::language::scope::{FileAnswer, FileQuestion};
use crate::model::value::{Partial, Value};
use manifest::Manifest;

/// What a project tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The fields, with `entry` as the project has it where the stack says nothing.
    pub fields: BTreeMap<String, Partial>,
    /// What does not go together.
    pub problems: Vec<FieldProblem>,
    /// False while some file has not been looked at: examine again once it has.
    pub is_complete: bool,
}

/// Looks at the project in a folder, relative to the project root, for a component with these normalised fields.
pub fn examine(
    folder: &str,
    fields: &BTreeMap<String, Partial>,
    look: &mut dyn FnMut(FileQuestion) -> FileAnswer,
) -> Examined {
    let examined = Examined { fields: fields.clone(), problems: Vec::new(), is_complete: true };
    let mut project = Project { folder, look, examined };
    if let Some(manifest) = project.manifest() {
        project.start(&manifest);
        project.engine(&manifest);
        project.dependencies(&manifest);
        project.build(&manifest);
    }
    project.examined
}

struct Project<'p> {
    folder: &'p str,
    look: &'p mut dyn FnMut(FileQuestion) -> FileAnswer,
    examined: Examined,
}

impl Project<'_> {
    fn text(&self, field: &str) -> Option<String> {
        self.examined.fields.get(field).and_then(Value::as_str).map(str::to_owned)
    }

    fn look(&mut self, path: &str) -> FileAnswer {
        let path = match self.folder.is_empty() {
            true => path.to_owned(),
            false => format!("{}/{path}", self.folder),
        };
        let answer = (self.look)(FileQuestion::Read(path));
        self.examined.is_complete &= answer != FileAnswer::NotAsked;
        answer
    }

    /// Whether none of these files is there. False while that is not known.
    fn lacks(&mut self, paths: &[String]) -> bool {
        let answers: Vec<FileAnswer> = paths.iter().map(|path| self.look(path)).collect();
        answers.iter().all(|answer| *answer == FileAnswer::Missing)
    }

    fn refuse(&mut self, field: &'static str, why: String, remedy: &str) {
        self.examined.problems.push(FieldProblem::error(field, Refusal::new(why, remedy)));
    }

    fn doubt(&mut self, field: &'static str, why: String, remedy: &str) {
        self.examined.problems.push(FieldProblem::warning(field, Refusal::new(why, remedy)));
    }

    /// What package.json says; an empty one when there is none, nothing when it is not known or cannot be read.
    fn manifest(&mut self) -> Option<Manifest> {
        match self.look("package.json") {
            FileAnswer::NotAsked | FileAnswer::Paths(_) => None,
            FileAnswer::Missing => Some(Manifest::default()),
            FileAnswer::Refused(why) => {
                self.refuse(
                    "source",
                    format!("package.json cannot be read: {why}"),
                    "look at the folder and plan again",
                );
                None
            }
            FileAnswer::Content(bytes) => match Manifest::parse(&bytes) {
                Ok(manifest) => Some(manifest),
                Err(why) => {
                    self.refuse(
                        "source",
                        format!("package.json of `{}` cannot be read: {why}", self.folder),
                        "correct it; it is JSON with an object at the top",
                    );
                    None
                }
            },
        }
    }

    fn start(&mut self, manifest: &Manifest) {
        let is_called =
            ["handler", "handlers"].iter().any(|name| self.examined.fields.get(*name).is_some_and(|it| !it.is_null()));
        if let (None, false, Some(main)) = (self.text("entry"), is_called, &manifest.main) {
            self.examined.fields.insert("entry".to_owned(), Value::string(main.trim_start_matches("./")));
        }
        if self.text("build").is_some() {
            return;
        }
        if let Some(entry) = self.text("entry") {
            self.expect("entry", &entry, &["", ".js", ".mjs", ".cjs", "/index.js"]);
        }
        for (field, handler) in self.handlers() {
            self.expect(field, handler.file(), &[".js", ".mjs", ".cjs"]);
        }
    }

    fn handlers(&self) -> Vec<(&'static str, Handler)> {
        let named = |field, value: &Partial| Some((field, Handler::named(value.as_str()?).ok()?));
        let one = self.examined.fields.get("handler").and_then(|value| named("handler", value));
        let several = self.examined.fields.get("handlers").and_then(Value::as_map).into_iter().flatten();
        one.into_iter().chain(several.filter_map(|(_, value)| named("handlers", value))).collect()
    }

    /// Refuses a file that is not there, nor with any of these endings.
    fn expect(&mut self, field: &'static str, file: &str, endings: &[&str]) {
        let candidates: Vec<String> = endings.iter().map(|ending| format!("{file}{ending}")).collect();
        if self.lacks(&candidates) {
            let why = format!("there is no file `{file}` in `{}`, and no `build` that would make it", self.folder);
            self.refuse(field, why, "correct the path; or write the command that makes the file, such as `build = \"npm ci && npm run build\"`");
        }
    }

    fn engine(&mut self, manifest: &Manifest) {
        let runtime = self.text("runtime").and_then(|name| Runtime::named(&name).ok());
        let (Some(runtime), Some(range)) = (runtime, &manifest.node) else { return };
        match runtime.satisfies(range) {
            Some(true) => {}
            Some(false) => {
                let why =
                    format!("package.json wants Node.js {range} (`engines.node`), which no version of `{runtime}` is");
                self.refuse(
                    "runtime",
                    why,
                    "choose another `runtime`, or change `engines.node` if the program runs on it",
                );
            }
            None => {
                let why = format!(
                    "`engines.node` of package.json is {range:?}, which is no range of versions, so that nothing checks the runtime against it"
                );
                self.doubt("runtime", why, "write a range of npm's, such as `>=22`");
            }
        }
    }

    /// Without a build the folder runs as it is: what it depends on must be in it.
    fn dependencies(&mut self, manifest: &Manifest) {
        if self.text("build").is_some() {
            return;
        }
        let installed = |name: &String| format!("node_modules/{name}/package.json");
        let absent: Vec<String> = manifest
            .dependencies
            .iter()
            .filter(|name| self.lacks(&[installed(name)]))
            .map(|name| format!("`{name}`"))
            .collect();
        if !absent.is_empty() {
            let why = format!(
                "package.json depends on {}, which `node_modules` does not have, and no `build` installs it",
                some(&absent)
            );
            self.doubt(
                "source",
                why,
                "write `build = \"npm ci --omit=dev\"`; if the program is bundled into one file, this does not matter",
            );
        }
    }

    fn build(&mut self, manifest: &Manifest) {
        let Some(build) = self.text("build") else { return };
        let commands: Vec<Vec<&str>> = build.split(['&', ';', '|']).map(|it| it.split_whitespace().collect()).collect();
        // Elsewhere than in the project's own folder nothing can be told.
        let goes_elsewhere = |words: &Vec<&str>| {
            words.iter().any(|word| matches!(*word, "cd" | "-C" | "--prefix" | "--workspace" | "-w"))
        };
        if commands.iter().any(goes_elsewhere) {
            return;
        }
        let is_clean_install = |words: &Vec<&str>| matches!(words.as_slice(), ["npm", "ci" | "clean-install", ..]);
        if commands.iter().any(is_clean_install)
            && self.lacks(&["package-lock.json".to_owned(), "npm-shrinkwrap.json".to_owned()])
        {
            let why = format!("`npm ci` installs what package-lock.json says, and `{}` has none", self.folder);
            self.refuse(
                "build",
                why,
                "run `npm install` there once and keep package-lock.json; or write `npm install` instead",
            );
        }
        for words in &commands {
            let ["npm", "run" | "run-script", script, rest @ ..] = words.as_slice() else { continue };
            let is_sure = !script.starts_with('-') && !rest.contains(&"--if-present");
            if is_sure && !manifest.scripts.contains(*script) {
                let why = format!("package.json of `{}` has no script `{script}`", self.folder);
                self.refuse("build", why, "correct its name, or add it under `scripts`");
            }
        }
    }
}

/// The first of these names, and how many more there are.
fn some(names: &[String]) -> String {
    match names.len() {
        0..=3 => names.join(", "),
        more => format!("{} and {} more", names[..3].join(", "), more - 3),
    }
}

#[cfg(test)]
mod tests;
