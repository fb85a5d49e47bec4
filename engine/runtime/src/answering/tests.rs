use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use siac_core::deployment::seal::fingerprint;
use siac_core::language::scope::{FileAnswer, FileQuestion};
use siac_core::model::address::ResourceAddress;
use siac_core::model::event::Silence;
use siac_core::model::identity::Digest;
use siac_core::model::secret::Secret;
use siac_core::model::stack::SecretSource;
use siac_core::model::types::Type;
use siac_core::model::value::{Awaits, Hole, Known, Origin, Partial, Value};
use siac_core::planning::questions::{Answers, DataAnswer, Question, ResourceAnswer};
use siac_core::ports::{Fault, FetchedSecret, SecretStore};
use siac_test_kit::cloud::CloudVerb;
use siac_test_kit::cloud::mishap::{Mishap, Mishaps};
use siac_test_kit::process::{Life, Process, live};

use super::{Inquiry, Looking};
use crate::project::Project;
use crate::trial::{Trial, address, create, inputs, plan};

/// Secrets of the scheme `plain`, whose reference is their value.
struct Plain;

#[async_trait]
impl SecretStore for Plain {
    fn schemes(&self) -> &'static [&'static str] {
        &["plain"]
    }

    async fn fetch(&self, source: &SecretSource) -> Result<FetchedSecret, Fault> {
        match source.reference.as_str() {
            "" => Err(Fault::rejected("there is no such secret")),
            value => Ok(FetchedSecret { value: Secret::new(value.to_owned()), version: Some("1".to_owned()) }),
        }
    }
}

/// Asks everything at once, in a process of its own.
fn ask(trial: &Trial, looking: Looking, project: Option<Project>, questions: Vec<Question>) -> (Answers, Inquiry) {
    let process = Process::new(&trial.network);
    let world = (*trial.world(&process)).clone();
    let mut inquiry = Inquiry::new(world, Arc::new(trial.snapshot.clone()));
    inquiry.sources.push(Arc::new(Plain));
    inquiry.looking = looking;
    inquiry.project = project;
    let asked = async {
        let mut answers = Answers::default();
        inquiry.answer(questions, &mut answers, &mut Silence).await;
        answers
    };
    match live(&process, Duration::from_secs(86_400), asked) {
        Life::Finished(answers) => (answers, inquiry),
        life => panic!("{life:?}"),
    }
}

fn resource(address: &ResourceAddress) -> Question {
    Question::Resource { address: address.clone(), deposed: None }
}

fn secret(name: &str, scheme: &str, reference: &str) -> Question {
    let source = SecretSource { scheme: scheme.to_owned(), reference: reference.to_owned() };
    Question::Secret { name: name.to_owned(), source }
}

fn made() -> (Trial, ResourceAddress) {
    let mut trial = Trial::new();
    trial.execute(plan(vec![create("fake_secret", "a", inputs("a", 1), &[])]));
    (trial, address("fake_secret", "a"))
}

fn answer(trial: &Trial, looking: Looking, address: &ResourceAddress) -> ResourceAnswer {
    let (mut answers, _) = ask(trial, looking, None, vec![resource(address)]);
    answers.resources.remove(&(address.clone(), None)).unwrap()
}

#[test]
fn an_unchanged_object_looks_exactly_as_it_is_remembered() {
    let (trial, a) = made();
    let ResourceAnswer::Present(seen) = answer(&trial, Looking::Everything, &a) else { panic!("it is there") };
    let object = trial.snapshot.object(&a).unwrap();
    assert_eq!((&seen.inputs, &seen.outputs, &seen.sent), (&object.inputs, &object.outputs, &object.sent));
    assert_eq!(seen.secrets, object.secrets);
}

#[test]
fn drift_loss_and_trouble_are_told_apart() {
    let (trial, a) = made();
    let remote = trial.snapshot.object(&a).unwrap().remote.clone();
    trial.cloud.meddle("fake_secret", &remote, "size", Value::number(9_i64));
    let ResourceAnswer::Present(seen) = answer(&trial, Looking::Everything, &a) else { panic!("it is there") };
    assert_eq!(seen.inputs.get("size"), Some(&Value::number(9_i64)));
    assert_eq!(answer(&trial, Looking::NotAtResources, &a), ResourceAnswer::NotLooked);
    trial.cloud.set_mishaps(Mishaps::script().then(&a, CloudVerb::Read, 0, Mishap::Transient, 2));
    assert!(matches!(answer(&trial, Looking::Everything, &a), ResourceAnswer::Present(_)), "asked again");
    trial.cloud.set_mishaps(Mishaps::script().then(&a, CloudVerb::Read, 0, Mishap::Rejected, 1));
    assert!(matches!(answer(&trial, Looking::Everything, &a), ResourceAnswer::Failed(why) if why.contains("says no")));
    trial.cloud.remove("fake_secret", &remote);
    assert_eq!(answer(&trial, Looking::Everything, &a), ResourceAnswer::Gone);
}

