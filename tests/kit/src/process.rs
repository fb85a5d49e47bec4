//! A run of siac that may die at any exchange.

use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::lock;
use crate::network::{LostAnswer, Network, Site, Strike, Travel};

/// One run. Everything it does in the world goes over its network; once dead, it does nothing any more.
pub struct Process {
    network: Arc<Network>,
    is_dead: AtomicBool,
    death: Notify,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Life<T> {
    /// By itself, with this.
    Finished(T),
    /// It was killed.
    Died,
    /// It was still running when its time was over.
    Hung,
}

impl Process {
    /// A new run.
    pub fn new(network: &Arc<Network>) -> Arc<Self> {
        Arc::new(Self { network: network.clone(), is_dead: AtomicBool::new(false), death: Notify::new() })
    }

    /// The network it is on.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// Whether it was killed.
    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    /// Kills it.
    pub fn kill(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
        self.death.notify_one();
    }

    /// Asks the world something. `effect` happens there, once the request has arrived, even if nobody waits for the answer any more.
    /// Fails when the answer is lost; never returns when the process dies.
    pub async fn exchange<T: Send + 'static>(
        &self,
        site: Site,
        travel: Travel,
        effect: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, LostAnswer> {
        self.breathe().await;
        let strike = self.network.begin(site);
        let there = match strike {
            Some(Strike::Before) => return self.die().await,
            Some(Strike::After) => Duration::ZERO,
            Some(Strike::InFlight(late)) => late,
            Some(Strike::LostAnswer) | None => travel.there,
        };
        let answer = self.network.send(there, effect);
        if matches!(strike, Some(Strike::After | Strike::InFlight(_))) {
            self.network.deliver();
            return self.die().await;
        }
        tokio::time::sleep(there).await;
        self.network.deliver();
        tokio::time::sleep(travel.back).await;
        self.breathe().await;
        let reply = lock(&answer).take();
        reply.filter(|_| strike.is_none() && !travel.answer_lost).ok_or(LostAnswer)
    }

    /// Goes on only while the process lives.
    async fn breathe(&self) {
        if self.is_dead() {
            pending::<()>().await;
        }
    }

    async fn die<T>(&self) -> T {
        self.kill();
        pending().await
    }
}

/// Runs a process in a runtime of its own, and with its death drops everything that it was doing.
///
/// `limit` is virtual time. Must not be called inside a runtime.
pub fn live<T>(process: &Process, limit: Duration, run: impl Future<Output = T>) -> Life<T> {
    let builder = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = builder.expect("a runtime without I/O needs nothing of the system");
    let clock = process.network.clock().clone();
    runtime.block_on(async {
        clock.begin();
        let life = tokio::select! {
            biased;
            () = process.death.notified() => Life::Died,
            end = run => Life::Finished(end),
            () = tokio::time::sleep(limit) => Life::Hung,
        };
        // What is left of it can no longer be heard of.
        process.kill();
        clock.end();
        life
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::clock::VirtualClock;

    const SECOND: Duration = Duration::from_secs(1);

    /// How one exchange under these strikes ended, on which network, and how often it had its effect.
    struct Visit {
        life: Life<Result<(), LostAnswer>>,
        network: Arc<Network>,
        visits: Arc<Mutex<u32>>,
    }

    fn visit(strikes: impl IntoIterator<Item = (usize, Strike)>) -> Visit {
        let network = Network::new(Arc::new(VirtualClock::default()));
        network.arm(strikes);
        let process = Process::new(&network);
        let visits = Arc::new(Mutex::new(0));
        let seen = visits.clone();
        let site = Site { place: "test", request: "visit".into() };
        let effect = move || *lock(&seen) += 1;
        let life = live(&process, 60 * SECOND, process.exchange(site, Travel::each_way(SECOND), effect));
        Visit { life, network, visits }
    }

    #[test]
    fn an_exchange_takes_its_time_and_has_its_effect() {
        let Visit { life, network, visits } = visit([]);
        assert_eq!((life, *lock(&visits)), (Life::Finished(Ok(())), 1));
        assert_eq!(network.clock().elapsed(), 2 * SECOND);
        assert_eq!(network.trace().len(), 1);
    }

    #[test]
    fn each_strike_does_what_it_says() {
        let Visit { life, visits, .. } = visit([(0, Strike::Before)]);
        assert_eq!((life, *lock(&visits)), (Life::Died, 0));
        let Visit { life, visits, .. } = visit([(0, Strike::After)]);
        assert_eq!((life, *lock(&visits)), (Life::Died, 1));
        let Visit { life, visits, .. } = visit([(0, Strike::LostAnswer)]);
        assert_eq!((life, *lock(&visits)), (Life::Finished(Err(LostAnswer)), 1));
    }

    #[test]
    fn a_request_in_flight_outlives_its_sender() {
        let Visit { life, network, visits } = visit([(0, Strike::InFlight(20 * SECOND))]);
        assert_eq!((life, *lock(&visits)), (Life::Died, 0));
        network.pass(19 * SECOND);
        assert_eq!(*lock(&visits), 0);
        network.pass(SECOND);
        assert_eq!(*lock(&visits), 1);
    }

    #[test]
    fn a_run_that_never_ends_hangs() {
        let network = Network::new(Arc::new(VirtualClock::default()));
        assert_eq!(live(&Process::new(&network), SECOND, pending::<()>()), Life::Hung);
    }
}
