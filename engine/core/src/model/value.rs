//! Values with holes: the one data type that travels from a stack file to a provider.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

use super::address::ResourceAddress;
use super::expression::Expression;
use super::identity::Fingerprint;
use super::number::Number;
use super::path::{Path, Segment};
use super::secret::Secret;
use super::types::Type;

/// A value, with holes of type `H` where something is not there yet.
///
/// Planning works on [`Partial`]; providers are called with [`Known`], so that an unknown cannot reach them.
/// A map also stands for an object, a list also for a set (then sorted and without repetition).
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Value<H> {
    /// Nothing: an attribute that is not set.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Unicode text.
    String(String),
    /// Values in order.
    List(Vec<Value<H>>),
    /// Values by name.
    Map(BTreeMap<String, Value<H>>),
    /// A value that must not be shown. Never serialised.
    Secret(Secret<Value<H>>),
    /// Something that is not there yet, or not to be looked at.
    Hole(H),
}

/// The holes of a value that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}

/// A value without holes.
pub type Known = Value<Never>;

/// A value as planning sees it.
pub type Partial = Value<Box<Hole>>;

/// Where a value that is not there will come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A part of a resource or data source.
    Attribute(ResourceAddress, Path),
    /// A secret of the stack, by name.
    Secret(String),
}

/// Why an origin has no value here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaits {
    /// The provider decides it during apply.
    Apply,
    /// The provider decides it during apply, and it must not be shown then.
    ApplySecret,
    /// It exists, in the version that the fingerprint tells, and must not be looked at.
    Sealed(Fingerprint),
}

/// The residual of an expression that could not be evaluated to the end.
///
/// Two holes are equal when they would evaluate alike: same residual, same origins in the same versions. What is known of the
/// result, its type and prefix, takes no part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hole {
    /// What remains to be evaluated; it refers to nothing but [`Origin`]s.
    pub residual: Expression,
    /// The type of the result, as far as it is known.
    #[serde(default)]
    pub ty: Type,
    /// What the resulting string certainly starts with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Everything the residual waits for; never empty. A list of pairs when persisted.
    #[serde(with = "pairs")]
    pub origins: BTreeMap<Origin, Awaits>,
}

impl PartialEq for Hole {
    fn eq(&self, other: &Self) -> bool {
        self.residual == other.residual && self.origins == other.origins
    }
}

impl Eq for Hole {}

impl Hole {
    /// The hole left by one origin itself.
    pub fn of(origin: Origin, ty: Type, awaits: Awaits) -> Self {
        Self {
            residual: Expression::origin(origin.clone()),
            ty,
            prefix: String::new(),
            origins: BTreeMap::from([(origin, awaits)]),
        }
    }

    /// Whether the value will only be known during apply; otherwise it is merely sealed.
    pub fn is_unknown(&self) -> bool {
        self.origins.values().any(|awaits| !matches!(awaits, Awaits::Sealed(_)))
    }

    /// Whether the value, once known, must not be shown.
    pub fn is_secret(&self) -> bool {
        self.origins.values().any(|awaits| !matches!(awaits, Awaits::Apply))
    }
}

impl<H> Value<H> {
    /// Text.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// A number.
    pub fn number(value: impl Into<Number>) -> Self {
        Self::Number(value.into())
    }

    /// A map from these entries.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// The name of the value's type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Secret(_) => "secret",
            Self::Hole(_) => "unknown",
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, when this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, when this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, when this is one.
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The elements, when this is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, when this is a map.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry of a map; `None` when it is missing or this is no map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// The part at a path.
    pub fn at(&self, path: &Path) -> Option<&Self> {
        path.0.iter().try_fold(self, |value, segment| match (segment, value) {
            (Segment::Key(key), Self::Map(entries)) => entries.get(key),
            (Segment::Index(index), Self::List(items)) => items.get(*index),
            _ => None,
        })
    }

