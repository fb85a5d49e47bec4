//! What evaluation promises, tried on examples and on arbitrary expressions.

pub(crate) mod laws;

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::*;
use crate::language::parse_expression::parse_bare;
use crate::language::parse_expression::placement::Placement;
use crate::language::scope::{FileAnswer, FileQuestion, Files, Lookup};
use crate::model::address::ResourceAddress;
use crate::model::identity::{Digest, Fingerprint};
use crate::model::path::{Path, Segment};

/// The same cases in every run, so that nothing fails now and then. `SIAC_TEST_CASES` tries as many others as it says.
pub(crate) fn repeatable(cases: u32) -> proptest::test_runner::Config {
    use proptest::test_runner::{Config, RngSeed};
    let wanted = std::env::var("SIAC_TEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let rng_seed = if wanted.is_some() { RngSeed::Random } else { RngSeed::Fixed(2) };
    Config { cases: wanted.unwrap_or(cases), rng_seed, failure_persistence: None, ..Config::default() }
}

/// A world of a few names: `var` is known, `x` is known after apply, `s` is sealed.
#[derive(Default)]
pub(crate) struct World {
    pub known: BTreeMap<String, Partial>,
    /// What `x.NAME` and `s.NAME` will be.
    pub later: BTreeMap<Origin, Partial>,
    /// Whether later is now.
    pub delivered: bool,
    pub files: Files,
}

pub(crate) fn unknown(name: &str) -> Origin {
    Origin::Attribute(ResourceAddress::managed("x", "x"), Path::attribute(name))
}

pub(crate) fn sealed(name: &str) -> Origin {
    Origin::Secret(name.to_owned())
}

fn hole(origin: Origin) -> Partial {
    let awaits = match origin {
        Origin::Secret(_) => Awaits::Sealed(Fingerprint { version: None, digest: Digest::of(b"") }),
        Origin::Attribute(..) => Awaits::Apply,
    };
    Value::Hole(Box::new(Hole::of(origin, Type::Any, awaits)))
}

impl Scope for World {
    fn lookup(&self, root: &str, steps: &[Segment]) -> Lookup<'_> {
        let missing = |candidates| Lookup::Missing { detail: format!("there is no `{root}`"), candidates };
        let Some(Segment::Key(name)) = steps.first() else { return missing(Vec::new()) };
        let origin = match root {
            "var" => {
                return match self.known.get(name) {
                    Some(value) => Lookup::Found { value: Cow::Borrowed(value), consumed: 1 },
                    None => missing(self.known.keys().cloned().collect()),
                };
            }
            "x" => unknown(name),
            "s" => sealed(name),
            _ => return missing(Vec::new()),
        };
        match self.later.get(&origin) {
            Some(value) if self.delivered => Lookup::Found { value: Cow::Borrowed(value), consumed: 1 },
            Some(_) => Lookup::Found { value: Cow::Owned(hole(origin)), consumed: 1 },
            None => missing(Vec::new()),
        }
    }

    fn origin(&self, origin: &Origin) -> Option<Cow<'_, Partial>> {
        let value = self.later.get(origin).filter(|_| self.delivered);
        Some(value.map_or_else(|| Cow::Owned(hole(origin.clone())), Cow::Borrowed))
    }

    fn file(&self, question: &FileQuestion) -> FileAnswer {
        self.files.get(question).cloned().unwrap_or(FileAnswer::NotAsked)
    }

    fn folder(&self) -> &str {
        "stacks"
    }
}

pub(crate) fn parse(text: &str) -> Expression {
    parse_bare(text, &Placement::linear(0, 0, text.len() as u32)).unwrap()
}

