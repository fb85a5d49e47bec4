//! The protocol holds, what must fail fails in the way that is known, and `docs/formats/protocol.md` says so.

use protocol_model::properties::{DUPLICATE, FORK, GHOST, LOST, ORPHAN, SEALED};
use protocol_model::report::{self, Checked, SMALL, Size, checked};
use protocol_model::variants::{SIAC, Variant, matrix, mutants, redundancies};

/// Asserts that exactly the known properties are violated, and that what holds was put to the test.
fn assert_as_known(checked: &[Checked]) {
    for Checked { variant, verdict } in checked {
        let name = &variant.name;
        let known = variant.caught_by.iter().copied().collect();
        assert_eq!(verdict.violated(), known, "{name}: {:#?}", verdict.violations);
        assert!(!verdict.holds() || verdict.unseen.is_empty(), "{name}: never seen: {:?}", verdict.unseen);
    }
}

fn assert_on_page(table: &[String]) {
    let page = include_str!("../../../docs/formats/protocol.md");
    for line in table {
        assert!(page.contains(line), "docs/formats/protocol.md lacks this line (`protocol-model tables`):\n{line}");
    }
}

fn only_what_holds(variants: Vec<Variant>) -> Vec<Variant> {
    variants.into_iter().filter(|variant| variant.caught_by.is_empty()).collect()
}

#[test]
fn siac_holds_where_operations_have_tokens() {
    let verdict = Size { clients: 3, resources: 1, failures: 2 }.check(SIAC);
    assert!(verdict.holds(), "{:#?}", verdict.violations);
    assert!(verdict.unseen.is_empty(), "never seen: {:?}", verdict.unseen);
    assert!(verdict.states > 10_000, "the adversary has become harmless: {} states", verdict.states);
}

#[test]
fn each_class_is_as_safe_under_each_lock_as_is_known() {
    let checked = checked(matrix(), SMALL);
    assert_as_known(&checked);
    assert_on_page(&report::matrix(&checked));
}

#[test]
fn two_resources_change_nothing() {
    assert_as_known(&checked(only_what_holds(matrix()), Size { clients: 2, resources: 2, failures: 1 }));
}

#[test]
fn every_omission_is_caught() {
    assert!(mutants().iter().all(|mutant| !mutant.caught_by.is_empty()));
    let checked = checked(mutants(), SMALL);
    assert_as_known(&checked);
    assert_on_page(&report::list(&checked));
}

#[test]
fn every_property_catches_something() {
    let caught: Vec<&str> = mutants().into_iter().flat_map(|mutant| mutant.caught_by).collect();
    for property in [FORK, LOST, DUPLICATE, ORPHAN, GHOST, SEALED] {
        assert!(caught.contains(&property), "nothing shows that {property} can be violated");
    }
}

#[test]
fn a_lock_that_only_death_releases_needs_less() {
    let checked = checked(redundancies(), SMALL);
    assert_as_known(&checked);
    assert_on_page(&report::list(&checked));
}
