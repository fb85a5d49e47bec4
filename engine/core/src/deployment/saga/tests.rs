use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::model::event::Observation;
use crate::model::plan::{Base, Becoming, Deposed, PlanMode, Undo};
use crate::model::schema::{Attribute, KindSchema, RecoveryClass, Rule};
use crate::model::stack::Lifecycle;
use crate::model::types::Type;
use crate::model::value::{Awaits, Hole, Origin, Partial, Value};

fn address(name: &str) -> ResourceAddress {
    ResourceAddress::managed("fake", name)
}

fn size(size: i64) -> Partial {
    Value::map([("size", Value::number(size))])
}

fn becoming(configured: &Partial) -> Becoming {
    Becoming {
        configured: configured.clone(),
        dependencies: Vec::new(),
        lifecycle: Lifecycle::default(),
        schema_version: 1,
    }
}

fn step(name: &str, operation: Operation, needs: &[u32], undo: Undo) -> Step {
    let needs = needs.iter().map(|need| StepId(*need)).collect();
    Step { address: address(name), provider: "fake".into(), operation, needs, undo, weight: 1 }
}

fn create(name: &str, inputs: Partial, needs: &[u32]) -> Step {
    let becoming = becoming(&inputs);
    step(name, Operation::Create { inputs, becoming }, needs, Undo::DeleteCreated)
}

fn update(name: &str, inputs: Partial, needs: &[u32]) -> Step {
    let becoming = becoming(&inputs);
    step(name, Operation::Update { inputs, becoming }, needs, Undo::Restore)
}

fn delete(name: &str, deposed: Option<Deposed>, needs: &[u32], undo: Undo) -> Step {
    step(name, Operation::Delete { deposed }, needs, undo)
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        stack: "s".into(),
        base: Base { uuid: None, serial: 0, snapshot: None },
        mode: PlanMode::Apply,
        configuration: None,
        on_failure: OnFailure::Rollback,
        providers: BTreeMap::new(),
        secrets: BTreeMap::new(),
        artifacts: BTreeSet::new(),
        changes: Vec::new(),
        unchanged: 0,
        drift: Vec::new(),
        outputs: Vec::new(),
        steps,
        point_of_no_return: None,
        notes: Vec::new(),
    }
}

/// A reference to the id of another resource.
fn id_of(name: &str) -> Partial {
    let origin = Origin::Attribute(address(name), crate::model::path::Path::attribute("id"));
    Value::Hole(Box::new(Hole::of(origin, Type::String, Awaits::Apply)))
}

/// Carries tasks out one after the other against a world that obeys, except where `fate` says otherwise.
struct Run {
    deployment: Deployment,
    kind: Option<KindSchema>,
    calls: u8,
    trace: Vec<String>,
    sent: Vec<Partial>,
}

impl Run {
    fn new(plan: Plan, snapshot: Snapshot) -> Self {
        Self { deployment: Deployment::new(plan, snapshot), kind: None, calls: 0, trace: Vec::new(), sent: Vec::new() }
    }

    fn run_to_the_end(mut self, fate: impl Fn(&Intent) -> Option<Outcome>) -> Self {
        loop {
            if let Some(task) = self.deployment.next(|_| true) {
                self.carry_out(task, &fate);
            } else if let Some(fact) = self.deployment.begin_undo() {
                self.trace.push("undo".into());
                self.deployment.evolve(&fact);
            } else {
                return self;
            }
        }
    }

