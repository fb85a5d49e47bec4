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
    has_ended: bool,
}

/// The logs.
#[derive(Default)]
pub(super) struct Merge {
    logs: Vec<Log>,
    /// Whose turn it is to be heard first.
    turn: usize,
}

impl Merge {
    /// Adds one more.
    pub fn add(&mut self, address: ResourceAddress, news: Receiver<LogNews>) {
        let nothing = String::new();
        self.logs.push(Log { address, news, next: None, time: nothing, is_caught_up: false, has_ended: false });
    }

    /// Tells every line until all logs have ended, or the taker breaks.
    pub async fn tell(&mut self, take: &mut (dyn FnMut(Telling) -> ControlFlow<()> + Send)) -> ControlFlow<()> {
        while let Some(telling) = self.earliest().await {
            take(telling)?;
        }
        while let Some((at, news)) = poll_fn(|task| self.poll_any(task)).await {
            if let LogNews::Line(line) = news {
                take(Telling { address: self.logs[at].address.clone(), line })?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The earliest line of those that were there when the logs were asked for.
    async fn earliest(&mut self) -> Option<Telling> {
        for log in &mut self.logs {
            log.hear().await;
        }
        let waiting = self.logs.iter_mut().filter(|log| log.next.is_some());
        let earliest = waiting.min_by(|one, other| one.time.cmp(&other.time))?;
        let line = earliest.next.take()?;
        Some(Telling { address: earliest.address.clone(), line })
    }

    /// The news of any log, each in its turn; nothing once all have ended.
    fn poll_any(&mut self, task: &mut Context<'_>) -> Poll<Option<(usize, LogNews)>> {
        let (mut have_all_ended, count) = (true, self.logs.len());
        for at in (0..count).map(|step| (self.turn + step) % count) {
            let log = &mut self.logs[at];
            // Who has ended is asked no more: the runtime lets a task ask only so often before it must give way.
            if log.has_ended {
                continue;
            }
            match log.news.poll_recv(task) {
                Poll::Ready(Some(news)) => {
                    self.turn = at + 1;
                    return Poll::Ready(Some((at, news)));
                }
                Poll::Ready(None) => log.has_ended = true,
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
    async fn many_logs_come_to_an_end_and_none_keeps_the_others_waiting() {
        let mut merge = Merge::default();
        let mut logs: Vec<Sender<LogNews>> = (0..1_000).map(|_| log(&mut merge, "x")).collect();
        let (last, first) = (logs.remove(999), logs.remove(0));
        for log in [&first, &last] {
            log.send(LogNews::CaughtUp).await.unwrap();
        }
        drop(logs);
        for _ in 0..10 {
            say(&first, &[("1", "again")]).await;
        }
        say(&last, &[("1", "heard")]).await;
        drop((first, last));
        let texts = told(merge).await;
        let heard = texts.split(", ").position(|text| text == "x heard");
        assert!(heard.is_some_and(|at| at < 3), "{texts}");
    }

    #[tokio::test]
    async fn a_reader_that_has_enough_hears_no_more() {
        let mut merge = Merge::default();
        let one = log(&mut merge, "one");
        say(&one, &[("1", "a"), ("2", "enough"), ("3", "more")]).await;
        assert_eq!(told(merge).await, "one a, one enough");
    }
}
