//! Attributes that name files and folders of the project, or recipes for artifacts: their place is taken by a reference to the content's
//! digest.
//!
//! What a recipe makes is known by the identity of what goes in. When the snapshot remembers an artifact of that identity, that is the
//! artifact, and nothing is built. Otherwise it is asked for, and last of all questions: what cannot be planned anyway is not built.

use super::decide::Wish;
use super::draft::Draft;
use super::ignore;
use super::normalise::Flaw;
use super::paths;
use super::questions::BuildFailure;
use crate::model::identity::Digest;
use crate::model::path::Path;
use crate::model::recipe::{self, Recipe};
use crate::model::schema::KindSchema;
use crate::model::snapshot::{artifact_digest, artifact_identity, artifact_reference, built_artifact_reference};
use crate::model::value::{Partial, Value};

/// Replaces the paths and recipes of artifacts in both forms of a wish. Answers whether all of them could be told; a reference that
/// stands there already, as in a kept snapshot, stays.
pub(super) fn substitute(
    draft: &mut Draft<'_>,
    wish: &Wish<'_>,
    kind: &KindSchema,
    configured: &mut Partial,
    desired: &mut Partial,
) -> bool {
    let mut is_complete = true;
    for name in kind.attributes.iter().filter(|(_, attribute)| attribute.artifact).map(|(name, _)| *name) {
        let Some(value) = desired.get(name).filter(|value| !value.is_null()) else { continue };
        if value.as_str().is_some_and(|text| artifact_digest(text).is_some()) {
            continue;
        }
        match (Wanted { draft, wish, name }).reference(value) {
            Some(reference) => {
                let reference = Value::map([(name, Value::string(reference))]);
                ignore::keep(configured, &Path::attribute(name), &reference);
                ignore::keep(desired, &Path::attribute(name), &reference);
            }
            None => {
                is_complete = false;
                stand_in(desired, name);
            }
        }
    }
    is_complete
}

/// Leaves a path where a recipe stands that makes nothing yet, so that everything else of the wish can be checked meanwhile.
fn stand_in(desired: &mut Partial, name: &str) {
    if let Some(recipe @ Value::Map(_)) = desired.get(name) {
        let path = recipe.get("path").and_then(Value::as_str).unwrap_or_default();
        let path = Value::map([(name, Value::string(path))]);
        ignore::keep(desired, &Path::attribute(name), &path);
    }
}

/// One artifact that is wanted.
struct Wanted<'d, 'a, 'w> {
    draft: &'d mut Draft<'a>,
    wish: &'d Wish<'w>,
    /// The attribute that names it.
    name: &'d str,
}

impl Wanted<'_, '_, '_> {
    /// Its reference; nothing when it must be asked for, or a problem was reported.
    fn reference(&mut self, value: &Partial) -> Option<String> {
        match value {
            Value::String(written) => self.plain(written),
            Value::Map(_) => self.made(value),
            Value::Hole(_) => {
                let detail = format!("`{}` must be known while planning, so that its content can be kept", self.name);
                self.refuse(detail, "write the path in the stack or in a variable")
            }
            other => {
                let detail = format!("`{}` is a path, not {}", self.name, other.type_name());
                self.refuse(detail, "write a text")
            }
        }
    }

    /// A file or folder as it is.
    fn plain(&mut self, written: &str) -> Option<String> {
        let path = self.joined(written, &Path::default())?;
        match self.draft.answers.artifacts.get(&path) {
            Some(Ok(digest)) => Some(artifact_reference(digest)),
            Some(Err(why)) => {
                let detail = format!("the content of `{path}` cannot be kept: {why}");
                self.refuse(detail, "look at the path and plan again")
            }
            None => {
                self.draft.asked.artifacts.insert(path);
                None
            }
        }
    }

    /// What a recipe makes.
    fn made(&mut self, value: &Partial) -> Option<String> {
        let mut recipe = match Recipe::read(value) {
            Ok(recipe) => recipe,
            Err(flaws) => {
                flaws.into_iter().for_each(|flaw| self.tell(flaw));
                return None;
            }
        };
        recipe.path = self.joined(&recipe.path, &Path::attribute("path"))?;
        match self.draft.answers.sources.get(&recipe) {
            Some(Ok(identity)) => self.of_identity(recipe, *identity),
            Some(Err(why)) => {
                let detail = format!("what goes into the artifact cannot be read: {why}");
                self.refuse(detail, "look at the recipe's path and plan again")
            }
            None => {
                self.draft.asked.sources.insert(recipe);
                None
            }
        }
    }

    fn of_identity(&mut self, recipe: Recipe, identity: Digest) -> Option<String> {
        let known = self.remembered(&identity).or_else(|| self.draft.built().get(&identity).copied());
        if let Some(digest) = known {
            return Some(built_artifact_reference(&digest, &identity));
        }
        match self.draft.answers.builds.get(&identity) {
            Some(Ok(digest)) => Some(built_artifact_reference(digest, &identity)),
            Some(Err(failure)) => {
                self.tell_failure(&recipe, identity, failure);
                None
            }
            None => {
                self.draft.asked.builds.insert(identity, recipe);
                None
            }
        }
    }

    /// The artifact of this identity that the resource itself has: it stays, even when another one has a different build of the same.
    fn remembered(&self, identity: &Digest) -> Option<Digest> {
        let object = self.draft.request.snapshot.object(&self.wish.address)?;
        let reference = object.inputs.get(self.name)?.as_str()?;
        artifact_digest(reference).filter(|_| artifact_identity(reference) == Some(*identity))
    }

    /// The path relative to the project root.
    fn joined(&mut self, written: &str, at: &Path) -> Option<String> {
        let joined = paths::joined(self.wish.folder, written);
        if joined.is_none() {
            let detail = format!("`{}` is `{written}`, which leads out of the project", self.name);
            let flaw = flaw(self.name, detail, "name a file or folder inside the project, by a relative path");
            self.draft.problems.push(self.wish.problem_within(flaw, at));
        }
        joined
    }

    fn refuse(&mut self, detail: String, help: &str) -> Option<String> {
        self.draft.problems.push(self.wish.problem(flaw(self.name, detail, help)));
        None
    }

    fn tell(&mut self, wrong: recipe::Flaw) {
        let told = Flaw {
            code: "recipe",
            summary: "an artifact's recipe is wrong",
            ..flaw(self.name, format!("`{}`: {}", self.name, wrong.detail), &wrong.help)
        };
        self.draft.problems.push(self.wish.problem_within(told, &wrong.path));
    }

    /// Tells once that an artifact cannot be made, however many want it.
    fn tell_failure(&mut self, recipe: &Recipe, identity: Digest, failure: &BuildFailure) {
        if self.draft.failed_builds.insert(identity) {
            let told = Flaw {
                code: "build",
                summary: "an artifact cannot be built",
                ..flaw(self.name, format!("`{}`: {}", recipe.path, failure.why), &failure.help)
            };
            self.draft.problems.push(self.wish.problem_within(told, &Path::attribute("build")));
        }
    }
}

fn flaw(name: &str, detail: String, help: &str) -> Flaw {
    Flaw {
        attribute: name.to_owned(),
        code: "artifact",
        summary: "an artifact cannot be had",
        detail,
        help: Some(help.to_owned()),
    }
}
