//! Who a resource is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name of a kind, resource, module or component, in bytes. A choice of this project.
pub const MAX_NAME: usize = 128;

/// Whether a resource is managed by the stack or only read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Created, changed and deleted by siac.
    #[default]
    Managed,
    /// Read by siac, never changed.
    Data,
}

/// What a step of the enclosing scope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// A `[module.NAME]` call.
    Module,
    /// A `[component.NAME]` expansion.
    Component,
}

/// One enclosing module or component, with the instance key when it has `for_each`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeStep {
    /// Module or component.
    pub kind: ScopeKind,
    /// Its name in the stack file.
    pub name: String,
    /// Which instance of it.
    pub key: Option<String>,
}

/// The identity of one resource instance within its stack: `module.web.aws_sqs_queue.jobs["eu"]`.
///
/// `Display` and `FromStr` are inverse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ResourceAddress {
    /// The modules and components around it, outermost first.
    pub scope: Vec<ScopeStep>,
    /// Managed or only read.
    pub mode: Mode,
    /// The kind, for instance `local_file`.
    pub kind: String,
    /// The name in the stack file.
    pub name: String,
    /// The instance key when the resource has `for_each`.
    pub key: Option<String>,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a resource address: {why}")]
pub struct MalformedAddress {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl ResourceAddress {
    /// The address of a managed resource at the top of a stack.
    pub fn managed(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { scope: Vec::new(), mode: Mode::Managed, kind: kind.into(), name: name.into(), key: None }
    }

    /// The address of a data source at the top of a stack.
    pub fn data(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { mode: Mode::Data, ..Self::managed(kind, name) }
    }

    /// The same resource's instance with this key.
    #[must_use]
    pub fn with_key(mut self, key: Option<String>) -> Self {
        self.key = key;
        self
    }

    /// The same resource inside this scope.
    #[must_use]
    pub fn within(mut self, scope: Vec<ScopeStep>) -> Self {
        self.scope = scope;
        self
    }

    /// Whether `pattern`, an address that may lack keys, names this instance: itself, or any instance of it.
    pub fn is_matched_by(&self, pattern: &ResourceAddress) -> bool {
        let keys_agree = |wanted: &Option<String>, have: &Option<String>| wanted.is_none() || wanted == have;
        self.mode == pattern.mode
            && self.kind == pattern.kind
            && self.name == pattern.name
            && keys_agree(&pattern.key, &self.key)
            && self.scope.len() == pattern.scope.len()
            && self.scope.iter().zip(&pattern.scope).all(|(have, wanted)| have.is_matched_by(wanted))
    }
}

impl ScopeStep {
    /// Whether `pattern`, a step that may lack its key, names this one: itself, or any instance of it.
    pub fn is_matched_by(&self, pattern: &ScopeStep) -> bool {
        self.kind == pattern.kind && self.name == pattern.name && (pattern.key.is_none() || pattern.key == self.key)
    }
}

/// What a user names when resources are chosen: one resource, or everything in a module or component. Keys may be left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressPattern {
    /// A resource: this instance, or every instance of it.
    Resource(ResourceAddress),
    /// Everything within a module or component: `component.rest-api`, `module.web["eu"]`.
    Within(Vec<ScopeStep>),
}

impl AddressPattern {
    /// Whether it names this instance.
    pub fn matches(&self, address: &ResourceAddress) -> bool {
        match self {
            Self::Resource(pattern) => address.is_matched_by(pattern),
            Self::Within(scope) => {
                address.scope.len() >= scope.len()
                    && address.scope.iter().zip(scope).all(|(have, wanted)| have.is_matched_by(wanted))
            }
        }
    }

    /// The scope that it names, or that of the resource that it names.
    pub fn scope(&self) -> &[ScopeStep] {
        match self {
            Self::Resource(pattern) => &pattern.scope,
            Self::Within(scope) => scope,
        }
    }
}

impl From<ResourceAddress> for AddressPattern {
    fn from(address: ResourceAddress) -> Self {
        Self::Resource(address)
    }
}

impl fmt::Display for AddressPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(address) => address.fmt(f),
            Self::Within(scope) => {
                let steps: Vec<String> = scope.iter().map(ToString::to_string).collect();
                f.write_str(&steps.join("."))
            }
        }
    }
}

impl FromStr for AddressPattern {
    type Err = MalformedAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Reader::new(text).scope() {
            Ok(scope) => Ok(Self::Within(scope)),
            Err(_) => text.parse().map(Self::Resource),
        }
    }
}

/// Checks that a text can be the name of a kind, resource, module, component, variable or output:
/// a letter or `_`, then letters, digits, `_` and `-`, all ASCII, at most [`MAX_NAME`] bytes.
pub fn check_name(name: &str) -> Result<(), String> {
    let mut characters = name.chars();
    match characters.next() {
        None => return Err("a name is empty".to_owned()),
        Some(first) if !(first.is_ascii_alphabetic() || first == '_') => {
            return Err(format!("a name starts with a letter or `_`, not {first:?}"));
        }
        Some(_) => {}
    }
    if let Some(bad) = characters.find(|c| !(c.is_ascii_alphanumeric() || *c == '_' || *c == '-')) {
        return Err(format!("a name holds ASCII letters, digits, `_` and `-`, not {bad:?}"));
    }
    if name.len() > MAX_NAME {
        return Err(format!("a name has at most {MAX_NAME} bytes"));
    }
    Ok(())
}

fn write_key(f: &mut fmt::Formatter<'_>, key: &Option<String>) -> fmt::Result {
    match key {
        Some(key) => write!(f, "[{}]", serde_json::Value::from(key.as_str())),
        None => Ok(()),
    }
}

