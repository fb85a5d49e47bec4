//! The tables that every module has, the root included: variables, locals, resources, data, components, module calls, outputs.

use std::collections::BTreeMap;

use super::body;
use super::fields::{Fields, named, wrong_type};
use super::{Loader, MAX_DEPTH, MAX_MODULES, component, folder_of, variables};
use crate::language::tree::{Entry, Item, Node, Table};
use crate::model::address::{Mode, check_name};
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::model::expression::{Expression, Place};
use crate::model::stack::{Declaration, Dependency, Lifecycle, Module, ModuleCall, OutputDeclaration};

/// A module that is called and not read yet.
pub(super) struct Called {
    /// The names of the calls that lead to it.
    path: Vec<String>,
    call: ModuleCall,
    source: String,
    at: Span,
}

/// Reads every module that `calls` lead to, each after its caller.
pub(super) fn read_all(loader: &mut Loader<'_>, modules: &mut Vec<Module>, mut calls: Vec<Called>) {
    while !calls.is_empty() {
        let mut deeper = Vec::new();
        for called in calls {
            if called.path.len() > MAX_DEPTH || modules.len() > MAX_MODULES {
                let detail = format!(
                    "`module.{}` would be one of {} modules, {} deep",
                    called.path.join("."),
                    modules.len(),
                    called.path.len()
                );
                let problem =
                    Diagnostic::error("too-many-modules", "modules nest too deeply", detail).at(Some(called.at));
                loader.problems.push(problem.help("a module that calls itself, directly or not, never ends"));
                continue;
            }
            let Some(mut table) = loader.file(&called.source, Some(called.at), 0) else { continue };
            let index = modules.len();
            let (module, inner) = read(loader, &mut table, folder_of(&called.source), called.path, index);
            refuse_rest(&table, &mut loader.problems);
            modules.push(Module { call: Some(called.call), ..module });
            deeper.extend(inner);
        }
        calls = deeper;
    }
}

/// Tables that only the root of a stack has.
const ROOT_ONLY: [&str; 7] = ["stack", "state", "provider", "secret", "flag", "moved", "import"];

fn refuse_rest(table: &Table, problems: &mut Diagnostics) {
    for (name, entry) in &table.0 {
        let why = match ROOT_ONLY.contains(&name.as_str()) || name == "removed" {
            true => format!("`[{name}]` belongs into the stack file, not into a module"),
            false => format!("a module has no table `[{name}]`"),
        };
        problems.push(Diagnostic::error("unknown-key", "a key is not known", why).at(Some(entry.key)));
    }
}

/// Reads the tables of one module, and finds the modules it calls.
pub(super) fn read(
    loader: &mut Loader<'_>,
    table: &mut Table,
    folder: &str,
    path: Vec<String>,
    index: usize,
) -> (Module, Vec<Called>) {
    let problems = &mut loader.problems;
    let variables = named(table, "variable", problems).into_iter();
    let variables = variables.map(|(name, entry)| (name.clone(), variables::read(&name, entry, problems))).collect();
    let locals = locals(table, problems);
    let mut resources = declarations(table, "data", Mode::Data, problems);
    resources.extend(declarations(table, "resource", Mode::Managed, problems));
    resources.sort_by(|a, b| (a.mode, &a.kind, &a.name).cmp(&(b.mode, &b.kind, &b.name)));
    let outputs = named(table, "output", problems).into_iter();
    let outputs = outputs.filter_map(|(name, entry)| Some((name.clone(), output(&name, entry, problems)?))).collect();
    let components = component::read(loader, table);
    let calls = named(table, "module", &mut loader.problems);
    let called =
        calls.into_iter().filter_map(|(name, entry)| call(loader, name, entry, folder, &path, index)).collect();
    let folder = folder.to_owned();
    let module = Module { path, folder, call: None, variables, locals, resources, components, outputs };
    (module, called)
}

fn locals(table: &mut Table, problems: &mut Diagnostics) -> BTreeMap<String, Expression> {
    let Some(entry) = table.0.remove("locals") else { return BTreeMap::new() };
    let span = entry.item.span;
    match entry.item.node {
        Node::Table(entries) => {
            let valid = entries.0.into_iter().filter(|(name, entry)| match check_name(name) {
                Ok(()) => true,
                Err(why) => {
                    problems.push(
                        Diagnostic::error("invalid-name", "a name cannot be used", format!("{name:?}: {why}"))
                            .at(Some(entry.key)),
                    );
                    false
                }
            });
            let valid: Vec<_> = valid.collect();
            valid.into_iter().map(|(name, entry)| (name, body::expression(&entry.item, problems))).collect()
        }
        other => {
            wrong_type(problems, "`locals`", "a table", &other, span);
            BTreeMap::new()
        }
    }
}

