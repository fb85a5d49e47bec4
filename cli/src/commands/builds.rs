//! `siac build`: what was built on this machine.

use std::time::{Duration, SystemTime};

use serde_json::json;
use siac_engine::building::{CAPACITY, Made, Shelf};
use siac_engine::project::Project as Files;

use crate::arguments::BuildPruneArgs;
use crate::desk::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json_stream::Kind;
use crate::project::{Project, reason};
use crate::render::page::{clipped, table};
use crate::render::standing::{Check, Health};
use crate::render::style::{Role, Style};
use crate::render::words::{bytes, counted, first_line};

/// From how much on `siac doctor` tells how to make room, in bytes: half of what is kept at most. A choice of this project.
const MUCH: u64 = CAPACITY / 2;

const A_DAY: Duration = Duration::from_secs(24 * 3_600);

/// `siac build list`
pub fn list(desk: &Desk) -> Result<Exit, Failure> {
    let made = shelf_here()?.made();
    match &desk.json {
        Some(stream) => made.iter().for_each(|made| drop(stream.line(Kind::Build, line(made)))),
        None => desk.answer(|| listed(&made, &desk.out), Kind::Message, || serde_json::Value::Null),
    }
    Ok(Exit::Done)
}

/// `siac build prune`
pub fn prune(arguments: &BuildPruneArgs, desk: &Desk) -> Result<Exit, Failure> {
    let idle = A_DAY * u32::from(arguments.older_than);
    let cleared = shelf_here()?.clear(idle, CAPACITY, SystemTime::now());
    let cleared = cleared.map_err(|error| Failure::new(format!("`.siac/builds` cannot be cleared: {error}")))?;
    desk.say(&format!("deleted {}, {}", counted(cleared.artifacts, "artifact"), bytes(cleared.bytes)));
    Ok(Exit::Done)
}

/// What `siac doctor` says of the artifacts that a project keeps on this machine; nothing when there are none.
pub fn check(project: &Project) -> Option<Check> {
    let made = Files::open(&project.root).ok().map(|files| Shelf::of(&files).made())?;
    let size: u64 = made.iter().map(|made| made.size).sum();
    let found = format!("{}, {} in .siac/builds", counted(made.len(), "artifact"), bytes(size));
    let (health, remedy) = match size > MUCH {
        true => (Health::Warning, Some("make room with `siac build prune --older-than 7`".to_owned())),
        false => (Health::Good, None),
    };
    (!made.is_empty()).then(|| Check { what: "builds".to_owned(), health, found, remedy })
}

fn shelf_here() -> Result<Shelf, Failure> {
    let here = std::env::current_dir().map_err(|error| unusable(&error))?;
    let files = Files::open(&Project::around(&here).root).map_err(|error| unusable(&error))?;
    Ok(Shelf::of(&files))
}

fn unusable(error: &std::io::Error) -> Failure {
    Failure::new(format!("the project's folder cannot be used: {}", reason(error)))
}

fn listed(made: &[Made], style: &Style) -> String {
    if made.is_empty() {
        return "nothing that was built is kept here\n".to_owned();
    }
    let row = |made: &Made| {
        let short = |digest: String| digest[..8].to_owned();
        let command = made.build.as_deref().map_or("(packed as it is)", first_line);
        vec![
            (Role::Strong, made.source.clone()),
            (Role::Plain, short(made.identity.to_string())),
            (Role::Plain, short(made.digest.to_string())),
            (Role::Plain, bytes(made.size)),
            (Role::Faint, time(made.used)),
            (Role::Plain, clipped(command, 60)),
        ]
    };
    let rows: Vec<_> = made.iter().map(row).collect();
    table(&["source", "built from", "artifact", "size", "last used", "command"], &rows).write(style)
}

fn line(made: &Made) -> serde_json::Value {
    json!({
        "identity": made.identity,
        "digest": made.digest,
        "source": made.source,
        "command": made.build,
        "size": made.size,
        "used": time(made.used),
    })
}

/// RFC 3339 in UTC, to the second.
fn time(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}