    fn carry_out(&mut self, task: Task, fate: &impl Fn(&Intent) -> Option<Outcome>) {
        self.calls += 1;
        let op = OpId([self.calls; 16]);
        match self.deployment.start(task, op, self.kind.as_ref(), &Secrets::new()) {
            Ok(Start::Call(call)) => {
                let intent = call.intent;
                self.trace.push(format!("{:?} {}", intent.verb, intent.address.name).to_lowercase());
                self.sent.push(intent.inputs.clone());
                let outcome = fate(&intent).unwrap_or_else(|| obeyed(&intent));
                self.deployment.evolve(&Fact::Intended(Box::new(intent)));
                self.deployment.evolve(&Fact::Settled { op, outcome: Box::new(outcome) });
            }
            Ok(Start::Note(fact)) => {
                let Fact::Noted { address, bookkeeping, .. } = &fact else { panic!("{fact:?} is no note") };
                let word = format!("{bookkeeping:?}");
                let word = word.split([' ', '{']).next().unwrap_or_default().to_lowercase();
                self.trace.push(format!("{word} {}", address.name));
                self.deployment.evolve(&fact);
            }
            Ok(Start::Nothing) | Err(_) => {}
        }
    }

    fn status(&self) -> Option<Status> {
        self.deployment.status()
    }
}

fn obeyed(intent: &Intent) -> Outcome {
    match intent.verb {
        Verb::Delete => Outcome::Absent,
        _ => Outcome::Present(Observation {
            remote: format!("{}-{}", intent.address.name, intent.op.0[0]),
            inputs: intent.inputs.clone(),
            sent: BTreeMap::new(),
            outputs: Value::map([("id", Value::string(format!("{}-{}", intent.address.name, intent.op.0[0])))]),
            secrets: BTreeMap::new(),
            private: Vec::new(),
        }),
    }
}

fn failing(name: &'static str, verb: Verb) -> impl Fn(&Intent) -> Option<Outcome> {
    move |intent| {
        let fails = intent.address.name == name && intent.verb == verb && !intent.undoing;
        fails.then(|| Outcome::Failed { why: "no".into() })
    }
}

/// A snapshot in which these resources exist.
fn existing(resources: &[(&str, Partial)]) -> Snapshot {
    let steps = resources.iter().map(|(name, inputs)| create(name, inputs.clone(), &[])).collect();
    let mut run = Run::new(plan(steps), Snapshot::empty("s"));
    run.calls = 200;
    run.run_to_the_end(|_| None).deployment.ledger.snapshot
}

#[test]
fn steps_wait_for_what_they_need_and_the_heaviest_goes_first() {
    let mut heavy = create("heavy", size(1), &[]);
    heavy.weight = 9;
    let steps = vec![create("light", size(1), &[]), heavy, create("last", size(1), &[0, 1])];
    let run = Run::new(plan(steps), Snapshot::empty("s")).run_to_the_end(|_| None);
    assert_eq!(run.trace, ["create heavy", "create light", "create last"]);
    assert_eq!(run.status(), Some(Status::Complete));
}

#[test]
fn a_dependent_sees_what_its_dependency_became() {
    let steps = vec![create("a", size(1), &[]), create("b", Value::map([("of", id_of("a"))]), &[0])];
    let run = Run::new(plan(steps), Snapshot::empty("s")).run_to_the_end(|_| None);
    assert_eq!(run.sent[1].get("of"), Some(&Value::string("a-1")));
}

#[test]
fn a_failure_undoes_what_was_done_in_reverse() {
    let steps = vec![
        create("a", size(1), &[]),
        create("b", size(1), &[0]),
        create("c", size(1), &[1]),
        create("never", size(1), &[2]),
    ];
    let run = Run::new(plan(steps), Snapshot::empty("s")).run_to_the_end(failing("c", Verb::Create));
    assert_eq!(run.trace, ["create a", "create b", "create c", "undo", "delete b", "delete a"]);
    assert_eq!(run.status(), Some(Status::RolledBack));
    assert!(run.deployment.snapshot().records.is_empty());
}

#[test]
fn halting_keeps_what_was_done() {
    let steps = vec![create("a", size(1), &[]), create("b", size(1), &[0])];
    let plan = Plan { on_failure: OnFailure::Halt, ..plan(steps) };
    let run = Run::new(plan, Snapshot::empty("s")).run_to_the_end(failing("b", Verb::Create));
    assert_eq!((run.trace.len(), run.status()), (2, Some(Status::Halted)));
    assert_eq!(run.deployment.snapshot().records.len(), 1);
}

