//! What is wanted: a stack as it was written, loaded and checked, not yet evaluated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::address::{Mode, ResourceAddress};
use super::expression::{Expression, Place};
use super::identity::Digest;
use super::types::Type;
use super::value::{Known, Partial};

/// What an apply does when a step fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// Undo what this run did.
    #[default]
    Rollback,
    /// Stop, and keep what is done.
    Halt,
}

/// A whole stack, with its modules flattened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stack {
    /// The identity of the state.
    pub name: String,
    /// The environment in its normalised spelling: `development`, `staging`, `production`, or any other word as written.
    pub environment: Option<String>,
    /// What to do when a step fails.
    pub on_failure: OnFailure,
    /// SHA-256 over every file that the stack was loaded from.
    pub configuration: Option<Digest>,
    /// The `[state]` table, each entry an expression over variables, locals, environment and files.
    pub state: BTreeMap<String, Expression>,
    /// Provider instances by name.
    pub providers: BTreeMap<String, ProviderInstance>,
    /// Declared secrets by name.
    pub secrets: BTreeMap<String, SecretDeclaration>,
    /// Feature flags by name: their defaults.
    pub flags: BTreeMap<String, bool>,
    /// The root module first, every other one after its caller.
    pub modules: Vec<Module>,
    /// Renames, in order.
    pub moved: Vec<Moved>,
    /// Objects to adopt.
    pub imports: Vec<Import>,
    /// Resources to let go.
    pub removed: Vec<Removed>,
}

/// A configured instance of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderInstance {
    /// The plugin, for instance `aws`.
    pub plugin: String,
    /// Its configuration.
    pub config: BTreeMap<String, Expression>,
    /// Where it is declared; nowhere when it is implied by a resource.
    pub place: Place,
}

/// A secret by reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretDeclaration {
    /// Where its value comes from: `env:NAME`, `file:PATH` …
    pub source: SecretSource,
    /// Where it is declared.
    pub place: Place,
}

/// Where a secret's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretSource {
    /// What resolves it: `env`, `file`, `aws-secretsmanager` …
    pub scheme: String,
    /// What it is called there.
    pub reference: String,
}

/// The root of a stack or a module that it calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module {
    /// The names of the calls that lead here; empty for the root.
    pub path: Vec<String>,
    /// The folder of its file, relative to the project root, with `/`; empty for the project root itself.
    pub folder: String,
    /// How it is called; `None` for the root.
    pub call: Option<ModuleCall>,
    /// Its variables.
    pub variables: BTreeMap<String, Variable>,
    /// Its local values.
    pub locals: BTreeMap<String, Expression>,
    /// Its resources and data sources, in order of (mode, kind, name).
    pub resources: Vec<Declaration>,
    /// Its components, in order of name.
    pub components: Vec<ComponentDeclaration>,
    /// Its outputs.
    pub outputs: BTreeMap<String, OutputDeclaration>,
}

/// A `[module.NAME]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleCall {
    /// The index of the calling module.
    pub caller: usize,
    /// One instance for each of these.
    pub for_each: Option<Expression>,
    /// Whether the module is part of the stack.
    pub when: Option<Expression>,
    /// What everything inside waits for.
    pub depends_on: Vec<Dependency>,
    /// The values of its variables.
    pub arguments: BTreeMap<String, Expression>,
    /// The provider instance that its resources use where they name none.
    pub provider: Option<String>,
    /// Where it is called.
    pub place: Place,
}

/// A `[variable.NAME]` table and the value given from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// What it may be.
    pub ty: Type,
    /// What it is when nothing is given.
    pub default: Option<Known>,
    /// What it means.
    pub description: Option<String>,
    /// Whether null may be given.
    pub nullable: bool,
    /// What its value must satisfy.
    pub rules: Vec<Validation>,
    /// What `--var`, `--var-file` or the environment gave; converted to the type already. Only in the root module.
    pub given: Option<Known>,
    /// Where it is declared.
    pub place: Place,
}

/// A condition and what to say when it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation {
    /// Must be true.
    pub condition: Expression,
    /// What to say otherwise.
    pub message: Expression,
}

