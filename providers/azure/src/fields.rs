//! Reading the attributes that a call brings. The engine has checked them against the schema; secrets are read like anything else.

use std::collections::BTreeMap;

use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;

/// The value inside a secret, however deep; anything else as it is. The caller hands it to Azure and nowhere else.
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

    /// A text that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn need(self, name: &str) -> Result<&'a str, Fault> {
        self.text(name).ok_or_else(|| Fault::rejected(format!("the attribute `{name}` is missing; set it to a text")))
    }

    /// Whether a truth value is set and true.
    pub fn is(self, name: &str) -> bool {
        self.get(name).and_then(Known::as_bool).unwrap_or(false)
    }

    /// The names of what is set.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        let entries = exposed(self.0).as_map().into_iter().flatten();
        entries.filter(|(_, value)| !exposed(value).is_null()).map(|(name, _)| name.as_str())
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

/// A fault without the secrets that Azure may have repeated.
pub fn scrubbed(fault: Fault, secrets: &[String]) -> Fault {
    let clean = |text: String| secrets.iter().fold(text, |text, secret| text.replace(secret, "(secret)"));
    match fault {
        Fault::Rejected { why } => Fault::Rejected { why: clean(why) },
        Fault::Transient { why, retry_after, throttled } => {
            Fault::Transient { why: clean(why), retry_after, throttled }
        }
        Fault::NotYet { what } => Fault::NotYet { what: clean(what) },
        Fault::Ambiguous { why } => Fault::Ambiguous { why: clean(why) },
        Fault::Unknowable { why } => Fault::Unknowable { why: clean(why) },
        Fault::Partial { observed, why } => Fault::Partial { observed, why: clean(why) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siac_core::model::secret::Secret;

    #[test]
    fn secrets_are_read_like_anything_else_and_never_told() {
        let secret = Value::Secret(Secret::new(Value::string("hunter2")));
        let inputs: Known = Value::map([("env", Value::map([("A", secret), ("B", Value::Null)]))]);
        assert_eq!(Fields(&inputs).map("env").unwrap(), BTreeMap::from([("A".to_owned(), "hunter2".to_owned())]));
        let fault = scrubbed(Fault::rejected("`hunter2` is too short"), &secret_texts(&inputs));
        assert_eq!(fault.to_string(), "`(secret)` is too short");
    }
}
