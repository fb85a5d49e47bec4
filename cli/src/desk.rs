//! Where a command writes: what may be read by a program to stdout, everything else to stderr.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::Value as Json;
use siac_core::model::diagnostic::{Diagnostic, SourceMap};
use siac_core::model::event::{Event, EventSink, StopRequested};
use siac_core::model::plan::Plan;

use crate::arguments::GlobalOptions;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json_stream::{JsonSink, JsonStream, Kind};
use crate::progress::{Progress, Tally};
use crate::render::diagnostics;
use crate::render::style::Style;
use crate::sanitise;
use crate::secrets::Redactor;

/// How a command speaks.
#[derive(Clone)]
pub struct Desk {
    /// How text on stdout may look.
    pub out: Style,
    /// How text on stderr may look.
    pub err: Style,
    /// What is never written, whatever happens.
    pub redactor: Redactor,
    /// The stream of JSON on stdout, where it was asked for.
    pub json: Option<JsonStream>,
}

impl Desk {
    /// As the flags and the terminal have it.
    pub fn new(global: &GlobalOptions) -> Self {
        let redactor = Redactor::new([]);
        // A reader that is gone already gets nothing; there is nobody to tell.
        let json = global.json.then(|| JsonStream::begin(Box::new(io::stdout()), redactor.clone()).ok()).flatten();
        Self { out: Style::of_stdout(global.no_color), err: Style::of_stderr(global.no_color), redactor, json }
    }

    /// Writes data as it is.
    pub fn data(&self, text: &str) {
        put(&mut io::stdout().lock(), text);
    }

    /// Writes what a command found: as text, or as one line of JSON.
    pub fn answer(&self, text: impl FnOnce() -> String, kind: Kind, json: impl FnOnce() -> Json) {
        match &self.json {
            Some(stream) => drop(stream.line(kind, json())),
            None => put(&mut io::stdout().lock(), &self.redactor.redact(&text())),
        }
    }

    /// Writes one line of data that was rendered for stdout. Fails when nobody reads it any more.
    pub fn line(&self, text: &str) -> io::Result<()> {
        io::stdout().lock().write_all(self.redactor.redact(text).as_bytes())
    }

    /// Says something to whoever watches.
    pub fn say(&self, text: &str) {
        put(&mut io::stderr().lock(), &sanitise::block(&self.redactor.redact(text)));
    }

    /// Writes text that was rendered for stderr.
    pub fn show(&self, text: &str) {
        put(&mut io::stderr().lock(), &self.redactor.redact(text));
    }

    /// Shows problems in files.
    pub fn problems(&self, problems: &[Diagnostic], sources: &SourceMap) {
        match &self.json {
            Some(stream) => drop(stream.diagnostics(problems, sources)),
            None if problems.is_empty() => {}
            None => self.show(&diagnostics::diagnostics(problems, sources, &self.err)),
        }
    }

    /// Says why a command failed, and what to do.
    pub fn failure(&self, failure: &Failure) {
        if let Some(problems) = &failure.problems {
            self.problems(&problems.0, &problems.1);
        }
        if !failure.what.is_empty() {
            let help = failure.help.as_ref().map(|help| format!("\n  {help}")).unwrap_or_default();
            match &self.json {
                Some(stream) => {
                    drop(stream.line(Kind::Message, serde_json::json!({ "error": failure.what, "help": failure.help })))
                }
                None => self.say(&format!("error: {}{help}", failure.what)),
            }
        }
    }

    /// Writes the last line of the stream.
    pub fn end(&self, exit: Exit) {
        if let Some(stream) = &self.json {
            // The exit code says it too.
            let _ = stream.end(exit);
        }
    }

    /// Who listens to a deployment of this plan.
    pub fn listener(&self, plan: Option<&Plan>, stop: Arc<AtomicBool>) -> Listener {
        match &self.json {
            Some(stream) => {
                let words =
                    Progress::plain(Box::new(io::sink()), plan, self.err, self.redactor.clone(), Arc::clone(&stop));
                Listener { words, stream: Some(stream.sink(stop)) }
            }
            None => Listener { words: Progress::on_stderr(plan, self.err, self.redactor.clone(), stop), stream: None },
        }
    }
}

/// Listens to a deployment, for people or for programs.
pub struct Listener {
    words: Progress,
    stream: Option<JsonSink>,
}

impl Listener {
    /// Ends the listening and answers with what was counted.
    pub fn finish(self) -> Tally {
        self.words.finish()
    }
}

impl EventSink for Listener {
    fn emit(&mut self, event: &Event) -> ControlFlow<StopRequested> {
        if let Some(stream) = &mut self.stream {
            // Both listeners hear of the same wish to stop.
            let _ = stream.emit(event);
        }
        self.words.emit(event)
    }
}

/// Writes text and a line break. A reader that has gone away is no error: nobody is left to tell.
fn put(to: &mut impl Write, text: &str) {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let _ = writeln!(to, "{text}");
    let _ = to.flush();
}
