//! `--json`: one object a line on stdout, the first of type `version`. Documented in `docs/reference/json.md`.
//!
//! Nothing sensitive is in it: what must not be shown is `null`, and its place is listed beside the value.

mod components;
mod documents;
mod events;
mod services;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value as Json, json};
use siac_core::model::address::ResourceAddress;
use siac_core::model::diagnostic::{Diagnostic, SourceMap};
use siac_core::model::event::{Event, EventSink, Fact, StopRequested};
use siac_core::model::identity::OpId;
use siac_core::model::plan::Plan;

use crate::exit::Exit;
use crate::render::diagnostics;
use crate::sanitise;
use crate::secrets::Redactor;

pub use components::{component, component_kind, expansion};
pub use documents::{
    check, differences, drift, history, lock, outputs, plan, resource, resources, revealed, shown, standing,
};
pub use services::{log_line, service, unreachable};

/// The version of the stream's form. It grows when something is renamed or removed, not when something is added.
pub const FORMAT: u32 = 1;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What a line of the stream is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// Every kind of line.
            pub const ALL: &'static [Kind] = &[$(Self::$kind,)*];

            /// The value of the line's `type`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// The first line.
    Version = "version",
    /// A problem.
    Diagnostic = "diagnostic",
    /// A plan.
    Plan = "plan",
    /// A deployment began.
    Started = "started",
    /// A provider call is about to be made.
    Intended = "intended",
    /// A provider call told how it can be resumed.
    Checkpointed = "checkpointed",
    /// A provider call ended.
    Settled = "settled",
    /// Something was only written down.
    Noted = "noted",
    /// A step failed and what was done is taken back.
    UndoBegan = "undo_began",
    /// A deployment ended.
    Finished = "finished",
    /// Files, secrets and resources are being read.
    Answering = "answering",
    /// An artifact is being built.
    BuildBegan = "build_began",
    /// Another run builds the same artifact.
    BuildAwaited = "build_awaited",
    /// A build ended.
    BuildEnded = "build_ended",
    /// Someone else holds the lock.
    WaitingForLock = "waiting_for_lock",
    /// What an earlier run left is being settled.
    Recovering = "recovering",
    /// Waiting until requests of a dead run can no longer arrive.
    Draining = "draining",
    /// The journal cannot be written; nothing new starts.
    JournalFailing = "journal_failing",
    /// A call waits for something to come to an end elsewhere.
    Waiting = "waiting",
    /// A call is tried again.
    Retrying = "retrying",
    /// No new step will start.
    Stopping = "stopping",
    /// A snapshot is published.
    Published = "published",
    /// The outputs of a stack.
    Outputs = "outputs",
    /// The history of a stack, oldest first.
    History = "history",
    /// The addresses that are remembered.
    Resources = "resources",
    /// One resource as it is remembered.
    Resource = "resource",
    /// Two snapshots side by side.
    Differences = "differences",
    /// What changed outside siac.
    Drift = "drift",
    /// An artifact that was built on this machine.
    Build = "build",
    /// Who holds the lock.
    Lock = "lock",
    /// Where a stack stands.
    Status = "status",
    /// How one resource that runs is doing.
    Service = "service",
    /// A provider that could not be asked.
    Unreachable = "unreachable",
    /// A line of a log.
    Log = "log",
    /// Where something answers.
    Url = "url",
    /// A component of a stack.
    Component = "component",
    /// A kind of component.
    ComponentKind = "component_kind",
    /// What a component becomes.
    Expansion = "expansion",
    /// One check of `siac doctor`.
    Check = "check",
    /// The answer of any other command, in words.
    Message = "message",
    /// The last line.
    End = "end",
}

/// Writes the stream. Clones write to the same one.
#[derive(Clone)]
pub struct JsonStream {
    out: Arc<Mutex<Box<dyn Write + Send>>>,
    redactor: Redactor,
}

impl JsonStream {
    /// Begins the stream: writes its first line.
    pub fn begin(out: Box<dyn Write + Send>, redactor: Redactor) -> io::Result<Self> {
        let stream = Self { out: Arc::new(Mutex::new(out)), redactor };
        stream.line(Kind::Version, json!({ "siac": env!("CARGO_PKG_VERSION"), "format": FORMAT }))?;
        Ok(stream)
    }

    /// Writes one line. `body` is an object; its `type` is set here.
    pub fn line(&self, kind: Kind, body: Json) -> io::Result<()> {
        let mut fields = serde_json::Map::new();
        fields.insert("type".to_owned(), kind.name().into());
        if let Json::Object(body) = body {
            fields.extend(body);
        }
        let text = redacted(Json::Object(fields), &self.redactor).to_string();
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(out, "{}", sanitise::json(&text))?;
        out.flush()
    }

    /// Writes a line for each problem.
    pub fn diagnostics(&self, problems: &[Diagnostic], sources: &SourceMap) -> io::Result<()> {
        problems.iter().try_for_each(|problem| self.line(Kind::Diagnostic, diagnostics::to_json(problem, sources)))
    }

    /// Writes a plan.
    pub fn plan(&self, plan: &Plan) -> io::Result<()> {
        self.line(Kind::Plan, documents::plan(plan))
    }

    /// Writes the last line.
    pub fn end(&self, exit: Exit) -> io::Result<()> {
        self.line(Kind::End, json!({ "exit_code": exit.code(), "meaning": exit.meaning() }))
    }

    /// Listens to a deployment; `stop` asks for no new steps once it is true.
    pub fn sink(&self, stop: Arc<AtomicBool>) -> JsonSink {
        JsonSink { stream: self.clone(), addresses: BTreeMap::new(), stop }
    }
}

/// The document with every text, keys included, freed of secrets. Before it is written, so that its form cannot break.
fn redacted(document: Json, redactor: &Redactor) -> Json {
    match document {
        Json::String(text) => redactor.redact(&text).into_owned().into(),
        Json::Array(items) => items.into_iter().map(|item| redacted(item, redactor)).collect(),
        Json::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (redactor.redact(&key).into_owned(), redacted(value, redactor)))
            .collect(),
        other => other,
    }
}

/// Writes what happens in a deployment to the stream.
pub struct JsonSink {
    stream: JsonStream,
    addresses: BTreeMap<OpId, ResourceAddress>,
    stop: Arc<AtomicBool>,
}

impl EventSink for JsonSink {
    fn emit(&mut self, event: &Event) -> ControlFlow<StopRequested> {
        crate::progress::learn_secrets(event, &self.stream.redactor);
        if let Event::Fact(Fact::Intended(intent)) = event {
            self.addresses.insert(intent.op, intent.address.clone());
        }
        let (kind, body) = events::line(event, &self.addresses);
        if let Event::Fact(Fact::Settled { op, .. }) = event {
            self.addresses.remove(op);
        }
        // A reader that went away is no reason to stop a deployment half way.
        let _ = self.stream.line(kind, body);
        match self.stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(StopRequested),
            false => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests;
