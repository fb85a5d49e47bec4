//! Worlds from seeds: random stacks that change, in a cloud where things go wrong, with runs that are killed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use siac_core::model::snapshot::Status;
use siac_test_kit::chance::Dice;
use siac_test_kit::cloud::DRAIN;
use siac_test_kit::cloud::mishap::{Mishaps, Odds};
use siac_test_kit::network::Strike;

use crate::house::{End, House, Storage, Wish, stack};
use crate::recipe::Report;

/// Kinds whose open calls can always be settled.
const KINDS: [&str; 6] = ["fake_token", "fake_put", "fake_name", "fake_tag", "fake_secret", "fake_table"];

/// What goes wrong with the calls of a seed's runs.
const ODDS: Odds = Odds {
    throttled: 20,
    transient: 20,
    not_yet: 10,
    lost: 30,
    partial: 10,
    rejected: 10,
    panic: 5,
    hang: 5,
    late: 30,
};

/// How many exchanges a run of these stacks has, roughly: strikes fall into this range.
const STEPS: u64 = 40;

/// One resource of a random stack.
#[derive(Debug, Clone)]
struct Resource {
    number: usize,
    kind: &'static str,
    size: u64,
    zone: u64,
    create_first: bool,
    /// The earlier resource whose identity or revision it refers to.
    link: Option<(usize, &'static str)>,
}

/// A stack that changes by chance.
#[derive(Debug, Default)]
struct Growing {
    resources: Vec<Resource>,
    made: usize,
}

impl Growing {
    fn grow(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.below(3) {
            self.add(dice);
        }
        let count = self.resources.len() as u64;
        for _ in 0..dice.below(3) {
            let at = usize::try_from(dice.below(count)).unwrap_or_default();
            self.change(at, dice);
        }
        if count > 6 || dice.permille(300) {
            self.drop_one(dice);
        }
    }

    fn add(&mut self, dice: &mut Dice) {
        let kind = dice.pick(&KINDS).copied().unwrap_or("fake_token");
        let is_named = matches!(kind, "fake_put" | "fake_name" | "fake_table");
        let earlier: Vec<usize> = self.resources.iter().map(|resource| resource.number).collect();
        let attribute = if dice.permille(500) { "id" } else { "stamp" };
        let link = dice.pick(&earlier).copied().filter(|_| dice.permille(700)).map(|number| (number, attribute));
        let (number, create_first) = (self.made, !is_named && dice.permille(400));
        self.made += 1;
        self.resources.push(Resource { number, kind, size: 1, zone: 1, create_first, link });
    }

    fn change(&mut self, at: usize, dice: &mut Dice) {
        let Some(resource) = self.resources.get_mut(at) else { return };
        match dice.below(3) {
            0 | 1 => resource.size += 1,
            // What holds data may not be replaced by rollback; it is left where it is.
            _ if resource.kind == "fake_table" => resource.size += 1,
            _ => resource.zone += 1,
        }
    }

    fn drop_one(&mut self, dice: &mut Dice) {
        let is_needed =
            |number: usize| self.resources.iter().any(|other| other.link.is_some_and(|(to, _)| to == number));
        let free: Vec<usize> =
            self.resources.iter().map(|resource| resource.number).filter(|number| !is_needed(*number)).collect();
        if let Some(gone) = dice.pick(&free).copied() {
            self.resources.retain(|resource| resource.number != gone);
        }
    }

    fn holds_data(&self) -> bool {
        self.resources.iter().any(|resource| resource.kind == "fake_table")
    }

    fn text(&self, on_failure: &str) -> String {
        let mut text = format!("on_failure = \"{on_failure}\"\n");
        for resource in &self.resources {
            self.write(&mut text, resource);
        }
        text
    }

    fn write(&self, text: &mut String, resource: &Resource) {
        let Resource { number, kind, size, zone, create_first, link } = resource;
        // Writing to a string never fails.
        let _ =
            writeln!(text, "[resource.{kind}.r{number}]\nname = \"n{number}\"\nsize = {size}\nzone = \"zone-{zone}\"");
        let target = link.and_then(|(to, attribute)| {
            let target = self.resources.iter().find(|other| other.number == to)?;
            Some(format!("{}.r{to}.{attribute}", target.kind))
        });
        if let Some(target) = target {
            let _ = writeln!(text, "link = \"${{{target}}}\"");
        }
        if *create_first {
            let _ = writeln!(text, "lifecycle = {{ create_before_destroy = true }}");
        }
    }
}

/// What happened in a world, or in many: to see that what can happen does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How runs in bad weather ended, in words.
    pub ends: BTreeMap<String, usize>,
    /// Calls of dead runs that were settled.
    pub settled: usize,
    /// What was not as it must be.
    pub wrong: Vec<String>,
}

