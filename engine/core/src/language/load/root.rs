//! The tables that only a stack file has: its name, state, providers, secrets, flags, and what moves, comes and goes.

use std::collections::BTreeMap;
use std::str::FromStr;

use semver::{Version, VersionReq};

use super::body;
use super::fields::{Fields, listed, named, wrong_type};
use super::{Loader, component, folder_of, module, variables};
use crate::language::tree::{Entry, Item, Node, Table};
use crate::model::address::{ResourceAddress, check_name};
use crate::model::diagnostic::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::model::expression::{Expression, Place};
use crate::model::stack::{
    Import, Moved, OnFailure, ProviderInstance, Removed, SecretDeclaration, SecretSource, Stack,
};

/// Every table of a stack file.
const TABLES: [&str; 18] = [
    "component",
    "data",
    "events",
    "extends",
    "flag",
    "import",
    "locals",
    "module",
    "moved",
    "output",
    "policy",
    "preview",
    "provider",
    "removed",
    "resource",
    "secret",
    "stack",
    "state",
];

/// Tables whose names are kept for later versions.
const RESERVED: [&str; 4] = ["policy", "events", "usage", "preview"];

/// Reads a whole stack from its merged table.
pub(super) fn read(loader: &mut Loader<'_>, path: &str, mut table: Table) -> Stack {
    let mut stack = Stack::default();
    header(loader, &mut table, &mut stack);
    let problems = &mut loader.problems;
    stack.state = expressions(&mut table, "state", problems);
    stack.providers = named(&mut table, "provider", problems)
        .into_iter()
        .map(|(name, entry)| provider(name, entry, problems))
        .collect();
    let secrets = named(&mut table, "secret", problems).into_iter();
    stack.secrets = secrets.filter_map(|(name, entry)| Some((name.clone(), secret(&name, entry, problems)?))).collect();
    stack.flags =
        named(&mut table, "flag", problems).into_iter().map(|(name, entry)| flag(name, entry, problems)).collect();
    stack.moved = entries(&mut table, "moved", problems, moved);
    stack.imports = entries(&mut table, "import", problems, import);
    stack.removed = entries(&mut table, "removed", problems, removed);
    let (mut root, calls) = module::read(loader, &mut table, folder_of(path), Vec::new(), 0);
    if loader.wants.is_empty() {
        variables::give(loader, &mut root.variables);
    }
    stack.modules = vec![root];
    module::read_all(loader, &mut stack.modules, calls);
    reserved_and_unknown(&table, &mut loader.problems);
    providers(loader, &mut stack);
    stack
}

fn header(loader: &mut Loader<'_>, table: &mut Table, stack: &mut Stack) {
    let Some(entry) = table.0.remove("stack") else {
        if loader.wants.is_empty() && !loader.problems.has_errors() {
            let detail = "a stack file has a table `[stack]` with a `name`, the identity of its state";
            let start = Span { file: 0, start: 0, end: 0 };
            loader.problems.push(
                Diagnostic::error("missing-key", "a key is missing", detail)
                    .at(Some(start))
                    .help("add `[stack]` and `name = \"…\"`"),
            );
        }
        return;
    };
    let mut fields = Fields::new(entry, "the table `[stack]`", &mut loader.problems);
    if let Some((name, span)) = fields.required_text("name") {
        if let Err(why) = check_name(&name) {
            fields.problem(
                Diagnostic::error("invalid-name", "a name cannot be used", format!("{name:?}: {why}")).at(Some(span)),
            );
        }
        stack.name = name;
    }
    let environment = fields.text("environment").map(|(text, _)| text);
    stack.environment =
        loader.request.environment.map(str::to_owned).or(environment).map(|text| normal_environment(&text));
    if let Some((requirement, span)) = fields.text("siac") {
        check_version(&requirement, loader.request.version, span, fields.problems());
    }
    stack.on_failure = match fields.text("on_failure") {
        None => OnFailure::default(),
        Some((text, span)) => on_failure(&text, span, fields.problems()),
    };
    fields.end();
}

/// `dev`, `stage` and `prod` are short for the usual names; every other word stays as it is.
fn normal_environment(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        "dev" | "development" => "development".to_owned(),
        "stage" | "staging" => "staging".to_owned(),
        "prod" | "production" => "production".to_owned(),
        _ => text.to_owned(),
    }
}

