//! What is remembered.

use siac_core::model::address::ResourceAddress;
use siac_core::model::snapshot::{Object, Record, Snapshot};
use siac_core::model::value::Partial;

use super::compare::{Manner, attributes};
use super::discretion::Discretion;
use super::page::{Line, Page};
use super::style::{Role, Style};
use crate::arguments::Detail;

/// The addresses that a snapshot remembers, one a line; only those that start with `prefix`.
pub fn list(snapshot: &Snapshot, prefix: Option<&str>, style: &Style) -> String {
    let mut page = Page::new();
    let addresses = snapshot.records.keys().map(ToString::to_string);
    page.extend(
        addresses.filter(|address| address.starts_with(prefix.unwrap_or(""))).map(|address| Line::new(0).text(address)),
    );
    page.write(style)
}

/// Everything that is remembered of one resource, apart from what must not be shown.
pub fn show(address: &ResourceAddress, record: &Record, discretion: Discretion<'_>, style: &Style) -> String {
    let mut page = Page::new();
    page.push(Line::new(0).piece(Role::Strong, address.to_string()));
    if let Some(object) = &record.object {
        page.append(self::object(address, object, discretion, style));
    }
    for (op, object) in &record.deposed {
        page.gap();
        page.push(
            Line::new(0)
                .piece(Role::Warning, "left behind")
                .text(format!(" by operation {op}, to be destroyed by the next apply")),
        );
        page.append(self::object(address, object, discretion, style));
    }
    page.write(style)
}

fn object(address: &ResourceAddress, object: &Object, discretion: Discretion<'_>, style: &Style) -> Page {
    let mut page = Page::new();
    let mut fact =
        |name: &str, value: String| page.push(Line::prose(2, 16).piece(Role::Faint, format!("{name:<14}")).text(value));
    fact("provider", object.provider.clone());
    fact("id", object.remote.clone());
    fact("operation", object.op.to_string());
    if !object.dependencies.is_empty() {
        let names: Vec<String> = object.dependencies.iter().map(ToString::to_string).collect();
        fact("depends on", names.join(", "));
    }
    if object.tainted {
        fact("unfinished", "its creation did not finish; the next plan replaces it".to_owned());
    }
    if object.lifecycle.prevent_destroy {
        fact("protected", "`prevent_destroy` is set".to_owned());
    }
    page.gap();
    page.append(everything(&object.attributes(), &discretion.hidden(address, object), style));
    page
}

fn everything(value: &Partial, hidden: &std::collections::BTreeSet<String>, style: &Style) -> Page {
    let manner = Manner {
        detail: Detail::Full,
        width: style.width,
        replace: &[],
        sensitive: hidden,
        context: &[],
        marks: false,
        noun: "attribute",
    };
    attributes(Some(value), Some(value), 2, manner)
}
