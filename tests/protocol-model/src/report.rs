//! Results as the tables of `docs/formats/protocol.md`.

use crate::protocol::Protocol;
use crate::variants::{CLASSES, GUARDS, Variant};
use crate::verdict::{Verdict, check_every_story};

/// How many runs, resources and failures the adversary has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Runs.
    pub clients: usize,
    /// Resources.
    pub resources: usize,
    /// Crashes, and departures without publishing.
    pub failures: u8,
}

/// What `cargo test` visits, and what the page shows.
pub const SMALL: Size = Size { clients: 3, resources: 1, failures: 1 };

impl Size {
    /// Checks a protocol in every story.
    pub fn check(self, protocol: Protocol) -> Verdict {
        check_every_story(protocol, self.clients, self.resources, self.failures)
    }
}

/// A variant, and what checking it showed.
#[derive(Debug)]
pub struct Checked {
    /// The variant.
    pub variant: Variant,
    /// What came of it.
    pub verdict: Verdict,
}

/// Checks variants in every story.
pub fn checked(variants: Vec<Variant>, size: Size) -> Vec<Checked> {
    let check = |variant: Variant| Checked { verdict: size.check(variant.protocol), variant };
    variants.into_iter().map(check).collect()
}

/// [`crate::variants::matrix`] as a table: one row per class of resources, one column per lock.
pub fn matrix(checked: &[Checked]) -> Vec<String> {
    let mut lines = header("found again by", &GUARDS.map(|guard| guard.name));
    for ((name, _), cells) in CLASSES.iter().zip(checked.chunks(GUARDS.len())) {
        let results = cells.iter().map(|checked| cell(&checked.verdict));
        lines.push(row(&[(*name).to_owned()].into_iter().chain(results).collect::<Vec<_>>()));
    }
    lines
}

/// One row per variant, with what catches it.
pub fn list(checked: &[Checked]) -> Vec<String> {
    let mut lines = header("variant", &["result"]);
    lines.extend(checked.iter().map(|checked| row(&[checked.variant.name.clone(), cell(&checked.verdict)])));
    lines
}

/// What came of a check, in a few words: the number of states, or each violated property with the length of a shortest trace.
pub fn cell(verdict: &Verdict) -> String {
    if verdict.holds() {
        return format!("holds ({})", grouped(verdict.states));
    }
    let violations =
        verdict.violations.iter().map(|violation| format!("{} {}", violation.property, violation.trace.len()));
    violations.collect::<Vec<_>>().join(", ")
}

/// A number with its thousands set apart.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The first two lines of a table.
pub fn header(first: &str, others: &[&str]) -> Vec<String> {
    let titles: Vec<String> = [first].iter().chain(others).map(|title| (*title).to_owned()).collect();
    vec![row(&titles), row(&vec!["---".to_owned(); titles.len()])]
}

/// One line of a table.
pub fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}
