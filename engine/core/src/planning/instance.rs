//! One resource instance or data source while it is planned: what is decided for it, and what others see of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::prior::Offer;
use crate::model::address::ResourceAddress;
use crate::model::expression::{Expression, Node, Place};
use crate::model::path::{Path, Segment};
use crate::model::plan::{Becoming, Reason};
use crate::model::schema::KindSchema;
use crate::model::snapshot::Object;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};

/// What happens to the object in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Nothing.
    Keep,
    /// Nothing, although the goal asks for it: it holds data.
    Spare,
    /// Only what is remembered changes. What is quiet is not worth a plan of its own.
    Record {
        /// Whether nobody needs to hear of it.
        quiet: bool,
    },
    /// It is made.
    Create,
    /// It changes in place.
    Update,
    /// It is deleted, then made anew.
    DestroyFirst,
    /// It is made anew, then the old one deleted.
    CreateFirst,
    /// It is deleted.
    Delete,
    /// It is left alone and no longer remembered.
    Forget {
        /// Whether nobody needs to hear of it.
        quiet: bool,
    },
    /// Data are read during apply.
    Read,
}

impl Course {
    /// Whether a provider is called for the object that is wanted.
    pub fn acts(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::DestroyFirst | Self::CreateFirst | Self::Read)
    }
}

/// One instance and everything decided for it.
pub(super) struct Instance<'a> {
    pub address: ResourceAddress,
    pub provider: String,
    pub offer: Option<Offer<'a>>,
    pub course: Course,
    pub reasons: Vec<Reason>,
    pub replace_paths: Vec<Path>,
    /// Where what is planned differs from what there is.
    pub changed: Vec<Path>,
    /// The attributes to send, and the computed ones that are known beforehand.
    pub inputs: Partial,
    pub outputs: Partial,
    /// What the record will say; nothing for what leaves or stays untouched.
    pub becoming: Option<Becoming>,
    /// The instances it waits for.
    pub links: Vec<usize>,
    /// The identity under which an existing object is adopted, and what was seen of it.
    pub adopted: Option<(String, Box<Object>)>,
    pub place: Place,
    pub view: View,
}

/// What others see of an instance.
#[derive(Debug, Clone)]
pub(super) enum View {
    /// What there is now: the prior object of the address.
    Current,
    /// What is planned; what is computed and not planned is known after apply.
    Planned,
    /// What a data source answered.
    Data(Box<Partial>),
    /// Nothing can be said: a question is open, or a problem was reported.
    Unusable,
}

impl Instance<'_> {
    /// The kind's schema.
    pub fn kind(&self) -> Option<&KindSchema> {
        self.offer.map(|offer| offer.kind)
    }

    /// Whether nothing can be said of it yet.
    pub fn is_unusable(&self) -> bool {
        matches!(self.view, View::Unusable)
    }

    /// What lies at `path`; `prior` is the object that there is now.
    pub fn at<'s>(&'s self, path: &Path, prior: Option<&'s Object>) -> Option<Cow<'s, Partial>> {
        let Some((Segment::Key(name), rest)) = path.0.split_first() else {
            return path.0.is_empty().then(|| Cow::Owned(self.whole(prior)));
        };
        match self.attribute(name, prior) {
            Cow::Borrowed(value) => match part(value, rest) {
                Some(value) if value.is_unknown() => Some(Cow::Owned(self.awaited(&value, path))),
                Some(value) => Some(value),
                None => Some(self.hole(path)),
            },
            Cow::Owned(_) => Some(self.hole(path)),
        }
    }

    /// The value with what is not known yet in it as holes of this very instance: those who refer to it wait for it, and not for
    /// everything that it waits for itself. Otherwise a residual would grow with the length of a chain.
    fn awaited(&self, value: &Partial, path: &Path) -> Partial {
        match value {
            Value::List(items) => {
                Value::List(items.iter().enumerate().map(|(at, item)| self.awaited(item, &path.index(at))).collect())
            }
            Value::Map(entries) => {
                let entry = |(key, item): (&String, _)| (key.clone(), self.awaited(item, &path.key(key)));
                Value::Map(entries.iter().map(entry).collect())
            }
            Value::Hole(hole) if hole.is_unknown() => {
                let origin = Origin::Attribute(self.address.clone(), path.clone());
                let awaits = if hole.is_secret() { Awaits::ApplySecret } else { Awaits::Apply };
                let hole = Hole { prefix: hole.prefix.clone(), ..Hole::of(origin, hole.ty.clone(), awaits) };
                Value::Hole(Box::new(hole))
            }
            plain => plain.clone(),
        }
    }

    fn hole(&self, path: &Path) -> Cow<'_, Partial> {
        Cow::Owned(attribute_hole(&self.address, path, self.kind()))
    }

    /// One attribute as others see it: what the provider says, or what was sent, or a hole.
    fn attribute<'s>(&'s self, name: &str, prior: Option<&'s Object>) -> Cow<'s, Partial> {
        const NOTHING: &Partial = &Value::Null;
        let (inputs, outputs, is_settled) = match (&self.view, prior) {
            (View::Current, Some(object)) => (&object.inputs, &object.outputs, true),
            (View::Data(value), _) => (&**value, NOTHING, true),
            (View::Unusable, _) => (NOTHING, NOTHING, false),
            _ => (&self.inputs, &self.outputs, false),
        };
        let set = |values: &'s Partial| values.get(name).filter(|value| !value.is_null());
        if let Some(value) = set(outputs).or_else(|| set(inputs)) {
            return Cow::Borrowed(value);
        }
        let attribute = self.kind().and_then(|kind| kind.attributes.get(name));
        let is_null = is_settled || outputs.get(name).is_some() || attribute.is_some_and(|it| !it.is_computed());
        match is_null && !self.is_unusable() {
            true => Cow::Borrowed(NOTHING),
            false => self.hole(&Path::attribute(name)),
        }
    }

    /// Every attribute.
    pub fn whole(&self, prior: Option<&Object>) -> Partial {
        let mut entries = BTreeMap::new();
        if let View::Data(value) = &self.view {
            entries.extend(value.as_map().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        }
        for name in self.kind().into_iter().flat_map(|kind| kind.attributes.keys()) {
            entries.insert((*name).to_owned(), self.attribute(name, prior).into_owned());
        }
        Value::Map(entries)
    }
}

