//! What stands in the way of a plan although it looks well: providers are asked before anybody is shown it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use siac_core::model::address::ResourceAddress;
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::plan::{Change, Operation, Plan, Step};
use siac_core::model::value::Partial;
use siac_core::ports::Provider;
use tokio::task::JoinSet;

use super::{Inquiry, Looking};

/// How long a provider may think about one object; what it cannot tell by then, its making will show. A choice of this project.
const LIMIT: Duration = Duration::from_secs(30);

/// An object that a plan makes, and whom to ask about it.
type Asked = (Arc<dyn Provider>, ResourceAddress, Partial);

impl Inquiry {
    /// What keeps the objects that a plan makes from being made, as far as providers can tell. Nothing is changed.
    pub async fn foresee(&self, plan: &Plan) -> Diagnostics {
        let mut waiting = self.new_objects(plan).into_iter();
        let mut running = JoinSet::new();
        let mut told = BTreeMap::new();
        loop {
            while running.len() < self.parallelism.max(1) {
                let Some((provider, address, inputs)) = waiting.next() else { break };
                let (stack, clock) = (self.world.uuid, self.world.clock.clone());
                running.spawn(async move {
                    let said = tokio::select! {
                        said = provider.foresee(stack, &address, &inputs) => said,
                        () = clock.sleep(LIMIT) => None,
                    };
                    (address, said)
                });
            }
            match running.join_next().await {
                Some(Ok((address, said))) => told.extend(said.map(|why| (address, why))),
                Some(Err(defect)) => std::panic::resume_unwind(defect.into_panic()),
                None => break,
            }
        }
        let problem = |(address, why)| {
            Diagnostic::error("cannot-be-made", "a resource cannot be made", format!("{address}: {why}"))
        };
        told.into_iter().map(problem).fold(Diagnostics::new(), |mut problems, problem| {
            problems.push(problem);
            problems
        })
    }

    /// The objects that a plan makes under a name that they do not have already.
    fn new_objects(&self, plan: &Plan) -> Vec<Asked> {
        if self.looking == Looking::Offline {
            return Vec::new();
        }
        let changes: BTreeMap<_, _> = plan.changes.iter().map(|change| (&change.address, change)).collect();
        let asked = |step: &Step| {
            let Operation::Create { inputs, .. } = &step.operation else { return None };
            let provider = self.world.provider(&step.provider).ok()?;
            let unique = self.world.kind(&step.provider, &step.address).ok()?.unique;
            let keeps_name = changes.get(&step.address).is_some_and(|change| keeps(change, unique, inputs));
            (!keeps_name).then(|| (provider.clone(), step.address.clone(), inputs.clone()))
        };
        plan.steps.iter().filter_map(asked).collect()
    }
}

/// Whether an object takes the place of one of the same name.
fn keeps(change: &Change, unique: Option<&str>, inputs: &Partial) -> bool {
    let before = change.before.as_ref().filter(|before| !before.is_null());
    match (before, unique) {
        (Some(before), Some(unique)) => before.get(unique) == inputs.get(unique),
        (before, _) => before.is_some(),
    }
}
