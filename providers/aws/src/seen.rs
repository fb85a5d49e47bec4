//! What AWS shows of an object, in the words of its schema.

use std::collections::BTreeMap;

use siac_core::model::number::Number;
use siac_core::model::value::{Known, Value};

/// An object as it was seen.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The settable attributes. Null means that there is none; what is left out could not be seen.
    pub inputs: BTreeMap<String, Known>,
    /// The computed attributes; `id` is what the provider calls the object unless it is given.
    pub outputs: BTreeMap<String, Known>,
    /// All tags, marks and defaults included; `None` for kinds without tags.
    pub tags: Option<BTreeMap<String, String>>,
}

impl Seen {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A settable attribute as it is.
    #[must_use]
    pub fn input(mut self, name: &str, value: impl Told) -> Self {
        self.inputs.insert(name.to_owned(), value.told());
        self
    }

    /// A computed attribute as it is.
    #[must_use]
    pub fn output(mut self, name: &str, value: impl Told) -> Self {
        self.outputs.insert(name.to_owned(), value.told());
        self
    }

    /// The tags.
    #[must_use]
    pub fn tags<K: Into<String>, V: Into<String>>(mut self, tags: impl IntoIterator<Item = (K, V)>) -> Self {
        self.tags = Some(tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect());
        self
    }

    /// The settable attributes as one value.
    pub fn wish(&self) -> Known {
        Value::Map(self.inputs.clone())
    }
}

/// What can be told as an attribute.
pub trait Told {
    /// The attribute's value; null when there is none.
    fn told(self) -> Known;
}

impl Told for Known {
    fn told(self) -> Known {
        self
    }
}

impl Told for &str {
    fn told(self) -> Known {
        Value::string(self)
    }
}

impl Told for String {
    fn told(self) -> Known {
        Value::String(self)
    }
}

impl Told for &String {
    fn told(self) -> Known {
        Value::string(self)
    }
}

impl Told for bool {
    fn told(self) -> Known {
        Value::Bool(self)
    }
}

impl Told for i32 {
    fn told(self) -> Known {
        Value::number(i64::from(self))
    }
}

impl Told for i64 {
    fn told(self) -> Known {
        Value::number(self)
    }
}

impl Told for f64 {
    fn told(self) -> Known {
        // The shortest text that means this number is the one that somebody wrote.
        self.to_string().parse::<Number>().map_or(Value::Null, Value::Number)
    }
}

impl<T: Told> Told for Option<T> {
    fn told(self) -> Known {
        self.map_or(Value::Null, Told::told)
    }
}

impl<T: Told> Told for Vec<T> {
    fn told(self) -> Known {
        Value::List(self.into_iter().map(Told::told).collect())
    }
}

impl<T: Told> Told for BTreeMap<String, T> {
    fn told(self) -> Known {
        Value::Map(self.into_iter().map(|(key, value)| (key, value.told())).collect())
    }
}

/// Texts as AWS answers with them; null when there are none.
pub fn texts<T: AsRef<str>>(items: &[T]) -> Known {
    match items.is_empty() {
        true => Value::Null,
        false => Value::List(items.iter().map(|item| Value::string(item.as_ref())).collect()),
    }
}

/// A text that is not empty.
pub fn filled(text: Option<&str>) -> Known {
    text.filter(|text| !text.is_empty()).told()
}

/// A truth value inside an object: only what is true is told.
pub fn raised(flag: Option<bool>) -> Known {
    if flag == Some(true) { Value::Bool(true) } else { Value::Null }
}

/// An object from its fields; what is null is left out, and an object without fields is null.
pub fn object<const N: usize>(fields: [(&str, Known); N]) -> Known {
    let fields: BTreeMap<String, Known> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    if fields.is_empty() { Value::Null } else { Value::Map(fields) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_null() {
        assert_eq!(None::<&str>.told(), Value::Null);
        assert_eq!(object([("a", Value::Null)]), Value::Null);
        assert_eq!(texts::<&str>(&[]), Value::Null);
        assert_eq!(0.1_f64.told().as_number().unwrap().to_string(), "0.1");
    }
}
