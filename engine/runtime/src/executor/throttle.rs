//! How many calls run at once: as many as was asked for, and by service half as many with each complaint, one more with each success.
//!
//! A call that is usually over before an append to the journal would be takes a tenth of a place. There is nothing to protect from such
//! calls, and with ten times as many of them an append carries ten times as much.

use std::collections::BTreeMap;
use std::time::Duration;

/// The room that an ordinary call takes.
const PLACE: usize = 10;

/// The longest that a call usually takes which counts as instant. About what an append to a local journal takes.
const INSTANT: Duration = Duration::from_millis(10);

/// The calls that run, in all and by service of each provider instance, in tenths of places.
#[derive(Debug)]
pub(super) struct Throttle {
    most: usize,
    taken: usize,
    running: usize,
    lanes: BTreeMap<String, BTreeMap<String, Lane>>,
}

/// One service of one provider instance: what complains is a service, and the others are not to be slowed down for it.
///
/// Kinds are named by plugin, service and thing, as in `fake_shop_order`; the first two words name the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Service<'a> {
    instance: &'a str,
    words: &'a str,
}

impl<'a> Service<'a> {
    /// The service that offers a kind.
    pub fn of(instance: &'a str, kind: &'a str) -> Self {
        let end = kind.match_indices('_').nth(1).map_or(kind.len(), |(at, _)| at);
        Self { instance, words: &kind[..end] }
    }
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
    words: String,
    room: usize,
}

impl Throttle {
    /// At most this many ordinary calls at once; at least one. With one, instant calls go one by one too.
    pub fn new(parallelism: usize) -> Self {
        Self { most: parallelism.max(1).saturating_mul(PLACE), taken: 0, running: 0, lanes: BTreeMap::new() }
    }

    /// Whether a call that usually takes so long may start.
    pub fn has_room(&self, service: Service<'_>, typical: Duration) -> bool {
        let room = self.room(typical);
        let lane = self.lanes.get(service.instance).and_then(|lanes| lanes.get(service.words));
        let lane_has_room = lane.is_none_or(|lane| lane.taken + room <= lane.limit);
        self.taken + room <= self.most && lane_has_room
    }

    /// Takes the room that a call needs.
    pub fn enter(&mut self, service: Service<'_>, typical: Duration) -> Seat {
        let room = self.room(typical);
        self.taken += room;
        self.running += 1;
        self.lane(service).taken += room;
        Seat { instance: service.instance.to_owned(), words: service.words.to_owned(), room }
    }

    /// Gives it back.
    pub fn leave(&mut self, seat: &Seat, succeeded: bool) {
        let most = self.most;
        self.taken = self.taken.saturating_sub(seat.room);
        self.running = self.running.saturating_sub(1);
        let lane = self.lane(Service { instance: &seat.instance, words: &seat.words });
        lane.taken = lane.taken.saturating_sub(seat.room);
        lane.limit = (lane.limit + PLACE * usize::from(succeeded)).min(most);
    }

    /// The service asks for less.
    pub fn throttled(&mut self, service: Service<'_>) {
        let lane = self.lane(service);
        lane.limit = (lane.limit / 2).max(PLACE);
    }

    /// How many calls run.
    pub fn running(&self) -> usize {
        self.running
    }

    fn room(&self, typical: Duration) -> usize {
        if typical <= INSTANT && self.most > PLACE { 1 } else { PLACE }
    }

    fn lane(&mut self, service: Service<'_>) -> &mut Lane {
        let fresh = Lane { limit: self.most, taken: 0 };
        self.lanes.entry(service.instance.to_owned()).or_default().entry(service.words.to_owned()).or_insert(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn complaints_halve_and_successes_add_one() {
        let mut throttle = Throttle::new(8);
        let functions = Service::of("aws", "aws_lambda_function");
        let mut seats: Vec<Seat> = (0..4).map(|_| throttle.enter(functions, SECOND)).collect();
        throttle.throttled(functions);
        assert!(!throttle.has_room(functions, SECOND), "the limit is four now");
        assert!(!throttle.has_room(Service::of("aws", "aws_lambda_alias"), SECOND), "a kind of the same service");
        assert!(throttle.has_room(Service::of("aws", "aws_sqs_queue"), SECOND), "other services are not slowed down");
        assert!(throttle.has_room(Service::of("eu", "aws_lambda_function"), SECOND), "nor other instances");
        throttle.leave(&seats.remove(0), true);
        seats.extend((0..2).map(|_| throttle.enter(functions, SECOND)));
        assert!(!throttle.has_room(functions, SECOND), "a limit of five");
        (0..9).for_each(|_| throttle.throttled(functions));
        seats.iter().for_each(|seat| throttle.leave(seat, false));
        assert!(throttle.has_room(functions, SECOND), "one is always allowed");
        assert_eq!(throttle.running(), 0);
    }

    #[test]
    fn the_whole_run_has_a_limit_too() {
        let mut throttle = Throttle::new(2);
        throttle.enter(Service::of("a", "kind"), SECOND);
        throttle.enter(Service::of("b", "kind"), SECOND);
        assert!(!throttle.has_room(Service::of("c", "kind"), SECOND));
    }

    #[test]
    fn instant_calls_take_a_tenth_unless_one_at_a_time_is_asked_for() {
        let mut throttle = Throttle::new(2);
        (0..10).for_each(|_| drop(throttle.enter(Service::of("local", "kind"), Duration::ZERO)));
        assert!(throttle.has_room(Service::of("local", "kind"), SECOND));
        throttle.enter(Service::of("local", "kind"), SECOND);
        assert!(!throttle.has_room(Service::of("local", "kind"), Duration::ZERO));
        let mut serial = Throttle::new(1);
        serial.enter(Service::of("local", "kind"), Duration::ZERO);
        assert!(!serial.has_room(Service::of("local", "kind"), Duration::ZERO));
    }
}
