//! A wish spelled like what is remembered, wherever both mean the same.

use siac_core::model::schema::KindSchema;
use siac_core::model::snapshot::Object;
use siac_core::model::value::{Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Planned, Verdict};

use crate::notes::{Notes, covers};

/// What would happen to a resource, by its schema: regions, ids and parts of adopted objects are compared by their meaning.
pub fn compared(schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
    let Some(object) = prior else { return by_schema(schema, None, desired) };
    if Notes::read(&object.private).adopted {
        let planned = by_schema(schema, prior, &spelled(object, desired, true));
        if planned.verdict == Verdict::Keep {
            return planned;
        }
    }
    by_schema(schema, prior, &spelled(object, desired, false))
}

fn spelled(prior: &Object, desired: &Partial, is_adopted: bool) -> Partial {
    let Value::Map(mut entries) = desired.clone() else { return desired.clone() };
    for (name, wanted) in &mut entries {
        let Some(before) = prior.inputs.get(name).filter(|before| !before.is_null()) else { continue };
        let is_same = match name.as_str() {
            "location" => is_same_region(before, wanted),
            // An adopted object is remembered as it is, which is more than a stack says of it.
            _ if is_adopted && matches!(before, Value::Map(_) | Value::List(_)) => covers(before, wanted),
            _ => is_same_id(before, wanted),
        };
        if is_same {
            wanted.clone_from(before);
        }
    }
    Value::Map(entries)
}

/// `West Europe` is `westeurope`.
fn is_same_region(a: &Partial, b: &Partial) -> bool {
    let plain = |value: &Partial| Some(value.as_str()?.replace(' ', "").to_ascii_lowercase());
    matches!((plain(a), plain(b)), (Some(a), Some(b)) if a == b)
}

/// The ids of resources are the same in whatever letters.
fn is_same_id(a: &Partial, b: &Partial) -> bool {
    let (Some(a), Some(b)) = (a.as_str(), b.as_str()) else { return false };
    a.starts_with('/') && a.eq_ignore_ascii_case(b)
}