fn check_version(requirement: &str, version: &str, span: Span, problems: &mut Diagnostics) {
    let problem = match (VersionReq::parse(requirement), Version::parse(version)) {
        (Ok(wanted), Ok(have)) if wanted.matches(&have) => return,
        (Ok(_), Ok(_)) => Diagnostic::error(
            "wrong-version",
            "the stack asks for another version of siac",
            format!("it asks for {requirement}; this is {version}"),
        )
        .help("install a version that fits, or change `siac` in `[stack]`"),
        _ => Diagnostic::error(
            "invalid-version",
            "a version requirement cannot be read",
            format!("{requirement:?} is no requirement"),
        )
        .help("write it like `>=0.1` or `^1.2`"),
    };
    problems.push(problem.at(Some(span)));
}

fn on_failure(text: &str, span: Span, problems: &mut Diagnostics) -> OnFailure {
    match text {
        "rollback" => OnFailure::Rollback,
        "halt" => OnFailure::Halt,
        _ => {
            let detail = format!("`on_failure` is \"rollback\" or \"halt\", not {text:?}");
            problems
                .push(Diagnostic::error("invalid-value", "a value is not one of those allowed", detail).at(Some(span)));
            OnFailure::default()
        }
    }
}

fn expressions(table: &mut Table, section: &str, problems: &mut Diagnostics) -> BTreeMap<String, Expression> {
    match table.0.remove(section) {
        None => BTreeMap::new(),
        Some(Entry { item: Item { node: Node::Table(entries), .. }, .. }) => {
            entries.0.into_iter().map(|(name, entry)| (name, body::expression(&entry.item, problems))).collect()
        }
        Some(entry) => {
            wrong_type(problems, &format!("`{section}`"), "a table", &entry.item.node, entry.item.span);
            BTreeMap::new()
        }
    }
}

fn provider(name: String, entry: Entry, problems: &mut Diagnostics) -> (String, ProviderInstance) {
    let place = Place(Some(entry.key));
    let mut fields = Fields::new(entry, format!("the table `[provider.{name}]`"), problems);
    let plugin = fields.text("plugin").map_or_else(|| name.clone(), |(plugin, _)| plugin);
    let rest = fields.rest();
    let config = rest.0.into_iter().map(|(name, entry)| (name, body::expression(&entry.item, problems))).collect();
    (name, ProviderInstance { plugin, config, place })
}

fn secret(name: &str, entry: Entry, problems: &mut Diagnostics) -> Option<SecretDeclaration> {
    let place = Place(Some(entry.key));
    let mut fields = Fields::new(entry, format!("the table `[secret.{name}]`"), problems);
    let from = fields.required_text("from");
    fields.end();
    let (from, span) = from?;
    match from.split_once(':') {
        Some((scheme, reference)) if !scheme.is_empty() && !reference.is_empty() => {
            let source = SecretSource { scheme: scheme.to_owned(), reference: reference.to_owned() };
            Some(SecretDeclaration { source, place })
        }
        _ => {
            let detail = format!("`secret.{name}` comes from a source written as `scheme:reference`");
            let problem =
                Diagnostic::error("invalid-secret", "a secret's source cannot be read", detail).at(Some(span));
            problems.push(
                problem.help("write for instance `from = \"env:DATABASE_URL\"` or `from = \"file:secrets/token\"`"),
            );
            None
        }
    }
}

fn flag(name: String, entry: Entry, problems: &mut Diagnostics) -> (String, bool) {
    let mut fields = Fields::new(entry, format!("the table `[flag.{name}]`"), problems);
    let default = fields.bool("default").unwrap_or_default();
    fields.text("description");
    fields.end();
    (name, default)
}

