//! The types of the language.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a value may be. The names are those of Terraform's type constraints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Anything.
    #[default]
    Any,
    /// `true` or `false`.
    Bool,
    /// A decimal number.
    Number,
    /// Unicode text.
    String,
    /// A sequence of one element type.
    List(Box<Type>),
    /// A sequence without order or repetition; values of it are kept sorted.
    Set(Box<Type>),
    /// String keys, one element type.
    Map(Box<Type>),
    /// Named attributes, each of its own type.
    Object(BTreeMap<String, Field>),
}

/// One attribute of an object type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// What the attribute may be.
    pub ty: Type,
    /// Whether it may be left out.
    pub optional: bool,
}

impl Type {
    /// A list of `element`.
    pub fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    /// A set of `element`.
    pub fn set(element: Type) -> Self {
        Self::Set(Box::new(element))
    }

    /// A map to `element`.
    pub fn map(element: Type) -> Self {
        Self::Map(Box::new(element))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Object(fields) => {
                f.write_str("object({")?;
                for (at, (name, field)) in fields.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    match field.optional {
                        true => write!(f, "{comma}{name} = optional({})", field.ty)?,
                        false => write!(f, "{comma}{name} = {}", field.ty)?,
                    }
                }
                f.write_str("})")
            }
        }
    }
}
