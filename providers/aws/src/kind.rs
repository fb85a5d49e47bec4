//! What each kind of this provider answers; `life` makes the calls of a provider out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::schema::{Attribute, KindSchema, Normalisation, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Fault, Planned};

use crate::account::Account;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::likeness::differing;
use crate::marks::{Retagging, Tags, marks, unmarked};
use crate::seen::Seen;

/// The hard limit of one HTTP request, unless the provider's `attempt_timeout` says less. A choice of this project.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(60);

/// How long a request that was sent may still be accepted: its own limit, and 30 s more for what lies between. A choice of this project.
pub const DRAIN: Duration = Duration::from_secs(90);

/// One kind of managed resource.
///
/// A kind makes single calls; order, ownership, retries, tags' bookkeeping and recovery are the framework's.
#[async_trait]
pub trait Kind: Send + Sync {
    /// What it is and promises.
    fn describe(&self) -> Described;

    /// What would happen to it.
    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        by_schema(schema, prior, desired)
    }

    /// Says what is wrong beyond the schema. Each limit names its source where it is checked.
    fn validate(&self, check: &mut Check<'_>) {
        let _ = check;
    }

    /// What the object of these inputs will be called, where we choose it; `None` where the service does.
    fn remote(&self, task: &Task<'_>) -> Option<String> {
        let _ = task;
        None
    }

    /// What an import id names, where it is written otherwise than what the provider calls the object.
    fn imported(&self, id: &str) -> String {
        id.to_owned()
    }

    /// The objects that an earlier attempt of this call may have made; the framework looks whose they are.
    async fn candidates(&self, task: &Task<'_>) -> Result<Vec<String>, Fault> {
        Ok(self.remote(task).into_iter().collect())
    }

    /// Looks at an object; `remembered` is what is known of it, for what AWS does not show.
    async fn look(&self, aws: &Account, remote: &str, remembered: Option<&Object>) -> Result<Option<Seen>, Fault>;

    /// Makes it, in one call that carries our marks where it can; answers with what the provider calls it.
    async fn make(&self, task: &Task<'_>) -> Result<String, Failure>;

    /// What the provider calls the object, from what an earlier attempt has written down. A kind that writes down something else than the
    /// object's name, while it makes it, says here what became of that.
    async fn resumed(&self, task: &Task<'_>, saved: &str) -> Result<String, Failure> {
        let _ = task;
        Ok(saved.to_owned())
    }

    /// What is left to do after making and after changing: settings and waits. Repeated until it succeeds, so it must bear repetition.
    ///
    /// Recovery calls it too, and then secrets may be missing from the inputs: it does nothing that needs them.
    async fn settle(&self, task: &Task<'_>, remote: &str) -> Result<(), Fault> {
        let _ = (task, remote);
        Ok(())
    }

    /// Changes in place what is not as it is wanted; `seen` is how it is now. Must bear repetition.
    async fn change(&self, task: &Task<'_>, remote: &str, seen: &Seen) -> Result<(), Fault> {
        let _ = (task, seen);
        Err(Fault::rejected(format!("`{remote}` cannot be changed in place")))
    }

    /// Deletes it, and waits until it is gone where that takes time. What is gone already is success.
    async fn remove(&self, aws: &Account, remote: &str, object: &Object) -> Result<(), Fault>;
}

/// One kind of data.
#[async_trait]
pub trait Data: Send + Sync {
    /// What it offers.
    fn describe(&self) -> Described;

    /// Says what is wrong beyond the schema.
    fn validate(&self, check: &mut Check<'_>) {
        let _ = check;
    }

    /// Reads it; the answer is everything it offers, arguments left out.
    async fn read(&self, aws: &Account, inputs: Fields<'_>) -> Result<Known, Fault>;
}

/// How it is known whose an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// It carries our marks as tags, from the call that made it on.
    Tags,
    /// It is a part of another object and has a name there: it is ours when it shows everything that was sent.
    Part,
    /// It is a setting that its owner always has; setting it takes nothing from anybody.
    Setting,
}

/// How a name is made for what the stack does not name: `STACK-NAME-` and eight digits of the operation, so that a replacement can
/// stand beside what it replaces, and recovery knows the name again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Naming {
    /// The attribute.
    pub attribute: &'static str,
    /// The most characters.
    pub most: usize,
}

