//! How everything that runs is doing: two lines for what is well, more for what is not, and what to type next.

use jiff::Timestamp;
use siac_core::model::address::ResourceAddress;
use siac_core::model::inspection::{Amount, Health, Inspection, Instance, Reading, Release, amount, names};
use siac_engine::use_cases::inspecting::{Seen, Unreachable};

use super::history::ID_DIGITS;
use super::page::{Line, Page};
use super::style::{Role, Style};
use super::words::{age, bytes, counted, listed, shell_word, span};

/// Readings that stand in a place of their own.
const PLACED: [&str; 7] =
    [names::URL, names::MEMORY, names::CONNECTIONS, names::REQUESTS, names::RESTARTS, names::LAST_EXIT, names::PROCESS];

/// What was looked at, and how it is to be told.
pub struct Looked<'a> {
    /// What runs.
    pub seen: &'a [Seen],
    /// What could not be looked at.
    pub unreachable: &'a [Unreachable],
    /// The present moment.
    pub now: Timestamp,
    /// Whether releases and processes are told even where all is well.
    pub is_detailed: bool,
    /// The stack file, as commands take it.
    pub file: &'a str,
    /// Whether commands must name it to mean this stack.
    pub is_named: bool,
}

/// The health of something that could not be looked at is unknown.
pub fn health(seen: &Seen) -> Health {
    seen.answer.as_ref().map_or(Health::Unknown, |inspection| inspection.health)
}

/// Whether everything was looked at and is healthy.
pub fn is_all_well(seen: &[Seen], unreachable: &[Unreachable]) -> bool {
    unreachable.is_empty() && seen.iter().all(|seen| health(seen).is_well())
}

/// What runs, one after the other, and a line that says it all. Nothing when nothing runs.
pub fn services(looked: &Looked<'_>, style: &Style) -> String {
    let mut page = Page::new();
    for seen in looked.seen {
        page.section(service(seen, looked));
    }
    for unreachable in looked.unreachable {
        page.section(not_asked(unreachable));
    }
    page.section(summary(looked));
    page.write(style)
}

fn service(seen: &Seen, looked: &Looked<'_>) -> Page {
    let (mut page, health) = (Page::new(), health(seen));
    let since = seen.answer.as_ref().ok().and_then(|inspection| inspection.since.as_deref());
    page.push(
        Line::new(0)
            .piece(Role::Strong, seen.address.to_string())
            .text("  ")
            .piece(role(health), lasting(health, since, looked.now)),
    );
    match &seen.answer {
        Ok(inspection) => page.append(inspected(inspection, looked)),
        Err(why) => page.push(Line::prose(2, 2).text(why)),
    }
    page.extend(next_step(health, &seen.address, looked).map(|command| Line::new(2).piece(Role::Read, command)));
    page
}

fn role(health: Health) -> Role {
    match health {
        Health::Healthy => Role::Good,
        Health::Starting | Health::Degraded | Health::Unknown => Role::Warning,
        Health::Failing | Health::Gone => Role::Bad,
    }
}

/// `healthy for 2h05m`
fn lasting(health: Health, since: Option<&str>, now: Timestamp) -> String {
    match since.and_then(|since| age(since, now)) {
        Some(age) => format!("{} for {}", health.word(), span(age)),
        None => health.word().to_owned(),
    }
}

fn inspected(inspection: &Inspection, looked: &Looked<'_>) -> Page {
    let mut page = Page::new();
    if !inspection.summary.is_empty() {
        page.push(Line::prose(2, 2).text(&inspection.summary));
    }
    let facts = facts(inspection);
    if !facts.is_empty() {
        page.push(Line::prose(2, 2).text(facts.join(", ")));
    }
    if let Some(Amount::Text(url)) = inspection.amount(names::URL) {
        page.push(Line::new(2).text(url));
    }
    let shares_work = inspection.releases.iter().filter(|release| release.share.is_some()).count() > 1;
    if looked.is_detailed || shares_work || (!inspection.health.is_well() && inspection.instances().count() > 1) {
        inspection.releases.iter().for_each(|release| page.append(self::release(release, looked)));
    }
    if looked.is_detailed {
        let own = inspection.readings.iter().filter(|reading| !PLACED.contains(&reading.name.as_str()));
        let own: Vec<String> = own.map(|reading| format!("{} {}", reading.name, measured(&reading.amount))).collect();
        page.extend((!own.is_empty()).then(|| Line::prose(2, 2).piece(Role::Faint, own.join(", "))));
    }
    page
}

/// What is worth knowing of the whole, in the order in which it is asked for.
fn facts(inspection: &Inspection) -> Vec<String> {
    let serving = inspection.releases.iter().filter(|release| release.share.is_some());
    let names: Vec<String> = serving.filter(|release| !release.name.is_empty()).map(shared_name).collect();
    let mut facts = Vec::new();
    if !names.is_empty() {
        facts.push(format!("release {}", listed(&names)));
    }
    let serving = inspection.releases.iter().filter(|release| release.share.is_some());
    let processes = serving.flat_map(|release| &release.instances);
    let processes = processes.filter(|instance| amount(&instance.readings, names::PROCESS).is_some()).count();
    if processes > 0 {
        facts.push(counted(processes, "process"));
    }
    facts.extend(common(&inspection.readings));
    facts
}