#[test]
fn an_update_is_restored_to_what_was_sent_before() {
    let before = existing(&[("a", size(1))]);
    let steps = vec![update("a", size(2), &[]), create("b", size(1), &[0])];
    let run = Run::new(plan(steps), before.clone()).run_to_the_end(failing("b", Verb::Create));
    assert_eq!(run.trace, ["update a", "create b", "undo", "update a"]);
    assert_eq!(run.sent[2], size(1));
    assert_eq!(run.status(), Some(Status::RolledBack));
    assert_eq!(run.deployment.snapshot().object(&address("a")).unwrap().inputs, size(1));
}

#[test]
fn a_replacement_that_deletes_first_is_created_again_and_its_dependents_follow() {
    let before = existing(&[("a", size(1))]);
    let follower = Value::map([("of", id_of("a"))]);
    let before = {
        let run = Run::new(plan(vec![create("b", follower.clone(), &[])]), before);
        run.run_to_the_end(|_| None).deployment.ledger.snapshot
    };
    let steps = vec![
        delete("a", None, &[], Undo::Recreate),
        create("a", size(2), &[0]),
        update("b", follower, &[1]),
        create("c", size(1), &[2]),
    ];
    let run = Run::new(plan(steps), before).run_to_the_end(failing("c", Verb::Create));
    let undone = ["undo", "update b", "delete a", "create a", "update b"];
    assert_eq!(run.trace[4..], undone);
    assert_eq!(run.status(), Some(Status::RolledBack));
    let (a, b) = (run.deployment.snapshot().object(&address("a")).unwrap(), address("b"));
    assert_eq!(a.inputs, size(1));
    let b = run.deployment.snapshot().object(&b).unwrap();
    assert_eq!(b.inputs.get("of"), Some(&Value::string(a.remote.clone())), "b names the new a");
}

#[test]
fn a_replacement_that_creates_first_is_taken_back_by_reinstating() {
    let before = existing(&[("a", size(1))]);
    let steps = vec![
        step("a", Operation::Depose, &[], Undo::Reinstate),
        create("a", size(2), &[0]),
        create("b", size(1), &[1]),
        delete("a", Some(Deposed::ByThisPlan), &[1, 2], Undo::Recreate),
    ];
    let run = Run::new(plan(steps.clone()), before.clone()).run_to_the_end(failing("b", Verb::Create));
    assert_eq!(run.trace, ["deposed a", "create a", "create b", "undo", "delete a", "reinstated a"]);
    assert_eq!(run.deployment.snapshot().records, before.records);
    let done = Run::new(plan(steps), before).run_to_the_end(|_| None);
    assert_eq!(done.status(), Some(Status::Complete));
    assert!(done.deployment.snapshot().records[&address("a")].deposed.is_empty());
}

#[test]
fn a_deleted_deposed_object_is_created_again_and_reinstated() {
    let before = existing(&[("a", size(1))]);
    let steps = vec![
        step("a", Operation::Depose, &[], Undo::Reinstate),
        create("a", size(2), &[0]),
        delete("a", Some(Deposed::ByThisPlan), &[1], Undo::Recreate),
        create("b", size(1), &[2]),
    ];
    let run = Run::new(plan(steps), before).run_to_the_end(failing("b", Verb::Create));
    assert_eq!(run.trace[4..], ["undo", "create a", "delete a", "reinstated a"]);
    let record = &run.deployment.snapshot().records[&address("a")];
    assert_eq!(record.object.as_ref().unwrap().inputs, size(1));
    assert!(record.deposed.is_empty());
    assert_eq!(run.status(), Some(Status::RolledBack));
}