/// A kind's schema, and what the framework needs to know beside it.
#[derive(Debug, Clone)]
pub struct Described {
    /// The schema.
    pub schema: KindSchema,
    /// How it is known whose an object is.
    pub evidence: Evidence,
    /// Attributes that hold IAM policies, compared by their meaning.
    pub policies: &'static [&'static str],
    /// How a name is made.
    pub naming: Option<Naming>,
    /// Whether making it would silently take over, or write over, what is there: the framework looks first.
    pub takes_over: bool,
    /// Whether making it takes several calls or waits, so that what was made is written down first.
    pub settles: bool,
    /// What an import id is, in words.
    pub import: &'static str,
    /// The permissions that siac needs for it, as in an IAM policy.
    pub actions: &'static [&'static str],
}

impl Described {
    /// A kind with these attributes. It takes seconds, and is imported by its name.
    pub fn new(
        description: &'static str,
        recovery: RecoveryClass,
        attributes: impl IntoIterator<Item = (&'static str, Attribute)>,
    ) -> Self {
        let mut attributes: BTreeMap<&'static str, Attribute> = attributes.into_iter().collect();
        let id = || Attribute::computed(Type::String, "what AWS calls it").stays();
        attributes.entry("id").or_insert_with(id);
        let schema = KindSchema {
            description,
            version: 1,
            attributes,
            data_bearing: false,
            recovery,
            drain: DRAIN,
            timeout: Duration::from_secs(180),
            unique: None,
            typical: Duration::from_millis(800),
        };
        Self {
            schema,
            evidence: Evidence::Part,
            policies: &[],
            naming: None,
            takes_over: recovery == RecoveryClass::Put,
            settles: false,
            import: "its name",
            actions: &[],
        }
    }

    /// Data with these attributes.
    pub fn data(
        description: &'static str,
        attributes: impl IntoIterator<Item = (&'static str, Attribute)>,
        actions: &'static [&'static str],
    ) -> Self {
        Self { actions, ..Self::new(description, RecoveryClass::Put, attributes) }
    }

    /// With tags of its own, which also mark it as ours.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.evidence = Evidence::Tags;
        let tags = Attribute::optional(Type::map(Type::String), "tags by key, besides the provider's `default_tags`");
        let all = Attribute::computed(Type::map(Type::String), "all tags but siac's own marks").follows(&["tags"]);
        self.schema.attributes.extend([("tags", tags), ("tags_all", all)]);
        self
    }

    /// A setting that its owner always has.
    #[must_use]
    pub fn setting(mut self) -> Self {
        self.evidence = Evidence::Setting;
        self.takes_over = false;
        self
    }

    /// Whose create call succeeds when there is such an object already.
    #[must_use]
    pub fn takes_over(mut self) -> Self {
        self.takes_over = true;
        self
    }

    /// With a name that is unique among live objects, and made when the stack gives none.
    #[must_use]
    pub fn named(mut self, attribute: &'static str, most: usize) -> Self {
        self.naming = Some(Naming { attribute, most });
        self.unique(attribute)
    }

    /// With an attribute that is unique among live objects.
    #[must_use]
    pub fn unique(mut self, attribute: &'static str) -> Self {
        self.schema.unique = Some(attribute);
        self
    }

    /// With attributes that hold IAM policies.
    #[must_use]
    pub fn policies(mut self, attributes: &'static [&'static str]) -> Self {
        self.policies = attributes;
        for name in attributes {
            if let Some(attribute) = self.schema.attributes.get_mut(name) {
                attribute.normalisation = Normalisation::Json;
            }
        }
        self
    }

    /// Made in several calls, or slowly: usually in `typical`, and hardly ever in more than `limit`.
    #[must_use]
    pub fn settles(mut self, typical: Duration, limit: Duration) -> Self {
        self.settles = true;
        self.schema.typical = typical;
        self.schema.timeout = limit;
        self
    }

    /// Holding data that siac cannot restore.
    #[must_use]
    pub fn holds_data(mut self) -> Self {
        self.schema.data_bearing = true;
        self
    }

    /// Imported by this.
    #[must_use]
    pub fn imported_by(mut self, words: &'static str) -> Self {
        self.import = words;
        self
    }

    /// Needing these permissions.
    #[must_use]
    pub fn needs(mut self, actions: &'static [&'static str]) -> Self {
        self.actions = actions;
        self
    }
}

