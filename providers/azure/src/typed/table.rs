//! Building the table of a kind.

use std::time::Duration;

use serde_json::Value as Json;
use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;

use super::part::{Part, needed};
use super::special::{Nothing, Special};
use super::{Keys, NameCheck, Place, Shown, Typed};
use crate::kind::{Evidence, Write, schema};

/// What most resources are usually made in. A judgement, refined by measurement.
const USUALLY: Duration = Duration::from_secs(5);

impl Typed {
    /// A kind of resources of this type, `TYPE@API-VERSION`, in a resource group.
    pub fn of(ty: &'static str, description: &'static str) -> Self {
        let (ty, api) = ty.split_once('@').unwrap_or((ty, ""));
        let id = Attribute::computed(Type::String, "its id").stays();
        Self {
            ty,
            api,
            schema: schema(description, USUALLY, [("id", id)]),
            place: Place::Group,
            name: "name",
            parts: Vec::new(),
            shown: Vec::new(),
            fixed: Vec::new(),
            keys: None,
            name_check: None,
            evidence: Evidence::Absence,
            write: Write::Merge,
            has_etags: false,
            special: Box::new(Nothing),
        }
    }

    /// With a name of this form, in a resource group.
    #[must_use]
    pub fn in_group(mut self, pattern: &'static str, words: &'static str) -> Self {
        let group = Attribute::required(Type::String, "the name of the resource group, or its id");
        self.schema.attributes.insert("resource_group_name", group.immutable());
        self.named(pattern, words)
    }

    /// With a name of this form, in the subscription.
    #[must_use]
    pub fn in_subscription(mut self, pattern: &'static str, words: &'static str) -> Self {
        self.place = Place::Subscription;
        self.named(pattern, words)
    }

    /// With a name of this form, as a part of the resource whose id an attribute holds.
    #[must_use]
    pub fn below(
        mut self,
        attribute: &'static str,
        via: &'static str,
        pattern: &'static str,
        words: &'static str,
    ) -> Self {
        self.place = Place::Below { attribute, via };
        let parent = Attribute::required(Type::String, "the id of what it is a part of");
        self.schema.attributes.insert(attribute, parent.immutable());
        self.named(pattern, words)
    }

    /// As a part of the resource whose id an attribute holds, with a name that is made.
    #[must_use]
    pub fn within(mut self, attribute: &'static str) -> Self {
        self.place = Place::Below { attribute, via: "" };
        let parent = Attribute::required(Type::String, "the id of what it is a part of");
        self.schema.attributes.insert(attribute, parent.immutable());
        self
    }

    /// On any scope, with a name that is made.
    #[must_use]
    pub fn on_scope(mut self) -> Self {
        self.place = Place::Scope;
        let scope =
            Attribute::required(Type::String, "the id of what it is about: a subscription, a group or a resource");
        self.schema.attributes.insert("scope", scope.immutable());
        self
    }

    fn named(mut self, pattern: &'static str, words: &'static str) -> Self {
        let name = Attribute::required(Type::String, words).immutable().rule(Rule::Matches(pattern, words));
        self.schema.attributes.insert(self.name, name);
        self.schema.unique = Some(self.name);
        self
    }

    /// With a region.
    #[must_use]
    pub fn located(self) -> Self {
        self.part(needed("location", "location", "the region, such as `westeurope`").immutable())
    }

    /// With tags of its own, which also mark it as siac's.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.evidence = Evidence::Tags;
        let tags = Attribute::optional(Type::map(Type::String), "tags by key, besides the provider's `default_tags`");
        let all = Attribute::computed(Type::map(Type::String), "all tags but siac's own marks").follows(&["tags"]);
        self.schema.attributes.extend([("tags", tags), ("tags_all", all)]);
        self
    }

    /// With an attribute that stands in the document.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.schema.attributes.insert(part.name, part.attribute.clone());
        self.parts.push(part);
        self
    }

    /// With an attribute that does not stand in the document.
    #[must_use]
    pub fn aside(mut self, name: &'static str, attribute: Attribute) -> Self {
        self.schema.attributes.insert(name, attribute);
        self
    }

    /// With something in every document that no attribute says.
    #[must_use]
    pub fn fixed(mut self, place: &'static str, value: Json) -> Self {
        self.fixed.push((place, value));
        self
    }

    /// With a text that the service decides, once.
    #[must_use]
    pub fn shows(self, name: &'static str, place: &'static str, description: &'static str) -> Self {
        self.shows_as(name, place, Attribute::computed(Type::String, description).stays())
    }

    /// With something that the service decides.
    #[must_use]
    pub fn shows_as(mut self, name: &'static str, place: &'static str, attribute: Attribute) -> Self {
        self.shown.push(Shown { name, place, ty: attribute.ty.clone() });
        self.schema.attributes.insert(name, attribute);
        self
    }

    /// With keys, which an action tells where an attribute is true.
    #[must_use]
    pub fn keys(
        mut self,
        action: &'static str,
        when: &'static str,
        outputs: &[(&'static str, &'static str, &'static str)],
    ) -> Self {
        for (name, _, description) in outputs {
            let attribute = Attribute::computed(Type::String, description).sensitive();
            let attribute = if when.is_empty() { attribute.stays() } else { attribute };
            self.schema.attributes.insert(name, attribute);
        }
        let outputs = outputs.iter().map(|(name, place, _)| (*name, *place)).collect();
        self.keys = Some(Keys { action, when, outputs });
        self
    }

    /// With a name that is unique in all of Azure, or in each of its regions, and that its service is asked for before the plan is shown.
    #[must_use]
    pub fn asked_for(mut self, by_region: bool) -> Self {
        self.name_check = Some(NameCheck { by_region });
        self
    }

    /// Changed in this way.
    #[must_use]
    pub fn written(mut self, write: Write) -> Self {
        self.write = write;
        self
    }

    /// Honouring ETags.
    #[must_use]
    pub fn etags(mut self) -> Self {
        self.has_etags = true;
        self
    }

    /// Usually taking so many seconds.
    #[must_use]
    pub fn takes(mut self, seconds: u64) -> Self {
        self.schema.typical = Duration::from_secs(seconds);
        self
    }

    /// Holding data that siac cannot restore.
    #[must_use]
    pub fn holds_data(mut self) -> Self {
        self.schema.data_bearing = true;
        self
    }

    /// With what no table says.
    #[must_use]
    pub fn special(mut self, special: impl Special + 'static) -> Self {
        self.special = Box::new(special);
        self
    }
}
