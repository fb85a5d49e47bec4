//! Worlds from seeds: random stacks that change, in a cloud where things go wrong, with runs that are killed.

use std::fmt::Write;

use siac_core::model::snapshot::Status;
use siac_test_kit::chance::Dice;
use siac_test_kit::cloud::DRAIN;
use siac_test_kit::cloud::mishap::{Mishaps, Odds};
use siac_test_kit::network::Strike;

use crate::house::{House, Storage, Wish, stack};

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
    panic: 0,
    hang: 5,
    late: 30,
};

/// How many exchanges a run of these stacks has, roughly: strikes fall into this range.
const STEPS: u64 = 60;

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

/// Lives one world; answers with what was not as it must be.
pub fn live_one(seed: u64) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let storage = if dice.permille(700) { Storage::Local } else { Storage::Remote };
    let house = House::new(storage, seed);
    let mut growing = Growing::default();
    for generation in 0..=dice.below(3) {
        growing.grow(&mut dice);
        let on_failure = if dice.permille(500) { "rollback" } else { "halt" };
        let wish = Wish::Stack(stack(&growing.text(on_failure)));
        match live_generation(&house, &wish, &mut dice) {
            Ok(wrong) if wrong.is_empty() => {}
            Ok(wrong) => return told(generation, wrong),
            Err(why) => return told(generation, vec![why]),
        }
    }
    Vec::new()
}

fn told(generation: u64, wrong: Vec<String>) -> Vec<String> {
    wrong.into_iter().map(|line| format!("generation {generation}: {line}")).collect()
}

/// A run or two in bad weather, then two in good weather.
fn live_generation(house: &House, wish: &Wish, dice: &mut Dice) -> Result<Vec<String>, String> {
    house.cloud.set_mishaps(Mishaps::seeded(dice.next(), ODDS));
    for _ in 0..=dice.below(2) {
        let strike = strike(dice);
        // How it ends does not matter: what it leaves does.
        drop(house.run(wish, strike));
    }
    house.cloud.set_mishaps(Mishaps::none());
    let good = house.run_well(wish)?;
    let mut wrong = house.violations(&good.snapshot);
    if good.status.is_some_and(|status| status != Status::Complete) {
        wrong.push(format!("a run in good weather ended {:?}: {:?}", good.status, good.failures));
    }
    let again = house.run_well(wish)?;
    if again.status.is_some() {
        wrong.push(format!("there was still something to do: {:?}", again.actions));
    }
    Ok(wrong)
}

fn strike(dice: &mut Dice) -> Option<(usize, Strike)> {
    let step = usize::try_from(dice.below(STEPS)).unwrap_or_default();
    let late = std::time::Duration::from_millis(dice.below(DRAIN.as_millis() as u64 - 1_000));
    match dice.below(5) {
        0 => Some((step, Strike::Before)),
        1 => Some((step, Strike::After)),
        2 => Some((step, Strike::LostAnswer)),
        3 => Some((step, Strike::InFlight(late))),
        _ => None,
    }
}
