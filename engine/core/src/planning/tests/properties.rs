//! What holds for every stack: a second plan is empty, plans are the same bytes, and nothing is left over at the end.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::planning::Goal;

/// One resource of a random stack: how it is written, and the earlier ones it refers to.
#[derive(Debug, Clone)]
struct Part {
    name: u8,
    form: u8,
    salt: u8,
    needs: Vec<u8>,
    create_first: bool,
}

fn part() -> impl Strategy<Value = Part> {
    (0..12_u8, 0..6_u8, 0..3_u8, prop::collection::vec(0..12_u8, 0..3), any::<bool>())
        .prop_map(|(name, form, salt, needs, create_first)| Part { name, form, salt, needs, create_first })
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    prop::collection::vec(part(), 0..12).prop_map(|mut parts| {
        parts.sort_by_key(|part| part.name);
        parts.dedup_by_key(|part| part.name);
        parts
    })
}

/// A stack whose resources refer to those of smaller names only.
fn text(parts: &[Part]) -> String {
    let mut text = String::from("[secret.s]\nfrom = \"env:S\"\n");
    for part in parts {
        let needs: Vec<&Part> =
            parts.iter().filter(|it| it.name < part.name && part.needs.contains(&it.name)).collect();
        let references: Vec<String> = needs.iter().map(|it| reference(it)).collect();
        let joined = format!("s{}-{}", part.salt, references.join("-"));
        let (n, salt) = (part.name, part.salt);
        let _ = match part.form {
            0 => write!(text, "[resource.toy_value.r{n}]\ninput = \"{joined}\"\n"),
            1 => write!(text, "[resource.toy_value.r{n}]\nagain = \"{joined}\"\ninput = \"${{secret.s}}\"\n"),
            2 => write!(text, "[resource.toy_thing.r{n}]\nname = \"n{salt}\"\ndocument = \"{joined}\"\n"),
            3 => write!(
                text,
                "[resource.toy_thing.r{n}]\nname = \"n\"\nsize = {salt}\ntags = {{ t = \"{joined}\" }}\ntoken = \"${{secret.s}}\"\n"
            ),
            4 => write!(text, "[resource.toy_store.r{n}]\nname = \"{joined}\"\n"),
            _ => write!(
                text,
                "[data.toy_lookup.r{n}]\nkey = \"{joined}\"\n[resource.toy_value.r{n}]\ninput = \"${{data.toy_lookup.r{n}.result}}\"\n"
            ),
        };
        let _ = writeln!(text, "lifecycle = {{ create_before_destroy = {} }}", part.create_first);
        let _ = write!(text, "[output.o{n}]\nvalue = \"{}\"\nsensitive = true\n", reference(part));
    }
    text
}

fn reference(part: &Part) -> String {
    let name = part.name;
    match part.form {
        2 if part.salt == 0 => format!("${{toy_thing.r{name}.password}}"),
        2 => format!("${{toy_thing.r{name}.id}}"),
        3 => format!("${{toy_thing.r{name}.etag}}"),
        4 => format!("${{toy_store.r{name}.id}}"),
        _ => format!("${{toy_value.r{name}.output}}"),
    }
}

fn world() -> World {
    let mut world = World::new();
    world.secrets.insert("S".to_owned(), "secret".to_owned());
    world
}

fn rollback(world: &World, kept: &Snapshot, now: &Snapshot) -> crate::model::plan::Plan {
    let options = Options { allow_data_loss: true, ..Options::default() };
    world::done(world.outcome(Goal::Snapshot(kept), &Default::default(), now, &options).0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The linter runs inside of `plan`; that planning is deterministic is asserted by the world at each of its calls.
    #[test]
    fn every_plan_leads_where_it_says(first in parts(), second in parts()) {
        let mut world = world();
        let one = deployed(&mut world, &text(&first));
        let loaded = world.load(&text(&second));
        let plan = world.plan(&loaded, &one);
        let two = world.apply(&plan, &one);
        let again = world.plan(&loaded, &two);
        prop_assert!(again.is_empty(), "{:?} {:?}", lines(&again), again.outputs);
        prop_assert_eq!(world.objects.len(), two.records.len() - read_during_apply(&two));

        let plan = rollback(&world, &one, &two);
        let back = world.apply(&plan, &two);
        let again = rollback(&world, &one, &back);
        prop_assert!(again.is_empty(), "{:?} {:?}", lines(&again), again.outputs);

        let plan = world.plan_with(&loaded, &back, &Options { destroy: true, ..Options::default() });
        let empty = world.apply(&plan, &back);
        prop_assert!(empty.records.is_empty() && world.objects.is_empty(), "{:?}", empty.records.keys());
    }

    /// A run that stops anywhere leaves a state from which the next plan arrives.
    #[test]
    fn the_next_plan_finishes_what_was_begun(first in parts(), second in parts(), stop in 0..30_usize) {
        let mut world = world();
        let one = deployed(&mut world, &text(&first));
        let loaded = world.load(&text(&second));
        let plan = world.plan(&loaded, &one);
        let halfway = world.apply_some(&plan, &one, stop.min(plan.steps.len()));
        let rest = world.plan(&loaded, &halfway);
        let two = world.apply(&rest, &halfway);
        let again = world.plan(&loaded, &two);
        prop_assert!(again.is_empty(), "{:?} {:?}", lines(&again), again.outputs);
        prop_assert_eq!(world.objects.len(), two.records.len() - read_during_apply(&two));
    }

    /// A plan is data: it survives being written, and two plannings write the same bytes.
    #[test]
    fn a_plan_is_the_same_bytes(first in parts(), second in parts()) {
        let mut world = world();
        let one = deployed(&mut world, &text(&first));
        let plan = world.plan(&world.load(&text(&second)), &one);
        let bytes = serde_json::to_string(&plan).unwrap();
        let again = world.plan(&world.load(&text(&second)), &one);
        prop_assert_eq!(&bytes, &serde_json::to_string(&again).unwrap());
        let read: crate::model::plan::Plan = serde_json::from_str(&bytes).unwrap();
        prop_assert_eq!(read, plan);
    }
}

fn read_during_apply(snapshot: &Snapshot) -> usize {
    snapshot.records.keys().filter(|address| address.mode == crate::model::address::Mode::Data).count()
}
