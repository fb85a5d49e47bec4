//! What an apply says while it works: a live table on a terminal, plain lines elsewhere.
//!
//! [`Tracker`] listens and finds the words; it is pure, time is given to it. [`Progress`] owns the screen and a thread that repeats
//! what is still running.

mod tracker;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use siac_core::model::event::{Event, EventSink, Fact, Outcome, Progress as News, StopRequested};
use siac_core::model::plan::Plan;

use crate::render::page::Page;
use crate::render::style::Style;
use crate::secrets::Redactor;

pub use tracker::{Failure, Tally, Tracker};

/// How often the live table is drawn anew.
const FRAME: Duration = Duration::from_millis(120);
/// How often plain lines are looked for.
const BEAT: Duration = Duration::from_secs(1);

enum Screen {
    Plain(Box<dyn Write + Send>),
    Live(ProgressBar),
}

struct Shown {
    tracker: Tracker,
    screen: Screen,
    style: Style,
    redactor: Redactor,
}

/// Listens to a deployment and shows it on stderr.
pub struct Progress {
    shown: Arc<Mutex<Shown>>,
    heartbeat: Option<(Sender<()>, JoinHandle<()>)>,
    stop: Arc<AtomicBool>,
}

impl Progress {
    /// Shows a deployment of `plan`: a live table when stderr is a terminal, else plain lines.
    ///
    /// `stop` asks for no new steps once it is true; an interrupt handler sets it.
    pub fn on_stderr(plan: Option<&Plan>, style: Style, redactor: Redactor, stop: Arc<AtomicBool>) -> Self {
        match style.width {
            Some(_) => Self::live(plan, style, redactor, stop),
            None => Self::plain(Box::new(io::stderr()), plan, style, redactor, stop),
        }
    }

    /// Writes plain lines.
    pub fn plain(
        out: Box<dyn Write + Send>,
        plan: Option<&Plan>,
        style: Style,
        redactor: Redactor,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self::start(
            Shown { tracker: Tracker::new(plan, Instant::now()), screen: Screen::Plain(out), style, redactor },
            BEAT,
            stop,
        )
    }

    fn live(plan: Option<&Plan>, style: Style, redactor: Redactor, stop: Arc<AtomicBool>) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(form) = ProgressStyle::with_template("{msg}") {
            bar.set_style(form);
        }
        Self::start(
            Shown { tracker: Tracker::new(plan, Instant::now()), screen: Screen::Live(bar), style, redactor },
            FRAME,
            stop,
        )
    }

    fn start(shown: Shown, every: Duration, stop: Arc<AtomicBool>) -> Self {
        let shown = Arc::new(Mutex::new(shown));
        let (sender, receiver) = channel::<()>();
        let beating = Arc::clone(&shown);
        let beat = move || {
            while receiver.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                lock(&beating).beat(Instant::now());
            }
        };
        // Without a thread everything is still told, only not repeated.
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(beat).ok();
        Self { shown, heartbeat: thread.map(|thread| (sender, thread)), stop }
    }

    /// Clears the table and answers with what was counted.
    pub fn finish(mut self) -> Tally {
        self.end();
        lock(&self.shown).tracker.tally(Instant::now())
    }

    fn end(&mut self) {
        if let Some((sender, thread)) = self.heartbeat.take() {
            drop(sender);
            // A panic of the drawing thread is no reason to fail a deployment.
            let _ = thread.join();
            lock(&self.shown).clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

impl EventSink for Progress {
    fn emit(&mut self, event: &Event) -> ControlFlow<StopRequested> {
        lock(&self.shown).hear(event, Instant::now());
        match self.stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(StopRequested),
            false => ControlFlow::Continue(()),
        }
    }
}

fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shown {
    fn hear(&mut self, event: &Event, now: Instant) {
        learn_secrets(event, &self.redactor);
        let page = self.tracker.hear(event, now);
        // On a terminal the table shows what runs, and only what ends stays on the screen.
        let is_in_table = matches!(self.screen, Screen::Live(_))
            && matches!(event, Event::Fact(Fact::Intended(_)) | Event::Progress(News::BuildBegan { .. }));
        if !is_in_table {
            self.print(&page);
        }
        self.draw(now);
    }

    fn beat(&mut self, now: Instant) {
        if let Screen::Plain(_) = self.screen {
            let page = self.tracker.still_running(now);
            self.print(&page);
        }
        self.draw(now);
    }

    /// Prints lines that stay. What cannot be written is lost: there is no better place to say so.
    fn print(&mut self, page: &Page) {
        if page.is_empty() {
            return;
        }
        let text = page.write(&self.style);
        let text = self.redactor.redact(&text);
        match &mut self.screen {
            Screen::Plain(out) => {
                let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            }
            Screen::Live(bar) => bar.println(text.trim_end_matches('\n')),
        }
    }

    fn draw(&mut self, now: Instant) {
        if let Screen::Live(bar) = &self.screen {
            let text = self.tracker.table(now, self.style.width.unwrap_or(80)).write(&self.style);
            bar.set_message(self.redactor.redact(text.trim_end_matches('\n')).into_owned());
        }
    }

    fn clear(&mut self) {
        if let Screen::Live(bar) = &self.screen {
            bar.finish_and_clear();
        }
    }
}

/// What a provider calls sensitive must not come back in its own messages.
pub(crate) fn learn_secrets(event: &Event, redactor: &Redactor) {
    let Event::Fact(Fact::Settled { outcome, .. }) = event else { return };
    if let Outcome::Present(observation) | Outcome::Partial { observation, .. } = outcome.as_ref() {
        observation.secrets.values().for_each(|secret| redactor.add_value(secret));
    }
}

#[cfg(test)]
mod tests;
