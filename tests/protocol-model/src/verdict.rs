//! Checking a protocol, and what came of it.

use std::collections::BTreeSet;

use stateright::{Checker, Expectation, Model};

use crate::model::{Action, ProtocolModel};
use crate::protocol::{Bounds, Protocol, STORIES};

/// What checking a protocol showed.
#[derive(Debug, Default)]
pub struct Verdict {
    /// How many different states were visited.
    pub states: usize,
    /// What was violated, with a shortest way there; the shortest first.
    pub violations: Vec<Violation>,
    /// What should have been seen, and was not: the check means nothing.
    pub unseen: Vec<&'static str>,
}

/// A property that does not hold.
#[derive(Debug)]
pub struct Violation {
    /// Which.
    pub property: &'static str,
    /// A shortest way to a state that shows it.
    pub trace: Vec<Action>,
}

/// Checks a protocol against an adversary, to the last state.
///
/// One thread, breadth first: so a trace is a shortest one, and everything is the same each time.
pub fn check(protocol: Protocol, bounds: Bounds) -> Verdict {
    let checker = ProtocolModel::new(protocol, bounds).checker().spawn_bfs().join();
    let mut discoveries = checker.discoveries();
    let mut verdict = Verdict { states: checker.unique_state_count(), ..Verdict::default() };
    for property in checker.model().properties() {
        match (&property.expectation, discoveries.remove(property.name)) {
            (Expectation::Always, Some(path)) => {
                verdict.violations.push(Violation { property: property.name, trace: path.into_actions() });
            }
            (Expectation::Sometimes, None) => verdict.unseen.push(property.name),
            _ => {}
        }
    }
    verdict.sort();
    verdict
}

/// Checks a protocol in every story: the states together, each violation by its shortest trace.
pub fn check_every_story(protocol: Protocol, clients: usize, resources: usize, failures: u8) -> Verdict {
    let verdicts = STORIES.map(|story| check(protocol, Bounds::new(story, clients, resources, failures)));
    verdicts.into_iter().fold(Verdict::default(), Verdict::and)
}

impl Verdict {
    /// Whether every property holds.
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }

    /// The names of what was violated.
    pub fn violated(&self) -> BTreeSet<&'static str> {
        self.violations.iter().map(|violation| violation.property).collect()
    }

    fn and(mut self, other: Self) -> Self {
        self.states += other.states;
        self.unseen.extend(other.unseen);
        self.violations.extend(other.violations);
        self.sort();
        let mut seen = BTreeSet::new();
        self.violations.retain(|violation| seen.insert(violation.property));
        self
    }

    fn sort(&mut self) {
        self.violations.sort_by_key(|violation| violation.trace.len());
    }
}
