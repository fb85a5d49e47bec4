//! What the double knows of each type: a table, `types.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

/// The table.
const TABLE: &str = include_str!("../types.toml");

#[derive(Deserialize)]
struct Table {
    r#type: Vec<Row>,
}

/// One type.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// `Microsoft.Web/sites`.
    pub name: String,
    /// The api-versions that it speaks.
    pub versions: Vec<String>,
    /// Where it may stand when it is not a part of another type: in a resource group, in the subscription, or below anything.
    #[serde(default = "group")]
    pub scope: String,
    /// What its documents call it, with the words of `shown`; its name when that is not said.
    pub called: Option<String>,
    /// The type that its documents say, where it is not its own.
    pub shows_type: Option<String>,
    /// What its names look like.
    pub pattern: Option<String>,
    /// Whether its names are unique in all of Azure.
    #[serde(default)]
    pub unique: bool,
    /// Whether it has a region.
    #[serde(default = "yes")]
    pub location: bool,
    /// Whether it has tags.
    #[serde(default = "yes")]
    pub tags: bool,
    /// Places that a body must fill.
    #[serde(default)]
    pub required: Vec<String>,
    /// What may stand at a place.
    #[serde(default)]
    pub one_of: BTreeMap<String, Vec<Json>>,
    /// Between which numbers a place must be.
    #[serde(default)]
    pub between: BTreeMap<String, [i64; 2]>,
    /// Places that cannot be changed.
    #[serde(default)]
    pub fixed: Vec<String>,
    /// What stands where the body says nothing.
    #[serde(default)]
    pub defaults: Json,
    /// What the service adds, by place; `{name}`, `{group}`, `{subscription}`, `{location}`, `{id}`, `{guid}` and `{host}` are filled in.
    #[serde(default)]
    pub shown: BTreeMap<String, Json>,
    /// Places that answers to writes leave out, while a look shows them.
    #[serde(default)]
    pub unsaid: Vec<String>,
    /// Places that are never shown.
    #[serde(default)]
    pub hidden: Vec<String>,
    /// How it is made.
    #[serde(default)]
    pub create: Course,
    /// How it is changed.
    #[serde(default = "changed")]
    pub update: Course,
    /// How it is deleted.
    #[serde(default)]
    pub delete: Course,
    /// What the status of an operation says while it goes on.
    #[serde(default = "in_progress")]
    pub running: String,
    /// Whether the status of an operation says nothing but its state.
    #[serde(default)]
    pub terse: bool,
    /// Whether it has ETags and honours `If-Match`.
    #[serde(default)]
    pub etag: bool,
    /// Whether its region is shown in words: `West Europe`.
    #[serde(default)]
    pub spells_regions_out: bool,
    /// What its actions answer; `@self` is the document, an empty text nothing.
    #[serde(default)]
    pub actions: BTreeMap<String, Json>,
    /// What exists with it: the type's last part and the name, and the body.
    #[serde(default)]
    pub begins_with: BTreeMap<String, Json>,
    /// Places whose content is kept in something that exists with it: a list of names and values becomes an object there. What follows a `#`
    /// is where among its properties.
    #[serde(default)]
    pub spreads: BTreeMap<String, String>,
    /// Whether a deleted one is kept for a while, and its name with it.
    #[serde(default)]
    pub soft_delete: bool,
    /// Whether it may be deleted at all.
    #[serde(default = "yes")]
    pub deletable: bool,
    /// Whether a put leaves alone what its body does not say.
    #[serde(default)]
    pub put_merges: bool,
    /// Whether there is a `provisioningState`.
    #[serde(default = "yes")]
    pub state: bool,
}

/// How a write is answered and goes on.
#[derive(Debug, Clone, Deserialize)]
pub struct Course {
    /// The status.
    #[serde(default)]
    pub status: u16,
    /// How its progress is told.
    #[serde(default)]
    pub by: By,
    /// How often it is looked at before it is done.
    #[serde(default)]
    pub polls: u32,
    /// The `provisioningState` meanwhile; `Creating`, `Updating` or `Deleting` when it is not said.
    pub state: Option<String>,
}

impl Default for Course {
    fn default() -> Self {
        Self { status: 0, by: By::Nothing, polls: 0, state: None }
    }
}

/// How the progress of an operation is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// It is done at once.
    #[default]
    Nothing,
    /// `Azure-AsyncOperation`.
    Status,
    /// `Location`.
    Location,
    /// Both headers.
    Both,
    /// `provisioningState`.
    State,
}

fn in_progress() -> String {
    "InProgress".to_owned()
}

fn yes() -> bool {
    true
}

fn group() -> String {
    "group".to_owned()
}

fn changed() -> Course {
    Course { status: 200, ..Course::default() }
}

/// How it is told that the writes of a type go on: `at once` when they do not, `status`, `result`, `status and result`, or `its state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// When it is made.
    pub made: &'static str,
    /// When it is changed.
    pub changed: &'static str,
    /// When it is deleted.
    pub deleted: &'static str,
}

/// How it is told of a type; `None` when the table does not have it.
pub fn told(ty: &str) -> Option<Told> {
    if ty.eq_ignore_ascii_case("Microsoft.Resources/resourceGroups") {
        return Some(Told { made: "at once", changed: "at once", deleted: "result" });
    }
    let row = types().into_iter().find(|row| row.name.eq_ignore_ascii_case(ty))?;
    let word = |course: &Course| match course.by {
        By::Nothing => "at once",
        By::Status => "status",
        By::Location => "result",
        By::Both => "status and result",
        By::State => "its state",
    };
    Some(Told { made: word(&row.create), changed: word(&row.update), deleted: word(&row.delete) })
}

/// Every type.
///
/// # Panics
/// When the table is malformed.
pub fn types() -> Vec<Row> {
    toml::from_str::<Table>(TABLE).expect("types.toml is well-formed").r#type
}
