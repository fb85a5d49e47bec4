//! `siac logs`: what components have said, and what they say.

use std::ops::ControlFlow;

use jiff::Timestamp;
use siac_core::model::log::LogWish;
use siac_core::model::snapshot::Snapshot;
use siac_engine::use_cases::inspecting::{LogReport, Telling, View};

use super::common::block_on;
use super::planning::listen;
use super::status::{open_sorted, view};
use crate::arguments::{Cli, LogsArgs, Tail};
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json_stream::{self, Kind};
use crate::render::log::{Labels, line};
use crate::subjects;

/// How many of the last lines are printed when nobody says. A choice of this project: some screens full.
const TAIL: usize = 100;

/// `siac logs`
pub fn logs(arguments: &LogsArgs, cli: &Cli, desk: &Desk) -> Result<Exit, Failure> {
    let (opened, words) = open_sorted(&arguments.words, cli, desk)?;
    block_on(async {
        let latest = opened.store.latest().await?;
        let snapshot = latest.map_or_else(|| Snapshot::empty(&opened.located.name), |latest| latest.snapshot);
        let chosen = subjects::chosen(&words.subjects, &snapshot)?;
        let mut view = view(&opened, &snapshot, &chosen).await;
        for unreachable in &view.unreachable {
            desk.say(&format!("warning: {}", unreachable.why));
        }
        let labels = labels(&mut view).await?;
        tell(&view, &labels, arguments, desk).await
    })
}

/// Who keeps a log, told apart; what does not is looked at no more.
async fn labels(view: &mut View) -> Result<Labels, Failure> {
    let nothing = LogWish { tail: Some(0), ..LogWish::default() };
    let LogReport { mut told, failed } = view.logs(&nothing, &mut |_| ControlFlow::Continue(())).await;
    told.extend(failed.into_iter().map(|(address, _)| address));
    told.sort();
    if told.is_empty() {
        return Err(Failure::new("nothing of what is meant keeps a log").help("`siac status` shows what runs"));
    }
    view.retain(&|address| told.contains(address));
    Ok(Labels::new(&told))
}

async fn tell(view: &View, labels: &Labels, arguments: &LogsArgs, desk: &Desk) -> Result<Exit, Failure> {
    let mut interrupts = listen()?;
    let mut take = |telling: Telling| match &desk.json {
        Some(stream) => gone_on(&stream.line(Kind::Log, json_stream::log_line(&telling))),
        None => gone_on(&desk.line(&line(&telling.address, &telling.line, labels, arguments.timestamps, &desk.out))),
    };
    let wish = wish(arguments, Timestamp::now());
    let report = tokio::select! {
        report = view.logs(&wish, &mut take) => report,
        // An interrupt is how following ends.
        _ = interrupts.stop.raised() => return Ok(if arguments.follow { Exit::Done } else { Exit::Interrupted }),
    };
    for (address, why) in &report.failed {
        desk.say(&format!("error: the log of {address}: {why}"));
    }
    Ok(if report.failed.is_empty() { Exit::Done } else { Exit::Error })
}

/// A reader that went away wants no more.
fn gone_on(written: &std::io::Result<()>) -> ControlFlow<()> {
    if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

fn wish(arguments: &LogsArgs, now: Timestamp) -> LogWish {
    let tail = match (arguments.tail, &arguments.since) {
        (Some(Tail::Last(lines)), _) => Some(lines),
        (Some(Tail::All), _) | (None, Some(_)) => None,
        (None, None) => Some(TAIL),
    };
    let since = arguments.since.as_ref().map(|since| format!("{:.3}", since.moment(now)));
    LogWish { tail, since, follow: arguments.follow }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::Command;

    fn wished(line: &str) -> LogWish {
        let Command::Logs(arguments) = Cli::try_parse_from(line.split(' ')).unwrap().command else { panic!("{line}") };
        wish(&arguments, "2026-11-21T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn without_a_word_the_last_lines_are_meant() {
        assert_eq!(wished("siac logs"), LogWish { tail: Some(TAIL), since: None, follow: false });
        assert_eq!(wished("siac logs api -f --tail all"), LogWish { tail: None, since: None, follow: true });
    }

    #[test]
    fn a_span_and_a_moment_mean_the_same() {
        let wanted = LogWish { tail: None, since: Some("2026-11-21T11:50:00.000Z".into()), follow: false };
        assert_eq!(wished("siac logs --since 10m"), wanted);
        assert_eq!(wished("siac logs --since 2026-11-21T12:50:00+01:00"), wanted);
        assert_eq!(wished("siac logs --since 10m --tail 3").tail, Some(3));
        assert!(Cli::try_parse_from(["siac", "logs", "--since", "soon"]).is_err());
    }
}
