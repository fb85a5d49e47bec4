//! The words for builds.

use std::collections::BTreeMap;
use std::time::Instant;

use siac_core::model::identity::Digest;

use super::{MOST_ROWS, PATIENCE, one};
use crate::render::page::{Line, Page, clipped};
use crate::render::style::Role;
use crate::render::words::{elapsed, first_line};

/// Builds that run, by the identity of what is built.
#[derive(Debug, Default)]
pub(super) struct Builds(BTreeMap<Digest, Build>);

#[derive(Debug)]
struct Build {
    source: String,
    since: Instant,
    mentioned: Instant,
}

fn building(source: &str) -> Line {
    Line::new(0).text("building ").piece(Role::Strong, if source.is_empty() { "." } else { source })
}

/// What another run builds.
pub(super) fn awaited(source: &str) -> Page {
    one(building(source).text(": another run is at it; waiting for its end"))
}

impl Builds {
    pub fn began(&mut self, identity: Digest, source: &str, command: &str, now: Instant) -> Page {
        self.0.insert(identity, Build { source: source.to_owned(), since: now, mentioned: now });
        one(building(source).text(format!(": {}", clipped(first_line(command), 100))))
    }

    pub fn ended(&mut self, identity: Digest, source: &str, is_made: bool, now: Instant) -> Page {
        let since = self.0.remove(&identity).map_or(now, |build| build.since);
        let time = elapsed(now.duration_since(since));
        let (role, word) = if is_made { (Role::Good, "done") } else { (Role::Bad, "failed") };
        one(building(source).text(": ").piece(role, word).text(format!(" [{time}]")))
    }

    /// The lines about builds that were not mentioned for a while.
    pub fn still_running(&mut self, now: Instant) -> Page {
        let mut page = Page::new();
        for build in self.0.values_mut().filter(|build| now.duration_since(build.mentioned) >= PATIENCE) {
            build.mentioned = now;
            let time = elapsed(now.duration_since(build.since));
            page.push(building(&build.source).text(format!(": still running… [{time} elapsed]")));
        }
        page
    }

    /// A row for each.
    pub fn table(&self, now: Instant, width: usize) -> Page {
        let mut page = Page::new();
        for build in self.0.values().take(MOST_ROWS) {
            let time = elapsed(now.duration_since(build.since));
            let source = clipped(&build.source, width.saturating_sub(time.len() + 16));
            let line = Line::new(2).text("building ").piece(Role::Strong, source);
            page.push(line.text("… ").piece(Role::Faint, format!("[{time}]")));
        }
        page
    }
}
