//! Attributes that name files and folders of the project: their place is taken by a reference to the content's digest.

use super::decide::Wish;
use super::draft::Draft;
use super::ignore;
use super::normalise::Flaw;
use super::paths;
use crate::model::path::Path;
use crate::model::schema::KindSchema;
use crate::model::snapshot::{artifact_digest, artifact_reference};
use crate::model::value::{Partial, Value};

/// Replaces the paths of artifacts in both forms of a wish. Answers whether all of them could be told; a reference that stands there
/// already, as in a kept snapshot, stays.
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
        match reference(draft, wish, name, value) {
            Some(reference) => {
                let reference = Value::map([(name, Value::string(reference))]);
                ignore::keep(configured, &Path::attribute(name), &reference);
                ignore::keep(desired, &Path::attribute(name), &reference);
            }
            None => is_complete = false,
        }
    }
    is_complete
}

/// The reference of one artifact; nothing when it must be asked for, or a problem was reported.
fn reference(draft: &mut Draft<'_>, wish: &Wish<'_>, name: &str, value: &Partial) -> Option<String> {
    let path = match value {
        Value::String(written) => match paths::joined(wish.folder, written) {
            Some(path) => path,
            None => {
                let detail = format!("`{name}` is `{written}`, which leads out of the project");
                draft.problems.push(wish.problem(flaw(
                    name,
                    detail,
                    "name a file or folder inside the project, by a relative path",
                )));
                return None;
            }
        },
        Value::Hole(_) => {
            let detail = format!("`{name}` must be known while planning, so that its content can be kept");
            draft.problems.push(wish.problem(flaw(name, detail, "write the path in the stack or in a variable")));
            return None;
        }
        other => {
            let detail = format!("`{name}` is a path, not {}", other.type_name());
            draft.problems.push(wish.problem(flaw(name, detail, "write a text")));
            return None;
        }
    };
    match draft.answers.artifacts.get(&path) {
        Some(Ok(digest)) => Some(artifact_reference(digest)),
        Some(Err(why)) => {
            let detail = format!("the content of `{path}` cannot be kept: {why}");
            draft.problems.push(wish.problem(flaw(name, detail, "look at the path and plan again")));
            None
        }
        None => {
            draft.asked.artifacts.insert(path);
            None
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
