//! How an artifact is made from a folder of the project: what goes in, what is run, and for which machines.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::diagnostic::did_you_mean;
use super::path::Path;
use super::value::{Partial, Value};

/// The keys of a recipe, as a stack writes them.
pub const KEYS: [&str; 5] = ["add", "architecture", "build", "path", "runtime"];

/// How an artifact is made. Two equal recipes over equal sources give the same identity, and are made once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recipe {
    /// The folder that goes in. As written, relative to the file of the stack; relative to the project root once it is asked for.
    pub path: String,
    /// The command that makes of a copy of the folder what is packed; without it the folder is packed as it is.
    pub build: Option<String>,
    /// What the result is run by, for instance `nodejs22`. It is part of the identity, and told to the build.
    pub runtime: Option<String>,
    /// The machines that the result is run on; without it, machines like the one that builds.
    pub architecture: Option<Architecture>,
    /// Files that are added to the result: their texts by path. One that begins with `#!` can be executed.
    pub add: BTreeMap<String, String>,
}

/// A kind of machines, in the words of Node.js: `x64`, `linux-arm64`, `linux-x64-musl`.
///
/// What is not said is as on the machine that builds: a provider that knows where its artifacts are run says all of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Architecture {
    /// `linux` or `darwin`.
    pub os: Option<String>,
    /// `x64` or `arm64`.
    pub cpu: String,
    /// `glibc` or `musl`; only for `linux`.
    pub libc: Option<String>,
}

const SYSTEMS: [&str; 2] = ["linux", "darwin"];
const PROCESSORS: [&str; 2] = ["x64", "arm64"];
const LIBRARIES: [&str; 2] = ["glibc", "musl"];

/// A text is no architecture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no architecture")]
pub struct MalformedArchitecture(pub String);

impl FromStr for Architecture {
    type Err = MalformedArchitecture;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |words: &[&str], word: &str| words.contains(&word).then(|| word.to_owned());
        let parts: Vec<&str> = text.split('-').collect();
        let read = match parts.as_slice() {
            [cpu] => known(&PROCESSORS, cpu).map(|cpu| Self { os: None, cpu, libc: None }),
            [os, cpu] => {
                known(&SYSTEMS, os).zip(known(&PROCESSORS, cpu)).map(|(os, cpu)| Self { os: Some(os), cpu, libc: None })
            }
            ["linux", cpu, libc] => known(&PROCESSORS, cpu).zip(known(&LIBRARIES, libc)).map(|(cpu, libc)| Self {
                os: Some("linux".to_owned()),
                cpu,
                libc: Some(libc),
            }),
            _ => None,
        };
        read.ok_or_else(|| MalformedArchitecture(text.to_owned()))
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.os.iter().chain([&self.cpu]).chain(&self.libc);
        f.write_str(&parts.map(String::as_str).collect::<Vec<_>>().join("-"))
    }
}

/// What is wrong with a recipe, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The part of the recipe; empty for the whole.
    pub path: Path,
    /// What is the matter.
    pub detail: String,
    /// What to do about it.
    pub help: String,
}

impl Recipe {
    /// A folder that is packed as it is.
    pub fn of(path: impl Into<String>) -> Self {
        Self { path: path.into(), build: None, runtime: None, architecture: None, add: BTreeMap::new() }
    }

    /// Reads a recipe from the value of an attribute, whose holes are filled.
    ///
    /// # Errors
    /// With everything that is wrong with it.
    pub fn read(value: &Partial) -> Result<Self, Vec<Flaw>> {
        let Value::Map(entries) = value else {
            return Err(vec![flaw(
                &[],
                format!("it is a path or a recipe, not {}", value.type_name()),
                "write the path of a folder, or a table with `path` and `build`",
            )]);
        };
        let mut reading = Reading { entries, flaws: Vec::new() };
        let recipe = reading.recipe();
        match recipe {
            Some(recipe) if reading.flaws.is_empty() => Ok(recipe),
            _ => Err(reading.flaws),
        }
    }

    /// The recipe as the table that [`Recipe::read`] reads.
    pub fn to_value(&self) -> Partial {
        let text = |text: &Option<String>| text.as_ref().map_or(Value::Null, Value::string);
        let add = self.add.iter().map(|(path, content)| (path, Value::string(content)));
        let entries = [
            ("path", Value::string(&self.path)),
            ("build", text(&self.build)),
            ("runtime", text(&self.runtime)),
            ("architecture", text(&self.architecture.as_ref().map(ToString::to_string))),
            ("add", if self.add.is_empty() { Value::Null } else { Value::map(add) }),
        ];
        Value::map(entries.into_iter().filter(|(_, value)| !value.is_null()))
    }
}

/// A table that is being read.
struct Reading<'v> {
    entries: &'v BTreeMap<String, Partial>,
    flaws: Vec<Flaw>,
}