fn declarations(table: &mut Table, section: &str, mode: Mode, problems: &mut Diagnostics) -> Vec<Declaration> {
    let mut declarations = Vec::new();
    for (kind, entry) in named(table, section, problems) {
        let mut instances = Table(BTreeMap::from([(kind.clone(), entry)]));
        for (name, entry) in named(&mut instances, &kind, problems) {
            declarations.push(declaration(mode, &kind, name, entry, problems));
        }
    }
    declarations
}

fn declaration(mode: Mode, kind: &str, name: String, entry: Entry, problems: &mut Diagnostics) -> Declaration {
    let span = entry.key;
    let mut fields = Fields::new(entry, format!("`{kind}.{name}`"), problems);
    let meta = Meta::read(&mut fields);
    let lifecycle = match mode {
        Mode::Managed => fields.item("lifecycle").map(|item| lifecycle(item, fields.problems())).unwrap_or_default(),
        Mode::Data => Lifecycle::default(),
    };
    let rest = fields.rest();
    let body = rest.0.into_iter().map(|(name, entry)| (name, keyed(&entry, problems))).collect();
    Declaration {
        mode,
        kind: kind.to_owned(),
        name,
        provider: meta.provider.unwrap_or_default(),
        for_each: meta.for_each,
        when: meta.when,
        body,
        depends_on: meta.depends_on,
        lifecycle,
        place: Place(Some(span)),
    }
}

/// An attribute's value; where the value itself has no place, its key's.
pub(super) fn keyed(entry: &Entry, problems: &mut Diagnostics) -> Expression {
    let expression = body::expression(&entry.item, problems);
    match expression.span() {
        Some(_) => expression,
        None => expression.at(entry.key),
    }
}

/// What resources, data sources, components and module calls share.
pub(super) struct Meta {
    pub(super) for_each: Option<Expression>,
    pub(super) when: Option<Expression>,
    pub(super) depends_on: Vec<Dependency>,
    pub(super) provider: Option<String>,
}

impl Meta {
    pub(super) fn read(fields: &mut Fields<'_>) -> Self {
        let for_each = fields.item("for_each").map(|item| body::expression(&item, fields.problems()));
        let when = fields.item("when").map(|item| body::expression(&item, fields.problems()));
        let depends_on = fields.texts("depends_on").into_iter();
        let depends_on =
            depends_on.map(|(reference, span)| Dependency { reference, place: Place(Some(span)) }).collect();
        Self { for_each, when, depends_on, provider: fields.text("provider").map(|(name, _)| name) }
    }
}

pub(super) fn lifecycle(item: Item, problems: &mut Diagnostics) -> Lifecycle {
    let entry = Entry { key: item.span, item };
    let mut fields = Fields::new(entry, "`lifecycle`", problems);
    let plain = |texts: Vec<(String, Span)>| texts.into_iter().map(|(text, _)| text).collect();
    let lifecycle = Lifecycle {
        prevent_destroy: fields.bool("prevent_destroy").unwrap_or_default(),
        create_before_destroy: fields.bool("create_before_destroy").unwrap_or_default(),
        ignore_changes: plain(fields.texts("ignore_changes")),
        replace_triggered_by: plain(fields.texts("replace_triggered_by")),
    };
    fields.end();
    lifecycle
}

fn output(name: &str, entry: Entry, problems: &mut Diagnostics) -> Option<OutputDeclaration> {
    let span = entry.key;
    let mut fields = Fields::new(entry, format!("the table `[output.{name}]`"), problems);
    let value = fields.item("value");
    if value.is_none() {
        fields.missing("value");
    }
    let value = value.map(|item| body::expression(&item, fields.problems()));
    let description = fields.text("description").map(|(text, _)| text);
    let sensitive = fields.bool("sensitive").unwrap_or_default();
    fields.end();
    Some(OutputDeclaration { value: value?, description, sensitive, place: Place(Some(span)) })
}

fn call(
    loader: &mut Loader<'_>,
    name: String,
    entry: Entry,
    folder: &str,
    path: &[String],
    caller: usize,
) -> Option<Called> {
    let place = Place(Some(entry.key));
    let mut fields = Fields::new(entry, format!("the table `[module.{name}]`"), &mut loader.problems);
    let meta = Meta::read(&mut fields);
    let source = fields.required_text("source");
    let rest = fields.rest();
    let arguments = rest.0.into_iter().map(|(name, entry)| (name, keyed(&entry, &mut loader.problems))).collect();
    let (written, at) = source?;
    let source = loader.resolve(folder, &written, at)?;
    let source = if source.ends_with(".toml") { source } else { format!("{source}/module.toml") };
    let Meta { for_each, when, depends_on, provider } = meta;
    let path = path.iter().cloned().chain([name]).collect();
    Some(Called {
        path,
        call: ModuleCall { caller, for_each, when, depends_on, arguments, provider, place },
        source,
        at,
    })
}