/// The part of a value at `rest`. Behind a hole it is the hole's part; where there is no such part, nothing.
fn part<'v>(value: &'v Partial, rest: &[Segment]) -> Option<Cow<'v, Partial>> {
    match (value, rest.split_first()) {
        (_, None) => Some(Cow::Borrowed(value)),
        (Value::Hole(hole), Some(_)) => Some(Cow::Owned(Value::Hole(Box::new(part_of_hole(hole, rest))))),
        (Value::Map(entries), Some((Segment::Key(key), rest))) => part(entries.get(key)?, rest),
        (Value::List(items), Some((Segment::Index(index), rest))) => part(items.get(*index)?, rest),
        _ => None,
    }
}

/// The hole of a part of what a hole stands for.
pub(super) fn part_of_hole(hole: &Hole, rest: &[Segment]) -> Hole {
    let step = |of: Expression, segment: &Segment| {
        Expression::new(match segment {
            Segment::Key(key) => Node::Attribute(Box::new(of), key.clone()),
            Segment::Index(index) => Node::Index(Box::new(of), Box::new(Expression::literal(Value::number(*index)))),
        })
    };
    Hole {
        residual: rest.iter().fold(hole.residual.clone(), step),
        ty: rest.iter().fold(hole.ty.clone(), |ty, segment| part_of_type(&ty, segment)),
        prefix: String::new(),
        origins: hole.origins.clone(),
    }
}

/// The hole that an attribute is until its resource is applied.
pub(super) fn attribute_hole(address: &ResourceAddress, path: &Path, kind: Option<&KindSchema>) -> Partial {
    let attribute = path.root().and_then(|name| kind?.attributes.get(name));
    let below = path.0.get(1..).unwrap_or_default();
    let ty = attribute.map_or(Type::Any, |attribute| attribute.ty.clone());
    let ty = below.iter().fold(ty, |ty, segment| part_of_type(&ty, segment));
    let is_secret = attribute.is_some_and(|attribute| attribute.sensitive);
    let awaits = if is_secret { Awaits::ApplySecret } else { Awaits::Apply };
    Value::Hole(Box::new(Hole::of(Origin::Attribute(address.clone(), path.clone()), ty, awaits)))
}

fn part_of_type(ty: &Type, segment: &Segment) -> Type {
    match (ty, segment) {
        (Type::List(element) | Type::Set(element), Segment::Index(_)) => (**element).clone(),
        (Type::Map(element), Segment::Key(_)) => (**element).clone(),
        (Type::Object(fields), Segment::Key(key)) => fields.get(key).map(|field| field.ty.clone()).unwrap_or_default(),
        _ => Type::Any,
    }
}
