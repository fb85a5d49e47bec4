//! A run that dies between a call and the journal, and answers that are lost: nothing is orphaned, nothing is made twice.

use std::sync::Arc;
use std::time::Duration;

use siac_arm_double::{Exchange, told};
use siac_core::model::snapshot::Status;
use siac_emulators::{Gate, Proxy, Rule};
use siac_provider_azure::AzureProvider;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::house::{Goal, House, Report};
use crate::rows::{Row, rows};

/// Which call it is that something befalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Making,
    Changing,
    Deleting,
}

/// What befalls it.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    /// It has its effect, and siac is killed before it hears of it.
    KilledAfter,
    /// Siac is killed while it is on its way; it arrives afterwards.
    KilledBefore,
    /// It has its effect, and the answer is lost.
    LostAnswer,
    /// It is lost itself.
    LostRequest,
    /// It is accepted, and siac is killed while the operation goes on.
    KilledWhilePolling,
}

const CASES: [(Moment, Mishap); 9] = [
    (Moment::Making, Mishap::KilledAfter),
    (Moment::Making, Mishap::KilledBefore),
    (Moment::Making, Mishap::LostAnswer),
    (Moment::Making, Mishap::LostRequest),
    (Moment::Making, Mishap::KilledWhilePolling),
    (Moment::Changing, Mishap::KilledAfter),
    (Moment::Changing, Mishap::KilledWhilePolling),
    (Moment::Deleting, Mishap::LostAnswer),
    (Moment::Deleting, Mishap::KilledWhilePolling),
];

/// How long one trial may take before it is called stuck; it takes seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// How many are gone through at once.
const AT_ONCE: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_orphaned_and_nothing_made_twice() {
    let wanted = std::env::var("SIAC_ROW").unwrap_or_default();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for row in rows().into_iter().filter(|row| format!("{} {}", row.kind, row.name).contains(&wanted)) {
        for (moment, mishap) in CASES.into_iter().filter(|case| applies(&row, *case)) {
            let room = room.clone();
            running.spawn(async move {
                let _seat = room.acquire().await;
                let survived = tokio::time::timeout(PATIENCE, Trial::new(row, moment).survives(mishap)).await;
                let survived = survived.unwrap_or_else(|_| Err("it comes to no end".to_owned()));
                survived.map_err(|why| format!("{} {} {moment:?} {mishap:?}: {why}", row.kind, row.name))
            });
        }
    }
    let mut failed = Vec::new();
    while let Some(ended) = running.join_next().await {
        failed.extend(ended.unwrap_or_else(|panic| Err(panic.to_string())).err());
    }
    failed.sort();
    assert!(failed.is_empty(), "{} crashes are not survived:\n{}", failed.len(), failed.join("\n\n"));
}

/// Whether there is such a moment in the life of this row.
fn applies(row: &Row, (moment, mishap): (Moment, Mishap)) -> bool {
    let is_there = moment != Moment::Changing || !row.updated.is_empty();
    is_there && (!matches!(mishap, Mishap::KilledWhilePolling) || goes_on(row, moment) != "at once")
}

/// How it is told that a call goes on.
fn goes_on(row: &Row, moment: Moment) -> &'static str {
    let provider = AzureProvider::new();
    let ty = provider.described(row.kind).and_then(|described| described.speaks).map_or(row.name, |(ty, _)| ty);
    let told = told(ty).unwrap_or_else(|| panic!("the double does not have {ty}"));
    let told = match moment {
        Moment::Making => told.made,
        Moment::Changing => told.changed,
        Moment::Deleting => told.deleted,
    };
    match moment {
        _ if told != "at once" => told,
        // The deployment of a package goes on after a write that is done at once, a purge after a delete.
        Moment::Making | Moment::Changing if row.body.contains("package = ") => "deployment",
        Moment::Deleting if row.body.contains("purge_on_delete = true") => "result",
        _ => told,
    }
}

/// One row, and the moment that something befalls it.
struct Trial {
    row: Row,
    moment: Moment,
    house: House,
    proxy: Proxy,
    /// What there is before the moment, and what is wanted from it on.
    before: String,
    after: String,
}

impl Trial {
    fn new(row: Row, moment: Moment) -> Self {
        let mut house = House::new();
        let proxy = Proxy::plain(house.double.address());
        house.endpoint = proxy.endpoint();
        let with = |body: &str| format!("{}\n[resource.{}.it]\n{body}\n", row.around, row.kind);
        let (before, after) = match moment {
            Moment::Making => (row.around.to_owned(), with(row.body)),
            Moment::Changing => (with(row.body), with(row.updated)),
            Moment::Deleting => (with(row.body), row.around.to_owned()),
        };
        Self { row, moment, house, proxy, before, after }
    }

    async fn survives(self, mishap: Mishap) -> Result<(), String> {
        // What surrounds the object is there already, so that the pattern meets the object alone.
        complete(self.run(&self.before).await, "before")?;
        match mishap {
            Mishap::KilledAfter => self.killed(Rule::holds_answer).await?,
            Mishap::KilledBefore => self.killed(Rule::holds_request).await?,
            Mishap::LostAnswer => self.proxy.add(Rule::on(&self.proxied()).loses_answer().first(1)),
            Mishap::LostRequest => self.proxy.add(Rule::on(&self.proxied()).loses_request().first(1)),
            Mishap::KilledWhilePolling => self.killed_while_polling().await?,
        }
        let report = complete(self.run(&self.after).await, "the run after")?;
        let again = self.house.plan(&self.after).await?;
        if !again.actions.is_empty() {
            return Err(format!("there is still something to do: {:?}", again.changes));
        }
        self.nothing_else_is_there(&report)?;
        let gone = complete(self.house.run(Goal::Nothing).await, "the end")?;
        let left = self.house.double.left();
        if left.is_empty() { Ok(()) } else { Err(format!("there is left {left:?}; {:?}", gone.failures)) }
    }

