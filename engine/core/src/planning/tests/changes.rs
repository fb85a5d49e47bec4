//! What changes, why, and in which order.

use super::*;
use crate::model::plan::{Action, Reason};

#[test]
fn a_chain_is_created_in_order_and_then_stays() {
    let mut world = World::new();
    let text = r#"
[resource.toy_value.c]
input = "${toy_value.b.output}!"
[resource.toy_value.b]
input = "b-${toy_thing.a.id}"
[resource.toy_thing.a]
name = "a"
[output.last]
value = "${toy_value.c.output}"
"#;
    let plan = world.plan(&world.load(text), &Snapshot::empty("toys"));
    assert_eq!(lines(&plan), ["create toy_thing.a", "create toy_value.b", "create toy_value.c"]);
    assert_eq!(steps(&plan), ["create toy_thing.a", "create toy_value.b", "create toy_value.c"]);
    assert_eq!(plan.changes[0].place.as_deref(), Some("stacks/toys.toml:8"));
    let snapshot = deployed(&mut world, text);
    assert_eq!(snapshot.outputs["last"].value.as_str(), Some("b-id-1!"));
}