/// The entries of `[[moved]]` and its kin.
fn entries<T>(
    table: &mut Table,
    section: &str,
    problems: &mut Diagnostics,
    read: impl Fn(&mut Fields<'_>, Place) -> Option<T>,
) -> Vec<T> {
    let items = match table.0.remove(section) {
        None => Vec::new(),
        Some(Entry { item: Item { node: Node::List(items), .. }, .. }) => items,
        Some(entry) => vec![entry.item],
    };
    let mut all = Vec::new();
    for item in items {
        let place = Place(Some(item.span));
        let mut fields = Fields::new(Entry { key: item.span, item }, format!("an entry of `[[{section}]]`"), problems);
        all.extend(read(&mut fields, place));
        fields.end();
    }
    all
}

fn moved(fields: &mut Fields<'_>, place: Place) -> Option<Moved> {
    let (from, to) = (address(fields, "from"), address(fields, "to"));
    Some(Moved { from: from?, to: to?, place })
}

fn import(fields: &mut Fields<'_>, place: Place) -> Option<Import> {
    let to = address(fields, "to");
    let id = fields.item("id");
    if id.is_none() {
        fields.missing("id");
    }
    let id = id.map(|item| body::expression(&item, fields.problems()));
    Some(Import { to: to?, id: id?, place })
}

fn removed(fields: &mut Fields<'_>, place: Place) -> Option<Removed> {
    let from = address(fields, "from");
    let destroy = fields.bool("destroy").unwrap_or(true);
    Some(Removed { from: from?, destroy, place })
}

fn address(fields: &mut Fields<'_>, name: &'static str) -> Option<ResourceAddress> {
    let (text, span) = fields.required_text(name)?;
    match ResourceAddress::from_str(&text) {
        Ok(address) => Some(address),
        Err(error) => {
            let problem =
                Diagnostic::error("invalid-address", "an address cannot be read", error.to_string()).at(Some(span));
            fields.problem(problem.help("write for instance `local_file.page` or `module.web.local_file.page`"));
            None
        }
    }
}

fn reserved_and_unknown(table: &Table, problems: &mut Diagnostics) {
    for (name, entry) in &table.0 {
        let problem = match RESERVED.contains(&name.as_str()) {
            true => Diagnostic::warning(
                "reserved-table",
                "a table has no effect",
                format!("`[{name}]` is kept for a later version; this one ignores it"),
            ),
            false => unknown_table(name),
        };
        problems.push(problem.at(Some(entry.key)));
    }
}

fn unknown_table(name: &str) -> Diagnostic {
    let help = match did_you_mean(name, TABLES.into_iter().chain(["variable"])) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it takes: {}", listed(&TABLES)),
    };
    Diagnostic::error("unknown-key", "a key is not known", format!("a stack file has no table `[{name}]`")).help(help)
}

/// Fills in the provider instances that are used without being declared, and those of resources that name none.
fn providers(loader: &mut Loader<'_>, stack: &mut Stack) {
    let catalogues = loader.request.catalogues;
    for index in 0..stack.modules.len() {
        let inherited = inherited_provider(stack, index);
        for declaration in &mut stack.modules[index].resources {
            if !declaration.provider.is_empty() {
                continue;
            }
            let Some(plugin) = catalogues.plugin_of(declaration.mode, &declaration.kind) else { continue };
            let fits = |name: &&String| stack.providers.get(*name).is_some_and(|instance| instance.plugin == plugin);
            declaration.provider = inherited.as_ref().filter(fits).cloned().unwrap_or_else(|| plugin.to_owned());
        }
    }
    let inherited: Vec<Option<String>> =
        (0..stack.modules.len()).map(|index| inherited_provider(stack, index)).collect();
    component::choose_providers(stack, catalogues, &inherited, &mut loader.problems);
    let resources = stack.modules.iter().flat_map(|module| &module.resources).map(|declaration| &declaration.provider);
    let components = stack.modules.iter().flat_map(|module| &module.components).map(|component| &component.provider);
    let used = resources.chain(components).cloned();
    for name in used.collect::<std::collections::BTreeSet<_>>() {
        if catalogues.plugin(&name).is_some() {
            stack.providers.entry(name.clone()).or_insert_with(|| ProviderInstance {
                plugin: name,
                config: BTreeMap::new(),
                place: Place(None),
            });
        }
    }
}

/// The provider that the nearest enclosing module call names.
fn inherited_provider(stack: &Stack, mut index: usize) -> Option<String> {
    while let Some(call) = &stack.modules[index].call {
        if call.provider.is_some() {
            return call.provider.clone();
        }
        index = call.caller;
    }
    None
}
