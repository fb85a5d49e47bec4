//! Several logs, told as one.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::{Context, Poll};

use siac_core::model::address::ResourceAddress;
use siac_core::model::log::{LogLine, LogNews};
use tokio::sync::mpsc::Receiver;

use super::Telling;

/// One of the logs, as far as it was heard.
struct Log {
    address: ResourceAddress,
    news: Receiver<LogNews>,
    /// Its next line, while lines that are there are put in order.
    next: Option<LogLine>,
    /// The time of its last line that had one: a line without a time belongs to the one before it.
    time: String,
    is_caught_up: bool,
}

/// The logs.
#[derive(Default)]
pub(super) struct Merge(Vec<Log>);

impl Merge {
    /// Adds one more.
    pub fn add(&mut self, address: ResourceAddress, news: Receiver<LogNews>) {
        self.0.push(Log { address, news, next: None, time: String::new(), is_caught_up: false });
    }

    /// Tells every line until all logs have ended, or the taker breaks.
    pub async fn tell(&mut self, take: &mut (dyn FnMut(Telling) -> ControlFlow<()> + Send)) -> ControlFlow<()> {
        while let Some(telling) = self.earliest().await {
            take(telling)?;
        }
        while let Some((at, news)) = poll_fn(|task| self.poll_any(task)).await {
            if let LogNews::Line(line) = news {
                take(Telling { address: self.0[at].address.clone(), line })?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The earliest line of those that were there when the logs were asked for.
    async fn earliest(&mut self) -> Option<Telling> {
        for log in &mut self.0 {
            log.hear().await;
        }
        let waiting = self.0.iter_mut().filter(|log| log.next.is_some());
        let earliest = waiting.min_by(|one, other| one.time.cmp(&other.time))?;
        let line = earliest.next.take()?;
        Some(Telling { address: earliest.address.clone(), line })
    }

    /// The news of any log; nothing once all have ended.
    fn poll_any(&mut self, task: &mut Context<'_>) -> Poll<Option<(usize, LogNews)>> {
        let mut have_all_ended = true;
        for (at, log) in self.0.iter_mut().enumerate() {
            match log.news.poll_recv(task) {
                Poll::Ready(Some(news)) => return Poll::Ready(Some((at, news))),
                Poll::Ready(None) => {}
                Poll::Pending => have_all_ended = false,
            }
        }
        if have_all_ended { Poll::Ready(None) } else { Poll::Pending }
    }
}

impl Log {
    /// Waits for the next line of what is there, unless it is known or there is none.
    async fn hear(&mut self) {
        if self.next.is_some() || self.is_caught_up {
            return;
        }
        match self.news.recv().await {
            Some(LogNews::Line(line)) => {
                if let Some(time) = &line.time {
                    self.time.clone_from(time);
                }
                self.next = Some(line);
            }
            Some(LogNews::CaughtUp) | None => self.is_caught_up = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{Sender, channel};

    use super::*;

    fn log(merge: &mut Merge, name: &str) -> Sender<LogNews> {
        let (sender, receiver) = channel(16);
        merge.add(ResourceAddress::managed("kind", name), receiver);
        sender
    }

    async fn say(log: &Sender<LogNews>, lines: &[(&str, &str)]) {
        for (time, text) in lines {
            let time = Some((*time).to_owned()).filter(|time| !time.is_empty());
            log.send(LogNews::Line(LogLine { time, text: (*text).to_owned() })).await.unwrap();
        }
    }

    async fn told(mut merge: Merge) -> String {
        let mut texts = Vec::new();
        let mut take = |telling: Telling| {
            texts.push(format!("{} {}", telling.address.name, telling.line.text));
            if telling.line.text == "enough" { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let _ = merge.tell(&mut take).await;
        texts.join(", ")
    }

    #[tokio::test]
    async fn what_is_there_comes_in_order_of_time_and_what_follows_as_it_comes() {
        let mut merge = Merge::default();
        let (one, two, silent) = (log(&mut merge, "one"), log(&mut merge, "two"), log(&mut merge, "silent"));
        say(&one, &[("1", "a"), ("", "belongs to a"), ("4", "d")]).await;
        say(&two, &[("2", "b"), ("3", "c")]).await;
        for log in [&one, &two, &silent] {
            log.send(LogNews::CaughtUp).await.unwrap();
        }
        say(&two, &[("0", "new")]).await;
        drop((one, two, silent));
        assert_eq!(told(merge).await, "one a, one belongs to a, two b, two c, one d, two new");
    }

    #[tokio::test]
    async fn a_reader_that_has_enough_hears_no_more() {
        let mut merge = Merge::default();
        let one = log(&mut merge, "one");
        say(&one, &[("1", "a"), ("2", "enough"), ("3", "more")]).await;
        assert_eq!(told(merge).await, "one a, one enough");
    }
}
