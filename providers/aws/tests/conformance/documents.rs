//! `docs/reference/aws.md` says what the schemas and the rows say.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use siac_core::model::address::Mode;
use siac_core::model::schema::{Attribute, KindSchema, Presence, RecoveryClass, Rule};
use siac_core::model::types::Type;
use siac_core::model::value::Value;
use siac_core::ports::Catalogue;
use siac_provider_aws::AwsProvider;
use siac_provider_aws::kind::{Described, Evidence};

use crate::rows::{Row, rows};

/// What stands before the tables, written by hand.
const HEAD: &str = include_str!("documents/head.md");

/// What the emulator cannot show, written by hand.
const NOT_PROVABLE: &str = include_str!("documents/not_provable.md");

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/aws.md")
}

#[test]
fn the_reference_says_what_the_schemas_say() {
    let written = reference(&AwsProvider::new());
    if std::env::var_os("SIAC_UPDATE_DOCS").is_some() {
        std::fs::write(page(), &written).unwrap();
    }
    let there = std::fs::read_to_string(page()).unwrap_or_default();
    assert!(there == written, "docs/reference/aws.md is old; run this test with SIAC_UPDATE_DOCS=1");
}

#[test]
fn every_kind_has_its_row() {
    let provider = AwsProvider::new();
    let kinds: Vec<&str> = provider.schema().resources.keys().copied().collect();
    let mut with_rows: Vec<&str> = rows().iter().map(|row| row.kind).collect();
    with_rows.sort_unstable();
    assert_eq!(with_rows, kinds);
}

#[test]
fn patterns_compile_and_permissions_are_sorted() {
    let provider = AwsProvider::new();
    for (name, schema) in provider.schema().resources.iter().chain(&provider.schema().data) {
        for rule in schema.attributes.values().flat_map(|attribute| &attribute.rules) {
            if let Rule::Matches(pattern, _) = rule {
                assert!(regex::Regex::new(&format!("^(?:{pattern})$")).is_ok(), "{name}: {pattern}");
            }
        }
        let described = provider.described(Mode::Managed, name).or(provider.described(Mode::Data, name)).unwrap();
        assert!(described.actions.is_sorted(), "{name}: {:?}", described.actions);
    }
}

fn reference(provider: &AwsProvider) -> String {
    let mut text = HEAD.to_owned();
    let rows = rows();
    text.push_str(&exercised(provider, &rows));
    text.push_str(NOT_PROVABLE);
    text.push_str("\n## Configuration\n\nThe attributes of `[provider.aws]`.\n\n");
    text.push_str(&attributes(provider.schema().config.iter().map(|(name, attribute)| (*name, attribute))));
    text.push_str("\n## Resources\n");
    for (name, schema) in &provider.schema().resources {
        let described = provider.described(Mode::Managed, name).unwrap();
        text.push_str(&kind(name, schema, described));
    }
    text.push_str("\n## Data\n");
    for (name, schema) in &provider.schema().data {
        let described = provider.described(Mode::Data, name).unwrap();
        let _ = write!(text, "\n### data.{name}\n\n{}.{}\n\n", sentence(schema.description), permissions(described));
        text.push_str(&attributes(schema.attributes.iter().map(|(name, attribute)| (*name, attribute))));
    }
    text
}

fn exercised(provider: &AwsProvider, rows: &[Row]) -> String {
    let mut text = String::from("\n| kind | recovery | update | drift | replace |\n|---|---|---|---|---|\n");
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| row.kind);
    let yes = |is: bool| if is { "yes" } else { "—" };
    for row in rows {
        let schema = &provider.schema().resources[row.kind];
        let anchor = row.kind;
        let (update, drift) = (yes(!row.updated.is_empty()), yes(!row.meddling.is_empty()));
        let replace = yes(!row.replaced.is_empty());
        let _ = writeln!(
            text,
            "| [`{anchor}`](#{anchor}) | {} | {update} | {drift} | {replace} |",
            recovery(schema.recovery)
        );
    }
    let left_out: Vec<String> = rows_left_out(provider);
    text.push('\n');
    left_out.iter().for_each(|line| text.push_str(line));
    text
}

/// Why a row leaves something out.
fn rows_left_out(_: &AwsProvider) -> Vec<String> {
    let left_out = rows().into_iter().filter(|row| !row.not_provable.is_empty());
    left_out.map(|row| format!("- `{}`: {}.\n", row.kind, row.not_provable)).collect()
}

fn recovery(class: RecoveryClass) -> &'static str {
    match class {
        RecoveryClass::Token => "token",
        RecoveryClass::Put => "put",
        RecoveryClass::Name => "name",
        RecoveryClass::Tag => "mark",
        RecoveryClass::Nothing => "nothing",
    }
}

fn kind(name: &str, schema: &KindSchema, described: &Described) -> String {
    let mut text = format!("\n### {name}\n\n{}. ", sentence(schema.description));
    let _ = write!(text, "Imported by {}.", described.import);
    text.push_str(match described.evidence {
        Evidence::Tags => " Carries siac's marks.",
        Evidence::Part => " Carries no marks: it is known by its name within what it is a part of.",
        Evidence::Setting => {
            " A setting that its owner always has: making it sets it, deleting it puts back what was usual."
        }
    });
    if schema.data_bearing {
        text.push_str(" Holds data that siac cannot restore.");
    }
    text.push_str(&permissions(described));
    text.push_str("\n\n");
    text.push_str(&attributes(schema.attributes.iter().map(|(name, attribute)| (*name, attribute))));
    text
}

fn permissions(described: &Described) -> String {
    match described.actions.is_empty() {
        true => String::new(),
        false => {
            let actions: Vec<String> = described.actions.iter().map(|action| format!("`{action}`")).collect();
            format!("\n\nPermissions: {}.", actions.join(", "))
        }
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
            attribute.write_only.then_some("AWS never shows it"),
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
        Presence::OptionalComputed => format!("{ty}, or as AWS decides"),
        Presence::Computed => "computed".to_owned(),
    }
}

fn short(ty: &Type) -> String {
    match ty {
        Type::Object(fields) => {
            let names: Vec<String> = fields
                .iter()
                .map(|(name, field)| if field.optional { format!("{name}?") } else { name.clone() })
                .collect();
            format!("{{ {} }}", names.join(", "))
        }
        Type::List(element) => format!("list of {}", short(element)),
        Type::Set(element) => format!("set of {}", short(element)),
        Type::Map(element) => format!("map of {}", short(element)),
        other => other.to_string(),
    }
}
