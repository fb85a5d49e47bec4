//! The two laws of evaluation: residuals lose nothing, and secrecy is contagious.

use proptest::prelude::*;

use super::*;

/// Expressions of every shape, most of which have a value.
pub(crate) fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("0".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("null".to_owned()),
        Just("\"a\"".to_owned()),
        Just("var.l".to_owned()),
        Just("var.n".to_owned()),
        Just("x.s".to_owned()),
        Just("x.n".to_owned()),
        Just("x.b".to_owned()),
        Just("x.l".to_owned()),
        Just("x.m".to_owned()),
        Just("s.s".to_owned()),
        Just("s.n".to_owned()),
        Just("s.b".to_owned()),
        Just("s.l".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let two = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner.clone());
        let operator = prop::sample::select(vec!["==", "!=", "+", "*", "<", "&&", "||"]);
        let one = prop::sample::select(vec![
            "length", "keys", "values", "tostring", "tonumber", "toset", "tobool", "try", "can", "coalesce", "!", "-",
            "type",
        ]);
        let pair = prop::sample::select(vec!["concat", "merge", "coalesce", "try", "lookup"]);
        prop_oneof![
            (two.clone(), operator).prop_map(|((a, b), op)| format!("({a} {op} {b})")),
            three.clone().prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            two.clone().prop_map(|(a, b)| format!("\"p${{{a}}}-${{{b}}}\"")),
            two.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            two.clone().prop_map(|(a, b)| format!("{{ k = {a}, j = {b} }}")),
            two.clone().prop_map(|(a, b)| format!("{{ (tostring({a})) = {b} }}")),
            inner.clone().prop_map(|a| format!("{a}[0]")),
            inner.clone().prop_map(|a| format!("{a}.k")),
            two.clone().prop_map(|(a, b)| format!("{a}[{b}]")),
            inner.clone().prop_map(|a| format!("{a}[*].k")),
            (one, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (pair, two.clone()).prop_map(|(f, (a, b))| format!("{f}({a}, {b})")),
            three.clone().prop_map(|(a, b, c)| format!("try({a}, {b}, {c})")),
            two.clone().prop_map(|(a, b)| format!("[for v in {a} : {b}]")),
            two.clone().prop_map(|(a, b)| format!("[for k, v in {a} : [v, k] if {b}]")),
            three.prop_map(|(a, b, c)| format!("[for v in {a} : [v, {b}] if v == {c}]")),
            two.clone().prop_map(|(a, b)| format!("{{for k, v in {a} : k => [v, {b}]}}")),
            two.prop_map(|(a, b)| format!("{{for v in {a} : \"${{v}}\" => {b}...}}")),
            inner.prop_map(|a| format!("[for v in {a} : [for w in {a} : [v, w]]]")),
        ]
    })
}

fn filled(hidden: &str, number: i64) -> World {
    let mut world = world();
    let strings = |texts: &[&str]| Value::List(texts.iter().map(|text| Value::string(*text)).collect());
    world.later.extend([
        (unknown("m"), Value::map([("k", Value::string("v")), ("j", Value::number(1_i64))])),
        (sealed("s"), secret(&Value::string(hidden))),
        (sealed("n"), secret(&Value::number(number))),
        (sealed("b"), secret(&Value::Bool(number > 0))),
        (sealed("l"), secret(&strings(&[hidden, "b"][..if number > 0 { 2 } else { 1 }]))),
    ]);
    world
}

fn now(world: World) -> World {
    World { delivered: true, ..world }
}

/// The value with every secret blackened.
fn blackened(value: &Partial) -> Partial {
    match value {
        Value::Secret(_) => Value::string("(secret)"),
        Value::List(items) => Value::List(items.iter().map(blackened).collect()),
        Value::Map(entries) => Value::Map(entries.iter().map(|(key, item)| (key.clone(), blackened(item))).collect()),
        other => other.clone(),
    }
}

/// Both laws and the silence about secrets, for one expression.
pub(crate) fn check(text: &str) -> Result<(), TestCaseError> {
    let expression = parse(text);
    let full = evaluate(&expression, &now(filled("a", 1)));
    let other = evaluate(&expression, &now(filled("hunter2", 0)));
    let told = format!("{other:?}");
    prop_assert!(!told.contains("hunter2"), "{text}: {told}");
    let partial = evaluate(&expression, &filled("a", 1));
    if full.diagnostics.is_empty() && other.diagnostics.is_empty() {
        prop_assert_eq!(blackened(&full.value), blackened(&other.value), "{}", text);
    }
    if full.diagnostics.is_empty() && full.questions.is_empty() && partial.questions.is_empty() {
        prop_assert!(partial.diagnostics.is_empty(), "{text}: {:?}", partial.diagnostics);
        let later = fill(&partial.value, &now(filled("a", 1)));
        prop_assert!(later.diagnostics.is_empty(), "{text}: {:?}", later.diagnostics);
        prop_assert_eq!(&later.value, &full.value, "{}: {:?}", text, partial.value);
        let same = serde_json::to_string(&blackened(&later.value)).unwrap();
        prop_assert_eq!(same, serde_json::to_string(&blackened(&full.value)).unwrap());
    }
    Ok(())
}

proptest! {
    #![proptest_config(crate::language::evaluate::tests::repeatable(300))]

    #[test]
    fn residuals_lose_nothing_and_secrecy_is_contagious(text in expressions()) {
        check(&text)?;
    }

    #[test]
    fn a_residual_survives_being_stored(text in expressions()) {
        let partial = evaluate(&parse(&text), &filled("a", 1)).value;
        let stored: Partial = serde_json::from_str(&serde_json::to_string(&partial).unwrap()).unwrap();
        prop_assert_eq!(stored, partial);
    }
}
