//! Attributes, and their places in documents.

use siac_core::model::schema::{Attribute, Presence, Rule};
use siac_core::model::types::{Field, Type};
use siac_core::model::value::Value;

use super::form::{Form, IDENTITY, PLAIN};

/// One attribute, and its place in the document.
pub struct Part {
    pub(super) name: &'static str,
    pub(super) attribute: Attribute,
    pub(super) place: &'static str,
    pub(super) form: Form,
}

impl Part {
    /// An attribute that stands at this place as it is.
    pub fn new(name: &'static str, place: &'static str, attribute: Attribute) -> Self {
        Self { name, attribute, place, form: PLAIN }
    }

    /// In another form.
    #[must_use]
    pub fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// One of these texts.
    #[must_use]
    pub fn one_of(mut self, texts: &'static [&'static str]) -> Self {
        self.attribute = self.attribute.rule(Rule::OneOf(texts));
        self
    }

    /// Of this form, which the second text says in words.
    #[must_use]
    pub fn matches(mut self, pattern: &'static str, words: &'static str) -> Self {
        self.attribute = self.attribute.rule(Rule::Matches(pattern, words));
        self
    }

    /// An integer that is this when it is not set.
    #[must_use]
    pub fn default_number(mut self, number: i64) -> Self {
        self.attribute.presence = Presence::Optional;
        self.attribute = self.attribute.default(Value::number(number));
        self
    }

    /// A change needs a new object.
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.attribute = self.attribute.immutable();
        self
    }

    /// Never shown, and never read back.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.attribute = self.attribute.sensitive().write_only();
        self
    }
}

/// A text that must be set.
pub fn needed(name: &'static str, place: &'static str, description: &'static str) -> Part {
    Part::new(name, place, Attribute::required(Type::String, description))
}

/// A text that may be set.
pub fn text(name: &'static str, place: &'static str, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional(Type::String, description))
}

/// A text that the service decides when it is not set.
pub fn open_text(name: &'static str, place: &'static str, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional_computed(Type::String, description))
}

/// A text with a default.
pub fn usually(name: &'static str, place: &'static str, default: &'static str, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional(Type::String, description).default(Value::string(default)))
}

/// A truth value with a default.
pub fn flag(name: &'static str, place: &'static str, default: bool, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional(Type::Bool, description).default(Value::Bool(default)))
}

/// An integer within bounds, which the service decides when it is not set.
pub fn number(name: &'static str, place: &'static str, least: i64, most: i64, description: &'static str) -> Part {
    let attribute = Attribute::optional_computed(Type::Number, description).rule(Rule::Between(least, most));
    Part::new(name, place, attribute)
}

/// An object, or a list or map, that may be set.
pub fn some(name: &'static str, place: &'static str, ty: Type, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional(ty, description))
}

/// The same, which the service decides when it is not set.
pub fn open(name: &'static str, place: &'static str, ty: Type, description: &'static str) -> Part {
    Part::new(name, place, Attribute::optional_computed(ty, description))
}

/// The identity of a resource.
pub fn identity() -> Part {
    let ty = object(&[("type", Type::String, true), ("identity_ids", Type::set(Type::String), false)]);
    let description = "who it is: `type` is SystemAssigned, UserAssigned or `SystemAssigned, UserAssigned`, with the ids of the assigned ones";
    some("identity", "identity", ty, description).form(IDENTITY)
}

/// An object type from its fields: name, type, whether it must be set.
pub fn object(fields: &[(&str, Type, bool)]) -> Type {
    let field =
        |(name, ty, needed): &(&str, Type, bool)| ((*name).to_owned(), Field { ty: ty.clone(), optional: !needed });
    Type::Object(fields.iter().map(field).collect())
}
