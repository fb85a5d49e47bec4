//! Lines of logs: which of several said it, when, and what, all of it harmless.

use std::collections::BTreeMap;

use siac_core::model::address::{ResourceAddress, ScopeKind};
use siac_core::model::log::LogLine;
use unicode_width::UnicodeWidthStr;

use super::page::{Line, Page};
use super::style::{Role, Style};

/// What tells one log from another, in turn.
const ROLES: [Role; 4] = [Role::Read, Role::Changed, Role::Added, Role::Removed];

/// How lines of several logs are told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    labels: BTreeMap<ResourceAddress, (Role, String)>,
    width: usize,
}

impl Labels {
    /// The shortest words that tell these apart; none where there is only one.
    pub fn new(addresses: &[ResourceAddress]) -> Self {
        if addresses.len() < 2 {
            return Self::default();
        }
        let is_one = |label: &str| addresses.iter().filter(|other| short(other) == label).count() == 1;
        let label = |address: &ResourceAddress| {
            let short = short(address);
            if is_one(&short) { short } else { address.to_string() }
        };
        let labels: BTreeMap<_, _> = addresses
            .iter()
            .zip(ROLES.into_iter().cycle())
            .map(|(address, role)| (address.clone(), (role, label(address))))
            .collect();
        let width = labels.values().map(|(_, label)| label.width()).max().unwrap_or_default();
        Self { labels, width }
    }
}

/// The component that it belongs to, else its own name; with its key.
fn short(address: &ResourceAddress) -> String {
    let component = address.scope.iter().rev().find(|step| step.kind == ScopeKind::Component);
    let (name, key) = component.map_or((&address.name, &address.key), |step| (&step.name, &step.key));
    match key {
        Some(key) => format!("{name}[{key:?}]"),
        None => name.clone(),
    }
}

/// One line of a log.
pub fn line(address: &ResourceAddress, line: &LogLine, labels: &Labels, has_times: bool, style: &Style) -> String {
    let mut shown = Line::new(0);
    if let Some((role, label)) = labels.labels.get(address) {
        shown.push(*role, format!("{label}{} | ", " ".repeat(labels.width - label.width())));
    }
    if let Some(time) = line.time.as_ref().filter(|_| has_times) {
        shown.push(Role::Faint, format!("{time} "));
    }
    let mut page = Page::new();
    page.push(shown.text(&line.text));
    page.write(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<ResourceAddress> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn shown(texts: &[&str], has_times: bool) -> Vec<String> {
        let addresses = addresses(texts);
        let labels = Labels::new(&addresses);
        let said = LogLine { time: Some("2026-11-21T12:00:00.000Z".into()), text: "ready \x1b[2J".into() };
        addresses.iter().map(|address| line(address, &said, &labels, has_times, &Style::plain())).collect()
    }

    #[test]
    fn one_log_needs_no_label_and_nothing_harmful_gets_through() {
        assert_eq!(shown(&["local_service.api"], false), ["ready \\x1b[2J\n"]);
        assert_eq!(shown(&["local_service.api"], true), ["2026-11-21T12:00:00.000Z ready \\x1b[2J\n"]);
    }

    #[test]
    fn several_logs_are_told_apart_by_as_little_as_possible() {
        let lines = shown(
            &[
                "component.api.local_service.server",
                r#"component.worker["eu"].local_service.server"#,
                "local_service.x",
            ],
            false,
        );
        assert_eq!(lines[0], "api          | ready \\x1b[2J\n");
        assert_eq!(lines[1], "worker[\"eu\"] | ready \\x1b[2J\n");
        assert_eq!(lines[2], "x            | ready \\x1b[2J\n");
        let twins = shown(&["local_service.api", "module.m.local_service.api"], false);
        assert!(twins[0].starts_with("local_service.api          | "), "{twins:?}");
    }
}
