//! A plan of creates, remembered as if it had been applied.

use std::collections::BTreeMap;

use siac_core::model::event::Observation;
use siac_core::model::identity::{OpId, SnapshotId};
use siac_core::model::plan::{Operation, Plan, Step};
use siac_core::model::snapshot::{Object, Record, Snapshot};
use siac_core::model::value::Value;

/// The snapshot after a plan that only creates `local_value`s whose inputs are known beforehand.
pub fn remembered(plan: &Plan) -> Snapshot {
    let records = (1_u128..).zip(&plan.steps).map(|(number, step)| {
        let record = Record { object: Some(object(step, OpId(number.to_be_bytes()))), deposed: BTreeMap::new() };
        (step.address.clone(), record)
    });
    Snapshot {
        serial: 2,
        parent: Some(SnapshotId([1; 32])),
        records: records.collect(),
        providers: plan.providers.clone(),
        ..Snapshot::empty(plan.stack.clone())
    }
}

fn object(step: &Step, op: OpId) -> Object {
    let Operation::Create { inputs, becoming } = &step.operation else {
        panic!("{:?} creates nothing", step.operation)
    };
    assert!(!inputs.is_unknown(), "the inputs of {} are known beforehand", step.address);
    let output = inputs.get("input").cloned().unwrap_or_default();
    Object {
        provider: step.provider.clone(),
        remote: op.to_string(),
        op,
        configured: becoming.configured.clone(),
        inputs: inputs.clone(),
        sent: BTreeMap::new(),
        outputs: Value::map([("output", output), ("id", Value::string(op.to_string()))]),
        secrets: BTreeMap::new(),
        private: Vec::new(),
        schema_version: becoming.schema_version,
        dependencies: becoming.dependencies.clone(),
        lifecycle: becoming.lifecycle.clone(),
        tainted: false,
    }
}

/// An object that looks as it is remembered.
pub fn observed(object: &Object) -> Observation {
    Observation {
        remote: object.remote.clone(),
        inputs: object.inputs.clone(),
        sent: object.sent.clone(),
        outputs: object.outputs.clone(),
        secrets: object.secrets.clone(),
        private: object.private.clone(),
    }
}