/// A resource or data source as declared: one table, any number of instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Managed or only read.
    pub mode: Mode,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The provider instance.
    pub provider: String,
    /// One instance for each of these.
    pub for_each: Option<Expression>,
    /// Whether it is part of the stack.
    pub when: Option<Expression>,
    /// The attributes.
    pub body: BTreeMap<String, Expression>,
    /// Explicit dependencies.
    pub depends_on: Vec<Dependency>,
    /// How it may change.
    pub lifecycle: Lifecycle,
    /// Where it is declared.
    pub place: Place,
}

/// A `[component.NAME]` table: one table, any number of instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentDeclaration {
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The provider instance; empty when it could not be told.
    pub provider: String,
    /// One instance for each of these.
    pub for_each: Option<Expression>,
    /// Whether it is part of the stack.
    pub when: Option<Expression>,
    /// What all its parts wait for.
    pub depends_on: Vec<Dependency>,
    /// Its fields.
    pub fields: BTreeMap<String, Expression>,
    /// Settings that only one provider knows, by plugin.
    pub settings: BTreeMap<String, BTreeMap<String, Expression>>,
    /// What is changed in its expansion.
    pub overrides: Vec<Override>,
    /// Where it is declared.
    pub place: Place,
}

impl ComponentDeclaration {
    /// Every expression of it.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let settings = self.settings.values().flat_map(BTreeMap::values);
        let overrides = self.overrides.iter().flat_map(|change| change.body.values());
        let conditions = self.for_each.iter().chain(&self.when);
        conditions.chain(self.fields.values()).chain(settings).chain(overrides)
    }
}

/// A `[component.NAME.override.KIND.RESOURCE]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The part's kind.
    pub kind: String,
    /// The part's name.
    pub name: String,
    /// The attributes that are merged into the part's.
    pub body: BTreeMap<String, Expression>,
    /// How the part may change, when that is said.
    pub lifecycle: Option<Lifecycle>,
    /// Where it is declared.
    pub place: Place,
}

/// An entry of `depends_on`: a resource, data source, module or component of the same module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The reference as written, for instance `aws_sqs_queue.jobs` or `module.web`.
    pub reference: String,
    /// Where it is written.
    pub place: Place,
}

/// The `lifecycle` table of a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// Planning to delete it is an error.
    #[serde(default)]
    pub prevent_destroy: bool,
    /// A replacement is made before the old object is deleted.
    #[serde(default)]
    pub create_before_destroy: bool,
    /// Changes at or below these paths, written as expressions, are ignored.
    #[serde(default)]
    pub ignore_changes: Vec<String>,
    /// A change of any of these (resource or attribute references) replaces it.
    #[serde(default)]
    pub replace_triggered_by: Vec<String>,
}

/// An `[output.NAME]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputDeclaration {
    /// What it is.
    pub value: Expression,
    /// What it means.
    pub description: Option<String>,
    /// Whether it may hold a secret; it is never shown then.
    pub sensitive: bool,
    /// Where it is declared.
    pub place: Place,
}

/// A `[[moved]]` entry: the object known as `from` is now `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The former address; without keys, every instance.
    pub from: ResourceAddress,
    /// The present one.
    pub to: ResourceAddress,
    /// Where it is written.
    pub place: Place,
}

/// An `[[import]]` entry: an object that exists becomes this resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Which resource it becomes.
    pub to: ResourceAddress,
    /// What the provider calls it.
    pub id: Expression,
    /// Where it is written.
    pub place: Place,
}

/// A `[[removed]]` entry: the resource is no longer part of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Which one; without keys, every instance.
    pub from: ResourceAddress,
    /// Whether its object is deleted or only forgotten.
    pub destroy: bool,
    /// Where it is written.
    pub place: Place,
}

/// One resource instance as it is wanted, every reference to a resource left as a hole.
///
/// A record keeps it, so that rollback can want the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Who it is.
    pub address: ResourceAddress,
    /// The provider instance.
    pub provider: String,
    /// The attributes that are set; holes are residuals over the origins of other instances and secrets.
    pub configured: Partial,
    /// Instances that must be there first, beyond those that the holes name.
    pub depends_on: Vec<ResourceAddress>,
    /// How it may change.
    pub lifecycle: Lifecycle,
    /// Where it is declared.
    pub place: Place,
}
