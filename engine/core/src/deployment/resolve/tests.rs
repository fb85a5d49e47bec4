use super::*;
use crate::deployment::fold::Ledger;
use crate::deployment::seal::{StackSecret, fingerprint, own_hole};
use crate::model::event::{Fact, Intent, Observation, Outcome, Verb};
use crate::model::identity::{Digest, Fingerprint, OpId};
use crate::model::plan::StepId;
use crate::model::schema::RecoveryClass;

fn address(name: &str) -> ResourceAddress {
    ResourceAddress::managed("fake", name)
}

fn hole(origin: Origin, awaits: Awaits) -> Partial {
    Value::Hole(Box::new(Hole::of(origin, Type::String, awaits)))
}

fn attribute(name: &str, path: &str) -> Origin {
    Origin::Attribute(address(name), Path::attribute(path))
}

fn stale() -> Awaits {
    Awaits::Sealed(Fingerprint { version: None, digest: Digest([0; 32]) })
}

fn secrets(value: &str) -> Secrets {
    let fetched = FetchedSecret { value: Secret::new(value.to_owned()), version: Some("v2".into()) };
    Secrets::from([("pw".to_owned(), fetched)])
}

/// A snapshot in which `a` has an id, a token that the cloud made, and a password that came from the stack's secret.
fn snapshot() -> Snapshot {
    let key = StackSecret::new([3; 32]);
    let digest = fingerprint(&key, &Known::string("t0k"));
    let observation = Observation {
        remote: "r".into(),
        inputs: Value::map([("password", hole(Origin::Secret("pw".into()), stale())), ("name", Value::string("n"))]),
        sent: BTreeMap::new(),
        outputs: Value::map([
            ("id", Value::string("i-1")),
            ("token", own_hole(&address("a"), &Path::attribute("token"), Type::String, digest)),
            ("tags", Value::map([("x", Value::string("y"))])),
        ]),
        secrets: BTreeMap::from([(Path::attribute("token"), Secret::new(Known::string("t0k")))]),
        private: Vec::new(),
    };
    let op = OpId([1; 16]);
    let intent = Intent {
        op,
        step: StepId(0),
        undoing: false,
        address: address("a"),
        provider: "fake".into(),
        verb: Verb::Create,
        inputs: Value::Null,
        remote: None,
        deposed: None,
        becoming: None,
        class: RecoveryClass::Token,
    };
    let outcome = Box::new(Outcome::Present(observation));
    let facts = [Fact::Intended(Box::new(intent)), Fact::Settled { op, outcome }];
    let empty = Snapshot { stack_secret: key, ..Snapshot::empty("s") };
    Ledger::replay(empty, &facts).snapshot
}

fn text(value: &Known) -> String {
    match value {
        Value::Secret(secret) => format!("secret {:?}", secret.expose()),
        plain => format!("{plain:?}"),
    }
}

#[test]
fn an_attribute_is_filled_in() {
    let wanted = Value::map([("of", hole(attribute("a", "id"), Awaits::Apply))]);
    let resolved = resolve(&wanted, &snapshot(), &Secrets::new()).unwrap();
    assert_eq!(resolved.known, Value::map([("of", Value::string("i-1"))]));
    assert_eq!(resolved.stored, Value::map([("of", Value::string("i-1"))]));
}

#[test]
fn a_part_of_an_attribute_is_filled_in() {
    let origin = Origin::Attribute(address("a"), Path::attribute("tags").key("x"));
    let resolved = resolve(&hole(origin, Awaits::Apply), &snapshot(), &Secrets::new()).unwrap();
    assert_eq!(resolved.known, Value::string("y"));
}

#[test]
fn a_secret_is_sent_and_recorded_under_the_fingerprint_of_what_was_sent() {
    let wanted = hole(Origin::Secret("pw".into()), stale());
    let resolved = resolve(&wanted, &snapshot(), &secrets("hunter2")).unwrap();
    assert_eq!(text(&resolved.known), r#"secret "hunter2""#);
    let Value::Hole(stored) = &resolved.stored else { panic!("{:?} is no hole", resolved.stored) };
    let digest = fingerprint(&snapshot().stack_secret, &Known::string("hunter2"));
    let expected = Awaits::Sealed(Fingerprint { version: Some("v2".into()), digest });
    assert_eq!(stored.origins[&Origin::Secret("pw".into())], expected);
}

#[test]
fn what_is_made_of_a_secret_and_an_attribute_keeps_only_the_secret_open() {
    let parts = vec![
        Expression::literal(Value::string("db://")),
        Expression::origin(attribute("a", "id")),
        Expression::literal(Value::string(":")),
        Expression::origin(Origin::Secret("pw".into())),
    ];
    let wanted: Partial = Value::Hole(Box::new(Hole {
        residual: Expression::new(Node::Template(parts)),
        ty: Type::String,
        prefix: "db://".into(),
        origins: BTreeMap::from([(attribute("a", "id"), Awaits::Apply), (Origin::Secret("pw".into()), stale())]),
    }));
    let resolved = resolve(&wanted, &snapshot(), &secrets("hunter2")).unwrap();
    assert_eq!(text(&resolved.known), r#"secret "db://i-1:hunter2""#);
    let Value::Hole(stored) = &resolved.stored else { panic!("{:?} is no hole", resolved.stored) };
    assert_eq!(stored.origins.keys().collect::<Vec<_>>(), [&Origin::Secret("pw".into())]);
    assert!(!serde_json::to_string(&resolved.stored).unwrap().contains("hunter2"));
    // The stored form is all that recovery has: it comes to the same.
    assert_eq!(resolve(&resolved.stored, &snapshot(), &secrets("hunter2")).unwrap(), resolved);
}

#[test]
fn a_secret_that_the_cloud_made_is_found_in_the_record() {
    let wanted = hole(attribute("a", "token"), Awaits::ApplySecret);
    let resolved = resolve(&wanted, &snapshot(), &Secrets::new()).unwrap();
    assert_eq!(text(&resolved.known), r#"secret "t0k""#);
    assert_eq!(&resolved.stored, snapshot().object(&address("a")).unwrap().outputs.get("token").unwrap());
}

#[test]
fn an_input_of_another_resource_leads_to_the_secret_behind_it() {
    let wanted = hole(attribute("a", "password"), stale());
    let resolved = resolve(&wanted, &snapshot(), &secrets("hunter2")).unwrap();
    assert_eq!(text(&resolved.known), r#"secret "hunter2""#);
}

#[test]
fn what_is_missing_is_named() {
    let nowhere = resolve(&hole(attribute("b", "id"), Awaits::Apply), &snapshot(), &Secrets::new()).unwrap_err();
    assert_eq!(nowhere.missing, BTreeSet::from([attribute("b", "id")]));
    let no_secret = resolve(&hole(Origin::Secret("pw".into()), stale()), &snapshot(), &Secrets::new()).unwrap_err();
    assert_eq!(no_secret.to_string(), "there is no value for secret.pw");
}

#[test]
fn a_record_that_refers_to_itself_ends() {
    let mut snapshot = snapshot();
    let object = snapshot.records.get_mut(&address("a")).unwrap().object.as_mut().unwrap();
    let itself = own_hole(&address("a"), &Path::attribute("loop"), Type::Any, Digest([0; 32]));
    object.inputs = Value::map([("loop", itself)]);
    assert!(resolve(&hole(attribute("a", "loop"), Awaits::Apply), &snapshot, &Secrets::new()).is_err());
}
