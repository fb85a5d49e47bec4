//! What is done with each kind: the table that the suite goes through, and that the reference repeats.

mod anything;
mod apis;
mod functions;
mod identity;
mod messages;
mod operations;
mod scaling;
mod storage;
mod tables;
mod trust;

/// One kind, and what is done with it.
#[derive(Clone, Copy)]
pub struct Row {
    /// The kind.
    pub kind: &'static str,
    /// What it needs around it.
    pub around: &'static str,
    /// Its attributes. `{u}` is a text that no other test has.
    pub body: &'static str,
    /// Its attributes after a change in place; empty where there is none.
    pub updated: &'static str,
    /// Its attributes after a change that needs a new object; empty where there is none.
    pub replaced: &'static str,
    /// What somebody else does to it, after the change in place: service, call, arguments. `{remote}` is what the provider calls it,
    /// `{NAME}` what it shows for an attribute.
    pub meddling: &'static [(&'static str, &'static str, &'static str)],
    /// The request that makes it, as the emulator's proxy names it.
    pub made_by: &'static str,
    /// Whether nobody is called when it is deleted.
    pub is_left: bool,
    /// The services that Moto stands for, because the usual emulator has them not, or not faithfully.
    pub moto: &'static [&'static str],
    /// Why something of the above is missing, or cannot be shown on the emulator; empty when nothing is.
    pub not_provable: &'static str,
}

impl Row {
    /// A row about a kind, with nothing done to it yet.
    const fn of(kind: &'static str) -> Self {
        Self {
            kind,
            around: "",
            body: "",
            updated: "",
            replaced: "",
            meddling: &[],
            made_by: "",
            is_left: false,
            moto: &[],
            not_provable: "",
        }
    }
}

/// Every row.
pub fn rows() -> Vec<Row> {
    let groups = [
        anything::ROWS,
        apis::ROWS,
        functions::ROWS,
        identity::ROWS,
        messages::ROWS,
        operations::ROWS,
        scaling::ROWS,
        storage::ROWS,
        tables::ROWS,
        trust::ROWS,
    ];
    groups.concat()
}