fn shared_name(release: &Release) -> String {
    match release.share {
        Some(share) if share < 100 => format!("{} ({share} %)", short(&release.name)),
        _ => short(&release.name).to_owned(),
    }
}

/// A digest by its first digits; a name of other kind as it is.
fn short(name: &str) -> &str {
    let is_digest = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { &name[..ID_DIGITS] } else { name }
}

/// The readings that everybody understands, in words.
fn common(readings: &[Reading]) -> Vec<String> {
    let number = |count: u64, word: &str| counted(usize::try_from(count).unwrap_or(usize::MAX), word);
    let words = |name: &str| match (name, amount(readings, name)?) {
        (names::RESTARTS, Amount::Count(0)) => None,
        (names::CONNECTIONS, Amount::Count(count)) => Some(number(*count, "connection")),
        (names::REQUESTS, Amount::Count(count)) => Some(number(*count, "request")),
        (names::RESTARTS, Amount::Count(count)) => Some(number(*count, "restart")),
        (names::LAST_EXIT, amount) => Some(format!("last exit {}", measured(amount))),
        (_, amount) => Some(measured(amount)),
    };
    let order = [names::MEMORY, names::CONNECTIONS, names::REQUESTS, names::RESTARTS, names::LAST_EXIT];
    order.into_iter().filter_map(words).collect()
}

fn measured(amount: &Amount) -> String {
    match amount {
        Amount::Text(text) | Amount::Moment(text) => text.clone(),
        Amount::Count(count) => count.to_string(),
        Amount::Bytes(count) => bytes(*count),
        Amount::Milliseconds(count) => span(std::time::Duration::from_millis(*count)),
    }
}

fn release(release: &Release, looked: &Looked<'_>) -> Page {
    let mut page = Page::new();
    let name = if release.name.is_empty() { "release" } else { short(&release.name) };
    let share = match release.share {
        Some(share) => format!("{share} % of what comes"),
        None => "finishes what it has begun".to_owned(),
    };
    let facts = [vec![share], common(&release.readings)].concat().join(", ");
    page.push(Line::prose(2, 2).piece(Role::Strong, name).text(format!("  {facts}")));
    page.extend(release.instances.iter().map(|one| instance(one, looked)));
    page
}

fn instance(instance: &Instance, looked: &Looked<'_>) -> Line {
    let lasting = lasting(instance.health, instance.since.as_deref(), looked.now);
    let facts = common(&instance.readings).join(", ");
    let facts = if facts.is_empty() { facts } else { format!("  {facts}") };
    Line::prose(4, 2).text(format!("{}  ", instance.name)).piece(role(instance.health), lasting).text(facts)
}

/// What to type next when something is not well.
fn next_step(health: Health, address: &ResourceAddress, looked: &Looked<'_>) -> Option<String> {
    let (address, file) = (shell_word(&address.to_string()), shell_word(looked.file));
    let stack = if looked.is_named { format!(" --stack {file}") } else { String::new() };
    match health {
        Health::Healthy | Health::Unknown => None,
        Health::Starting | Health::Degraded | Health::Failing => Some(format!("siac logs {address} --tail 50{stack}")),
        Health::Gone => Some(format!("siac apply {file}")),
    }
}

fn not_asked(unreachable: &Unreachable) -> Page {
    let mut page = Page::new();
    let left_out = counted(unreachable.addresses.len(), "resource");
    page.push(
        Line::new(0)
            .piece(Role::Strong, format!("provider {}", unreachable.provider))
            .text("  ")
            .piece(Role::Warning, format!("{left_out} could not be looked at")),
    );
    page.push(Line::prose(2, 2).text(&unreachable.why));
    page
}

fn summary(looked: &Looked<'_>) -> Page {
    let mut page = Page::new();
    let (all, seen) = (looked.seen.len(), looked.seen);
    let unwell: Vec<String> = seen
        .iter()
        .filter(|seen| !health(seen).is_well())
        .map(|seen| format!("{} is {}", seen.address, health(seen).word()))
        .collect();
    match (all, unwell.as_slice()) {
        (0, _) => {}
        (1, []) => page.push(Line::new(0).piece(Role::Good, "1 service, and it is healthy")),
        (_, []) => page.push(Line::new(0).piece(Role::Good, format!("{all} services, and all are healthy"))),
        (_, unwell) => page.push(
            Line::prose(0, 2)
                .piece(Role::Bad, format!("{} of {}", unwell.len(), counted(all, "service")))
                .text(format!(" not healthy: {}", listed(unwell))),
        ),
    }
    page
}
