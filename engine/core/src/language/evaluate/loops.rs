//! `for` expressions.

use std::collections::BTreeMap;

use super::halt::Halt;
use super::residual::{Speculation, origins, type_of};
use super::text::scalar_text;
use super::{Evaluator, Outcome, secret};
use crate::model::diagnostic::Span;
use crate::model::expression::{Expression, For, Node};
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};

/// What a loop has collected so far.
enum Collected {
    List(Vec<Partial>),
    Object(BTreeMap<String, Partial>),
    Groups(BTreeMap<String, Vec<Partial>>),
}

/// Why a loop over a known collection cannot be unrolled: its keys or conditions wait for something.
enum Unrolled {
    Known(Partial),
    Waits(BTreeMap<Origin, Awaits>),
}

/// What is left of the parts of a loop.
struct Body {
    key: Option<Speculation>,
    value: Speculation,
    condition: Option<Speculation>,
}

impl Evaluator<'_> {
    pub(super) fn for_each(&mut self, parts: &For, span: Option<Span>) -> Outcome {
        let collection = self.evaluate(&parts.collection)?;
        let (hidden, is_secret) = match &collection {
            Value::Secret(hidden) => (hidden.expose(), true),
            plain => (plain, false),
        };
        let elements: Vec<(Partial, Partial)> = match hidden {
            Value::Hole(_) => return self.open_loop(parts, &collection, BTreeMap::new(), span),
            Value::List(items) => {
                items.iter().enumerate().map(|(at, item)| (Value::number(at), item.clone())).collect()
            }
            Value::Map(entries) => entries.iter().map(|(key, value)| (Value::string(key), value.clone())).collect(),
            other => {
                let detail = format!("`for` takes a list or a map, not {}", other.type_name());
                let place = parts.collection.span();
                return Err(Halt::new("wrong-type", "a value has the wrong type", detail, place));
            }
        };
        let elements = match is_secret {
            true => elements.iter().map(|(key, value)| (secret(key), secret(value))).collect(),
            false => elements,
        };
        match self.unroll(parts, elements, span)? {
            Unrolled::Known(value) if !is_secret => Ok(value),
            Unrolled::Known(value) if value.holes().is_empty() => Ok(secret(&value)),
            Unrolled::Known(value) => self.open_loop(parts, &collection, value.origins(), span),
            Unrolled::Waits(origins) => self.open_loop(parts, &collection, origins, span),
        }
    }

    fn unroll(&mut self, parts: &For, elements: Vec<(Partial, Partial)>, span: Option<Span>) -> Result<Unrolled, Halt> {
        let mut touched = false;
        let mut collected = match (&parts.key, parts.grouping) {
            (None, _) => Collected::List(Vec::new()),
            (Some(_), false) => Collected::Object(BTreeMap::new()),
            (Some(_), true) => Collected::Groups(BTreeMap::new()),
        };
        for (key, value) in elements {
            let depth = self.bind(parts, key, value);
            let turn = self.turn(parts, &mut collected, &mut touched);
            self.bound.truncate(depth);
            if let Some(waits) = turn? {
                return Ok(Unrolled::Waits(waits));
            }
        }
        let value = match collected {
            Collected::List(items) => Value::List(items),
            Collected::Object(entries) => Value::Map(entries),
            Collected::Groups(groups) => {
                Value::Map(groups.into_iter().map(|(key, items)| (key, Value::List(items))).collect())
            }
        };
        let value = self.budget.measured(value, span)?;
        Ok(match (touched, value.holes().is_empty()) {
            (false, _) => Unrolled::Known(value),
            (true, true) => Unrolled::Known(secret(&value)),
            (true, false) => Unrolled::Waits(value.origins()),
        })
    }

    fn bind(&mut self, parts: &For, key: Partial, value: Partial) -> usize {
        let depth = self.bound.len();
        self.bound.extend(parts.key_name.iter().map(|name| (name.clone(), key.clone())));
        self.bound.push((parts.value_name.clone(), value));
        depth
    }

    /// One element; answers with what its condition or key waits for.
    fn turn(
        &mut self,
        parts: &For,
        collected: &mut Collected,
        touched: &mut bool,
    ) -> Result<Option<BTreeMap<Origin, Awaits>>, Halt> {
        if let Some(condition) = &parts.condition {
            let decision = self.evaluate(condition)?;
            match condition_holds(&decision, touched, condition.span())? {
                None => return Ok(Some(decision.origins())),
                Some(false) => return Ok(None),
                Some(true) => {}
            }
        }
        let key = match &parts.key {
            None => None,
            Some(written) => {
                let key = self.evaluate(written)?;
                match key_text(&key, touched, written.span())? {
                    None => return Ok(Some(key.origins())),
                    key => key,
                }
            }
        };
        let value = self.evaluate(&parts.value)?;
        match (collected, key) {
            (Collected::List(items), _) => items.push(value),
            (Collected::Object(entries), Some(key)) => {
                if entries.insert(key.clone(), value).is_some() {
                    return Err(twice(&key, *touched, parts.key.as_ref().and_then(Expression::span)));
                }
            }
            (Collected::Groups(groups), Some(key)) => groups.entry(key).or_default().push(value),
            (_, None) => {}
        }
        Ok(None)
    }

    /// The loop as a residual: what it refers to is filled in, what it binds stays a name.
    fn open_loop(
        &mut self,
        parts: &For,
        collection: &Partial,
        waits: BTreeMap<Origin, Awaits>,
        span: Option<Span>,
    ) -> Outcome {
        let mut origins = origins([collection]);
        origins.extend(waits);
        let (key_ty, value_ty) = element_types(&type_of(collection));
        let symbols = self.symbols.len();
        let key_name = parts.key_name.as_ref().map(|name| self.fresh(name));
        let value_name = self.fresh(&parts.value_name);
        let symbol = |name: &str, ty: Type| {
            let residual = Expression::new(Node::Name(name.to_owned()));
            Value::Hole(Box::new(Hole { residual, ty, prefix: String::new(), origins: origins.clone() }))
        };
        let key = symbol(key_name.as_deref().unwrap_or_default(), key_ty);
        let value = symbol(&value_name, value_ty);
        let depth = self.bind(parts, key, value);
        // Its frames are twice as large as others, so it counts twice.
        self.budget.enter(span)?;
        let body = self.open_body(parts);
        self.budget.leave();
        self.bound.truncate(depth);
        self.symbols.truncate(symbols);
        let mut body = body?;
        let ty = if body.key.is_some() { Type::map(Type::Any) } else { Type::list(Type::Any) };
        for part in [body.key.as_mut(), Some(&mut body.value), body.condition.as_mut()].into_iter().flatten() {
            origins.append(&mut part.origins);
        }
        let each = For {
            key_name,
            value_name,
            collection: Expression::from_partial(collection),
            key: body.key.map(|key| key.residual),
            value: body.value.residual,
            condition: body.condition.map(|condition| condition.residual),
            grouping: parts.grouping,
        };
        self.hole(Node::For(Box::new(each)), ty, String::new(), origins, span)
    }

    fn open_body(&mut self, parts: &For) -> Result<Body, Halt> {
        let key = parts.key.as_ref().map(|key| self.speculate(key)).transpose()?;
        let condition = parts.condition.as_ref().map(|condition| self.speculate(condition)).transpose()?;
        Ok(Body { key, value: self.speculate(&parts.value)?, condition })
    }

    /// A name that no residual loop around this one binds, so that nothing is captured.
    fn fresh(&mut self, name: &str) -> String {
        let mut fresh = name.to_owned();
        while self.symbols.contains(&fresh) {
            fresh.push('\'');
        }
        self.symbols.push(fresh.clone());
        fresh
    }
}

