//! What a provider offers: kinds, their attributes, and how each may change, be found again and be compared.

use std::collections::BTreeMap;
use std::time::Duration;

use super::types::Type;
use super::value::Known;

/// Everything one provider offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSchema {
    /// The plugin's name, for instance `local`; kinds start with it or with a word of their own.
    pub name: &'static str,
    /// The plugin's version, semantic.
    pub version: &'static str,
    /// The attributes of a `[provider.NAME]` table.
    pub config: BTreeMap<&'static str, Attribute>,
    /// Kinds of managed resources.
    pub resources: BTreeMap<&'static str, KindSchema>,
    /// Kinds of data sources.
    pub data: BTreeMap<&'static str, KindSchema>,
}

/// What one kind promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindSchema {
    /// What it is, in one sentence.
    pub description: &'static str,
    /// The version of the attributes' shape; records of older versions are upgraded by the provider.
    pub version: u32,
    /// The attributes by name.
    pub attributes: BTreeMap<&'static str, Attribute>,
    /// Whether deleting it loses data that siac cannot restore.
    pub data_bearing: bool,
    /// How an operation whose outcome is not known is settled.
    pub recovery: RecoveryClass,
    /// How long a request that was sent may still be accepted; recovery waits as long before it looks.
    pub drain: Duration,
    /// The hard limit of one attempt of a call.
    pub timeout: Duration,
    /// The attribute that must be unique among live objects; a fixed one excludes create-before-destroy.
    pub unique: Option<&'static str>,
    /// How long an operation usually takes, the seed of the critical path; a judgement, refined by measurement.
    pub typical: Duration,
}

/// How an object whose creation was not confirmed is found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryClass {
    /// The call takes our operation id as its token: issuing it again answers with the same object.
    Token,
    /// The call puts by a name we chose and repeating it changes nothing, given evidence that the object is ours.
    Put,
    /// We choose a unique name: after the drain, an object of that name that carries our mark is adopted.
    Name,
    /// The create call writes our tags: after the drain, objects that carry the operation id are listed until stable.
    Tag,
    /// Nothing to find it by: the outcome stays unknown and is reported, never repeated.
    Nothing,
}

/// Who sets an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// The stack must set it.
    Required,
    /// The stack may set it; otherwise it is null or the default.
    Optional,
    /// The stack may set it; otherwise the provider decides.
    OptionalComputed,
    /// Only the provider decides.
    Computed,
}

/// What becomes of a computed attribute when the resource is updated in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stability {
    /// It never changes while the object lives: identifiers.
    Stays,
    /// It changes only when one of these attributes does.
    Follows(&'static [&'static str]),
    /// Any update may change it.
    Moves,
}

/// Which writings of a value mean the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Normalisation {
    /// Only equal values are the same.
    #[default]
    Exact,
    /// JSON documents that differ in white space, key order or number spelling are the same.
    Json,
    /// Letter case does not matter.
    CaseInsensitive,
    /// Order and repetition do not matter.
    Set,
}

/// What a value must satisfy beyond its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// An integer within these bounds, inclusive.
    Between(i64, i64),
    /// A text of this many characters, inclusive.
    Length(usize, usize),
    /// A text that matches this regular expression as a whole; the second text says it in words.
    Matches(&'static str, &'static str),
}

/// One attribute of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// What it means, with its unit.
    pub description: &'static str,
    /// What it may be.
    pub ty: Type,
    /// Who sets it.
    pub presence: Presence,
    /// What it is when the stack does not set it.
    pub default: Option<Known>,
    /// Whether a change needs a new object.
    pub immutable: bool,
    /// Whether it must not be shown.
    pub sensitive: bool,
    /// Whether the provider never answers with it, so that drift in it cannot be seen.
    pub write_only: bool,
    /// Whether it names a file or folder of the project, or a [`Recipe`](super::recipe::Recipe), whose content is kept as an artifact;
    /// the provider receives `artifact:` and the digest instead, and what it was built from.
    pub artifact: bool,
    /// When two values are the same.
    pub normalisation: Normalisation,
    /// What happens to it on update, when the provider decides it.
    pub stability: Stability,
    /// What it must satisfy.
    pub rules: Vec<Rule>,
}

impl Attribute {
    fn new(presence: Presence, ty: Type, description: &'static str) -> Self {
        Self {
            description,
            ty,
            presence,
            default: None,
            immutable: false,
            sensitive: false,
            write_only: false,
            artifact: false,
            normalisation: Normalisation::Exact,
            stability: Stability::Moves,
            rules: Vec::new(),
        }
    }

    /// An attribute that the stack must set.
    pub fn required(ty: Type, description: &'static str) -> Self {
        Self::new(Presence::Required, ty, description)
    }

    /// An attribute that the stack may set.
    pub fn optional(ty: Type, description: &'static str) -> Self {
        Self::new(Presence::Optional, ty, description)
    }

    /// An attribute that the stack may set and the provider otherwise decides.
    pub fn optional_computed(ty: Type, description: &'static str) -> Self {
        Self::new(Presence::OptionalComputed, ty, description)
    }

    /// An attribute that only the provider decides.
    pub fn computed(ty: Type, description: &'static str) -> Self {
        Self::new(Presence::Computed, ty, description)
    }

    /// With this value when the stack sets none.
    #[must_use]
    pub fn default(mut self, value: Known) -> Self {
        self.default = Some(value);
        self
    }

    /// A change needs a new object.
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.immutable = true;
        self
    }

    /// Never shown.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Never answered by the provider.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// A path or a recipe whose content becomes an artifact.
    #[must_use]
    pub fn artifact(mut self) -> Self {
        self.artifact = true;
        self
    }

    /// Compared like this.
    #[must_use]
    pub fn normalised(mut self, normalisation: Normalisation) -> Self {
        self.normalisation = normalisation;
        self
    }

    /// Does not change while the object lives.
    #[must_use]
    pub fn stays(mut self) -> Self {
        self.stability = Stability::Stays;
        self
    }

    /// Changes only with these attributes.
    #[must_use]
    pub fn follows(mut self, attributes: &'static [&'static str]) -> Self {
        self.stability = Stability::Follows(attributes);
        self
    }

    /// Must satisfy this too.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Whether the stack may set it.
    pub fn is_settable(&self) -> bool {
        self.presence != Presence::Computed
    }

    /// Whether the provider may decide it.
    pub fn is_computed(&self) -> bool {
        matches!(self.presence, Presence::Computed | Presence::OptionalComputed)
    }
}
