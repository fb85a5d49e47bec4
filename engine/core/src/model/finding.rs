//! What a provider finds that no record accounts for, or that is no longer of use.

use std::collections::BTreeMap;

/// What the stacks of a project account for, as far as they could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Whom an object belongs to, in words (`local_service.api of the stack shop`), by what its provider calls it. Operations that are not
    /// settled count as objects, by the operation's id.
    pub owners: BTreeMap<String, String>,
    /// The stacks that were read, by name.
    pub read: Vec<String>,
    /// Stacks whose state could not be read, each with why.
    pub unread: Vec<String>,
    /// Whether a run works on one of the stacks now, or has left something to settle, so that there may be more than is remembered.
    pub is_moving: bool,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// It is as it says.
    Certain,
    /// It looks so from here; someone who knows more must judge.
    Suspected,
}

/// Something that is not as it should be, and what cures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, in a word or two: `service`, `release`.
    pub what: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// What was found: lower case, no full stop, naming the thing.
    pub found: String,
    /// The command or step that cures it; `None` when it passes by itself.
    pub remedy: Option<String>,
}