#[test]
fn offline_asks_no_provider() {
    let (trial, a) = made();
    let before = trial.cloud.log().len();
    let data = ResourceAddress::data("fake_lookup", "d");
    let questions = vec![
        resource(&a),
        Question::Data { address: data.clone(), provider: "fake".into(), inputs: inputs("a", 1) },
        Question::Import { address: a.clone(), provider: "fake".into(), id: "x".into() },
    ];
    let (answers, _) = ask(&trial, Looking::Offline, None, questions);
    assert_eq!(answers.resources[&(a.clone(), None)], ResourceAnswer::NotLooked);
    assert_eq!(answers.data[&data].1, DataAnswer::NotLooked);
    assert!(answers.imports[&a].as_ref().unwrap_err().contains("--offline"));
    assert_eq!(trial.cloud.log().len(), before);
}

#[test]
fn data_are_read_with_secrets_of_the_same_batch() {
    let (trial, _) = made();
    trial.cloud.plant("fake_name", [("name", Known::string("hunter2"))]);
    let hole = Hole::of(Origin::Secret("pw".into()), Type::String, Awaits::ApplySecret);
    let arguments: Partial = Value::map([("name", Value::Hole(Box::new(hole)))]);
    let data = ResourceAddress::data("fake_lookup", "d");
    let question = Question::Data { address: data.clone(), provider: "fake".into(), inputs: arguments.clone() };
    let (answers, inquiry) = ask(&trial, Looking::Everything, None, vec![question, secret("pw", "plain", "hunter2")]);
    let (asked_with, DataAnswer::Read(read)) = &answers.data[&data] else { panic!("{:?}", answers.data) };
    assert_eq!(asked_with, &arguments);
    assert_eq!(read.outputs.get("found"), Some(&Value::Bool(true)));
    assert!(!serde_json::to_string(&read.inputs).unwrap().contains("hunter2"));
    assert!(inquiry.secrets().contains_key("pw"));
}

#[test]
fn secrets_are_answered_with_fingerprints_only() {
    let trial = Trial::new();
    let questions = vec![secret("a", "plain", "hunter2"), secret("b", "plain", ""), secret("c", "vault", "x")];
    let (answers, inquiry) = ask(&trial, Looking::Everything, None, questions);
    let fingerprinted = answers.secrets["a"].as_ref().unwrap();
    assert_eq!(fingerprinted.digest, fingerprint(&trial.snapshot.stack_secret, &Known::string("hunter2")));
    assert_eq!(fingerprinted.version.as_deref(), Some("1"));
    assert_eq!(answers.secrets["b"].as_ref().unwrap_err(), "there is no such secret");
    assert!(answers.secrets["c"].as_ref().unwrap_err().contains("there are: plain"));
    assert_eq!(inquiry.secrets().keys().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn an_object_to_adopt_is_looked_at() {
    let trial = Trial::new();
    let id = trial.cloud.plant("fake_name", [("name", Known::string("old")), ("size", Known::number(3_i64))]);
    let a = address("fake_name", "a");
    let question = Question::Import { address: a.clone(), provider: "fake".into(), id: id.clone() };
    let (answers, _) = ask(&trial, Looking::Everything, None, vec![question]);
    let seen = answers.imports[&a].as_ref().unwrap();
    assert_eq!((seen.remote.as_str(), seen.inputs.get("size")), (id.as_str(), Some(&Value::number(3_i64))));
}

#[test]
fn files_and_artifacts_come_from_the_project() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "content").unwrap();
    let project = Project::open(folder.path()).unwrap();
    let read = FileQuestion::Read("a.txt".into());
    let gone = FileQuestion::Read("gone.txt".into());
    let questions = vec![
        Question::File(read.clone()),
        Question::File(gone.clone()),
        Question::Artifact { path: "a.txt".into() },
        Question::Artifact { path: "../etc".into() },
    ];
    let (answers, inquiry) = ask(&Trial::new(), Looking::Everything, Some(project), questions);
    assert_eq!(answers.files[&read], FileAnswer::Content(Arc::new(b"content".to_vec())));
    assert_eq!(answers.files[&gone], FileAnswer::Missing);
    let digest = Digest::of(b"content");
    assert_eq!(answers.artifacts["a.txt"], Ok(digest));
    assert!(answers.artifacts["../etc"].as_ref().unwrap_err().contains("leads out of the project"));
    assert_eq!(inquiry.artifacts, BTreeMap::from([(digest, b"content".to_vec())]));
}