/// What a kind is told of a call.
pub struct Task<'a> {
    /// The account to act on.
    pub aws: &'a Account,
    /// The call.
    pub call: &'a Call,
    /// The attributes, with a name where the stack gives none.
    pub inputs: Fields<'a>,
    /// What is remembered, when there is something.
    pub object: Option<&'a Object>,
    /// The kind.
    pub described: &'a Described,
}

impl Task<'_> {
    /// The marks of what this call makes.
    pub fn marks(&self) -> Tags {
        marks(self.call, self.aws.settings.environment.as_deref())
    }

    /// The provider's default tags and the resource's own.
    pub fn own_tags(&self) -> Tags {
        let mut tags = self.aws.settings.default_tags.clone();
        tags.extend(self.inputs.map("tags").unwrap_or_default());
        tags
    }

    /// Every tag of what this call makes.
    pub fn tags(&self) -> Tags {
        let mut tags = self.own_tags();
        tags.extend(self.marks());
        tags
    }

    /// What has to be done to the tags of an object as it was seen.
    pub fn retagging(&self, seen: &Seen) -> Retagging {
        let now = seen.tags.clone().unwrap_or_default();
        Retagging::between(&now, &self.own_tags(), &self.marks())
    }

    /// Whether the tags, marks left out, are those wanted.
    pub fn has_its_tags(&self, seen: &Seen) -> bool {
        seen.tags.as_ref().is_none_or(|tags| unmarked(tags) == self.own_tags())
    }

    /// The attributes that are not as they are wanted.
    pub fn differing(&self, seen: &Seen) -> Differing {
        let Described { schema, policies, .. } = self.described;
        Differing(differing(schema, policies, self.inputs.0, &seen.inputs))
    }

    /// A token of 32 letters and digits for calls that take one; the same for every attempt of one operation.
    pub fn token(&self) -> String {
        self.call.op.to_string()
    }
}

/// Attributes that are not as they are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing(pub BTreeSet<String>);

impl Differing {
    /// Whether one of these is.
    pub fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.0.contains(*name))
    }

    /// Whether none is, `tags` left out.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|name| name == "tags")
    }
}

/// A wish that is checked, and what is wrong with it. Holes may stand anywhere; what is not known yet is taken to be right.
pub struct Check<'a> {
    /// The wish.
    pub wish: &'a Partial,
    problems: Diagnostics,
}

impl<'a> Check<'a> {
    /// A check of this wish.
    pub fn of(wish: &'a Partial) -> Self {
        Self { wish, problems: Diagnostics::new() }
    }

    /// What was found.
    pub fn found(self) -> Diagnostics {
        self.problems
    }

    /// An attribute that is set, as far as it is known.
    pub fn get(&self, name: &str) -> Option<&'a Partial> {
        self.wish.get(name).filter(|value| !value.is_null())
    }

    /// Whether an attribute is set, be it known or not.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A text that is known.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str()
    }

    /// A truth value that is known.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    /// An integer that is known.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_number()?.as_i64()
    }

    /// Says what is wrong and what to do about it.
    pub fn refuse(&mut self, detail: impl Into<String>, help: impl Into<String>) {
        let problem = Diagnostic::error("refused-by-aws", "AWS would refuse this", detail);
        self.problems.push(problem.help(help));
    }

    /// Says what is probably not meant.
    pub fn warn(&mut self, code: &'static str, summary: &str, detail: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Diagnostic::warning(code, summary, detail).help(help));
    }

    /// Exactly one of these must be set.
    pub fn exactly_one(&mut self, names: &[&str]) {
        let set: Vec<String> = names.iter().filter(|name| self.has(name)).map(|name| format!("`{name}`")).collect();
        let all = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match set.len() {
            1 => {}
            0 => self.refuse(format!("one of {all} is needed"), "set one of them"),
            _ => self.refuse(format!("{} exclude each other", set.join(" and ")), format!("keep one of {all}")),
        }
    }

    /// A text that must be JSON.
    pub fn json(&mut self, name: &str) {
        let Some(Err(error)) = self.text(name).map(serde_json::from_str::<serde::de::IgnoredAny>) else { return };
        self.refuse(format!("`{name}` is no JSON document: {error}"), "write it with `jsonencode(…)`");
    }
}
