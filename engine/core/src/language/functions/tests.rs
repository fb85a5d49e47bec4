//! Every function by example, and functions on arbitrary arguments.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::language::evaluate::evaluate;
use crate::language::evaluate::tests::{World, parse, world};
use crate::language::scope::{Evaluation, FileAnswer, FileQuestion};
use crate::model::expression::Node;
use crate::model::value::Value;

/// Expression and result as JSON; `!…` when it must be refused with these words.
const EXAMPLES: &[(&str, &str)] = &[
    ("abs(-1.5)", "1.5"),
    ("alltrue([true, \"true\"])", "true"),
    ("alltrue([])", "true"),
    ("alltrue([false, x.b])", "false"),
    ("anytrue([false, true])", "true"),
    ("anytrue([])", "false"),
    ("base64decode(\"aGVsbG8=\")", "\"hello\""),
    ("base64decode(\"?\")", "!not base64"),
    ("base64encode(\"hello\")", "\"aGVsbG8=\""),
    ("base64sha256(\"hello world\")", "\"uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=\""),
    ("length(base64sha512(\"\"))", "88"),
    ("basename(\"a/b.txt\")", "\"b.txt\""),
    ("basename(\"\")", "\".\""),
    ("can(1 / 0)", "false"),
    ("ceil(5.1)", "6"),
    ("ceil(-5.1)", "-5"),
    ("chomp(\"a\\r\\n\\n\")", "\"a\""),
    ("chunklist([1, 2, 3], 2)", "[[1,2],[3]]"),
    ("cidrcontains(\"10.0.0.0/8\", \"10.1.2.3\")", "true"),
    ("cidrcontains(\"10.0.0.0/8\", \"11.0.0.0/16\")", "false"),
    ("cidrhost(\"10.12.112.0/20\", 16)", "\"10.12.112.16\""),
    ("cidrhost(\"10.12.112.0/20\", -1)", "\"10.12.127.255\""),
    ("cidrhost(\"fd00:fd12:3456:7890::/72\", 34)", "\"fd00:fd12:3456:7890::22\""),
    ("cidrhost(\"10.0.0.0/31\", 2)", "!no host number"),
    ("cidrnetmask(\"172.16.0.0/12\")", "\"255.240.0.0\""),
    ("cidrnetmask(\"::/0\")", "!IPv6"),
    ("cidrsubnet(\"172.16.0.0/12\", 4, 2)", "\"172.18.0.0/16\""),
    ("cidrsubnet(\"10.1.2.0/24\", 4, 15)", "\"10.1.2.240/28\""),
    ("cidrsubnet(\"fd00:fd12:3456:7890::/56\", 16, 162)", "\"fd00:fd12:3456:7800:a200::/72\""),
    ("cidrsubnet(\"0.0.0.0/0\", 0, 0)", "\"0.0.0.0/0\""),
    ("cidrsubnet(\"10.0.0.0/24\", 9, 0)", "!no subnet"),
    ("cidrsubnet(\"10.0.0.300/24\", 1, 0)", "!CIDR"),
    ("cidrsubnets(\"10.1.0.0/16\", 4, 4, 8, 4)", r#"["10.1.0.0/20","10.1.16.0/20","10.1.32.0/24","10.1.48.0/20"]"#),
    ("cidrsubnets(\"10.0.0.0/31\", 1, 1, 1)", "!no room left"),
    ("coalesce(null, \"\", \"b\", \"c\")", "\"b\""),
    ("coalesce(null)", "!null or empty"),
    ("coalescelist([], [1])", "[1]"),
    ("compact([\"a\", \"\", null, \"b\"])", r#"["a","b"]"#),
    ("concat([1], [2, 3])", "[1,2,3]"),
    ("contains([1, 2], 2)", "true"),
    ("contains([\"1\"], 1)", "false"),
    ("csvdecode(\"a,b\\n1,2\\n3,4\")", r#"[{"a":"1","b":"2"},{"a":"3","b":"4"}]"#),
    ("csvdecode(\"a,a\\n1,2\")", "!same name"),
    ("dirname(\"a/b/c.txt\")", "\"a/b\""),
    ("dirname(\"c.txt\")", "\".\""),
    ("distinct([2, 1, 2])", "[2,1]"),
    ("element([\"a\", \"b\"], 3)", "\"b\""),
    ("element([], 0)", "!no elements"),
    ("endswith(\"hello\", \"lo\")", "true"),
    ("file(\"greeting.txt\")", "\"hello\""),
    ("file(\"../stacks/greeting.txt\")", "\"hello\""),
    ("file(s.s)", "!cannot come from a secret"),
    ("fileset(\".\", s.s)", "!cannot come from a secret"),
    ("file(\"none.txt\")", "!no file `stacks/none.txt`"),
    ("file(\"/etc/passwd\")", "!absolute"),
    ("file(\"../../x\")", "!leaves the project root"),
    ("file(\"bytes\")", "!filebase64"),
    ("filebase64(\"bytes\")", "\"/w==\""),
    ("filebase64sha256(\"greeting.txt\") == base64sha256(\"hello\")", "true"),
    ("filebase64sha512(\"greeting.txt\") == base64sha512(\"hello\")", "true"),
    ("fileexists(\"greeting.txt\")", "true"),
    ("fileexists(\"none.txt\")", "false"),
    ("filemd5(\"greeting.txt\") == md5(\"hello\")", "true"),
    ("fileset(\".\", \"*.txt\")", r#"["greeting.txt"]"#),
    ("filesha1(\"greeting.txt\") == sha1(\"hello\")", "true"),
    ("filesha256(\"greeting.txt\") == sha256(\"hello\")", "true"),
    ("filesha512(\"greeting.txt\") == sha512(\"hello\")", "true"),
    ("flatten([[1, [2]], [], 3])", "[1,2,3]"),
    ("floor(-5.1)", "-6"),
    (
        "format(\"%s-%03d %5.2f|%-4s|%x %q %v %%\", \"a\", 7, 3.14159, \"b\", 255, \"c\", [1])",
        r#""a-007  3.14|b   |ff \"c\" [1] %""#,
    ),
    ("format(\"%[2]s %[1]s\", \"a\", \"b\")", "\"b a\""),
    ("format(\"%e\", 12345.678)", "\"1.234568e+04\""),
    ("format(\"%g %t %+d %o %b %X\", 1.50, true, 5, 8, 5, 171)", "\"1.5 true +5 10 101 AB\""),
    ("format(\"%#v\", \"a\")", r#""\"a\"""#),
    ("format(\"%d\", 1.5)", "!whole number"),
    ("format(\"%s\")", "!asks for 1"),
    ("format(\"a\", 1)", "!uses 0"),
    ("format(\"%1000000s\", 1)", "!at most"),
    ("formatdate(\"DD MMM YYYY hh:mm ZZZ\", \"2018-01-02T23:12:01Z\")", "\"02 Jan 2018 23:12 UTC\""),
    (
        "formatdate(\"EEEE, DD-MMM-YY HH:mm:ssAA 'o''clock' ZZZZZ\", \"2018-01-02T23:12:01-08:00\")",
        "\"Tuesday, 02-Jan-18 11:12:01PM o'clock -08:00\"",
    ),
    ("formatdate(\"YYYY\", \"2018-02-30T00:00:00Z\")", "!not a point in time"),
    ("formatlist(\"%s-%d\", [\"a\", \"b\"], 1)", r#"["a-1","b-1"]"#),
    ("formatlist(\"%s%s\", [1], [1, 2])", "!different lengths"),
    ("indent(2, \"a\\nb\\nc\")", r#""a\n  b\n  c""#),
    ("index([\"a\", \"b\"], \"b\")", "1"),
    ("index([], 1)", "!does not have"),
    ("join(\"-\", [\"a\", 1, true])", "\"a-1-true\""),
    ("join(\"-\", [\"a\"], [\"b\"])", "\"a-b\""),
    ("jsondecode(\"{\\\"a\\\": [1.50, 9007199254740993, null, \\\"\\\\u00e9\\\"]}\").a[1]", "9007199254740993"),
    ("jsondecode(\"[1.50]\")[0] == 1.5", "true"),
    ("jsondecode(\"[01]\")", "!broken number"),
    ("jsondecode(\"{\\\"a\\\" 1}\")", "!expected `:`"),
    ("jsondecode(\"1 2\")", "!expected the end"),
    (
        "jsonencode({b = [1, 1.50, true, null], a = \"<é>\\n\"})",
        r#""{\"a\":\"\\u003cé\\u003e\\n\",\"b\":[1,1.50,true,null]}""#,
    ),
    ("keys({b = 1, a = 2})", r#"["a","b"]"#),
    ("length(\"héllo\")", "5"),
    ("length([1, 2])", "2"),
    ("length({a = 1})", "1"),
    ("length(null)", "!no length"),
    ("log(16, 2)", "4"),
    ("log(0, 2)", "!not a number"),
    ("lookup({a = 1}, \"a\")", "1"),
    ("lookup({a = 1}, \"b\", 2)", "2"),
    ("lookup({a = 1}, \"b\")", "!no key `b`"),
    ("lower(\"ÀB\")", "\"àb\""),
    ("matchkeys([\"i1\", \"i2\", \"i3\"], [\"w\", \"e\", \"w\"], [\"w\"])", r#"["i1","i3"]"#),
    ("max(1, 3, 2)", "3"),
    ("max([1, 2]...)", "2"),
    ("md5(\"hello world\")", "\"5eb63bbbe01eeed093cb22bb8f5acdc3\""),
    ("merge({a = 1, b = 1}, {b = 2}, null)", r#"{"a":1,"b":2}"#),
    ("min(1, 3, 2)", "1"),
    ("one([])", "null"),
    ("one([1])", "1"),
    ("one([1, 2])", "!not one or none"),
    ("parseint(\"FF\", 16)", "255"),
    ("parseint(\"-aA\", 62)", "-656"),
    ("parseint(\"12\", 2)", "!base 2"),
    ("pow(3, 2)", "9"),
    ("pow(2, 100)", "1267650600228229401496703205376"),
    ("pow(4, 0.5)", "2"),
    ("pow(9, 100000000)", "!digits"),
    ("range(3)", "[0,1,2]"),
    ("range(1, 4)", "[1,2,3]"),
    ("range(4, 1)", "[4,3,2]"),
    ("range(1, 8, 2)", "[1,3,5,7]"),
    ("range(1, 8, -1)", "!never leads"),
    ("range(1, 8, 0)", "!never leads"),
    ("range(1000000000)", "!at most"),
    ("regex(\"[a-z]+\", \"53ab12\")", "\"ab\""),
    ("regex(\"(\\\\d+)-(x)?\", \"a 10-\")", r#"["10",null]"#),
    ("regex(\"(?P<y>\\\\d+)\", \"a10\")", r#"{"y":"10"}"#),
    ("regex(\"x\", \"a\")", "!does not match"),
    ("regex(\"(\", \"a\")", "!not a regular expression"),
    ("regex(\"(?:a{1000}){1000}{1000}\", \"a\")", "!too large"),
    ("regexall(\"[a-z]\", \"1a2b\")", r#"["a","b"]"#),
    ("replace(\"1 + 2 + 3\", \"+\", \"-\")", "\"1 - 2 - 3\""),
    ("replace(\"hello world\", \"/(w.*)d/\", \"<$1>\")", "\"hello <worl>\""),
    ("reverse([1, 2])", "[2,1]"),
    ("setintersection([\"a\", \"b\"], [\"b\", \"c\"])", r#"["b"]"#),
    ("setproduct([\"a\", \"b\"], [1, 2])", r#"[["a",1],["a",2],["b",1],["b",2]]"#),
    ("setproduct([1], [])", "[]"),
    ("setproduct(range(1000), range(1000))", "!more than"),
    ("setsubtract([\"a\", \"b\"], [\"b\"])", r#"["a"]"#),
    ("setunion([\"b\"], [\"a\", \"b\"])", r#"["a","b"]"#),
    ("sha1(\"hello world\")", "\"2aae6c35c94fcfb415dbe95f408b9ce91ee846ed\""),
    ("sha256(\"hello world\")", "\"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9\""),
    ("substr(sha512(\"hello world\"), 0, 8)", "\"309ecc48\""),
    ("signum(-3)", "-1"),
    ("slice([1, 2, 3], 1, 3)", "[2,3]"),
    ("slice([1], 1, 0)", "!no slice"),
    ("sort([\"b\", \"a\"])", r#"["a","b"]"#),
    ("split(\",\", \"a,b\")", r#"["a","b"]"#),
    ("split(\",\", \"\")", r#"[""]"#),
    ("split(\"\", \"ab\")", r#"["a","b"]"#),
    ("startswith(\"hello\", \"he\")", "true"),
    ("strcontains(\"hello\", \"ell\")", "true"),
    ("strrev(\"abç\")", "\"çba\""),
    ("substr(\"hello\", 1, 3)", "\"ell\""),
    ("substr(\"hello\", -3, -1)", "\"llo\""),
    ("substr(\"hello\", 9, 1)", "\"\""),
    ("sum([1, 2.5])", "3.5"),
    ("sum([])", "!no sum"),
    ("templatefile(\"hello.tpl\", {name = \"you\", n = 2})", "\"hello you, 3\""),
    ("templatefile(\"hello.tpl\", {name = \"you\"})", "!refers to `n`"),
    ("textdecodebase64(textencodebase64(\"hé\", \"UTF-16LE\"), \"UTF-16LE\")", "\"hé\""),
    ("textencodebase64(\"a\", \"UTF-16BE\")", "\"AGE=\""),
    ("textencodebase64(\"a\", \"EBCDIC\")", "!encodings are"),
    ("timeadd(\"2017-11-22T00:00:00Z\", \"10m\")", "\"2017-11-22T00:10:00Z\""),
    ("timeadd(\"2000-02-28T23:59:59+01:00\", \"24h1.5s\")", "\"2000-03-01T00:00:00+01:00\""),
    ("timeadd(\"2017-11-22T00:00:00Z\", \"soon\")", "!not a duration"),
    ("timecmp(\"2017-11-22T00:00:00Z\", \"2017-11-22T01:00:00+01:00\")", "0"),
    ("title(\"hello big-world\")", "\"Hello Big-World\""),
    ("tobool(\"true\")", "true"),
    ("tobool(\"yes\")", "!expected bool"),
    ("tolist([1])", "[1]"),
    ("tomap({a = 1})", r#"{"a":1}"#),
    ("tonumber(\"1.5\")", "1.5"),
    ("tonumber(\"x\")", "!expected number"),
    ("toset([\"b\", \"a\", \"b\"])", r#"["a","b"]"#),
    ("toset([10, 9])", "[9,10]"),
    ("tostring(1.50)", "\"1.50\""),
    ("transpose({a = [\"1\", \"2\"], b = [\"2\"]})", r#"{"1":["a"],"2":["a","b"]}"#),
    ("trim(\"?!hello?!\", \"!?\")", "\"hello\""),
    ("trimprefix(\"helloworld\", \"hello\")", "\"world\""),
    ("trimspace(\"  a\\n\")", "\"a\""),
    ("trimsuffix(\"helloworld\", \"world\")", "\"hello\""),
    ("try(var.m.none, \"fallback\")", "\"fallback\""),
    ("try(1 / 0)", "!none of the arguments"),
    ("type([1])", "\"list\""),
    ("upper(\"straße\")", "\"STRASSE\""),
    ("urldecode(urlencode(\"é & +/=\"))", "\"é & +/=\""),
    ("urlencode(\"a b&c-d_e.f~g\")", "\"a+b%26c-d_e.f~g\""),
    ("uuidv5(\"dns\", \"www.terraform.io\")", "\"a5008fae-b28c-5ba5-96cd-82b4c53552d6\""),
    ("uuidv5(\"here\", \"a\")", "!namespace"),
    ("values({b = 1, a = 2})", "[2,1]"),
    ("yamldecode(\"a: [1, 1.5, true, ~]\\nb: &x {c: d}\\ne: {<<: *x, f: g}\").e", r#"{"c":"d","f":"g"}"#),
    ("yamldecode(\"a: 1\\na: 2\")", "!twice"),
    ("yamldecode(\"a: [\")", "!not YAML"),
    ("yamldecode(\"--- 1\\n--- 2\")", "!more than one"),
    (
        "yamlencode({foo = [1, {a = \"b\", c = []}, [2, 3]], bar = {baz = \"q\"}})",
        r#""\"bar\":\n  \"baz\": \"q\"\n\"foo\":\n- 1\n- \"a\": \"b\"\n  \"c\": []\n- - 2\n  - 3\n""#,
    ),
    (
        "yamldecode(yamlencode({foo = [1, {a = \"b\", c = []}, [2, 3]], bar = {baz = \"q: #\"}}))",
        r#"{"bar":{"baz":"q: #"},"foo":[1,{"a":"b","c":[]},[2,3]]}"#,
    ),
    ("zipmap([\"a\", \"b\"], [1, 2])", r#"{"a":1,"b":2}"#),
    ("zipmap([\"a\"], [])", "!1 keys and 0 values"),
];

fn files() -> World {
    let content = |text: &[u8]| FileAnswer::Content(Arc::new(text.to_vec()));
    let read = |path: &str| FileQuestion::Read(path.to_owned());
    let listed = FileQuestion::List { folder: "stacks".to_owned(), pattern: "*.txt".to_owned() };
    let files = [
        (read("stacks/greeting.txt"), content(b"hello")),
        (read("stacks/bytes"), content(&[0xff])),
        (read("stacks/hello.tpl"), content(b"hello ${name}, ${n + 1}")),
        (read("stacks/none.txt"), FileAnswer::Missing),
        (listed, FileAnswer::Paths(Arc::new(vec!["greeting.txt".to_owned()]))),
    ];
    World { files: files.into(), ..world() }
}

fn shown(evaluation: &Evaluation) -> String {
    assert!(evaluation.questions.is_empty(), "{:?}", evaluation.questions);
    match evaluation.diagnostics.iter().next() {
        Some(problem) => format!("!{} {}", problem.detail, problem.help.as_deref().unwrap_or_default()),
        None => encoding::json(&evaluation.value),
    }
}

#[test]
fn every_function_does_what_its_examples_say() {
    let world = files();
    for (text, expected) in EXAMPLES {
        let shown = shown(&evaluate(&parse(text), &world));
        match expected.strip_prefix('!') {
            Some(words) => assert!(shown.starts_with('!') && shown.contains(words), "{text}: {shown}"),
            None => {
                let expected = expected.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
                assert_eq!(shown, expected, "{text}");
            }
        }
    }
}

#[test]
fn every_function_has_an_example_and_its_place() {
    let examples: String = EXAMPLES.iter().map(|(text, _)| *text).collect();
    for pair in all().windows(2) {
        assert!(pair[0].name < pair[1].name, "{} is out of order", pair[1].name);
    }
    for function in all() {
        assert!(examples.contains(&format!("{}(", function.name)), "{} has no example", function.name);
        assert!(function.doc.starts_with(&format!("{}(", function.name)), "{}", function.doc);
        assert!(find(function.name).is_some_and(|found| found.name == function.name));
    }
    assert!(all().len() >= 90);
}

#[test]
fn files_are_asked_for_and_never_outside_the_project() {
    let asked = evaluate(&parse("[file(\"a.txt\"), fileset(\"b\", \"*\")]"), &world()).questions;
    let expected = [
        FileQuestion::Read("stacks/a.txt".to_owned()),
        FileQuestion::List { folder: "stacks/b".to_owned(), pattern: "*".to_owned() },
    ];
    assert_eq!(asked, expected);
    assert!(evaluate(&parse("try(file(\"a.txt\"), 1)"), &world()).questions.len() == 1);
    for path in ["/a", "..\\a\\..", "C:\\a", "../../a", "a/../../../b", "\\\\host\\share"] {
        assert!(arguments::join_path("stacks", path).is_err(), "{path}");
    }
}

#[test]
fn yaml_aliases_cannot_multiply() {
    let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, of) in ('b'..='j').zip('a'..) {
        let aliases = vec![format!("*{of}"); 9].join(",");
        bomb.push_str(&format!("{name}: &{name} [{aliases}]\n"));
    }
    let mut world = world();
    world.known.insert("bomb".to_owned(), Value::String(bomb));
    let problems = evaluate(&parse("yamldecode(var.bomb)"), &world).diagnostics;
    assert!(problems.has_errors());
}

#[test]
fn calls_that_cannot_work_are_found_without_evaluating() {
    let text = "[false ? upper() : lenght(1), for_x(1), format([]...), upper(var.l...), [for v in x.l : substr(v, 1)]]";
    let found: Vec<String> = misuses(&parse(text)).iter().map(|problem| problem.detail.clone()).collect();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[0].contains("`upper` takes 1") && found[3].contains("`substr` takes 3"));
}

#[test]
fn names_left_out_say_why() {
    for name in ["timestamp", "uuid", "bcrypt", "pathexpand", "abspath", "sensitive"] {
        assert!(unknown(name).detail.contains("leaves"), "{name}");
        assert!(find(name).is_none());
    }
}

#[test]
fn calls_that_wait_know_how_their_text_starts() {
    for (text, expected) in [("format(\"a-%s\", x.s)", "a-"), ("join(\"/\", [\"a\", x.s])", "a/"), ("upper(x.s)", "")] {
        let Value::Hole(hole) = evaluate(&parse(text), &world()).value else { panic!("{text}") };
        assert_eq!(hole.prefix, expected);
        assert!(matches!(hole.residual.node, Node::Call { .. }));
    }
}

/// Arguments of every kind, hostile ones among them.
fn argument() -> impl Strategy<Value = String> {
    let scalar = prop::sample::select(vec![
        "null",
        "true",
        "0",
        "1",
        "-1",
        "2.5",
        "1e300",
        "99999999999999999999",
        "\"\"",
        "\"a\"",
        "\"%s %d\"",
        "\"10.0.0.0/8\"",
        "\"::/0\"",
        "\"[{\"",
        "\"é\\n\"",
        "\"2020-01-01T00:00:00Z\"",
        "\"/(a|b)*/\"",
        "\"-1h\"",
        "x.s",
        "s.s",
        "x.l",
    ]);
    let scalar = scalar.prop_map(str::to_owned);
    scalar.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{{ k = {a}, j = {b} }}")),
        ]
    })
}

proptest! {
    #![proptest_config(crate::language::evaluate::tests::repeatable(300))]

    #[test]
    fn functions_never_panic_and_keep_the_laws(
        at in 0..all().len(),
        arguments in prop::collection::vec(argument(), 0..4),
    ) {
        let text = format!("{}({})", all()[at].name, arguments.join(", "));
        crate::language::evaluate::tests::laws::check(&text)?;
    }

    #[test]
    fn json_reads_what_it_writes(text in ".{0,30}", number in "-?[1-9][0-9]{0,30}(\\.[0-9]{1,10})?") {
        let mut world = world();
        let value = Value::map([(text.clone(), Value::List(vec![Value::String(text), Value::Number(number.parse().unwrap())]))]);
        world.known.insert("v".to_owned(), value);
        let same = evaluate(&parse("jsondecode(jsonencode(var.v)) == var.v"), &world).value;
        prop_assert_eq!(same, Value::Bool(true));
        let same = evaluate(&parse("yamldecode(yamlencode(var.v))"), &world);
        prop_assert!(!same.diagnostics.has_errors(), "{:?}", same.diagnostics);
    }

    #[test]
    fn decoders_never_panic(text in "[-\\[\\]{}:,\"'0-9a-e&*!|>#%@\\\\ \n\t.~<]{0,40}") {
        let mut world = world();
        world.known.insert("t".to_owned(), Value::String(text));
        for call in ["jsondecode(var.t)", "yamldecode(var.t)", "csvdecode(var.t)", "base64decode(var.t)", "regexall(var.t, var.t)",
            "formatdate(var.t, \"2020-01-01T00:00:00Z\")", "timeadd(\"2020-01-01T00:00:00Z\", var.t)", "format(var.t, 1)", "cidrhost(var.t, 1)"] {
            let _ = evaluate(&parse(call), &world);
        }
    }
}

#[test]
fn documentation_is_one_line_each() {
    let docs: BTreeSet<&str> = all().iter().map(|function| function.doc).collect();
    assert_eq!(docs.len(), all().len());
    assert!(docs.iter().all(|doc| !doc.contains('\n') && doc.contains(": ")));
}
