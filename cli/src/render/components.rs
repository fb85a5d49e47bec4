//! Components: as a list, and as what they become.

use siac_core::language::format::format;
use siac_core::language::write::{toml, toml_key};
use siac_core::model::address::Mode;
use siac_core::model::stack::Lifecycle;
use siac_core::planning::expansion::Told;
use siac_core::serverless::Part;

use super::page::{Line, Page, table};
use super::style::{Role, Style};
use super::words::listed;

/// A component, or one instance of it.
pub struct Row {
    /// Its address.
    pub address: String,
    /// Its kind.
    pub kind: String,
    /// The provider instance.
    pub provider: String,
    /// The project's folder, as the stack writes it.
    pub source: String,
    /// Where it answers; as far as it is known, nowhere when it is not deployed.
    pub url: Option<Option<String>>,
}

/// A kind of component.
pub struct KindRow {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// The plugins that realise it.
    pub providers: Vec<String>,
}

/// The components of a stack, one a line.
pub fn list(rows: &[Row], style: &Style) -> String {
    if rows.is_empty() {
        let mut page = Page::new();
        page.push(Line::new(0).text("the stack has no components; `siac component list --kinds` says which there are"));
        return page.write(style);
    }
    let cells = |row: &Row| {
        let url = match &row.url {
            Some(Some(url)) => (Role::Plain, url.clone()),
            Some(None) => (Role::Faint, "not deployed".to_owned()),
            None => (Role::Faint, "not known".to_owned()),
        };
        vec![
            (Role::Strong, row.address.strip_prefix("component.").unwrap_or(&row.address).to_owned()),
            (Role::Plain, row.kind.clone()),
            (Role::Plain, row.provider.clone()),
            (Role::Plain, row.source.clone()),
            url,
        ]
    };
    let rows: Vec<_> = rows.iter().map(cells).collect();
    table(&["name", "kind", "provider", "source", "url"], &rows).write(style)
}

/// The kinds of components, one a line.
pub fn kinds(kinds: &[KindRow], style: &Style) -> String {
    let cells = |kind: &KindRow| {
        let providers = match kind.providers.is_empty() {
            true => (Role::Faint, "nobody here".to_owned()),
            false => (Role::Plain, listed(&kind.providers)),
        };
        vec![(Role::Strong, kind.name.to_owned()), providers, (Role::Plain, kind.description.to_owned())]
    };
    let rows: Vec<_> = kinds.iter().map(cells).collect();
    table(&["kind", "realised by", "what it is"], &rows).write(style)
}

/// What components become, as TOML that a stack could hold.
pub fn expansions(told: &[Told]) -> String {
    let texts = told.iter().map(|told| {
        let text = expansion(told);
        // What is written here is TOML; were it not, it would be shown as it is.
        format(&text).unwrap_or(text)
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn expansion(told: &Told) -> String {
    let mut text = format!("# {}: {}, realised by {}\n", told.component, told.kind, told.provider);
    for part in &told.parts {
        let section = if part.address.mode == Mode::Data { "data" } else { "resource" };
        text += &format!("[{section}.{}.{}]\n", toml_key(&part.address.kind), toml_key(&part.address.name));
        let attributes = told.written(part);
        let lines =
            attributes.iter().filter_map(|(name, value)| Some(format!("{} = {}\n", toml_key(name), toml(value)?)));
        text.extend(lines);
        text += &meta(part);
        text.push('\n');
    }
    for (name, value) in told.written_outputs() {
        let value = toml(&value).map(|value| format!("[output.{}]\nvalue = {value}\n\n", toml_key(&name)));
        text += &value.unwrap_or_default();
    }
    text
}

/// How a part may change, and what it waits for, where that is said.
fn meta(part: &Part) -> String {
    let mut text = String::new();
    if !part.depends_on.is_empty() {
        let names = part.depends_on.iter().map(|address| format!("\"{}.{}\"", address.kind, address.name));
        text += &format!("depends_on = [{}]\n", names.collect::<Vec<_>>().join(", "));
    }
    let Lifecycle { prevent_destroy, create_before_destroy, ignore_changes, replace_triggered_by } = &part.lifecycle;
    let texts = |name: &str, texts: &[String]| {
        let quoted = texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ");
        (!texts.is_empty()).then(|| format!("{name} = [{quoted}]"))
    };
    let words = [
        prevent_destroy.then(|| "prevent_destroy = true".to_owned()),
        create_before_destroy.then(|| "create_before_destroy = true".to_owned()),
        texts("ignore_changes", ignore_changes),
        texts("replace_triggered_by", replace_triggered_by),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if !words.is_empty() {
        text += &format!("lifecycle = {{ {} }}\n", words.join(", "));
    }
    text
}
