//! What goes wrong in the cloud besides killed processes: by a script, or by chance from a seed.

use std::time::Duration;

use siac_core::model::address::ResourceAddress;

use super::{CloudVerb, DRAIN};
use crate::chance::Dice;

/// One thing that goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The cloud asks for less; nothing changes.
    Throttled,
    /// A passing failure; nothing changes.
    Transient,
    /// Something is not visible yet; nothing changes.
    NotYet,
    /// The effect happens, the answer is lost.
    LostAnswer,
    /// The effect happens, but not to the end. Only for create and update; otherwise like [`Mishap::Transient`].
    Partial,
    /// The cloud says no; nothing changes.
    Rejected,
    /// The effect happens, and the provider panics.
    Panic,
    /// Nothing happens, for ever.
    Hang,
    /// The request takes effect so much later.
    Late(Duration),
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub struct Mishaps(Source);

#[derive(Debug, Clone)]
enum Source {
    None,
    Script(Vec<Line>),
    Chance(Box<Dice>, Odds),
}

/// One line of a script.
#[derive(Debug, Clone)]
struct Line {
    address: Option<ResourceAddress>,
    verb: Option<CloudVerb>,
    /// How many matching calls go well before.
    skip: u32,
    mishap: Mishap,
    /// How many calls it befalls.
    times: u32,
}

/// How often things go wrong, each in a thousand calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Odds {
    /// Of [`Mishap::Throttled`].
    pub throttled: u64,
    /// Of [`Mishap::Transient`].
    pub transient: u64,
    /// Of [`Mishap::NotYet`].
    pub not_yet: u64,
    /// Of [`Mishap::LostAnswer`].
    pub lost: u64,
    /// Of [`Mishap::Partial`].
    pub partial: u64,
    /// Of [`Mishap::Rejected`].
    pub rejected: u64,
    /// Of [`Mishap::Panic`].
    pub panic: u64,
    /// Of [`Mishap::Hang`].
    pub hang: u64,
    /// Of [`Mishap::Late`], by less than [`DRAIN`].
    pub late: u64,
}

impl Mishaps {
    /// Nothing.
    pub fn none() -> Self {
        Self(Source::None)
    }

    /// What the lines that are added to it say.
    pub fn script() -> Self {
        Self(Source::Script(Vec::new()))
    }

    /// By chance.
    pub fn seeded(seed: u64, odds: Odds) -> Self {
        Self(Source::Chance(Box::new(Dice::new(seed)), odds))
    }

    /// The same, and this befalls `times` calls of a verb for an address, after `skip` of them went well.
    #[must_use]
    pub fn then(mut self, address: &ResourceAddress, verb: CloudVerb, skip: u32, mishap: Mishap, times: u32) -> Self {
        if let Source::Script(lines) = &mut self.0 {
            lines.push(Line { address: Some(address.clone()), verb: Some(verb), skip, mishap, times });
        }
        self
    }

    /// The same, and this befalls the next `times` calls of whatever kind.
    #[must_use]
    pub fn then_all(mut self, mishap: Mishap, times: u32) -> Self {
        if let Source::Script(lines) = &mut self.0 {
            lines.push(Line { address: None, verb: None, skip: 0, mishap, times });
        }
        self
    }

    /// What befalls this call.
    pub(super) fn befall(&mut self, address: &ResourceAddress, verb: CloudVerb) -> Option<Mishap> {
        match &mut self.0 {
            Source::None => None,
            Source::Script(lines) => lines.iter_mut().find_map(|line| line.befall(address, verb)),
            Source::Chance(dice, odds) => odds.draw(dice),
        }
    }
}

impl Line {
    fn befall(&mut self, address: &ResourceAddress, verb: CloudVerb) -> Option<Mishap> {
        let is_meant =
            self.address.as_ref().is_none_or(|own| own == address) && self.verb.is_none_or(|own| own == verb);
        if !is_meant || self.times == 0 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.mishap)
    }
}

impl Odds {
    fn draw(&self, dice: &mut Dice) -> Option<Mishap> {
        let late = Duration::from_millis(dice.below(DRAIN.as_millis() as u64 - 1_000));
        let table = [
            (self.throttled, Mishap::Throttled),
            (self.transient, Mishap::Transient),
            (self.not_yet, Mishap::NotYet),
            (self.lost, Mishap::LostAnswer),
            (self.partial, Mishap::Partial),
            (self.rejected, Mishap::Rejected),
            (self.panic, Mishap::Panic),
            (self.hang, Mishap::Hang),
            (self.late, Mishap::Late(late)),
        ];
        let mut left = dice.below(1_000);
        for (odds, mishap) in table {
            if left < odds {
                return Some(mishap);
            }
            left -= odds;
        }
        None
    }
}