#[test]
fn what_cannot_be_undone_stays_with_all_it_needs() {
    let impossible = Undo::Impossible { why: "the data are gone".into() };
    let before = existing(&[("old", size(1))]);
    let steps = vec![
        create("needed", size(1), &[]),
        delete("old", None, &[0], impossible),
        create("free", size(1), &[]),
        create("fails", size(1), &[1, 2]),
    ];
    let run = Run::new(plan(steps), before).run_to_the_end(failing("fails", Verb::Create));
    assert_eq!(run.trace[4..], ["undo", "delete free"]);
    assert_eq!(run.status(), Some(Status::UndoIncomplete));
    assert!(run.deployment.snapshot().object(&address("needed")).is_some());
}

#[test]
fn an_unknown_outcome_keeps_what_it_needs_and_starts_nothing() {
    let steps = vec![create("a", size(1), &[]), create("b", size(1), &[0]), create("c", size(1), &[1])];
    let unknown = |intent: &Intent| (intent.address.name == "b").then(|| Outcome::Unknown { why: "no answer".into() });
    let run = Run::new(plan(steps), Snapshot::empty("s")).run_to_the_end(unknown);
    assert_eq!(run.trace, ["create a", "create b", "undo"]);
    assert_eq!(run.status(), Some(Status::UndoIncomplete));
    assert_eq!(run.deployment.snapshot().unsettled.len(), 1);
}

#[test]
fn an_unfinished_create_is_deleted_too() {
    let steps = vec![create("a", size(1), &[])];
    let partial = |intent: &Intent| match (intent.verb, obeyed(intent)) {
        (Verb::Create, Outcome::Present(observation)) => Some(Outcome::Partial { observation, why: "half".into() }),
        _ => None,
    };
    let run = Run::new(plan(steps), Snapshot::empty("s")).run_to_the_end(partial);
    assert_eq!(run.trace, ["create a", "undo", "delete a"]);
    assert_eq!(run.status(), Some(Status::RolledBack));
}

#[test]
fn a_failed_undo_is_told_and_stays() {
    let steps = vec![create("a", size(1), &[]), create("b", size(1), &[0]), create("c", size(1), &[1])];
    let fate = |intent: &Intent| match (intent.address.name.as_str(), intent.verb) {
        ("c", Verb::Create) | ("b", Verb::Delete) => Some(Outcome::Failed { why: "no".into() }),
        _ => None,
    };
    let run = Run::new(plan(steps), Snapshot::empty("s")).run_to_the_end(fate);
    assert_eq!(run.trace, ["create a", "create b", "create c", "undo", "delete b"]);
    assert_eq!(run.status(), Some(Status::UndoIncomplete));
    let told: Vec<_> = run.deployment.failures().iter().map(|f| (f.address.name.as_str(), f.undoing)).collect();
    assert_eq!(told, [("c", false), ("b", true)]);
}

#[test]
fn a_stop_starts_nothing_more_and_undoes_nothing() {
    let steps = vec![create("a", size(1), &[]), create("b", size(1), &[0])];
    let mut run = Run::new(plan(steps), Snapshot::empty("s"));
    let first = run.deployment.next(|_| true).unwrap();
    run.deployment.stop();
    assert_eq!(run.status(), Some(Status::Interrupted));
    run.carry_out(first, &|_: &Intent| None);
    assert_eq!(run.deployment.next(|_| true), None);
    assert_eq!(run.status(), Some(Status::Interrupted));
}

#[test]
fn a_provider_without_room_is_passed_over() {
    let mut other = create("b", size(1), &[]);
    other.provider = "other".into();
    let mut deployment = Deployment::new(plan(vec![create("a", size(1), &[]), other]), Snapshot::empty("s"));
    assert_eq!(deployment.next(|step| step.provider == "other").map(|task| task.step), Some(StepId(1)));
    assert_eq!(deployment.next(|step| step.provider == "other"), None);
    assert_eq!(deployment.next(|_| true).map(|task| task.step), Some(StepId(0)));
}

