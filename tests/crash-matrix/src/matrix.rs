//! Every exchange of a scenario, struck in every way.

use std::fmt;
use std::time::Duration;

use siac_core::model::snapshot::Status;
use siac_test_kit::cloud::mishap::Mishaps;
use siac_test_kit::network::Strike;
use siac_test_kit::process::Life;

use crate::house::{House, Wish};
use crate::scenario::Scenario;

/// Every way to strike. What travels arrives later than the next run begins, and before the drain is over.
pub const STRIKES: [Strike; 4] =
    [Strike::Before, Strike::After, Strike::LostAnswer, Strike::InFlight(Duration::from_secs(20))];

/// What the matrix found in one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The scenario's name.
    pub name: &'static str,
    /// How many exchanges its run has when nothing happens.
    pub steps: usize,
    /// How often it was run with strikes.
    pub runs: usize,
    /// What was not as it must be, each with its strike.
    pub violations: Vec<String>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:32} {:6} {:8} {:11}", self.name, self.steps, self.runs, self.violations.len())
    }
}

/// The table's head.
pub const HEAD: &str = "scenario                          steps     runs  violations";

/// Strikes each exchange of the scenario once, in every way.
pub fn strike_each(scenario: &Scenario) -> Row {
    let mut row = Row { name: scenario.name, steps: 0, runs: 0, violations: Vec::new() };
    let counted = scenario.build().and_then(|built| Ok((count(&built.fork(), &scenario.wish)?, built)));
    let (steps, built) = match counted {
        Ok(counted) => counted,
        Err(why) => return Row { violations: vec![why], ..row },
    };
    row.steps = steps;
    for strike in every(steps, &STRIKES) {
        row.runs += 1;
        let house = built.fork();
        struck(&house, &scenario.wish, strike);
        row.violations.extend(judged(&house, &scenario.wish, &place(strike)));
    }
    row
}

/// Strikes the scenario's run at each exchange, and its successor at each of its own.
pub fn strike_each_twice(scenario: &Scenario, firsts: &[Strike], seconds: &[Strike]) -> Row {
    let mut row = Row { name: scenario.name, steps: 0, runs: 0, violations: Vec::new() };
    let counted = scenario.build().and_then(|built| Ok((count(&built.fork(), &scenario.wish)?, built)));
    let (steps, built) = match counted {
        Ok(counted) => counted,
        Err(why) => return Row { violations: vec![why], ..row },
    };
    row.steps = steps;
    for first in every(steps, firsts) {
        let once = built.fork();
        struck(&once, &scenario.wish, first);
        // A copy in which nothing travels any more tells how many exchanges there are to strike.
        let left = count(&once.fork(), &scenario.wish);
        row.violations.extend(left.as_ref().err().map(|why| format!("{}: {why}", place(first))));
        for second in every(left.unwrap_or_default(), seconds) {
            row.runs += 1;
            let house = built.fork();
            struck(&house, &scenario.wish, first);
            struck(&house, &scenario.wish, second);
            let place = format!("{}, then {}", place(first), place(second));
            row.violations.extend(judged(&house, &scenario.wish, &place));
        }
    }
    row
}

/// Each of so many exchanges with each strike.
fn every(steps: usize, strikes: &[Strike]) -> impl Iterator<Item = (usize, Strike)> + use<'_> {
    (0..steps).flat_map(move |step| strikes.iter().map(move |strike| (step, *strike)))
}

fn place((step, strike): (usize, Strike)) -> String {
    format!("step {step} {strike}")
}

/// How many exchanges the run has when nothing happens.
fn count(house: &House, wish: &Wish) -> Result<usize, String> {
    match house.run(wish, []) {
        Life::Finished(Ok(_)) => Ok(house.trace().len()),
        other => Err(format!("without a strike: {other:?}")),
    }
}

/// A run with a strike. How it ends does not matter: what it leaves does.
fn struck(house: &House, wish: &Wish, strike: (usize, Strike)) {
    drop(house.run(wish, [strike]));
    house.cloud.set_mishaps(Mishaps::none());
}

fn judged(house: &House, wish: &Wish, place: &str) -> Vec<String> {
    let wrong = aftermath(house, wish).unwrap_or_else(|why| vec![why]);
    wrong.into_iter().map(|line| format!("{place}: {line}")).collect()
}

/// After the strike: recovery tells the truth, the next run does what is wanted, and the one after it finds nothing to do.
///
/// # Errors
/// When a run that nothing happens to does not end well.
pub fn aftermath(house: &House, wish: &Wish) -> Result<Vec<String>, String> {
    let recovered = house.run_well(&Wish::Recover).map_err(|why| format!("recovery: {why}"))?;
    let mut wrong = house.violations(&recovered.snapshot);
    wrong.iter_mut().for_each(|line| line.insert_str(0, "after recovery: "));

    let applied = house.run_well(wish).map_err(|why| format!("second run: {why}"))?;
    if applied.status.is_some_and(|status| status != Status::Complete) {
        wrong.push(format!("the second run ended {:?}: {:?}", applied.status, applied.failures));
    }
    wrong.extend(house.violations(&applied.snapshot));

    let again = house.run_well(wish).map_err(|why| format!("third run: {why}"))?;
    if again.status.is_some() {
        wrong.push(format!("the third run still had something to do: {:?}", again.actions));
    }
    Ok(wrong)
}
