//! How many calls a provider instance takes at once: what was asked for, halved when it complains, one more with each success.

use std::collections::BTreeMap;

/// The calls that run, in all and by provider instance.
#[derive(Debug)]
pub(super) struct Throttle {
    parallelism: usize,
    running: usize,
    instances: BTreeMap<String, Lane>,
}

#[derive(Debug, Clone, Copy)]
struct Lane {
    limit: usize,
    running: usize,
}

impl Throttle {
    /// At most this many calls at once; at least one.
    pub fn new(parallelism: usize) -> Self {
        Self { parallelism: parallelism.max(1), running: 0, instances: BTreeMap::new() }
    }

    pub fn has_room(&self, instance: &str) -> bool {
        let lane_has_room = self.instances.get(instance).is_none_or(|lane| lane.running < lane.limit);
        self.running < self.parallelism && lane_has_room
    }

    pub fn entered(&mut self, instance: &str) {
        self.running += 1;
        self.lane(instance).running += 1;
    }

    pub fn left(&mut self, instance: &str, succeeded: bool) {
        let most = self.parallelism;
        self.running = self.running.saturating_sub(1);
        let lane = self.lane(instance);
        lane.running = lane.running.saturating_sub(1);
        lane.limit = (lane.limit + usize::from(succeeded)).min(most);
    }

    pub fn throttled(&mut self, instance: &str) {
        let lane = self.lane(instance);
        lane.limit = (lane.limit / 2).max(1);
    }

    pub fn running(&self) -> usize {
        self.running
    }

    fn lane(&mut self, instance: &str) -> &mut Lane {
        let fresh = Lane { limit: self.parallelism, running: 0 };
        self.instances.entry(instance.to_owned()).or_insert(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_halve_and_successes_add_one() {
        let mut throttle = Throttle::new(8);
        (0..4).for_each(|_| throttle.entered("aws"));
        throttle.throttled("aws");
        assert!(!throttle.has_room("aws"), "the limit is four now");
        assert!(throttle.has_room("azure"), "others are not slowed down");
        throttle.left("aws", true);
        (0..2).for_each(|_| throttle.entered("aws"));
        assert!(!throttle.has_room("aws"), "a limit of five");
        (0..9).for_each(|_| throttle.throttled("aws"));
        (0..5).for_each(|_| throttle.left("aws", false));
        assert!(throttle.has_room("aws"), "one is always allowed");
    }

    #[test]
    fn the_whole_run_has_a_limit_too() {
        let mut throttle = Throttle::new(2);
        throttle.entered("a");
        throttle.entered("b");
        assert!(!throttle.has_room("c"));
    }
}
