//! Application auto scaling: what may be scaled, and when.

pub mod policy;
pub mod target;

use siac_core::model::schema::{Attribute, Rule};
use siac_core::model::types::Type;

/// Codes of targets and policies that are not there.
const ABSENT: [&str; 1] = ["ObjectNotFoundException"];

/// Codes of a moment's collision.
const BUSY: [&str; 1] = ["ConcurrentUpdateException"];

/// What is scaled: the same in targets and policies.
fn place() -> Vec<(&'static str, Attribute)> {
    let text = |description| Attribute::required(Type::String, description).immutable();
    vec![
        // `ServiceNamespace` in the Application Auto Scaling service model.
        (
            "service_namespace",
            text("the service that it belongs to, for instance `lambda` or `dynamodb`")
                .rule(Rule::Matches("[a-z0-9-]+", "the name of a service, as `lambda`")),
        ),
        (
            "resource_id",
            // `ResourceIdMaxLen1600`.
            text("what is scaled: `function:NAME:ALIAS`, `table/NAME`, `table/NAME/index/INDEX`, …")
                .rule(Rule::Length(1, 1_600)),
        ),
        (
            "scalable_dimension",
            // `ScalableDimension`.
            text(
                "which of its figures: `lambda:function:ProvisionedConcurrency`, `dynamodb:table:ReadCapacityUnits`, …",
            )
            .rule(Rule::Matches(
                "[a-z0-9-]+:[a-zA-Z0-9-]+:[a-zA-Z0-9]+",
                "three parts, as `lambda:function:ProvisionedConcurrency`",
            )),
        ),
    ]
}
