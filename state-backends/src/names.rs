//! Which names objects may have, whatever the store: none of them leaves its place.

use siac_core::ports::StoreFault;

/// Refuses a name that is not made of plain parts: ASCII letters, digits, `-`, `.` and `_`, none beginning with a dot, parted by `/`.
pub(crate) fn check(name: &str) -> Result<(), StoreFault> {
    match name.split('/').all(is_plain) {
        true => Ok(()),
        false => Err(StoreFault::Failed(format!("{name:?} is no name of an object"))),
    }
}

fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}
