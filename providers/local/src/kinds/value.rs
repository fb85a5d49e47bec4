//! `local_value`: no effect at all; what goes in comes out.

use std::collections::BTreeMap;

use async_trait::async_trait;
use siac_core::model::identity::OpId;
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass};
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::planning::compare::by_schema;
use siac_core::ports::{Call, Fault, Observed, Planned, Verdict};

use crate::attributes::visible;
use crate::kind::{Kind, schema};
use crate::machine::Machine;

/// The kind.
pub struct LocalValue;

#[async_trait]
impl Kind for LocalValue {
    fn schema(&self) -> KindSchema {
        let attributes = [
            ("input", Attribute::optional(Type::Any, "any value")),
            (
                "triggers_replace",
                Attribute::optional(Type::Any, "any value; when it changes, the resource is replaced").immutable(),
            ),
            ("output", Attribute::computed(Type::Any, "the value of `input`").follows(&["input"])),
            ("id", Attribute::computed(Type::String, "32 hexadecimal digits, new for each object").stays()),
        ];
        schema("a value that is kept in the state and has no effect", RecoveryClass::Token, attributes)
    }

    fn plan(&self, schema: &KindSchema, prior: Option<&Object>, desired: &Partial) -> Planned {
        let mut planned = by_schema(schema, prior, desired);
        // What is kept keeps its recorded output: a sealed part of it has an identity of its own.
        let known_beforehand = planned.verdict != Verdict::Keep;
        if let (true, Value::Map(outputs)) = (known_beforehand, &mut planned.outputs) {
            let input = planned.inputs.get("input").cloned().unwrap_or_default();
            outputs.insert("output".to_owned(), input);
        }
        planned
    }

    async fn read(&self, _: &Machine, object: &Object) -> Result<Option<Observed>, Fault> {
        Ok(Some(remembered(object)))
    }

    async fn create(&self, _: &Machine, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        Ok(observed(&call.op.to_string(), inputs))
    }

    async fn update(&self, _: &Machine, _: &Call, object: &Object, inputs: &Known) -> Result<Observed, Fault> {
        Ok(observed(&object.remote, inputs))
    }

    async fn delete(&self, _: &Machine, _: &Call, _: &Object) -> Result<(), Fault> {
        Ok(())
    }

    async fn find(&self, _: &Machine, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        Ok(vec![observed(&call.op.to_string(), inputs)])
    }

    /// The id is the object: any operation id stands for a value that is made up here and now.
    async fn import(&self, _: &Machine, _: &Call, id: &str) -> Result<Observed, Fault> {
        let op: OpId =
            id.parse().map_err(|error| Fault::rejected(format!("{error}; a `local_value` is imported by its `id`")))?;
        Ok(observed(&op.to_string(), &Value::Map(BTreeMap::new())))
    }
}

fn observed(id: &str, inputs: &Known) -> Observed {
    let output = inputs.get("input").cloned().unwrap_or_default();
    Observed {
        remote: id.to_owned(),
        inputs: inputs.clone(),
        outputs: Value::map([("output", output), ("id", Value::string(id))]),
        private: Vec::new(),
    }
}

/// An object that exists nowhere but in the state: it is what is remembered of it.
pub fn remembered(object: &Object) -> Observed {
    let outputs = object.unsealed_outputs().unwrap_or_else(|_| Value::Map(visible(&object.outputs)));
    Observed {
        remote: object.remote.clone(),
        inputs: Value::Map(visible(&object.inputs)),
        outputs,
        private: object.private.clone(),
    }
}
