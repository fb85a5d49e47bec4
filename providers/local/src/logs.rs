//! Reading the log files that supervisors write: the last lines without reading the whole, and new ones as they come, also while the
//! files rotate.

mod backwards;
mod generations;

use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use siac_core::model::log::{LogLine, LogNews, LogWish};
use siac_core::ports::{Fault, LogReader};
use tokio::time::sleep;

use crate::kind::blocking;
use crate::moment;
use generations::Generations;

/// How often a file that is followed is looked at. A choice of this project: a person sees no delay.
const POLL: Duration = Duration::from_millis(150);
/// How many lines are read before they are passed on. A choice of this project.
const BATCH: usize = 512;

/// Tells the lines of the log at `path`, as far as they are wanted.
pub async fn tell(path: PathBuf, wish: &LogWish, reader: &dyn LogReader) -> Result<(), Fault> {
    let (place, sought) = (path.clone(), wish.clone());
    let mut log = reading(&path, move || Generations::open(&place, &sought)).await?;
    loop {
        let (read, lines) = batch(&path, log).await?;
        log = read;
        let is_all = lines.is_empty();
        if pass_on(lines, reader).await.is_break() {
            return Ok(());
        }
        if is_all {
            break;
        }
    }
    if reader.take(LogNews::CaughtUp).await.is_break() || !wish.follow {
        return Ok(());
    }
    loop {
        let (read, lines) = batch(&path, log).await?;
        log = read;
        if lines.is_empty() {
            sleep(POLL).await;
            let place = path.clone();
            log = reading(&path, move || log.advanced(&place)).await?;
        }
        if pass_on(lines, reader).await.is_break() {
            return Ok(());
        }
    }
}

async fn batch(path: &std::path::Path, mut log: Generations) -> Result<(Generations, Vec<LogLine>), Fault> {
    let read = move || {
        let lines = log.lines(BATCH)?;
        Ok((log, lines))
    };
    reading(path, read).await
}

async fn reading<T: Send + 'static>(
    path: &std::path::Path,
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    let path = path.to_owned();
    let told = move || {
        read().map_err(|error| Fault::rejected(format!("the log `{}` cannot be read: {error}", path.display())))
    };
    blocking(told).await
}

async fn pass_on(lines: Vec<LogLine>, reader: &dyn LogReader) -> ControlFlow<()> {
    for line in lines {
        reader.take(LogNews::Line(line)).await?;
    }
    ControlFlow::Continue(())
}

/// A line as it stands in the file.
fn line_of(bytes: &[u8]) -> LogLine {
    let text = String::from_utf8_lossy(bytes);
    let (time, text) = moment::split(text.trim_end_matches(['\n', '\r']));
    LogLine { time: time.map(str::to_owned), text: text.to_owned() }
}

#[cfg(test)]
mod tests;
