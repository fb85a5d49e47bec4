//! All functions, sorted by name.

use super::{Answer, Arguments, Function, Returns, collections, types, wrong};
use Returns::String as Text;
use Returns::{Any, Bool, List, Map, Number, Strings};

type Body = fn(&Arguments<'_>) -> Answer;

const fn function(
    name: &'static str,
    least: usize,
    most: Option<usize>,
    returns: Returns,
    doc: &'static str,
    body: Body,
) -> Function {
    Function { name, least, most, doc, returns, body }
}

/// With exactly this many arguments.
const fn exact(name: &'static str, count: usize, returns: Returns, doc: &'static str, body: Body) -> Function {
    function(name, count, Some(count), returns, doc, body)
}

/// `try`, `can` and `templatefile` are carried out by the evaluator itself, which never comes here.
fn special(_: &Arguments<'_>) -> Answer {
    wrong("this function is part of the language and cannot be called here")
}

static FUNCTIONS: &[Function] = &[
    exact("can", 1, Bool, "can(expression): whether the expression has a value", special),
    function(
        "coalesce",
        1,
        None,
        Any,
        "coalesce(values…): the first that is neither null nor empty text",
        collections::coalesce,
    ),
    function("concat", 0, None, List, "concat(lists…): the lists one after the other", collections::concat),
    exact("keys", 1, Strings, "keys(map): its keys, sorted", collections::keys),
    exact("length", 1, Number, "length(value): how many elements, entries or characters it has", collections::length),
    function("lookup", 2, Some(3), Any, "lookup(map, key, default): the entry, or the default", collections::lookup),
    function("merge", 0, None, Map, "merge(maps…): one map; later entries win", collections::merge),
    exact("tobool", 1, Bool, "tobool(value): the value as a truth value", types::tobool),
    exact("tolist", 1, List, "tolist(value): the value as a list", types::tolist),
    exact("tomap", 1, Map, "tomap(value): the value as a map", types::tomap),
    exact("tonumber", 1, Number, "tonumber(value): the value as a number", types::tonumber),
    exact("toset", 1, List, "toset(value): the elements, sorted and single", types::toset),
    exact("tostring", 1, Text, "tostring(value): the value as text", types::tostring),
    function("try", 1, None, Any, "try(expressions…): the value of the first that has one", special),
    exact("type", 1, Text, "type(value): the name of its type", types::type_name),
    exact("values", 1, List, "values(map): its values, in the order of their keys", collections::values),
];

/// All functions, sorted by name.
pub fn all() -> &'static [Function] {
    FUNCTIONS
}