    /// The same value with every hole replaced; stops at the first refusal.
    pub fn try_fill<G, E>(&self, fill: &mut impl FnMut(&H) -> Result<Value<G>, E>) -> Result<Value<G>, E> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::String(text) => Value::String(text.clone()),
            Self::List(items) => Value::List(items.iter().map(|item| item.try_fill(fill)).collect::<Result<_, E>>()?),
            Self::Map(entries) => {
                let fill_entry = |(key, value): (&String, &Self)| Ok((key.clone(), value.try_fill(fill)?));
                Value::Map(entries.iter().map(fill_entry).collect::<Result<_, E>>()?)
            }
            Self::Secret(secret) => Value::Secret(Secret::new(secret.expose().try_fill(fill)?)),
            Self::Hole(hole) => fill(hole)?,
        })
    }

    /// Calls `visit` with every part that has no parts of its own, and with every empty collection, in order.
    pub fn visit_leaves(&self, visit: &mut impl FnMut(&Path, &Self)) {
        self.visit_leaves_below(&Path::default(), visit);
    }

    fn visit_leaves_below(&self, path: &Path, visit: &mut impl FnMut(&Path, &Self)) {
        match self {
            Self::List(items) if !items.is_empty() => {
                items.iter().enumerate().for_each(|(at, item)| item.visit_leaves_below(&path.index(at), visit));
            }
            Self::Map(entries) if !entries.is_empty() => {
                entries.iter().for_each(|(key, value)| value.visit_leaves_below(&path.key(key), visit));
            }
            _ => visit(path, self),
        }
    }

    /// Every hole, in order.
    pub fn holes(&self) -> Vec<&H> {
        fn collect<'a, H>(value: &'a Value<H>, holes: &mut Vec<&'a H>) {
            match value {
                Value::List(items) => items.iter().for_each(|item| collect(item, holes)),
                Value::Map(entries) => entries.values().for_each(|item| collect(item, holes)),
                Value::Secret(secret) => collect(secret.expose(), holes),
                Value::Hole(hole) => holes.push(hole),
                _ => {}
            }
        }
        let mut holes = Vec::new();
        collect(self, &mut holes);
        holes
    }
}

impl Known {
    /// The same value where holes are possible.
    pub fn open(&self) -> Partial {
        let filled: Result<Partial, Never> = self.try_fill(&mut |hole| match *hole {});
        match filled {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }
}

impl Partial {
    /// The value, when it has no holes.
    pub fn close(&self) -> Option<Known> {
        self.try_fill(&mut |_| Err(())).ok()
    }

    /// Whether any part is only known during apply.
    pub fn is_unknown(&self) -> bool {
        self.holes().iter().any(|hole| hole.is_unknown())
    }

    /// Every origin that the value waits for.
    pub fn origins(&self) -> BTreeMap<Origin, Awaits> {
        self.holes().into_iter().flat_map(|hole| hole.origins.clone()).collect()
    }
}

impl<H> Zeroize for Value<H> {
    fn zeroize(&mut self) {
        match self {
            Self::String(text) => text.zeroize(),
            Self::List(items) => items.iter_mut().for_each(Zeroize::zeroize),
            Self::Map(entries) => entries.values_mut().for_each(Zeroize::zeroize),
            // A nested secret wipes itself; numbers, truth values and holes are dropped.
            _ => {}
        }
        *self = Self::Null;
    }
}

impl<H: fmt::Debug> fmt::Debug for Value<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::String(text) => write!(f, "{text:?}"),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Map(entries) => f.debug_map().entries(entries).finish(),
            Self::Secret(secret) => write!(f, "{secret:?}"),
            Self::Hole(hole) => write!(f, "{hole:?}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(name) => write!(f, "secret.{name}"),
            Self::Attribute(address, path) if path.0.is_empty() => write!(f, "{address}"),
            Self::Attribute(address, path) => match path.0.first() {
                Some(Segment::Index(_)) => write!(f, "{address}{path}"),
                _ => write!(f, "{address}.{path}"),
            },
        }
    }
}

/// The keys that mark what JSON has no form for. A map with a key that starts with `$` is wrapped in `$map`.
const NUMBER: &str = "$number";
const HOLE: &str = "$hole";
const MAP: &str = "$map";

