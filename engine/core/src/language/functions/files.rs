//! Files of the project, and paths as texts.

use super::{Answer, Arguments, Wrong, encoding, read_bytes, read_text};
use crate::language::scope::{FileAnswer, FileQuestion};
use crate::model::value::Value;

pub(super) fn file(arguments: &Arguments<'_>) -> Answer {
    read_text(arguments, 0).map(Value::String)
}

pub(super) fn filebase64(arguments: &Arguments<'_>) -> Answer {
    encoding::base64_of(&read_bytes(arguments, 0)?)
}

pub(super) fn fileexists(arguments: &Arguments<'_>) -> Answer {
    let path = arguments.path(0)?;
    match arguments.file(FileQuestion::Read(path.clone()))? {
        FileAnswer::Content(_) => Ok(Value::Bool(true)),
        FileAnswer::Refused(why) => Err(Wrong::Argument(0, format!("`{path}` cannot be read: {why}"))),
        _ => Ok(Value::Bool(false)),
    }
}

pub(super) fn fileset(arguments: &Arguments<'_>) -> Answer {
    let folder = arguments.path(0)?;
    let pattern = arguments.open_text(1)?.into_owned();
    match arguments.file(FileQuestion::List { folder: folder.clone(), pattern })? {
        FileAnswer::Paths(paths) => Ok(Value::List(paths.iter().map(Value::string).collect())),
        FileAnswer::Refused(why) => Err(Wrong::Argument(0, format!("`{folder}` cannot be listed: {why}"))),
        _ => Ok(Value::List(Vec::new())),
    }
}

pub(super) fn basename(arguments: &Arguments<'_>) -> Answer {
    let path = arguments.text(0)?;
    let trimmed = path.trim_end_matches('/');
    let name = match (path.is_empty(), trimmed.is_empty()) {
        (true, _) => ".",
        (false, true) => "/",
        _ => trimmed.rsplit('/').next().unwrap_or(trimmed),
    };
    Ok(Value::string(name))
}

pub(super) fn dirname(arguments: &Arguments<'_>) -> Answer {
    let path = arguments.text(0)?;
    let Some(end) = path.rfind('/') else { return Ok(Value::string(".")) };
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path[..end].split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if is_absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    Ok(Value::String(match (is_absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }))
}
