use std::time::Duration;

use super::*;
use crate::model::schema::{Attribute, RecoveryClass};
use crate::model::stack::Lifecycle;

const KEY: [u8; 32] = [5; 32];

fn kind() -> KindSchema {
    KindSchema {
        description: "",
        version: 1,
        attributes: BTreeMap::from([
            ("name", Attribute::required(Type::String, "")),
            ("password", Attribute::optional(Type::String, "").sensitive()),
            ("class", Attribute::optional_computed(Type::String, "")),
            ("chosen", Attribute::optional_computed(Type::String, "").sensitive()),
            ("script", Attribute::optional(Type::String, "").write_only()),
            ("environment", Attribute::optional(Type::map(Type::String), "")),
            ("id", Attribute::computed(Type::String, "")),
            ("token", Attribute::computed(Type::String, "").sensitive()),
        ]),
        data_bearing: false,
        recovery: RecoveryClass::Token,
        drain: Duration::ZERO,
        timeout: Duration::ZERO,
        unique: None,
        typical: Duration::ZERO,
    }
}

fn secret_hole(text: &str) -> Partial {
    let digest = fingerprint(&Secret::new(KEY), &Known::string(text));
    let awaits = Awaits::Sealed(Fingerprint { version: Some("v1".into()), digest });
    Value::Hole(Box::new(Hole::of(Origin::Secret("pw".into()), Type::String, awaits)))
}

/// What is sent and recorded: a name, a password from a secret, the same in an environment, a script that is never shown again.
fn inputs() -> Resolved {
    let shape = |password: Partial| {
        Value::map([
            ("name", Value::string("n")),
            ("password", password.clone()),
            ("class", Value::Null),
            ("script", Value::string("x")),
            ("environment", Value::map([("PW", password), ("A", Value::string("1"))])),
        ])
    };
    let known =
        |value: Partial| value.try_fill(&mut |_| Ok::<_, ()>(Value::Secret(Secret::new(Known::string("hunter2")))));
    let stored = shape(secret_hole("hunter2"));
    Resolved { known: known(stored.clone()).unwrap(), stored }
}

fn seen(password: &str) -> Observed {
    Observed {
        remote: "r".into(),
        inputs: Value::map([
            ("name", Value::string("n")),
            ("password", Value::string(password)),
            ("class", Value::string("standard")),
            ("chosen", Value::string("k9")),
            ("environment", Value::map([("PW", Value::string(password)), ("A", Value::string("1"))])),
        ]),
        outputs: Value::map([("id", Value::string("r")), ("token", Value::string("t0k"))]),
        private: vec![1],
    }
}

fn object(observation: Observation) -> Object {
    Object {
        provider: "fake".into(),
        remote: observation.remote,
        op: crate::model::identity::OpId([1; 16]),
        configured: Value::Null,
        inputs: observation.inputs,
        sent: observation.sent,
        outputs: observation.outputs,
        secrets: observation.secrets,
        private: observation.private,
        schema_version: 1,
        dependencies: Vec::new(),
        lifecycle: Lifecycle::default(),
        tainted: false,
    }
}

