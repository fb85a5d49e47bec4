//! All functions, sorted by name.

use Returns::String as Text;
use Returns::{Any, Bool, List, Map, Number, Strings};

use super::{
    Answer, Arguments, Function, Returns, collections, dates, encoding, files, format, hashing, network, numbers,
    strings, types, wrong,
};

type Body = fn(&Arguments<'_>) -> Answer;

/// With exactly this many arguments.
const fn exactly(name: &'static str, count: usize, returns: Returns, doc: &'static str, body: Body) -> Function {
    Function { name, least: count, most: Some(count), doc, returns, body }
}

/// With at least this many arguments.
const fn at_least(name: &'static str, least: usize, returns: Returns, doc: &'static str, body: Body) -> Function {
    Function { name, least, most: None, doc, returns, body }
}

/// With some arguments that may be left out.
const fn up_to(
    name: &'static str,
    least: usize,
    most: usize,
    returns: Returns,
    doc: &'static str,
    body: Body,
) -> Function {
    Function { name, least, most: Some(most), doc, returns, body }
}

/// `try`, `can` and `templatefile` are carried out by the evaluator itself, which never comes here.
fn special(_: &Arguments<'_>) -> Answer {
    wrong("this function is part of the language and cannot be called here")
}

static FUNCTIONS: &[Function] = &[
    exactly("abs", 1, Number, "abs(number): the number without its sign", numbers::abs),
    exactly("alltrue", 1, Bool, "alltrue(list): whether every element is true", collections::alltrue),
    exactly("anytrue", 1, Bool, "anytrue(list): whether some element is true", collections::anytrue),
    exactly("base64decode", 1, Text, "base64decode(text): the text that base64 stands for", encoding::base64decode),
    exactly("base64encode", 1, Text, "base64encode(text): the text in base64", encoding::base64encode),
    exactly("base64sha256", 1, Text, "base64sha256(text): the SHA-256 digest in base64", hashing::base64sha256),
    exactly("base64sha512", 1, Text, "base64sha512(text): the SHA-512 digest in base64", hashing::base64sha512),
    exactly("basename", 1, Text, "basename(path): the last part of a path", files::basename),
    exactly("can", 1, Bool, "can(expression): whether the expression has a value", special),
    exactly("ceil", 1, Number, "ceil(number): the next whole number upwards", numbers::ceil),
    exactly("chomp", 1, Text, "chomp(text): the text without line ends at its end", strings::chomp),
    exactly("chunklist", 2, List, "chunklist(list, size): the elements in lists of this size", collections::chunklist),
    exactly(
        "cidrcontains",
        2,
        Bool,
        "cidrcontains(network, other): whether an address or network lies in a network",
        network::cidrcontains,
    ),
    exactly(
        "cidrhost",
        2,
        Text,
        "cidrhost(network, number): the address with this number in a network",
        network::cidrhost,
    ),
    exactly("cidrnetmask", 1, Text, "cidrnetmask(network): the netmask of an IPv4 network", network::cidrnetmask),
    exactly(
        "cidrsubnet",
        3,
        Text,
        "cidrsubnet(network, bits, number): the subnet with this number, its prefix longer by so many bits",
        network::cidrsubnet,
    ),
    at_least(
        "cidrsubnets",
        1,
        Strings,
        "cidrsubnets(network, bits…): subnets one after the other",
        network::cidrsubnets,
    ),
    at_least(
        "coalesce",
        1,
        Any,
        "coalesce(values…): the first that is neither null nor empty text",
        collections::coalesce,
    ),
    at_least(
        "coalescelist",
        1,
        List,
        "coalescelist(lists…): the first that is neither null nor empty",
        collections::coalescelist,
    ),
    exactly("compact", 1, Strings, "compact(list): the texts that are not empty", collections::compact),
    at_least("concat", 0, List, "concat(lists…): the lists one after the other", collections::concat),
    exactly("contains", 2, Bool, "contains(list, value): whether the list has the value", collections::contains),
    exactly("csvdecode", 1, List, "csvdecode(text): the rows of a table as maps", encoding::csvdecode),
    exactly("dirname", 1, Text, "dirname(path): the path without its last part", files::dirname),
    exactly("distinct", 1, List, "distinct(list): every element once", collections::distinct),
    exactly("element", 2, Any, "element(list, index): the element, counting round after the end", collections::element),
    exactly("endswith", 2, Bool, "endswith(text, suffix): whether the text ends so", strings::endswith),
    exactly("file", 1, Text, "file(path): the content of a file as text", files::file),
    exactly("filebase64", 1, Text, "filebase64(path): the content of a file in base64", files::filebase64),
    exactly(
        "filebase64sha256",
        1,
        Text,
        "filebase64sha256(path): the SHA-256 digest of a file in base64",
        hashing::filebase64sha256,
    ),
    exactly(
        "filebase64sha512",
        1,
        Text,
        "filebase64sha512(path): the SHA-512 digest of a file in base64",
        hashing::filebase64sha512,
    ),
    exactly("fileexists", 1, Bool, "fileexists(path): whether there is such a file", files::fileexists),
    exactly("filemd5", 1, Text, "filemd5(path): the MD5 digest of a file in hexadecimal", hashing::filemd5),
    exactly(
        "fileset",
        2,
        Strings,
        "fileset(folder, pattern): the files of a folder that match a pattern such as `**/*.js`",
        files::fileset,
    ),
    exactly("filesha1", 1, Text, "filesha1(path): the SHA-1 digest of a file in hexadecimal", hashing::filesha1),
    exactly(
        "filesha256",
        1,
        Text,
        "filesha256(path): the SHA-256 digest of a file in hexadecimal",
        hashing::filesha256,
    ),
    exactly(
        "filesha512",
        1,
        Text,
        "filesha512(path): the SHA-512 digest of a file in hexadecimal",
        hashing::filesha512,
    ),
    exactly("flatten", 1, List, "flatten(list): the elements of all lists within, in one list", collections::flatten),
    exactly("floor", 1, Number, "floor(number): the next whole number downwards", numbers::floor),
    at_least(
        "format",
        1,
        Text,
        "format(format, values…): the text with the values in it, as in `%s-%03d`",
        format::format,
    ),
    exactly(
        "formatdate",
        2,
        Text,
        "formatdate(format, time): a point in time written so, as in `YYYY-MM-DD`",
        dates::formatdate,
    ),
    at_least(
        "formatlist",
        1,
        Strings,
        "formatlist(format, lists…): `format` for the elements of lists",
        format::formatlist,
    ),
    exactly(
        "indent",
        2,
        Text,
        "indent(spaces, text): the text with all lines but the first moved to the right",
        strings::indent,
    ),
    exactly("index", 2, Number, "index(list, value): where the value is in the list", collections::index),
    at_least("join", 2, Text, "join(separator, list): the texts in one", strings::join),
    exactly("jsondecode", 1, Any, "jsondecode(text): the value that JSON stands for", encoding::jsondecode),
    exactly("jsonencode", 1, Text, "jsonencode(value): the value as JSON", encoding::jsonencode),
    exactly("keys", 1, Strings, "keys(map): its keys, sorted", collections::keys),
    exactly("length", 1, Number, "length(value): how many elements, entries or characters it has", collections::length),
    exactly("log", 2, Number, "log(number, base): the logarithm", numbers::log),
    up_to("lookup", 2, 3, Any, "lookup(map, key, default): the entry, or the default", collections::lookup),
    exactly("lower", 1, Text, "lower(text): the text in small letters", strings::lower),
    exactly(
        "matchkeys",
        3,
        List,
        "matchkeys(values, keys, wanted): the values whose keys are wanted",
        collections::matchkeys,
    ),
    at_least("max", 1, Number, "max(numbers…): the largest", numbers::max),
    exactly("md5", 1, Text, "md5(text): the MD5 digest in hexadecimal", hashing::md5),
    at_least("merge", 0, Map, "merge(maps…): one map; later entries win", collections::merge),
    at_least("min", 1, Number, "min(numbers…): the smallest", numbers::min),
    exactly("one", 1, Any, "one(list): its only element, or null when it is empty", collections::one),
    exactly("parseint", 2, Number, "parseint(text, base): the whole number in this base", numbers::parseint),
    exactly("pow", 2, Number, "pow(number, exponent): the power", numbers::pow),
    up_to(
        "range",
        1,
        3,
        List,
        "range(start, limit, step): numbers from the start up to before the limit",
        collections::range,
    ),
    exactly(
        "regex",
        2,
        Any,
        "regex(pattern, text): the first match; its groups when the pattern has some",
        strings::regex,
    ),
    exactly("regexall", 2, List, "regexall(pattern, text): all matches", strings::regexall),
    exactly(
        "replace",
        3,
        Text,
        "replace(text, search, with): every occurrence replaced; `/…/` is a pattern",
        strings::replace,
    ),
    exactly("reverse", 1, List, "reverse(list): the elements from the last to the first", collections::reverse),
    at_least("setintersection", 1, List, "setintersection(sets…): what all have", collections::setintersection),
    at_least("setproduct", 2, List, "setproduct(lists…): every combination of their elements", collections::setproduct),
    exactly("setsubtract", 2, List, "setsubtract(a, b): what a has and b has not", collections::setsubtract),
    at_least("setunion", 1, List, "setunion(sets…): what any has", collections::setunion),
    exactly("sha1", 1, Text, "sha1(text): the SHA-1 digest in hexadecimal", hashing::sha1),
    exactly("sha256", 1, Text, "sha256(text): the SHA-256 digest in hexadecimal", hashing::sha256),
    exactly("sha512", 1, Text, "sha512(text): the SHA-512 digest in hexadecimal", hashing::sha512),
    exactly("signum", 1, Number, "signum(number): -1, 0 or 1", numbers::signum),
    exactly("slice", 3, List, "slice(list, start, end): the elements from start to before end", collections::slice),
    exactly("sort", 1, Strings, "sort(list): the texts, sorted by character", collections::sort),
    exactly("split", 2, Strings, "split(separator, text): the parts between the separators", strings::split),
    exactly("startswith", 2, Bool, "startswith(text, prefix): whether the text starts so", strings::startswith),
    exactly("strcontains", 2, Bool, "strcontains(text, part): whether the text has the part", strings::strcontains),
    exactly("strrev", 1, Text, "strrev(text): the characters from the last to the first", strings::strrev),
    exactly(
        "substr",
        3,
        Text,
        "substr(text, offset, length): a part of the text, counted in characters",
        strings::substr,
    ),
    exactly("sum", 1, Number, "sum(list): the numbers added up", collections::sum),
    exactly("templatefile", 2, Text, "templatefile(path, variables): the file's text with `${…}` filled in", special),
    exactly(
        "textdecodebase64",
        2,
        Text,
        "textdecodebase64(text, encoding): the text that base64 stands for, in UTF-8, UTF-16LE or UTF-16BE",
        encoding::textdecodebase64,
    ),
    exactly(
        "textencodebase64",
        2,
        Text,
        "textencodebase64(text, encoding): the text in this encoding in base64",
        encoding::textencodebase64,
    ),
    exactly(
        "timeadd",
        2,
        Text,
        "timeadd(time, duration): the point in time later by a duration such as `1h30m`",
        dates::timeadd,
    ),
    exactly("timecmp", 2, Number, "timecmp(a, b): -1, 0 or 1 as a is before, at or after b", dates::timecmp),
    exactly("title", 1, Text, "title(text): every word with a capital letter", strings::title),
    exactly("tobool", 1, Bool, "tobool(value): the value as a truth value", types::tobool),
    exactly("tolist", 1, List, "tolist(value): the value as a list", types::tolist),
    exactly("tomap", 1, Map, "tomap(value): the value as a map", types::tomap),
    exactly("tonumber", 1, Number, "tonumber(value): the value as a number", types::tonumber),
    exactly("toset", 1, List, "toset(value): the elements, sorted and single", types::toset),
    exactly("tostring", 1, Text, "tostring(value): the value as text", types::tostring),
    exactly(
        "transpose",
        1,
        Map,
        "transpose(map): the texts of the lists become keys, the keys texts",
        collections::transpose,
    ),
    exactly("trim", 2, Text, "trim(text, characters): the text without these characters at both ends", strings::trim),
    exactly("trimprefix", 2, Text, "trimprefix(text, prefix): the text without the prefix", strings::trimprefix),
    exactly("trimspace", 1, Text, "trimspace(text): the text without white space at both ends", strings::trimspace),
    exactly("trimsuffix", 2, Text, "trimsuffix(text, suffix): the text without the suffix", strings::trimsuffix),
    at_least("try", 1, Any, "try(expressions…): the value of the first that has one", special),
    exactly("type", 1, Text, "type(value): the name of its type", types::type_name),
    exactly("upper", 1, Text, "upper(text): the text in capital letters", strings::upper),
    exactly("urldecode", 1, Text, "urldecode(text): the text that percent encoding stands for", encoding::urldecode),
    exactly("urlencode", 1, Text, "urlencode(text): the text as part of a URL's query", encoding::urlencode),
    exactly("uuidv5", 2, Text, "uuidv5(namespace, name): the UUID of a name", hashing::uuidv5),
    exactly("values", 1, List, "values(map): its values, in the order of their keys", collections::values),
    exactly("yamldecode", 1, Any, "yamldecode(text): the value that YAML stands for", encoding::yamldecode),
    exactly("yamlencode", 1, Text, "yamlencode(value): the value as YAML", encoding::yamlencode),
    exactly("zipmap", 2, Map, "zipmap(keys, values): a map of these keys to these values", collections::zipmap),
];

/// All functions, sorted by name.
pub fn all() -> &'static [Function] {
    FUNCTIONS
}
