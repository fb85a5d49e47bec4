//! What planning is asked, and what it answers.

use std::collections::BTreeMap;

use super::questions::Question;
use crate::model::address::AddressPattern;
use crate::model::diagnostic::{Diagnostics, SourceMap};
use crate::model::identity::SnapshotId;
use crate::model::plan::{Plan, PlanMode};
use crate::model::snapshot::Snapshot;
use crate::model::stack::Stack;
use crate::ports::Catalogues;

/// Everything that a plan is made from, besides the answers to its questions.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// How the world should be.
    pub goal: Goal<'a>,
    /// The state that the plan starts from; [`Snapshot::empty`] before the first deployment.
    pub snapshot: &'a Snapshot,
    /// The id of that snapshot; `None` before the first deployment.
    pub base_id: Option<SnapshotId>,
    /// What the providers of this build offer.
    pub catalogues: &'a Catalogues,
    /// The files of the stack, for places in reasons; empty where no stack was read.
    pub sources: &'a SourceMap,
    /// What the user asked for besides.
    pub options: &'a Options,
}

/// How the world should be.
#[derive(Debug, Clone, Copy)]
pub enum Goal<'a> {
    /// As this stack wants it.
    Stack(&'a Stack),
    /// As this kept snapshot remembers it.
    Snapshot(&'a Snapshot),
    /// Empty: everything that is remembered is deleted.
    Nothing,
}

/// What the user asked for besides the goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Only these, and what they depend on; all when empty. Patterns may lack keys.
    pub targets: Vec<AddressPattern>,
    /// Not these, nor what depends on them. Patterns may lack keys.
    pub excludes: Vec<AddressPattern>,
    /// Replace these even when nothing asks for it. Patterns may lack keys.
    pub replace: Vec<AddressPattern>,
    /// Look at every remembered object first.
    pub refresh: bool,
    /// Ask the world nothing: what is remembered stands, and data are read during apply.
    pub offline: bool,
    /// Only record what the world looks like.
    pub refresh_only: bool,
    /// Delete everything, whatever the goal wants.
    pub destroy: bool,
    /// Let rollback delete or replace objects that hold data.
    pub allow_data_loss: bool,
    /// Feature flags that differ from their defaults.
    pub flags: BTreeMap<String, bool>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            excludes: Vec::new(),
            replace: Vec::new(),
            refresh: true,
            offline: false,
            refresh_only: false,
            destroy: false,
            allow_data_loss: false,
            flags: BTreeMap::new(),
        }
    }
}

/// What planning came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The plan, and warnings.
    Done(Box<Plan>, Diagnostics),
    /// These must be answered first; never empty, never asked twice when answered.
    Asks(Vec<Question>),
    /// It cannot be planned; at least one of these is an error.
    Refused(Diagnostics),
}

impl Request<'_> {
    /// What the plan is asked to do.
    pub fn mode(&self) -> PlanMode {
        match self.goal {
            _ if self.options.refresh_only => PlanMode::RefreshOnly,
            _ if self.options.destroy => PlanMode::Destroy,
            Goal::Nothing => PlanMode::Destroy,
            Goal::Snapshot(kept) => PlanMode::Rollback { to: kept.serial },
            Goal::Stack(_) => PlanMode::Apply,
        }
    }

    /// Whether remembered objects are looked at.
    pub fn looks(&self) -> bool {
        self.options.refresh && !self.options.offline
    }
}