#[test]
fn a_value_that_is_missing_refuses_the_step() {
    let steps = vec![create("b", Value::map([("of", id_of("nowhere"))]), &[])];
    let run = Run::new(plan(steps), Snapshot::empty("s")).run_to_the_end(|_| None);
    assert_eq!(run.trace, ["undo"]);
    assert!(run.deployment.failures()[0].why.contains("fake.nowhere.id"), "{:?}", run.deployment.failures());
    assert_eq!(run.status(), Some(Status::RolledBack));
}

/// A kind whose `of` is a short text.
fn picky() -> KindSchema {
    KindSchema {
        description: "",
        version: 1,
        attributes: BTreeMap::from([
            ("of", Attribute::optional(Type::String, "").rule(Rule::Length(1, 3))),
            ("size", Attribute::optional(Type::Number, "")),
        ]),
        data_bearing: false,
        recovery: RecoveryClass::Tag,
        drain: Default::default(),
        timeout: Default::default(),
        unique: None,
        typical: Default::default(),
    }
}

#[test]
fn what_becomes_known_during_apply_must_fit_the_kind() {
    let steps = || vec![create("a", size(1), &[]), create("b", Value::map([("of", id_of("a"))]), &[0])];
    let fitting = Run { kind: Some(picky()), ..Run::new(plan(steps()), Snapshot::empty("s")) }.run_to_the_end(|_| None);
    assert_eq!(fitting.status(), Some(Status::Complete));
    let long = |intent: &Intent| match (intent.address.name.as_str(), obeyed(intent)) {
        ("a", Outcome::Present(observation)) if intent.verb == Verb::Create => {
            let outputs = Value::map([("id", Value::string("far-too-long"))]);
            Some(Outcome::Present(Observation { outputs, ..observation }))
        }
        _ => None,
    };
    let refused = Run { kind: Some(picky()), ..Run::new(plan(steps()), Snapshot::empty("s")) }.run_to_the_end(long);
    assert_eq!(refused.trace, ["create a", "undo", "delete a"]);
    assert!(refused.deployment.failures()[0].why.contains("1 to 3 characters"), "{:?}", refused.deployment.failures());
}

/// Steps that each need some smaller ones.
fn graphs() -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(prop::collection::vec(any::<u32>(), 0..4), 1..24).prop_map(|seeds| {
        let needs = |(at, seeds): (usize, Vec<u32>)| {
            let needs: BTreeSet<u32> = seeds.into_iter().filter(|_| at > 0).map(|seed| seed % at as u32).collect();
            needs.into_iter().collect()
        };
        seeds.into_iter().enumerate().map(needs).collect()
    })
}

proptest! {
    /// Laws 6 and 7: nothing starts before what it needs is done, and nothing is undone before what needed it is.
    #[test]
    fn order_holds_in_both_directions(graph in graphs(), fails in any::<prop::sample::Index>()) {
        let fails = format!("r{}", fails.index(graph.len()));
        let steps = graph.iter().enumerate().map(|(at, needs)| create(&format!("r{at}"), size(1), needs)).collect();
        let fate = |intent: &Intent| {
            let is_it = intent.address.name == fails && intent.verb == Verb::Create;
            is_it.then(|| Outcome::Failed { why: "no".into() })
        };
        let run = Run::new(plan(steps), Snapshot::empty("s")).run_to_the_end(fate);
        let position = |word: String| run.trace.iter().position(|entry| *entry == word);
        for (at, needs) in graph.iter().enumerate() {
            for need in needs {
                if let Some(dependent) = position(format!("create r{at}")) {
                    let needed = position(format!("create r{need}"));
                    prop_assert!(needed.is_some_and(|needed| needed < dependent));
                }
                if let Some(dependent) = position(format!("delete r{at}")) {
                    let needed = position(format!("delete r{need}"));
                    prop_assert!(needed.is_some_and(|needed| needed > dependent));
                }
            }
        }
        prop_assert_eq!(run.status(), Some(Status::RolledBack));
        prop_assert!(run.deployment.snapshot().records.is_empty());
    }
}
