//! The logs of several objects as one: what is there in order of time, and then what comes as it comes.

mod merge;

use std::ops::ControlFlow;
use std::sync::Arc;

use async_trait::async_trait;
use siac_core::model::address::ResourceAddress;
use siac_core::model::log::{LogEnd, LogLine, LogNews, LogWish};
use siac_core::model::snapshot::Object;
use siac_core::ports::LogReader;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinSet;

use super::{View, asked};
use crate::world::World;

use merge::Merge;

/// How many lines of one log may wait to be taken. A choice of this project: enough that no log waits for another one's turn.
const WAITING: usize = 1_024;

/// One line of one of several logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// Whose.
    pub address: ResourceAddress,
    /// What.
    pub line: LogLine,
}

/// How the telling of several logs ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogReport {
    /// The resources that keep a log.
    pub told: Vec<ResourceAddress>,
    /// Those whose log could not be told, or not to its end, and why.
    pub failed: Vec<(ResourceAddress, String)>,
}

impl View {
    /// Tells the logs of everything that keeps one. `take` gets each line, and ends it all by breaking; so does dropping the call.
    pub async fn logs(&self, wish: &LogWish, take: &mut (dyn FnMut(Telling) -> ControlFlow<()> + Send)) -> LogReport {
        let (mut merge, mut tasks) = (Merge::default(), JoinSet::new());
        for (address, object) in &self.objects {
            let (sender, receiver) = channel(WAITING);
            merge.add(address.clone(), receiver);
            tasks.spawn(tell(
                Arc::clone(&self.world),
                address.clone(),
                Arc::clone(object),
                wish.clone(),
                Forwarding(sender),
            ));
        }
        if merge.tell(take).await.is_break() {
            // Whoever waits for lines to come would not notice that nobody listens.
            tasks.abort_all();
        }
        report(tasks).await
    }
}

type Told = (ResourceAddress, Result<LogEnd, String>);

async fn tell(
    world: Arc<World>,
    address: ResourceAddress,
    object: Arc<Object>,
    wish: LogWish,
    reader: Forwarding,
) -> Told {
    let told = match asked(&world, &address, &object) {
        Ok((provider, call)) => provider.logs(&call, &object, &wish, &reader).await.map_err(|fault| fault.to_string()),
        Err(why) => Err(why),
    };
    (address, told)
}

async fn report(mut tasks: JoinSet<Told>) -> LogReport {
    let mut report = LogReport::default();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((address, Ok(LogEnd::Told))) => report.told.push(address),
            Ok((_, Ok(LogEnd::NoLog))) => {}
            Ok((address, Err(why))) => report.failed.push((address, why)),
            // It was told to stop.
            Err(cut_off) if cut_off.is_cancelled() => {}
            Err(defect) => std::panic::resume_unwind(defect.into_panic()),
        }
    }
    report.told.sort();
    report.failed.sort();
    report
}

/// Passes a log on to whoever merges it with others.
struct Forwarding(Sender<LogNews>);

#[async_trait]
impl LogReader for Forwarding {
    async fn take(&self, news: LogNews) -> ControlFlow<()> {
        match self.0.send(news).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}
