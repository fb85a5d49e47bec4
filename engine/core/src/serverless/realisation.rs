//! What a provider makes of a component.

use std::collections::BTreeMap;

use super::component::reference;
use crate::model::address::ResourceAddress;
use crate::model::diagnostic::{Diagnostic, Diagnostics};
use crate::model::stack::Lifecycle;
use crate::model::value::Partial;

/// What a provider makes of a component: resources, and what others can see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Realisation {
    /// The resources, in any order: who needs whom is seen from their references.
    pub parts: Vec<Part>,
    /// What others can see, by name. What the component's kind promises must be there.
    pub outputs: BTreeMap<String, Partial>,
    /// What people should know when they read the plan, in sentences.
    pub notes: Vec<String>,
    /// What is probably not meant.
    pub warnings: Diagnostics,
}

impl Realisation {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more resource.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// With one more output.
    #[must_use]
    pub fn output(mut self, name: &str, value: Partial) -> Self {
        self.outputs.insert(name.to_owned(), value);
        self
    }

    /// With one more note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With one more warning; [`Component::doubt`](super::Component::doubt) makes them.
    #[must_use]
    pub fn warning(mut self, warning: Diagnostic) -> Self {
        self.warnings.push(warning);
        self
    }
}

/// One resource or data source of a component. [`Component::part`](super::Component::part) makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Who it is; inside the component's scope.
    pub address: ResourceAddress,
    /// Its attributes. References are holes; a part that is referred to comes first.
    pub body: BTreeMap<String, Partial>,
    /// How it may change.
    pub lifecycle: Lifecycle,
    /// What must be there first, beyond what the attributes refer to.
    pub depends_on: Vec<ResourceAddress>,
}

impl Part {
    pub(super) fn new(address: ResourceAddress) -> Self {
        Self { address, body: BTreeMap::new(), lifecycle: Lifecycle::default(), depends_on: Vec::new() }
    }

    /// With this attribute.
    #[must_use]
    pub fn with(mut self, attribute: &str, value: Partial) -> Self {
        self.body.insert(attribute.to_owned(), value);
        self
    }

    /// With this attribute, when there is a value for it.
    #[must_use]
    pub fn with_some(self, attribute: &str, value: Option<Partial>) -> Self {
        match value {
            Some(value) => self.with(attribute, value),
            None => self,
        }
    }

    /// After another part, though nothing refers to it.
    #[must_use]
    pub fn after(mut self, other: &Part) -> Self {
        self.depends_on.push(other.address.clone());
        self
    }

    /// Changing only like this.
    #[must_use]
    pub fn living(mut self, lifecycle: Lifecycle) -> Self {
        self.lifecycle = lifecycle;
        self
    }

    /// A reference to an attribute of this part, or to something in it: `arn`, `outputs.url`, `endpoints[0]`.
    pub fn get(&self, attribute: &str) -> Partial {
        reference(&self.address, attribute)
    }
}