impl Tally {
    /// Both.
    pub fn add(&mut self, other: Tally) {
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        self.settled += other.settled;
        self.wrong.extend(other.wrong);
    }

    fn count(&mut self, end: &End) {
        let words = match end {
            End::Died => "killed".to_owned(),
            End::Hung => "hung".to_owned(),
            End::Finished(Err(_)) => "gave up".to_owned(),
            End::Finished(Ok(Report { status: None, .. })) => "nothing to do".to_owned(),
            End::Finished(Ok(Report { status: Some(status), .. })) => format!("{status:?}").to_lowercase(),
        };
        self.settled += if let End::Finished(Ok(report)) = end { report.settled } else { 0 };
        *self.ends.entry(words).or_default() += 1;
    }
}

/// Lives one world: a few generations of a stack, now and then a rollback, and at last, now and then, the end of everything.
pub fn live_one(seed: u64) -> Tally {
    let mut dice = Dice::new(seed);
    let storage = if dice.permille(700) { Storage::Local } else { Storage::Remote };
    let house = House::new(storage, seed);
    let mut growing = Growing::default();
    let mut tally = Tally::default();
    let mut good = Vec::new();
    for generation in 0..=dice.below(3) {
        growing.grow(&mut dice);
        let wish = wish(&growing, &good, &mut dice);
        match live_generation(&house, &wish, &mut dice, &mut tally) {
            Ok(0) => {}
            Ok(serial) => good.push(serial),
            Err(why) => tally.wrong.push(why),
        }
        if !tally.wrong.is_empty() {
            tally.wrong.iter_mut().for_each(|line| line.insert_str(0, &format!("generation {generation}: ")));
            break;
        }
    }
    tally
}

/// Mostly the stack as it is now; now and then a state that was good before, or nothing.
fn wish(growing: &Growing, good: &[u64], dice: &mut Dice) -> Wish {
    let before = dice.pick(good).copied().filter(|_| dice.permille(150));
    match before {
        // Rollback keeps what holds data, so that it is tried only where nothing does.
        Some(serial) if !growing.holds_data() => Wish::Rollback(serial),
        _ if dice.permille(50) => Wish::Nothing,
        _ => {
            let on_failure = if dice.permille(500) { "rollback" } else { "halt" };
            Wish::Stack(stack(&growing.text(on_failure)))
        }
    }
}

/// A run or two in bad weather, then two in good weather. Answers with the serial that is good now.
fn live_generation(house: &House, wish: &Wish, dice: &mut Dice, tally: &mut Tally) -> Result<u64, String> {
    house.cloud.set_mishaps(Mishaps::seeded(dice.next(), ODDS));
    for _ in 0..=dice.below(2) {
        let end = house.run(wish, strike(dice));
        tally.count(&end);
        if end == End::Hung {
            return Err("a run hung".to_owned());
        }
    }
    house.cloud.set_mishaps(Mishaps::none());
    let good = house.run_well(wish)?;
    tally.settled += good.settled;
    tally.wrong.extend(house.violations(&good.snapshot));
    if good.status.is_some_and(|status| status != Status::Complete) {
        tally.wrong.push(format!("a run in good weather ended {:?}: {:?}", good.status, good.failures));
    }
    let again = house.run_well(wish)?;
    if again.status.is_some() {
        tally.wrong.push(format!("there was still something to do: {:?}", again.actions));
    }
    Ok(again.snapshot.serial)
}

fn strike(dice: &mut Dice) -> Option<(usize, Strike)> {
    let step = usize::try_from(dice.below(STEPS)).unwrap_or_default();
    let late = Duration::from_millis(dice.below(DRAIN.as_millis() as u64 - 1_000));
    match dice.below(5) {
        0 => Some((step, Strike::Before)),
        1 => Some((step, Strike::After)),
        2 => Some((step, Strike::LostAnswer)),
        3 => Some((step, Strike::InFlight(late))),
        _ => None,
    }
}
