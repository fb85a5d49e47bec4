//! How functions look at their arguments.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::language::evaluate::{MAX_SIZE, equal, expose, holds_secret, scalar_text};
use crate::language::scope::{FileAnswer, FileQuestion, Scope};
use crate::model::number::Number;
use crate::model::value::{Partial, Value};

/// Why a function has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It had to look at a hole.
    Open,
    /// A file must be looked at first.
    Ask(FileQuestion),
    /// An argument, counted from zero, is not what it should be.
    Argument(usize, String),
    /// The arguments do not go together.
    Call(String),
}

/// A failure of the call as a whole.
pub(crate) fn wrong<T>(detail: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Call(detail.into()))
}

/// Refuses what would come to more than a value may have, before it is made.
pub(crate) fn bounded(bytes: usize) -> Result<(), Wrong> {
    match bytes <= MAX_SIZE {
        true => Ok(()),
        false => wrong(format!("the result would have more than {} MiB", MAX_SIZE >> 20)),
    }
}

/// The arguments of one call.
pub struct Arguments<'a> {
    values: &'a [Partial],
    scope: &'a dyn Scope,
    touched: Cell<bool>,
}

impl<'a> Arguments<'a> {
    /// These arguments, with the files of this scope.
    pub fn new(values: &'a [Partial], scope: &'a dyn Scope) -> Self {
        Self { values, scope, touched: Cell::new(false) }
    }

    /// Whether a secret was looked at.
    pub fn touched(&self) -> bool {
        self.touched.get()
    }

    /// How many arguments there are.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// An argument without looking at it; `null` when it was left out.
    pub fn raw(&self, at: usize) -> &'a Partial {
        const NOTHING: &Partial = &Value::Null;
        self.values.get(at).unwrap_or(NOTHING)
    }

    /// All arguments from one on, without looking at them.
    pub fn rest(&self, from: usize) -> &'a [Partial] {
        self.values.get(from..).unwrap_or_default()
    }

    /// A value, looked at: neither a hole nor a secret, although its parts may be.
    pub fn look<'v>(&self, value: &'v Partial) -> Result<&'v Partial, Wrong> {
        match value {
            Value::Hole(_) => Err(Wrong::Open),
            Value::Secret(hidden) => {
                self.touched.set(true);
                self.look(hidden.expose())
            }
            plain => Ok(plain),
        }
    }

    /// An argument, looked at.
    pub fn value(&self, at: usize) -> Result<&'a Partial, Wrong> {
        self.look(self.raw(at))
    }

    /// A value with all its parts, looked at.
    pub fn whole<'v>(&self, value: &'v Partial) -> Result<Cow<'v, Partial>, Wrong> {
        if !value.holes().is_empty() {
            return Err(Wrong::Open);
        }
        if !holds_secret(value) {
            return Ok(Cow::Borrowed(value));
        }
        self.touched.set(true);
        Ok(Cow::Owned(expose(value)))
    }

    /// Whether an optional argument was given.
    pub fn has(&self, at: usize) -> bool {
        at < self.values.len()
    }

    /// An argument as text; numbers and truth values are converted.
    pub fn text(&self, at: usize) -> Result<Cow<'a, str>, Wrong> {
        self.text_of(self.raw(at), at)
    }

    /// A part of an argument as text.
    pub fn text_of<'v>(&self, value: &'v Partial, at: usize) -> Result<Cow<'v, str>, Wrong> {
        match self.look(value)? {
            Value::String(text) => Ok(Cow::Borrowed(text)),
            other => scalar_text(other).map(Cow::Owned).ok_or_else(|| self.not(at, "a text", other)),
        }
    }

    /// An argument as a number; texts that are numbers are converted.
    pub fn number(&self, at: usize) -> Result<Number, Wrong> {
        self.number_of(self.raw(at), at)
    }

    /// A part of an argument as a number.
    pub fn number_of(&self, value: &Partial, at: usize) -> Result<Number, Wrong> {
        match self.look(value)? {
            Value::Number(number) => Ok(number.clone()),
            other => match other.as_str().and_then(|text| text.parse().ok()) {
                Some(number) => Ok(number),
                None => Err(self.not(at, "a number", other)),
            },
        }
    }

    /// An argument as a whole number within 64 bits.
    pub fn integer(&self, at: usize) -> Result<i64, Wrong> {
        let number = self.number(at)?;
        number.as_i64().ok_or_else(|| Wrong::Argument(at, format!("this must be a whole number, not {number}")))
    }

    /// An argument as a size.
    pub fn size(&self, at: usize) -> Result<usize, Wrong> {
        let number = self.number(at)?;
        let refused = || Wrong::Argument(at, format!("this must be a whole number of zero or more, not {number}"));
        number.as_usize().ok_or_else(refused)
    }

    /// An argument as a truth value.
    pub fn truth_of(&self, value: &Partial, at: usize) -> Result<bool, Wrong> {
        match self.look(value)? {
            Value::Bool(truth) => Ok(*truth),
            Value::String(text) if text == "true" || text == "false" => Ok(text == "true"),
            other => Err(self.not(at, "a truth value", other)),
        }
    }

    /// An argument as a list, its elements untouched.
    pub fn items(&self, at: usize) -> Result<&'a [Partial], Wrong> {
        self.items_of(self.raw(at), at)
    }

    /// A part of an argument as a list.
    pub fn items_of<'v>(&self, value: &'v Partial, at: usize) -> Result<&'v [Partial], Wrong> {
        match self.look(value)? {
            Value::List(items) => Ok(items),
            other => Err(self.not(at, "a list", other)),
        }
    }

    /// An argument as a list of texts.
    pub fn texts(&self, at: usize) -> Result<Vec<Cow<'a, str>>, Wrong> {
        self.items(at)?.iter().map(|item| self.text_of(item, at)).collect()
    }

    /// An argument as a map, its entries untouched.
    pub fn entries(&self, at: usize) -> Result<Cow<'a, BTreeMap<String, Partial>>, Wrong> {
        self.entries_of(self.raw(at), at).map(Cow::Borrowed)
    }

    /// A part of an argument as a map.
    pub fn entries_of<'v>(&self, value: &'v Partial, at: usize) -> Result<&'v BTreeMap<String, Partial>, Wrong> {
        match self.look(value)? {
            Value::Map(entries) => Ok(entries),
            other => Err(self.not(at, "a map", other)),
        }
    }

    /// Whether two values are equal; open while that is not known.
    pub fn same(&self, left: &Partial, right: &Partial) -> Result<bool, Wrong> {
        equal(left, right, &self.touched).ok_or(Wrong::Open)
    }

    fn not(&self, at: usize, wanted: &str, given: &Partial) -> Wrong {
        let given = match given {
            Value::Null => "null".to_owned(),
            Value::String(text) if text.len() <= 40 => format!("the text `{text}`"),
            other => format!("a {}", other.type_name()),
        };
        Wrong::Argument(at, format!("argument {} must be {wanted}, not {given}", at + 1))
    }

    /// What is known of a file or folder.
    pub fn file(&self, question: FileQuestion) -> Result<FileAnswer, Wrong> {
        match self.scope.file(&question) {
            FileAnswer::NotAsked => Err(Wrong::Ask(question)),
            answer => Ok(answer),
        }
    }

    /// An argument as text that everyone may see: files are asked for by it.
    pub fn open_text(&self, at: usize) -> Result<Cow<'a, str>, Wrong> {
        let is_secret = match self.raw(at) {
            Value::Secret(_) => true,
            Value::Hole(hole) => hole.is_secret(),
            _ => false,
        };
        match is_secret {
            true => Err(Wrong::Argument(at, "the name of a file is shown, so it cannot come from a secret".to_owned())),
            false => self.text(at),
        }
    }

    /// An argument as a path, joined to the folder that paths are relative to.
    pub fn path(&self, at: usize) -> Result<String, Wrong> {
        let written = self.open_text(at)?;
        join_path(self.scope.folder(), &written).map_err(|why| Wrong::Argument(at, why))
    }
}

