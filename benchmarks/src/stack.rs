//! Generated stacks: chains of `local_value`, and a fan of nine that refer to each link.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use siac_core::language::load::{self, GivenVariables, Loaded};
use siac_core::model::plan::Plan;
use siac_core::model::snapshot::Snapshot;
use siac_core::model::stack::Stack;
use siac_core::planning::questions::{Answers, Question, ResourceAnswer};
use siac_core::planning::{Goal, Options, Outcome, Request, plan};
use siac_core::ports::{Catalogue, Catalogues};
use siac_provider_local::LocalProvider;

use crate::remember::observed;

/// The name of every generated stack.
pub const NAME: &str = "generated";

const ENTRY: &str = "stacks/generated.toml";

/// How many resources a link and its fan are.
const GROUP: usize = 10;

/// How many links a chain has.
const CHAIN: usize = 50;

/// The text of a stack with so many resources.
pub fn text(resources: usize) -> String {
    let mut text = format!("[stack]\nname = \"{NAME}\"\n");
    for number in 0..resources {
        match number % GROUP {
            0 => write_link(&mut text, number / GROUP),
            leaf => write_leaf(&mut text, number / GROUP, leaf),
        }
    }
    text
}

/// A link refers to the one before it, unless it begins a chain.
fn write_link(text: &mut String, link: usize) {
    let before = match link % CHAIN {
        0 => "nothing".to_owned(),
        _ => format!("${{local_value.link{}.output.number}}", link - 1),
    };
    let input = format!("{{ number = {link}, before = \"{before}\" }}");
    writeln!(text, "\n[resource.local_value.link{link}]\ninput = {input}").expect("a text takes what is written");
}

fn write_leaf(text: &mut String, link: usize, leaf: usize) {
    let input = format!("leaf {leaf} of ${{local_value.link{link}.output.number}}");
    writeln!(text, "\n[resource.local_value.leaf{link}_{leaf}]\ninput = \"{input}\"")
        .expect("a text takes what is written");
}

/// The catalogue of the local provider.
pub fn catalogues() -> Catalogues {
    Catalogues::new([Arc::new(LocalProvider::new(".", ".siac")) as Arc<dyn Catalogue>])
}

/// Loads a stack.
pub fn load(text: &Arc<str>, catalogues: &Catalogues) -> Loaded {
    let files = BTreeMap::from([(ENTRY.to_owned(), Ok(Arc::clone(text)))]);
    let variables = GivenVariables::default();
    let version = env!("CARGO_PKG_VERSION");
    load::load(&load::Request {
        entry: ENTRY,
        files: &files,
        variables: &variables,
        environment: None,
        realised_by: &BTreeMap::new(),
        version,
        catalogues,
    })
}

/// A generated stack, loaded.
pub fn loaded(resources: usize, catalogues: &Catalogues) -> (Stack, Loaded) {
    let loaded = load(&text(resources).into(), catalogues);
    let problems = loaded.diagnostics.iter().map(|problem| &problem.detail).collect::<Vec<_>>();
    assert!(!loaded.diagnostics.has_errors(), "{problems:?}");
    let stack = loaded.stack.clone().expect("a stack without problems is there");
    (stack, loaded)
}

/// Plans until no question is left, and tells of every object that is asked for that it is as remembered.
pub fn planned(
    stack: &Stack,
    loaded: &Loaded,
    snapshot: &Snapshot,
    catalogues: &Catalogues,
    options: &Options,
) -> Box<Plan> {
    let base_id = snapshot.parent;
    let request =
        Request { goal: Goal::Stack(stack), snapshot, base_id, catalogues, sources: &loaded.sources, options };
    let mut answers = Answers::default();
    loop {
        match plan(&request, &answers) {
            Outcome::Done(plan, _) => return plan,
            Outcome::Asks(questions) => questions.into_iter().for_each(|asked| answer(asked, snapshot, &mut answers)),
            Outcome::Refused(problems) => panic!("the plan is refused: {problems:?}"),
        }
    }
}

fn answer(question: Question, snapshot: &Snapshot, answers: &mut Answers) {
    let Question::Resource { address, deposed } = question else { panic!("nothing else is asked: {question:?}") };
    let object = snapshot.object(&address).expect("what is asked for is remembered");
    answers.resources.insert((address, deposed), ResourceAnswer::Present(observed(object)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remember::remembered;

    #[test]
    fn a_generated_stack_is_planned_and_then_unchanged() {
        let catalogues = catalogues();
        let (stack, loaded) = loaded(1_000, &catalogues);
        let first = planned(&stack, &loaded, &Snapshot::empty(NAME), &catalogues, &Options::default());
        assert_eq!(first.counts().add, 1_000);
        let snapshot = remembered(&first);
        for options in [Options::default(), Options { offline: true, ..Options::default() }] {
            let second = planned(&stack, &loaded, &snapshot, &catalogues, &options);
            assert!(second.is_empty(), "{:?}", second.changes.first());
            assert_eq!(second.unchanged, 1_000);
        }
    }
}