impl Reading<'_> {
    fn recipe(&mut self) -> Option<Recipe> {
        self.refuse_unknown();
        let path = self.text("path");
        if path.is_none() && !self.has("path") {
            self.flaws.push(flaw(
                &[],
                "the recipe has no `path`".to_owned(),
                "name the folder that goes in: `path = \"../services/api\"`",
            ));
        }
        let (build, runtime) = (self.text("build"), self.text("runtime"));
        let architecture = self.text("architecture").and_then(|text| self.architecture(&text));
        let add = self.add();
        Some(Recipe { path: path?, build, runtime, architecture, add })
    }

    fn has(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|value| !value.is_null())
    }

    fn refuse_unknown(&mut self) {
        for key in self.entries.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let help = match did_you_mean(key, KEYS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("a recipe has: {}", KEYS.join(", ")),
            };
            self.flaws.push(flaw(&[key], format!("a recipe has no `{key}`"), &help));
        }
    }

    /// The text of an entry; nothing when it is not there or is no text.
    fn text(&mut self, key: &str) -> Option<String> {
        let entries = self.entries;
        let value = entries.get(key).filter(|value| !value.is_null())?;
        self.sound_text(&[key], value)
    }

    fn sound_text(&mut self, at: &[&str], value: &Partial) -> Option<String> {
        let name = at.last().copied().unwrap_or_default();
        match value {
            Value::String(text) if text.trim().is_empty() && at.len() == 1 => {
                self.flaws.push(flaw(at, format!("`{name}` is empty"), "write it, or leave it out"));
                None
            }
            Value::String(text) => Some(text.clone()),
            Value::Hole(hole) if hole.is_secret() => {
                let detail = format!("`{name}` holds a secret, and a recipe must not");
                self.flaws.push(flaw(
                    at,
                    detail,
                    "give the secret to what runs, in its environment; a build gets no secrets of the stack",
                ));
                None
            }
            Value::Hole(_) => {
                let detail = format!("`{name}` must be known while planning, so that the artifact can be made");
                self.flaws.push(flaw(at, detail, "write it in the stack or in a variable"));
                None
            }
            other => {
                self.flaws.push(flaw(at, format!("`{name}` is a text, not {}", other.type_name()), "write a text"));
                None
            }
        }
    }

    fn architecture(&mut self, text: &str) -> Option<Architecture> {
        let read = text.parse();
        if read.is_err() {
            let help = "write `x64` or `arm64`, with the system before it where it is another than here, as in `linux-arm64` or `linux-x64-musl`";
            self.flaws.push(flaw(&["architecture"], format!("`{text}` is no architecture"), help));
        }
        read.ok()
    }

    fn add(&mut self) -> BTreeMap<String, String> {
        let files = match self.entries.get("add") {
            None | Some(Value::Null) => return BTreeMap::new(),
            Some(Value::Map(files)) => files,
            Some(other) => {
                let detail = format!("`add` is a table of texts by path, not {}", other.type_name());
                self.flaws.push(flaw(&["add"], detail, "write `add = { \"run.sh\" = \"…\" }`"));
                return BTreeMap::new();
            }
        };
        let mut added = BTreeMap::new();
        for (path, content) in files {
            if !is_inside(path) {
                let detail = format!("`{path}` is no path inside the artifact");
                self.flaws.push(flaw(&["add", path], detail, "write it relative and plain, as in `bin/run.sh`"));
            }
            added.extend(self.sound_text(&["add", path], content).map(|content| (path.clone(), content)));
        }
        added
    }
}

/// Whether a path is relative, plain and leads to something.
fn is_inside(path: &str) -> bool {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    !path.contains(['\\', '\0']) && path.split('/').all(is_plain)
}

fn flaw(at: &[&str], detail: String, help: &str) -> Flaw {
    let path = at.iter().fold(Path::default(), |path, key| path.key(*key));
    Flaw { path, detail, help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(entries: impl IntoIterator<Item = (&'static str, Partial)>) -> Result<Recipe, Vec<String>> {
        let told = |flaws: Vec<Flaw>| flaws.into_iter().map(|flaw| format!("{}: {}", flaw.path, flaw.detail)).collect();
        Recipe::read(&Value::map(entries)).map_err(told)
    }

    #[test]
    fn a_recipe_survives_its_table() {
        let recipe = Recipe {
            build: Some("npm ci".into()),
            runtime: Some("nodejs22".into()),
            architecture: Some("linux-arm64-musl".parse().unwrap()),
            add: BTreeMap::from([("bin/run.sh".into(), "#!/bin/sh\n".into())]),
            ..Recipe::of("../services/api")
        };
        assert_eq!(Recipe::read(&recipe.to_value()), Ok(recipe));
        assert_eq!(Recipe::read(&Recipe::of("a").to_value()), Ok(Recipe::of("a")));
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_place() {
        let wrong = recipe([
            ("biuld", Value::string("make")),
            ("build", Value::Bool(true)),
            ("runtime", Value::string(" ")),
            ("architecture", Value::string("sparc")),
            ("add", Value::map([("../out", Value::string("")), ("a", Value::Null)])),
        ]);
        let expected = [
            "biuld: a recipe has no `biuld`",
            ": the recipe has no `path`",
            "build: `build` is a text, not bool",
            "runtime: `runtime` is empty",
            "architecture: `sparc` is no architecture",
            "add[\"../out\"]: `../out` is no path inside the artifact",
            "add.a: `a` is a text, not null",
        ];
        assert_eq!(wrong.unwrap_err(), expected);
        assert_eq!(recipe([("add", Value::string("x")), ("path", Value::string("a"))]).unwrap_err().len(), 1);
    }

    #[test]
    fn architectures_are_words_of_node() {
        for text in ["x64", "arm64", "linux-x64", "darwin-arm64", "linux-x64-musl", "linux-arm64-glibc"] {
            assert_eq!(text.parse::<Architecture>().unwrap().to_string(), text);
        }
        for text in ["", "x86_64", "darwin-x64-musl", "linux", "linux-x64-musl-x", "win32-x64"] {
            assert!(text.parse::<Architecture>().is_err(), "{text}");
        }
    }
}