    async fn run(&self, stack: &str) -> Result<Report, String> {
        self.house.run(if stack.is_empty() { Goal::Nothing } else { Goal::Stack(stack) }).await
    }

    /// Whatever is in the subscription is remembered.
    fn nothing_else_is_there(&self, report: &Report) -> Result<(), String> {
        let objects = report.snapshot.records.values().filter_map(|record| record.object.as_ref());
        let remembered: Vec<&str> = objects.map(|object| object.remote.as_str()).collect();
        let is_known = |id: &String| remembered.iter().any(|remote| remote.eq_ignore_ascii_case(id));
        let strange: Vec<String> = self.house.double.left().into_iter().filter(|id| !is_known(id)).collect();
        if strange.is_empty() { Ok(()) } else { Err(format!("nobody remembers {strange:?}")) }
    }

    /// The call, as the double sees it.
    fn pattern(&self) -> String {
        let method = match self.moment {
            Moment::Making => "PUT",
            Moment::Changing => "(PUT|PATCH)",
            Moment::Deleting => "DELETE",
        };
        self.row.made_by.replacen("PUT", method, 1)
    }

    /// The same, as the proxy sees it: paths are followed by a query there.
    fn proxied(&self) -> String {
        self.pattern().replace('$', "\\?")
    }

    async fn killed(&self, rule: fn(Rule, &Gate) -> Rule) -> Result<(), String> {
        let (pattern, gate) = (self.proxied(), Gate::closed());
        let (before, had) = (self.proxy.count(&pattern), self.house.double.count(&self.pattern()));
        self.proxy.add(rule(Rule::on(&pattern), &gate).first(1));
        let held = async {
            self.proxy.arrival(&pattern, before + 1).await;
            // Whether the double sees it now or when the gate opens is the mishap's; it is not waited for longer than it takes.
            self.has_arrived(had).await;
        };
        if let Some(ended) = self.house.run_until(Goal::Stack(&self.after), held).await {
            return Err(format!("the run ended before it was killed: {ended:?}"));
        }
        gate.open();
        self.has_arrived(had).await;
        self.house.run(Goal::Recover).await.map(drop).map_err(|why| format!("recovery: {why}"))
    }

    /// Waits until the double has seen one more call, for a moment.
    async fn has_arrived(&self, had: usize) {
        for _ in 0..30 {
            if self.house.double.count(&self.pattern()) > had {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The next run goes on polling the same operation: it does not write anew.
    async fn killed_while_polling(&self) -> Result<(), String> {
        let double = &self.house.double;
        let (writes, had) = (double.count(&self.pattern()), double.exchanges().len());
        double.hold(true);
        let polled = async {
            while self.polls(self.since_write(&double.exchanges()[had..])).len() < 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let goal = if self.after.is_empty() { Goal::Nothing } else { Goal::Stack(&self.after) };
        let ended = self.house.run_until(goal, polled).await;
        double.hold(false);
        if let Some(ended) = ended {
            return Err(format!("nothing was polled: {ended:?}"));
        }
        let known = double.exchanges().len();
        self.house.run(Goal::Recover).await.map(drop).map_err(|why| format!("recovery: {why}"))?;
        let exchanges = double.exchanges();
        let (earlier, later) = (self.polls(self.since_write(&exchanges[had..known])), self.polls(&exchanges[known..]));
        let many = double.count(&self.pattern()) - writes;
        // Some kinds have more to do when the operation is done: it is what is looked at first.
        match many == 1 && later.first().is_some_and(|poll| earlier.contains(poll)) {
            true => Ok(()),
            false => Err(format!("it was written {many} times, and after {earlier:?} {later:?} was polled")),
        }
    }

    /// What was asked from the write on. Before it, a name or an earlier object may have been looked at.
    fn since_write<'a>(&self, exchanges: &'a [Exchange]) -> &'a [Exchange] {
        let write = exchanges.iter().position(|exchange| exchange.is(&self.pattern()));
        write.map_or(&[], |at| &exchanges[at..])
    }

    /// The looks at the operation among what was asked, in the form that the type tells of it.
    fn polls(&self, exchanges: &[Exchange]) -> Vec<String> {
        let form = match goes_on(&self.row, self.moment) {
            "its state" => self.row.made_by.replacen("PUT", "GET", 1),
            "deployment" => "^GET .*/deployments/".to_owned(),
            _ => "(?i)^GET .*/operation(statuses|results)/".to_owned(),
        };
        let polls = exchanges.iter().filter(|exchange| exchange.is(&form));
        polls.map(|exchange| exchange.what.clone()).collect()
    }
}

fn complete(report: Result<Report, String>, when: &str) -> Result<Report, String> {
    let report = report.map_err(|why| format!("{when}: {why}"))?;
    match report.status.is_none_or(|status| status == Status::Complete) {
        true => Ok(report),
        false => Err(format!("{when} ended {:?}: {:?}", report.status, report.failures)),
    }
}
