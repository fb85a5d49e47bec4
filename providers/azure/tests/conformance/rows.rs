//! What is done with each kind: the table that the suite goes through, and that the reference repeats.

mod alerts;
mod cosmos;
mod edge;
mod events;
mod generic;
mod messaging;
mod settings;
mod typed;
mod web;

/// A resource group.
pub const GROUP: &str = r#"
[resource.azure_resource_group.rg]
name = "rg"
location = "westeurope"
"#;

/// One kind, and what is done with it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The kind.
    pub kind: &'static str,
    /// What tells it from other rows of its kind: the type of a generic resource.
    pub name: &'static str,
    /// What it needs around it.
    pub around: &'static str,
    /// Its attributes.
    pub body: &'static str,
    /// Its attributes after a change in place; empty where there is none.
    pub updated: &'static str,
    /// Its attributes after a change that needs a new object; empty where there is none.
    pub replaced: &'static str,
    /// What somebody else changes in it, after the change in place: a merge patch of its document, as JSON.
    pub meddling: &'static str,
    /// What an import id has after the id.
    pub import: &'static str,
    /// The request that makes it: a regular expression over method and path.
    pub made_by: &'static str,
    /// Why something of the above is missing, or cannot be shown on the double; empty when nothing is.
    pub not_provable: &'static str,
}

impl Row {
    /// A row about a kind, with nothing done to it yet.
    const fn of(kind: &'static str) -> Self {
        Self {
            kind,
            name: "",
            around: "",
            body: "",
            updated: "",
            replaced: "",
            meddling: "",
            import: "",
            made_by: "",
            not_provable: "",
        }
    }
}

/// Every row.
pub fn rows() -> Vec<Row> {
    [
        generic::ROWS,
        typed::ROWS,
        messaging::ROWS,
        alerts::ROWS,
        web::ROWS,
        cosmos::ROWS,
        settings::ROWS,
        events::ROWS,
        edge::ROWS,
    ]
    .concat()
}