impl fmt::Display for ScopeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.kind {
            ScopeKind::Module => "module",
            ScopeKind::Component => "component",
        };
        write!(f, "{word}.{}", self.name)?;
        write_key(f, &self.key)
    }
}

impl fmt::Display for ResourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.scope {
            write!(f, "{step}.")?;
        }
        if self.mode == Mode::Data {
            f.write_str("data.")?;
        }
        write!(f, "{}.{}", self.kind, self.name)?;
        write_key(f, &self.key)
    }
}

/// Reads an address from left to right; every method consumes what it recognises.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, rest: text }
    }

    /// Modules and components, and nothing after them.
    fn scope(mut self) -> Result<Vec<ScopeStep>, MalformedAddress> {
        let mut scope = Vec::new();
        loop {
            let kind = match self.name()? {
                "module" => ScopeKind::Module,
                "component" => ScopeKind::Component,
                other => return Err(self.fail(format!("`{other}` is neither `module` nor `component`"))),
            };
            self.dot()?;
            let name = self.name()?.to_owned();
            scope.push(ScopeStep { kind, name, key: self.key()? });
            if self.rest.is_empty() {
                return Ok(scope);
            }
            self.dot()?;
        }
    }

    fn fail(&self, why: impl Into<String>) -> MalformedAddress {
        MalformedAddress { text: self.text.to_owned(), why: why.into() }
    }

    fn name(&mut self) -> Result<&'a str, MalformedAddress> {
        let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        check_name(name).map_err(|why| self.fail(why))?;
        self.rest = rest;
        Ok(name)
    }

    fn dot(&mut self) -> Result<(), MalformedAddress> {
        self.rest = self.rest.strip_prefix('.').ok_or_else(|| self.fail("expected `.` and a name"))?;
        Ok(())
    }

    fn key(&mut self) -> Result<Option<String>, MalformedAddress> {
        let Some(rest) = self.rest.strip_prefix('[') else { return Ok(None) };
        let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let key = match strings.next() {
            Some(Ok(key)) => key,
            _ => return Err(self.fail("an instance key is a quoted string, as in `[\"eu\"]`")),
        };
        let rest = &rest[strings.byte_offset()..];
        self.rest = rest.strip_prefix(']').ok_or_else(|| self.fail("an instance key ends with `]`"))?;
        Ok(Some(key))
    }
}

impl FromStr for ResourceAddress {
    type Err = MalformedAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut reader = Reader::new(text);
        let mut scope = Vec::new();
        let mut mode = Mode::Managed;
        let kind = loop {
            let word = reader.name()?;
            reader.dot()?;
            let kind = match word {
                "module" => ScopeKind::Module,
                "component" => ScopeKind::Component,
                "data" => {
                    mode = Mode::Data;
                    let kind = reader.name()?;
                    reader.dot()?;
                    break kind;
                }
                kind => break kind,
            };
            let name = reader.name()?.to_owned();
            let key = reader.key()?;
            reader.dot()?;
            scope.push(ScopeStep { kind, name, key });
        };
        let name = reader.name()?.to_owned();
        let key = reader.key()?;
        if !reader.rest.is_empty() {
            return Err(reader.fail(format!("`{}` is left over", reader.rest)));
        }
        Ok(Self { scope, mode, kind: kind.to_owned(), name, key })
    }
}

impl From<ResourceAddress> for String {
    fn from(address: ResourceAddress) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for ResourceAddress {
    type Error = MalformedAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_and_from_str_are_inverse() {
        for text in [
            "local_file.a",
            "data.http.health",
            r#"module.web["x.y]"].component.rest-api.aws_sqs_queue.jobs["e\"u\n"]"#,
            "component.rest-api.aws_lambda_function.function",
        ] {
            let address: ResourceAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_an_address_says_why() {
        for (text, why) in [
            ("", "empty"),
            ("local_file", "expected `.`"),
            ("local_file.9a", "starts with a letter"),
            ("local_file.a[0]", "quoted string"),
            ("local_file.a.b", "left over"),
            ("module.a.local_file", "expected `.`"),
        ] {
            let error = text.parse::<ResourceAddress>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_pattern_may_name_everything_within_something() {
        let part: ResourceAddress = r#"module.m.component.api["eu"].local_service.server"#.parse().unwrap();
        for (text, matches) in [
            ("module.m.component.api", true),
            (r#"module.m.component.api["eu"]"#, true),
            (r#"module.m.component.api["us"]"#, false),
            ("module.m", true),
            ("module.n", false),
            ("component.api", false),
            ("module.m.component.api.local_service.server", true),
        ] {
            let pattern: AddressPattern = text.parse().unwrap();
            assert_eq!(pattern.to_string(), text);
            assert_eq!(pattern.matches(&part), matches, "{text}");
        }
        for text in ["", "component", "component.", "nonsense.api.x.y", "component.api."] {
            assert!(text.parse::<AddressPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_without_keys_matches_every_instance() {
        let eu: ResourceAddress = r#"module.m["1"].local_file.a["eu"]"#.parse().unwrap();
        assert!(eu.is_matched_by(&"module.m.local_file.a".parse().unwrap()));
        assert!(eu.is_matched_by(&r#"module.m.local_file.a["eu"]"#.parse().unwrap()));
        assert!(!eu.is_matched_by(&r#"module.m.local_file.a["us"]"#.parse().unwrap()));
        assert!(!eu.is_matched_by(&"local_file.a".parse().unwrap()));
    }
}