pub(crate) fn world() -> World {
    let list = Value::List([1_i64, 2, 3].map(Value::number).to_vec());
    let known = [
        ("a", Value::string("text")),
        ("n", Value::number(4_i64)),
        ("l", list),
        ("m", Value::map([("k", Value::string("v")), ("open", hole(unknown("s")))])),
        ("nothing", Value::Null),
    ];
    let later = [
        (unknown("s"), Value::string("later")),
        (unknown("n"), Value::number(7_i64)),
        (unknown("b"), Value::Bool(true)),
        (unknown("l"), Value::List(vec![Value::string("p"), Value::string("q")])),
        (sealed("s"), secret(&Value::string("hunter2"))),
        (sealed("b"), secret(&Value::Bool(true))),
    ];
    let known = known.map(|(name, value)| (name.to_owned(), value)).into();
    World { known, later: later.into(), ..World::default() }
}

fn evaluated(text: &str) -> Evaluation {
    evaluate(&parse(text), &world())
}

#[track_caller]
fn value(text: &str) -> Partial {
    let evaluation = evaluated(text);
    assert!(evaluation.diagnostics.is_empty(), "{text}: {:?}", evaluation.diagnostics);
    evaluation.value
}

#[track_caller]
fn known(text: &str) -> String {
    serde_json::to_string(&value(text)).unwrap()
}

#[track_caller]
fn problem(text: &str) -> String {
    let evaluation = evaluated(text);
    let first = evaluation.diagnostics.iter().next().unwrap_or_else(|| panic!("{text} gives {:?}", evaluation.value));
    assert!(!first.labels.is_empty(), "{text}: no place");
    format!("{} ({})", first.detail, first.help.as_deref().unwrap_or_default())
}

