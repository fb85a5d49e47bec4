//! Reading the attributes that a call brings. The engine has checked them against the schema; what is still wrong is refused, never a panic.

use std::collections::BTreeMap;

use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

/// The value inside a secret, however deep; anything else as it is. The caller hands it to AWS and nowhere else.
pub fn exposed(value: &Known) -> &Known {
    match value {
        Value::Secret(secret) => exposed(secret.expose()),
        other => other,
    }
}

/// The attributes of a resource, or of an object inside one.
#[derive(Clone, Copy)]
pub struct Fields<'a>(pub &'a Known);

impl<'a> Fields<'a> {
    /// An attribute that is set.
    pub fn get(self, name: &str) -> Option<&'a Known> {
        exposed(self.0).get(name).map(exposed).filter(|value| !value.is_null())
    }

    /// A text.
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str()
    }

    /// A text of one's own.
    pub fn owned(self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// A text that must be there.
    pub fn need(self, name: &str) -> Result<&'a str, Fault> {
        self.text(name).ok_or_else(|| Fault::rejected(format!("the attribute `{name}` is missing; set it to a text")))
    }

    /// A truth value, when it is set.
    pub fn flag(self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    /// Whether a truth value is set and true.
    pub fn is(self, name: &str) -> bool {
        self.flag(name).unwrap_or(false)
    }

    /// An integer that fits.
    pub fn int<T: TryFrom<i64>>(self, name: &str) -> Option<T> {
        T::try_from(self.get(name)?.as_number()?.as_i64()?).ok()
    }

    /// A number with a fraction.
    pub fn float(self, name: &str) -> Option<f64> {
        Some(self.get(name)?.as_number()?.to_f64())
    }

    /// An object inside.
    pub fn object(self, name: &str) -> Option<Fields<'a>> {
        let value = self.get(name)?;
        value.as_map().map(|_| Fields(value))
    }

    /// The objects of a list; none when it is not set.
    pub fn objects(self, name: &str) -> Vec<Fields<'a>> {
        let items = self.get(name).and_then(Known::as_list).unwrap_or_default();
        items.iter().map(|item| Fields(exposed(item))).collect()
    }

    /// The texts of a list, when it is set.
    pub fn texts(self, name: &str) -> Option<Vec<String>> {
        let items = self.get(name)?.as_list()?;
        Some(items.iter().filter_map(|item| exposed(item).as_str().map(str::to_owned)).collect())
    }

    /// The texts of a map, when it is set. Entries that are null are left out.
    pub fn map(self, name: &str) -> Option<BTreeMap<String, String>> {
        let entries = self.get(name)?.as_map()?;
        let text = |(key, value): (&String, &Known)| Some((key.clone(), exposed(value).as_str()?.to_owned()));
        Some(entries.iter().filter_map(text).collect())
    }

    /// The names of what is set.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        let entries = exposed(self.0).as_map().into_iter().flatten();
        entries.filter(|(_, value)| !exposed(value).is_null()).map(|(name, _)| name.as_str())
    }
}

/// The texts of all secrets inside a value, for scrubbing what might repeat them.
pub fn secret_texts(value: &Known) -> Vec<String> {
    fn collect(value: &Known, inside: bool, found: &mut Vec<String>) {
        match value {
            Value::Secret(secret) => collect(secret.expose(), true, found),
            Value::List(items) => items.iter().for_each(|item| collect(item, inside, found)),
            Value::Map(entries) => entries.values().for_each(|item| collect(item, inside, found)),
            Value::String(text) if inside && !text.is_empty() => found.push(text.clone()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(value, false, &mut found);
    // A secret that contains another one goes first, so that nothing of it is left.
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use siac_core::model::secret::Secret;

    #[test]
    fn secrets_are_read_like_anything_else() {
        let secret = Value::Secret(Secret::new(Value::string("hunter2")));
        let inputs: Known =
            Value::map([("env", Value::map([("A", secret), ("B", Value::Null)])), ("n", Value::number(3_i64))]);
        let fields = Fields(&inputs);
        assert_eq!(fields.map("env").unwrap(), BTreeMap::from([("A".to_owned(), "hunter2".to_owned())]));
        assert_eq!(fields.int::<i32>("n"), Some(3));
        assert_eq!(fields.text("n"), None);
        assert_eq!(secret_texts(&inputs), ["hunter2"]);
    }
}