/// The JSON form: what JSON has, as it is; decimals and huge integers as `{"$number": "1.50"}`, holes as `{"$hole": …}`.
/// A secret refuses to be serialised.
impl<H: Serialize> Serialize for Value<H> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match number.as_i64() {
                Some(integer) if integer.to_string() == number.to_string() => serializer.serialize_i64(integer),
                _ => tagged(serializer, NUMBER, number),
            },
            Self::String(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Map(entries) if entries.keys().any(|key| key.starts_with('$')) => tagged(serializer, MAP, entries),
            Self::Map(entries) => entries.serialize(serializer),
            Self::Secret(_) => Err(serde::ser::Error::custom("a secret value must not be written")),
            Self::Hole(hole) => tagged(serializer, HOLE, hole),
        }
    }
}

fn tagged<S: Serializer>(serializer: S, tag: &'static str, value: &impl Serialize) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(tag, value)?;
    map.end()
}

impl<'de, H: DeserializeOwned> Deserialize<'de> for Value<H> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor(PhantomData))
    }
}

struct ValueVisitor<H>(PhantomData<H>);

impl<'de, H: DeserializeOwned> Visitor<'de> for ValueVisitor<H> {
    type Value = Value<H>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value<H>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<H>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<H>, E> {
        Ok(Value::number(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<H>, E> {
        Ok(Value::number(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<H>, E> {
        Ok(Value::string(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value<H>, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value<H>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value<H>, A::Error> {
        let Some(first) = access.next_key::<String>()? else { return Ok(Value::Map(BTreeMap::new())) };
        match first.as_str() {
            NUMBER => Ok(Value::Number(access.next_value()?)),
            HOLE => Ok(Value::Hole(access.next_value()?)),
            MAP => Ok(Value::Map(access.next_value::<RawEntries<H>>()?.0)),
            tag if tag.starts_with('$') => Err(de::Error::custom(format!("`{tag}` marks no kind of value"))),
            _ => {
                let mut entries = BTreeMap::from([(first, access.next_value()?)]);
                while let Some((key, value)) = access.next_entry()? {
                    entries.insert(key, value);
                }
                Ok(Value::Map(entries))
            }
        }
    }
}

/// The entries of a wrapped map, whose keys may start with `$`.
#[derive(Deserialize)]
#[serde(transparent, bound(deserialize = "H: DeserializeOwned"))]
struct RawEntries<H>(BTreeMap<String, Value<H>>);

/// Maps whose keys are no strings, as lists of pairs.
pub(crate) mod pairs {
    use super::*;

    pub fn serialize<K, V, S>(map: &BTreeMap<K, V>, serializer: S) -> Result<S::Ok, S::Error>
    where
        K: Serialize,
        V: Serialize,
        S: Serializer,
    {
        serializer.collect_seq(map)
    }

    pub fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: &Partial) -> Partial {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }

    #[test]
    fn values_survive_json() {
        let hole = Hole::of(Origin::Secret("pw".into()), Type::String, Awaits::ApplySecret);
        let value: Partial = Value::map([
            ("n", Value::number(9_007_199_254_740_993_i64)),
            ("d", Value::Number("1.50".parse().unwrap())),
            ("h", Value::Hole(Box::new(hole))),
            ("odd", Value::map([("$number", Value::string("no number"))])),
            ("l", Value::List(vec![Value::Null, Value::Bool(true)])),
        ]);
        assert_eq!(round_trip(&value), value);
        let text = serde_json::to_string(&value).unwrap();
        assert!(text.contains(r#""d":{"$number":"1.50"}"#), "{text}");
    }

    #[test]
    fn secrets_refuse_to_be_written() {
        let value: Known = Value::List(vec![Value::Secret(Secret::new(Value::string("hunter2")))]);
        assert!(serde_json::to_string(&value).is_err());
        assert_eq!(format!("{value:?}"), "[Secret(…)]");
    }

    #[test]
    fn a_value_closes_only_without_holes() {
        let known: Known = Value::map([("a", Value::number(1_i64))]);
        assert_eq!(known.open().close(), Some(known));
        let hole = Hole::of(Origin::Secret("pw".into()), Type::String, Awaits::Apply);
        let open: Partial = Value::List(vec![Value::Hole(Box::new(hole))]);
        assert!(open.close().is_none());
        assert!(open.is_unknown());
    }
}
