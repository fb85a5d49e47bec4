//! Two snapshots side by side.

use std::collections::{BTreeMap, BTreeSet};

use siac_core::model::address::ResourceAddress;
use siac_core::model::snapshot::{Object, Snapshot};
use siac_core::model::value::{Partial, Value};
use siac_core::ports::Catalogues;

use super::compare::{Manner, attributes};
use super::discretion::Discretion;
use super::page::{Line, Page};
use super::style::{Role, Style};
use super::words::counted;
use crate::arguments::Detail;

/// What is new, gone and different in `after`, compared with `before`.
pub fn snapshots(
    before: &Snapshot,
    after: &Snapshot,
    catalogues: &Catalogues,
    detail: Detail,
    style: &Style,
) -> String {
    let mut page = Page::new();
    let comparison = Comparison { before, after, catalogues, detail, style };
    page.push(Line::prose(0, 2).text(format!(
        "from snapshot {} ({}) to snapshot {} ({})",
        before.serial, before.time, after.serial, after.time
    )));
    let addresses: BTreeSet<&ResourceAddress> = before.records.keys().chain(after.records.keys()).collect();
    let mut same = 0;
    for address in addresses {
        let (old, new) = (before.object(address), after.object(address));
        match is_same(old, new) {
            true => same += 1,
            false => page.section(comparison.resource(address, old, new)),
        }
    }
    let outputs = comparison.outputs();
    let differs = page.lines().len() > 1 || !outputs.is_empty();
    page.section(outputs);
    if !differs {
        page.push(Line::new(0).piece(Role::Good, "No differences."));
    } else if same > 0 {
        page.gap();
        let are = if same == 1 { "is" } else { "are" };
        page.push(Line::new(0).piece(Role::Faint, format!("{} {are} the same.", counted(same, "resource"))));
    }
    page.write(style)
}

/// Whether two objects are the same to a reader: their identity and attributes.
fn is_same(before: Option<&Object>, after: Option<&Object>) -> bool {
    match (before, after) {
        (Some(old), Some(new)) => old.remote == new.remote && old.attributes() == new.attributes(),
        (None, None) => true,
        _ => false,
    }
}

#[derive(Clone, Copy)]
struct Comparison<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    catalogues: &'a Catalogues,
    detail: Detail,
    style: &'a Style,
}

impl Comparison<'_> {
    fn manner<'b>(&self, sensitive: &'b BTreeSet<String>, noun: &'b str) -> Manner<'b> {
        Manner {
            detail: self.detail,
            width: self.style.width,
            replace: &[],
            sensitive,
            context: &["id", "name"],
            marks: true,
            noun,
        }
    }

    fn resource(&self, address: &ResourceAddress, before: Option<&Object>, after: Option<&Object>) -> Page {
        let (mark, role, words) = match (before, after) {
            (None, _) => ("+", Role::Added, "is new"),
            (_, None) => ("-", Role::Removed, "is gone"),
            (Some(old), Some(new)) if old.op != new.op => ("-/+", Role::Removed, "is another object"),
            _ => ("~", Role::Changed, "is different"),
        };
        let mut page = Page::new();
        let line = Line::new(0).piece(role, format!("{mark:>3}")).text(" ").piece(Role::Strong, address.to_string());
        page.push(line.text(" ").text(words));
        if self.detail != Detail::Summary {
            let hidden = self.hidden(address, before, after);
            let (old, new) = (before.map(Object::attributes), after.map(Object::attributes));
            page.append(attributes(old.as_ref(), new.as_ref(), 6, self.manner(&hidden, "attribute")));
        }
        page
    }

    /// Hidden on either side is hidden.
    fn hidden(&self, address: &ResourceAddress, before: Option<&Object>, after: Option<&Object>) -> BTreeSet<String> {
        let of = |snapshot, object: Option<&Object>| {
            object.map(|object| Discretion::new(self.catalogues, snapshot).hidden(address, object)).unwrap_or_default()
        };
        of(self.before, before).into_iter().chain(of(self.after, after)).collect()
    }

    fn outputs(&self) -> Page {
        let mut page = Page::new();
        let (before, after) = (output_values(self.before), output_values(self.after));
        if before == after {
            return page;
        }
        let all = self.before.outputs.iter().chain(&self.after.outputs);
        let sensitive = all.filter(|(_, output)| output.sensitive).map(|(name, _)| name.clone()).collect();
        page.push(Line::new(0).text("Outputs:"));
        page.append(attributes(Some(&before), Some(&after), 2, self.manner(&sensitive, "output")));
        page
    }
}

fn output_values(snapshot: &Snapshot) -> Partial {
    let values = snapshot.outputs.iter().map(|(name, output)| (name.clone(), output.value.clone()));
    Value::Map(values.collect::<BTreeMap<_, _>>())
}
