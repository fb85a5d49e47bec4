//! How many calls run at once: as many as was asked for, and by provider instance half as many with each complaint, one more with each
//! success.
//!
//! A call that is usually over before an append to the journal would be takes a tenth of a place. There is nothing to protect from such
//! calls, and with ten times as many of them an append carries ten times as much.

use std::collections::BTreeMap;
use std::time::Duration;

/// The room that an ordinary call takes.
const PLACE: usize = 10;

/// The longest that a call usually takes which counts as instant. About what an append to a local journal takes.
const INSTANT: Duration = Duration::from_millis(10);

/// The calls that run, in all and by provider instance, in tenths of places.
#[derive(Debug)]
pub(super) struct Throttle {
    most: usize,
    taken: usize,
    running: usize,
    lanes: BTreeMap<String, Lane>,
}

#[derive(Debug, Clone, Copy)]
struct Lane {
    limit: usize,
    taken: usize,
}

/// The room that a running call takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seat {
    instance: String,
    room: usize,
}

impl Throttle {
    /// At most this many ordinary calls at once; at least one. With one, instant calls go one by one too.
    pub fn new(parallelism: usize) -> Self {
        Self { most: parallelism.max(1).saturating_mul(PLACE), taken: 0, running: 0, lanes: BTreeMap::new() }
    }

    /// Whether a call that usually takes so long may start.
    pub fn has_room(&self, instance: &str, typical: Duration) -> bool {
        let room = self.room(typical);
        let lane_has_room = self.lanes.get(instance).is_none_or(|lane| lane.taken + room <= lane.limit);
        self.taken + room <= self.most && lane_has_room
    }

    /// Takes the room that a call needs.
    pub fn enter(&mut self, instance: &str, typical: Duration) -> Seat {
        let seat = Seat { instance: instance.to_owned(), room: self.room(typical) };
        self.taken += seat.room;
        self.running += 1;
        self.lane(instance).taken += seat.room;
        seat
    }

    /// Gives it back.
    pub fn leave(&mut self, seat: &Seat, succeeded: bool) {
        let most = self.most;
        self.taken = self.taken.saturating_sub(seat.room);
        self.running = self.running.saturating_sub(1);
        let lane = self.lane(&seat.instance);
        lane.taken = lane.taken.saturating_sub(seat.room);
        lane.limit = (lane.limit + PLACE * usize::from(succeeded)).min(most);
    }

    /// The instance asks for less.
    pub fn throttled(&mut self, instance: &str) {
        let lane = self.lane(instance);
        lane.limit = (lane.limit / 2).max(PLACE);
    }

    /// How many calls run.
    pub fn running(&self) -> usize {
        self.running
    }

    fn room(&self, typical: Duration) -> usize {
        if typical <= INSTANT && self.most > PLACE { 1 } else { PLACE }
    }

    fn lane(&mut self, instance: &str) -> &mut Lane {
        let fresh = Lane { limit: self.most, taken: 0 };
        self.lanes.entry(instance.to_owned()).or_insert(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn complaints_halve_and_successes_add_one() {
        let mut throttle = Throttle::new(8);
        let mut seats: Vec<Seat> = (0..4).map(|_| throttle.enter("aws", SECOND)).collect();
        throttle.throttled("aws");
        assert!(!throttle.has_room("aws", SECOND), "the limit is four now");
        assert!(throttle.has_room("azure", SECOND), "others are not slowed down");
        throttle.leave(&seats.remove(0), true);
        seats.extend((0..2).map(|_| throttle.enter("aws", SECOND)));
        assert!(!throttle.has_room("aws", SECOND), "a limit of five");
        (0..9).for_each(|_| throttle.throttled("aws"));
        seats.iter().for_each(|seat| throttle.leave(seat, false));
        assert!(throttle.has_room("aws", SECOND), "one is always allowed");
        assert_eq!(throttle.running(), 0);
    }

    #[test]
    fn the_whole_run_has_a_limit_too() {
        let mut throttle = Throttle::new(2);
        throttle.enter("a", SECOND);
        throttle.enter("b", SECOND);
        assert!(!throttle.has_room("c", SECOND));
    }

    #[test]
    fn instant_calls_take_a_tenth_unless_one_at_a_time_is_asked_for() {
        let mut throttle = Throttle::new(2);
        (0..10).for_each(|_| drop(throttle.enter("local", Duration::ZERO)));
        assert!(throttle.has_room("local", SECOND));
        throttle.enter("local", SECOND);
        assert!(!throttle.has_room("local", Duration::ZERO));
        let mut serial = Throttle::new(1);
        serial.enter("local", Duration::ZERO);
        assert!(!serial.has_room("local", Duration::ZERO));
    }
}
