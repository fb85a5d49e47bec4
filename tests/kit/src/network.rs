//! Everything between a process and the world: requests that travel, arrive late, and lose their answers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::VirtualClock;
use crate::lock;

/// One exchange of the network: to whom and what for. `register cas`, `blobs put_new wal/…`, `cloud create fake_put.a`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// `register`, `blobs` or `cloud`.
    pub place: &'static str,
    /// What was asked.
    pub request: String,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.request)
    }
}

/// What befalls one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// The process dies before the request leaves.
    Before,
    /// The request takes effect, and the process dies before the answer arrives.
    After,
    /// The request takes effect, and its answer is lost; the process lives.
    LostAnswer,
    /// The process dies while the request travels; it takes effect so much later.
    InFlight(Duration),
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before => f.write_str("killed before"),
            Self::After => f.write_str("killed after"),
            Self::LostAnswer => f.write_str("answer lost"),
            Self::InFlight(late) => write!(f, "killed, arrives {} s late", late.as_secs()),
        }
    }
}

/// The answer to a request never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostAnswer;

/// How long a request and its answer travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Travel {
    /// Until the request takes effect.
    pub there: Duration,
    /// From then until the answer arrives.
    pub back: Duration,
    /// Whether the answer gets lost on its way.
    pub answer_lost: bool,
}

impl Travel {
    /// There and back in the same time.
    pub fn each_way(duration: Duration) -> Self {
        Self { there: duration, back: duration, answer_lost: false }
    }
}

/// The one network of a test's world. It counts every exchange of every process.
pub struct Network {
    clock: Arc<VirtualClock>,
    traffic: Mutex<Traffic>,
}

type Effect = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Traffic {
    trace: Vec<Site>,
    strikes: BTreeMap<usize, Strike>,
    /// Requests on their way, by the moment they arrive and the order in which they were sent.
    in_flight: BTreeMap<(Duration, u64), Effect>,
    sent: u64,
}

/// Where the answer to a request will lie once it has taken effect.
pub(crate) type Answer<T> = Arc<Mutex<Option<T>>>;

impl Network {
    /// A network without traffic.
    pub fn new(clock: Arc<VirtualClock>) -> Arc<Self> {
        Arc::new(Self { clock, traffic: Mutex::default() })
    }

    /// The clock of this world.
    pub fn clock(&self) -> &Arc<VirtualClock> {
        &self.clock
    }

    /// Forgets what was counted, and strikes the exchanges of these numbers from now on; the first has the number zero.
    pub fn arm(&self, strikes: impl IntoIterator<Item = (usize, Strike)>) {
        let mut traffic = lock(&self.traffic);
        traffic.trace.clear();
        traffic.strikes = strikes.into_iter().collect();
    }

    /// Every exchange since the network was armed, in the order in which they began.
    pub fn trace(&self) -> Vec<Site> {
        lock(&self.traffic).trace.clone()
    }

    /// Lets so much time pass between two processes; whatever travels and is due arrives.
    pub fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
        self.deliver();
    }

    /// Lets every request that still travels arrive.
    pub fn settle(&self) {
        let last = lock(&self.traffic).in_flight.keys().next_back().map(|(due, _)| *due);
        if let Some(due) = last {
            self.pass(due.saturating_sub(self.clock.elapsed()));
        }
    }

    /// Counts an exchange, and tells what befalls it.
    pub(crate) fn begin(&self, site: Site) -> Option<Strike> {
        let mut traffic = lock(&self.traffic);
        let number = traffic.trace.len();
        traffic.trace.push(site);
        traffic.strikes.remove(&number)
    }

    /// Sends a request that takes effect after `there`, whatever becomes of its sender.
    pub(crate) fn send<T: Send + 'static>(
        &self,
        there: Duration,
        effect: impl FnOnce() -> T + Send + 'static,
    ) -> Answer<T> {
        let answer: Answer<T> = Arc::default();
        let slot = answer.clone();
        let arrive = move || {
            let reply = effect();
            *lock(&slot) = Some(reply);
        };
        let due = self.clock.elapsed() + there;
        let mut traffic = lock(&self.traffic);
        let number = traffic.sent;
        traffic.sent += 1;
        traffic.in_flight.insert((due, number), Box::new(arrive));
        answer
    }

    /// Lets everything that is due arrive, in order.
    pub(crate) fn deliver(&self) {
        while let Some(effect) = self.next_due() {
            effect();
        }
    }

    fn next_due(&self) -> Option<Effect> {
        let now = self.clock.elapsed();
        let mut traffic = lock(&self.traffic);
        let entry = traffic.in_flight.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }
}
