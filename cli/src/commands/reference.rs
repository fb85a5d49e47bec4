//! Commands that answer from what the program itself knows: schema, providers, completions, help, version.

use std::io::IsTerminal;

use siac_core::language::editor_schema::editor_schema;
use siac_core::model::schema::ProviderSchema;
use siac_core::model::value::Value;

use crate::adapters::catalogues_anywhere;
use crate::arguments::{CompletionsArgs, HelpArgs, InitArgs, PlaceOptions, SchemaArgs, completions as script, help_of};
use crate::desk::Desk;
use crate::exit::{self, Exit};
use crate::failure::Failure;
use crate::init;
use crate::json_stream::Kind;
use crate::state;

/// `siac schema`
pub fn schema(arguments: &SchemaArgs, desk: &Desk) -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(&editor_schema(&catalogues_anywhere())).unwrap_or_default();
    match &arguments.out {
        None => desk.data(&text),
        Some(path) => std::fs::write(path, text + "\n")
            .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))?,
    }
    Ok(Exit::Done)
}

/// `siac providers`
pub fn providers(desk: &Desk) -> Result<Exit, Failure> {
    for catalogue in catalogues_anywhere().iter() {
        let schema = catalogue.schema();
        desk.answer(|| provider_text(schema), Kind::Message, || provider_json(schema));
    }
    Ok(Exit::Done)
}

fn provider_text(schema: &ProviderSchema) -> String {
    let mut text = format!("{} {}\n", schema.name, schema.version);
    let width = schema.resources.keys().chain(schema.data.keys()).map(|name| name.len()).max().unwrap_or_default();
    for (title, kinds) in [("resources", &schema.resources), ("data", &schema.data)] {
        text += &format!("  {title}\n");
        for (name, kind) in kinds {
            text += &format!("    {name:width$}  {}\n", kind.description);
        }
    }
    text
}

fn provider_json(schema: &ProviderSchema) -> serde_json::Value {
    let names = |kinds: &std::collections::BTreeMap<&str, siac_core::model::schema::KindSchema>| {
        kinds
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), kind.description.into()))
            .collect::<serde_json::Map<_, _>>()
    };
    serde_json::json!({ "name": schema.name, "version": schema.version, "resources": names(&schema.resources), "data": names(&schema.data) })
}

/// `siac init`
pub fn init(arguments: &InitArgs, desk: &Desk) -> Result<Exit, Failure> {
    if let Some(backend) = &arguments.backend {
        return prepare(backend, &arguments.place, desk);
    }
    let written =
        init::write(&arguments.folder, arguments.name.as_deref()).map_err(|error| Failure::new(error.to_string()))?;
    desk.data(&init::next_steps(&arguments.folder, &written));
    Ok(Exit::Done)
}

/// `siac init --backend`
fn prepare(backend: &str, place: &PlaceOptions, desk: &Desk) -> Result<Exit, Failure> {
    let given: Vec<(&str, &str)> = place.given().collect();
    let settings = given.iter().map(|(name, value)| ((*name).to_owned(), Value::string(*value))).collect();
    let prepared = state::prepare(backend, &settings)?;
    let table = init::state_table(backend, &given);
    desk.answer(
        || format!("{}\n\nWrite this into your stack:\n\n{table}", prepared.join("\n")),
        Kind::Message,
        || serde_json::json!({ "done": prepared, "state": table }),
    );
    Ok(Exit::Done)
}

/// `siac completions`
pub fn completions(arguments: &CompletionsArgs, desk: &Desk) -> Result<Exit, Failure> {
    desk.data(&String::from_utf8_lossy(&script(arguments.shell)));
    Ok(Exit::Done)
}

/// `siac help`
pub fn help(arguments: &HelpArgs, desk: &Desk) -> Result<Exit, Failure> {
    if arguments.topic == ["exit-codes"] {
        desk.data(&exit::table());
        return Ok(Exit::Done);
    }
    let help = help_of(&arguments.topic).ok_or_else(|| {
        Failure::new(format!("there is no command `{}`", arguments.topic.join(" "))).help("`siac help` lists them")
    })?;
    match std::io::stdout().is_terminal() && desk.out.colour {
        true => desk.data(&help.ansi().to_string()),
        false => desk.data(&help.to_string()),
    }
    Ok(Exit::Done)
}

/// `siac version`
pub fn version(desk: &Desk) -> Result<Exit, Failure> {
    desk.answer(
        || format!("siac {}", env!("CARGO_PKG_VERSION")),
        Kind::Message,
        || serde_json::json!({ "siac": env!("CARGO_PKG_VERSION") }),
    );
    Ok(Exit::Done)
}