fn with_sealer<T>(check: impl FnOnce(&Sealer<'_>) -> T) -> T {
    let (kind, address, key) = (kind(), ResourceAddress::managed("fake", "a"), Secret::new(KEY));
    check(&Sealer { kind: &kind, address: &address, key: &key })
}

#[test]
fn no_secret_is_recorded_in_the_clear() {
    with_sealer(|sealer| {
        let observation = sealer.after_call(&inputs(), seen("hunter2"));
        let text = serde_json::to_string(&(&observation.inputs, &observation.outputs)).unwrap();
        for secret in ["hunter2", "t0k", "k9"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(observation.inputs.get("password"), Some(&secret_hole("hunter2")));
        assert_eq!(observation.inputs.get("class"), Some(&Value::string("standard")), "the provider decided it");
        assert_eq!(observation.secrets[&Path::attribute("token")].expose(), &Known::string("t0k"));
        assert_eq!(observation.secrets[&Path::attribute("chosen")].expose(), &Known::string("k9"));
        assert!(observation.sent.contains_key(&Path::attribute("environment").key("PW")));
    });
}

#[test]
fn looking_again_at_the_same_changes_nothing() {
    with_sealer(|sealer| {
        let first = sealer.after_call(&inputs(), seen("hunter2"));
        let again = sealer.after_read(&object(first.clone()), seen("hunter2"));
        assert_eq!(again, first);
        let thrice = sealer.after_read(&object(again), seen("hunter2"));
        assert_eq!(thrice, first);
    });
}

#[test]
fn a_changed_secret_is_seen_and_not_shown() {
    with_sealer(|sealer| {
        let first = sealer.after_call(&inputs(), seen("hunter2"));
        let drifted = sealer.after_read(&object(first.clone()), seen("letmein"));
        assert_ne!(drifted.inputs.get("password"), first.inputs.get("password"));
        assert!(matches!(drifted.inputs.get("password"), Some(Value::Hole(_))));
        assert!(!serde_json::to_string(&drifted.inputs).unwrap().contains("letmein"));
        let back = sealer.after_read(&object(drifted.clone()), seen("letmein"));
        assert_eq!(back.inputs, drifted.inputs, "seen once, it is remembered");
    });
}

#[test]
fn what_the_provider_cannot_see_is_as_remembered() {
    with_sealer(|sealer| {
        let first = sealer.after_call(&inputs(), seen("hunter2"));
        let mut observed = seen("hunter2");
        observed.inputs = Value::map([("name", Value::string("renamed")), ("script", Value::string("?"))]);
        observed.outputs = Value::map([("id", Value::string("r"))]);
        let again = sealer.after_read(&object(first.clone()), observed);
        assert_eq!(again.inputs.get("name"), Some(&Value::string("renamed")));
        assert_eq!(again.inputs.get("script"), Some(&Value::string("x")), "write-only");
        assert_eq!(again.inputs.get("password"), first.inputs.get("password"));
        assert_eq!(again.outputs, first.outputs);
        assert_eq!(again.secrets, first.secrets);
    });
}

#[test]
fn what_the_stack_writes_in_plain_text_is_told_from_other_values_and_those_are_hidden() {
    with_sealer(|sealer| {
        let plain = Value::string("plain");
        let compared = |now: &str| {
            let now = Value::Secret(Secret::new(Known::string(now)));
            sealer.compared(&plain, &now, &Path::attribute("password"), &BTreeMap::new())
        };
        assert_eq!(compared("plain"), plain);
        assert!(matches!(compared("another"), Value::Hole(_)));
    });
}

#[test]
fn a_secret_in_a_value_of_another_shape_is_hidden_whole() {
    with_sealer(|sealer| {
        let first = sealer.after_call(&inputs(), seen("hunter2"));
        let mut observed = seen("hunter2");
        observed.inputs = Value::map([("environment", Value::List(vec![Value::string("PW=hunter2")]))]);
        let again = sealer.after_read(&object(first), observed);
        assert!(matches!(again.inputs.get("environment"), Some(Value::Hole(_))));
    });
}

#[test]
fn fingerprints_are_keyed_and_tell_values_apart() {
    let one = Secret::new(KEY);
    let other = Secret::new([6; 32]);
    let text = Known::string("a");
    assert_ne!(fingerprint(&one, &text), fingerprint(&other, &text));
    assert_eq!(fingerprint(&one, &text), fingerprint(&one, &Value::Secret(Secret::new(text.clone()))));
    assert_eq!(
        fingerprint(&one, &Value::Number("1.50".parse().unwrap())),
        fingerprint(&one, &Value::Number("1.5".parse().unwrap()))
    );
    let list = |items: &[&str]| Known::List(items.iter().map(|item| Value::string(*item)).collect());
    assert_ne!(fingerprint(&one, &list(&["ab", "c"])), fingerprint(&one, &list(&["a", "bc"])));
    let fetched = FetchedSecret { value: Secret::new("a".to_owned()), version: None };
    assert_eq!(fingerprint_of_secret(&one, &fetched).digest, fingerprint(&one, &text));
}
