//! What one evaluation may cost, so that no stack file can exhaust the machine.

use super::Outcome;
use super::halt::Halt;
use crate::model::diagnostic::Span;
use crate::model::expression::Expression;
use crate::model::value::{Partial, Value};

/// Steps of one evaluation: a node visited, or 256 bytes of a result. A choice of this project; seconds of work.
/// Tests run into the limit and have less.
const MAX_STEPS: u64 = if cfg!(test) { 300_000 } else { 10_000_000 };
/// The deepest nesting of an evaluation. In a debug build the hungriest nodes fill a stack of 2 MiB with little more.
pub(super) const MAX_DEPTH: usize = 128;
/// The deepest nesting of a residual: what one text may have, so that it can be evaluated again.
const MAX_RESIDUAL_DEPTH: usize = crate::language::parse_expression::MAX_DEPTH;
/// The largest value, in bytes, counting 64 for each part. A choice of this project.
/// Tests run into the limit and have less.
pub(crate) const MAX_SIZE: usize = if cfg!(test) { 2 } else { 256 } * 1024 * 1024;
/// The most nodes in a residual: it is stored with the resource.
const MAX_RESIDUAL: usize = 100_000;

/// What is left to spend.
#[derive(Debug)]
pub(super) struct Budget {
    steps: u64,
    depth: usize,
}

impl Budget {
    pub fn new() -> Self {
        Self { steps: 0, depth: 0 }
    }

    /// One node deeper.
    pub fn enter(&mut self, span: Option<Span>) -> Result<(), Halt> {
        self.spend(1, span)?;
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        Err(refused("the evaluation is nested too deeply", span))
    }

    /// One node back.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Takes steps away.
    pub fn spend(&mut self, steps: usize, span: Option<Span>) -> Result<(), Halt> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps <= MAX_STEPS {
            return Ok(());
        }
        Err(refused(&format!("the evaluation takes more than {MAX_STEPS} steps"), span))
    }

    /// The value, when it is not too large.
    pub fn measured(&mut self, value: Partial, span: Option<Span>) -> Outcome {
        let size = size_of(&value);
        self.spend(size / 256, span)?;
        if size <= MAX_SIZE {
            return Ok(value);
        }
        Err(refused(&format!("the value has more than {} MiB", MAX_SIZE >> 20), span))
    }

    /// The residual, when it can be stored and evaluated again.
    pub fn residual(&mut self, expression: Expression, span: Option<Span>) -> Result<Expression, Halt> {
        let mut nodes = 0;
        let fits = fits(&expression, 1, &mut nodes);
        self.spend(nodes, span)?;
        if fits {
            return Ok(expression);
        }
        Err(refused("too much of the value depends on what is known only after apply", span))
    }
}

fn refused(detail: &str, span: Option<Span>) -> Halt {
    let halt = Halt::new("evaluation-limit", "an expression asks for too much", detail, span);
    Halt { fatal: true, ..halt }.help("make the expression smaller; what is that large belongs in a file")
}

/// The size of a value in bytes, as the limit counts it.
pub(crate) fn size_of(value: &Partial) -> usize {
    let parts = match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(size_of).fold(0, usize::saturating_add),
        Value::Map(entries) => {
            entries.iter().map(|(key, item)| key.len() + size_of(item)).fold(0, usize::saturating_add)
        }
        Value::Secret(secret) => size_of(secret.expose()),
        _ => 0,
    };
    parts.saturating_add(64)
}

/// Whether an expression stays within the bounds of a residual; stops counting where it does not.
fn fits(expression: &Expression, depth: usize, nodes: &mut usize) -> bool {
    *nodes += 1;
    depth <= MAX_RESIDUAL_DEPTH
        && *nodes <= MAX_RESIDUAL
        && expression.parts().into_iter().all(|part| fits(part, depth + 1, nodes))
}