fn element_types(collection: &Type) -> (Type, Type) {
    match collection {
        Type::List(element) => (Type::Number, (**element).clone()),
        Type::Map(element) => (Type::String, (**element).clone()),
        Type::Object(_) => (Type::String, Type::Any),
        _ => (Type::Any, Type::Any),
    }
}

/// The text of a key of an object; nothing while it is not known.
pub(super) fn key_text(key: &Partial, touched: &mut bool, span: Option<Span>) -> Result<Option<String>, Halt> {
    let shown = match key {
        Value::Hole(_) => return Ok(None),
        Value::Secret(hidden) => {
            *touched = true;
            hidden.expose()
        }
        plain => plain,
    };
    scalar_text(shown).map(Some).ok_or_else(|| {
        let detail = format!("the key of an object is a text, not {}", shown.type_name());
        Halt::new("wrong-type", "a value has the wrong type", detail, span)
    })
}

fn condition_holds(value: &Partial, touched: &mut bool, span: Option<Span>) -> Result<Option<bool>, Halt> {
    match value {
        Value::Hole(_) => Ok(None),
        Value::Secret(hidden) => {
            *touched = true;
            condition_holds(hidden.expose(), touched, span)
        }
        Value::Bool(truth) => Ok(Some(*truth)),
        Value::String(text) if text == "true" || text == "false" => Ok(Some(text == "true")),
        other => {
            let detail = format!("the condition of `for` must be a truth value, not {}", other.type_name());
            Err(Halt::new("wrong-type", "a value has the wrong type", detail, span))
        }
    }
}

fn twice(key: &str, is_secret: bool, span: Option<Span>) -> Halt {
    let detail = match is_secret {
        true => "two elements have the same key".to_owned(),
        false => format!("two elements have the key `{key}`"),
    };
    Halt::new("duplicate-key", "a key occurs twice", detail, span)
        .help("write `...` after the value to collect the values of one key into a list")
}