#[test]
fn operators_compute() {
    for (text, expected) in [
        ("1 + 2 * 3", "7"),
        ("10 / 4", r#"{"$number":"2.5"}"#),
        ("-7 % 3", "-1"),
        ("0.1 + 0.2 == 0.3", "true"),
        ("9007199254740993 + 0", "9007199254740993"),
        ("1 == \"1\"", "false"),
        ("!true || 2 >= 2", "true"),
        ("\"5\" + 1", "6"),
        ("[1, [2]] == [1, [2]]", "true"),
        ("var.n > 3 ? \"big\" : \"small\"", "\"big\""),
        ("\"a-${var.n}-${true}\"", "\"a-4-true\""),
        ("{ a = 1, \"b\" = 2, (var.a) = 3 }", r#"{"a":1,"b":2,"text":3}"#),
        ("var.l[1]", "2"),
        ("var.m[\"k\"]", "\"v\""),
        ("[{a = 1}, {a = 2}][*].a", "[1,2]"),
        ("[for v in var.l : v * 2 if v != 2]", "[2,6]"),
        ("{for i, v in var.l : \"k${i}\" => v}", r#"{"k0":1,"k1":2,"k2":3}"#),
        ("{for v in var.l : \"k${v % 2}\" => v...}", r#"{"k0":[2],"k1":[1,3]}"#),
        ("var.nothing[*]", "[]"),
        ("[[{b=[1]}], [{b=[2]}]][*][*].b[*]", "[[[1]],[[2]]]"),
        ("length([1,2]...)", "!"),
    ] {
        if expected == "!" {
            assert!(problem(text).contains("argument"), "{text}");
        } else {
            assert_eq!(known(text), expected, "{text}");
        }
    }
}

#[test]
fn what_does_not_depend_on_a_hole_is_known() {
    for (text, expected) in [
        ("false && x.b", "false"),
        ("true || x.b", "true"),
        ("x.b && false", "false"),
        ("true ? 1 : var.typo", "1"),
        ("length([x.s, x.n])", "2"),
        ("[x.s, 2][1]", "2"),
        ("var.m.k", "\"v\""),
        ("\"a-${x.s}\" == \"b\"", "false"),
        ("x.b ? 1 : 1", "1"),
        ("keys({a = x.s})", "[\"a\"]"),
        ("coalesce(1, x.n)", "1"),
        ("lookup({a = 1}, \"a\", x.n)", "1"),
        ("try(var.typo, 3)", "3"),
        ("can(x.s)", "true"),
        ("x.s == x.s", "true"),
        ("[x.s] == [1, 2]", "false"),
    ] {
        assert_eq!(known(text), expected, "{text}");
    }
}

#[test]
fn holes_say_what_is_known_of_them() {
    let Value::Hole(hole) = value("\"a-${x.s}-${s.s}\"") else { panic!("no hole") };
    assert_eq!((hole.prefix.as_str(), &hole.ty), ("a-", &Type::String));
    assert_eq!(hole.origins.len(), 2);
    assert!(hole.is_secret() && hole.is_unknown());
    let Value::Hole(hole) = value("x.b ? \"abc-${x.n}\" : \"abd\"") else { panic!("no hole") };
    assert_eq!(hole.prefix, "ab");
    let Value::Hole(hole) = value("[for v in x.l : \"${var.a}-${v}\"]") else { panic!("no hole") };
    assert_eq!(hole.ty, Type::list(Type::Any));
    let residual = serde_json::to_string(&hole.residual).unwrap();
    assert!(residual.contains("text") && !residual.contains("var"), "{residual}");
}

#[test]
fn a_residual_loop_captures_nothing() {
    let text = "[for v in x.l : [for w in [v] : [for v in x.l : \"${w}${v}\"]]]";
    let mut world = world();
    let partial = evaluate(&parse(text), &world).value;
    world.delivered = true;
    let full = evaluate(&parse(text), &world).value;
    assert_eq!(fill(&partial, &world).value, full);
    assert_eq!(serde_json::to_string(&full).unwrap(), r#"[[["pp","pq"]],[["qp","qq"]]]"#);
}

#[test]
fn problems_have_a_cause_and_a_remedy() {
    for (text, expected) in [
        ("var.nothin", "did you mean `nothing`"),
        ("var.m.kk", "no attribute `kk`; available: k, open (did you mean `k`?)"),
        ("var.l[9]", "the list has 3, numbered from 0 to 2"),
        ("var.l.a", "write `[*].a`"),
        ("var.nothing.a", "null has no parts"),
        ("\"a${var.l}\"", "jsonencode"),
        ("\"a${var.nothing}\"", "coalesce"),
        ("1 + \"x\"", "must be a number, not the text `x`"),
        ("1 / 0", "divided by zero"),
        ("lenght(1)", "did you mean `length`?"),
        ("length()", "takes 1 argument, not 0"),
        ("timestamp()", "nothing in a plan depends on when"),
        ("{for v in [1, 1] : v => v}", "two elements have the key `1`"),
        ("nope", "there is no `nope`"),
    ] {
        assert!(problem(text).contains(expected), "{text}: {}", problem(text));
    }
    assert_eq!(evaluated("[var.t1, var.t2]").diagnostics.iter().count(), 2);
}

#[test]
fn secrets_stay_secret_and_errors_do_not_quote_them() {
    let mut world = world();
    world.delivered = true;
    for text in [
        "\"a-${s.s}\"",
        "s.b ? 1 : 2",
        "tostring(s.s)",
        "s.s == 1",
        "!s.b",
        "[1, 2][s.b ? 0 : 1]",
        "can(tonumber(s.s))",
    ] {
        let value = evaluate(&parse(text), &world).value;
        assert!(matches!(value, Value::Secret(_)), "{text}: {value:?}");
    }
    let contained = evaluate(&parse("merge({a = s.s}, {b = 1})"), &world).value;
    assert!(matches!(contained.get("a"), Some(Value::Secret(_))) && contained.get("b") == Some(&Value::number(1_i64)));
    for text in ["1 + s.s", "tonumber(s.s)", "{a = 1}[s.s]", "s.s.x", "lookup({}, s.s)"] {
        let problems = format!("{:?}", evaluate(&parse(text), &world).diagnostics);
        assert!(problems.contains("code") && !problems.contains("hunter2"), "{text}: {problems}");
    }
}

/// Expressions that once broke the laws.
#[test]
fn the_laws_hold_where_they_once_did_not() {
    for text in [
        "try([for v in var.n : 1], [for k, v in s.s : [v, k] if 1][true], 1)",
        "try(concat(1, s.s)[1], 1, 1)",
        "try({ (tostring(var.l)) = s.s[0] }, 1, 1)",
        "try(\"p${s.s}-${{ (tostring(s.s)) = 1 }}\", try(1, 1, 1), 1)",
        "try((x.s && false), null, 1)",
        "try(\"p${[for v in x.s : s.s[0]]}-${var.n}\", 1, 1)",
        "try(length([tonumber(x.s)]), 0)",
        "can(true ? 1 / 0 : s.s)",
        "try(true ? x.s.k : s.s, 1)",
        "[for v in [s.s, 1] : try(v.k, 2)]",
    ] {
        laws::check(text).unwrap();
    }
}

#[test]
fn bombs_are_refused() {
    let doubling = |body: &str, times: usize| {
        let mut text = body.to_owned();
        for at in 0..times {
            text = format!("[for v{at} in [{text}] : \"${{v{at}}}${{v{at}}}\"][0]");
        }
        text
    };
    assert!(problem(&doubling("\"0123456789abcdef\"", 30)).contains("MiB"));
    let loops = "[for a in l : [for b in l : [for c in l : [for d in l : [for e in l : a]]]]]";
    let range = format!("[for l in [[{}]] : {loops}]", vec!["1"; 60].join(","));
    assert!(problem(&range).contains("steps") || problem(&range).contains("MiB"));
}

#[test]
fn locals_that_pile_up_holes_are_refused() {
    let mut world = world();
    for _ in 0..40 {
        let doubled = evaluate(&parse("\"${var.pile}${var.pile}\""), &{
            let pile = world.known.get("pile").cloned().unwrap_or_else(|| hole(unknown("s")));
            world.known.insert("pile".into(), pile);
            World { known: world.known.clone(), later: world.later.clone(), ..World::default() }
        });
        if doubled.diagnostics.has_errors() {
            return;
        }
        world.known.insert("pile".into(), doubled.value);
    }
    panic!("forty doublings were accepted");
}

/// The deepest evaluation of the hungriest nodes fits into the 2 MiB of a thread, even in a debug build.
#[test]
fn the_deepest_evaluation_fits_the_stack() {
    use crate::model::expression::{BinaryOperator, For};
    let call = |name: &str, argument| Node::Call { name: name.into(), arguments: vec![argument], spread: false };
    let loops = |collection: Expression, value| {
        let value_name = "v".to_owned();
        let (key_name, key, condition, grouping) = (None, None, None, false);
        Node::For(Box::new(For { key_name, value_name, collection, key, value, condition, grouping }))
    };
    let text = || Expression::literal(Value::string("k"));
    let wraps: [(&str, &dyn Fn(Expression) -> Node); 10] = [
        ("list", &|inner| Node::List(vec![inner])),
        ("object", &|inner| Node::Object(vec![(text(), inner)])),
        ("template", &|inner| Node::Template(vec![inner])),
        ("conditional", &|inner| Node::Conditional(Box::new(parse("x.b")), Box::new(inner), Box::new(text()))),
        ("logic", &|inner| Node::Binary(Box::new(parse("x.b")), BinaryOperator::And, Box::new(inner))),
        ("index", &|inner| Node::Index(Box::new(parse("x.l")), Box::new(inner))),
        ("try", &|inner| call("try", inner)),
        ("upper", &|inner| call("upper", inner)),
        ("for", &|inner| loops(Expression::literal(Value::List(vec![Value::Null])), inner)),
        ("open for", &|inner| loops(parse("x.l"), inner)),
    ];
    for (name, wrap) in wraps {
        let mut nested = text();
        for _ in 0..limits::MAX_DEPTH {
            nested = Expression::new(wrap(nested));
        }
        let problems = evaluate(&nested, &world()).diagnostics;
        let mut told: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
        told.dedup();
        assert_eq!(told, ["evaluation-limit"], "{name}");
    }
}
