//! Expressions as trees: what a stack file asks for, and what is left of it when something is not known yet.

use serde::{Deserialize, Serialize};

use super::diagnostic::Span;
use super::path::{Path, Segment};
use super::value::{Known, Origin, Value};

/// An expression and the place it was written at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Expression {
    /// What it is.
    pub node: Node,
    /// Where it stands in the source.
    #[serde(skip)]
    pub place: Place,
}

/// Where something was written. A place never takes part in comparison and is never persisted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place(pub Option<Span>);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

/// The forms of an expression, after HCL's grammar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// A value that is there.
    Literal(Known),
    /// What an origin will deliver. Only in residuals.
    Origin(Origin),
    /// The root of a traversal (`var`, `local`, `each`, a kind, `module` …) or a name bound by `for`.
    Name(String),
    /// `of.name`
    Attribute(Box<Expression>, String),
    /// `of[index]`
    Index(Box<Expression>, Box<Expression>),
    /// `of[*].a.b` (also `of.*.a`): the steps are applied to each element.
    Splat(Box<Expression>, Vec<Step>),
    /// Text and interpolations, joined into one string. A lone interpolation is not a template.
    Template(Vec<Expression>),
    /// `[a, b]`
    List(Vec<Expression>),
    /// `{ a = b }`
    Object(Vec<(Expression, Expression)>),
    /// `!a`, `-a`
    Unary(UnaryOperator, Box<Expression>),
    /// `a + b`
    Binary(Box<Expression>, BinaryOperator, Box<Expression>),
    /// `condition ? then : otherwise`
    Conditional(Box<Expression>, Box<Expression>, Box<Expression>),
    /// `name(arguments…)`; with `spread`, the last argument is a list of further arguments.
    Call {
        /// The function.
        name: String,
        /// Its arguments, in order.
        arguments: Vec<Expression>,
        /// Whether the last argument ends with `...`.
        spread: bool,
    },
    /// `[for k, v in collection : value if condition]` and `{for k, v in collection : key => value... if condition}`
    For(Box<For>),
}

/// One step after a splat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// `.name`
    Attribute(String),
    /// `[index]`
    Index(Expression),
}

/// A `for` expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct For {
    /// The name bound to the key or index.
    pub key_name: Option<String>,
    /// The name bound to the element.
    pub value_name: String,
    /// What is iterated.
    pub collection: Expression,
    /// The key of each result: the result is an object; without it, a list.
    pub key: Option<Expression>,
    /// The value of each result.
    pub value: Expression,
    /// Only elements that satisfy it are taken.
    pub condition: Option<Expression>,
    /// `...`: values with the same key are collected into a list.
    pub grouping: bool,
}

/// Operators before their operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnaryOperator {
    /// `!`
    Not,
    /// `-`
    Negate,
}

/// Operators between their operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinaryOperator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `&&`
    And,
    /// `||`
    Or,
}

impl Expression {
    /// An expression without a place.
    pub fn new(node: Node) -> Self {
        Self { node, place: Place::default() }
    }

    /// A value that is there.
    pub fn literal(value: Known) -> Self {
        Self::new(Node::Literal(value))
    }

    /// What an origin will deliver.
    pub fn origin(origin: Origin) -> Self {
        Self::new(Node::Origin(origin))
    }

    /// The same expression at a place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.place = Place(Some(span));
        self
    }

    /// The span of the expression, when it came from a file.
    pub fn span(&self) -> Option<Span> {
        self.place.0
    }

    /// The span of the part of a written-out value at a path, or of the smallest part around it that has one.
    pub fn span_at(&self, path: &Path) -> Option<Span> {
        let mut at = self;
        for segment in &path.0 {
            let next = match (&at.node, segment) {
                (Node::List(items), Segment::Index(index)) => items.get(*index),
                (Node::Object(entries), Segment::Key(name)) => {
                    entries.iter().find_map(|(key, value)| match &key.node {
                        Node::Literal(Value::String(text)) if text == name => Some(value),
                        _ => None,
                    })
                }
                _ => None,
            };
            let Some(next) = next else { break };
            at = next;
        }
        at.span().or(self.span())
    }

    /// The expressions directly within this one, in the order of writing.
    pub fn parts(&self) -> Vec<&Expression> {
        match &self.node {
            Node::Literal(_) | Node::Origin(_) | Node::Name(_) => Vec::new(),
            Node::Attribute(of, _) | Node::Unary(_, of) => vec![of],
            Node::Index(left, right) | Node::Binary(left, _, right) => vec![left, right],
            Node::Splat(of, steps) => {
                let indices = steps.iter().filter_map(|step| match step {
                    Step::Attribute(_) => None,
                    Step::Index(index) => Some(index),
                });
                [of.as_ref()].into_iter().chain(indices).collect()
            }
            Node::Template(items) | Node::List(items) | Node::Call { arguments: items, .. } => items.iter().collect(),
            Node::Object(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
            Node::Conditional(condition, then, otherwise) => vec![condition, then, otherwise],
            Node::For(each) => {
                let optional = [each.key.as_ref(), Some(&each.value), each.condition.as_ref()];
                [Some(&each.collection)].into_iter().chain(optional).flatten().collect()
            }
        }
    }

    /// The value as an expression: what is there as literals, holes as their residuals.
    pub fn from_partial(value: &super::value::Partial) -> Self {
        if let Some(known) = value.close() {
            return Self::literal(known);
        }
        match value {
            Value::List(items) => Self::new(Node::List(items.iter().map(Self::from_partial).collect())),
            Value::Map(entries) => {
                let entry = |(key, value): (&String, _)| (Self::literal(Value::string(key)), Self::from_partial(value));
                Self::new(Node::Object(entries.iter().map(entry).collect()))
            }
            Value::Secret(secret) => Self::from_partial(secret.expose()),
            Value::Hole(hole) => hole.residual.clone(),
            // Everything without parts or holes closes, and was answered above.
            _ => Self::literal(Value::Null),
        }
    }
}