/// A path within the project: relative, with `/`, without `.` and `..`.
///
/// # Errors
/// When the path is absolute or leaves the project.
pub fn join_path(folder: &str, path: &str) -> Result<String, String> {
    let absolute = path.starts_with(['/', '\\']) || path.get(1..3).is_some_and(|c| c == ":\\" || c == ":/");
    if absolute {
        return Err(format!("`{path}` is an absolute path; files are read only below the project root"));
    }
    if path.contains(['\0', '\\']) {
        return Err("the parts of a path are separated by `/`; it holds neither `\\` nor the NUL character".to_owned());
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => {
                return Err(format!("`{path}` leaves the project root; files are read only below it"));
            }
            ".." => {}
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// The bytes of the file that an argument names.
pub(crate) fn read_bytes(arguments: &Arguments<'_>, at: usize) -> Result<Arc<Vec<u8>>, Wrong> {
    let path = arguments.path(at)?;
    match arguments.file(FileQuestion::Read(path.clone()))? {
        FileAnswer::Content(bytes) => Ok(bytes),
        FileAnswer::Refused(why) => Err(Wrong::Argument(at, format!("`{path}` cannot be read: {why}"))),
        _ => Err(Wrong::Argument(at, format!("there is no file `{path}` in the project"))),
    }
}

/// The text of the file that an argument names.
pub(crate) fn read_text(arguments: &Arguments<'_>, at: usize) -> Result<String, Wrong> {
    let bytes = read_bytes(arguments, at)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| {
        let path = arguments.path(at).unwrap_or_default();
        Wrong::Argument(at, format!("`{path}` is not UTF-8 text; use `filebase64`"))
    })
}
