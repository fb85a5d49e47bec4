//! `docs/reference/azure.md` says what the schemas and the rows say.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use siac_core::model::schema::{Attribute, KindSchema, Presence};
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Catalogue;
use siac_provider_azure::{AzureProvider, Described, Evidence, Write as Way};

use crate::rows::{Row, rows};

/// What stands before the tables, written by hand.
const HEAD: &str = include_str!("documents/head.md");

/// What the double cannot show, written by hand.
const NOT_PROVABLE: &str = include_str!("documents/not_provable.md");

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/azure.md")
}

#[test]
fn the_reference_says_what_the_schemas_say() {
    let written = reference(&AzureProvider::new());
    if std::env::var_os("SIAC_UPDATE_DOCS").is_some() {
        std::fs::write(page(), &written).unwrap();
    }
    let there = std::fs::read_to_string(page()).unwrap_or_default();
    assert!(there == written, "docs/reference/azure.md is old; run this test with SIAC_UPDATE_DOCS=1");
}

fn reference(provider: &AzureProvider) -> String {
    let mut text = HEAD.to_owned();
    text.push_str(&exercised(provider));
    text.push_str(NOT_PROVABLE);
    text.push_str("\n## Configuration\n\nThe attributes of `[provider.azure]`.\n\n");
    text.push_str(&attributes(provider.schema().config.iter().map(|(name, attribute)| (*name, attribute))));
    text.push_str("\n## Resources\n");
    for (name, schema) in &provider.schema().resources {
        text.push_str(&kind(name, schema, provider.described(name).unwrap()));
    }
    text.push_str("\n## Data\n");
    for (name, schema) in &provider.schema().data {
        let _ = write!(text, "\n### data.{name}\n\n{}.\n\n", sentence(schema.description));
        text.push_str(&attributes(schema.attributes.iter().map(|(name, attribute)| (*name, attribute))));
    }
    text
}

/// The rows, and what was done with each.
fn exercised(provider: &AzureProvider) -> String {
    let mut text = String::from(
        "\n| kind | type | told by | made, planned again, adopted, deleted, crashed | update | drift | replace |\n|---|---|---|---|---|---|---|\n",
    );
    let mut rows: Vec<Row> = rows();
    rows.sort_by_key(|row| (row.kind, row.name));
    let yes = |is: bool| if is { "yes" } else { "—" };
    for row in &rows {
        let anchor = row.kind;
        let ty = provider.described(row.kind).and_then(|described| described.speaks).map_or(row.name, |(ty, _)| ty);
        let [update, drift, replace] = [row.updated, row.meddling, row.replaced].map(|part| yes(!part.is_empty()));
        let told = siac_arm_double::told(ty).map_or("at once", |told| told.made);
        let _ = writeln!(text, "| [`{anchor}`](#{anchor}) | {ty} | {told} | yes | {update} | {drift} | {replace} |");
    }
    let left_out = rows.iter().filter(|row| !row.not_provable.is_empty());
    let lines: String = left_out.map(|row| format!("- `{}` {}: {}.\n", row.kind, row.name, row.not_provable)).collect();
    text + if lines.is_empty() { "" } else { "\n" } + &lines
}

fn kind(name: &str, schema: &KindSchema, described: Described) -> String {
    let mut text = format!("\n### {name}\n\n{}. ", sentence(schema.description));
    let import = if described.speaks.is_some() { "its id" } else { "`ID@API-VERSION`" };
    if let Some((ty, api)) = described.speaks {
        let _ = write!(text, "`{ty}`, api-version {api}. ");
    }
    let _ = write!(text, "Imported by {import}. {}.", evidence(described.evidence));
    let unless = if described.speaks.is_some() { "" } else { ", unless `update_method` says otherwise" };
    let guarded = if described.has_etags { ", if unchanged" } else { "" };
    let _ = write!(text, " Changed by a {}{guarded}{unless}.", way(described.write));
    if schema.data_bearing {
        text.push_str(" Holds data that siac cannot restore.");
    }
    text.push_str("\n\n");
    text.push_str(&attributes(schema.attributes.iter().map(|(name, attribute)| (*name, attribute))));
    text
}

fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Tags => "Known as ours by its tags",
        Evidence::Absence => "Known as ours by the journal",
        Evidence::Setting => "A setting that is always there: it is set, and never deleted",
    }
}

fn way(write: Way) -> &'static str {
    match write {
        Way::Put => "put",
        Way::Merge => "merge",
        Way::Patch => "patch",
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn attributes<'a>(attributes: impl Iterator<Item = (&'a str, &'a Attribute)>) -> String {
    let mut text = String::from("| attribute | type | |\n|---|---|---|\n");
    for (name, attribute) in attributes {
        let notes = [
            attribute.immutable.then_some("a change needs a new object"),
            attribute.write_only.then_some("Azure never shows it"),
            attribute.sensitive.then_some("never shown"),
        ];
        let notes: Vec<&str> = notes.into_iter().flatten().collect();
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
        let description = attribute.description.replace('|', "\\|");
        let _ = writeln!(text, "| `{name}` | {} | {description}{notes} |", form(attribute));
    }
    text
}

fn form(attribute: &Attribute) -> String {
    let ty = if attribute.artifact { "path or recipe".to_owned() } else { short(&attribute.ty) };
    let default = attribute.default.as_ref().filter(|value| !matches!(value, Value::Null));
    let default = default.map(|value| format!(" = `{}`", serde_json::to_string(value).unwrap_or_default()));
    match attribute.presence {
        Presence::Required => format!("{ty}, required"),
        Presence::Optional => format!("{ty}{}", default.unwrap_or_default()),
        Presence::OptionalComputed => format!("{ty}, or as Azure decides"),
        Presence::Computed => "computed".to_owned(),
    }
}

fn short(ty: &Type) -> String {
    match ty {
        Type::Object(fields) => {
            let name = |(name, field): (&String, &siac_core::model::types::Field)| {
                if field.optional { format!("{name}?") } else { name.clone() }
            };
            format!("{{ {} }}", fields.iter().map(name).collect::<Vec<_>>().join(", "))
        }
        Type::List(element) => format!("list of {}", short(element)),
        Type::Set(element) => format!("set of {}", short(element)),
        Type::Map(element) => format!("map of {}", short(element)),
        other => other.to_string(),
    }
}
